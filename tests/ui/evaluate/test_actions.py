"""What visitors may do with runs, asked without a page."""

from pathlib import Path

import gradio as gr
import pytest
from starlette.requests import Request

from socrates_core.model.baselines import UniformModel
from socrates_core.runs.folder import worker
from socrates_core.runs.state import record, state
from socrates_core.ui.access.owner_token import OWNER
from socrates_core.ui.access.visitors import Policy, visitor_of
from socrates_core.ui.catalogue import open_catalogue
from socrates_core.ui.evaluate import actions as run_actions
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.form import RunForm
from socrates_core.ui.evaluate.form_actions import FormActions
from socrates_core.ui.listeners import Changes
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
    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 1), "path": "/", "query_string": b"",
             OWNER: not stranger}  # fmt: skip
    return gr.Request(Request(scope))


def pressed(act: str, run: object) -> gr.EventData:
    return gr.EventData(None, {"act": act, "run": run})


def test_a_stranger_is_refused_whatever_the_page_showed(board: RunBoard) -> None:
    (board.root / "done" / "report.html").write_text("<p>")
    stranger = actions(board)
    form = FormActions(stranger)
    acts = ("open", "duplicate", "cancel", "resume", "delete")
    answers: list[Changes] = [
        form.start(request(True), *FORM),
        *(form.act("", pressed(act, "done"), request(True)) for act in acts),
        stranger.delete("done", "", request(True)),
        *stranger.compare(["done", "done"], "scale", request(True)),
    ]
    for answer in answers:
        assert "Only the owner of this app may" in answer.get("message", answer.get("notice"))
    assert [path.name for path in board.root.glob("*/spec.json")] == ["spec.json"]
    table = stranger.redraw(request(True), "")["table"]
    assert "Only the owner of this app may read and compare evaluations" in table
    assert "done" not in table


def test_visitors_may_read_where_the_policy_says_so(board: RunBoard) -> None:
    (board.root / "done" / "report.html").write_text("<p>")
    reader = actions(board, SOCRATES_READ="anyone")
    assert "data-run='done'" in reader.redraw(request(True), "")["table"]
    assert "Report: uniform" in reader.act("", pressed("open", "done"), request(True))["reader"]


def test_comparisons_are_charged_to_the_visitor_and_at_most_two_go_on_at_once(board: RunBoard) -> None:
    finish(board.root / "again")
    reader = actions(board, SOCRATES_READ="anyone")
    reader.limits.burst = 3_000.0
    # two comparisons cost 4,000; the bucket holds 3,000 and the other convention is another comparison
    said = [list(reader.compare(["done", "again"], how, request(True)))[-1]["notice"] for how in ("scale", "observed")]
    assert "others are waiting" not in said[0]
    assert "others are waiting" in said[1]
    fresh = actions(board, SOCRATES_READ="anyone")
    stranger = visitor_of(request(True))
    with fresh.limits.at_work(stranger), fresh.limits.at_work(stranger):
        assert "at work already" in list(fresh.compare(["done", "again"], "scale", request(True)))[-1]["notice"]


def test_what_a_page_says_is_selected_counts_once_and_only_if_it_can_be_names(board: RunBoard) -> None:
    sent = ["done", "x" * 256, 7, ["done"], None, "", *["r"] * 200]
    assert actions(board).choose(sent)["compare"] == gr.update(value="Compare 2 runs", interactive=True)
    for one in (["done", "done"], [], None, {"done": 1}, "done"):
        assert actions(board).choose(one)["compare"] == gr.update(value="Compare", interactive=False)


def test_the_queue_is_limited_for_everyone_but_the_owner(board: RunBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_actions, "MAX_ACTIVE", 1)
    with worker(board.root / "done"):
        record(board.root / "done", "queued", ahead=1)
        assert state(board.root / "done").code == "waiting"
        said = FormActions(actions(board, SOCRATES_LAUNCH="anyone")).start(request(True), *FORM)["message"]
    assert "The queue is full (1 runs)" in said
    assert len(list(board.root.glob("*/spec.json"))) == 1


def test_a_run_at_work_is_not_deleted(board: RunBoard) -> None:
    with worker(board.root / "done"):
        assert "cancel it first" in actions(board).act("", pressed("delete", "done"), request(False))["notice"]
        assert "cancel it first" in actions(board).delete("done", "", request(False))["notice"]
    assert (board.root / "done").is_dir()


def test_a_deleted_run_takes_its_open_report_along(board: RunBoard) -> None:
    (board.root / "done" / "report.html").write_text("<p>")
    answer = actions(board).delete("done", "done", request(False))
    assert "Deleted: uniform (done)" in answer["notice"]
    assert (answer["reader"], answer["opened"]) == ("", "")
    assert not (board.root / "done").exists()
    assert "there is no run" in actions(board).delete("done", "", request(False))["notice"]


def test_a_report_that_is_gone_is_a_sentence(board: RunBoard) -> None:
    assert "has no &#39;report.html&#39;" in actions(board).act("", pressed("open", "done"), request(False))["notice"]


def test_runs_that_are_not_finished_are_not_compared(board: RunBoard) -> None:
    record(board.root / "done", "cancelled")
    assert "not finished" in list(actions(board).compare(["done", "done"], "scale", request(False)))[-1]["notice"]
    assert "there is no run" in list(actions(board).compare(["x", "y"], "scale", request(False)))[-1]["notice"]
    assert "choose 2 to 12" in list(actions(board).compare([], "scale", request(False)))[-1]["notice"]


def test_only_what_has_changed_is_sent(board: RunBoard) -> None:
    tab = actions(board)
    first = tab.draw(request(False), "", "")
    assert (first["live"], "done" in first["table"]) == ("", True)
    assert list(tab.draw(request(False), first["drawn"], "")) == ["timer"]
    record(board.root / "done", "cancelled")
    assert "cancelled" in tab.draw(request(False), first["drawn"], "")["table"]
