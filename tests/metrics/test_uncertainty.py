import math
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from socrates_core.metrics.cell import chance
from socrates_core.metrics.cell.chance import DistanceIntervals, Prediction
from socrates_core.metrics.uncertainty import (
    DRAWS,
    GroupAnswers,
    Interval,
    effective_n,
    mean_difference,
    mean_interval,
    noise_floor,
    noise_floors,
    split_half,
)
from socrates_core.metrics.wasserstein import wasserstein, wasserstein_rows
from socrates_core.scale.distribution import AnswerDistribution, Floats
from tests.metrics.reference import estimated_floor, two_sample_floor


def shares(*weights: float) -> AnswerDistribution:
    return AnswerDistribution(np.arange(len(weights)), np.array(weights) / sum(weights))


def positions(values: npt.NDArray[np.int64]) -> Floats:
    return np.asarray((values - values[0]) / (values[-1] - values[0]))


def drawn_people(rows: Floats) -> Prediction:
    """A single row is exact; several are people of whom others could have been drawn."""
    return Prediction(rows.mean(axis=0), rows, redrawn=float(len(rows) > 1))


def distance_intervals(
    rows: Floats, actual: AnswerDistribution, n: float, rng: np.random.Generator, draws: int = DRAWS
) -> DistanceIntervals:
    people, where = drawn_people(rows), positions(actual.values)
    return chance.distance_intervals(people, actual.probs, where, n, rng, draws=draws)


def chance_limit(rows: Floats, values: npt.NDArray[np.int64], n: float, rng: np.random.Generator) -> float:
    return chance.chance_limit(drawn_people(rows), np.zeros(len(values)), positions(values), n, rng, draws=2000)


def simulated_floor(truth: AnswerDistribution, n: int, rng: np.random.Generator, draws: int = 20_000) -> float:
    samples = rng.multinomial(n, truth.probs, size=draws) / n
    return float(wasserstein_rows(samples, truth.probs, positions(truth.values)).mean())


def test_the_floor_of_one_person_and_a_coin_is_a_half() -> None:
    # the answer is 0 or 1 and the truth a half: off by a half either way
    assert noise_floor(shares(1, 1), 1) == pytest.approx(0.5)


def test_the_floor_of_two_people_and_a_coin_by_hand() -> None:
    # shares 0, 1/2, 1 with chances 1/4, 1/2, 1/4: off by 1/2 half of the time
    assert noise_floor(shares(1, 1), 2) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("weights", "n"),
    [
        *(((1, 2, 3, 4, 5), n) for n in (1, 2, 7, 30, 100)),
        *((weights, 7) for weights in ((1, 1), (0.9, 0.1), (1, 0, 0, 1), (1, 0, 0))),
    ],
)
def test_the_closed_form_is_what_simulation_gives(weights: tuple[float, ...], n: int) -> None:
    truth = shares(*weights)
    rng = np.random.default_rng(n)
    assert noise_floor(truth, n) == pytest.approx(simulated_floor(truth, n, rng), abs=0.003)


@pytest.mark.parametrize(("n", "published"), [(30, 0.057), (100, 0.031), (1000, 0.010)])
def test_flat_truths_over_2_to_11_options_have_the_published_floors(n: int, published: float) -> None:
    rng = np.random.default_rng(0)
    floors = [noise_floors(rng.dirichlet(np.ones(k), 2000), np.linspace(0, 1, k), n).mean() for k in range(2, 12)]
    assert np.mean(floors) == pytest.approx(published, abs=0.0007)


@pytest.mark.parametrize("n", [10**4, 10**6, 10**9])
def test_large_n_stays_exact(n: int) -> None:
    # the mean absolute deviation of a normal variable is √(2/π) of its standard deviation
    assert noise_floor(shares(3, 7), n) == pytest.approx(math.sqrt(2 / math.pi * 0.21 / n), rel=1e-3)


def test_gaps_count_by_their_width() -> None:
    narrow_then_wide = AnswerDistribution(np.array([0, 1, 10]), np.array([0.5, 0.0, 0.5]))
    assert noise_floor(narrow_then_wide, 1) == pytest.approx(0.5)
    only_narrow = AnswerDistribution(np.array([0, 1, 10]), np.array([0.5, 0.5, 0.0]))
    assert noise_floor(only_narrow, 1) == pytest.approx(0.05)


