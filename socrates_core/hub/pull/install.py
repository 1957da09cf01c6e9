"""Atomic installation of a folder: complete or absent, even with concurrent processes or if one is killed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from socrates_core.errors import HubError
from socrates_core.hub.source import is_pulled, unexpected_files
from socrates_core.study.files import put_in_place

_PARTIAL: Final = ".socrates-pull"
"""Suffix of the hidden folders that pulls create and may delete."""


@contextmanager
def partial_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder beside the final one, removed on exit; leftovers of killed processes are removed as well.

    The folder stays locked while its process lives, so an unlocked one is known to be a leftover.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with locked(parent):
        for path in parent.glob(f".*{_PARTIAL}"):
            _remove_left_over(path)
        folder = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=_PARTIAL, dir=parent))
        handle = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _remove_left_over(path: Path) -> None:
    handle = _lock(path)
    if handle is not None:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def _lock(folder: Path) -> int | None:
    """Lock a folder until the handle is closed or the process ends; None if it is locked already."""
    import fcntl  # not available on Windows, where the rest of the app still works

    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, under which its entries are created, renamed and removed.

    Does nothing if the folder does not exist.
    """
    if not folder.is_dir():
        yield
        return
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows, where adapters cannot be pulled
        yield
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
