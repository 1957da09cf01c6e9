"""All runs of a directory in one table, kept in a file so that listing many runs reads only what has changed.

The table holds nothing that is not in the folders, so the file can be deleted at any time; if it cannot be read or
written, everything is read from the folders.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from socrates_core.errors import PredictionError, RunError
from socrates_core.evaluation.results.distances import StudyKind
from socrates_core.evaluation.results.metrics import Metrics, load_metrics
from socrates_core.runs import queue as run_queue
from socrates_core.runs.folder import read_spec
from socrates_core.runs.state import AT_WORK, ENDS, Phase, StateCode, state
from socrates_core.study.files import read_bytes, write_file

FILE: Final = "index.json"


@dataclass(frozen=True)
class KindFigures:
    """The figures of a run on its studies of one kind. Figures over several kinds would say nothing about either."""

    kind: StudyKind
    wasserstein: float | None
    """W by the stated scale."""
    low: float | None
    high: float | None
    """Its 95 % interval."""
    noise_floor: float | None
    mass: float | None
    """Share of the model's probability on the scale, in [0, 1]; None if not known."""
    studies: int
    """Number of studies behind W."""


@dataclass(frozen=True)
class RunRow:
    """One run."""

    name: str
    """Name of its folder."""
    model: str
    adapter: str | None
    studies: str
    part: str
    per_cell: int | None
    seed: int
    state: StateCode
    phase: Phase | None
    """The step of its worker; None without one."""
    ahead: int | None
    """Number of runs before it in the queue; None for a run that is not queued."""
    done: int
    """Cells."""
    total: int | None
    rate: float | None
    """Answers per second."""
    left: float | None
    """Seconds left to predict."""
    updated: float | None
    """Time of the last event, in seconds since 1970."""
    owner: str | None
    """Who started it, in words; None if not recorded."""
    seconds: float | None
    """Time that its workers have spent on it; None before any."""
    kinds: tuple[KindFigures, ...]
    """Its figures on each kind of studies; empty before the run is finished, and if its metrics cannot be read."""
    contaminated: bool
    message: str | None
    """Why it failed or cannot be read; for a finished run, why its metrics cannot be read."""
    readable: bool
    """Whether the folder holds a run of this version."""
    stamp: str
    """Stamp of the files that the row was read from."""

    @property
    def at_work(self) -> bool:
        """Whether a process holds it, queued or predicting."""
        return self.state in AT_WORK

    @property
    def has_report(self) -> bool:
        """Whether there is a result to open and compare."""
        return self.state == "finished" and self.readable


_TABLE: Final = TypeAdapter(list[RunRow])


def refresh(root: Path) -> list[RunRow]:
    """The runs under a directory, newest first; only folders that have changed since the last call are read."""
    if not root.is_dir():
        return []
    before = read(root)
    known = {row.name: row for row in before}
    queue = run_queue.slots(root)
    rows = []
    for folder in os.scandir(root):
        if folder.name.startswith(".") or not (stamp := _stamp(folder.path)):
            continue
        old = known.get(folder.name)
        settled = old is not None and old.stamp == stamp and (old.state in ENDS or not old.readable)
        row = old if old is not None and settled else _row(Path(folder.path), stamp)
        ahead = run_queue.position(queue, row.name) if row.at_work else None
        rows.append(row if row.ahead == ahead else replace(row, ahead=ahead))
    rows.sort(key=lambda row: (-(row.updated or 0), row.name))
    if rows != before:
        _write(root, rows)
    return rows


def read(root: Path) -> list[RunRow]:
    """The index as last written; empty if there is none that can be read."""
    try:
        return _TABLE.validate_json(read_bytes(root / FILE), strict=True)
    except (OSError, ValueError):  # of an earlier version, or damaged
        return []


def _write(root: Path, rows: list[RunRow]) -> None:
    """Rewrite the index. It only saves time, so a full disk or a read-only directory is not an error."""
    with suppress(OSError, ValueError):  # or a name that is no text
        write_file(root / FILE, _TABLE.dump_json(rows), shared=True)  # several apps can share the directory


def _stamp(folder: str) -> str:
    """A text that changes when the row would: a worker touches events.jsonl as soon as it holds the run.

    Empty if the folder is not a run.
    """
    parts = []
    for name in ("spec.json", "events.jsonl", "metrics.json"):
        try:
            found = os.stat(f"{folder}/{name}")  # noqa: PTH116 - a Path takes three times as long, and runs are many
            parts.append(f"{found.st_mtime_ns}-{found.st_size}")
        except OSError:
            if not parts:
                return ""
            parts.append("none")
    return " ".join(parts)


def _row(folder: Path, stamp: str) -> RunRow:
    try:
        spec = read_spec(folder)
        stands = state(folder)
    except (RunError, OSError) as error:
        return _unreadable(folder.name, str(error), stamp)
    row = RunRow(
        name=folder.name,
        model=spec.model,
        adapter=spec.adapter,
        studies=spec.studies,
        part=spec.part,
        per_cell=spec.per_cell,
        seed=spec.seed,
        state=stands.code,
        phase=stands.phase,
        ahead=None,
        done=stands.done,
        total=stands.total,
        rate=stands.rate,
        left=stands.left,
        updated=stands.updated,
        owner=stands.owner,
        seconds=stands.seconds,
        kinds=(),
        contaminated=False,
        message=stands.message,
        readable=True,
        stamp=stamp,
    )
    return _with_figures(row, folder) if stands.code == "finished" else row


def _with_figures(row: RunRow, folder: Path) -> RunRow:
    """A finished run with the figures of its metrics; with the reason if they cannot be read."""
    try:
        metrics = load_metrics(folder)
    except PredictionError as error:
        return replace(row, message=str(error))
    return replace(row, kinds=kind_figures(metrics), contaminated=metrics.contaminated)


def kind_figures(metrics: Metrics) -> tuple[KindFigures, ...]:
    """The figures by the stated scale of each kind of studies that an evaluation has, the real ones first."""
    return tuple(
        KindFigures(
            kind=kind,
            wasserstein=found.scale.mean,
            low=None if found.scale.ci95 is None else found.scale.ci95.low,
            high=None if found.scale.ci95 is None else found.scale.ci95.high,
            noise_floor=found.noise_floor.scale.mean,
            mass=found.on_scale_mass.mean,
            studies=found.scale.studies,
        )
        for kind, found in sorted(metrics.by_kind.items())
    )


def _unreadable(name: str, message: str, stamp: str) -> RunRow:
    return RunRow(
        name=name,
        model="",
        adapter=None,
        studies="",
        part="",
        per_cell=None,
        seed=0,
        state="failed",
        phase=None,
        ahead=None,
        done=0,
        total=None,
        rate=None,
        left=None,
        updated=None,
        owner=None,
        seconds=None,
        kinds=(),
        contaminated=False,
        message=message,
        readable=False,
        stamp=stamp,
    )
