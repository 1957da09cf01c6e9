"""Outcomes without options: quartiles, W by the range of the human answers, and bins for histograms.

Without a stated scale there is no W on it and no uniform baseline. W is measured by the `observed` range and named so:
extreme answers stretch that range, and W is then small whatever is predicted.

Predicted and actual numbers are distributions over one list of values: all that either side gave.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.chance import CHUNK, Prediction, chance_limit, distance_interval
from socrates_core.metrics.cell.comparison import SIDES, distances
from socrates_core.metrics.uncertainty import DRAWS, LEVEL, GroupAnswers, Interval
from socrates_core.metrics.verdict import FEW, TIE
from socrates_core.scale.distribution import AnswerDistribution, Floats

Ints = npt.NDArray[np.int64]

MAX_BINS: Final = 20
STRETCHED: Final = 10
"""Ratio of the range of the human answers to that of their middle nine tenths, above which the reader is warned."""

DECADES: Final = 100
"""Largest number over the lower quartile of the positive ones, from which bins widen."""

NumberCode = Literal["within_chance", "beyond_chance", "too_few"]


@dataclass(frozen=True)
class Quartiles:
    """The numbers that a quarter, half and three quarters of the answers do not exceed; each is an actual answer."""

    low: int
    median: int
    high: int


@dataclass(frozen=True)
class NumberScore:
    """How far predicted numbers are from actual ones, by the range of the human answers."""

    observed: float
    """Wasserstein distance in [0, 1]; predictions are clipped to the range."""
    interval: Interval
    """95 % interval over samples of people and draws of numbers."""
    noise_floor: float
    """Expected W of as many numbers drawn from the human distribution."""
    chance_limit: float
    """95 % quantile of W for as many numbers drawn from the human distribution."""
    low: int
    """The smallest human answer, mapped to 0."""
    high: int
    """The largest human answer, mapped to 1."""
    stretched: bool
    """Whether a few extreme answers make up most of the range."""
    code: NumberCode
    sentence: str
    """What the figures mean, in plain words."""


@dataclass(frozen=True)
class NumberResult:
    """The figures of one arm of an open-ended outcome."""

    n_valid: int
    """Sampled numbers that are answers; all figures rest on them."""
    n_invalid: int
    """Sampled numbers that did not end within the allowed digits."""
    predicted: Quartiles
    actual: Quartiles | None
    score: NumberScore | None
    worth: float
    """How many equally weighted numbers the valid ones are worth; `n_valid` where people count alike."""


@dataclass(frozen=True, eq=False)
class NumberBins:
    """Bins that hold numbers of both sides."""

    bin_of: Ints
    """(K,) each value's bin."""
    starts: tuple[int, ...]
    """The smallest number that belongs into each bin."""
    names: tuple[str, ...]
    """What each bin holds: "20 to 49"."""
    title: str
    """The title of the axis."""


def on_one_axis(
    predicted: Ints, actual: Ints, weights: Floats, counts: Floats | None = None
) -> tuple[AnswerDistribution, AnswerDistribution | None]:
    """Both sides as distributions over all numbers that either gave; None for the actual one if there are no answers.

    Args:
        predicted: (N,) valid sampled numbers, N ≥ 1.
        actual: (M,) human answers.
        weights: (M,) positive.
        counts: (N,) weights of the sampled numbers; equal when None.
    """
    values = np.union1d(predicted, actual)
    mass = np.ones(len(predicted)) if counts is None else counts
    ours = np.bincount(np.searchsorted(values, predicted), mass, minlength=len(values)) / mass.sum()
    theirs = None
    if len(actual):
        answered = np.bincount(np.searchsorted(values, actual), weights, minlength=len(values))
        theirs = AnswerDistribution(values, answered / answered.sum())
    return AnswerDistribution(values, ours), theirs


def quartiles(distribution: AnswerDistribution) -> Quartiles:
    """The quartiles of a distribution over numbers."""
    return Quartiles(*(distribution.quantile(share) for share in (0.25, 0.5, 0.75)))


# -- the distance ------------------------------------------------------------------------------------------------


