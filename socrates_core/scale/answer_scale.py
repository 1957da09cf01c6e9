"""The options of an outcome and their texts: those on its axis, and those off it such as "don't know"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Literal

MAX_OPTIONS = 1_000_001
"""Maximum number of options of a scale."""

Measurement = Literal["ordinal", "nominal", "open"]
"""Options in an order, whose distances count; options without one; or any number."""


@dataclass(frozen=True)
class AnswerScale:
    """The options of an outcome: ascending integers, some of them with texts; or None if it is open-ended.

    Options count units: on a scale in half steps `unit` is 0.5, and the option 7 is written 3.5.
    """

    values: tuple[int, ...] | None
    """(K,) the options on the axis, ascending; None if the outcome is open-ended (for example an amount in dollars)."""
    labels: Mapping[int, str] = field(default_factory=dict, hash=False)
    """Option on the axis → its text, for those that have one."""
    off_axis: Mapping[int, str] = field(default_factory=dict, hash=False)
    """Option off the axis ("don't know", "refused") → its text, empty if the source gives none. People and models may
    choose these; they have no place among the others, so distances, means and effects leave them out."""
    unit: float = 1.0
    """What one step of the integers is in numbers as people see them; positive."""
    nominal: bool = False
    """Whether the options have no order, so that only their shares can be compared."""

    def __post_init__(self) -> None:
        if not 0 < self.unit < float("inf"):
            raise ValueError(f"the unit of a scale is a positive number, got {self.unit}")
        if self.values is None:
            if self.off_axis or self.nominal or self.labels:
                raise ValueError("an open-ended outcome has no options, on the axis or off it")
            return
        if len(self.values) < 2 or any(a >= b for a, b in pairwise(self.values)):
            raise ValueError(f"a scale needs two or more ascending options, got {self.values}")
        strangers = sorted(set(self.labels) - set(self.values))
        if strangers:
            raise ValueError(f"labels {strangers} are not options of the scale")
        twice = sorted(set(self.off_axis) & set(self.values))
        if twice:
            raise ValueError(f"the options {twice} are both on the axis and off it")
        if list(self.off_axis) != sorted(self.off_axis):
            object.__setattr__(self, "off_axis", dict(sorted(self.off_axis.items())))

    @classmethod
    def from_columns(
        cls,
        values: Sequence[int] | None,
        labels: Sequence[str | None] | None,
        off_axis: Sequence[int] | None = None,
        off_axis_labels: Sequence[str | None] | None = None,
        unit: float | None = None,
        measurement: str | None = None,
    ) -> "AnswerScale":
        """The scale as stored in `cells.parquet`: lists of values and of their labels, null for those without one."""
        if values is None:
            return cls(None, unit=unit or 1.0)
        pairs = zip(values, labels or [None] * len(values), strict=True)
        off = zip(off_axis or [], off_axis_labels or [None] * len(off_axis or []), strict=True)
        return cls(
            tuple(values),
            {value: label for value, label in pairs if label is not None},
            {value: label or "" for value, label in off},
            unit or 1.0,
            measurement == "nominal",
        )

    @property
    def label_column(self) -> list[str | None] | None:
        """The labels as stored in `cells.parquet`; None if no option has one."""
        if self.values is None or not self.labels:
            return None
        return [self.labels.get(value) for value in self.values]

    @property
    def off_axis_column(self) -> list[int] | None:
        """The options off the axis as stored in `cells.parquet`; None if there are none."""
        return list(self.off_axis) or None

    @property
    def off_axis_label_column(self) -> list[str | None] | None:
        """Their texts as stored in `cells.parquet`; None if none has one."""
        return [label or None for label in self.off_axis.values()] if any(self.off_axis.values()) else None

    @property
    def measurement(self) -> Measurement:
        """`ordinal`, `nominal` or `open`."""
        return "open" if self.values is None else "nominal" if self.nominal else "ordinal"

    @property
    def options(self) -> tuple[int, ...] | None:
        """All that can be answered, on the axis and off it, ascending; None if the outcome is open-ended."""
        return None if self.values is None else tuple(sorted((*self.values, *self.off_axis)))

    @property
    def written_options(self) -> tuple[str, ...]:
        """(L,) `options` as people and models write them; empty if the outcome is open-ended."""
        return tuple(self.written(option) for option in self.options or ())

    @property
    def texts(self) -> dict[int, str]:
        """Option, on the axis or off it → its text, for those that have one."""
        off = {value: label for value, label in self.off_axis.items() if label}
        return dict(sorted({**self.labels, **off}.items()))

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Neighbours between which options are left out, as 2 and 4 on (1, 2, 4, 5, 6); wide but even steps are not."""
        if self.values is None:
            return ()
        step = min(b - a for a, b in pairwise(self.values))
        return tuple((a, b) for a, b in pairwise(self.values) if b - a > step)

    def contains(self, answer: int) -> bool:
        """Whether the answer is an option, on the axis or off it; always true if the outcome is open-ended."""
        return self.values is None or answer in self.values or answer in self.off_axis

    def written(self, option: float) -> str:
        """A number of units as people and models write it: 7 in half steps is `3.5`."""
        return written(option, self.unit)


def answer_instruction(scale: AnswerScale, quotes: str = '"{}"') -> str:
    """The answer instruction that states a scale; `parse_scale` reads it back, but for steps other than whole ones.

    `Only return an integer from 1 to 3, where 1 means "Too much" and 3 means "Too little", or 8 for "Don't know".`

    Args:
        scale: A bounded scale.
        quotes: The marks around a label, with {} in its place.
    """
    if scale.values is None:
        raise ValueError("an open-ended outcome has no options to name")
    numbers = [scale.written(value) for value in scale.values]
    step = scale.values[1] - scale.values[0]
    even = all(b - a == step for a, b in pairwise(scale.values))
    mark = next(iter(set("\"'") & set(quotes)), "")
    texts = {
        value: quotes.format(text.replace(mark, "'" if mark == '"' else "’") if mark else text)
        for value, text in scale.texts.items()
    }
    off = [f"{scale.written(value)} for {texts.get(value, 'no answer')}" for value in scale.off_axis]
    last = f", or {' or '.join(off)}" if off else ""
    if scale.nominal and set(scale.values) <= set(texts):
        choices = [f"{number} for {texts[value]}" for value, number in zip(scale.values, numbers, strict=True)] + off
        return f"Only return {', '.join(choices[:-1])} or {choices[-1]}."
    if even and step * scale.unit == 1:
        form = f"Only return an integer from {numbers[0]} to {numbers[-1]}"
    elif even and len(numbers) > 2:
        form = f"Only return a number from {numbers[0]} to {numbers[-1]} in steps of {scale.written(step)}"
    else:
        form = f"Only return {', '.join(numbers[:-1])} or {numbers[-1]}"
    meant = [f"{scale.written(value)} means {texts[value]}" for value in scale.values if value in texts]
    if not meant:
        return f"{form}{last or ', nothing else'}."
    listed = f"{', '.join(meant[:-1])} and {meant[-1]}" if len(meant) > 1 else meant[0]
    return f"{form}, where {listed}{last}."


def written(units: float, unit: float = 1.0) -> str:
    """A number of units in the scale's own numbers, as short as it can be exactly: 7 × 0.5 is `3.5`, 8 × 0.5 is `4`."""
    number = Decimal(str(units)) * Decimal(str(unit))
    return str(int(number)) if number == int(number) else f"{number.normalize():f}"
