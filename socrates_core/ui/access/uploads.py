"""Files that visitors send: each in a temporary folder of its own, which goes with the page that sent it.

A file is sent as the body of one request, within a stated size, and answered with a secret word by which its page, and
nobody else, takes it. Only its ending is taken from its name; the rest of the name is shown and never used as a path.
"""

import os
import secrets
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from socrates_core.errors import SocratesError, shown
from socrates_core.study.sources.file import delimited, json_table, labelled, workbook
from socrates_core.study.sources.file.delimited import suffix_of
from socrates_core.study.sources.hub_dataset import HubFiles

LARGEST: Final = 50 * 1024**2
"""Most bytes of a file; a larger one is for the command line, which reads it without sending it."""
IN_ALL: Final = 1024**3
"""Most bytes of all files that visitors have on this server."""
UNCLAIMED: Final = 600.0
"""Seconds in which a page takes the file that it has sent."""

READ: Final[Mapping[str, str]] = {
    **dict.fromkeys(delimited.SUFFIXES, "CSV and other text tables"),
    **dict.fromkeys(workbook.SUFFIXES, "Excel"),
    **{ending: "Stata" if ending == ".dta" else "SPSS" for ending in labelled.SUFFIXES},
    ".parquet": "Parquet",
    **dict.fromkeys((".feather", ".arrow", ".ipc"), "Feather"),
    **dict.fromkeys(json_table.SUFFIXES, "JSON"),
}
"""Ending → what such a file is."""
RECORD_SUFFIX: Final = ".zip"
"""Of a record of a prediction, which is opened and never read as answers."""
_LONGEST_NAME: Final = 120
_PREFIX: Final = "socrates-data-"
"""Of a folder; the number of the process follows, and something random."""


class Upload:
    """A file of one page. Its folder is deleted by `close`, or with the object."""

    def __init__(self, name: str) -> None:
        """Make the folder.

        Args:
            name: As the visitor's computer calls it.

        Raises:
            SocratesError: If its ending is none of those that are read.
        """
        ending = suffix_of(Path(name))
        if ending not in READ and ending != RECORD_SUFFIX:
            raise SocratesError(
                f"{shown(name[-_LONGEST_NAME:])!r} is not read here: its name ends in {ending or 'nothing'!r}, "
                f"expected {', '.join(READ)}"
            )
        self.name = shown_name(name)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))  # only this account may open it
        self._delete = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        packed = ".gz" if name.lower().endswith(".gz") else ""
        self.path = folder / f"answers{ending}{packed}"
        self.hub: HubFiles | None = None
        """Files of a data set of the Hub, which stand in the place of `path`; None for a file that was sent."""
        self.source = "FILE"
        """How the command line names it."""
        self.survey = ""
        """The name of the survey file beside it, likewise; empty if there is none."""
        self.size = 0
        """Bytes of all its files, those on their way among them."""

    @property
    def files(self) -> Sequence[Path]:
        """What is read, in the order in which rows follow each other."""
        return (self.path,) if self.hub is None else self.hub.files

    @property
    def open(self) -> bool:
        """Whether it has not been deleted."""
        return self._delete.alive

    def close(self) -> None:
        """Delete the file."""
        self._delete()


def shown_name(name: str) -> str:
    """The name of a file as messages have it: without folders, its end if it is long."""
    return shown(Path(name.replace("\\", "/")).name[-_LONGEST_NAME:])


def delete_leftovers() -> None:
    """Delete the files of apps that were killed before they could do it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(eq=False)
class Uploads:
    """The files of all pages."""

    largest: int = LARGEST
    in_all: int = IN_ALL
    _waiting: dict[str, tuple[Upload, float]] = field(default_factory=dict)
    """Secret word → a file that its page has not taken yet, and since when."""
    _alive: weakref.WeakSet[Upload] = field(default_factory=weakref.WeakSet)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, name: str, size: int) -> Upload:
        """A place for a file that is about to come; it counts from now on.

        Args:
            name: As for `Upload`.
            size: Its bytes, as stated.

        Raises:
            SocratesError: If it is empty or too large, there is no room for it now, or its ending is none of those that
                are read.
        """
        with self._room(size):
            upload = Upload(name)
            upload.size = size
            self._alive.add(upload)
        return upload

    def add(self, upload: Upload, size: int) -> None:
        """Count another file in the place of one.

        Raises:
            SocratesError: If it is empty or too large, or there is no room for it now.
        """
        with self._room(size):
            upload.size += size

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Whoever is inside is the only one to count a file, for which there is room.

        Raises:
            SocratesError: As for `add`.
        """
        if size > self.largest:
            raise SocratesError(
                f"The file has {size / 1024**2:,.0f} MB; the page takes up to {self.largest / 1024**2:,.0f} MB. Larger "
                "ones are read on the command line, which sends nothing: python -m train.prepare --source FILE "
                "--propose-map map.yaml"
            )
        if size <= 0:
            raise SocratesError("The file is empty.")
        with self._lock:
            for word in [word for word, (_, since) in self._waiting.items() if time.monotonic() - since > UNCLAIMED]:
                self._waiting.pop(word)[0].close()
            held = sum(one.size for one in self._alive if one.open)
            if held + size > self.in_all:
                raise SocratesError("Many people have data open here. Try again later, or use the command line.")
            yield

    def keep(self, upload: Upload) -> str:
        """Keep a file until its page takes it; gives the secret word."""
        word = secrets.token_urlsafe(24)
        with self._lock:
            self._waiting[word] = upload, time.monotonic()
        return word

    def beside(self, word: str) -> Upload:
        """The file of this word, which a survey file belongs to; it is still to be taken.

        Raises:
            SocratesError: If there is none.
        """
        with self._lock:
            found = self._waiting.get(word)
        if found is None:
            raise SocratesError("Choose the answers together with the survey file (.qsf) that belongs to them.")
        return found[0]

    def take(self, word: object) -> Upload:
        """The file of this word, which nobody can take twice.

        Raises:
            SocratesError: If there is none.
        """
        with self._lock:
            found = self._waiting.pop(word, None) if isinstance(word, str) else None
        if found is None:
            raise SocratesError("This file is no longer here. Choose it again.")
        return found[0]
