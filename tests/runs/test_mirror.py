"""Finished runs in a folder that outlives the machine."""

import json
import shutil
from pathlib import Path

import pytest

from socrates_core.errors import RunError
from socrates_core.runs.mirror import LIST, RunMirror


def run_folder(runs: Path, name: str, end: str | None = "finished") -> Path:
    """A run that has come so far."""
    folder = runs / name
    (folder / "units").mkdir(parents=True)
    (folder / "spec.json").write_text("{}")
    (folder / "units" / "1.parquet").write_bytes(b"one")
    (folder / "metrics.json").write_text("{}")
    (folder / "worker.lock").write_text("")
    happened = [{"time": 1.0, "event": "started", "cells": 1}] + ([{"time": 2.0, "event": end}] if end else [])
    (folder / "events.jsonl").write_text("".join(json.dumps(one) + "\n" for one in happened))
    return folder


def mirror(tmp_path: Path, runs: str = "runs") -> tuple[RunMirror, list[str]]:
    said: list[str] = []
    return RunMirror(tmp_path / runs, tmp_path / "bucket", said.append), said


def test_what_has_finished_is_found_again_on_a_new_machine(tmp_path: Path) -> None:
    keeper, said = mirror(tmp_path)
    run_folder(tmp_path / "runs", "done")
    run_folder(tmp_path / "runs", "stopped", "cancelled")
    run_folder(tmp_path / "runs", "working", None)
    keeper.update()
    assert [path.name for path in (tmp_path / "bucket").iterdir()] == ["done"]
    (tmp_path / "new").mkdir()
    fresh, _ = mirror(tmp_path, "new")
    assert fresh.restore() == ["done"]
    restored = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.*")}
    assert restored == {"done/spec.json", "done/units/1.parquet", "done/metrics.json", "done/events.jsonl"}
    assert fresh.restore() == []  # it is here already
    assert said == []


def test_a_run_that_is_deleted_here_does_not_come_back(tmp_path: Path) -> None:
    keeper, _ = mirror(tmp_path)
    shutil.rmtree(run_folder(tmp_path / "runs", "never copied"))
    run_folder(tmp_path / "runs", "done")
    keeper.update()
    shutil.rmtree(tmp_path / "runs" / "done")
    keeper.update()
    assert list((tmp_path / "bucket").iterdir()) == []


def test_copies_of_other_machines_are_left_alone(tmp_path: Path) -> None:
    run_folder(tmp_path / "other", "theirs")
    other, _ = mirror(tmp_path, "other")
    other.update()
    (tmp_path / "runs").mkdir()
    keeper, _ = mirror(tmp_path)
    keeper.update()
    assert (tmp_path / "bucket" / "theirs" / LIST).is_file()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda copy: (copy / "metrics.json").write_text("[]"), "metrics.json differs from the file that was copied"),
        (lambda copy: (copy / "metrics.json").unlink(), "No such file"),
        (lambda copy: (copy / LIST).write_text("{"), "is damaged"),
        (lambda copy: (copy / LIST).write_text('{"../../evil": "x"}'), "outside the run"),
        (lambda copy: (copy / LIST).write_text('{"/etc/passwd": "x"}'), "outside the run"),
        (lambda copy: (copy / LIST).write_text("[1]"), "is damaged"),
    ],
)
def test_a_damaged_or_hostile_copy_is_named_and_leaves_nothing(tmp_path: Path, damage: object, words: str) -> None:
    run_folder(tmp_path / "runs", "done")
    mirror(tmp_path)[0].update()
    damage(tmp_path / "bucket" / "done")  # type: ignore[operator]
    (tmp_path / "new").mkdir()
    fresh, said = mirror(tmp_path, "new")
    assert fresh.restore() == []
    assert words in said[0]
    assert not (tmp_path / "new" / "done").exists()
    assert not (tmp_path / "evil").exists()


def test_a_copy_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    run_folder(tmp_path / "runs", "done")
    mirror(tmp_path)[0].update()
    (tmp_path / "bucket" / "done" / LIST).unlink()
    (tmp_path / "new").mkdir()
    assert mirror(tmp_path, "new")[0].restore() == []


def test_a_bucket_that_cannot_be_written_is_named_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("a file")
    run_folder(tmp_path / "runs", "done")
    keeper, said = mirror(tmp_path)
    keeper.update()
    assert "The run done cannot be mirrored" in said[0]


def test_a_mirror_inside_the_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="are the same folder or one contains the other"):
        RunMirror(tmp_path, tmp_path / "mirror", print)
