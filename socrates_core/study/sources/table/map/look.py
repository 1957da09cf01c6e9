"""What is seen of a column before anybody has said what it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.table.columns import plain

LOOKED_AT: Final = 50_000
"""Rows that are looked at."""
MOST_VALUES: Final = 1_100
"""Distinct values of a column that are kept: more than any scale has options."""
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)")
_WHOLE_FLOAT: Final = re.compile(r"(-?\d+)\.0+")


@dataclass(frozen=True)
class ColumnLook:
    """A column of a table with R rows."""

    name: str
    rows: int
    """R."""
    filled: int
    """Rows with a value."""
    distinct: int
    """Different values."""
    counts: Mapping[str, int]
    """Value → rows, the most frequent first; at most MOST_VALUES of them. 1.0 is written as 1."""
    numbers: Mapping[str, float]
    """Those of the values that are numbers, as numbers, ascending."""
    longest: int
    """Characters of the longest value."""
    notes: ColumnNotes = field(default_factory=ColumnNotes)
    """What the file says about it."""

    @property
    def plain(self) -> str:
        """Its name without what spellings differ in."""
        return plain(self.name)

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return bool(self.numbers) and len(self.numbers) == len(self.counts) == self.distinct

    @property
    def whole(self) -> bool:
        """Whether every value is a whole number."""
        return self.numeric and all(number == round(number) for number in self.numbers.values())

    @property
    def examples(self) -> tuple[str, ...]:
        """Up to four of its values, with their texts where the file has them, cut to a line."""
        shown = []
        for value in list(self.counts)[:4]:
            text = self.notes.values.get(value)
            shown.append(" ".join(f"{value} = {text}".split() if text else value.split())[:60])
        return tuple(shown)


def looked_at(rows: pl.DataFrame, notes: Mapping[str, ColumnNotes]) -> list[ColumnLook]:
    """What is seen of every column.

    Args:
        rows: The beginning of a table, as `frames` gives it.
        notes: What the file says about its columns.
    """
    rows = rows.head(LOOKED_AT)
    return [_look(rows[name], notes.get(name, ColumnNotes())) for name in rows.columns]


def _look(column: pl.Series, notes: ColumnNotes) -> ColumnLook:
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return ColumnLook(column.name, len(column), len(column) - column.null_count(), 0, {}, {}, 0, notes)
    text = column.cast(pl.String, strict=False).str.strip_chars().str.replace(_WHOLE_FLOAT.pattern + "$", "$1")
    text = text.to_frame().select(pl.when(pl.col(column.name) != "").then(pl.col(column.name))).to_series().drop_nulls()
    counted = text.value_counts(name="_rows").sort("_rows", column.name, descending=[True, False])
    counts = dict(counted.head(MOST_VALUES).iter_rows())
    numbers = {value: float(value.replace(",", ".")) for value in counts if _NUMBER.fullmatch(value)}
    return ColumnLook(
        name=column.name,
        rows=len(column),
        filled=len(text),
        distinct=len(counted),
        counts=counts,
        numbers=dict(sorted(numbers.items(), key=lambda item: item[1])),
        longest=max(text.str.len_chars(), default=0),
        notes=notes,
    )
