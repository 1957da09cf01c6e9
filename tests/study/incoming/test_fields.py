import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from socrates_core.study.incoming.fields import Expected, check_fields, expectations, number, one_of, read_as, whole


@dataclass(frozen=True)
class Drink:
    name: str
    litres: Annotated[int | None, whole(1, 10)] = None
    share: Annotated[float, number("a share from 0 to 1", ge=0, le=1)] = 0.5
    kind: Annotated[str, one_of("tea", "milk")] = "tea"
    sugar: bool = False
    tags: tuple[Annotated[str, Expected("a short text", max_length=3)], ...] = ()


def nested(levels: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


def test_values_of_json_become_those_of_the_dataclass() -> None:
    raw = {"name": "x", "litres": 2, "share": 1, "kind": "milk", "sugar": True, "tags": ["a", "b"]}
    assert read_as(Drink, raw) == Drink("x", 2, 1.0, "milk", True, ("a", "b"))
    assert read_as(Drink, {"name": "y"}) == Drink("y")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "name is missing"),
        ([1], "expected keys with values, got [1]"),
        (None, "expected keys with values, got None"),
        ({"name": 3}, "name: expected a text, got 3; put it in quotes"),
        ({"name": "x", "litre": 1}, "litre: there is no such key (did you mean litres?); allowed are name, litres,"),
        ({"name": "x", "litres": "1"}, "litres: expected a whole number from 1 to 10, or null, got '1'"),
        ({"name": "x", "litres": 1.0}, "litres: expected a whole number from 1 to 10, or null, got 1.0"),
        ({"name": "x", "litres": True}, "litres: expected a whole number from 1 to 10, or null, got True"),
        ({"name": "x", "litres": 10**30}, "litres: expected a whole number from 1 to 10, or null, got 1000"),
        ({"name": "x", "share": math.nan}, "share: expected a share from 0 to 1, got nan"),
        ({"name": "x", "share": True}, "share: expected a share from 0 to 1, got True"),
        ({"name": "x", "kind": "ale"}, "kind: expected one of tea, milk, got 'ale'"),
        ({"name": "x", "sugar": 1}, "sugar: expected true or false, got 1"),
        ({"name": "x", "tags": "ab"}, "tags: expected a list, got 'ab'"),
        ({"name": "x", "tags": ["ab", "abcd"]}, "tags[1]: expected a short text, got 'abcd'"),
        ({"name": "\ud800"}, "a text holds half of a character"),
        ({"name": ["a"]}, "name: expected a text, got ['a']"),
    ],
)
def test_one_line_says_key_what_is_allowed_and_what_was_found(raw: Any, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as refused:
        read_as(Drink, raw)
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("levels", [400, 900_000])
def test_what_is_nested_too_deeply_is_not_read(levels: int) -> None:
    with pytest.raises(ValueError, match=r"^it is nested too deeply"):
        read_as(Drink, {"name": nested(levels)})


def test_a_long_value_is_quoted_in_part() -> None:
    with pytest.raises(ValueError, match=r"kind: expected one of tea, milk, got 'x{59}…$"):
        read_as(Drink, {"name": "x", "kind": "x" * 1000})


def test_what_a_program_makes_is_checked_by_the_same_words() -> None:
    check_fields(Drink("x"))
    with pytest.raises(ValueError, match=r"^litres: expected a whole number from 1 to 10, or null, got 11$"):
        check_fields(Drink("x", 11))
    assert expectations(Drink) == {
        "litres": "a whole number from 1 to 10, or null",
        "share": "a share from 0 to 1",
        "kind": "one of tea, milk",
    }
