import pytest

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.words import duration, duration_between, from_to, percent, signed
from socrates_core.study.files import data_size


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (89, "89 s"), (91, "2 min"), (3600, "60 min"), (5460, "1 h 31 min"), (200_000, "2 days")],
)
def test_time_in_words(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("least", "most", "said"), [(30, 90, "0.5 to 1.5 min"), (3600, 9000, "1.0 to 2.5 h"), (0, 7199, "0.0 to 120.0 min")]
)
def test_a_span_of_time_is_in_one_unit(least: float, most: float, said: str) -> None:
    assert duration_between(least, most) == said


@pytest.mark.parametrize(
    ("size", "said"), [(999, "999 bytes"), (1000, "1.0 kB"), (870e6, "870.0 MB"), (12.34e9, "12.3 GB")]
)
def test_a_size_in_words(size: float, said: str) -> None:
    assert data_size(size) == said


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(1.25, 1, "+1.2"), (-1234.5, 1, "−1,234.5"), (-0.04, 1, "0.0"), (0.4, 0, "0"), (-3, 0, "−3")],
)
def test_a_sign_is_a_true_minus_and_zero_has_none(value: float, digits: int, said: str) -> None:
    assert signed(value, digits) == said


def test_shares_and_intervals() -> None:
    assert percent(0.1234) == "12.3 %"
    assert from_to(Interval(0.1, 0.25)) == "0.100 to 0.250"
    assert from_to(Interval(0.1, 0.25), "–", 2) == "0.10–0.25"
