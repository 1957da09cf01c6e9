"""The time that a server has for a whole reply, from its first header to its last byte."""

import math
import time
from collections.abc import Callable


class Deadline:
    """The seconds that a socket may wait, as a value in the `timeout` of an HTTP request.

    A timeout per read lets a server that sends one byte a minute hold a request for ever, in the headers as in the
    body. The socket asks this object anew before each read, through `__index__`, so that the waits shrink with what is
    left of the total. They are whole seconds: a reply is given up within a second after the total.
    """

    def __init__(self, each: float, total: float, late: Callable[[float], Exception]) -> None:
        """A limit that counts from the first wait.

        Args:
            each: Most seconds without data.
            total: Most seconds in all.
            late: Makes the exception that is raised then, from the total.
        """
        self.each, self.total, self.late = each, total, late
        self._start: float | None = None

    def __index__(self) -> int:
        now = time.monotonic()
        self._start = self._start or now
        left = self._start + self.total - now
        if left <= 0:
            raise self.late(self.total)
        return max(1, math.ceil(min(self.each, left)))
