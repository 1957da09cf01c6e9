import doctest
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from socrates_core.errors import PredictionError, SocratesError
from socrates_core.trust.calibration import Calibration
from socrates_core.trust.design.advice import ALONE, Plan, advise
from socrates_core.trust.design.power import people_needed
from socrates_core.trust.design.study import read_prediction
from socrates_core.trust.statement.making import NO_CALIBRATION
from tests.trust.design.arms import SEVEN, predicted_study, pushed, two_arms

FIVE = np.array([0.1, 0.2, 0.3, 0.2, 0.2])


def test_every_arm_of_every_outcome_is_advised_against_its_own_control_as_one_family() -> None:
    study = predicted_study(
        ("liking", "plain", SEVEN), ("liking", "label", pushed(SEVEN, 0.2)), ("liking", "praise", pushed(SEVEN, -0.1)),
        ("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 0.3)),
    )  # fmt: skip
    advice = advise(study, Plan(people=100))
    assert [of.contrast.name for of in advice.effects] == [
        "liking: label against plain", "liking: praise against plain", "trust: label against plain",
    ]  # fmt: skip
    first = advice.effects[0]
    assert first.people == people_needed("wmw", two_arms(pushed(SEVEN, 0.2), SEVEN), 0.05, 0.8, Plan().sizes)
    assert first.people_in_family == people_needed("wmw", first.contrast, 0.05 / 3, 0.8, Plan().sizes)
    assert first.family.least < first.family.simulated < first.family.most
    assert (first.hope, first.why_no_hope) == (None, f"{NO_CALIBRATION} {ALONE}")
    n, power, hoped = first.drawn
    assert len(n) == len(power)
    assert hoped is None


def test_with_a_calibration_assurance_stays_below_its_limit(calibration: Calibration) -> None:
    study = predicted_study(("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 0.3)), calibration=calibration)
    of = advise(study, Plan(people=100)).effects[0]
    assert of.hope is not None
    assert of.hope.assurance is not None
    assert of.hope.limit is not None
    assert 0 < of.hope.assurance < of.hope.limit < 1
    assert of.hope.low < of.hope.high
    assert of.why_no_hope == ""
    assert of.drawn[2] is not None


def test_where_the_intervals_of_effects_were_not_tried_enough_there_is_no_assurance(calibration: Calibration) -> None:
    families = {name: replace(one, raw=replace(one.raw, coverage=())) for name, one in calibration.families.items()}
    cells = (("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 0.3)))
    study = predicted_study(*cells, calibration=replace(calibration, families=families))
    of = advise(study, Plan()).effects[0]
    assert (of.hope, of.why_no_hope) == (
        None,
        f"Nothing can be said of how far off effects are: too few groups had effects to fit their errors. {ALONE}",
    )


@pytest.mark.parametrize(
    ("shares", "plan", "why"),
    [
        ((FIVE, FIVE), Plan(), "exactly alike"),
        ((FIVE, pushed(FIVE, 0.3)), Plan(alpha=0), "alpha of 0"),
        ((np.eye(5)[1], np.eye(5)[1]), Plan(), "exactly alike"),
        ((np.eye(5)[1], np.eye(5)[3]), Plan(test="welch"), "without variation"),
        ((FIVE, pushed(FIVE, 1e-6)), Plan(), "Even 10,000,000 people"),
        (
            (np.array([0, 0, 1.0, 0, 0]), np.array([0.5, 0, 0, 0, 0.5])),
            Plan(test="welch"),
            "means of both arms are equal",
        ),
    ],
)
def test_what_cannot_be_detected_says_why_in_one_line(
    shares: tuple[np.ndarray, np.ndarray], plan: Plan, why: str
) -> None:
    study = predicted_study(("trust", "plain", shares[0]), ("trust", "label", shares[1]))
    of = advise(study, plan).effects[0]
    assert of.people is None
    assert why in of.cannot
    assert "\n" not in of.cannot


def test_one_person_an_arm_finds_nothing() -> None:
    study = predicted_study(("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 2.0)))
    for test in ("wmw", "welch"):
        of = advise(study, Plan(test=test, people=1)).effects[0]  # type: ignore[arg-type]
        assert of.family.most < 0.05
        assert of.smallest == (None, None)


def test_who_answers_off_the_axis_is_asked_in_vain_and_that_is_said() -> None:
    cells = (("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 0.3)))
    whole, half = (advise(predicted_study(*cells, answering=share), Plan()) for share in (1.0, 0.5))
    assert half.effects[0].people == pytest.approx(2 * (whole.effects[0].people or 0), abs=1)
    assert any("off the axis" in note for note in half.notes)
    assert half.effects[0].equation_12 is None


def test_the_same_people_in_every_condition_are_said_not_to_be_meant() -> None:
    cells = (("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 0.3)))
    assert "same people" in advise(predicted_study(*cells, within=True), Plan()).notes[0]


def test_a_study_of_one_condition_has_no_effects_and_says_nothing_false() -> None:
    advice = advise(predicted_study(("trust", "plain", FIVE)), Plan())
    assert (advice.effects, advice.together) == ((), None)


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"alpha": 1.0}, "alpha"),
        ({"alpha": -0.1}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"power": 0.0}, "power"),
        ({"power": 1.0}, "power"),
        ({"people": 0}, "people"),
        ({"people": 10**9}, "people"),
        ({"ratio": 0.0}, "ratio"),
        ({"truth": 101.0}, "true effect"),
        ({"test": "z"}, "test"),
    ],
)
def test_numbers_that_no_study_is_planned_with_are_refused_by_name(plan: dict[str, float], named: str) -> None:
    with pytest.raises(SocratesError, match=f"{named}: expected"):
        Plan(**plan)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"outcomes": []}', '{"outcomes": [{"name": "a", "arms": [1]}]}', "\x00"]
)
def test_what_is_no_prediction_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "prediction.json").write_text(text)
    with pytest.raises(PredictionError, match="is not a prediction"):
        read_prediction(tmp_path)


def test_shares_that_are_none_are_refused(tmp_path: Path) -> None:
    arm = {
        "cell": {"cell_id": 0, "condition": "a", "condition_num": 1, "scale_values": [1, 2], "scale_labels": None},
        "predicted": {"shares": [0.5, 0.9]},
    }
    whole = {"study": {"title": "t"}, "control": {"cell_id": 0}, "arms": [arm], "model": {"name": "m"}, "request": {}}
    (tmp_path / "one.json").write_text(json.dumps(whole))
    with pytest.raises(PredictionError, match="is not a prediction"):
        read_prediction(tmp_path / "one.json")


def test_the_example_in_the_documentation_runs() -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(advise, globs={**vars(sys.modules[advise.__module__])})
    told: list[str] = []
    assert doctest.DocTestRunner().run(example, out=told.append).failed == 0, "".join(told)
