"""The runs of one directory, shared by all visitors of the page."""

import threading
import time
from pathlib import Path
from typing import Final

from socrates_core.errors import RunError
from socrates_core.runs import index as run_index
from socrates_core.runs.index import RunRow
from socrates_core.ui.evaluate.comparisons import Comparisons

FRESH: Final = 1.0
"""Seconds for which a scan of the directory is reused."""

FILES: Final = {
    "report.html": "text/html; charset=utf-8",
    "report.md": "text/markdown; charset=utf-8",
    "metrics.json": "application/json",
    "predictions.parquet": "application/octet-stream",
}
"""Files of a finished run that can be opened and downloaded."""

SINGLE_ANSWERS: Final = "predictions.parquet"
"""Contains individual answers with demographics: on a public page only the owner may download it."""


class RunBoard:
    """Reads the run folders. It has no state of its own, so several apps can share a directory."""

    def __init__(self, root: Path) -> None:
        """Read the runs of a directory, which need not exist yet."""
        self.root = root
        self.comparisons = Comparisons()
        self._lock = threading.Lock()
        self._rows: list[RunRow] = []
        self._at = -FRESH

    def rows(self, fresh: bool = False) -> list[RunRow]:
        """All runs, newest first.

        Args:
            fresh: Scan now, even if the last scan is recent.
        """
        with self._lock:
            if fresh or time.monotonic() - self._at >= FRESH:
                self._rows = run_index.refresh(self.root)
                self._at = time.monotonic()
            return self._rows

    def row(self, name: object) -> RunRow:
        """The current state of the run with this name.

        Raises:
            RunError: If it does not exist.
        """
        found = next((row for row in self.rows(fresh=True) if row.name == name), None)
        if found is None:
            raise RunError(f"there is no run {str(name)[:60]!r} any more")
        return found

    def folder(self, name: object) -> Path:
        """The folder of the run with this name.

        Raises:
            RunError: If it does not exist.
        """
        return self.root / self.row(name).name

    def file(self, name: str, file: str) -> Path:
        """A file of a finished run.

        Raises:
            RunError: If the run does not exist or is not finished, or the file is not one of `FILES` inside its folder.
        """
        row = next((one for one in self.rows() if one.name == name), None)
        if row is None or not row.has_report:
            raise RunError("there is no finished run of this name")
        path = self.root / row.name / file
        inside = path.resolve().parent == (self.root / row.name).resolve()  # a symbolic link may point anywhere
        if file not in FILES or not path.is_file() or not inside:
            raise RunError(f"this run has no {file[:60]!r}; it has {', '.join(FILES)}")
        return path
