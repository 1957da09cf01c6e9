from copy import deepcopy
from typing import Any

import pytest

from socrates_core.study.study_file.checks import check_study
from tests.study.study_file.test_writing import SURE


def findings(**changes: Any) -> list[str]:
    raw = {**deepcopy(SURE), **changes}
    return [f"{'' if one.blocks else '? '}{one}" for one in check_study(raw)]


ASK = {"name": "like", "question": "Do you like it?", "scale": "yes-no"}


def arms(*texts: str) -> list[dict[str, Any]]:
    return [{"label": f"Arm {place}", "text": text, "control": place == 0} for place, text in enumerate(texts)]


def test_a_sound_study_has_no_findings() -> None:
    assert findings() == []


def test_all_that_is_missing_is_found_at_once() -> None:
    assert [str(one) for one in check_study({"socrates_study": 1, "conditions": [], "outcomes": [{"name": "x"}]})] == [
        "title: is missing",
        "conditions: expected one or more",
        "outcomes[0].question: is missing",
        "outcomes[0].scale: is missing",
    ]


def test_conditions_that_read_the_same_are_remarked_on_not_refused() -> None:
    assert findings(conditions=arms("A menu.", "A menu. "), outcomes=[ASK]) == [
        "? conditions[1].text: reads exactly as in 'Arm 0', so there is nothing to compare"
    ]


def test_conditions_that_differ_in_a_field_do_not_read_the_same() -> None:
    two = [
        {**one, "fields": {"price": price}} for one, price in zip(arms("{price} €", "{price} €"), (1, 2), strict=True)
    ]
    assert findings(conditions=two, outcomes=[ASK]) == []


@pytest.mark.parametrize("gap", ["[X]", "[NAME]", "[insert a name]", "TBD", "____", "{ name }", "{1}"])
def test_a_gap_of_a_template_is_remarked_on(gap: str) -> None:
    found = findings(conditions=arms(f"Dear {gap}, hello.", "Hello."), outcomes=[ASK])
    assert found == [f"? conditions[0].text: {gap} looks like a placeholder; people would read it as it stands"]


@pytest.mark.parametrize("plain", ["[sic]", "my todo list", "a_b", "[1]", "[…]"])
def test_ordinary_brackets_are_no_gap(plain: str) -> None:
    assert findings(conditions=arms(f"So {plain} said.", "Hello."), outcomes=[ASK]) == []


def test_a_name_that_no_field_fills_keeps_the_study_from_running() -> None:
    assert findings(conditions=arms("Hello {name}.", "Hello."), outcomes=[ASK]) == [
        "conditions[0].fields: {name} occurs in a text of condition 'Arm 0', and its fields are none; add name to its "
        "fields"
    ]


def test_a_dont_know_among_the_points_is_remarked_on() -> None:
    scale = {"from": 1, "to": 3, "labels": {1: "No", 2: "Yes", 3: "Don't know"}}
    assert findings(conditions=arms("A", "B"), outcomes=[{**ASK, "scale": scale}]) == [
        '? outcomes[0].scale: "Don\'t know" is a point of the scale, and means count its number; `off_axis` takes it '
        "off"
    ]


def test_an_unreadable_condition_does_not_hide_what_is_wrong_with_the_others() -> None:
    several = [{"label": ""}, *arms("A", "A")]
    assert "conditions[0].label: is empty, expected a text" in findings(conditions=several, outcomes=[ASK])
    assert any("reads exactly as in" in one for one in findings(conditions=several, outcomes=[ASK]))
