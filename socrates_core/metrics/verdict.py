"""What the numbers of one cell mean, in a sentence."""

from dataclasses import dataclass
from typing import Final, Literal

from socrates_core.metrics.uncertainty import Interval

FEW: Final = 30
"""Below this many people a verdict is withheld; the Silicon Sample Benchmark skips groups under 30 too."""

TIE: Final = 1e-6
"""Differences up to this are rounding: guessing evenly is exactly as close as guessing evenly."""

VerdictCode = Literal["within_chance", "too_few", "worse_than_uniform", "better_than_uniform", "like_uniform"]


@dataclass(frozen=True)
class Verdict:
    """What the numbers of one cell mean."""

    code: VerdictCode
    sentence: str
    """In plain words."""


def verdict(w: float, limit: float, gain: Interval, n: float) -> Verdict:
    """One sentence on how close predicted answers are to actual ones.

    In this order: under 30 people nothing is claimed, except that a distance above the limit is named as such (that
    test holds for any n). A distance up to the limit is within chance; it says so if guessing evenly cannot be told
    apart from it. Beyond the limit, the interval of the gain over guessing evenly decides: above 0, below 0, or both.

    Args:
        w: The distance.
        limit: From `chance_limit`.
        gain: From `distance_intervals`.
        n: How many people answered (or their effective number).
    """
    beyond = w > limit + TIE
    if n < FEW:
        more = " All the same, they differ from the simulated answers by more than chance explains." if beyond else ""
        return Verdict("too_few", f"Too few people to say: the comparison rests on {n:.0f} answers.{more}")
    if not beyond:
        evenly = "" if gain.low > TIE else " With this many people, guessing evenly cannot be told apart from it."
        return Verdict(
            "within_chance",
            "The simulated and the actual answers differ by no more than two samples of people would differ." + evenly,
        )
    if gain.high < -TIE:
        return Verdict("worse_than_uniform", "The prediction is worse than guessing evenly over the options.")
    if gain.low > TIE:
        return Verdict(
            "better_than_uniform",
            "The prediction is closer than guessing evenly, but differs from the actual answers by more than chance "
            "explains.",
        )
    return Verdict(
        "like_uniform",
        "The prediction differs from the actual answers by more than chance explains, and is not reliably closer than "
        "guessing evenly.",
    )
