"""How much a visitor may simulate in a short time."""

from dataclasses import dataclass

import pytest

from socrates_core.errors import SocratesError
from socrates_core.ui.access import limits as module
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import Visitor

ANYONE, OTHER = Visitor(None, "anyone", "address:1"), Visitor(None, "anyone", "address:2")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_visitor_who_has_used_up_the_bucket_waits_until_it_has_filled_up_again() -> None:
    clock = Clock()
    limits = Limits(burst=1000, rate=10, clock=clock)
    limits.take(ANYONE, 700)
    limits.take(ANYONE, 300)
    # 200 participants come back in 20 seconds
    with pytest.raises(SocratesError, match=r"Try again in 2[01] s,"):
        limits.take(ANYONE, 200)
    limits.take(OTHER, 1000)  # somebody else has a bucket of his own
    clock.now = 20
    limits.take(ANYONE, 200)


def test_a_run_larger_than_the_bucket_needs_a_full_one_and_a_tiny_one_takes_a_turn_too() -> None:
    limits = Limits(burst=100, rate=1, clock=Clock())
    limits.take(ANYONE, 5000)
    with pytest.raises(SocratesError, match="2 min,"):
        limits.take(ANYONE, 5000)
    small = Limits(burst=100, rate=1, clock=Clock())
    for _ in range(5):
        small.take(ANYONE, 1)  # counts for 20
    with pytest.raises(SocratesError, match=r"2[01] s,"):
        small.take(ANYONE, 1)


def test_the_owner_has_no_limit() -> None:
    limits = Limits(burst=1, rate=0.001, clock=Clock())
    for _ in range(10):
        limits.take(Visitor("ada", "owner", "name:ada"), 10_000)


def test_visitors_without_number_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VISITORS", 50)
    limits = Limits(clock=Clock())
    for number in range(200):
        limits.take(Visitor(None, "anyone", str(number)), 1)
    assert len(limits._buckets) == 50


def test_a_visitor_has_two_simulations_at_work_at_a_time_and_the_owner_any_number() -> None:
    limits, owner = Limits(clock=Clock()), Visitor("ada", "owner", "name:ada")
    with limits.at_work(ANYONE), limits.at_work(OTHER):
        with limits.at_work(ANYONE):
            with pytest.raises(SocratesError, match="2 simulations at work already"), limits.at_work(ANYONE):
                pass
            with limits.at_work(owner), limits.at_work(owner), limits.at_work(owner), limits.at_work(None):
                pass
        with limits.at_work(ANYONE):  # one has ended
            pass
    with pytest.raises(ZeroDivisionError), limits.at_work(ANYONE):
        raise ZeroDivisionError
    assert not limits._at_work
