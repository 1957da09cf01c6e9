"""The runs suite: how long the page takes to list many finished runs.

One run of the uniform baseline is copied with what a list reads of it: specification, events, metrics and the names of
its units. The first list reads every run, as after the index was lost; later ones read what has changed.
"""

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from socrates_core.evaluation.spec import open_studies, specify
from socrates_core.runs import index
from socrates_core.runs.folder import open_run
from socrates_core.runs.state import record
from socrates_core.runs.worker import work

RUNS: Final = 10_000
LIMIT: Final = 1.0
"""Seconds within which a list should be there."""

STUDIES: Final = 2
PER_CELL: Final = 5
REPEATS: Final = 5


def run_runs_suite(_rows: int, seed: int) -> dict[str, Any]:
    """Time lists of many runs."""
    return measure_lists(RUNS, seed)


def measure_lists(runs: int, seed: int) -> dict[str, Any]:
    """Time lists of so many runs: the first, unchanged ones, and those after one run has changed."""
    with tempfile.TemporaryDirectory(prefix="socrates-runs-") as made:
        model, root = Path(made, "model"), Path(made, "runs")
        _finish(model, seed)
        for number in range(runs):
            (root / f"run-{number}" / "units").mkdir(parents=True)
            for name in ("spec.json", "events.jsonl", "metrics.json"):
                shutil.copyfile(model / name, root / f"run-{number}" / name)
            for unit in (model / "units").glob("*.parquet"):
                (root / f"run-{number}" / "units" / unit.name).touch()
        first = _list(root, runs)
        unchanged = [_list(root, runs) for _ in range(REPEATS)]
        changed = []
        for number in range(REPEATS):
            record(root / f"run-{number}", "finished")
            changed.append(_list(root, runs))
        figures = {"first": first, "unchanged": _middle(unchanged), "one_changed": _middle(changed)}
        return {"runs": runs, "limit": LIMIT, **figures, "index_bytes": (root / index.FILE).stat().st_size}


def _finish(folder: Path, seed: int) -> None:
    studies, split = open_studies("bundled")
    some = split.parts["test"][:STUDIES]
    open_run(folder, specify(studies, split, "bundled", "test", "uniform", per_cell=PER_CELL, seed=seed, only=some))
    work(folder, "local")


def _list(root: Path, runs: int) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    rows = index.refresh(root)
    assert len(rows) == runs
    assert all(row.has_report and row.kinds for row in rows)
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def _middle(lists: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in lists) for name in lists[0]}
