"""The kills suite: runs are killed at random points of their life, and resumed; every byte must come out the same.

A run is left alone first, to learn how long each phase takes and what its files are. Then runs of the same
specification are ended with SIGKILL, each in one phase and after a random part of its length; the same command resumes
the run, and its results are compared with those of the run that was left alone. The events and the log tell the story
of each run and differ.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from socrates_core.errors import SourceError
from socrates_core.runs.state import events, state
from socrates_core.study.files import partial_of

MODELS: Final = {"uniform": 80, "demo": 20}
"""Model → kills. The demo model takes seconds to load, and its last digits depend on which cells share a batch."""

STUDIES: Final = ("classic-allow-forbid", "classic-choose-reject", "gss-crime", "gss-drugs", "gss-space", "society-004")
"""Those that the demo model predicts."""

PREDICTED: Final = {"uniform": (), "demo": STUDIES}
"""Model → the studies that it predicts; all of the part if there are none."""

PHASES: Final = ("start", "loading", "units", "scoring", "writing")
"""Python and the studies; the model; cells are predicted; they are scored; the results' files are written."""

RESULTS: Final = ("report.html", "report.md", "metrics.json")

STORY: Final = ("events.jsonl", "log.txt", "worker.lock")
"""Files that differ between runs."""

POLL: Final = 0.0005
PATIENCE: Final = 600.0


@dataclass(frozen=True)
class Kill:
    """One kill, and what came of it."""

    model: str
    phase: str
    """In which it was meant to happen."""
    after: float
    """Seconds into that phase."""
    killed: bool
    """False if the run had ended before."""
    units: int
    """Finished cells by then."""
    equal: bool
    """Whether all files came out the same."""


def run_kills_suite(rows: int, seed: int) -> dict[str, Any]:
    """Kill runs and compare what they come to.

    Args:
        rows: A model is killed at most once for every 10,000 of it, and at least five times.
        seed: Of the points.

    Raises:
        SourceError: If a run that is left alone or resumed fails.
    """
    rng = np.random.default_rng(seed)
    kills: list[Kill] = []
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        for model, count in MODELS.items():
            undisturbed = Path(place) / model
            lengths = _left_alone(undisturbed, model)
            print(
                f"{model:<12} phases take {', '.join(f'{name} {s:.2f} s' for name, s in lengths.items())}", flush=True
            )
            wanted = _files(undisturbed)
            for turn in range(min(count, max(5, rows // 10_000))):
                phase = PHASES[turn % len(PHASES)]
                after = float(rng.uniform(0, lengths[phase]))
                kills.append(_killed_and_resumed(Path(place) / f"{model}-{turn}", model, phase, after, wanted))
    different = [vars(kill) for kill in kills if not kill.equal]
    found = {
        "kills": sum(kill.killed for kill in kills),
        "ended_before": sum(not kill.killed for kill in kills),
        "by_phase": dict(Counter(kill.phase for kill in kills if kill.killed)),
        "by_model": dict(Counter(kill.model for kill in kills if kill.killed)),
        "with_some_units": sum(kill.killed and kill.units > 0 for kill in kills),
        "different": different,
        "seconds": time.perf_counter() - started,
    }
    print(f"kills        {found['kills']} of {len(kills)} runs killed, {len(different)} came out different")
    return found


def _command(out: Path, model: str) -> list[str]:
    few = [word for study in PREDICTED[model] for word in ("--study", study)]
    more = ["--adapter", "demo", "--per-cell", "10"] if model == "demo" else ["--per-cell", "30"]
    arguments = ["--studies", "bundled", "--split", "test", "--model", model, *more, *few]
    return [sys.executable, "-m", "eval.run", *arguments, "--out", str(out)]


def _start(out: Path, model: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(_command(out, model), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _phase(out: Path) -> int:
    """How far a run is, as a place in `PHASES`; their number when it has finished."""
    happened = {one["event"] for one in events(out)} if out.is_dir() else set()
    if "finished" in happened:
        return len(PHASES)
    if "scoring" in happened:
        return 4 if any((out / name).exists() or partial_of(out / name).exists() for name in RESULTS) else 3
    return 2 if "started" in happened else 1 if "loading" in happened else 0


def _left_alone(out: Path, model: str) -> dict[str, float]:
    """Run it to its end; returns how many seconds each phase takes."""
    process = _start(out, model)
    times = [time.perf_counter()]
    while process.poll() is None:
        times += [time.perf_counter()] * (_phase(out) - len(times) + 1)
        time.sleep(POLL)
    _check(process, out)
    times += [time.perf_counter()] * (len(PHASES) + 1 - len(times))
    return {name: max(0.005, end - begin) for name, (begin, end) in zip(PHASES, pairwise(times), strict=True)}


def _killed_and_resumed(out: Path, model: str, phase: str, after: float, wanted: dict[str, bytes]) -> Kill:
    process = _start(out, model)
    until = time.monotonic() + PATIENCE
    while _phase(out) < PHASES.index(phase) and process.poll() is None and time.monotonic() < until:
        time.sleep(POLL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    units = state(out).done if (out / "spec.json").is_file() else 0
    resumed = _start(out, model)
    resumed.wait(PATIENCE)
    _check(resumed, out)
    return Kill(model, phase, after, killed, units, _files(out) == wanted)


def _check(process: subprocess.Popen[bytes], out: Path) -> None:
    _, said = process.communicate()
    if process.returncode:
        raise SourceError(
            f"the run {out.name} ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}"
        )


def _files(out: Path) -> dict[str, bytes]:
    """Path within the run → content, of all files but those that tell its story."""
    found = (path for path in out.rglob("*") if path.is_file() and path.name not in STORY)
    return {str(path.relative_to(out)): path.read_bytes() for path in found}
