"""Results as JSON files: frozen dataclasses are written and, with strict checks, read back.

Missing intervals and undefined figures are null. Fields with a default are those that a record with nothing to report
lacks (an evaluation without effects has no correlation of them): they are left out if *all* of them have the default.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from socrates_core.errors import PredictionError
from socrates_core.metrics.uncertainty import Interval
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.study.incoming.problems import Place, first_problem, place_text, quoted


class Record(Protocol):
    """A frozen dataclass that is a file of its own."""

    @property
    def format(self) -> int:
        """Version of the file."""
        ...


R = TypeVar("R", bound=Record)


def as_json(value: Any) -> Any:
    """Convert to JSON: objects, lists, intervals as [low, high], and null for what is not defined.

    Args:
        value: A dataclass, or anything that JSON can represent, NumPy's numbers and frozen sets included. A dataclass
            with a method `to_json` is converted by it.
    """
    if value is None or type(value) in (str, int, bool):  # most of them
        return value
    if type(value) is float:
        return value if math.isfinite(value) else None
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Interval):
        return [value.low, value.high]
    if is_dataclass(value) and not isinstance(value, type):
        known = _fields(type(value))
        reported = any(default is not MISSING and getattr(value, name) != default for name, _, default in known)
        shown = [(name, key) for name, key, default in known if reported or default is MISSING]
        return {key: as_json(getattr(value, name)) for name, key in shown}
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_record(kind: type[R], form: int, path: Path, what: str, again: str) -> R:
    """Read a file that was written from `as_json` of a dataclass. Every key must be there and have its type.

    Args:
        kind: The dataclass.
        form: The version of the file that this software reads.
        path: The file.
        what: What the file should be, for messages: `the metrics of an evaluation`.
        again: What to do about an invalid file, in the imperative.

    Raises:
        OSError: If there is no such file.
        PredictionError: If it is of another version, or not valid; names the place and what to do.
    """
    content = read_bytes(path)
    try:
        raw = parse_json(content.decode("utf-8"), strict=True)
    except ValueError as error:
        raise PredictionError(f"{path} is not {what} ({error}); {again}") from error
    found = raw.get("format") if isinstance(raw, dict) else None
    if type(found) is not int:
        raise PredictionError(f"{path} is not {what} (it names no format); {again}")
    if found != form:
        raise PredictionError(f"{path} is of format {found}, this version reads {form}; {again}")
    try:
        record: R = _adapter(kind).validate_json(content, strict=True)
    except ValidationError as error:
        raise PredictionError(f"{path} is not {what} ({first_problem(error)}); {again}") from error
    kept = as_json(record)
    if raw != kept:
        raise PredictionError(f"{path} is not {what} ({next(_differences(raw, kept))}); {again}")
    return record


@cache
def _adapter(kind: type[R]) -> TypeAdapter[R]:
    return TypeAdapter(kind)


@cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """Name, key and default of the fields of a dataclass."""
    return tuple((one.name, str(one.metadata.get("alias", one.name)), one.default) for one in fields(kind))


def _differences(raw: Any, kept: Any, place: Place = ()) -> Iterator[str]:
    """Where a file has more, less or other content than what was read from it."""
    if isinstance(raw, dict) and isinstance(kept, dict):
        yield from (f"{place_text((*place, key))} is not known" for key in raw if key not in kept)
        yield from (f"{place_text((*place, key))} is missing" for key in kept if key not in raw)
        for key in raw.keys() & kept.keys():
            yield from _differences(raw[key], kept[key], (*place, key))
    elif isinstance(raw, list) and isinstance(kept, list) and len(raw) == len(kept):
        for number, (one, other) in enumerate(zip(raw, kept, strict=True)):
            yield from _differences(one, other, (*place, number))
    elif raw != kept:
        yield f"{place_text(place)} is {quoted(raw)}"
