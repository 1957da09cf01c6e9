"""All runs of a directory in one table, kept in SQLite and made again from the folders whenever it is asked for.

Nothing is known here that the folders do not say, so the file can be deleted at any time.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import RunError
from socrates_core.runs import StateCode, read_spec, state

FILE: Final = "index.sqlite"


@dataclass(frozen=True)
class RunRow:
    """One run."""

    name: str
    """Of its folder."""
    model: str
    adapter: str | None
    studies: str
    part: str
    per_cell: int | None
    state: StateCode
    done: int
    """Cells."""
    total: int | None
    updated: float | None
    """Time of the last event, in seconds since 1970."""
    wasserstein: float | None
    """By the stated scale; None before the run is finished."""
    low: float | None
    high: float | None
    """Its 95 % interval."""
    noise_floor: float | None
    contaminated: bool
    message: str | None
    """Why it failed, or cannot be read."""


_COLUMNS: Final = tuple(one.name for one in fields(RunRow))


def rebuild(root: Path) -> list[RunRow]:
    """The runs under a directory, newest first; also written to its index.sqlite.

    Raises:
        RunError: If the index cannot be written.
    """
    rows = sorted(_rows(root), key=lambda row: (-(row.updated or 0), row.name))
    if not root.is_dir():
        return rows
    try:
        with closing(sqlite3.connect(root / FILE, timeout=30)) as index, index:
            index.execute("DROP TABLE IF EXISTS runs")
            index.execute(f"CREATE TABLE runs ({', '.join(_COLUMNS)})")
            index.executemany(f"INSERT INTO runs VALUES ({', '.join('?' * len(_COLUMNS))})", map(astuple, rows))
    except sqlite3.DatabaseError as error:
        raise RunError(
            f"{root / FILE} cannot be written ({error}); delete it, it is made again from the folders"
        ) from error
    return rows


def read(root: Path) -> list[RunRow]:
    """What the index said when it was last made; empty where there is none."""
    if not (root / FILE).is_file():
        return []
    with closing(sqlite3.connect(f"file:{root / FILE}?mode=ro", uri=True)) as index:
        found = index.execute(f"SELECT {', '.join(_COLUMNS)} FROM runs").fetchall()
    rows = [dict(zip(_COLUMNS, values, strict=True)) for values in found]
    return [RunRow(**{**row, "contaminated": bool(row["contaminated"])}) for row in rows]


def _rows(root: Path) -> Iterator[RunRow]:
    for path in sorted(root.glob("*/spec.json")):
        folder = path.parent
        stands = state(folder)
        try:
            spec = read_spec(folder)
        except RunError as error:
            yield _unreadable(folder.name, str(error))
            continue
        metrics = _metrics(folder)
        found = metrics.get("wasserstein", {}).get("scale", {})
        low, high = found.get("ci95") or (None, None)
        yield RunRow(
            name=folder.name,
            model=spec.model,
            adapter=spec.adapter,
            studies=spec.studies,
            part=spec.part,
            per_cell=spec.per_cell,
            state=stands.code,
            done=stands.done,
            total=stands.total,
            updated=stands.updated,
            wasserstein=found.get("mean"),
            low=low,
            high=high,
            noise_floor=metrics.get("noise_floor", {}).get("scale", {}).get("mean"),
            contaminated=bool(metrics.get("contaminated")),
            message=stands.message,
        )


def _metrics(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "metrics.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _unreadable(name: str, message: str) -> RunRow:
    return RunRow(name, "", None, "", "", None, "failed", 0, None, None, None, None, None, None, False, message)
