"""Shares of people at or above an option: how wrong they are, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from socrates_core.errors import PredictionError
from socrates_core.model.loading import load_model
from socrates_core.simulation.named import simulate
from socrates_core.simulation.result import Simulation
from socrates_core.study.studies import load_studies
from socrates_core.trust.calibration import AnswersModel, Calibration
from socrates_core.trust.error_model.evidence import ALL, CellEvidence
from socrates_core.trust.error_model.hierarchy import ErrorModel
from socrates_core.trust.error_model.predictive import Components
from socrates_core.trust.error_model.shares import cuts, errors_of_shares, predicted_logits, upper_shares
from socrates_core.trust.fitting import calibrate
from socrates_core.trust.statement.making import statement_of
from tests.trust.evidence import evaluation, provenance

UNIFORM = {"model": "uniform", "revisions": {}, "template": None, "precision": "exact"}


def test_every_option_but_the_lowest_has_a_share_and_a_slider_has_three() -> None:
    assert cuts(np.linspace(0, 1, 2)) == (1,)
    assert cuts(np.linspace(0, 1, 5)) == (1, 2, 3, 4)
    assert cuts(np.linspace(0, 1, 101)) == (25, 50, 75)
    assert cuts(np.append(np.linspace(0, 0.1, 11), 1.0)) == (11,)  # all three quarters are crossed by one step
    assert upper_shares(np.array([0.1, 0.2, 0.3, 0.4]), (1, 2, 3)).tolist() == pytest.approx([0.9, 0.7, 0.4])


def test_the_error_of_a_share_is_in_logits_and_nobody_is_surer_than_one_in_a_hundred() -> None:
    cell = CellEvidence("s", "g", np.array([0, 1.0]), np.array([0.2, 0.8]), np.array([0.5, 0.5]), 98.0, None)
    found, at = errors_of_shares([cell])
    assert found.y.tolist() == pytest.approx([logit(0.5) - logit(0.8)])
    assert found.variance.tolist() == pytest.approx([1 / (98 * 0.25)])
    assert at.tolist() == pytest.approx([logit(0.8)])
    ignoring, at = errors_of_shares([cell], ignoring=True)
    assert (ignoring.y.tolist(), at.tolist()) == ([0.0], [0.0])  # evenly spread, half of the people are above
    sure = replace(cell, predicted=np.array([1.0, 0.0]), actual=np.array([1.0, 0.0]))
    found, at = errors_of_shares([sure])
    assert expit(at).tolist() == pytest.approx([0.01])
    assert np.isfinite(found.y).all()  # of 98 people nobody chose it: 1 in 100 with two pseudo-answers
    assert expit(found.y + at).tolist() == pytest.approx([0.01])
    assert np.isfinite(predicted_logits(np.array([0.0, 1.0, 0.0]), (1, 2))).all()


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    found = calibrate([(evaluation(24), provenance(**UNIFORM))])
    support = replace(
        found.support, english=24, attributes={"party": 24}, lengths={"3": 24, "5": 24}, likeness=(0.0,) * 24
    )
    return replace(found, support=support)


@pytest.fixture(scope="module")
def welfare() -> Simulation:
    return simulate(load_studies("bundled"), load_model("uniform"), study="gss-welfare", people=20)


def raw(calibration: Calibration) -> AnswersModel:
    return calibration.families[ALL].raw


def test_an_interval_of_a_share_is_between_0_and_1_and_wider_for_what_people_will_show(
    calibration: Calibration,
) -> None:
    model = raw(calibration)
    for share in (0.01, 0.5, 0.99):
        true, seen = (model.share_interval(float(logit(share)), 0.8, sampling) for sampling in (0.0, 1.0))
        assert true is not None
        assert seen is not None
        assert 0 < seen[0] < true[0] < true[1] < seen[1] < 1
    # no bias, τ 1, σ 0: 80 % of a normal distribution, by hand: logit 0 ± 1.2816 is 0.217 to 0.783
    plain = ErrorModel(9, 30, 0.0, 0.0, 1.0, 0.0, Components((1.0,), (0.0,), (0.0,), (1.0,), (0.0,)))
    assert replace(model, share=plain).share_interval(0.0, 0.8) == pytest.approx((0.217, 0.783), abs=1e-3)
    assert model.share_interval(0.0, 0.95) is None  # where the truth was known, these fell short


def test_every_arm_says_where_the_true_shares_lie_and_whether_peoples_were_inside(
    welfare: Simulation, calibration: Calibration
) -> None:
    said = statement_of(welfare, calibration, sharpened=False)
    for arm, made in zip(said.arms, welfare.arms, strict=True):
        assert [one.value for one in arm.shares] == [2, 3]
        assert [one.predicted for one in arm.shares] == pytest.approx([2 / 3, 1 / 3])
        assert arm.shares[0].answers.endswith(" or above")
        assert not arm.shares[1].answers.endswith("or above")
        for one in arm.shares:
            assert one.claim.inner is not None
            assert one.claim.outer is None
            assert 0 < one.claim.inner.low < one.claim.inner.high < 1
            assert one.checked is not None
        assert made.actual is not None
        assert arm.shares[1].checked is not None
        assert arm.shares[1].checked.observed == pytest.approx(made.actual.probs[2])


def test_nothing_is_said_of_shares_where_their_intervals_did_not_hold(
    welfare: Simulation, calibration: Calibration
) -> None:
    model = raw(calibration)
    failed = tuple(replace(one, covered=0.3) if one.what == "share" else one for one in model.coverage)
    family = replace(calibration.families[ALL], raw=replace(model, coverage=failed))
    families = dict.fromkeys(calibration.families, family)
    said = statement_of(welfare, replace(calibration, families=families), sharpened=False)
    assert said.arms[0].mean_claim.inner is not None
    assert [arm.shares for arm in said.arms] == [(), ()]


def test_what_fails_on_the_test_part_is_withdrawn_and_what_holds_there_is_granted_nothing_more() -> None:
    runs = [(evaluation(12), provenance())]
    alone = calibrate(runs)
    other = [replace(one, study_id=f"t-{one.study_id}", group=f"t-{one.study_id}") for one in evaluation(6, seed=9)]
    tested = calibrate(runs, test=[(other, provenance())])
    assert (alone.tested_on, tested.tested_on) == (0, 6)
    assert raw(tested).mean == raw(alone).mean  # nothing is fitted on it
    assert raw(tested).coverage == raw(alone).coverage
    assert {one.groups for one in raw(tested).tested} == {6}
    assert not raw(tested).offered("mean", 0.95)  # 12 groups left out are too few whatever the test says
    assert raw(tested).offered("mean", 0.8)
    # predictions at the wrong end of the scale fail the test, and only there
    wrong = [replace(one, probs=np.tile([0.996, 0.001, 0.001, 0.001, 0.001], (len(one.people), 1))) for one in other]
    failed = calibrate(runs, test=[(wrong, provenance())])
    assert not raw(failed).offered("mean", 0.8)
    assert raw(failed).mean_interval(0.5, 0.8) is None
    assert raw(failed).tried("mean", 0.8) == raw(alone).tried("mean", 0.8)


def test_a_test_part_shares_no_group_and_has_two_or_more() -> None:
    cells = evaluation(12)
    with pytest.raises(PredictionError, match="is in two of these runs"):
        calibrate([(cells, provenance())], test=[(cells[:4], provenance())])
    pooled = [replace(one, group="pool" if one.study_id in ("s5-00", "s5-11") else one.study_id) for one in cells]
    with pytest.raises(PredictionError, match="group pool is in the test part and among those fitted on"):
        calibrate([(pooled[:20], provenance())], test=[(pooled[20:], provenance())])
    with pytest.raises(PredictionError, match="two groups or more"):
        calibrate([(cells[:20], provenance())], test=[(cells[20:22], provenance())])
