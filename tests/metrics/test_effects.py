import math

import numpy as np
import pytest
from scipy import stats

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.effects import Effect, effect_summary, effects_of
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.metrics.uncertainty import Interval
from tests.predictions import cell

LOW, HIGH = [1, 0, 0, 0, 0], [0, 0, 1, 0, 0]


def two_arms(control: list[float], treated: list[float], **options: object) -> list[CellPredictions]:
    return [
        cell(control, LOW, cell_id=0, condition=1, **options),  # type: ignore[arg-type]
        cell(treated, HIGH, cell_id=1, condition=2, **options),  # type: ignore[arg-type]
    ]


def test_an_effect_is_in_points_of_a_hundred_of_the_scale() -> None:
    # means 1.5 and 4 on a width of 4; predicted 1 and 3
    (effect,), left_out = effects_of(two_arms([1, 2], [3, 5]))
    assert effect.actual == pytest.approx(100 * 2.5 / 4)
    assert effect.predicted == pytest.approx(50)
    assert left_out == []


def test_the_interval_between_different_people_is_welchs() -> None:
    rng = np.random.default_rng(5)
    control, treated = rng.integers(1, 6, 30).astype(float), rng.integers(2, 6, 50).astype(float)
    (effect,), _ = effects_of(two_arms(control.tolist(), treated.tolist()))
    expected = stats.ttest_ind(treated, control, equal_var=False).confidence_interval()
    assert effect.actual_interval.low == pytest.approx(25 * expected.low)
    assert effect.actual_interval.high == pytest.approx(25 * expected.high)


def test_people_in_both_arms_keep_their_pairing() -> None:
    rng = np.random.default_rng(6)
    first = rng.integers(1, 5, 40).astype(float)
    second = first + rng.integers(0, 2, 40)
    people = list(range(40))
    cells = two_arms(first.tolist(), second.tolist(), people=people)
    (effect,), _ = effects_of(cells)
    expected = stats.ttest_rel(second, first).confidence_interval()
    assert effect.actual_interval.low == pytest.approx(25 * expected.low)
    assert effect.actual_interval.high == pytest.approx(25 * expected.high)


def test_arms_are_compared_with_the_first_or_pair_by_pair() -> None:
    cells = [cell([1, 2], LOW, cell_id=i, condition=number) for i, number in enumerate((3, 1, 2))]
    by_control, _ = effects_of(cells)
    by_pairs, _ = effects_of(cells, "pairs")
    assert [(one.arm, one.reference) for one in by_control] == [
        ("condition 2", "condition 1"),
        ("condition 3", "condition 1"),
    ]
    assert len(by_pairs) == 3


def test_scales_tasks_and_lone_people_are_kept_apart_and_named() -> None:
    cells = [
        *two_arms([1, 2], [3, 5]),
        cell([1, 2], LOW, cell_id=2, condition=1, task=2),
        cell([1], LOW, cell_id=3, condition=2, task=2),
        cell([0, 1], [0.5, 0.5], cell_id=4, condition=3, values=[0, 1]),
        cell([1, 2], drawn=[1, 2], cell_id=5, values=None),
        cell([1, 2], drawn=[1, 2], cell_id=6, task=None),
    ]
    effects, left_out = effects_of(cells)
    assert len(effects) == 1
    assert left_out == [
        "1 cells without a known scale",
        "1 cells without a task: nothing says which texts ask the same outcome",
        "s, condition 2, task 2: fewer than two people",
    ]


def effect(
    predicted: float,
    actual: float,
    *,
    actual_se: float = 1,
    error_se: float = 1,
    interval: tuple[float, float] = (-100, 100),
    n: int = 50,
    n_reference: int = 50,
    study: str = "s",
) -> Effect:
    return Effect(
        study, 1, "treated", "control", n, n_reference, predicted, Interval(predicted, predicted),
        actual, Interval(*interval), actual_se, error_se,
    )  # fmt: skip


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
def test_a_direction_is_resolved_where_the_interval_leaves_0_out_and_ten_people_answered_each_arm(
    interval: tuple[float, float], n: int, n_reference: int, resolved: bool
) -> None:
    assert effect(1, 1, interval=interval, n=n, n_reference=n_reference).resolved == resolved


