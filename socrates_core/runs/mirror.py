"""Finished runs copied to a folder that outlives this machine, and found there again.

The disk of a Space is empty after every restart. A mounted bucket is not, but it is no place to work in: its files
become durable when they are closed, and folders cannot be renamed in one step. So a run is worked on here, copied when
it is finished, and the copy counts once the list of its files and their hashes, written last, stands among them.
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
from socrates_core.study.files import file_sha256, partial_of

LIST: Final = "mirrored.json"
"""File → sha256, in the copy alone."""

LEFT_OUT: Final = ("worker.lock", "cancel", LIST)
"""Files that mean something only while somebody works on a run."""

LOOK_EVERY: Final = 20.0
"""Seconds between looks for runs that have finished."""


class RunMirror:
    """Keeps copies of the finished runs of a directory in another one."""

    def __init__(self, runs: Path, mirror: Path, tell: Callable[[str], None]) -> None:
        """Prepare; nothing is read or written yet.

        Args:
            runs: Where runs are worked on.
            mirror: Where copies of the finished ones lie.
            tell: Told what was copied, and what could not be.

        Raises:
            RunError: If they are the same folder, or one lies in the other.
        """
        here, there = runs.resolve(), mirror.resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise RunError(f"the mirror {mirror} and the runs {runs} lie in each other; set SOCRATES_MIRROR elsewhere")
        self.runs, self.mirror, self._tell = runs, mirror, tell
        self._known: set[str] = set()
        """Runs that were here and have a copy: if one is gone here, somebody has deleted it."""

    def restore(self) -> list[str]:
        """Bring back the runs that have a whole copy and are not here; returns their names."""
        if not self.mirror.is_dir():
            return []
        brought = []
        for copy in sorted(path for path in self.mirror.iterdir() if (path / LIST).is_file()):
            folder = self.runs / copy.name
            if folder.exists():
                self._known.add(copy.name)
                continue
            try:
                _copy(copy, partial_of(folder), _listed(copy))
            except (OSError, RunError) as error:
                self._tell(f"The copy of the run {copy.name} in {self.mirror} cannot be read: {error}")
                continue
            partial_of(folder).rename(folder)
            self._known.add(copy.name)
            brought.append(copy.name)
        return brought

    def update(self) -> None:
        """Copy what has finished since, and remove the copies of runs that were deleted here."""
        here = {path.name: path for path in self.runs.iterdir()} if self.runs.is_dir() else {}
        for name in sorted(self._known - set(here)):
            self._attempt(name, partial(self._forget, name))
        for name, folder in here.items():
            if name.startswith(".") or name in self._known or not (folder / "spec.json").is_file():
                continue
            self._attempt(name, partial(self._keep, folder))

    def watch(self) -> None:
        """Update every now and then, as long as the program runs."""

        def look() -> None:
            while True:
                self.update()
                pause.wait(LOOK_EVERY)

        pause = threading.Event()
        threading.Thread(target=look, name="mirror", daemon=True).start()

    def _keep(self, folder: Path) -> None:
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

    def _forget(self, name: str) -> None:
        (self.mirror / name / LIST).unlink(missing_ok=True)
        shutil.rmtree(self.mirror / name)
        self._known.discard(name)

    def _attempt(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except (OSError, RunError) as error:
            self._tell(f"The run {name} cannot be mirrored to {self.mirror}: {error}")


def _listed(copy: Path) -> dict[str, str]:
    """The files of a copy and their hashes.

    Raises:
        RunError: If the list names anything but files below it.
    """
    try:
        files = json.loads((copy / LIST).read_text("utf-8"))
        names = [PurePosixPath(name) for name in files]
    except (ValueError, TypeError) as error:
        raise RunError(f"{LIST} is damaged ({error})") from error
    if not isinstance(files, dict) or any(name.is_absolute() or ".." in name.parts for name in names):
        raise RunError(f"{LIST} names files outside the run")
    return files


def _copy(source: Path, target: Path, files: dict[str, str]) -> None:
    """Copy files that must have these hashes.

    Raises:
        RunError: If one has another.
    """
    shutil.rmtree(target, ignore_errors=True)
    for name, expected in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
        if file_sha256(target / name) != expected:
            raise RunError(f"{name} is not what was copied")
