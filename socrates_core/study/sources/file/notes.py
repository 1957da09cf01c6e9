"""What a file says about its own columns, beside the values in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ColumnNotes:
    """What SPSS, Stata or Qualtrics keep with a column."""

    label: str = ""
    """What people were asked, in words; empty if it is not said."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Value, written as the frames write it, → its text."""
    missing: tuple[str, ...] = ()
    """Values that stand for no answer, written as the frames write them."""
    asks_text: bool = False
    """Whether people typed what they liked."""
    reads: Mapping[str, str] = field(default_factory=dict)
    """Value of a column of arms → what people in this arm read first."""
