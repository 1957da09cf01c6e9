import math

import numpy as np
import pytest
from scipy import stats

from socrates_core.evaluation.effect_summary import EffectSummary, effect_summary
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.effects import Effect, direction_is_known, effects_of
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.metrics.uncertainty import Interval
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


def effect(
    predicted: float, actual: float, actual_se: float, error_se: float, interval: tuple[float, float], study: str
) -> Effect:
    around, within = Interval(predicted, predicted), Interval(*interval)
    resolved = direction_is_known(within, 50, 50)
    return Effect(
        study, 1, "treated", "control", 50, 50, predicted, around, actual, within, actual_se, error_se, resolved
    )


@pytest.mark.parametrize(
    ("interval", "n", "n_reference", "resolved"),
    [
        ((0.1, 5), 10, 10, True),
        ((-5, -0.1), 10, 10, True),
        ((0, 5), 10, 10, False),
        ((-5, 0), 10, 10, False),
        ((-5, 5), 10, 10, False),
        ((0.1, 5), 9, 10, False),
        ((0.1, 5), 10, 9, False),
    ],
)
def test_a_direction_is_resolved_if_the_interval_leaves_0_out_and_ten_people_answered_each_arm(
    interval: tuple[float, float], n: int, n_reference: int, resolved: bool
) -> None:
    assert direction_is_known(Interval(*interval), n, n_reference) == resolved


def test_every_figure_over_effects_is_its_textbook_formula() -> None:
    x, y = np.array([1.0, 4, -2, 6, 3, 0]), np.array([3.0, 5, -1, 2, -4, 7])
    actual_se, error_se = np.array([0.5, 1, 1.5, 0.2, 1, 0.8]), np.array([0.4, 0.9, 0.3, 0.2, 0.6, 0.1])
    clear = [(2, 4), (4, 6), (-9, 9), (-9, 9), (-5, -3), (6, 8)]
    made = [effect(*row, f"s{i}") for i, row in enumerate(zip(x, y, actual_se, error_se, clear, strict=True))]
    found = effect_summary(made, StudyResamples.draw([one.study_id for one in made], 1))
    slope, intercept = np.polyfit(x, y, 1)
    reliability = 1 - (actual_se**2).mean() / y.var(ddof=1)
    pearson, spearman = np.corrcoef(x, y)[0, 1], stats.spearmanr(x, y).statistic
    expected = {
        "direction": 4 / 5,  # 3 against −4 goes wrong, 0 has no direction
        "direction_resolved": 2 / 3,
        "pearson": pearson,
        "pearson_corrected": pearson / math.sqrt(reliability),
        "spearman": spearman,
        "spearman_corrected": spearman / math.sqrt(reliability),
        "rmse": math.sqrt(((x - y) ** 2).mean()),
        "rmse_corrected": math.sqrt(((x - y) ** 2 - error_se**2).mean()),
        "no_effect_rmse": math.sqrt((y**2).mean()),
        "no_effect_rmse_corrected": math.sqrt((y**2 - actual_se**2).mean()),
    }
    assert {name: getattr(found, name).value for name in expected} == pytest.approx(expected)
    assert found.reliability == pytest.approx(reliability)
    assert found.calibration.slope.value == pytest.approx(slope)
    assert found.calibration.intercept.value == pytest.approx(intercept)
    assert (found.direction.n, found.direction.no_direction, found.direction_resolved.n) == (5, 1, 3)
