"""How much of a cell's W chance explains: the interval of W, the interval of its gain over the uniform baseline, and
the limit that W exceeds 1 time in 20 if people answer exactly as predicted.

The functions serve every convention: arguments are shares over K options and the options' positions in [0, 1].
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.gain import GainCurves, gain_interval
from socrates_core.metrics.uncertainty import (
    DRAWS,
    LEVEL,
    MAX_POSITIONS,
    Interval,
    grouped,
    groups_of_options,
    smoothed,
)
from socrates_core.scale.distribution import Floats

CHUNK: Final = 1_000_000
"""Entries of a table of resamples that are in memory at a time."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predicted side of a cell, and how it would vary if the prediction were repeated.

    The mean distribution over exactly the people who answered does not vary: no people were drawn, and distributions
    are exact. It varies if the simulated people were drawn at random (`rows`), or if numbers were drawn from the
    predicted distributions (`draws`).
    """

    shares: Floats
    """(K,) the predicted shares."""
    rows: Floats | None = None
    """(P, K) the simulated people's distributions, of which `shares` is the mean; needed if `redrawn` is above 0."""
    weights: Floats | None = None
    """(P,) weights of the rows; equal when None."""
    redrawn: float = 0.0
    """The variance of the mean between draws of people, as a multiple of that of P independent draws."""
    draws: float | None = None
    """Number of drawn answers behind `shares`; None if they are exact."""

    def moves(self, source: Floats, rng: np.random.Generator, times: int) -> Floats:
        """(B, K) or (1, K) deviations of repeated predictions, centred on 0; numbers are drawn from `source` (K,)."""
        if self.draws is not None:
            return _samples(source, self.draws, rng, times) - source
        if self.rows is None or self.redrawn == 0:
            return np.zeros((1, len(self.shares)))
        return math.sqrt(self.redrawn) * _mean_resamples(self.rows, self.weights, rng, times)

    def grouped(self, starts: npt.NDArray[np.int64]) -> "Prediction":
        """The same prediction over groups of neighbouring options."""
        rows = None if self.rows is None else grouped(self.rows, starts)
        return replace(self, shares=grouped(self.shares, starts), rows=rows)


@dataclass(frozen=True)
class Chance:
    """How much of W chance explains."""

    interval: Interval
    """95 % interval of W."""
    limit: float
    """95 % quantile of W if people answer exactly as predicted."""
    gain: Interval
    """95 % interval of the uniform baseline's W minus W."""


def chance_of(
    model: Prediction,
    actual: Floats,
    positions: Floats,
    n: float,
    rng: np.random.Generator,
) -> Chance:
    """What chance explains, on a stated scale; arguments as for `distance_interval`."""
    limit = chance_limit(model, actual, positions, n, rng)
    intervals = distance_intervals(model, actual, positions, n, rng)
    return Chance(intervals.distance, limit, intervals.gain)


@dataclass(frozen=True)
class DistanceIntervals:
    """Intervals of one cell, over samples of people and of simulated people."""

    distance: Interval
    """Interval of W, within [0, 1]."""
    gain: Interval
    """Interval of the uniform baseline's W minus W, within [−1, 1]."""


