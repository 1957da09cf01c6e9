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

    def times(self, factor: float) -> "Interval":
        """The interval in another unit."""
        return Interval(factor * self.low, factor * self.high)

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


def mean_interval(
    answers: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    options: npt.ArrayLike | None = None,
    *,
    level: float = LEVEL,
) -> Interval:
    """95 % interval of a mean, by the effective n; for a single number that is no option, the number itself.

    Numbers that can lie anywhere have Student's, ± t · sd / √n. For answers on a scale this is too narrow: ten people
    who agree on yes or no do not show that everybody would. `PSEUDO_COUNT` pseudo-answers are added to theirs, spread
    evenly over the options, and the interval is Student's around the mean of both, within the scale (Agresti and Coull
    1998, for K options). It covers 96 % on average over 2 to 11 options, 10 to 1,000 people, flat and peaked truths,
    and with two options at least 92.7 % whatever the true share, where Student's covers 90 % and 50 % at worst.

    Args:
        answers: (N,) N ≥ 1.
        weights: (N,) positive, or None for equal ones.
        options: (K,) where the answers can lie, in their unit; None if anywhere.
        level: Of the interval.
    """
    y = np.asarray(answers, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    n, mean = effective_n(w), float(np.average(y, weights=w))
    if options is not None:
        where = np.asarray(options, dtype=np.float64)
        group = GroupAnswers(np.arange(len(y)), y, w, where)
        side = _side(group, np.arange(len(y)), len(y), PSEUDO_COUNT)
        return interval_within(where, mean, side.mean, side.variance, side.n, level)
    if n <= 1:
        return Interval(mean, mean)
    variance = float(np.average((y - mean) ** 2, weights=w)) * n / (n - 1)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * math.sqrt(variance / n)
    return Interval(mean - half, mean + half)


def interval_within(
    options: Floats, mean: float, with_pseudo: float, variance: float, n: float, level: float
) -> Interval:
    """Student's interval around the mean of answers and pseudo-answers, within the options, and with the answers' own.

    Args:
        options: (K,) where the answers can lie.
        mean: Of the answers.
        with_pseudo: Of both.
        variance: Of `with_pseudo`.
        n: Effective number of both.
        level: Of the interval.
    """
    half = float(stdtrit(n - 1, (1 + level) / 2)) * math.sqrt(variance)
    low, high = float(options.min()), float(options.max())
    return Interval(max(low, min(mean, with_pseudo - half)), min(high, max(mean, with_pseudo + half)))


@dataclass(frozen=True, eq=False)
class GroupAnswers:
    """Answers of a group, with the people who gave them."""

    people: npt.NDArray[np.int64]
    """(N,) ids; can contain a person more than once."""
    answers: Floats
    """(N,) N ≥ 1."""
    weights: Floats
    """(N,) positive."""
    options: Floats | None = None
    """(K,) where an answer can lie, in its unit; None if anywhere, as the mean of a predicted distribution can."""

    @property
    def mean(self) -> float:
        """Weighted."""
        return float(np.average(self.answers, weights=self.weights))


@dataclass(frozen=True)
class MeanDifference:
    """The mean of one group minus that of another, in the unit of the answers."""

    value: float
    se: float
    """Standard error, unsmoothed: √ Σ_i (Σ w(y − ȳ)/W · √(n/(n − 1)))², over people, of whom n is the effective
    number."""
    interval: Interval
    """95 %, or of the level that was asked for."""


def mean_difference(group: GroupAnswers, minus: GroupAnswers, *, level: float = LEVEL) -> MeanDifference:
    """The mean of one group minus that of another, with its interval over samples of people, of 95 % if not told.

    The squared standard error sums over people what each contributes to the difference, so people who are in both
    groups keep their pairing. Without such people this is Welch's s²/n + s²/n, and the degrees of freedom of the t
    interval are Welch's too.

    Where answers can only be options of a scale, `PSEUDO_COUNT` pseudo-people are added to each group, who answer
    evenly over its options; if the groups share people, one is added to both, who answers twice. The interval is
    centred on the means of people and pseudo-people. With two options this is the interval of Agresti and Caffo (2000),
    with t for z, and that of Agresti and Min (2005) for pairs. Without them, an arm in which everybody agrees seems to
    have no error at all. `python -m eval.bench --suite statistics` measures what it covers. With two options and 5 to
    300 people an arm, it covers at least 92.9 % for every pair of true shares, where Welch's covers 1 % at worst
    (binomial sums).
    """
    people, place = np.unique(np.concatenate([group.people, minus.people]), return_inverse=True)
    places = np.split(place, [len(group.people)])
    shared = len(people) < sum(len(np.unique(one)) for one in places)

    def sides(pseudo: float) -> list[_Side]:
        both = zip((group, minus), places, strict=True)
        return [_side(one, where, len(people), pseudo) for one, where in both]

    def error(one: _Side, other: _Side) -> float:
        return math.sqrt(float(((one.parts - other.parts) ** 2).sum()) + one.pseudo_variance + other.pseudo_variance)

    plain = sides(0.0)
    value = plain[0].mean - plain[1].mean
    smooth = sides(1.0 if shared else PSEUDO_COUNT)
    freedom = min(one.n for one in smooth) - 1 if shared else _welch(smooth)
    half = float(stdtrit(max(freedom, 1.0), (1 + level) / 2)) * error(*smooth)
    centre = smooth[0].mean - smooth[1].mean
    low, high = min(value, centre - half), max(value, centre + half)
    if group.options is not None and minus.options is not None:
        low = max(low, float(group.options.min() - minus.options.max()))
        high = min(high, float(group.options.max() - minus.options.min()))
    return MeanDifference(value, error(*plain), Interval(low, high))


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two groups of a difference, with its pseudo-people."""

    mean: float
    parts: Floats
    """(P,) what each of the people of both groups contributes to the error of the mean."""
    pseudo_variance: float
    """What the pseudo-people add to its variance."""
    n: float
    """The effective number of people; with pseudo-people, of both."""

    @property
    def variance(self) -> float:
        """Of the mean, squared standard error."""
        return float((self.parts**2).sum()) + self.pseudo_variance


def _side(group: GroupAnswers, place: npt.NDArray[np.int64], people: int, pseudo: float) -> _Side:
    """One side; `pseudo` pseudo-people are added if its answers are options of a scale.

    Args:
        group: The answers.
        place: (N,) who gave them, as a place among the people of both groups.
        people: Number of these.
        pseudo: Pseudo-people, each with the weight that a person of the effective number has.
    """
    total = float(group.weights.sum())
    if group.options is None or pseudo == 0:
        n = effective_n(np.bincount(place, group.weights))
        share = group.weights * (group.answers - group.mean) / total * math.sqrt(n / (n - 1) if n > 1 else 1.0)
        parts = np.asarray(np.bincount(place, share, minlength=people), dtype=np.float64)
        return _Side(group.mean, parts, 0.0, n)
    n_effective = effective_n(np.bincount(place, group.weights))
    added = pseudo * total / n_effective
    whole = total + added
    mean = (total * group.mean + added * float(group.options.mean())) / whole
    share = group.weights * (group.answers - mean) / whole
    parts = np.asarray(np.bincount(place, share, minlength=people), dtype=np.float64)
    spread = float(((group.options - mean) ** 2).mean())
    return _Side(mean, parts, (added / whole) ** 2 * spread / pseudo, n_effective + pseudo)


def _welch(sides: list[_Side]) -> float:
    """Welch and Satterthwaite's degrees of freedom; n1 + n2 − 2 if the answers do not vary."""
    below = sum(side.variance**2 / max(1.0, side.n - 1) for side in sides)
    return sum(side.variance for side in sides) ** 2 / below if below > 0 else sum(side.n for side in sides) - 2


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
