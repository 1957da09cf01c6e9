"""Comparisons of runs, computed in a background thread and cached; closing the page does not stop them."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from socrates_core.errors import PredictionError, SocratesError
from socrates_core.evaluation.comparison import compare, load_evaluations
from socrates_core.evaluation.results.distances import CONVENTIONS, Convention
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.report.comparison import report

CAPACITY: Final = 8
"""Comparisons in memory; each report includes the plotting library and takes about five megabytes."""

MAX_BUSY: Final = 8
"""Comparisons that are waiting or in progress."""

MAX_RUNS: Final = 12
"""Runs in one comparison, which has a row for every pair."""

FILES: Final = {
    "comparison.html": "text/html; charset=utf-8",
    "comparison.md": "text/markdown; charset=utf-8",
    "comparison.json": "application/json",
}


@dataclass(eq=False)
class Job:
    """A comparison in progress or done."""

    names: tuple[str, ...]
    """Names of the runs."""
    stage: str = "waiting for another comparison"
    """The current step in words."""
    files: Mapping[str, str] = field(default_factory=dict)
    """File name → content; empty until it is done."""
    error: str | None = None
    """The reason if it failed."""
    future: Future[None] | None = None
    """The result of the background thread."""

    @property
    def ended(self) -> bool:
        """Whether it is done or has failed."""
        return self.future is not None and self.future.done()

    def check(self) -> None:
        """Raise the unexpected error that ended it, if any."""
        if self.future is not None and self.future.done():
            self.future.result()


class Comparisons:
    """Computes comparisons one at a time and caches the latest."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="comparison")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(self, folders: Sequence[Path], convention: str) -> str:
        """Start a comparison unless it is cached, and return its key.

        Args:
            folders: Folders of two or more finished runs.
            convention: `scale` or `observed`.

        Raises:
            PredictionError: If there are too few or too many runs, the convention is unknown, or too many are waiting.
        """
        if not 2 <= len(folders) <= MAX_RUNS:
            raise PredictionError(f"choose 2 to {MAX_RUNS} finished runs to compare; {len(folders)} are selected")
        by = next((one for one in CONVENTIONS if one == convention), None)
        if by is None:
            raise PredictionError(f"unknown convention {str(convention)[:40]!r}; choose scale or observed")
        key = _key(folders, convention)
        with self._lock:
            job = self._jobs.get(key)
            if job is None or (job.ended and not job.files):
                if sum(not one.ended for one in self._jobs.values()) >= MAX_BUSY:
                    raise PredictionError(f"{MAX_BUSY} comparisons are waiting already; try again in a minute")
                job = self._jobs[key] = Job(tuple(folder.name for folder in folders))
                job.future = self._pool.submit(_make, job, list(folders), by)
            self._jobs.move_to_end(key)
            ended = [key for key, one in self._jobs.items() if one.ended]
            for old in ended[: max(0, len(self._jobs) - CAPACITY)]:
                del self._jobs[old]
        return key

    def has(self, folders: Sequence[Path], convention: str) -> bool:
        """Whether this comparison is done, in progress or waiting."""
        with self._lock:
            job = self._jobs.get(_key(folders, convention))
            return job is not None and not (job.ended and not job.files)

    def job(self, key: str) -> Job:
        """The comparison with this key.

        Raises:
            PredictionError: If it is no longer cached.
        """
        with self._lock:
            found = self._jobs.get(key)
        if found is None:
            raise PredictionError("this comparison is no longer available; select the runs again")
        return found


def _make(job: Job, folders: Sequence[Path], convention: Convention) -> None:
    """Compute a comparison; runs in the background thread."""
    try:
        job.stage = f"reading {len(folders)} runs"
        evaluations = load_evaluations(folders)
        job.stage = "resampling their studies"
        found = compare(evaluations, convention)
        job.stage = "writing the report"
        page, text = report(found)
        data = json.dumps(as_json(found), indent=1, ensure_ascii=False, allow_nan=False)
        job.files = dict(zip(FILES, (page, text, data), strict=True))
    except SocratesError as error:
        job.error = str(error)
    except (OSError, MemoryError) as error:  # the job must end with an error rather than never
        job.error = f"these runs cannot be compared: {error or type(error).__name__}"


def _key(folders: Sequence[Path], convention: str) -> str:
    """A key that changes when one of the runs is scored again."""
    parts = [str(convention)]
    for folder in folders:
        try:
            parts.append(f"{folder.name} {(folder / 'metrics.json').stat().st_mtime_ns}")
        except OSError:
            parts.append(f"{folder.name} none")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
