"""How a folder appears: whole or not at all, whoever else is at it, and whenever its process is killed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from socrates_core.errors import HubError
from socrates_core.hub.source import is_pulled, strangers
from socrates_core.study.files import put_in_place

_PARTIAL: Final = ".socrates-pull"
"""Ends the names of hidden folders that are ours to delete."""


@contextmanager
def partial_folder(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder beside the final one, which is gone afterwards, however it ends; what a killed process left of
    its own goes too.

    The folder is locked while its process lives, so that one that nobody holds is known to be left over.
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
    """Hold a folder until the handle is closed or the process ends; None if somebody else holds it."""
    import fcntl  # where there is none, as on Windows, the rest of the app works all the same

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
    """Wait until no other thread or process is giving names to what lies in a folder, and keep them out meanwhile.

    A folder that is not there is locked by nobody.
    """
    if not folder.is_dir():
        yield
        return
    try:
        import fcntl
    except ModuleNotFoundError:  # as on Windows, where nothing can be pulled
        yield
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def install(partial: Path, folder: Path) -> None:
    """Give a finished folder its name; another commit that has it goes only then.

    Raises:
        HubError: If something stands there that was not pulled.
        OSError: If it cannot be written.
    """
    with locked(folder.parent):
        check_target(folder)
        put_in_place(partial, folder, replaced=leaving(folder))


def leaving(folder: Path) -> Path:
    """A name of its own for a folder that is about to go; should its process be killed, the next pull deletes it."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.{time.time_ns()}{_PARTIAL}")


def check_target(folder: Path) -> None:
    """Raise a HubError unless a folder is free for an adapter: not there, empty, or pulled earlier."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise HubError(f"{folder} is a file or a link; choose a folder")
    if folder.is_dir() and any(folder.iterdir()):
        strange = strangers(folder)
        if strange or not is_pulled(folder):
            held = ", ".join(strange[:5]) or "files that were not pulled"
            raise HubError(f"{folder} holds {held}; choose an empty folder, or one that is not there")
