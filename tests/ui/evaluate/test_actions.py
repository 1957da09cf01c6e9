"""What visitors may do with runs, asked without a page."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from socrates_core.model.baselines import UniformModel
from socrates_core.runs.folder import worker
from socrates_core.runs.state import record, state
from socrates_core.ui.access.visitors import Policy
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.evaluate import actions as run_actions
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.form import RunForm
from socrates_core.ui.results import Results
from tests.runs.test_runs import finish

FORM = ("uniform", "", "bundled", "test", 2, 42, False)


@pytest.fixture
def board(tmp_path: Path) -> RunBoard:
    finish(tmp_path / "runs" / "done")
    return RunBoard(tmp_path / "runs")


def actions(board: RunBoard, **variables: str) -> RunActions:
    results = Results(open_catalogue([], ()), UniformModel())
    return RunActions(RunForm(results, board), board, Policy.from_environment(variables))


def request(stranger: bool) -> gr.Request:
    headers = [(b"host", b"127.0.0.1")] + ([(b"x-forwarded-for", b"203.0.113.9")] if stranger else [])
    scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 1), "path": "/", "query_string": b""}
    return gr.Request(Request(scope))


def pressed(act: str, run: object) -> gr.EventData:
    return gr.EventData(None, {"act": act, "run": run})


def test_a_stranger_is_refused_whatever_the_page_showed(board: RunBoard) -> None:
    (board.root / "done" / "report.html").write_text("<p>")
    stranger = actions(board)
    answers: list[list[Any]] = [
        stranger.start(request(True), *FORM),
        *(stranger.act("", pressed(act, "done"), request(True)) for act in ("cancel", "resume", "delete")),
        stranger.delete("done", "", request(True)),
    ]
    for answer in answers:
        assert "Only visitors from the machine" in answer[0]
    assert [path.name for path in board.root.glob("*/spec.json")] == ["spec.json"]
    assert "Report: uniform" in stranger.act("", pressed("open", "done"), request(True))[4]


def test_the_queue_is_limited_for_everyone_but_the_owner(board: RunBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_actions, "MAX_ACTIVE", 1)
    with worker(board.root / "done"):
        record(board.root / "done", "queued", ahead=1)
        assert state(board.root / "done").code == "waiting"
        said = actions(board, SOCRATES_LAUNCH="anyone").start(request(True), *FORM)[0]
    assert "The queue is full (1 runs)" in said
    assert len(list(board.root.glob("*/spec.json"))) == 1


def test_a_run_at_work_is_not_deleted(board: RunBoard) -> None:
    with worker(board.root / "done"):
        assert "cancel it first" in actions(board).act("", pressed("delete", "done"), request(False))[0]
        assert "cancel it first" in actions(board).delete("done", "", request(False))[0]
    assert (board.root / "done").is_dir()


def test_a_deleted_run_takes_its_open_report_along(board: RunBoard) -> None:
    (board.root / "done" / "report.html").write_text("<p>")
    answer = actions(board).delete("done", "done", request(False))
    assert "Deleted: uniform (done)" in answer[0]
    assert answer[2:] == ["", ""]
    assert not (board.root / "done").exists()
    assert "there is no run" in actions(board).delete("done", "", request(False))[0]


def test_a_report_that_is_gone_is_a_sentence(board: RunBoard) -> None:
    assert "has no &#x27;report.html&#x27;" in actions(board).act("", pressed("open", "done"), request(False))[0]


def test_runs_that_are_not_finished_are_not_compared(board: RunBoard) -> None:
    record(board.root / "done", "cancelled")
    assert "not finished" in list(actions(board).compare(["done", "done"], "scale"))[-1][0]
    assert "there is no run" in list(actions(board).compare(["x", "y"], "scale"))[-1][0]
    assert "choose 2 to 12" in list(actions(board).compare([], "scale"))[-1][0]


def test_only_what_has_changed_is_sent(board: RunBoard) -> None:
    tab = actions(board)
    live, table, mark, _ = tab.draw("", "", request(False))
    assert (live, "done" in table) == ("", True)
    assert isinstance(tab.draw(mark, "", request(False))[1], dict)  # nothing new: skipped
    record(board.root / "done", "cancelled")
    assert "cancelled" in tab.draw(mark, "", request(False))[1]
