"""Names of arms, tasks and people as whole numbers, and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from socrates_core.errors import shown
from socrates_core.metrics.cell.answers import MOST
from socrates_core.study.sources.table.numbering import CONTROL
from socrates_core.study.sources.table.numerals import whole_number


@dataclass(frozen=True)
class Numbering:
    """The names of one study as numbers.

    Whole numbers stay what they are where all names are; otherwise names are numbered as they come, controls by their
    name first as in every table, and each is its own label: of the arms `control`, `1` and `2`, `1` must not become the
    second.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    """By name."""
    labelled: bool = False
    """Whether the names are more than their numbers."""

    @classmethod
    def of(cls, names: list[str]) -> "Numbering":
        """Number names, in their order; repeated ones count once."""
        different = list(dict.fromkeys(names))
        if all(_is_whole(name) for name in different):
            return cls({name: whole_number(name) or 0 for name in different})
        ordered = sorted(different, key=lambda name: not CONTROL.match(name))
        return cls({name: place for place, name in enumerate(ordered, start=1)}, labelled=True)

    @property
    def first(self) -> str | None:
        """The arm that the others are compared with, and why; None where numbers alone decide, or there is one arm."""
        if not self.labelled or len(self.numbers) < 2:
            return None
        name = min(self.numbers, key=self.numbers.__getitem__)
        why = "a control by its name" if CONTROL.match(name) else "which comes first in the file"
        return f"{shown(name)}, {why}"

    def label(self, name: str) -> str | None:
        """What a report calls it; None for a number alone."""
        return name if self.labelled else None


def _is_whole(name: str) -> bool:
    number = whole_number(name)
    return number is not None and abs(number) <= MOST
