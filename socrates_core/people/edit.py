"""Edits of a population, as made in the page and stored in requests.

The order of edits does not matter. Filters and ranges select people by their observed values; then set values are
assigned to everyone selected; then shares re-weight them, all at the same time.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

import polars as pl

from socrates_core.errors import PopulationError
from socrates_core.study.incoming.fields import Expected, read_as
from socrates_core.study.incoming.problems import Place, place_text
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA

Value = str | int | None
"""An attribute's value; None if unknown."""

_Value = Annotated[Value, Expected("a string, a whole number or null")]
_Bound = Annotated[int | None, Expected("a whole number or null")]
_Share = Annotated[tuple[_Value, float], Expected("[value, share] with a share between 0 and 1")]

SHARES_TOLERANCE: Final = 0.0015
"""How far the sum of shares may deviate from 100 % by rounding: three times 33.3 % is 99.9 %."""


@dataclass(frozen=True)
class Filter:
    """Select the participants who have one of these values."""

    attribute: Annotated[str, Expected("the name of an attribute", min_length=1)]
    values: tuple[_Value, ...]


@dataclass(frozen=True)
class Range:
    """Select the participants whose value lies between two bounds; those with an unknown value are left out."""

    attribute: Annotated[str, Expected("the name of an attribute", min_length=1)]
    low: _Bound = None
    """Smallest value included; None for no lower bound."""
    high: _Bound = None
    """Largest value included; None for no upper bound."""


@dataclass(frozen=True)
class SetValue:
    """Assign this value to everyone."""

    attribute: Annotated[str, Expected("the name of an attribute", min_length=1)]
    value: _Value


@dataclass(frozen=True)
class Shares:
    """Re-weight so that each of these values has this share; participants with any other value are left out."""

    attribute: Annotated[str, Expected("the name of an attribute", min_length=1)]
    shares: tuple[_Share, ...]
    """(value, share) pairs; each share in [0, 1], summing to 1."""


Edit = Filter | Range | SetValue | Shares


def attributes_of(participants: pl.DataFrame) -> list[str]:
    """The demographic attributes of a participant table."""
    return [name for name in participants.columns if name not in PARTICIPANTS_SCHEMA]


def describe(edit: Edit) -> str:
    """An edit in a few words: `party identification is Democrat or Independent`."""
    title = attribute_words(edit.attribute)
    match edit:
        case Filter():
            return f"{title} is {' or '.join(value_words(value) for value in edit.values)}"
        case Range():
            if edit.high is None:
                return f"{title} is {edit.low} or more"
            return f"{title} is {edit.high} or less" if edit.low is None else f"{title} is {edit.low} to {edit.high}"
        case SetValue():
            return f"{title} is set to {value_words(edit.value)}"
        case Shares():
            return f"{title} is {', '.join(f'{share:.1%} {value_words(value)}' for value, share in edit.shares)}"


def check_edits(participants: pl.DataFrame, edits: Sequence[Edit]) -> None:
    """Raise a PopulationError unless every edit is valid for these participants; it names attribute and choices."""
    known = attributes_of(participants)
    final: set[str] = set()
    for edit in edits:
        if not known:
            raise PopulationError(f"cannot apply {describe(edit)!r}: this study has no attributes of its participants")
        if edit.attribute not in known:
            raise PopulationError(f"no attribute {edit.attribute!r} in this study; it has {', '.join(known)}")
        _check_edit(participants[edit.attribute], edit)
        if isinstance(edit, SetValue | Shares):
            if edit.attribute in final:
                raise PopulationError(
                    f"{attribute_words(edit.attribute)} has more than one set value or shares edit; keep one of them"
                )
            final.add(edit.attribute)


