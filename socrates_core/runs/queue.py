"""The queue of runs that share one machine: one runs, the others wait in order of arrival.

    RUNS/.queue/guard.lock      held briefly while a process reads or changes the queue
                00000007.lock   locked by the operating system while the process in slot 7 is alive
                00000007.json   the run and the process of slot 7

The live slot with the lowest number runs. The lock of a killed process is released by the operating system, so a dead
process blocks nothing and the queue needs no supervisor.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from socrates_core.errors import RunError
from socrates_core.study.files import read_json

FOLDER: Final = ".queue"
"""Folder of the queue, in the directory of the runs."""

PATIENCE: Final = 30.0
"""Seconds to wait for the guard lock, which is only ever held for milliseconds."""

POLL: Final = 0.5
"""Seconds between two checks of a waiting process."""


@dataclass(frozen=True)
class Slot:
    """A position in the queue."""

    number: int
    run: str
    """Name of the run's folder."""
    pid: int
    """Id of the process that holds the slot."""


def slots(root: Path, patience: float = PATIENCE) -> tuple[Slot, ...]:
    """The queue, starting with the active run; empty if there is none or it cannot be read in time.

    Args:
        root: The directory of the runs.
        patience: Seconds to wait for the guard lock.
    """
    folder = root / FOLDER
    if not folder.is_dir():  # taking the lock would create the folder
        return ()
    try:
        with FileLock(folder / "guard.lock", timeout=patience):
            return tuple(_slot(folder, number) for number in _live(folder))
    except (Timeout, OSError):
        return ()


def position(queue: Sequence[Slot], run: str) -> int | None:
    """How many runs are ahead of a run: 0 for the active one, None if it is not in the queue."""
    return next((place for place, slot in enumerate(queue) if slot.run == run), None)


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
    number, lock = _join(folder, run)
    try:
        reported = 0
        while ahead := _ahead(folder, number, reported):
            if cancelled():
                yield False
                return
            if ahead != reported:
                on_wait(ahead)
                reported = ahead
            time.sleep(poll)
        yield True
    finally:
        _leave(folder, number, lock)


def _join(folder: Path, run: str) -> tuple[int, FileLock]:
    """Create a slot at the end of the queue; its content is complete before any other process can read it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "guard.lock", timeout=PATIENCE):
            number = max(_numbers(folder), default=0) + 1
            lock = FileLock(folder / f"{number:08d}.lock")
            lock.acquire(timeout=0)
            content = json.dumps({"run": run, "pid": os.getpid()})
            (folder / f"{number:08d}.json").write_text(content, "utf-8")
    except Timeout:
        raise RunError(f"the queue of runs in {folder.parent} is stuck: a process holds {folder}/guard.lock") from None
    except OSError as error:
        raise RunError(f"cannot join the queue of runs: {folder} cannot be written ({error.strerror})") from error
    return number, lock


def _leave(folder: Path, number: int, lock: FileLock) -> None:
    try:
        with FileLock(folder / "guard.lock", timeout=PATIENCE):
            lock.release()
            _remove(folder, number)
    except (Timeout, OSError):
        lock.release()  # the next process that reads the queue removes the files


def _ahead(folder: Path, number: int, last: int) -> int:
    """Live slots before this one; without the guard lock, the last known number, or 1 if none is known yet."""
    try:
        with FileLock(folder / "guard.lock", timeout=PATIENCE):
            return sum(other < number for other in _live(folder))
    except Timeout:
        return max(last, 1)


def _live(folder: Path) -> list[int]:
    """The slots whose process is alive, in order; the others are removed. The caller holds the guard lock."""
    live = []
    for number in _numbers(folder):
        lock = FileLock(folder / f"{number:08d}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            live.append(number)
        else:
            lock.release()
            _remove(folder, number)
    return live


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.lock") if path.stem.isascii() and path.stem.isdigit())


def _remove(folder: Path, number: int) -> None:
    for ending in ("json", "lock"):
        (folder / f"{number:08d}.{ending}").unlink(missing_ok=True)


def _slot(folder: Path, number: int) -> Slot:
    try:
        content: Any = read_json(folder / f"{number:08d}.json")
        return Slot(number, str(content["run"]), int(content["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Slot(number, "", 0)  # unreadable, but its lock still counts
