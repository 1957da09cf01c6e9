"""Rows as read from sources: the required columns, and which rows can become a response."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.sources.personal import masked
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Dropped

REQUIRED: Final = ("study_id", "condition_num", "task_num", "stimulus", "participant", "response")
OPTIONAL: Final = ("condition", "design", "weight")
RESERVED: Final = frozenset({*REQUIRED, *OPTIONAL, *PARTICIPANTS_SCHEMA})
"""Reserved names, which no demographic attribute can have."""

NOT_AN_INTEGER: Final = "response is not an integer"

WAYS_OUT: Final = {
    NOT_AN_INTEGER: "write each answer as the number of an option; of a scale in steps such as 0.5 state the step; or "
    "round to the nearest option, or sort the answers into bins"
}
"""Why an answer cannot be read → what to do."""

MOST_EXAMPLES: Final = 5
"""Number of dropped rows quoted per reason."""

LONGEST_QUOTE: Final = 60
"""Characters of an answer that are quoted."""


Column = TypeVar("Column", pl.Expr, pl.Series)


def as_codes(column: Column) -> Column:
    """Values as text, by which maps and files call them: 1.0 and 1 are one code."""
    return column.cast(pl.String).str.strip_chars().str.replace(r"^(-?\d+)\.0+$", "$1")


@dataclass
class Drops:
    """A running count of the rows that did not become responses, by reason."""

    rows: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, rows: int, examples: Iterable[str] = ()) -> None:
        """Count rows; the first few distinct examples of each reason are kept."""
        self.rows[reason] = self.rows.get(reason, 0) + rows
        kept = self.examples.setdefault(reason, [])
        for example in examples:
            if len(kept) < MOST_EXAMPLES and example not in kept:
                kept.append(example)

    def listed(self) -> tuple[Dropped, ...]:
        """The counts as stored in the manifest, largest first."""
        ordered = sorted(self.rows.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Dropped(reason, rows, tuple(self.examples[reason])) for reason, rows in ordered)


def readable(rows: pl.DataFrame, drops: Drops) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that have everything a response requires, and those that lack nothing but an answer that can be read.

    The others are counted by the first thing they lack. Ids and texts are returned as String without outer blanks
    (except the stimulus, which is long and is trimmed when it is stored), numbers and the response of the first rows as
    Int64. Other columns are unchanged.
    """
    texts = [name for name in ("study_id", "participant", "condition", "design") if name in rows.columns]
    whole = {name: integers(rows[name]) for name in ("condition_num", "task_num", "response")}
    reason = pl.coalesce(
        *(pl.when(_blank(rows, name)).then(pl.lit(f"missing {name}")) for name in REQUIRED),
        *(pl.when(numbers.is_null()).then(pl.lit(f"{name} is not an integer")) for name, numbers in whole.items()),
    )
    reasons = rows.select(reason.alias("_reason"))["_reason"]
    bad = rows.with_columns(reasons).filter(reasons.is_not_null())
    for (name,), group in bad.group_by("_reason", maintain_order=True):
        drops.add(str(name), len(group), [_quoted(row) for row in group.head(MOST_EXAMPLES).iter_rows(named=True)])
    numbered = {name: numbers for name, numbers in whole.items() if name != "response"}
    lost = rows.with_columns(*map(_text, texts), **numbered).filter(reasons == NOT_AN_INTEGER)
    read = rows.with_columns(*map(_text, texts), **whole)
    return (read if bad.is_empty() else read.filter(reasons.is_null())), lost


def integers(column: pl.Series) -> pl.Series:
    """The column as Int64: whole floats and texts of digits count ("3", "3.0", " 3 "), anything else is null.

    Floats beyond 2⁵³ cannot represent every integer, so they are null too.
    """
    if column.dtype.is_integer():
        return column.cast(pl.Int64, strict=False)
    if column.dtype.is_float():
        whole = column.is_finite() & (column == column.round(0)) & (column.abs() <= 2.0**53)
        return column.to_frame().select(pl.when(whole).then(pl.col(column.name))).to_series().cast(pl.Int64)
    if column.dtype == pl.String:
        digits = column.str.strip_chars().str.extract(r"^([+-]?\d+)(?:\.0*)?$", 1)
        return digits.str.strip_prefix("+").cast(pl.Int64, strict=False)
    return pl.Series(column.name, [None] * len(column), pl.Int64)


def check_columns(found: Iterable[str], needed: Iterable[str], where: str) -> None:
    """Raise a SourceError that names the missing and the existing columns, if any are missing."""
    there = list(found)
    missing = [name for name in needed if name not in there]
    if missing:
        raise SourceError(f"{where} lacks the column {', '.join(missing)}; it has {', '.join(there) or 'no columns'}")


def check_attributes(names: Iterable[str], where: str) -> None:
    """Raise a SourceError for invalid attribute names: those of other columns, empty ones, `_anything`."""
    wrong = sorted(name for name in names if name in RESERVED or not name or name.startswith("_"))
    if wrong:
        raise SourceError(f"{where}: no demographic attribute can be called {', '.join(map(repr, wrong))}; rename it")


def _text(name: str) -> pl.Expr:
    trimmed = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(trimmed != "").then(trimmed).alias(name)


def _blank(rows: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    if rows[name].dtype == pl.String:
        return column.is_null() | ~column.str.contains(r"\S")
    return column.is_null() | column.is_nan() if rows[name].dtype.is_float() else column.is_null()


def _quoted(row: Mapping[str, Any]) -> str:
    answer = row["response"]
    answer = repr(masked(answer) if isinstance(answer, str) else answer)
    short = answer if len(answer) <= LONGEST_QUOTE else answer[: LONGEST_QUOTE - 1] + "…"
    return (
        f"study {row['study_id']}, condition {row['condition_num']}, task {row['task_num']}, "
        f"participant {row['participant']}, response {short}"
    )
