"""What pydantic finds in a file or a request, in one line: the key, what is allowed, what was found."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

LONGEST: Final = 60
"""Most characters of an unexpected value that a message quotes."""

Place = tuple[str | int, ...]
"""The keys that lead to a value: `("conditions", 1, "label")`; empty for the whole file."""

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "expected": "expected {words}, got {input}",
    "string_type": "expected a text, got {input}; put it in quotes",
    "string_too_short": "is empty, expected a text",
    "int_type": "expected a whole number, got {input}",
    "int_from_float": "expected a whole number, got {input}",
    "float_type": "expected a number, got {input}",
    "finite_number": "expected a finite number, got {input}",
    "bool_type": "expected true or false, got {input}",
    "dict_type": "expected keys with values, got {input}",
    "model_type": "expected keys with values, got {input}",
    "model_attributes_type": "expected keys with values, got {input}",
    "dataclass_type": "expected keys with values, got {input}",
    "mapping_type": "expected keys with values, got {input}",
    "tuple_type": "expected a list, got {input}",
    "list_type": "expected a list, got {input}",
    "frozen_set_type": "expected a list, got {input}",
    "literal_error": "expected {expected}, got {input}",
    "too_short": "expected one or more",
    "too_long": "expected at most {max_length}, got {actual_length}",
    "greater_than_equal": "expected {ge} or more, got {input}",
    "less_than_equal": "expected {le} or less, got {input}",
    "greater_than": "expected more than {gt}, got {input}",
    "less_than": "expected less than {lt}, got {input}",
    "value_error": "{error}",
}
"""Kind of problem → its message."""

_BRANCH: Final = re.compile(
    r"str|int|float|\[key\]|(?:list|dict|tuple|literal|nullable)\[.*|function-.*|MarginsForm|ScaleMap"
)
"""What pydantic adds to the place of a value that may have several types."""


def quoted(value: Any) -> str:
    """A value that was not expected, as a message shows it."""
    shown = repr(value)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def place_of(error: ErrorDetails) -> Place:
    """The keys that lead to what is wrong."""
    return tuple(part for part in error["loc"] if not _BRANCH.fullmatch(str(part)))


def place_text(place: Place) -> str:
    """`conditions[1].label`, as in messages; the options of a scale are keys: `outcomes[0].scale.labels.3`."""
    text = ""
    for part in place:
        listed = isinstance(part, int) and not text.endswith(("labels", "off_axis"))
        text += f"[{part}]" if listed else f".{part}" if text else str(part)
    return text


def unknown_key(key: str, allowed: Sequence[str]) -> str:
    """What is said of a key that nothing reads."""
    return f"there is no such key{nearest(key, allowed)}; allowed are {', '.join(allowed)}"


def message_of(
    error: ErrorDetails,
    form: type[BaseModel] | None = None,
    inner: Mapping[str, type[BaseModel]] = MappingProxyType({}),
    unknown: Callable[[str, Sequence[str]], str] = unknown_key,
) -> str:
    """What is wrong at the place, without naming the place.

    Args:
        error: One problem.
        form: The form of the whole, for the names of the keys that there are.
        inner: Key → the form of its value, or of the values in it.
        unknown: A key that nothing reads, and those that there are ↦ the message.
    """
    if error["type"] == "extra_forbidden" and form is not None:
        *before, key = place_of(error)
        near = next((inner[str(part)] for part in reversed(before) if part in inner), form)
        return unknown(str(key), [one.alias or name for name, one in near.model_fields.items()])
    if error["type"] == "json_invalid":  # of what Python wrote as JSON, two things can be wrong
        return "it is nested too deeply" if "recursion" in error["msg"] else "a text holds half of a character"
    words = _WORDS.get(error["type"])
    if error["type"] == "string_type" and isinstance(error["input"], list | dict):
        words = "expected a text, got {input}"
    return words.format(**{**error.get("ctx", {}), "input": quoted(error["input"])}) if words else error["msg"]


def problems_of(error: ValidationError) -> list[ErrorDetails]:
    """All problems, unknown keys first, because one is usually a misspelling of a missing one."""
    return sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")


def first_problem(error: ValidationError, *how: Any, at: Place = ()) -> str:
    """`outcomes[0].scale.from: expected a number, got 'one'`: the first problem with its place.

    Args:
        error: What pydantic found.
        *how: As for `message_of`.
        at: The place of what was checked.
    """
    first = problems_of(error)[0]
    place, message = place_text((*at, *place_of(first))), message_of(first, *how)
    if not place:
        return message
    return f"{place} {message}" if message == _WORDS["missing"] else f"{place}: {message}"


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean title?)` for a misspelt name, nothing where no known name is like it."""
    found = get_close_matches(name.casefold(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""
