"""Stops what a visitor's page is computing, at the next report of its progress."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from socrates_core.errors import StoppedError

Report = Callable[[int, int], None]
"""Called with how much is done, and how much there is in all."""


@dataclass(eq=False)
class PageStops:
    """The pages that are computing, and those of them that are to stop."""

    _running: dict[str, threading.Event] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def watching(self, page: str | None, report: Report) -> Iterator[Report]:
        """A report that raises a StoppedError once its page was told to stop. A page computes one thing at a time."""
        told = threading.Event()
        with self._lock:
            self._running[page or ""] = told

        def checked(done: int, total: int) -> None:
            if told.is_set():
                raise StoppedError("Stopped")
            report(done, total)

        try:
            yield checked
        finally:
            with self._lock:
                if self._running.get(page or "") is told:
                    del self._running[page or ""]

    def stop(self, page: str | None) -> None:
        """Stop what this page is computing, if it is."""
        with self._lock:
            told = self._running.get(page or "")
        if told is not None:
            told.set()
