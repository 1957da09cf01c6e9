"""Stops runs: a page numbers its runs, and Stop ends those up to the number that it has reached."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from socrates_core.errors import StoppedError

MAX_PAGES: Final = 1_000
"""Pages whose last stopped run is kept; of more, the one that stopped longest ago is forgotten."""

Report = Callable[[int, int], None]


class RunStops:
    """Up to which run every page has stopped. A run that still waits for its turn is stopped too."""

    def __init__(self) -> None:
        """Nothing is stopped."""
        self._lock = threading.Lock()
        self._upto: OrderedDict[str, int] = OrderedDict()

    def stop(self, page: str, run: int) -> None:
        """Stop the runs of a page up to this one."""
        with self._lock:
            self._upto[page] = max(run, self._upto.pop(page, run))
            while len(self._upto) > MAX_PAGES:
                self._upto.popitem(last=False)

    def check(self, page: str, run: int) -> None:
        """Raise a StoppedError if this run of a page has been stopped."""
        with self._lock:
            stopped = page in self._upto and run <= self._upto[page]
        if stopped:
            raise StoppedError("Stopped")

    def watching(self, report: Report, page: str, run: int) -> Report:
        """A report of progress that ends the run once it is stopped: after a batch, since a model answers in batches.

        Raises:
            StoppedError: When it is called after that.
        """

        def look(done: int, total: int) -> None:
            self.check(page, run)
            report(done, total)

        return look
