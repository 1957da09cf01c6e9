"""The options of an outcome and their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

MAX_OPTIONS = 1_000_001
"""The longest scale that is written out, option by option."""


@dataclass(frozen=True)
class AnswerScale:
    """The options of an outcome: ascending integers with texts on some of them, or no bound at all."""

    values: tuple[int, ...] | None
    """(K,) the options, ascending; None when the outcome is open-ended (an amount in dollars, say)."""
    labels: Mapping[int, str] = field(default_factory=dict, hash=False)
    """Option → its text, for the options that have one."""

    def __post_init__(self) -> None:
        if self.values is not None:
            if len(self.values) < 2 or any(a >= b for a, b in pairwise(self.values)):
                raise ValueError(f"a scale needs two or more ascending options, got {self.values}")
            strangers = sorted(set(self.labels) - set(self.values))
            if strangers:
                raise ValueError(f"labels {strangers} are not options of the scale")

    @classmethod
    def from_columns(cls, values: Sequence[int] | None, labels: Sequence[str | None] | None) -> "AnswerScale":
        """The scale as `cells.parquet` stores it: two lists of length K, a null label where a value has none."""
        if values is None:
            return cls(None)
        pairs = zip(values, labels or [None] * len(values), strict=True)
        return cls(tuple(values), {value: label for value, label in pairs if label is not None})

    @property
    def label_column(self) -> list[str | None] | None:
        """The labels as `cells.parquet` stores them; None when no option has one."""
        if self.values is None or not self.labels:
            return None
        return [self.labels.get(value) for value in self.values]

    def contains(self, answer: int) -> bool:
        """Whether the answer is one of the options; any integer is, where the outcome is open-ended."""
        return self.values is None or answer in self.values
