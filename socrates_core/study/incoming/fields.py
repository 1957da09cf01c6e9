"""Frozen dataclasses whose fields say what they may be, and values from outside that are read as them.

    @dataclass(frozen=True)
    class Request:
        n: Annotated[int | None, whole(1, 10_000)] = 200

Reading is strict: 1 is not "1", true or 1.0, and there is no key that nothing reads.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from pydantic import Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, core_schema

from socrates_core.study.incoming.problems import Place, first_problem, message_of, place_text, unknown_key

Record = TypeVar("Record")


class Expected:
    """What a value must be, in words and as limits; the message about any other value has the words.

    Where the type admits None, so do the words.
    """

    def __init__(self, words: str, names: tuple[str, ...] = (), **limits: Any) -> None:
        """
        Args:
            words: `a share from 0 to below 1`.
            names: The texts that there are; any value of the type when empty.
            limits: As for pydantic's `Field`: `ge`, `lt`, `pattern`, `max_length`.
        """
        self.words, self.names, self.limits = words, names, limits

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The type within the limits, with one message for everything else."""
        schema = handler(Annotated[source, Field(**self.limits)] if self.limits else source)
        if self.names:
            schema = core_schema.literal_schema([*self.names, *([None] if _admits_none(source) else [])])
        words = {"words": self.in_words(source)}
        return core_schema.custom_error_schema(
            schema, "expected", custom_error_message="expected {words}", custom_error_context=words
        )

    def in_words(self, source: Any) -> str:
        """The words, with null where the type admits it and they do not say so."""
        return f"{self.words}, or null" if _admits_none(source) and "null" not in self.words else self.words


def whole(low: int, high: int = 10**9) -> Expected:
    """A whole number between two, both included."""
    return Expected(f"a whole number from {low} to {high:,}", ge=low, le=high)


def number(words: str, **limits: Any) -> Expected:
    """A finite number within limits."""
    return Expected(words, allow_inf_nan=False, **limits)


def one_of(*names: str) -> Expected:
    """One of some texts; or the only one that there may be."""
    return Expected(f"{'one of ' if len(names) > 1 else ''}{', '.join(names)}", names)


def read_as(kind: type[Record], raw: object, others: bool = False, at: Place = ()) -> Record:
    """A dataclass from what `parse_json` gives.

    Args:
        kind: The dataclass.
        raw: Its fields as keys with values.
        others: Whether there may be keys that nothing reads.
        at: The place of the value, for the message.

    Raises:
        ValueError: If a key is missing, unknown, or its value not allowed; one line that names it.
    """
    of: Any = kind
    if isinstance(raw, Mapping) and not others:
        known = [*_adapters(of)]
        unknown = [str(key) for key in raw if key not in known]
        if unknown:
            raise ValueError(f"{place_text((*at, unknown[0]))}: {unknown_key(unknown[0], known)}")
    try:
        # in Python's own values a list is no tuple, and keys with values are no dataclass
        found: Record = _adapter(of).validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        raise ValueError(first_problem(error, at=at)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return found


def read_field(kind: Any, name: str, value: object) -> Any:
    """A value as a field of a dataclass may have it.

    Raises:
        ValueError: If it is something else; one line that says what is expected.
    """
    try:
        return _adapters(kind)[name].validate_python(value, strict=True)
    except ValidationError as error:
        raise ValueError(message_of(error.errors(include_url=False)[0])) from error


def check_fields(record: object) -> None:
    """Raise a ValueError, one line, unless every field of a dataclass that says what it must be is that."""
    kind: Any = type(record)
    for name in expectations(kind):
        try:
            read_field(kind, name, getattr(record, name))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error


@cache
def expectations(kind: Any) -> Mapping[str, str]:
    """Field → what it must be, in words, of the fields of a dataclass that say so."""
    return {
        name: one.in_words(hint.__origin__)
        for name, hint in get_type_hints(kind, include_extras=True).items()
        for one in getattr(hint, "__metadata__", ())
        if isinstance(one, Expected)
    }


def _admits_none(source: Any) -> bool:
    return type(None) in get_args(source)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _adapters(kind: Any) -> Mapping[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: TypeAdapter(hints[one.name]) for one in fields(kind)}
