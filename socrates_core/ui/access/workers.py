"""A few threads of their own for routes that compute, with a bounded wait for them.

The server shares forty threads between everything that is not asynchronous. A route that waits there for a slow model
would keep the page itself from being served, so what computes or waits gets threads of its own, and whoever finds the
queue for them full is asked to come back.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

from starlette.responses import PlainTextResponse, Response

from socrates_core.errors import SocratesError
from socrates_core.ui.access.visitors import Visitor

T = TypeVar("T")

THREADS: Final = 4
WAITING: Final = 16
"""Requests that may wait for a thread."""
EACH: Final = 4
"""Requests of one visitor at a time; the owner is bounded by the queue alone."""
PATIENCE: Final = 60.0
"""Seconds that a request may wait for a thread."""


class BusyError(SocratesError):
    """There is no thread for this visitor now; the text says when to try again."""

    def __init__(self, status: int, why: str) -> None:
        """Of the HTTP status 429 (this visitor) or 503 (everybody)."""
        super().__init__(f"{why} Try again in half a minute.")
        self.status = status


class Workers:
    """The threads, shared by all visitors. Everything but `work` happens in the server's event loop."""

    def __init__(self, threads: int = THREADS, patience: float = PATIENCE) -> None:
        """Start no thread before it is needed."""
        self._room, self._patience = threads + WAITING, patience
        self._free = asyncio.Semaphore(threads)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="route")
        self._inside: Counter[str] = Counter()

    async def run(self, visitor: Visitor, work: Callable[[], Response]) -> Response:
        """Run `work` in a thread, or answer with 429 or 503 and when to try again."""
        try:
            return await self.result(visitor, work)
        except BusyError as error:
            return PlainTextResponse(f"{error}\n", error.status, {"retry-after": "30"})

    async def result(self, visitor: Visitor, work: Callable[[], T]) -> T:
        """What `work` gives, run in a thread.

        Raises:
            BusyError: If the visitor has too much at work, or no thread became free in time.
        """
        if visitor.role != "owner" and self._inside[visitor.key] >= EACH:
            raise BusyError(429, "You have several requests at work already.")
        if self._inside.total() >= self._room:
            raise BusyError(503, "Many visitors are waiting.")
        self._inside[visitor.key] += 1
        try:
            return await self._in_turn(work)
        finally:
            self._inside[visitor.key] -= 1
            self._inside += Counter()  # drops visitors who have left

    async def _in_turn(self, work: Callable[[], T]) -> T:
        """Run it when a thread is free.

        Raises:
            BusyError: If none became free in time.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise BusyError(503, "Many visitors are waiting.") from None
        whose = copy_context()  # so that the work knows whose request it is
        running = asyncio.get_running_loop().run_in_executor(self._pool, lambda: whose.run(work))
        running.add_done_callback(lambda _: self._free.release())  # also where nobody waits for the answer any more
        return await asyncio.shield(running)
