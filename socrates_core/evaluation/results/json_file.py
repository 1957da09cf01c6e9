"""Results as JSON files: frozen dataclasses out and, strictly, back in.

What has no interval or is not defined is null. A field with a default is one that a record with nothing to report lacks
(an evaluation without effects has no correlation of them): it is left out where *all* fields with a default have it.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from socrates_core.errors import PredictionError
from socrates_core.metrics.uncertainty import Interval
from socrates_core.study.files import read_bytes

LONGEST: Final = 60
"""Letters of a strange value that an error quotes."""


class Record(Protocol):
    """A frozen dataclass that is a file of its own."""

    @property
    def format(self) -> int:
        """Version of the file."""
        ...


R = TypeVar("R", bound=Record)


def as_json(value: Any) -> Any:
    """As JSON has it: objects, lists, intervals as [low, high], and null for what is not defined.

    Args:
        value: A dataclass, or anything that JSON knows, NumPy's numbers and frozen sets included. A dataclass with a
            method `to_json` says itself what it is.
    """
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Interval):
        return [value.low, value.high]
    if is_dataclass(value) and not isinstance(value, type):
        optional = [one for one in fields(value) if one.default is not MISSING]
        reported = any(getattr(value, one.name) != one.default for one in optional)
        shown = [one for one in fields(value) if reported or one.default is MISSING]
        return {_key(one): as_json(getattr(value, one.name)) for one in shown}
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_record(kind: type[R], form: int, path: Path, what: str, again: str) -> R:
    """Read a file that `as_json` of a dataclass gave. Nothing is guessed: every key has to be there and of its type.

    Args:
        kind: The dataclass.
        form: The version of it that this software reads.
        path: The file.
        what: What the file should be, for messages: `the metrics of an evaluation`.
        again: What to do about a file that is not, in the imperative.

    Raises:
        OSError: If there is no such file.
        PredictionError: If it is of another version, or not what it should be; says where and what to do.
    """
    content = read_bytes(path)
    try:
        told = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise PredictionError(f"{path} is not {what} ({error}); {again}") from error
    found = told.get("format") if isinstance(told, dict) else None
    if type(found) is not int:
        raise PredictionError(f"{path} is not {what} (it names no format); {again}")
    if found != form:
        raise PredictionError(f"{path} is of format {found}, this version reads {form}; {again}")
    try:
        record: R = _adapter(kind).validate_json(content, strict=True)
    except ValidationError as error:
        raise PredictionError(f"{path} is not {what} ({first_problem(error)}); {again}") from error
    kept = as_json(record)
    if told != kept:
        raise PredictionError(f"{path} is not {what} ({next(_differences(told, kept))}); {again}")
    return record


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {first['msg']}, not {str(first['input'])[:LONGEST]!r}"


@cache
def _adapter(kind: type[R]) -> TypeAdapter[R]:
    return TypeAdapter(kind)


def _key(field: Field[Any]) -> str:
    return str(field.metadata.get("alias", field.name))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _differences(told: Any, kept: Any, place: str = "") -> Iterator[str]:
    """Where a file says more, less or something else than what was read from it."""
    if isinstance(told, dict) and isinstance(kept, dict):
        yield from (f"{place}{key} is not known" for key in told if key not in kept)
        yield from (f"{place}{key} is missing" for key in kept if key not in told)
        for key in told.keys() & kept.keys():
            yield from _differences(told[key], kept[key], f"{place}{key}.")
    elif isinstance(told, list) and isinstance(kept, list) and len(told) == len(kept):
        for number, (one, other) in enumerate(zip(told, kept, strict=True)):
            yield from _differences(one, other, f"{place}{number}.")
    elif told != kept:
        yield f"{place.rstrip('.')} is {str(told)[:LONGEST]!r}"