def test_the_floor_never_rises_with_n_and_accepts_an_effective_n() -> None:
    truth = shares(1, 2, 3, 1)
    floors = [noise_floor(truth, n) for n in (1, 1.5, 2, 2.5, 10, 10.7, 11)]
    assert floors == sorted(floors, reverse=True)


@pytest.mark.parametrize("n", [0, 0.5, -3, math.nan])
def test_nobody_has_no_floor(n: float) -> None:
    with pytest.raises(ValueError, match="1 person or more"):
        noise_floor(shares(1, 1), n)
    with pytest.raises(ValueError, match="1 person or more"):
        noise_floors(np.full((2, 2), 0.5), np.array([0.0, 1.0]), [30, n])


@pytest.mark.parametrize(("n", "m"), [(10, 10), (30, 30), (30, 300)])
def test_two_samples_differ_by_the_root_of_the_squared_floors(n: int, m: int) -> None:
    truth = shares(1, 2, 3, 2, 1)
    rng = np.random.default_rng(1)
    a, b = (rng.multinomial(size, truth.probs, size=20_000) / size for size in (n, m))
    simulated = wasserstein_rows(a, b, np.linspace(0, 1, 5)).mean()
    assert two_sample_floor(truth, n, m) == pytest.approx(simulated, rel=0.04)
    assert two_sample_floor(truth, n, n) == pytest.approx(math.sqrt(2) * noise_floor(truth, n))


@pytest.mark.parametrize(("n", "tolerance"), [(2, 0.08), (4, 0.05), (10, 0.04), (30, 0.02), (100, 0.02)])
def test_the_floor_is_estimated_from_few_answers_without_much_bias(n: int, tolerance: float) -> None:
    rng = np.random.default_rng(2)
    true, estimated = 0.0, 0.0
    for k in range(2, 12):
        for probs in rng.dirichlet(np.ones(k), 300):
            truth = AnswerDistribution(np.arange(k), probs)
            sampled = AnswerDistribution(truth.values, rng.multinomial(n, probs) / n)
            true += noise_floor(truth, n)
            estimated += estimated_floor(sampled, n)
    assert estimated == pytest.approx(true, rel=tolerance)


def test_a_few_people_who_agree_still_have_a_floor() -> None:
    assert noise_floor(shares(0, 0, 1), 4) == 0
    # two answers spread over three options make 4 of 4 into 14/18: CDF 1/9 and 2/9, each over half of the width;
    # E|Bin(4, p) - 4p| / 4 = 2 p (1 - p)⁴ where 4p < 1
    by_hand = (1 / 9 * (8 / 9) ** 4) + (2 / 9 * (7 / 9) ** 4)
    assert estimated_floor(shares(0, 0, 1), 4) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [([1, 1, 1], 3), ([5, 5], 2), ([1, 0, 0], 1), ([3, 1], 16 / 10), ([1e300, 1e300], 2), ([1e-300, 1e-300], 2)],
)
def test_kish_counts_equal_answers(weights: list[float], expected: float) -> None:
    assert effective_n(weights) == pytest.approx(expected)


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2], [math.nan]])
def test_weights_that_mean_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        effective_n(weights)


def test_halves_say_how_far_two_whole_samples_are_apart() -> None:
    truth = shares(1, 3, 2, 4)
    rng = np.random.default_rng(3)
    halves = []
    for _ in range(300):
        sampled = AnswerDistribution(truth.values, rng.multinomial(201, truth.probs) / 201)
        halves.append(split_half(sampled, 201, rng, draws=50))
    assert np.mean([half for half in halves if half is not None]) == pytest.approx(
        two_sample_floor(truth, 201, 201), rel=0.04
    )


@pytest.mark.parametrize(("n", "known"), [(2, False), (3, False), (4, True), (4.4, True)])
def test_halves_need_two_people_each(n: float, known: bool) -> None:
    assert (split_half(shares(1, 1), n, np.random.default_rng(0)) is not None) == known


def test_people_who_all_agree_have_equal_halves() -> None:
    assert split_half(shares(0, 1, 0), 9, np.random.default_rng(0)) == 0


