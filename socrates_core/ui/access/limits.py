"""Rate limits per visitor.

Every visitor has a token bucket that counts simulated people and refills over time. A run costs as many as it simulates
in all conditions, so many small runs cost as much as one large run. Cached results are free.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
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
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
            f"You have simulated many people in a short time, and others are waiting. Try again in {_wait(wait)}, or "
            "with fewer people."
        )


def _wait(seconds: float) -> str:
    """Rounded up, so that who waits so long is not turned away again."""
    whole = max(1, round(seconds + 0.5))
    return duration(whole if whole < 90 else -(-whole // 60) * 60)
