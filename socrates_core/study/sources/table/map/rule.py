"""How the answers to an outcome are taken, where a map says so: its scale, rounding, or bins."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.off_axis import with_off_axis
from socrates_core.study.sources.table.map.form import ScaleMap

RULE: Final = "_rule"
"""Column of the key of the rule that a map states for an answer; null where it states none."""

EVERY: Final = ""
"""Key of the rule for all answers."""


@dataclass(frozen=True)
class AnswerRule:
    """How the answers to an outcome become options."""

    scale: AnswerScale | None = None
    """None if its text states it."""
    step: Fraction | None = None
    """Between two options of the scale of the text; None for its own step."""
    off_axis: Mapping[int, str] | None = None
    """The options of the scale of the text that are off its axis, all of them; None to decide by their texts."""
    nominal: bool = False
    """Whether the options of the text have no order."""
    to_nearest: bool = False
    """An answer between two options becomes the nearer one."""
    names_off_axis: bool = False
    """Whether the map names the options off the axis of its scale, if only by saying that there are none."""
    edges: tuple[float, ...] = ()
    """(B + 1,) ascending edges of bins; empty where answers are options themselves."""

    @property
    def converts(self) -> bool:
        """Whether a whole number in a table may be another number here."""
        return bool(self.edges) or (self.scale is not None and self.scale.unit != 1)

    def refined(self, found: AnswerScale) -> AnswerScale:
        """The scale of a text, as far as the rule says otherwise.

        Raises:
            ValueError: If the rule does not fit the scale.
        """
        if found.values is None or (self.step is None and self.off_axis is None and not self.nominal):
            return found
        texts, options = found.texts, found.options or ()
        if self.off_axis is not None:
            off = {value: label or texts.get(value, "") for value, label in self.off_axis.items()}
            on = tuple(value for value in options if value not in off)
            labels = {value: text for value, text in texts.items() if value in on}
            found = replace(found, values=on, labels=labels, off_axis=off)
        if self.step is not None:
            assert found.values is not None
            found = _between(found.values[0], found.values[-1], self.step, found.labels, found.off_axis)
        return replace(found, nominal=self.nominal)

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
    if form.nominal and form.labels and form.low is None:
        labels = _in_units(form.labels, Fraction(1))
        return AnswerRule(AnswerScale(tuple(labels), labels, form.off_axis or {}, nominal=True))
    if form.low is None or form.high is None:
        step = None if form.step is None else Fraction(str(form.step))
        return AnswerRule(None, step, form.off_axis, form.nominal, form.round is not None)
    scale = _between(form.low, form.high, Fraction(str(form.step or 1)), form.labels, form.off_axis or {})
    if form.off_axis is None:
        scale = with_off_axis(scale)
    named = form.off_axis is not None
    return AnswerRule(replace(scale, nominal=form.nominal), to_nearest=form.round is not None, names_off_axis=named)


def _between(
    first: float, last: float, step: Fraction, labels: Mapping[int, str] | Mapping[float, str], off: Mapping[int, str]
) -> AnswerScale:
    """The scale from one end to the other; its unit is the largest that reaches every option in whole steps.

    Raises:
        ValueError: If a label belongs to no option.
    """
    low, high = Fraction(str(first)), Fraction(str(last))
    unit = Fraction(1) if low.denominator == step.denominator == 1 else _common(low, step)
    options = range(int(low / unit), int(high / unit) + 1, int(step / unit))
    return AnswerScale(tuple(options), _in_units(labels, unit), off_axis=_in_units(off, unit), unit=float(unit))


def _binned(edges: Sequence[float]) -> AnswerScale:
    """One option a bin, called by its edges."""
    names = [f"{a:g} to under {b:g}" for a, b in pairwise(edges)]
    names[-1] = f"{edges[-2]:g} to {edges[-1]:g}"
    return AnswerScale(tuple(range(1, len(edges))), dict(enumerate(names, start=1)))


def _common(a: Fraction, b: Fraction) -> Fraction:
    """The greatest common divisor of two fractions."""
    return Fraction(math.gcd(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator)


def _in_units(texts: Mapping[int, str] | Mapping[float, str], unit: Fraction) -> dict[int, str]:
    """The labels of options in units; one that is no option is refused by the scale."""
    return {int(Fraction(str(value)) / unit): text for value, text in sorted(texts.items())}
