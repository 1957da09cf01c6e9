"""Whether what people showed lay inside of what a record states."""

import math
from dataclasses import dataclass
from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.record.frozen import FrozenClaim

INNER_Z: Final = 1.2815515655
OUTER_Z: Final = 1.9599639845
"""Standard errors on either side of 80 % and of 95 % of a normal distribution."""


@dataclass(frozen=True)
class Inside:
    """Whether a figure lay inside; None where no interval was registered."""

    inner: bool | None
    """At 80 %."""
    outer: bool | None
    """At 95 %."""


@dataclass(frozen=True)
class Judged:
    """A registered claim of a true mean or effect beside what people showed."""

    claim: FrozenClaim
    observed: float | None
    """None if too few people answered."""
    ends: Interval | None
    """Its 95 % interval over samples of people."""
    registered: Inside
    """Inside of the registered interval, which is of the truth."""
    sampled: Inside
    """Inside of that interval, widened by the sampling error of these people: what was observed is not the truth."""


def judged(claim: FrozenClaim, observed: float | None, ends: Interval | None) -> Judged:
    """Compare an observed figure with the intervals that were registered; they are not computed anew.

    An interval c ± h of the truth is c ± √(h² + (z · s)²) of what a sample shows, with s the standard error of the
    people's figure, here their 95 % interval's width over 2 · 1.96, and z of the level: errors of model and sampling
    are independent (normal approximation; DerSimonian and Laird 1986 add them so).
    """
    if observed is None or ends is None:
        return Judged(claim, None, None, Inside(None, None), Inside(None, None))
    error = (ends.high - ends.low) / (2 * OUTER_Z)
    sides = (claim.inner, claim.outer)
    strict = [_inside(observed, at) for at in sides]
    wide = [_inside(observed, widened(at, z * error)) for at, z in zip(sides, (INNER_Z, OUTER_Z), strict=True)]
    return Judged(claim, observed, ends, Inside(*strict), Inside(*wide))


def widened(at: Interval | None, by: float) -> Interval | None:
    """An interval widened by an independent error of this half-width."""
    if at is None:
        return None
    middle, half = (at.high + at.low) / 2, math.hypot((at.high - at.low) / 2, by)
    return Interval(middle - half, middle + half)


def _inside(value: float, at: Interval | None) -> bool | None:
    return None if at is None else at.low <= value <= at.high