def coverage(
    truth_and_prediction: float, n: int, personas: int, rng: np.random.Generator, rounds: int = 150
) -> tuple[float, float]:
    """Shares of intervals that hold the true distance and the true gain; predictions mix the truth with others."""
    hits = gained = 0
    for _ in range(rounds):
        k = int(rng.integers(2, 12))
        truth = rng.dirichlet(np.ones(k))
        rows = rng.dirichlet(np.ones(k), size=400)  # the people who could be simulated
        rows = (1 - truth_and_prediction) * (truth + 0.5 * (rows - rows.mean(axis=0))) + truth_and_prediction * rows
        rows = rows.clip(1e-9)
        rows /= rows.sum(axis=1, keepdims=True)
        values = np.arange(k)
        true = AnswerDistribution(values, truth)
        target = wasserstein(true, AnswerDistribution(values, rows.mean(axis=0)))
        gain = wasserstein(true, shares(*np.ones(k))) - target
        actual = AnswerDistribution(values, rng.multinomial(n, truth) / n)
        drawn = rows[rng.integers(len(rows), size=personas)]
        found = distance_intervals(drawn, actual, n, rng, draws=300)
        hits += found.distance.low - 1e-9 <= target <= found.distance.high + 1e-9
        gained += found.gain.low - 1e-9 <= gain <= found.gain.high + 1e-9
    return hits / rounds, gained / rounds


@pytest.mark.parametrize("n", [30, 300])
@pytest.mark.parametrize("wrong", [0.0, 0.3, 1.0])
def test_the_intervals_hold_the_true_distance_and_gain_about_19_times_in_20(wrong: float, n: int) -> None:
    distance, gain = coverage(wrong, n, personas=100, rng=np.random.default_rng(4))
    assert distance > 0.90
    assert gain > 0.90


def test_the_interval_holds_the_estimate_and_stays_within_0_and_1() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        k, n = int(rng.integers(2, 12)), int(rng.integers(1, 60))
        actual = AnswerDistribution(np.arange(k), rng.multinomial(n, rng.dirichlet(np.full(k, 0.2))) / n)
        rows = rng.dirichlet(np.full(k, 0.2), size=5)
        found = distance_intervals(rows, actual, n, rng, draws=100)
        distance = wasserstein(AnswerDistribution(np.arange(k), rows.mean(axis=0)), actual)
        assert 0 <= found.distance.low <= distance <= found.distance.high <= 1
        assert -1 <= found.gain.low <= found.gain.high <= 1


def test_more_people_make_the_interval_narrower() -> None:
    rows, actual = np.array([[0.2, 0.3, 0.5]]), shares(5, 3, 2)
    widths = []
    for n in (30, 300, 3000):
        interval = distance_intervals(rows, actual, n, np.random.default_rng(6)).distance
        widths.append(interval.high - interval.low)
    assert widths[0] > 2 * widths[1] > 4 * widths[2]


@pytest.mark.parametrize("n", [5, 40, 1000])
def test_people_who_answer_as_predicted_exceed_the_limit_once_in_twenty(n: int) -> None:
    rng = np.random.default_rng(7)
    probs = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    limit = chance_limit(probs[None], np.arange(5), n, rng)
    samples = rng.multinomial(n, probs, size=20_000) / n
    beyond = (wasserstein_rows(samples, probs, np.linspace(0, 1, 5)) > limit + 1e-9).mean()
    assert 0.01 < beyond < 0.065


def test_simulated_people_who_differ_widen_the_limit() -> None:
    rng = np.random.default_rng(8)
    split = np.repeat(np.eye(3)[[0, 2]], 5, axis=0)  # ten people, each sure, on opposite ends
    alike = np.tile([0.5, 0, 0.5], (10, 1))
    assert chance_limit(split, np.arange(3), 1000, rng) > 3 * chance_limit(alike, np.arange(3), 1000, rng)


def test_a_thousand_resamples_of_3000_answers_take_a_fraction_of_a_second() -> None:
    rng = np.random.default_rng(9)
    actual = AnswerDistribution(np.arange(101), rng.multinomial(3000, np.full(101, 1 / 101)) / 3000)
    rows = rng.dirichlet(np.ones(101), size=200)
    times = []
    for _ in range(5):
        start = time.process_time()
        distance_intervals(rows, actual, 3000, rng)
        times.append(time.process_time() - start)
    assert min(times) < 0.2


