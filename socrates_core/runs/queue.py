"""The queue of runs that share one machine: one runs, the others wait in order of arrival.

    RUNS/.queue/turn.lock           locked by the operating system while a run has its turn
                <time>-<pid>-<run>  locked while a process waits or runs, since that time in nanoseconds

The run that has waited longest takes the turn. The locks of a killed process are released by the operating system, so a
dead process blocks nothing and the queue needs no supervisor.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from socrates_core.errors import RunError

FOLDER: Final = ".queue"
"""Folder of the queue, in the directory of the runs."""

POLL: Final = 0.5
"""Seconds between two checks of a waiting process."""

_ENTRY: Final = re.compile(r"(\d{20})-(\d+)-(.+)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Slot:
    """A position in the queue; the earliest is the active run's."""

    since: int
    """When the process joined, in nanoseconds since 1970."""
    pid: int
    run: str
    """Name of the run's folder; of a very long one its sha256."""

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.since:020d}-{self.pid}-{self.run}"


def slots(root: Path) -> tuple[Slot, ...]:
    """The queue of a directory of runs, starting with the active one; empty if it has none or cannot be read."""
    try:
        return tuple(_live(root / FOLDER))
    except OSError:
        return ()


def position(queue: Sequence[Slot], run: str) -> int | None:
    """How many runs are ahead of a run: 0 for the active one, None if it is not in the queue."""
    return next((place for place, slot in enumerate(queue) if slot.run == _short(run)), None)


@contextmanager
def queued(
    root: Path, run: str, on_wait: Callable[[int], None], cancelled: Callable[[], bool], poll: float = POLL
) -> Iterator[bool]:
    """Join the queue, wait until all earlier runs are done, and keep later ones waiting until the block ends.

    Args:
        root: The directory of the runs.
        run: Name of the run's folder.
        on_wait: Called with the number of runs ahead, initially and whenever it changes.
        cancelled: Checked while waiting; True leaves the queue.
        poll: Seconds between two checks.

    Yields:
        True once the run may start; False if the wait was cancelled.

    Raises:
        RunError: If the queue cannot be written.
    """
    folder = root / FOLDER
    turn = FileLock(folder / "turn.lock")
    slot, lock = _join(folder, run)
    try:
        reported = 0
        while ahead := _ahead(folder, slot, turn):
            if cancelled():
                yield False
                return
            if ahead != reported:
                on_wait(ahead)
                reported = ahead
            time.sleep(poll)
        yield True
    finally:
        turn.release()
        _remove(lock)


def _join(folder: Path, run: str) -> tuple[Slot, FileLock]:
    """Create a slot at the end of the queue."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        last = max((slot.since for slot in _live(folder)), default=0)  # a clock can be set back
        slot = Slot(max(time.time_ns(), last + 1), os.getpid(), _short(run))
        lock = FileLock(folder / slot.file)
        lock.acquire()  # longer than `_live` holds it to test it
    except OSError as error:
        raise RunError(f"cannot join the queue of runs: {folder} cannot be written ({error.strerror})") from error
    return slot, lock


def _ahead(folder: Path, slot: Slot, turn: FileLock) -> int:
    """Runs before this one; 0 takes the turn."""
    ahead = sum(other < slot for other in _live(folder))
    if not ahead:
        try:
            turn.acquire(timeout=0)
        except Timeout:  # of one that joined in the same moment
            return 1
    return ahead


def _live(folder: Path) -> list[Slot]:
    """The slots whose process is alive, in order; the files of the others are removed."""
    live = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if not (entry := _ENTRY.fullmatch(path.name)):
            continue
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            live.append(Slot(int(entry[1]), int(entry[2]), entry[3]))
        else:
            _remove(lock)
    return sorted(live)


def _remove(lock: FileLock) -> None:
    with suppress(OSError):  # Windows removes no open file, but releasing does so there
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _short(run: str) -> str:
    name = os.fsencode(run)
    return run if len(name) <= 150 else hashlib.sha256(name).hexdigest()  # with time and process a file's name too
