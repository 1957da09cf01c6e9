"""A few threads of their own for routes that compute, with a bounded wait for them.

The server shares forty threads between everything that is not asynchronous. A route that waits there for a slow model
would keep the page itself from being served, so what computes or waits gets threads of its own, and whoever finds the
queue for them full is asked to come back.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import anyio
import anyio.to_thread
from starlette.responses import PlainTextResponse, Response

from socrates_core.ui.access.visitors import Visitor

THREADS: Final = 4
WAITING: Final = 16
"""Requests that may wait for a thread."""
EACH: Final = 4
"""Requests of one visitor at a time; the owner is bounded by the queue alone."""
PATIENCE: Final = 60.0
"""Seconds that a request may wait for a thread."""


@dataclass(eq=False)
class Workers:
    """The threads, shared by all visitors."""

    threads: int = THREADS
    waiting: int = WAITING
    each: int = EACH
    patience: float = PATIENCE
    _inside: Counter[str] = field(default_factory=Counter)
    """Visitor → requests that are waiting or at work; only touched by the server's event loop."""
    _turns: anyio.CapacityLimiter | None = None
    _own: anyio.CapacityLimiter | None = None

    async def run(self, visitor: Visitor, work: Callable[[], Response]) -> Response:
        """Run `work` in a thread, or answer with 429 or 503 and when to try again."""
        if visitor.role != "owner" and self._inside[visitor.key] >= self.each:
            return _later(429, "You have several requests at work already.")
        if self._inside.total() >= self.threads + self.waiting:
            return _later(503, "Many visitors are waiting.")
        self._inside[visitor.key] += 1
        try:
            return await self._in_turn(work)
        except TimeoutError:
            return _later(503, "Many visitors are waiting.")
        finally:
            self._inside[visitor.key] -= 1
            self._inside += Counter()  # drops visitors who have left

    async def _in_turn(self, work: Callable[[], Response]) -> Response:
        """Run it when a thread is free.

        Raises:
            TimeoutError: If none became free in time.
        """
        if self._turns is None or self._own is None:  # they belong to an event loop
            self._turns, self._own = anyio.CapacityLimiter(self.threads), anyio.CapacityLimiter(self.threads)
        turn = object()
        with anyio.fail_after(self.patience):
            await self._turns.acquire_on_behalf_of(turn)
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._own)
        finally:
            self._turns.release_on_behalf_of(turn)


def _later(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why} Try again in half a minute.\n", status, {"retry-after": "30"})
