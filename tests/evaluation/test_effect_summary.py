import math

import numpy as np
import pytest
from scipy import stats

from socrates_core.evaluation.effect_summary import EffectSummary, effect_summary
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.effects import effects_of
from socrates_core.metrics.study_bootstrap import StudyResamples
from tests.predictions import cell


def many(slope: float, noise: float, seed: int = 1, count: int = 60) -> tuple[list[CellPredictions], StudyResamples]:
    """Studies of two arms whose true effects are `slope` times the predicted ones, on a long scale."""
    rng = np.random.default_rng(seed)
    values = list(range(101))
    cells = []
    for study in range(count):
        predicted = int(rng.integers(-20, 21))
        for arm, shift in ((1, 0), (2, predicted)):
            row = np.zeros(101)
            row[50 + shift] = 1
            truth = 50 + slope * shift
            answers = np.rint(truth + noise * rng.standard_normal(60)).clip(0, 100)
            cells.append(
                cell(
                    answers.tolist(), row.tolist(), values=values, study=f"s{study}", condition=arm, cell_id=len(cells)
                )
            )
    return cells, StudyResamples.draw([f"s{i}" for i in range(count)], seed)


def test_rank_correlations_have_intervals_over_studies() -> None:
    cells, resamples = many(slope=0.5, noise=8, seed=3, count=40)
    found = effect_summary(effects_of(cells)[0], resamples)
    x, y = ([getattr(one, side) for one in effects_of(cells)[0]] for side in ("predicted", "actual"))
    assert found.spearman.value == pytest.approx(stats.spearmanr(x, np.round(y, 9)).statistic)
    for one in (found.spearman, found.spearman_corrected):
        assert one.ci95 is not None
        assert one.value is not None
        assert one.ci95.low < one.value < one.ci95.high
        assert one.ci95.high - one.ci95.low < 0.5
    assert found.spearman_corrected.value >= found.spearman.value
    few = effect_summary(effects_of(cells[:4])[0], StudyResamples.draw(["s0", "s1"], 1))
    assert few.spearman.ci95 is None


def test_a_known_slope_is_recovered() -> None:
    cells, resamples = many(slope=0.5, noise=10)
    found = effect_summary(effects_of(cells)[0], resamples)
    slope = found.calibration.slope
    assert slope.value == pytest.approx(0.5, abs=0.05)
    assert slope.ci95.low < 0.5 < slope.ci95.high
    assert found.direction_resolved.value == pytest.approx(1.0)


def test_the_noise_correction_gives_back_what_sampling_takes() -> None:
    cells, resamples = many(slope=0.2, noise=15, count=300)
    found = effect_summary(effects_of(cells)[0], resamples)
    assert found.pearson.value < 0.75
    assert found.pearson_corrected.value == pytest.approx(1.0, abs=0.12)
    # the error of a model that predicts five times too much is 0.8 of its effects
    x = np.array([one.predicted for one in effects_of(cells)[0]])
    assert found.rmse_corrected.value == pytest.approx(0.8 * math.sqrt((x**2).mean()), rel=0.1)
    assert found.no_effect_rmse_corrected.value < found.no_effect_rmse.value


def test_predicting_no_effect_has_no_direction_and_no_slope() -> None:
    cells = [
        cell([1, 2, 3], [0.2] * 5, study=f"s{i}", condition=arm, cell_id=2 * i + arm)
        for i in range(4)
        for arm in (1, 2)
    ]
    found = effect_summary(effects_of(cells)[0], StudyResamples.draw([f"s{i}" for i in range(4)], 1))
    assert found.direction.value is None
    assert found.direction.no_direction == 4
    assert found.calibration.slope.value is None


def test_no_effects_are_said_and_not_made_up() -> None:
    assert effect_summary([], StudyResamples.draw(["s"], 1)) == EffectSummary(0, 0)
