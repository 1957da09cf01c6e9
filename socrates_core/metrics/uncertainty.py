"""How reliable a Wasserstein distance (W) is: noise floor, intervals, and helpers for limits of chance.

W is never negative, so a sample of people differs even from a perfect prediction: the fewer people, the more. W
cannot be interpreted without n and the noise floor.

Weighted answers enter through their effective number (Kish): all functions treat them as that many equal ones.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtrit, xlog1py, xlogy

from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import AnswerDistribution, Floats

DRAWS: Final = 500
"""Resamples behind an interval or a limit. The limit then varies by about 4 % of itself between seeds (7 % with 200
resamples, 3 % with 1,000)."""

LEVEL: Final = 0.95
PSEUDO_COUNT: Final = 2.0
"""Pseudo-answers, spread evenly over the options, that are added before a floor or an interval is estimated: even if a
few people all agree, the population may not."""

MAX_POSITIONS: Final = 256
"""Longer scales are resampled over this many groups of neighbouring options, at their mean position: the error is below
1/256 of the width, and a slider of ten thousand steps costs no more than one of a hundred."""


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; [low, high] in metrics.json."""

    low: float
    high: float

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: Callable[[object], Any]) -> Any:
        """How pydantic reads an interval: from its two ends."""
        from pydantic import AfterValidator

        return handler(Annotated[tuple[float, float], AfterValidator(lambda ends: cls(*ends))])


# -- the noise floor ---------------------------------------------------------------------------------------------


def noise_floor(truth: AnswerDistribution, n: float) -> float:
    """Expected W between the answers of n people and the distribution that they come from, in [0, 1].

    E W1(F_n, F) = Σ_k gap_k · E|Bin(n, F_k) − n·F_k| / n, gaps in shares of the scale's width, the mean absolute
    deviation in De Moivre's closed form. Exact, stable up to n = 1e6 and beyond. This is the expected W of a perfect
    prediction.

    Args:
        truth: The distribution of the answers. A scale of one option has floor 0.
        n: People, ≥ 1; if n is not whole (an effective n), the floor at ⌊n⌋ is scaled by √(⌊n⌋/n).

    Raises:
        ValueError: If n is below 1.
    """
    if len(truth.values) == 1:
        return 0.0
    positions = (truth.values - truth.values[0]) / (truth.values[-1] - truth.values[0])
    return float(noise_floors(truth.probs, positions, np.float64(n)))


def noise_floors(truth: Floats, positions: Floats, n: npt.ArrayLike) -> Floats:
    """Compute `noise_floor` for many cells at once.

    Args:
        truth: (..., K) probabilities; 0 where a cell is padded.
        positions: (..., K) where the options lie in [0, 1], ascending; NaN makes the cell's floor NaN.
        n: (...) people, ≥ 1.

    Raises:
        ValueError: If an n is below 1.
    """
    people = np.asarray(n, dtype=np.float64)
    if not (people >= 1).all():
        raise ValueError(f"a noise floor needs 1 person or more, got {people.min()}")
    whole = np.floor(people)
    below = np.cumsum(truth, axis=-1)[..., :-1].clip(0, 1)
    deviation = _binomial_deviation(whole[..., None], below) / whole[..., None]
    return np.asarray((deviation * np.diff(positions, axis=-1)).sum(axis=-1) * np.sqrt(whole / people))


def effective_n(weights: npt.ArrayLike) -> float:
    """The effective number of weighted answers, (Σw)² / Σw² (Kish 1965).

    Raises:
        ValueError: If there is no weight, one is negative, or all are 0.
    """
    w = np.asarray(weights, dtype=np.float64)
    if len(w) == 0 or not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        raise ValueError("weights must be numbers of 0 or more that are not all 0")
    w = w / w.max()
    return float(w.sum() ** 2 / (w**2).sum())


