"""What the routes of runs give out, and what they keep."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from socrates_core.errors import PredictionError, RunError
from socrates_core.evaluation.comparison import load_evaluations
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.runs.folder import open_run
from socrates_core.runs.state import record
from socrates_core.ui.access.guard import Guard
from socrates_core.ui.access.owner_token import OwnerToken
from socrates_core.ui.access.visitors import Policy
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.comparisons import Comparisons
from socrates_core.ui.evaluate.files import run_routes
from tests.runs.test_runs import SPEC, finish

OWNED = {"authorization": "Bearer a-token-of-these-tests"}


@pytest.fixture
def board(tmp_path: Path) -> RunBoard:
    finish(tmp_path / "runs" / "done")
    for name in ("report.html", "report.md", "predictions.parquet"):
        (tmp_path / "runs" / "done" / name).write_text(f"<p>{name}</p>")
    open_run(tmp_path / "runs" / "half", EvaluationSpec.from_json({**SPEC.to_json(), "seed": 1}))
    (tmp_path / "runs" / "half" / "report.html").write_text("not yet")
    return RunBoard(tmp_path / "runs")


@pytest.fixture
def client(board: RunBoard) -> Iterator[TestClient]:
    """A visitor, and with `OWNED` the owner, where everyone may read evaluations."""
    with client_of(board, SOCRATES_READ="anyone") as client:
        yield client


def client_of(board: RunBoard, **variables: str) -> TestClient:
    guard = Middleware(Guard, owner=OwnerToken("a-token-of-these-tests"))
    app = Starlette(routes=run_routes(board, Policy.from_environment(variables)), middleware=[guard])
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1))


def test_a_report_is_served_with_an_origin_of_nobody(client: TestClient) -> None:
    reply = client.get("/run/done/report.html")
    assert (reply.status_code, reply.text) == (200, "<p>report.html</p>")
    policy = reply.headers["content-security-policy"]
    assert "sandbox allow-scripts allow-downloads" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "content-disposition" not in reply.headers
    kept = client.get("/run/done/metrics.json?download")
    assert kept.headers["content-disposition"] == 'attachment; filename="done-metrics.json"'


@pytest.mark.parametrize(
    "path",
    ["/run/half/report.html", "/run/done/spec.json", "/run/done/worker.lock", "/run/nowhere/report.html",
     "/run/../report.html", "/run/%2e%2e/report.html", "/run/done/..%2fspec.json", "/run/done%2f..%2fdone/report.html",
     "/run//report.html", "/run/done/", "/comparison/x/comparison.html", "/run/%00/report.html"],
)  # fmt: skip
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_link_in_a_run_leads_nowhere(board: RunBoard, client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (board.root / "done" / "report.md").unlink()
    (board.root / "done" / "report.md").symlink_to(tmp_path / "secret")
    assert client.get("/run/done/report.md").status_code == 404


def test_single_answers_are_for_the_owner(client: TestClient) -> None:
    assert client.get("/run/done/predictions.parquet", headers=OWNED).status_code == 200
    refused = client.get("/run/done/predictions.parquet")
    assert refused.status_code == 403
    assert "only the owner" in refused.text


def test_runs_are_the_owners_unless_the_policy_opens_them(board: RunBoard) -> None:
    with client_of(board) as client:
        assert client.get("/run/done/report.html", headers=OWNED).status_code == 200
        for path in ("/run/done/report.html", "/run/done/metrics.json?download", "/comparison/x/comparison.html"):
            refused = client.get(path)
            assert refused.status_code == 403
            assert "Only the owner of this app may read and compare evaluations" in refused.text


def test_a_run_with_a_strange_name_is_found_by_it(client: TestClient, board: RunBoard) -> None:
    name = 'my "run" é<b>'
    (board.root / "done").rename(board.root / name)
    board.rows(fresh=True)
    reply = client.get(f"/run/{quote(name, safe='')}/report.html?download")
    assert reply.status_code == 200
    assert reply.headers["content-disposition"].isascii()


def test_a_run_that_is_gone_is_named(board: RunBoard) -> None:
    for name in ("nothing", None, 3, ["done"]):
        with pytest.raises(RunError, match="no run"):
            board.folder(name)


# -- comparisons -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders that can be compared."""
    from socrates_core.evaluation.results.metrics import save_metrics
    from socrates_core.evaluation.scores import evaluate
    from tests.predictions import cell

    folders = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp("scored") / name
        folder.mkdir()
        cells = [cell([1, 2, 3, 3], [0.2] * 5, study=f"s{i}", cell_id=i) for i in range(4)]
        save_metrics(evaluate(cells, {"model": name}).metrics, folder / "metrics.json")
        folders.append(folder)
    assert len(load_evaluations(folders)) == 2
    return folders


def wait(comparisons: Comparisons, key: str) -> None:
    future = comparisons.job(key).future
    assert future is not None
    future.result(60)


def test_a_comparison_is_made_once_and_kept(scored: list[Path]) -> None:
    comparisons = Comparisons()
    key = comparisons.begin(scored, "scale")
    wait(comparisons, key)
    job = comparisons.job(key)
    assert set(job.files) == {"comparison.html", "comparison.md", "comparison.json"}
    assert json.loads(job.files["comparison.json"])["studies"] == 4
    assert comparisons.begin(scored, "scale") == key
    assert comparisons.job(key) is job
    assert comparisons.begin(scored, "observed") != key


def test_comparisons_that_make_no_sense_are_refused(scored: list[Path], tmp_path: Path) -> None:
    comparisons = Comparisons()
    for folders, convention, said in (
        (scored[:1], "scale", "choose 2 to 12"),
        (scored * 7, "scale", "14 are selected"),
        (scored, "<b>", "unknown convention"),
    ):
        with pytest.raises(PredictionError, match=said):
            comparisons.begin(folders, convention)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "metrics.json").write_text(
        '{"format": 5, "cells": [3], "provenance": {"model": "x"}, "effects": 3, "individual": 1, "contaminated": 0}'
    )
    key = comparisons.begin([scored[0], tmp_path / "bad"], "scale")
    wait(comparisons, key)
    assert "is not the metrics of an evaluation" in str(comparisons.job(key).error)
    assert comparisons.job(key).ended
    with pytest.raises(PredictionError, match="no longer available"):
        comparisons.job("nothing")


def test_only_the_last_comparisons_are_kept(scored: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from socrates_core.ui.evaluate import comparisons as module

    monkeypatch.setattr(module, "CAPACITY", 1)
    comparisons = Comparisons()
    first = comparisons.begin(scored, "scale")
    wait(comparisons, first)
    second = comparisons.begin(scored, "observed")
    wait(comparisons, second)
    with pytest.raises(PredictionError, match="no longer available"):
        comparisons.job(first)


def test_a_look_at_the_runs_does_for_everybody_for_a_moment(board: RunBoard) -> None:
    rows = board.rows()
    finish(board.root / "another", EvaluationSpec.from_json({**SPEC.to_json(), "seed": 7}))
    assert board.rows() is rows
    assert len(board.rows(fresh=True)) == len(rows) + 1
    record(board.root / "another", "cancelled")
    assert board.row("another").state == "cancelled"