def score_numbers(
    predicted: AnswerDistribution, actual: AnswerDistribution, n_valid: float, n: float, rng: np.random.Generator
) -> NumberScore | None:
    """W by the range of the human answers; None if all of them are the same number.

    Under a perfect prediction both sides are samples of one distribution, which is estimated from the answers with two
    pseudo-answers, as in `metrics.uncertainty`. The noise floor is √(E²_n + E²_m) of the exact one-sample floors, the
    chance limit the 95 % quantile of W between n and m numbers drawn from it.
    On lognormal, Poisson, zero-inflated and rounded answers with n = 30, 100 and 500 and
    m = 200, perfect predictions score at the floor (within 0.005) and pass the limit 1 to 8 % of the time, 4 % on
    average; the interval reaches down to 0 for 92 to 98 % of them.

    Args:
        predicted: Over the same values as `actual`.
        actual: Shares of the human answers.
        n_valid: Sampled numbers behind `predicted` (or their effective number), ≥ 1.
        n: People behind `actual`, or their effective number, ≥ 1.
        rng: For the resamples.
    """
    chosen = actual.values[actual.probs > 0]
    low, high = int(chosen[0]), int(chosen[-1])
    if low == high:
        return None
    positions = (actual.values.clip(low, high) - low) / (high - low)
    sides = np.full((len(SIDES), len(positions)), np.nan)
    sides[0] = predicted.probs
    found = distances(sides, actual.probs, positions, n, n_valid)
    # one by one, not in groups: answers pile up in a corner of a range that one of them stretches
    drawn, every = Prediction(predicted.probs, draws=n_valid), len(positions)
    limit = chance_limit(drawn, actual.probs, positions, n, rng, every)
    interval = distance_interval(drawn, actual.probs, positions, n, rng, every)
    code, sentence = _meaning(found.model, limit, n)
    return NumberScore(
        observed=found.model,
        interval=interval,
        noise_floor=found.floor,
        chance_limit=limit,
        low=low,
        high=high,
        stretched=high - low > STRETCHED * max(1, actual.quantile(0.95) - actual.quantile(0.05)),
        code=code,
        sentence=sentence,
    )


