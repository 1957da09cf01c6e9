"""Rate limits per visitor.

Every visitor has a token bucket that counts simulated people and refills over time. A run costs as many as it simulates
in all conditions, so many small runs cost as much as one large run. Results in memory are free on the page; what else
occupies the server (downloads, comparisons, fetches) has a fixed price. Nobody has more than a few things at work at a
time, so that nobody keeps the others waiting.
"""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from socrates_core.errors import SocratesError
from socrates_core.report.words import duration
from socrates_core.ui.access.visitors import Visitor

BURST: Final = 20_000
"""Size of a bucket: ten thousand simulated people in each of two conditions."""

RATE: Final = 50.0
"""Simulated people refilled per second."""

MIN_COST: Final = 20
"""Minimum cost of a run, because every run occupies the model."""

DOWNLOAD_COST: Final = 200
"""Price of a download of a result: an HTML report takes about as long to write as so many people to simulate."""

COMPARISON_COST: Final = 2_000
"""Price of a comparison that is not in memory: seconds of resampling."""

AT_ONCE: Final = 2
"""Simulations that a visitor may have at work or waiting for one that is."""

MAX_VISITORS: Final = 10_000
"""Buckets in memory; the least recently used one is evicted, which is full again by then."""


@dataclass
class _Bucket:
    level: float
    """Level when it was last used."""
    at: float
    """Time of the last use, in seconds of the clock."""


@dataclass(eq=False)
class Limits:
    """The token buckets of all visitors."""

    burst: float = BURST
    rate: float = RATE
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _at_work: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def at_work(self, visitor: Visitor | None) -> Iterator[None]:
        """Count something that a visitor has at work; not for the owner, and not for the program itself (None).

        Raises:
            SocratesError: If they have `AT_ONCE` already.
        """
        if visitor is None or visitor.role == "owner":
            yield
            return
        with self._lock:
            if self._at_work[visitor.key] >= AT_ONCE:
                raise SocratesError(
                    f"You have {AT_ONCE} simulations at work already. Wait for one of them, then try again."
                )
            self._at_work[visitor.key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work[visitor.key] -= 1
                self._at_work += Counter()  # drops visitors who have nothing at work

    def take(self, visitor: Visitor, people: int) -> None:
        """Charge a run to the visitor's bucket; the owner has no limit.

        A run larger than the bucket needs a full one and empties it.

        Raises:
            SocratesError: If the level is too low; the message says when to try again.
        """
        if visitor.role == "owner":
            return
        cost = min(self.burst, max(MIN_COST, people))
        with self._lock:
            now = self.clock()
            bucket = self._buckets.pop(visitor.key, None) or _Bucket(self.burst, now)
            bucket.level = min(self.burst, bucket.level + (now - bucket.at) * self.rate)
            bucket.at = now
            self._buckets[visitor.key] = bucket
            while len(self._buckets) > MAX_VISITORS:
                self._buckets.popitem(last=False)
            if bucket.level >= cost:
                bucket.level -= cost
                return
            wait = (cost - bucket.level) / self.rate
        raise SocratesError(
            f"You have asked for much in a short time, and others are waiting. Try again in {_wait(wait)}, or with "
            "fewer people."
        )

    def give_back(self, visitor: Visitor, people: int) -> None:
        """Refund a run that was charged by `take` and did not take place."""
        with self._lock:
            bucket = self._buckets.get(visitor.key)
            if bucket is not None:
                bucket.level = min(self.burst, bucket.level + min(self.burst, max(MIN_COST, people)))


def _wait(seconds: float) -> str:
    """Rounded up, so that who waits so long is not turned away again."""
    whole = max(1, round(seconds + 0.5))
    return duration(whole if whole < 90 else -(-whole // 60) * 60)
