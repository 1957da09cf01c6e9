"""The interpretation of one cell's figures, in a sentence."""

from dataclasses import dataclass
from typing import Final, Literal

from socrates_core.metrics.uncertainty import Interval

FEW: Final = 30
"""Below this many people a verdict is withheld; the Silicon Sample Benchmark skips groups under 30 too."""

TIE: Final = 1e-6
"""Differences up to this are rounding: the uniform baseline is exactly as close as itself."""

VerdictCode = Literal["within_chance", "too_few", "worse_than_uniform", "better_than_uniform", "like_uniform"]


@dataclass(frozen=True)
class Verdict:
    """The interpretation of one cell's figures."""

    code: VerdictCode
    sentence: str
    """In plain words."""


def verdict(w: float, limit: float, gain: Interval, n: float) -> Verdict:
    """One sentence on how close predicted answers are to actual ones.

    In this order: under 30 people nothing is claimed, except that W above the limit is reported as such (that test
    holds for any n). W up to the limit is within chance; the sentence adds if the prediction cannot be distinguished
    from the uniform baseline. Beyond the limit, the interval of the gain over the uniform baseline decides: above 0,
    below 0, or around 0.

    Args:
        w: The Wasserstein distance.
        limit: From `chance_limit`.
        gain: From `distance_intervals`.
        n: Number of people who answered (or their effective number).
    """
    beyond = w > limit + TIE
    if n < FEW:
        more = " Even so, they differ from the simulated answers by more than chance explains." if beyond else ""
        return Verdict("too_few", f"Too few people for a verdict: the comparison rests on {n:.0f} answers.{more}")
    if not beyond:
        tied = "" if gain.low > TIE else " With this many people, it cannot be distinguished from the uniform baseline."
        return Verdict(
            "within_chance",
            "The simulated and the actual answers differ by no more than two samples of people would differ." + tied,
        )
    if gain.high < -TIE:
        return Verdict("worse_than_uniform", "The prediction is worse than the uniform baseline.")
    if gain.low > TIE:
        return Verdict(
            "better_than_uniform",
            "The prediction is closer than the uniform baseline, but differs from the actual answers by more than "
            "chance explains.",
        )
    return Verdict(
        "like_uniform",
        "The prediction differs from the actual answers by more than chance explains, and is not reliably closer than "
        "the uniform baseline.",
    )
