import multiprocessing
import os
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socrates_core.runs.queue import FOLDER, position, queued, slots
from tests.runs.waiting import wait_and_work

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", wait_and_work.__module__])  # or each imports for half a second


def start(root: Path, name: str, seconds: float = 0.05) -> BaseProcess:
    """A process that joins the queue; returns once it is in it."""
    process = PROCESSES.Process(target=wait_and_work, args=(root, name, seconds))
    process.start()
    deadline = time.monotonic() + 60
    while position(slots(root), name) is None and process.is_alive():  # it can be too quick to be seen in the queue
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def ended(process: BaseProcess) -> int | None:
    """Its exit code, once it has one."""
    process.join(60)
    return process.exitcode


def diary(root: Path) -> list[str]:
    return (root / "diary").read_text().split("\n")[:-1] if (root / "diary").exists() else []


def end(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.kill()
        process.join()


def test_an_empty_queue_starts_a_run_at_once(tmp_path: Path) -> None:
    assert slots(tmp_path / "no such place") == ()
    told: list[int] = []
    with queued(tmp_path, "one", told.append, lambda: False) as came:
        assert came
        (slot,) = slots(tmp_path)
        assert (slot.run, slot.pid, position([slot], "one"), position([slot], "two")) == ("one", os.getpid(), 0, None)
    assert told == []
    assert slots(tmp_path) == ()
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["turn.lock"]


def test_a_later_run_waits_and_learns_how_many_are_ahead(tmp_path: Path) -> None:
    with queued(tmp_path, "mine", lambda _: None, lambda: False):
        others = [start(tmp_path, "a"), start(tmp_path, "b")]
        try:
            assert [slot.run for slot in slots(tmp_path)] == ["mine", "a", "b"]
            deadline = time.monotonic() + 30
            while len(diary(tmp_path)) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert sorted(diary(tmp_path)) == ["waits-1 a", "waits-2 b"]
        except BaseException:
            end(others)
            raise
    assert [ended(process) for process in others] == [0, 0]
    worked = [entry for entry in diary(tmp_path) if not entry.startswith("waits")]
    assert worked == ["begins a", "ends a", "begins b", "ends b"]


def test_a_cancelled_wait_leaves_the_queue(tmp_path: Path) -> None:
    with queued(tmp_path, "mine", lambda _: None, lambda: False):
        other = start(tmp_path, "a")
        (tmp_path / "stop-a").touch()
        assert ended(other) == 0
        assert [slot.run for slot in slots(tmp_path)] == ["mine"]
    assert diary(tmp_path)[-1] == "gives-up a"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(["stays", "killed at work", "killed waiting", "leaves"]), min_size=2, max_size=5))
def test_whatever_happens_to_some_runs_the_others_run_in_order(
    tmp_path_factory: pytest.TempPathFactory, fates: list[str]
) -> None:
    root = tmp_path_factory.mktemp("queue")
    names = [f"{number}-{fate.replace(' ', '-')}" for number, fate in enumerate(fates)]
    processes: list[BaseProcess] = []
    try:
        with queued(root, "first", lambda _: None, lambda: False):
            for name, fate in zip(names, fates, strict=True):
                processes.append(start(root, name, 600 if fate == "killed at work" else 0.03))
            for name, fate, process in zip(names, fates, processes, strict=True):
                if fate == "killed waiting":
                    process.kill()
                    process.join()
                elif fate == "leaves":
                    (root / f"stop-{name}").touch()
                    assert ended(process) == 0
        for name, fate, process in zip(names, fates, processes, strict=True):
            if fate == "killed at work":
                deadline = time.monotonic() + 60
                while f"begins {name}" not in diary(root):
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                process.kill()
            process.join(60)
    finally:
        end(processes)
    worked = [entry for entry in diary(root) if entry.startswith(("begins", "ends"))]
    expected = []
    for name, fate in zip(names, fates, strict=True):
        expected += [f"begins {name}"] * (fate in ("stays", "killed at work")) + [f"ends {name}"] * (fate == "stays")
    assert worked == expected  # no run begins before the previous one has ended or died
    assert slots(root) == ()


def test_a_queue_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    from socrates_core.errors import RunError

    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(RunError, match="cannot join the queue of runs"), queued(tmp_path, "x", print, lambda: False):
        pass
    assert slots(tmp_path) == ()


def test_other_files_in_the_folder_are_no_slots_and_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    others = ("guard.lock", "00000007.lock", "00000007.json", "nonsense", f"{1:020d}-x-run")
    for name in others:  # the first three are of earlier versions
        (folder / name).touch()
    with queued(tmp_path, "one", print, lambda: False) as came:
        assert came
        assert [slot.run for slot in slots(tmp_path)] == ["one"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*others, "turn.lock"])


def test_slots_of_dead_processes_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / f"{7:020d}-1-dead").touch()
    with queued(tmp_path, "alive", print, lambda: False) as came:
        assert came
        assert [slot.run for slot in slots(tmp_path)] == ["alive"]
    assert [path.name for path in folder.iterdir()] == ["turn.lock"]


def test_a_clock_that_is_set_back_changes_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with queued(tmp_path, "first", print, lambda: False):
        monkeypatch.setattr("time.time_ns", lambda: 1000)
        waits: list[int] = []
        with queued(tmp_path, "second", waits.append, lambda: bool(waits), poll=0.01) as came:
            assert not came
            assert [slot.run for slot in slots(tmp_path)] == ["first", "second"]
    assert waits == [1]


def test_a_turn_that_is_taken_is_waited_for_whatever_the_times_say(tmp_path: Path) -> None:
    waits: list[int] = []
    turn = FileLock(tmp_path / FOLDER / "turn.lock")
    turn.acquire()
    with queued(tmp_path, "mine", waits.append, lambda: bool(waits), poll=0.01) as came:
        assert not came
    assert waits == [1]


@pytest.mark.parametrize("run", ["ü" * 120, "a-b.c\nd", "1-2-3", "\udcff"])
def test_every_name_of_a_folder_can_stand_in_the_queue(tmp_path: Path, run: str) -> None:
    with queued(tmp_path, run, print, lambda: False) as came:
        assert came
        assert position(slots(tmp_path), run) == 0
    assert slots(tmp_path) == ()