def test_every_figure_over_effects_is_its_textbook_formula() -> None:
    x, y = np.array([1.0, 4, -2, 6, 3, 0]), np.array([3.0, 5, -1, 2, -4, 7])
    actual_se, error_se = np.array([0.5, 1, 1.5, 0.2, 1, 0.8]), np.array([0.4, 0.9, 0.3, 0.2, 0.6, 0.1])
    clear = [(2, 4), (4, 6), (-9, 9), (-9, 9), (-5, -3), (6, 8)]
    made = [
        effect(*pair, actual_se=a, error_se=e, interval=interval, study=f"s{i}")
        for i, (*pair, a, e, interval) in enumerate(zip(x, y, actual_se, error_se, clear, strict=True))
    ]
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
    assert {name: found[name]["value"] for name in expected} == pytest.approx(expected)
    assert found["reliability"] == pytest.approx(reliability)
    assert found["calibration"]["slope"]["value"] == pytest.approx(slope)
    assert found["calibration"]["intercept"]["value"] == pytest.approx(intercept)
    assert (found["direction"]["n"], found["direction"]["no_direction"], found["direction_resolved"]["n"]) == (5, 1, 3)


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
    assert found["spearman"]["value"] == pytest.approx(stats.spearmanr(x, np.round(y, 9)).statistic)
    for name in ("spearman", "spearman_corrected"):
        low, high = found[name]["ci95"].low, found[name]["ci95"].high
        assert low < found[name]["value"] < high
        assert high - low < 0.5
    assert found["spearman_corrected"]["value"] >= found["spearman"]["value"]
    few = effect_summary(effects_of(cells[:4])[0], StudyResamples.draw(["s0", "s1"], 1))
    assert few["spearman"]["ci95"] is None


def test_a_known_slope_is_recovered() -> None:
    cells, resamples = many(slope=0.5, noise=10)
    found = effect_summary(effects_of(cells)[0], resamples)
    slope = found["calibration"]["slope"]
    assert slope["value"] == pytest.approx(0.5, abs=0.05)
    assert slope["ci95"].low < 0.5 < slope["ci95"].high
    assert found["direction_resolved"]["value"] == pytest.approx(1.0)


def test_the_noise_correction_gives_back_what_sampling_takes() -> None:
    cells, resamples = many(slope=0.2, noise=15, count=300)
    found = effect_summary(effects_of(cells)[0], resamples)
    assert found["pearson"]["value"] < 0.75
    assert found["pearson_corrected"]["value"] == pytest.approx(1.0, abs=0.12)
    # the error of a model that predicts five times too much is 0.8 of its effects
    x = np.array([one.predicted for one in effects_of(cells)[0]])
    assert found["rmse_corrected"]["value"] == pytest.approx(0.8 * math.sqrt((x**2).mean()), rel=0.1)
    assert found["no_effect_rmse_corrected"]["value"] < found["no_effect_rmse"]["value"]


def test_predicting_no_effect_has_no_direction_and_no_slope() -> None:
    cells = [
        cell([1, 2, 3], [0.2] * 5, study=f"s{i}", condition=arm, cell_id=2 * i + arm)
        for i in range(4)
        for arm in (1, 2)
    ]
    found = effect_summary(effects_of(cells)[0], StudyResamples.draw([f"s{i}" for i in range(4)], 1))
    assert math.isnan(found["direction"]["value"])
    assert found["direction"]["no_direction"] == 4
    assert math.isnan(found["calibration"]["slope"]["value"])


def test_no_effects_are_said_and_not_made_up() -> None:
    assert effect_summary([], StudyResamples.draw(["s"], 1)) == {"n": 0, "studies": 0}
