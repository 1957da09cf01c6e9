"""How the answers to an outcome are taken, where a map says so: its scale, rounding, or bins."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.sources.table.map_form import ScaleMap

RULE: Final = "_rule"
"""Column of the key of the rule that a map states for an answer; null where it states none."""

EVERY: Final = ""
"""Key of the rule for all answers."""


@dataclass(frozen=True)
class AnswerRule:
    """How the answers to an outcome become options."""

    scale: AnswerScale | None = None
    """None if its text states it."""
    to_nearest: bool = False
    """An answer between two options becomes the nearer one."""
    edges: tuple[float, ...] = ()
    """(B + 1,) ascending edges of bins; empty where answers are options themselves."""

    @property
    def converts(self) -> bool:
        """Whether a whole number in a table may be another number here."""
        return bool(self.edges) or (self.scale is not None and self.scale.unit != 1)

    def bin_of(self, answer: float) -> int:
        """The number of the bin, from 1 to B; 0 below the first and B + 1 above the last one."""
        if answer == self.edges[-1]:
            return len(self.edges) - 1
        return bisect_right(self.edges, answer)


AS_IT_IS: Final = AnswerRule()


def rule_of(form: ScaleMap | str | None) -> AnswerRule | None:
    """The rule that a map states; None if it states none."""
    if form is None:
        return None
    if not isinstance(form, ScaleMap):
        return AnswerRule(AnswerScale(None))
    if form.bins is not None:
        return AnswerRule(_binned(form.bins), edges=tuple(map(float, form.bins)))
    return AnswerRule(_stated(form), form.round is not None)


def _stated(form: ScaleMap) -> AnswerScale | None:
    """The scale from one end to the other; its unit is the largest that reaches every option in whole steps."""
    if form.low is None or form.high is None:
        return None
    low, high, step = (Fraction(str(number)) for number in (form.low, form.high, form.step or 1))
    unit = Fraction(1) if all(one.denominator == 1 for one in (low, step)) else _common(low, step)
    options = range(int(low / unit), int(high / unit) + 1, int(step / unit))
    return AnswerScale(
        tuple(options),
        _in_units(form.labels, unit),
        off_axis=_in_units(form.off_axis, unit),
        unit=float(unit),
        nominal=form.nominal,
    )


def _binned(edges: Sequence[float]) -> AnswerScale:
    """One option a bin, called by its edges."""
    names = [f"{a:g} to under {b:g}" for a, b in pairwise(edges)]
    names[-1] = f"{edges[-2]:g} to {edges[-1]:g}"
    return AnswerScale(tuple(range(1, len(edges))), dict(enumerate(names, start=1)))


def _common(a: Fraction, b: Fraction) -> Fraction:
    """The greatest common divisor of two fractions."""
    return Fraction(math.gcd(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator)


def _in_units(texts: Mapping[int, str] | Mapping[int | float, str], unit: Fraction) -> dict[int, str]:
    """The labels of options in units; one that is no option is refused by the scale."""
    return {int(Fraction(str(value)) / unit): text for value, text in sorted(texts.items())}
