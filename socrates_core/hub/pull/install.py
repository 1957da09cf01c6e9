"""Atomic installation of a folder: complete or absent, even with concurrent processes or if one is killed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock

from socrates_core.errors import HubError
from socrates_core.hub.source import is_pulled, unexpected_files
from socrates_core.study.files import put_in_place

_PARTIAL: Final = ".socrates-pull"
"""Suffix of the hidden folders that pulls create and may delete."""

_LOCK: Final = ".lock"


@contextmanager
def partial_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder beside the final one, removed on exit; leftovers of killed processes are removed as well.

    Its lock, a file beside it, is held while its process lives, so an unlocked one is known to be a leftover.

    Raises:
        OSError: If it cannot be created.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with locked(parent):
        locks = parent.glob(f".*{_PARTIAL}{_LOCK}")
        for left in {*parent.glob(f".*{_PARTIAL}"), *(path.with_suffix("") for path in locks)}:
            if (free := _lock(left)) is not None:
                _discard(left, free)
        folder = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=_PARTIAL, dir=parent))
        lock = FileLock(_lock_of(folder))
        lock.acquire(timeout=0)  # its name is new
    try:
        yield folder
    finally:
        _discard(folder, lock)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, under which its entries are created, renamed and removed.

    Does nothing if the folder does not exist or cannot be written, where no entry can be created either.
    """
    lock = FileLock(folder / f"{_PARTIAL}{_LOCK}")
    try:
        if not folder.is_dir():  # taking the lock would create it
            raise FileNotFoundError(folder)
        lock.acquire(poll_interval=0.01)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        _release(lock)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{_LOCK}")


def _lock(folder: Path) -> FileLock | None:
    """The lock of a partial folder; None if a process holds it, or it is another user's."""
    lock = FileLock(_lock_of(folder))
    try:
        lock.acquire(timeout=0)
    except OSError:  # a Timeout is one
        return None
    return lock


def _discard(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _release(lock)


def _release(lock: FileLock) -> None:
    """Release a lock and leave no file: whoever opened it meanwhile finds that it has lost its name, and tries anew."""
    with suppress(OSError):  # Windows removes no open file, but releasing does so there
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def install(partial: Path, folder: Path) -> None:
    """Move a finished folder to its final name, replacing an adapter that was pulled there earlier.

    Raises:
        HubError: If the target holds files that were not pulled.
        OSError: If it cannot be written.
    """
    with locked(folder.parent):
        check_target(folder)
        put_in_place(partial, folder, replaced=discarded_name(folder))


def discarded_name(folder: Path) -> Path:
    """A unique hidden name for a folder about to be deleted; if the process is killed, the next pull deletes it."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.{time.time_ns()}{_PARTIAL}")


def check_target(folder: Path) -> None:
    """Raise a HubError unless an adapter may be installed here: the folder is absent, empty, or was pulled earlier."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise HubError(f"{folder} is a file or a link; choose a folder")
    if folder.is_dir() and any(folder.iterdir()):
        unexpected = unexpected_files(folder)
        if unexpected or not is_pulled(folder):
            held = ", ".join(unexpected[:5]) or "files that were not pulled"
            raise HubError(f"{folder} holds {held}; choose an empty or a new folder")
