"""Comparisons of runs, computed beside the page: closing it does not stop them, and who asks again has them at once."""

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

KEPT: Final = 8
"""Comparisons in memory; their pages hold the plotting library and weigh about five megabytes each."""

MOST_RUNS: Final = 12
"""Runs in one comparison: every pair of them has a row."""

FILES: Final = {
    "comparison.html": "text/html; charset=utf-8",
    "comparison.md": "text/markdown; charset=utf-8",
    "comparison.json": "application/json",
}


@dataclass(eq=False)
class Job:
    """A comparison on its way."""

    names: tuple[str, ...]
    """Of the runs."""
    stage: str = "waiting for another comparison"
    """What is being done, in words."""
    files: Mapping[str, str] = field(default_factory=dict)
    """File name → content; empty before it is done."""
    error: str | None = None
    """Why it cannot be made."""
    future: Future[None] | None = None
    """Of the thread that makes it."""

    @property
    def ended(self) -> bool:
        """Whether it is done or has failed."""
        return self.future is not None and self.future.done()

    def check(self) -> None:
        """Raise what nobody foresaw, if that ended it."""
        if self.future is not None and self.future.done():
            self.future.result()


class Comparisons:
    """Makes comparisons one after the other and keeps the last ones."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="comparison")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def begin(self, folders: Sequence[Path], convention: str) -> str:
        """Start a comparison unless it is there; its key names it.

        Args:
            folders: Of two or more finished runs.
            convention: `scale` or `observed`.

        Raises:
            PredictionError: If they are too few or too many, or the convention is unknown.
        """
        if not 2 <= len(folders) <= MOST_RUNS:
            raise PredictionError(f"choose 2 to {MOST_RUNS} finished runs to compare; {len(folders)} are chosen")
        by = next((one for one in CONVENTIONS if one == convention), None)
        if by is None:
            raise PredictionError(f"no convention {str(convention)[:40]!r}; choose scale or observed")
        key = _key(folders, convention)
        with self._lock:
            job = self._jobs.get(key)
            if job is None or (job.ended and not job.files):
                job = self._jobs[key] = Job(tuple(folder.name for folder in folders))
                job.future = self._pool.submit(_make, job, list(folders), by)
            self._jobs.move_to_end(key)
            ended = [key for key, one in self._jobs.items() if one.ended]
            for old in ended[: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[old]
        return key

    def job(self, key: str) -> Job:
        """The comparison of this key.

        Raises:
            PredictionError: If it is not kept any more.
        """
        with self._lock:
            found = self._jobs.get(key)
        if found is None:
            raise PredictionError("this comparison is not kept any more; choose the runs again")
        return found


def _make(job: Job, folders: Sequence[Path], convention: Convention) -> None:
    """Fill a job. Runs in a thread of its own."""
    try:
        job.stage = f"reading {len(folders)} runs"
        evaluations = load_evaluations(folders)
        job.stage = "resampling their studies"
        found = compare(evaluations, convention)
        job.stage = "writing the report"
        page, text = report(found)
        told = json.dumps(as_json(found), indent=1, ensure_ascii=False, allow_nan=False)
        job.files = dict(zip(FILES, (page, text, told), strict=True))
    except SocratesError as error:
        job.error = str(error)
    except (OSError, MemoryError) as error:  # whoever waits must not wait for ever
        job.error = f"these runs cannot be compared: {error or type(error).__name__}"


def _key(folders: Sequence[Path], convention: str) -> str:
    """Changes when one of the runs was scored anew."""
    parts = [convention]
    for folder in folders:
        try:
            parts.append(f"{folder.name} {(folder / 'metrics.json').stat().st_mtime_ns}")
        except OSError:
            parts.append(f"{folder.name} none")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