def test_a_slider_of_ten_thousand_steps_costs_no_more_and_changes_little() -> None:
    rng = np.random.default_rng(12)
    fine = np.repeat(rng.dirichlet(np.ones(10)), 1000) / 1000
    coarse = fine.reshape(100, 100).sum(axis=1)
    found = []
    for probs in (fine, coarse):
        values = np.arange(len(probs)) * (10_000 // len(probs))
        actual = AnswerDistribution(values, np.random.default_rng(1).multinomial(200, probs) / 200)
        rows = np.tile(np.full(len(probs), 1 / len(probs)), (3, 1))
        start = time.process_time()
        interval = distance_intervals(rows, actual, 200, rng).distance
        limit = chance_limit(rows, values, 200, rng)
        halves = split_half(actual, 200, rng)
        assert halves is not None
        found.append((interval.high - interval.low, limit, halves))
        assert time.process_time() - start < 2
    assert found[0] == pytest.approx(found[1], rel=0.15)


def group(
    people: Sequence[int],
    answers: Sequence[float] | Floats,
    weights: Sequence[float] | None = None,
    options: Sequence[float] | None = None,
) -> GroupAnswers:
    mass = np.ones(len(people)) if weights is None else np.array(weights, dtype=float)
    where = None if options is None else np.array(options, dtype=float)
    return GroupAnswers(np.array(people), np.array(answers, dtype=float), mass, where)


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_a_difference_of_means_that_can_lie_anywhere_has_welchs_interval() -> None:
    rng = np.random.default_rng(10)
    a, b = rng.normal(0, 1, 20), rng.normal(0.5, 3, 30)
    found = mean_difference(group(range(20), a), group(range(20, 50), b))
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert ends(found.interval) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found.value == pytest.approx(a.mean() - b.mean())


def test_two_yes_no_arms_have_agresti_and_caffos_interval() -> None:
    # 10 of 10 against 7 of 10: with one yes and one no more in each, 11/12 − 8/12
    found = mean_difference(
        group(range(10), [1.0] * 10, options=[0, 1]), group(range(10, 20), [1.0] * 7 + [0.0] * 3, options=[0, 1])
    )
    variances = [11 / 12 * 1 / 12 / 12, 8 / 12 * 4 / 12 / 12]
    freedom = sum(variances) ** 2 / sum(v**2 / 11 for v in variances)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(sum(variances))
    assert found.value == pytest.approx(0.3)
    assert ends(found.interval) == (pytest.approx(3 / 12 - half), pytest.approx(3 / 12 + half))


def test_arms_that_agree_are_not_taken_for_certain() -> None:
    # nobody differs from anybody, but ten people are not the population
    found = mean_difference(
        group(range(10), [5.0] * 10, options=range(1, 8)), group(range(10, 20), [5.0] * 10, options=range(1, 8))
    )
    assert found.se == 0
    assert found.interval.low < -0.4
    assert found.interval.high > 0.2


def test_an_interval_of_a_difference_stays_on_the_scale_and_holds_what_was_observed() -> None:
    for n in (5, 100, 10_000):
        found = mean_difference(
            group(range(n), [7.0] * n, options=range(1, 8)), group(range(n, 2 * n), [1.0] * n, options=range(1, 8))
        )
        assert found.value == 6
        assert found.interval.high == 6
        assert 0 < found.interval.low < 6


def test_only_the_proportions_of_weights_count_in_a_difference() -> None:
    answers, weights = [1.0, 2.0, 5.0, 4.0], [1.0, 3.0, 2.0, 2.0]

    def interval(scale: float) -> Interval:
        one, other = (
            group(people, answers, [scale * weight for weight in weights], range(1, 6))
            for people in ([0, 1, 2, 3], [4, 5, 6, 7])
        )
        return mean_difference(one, other).interval

    assert ends(interval(1e-3)) == pytest.approx(ends(interval(1.0)))


def test_people_who_saw_both_arms_are_compared_with_themselves() -> None:
    # everybody moves by exactly 1: as a difference of people who can lie anywhere it is certain; on a scale of seven
    # options, the one pseudo-person of these fifty is not sure
    rng = np.random.default_rng(11)
    base = rng.integers(1, 7, 50).astype(float)
    certain = mean_difference(group(range(50), base + 1), group(range(50), base))
    assert ends(certain.interval) == (pytest.approx(1), pytest.approx(1))
    moved = group(range(50), base + 1, options=range(1, 8))
    found = mean_difference(moved, group(range(50), base, options=range(1, 8)))
    assert 0.8 < found.interval.low < 0.95
    assert 1 <= found.interval.high < 1.15
    apart = mean_difference(moved, group(range(50, 100), base, options=range(1, 8)))
    assert apart.interval.high - apart.interval.low > 4 * (found.interval.high - found.interval.low)


def test_one_person_with_many_answers_is_one_person() -> None:
    # fifty equal answers of one person count as one answer
    once = mean_difference(group([0, 1, 2], [1, 2, 5], options=range(1, 8)), group([3, 4], [3, 4], options=range(1, 8)))
    often = mean_difference(
        group([*[0] * 50, 1, 2], [*[1] * 50, 2, 5], [*[0.02] * 50, 1, 1], range(1, 8)),
        group([3, 4], [3, 4], options=range(1, 8)),
    )
    assert ends(often.interval) == pytest.approx(ends(once.interval))


def test_an_effect_is_held_for_every_pair_of_shares_in_small_arms() -> None:
    # sums over all outcomes of ten yes or no answers in each arm, not a simulation
    n, yes = 10, np.arange(11)
    table = [
        [
            mean_difference(
                group(range(n), [1.0] * i + [0.0] * (n - i), options=[0, 1]),
                group(range(n, 2 * n), [1.0] * j + [0.0] * (n - j), options=[0, 1]),
            ).interval
            for j in yes
        ]
        for i in yes
    ]
    low, high = (np.array([[getattr(one, end) for one in row] for row in table]) for end in ("low", "high"))
    shares = np.array([0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995])
    covered = []
    for p in shares:
        for q in shares:
            chances = np.outer(stats.binom.pmf(yes, n, p), stats.binom.pmf(yes, n, q))
            covered.append(float(chances[(low <= p - q + 1e-12) & (p - q - 1e-12 <= high)].sum()))
    assert min(covered) > 0.925
    assert np.mean(covered) < 0.99


def test_a_mean_on_a_scale_is_not_certain_where_all_agree() -> None:
    # ten of ten yes: 11/12 ± t₁₁ · √(11/12 · 1/12 / 12), cut at 1
    half = stats.t.ppf(0.975, 11) * math.sqrt(11 / 12 / 12 / 12)
    found = mean_interval([1.0] * 10, options=[0, 1])
    assert ends(found) == (pytest.approx(11 / 12 - half), 1)
    assert ends(mean_interval([1.0] * 10)) == (1, 1)


def test_a_mean_of_answers_has_students_interval() -> None:
    # sd 2 and n = 3: 2 ± 4.303 · 2/√3
    found = mean_interval([0, 2, 4])
    half = 4.3027 * 2 / math.sqrt(3)
    assert (found.low, found.high) == (pytest.approx(2 - half, abs=1e-3), pytest.approx(2 + half, abs=1e-3))
    alone = mean_interval([3])
    assert (alone.low, alone.high) == (3, 3)
    assert mean_interval([1, 2, 5], [2, 2, 2]) == mean_interval([1, 2, 5])


def test_unequal_weights_make_a_difference_of_means_as_uncertain_as_few_people_are() -> None:
    # weights 1, 1, 2 of answers 0, 1, 1: mean ¾, contributions −3/16, 1/16, 1/8, their squares 14/256; the three count
    # as 16/6 people, so n/(n − 1) = 1.6; the other side never varies
    weighted = GroupAnswers(np.array([1, 2, 3]), np.array([0.0, 1, 1]), np.array([1.0, 1, 2]))
    constant = GroupAnswers(np.array([4, 5]), np.array([1.0, 1]), np.ones(2))
    assert mean_difference(weighted, constant).se == pytest.approx(math.sqrt(1.6 * 14 / 256))
