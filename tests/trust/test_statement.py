"""What is said of a simulated outcome, by a calibration on generated studies."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from socrates_core.evaluation.results.json_file import as_json
from socrates_core.model.loading import load_model
from socrates_core.people.edit import Filter
from socrates_core.simulation.named import simulate
from socrates_core.simulation.result import Simulation
from socrates_core.study.studies import load_studies
from socrates_core.trust.calibration import Calibration, EffectModel, save_calibration
from socrates_core.trust.error_model.hierarchy import ErrorModel
from socrates_core.trust.error_model.predictive import Components
from socrates_core.trust.fitting import calibrate
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.making import ALIKE, highest_of, statement_of
from socrates_core.trust.statement.record import Claim
from tests.trust.evidence import evaluation, provenance

UNIFORM = {"model": "uniform", "revisions": {}, "template": None, "precision": "exact"}


@pytest.fixture(scope="module")
def welfare() -> Simulation:
    return simulate(load_studies("bundled"), load_model("uniform"), study="gss-welfare", people=20)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    found = calibrate([(evaluation(24), provenance(**UNIFORM))])
    # the generated studies have no words and no people: what they support is not what is tried here
    support = replace(
        found.support, english=24, attributes={"party": 24}, lengths={"3": 24, "5": 24}, likeness=(0.0,) * 24
    )
    return replace(found, support=support)


def test_the_true_mean_of_every_arm_has_an_interval_that_holds_the_prediction(
    welfare: Simulation, calibration: Calibration
) -> None:
    said = statement_of(welfare, calibration, sharpened=False)
    assert said.applied, said.why
    assert said.basis is not None
    assert (said.basis.groups, said.basis.sharpened) == (24, False)
    for arm in said.arms:
        inner, outer = arm.mean_claim.inner, arm.mean_claim.outer
        assert inner is not None
        assert outer is not None
        assert 1 <= outer.low < inner.low < arm.mean == 2 < inner.high < outer.high <= 3
        assert arm.raw == arm.calibrated == pytest.approx((1 / 3, 1 / 3, 1 / 3))
        assert arm.checked is not None
    (effect,) = said.effects
    assert effect.predicted == 0
    assert effect.positive == pytest.approx(0.5)
    assert said.arms[0].highest == pytest.approx(0.5, abs=0.02)
    assert said.distance is not None
    assert said.distance.outer is not None


def test_what_people_showed_is_judged_by_the_interval_of_an_observed_value(
    welfare: Simulation, calibration: Calibration
) -> None:
    plain, few = (
        statement_of(replace(welfare, arms=tuple(replace(arm, n_effective=n) for arm in welfare.arms)), calibration)
        for n in (5000.0, 1.5)
    )
    lay = [[arm.checked and arm.checked.inner for arm in one.arms] for one in (plain, few)]
    assert lay[1] == [True, True]  # the mean of one or two people may lie anywhere
    assert lay[0] != lay[1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"temperature": 0.5}, "temperature 1.0 there, 0.5 here. To see it, set temperature and top-p to 1"),
        ({"temperature": 0.0}, "the temperature is 0, and 1 was tested"),
        ({"edits": (Filter("party_id", ("Democrat",)),)}, "people were edited or weighted by hand"),
    ],
)
def test_nothing_is_said_of_settings_that_were_not_tried(
    change: dict[str, object], why: str, welfare: Simulation, calibration: Calibration
) -> None:
    changed = replace(welfare, request=replace(welfare.request, **change))  # type: ignore[arg-type]
    said = statement_of(changed, calibration)
    assert not said.applied
    assert why in (said.why or "")
    assert not said.arms


def test_nothing_is_said_of_everybody_from_a_handful_of_simulated_people(
    welfare: Simulation, calibration: Calibration
) -> None:
    first, other = welfare.arms
    one = statement_of(replace(welfare, arms=(first, replace(other, n_predicted=1))), calibration)
    assert not one.applied
    assert "only one person was simulated; simulate 10 or more" in (one.why or "")
    assert statement_of(replace(welfare, arms=(first, replace(other, n_predicted=10))), calibration).applied


def test_nothing_is_said_of_a_difference_between_questions(welfare: Simulation, calibration: Calibration) -> None:
    arms = tuple(replace(arm, cell=replace(arm.cell, wording_contrast=True)) for arm in welfare.arms)
    rows = tuple(replace(row, cell=arms[1].cell) for row in welfare.effects)
    asked = replace(welfare, arms=arms, effects=rows, control=arms[0].cell)
    (effect,) = statement_of(asked, calibration).effects
    assert effect.claim.inner is effect.positive is effect.worth is effect.checked is None
    assert "the conditions ask different questions" in (effect.claim.why or "")
    assert statement_of(asked, calibration).arms[0].highest is None
    assert statement_of(asked, calibration).arms[0].mean_claim.inner is not None  # of each question by itself


def test_nothing_is_said_of_the_effect_of_a_condition_that_reads_as_the_control_does(
    welfare: Simulation, calibration: Calibration
) -> None:
    read = welfare.control.stimulus
    alike = replace(
        welfare,
        arms=tuple(replace(arm, cell=replace(arm.cell, stimulus=read)) for arm in welfare.arms),
        effects=tuple(replace(row, cell=replace(row.cell, stimulus=read)) for row in welfare.effects),
    )
    said = statement_of(alike, calibration, sharpened=False)
    (effect,) = said.effects
    assert effect.claim == Claim(None, None, ALIKE)
    assert effect.positive is None
    assert [arm.highest for arm in said.arms] == [None, None]
    assert said.arms[0].mean_claim.inner is not None  # each mean has its interval all the same


def test_an_effect_of_few_people_is_judged_by_a_wider_interval(welfare: Simulation, calibration: Calibration) -> None:
    # the observed effect is -39 points; what two people in an arm show may be that without the prediction being wrong
    few = replace(welfare, arms=tuple(replace(arm, n_effective=2.0) for arm in welfare.arms))
    (many_said,), (few_said,) = (statement_of(one, calibration).effects for one in (welfare, few))
    assert many_said.checked is not None
    assert few_said.checked is not None
    assert (many_said.checked.inner, few_said.checked.inner) == (False, True)


def test_nothing_is_said_of_another_model_or_of_an_invented_study(
    welfare: Simulation, calibration: Calibration
) -> None:
    other = statement_of(replace(welfare, model=replace(welfare.model, name="other")), calibration)
    assert "model 'uniform' there, 'other' here" in (other.why or "")
    invented = statement_of(replace(welfare, study=replace(welfare.study, real=False, kind="synthetic")), calibration)
    assert "it is an invented study" in (invented.why or "")
    own = statement_of(replace(welfare, study=replace(welfare.study, real=False)), calibration)
    assert own.applied  # nobody has answered it, and that is what the calibration is for
    assert statement_of(welfare, None).why is not None


def test_nothing_is_said_of_a_study_whose_answers_were_learned_from(
    welfare: Simulation, calibration: Calibration
) -> None:
    of_study = ((welfare.study.study_id, calibration.support.sketches[0][1]),)
    fitted_on_it = replace(calibration, support=replace(calibration.support, sketches=of_study))
    assert "among those that the calibration was fitted on" in (statement_of(welfare, fitted_on_it).why or "")
    trained = replace(welfare, model=replace(welfare.model, trained_on=frozenset({welfare.study.study_id})))
    assert "the model was trained on this study" in (statement_of(trained, calibration).why or "")


def test_nothing_is_said_after_shares_were_moved_by_hand(welfare: Simulation, calibration: Calibration) -> None:
    weighted = replace(welfare, notes=("113 people are weighted to the shares asked for: they count as 90.",))
    assert not statement_of(weighted, calibration).applied


def test_a_question_outside_what_was_tested_gets_no_interval(welfare: Simulation, calibration: Calibration) -> None:
    foreign = replace(calibration, support=replace(calibration.support, english=0))
    said = statement_of(welfare, foreign)
    assert not said.applied
    assert (said.why or "").startswith("Can't say how far off this is: outside what was tested: ")


def test_a_missing_level_says_why(welfare: Simulation, calibration: Calibration) -> None:
    few = calibrate([(evaluation(12), provenance(**UNIFORM))])
    said = statement_of(welfare, replace(few, support=replace(calibration.support, groups=24)))
    claim = said.arms[0].mean_claim
    assert claim.inner is not None
    assert (claim.outer, claim.why) == (None, "a 95 % interval must be tried on 19 groups, and was on 12")


def test_the_arm_with_the_highest_mean_is_likelier_the_larger_its_predicted_effect() -> None:
    # without errors of groups and cells, the largest effect wins for certain
    sure = EffectModel(ErrorModel(9, 30, 1.0, 0.0, 0.0, 0.0, Components((1.0,), (1.0,), (0.0,), (0.0,), (0.0,))), 1, 50)
    assert highest_of(sure, [0.0, 3.0, 9.0], 0) == (0.0, 0.0, 1.0)
    # β = 0: three arms of which the control shares its deviation with both others
    none = EffectModel(ErrorModel(9, 30, 0.0, 0.0, 0.0, 4.0, Components((1.0,), (0.0,), (0.0,), (0.0,), (4.0,))), 1, 50)
    assert highest_of(none, [0.0, 3.0, 9.0], 0) == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=0.015)


def test_the_calibration_beside_the_weights_is_found_and_a_damaged_one_is_named(
    welfare: Simulation, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    save_calibration(calibration, path)
    with_file = replace(welfare, model=replace(welfare.model, calibration=path))
    assert trust(with_file).applied
    text = path.read_text("utf-8")
    path.write_text(text.replace('"tau": 0.', '"tau": -0.', 1), "utf-8")
    assert "standard deviations and errors are 0 or more" in (trust(with_file).why or "")
    path.unlink()
    assert "is gone" in (trust(with_file).why or "")


def test_a_statement_is_plain_json(welfare: Simulation, calibration: Calibration) -> None:
    found = json.loads(json.dumps(as_json(statement_of(welfare, calibration)), allow_nan=False))
    assert found["applied"] is True
    assert len(found["arms"]) == 2
