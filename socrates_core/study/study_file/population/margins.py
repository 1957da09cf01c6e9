"""Shares that the attributes of a population should have: of one attribute, or of several at once (a joint table)."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import polars as pl

from socrates_core.errors import SourceError

Level = str | int
"""A value of an attribute."""

SUM_TOLERANCE: Final = 0.005
"""Most that shares may be off 1, by rounding; percentages off 100 by as much in proportion."""
AGREE: Final = 1e-6
"""Most that two tables may differ about an attribute that both have."""
TIMES: Final = " × "
"""Between the attributes of a joint table, and between its values in messages."""
SHARE_COLUMN: Final = "share"
"""The column of a table of shares that is no attribute."""

_BETWEEN: Final = re.compile(r"\s*×\s*|\s+[x*]\s+")
_PERCENT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True)
class Margin:
    """The shares of one attribute, or of every combination of several."""

    attributes: tuple[str, ...]
    shares: Mapping[tuple[Level, ...], float]
    """Values, in the order of the attributes → share, in [0, 1]; they add up to 1. Who has other values leaves."""

    @property
    def name(self) -> str:
        """`gender × age_group`."""
        return TIMES.join(self.attributes)

    def of(self, attributes: Sequence[str]) -> dict[tuple[Level, ...], float]:
        """The shares that it states of some of its attributes."""
        places = [self.attributes.index(one) for one in attributes]
        found: dict[tuple[Level, ...], float] = {}
        for levels, share in self.shares.items():
            key = tuple(levels[place] for place in places)
            found[key] = found.get(key, 0.0) + share
        return found


def margin_of(key: str, raw: Any, where: str) -> Margin:
    """A margin as a study file has it.

    Args:
        key: `gender`, or `gender × age_group` (or with an x or * between blanks).
        raw: Value → share; of several attributes nested in their order: `{Female: {18-34: 0.1, …}, …}`. The shares add
            up to 1, or to 100 as percentages.
        where: The place in messages.

    Raises:
        SourceError: If it has another form, a share is negative, or they add up to something else.
    """
    attributes = attributes_in(key, where)
    given = dict(_flat(raw, len(attributes), where))
    total = math.fsum(given.values())
    if min(abs(total - 1), abs(total / 100 - 1)) > SUM_TOLERANCE:
        raise SourceError(f"{where}: {_sum_words(total)}")
    return Margin(attributes, {levels: share / total for levels, share in given.items()})


def attributes_in(key: str, where: str) -> tuple[str, ...]:
    """The attributes of a margin's key.

    Raises:
        SourceError: If there is none, or one twice.
    """
    attributes = tuple(part.strip() for part in _BETWEEN.split(key))
    if not all(attributes) or len(set(attributes)) < len(attributes):
        raise SourceError(f"{where}: expected an attribute, or different ones such as `gender × age_group`")
    return attributes


def margin_of_table(table: pl.DataFrame, where: str) -> tuple[str, dict[Any, Any]]:
    """Key and value of a margin, as a study file has it, from a table: a column an attribute, and one `share`.

    Raises:
        SourceError: If there is no such column, no other, no row, or a row twice, or a share is not a number.
    """
    names = [name for name in table.columns if name != SHARE_COLUMN]
    if SHARE_COLUMN not in table.columns or not names or table.is_empty():
        raise SourceError(
            f"{where}: expected a column `{SHARE_COLUMN}` beside one or more columns of attributes, and a row for each "
            f"combination; got {', '.join(table.columns) or 'nothing'}"
        )
    nested: dict[Any, Any] = {}
    for number, row in enumerate(table.select(*names, SHARE_COLUMN).iter_rows(), start=1):
        *levels, share = row
        home = nested
        for level in levels[:-1]:
            home = home.setdefault(_level(level), {})
        last = _level(levels[-1])
        if last in home:
            raise SourceError(
                f"{where}, row {number}: {TIMES.join(map(str, levels))} occurs twice; keep one of the rows"
            )
        home[last] = _share(share, f"{where}, row {number}")
    return TIMES.join(names), nested


def disagreement(margins: Sequence[Margin]) -> str | None:
    """Two margins that state different shares of the same attributes, whoever the people are; None if all agree."""
    for one, other in combinations(margins, 2):
        common = [name for name in one.attributes if name in other.attributes]
        if not common:
            continue
        here, there = one.of(common), other.of(common)
        gaps = {key: abs(here.get(key, 0.0) - there.get(key, 0.0)) for key in {**here, **there}}
        worst = max(gaps, key=lambda key: gaps[key])
        if gaps[worst] > AGREE:
            levels = TIMES.join(map(str, worst))
            return (
                f"{one.name} and {other.name} contradict each other: {TIMES.join(common)} {levels} has "
                f"{_percent(here.get(worst, 0.0))} in the one and {_percent(there.get(worst, 0.0))} in the other; "
                "make them equal, or leave out what a joint table states already"
            )
    return None


def _flat(raw: Any, depth: int, where: str) -> Iterator[tuple[tuple[Level, ...], float]]:
    if not isinstance(raw, dict) or not raw:
        expected = "the shares of its values, such as `{Female: 0.5, Male: 0.5}`"
        if depth > 1:
            expected = "every value of the first attribute with the shares of the next, such as `Female: {18-34: 0.2}`"
        raise SourceError(f"{where}: expected {expected}; got {raw!r:.60}")
    for level, value in raw.items():
        at = f"{where}.{level}"
        if isinstance(level, bool) or not isinstance(level, str | int):
            raise SourceError(f"{at}: expected a value of the attribute, a text or a whole number; put it in quotes")
        if depth == 1:
            yield (level,), _share(value, at)
        else:
            yield from (((level, *rest), share) for rest, share in _flat(value, depth - 1, at))


def _share(value: Any, where: str) -> float:
    """A share as it is written; a percentage stays one."""
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match:
        return float(match[1])
    try:
        share = math.nan if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        share = math.nan
    if not math.isfinite(share) or share < 0:
        shown = f"{share:g}" if math.isfinite(share) else repr(value)[:60]
        raise SourceError(f"{where}: expected a share of 0 or more, got {shown}")
    return share


def _level(value: Any) -> Level:
    """A cell of a table: whole numbers as such, so that they find an attribute of numbers."""
    text = str(value).strip() if value is not None else ""
    return int(text) if re.fullmatch(r"0|-?[1-9]\d{0,17}", text) else text


def _sum_words(total: float) -> str:
    if total <= 2:
        return f"the shares add up to {total:g}, expected 1 (or 100, as percentages)"
    gap = 100 - total
    return f"the shares add up to {total:g} %, expected 100 %: {abs(gap):g} % {'missing' if gap > 0 else 'too much'}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
