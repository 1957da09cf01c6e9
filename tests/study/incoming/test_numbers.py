import math

import pytest

from socrates_core.study.incoming.numbers import number_in, whole_in


@pytest.mark.parametrize(
    ("raw", "whole", "number"),
    [
        (1, 1, 1.0),
        (7.0, 7, 7.0),
        (7, 7, 7.0),
        (2.5, None, 2.5),
        (0, None, None),
        (7.5, None, None),
        (10**400, None, None),
        (-(10**400), None, None),
        (math.nan, None, None),
        (math.inf, None, None),
        (True, None, None),
        ("3", None, None),
        (None, None, None),
        ([3], None, None),
    ],
)
def test_a_number_between_one_and_seven_is_told_from_everything_else(
    raw: object, whole: int | None, number: float | None
) -> None:
    assert (whole_in(raw, 1, 7), number_in(raw, 1, 7)) == (whole, number)
    assert type(whole_in(raw, 1, 7)) is type(whole)


def test_infinity_is_no_number_though_there_is_no_bound() -> None:
    assert [number_in(sign * math.inf, -math.inf, math.inf) for sign in (1, -1)] == [None, None]
