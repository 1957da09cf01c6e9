import math

import numpy as np
import pytest

from socrates_core.metrics.study_bootstrap import StudyResamples, interval_of, study_means
from socrates_core.metrics.uncertainty import mean_interval
from socrates_core.scale.distribution import Floats


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
def test_two_studies_have_no_interval_and_three_have_one(studies: int) -> None:
    assert interval_of(np.linspace(0, 1, 100), studies) is None
    assert interval_of(np.linspace(0, 1, 100), 3) is not None


def test_resamples_that_drew_no_study_with_a_figure_are_left_out() -> None:
    # d has no figure: a resample of d alone says nothing, and one of a with it says what a alone says
    times = np.array([[0, 0, 0, 4], [1, 0, 0, 3], [4, 0, 0, 0], [0, 0, 4, 0]])
    resamples = StudyResamples(("a", "b", "c", "d"), times, 1, np.arange(4), {})
    mean, interval = resamples.mean(np.array([0.2, 0.6, 0.7, math.nan]))
    assert mean == pytest.approx(0.5)
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(0.2), pytest.approx(0.7))


def test_the_levels_of_few_studies_are_the_expanded_ones() -> None:
    # five studies: √(5/4) · t(4, 0.975) = 1.1180 · 2.7764 = 3.1042, and Φ(-3.1042) = 0.00095; 0.00275 without the root
    interval = interval_of(np.linspace(0, 1, 100_001), 5)
    assert interval is not None
    assert (interval.low, interval.high) == (pytest.approx(0.00095, abs=1e-5), pytest.approx(0.99905, abs=1e-5))


def test_a_formula_of_sums_is_resampled_by_study() -> None:
    resamples = StudyResamples.draw([str(i) for i in range(30)], 1)
    sums = np.column_stack([np.arange(30.0), np.full(30, 2.0)])
    value, interval = resamples.statistic(sums, lambda total: total[..., 0] / total[..., 1])
    assert value == pytest.approx(435 / 60)
    assert interval is not None
    assert interval.low < value < interval.high


def test_a_study_that_adds_nothing_is_none_of_the_three_that_an_interval_needs() -> None:
    def ratio(total: Floats) -> Floats:
        return np.asarray(total[..., 0] / total[..., 1])

    resamples = StudyResamples.draw(["a", "b", "c"], 1)
    _, of_three = resamples.statistic(np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]]), ratio)
    _, of_two = resamples.statistic(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]]), ratio)
    assert of_three is not None
    assert of_two is None


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


def test_studies_of_one_group_are_drawn_together() -> None:
    ids = [f"s{i}" for i in range(6)]
    pools = {"s0": "pool", "s1": "pool", "s2": "pool", "s3": "other", "s4": "other"}
    grouped = StudyResamples.draw(ids, 1, group_of=pools)
    assert (grouped.times[:, [0, 1]] == grouped.times[:, [2, 2]]).all()
    assert (grouped.times[:, 3] == grouped.times[:, 4]).all()
    assert not (grouped.times[:, 2] == grouped.times[:, 3]).all()
    assert grouped.independent(np.ones(6, bool)) == 3
    # a group's own name is no study's, and groups of one study change nothing
    assert (StudyResamples.draw(ids, 1, group_of={"s0": "s1"}).times == StudyResamples.draw(ids, 1).times).all()


def test_an_interval_over_groups_is_as_wide_as_their_number_asks_for() -> None:
    # nine studies in three pools that agree within themselves are worth three, and two pools are too few
    ids = [f"s{i}" for i in range(9)]
    pool = {one: f"pool {int(one[1:]) // 3}" for one in ids}
    values = np.repeat([0.1, 0.2, 0.4], 3)
    _, alone = StudyResamples.draw(ids, 1).mean(values)
    mean, together = StudyResamples.draw(ids, 1, group_of=pool).mean(values)
    assert mean == pytest.approx(values.mean())
    assert alone is not None
    assert together is not None
    assert (together.low, together.high) == pytest.approx((0.1, 0.4))
    assert alone.high - alone.low < 0.22
    assert StudyResamples.draw(ids[:6], 1, group_of=pool).mean(values[:6])[1] is None
    figure = StudyResamples.draw(ids[:6], 1, group_of=pool).statistic(
        np.stack([values[:6], np.ones(6)], axis=1), lambda sums: sums[..., 0] / sums[..., 1]
    )
    assert figure == (pytest.approx(0.15), None)
