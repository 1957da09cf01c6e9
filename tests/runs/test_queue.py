import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socrates_core.runs.queue import FOLDER, ahead, line, turn

ROOT = Path(__file__).parents[2]

WORKER = """
import os, sys, time
from pathlib import Path
from socrates_core.runs.queue import turn
root, name, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
def say(word):
    with open(root / "diary", "a") as diary:
        diary.write(f"{word} {name}\\n")
with turn(root, name, lambda before: say(f"waits-{before}"), (root / f"stop-{name}").exists, poll=0.01) as came:
    say("begins" if came else "gives-up")
    time.sleep(seconds if came else 0)
    if came:
        say("ends")
"""


def start(root: Path, name: str, seconds: float = 0.05) -> subprocess.Popen[bytes]:
    """A process that takes a place in the line; back when it stands there."""
    places = {ticket.run for ticket in line(root)}
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(root), name, str(seconds)], cwd=ROOT)
    deadline = time.monotonic() + 60
    while name not in {ticket.run for ticket in line(root)} - places:
        assert time.monotonic() < deadline
        if process.poll() is not None:  # so quick that nobody saw it
            break
        time.sleep(0.01)
    return process


def diary(root: Path) -> list[str]:
    return (root / "diary").read_text().split("\n")[:-1] if (root / "diary").exists() else []


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()


def test_nobody_waits_for_nobody(tmp_path: Path) -> None:
    assert line(tmp_path / "no such place") == ()
    told: list[int] = []
    with turn(tmp_path, "one", told.append, lambda: False) as came:
        assert came
        (ticket,) = line(tmp_path)
        assert (ticket.run, ticket.pid, ahead([ticket], "one"), ahead([ticket], "two")) == ("one", os.getpid(), 0, None)
    assert told == []
    assert line(tmp_path) == ()
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["guard.lock"]


def test_who_comes_later_waits_and_is_told_how_many_are_ahead(tmp_path: Path) -> None:
    with turn(tmp_path, "mine", lambda _: None, lambda: False):
        others = [start(tmp_path, "a"), start(tmp_path, "b")]
        try:
            assert [ticket.run for ticket in line(tmp_path)] == ["mine", "a", "b"]
            deadline = time.monotonic() + 30
            while len(diary(tmp_path)) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert sorted(diary(tmp_path)) == ["waits-1 a", "waits-2 b"]
        except BaseException:
            end(others)
            raise
    assert [process.wait(60) for process in others] == [0, 0]
    worked = [entry for entry in diary(tmp_path) if not entry.startswith("waits")]
    assert worked == ["begins a", "ends a", "begins b", "ends b"]


def test_who_gives_up_leaves_the_line(tmp_path: Path) -> None:
    with turn(tmp_path, "mine", lambda _: None, lambda: False):
        other = start(tmp_path, "a")
        (tmp_path / "stop-a").touch()
        assert other.wait(60) == 0
        assert [ticket.run for ticket in line(tmp_path)] == ["mine"]
    assert diary(tmp_path)[-1] == "gives-up a"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(["stays", "killed at work", "killed waiting", "leaves"]), min_size=2, max_size=5))
def test_whatever_happens_to_some_the_others_take_turns_in_order(
    tmp_path_factory: pytest.TempPathFactory, fates: list[str]
) -> None:
    root = tmp_path_factory.mktemp("line")
    names = [f"{number}-{fate.replace(' ', '-')}" for number, fate in enumerate(fates)]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with turn(root, "first", lambda _: None, lambda: False):
            for name, fate in zip(names, fates, strict=True):
                processes.append(start(root, name, 600 if fate == "killed at work" else 0.03))
            for name, fate, process in zip(names, fates, processes, strict=True):
                if fate == "killed waiting":
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                elif fate == "leaves":
                    (root / f"stop-{name}").touch()
                    assert process.wait(60) == 0
        for name, fate, process in zip(names, fates, processes, strict=True):
            if fate == "killed at work":
                deadline = time.monotonic() + 60
                while f"begins {name}" not in diary(root):
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                process.send_signal(signal.SIGKILL)
            process.wait(60)
    finally:
        end(processes)
    worked = [entry for entry in diary(root) if entry.startswith(("begins", "ends"))]
    expected = []
    for name, fate in zip(names, fates, strict=True):
        expected += [f"begins {name}"] * (fate in ("stays", "killed at work")) + [f"ends {name}"] * (fate == "stays")
    assert worked == expected  # nobody begins before the one before has ended or died
    assert line(root) == ()


def test_a_line_that_nobody_can_write_is_named(tmp_path: Path) -> None:
    from socrates_core.errors import RunError

    (tmp_path / FOLDER).write_text("in the way")
    with pytest.raises(RunError, match="no place in the line of runs"), turn(tmp_path, "x", print, lambda: False):
        pass
    assert line(tmp_path) == ()


@pytest.mark.parametrize("content", ["", "[]", '{"run": 1}', '{"run": {}, "pid": "x"}', "\x00"])
def test_a_ticket_that_was_tampered_with_still_counts(tmp_path: Path, content: str) -> None:
    with turn(tmp_path, "one", print, lambda: False):
        (tmp_path / FOLDER / "00000001.json").write_text(content)
        (tmp_path / FOLDER / "nonsense.lock").touch()
        assert [ticket.number for ticket in line(tmp_path)] == [1]


def test_a_line_whose_guard_somebody_holds_is_not_waited_for_by_who_only_looks(tmp_path: Path) -> None:
    with turn(tmp_path, "one", print, lambda: False), FileLock(tmp_path / FOLDER / "guard.lock"):
        assert line(tmp_path, patience=0.05) == ()


def test_tickets_of_the_dead_are_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "00000007.lock").touch()
    (folder / "00000007.json").write_text(json.dumps({"run": "dead", "pid": 1}))
    with turn(tmp_path, "alive", print, lambda: False) as came:
        assert came
        assert [(ticket.number, ticket.run) for ticket in line(tmp_path)] == [(8, "alive")]
    assert [path.name for path in folder.iterdir()] == ["guard.lock"]
