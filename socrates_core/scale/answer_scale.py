"""The options of an outcome and their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

MAX_OPTIONS = 1_000_001
"""Maximum number of options of a scale."""


@dataclass(frozen=True)
class AnswerScale:
    """The options of an outcome: ascending integers, some of them with texts; or None if it is open-ended."""

    values: tuple[int, ...] | None
    """(K,) the options, ascending; None if the outcome is open-ended (for example an amount in dollars)."""
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
        """The scale as stored in `cells.parquet`: two lists of length K, with null for values without a label."""
        if values is None:
            return cls(None)
        pairs = zip(values, labels or [None] * len(values), strict=True)
        return cls(tuple(values), {value: label for value, label in pairs if label is not None})

    @property
    def label_column(self) -> list[str | None] | None:
        """The labels as stored in `cells.parquet`; None if no option has one."""
        if self.values is None or not self.labels:
            return None
        return [self.labels.get(value) for value in self.values]

    def contains(self, answer: int) -> bool:
        """Whether the answer is one of the options; always true if the outcome is open-ended."""
        return self.values is None or answer in self.values
