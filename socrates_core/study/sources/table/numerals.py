"""Numbers as texts in the notations of different countries: 1.25, 1,25, 1,250.5, 1.250,5."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from socrates_core.errors import SourceError

Mark = Literal[",", "."]

NUMERIC: Final = ("weight", "scale_min", "scale_max")
"""Columns whose texts are nothing but numbers, which shows a file's notation."""

_DECIMAL_COMMA: Final = re.compile(r"[+-]?(?:\d+,(?!\d{3}$)\d+|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+)")
_DECIMAL_POINT: Final = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:,\d{3})+\.\d+)")
"""A number whose commas are certain to part thousands."""
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
"""1,250 is 1250 here and 1.25 there."""

_BY_POINT: Final = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
"""The same with a point."""


@dataclass(frozen=True)
class Notation:
    """How a table writes numbers."""

    decimal: Mark
    assumed: str | None = None
    """Why, if nobody stated it."""


@dataclass
class Spellings:
    """How a file spells the names of its arms, its tasks or its studies.

    Such names are texts. Programs write a whole number with a point and zeros too, so 1 and 1.0 are one, which is said
    where a study has both. 01 may be another code than 1, and “Control” another arm than “control”, so a study that has
    both is refused: one arm less, or one more, would be a wrong effect.
    """

    what: str
    """What is called so, in the singular."""
    floats: bool = True
    """Whether 1.0 is 1; else a file that has both is refused too."""
    _found: dict[tuple[str, object], dict[str, None]] = field(default_factory=dict)
    """(study, what spellings of one name have in common) → the spellings."""

    def add(self, study: str, name: str) -> None:
        """Take note of a name.

        Args:
            study: The study in which it is one; empty for names of the whole file.
            name: Without outer blanks; an empty one is none.
        """
        number = whole_number(name)
        common = " ".join(unicodedata.normalize("NFKC", name).split()).casefold() if number is None else number
        if name:
            self._found.setdefault((study, common), {}).setdefault(name)

    def clash(self) -> str | None:
        """What is wrong with a study that may call one thing by two names; None if there is no such study."""
        for (study, _), names in self._found.items():
            different = list(dict.fromkeys(map(as_code, names) if self.floats else names))
            if len(different) > 1:
                called = " and one called ".join(map(repr, different[:3]))
                return (
                    f"{f'study {study} has' if study else 'there is'} a {self.what} called {called}, which may be one "
                    f"{self.what} or several; write the same {self.what} in the same way, or give different ones names "
                    "that differ in more"
                )
        return None

    def said(self) -> list[str]:
        """A sentence on each number that a study writes in two ways and that is taken as one."""
        return [
            f"study {study}: {' and '.join(names)} are one {self.what}, {number}"
            for (study, number), names in self._found.items()
            if len(names) > 1
        ]


def as_code(name: str) -> str:
    """A name without the point and zeros that programs write behind whole numbers: 1.0 is 1, and 01 is 01."""
    return re.sub(r"^([+-]?[0-9]+)\.0*$", r"\1", name)


def whole_number(name: str) -> int | None:
    """The whole number that a name is, whatever zeros and signs it is written with; None if it is none."""
    return int(as_code(name)) if re.fullmatch(r"[+-]?[0-9]{1,18}(?:\.0*)?", name) else None


def notation_of(rows: pl.DataFrame, where: str, stated: Mark | None = None) -> Notation:
    """The decimal mark of a table, from the columns that hold nothing but numbers.

    Args:
        rows: The table.
        where: Its name, in messages.
        stated: From a map.

    Raises:
        SourceError: If the numbers contradict each other, or each may be read in two ways.
    """
    if stated:
        return Notation(stated)
    texts = [(name, value) for name in NUMERIC for value in _texts(rows, name)]
    comma = [(name, value) for name, value in texts if _DECIMAL_COMMA.fullmatch(value)]
    point = [(name, value) for name, value in texts if _DECIMAL_POINT.fullmatch(value)]
    point += [(name, value) for name, value in texts if re.fullmatch(r"[+-]?\d+\.\d+", value)] if comma else []
    either = [(name, value) for name, value in texts if _EITHER.fullmatch(value)]
    if comma and point:
        raise SourceError(
            f"{where}: {comma[0][1]!r} in {comma[0][0]} has a decimal comma and {point[0][1]!r} in {point[0][0]} a "
            "decimal point; write all numbers in one way"
        )
    if comma:
        return Notation(",", f"a comma is the decimal mark, as in {comma[0][1]!r} in the column {comma[0][0]}")
    if either and not point:
        raise SourceError(
            f"{where}: {either[0][1]!r} in {either[0][0]} may be {either[0][1].replace(',', '')} or "
            f'{either[0][1].replace(",", ".")}; say which in a map (--map): `decimal: "."` or `decimal: ","`'
        )
    return Notation(".")


