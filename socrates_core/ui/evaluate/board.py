"""The runs of one directory, as all visitors of the page see them."""

import threading
import time
from pathlib import Path
from typing import Final

from socrates_core.errors import RunError
from socrates_core.runs import index as run_index
from socrates_core.runs.index import RunRow
from socrates_core.ui.evaluate.comparisons import Comparisons

FRESH: Final = 1.0
"""Seconds for which a look at the directory does for everybody."""

FILES: Final = {
    "report.html": "text/html; charset=utf-8",
    "report.md": "text/markdown; charset=utf-8",
    "metrics.json": "application/json",
    "predictions.parquet": "application/octet-stream",
}
"""What of a finished run can be opened and downloaded."""

SINGLE_ANSWERS: Final = "predictions.parquet"
"""Holds what single people answered and who they are: on a public page that is for the owner alone."""


class RunBoard:
    """Looks at the run folders. It keeps nothing that they do not say, so any number of apps can look at them."""

    def __init__(self, root: Path) -> None:
        """Look at the runs of a directory, which need not be there yet."""
        self.root = root
        self.comparisons = Comparisons()
        self._lock = threading.Lock()
        self._rows: list[RunRow] = []
        self._at = -FRESH

    def rows(self, fresh: bool = False) -> list[RunRow]:
        """All runs, newest first.

        Args:
            fresh: Look now, even if somebody has just looked.
        """
        with self._lock:
            if fresh or time.monotonic() - self._at >= FRESH:
                self._rows = run_index.refresh(self.root)
                self._at = time.monotonic()
            return self._rows

    def row(self, name: object) -> RunRow:
        """The run of this name, as it stands now.

        Raises:
            RunError: If there is none.
        """
        found = next((row for row in self.rows(fresh=True) if row.name == name), None)
        if found is None:
            raise RunError(f"there is no run {str(name)[:60]!r} here any more")
        return found

    def folder(self, name: object) -> Path:
        """Of the run of this name.

        Raises:
            RunError: If there is none.
        """
        return self.root / self.row(name).name

    def file(self, name: str, file: str) -> Path:
        """A file of a finished run.

        Raises:
            RunError: If there is no such run, it is not finished, or it has no such file of its own.
        """
        row = next((one for one in self.rows() if one.name == name), None)
        if row is None or not row.has_report:
            raise RunError("there is no finished run of this name here")
        path = self.root / row.name / file
        inside = path.resolve().parent == (self.root / row.name).resolve()  # a link may lead anywhere
        if file not in FILES or not path.is_file() or not inside:
            raise RunError(f"this run has no {file[:60]!r}; it has {', '.join(FILES)}")
        return path
