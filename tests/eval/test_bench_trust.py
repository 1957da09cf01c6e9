import numpy as np
import pytest

from eval.bench.coverage.error_model import draw, one_round, shares
from eval.bench.coverage.trust import real_coverage


def test_simulated_cells_are_distributions_on_their_options_alone() -> None:
    p = shares(np.array([0.0, 0.0, 3.0]), 1.0, np.array([2, 5, 11]))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p[0, :2].tolist() == pytest.approx([0.5, 0.5])  # two options are cut at the middle
    assert p[1, 5:].sum() == 0


def test_good_predictions_are_closer_than_useless_ones_and_uniform_ones_predict_no_effect() -> None:
    good, useless, uniform = (draw(200, quality, np.random.default_rng(1)) for quality in (0.97, 0.0, None))
    assert good.w_true.mean() < 0.5 * useless.w_true.mean()
    assert np.abs(uniform.effect(uniform.predicted)).max() < 1e-9


@pytest.mark.parametrize("quality", [None, 0.8])
def test_intervals_hold_the_truth_about_as_often_as_they_promise(quality: float | None) -> None:
    rng = np.random.default_rng(7)
    rows = [one_round(30, quality, rng) for _ in range(24)]
    for what in ("mean", "effect", "observed mean", "observed effect", "distance"):
        # 24 rounds of 25 groups: the standard error of a round's coverage is about 0.06 at 95 %, so 0.012 of 24
        assert 0.905 <= np.mean([row[f"{what} 95%"] for row in rows]) <= 0.995, what
        assert 0.73 <= np.mean([row[f"{what} 80%"] for row in rows]) <= 0.93, what


def test_the_uniform_baseline_is_tried_on_every_group_of_real_studies() -> None:
    found = real_coverage("uniform", None, per_cell=20, seed=1)
    assert found["left_out"]["groups"] == 26
    assert found["test_by_calibration"]["groups"] == 11
    assert {(one["what"], one["level"]) for one in found["left_out"]["coverage"]["as predicted"]} == {
        (what, level) for what in ("mean", "effect", "distance") for level in (0.8, 0.95)
    }
