import numpy as np

from eval.bench.coverage.design import power_errors
from eval.bench.coverage.pilot import real_pilots, simulated_pilots
from socrates_core.trust.error_model.evidence import evidence_of
from tests.trust.evidence import evaluation


def test_after_a_pilot_intervals_hold_the_truth_and_are_narrower_than_before_and_than_the_people_alone() -> None:
    found = simulated_pilots(4, seed=3, only=("fair",))["fair"]
    for what in ("effect", "mean"):
        for n in (3, 10, 30, 100):
            # 40 groups of up to nine effects: the standard error is about 0.02 at 95 % and 0.04 at 80 %
            assert found[f"{what} after {n}, 95%"][0] > 0.88
            assert 0.68 < found[f"{what} after {n}, 80%"][0] < 0.96
            assert found[f"{what} after {n}, 80% width"][0] < found[f"{what} before, 80% width"][0]
            assert found[f"{what} after {n}, 80% width"][0] < found[f"{what} alone {n}, 80% width"][0]


def test_pilots_of_real_groups_are_tried_on_the_people_who_are_left() -> None:
    evidence, _ = evidence_of(evaluation(12))
    found = real_pilots(evidence, seed=1)
    for what in ("effect", "mean"):
        assert found[f"{what} after 10, 95%"][0] > 0.8
        assert found[f"{what} after 10, 80% width"][0] < found[f"{what} before 10, 80% width"][0]
        assert f"{what} after 30, 80%" not in found  # 60 people answered: too few would be left


def test_formulas_of_power_are_near_simulated_power() -> None:
    found = power_errors(2_000, seed=1)
    near = [one["largest"] for name, one in found.items() if name.startswith("wmw") and "20 or more" in name]
    assert len(near) == 8
    assert np.max(near) < 0.05  # 2,000 studies: a standard error of up to 0.011
