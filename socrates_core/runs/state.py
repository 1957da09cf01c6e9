"""Where a run stands, told by its files and its lock alone: whoever opens the page anew sees the same."""

import json
import math
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from filelock import FileLock, Timeout

from socrates_core.errors import RunError

StateCode = Literal["new", "waiting", "running", "interrupted", "cancelled", "failed", "finished"]

ENDS: Final[tuple[StateCode, ...]] = ("cancelled", "failed", "finished")
"""Events that end a run; one that has begun and has none of these, and no worker, was interrupted."""

AT_WORK: Final[tuple[StateCode, ...]] = ("waiting", "running")
"""States in which a process holds the run."""

Phase = Literal["starting", "waiting", "loading", "predicting", "scoring", "stopping"]

_PHASES: Final[Mapping[str, Phase]] = {
    "queued": "waiting",
    "loading": "loading",
    "started": "predicting",
    "units": "predicting",
    "unit_failed": "predicting",
    "scoring": "scoring",
}
"""Event → what its worker does after it."""


@dataclass(frozen=True)
class RunState:
    """Where a run stands."""

    code: StateCode
    phase: Phase | None
    """What its worker is at; None without one."""
    done: int
    """Cells whose unit is there."""
    total: int | None
    """Cells in all; None before a worker has counted them."""
    rate: float | None
    """Answers a second that its last worker predicted; None before its first cells."""
    left: float | None
    """Seconds that are left to predict at this rate; None where nobody predicts or the rate is not known."""
    message: str | None
    """Why it failed; None otherwise."""
    updated: float | None
    """Time of the last event, in seconds since 1970."""

    @property
    def resumable(self) -> bool:
        """Whether the same command goes on with it."""
        return self.code in ("new", "interrupted", "cancelled", "failed")


@dataclass(frozen=True)
class Speed:
    """How fast a worker predicted."""

    answers: int
    """Predicted by it."""
    wanted: int
    """That it had to predict."""
    seconds: float
    """From its first cell on."""
    last: float
    """When its last cells were done, in seconds since 1970."""
    host: str
    """The machine."""

    @property
    def rate(self) -> float | None:
        """Answers a second; None before the first ones."""
        return self.answers / self.seconds if self.answers and self.seconds > 0 else None


def state(folder: Path) -> RunState:
    """Where a run stands.

    Raises:
        RunError: If the folder is no run.
    """
    if not (folder / "spec.json").is_file():
        raise RunError(f"{folder} is no run (no spec.json)")
    alive = is_alive(folder)  # before its events: one that ends in between counts as interrupted for no moment
    happened = events(folder)
    last = happened[-1] if happened else None
    phase: Phase | None = None
    code: StateCode = "new"
    if alive:
        phase = _PHASES.get(last["event"] if last else "", "starting")
        code = "waiting" if phase == "waiting" else "running"
        phase = "stopping" if (folder / "cancel").exists() else phase
    elif last is not None:
        code = next((end for end in ENDS if end == last["event"]), "interrupted")
    speed = speed_of(happened)
    rate = speed.rate if speed else None
    left = None
    if speed and rate and phase == "predicting":
        left = max(0.0, (speed.wanted - speed.answers) / rate - max(0.0, time.time() - speed.last))
    counted = (_count(one.get("cells")) for one in reversed(happened) if one["event"] == "started")
    return RunState(
        code=code,
        phase=phase,
        done=sum(1 for _ in (folder / "units").glob("[0-9]*.parquet")),
        total=next(counted, None),
        rate=rate,
        left=left,
        message=str(last.get("message", "")) if last and code == "failed" else None,
        updated=last["time"] if last else None,
    )


def speed_of(happened: Sequence[Mapping[str, Any]]) -> Speed | None:
    """How fast the last worker predicted; None where none has begun."""
    begun = next((place for place in reversed(range(len(happened))) if happened[place]["event"] == "started"), None)
    if begun is None:
        return None
    start = happened[begun]
    units = [one for one in happened[begun:] if one["event"] == "units"]
    last = units[-1]["time"] if units else start["time"]
    return Speed(
        answers=sum(_count(one.get("answers")) or 0 for one in units),
        wanted=_count(start.get("answers")) or 0,
        seconds=last - start["time"],
        last=last,
        host=str(start.get("host", "")),
    )


def is_alive(folder: Path) -> bool:
    """Whether a worker holds the run's lock."""
    if not (folder / "worker.lock").exists():  # looking must not make the folder
        return False
    lock = FileLock(folder / "worker.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def events(folder: Path) -> list[dict[str, Any]]:
    """What happened, in order; what is no event, a line that a killed worker left half-written say, is passed over."""
    path = folder / "events.jsonl"
    found = []
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(one, dict) and isinstance(one.get("event"), str) and _is_time(one.get("time")):
            found.append(one)
    return found


def record(folder: Path, event: str, **details: Any) -> None:
    """Add a line to events.jsonl and to log.txt."""
    now = time.time()
    line = json.dumps({"time": round(now, 3), "event": event, **details}, ensure_ascii=False)
    said = " ".join(f"{key}={value}" for key, value in details.items())
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    for name, text in (("events.jsonl", line), ("log.txt", f"{stamp} {event} {said}")):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def this_machine() -> str:
    """What a run records of where it was done, so that its speed is not taken for another machine's."""
    return platform.node()


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1e11
