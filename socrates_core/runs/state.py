"""The state of a run, derived from its files and its lock alone, so that a reloaded page shows the same state."""

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

from filelock import FileLock, Timeout

from socrates_core.errors import RunError
from socrates_core.study.files import parse_json
from socrates_core.study.incoming.numbers import number_in, whole_in

StateCode = Literal["new", "waiting", "running", "interrupted", "cancelled", "failed", "finished"]

ENDS: Final[tuple[StateCode, ...]] = ("cancelled", "failed", "finished")
"""Events that end a run; a run whose last event is another one, and that has no worker, was interrupted."""

AT_WORK: Final[tuple[StateCode, ...]] = ("waiting", "running")
"""States in which a worker holds the run's lock."""

Phase = Literal["starting", "waiting", "loading", "predicting", "scoring", "stopping"]

STARTED_BY: Final = "asked"
"""The event that says who starts or resumes a run; it is no step of its work."""

PAUSES: Final = ("queued", *ENDS)
"""Events after which no work is done until the next one."""

MOST: Final = 10**11
"""The largest count, and the latest time in seconds, that an event is believed to tell."""

_PHASES: Final[Mapping[str, Phase]] = {
    "queued": "waiting",
    "loading": "loading",
    "started": "predicting",
    "units": "predicting",
    "unit_failed": "predicting",
    "scoring": "scoring",
}
"""Event → the phase that its worker enters with it."""


@dataclass(frozen=True)
class RunState:
    """The state of a run."""

    code: StateCode
    phase: Phase | None
    """What its worker is doing; None without a worker."""
    done: int
    """Cells with a finished unit."""
    total: int | None
    """Total number of cells; None before a worker has counted them."""
    rate: float | None
    """Answers per second of its last worker; None before its first cells."""
    left: float | None
    """Estimated seconds of prediction left at this rate; None outside the prediction phase or without a rate."""
    message: str | None
    """Why it failed; None otherwise."""
    updated: float | None
    """Time of the last event, in seconds since 1970; None without events."""
    owner: str | None
    """Who started it, in words; None where nobody is recorded, as in runs of earlier versions."""
    seconds: float | None
    """Time that its workers have spent on it, up to the last event; None before any."""


@dataclass(frozen=True)
class Speed:
    """The prediction speed of a worker."""

    answers: int
    """Answers that it has predicted."""
    wanted: int
    """Answers that it had to predict in all."""
    seconds: float
    """Time from its start to its last finished cells."""
    last: float
    """When its last cells were finished, in seconds since 1970."""
    host: str
    """The machine it ran on."""

    @property
    def rate(self) -> float | None:
        """Answers per second; None before the first ones."""
        return self.answers / self.seconds if self.answers and self.seconds > 0 else None


def state(folder: Path) -> RunState:
    """The state of a run.

    Raises:
        RunError: If the folder is not a run.
    """
    if not (folder / "spec.json").is_file():
        raise RunError(f"{folder} is not a run (no spec.json)")
    alive = is_alive(folder)  # read before the events, so that a worker ending in between never looks interrupted
    everything = events(folder)
    owner = next((one.get("by") for one in everything if one["event"] == STARTED_BY), None)
    happened = [one for one in everything if one["event"] != STARTED_BY]
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
    counted = (whole_in(one.get("cells"), 0, MOST) for one in reversed(happened) if one["event"] == "started")
    return RunState(
        code=code,
        phase=phase,
        done=sum(1 for _ in (folder / "units").glob("[0-9]*.parquet")),
        total=next(counted, None),
        rate=rate,
        left=left,
        message=str(last.get("message", "")) if last and code == "failed" else None,
        updated=everything[-1]["time"] if everything else None,
        owner=owner if isinstance(owner, str) else None,
        seconds=seconds_of_work(happened),
    )


def seconds_of_work(happened: Sequence[Mapping[str, Any]]) -> float | None:
    """Seconds between the events of each worker: without the queue, pauses, and what a killed worker did unrecorded.

    None if no worker has recorded two events.
    """
    spans = [
        later["time"] - earlier["time"]
        for earlier, later in pairwise(happened)
        if earlier["event"] not in PAUSES and later["event"] not in ("queued", "loading")
    ]
    return max(0.0, sum(spans)) if spans else None


def speed_of(happened: Sequence[Mapping[str, Any]]) -> Speed | None:
    """The speed of the last worker; None if none has started predicting."""
    begun = next((place for place in reversed(range(len(happened))) if happened[place]["event"] == "started"), None)
    if begun is None:
        return None
    start = happened[begun]
    units = [one for one in happened[begun:] if one["event"] == "units"]
    last = units[-1]["time"] if units else start["time"]
    return Speed(
        answers=sum(whole_in(one.get("answers"), 0, MOST) or 0 for one in units),
        wanted=whole_in(start.get("answers"), 0, MOST) or 0,
        seconds=last - start["time"],
        last=last,
        host=str(start.get("host", "")),
    )


def is_alive(folder: Path) -> bool:
    """Whether a worker holds the run's lock."""
    if not (folder / "worker.lock").exists():  # taking the lock would create the folder
        return False
    lock = FileLock(folder / "worker.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def events(folder: Path) -> list[dict[str, Any]]:
    """The events of a run, in order; anything else, such as a line left half-written by a killed worker, is skipped."""
    path = folder / "events.jsonl"
    found = []
    for line in path.read_text("utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            one = parse_json(line)
        except ValueError:
            continue
        if (
            isinstance(one, dict)
            and isinstance(one.get("event"), str)
            and number_in(one.get("time"), 0, MOST) is not None
        ):
            found.append(one)
    return found


def record(folder: Path, event: str, **details: Any) -> None:
    """Append an event to events.jsonl and to log.txt."""
    now = time.time()
    line = json.dumps({"time": round(now, 3), "event": event, **details}, ensure_ascii=False)
    listed = " ".join(f"{key}={value}" for key, value in details.items())
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    for name, text in (("events.jsonl", line), ("log.txt", f"{stamp} {event} {listed}")):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text + "\n")


def this_machine() -> str:
    """The host name that a run records, so that its speed is not attributed to another machine."""
    return platform.node()
