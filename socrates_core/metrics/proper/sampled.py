"""Proper scores of one distribution that is stated for everybody, with intervals over samples of people.

Who chose option y gives the prediction p the score S(p, y), one of K numbers. So the mean score of n people's answers
is a mean of numbers that can only be these, with the interval that means of answers have (`mean_interval`). How much
better p is than another prediction p° is the mean of S(p°, y) − S(p, y): the same people judge both.
"""

from dataclasses import dataclass

import numpy as np

from socrates_core.metrics.proper.scores import Scores, brier, log_score, ranked_probability
from socrates_core.metrics.uncertainty import LEVEL, PSEUDO_COUNT, Interval, interval_within
from socrates_core.scale.distribution import Floats


@dataclass(frozen=True)
class ScoreIntervals:
    """95 % intervals over samples of people."""

    brier: Interval
    rps: Interval | None
    """None if the options have no order."""
    log: Interval


@dataclass(frozen=True)
class SampledScores:
    """Mean scores of people's answers, or by how much those of one prediction are better than those of another."""

    scores: Scores
    intervals: ScoreIntervals


def sampled_scores(
    probs: Floats, shares: Floats, n: float, ordered: bool, better_than: Floats | None = None
) -> SampledScores:
    """The mean scores of a distribution, given people's answers.

    Args:
        probs: (K,) the distribution p.
        shares: (K,) of the answers, which add up to 1.
        n: The effective number of people, 1 or more.
        ordered: Whether the options have an order.
        better_than: (K,) another distribution p°: its scores minus those of p, above 0 where p is better.
    """
    own = _option_scores(probs)
    theirs = None if better_than is None else _option_scores(better_than)
    columns = own if theirs is None else [one - mine for one, mine in zip(theirs, own, strict=True)]
    means = [float(shares @ one) for one in columns]
    ends = [share_mean_interval(one, shares, n) for one in columns]
    return SampledScores(
        Scores(means[0], means[1] if ordered else None, means[2]),
        ScoreIntervals(ends[0], ends[1] if ordered else None, ends[2]),
    )


def share_mean_interval(values: Floats, shares: Floats, n: float, level: float = LEVEL) -> Interval:
    """The interval of a mean as `mean_interval` gives it, of n people of whom a share gave each of K values.

    With the mean m and the variance s² of the values in the shares, c = 2 pseudo-people spread evenly over the values,
    whose mean is a and whose mean squared distance from m′ is d², and m′ = (n m + c a)/(n + c):
    m′ ± t · √(n (s² + (m − m′)²) + c d²)/(n + c), within the values, with n + c − 1 degrees of freedom.

    Args:
        values: (K,) what an answer can be.
        shares: (K,) of the answers.
        n: The effective number of people, 1 or more.
        level: Of the interval.
    """
    whole = n + PSEUDO_COUNT
    mean = float(shares @ values)
    middle = (n * mean + PSEUDO_COUNT * float(values.mean())) / whole
    squares = np.square(values - middle)
    variance = (n * float(shares @ squares) + PSEUDO_COUNT * float(squares.mean())) / whole**2
    return interval_within(values, mean, middle, variance, whole, level)


def _option_scores(probs: Floats) -> list[Floats]:
    """(K,) Brier, ranked probability and log score of each option, were it the answer."""
    options = len(probs)
    rows, answers = np.tile(probs, (options, 1)), np.arange(options)
    return [of(rows, answers) for of in (brier, ranked_probability, log_score)]
