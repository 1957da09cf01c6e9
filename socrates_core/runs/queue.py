"""The line of runs that share one machine: one is at work, the others wait in the order in which they came.

    RUNS/.queue/guard.lock      held for the moment in which somebody looks at the line or changes it
                00000007.lock   held, by the operating system, as long as the process that took ticket 7 lives
                00000007.json   its run and its process

The living ticket with the lowest number has its turn. A process that is killed lets go of its ticket, so it holds up
nobody, and nobody has to watch over the line.
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

FOLDER: Final = ".queue"
"""Where the line is kept, in the directory of the runs."""

PATIENCE: Final = 30.0
"""Seconds to wait for the guard, which everybody holds for milliseconds."""

POLL: Final = 0.5
"""Seconds between two looks of somebody who waits."""


@dataclass(frozen=True)
class Ticket:
    """A place in the line."""

    number: int
    run: str
    """Name of the run's folder."""
    pid: int
    """Of the process that holds it."""


def line(root: Path, patience: float = PATIENCE) -> tuple[Ticket, ...]:
    """Who is in line, the one at work first; empty where nobody is or the line cannot be read in time.

    Args:
        root: The directory of the runs.
        patience: Seconds to wait for the guard.
    """
    folder = root / FOLDER
    if not folder.is_dir():  # looking must not make the folder
        return ()
    try:
        with FileLock(folder / "guard.lock", timeout=patience):
            return tuple(_ticket(folder, number) for number in _living(folder))
    except (Timeout, OSError):
        return ()


def ahead(tickets: Sequence[Ticket], run: str) -> int | None:
    """How many are before a run in the line; 0 for the one at work, None for one that is not in it."""
    return next((place for place, ticket in enumerate(tickets) if ticket.run == run), None)


@contextmanager
def turn(
    root: Path, run: str, waiting: Callable[[int], None], gives_up: Callable[[], bool], poll: float = POLL
) -> Iterator[bool]:
    """Take a place at the end of the line, wait for its turn, and keep it until the block is left.

    Args:
        root: The directory of the runs.
        run: Name of the run's folder.
        waiting: Told how many are ahead, at first and whenever that changes.
        gives_up: Asked while waiting; True leaves the line.
        poll: Seconds between two looks.

    Yields:
        Whether the turn came; False when the wait was given up.

    Raises:
        RunError: If the line cannot be written.
    """
    folder = root / FOLDER
    number, held = _take(folder, run)
    try:
        told = 0
        while before := _before(folder, number, told):
            if gives_up():
                yield False
                return
            if before != told:
                waiting(before)
                told = before
            time.sleep(poll)
        yield True
    finally:
        _leave(folder, number, held)


def _take(folder: Path, run: str) -> tuple[int, FileLock]:
    """A new last ticket and its lock. The content is there before anybody else can look."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "guard.lock", timeout=PATIENCE):
            number = max(_numbers(folder), default=0) + 1
            held = FileLock(folder / f"{number:08d}.lock")
            held.acquire(timeout=0)
            said = json.dumps({"run": run, "pid": os.getpid()})
            (folder / f"{number:08d}.json").write_text(said, "utf-8")
    except Timeout:
        raise RunError(f"the line of runs in {folder.parent} is stuck: a process holds {folder}/guard.lock") from None
    except OSError as error:
        raise RunError(f"no place in the line of runs: {folder} cannot be written ({error.strerror})") from error
    return number, held


def _leave(folder: Path, number: int, held: FileLock) -> None:
    try:
        with FileLock(folder / "guard.lock", timeout=PATIENCE):
            held.release()
            _forget(folder, number)
    except (Timeout, OSError):
        held.release()  # the next one who looks takes the files away


def _before(folder: Path, number: int, last: int) -> int:
    """Living tickets before this one; where the guard cannot be had, what was known last, and one before anything."""
    try:
        with FileLock(folder / "guard.lock", timeout=PATIENCE):
            return sum(other < number for other in _living(folder))
    except Timeout:
        return max(last, 1)


def _living(folder: Path) -> list[int]:
    """The tickets whose process lives, in order; the others are taken away. Call with the guard."""
    alive = []
    for number in _numbers(folder):
        lock = FileLock(folder / f"{number:08d}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            alive.append(number)
        else:
            lock.release()
            _forget(folder, number)
    return alive


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.lock") if path.stem.isascii() and path.stem.isdigit())


def _forget(folder: Path, number: int) -> None:
    for ending in ("json", "lock"):
        (folder / f"{number:08d}.{ending}").unlink(missing_ok=True)


def _ticket(folder: Path, number: int) -> Ticket:
    try:
        told: Any = json.loads((folder / f"{number:08d}.json").read_text("utf-8"))
        return Ticket(number, str(told["run"]), int(told["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Ticket(number, "", 0)  # somebody tampered with it; its lock counts all the same