def median_difference(
    group: tuple[AnswerDistribution, float], minus: tuple[AnswerDistribution, float], rng: np.random.Generator
) -> tuple[float, Interval]:
    """The median of one group minus that of another, with a 95 % percentile interval.

    The groups are resampled independently, so for people who are in both the interval is too wide rather than too
    narrow.

    Args:
        group: The distribution of its numbers, and how many people or draws it rests on.
        minus: The same of the other group.
        rng: For the resamples.
    """
    difference = float(group[0].quantile(0.5) - minus[0].quantile(0.5))
    here, there = (
        np.concatenate([_medians(sample, side.values) for sample in _samples(side.probs, max(1, round(n)), rng)])
        for side, n in (group, minus)
    )
    low, high = np.quantile(here - there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return difference, Interval(min(float(low), difference), max(float(high), difference))


def median_difference_by_person(
    group: GroupAnswers, minus: GroupAnswers, rng: np.random.Generator
) -> tuple[float, Interval]:
    """The median of one group's numbers minus that of another, with a 95 % percentile interval over samples of people.

    People are resampled, each with all their numbers: those who are in both groups together, so that they keep their
    pairing, and those who are in one group apart. The same numbers of the same people differ by 0, with no interval.

    Args:
        group: Weighted numbers and who gave them.
        minus: The same of the other group.
        rng: For the resamples.
    """
    sides = (group, minus)
    difference = [_weighted_medians(side, side.weights[None])[0] for side in sides]
    people, place = np.unique(np.concatenate([side.people for side in sides]), return_inverse=True)
    places = np.split(place, [len(group.people)])
    inside = np.stack([np.bincount(where, minlength=len(people)) > 0 for where in places])
    strata = [np.flatnonzero((inside == np.array(kind)[:, None]).all(axis=0)) for kind in _KINDS]
    size = max(1, CHUNK // max(len(people), *(len(side.people) for side in sides)))
    found = []
    for start in range(0, DRAWS, size):
        times = np.zeros((min(size, DRAWS - start), len(people)))
        for stratum in strata:
            if len(stratum):
                even = np.full(len(stratum), 1 / len(stratum))
                times[:, stratum] = rng.multinomial(len(stratum), even, size=len(times))
        drawn = [
            _weighted_medians(side, side.weights * times[:, where]) for side, where in zip(sides, places, strict=True)
        ]
        found.append(drawn[0] - drawn[1])
    low, high = np.quantile(np.concatenate(found), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(difference[0] - difference[1])
    return value, Interval(min(float(low), value), max(float(high), value))


_KINDS: Final = ((True, True), (True, False), (False, True))
"""Who is in both groups, in the one, in the other."""


def _weighted_medians(side: GroupAnswers, weights: Floats) -> Floats:
    """(B,) the smallest number that half of the weight, in each of (B, N) rows of weights, does not exceed."""
    order = np.argsort(side.answers, kind="stable")
    sums = np.cumsum(weights[:, order], axis=1)
    return np.asarray(side.answers[order][(sums >= (0.5 - 1e-9) * sums[:, -1:]).argmax(axis=1)])


def _meaning(distance: float, limit: float, n: float) -> tuple[NumberCode, str]:
    if n < FEW:
        return "too_few", f"Too few people for a verdict: the comparison rests on {n:.0f} answers."
    if distance > limit + TIE:
        return "beyond_chance", "The simulated numbers differ from the actual ones by more than chance explains."
    return (
        "within_chance",
        "The simulated and the actual numbers differ by no more than two samples of people would differ.",
    )


def _samples(shares: Floats, n: int, rng: np.random.Generator) -> Iterator[Floats]:
    """DRAWS samples of n as shares, in tables of (b, K) that are not too large."""
    size = max(1, CHUNK // len(shares))
    for first in range(0, DRAWS, size):
        yield rng.multinomial(n, shares / shares.sum(), size=min(size, DRAWS - first)) / n


def _medians(samples: Floats, values: Ints) -> Ints:
    return np.asarray(values[(np.cumsum(samples, axis=1) >= 0.5 - 1e-9).argmax(axis=1)])


# -- bins --------------------------------------------------------------------------------------------------------


def number_bins(values: Ints) -> NumberBins:
    """At most 20 bins for these numbers (ascending, K ≥ 1): single numbers, equal steps, or ever wider ones.

    Bins widen (1, 2, 5, 10, 20, … or, if these are too many, 1, 10, 100, …) if the largest number is a hundred times
    the lower quartile of the distinct positive ones; with equal bins, nearly all answers would be in the first.
    """
    low, high = int(values[0]), int(values[-1])
    positive = values[values > 0]
    if high - low < MAX_BINS:
        starts, ends = list(range(low, high + 1)), list(range(low, high + 1))
        title = "Answer"
    elif len(positive) and high >= DECADES * float(np.quantile(positive, 0.25)) and high > -low:
        starts, last = _widening(values, low, high)
        ends = [*(start - 1 for start in starts[1:]), last]
        title = "Answer (bins widen to the right)"
    else:
        step = next(step for step in _nice((1, 2, 5)) if high // step - low // step < MAX_BINS)
        starts = [step * place for place in range(low // step, high // step + 1)]
        ends = [start + step - 1 for start in starts]
        title = f"Answer (in steps of {step:,})"
    names = tuple(f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in zip(starts, ends, strict=True))
    places = np.searchsorted(np.array(starts), values, side="right") - 1
    return NumberBins(np.asarray(places, dtype=np.int64), tuple(starts), names, title)


def _widening(values: Ints, low: int, high: int) -> tuple[list[int], int]:
    """Where ever wider bins start, and the last number of the last one."""
    least = int(values[values > 0][0])
    for digits in ((1, 2, 5), (1,)):
        grid = list(itertools.takewhile(lambda start: start <= high, _nice(digits)))
        beyond = next(start for start in _nice(digits) if start > high)
        first = max(start for start in grid if start <= least)
        starts = [start for start in grid if start >= first]
        if low <= 0:  # zero, and the negative numbers, have bins of their own
            starts = [*([low] if low < 0 else []), 0, *(starts if first == 1 else [1, *starts])]
        if len(starts) <= MAX_BINS:
            break
    return starts, beyond - 1


def _nice(digits: tuple[int, ...]) -> Iterator[int]:
    return (digit * 10**power for power in itertools.count() for digit in digits)
