"""A run whose model is behind a server."""

import json
from pathlib import Path

import pytest

from socrates_core.errors import RunError
from socrates_core.evaluation.spec import EvaluationSpec, open_studies, specify
from socrates_core.runs.evaluate import check_sending, run
from socrates_core.runs.folder import open_run
from socrates_core.runs.worker import work
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.study.sources.table.map.form import map_of
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.studies import Studies, split_of
from tests.servers.chat_server import Asked, Say, chat_server
from tests.servers.completing import Completing, chatting

SERVER = Completing(first={str(value): 0.1 for value in range(1, 8)})


def spec(url: str) -> EvaluationSpec:
    whole, split = open_studies("bundled")
    return specify(whole, split, "bundled", "test", f"endpoint:m@{url}", per_cell=20, only=["gss-welfare"])


def test_a_resumed_run_asks_a_server_only_for_the_answers_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = [True]

    def say(asked: Asked, before: int) -> Say:
        if failing[0] and before >= 15:
            return Say({"error": {"message": "this server has had enough"}}, status=400)
        return SERVER(asked, before)

    with chat_server(chatting(say)) as server:
        open_run(tmp_path / "run", spec(server.url))
        with pytest.raises(RunError, match="this server has had enough"):
            work(tmp_path / "run")
        asked = [json.dumps(one.body["messages"]) for one in server.log if one.path.endswith("completions")]
        answered, failing[0] = set(asked[:15]), False
        kept = (tmp_path / "run" / "answers.jsonl").read_text("utf-8")
        assert server.url not in kept
        server.log.clear()
        capsys.readouterr()
        assert work(tmp_path / "run")
        again = [json.dumps(one.body["messages"]) for one in server.log if one.path.endswith("completions")]
        assert len(again) == len(set(again))
        assert not answered & set(again)
    printed = capsys.readouterr().out
    assert "answers      15 of an earlier session are used again" in printed
    everyone = len(answered) + len(again)
    assert f"answers      {everyone} distributions from log-probabilities" in printed
    assert "requests     " in printed
    assert " requests, 0 of them retries; " in printed
    provenance = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))["provenance"]
    assert provenance["answers_rest_on"] == f"{everyone} distributions from log-probabilities"


def test_attributes_of_own_people_go_to_a_server_only_on_request(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,q1,age\na,1,30\nb,2,40\n", "utf-8")
    scale = {"from": 1, "to": 5}
    raw = {"participant": "id", "attributes": {"age": {}}, "outcomes": {"q1": {"question": "x?", "scale": scale}}}
    own = load_table(table_at(tmp_path / "t.csv", map_of(raw, "the test")))
    told = r"send to m@http://127\.0\.0\.1:1/v1: age of up to 2 people, and the texts .* with --confirm-people"
    with pytest.raises(RunError, match=told):
        check_sending(own, "endpoint:m@http://127.0.0.1:1/v1")
    check_sending(own, "uniform")
    check_sending(load_bundled(), "endpoint:m@http://127.0.0.1:1/v1")
    Studies.of(own, split_of(own, "t.csv")[0]).save(tmp_path / "studies")
    with pytest.raises(RunError, match="with --confirm-people"):
        run(tmp_path / "run", str(tmp_path / "studies"), model="endpoint:m@http://127.0.0.1:1/v1")
    assert not (tmp_path / "run").exists()