def edits_to_json(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """The edits as JSON-compatible values; `edits_from_json` is the inverse."""
    plain: list[dict[str, Any]] = []
    for edit in edits:
        match edit:
            case Filter():
                plain.append({"edit": "filter", "attribute": edit.attribute, "values": list(edit.values)})
            case Range():
                plain.append({"edit": "range", "attribute": edit.attribute, "low": edit.low, "high": edit.high})
            case SetValue():
                plain.append({"edit": "set", "attribute": edit.attribute, "value": edit.value})
            case Shares():
                shares = [list(pair) for pair in edit.shares]
                plain.append({"edit": "shares", "attribute": edit.attribute, "shares": shares})
    return plain


EDITS: Final[Mapping[str, type[Edit]]] = {"filter": Filter, "range": Range, "set": SetValue, "shares": Shares}
"""Kind of edit in JSON → its form."""


def edits_from_json(raw: object) -> tuple[Edit, ...]:
    """Parse the output of `edits_to_json`.

    Raises:
        PopulationError: If it has any other form; names the edit and the field.
    """
    if not isinstance(raw, list):
        raise PopulationError(f"edits: expected a list, got {type(raw).__name__}")
    return tuple(_edit_from_json(item, ("edits", i)) for i, item in enumerate(raw))


def _edit_from_json(item: object, place: Place) -> Edit:
    where = place_text(place)
    if not isinstance(item, dict):
        raise PopulationError(f"{where}: expected an object, got {type(item).__name__}")
    kind = item.get("edit")
    if not isinstance(kind, str) or kind not in EDITS:
        raise PopulationError(f"{where}.edit: expected one of {', '.join(EDITS)}, got {kind!r}")
    expected = {"edit", *(one.name for one in fields(EDITS[kind]))}
    if set(item) != expected:
        odd = sorted(set(item) ^ expected, key=str)[0]
        raise PopulationError(f"{where}.{odd}: a {kind} edit has the fields {', '.join(sorted(expected))}")
    try:
        return read_as(EDITS[kind], {name: value for name, value in item.items() if name != "edit"}, at=place)
    except ValueError as error:
        raise PopulationError(str(error)) from error


def check_form(edit: Edit) -> None:
    """Raise a PopulationError for what makes no sense whoever the participants are."""
    name = attribute_words(edit.attribute)
    match edit:
        case Filter():
            if not edit.values:
                raise PopulationError(f"the filter on {name} names no values, so no one would be left")
        case Range():
            if edit.low is None and edit.high is None:
                raise PopulationError(f"the range of {name} has no bound; give the lowest or the highest")
            if edit.low is not None and edit.high is not None and edit.low > edit.high:
                raise PopulationError(f"the range of {name} is empty: {edit.low} is above {edit.high}")
        case Shares():
            _check_shares(edit)
        case SetValue():
            pass


def _check_edit(column: pl.Series, edit: Edit) -> None:
    name = attribute_words(edit.attribute)
    if isinstance(edit, Range) and not column.dtype.is_integer():
        raise PopulationError(f"{name} is not numeric, so it has no range; choose values instead")
    match edit:
        case Filter():
            check_form(edit)
            for value in edit.values:
                _check_value(column, value)
                if value not in column:
                    raise PopulationError(f"nobody has {name} {value_words(value)}; there are {_choices(column)}")
        case Range():
            check_form(edit)
        case SetValue():
            _check_value(column, edit.value)
        case Shares():
            for value, _ in edit.shares:
                _check_value(column, value)
            check_form(edit)


def _check_shares(edit: Shares) -> None:
    name, values = attribute_words(edit.attribute), [value for value, _ in edit.shares]
    for value, share in edit.shares:
        if not math.isfinite(share) or share < 0:
            raise PopulationError(f"the share of {name} {value_words(value)} must be 0 % or more, got {share:.1%}")
    if len(set(values)) < len(values):
        raise PopulationError(f"the shares of {name} name a value twice: {', '.join(map(value_words, values))}")
    total = sum(share for _, share in edit.shares)
    if abs(total - 1) > SHARES_TOLERANCE:
        raise PopulationError(f"the shares of {name} add up to {total:.1%}; they must add up to 100 %")


def _check_value(column: pl.Series, value: Value) -> None:
    fits = value is None or (isinstance(value, bool) is False and isinstance(value, int) == column.dtype.is_integer())
    name = attribute_words(column.name)
    if not fits:
        expected = "whole numbers" if column.dtype.is_integer() else "text"
        raise PopulationError(f"{name} contains {expected}, so it cannot be {value!r}; there are {_choices(column)}")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise PopulationError(f"{name} cannot be {value}: the number is too large")


def _choices(column: pl.Series, most: int = 12) -> str:
    known = column.drop_nulls().unique().sort()
    if column.dtype.is_integer() and len(known) > most:
        return f"{known[0]} to {known[-1]}"
    more = f" and {len(known) - most} more" if len(known) > most else ""
    unknown = " or unknown" if column.null_count() else ""
    return ", ".join(str(value) for value in known[:most]) + more + unknown


WORDS: Final[Mapping[str, str]] = {
    "party_id": "party identification",
    "metro_status": "metropolitan area",
    "location": "place of residence",
    "internet_access": "internet access",
    "phone_service": "telephone service",
}
"""Column name of an attribute → what it is called, where that is more than its name without underscores."""


def attribute_words(attribute: str) -> str:
    """An attribute as written in a sentence: `party_id` → `party identification`, `age_group` → `age group`."""
    return WORDS.get(attribute, attribute.replace("_", " "))


def value_words(value: Value) -> str:
    """A value as written in a sentence."""
    return "unknown" if value is None else str(value)
