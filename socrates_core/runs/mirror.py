"""Copies of finished runs in a folder that outlives this machine, and their restoration.

The disk of a Space is empty after every restart. A mounted bucket is not, but runs cannot be executed there: its files
become durable only when they are closed, and folders cannot be renamed atomically. So a run is executed here and copied
when it is finished; the copy is valid once it contains the list of its files and their hashes, which is written last.
"""

import json
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from socrates_core.errors import RunError
from socrates_core.runs.state import state
from socrates_core.study.files import file_sha256, partial_of, read_json

LIST: Final = "mirrored.json"
"""File → sha256; exists only in the copy."""

LEFT_OUT: Final = ("worker.lock", "cancel", LIST)
"""Files that are only needed while a run is executed."""

LOOK_EVERY: Final = 20.0
"""Seconds between checks for newly finished runs."""


class RunMirror:
    """Mirrors the finished runs of a directory in another one."""

    def __init__(self, runs: Path, mirror: Path, report: Callable[[str], None]) -> None:
        """Prepare; nothing is read or written yet.

        Args:
            runs: The directory in which runs are executed.
            mirror: The directory for copies of finished runs.
            report: Called with a message for every copy that fails.

        Raises:
            RunError: If they are the same folder, or one contains the other.
        """
        here, there = runs.resolve(), mirror.resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise RunError(
                f"the mirror {mirror} and the runs {runs} are the same folder or one contains the other; set "
                "SOCRATES_MIRROR elsewhere"
            )
        self.runs, self.mirror, self._report = runs, mirror, report
        self._known: set[str] = set()
        """Local runs that have a copy: if one has disappeared locally, a user has deleted it."""

    def restore(self) -> list[str]:
        """Restore the runs that have a valid copy and are missing locally; returns their names."""
        if not self.mirror.is_dir():
            return []
        restored = []
        for copy in sorted(path for path in self.mirror.iterdir() if (path / LIST).is_file()):
            folder = self.runs / copy.name
            if folder.exists():
                self._known.add(copy.name)
                continue
            try:
                _copy(copy, partial_of(folder), _listed(copy))
            except (OSError, RunError) as error:
                self._report(f"The copy of the run {copy.name} in {self.mirror} cannot be read: {error}")
                continue
            partial_of(folder).rename(folder)
            self._known.add(copy.name)
            restored.append(copy.name)
        return restored

    def update(self) -> None:
        """Copy newly finished runs, and remove the copies of runs that were deleted locally."""
        here = {path.name: path for path in self.runs.iterdir()} if self.runs.is_dir() else {}
        for name in sorted(self._known - set(here)):
            self._attempt(name, partial(self._remove_copy, name))
        for name, folder in here.items():
            if name.startswith(".") or name in self._known or not (folder / "spec.json").is_file():
                continue
            self._attempt(name, partial(self._copy_if_finished, folder))

    def watch(self) -> None:
        """Update periodically for as long as the program runs."""

        def update_forever() -> None:
            while True:
                self.update()
                pause.wait(LOOK_EVERY)

        pause = threading.Event()
        threading.Thread(target=update_forever, name="mirror", daemon=True).start()

    def _copy_if_finished(self, folder: Path) -> None:
        if state(folder).code != "finished":
            return
        files = {
            path.relative_to(folder).as_posix(): file_sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and path.name not in LEFT_OUT
        }
        copy = self.mirror / folder.name
        (copy / LIST).unlink(missing_ok=True)
        _copy(folder, copy, files)
        (copy / LIST).write_text(json.dumps(files, indent=1), "utf-8")
        self._known.add(folder.name)

    def _remove_copy(self, name: str) -> None:
        (self.mirror / name / LIST).unlink(missing_ok=True)
        shutil.rmtree(self.mirror / name)
        self._known.discard(name)

    def _attempt(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except (OSError, RunError) as error:
            self._report(f"The run {name} cannot be mirrored to {self.mirror}: {error}")


def _listed(copy: Path) -> dict[str, str]:
    """The files of a copy and their hashes.

    Raises:
        RunError: If the list names anything outside the copy.
    """
    try:
        files = read_json(copy / LIST)
        names = [PurePosixPath(name) for name in files]
    except (ValueError, TypeError) as error:
        raise RunError(f"{LIST} is damaged ({error})") from error
    if not isinstance(files, dict) or any(name.is_absolute() or ".." in name.parts for name in names):
        raise RunError(f"{LIST} names files outside the run")
    return files


def _copy(source: Path, target: Path, files: dict[str, str]) -> None:
    """Copy files and verify their hashes.

    Raises:
        RunError: If a hash differs.
    """
    shutil.rmtree(target, ignore_errors=True)
    for name, expected in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
        if file_sha256(target / name) != expected:
            raise RunError(f"{name} differs from the file that was copied")
