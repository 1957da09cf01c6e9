"""Runs of one directory take turns: detached workers and the command line stand in the same queue."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from socrates_core.errors import RunError
from socrates_core.evaluation.spec import EvaluationSpec, open_studies, specify
from socrates_core.runs import index as run_index
from socrates_core.runs import queue as run_queue
from socrates_core.runs.folder import cancel, delete, launch, open_run
from socrates_core.runs.state import events, state

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def spec() -> EvaluationSpec:
    studies, split = open_studies("bundled")
    some = split.parts["test"][:2]
    return specify(studies, split, "bundled", "test", "uniform", per_cell=5, only=some)


def until(happens: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not happens():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def new(root: Path, spec: EvaluationSpec, seed: int) -> Path:
    folder = root / f"run-{seed}"
    open_run(folder, EvaluationSpec.from_json({**spec.to_json(), "seed": seed}))
    return folder


def test_runs_wait_in_the_queue_can_leave_it_and_start_by_themselves(tmp_path: Path, spec: EvaluationSpec) -> None:
    one, two, three, four = (new(tmp_path, spec, seed) for seed in range(4))
    with run_queue.queued(tmp_path, "another app's run", lambda _: None, lambda: False):
        for folder in (one, two, three, four):
            launch(folder)
            until(lambda folder=folder: state(folder).code == "waiting", f"{folder.name} to wait")  # type: ignore[misc]
        rows = {row.name: row for row in run_index.refresh(tmp_path)}
        assert [rows[f"run-{seed}"].ahead for seed in range(4)] == [1, 2, 3, 4]
        assert {row.phase for row in rows.values()} == {"waiting"}
        with pytest.raises(RunError, match="cancel it first"):
            delete(two)
        cancel(two)
        until(lambda: state(two).code == "cancelled", "the second to leave")
        os.kill(next(t.pid for t in run_queue.slots(tmp_path) if t.run == "run-2"), signal.SIGKILL)
        until(lambda: state(three).code == "interrupted", "the third to die")
        until(lambda: events(four)[-1].get("ahead") == 2, "the last to move up")
        delete(three)
    until(lambda: state(one).code == state(four).code == "finished", "the others to finish")
    assert state(two).resumable
    done = [next(event["time"] for event in events(folder) if event["event"] == name)
            for folder, name in ((one, "finished"), (four, "loading"))]  # fmt: skip
    assert done[0] <= done[1]
    assert run_queue.slots(tmp_path) == ()


def test_the_command_waits_in_the_same_line_and_says_so(tmp_path: Path, spec: EvaluationSpec) -> None:
    command = [sys.executable, "-m", "eval.run", "--studies", "bundled", "--model", "uniform", "--per-cell", "5",
               "--study", spec.only[0], "--out"]  # fmt: skip
    here, elsewhere = tmp_path / "runs" / "mine", tmp_path / "elsewhere" / "mine"
    with run_queue.queued(tmp_path / "runs", "another", lambda _: None, lambda: False):
        waiting = subprocess.Popen([*command, here], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert waiting.stdout is not None
        assert "1 run of this directory is ahead" in waiting.stdout.readline()
        assert (state(here).code, state(here).phase, state(here).total) == ("waiting", "waiting", None)
        free = subprocess.run([*command, elsewhere], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
        assert "waiting" not in free.stdout
    said, _ = waiting.communicate(timeout=120)
    assert waiting.returncode == 0
    assert "W = " in said
    assert json.loads((here / "metrics.json").read_text()) == json.loads((elsewhere / "metrics.json").read_text())


def test_a_run_tells_its_rate_and_what_it_has_to_do(tmp_path: Path, spec: EvaluationSpec) -> None:
    folder = new(tmp_path, spec, 9)
    launch(folder)
    until(lambda: state(folder).code == "finished", "the run to finish")
    names = [event["event"] for event in events(folder)]
    assert names[:2] == ["loading", "started"]
    assert names[-2:] == ["scoring", "finished"]
    started = next(event for event in events(folder) if event["event"] == "started")
    assert started["answers"] == sum(event["answers"] for event in events(folder) if event["event"] == "units")
    ended = state(folder)
    assert (ended.done, ended.left, ended.phase) == (ended.total, None, None)
