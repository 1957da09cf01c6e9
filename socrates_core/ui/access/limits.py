"""How much one visitor may ask of the model in a short time.

Every visitor has a bucket of simulated participants that fills up again with time (a token bucket). A run takes out as
many as it simulates in all arms, so many small runs and one large run cost the same. What is at hand costs nothing.
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
"""Participants at once: ten thousand in both arms of an experiment."""

RATE: Final = 50.0
"""Participants that come back in a second."""

LEAST: Final = 20
"""Participants that every run counts for, however small: it takes its turn at the model too."""

MOST_VISITORS: Final = 10_000
"""Buckets in memory; the one that was used longest ago goes first, and by then it is full again."""


@dataclass
class _Bucket:
    level: float
    """Participants left when it was last used."""
    at: float
    """When that was, in seconds of the clock."""


@dataclass(eq=False)
class Limits:
    """The buckets of all visitors."""

    burst: float = BURST
    rate: float = RATE
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, visitor: Visitor, participants: int) -> None:
        """Take out what a run costs; the owner has no limit.

        A run larger than the bucket needs a full one and empties it.

        Raises:
            SocratesError: If there is not enough left; says when there will be.
        """
        if visitor.role == "owner":
            return
        cost = min(self.burst, max(LEAST, participants))
        with self._lock:
            now = self.clock()
            bucket = self._buckets.pop(visitor.key, None) or _Bucket(self.burst, now)
            bucket.level = min(self.burst, bucket.level + (now - bucket.at) * self.rate)
            bucket.at = now
            self._buckets[visitor.key] = bucket
            while len(self._buckets) > MOST_VISITORS:
                self._buckets.popitem(last=False)
            if bucket.level >= cost:
                bucket.level -= cost
                return
            wait = (cost - bucket.level) / self.rate
        raise SocratesError(
            f"You have simulated many participants in a short time, and others wait too. Try again in {_wait(wait)}, "
            "or with fewer participants."
        )


def _wait(seconds: float) -> str:
    """Rounded up, so that who waits so long is not turned away again."""
    whole = max(1, round(seconds + 0.5))
    return duration(whole if whole < 90 else -(-whole // 60) * 60)
