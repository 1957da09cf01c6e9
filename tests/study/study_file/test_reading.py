import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from socrates_core.errors import ScaleError, SourceError
from socrates_core.model.baselines import UniformModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.simulation.named import simulate
from socrates_core.study.study_file.form import ConditionForm, OutcomeForm
from socrates_core.study.study_file.reading import read_study
from socrates_core.study.study_file.stimulus import scale_of, stimulus_of

MENU = """
socrates_study: 1
title: Labels on a menu
conditions:
  - {label: Climate label, text: "A menu has a {colour} label.", fields: {colour: green, price: 12}}
  - {label: Plain menu, text: A menu., control: true, fields: {price: 10}}
outcomes:
  - name: intention
    question: How likely are you to order the dish for {price} dollars?
    scale: {from: 1, to: 7, labels: {1: Very unlikely, 7: Very likely}}
  - {name: spend, question: "How many dollars would you pay?", scale: open}
  - {name: again, question: "Would you come again?", scale: {from: 0, to: 1, labels: {0: No, 1: Yes}}}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "menu.yaml"
    path.write_text(text, "utf-8")
    return path


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in MENU
    return written(tmp_path, MENU.replace(old, new, 1))


def test_every_condition_is_asked_every_outcome_and_the_control_comes_first(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, MENU))
    assert study.study_ids == ["own-labels-on-a-menu"]
    assert study.conditions() == {1: "Plain menu", 2: "Climate label"}
    assert [(one.number, one.name) for one in study.outcomes()] == [(1, "intention"), (2, "spend"), (3, "again")]
    assert [cell.cell_id for cell in study.cells_of("own-labels-on-a-menu")] == [0, 1, 2, 3, 4, 5]
    assert study.find(condition="Climate", outcome="intention").stimulus == (
        "A menu has a green label.\n\nHow likely are you to order the dish for 12 dollars?\n\n"
        'Only return an integer from 1 to 7, where 1 means "Very unlikely" and 7 means "Very likely".'
    )
    assert study.find(outcome="spend").scale == AnswerScale(None)
    assert study.find(outcome="again").scale == AnswerScale((0, 1), {0: "No", 1: "Yes"})
    assert len(study.responses) == 0


@pytest.mark.parametrize(
    ("question", "fields", "different"),
    [
        ("Would you forbid it?", "price: 10", False),  # the texts before it differ: a treatment
        ("Would you pay {price} dollars?", "price: 10", False),  # 10 and 12 are a treatment, too
        ("Should it cost {price}?", "price: nothing", True),
    ],
)
def test_conditions_that_are_asked_in_other_words_are_a_wording_contrast(
    tmp_path: Path, question: str, fields: str, different: bool
) -> None:
    text = MENU.replace("Would you come again?", question).replace("price: 10", fields)
    study = read_study(written(tmp_path, text))
    assert {cell.wording_contrast for cell in study.cells_of(study.study_ids[0]) if cell.task_num == 3} == {different}
    assert study.find(outcome="intention").wording_contrast is different  # for {price} dollars


def test_a_text_gives_back_exactly_the_scale_of_its_cell(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, MENU))
    for cell in study.cells_of(study.study_ids[0]):
        assert parse_scale(cell.stimulus) == cell.scale


labels = st.text("abcdefg ABC,.'\"“”;:()-0123456789", min_size=1, max_size=20).filter(str.strip)


@given(st.integers(-5, 5), st.integers(1, 10), st.lists(labels, max_size=3))
def test_labels_are_read_back_or_refused(low: int, width: int, texts: list[str]) -> None:
    options = {low + place: text for place, text in enumerate(texts[: width + 1])}
    raw = {"name": "x", "question": "How?", "scale": {"from": low, "to": low + width, "labels": options}}
    outcome = OutcomeForm.model_validate(raw)
    try:
        text = stimulus_of(ConditionForm(label="A"), outcome)
    except ScaleError as error:
        assert "reword labels or question" in str(error)  # noqa: PT017
    else:
        assert parse_scale(text) == scale_of(outcome)


@pytest.mark.parametrize(
    "label", ['The "best" one', "Don't know", "Neither (or both)", "Yes, 2 of them", "“quoted”", "7", "does not mean 3"]
)
def test_a_label_may_hold_quotation_marks_brackets_and_numbers(tmp_path: Path, label: str) -> None:
    study = read_study(changed(tmp_path, "Very unlikely", json.dumps(label, ensure_ascii=False)))
    assert study.find(outcome="intention").scale.labels[1] == label


def test_the_study_is_simulated_in_every_condition_for_people_of_whom_nothing_is_known(tmp_path: Path) -> None:
    result = simulate(read_study(written(tmp_path, MENU)), UniformModel(), outcome="intention", people=3)
    assert [arm.label for arm in result.arms] == ["Plain menu", "Climate label"]
    assert [arm.predicted.mean for arm in result.arms] == pytest.approx([4, 4])
    assert [(arm.w, arm.actual_group) for arm in result.arms] == [(None, "Nobody answered.")] * 2


def test_the_people_of_a_bundled_study_can_take_part(tmp_path: Path) -> None:
    people = read_study(written(tmp_path, MENU + "population: observed:gss-welfare\n")).participants
    assert len(people) == 10_535
    assert {"party_id", "gender"} <= set(people.columns)
    assert people["participant_id"].to_list() == list(range(10_535))
    assert people["study_id"].unique().to_list() == ["own-labels-on-a-menu"]


def test_a_list_of_personas_can_take_part(tmp_path: Path) -> None:
    listed = "population:\n  - {age: 30, owner: No}\n  - {age: 71}\n"
    people = read_study(written(tmp_path, MENU + listed)).participants
    assert people.select("participant", "age", "owner").rows() == [("1", 30, "No"), ("2", 71, None)]


def test_a_persona_that_is_made_up_may_have_a_name(tmp_path: Path) -> None:
    listed = "population:\n  - {name: Anna, age: 30, personal: true}\n"
    people = read_study(written(tmp_path, MENU + listed)).participants
    assert people.select("name", "age").rows() == [("Anna", 30)]
    assert "personal" not in people.columns


def test_a_table_beside_the_file_can_take_part(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("age,gender,weight\n30,Female,2\n,Male,0.5\n")
    people = read_study(written(tmp_path, MENU + "population: people.csv\n")).participants
    assert people.select("participant", "weight", "age", "gender").rows() == [
        ("1", 2.0, 30, "Female"),
        ("2", 0.5, None, "Male"),
    ]


def test_a_study_within_people_says_so(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, MENU + "design: within\n"))
    assert study.cells["design"].unique().to_list() == ["within"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("socrates_study: 1", "socrates_study: 2", "socrates_study: expected 1, got 2"),
        ("socrates_study: 1", "study: 1", "is not a study file: expected keys, the first of them `socrates_study: 1`"),
        ("title: Labels on a menu", "", "title: is missing"),
        ("title: Labels on a menu", "title: 5", "title: expected a text, got 5; put it in quotes"),
        (
            "title:",
            "titel:",
            "titel: there is no such key .did you mean title..; allowed are socrates_study, title",
        ),
        ("control: true", "controll: true", r"conditions\[1\].controll: .* allowed are label, text, control, fields"),
        ("control: true", "control: Yes", r"conditions\[1\].control: expected true or false, got 'Yes'"),
        ("control: true", "control: false", "0 of them have `control: true`, expected exactly one"),
        (
            "label: Plain menu",
            "label: climate label",
            r"\[1\].label: 'climate label' occurs twice, condition 1 has it",
        ),
        (
            "name: again",
            "name: spend",
            r"outcomes\[2\].name: 'spend' occurs twice, outcome 2 has it too",
        ),
        ("label: Plain menu", "label: ''", r"conditions\[1\].label: is empty, expected a text"),
        ("from: 1, to: 7", "from: 7, to: 1", r"outcomes\[0\].scale: from 7 to 1 is not a scale"),
        ("from: 1, to: 7", "from: 1, to: 7.5", r"outcomes\[0\].scale.to: expected a whole number, got 7.5"),
        ("from: 1, to: 7", "from: 0, to: 5000", "at most 1001 options; an amount is `scale: open`"),
        ("from: 1, to: 7", "to: 7", r"outcomes\[0\].scale: from is missing"),
        ("{1: Very", "{9: Very", r"outcomes\[0\].scale: labels: 9 is not an option from 1 to 7"),
        ("1: Very unlikely", "1: 5", r"outcomes\[0\].scale.labels.1: expected a text, got 5; put it in quotes"),
        (
            "scale: open",
            "scale: opne",
            r"outcomes\[1\].scale: expected `open`.*; got 'opne' \(did you mean open",
        ),
        (
            "{price}",
            "{cost}",
            "{cost} occurs in a text of condition 'Climate label', .* colour, price; add cost",
        ),
        ("{colour}", "red", "condition 'Climate label': the field colour is not used in any text"),
        ("price: 12", "price: 12.50", r"conditions\[0\].fields.price: expected a text, got 12.5; put it in quotes"),
        ("Very likely}", "Very likely}, off_axis: {7: Don't know}", r"outcomes\[0\].scale: off_axis: 7 is on the axis"),
        ("from: 1, to: 7,", "from: 1, nominal: true,", r"outcomes\[0\].scale: options without an order have no ends"),
        ("{from: 1, to: 7, labels: {1: Very unlikely,", "{nominal: true, labels: {", "expected two or more labels"),
        ("title:", "responses: {file: a.csv}\ntitle:", "responses.map: is missing"),
        (
            "title:",
            "population: gss-answers\nresponses: {file: a.csv, map: m.yaml}\ntitle:",
            "`responses` brings its own people: leave `population` out",
        ),
        ("title:", "responses: {file: a.csv, map: m.yaml}\ntitle:", "responses.file: there is no file .*a.csv"),
        (
            "title:",
            "population: {age: {20-30: 0.5}}\ntitle:",
            "population.age: there is no such key",
        ),
        (
            "title:",
            "population: gss-answer\ntitle:",
            "population: there is no 'gss-answer' .did you mean gss-answers..; expected `gss-answers`",
        ),
        ("title:", "population: observed:nobody\ntitle:", "population: no study 'nobody' here; there are gss-cities"),
        ("title:", "population: people.csv\ntitle:", "population: there is no file .*people.csv"),
        ("title:", "population: []\ntitle:", "population holds nobody"),
        ("title:", "population: [{age: 30.5}]\ntitle:", r"population\[0\].age: expected a text, got 30.5"),
        ("title:", "population: [{response: 3}]\ntitle:", "no demographic attribute can be called 'response'"),
        ("title:", "design: mixed\ntitle:", "design: expected 'between' or 'within', got 'mixed'"),
    ],
)
def test_what_is_wrong_is_named_by_file_key_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message) as found:
        read_study(changed(tmp_path, old, new))
    assert str(found.value).startswith(str(tmp_path))
    assert "\n" not in str(found.value)


def test_options_off_the_axis_are_asked_and_stand_apart(tmp_path: Path) -> None:
    study = read_study(changed(tmp_path, "Very likely}", "Very likely}, off_axis: {8: Don't know}"))
    cell = study.find(outcome="intention")
    assert cell.scale.off_axis == {8: "Don't know"}
    assert cell.stimulus.endswith('and 7 means "Very likely", or 8 for "Don\'t know".')
    assert simulate(study, UniformModel(), outcome="intention", people=10).arms[0].predicted_off_axis == 0.125


def test_options_without_an_order_are_those_with_a_label(tmp_path: Path) -> None:
    options = "{nominal: true, labels: {1: Pasta, 2: Steak, 5: Soup}}"
    cell = read_study(changed(tmp_path, "{from: 0, to: 1, labels: {0: No, 1: Yes}}", options)).find(outcome="again")
    assert cell.scale == AnswerScale((1, 2, 5), {1: "Pasta", 2: "Steak", 5: "Soup"}, nominal=True)
    assert cell.stimulus.endswith('Only return 1 for "Pasta", 2 for "Steak" or 5 for "Soup".')


def test_more_than_thirty_two_conditions_are_refused(tmp_path: Path) -> None:
    raw: dict[str, Any] = {
        "socrates_study": 1,
        "title": "Many",
        "conditions": [{"label": f"c{place}", "control": place == 0} for place in range(33)],
        "outcomes": [{"name": "x", "question": "How?", "scale": {"from": 1, "to": 5}}],
    }
    with pytest.raises(SourceError, match="conditions: expected at most 32, got 33"):
        read_study(written(tmp_path, yaml.safe_dump(raw)))
    raw["conditions"].pop()
    assert len(read_study(written(tmp_path, yaml.safe_dump(raw))).cells) == 32


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none.yaml cannot be read \(No such file"):
        read_study(tmp_path / "none.yaml")