def split_half(actual: AnswerDistribution, n: float, rng: np.random.Generator, draws: int = 200) -> float | None:
    """W between two samples of n people, estimated from random halves of the n: in [0, 1].

    The mean W between halves, divided by √2 because a half has n/2 people. This is what a second survey of the same
    size would score as a prediction of the first. None below 4 people: a half would be a single answer.
    """
    width = max(1, int(actual.values[-1] - actual.values[0]))
    starts, positions = groups_of_options((actual.values - actual.values[0]) / width)
    counts = _whole_counts(grouped(actual.probs, starts), n)
    total = int(counts.sum())
    if total < 4:
        return None
    one = rng.multivariate_hypergeometric(counts, total // 2, size=draws)
    other = counts - one
    halves = wasserstein_rows(one / (total // 2), other / (total - total // 2), positions)
    return float(halves.mean() / math.sqrt(2))


# -- intervals ---------------------------------------------------------------------------------------------------


def mean_interval(answers: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Interval:
    """95 % interval of a mean: ± t · sd / √n with the effective n; for a single answer, the answer itself.

    Args:
        answers: (N,) N ≥ 1.
        weights: (N,) positive, or None for equal ones.
    """
    y = np.asarray(answers, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    n, mean = effective_n(w), float(np.average(y, weights=w))
    if n <= 1:
        return Interval(mean, mean)
    variance = float(np.average((y - mean) ** 2, weights=w)) * n / (n - 1)
    half = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * math.sqrt(variance / n)
    return Interval(mean - half, mean + half)


@dataclass(frozen=True, eq=False)
class GroupAnswers:
    """Answers of a group, with the people who gave them."""

    people: npt.NDArray[np.int64]
    """(N,) ids; can contain a person more than once."""
    answers: Floats
    """(N,) N ≥ 1."""
    weights: Floats
    """(N,) positive."""

    @property
    def mean(self) -> float:
        """Weighted."""
        return float(np.average(self.answers, weights=self.weights))


def difference_interval(
    group: GroupAnswers, minus: GroupAnswers, rng: np.random.Generator, draws: int = DRAWS
) -> Interval:
    """95 % percentile interval of the mean of one group minus that of another, resampling people.

    A person who is in both groups is resampled with all answers, so that within-subject designs keep their pairing.
    """
    ids, place = np.unique(np.concatenate([group.people, minus.people]), return_inverse=True)
    sums = np.zeros((len(ids), 4))  # Σw·y and Σw in the one group, then in the other
    for column, side, where in zip((0, 2), (group, minus), np.split(place, [len(group.people)]), strict=True):
        np.add.at(sums[:, column], where, side.weights * side.answers)
        np.add.at(sums[:, column + 1], where, side.weights)
    records, counts = np.unique(sums, axis=0, return_counts=True)
    total = rng.multinomial(len(ids), counts / len(ids), size=draws) @ records
    both = (total[:, 1] > 0) & (total[:, 3] > 0)  # a resample can miss a tiny group
    means = total[both][:, [0, 2]] / total[both][:, [1, 3]]
    low, high = np.quantile(means[:, 0] - means[:, 1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


# -- pieces ------------------------------------------------------------------------------------------------------


def _binomial_deviation(n: Floats, p: Floats) -> Floats:
    """E|Bin(n, p) − np| = 2·v·C(n, v)·p^v·(1 − p)^(n−v+1) with v = ⌊np⌋ + 1 (De Moivre 1730); 0 at p = 0 and 1."""
    v = np.minimum(np.floor(n * p) + 1, n)
    logs = gammaln(n + 1) - gammaln(v + 1) - gammaln(n - v + 1) + xlogy(v, p) + xlog1py(n - v + 1, -p)
    return np.asarray(np.where((p <= 0) | (p >= 1), 0.0, 2 * v * np.exp(logs)))


def smoothed(shares: Floats, n: float) -> Floats:
    """(K,) where the answers of n people come from, as estimated; the noise floor of a cell is that of this.

    The answers' own distribution would give a floor that is biased low: by 64, 37, 16, 6 and 2 % at n = 2, 4, 10, 30
    and 100 (truths flat over the simplex, K = 2..11), and 0 where all agree. Two pseudo-answers spread over the options
    bring the bias to +3, +1, −1, 0 and 0 %; a factor √(n/(n−1)) to −49 … −1 %, Laplace's one for each option to
    +12 … +1 %, half of one to +6 … 0 %. On sparse truths (Dirichlet 0.4) it is +24, +16, +9, +4 and +2 %.
    """
    return np.asarray((shares * n + PSEUDO_COUNT / len(shares)) / (n + PSEUDO_COUNT))


def groups_of_options(positions: Floats, most: int = MAX_POSITIONS) -> tuple[npt.NDArray[np.int64], Floats]:
    """The start of each group of options and its position in [0, 1]; up to `most` options, each is its own group."""
    groups = min(len(positions), most)
    starts = np.arange(groups) * len(positions) // groups
    return starts, np.asarray(grouped(positions, starts) / np.diff(starts, append=len(positions)))


def grouped(shares: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """(..., G) sums over the groups that start there, of shares (..., K)."""
    return shares if shares.shape[-1] == len(starts) else np.asarray(np.add.reduceat(shares, starts, axis=-1))


def _whole_counts(shares: Floats, n: float) -> npt.NDArray[np.int64]:
    """(K,) whole answers that add up to round(n), as close to the shares as whole numbers get."""
    exact = (shares * round(n)).round(9)  # equal remainders stay equal, however the shares were added up
    counts = np.floor(exact + 1e-9).astype(np.int64)
    short = round(n) - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return counts
