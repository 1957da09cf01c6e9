"""Outcomes without options: quartiles, the distance by the observed range, bins."""

import numpy as np
import pytest

from socrates_core.metrics.wasserstein import wasserstein_samples
from socrates_core.simulation.open_ended import (
    MAX_BINS,
    Quartiles,
    median_difference,
    number_bins,
    on_one_axis,
    quartiles,
    score_numbers,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def score(predicted: list[int], actual: list[int], n: float | None = None):  # type: ignore[no-untyped-def]
    ours, theirs = on_one_axis(np.array(predicted), np.array(actual), np.ones(len(actual)))
    assert theirs is not None
    return score_numbers(ours, theirs, len(predicted), n or len(actual), rng())


# -- on one axis


def test_both_sides_are_shares_of_all_numbers_that_anybody_gave() -> None:
    ours, theirs = on_one_axis(np.array([5, 5, 20]), np.array([0, 20]), np.array([3.0, 1.0]))
    assert theirs is not None
    assert ours.values.tolist() == theirs.values.tolist() == [0, 5, 20]
    assert ours.probs == pytest.approx([0, 2 / 3, 1 / 3])
    assert theirs.probs == pytest.approx([0.75, 0, 0.25])


def test_without_answers_there_is_only_the_prediction() -> None:
    ours, theirs = on_one_axis(np.array([7]), np.array([], dtype=np.int64), np.array([]))
    assert theirs is None
    assert (ours.values.tolist(), ours.probs.tolist()) == ([7], [1.0])


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3, 4], Quartiles(1, 2, 3)),
        ([5], Quartiles(5, 5, 5)),
        ([0, 0, 0, 10**9], Quartiles(0, 0, 0)),
        ([0, 10, 20, 30, 40], Quartiles(10, 20, 30)),
    ],
)
def test_quartiles_are_answers_that_somebody_gave(numbers: list[int], expected: Quartiles) -> None:
    ours, _ = on_one_axis(np.array(numbers), np.array([-3, 10**12]), np.ones(2))
    assert quartiles(ours) == expected


# -- the distance


def test_the_distance_is_the_one_of_samples_by_the_observed_range() -> None:
    predicted, actual = [0, 50, 900], [100, 200, 300, 500]
    found = score(predicted, actual)
    assert found.observed == pytest.approx(wasserstein_samples(predicted, actual, "observed"))
    assert (found.low, found.high) == (100, 500)
    assert found.interval.low <= found.observed <= found.interval.high


def test_a_prediction_of_a_hundred_times_the_range_counts_as_its_end() -> None:
    # all humans between 0 and 100 with mean 50: everybody at 100 is half of the range away, however large the number
    actual = [0, 100] * 20
    assert score([100] * 40, actual).observed == pytest.approx(0.5)
    assert score([10**8] * 40, actual).observed == pytest.approx(0.5)


def test_where_all_gave_the_same_number_there_is_no_range() -> None:
    assert score([1, 2, 3], [7, 7, 7]) is None


@pytest.mark.parametrize(("shift", "code"), [(0, "within_chance"), (300, "beyond_chance")])
def test_chance_explains_what_comes_from_one_source_and_not_what_is_shifted(shift: int, code: str) -> None:
    draws = np.floor(np.exp(np.random.default_rng(1).normal(5, 1, 300))).astype(int)
    found = score((draws[:200] + shift).tolist(), draws[200:].tolist())
    assert found.code == code
    assert found.noise_floor < found.chance_limit


def test_under_thirty_people_nothing_is_claimed() -> None:
    found = score([1000] * 50, list(range(20)))
    assert found.code == "too_few"
    assert "rests on 20 answers" in found.sentence
    assert score([1000] * 50, list(range(40)), n=12.4).sentence.endswith("rests on 12 answers.")


def test_a_perfect_prediction_scores_at_its_noise_floor() -> None:
    made, scores = np.random.default_rng(2), []
    for _ in range(60):
        predicted, actual = (np.floor(np.exp(made.normal(4, 1, n))).astype(int).tolist() for n in (200, 80))
        scores.append(score(predicted, actual))
    assert np.mean([s.observed for s in scores]) == pytest.approx(np.mean([s.noise_floor for s in scores]), rel=0.15)
    assert np.mean([s.code == "within_chance" for s in scores]) > 0.85


def test_a_range_that_few_extreme_answers_stretch_is_named() -> None:
    ordinary = [*range(1, 100)]
    assert not score([50] * 50, ordinary).stretched
    found = score([50] * 50, [*ordinary, 60_000_000])
    assert found.stretched
    assert found.observed < 0.02  # which is why it has to be said


def test_many_different_numbers_take_no_more_than_a_moment_of_memory() -> None:
    numbers = np.random.default_rng(0).integers(0, 10**9, 15_000)
    found = score(numbers[:10_000].tolist(), numbers[10_000:].tolist())
    assert found.code == "within_chance"


def test_the_difference_of_medians_has_an_interval_that_holds_it() -> None:
    one, other = (
        on_one_axis(np.arange(low, low + 101), np.array([], dtype=np.int64), np.array([]))[0] for low in (0, 40)
    )
    difference, interval = median_difference((other, 101), (one, 101), rng())
    assert difference == 40
    assert 15 < interval.low < 40 < interval.high < 65


# -- bins


@pytest.mark.parametrize(
    ("values", "names", "title"),
    [
        ([3], ["3"], "Answer"),
        ([0, 4], ["0", "1", "2", "3", "4"], "Answer"),
        ([0, 20, 45], ["0 to 4", "5 to 9", "10 to 14"], "Answer (in steps of 5)"),
        ([1990, 2026], ["1,990 to 1,991", "1,992 to 1,993"], "Answer (in steps of 2)"),
        ([-30, 10], ["-30 to -26", "-25 to -21"], "Answer (in steps of 5)"),
        ([0, 1, 5, 20, 900], ["0", "1", "2 to 4", "5 to 9"], "Answer (bins widen to the right)"),
        ([0, 20, 30, 60_000_000], ["0", "1 to 9", "10 to 99", "100 to 999"], "Answer (bins widen to the right)"),
        ([-5, 3, 4, 3000], ["-5 to -1", "0", "1", "2 to 4"], "Answer (bins widen to the right)"),
        ([20, 30, 9000], ["20 to 49", "50 to 99", "100 to 199"], "Answer (bins widen to the right)"),
    ],
)
def test_bins_fit_the_numbers(values: list[int], names: list[str], title: str) -> None:
    bins = number_bins(np.array(values))
    assert list(bins.names[: len(names)]) == names
    assert bins.title == title
    assert len(bins.names) <= MAX_BINS + 1


@pytest.mark.parametrize("seed", range(30))
def test_every_number_lies_in_the_bin_that_names_it(seed: int) -> None:
    made = np.random.default_rng(seed)
    size = 10 ** made.integers(1, 10)
    values = np.unique(made.integers(-size if seed % 3 == 0 else 0, size, 30) // 10 ** made.integers(0, 4, 30))
    bins = number_bins(values)
    for value, place in zip(values.tolist(), bins.bin_of.tolist(), strict=True):
        low, _, high = bins.names[place].replace(",", "").partition(" to ")
        assert int(low) <= value <= int(high or low)
    assert list(bins.starts) == sorted(set(bins.starts))
