import math

import numpy as np
import pytest

from socrates_core.metrics.study_bootstrap import StudyResamples, interval_of, study_means
from socrates_core.metrics.uncertainty import mean_interval


def test_the_same_studies_meet_the_same_resamples_in_any_order() -> None:
    one, other = StudyResamples.draw(["b", "a", "a", "c"], 1), StudyResamples.draw(["c", "b", "a"], 1)
    np.testing.assert_array_equal(one.times, other.times)
    assert one.study_ids == ("a", "b", "c")
    assert (one.times.sum(axis=1) == 3).all()


def test_no_study_is_no_sample() -> None:
    with pytest.raises(ValueError, match="no studies"):
        StudyResamples.draw([], 1)


def test_a_study_counts_once_however_many_cells_it_has() -> None:
    # study a: (0 + 1) / 2, study b: 0.2; mean of both 0.35; flat mean 1.2 / 3
    found = StudyResamples.draw(["a", "b"], 1).summary(np.array([0, 1, 0.2, math.nan]), ["a", "a", "b", "b"])
    assert found.mean == pytest.approx(0.35)
    assert found.flat_mean == pytest.approx(0.4)
    assert (found.cells, found.studies, found.ci95) == (3, 2, None)


def test_a_study_without_a_figure_is_left_out() -> None:
    np.testing.assert_array_equal(study_means(np.array([1.0, math.nan]), np.array([0, 1]), 3), [1, math.nan, math.nan])
    found = StudyResamples.draw(["a", "b"], 1).summary(np.array([math.nan]), ["a"])
    assert found.mean is None
    assert (found.cells, found.studies, found.ci95) == (0, 0, None)


@pytest.mark.parametrize("count", [5, 20, 200])
def test_the_interval_of_a_mean_is_as_wide_as_the_t_interval(count: int) -> None:
    values = np.random.default_rng(3).normal(size=count)
    _, interval = StudyResamples.draw([str(i) for i in range(count)], 1, resamples=20_000).mean(
        values[np.argsort([str(i) for i in range(count)])]
    )
    expected = mean_interval(values)
    assert interval is not None
    assert interval.high - interval.low == pytest.approx(expected.high - expected.low, rel=0.12)


@pytest.mark.parametrize("studies", [1, 2])
def test_two_studies_have_no_interval(studies: int) -> None:
    assert interval_of(np.linspace(0, 1, 100), studies) is None


def test_a_formula_of_sums_is_resampled_by_study() -> None:
    resamples = StudyResamples.draw([str(i) for i in range(30)], 1)
    sums = np.column_stack([np.arange(30.0), np.full(30, 2.0)])
    value, interval = resamples.statistic(sums, lambda total: total[..., 0] / total[..., 1])
    assert value == pytest.approx(435 / 60)
    assert interval is not None
    assert interval.low < value < interval.high


def test_intervals_cover_at_their_nominal_rate() -> None:
    # 1,000 simulations of 40 skewed studies whose true mean is 0.2: 95 % give or take 2 are to hold it
    rng = np.random.default_rng(8)
    ids = [str(i) for i in range(40)]
    covered = 0
    for seed in range(1000):
        _, interval = StudyResamples.draw(ids, seed).mean(rng.gamma(4, 0.05, size=40))
        assert interval is not None
        covered += interval.low <= 0.2 <= interval.high
    assert 930 <= covered <= 970