def with_points(column: pl.Series, decimal: Mark) -> pl.Series:
    """The column with its numbers in our notation, without separators of thousands; other texts stay as they are.

    A space, an apostrophe or the other mark may part thousands.
    """
    if column.dtype != pl.String:
        return column
    other = r"\." if decimal == "," else ","
    mark = "," if decimal == "," else r"\."
    grouped = rf"^[+-]?\d{{1,3}}(?:[ '\u{{2019}}\u{{a0}}\u{{202f}}]\d{{3}})+(?:{mark}\d+)?$"
    by_other = rf"^[+-]?\d{{1,3}}(?:{other}\d{{3}})+(?:{mark}\d+)?$"
    with_mark = rf"^[+-]?\d+{mark}\d+$"
    text = column.str.strip_chars()
    number = text.str.contains(grouped) | text.str.contains(by_other) | text.str.contains(with_mark)
    bare = text.str.replace_all(rf"[ '\u{{2019}}\u{{a0}}\u{{202f}}]|{other}", "").str.replace(mark, ".")
    both = pl.DataFrame({"number": number, "bare": bare, "text": column})
    return both.select(pl.when("number").then("bare").otherwise("text").alias(column.name)).to_series()


def has_decimal_comma(column: pl.Series) -> bool:
    """Whether answers show that a comma is their decimal mark: some are written as 3,0, and none as 1,2,3.

    Several options in one answer ("1,3") are in ascending order, so a zero after another number is no option.
    """
    texts = column.drop_nulls().str.strip_chars().unique().to_list() if column.dtype == pl.String else []
    # 1,000 is a thousand as well, and 1000,000 is not
    whole = any(re.fullmatch(r"[+-]?(?:\d{4,},0+|[1-9]\d*,(?!000$)0+)", text) for text in texts)
    return whole and all(text.count(",") <= 1 for text in texts)


def _texts(rows: pl.DataFrame, name: str) -> Iterable[str]:
    if rows.schema.get(name) != pl.String:
        return []
    return rows[name].drop_nulls().str.strip_chars().unique(maintain_order=True).to_list()


def response_numbers(column: pl.Series, notation: Notation, where: str, stated: bool = False) -> pl.Series:
    """The answers with their numbers in our notation.

    A comma may also part several options ("1,3"), so it is a decimal mark only where the file or the answers show it.

    Raises:
        SourceError: If an answer such as 1,250 may be read in two ways.
    """
    if column.dtype != pl.String:
        return column
    if notation.decimal == "," or has_decimal_comma(column):
        return with_points(column, ",")
    texts = column.drop_nulls().str.strip_chars().unique(maintain_order=True).to_list()
    either = [text for text in texts if _EITHER.fullmatch(text)]
    if either and not stated and not any(_DECIMAL_POINT.fullmatch(text) for text in texts):
        raise SourceError(
            f"{where}: the answer {either[0]!r} may be {either[0].replace(',', '')} or {either[0].replace(',', '.')}; "
            'say which in a map (--map): `decimal: "."` or `decimal: ","`'
        )
    thousand = None if stated else _thousand_by_point(texts)
    if thousand is not None:
        raise SourceError(
            f"{where}: the answer {thousand!r} may be {thousand.replace('.', '')} or {float(thousand):g}, since others "
            'have no point; say which in a map (--map): `decimal: ","` or `decimal: "."`'
        )
    return with_points(column, ".")


def _thousand_by_point(texts: Sequence[str]) -> str | None:
    """A number such as 1.000 among whole ones such as 900; None where a program wrote all with three decimals.

    Others, such as 1.234, are no whole numbers with a decimal point, so they are seen when they are read.
    """
    pointed = [text for text in texts if re.fullmatch(r"[+-]?\d+\.\d+", text)]
    whole = any(re.fullmatch(r"[+-]?\d+", text) for text in texts)
    round_ones = sum(text.endswith("000") for text in pointed)
    thousands = round_ones > len(pointed) / 2 and all(_BY_POINT.fullmatch(text) for text in pointed)
    return pointed[0] if pointed and whole and thousands else None