def distance_intervals(
    predicted: Prediction,
    actual: Floats,
    positions: Floats,
    n: float,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> DistanceIntervals:
    """95 % intervals by resampling the people who answered, and the random part of the prediction.

    Arguments as for `distance_interval`, whose interval and resamples these are; `gain_interval` has the gain's.
    """
    sides = _sides(predicted, actual, positions, n)
    evenly = grouped(np.full(len(actual), 1 / len(actual)), sides.starts)
    moves = list(sides.moves(rng, draws))
    people, simulated = (np.concatenate(side) for side in zip(*moves, strict=True))
    curves = GainCurves(
        actual=np.cumsum(sides.shares)[:-1],
        smooth=np.cumsum(sides.truth)[:-1],
        predicted=np.cumsum(sides.model.shares)[:-1],
        evenly=np.cumsum(evenly)[:-1],
        gaps=sides.gaps,
        people=people,
        simulated=simulated if len(simulated) == len(people) else simulated[:1],
    )
    return DistanceIntervals(sides.around(moves), gain_interval(curves, n))


def distance_interval(
    predicted: Prediction,
    actual: Floats,
    positions: Floats,
    n: float,
    rng: np.random.Generator,
    most: int = MAX_POSITIONS,
    draws: int = DRAWS,
) -> Interval:
    """95 % interval of the distance, within [0, 1].

    Resampled distances are biased upward, so their percentiles miss small distances (0 % coverage where the prediction
    is right). With q the 95 % quantile of the distance between a resample and the sample, the triangle inequality gives
    W ± q; the upper percentile, which the bias makes safe, takes the upper end where it is lower. Measured on flat
    truths with K = 2, 5, 7, 11 and on sparse ones with 101 options, predictions from perfect to unrelated, n = 30,
    100 and 1000: coverage 92 to 99 %, 96 % on average.

    Args:
        predicted: Over the same options.
        actual: (K,) shares of the human answers.
        positions: (K,) where the options lie in [0, 1], ascending.
        n: How many answers (or an effective number), ≥ 1.
        rng: For the resamples.
        most: If there are more options, neighbours are grouped, which is accurate on a stated scale. In open-ended
            answers an outlier can stretch the range and the others pile up in a corner of it: do not group those.
        draws: Resamples.
    """
    sides = _sides(predicted, actual, positions, n, most)
    return sides.around(sides.moves(rng, draws))


@dataclass(frozen=True, eq=False)
class _Sides:
    """Both sides of a cell over at most G groups of neighbouring options."""

    starts: npt.NDArray[np.int64]
    """(G,) where each group starts among the options."""
    gaps: Floats
    """(G − 1,) from each group to the next, in shares of the width."""
    shares: Floats
    """(G,) of the answers."""
    truth: Floats
    """(G,) where the answers come from, as estimated."""
    model: Prediction
    n: float
    """Answers."""

    def moves(self, rng: np.random.Generator, draws: int) -> Iterator[tuple[Floats, Floats]]:
        """How the CDFs of answers (B, G − 1) and of prediction (B or 1, G − 1) move, in tables not too large."""
        for times in _chunks(draws, len(self.truth)):
            people = np.cumsum(_samples(self.truth, self.n, rng, times) - self.truth, axis=1)[:, :-1]
            yield people, np.cumsum(self.model.moves(self.model.shares, rng, times), axis=1)[:, :-1]

    def around(self, moves: Iterable[tuple[Floats, Floats]]) -> Interval:
        """The interval of the distance from how both CDFs move."""
        off, reaches, distances = np.cumsum(self.shares - self.model.shares)[:-1], [], []
        for people, simulated in moves:
            wobble = people - simulated
            reaches.append(np.abs(wobble) @ self.gaps)
            distances.append(np.abs(off + wobble) @ self.gaps)
        distance = float(np.abs(off) @ self.gaps)
        reach = float(np.quantile(np.concatenate(reaches), LEVEL))
        upper = float(np.quantile(np.concatenate(distances), (1 + LEVEL) / 2))
        return Interval(max(0.0, distance - reach), min(1.0, distance + reach, max(upper, distance)))


def _sides(predicted: Prediction, actual: Floats, positions: Floats, n: float, most: int = MAX_POSITIONS) -> _Sides:
    starts, x = groups_of_options(positions, most)
    shares = grouped(actual, starts)
    return _Sides(starts, np.diff(x), shares, smoothed(shares, n), predicted.grouped(starts), n)


def chance_limit(
    predicted: Prediction,
    actual: Floats,
    positions: Floats,
    n: float,
    rng: np.random.Generator,
    most: int = MAX_POSITIONS,
    draws: int = DRAWS,
) -> float:
    """The W that n people who answer exactly as predicted exceed 1 time in 20.

    The 95 % quantile of W between n answers drawn from the prediction and a repeated prediction. A larger W is beyond
    what chance explains (a Monte Carlo test at the 5 % level). If the prediction is itself a sample of numbers, both
    are drawn from the estimated distribution of people's answers.

    Args:
        predicted: Over the same options.
        actual: (K,) shares of the human answers; used only if the prediction is drawn numbers.
        positions: (K,) where the options lie in [0, 1], ascending.
        n: Number of people who answered, ≥ 1.
        rng: For the draws.
        most: As for `distance_intervals`.
        draws: Simulated samples.
    """
    starts, x = groups_of_options(positions, most)
    model = predicted.grouped(starts)
    source = model.shares / model.shares.sum() if model.draws is None else smoothed(grouped(actual, starts), n)
    found = []
    for times in _chunks(draws, len(x)):
        wobble = _samples(source, n, rng, times) - source - model.moves(source, rng, times)
        found.append(np.abs(np.cumsum(wobble, axis=1)[:, :-1]) @ np.diff(x))
    return float(np.quantile(np.concatenate(found), LEVEL))


def _chunks(draws: int, k: int) -> list[int]:
    """Split `draws` resamples of k options into tables of limited size."""
    size = max(1, CHUNK // k)
    return [min(size, draws - first) for first in range(0, draws, size)]


def _samples(source: Floats, n: float, rng: np.random.Generator, times: int) -> Floats:
    """(B, K) shares of n answers from the source.

    The source is rounded: the sampler branches at a probability of one half, and rounding errors in the shares must not
    change the resamples of a cell.
    """
    people, chances = max(1, round(n)), source.round(12)
    return np.asarray(rng.multinomial(people, chances / chances.sum(), size=times) / people)


def _mean_resamples(rows: Floats, weights: Floats | None, rng: np.random.Generator, times: int) -> Floats:
    """(B, K) deviations of the mean of P rows when people are redrawn, centred on 0."""
    mass = np.full(len(rows), 1 / len(rows)) if weights is None else weights / weights.sum()
    different, place = np.unique(rows, axis=0, return_inverse=True)
    if len(different) == 1:
        return np.zeros((1, rows.shape[1]))
    counts = rng.multinomial(len(rows), np.bincount(place.ravel(), mass), size=times)
    return np.asarray(counts @ different / len(rows) - mass @ rows)
