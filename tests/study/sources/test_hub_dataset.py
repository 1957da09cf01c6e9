import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.hub_dataset import HubName
from socrates_core.study.study_set import StudySet
from tests.servers.dataset_hub import COMMIT, Behaviour, DatasetHub
from tests.servers.programs import Program
from tests.study.sources.table.test_tidy import HEADER, ROW, table
from tests.study.sources.test_alpaca import line
from tests.study.sources.test_socsci210 import SCALE, prepare, shard

TIDY: Mapping[str, list[Any]] = {
    "study_id": ["s", "s", "s"],
    "condition_num": [1, 2, 2],
    "participant_id": ["ann", "bob", "cy"],
    "response": [3, 4, 5],
    "stimulus": [f"How was it? {SCALE}"] * 3,
    "demo_age": [30, 40, 50],
}


def tidy(path: Path, **changed: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({**TIDY, **changed}).write_parquet(path)
    return path


def refused(result: Program, *said: str) -> None:
    """The command ended with one line that says all of this, and wrote nothing."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    told = result.stderr.strip().splitlines()[-1]
    for words in said:
        assert words in told


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("hub:me/polls", HubName("me/polls")),
        ("hub:me/polls@v1.0", HubName("me/polls", revision="v1.0")),
        ("hub:me/polls:2024", HubName("me/polls", "2024")),
        ("hub:me/polls:2024/test@refs/pr/1", HubName("me/polls", "2024", "test", "refs/pr/1")),
    ],
)
def test_a_name_holds_configuration_split_and_revision(source: str, expected: HubName) -> None:
    assert HubName.parse(source) == expected


@pytest.mark.parametrize("source", ["hub:", "hub:polls", "hub:a/b/c", "hub:me/polls@", "hub:me/polls:", "hub:../x y"])
def test_what_names_no_data_set_is_refused(source: str) -> None:
    with pytest.raises(SourceError, match="does not name a data set; expected hub:OWNER/NAME"):
        HubName.parse(source)


def test_two_revisions_are_refused() -> None:
    assert HubName.parse("hub:me/polls@v1", "v1").revision == "v1"
    with pytest.raises(SourceError, match="name two revisions"):
        HubName.parse("hub:me/polls@v1", "v2")


# -- what is read ---------------------------------------------------------------------------------------------


def test_a_tidy_data_set_is_read_across_its_files_and_its_commit_is_recorded(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    tidy(data / "data" / "train-00000.parquet")
    # the same person and question again, in another condition
    tidy(data / "data" / "train-00001.parquet", condition_num=[3, 3, 3], participant_id=["ann", "dan", "eve"])
    (data / "studies.json").write_text(json.dumps([{"study_id": "s", "title": "A poll", "licence": "CC0"}]))
    with DatasetHub(data) as hub:
        result = prepare(tmp_path, hub.url, source="hub:me/polls")
    assert result.returncode == 0, result.stderr
    assert f"revision     {COMMIT}" in result.stdout
    studies = StudySet.load(tmp_path / "out")
    assert (studies.manifest.source, studies.manifest.revision) == ("me/polls", COMMIT)
    assert (studies.study("s").title, studies.study("s").licence) == ("A poll", "CC0")
    assert studies.participants.select("participant", "age").rows() == [
        ("ann", 30),
        ("bob", 40),
        ("cy", 50),
        ("dan", 40),
        ("eve", 50),
    ]
    # one question, in three conditions; ann answered in two of them
    assert [(cell.condition_num, cell.task_num, cell.design) for cell in studies.cells_of("s")] == [
        (1, 0, "within"),
        (2, 0, "within"),
        (3, 0, "within"),
    ]


def rows_as(kind: str, data: Path) -> None:
    """One response, in a file of this kind."""
    data.mkdir()
    if kind == "csv":
        table(data / "train.csv", f"{HEADER},demo_code", f"{ROW},007")
    elif kind == "json lines":
        row = {name: column[0] for name, column in TIDY.items()}
        (data / "train.jsonl").write_text(json.dumps(row) + "\n")
    elif kind == "the original run's lines":
        (data / "train.jsonl").write_text(line() if isinstance(line(), str) else json.dumps(line()))
    elif kind == "the original run's columns":
        raw = json.loads(line()) if isinstance(line(), str) else line()
        pl.DataFrame([raw]).write_parquet(data / "train.parquet")
    else:
        shard(data / "train.parquet", count=1)


@pytest.mark.parametrize(
    "kind", ["csv", "json lines", "the original run's lines", "the original run's columns", "SocSci210's columns"]
)
def test_the_form_of_the_rows_is_told_by_their_columns(tmp_path: Path, kind: str) -> None:
    rows_as(kind, tmp_path / "dataset")
    with DatasetHub(tmp_path / "dataset") as hub:
        result = prepare(tmp_path, hub.url, source="hub:me/polls")
    assert result.returncode == 0, result.stderr
    studies = StudySet.load(tmp_path / "out")
    assert (len(studies.responses), studies.manifest.revision) == (1, COMMIT)
    if kind == "csv":
        assert studies.participants["code"].to_list() == ["007"]


CARD = """---
configs:
- config_name: "2023"
  data_files: [{split: train, path: old.parquet}]
- config_name: "2024"
  data_files: [{split: train, path: new.parquet}, {split: test, path: last.parquet}]
---
"""


@pytest.mark.parametrize(("asked", "answers"), [(":2023", 1), (":2024", 5), (":2024/test", 3)])
def test_a_configuration_or_one_of_its_splits_can_be_chosen(tmp_path: Path, asked: str, answers: int) -> None:
    data = tmp_path / "dataset"
    for name, rows in {"old": 1, "new": 2, "last": 3}.items():
        column = {key: values[:rows] for key, values in TIDY.items()}
        tidy(data / f"{name}.parquet", **{**column, "study_id": [name] * rows})
    (data / "README.md").write_text(CARD)
    with DatasetHub(data) as hub:
        result = prepare(tmp_path, hub.url, source=f"hub:me/polls{asked}")
        assert result.returncode == 0, result.stderr
        assert bool(hub.downloads("old.parquet")) == (asked == ":2023")
    assert len(StudySet.load(tmp_path / "out").responses) == answers


@pytest.mark.parametrize(
    ("asked", "said"),
    [("", "2023"), (":1999", "Available: ['2023', '2024']"), (":2024/dev", "no split dev; it has train, test")],
)
def test_a_choice_that_is_missing_or_not_there_is_told_with_what_there_is(
    tmp_path: Path, asked: str, said: str
) -> None:
    data = tmp_path / "dataset"
    for name in ("old", "new", "last"):
        tidy(data / f"{name}.parquet")
    (data / "README.md").write_text(CARD)
    with DatasetHub(data) as hub:
        refused(prepare(tmp_path, hub.url, source=f"hub:me/polls{asked}"), said)


# -- what goes wrong ------------------------------------------------------------------------------------------


def test_other_columns_are_named_with_those_that_are_needed(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    data.mkdir()
    pl.DataFrame({"question": ["How?"], "answer": [3]}).write_parquet(data / "train.parquet")
    with DatasetHub(data) as hub:
        result = prepare(tmp_path, hub.url, source="hub:me/polls")
    refused(result, "train.parquet of me/polls has the columns question, answer", "study_id, condition_num", "stimuli")


def test_a_shard_of_other_columns_is_named(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    tidy(data / "train-0.parquet")
    pl.DataFrame({"answer": [3]}).write_parquet(data / "train-1.parquet")
    with DatasetHub(data) as hub:
        result = prepare(tmp_path, hub.url, source="hub:me/polls")
    refused(result, "train-1.parquet of me/polls has the columns answer; needed are study_id")


@pytest.mark.parametrize(
    ("status", "code", "revision", "said"),
    [
        (401, "RepoNotFound", None, "the Hub shows no data set me/polls"),
        (404, "RepoNotFound", COMMIT, "the Hub shows no data set me/polls"),
        (403, "GatedRepo", None, "me/polls is gated: ask for access"),
        (403, "GatedRepo", COMMIT, "me/polls is gated: ask for access"),
        (500, "", None, "cannot be fetched from the Hugging Face Hub"),
    ],
)
def test_what_the_hub_refuses_is_told_in_one_line(
    tmp_path: Path, status: int, code: str, revision: str | None, said: str
) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset", Behaviour(refusal=(status, code))) as hub:
        chosen = ["--revision", revision] if revision else []
        refused(prepare(tmp_path, hub.url, *chosen, source="hub:me/polls"), said)


@pytest.mark.parametrize("revision", ["v9", "f" * 40])
def test_a_revision_that_is_not_there_is_named(tmp_path: Path, revision: str) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset") as hub:
        refused(prepare(tmp_path, hub.url, source=f"hub:me/polls@{revision}"), "no revision", revision)


def test_a_connection_that_drops_goes_on_where_it_stopped(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    # the Hub's client writes 10 MB at a time, so a file has to be larger for half of it to be kept
    noise = np.random.default_rng(0).bytes(24_000_000)
    data.mkdir()
    rows = pl.DataFrame({**TIDY, "noise": [noise, b"", b""]})
    rows.write_parquet(data / "train.parquet", compression="uncompressed")
    with DatasetHub(data, Behaviour(cut={"train.parquet": 1})) as hub:
        result = prepare(tmp_path, hub.url, source="hub:me/polls")
        assert result.returncode == 0, result.stderr
        first, second = hub.downloads("train.parquet")
    assert first.range is None
    assert second.range is not None
    assert int(second.range.removeprefix("bytes=").partition("-")[0]) >= 10_000_000
    assert len(StudySet.load(tmp_path / "out").responses) == 3


def test_a_file_that_arrives_damaged_is_refused_and_fetched_again(tmp_path: Path) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset", Behaviour(damaged={"train.parquet"})) as hub:
        refused(prepare(tmp_path, hub.url, source="hub:me/polls"), "train.parquet of me/polls is damaged")
        hub.behaviour.damaged.clear()
        again = prepare(tmp_path, hub.url, source="hub:me/polls")
    assert again.returncode == 0, again.stderr


def test_a_broken_shard_is_named(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    data.mkdir()
    (data / "train.parquet").write_bytes(tidy(tmp_path / "whole.parquet").read_bytes()[:300])
    with DatasetHub(data) as hub:
        refused(prepare(tmp_path, hub.url, source="hub:me/polls"), "train.parquet is not a readable Parquet file")


@pytest.mark.parametrize("listed", ["../../evil.parquet", "data/../../evil.parquet", "/etc/evil.parquet"])
def test_a_listed_path_that_leads_out_of_the_repository_is_not_followed(tmp_path: Path, listed: str) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset", Behaviour(listed=(listed,))) as hub:
        result = prepare(tmp_path, hub.url, source="hub:me/polls")
        assert not hub.downloads("evil.parquet")
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("place", ["a local file", "another data set", "another server"])
def test_a_card_that_takes_rows_from_elsewhere_is_refused(tmp_path: Path, place: str) -> None:
    data = tmp_path / "dataset"
    tidy(data / "train.parquet")
    secret = tidy(tmp_path / "secret.parquet")
    with DatasetHub(data) as hub:
        where = {
            "a local file": str(secret),
            "another data set": f"hf://datasets/you/other@{COMMIT}/train.parquet",
            "another server": f"{hub.url}/anything/resolve/{COMMIT}/train.parquet",
        }[place]
        (data / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files: {where}\n---\n")
        with DatasetHub(data) as careless:
            result = prepare(tmp_path, careless.url, source="hub:me/polls")
    refused(result, "me/polls")
    assert not (tmp_path / "out").exists()


def test_a_data_set_that_is_a_script_is_not_run(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    data.mkdir()
    (data / "polls.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with DatasetHub(data) as hub:
        refused(prepare(tmp_path, hub.url, source="hub:me/polls"), "scripts are no longer supported")
    assert not (tmp_path / "ran").exists()


def test_the_token_goes_to_the_hub_alone(tmp_path: Path) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset") as storage:
        elsewhere = storage.url.replace("127.0.0.1", "localhost")
        with DatasetHub(tmp_path / "dataset", Behaviour(storage=elsewhere)) as hub:
            result = prepare(tmp_path, hub.url, source="hub:me/polls", HF_TOKEN="hf_secretsecretsecret")
            assert result.returncode == 0, result.stderr
            asked = [request for request in hub.requests if "me/polls" in request.path]
            assert {request.authorization for request in asked} == {"Bearer hf_secretsecretsecret"}
        assert storage.downloads("train.parquet")
        assert {request.authorization for request in storage.requests} == {None}


def test_a_download_that_ended_goes_on_and_offline_only_what_is_whole_is_read(tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    tidy(data / "train-0.parquet")
    tidy(data / "train-1.parquet", study_id=["t"] * 3)
    with DatasetHub(data, Behaviour(cut={"train-1.parquet": 1_000})) as hub:
        prepare(tmp_path, hub.url, source="hub:me/polls")
        offline = {"source": f"hub:me/polls@{COMMIT}", "HF_HUB_OFFLINE": "1"}
        # half of the files are there: that is not half of a data set
        refused(prepare(tmp_path, hub.url, **offline), "cannot be fetched", "HF_HUB_OFFLINE")
        hub.behaviour.cut.clear()
        assert prepare(tmp_path, hub.url, source="hub:me/polls").returncode == 0
        assert len(hub.downloads("train-0.parquet")) == 1
        asked = len(hub.requests)
        whole = prepare(tmp_path, hub.url, **offline)
        assert whole.returncode == 0, whole.stderr
        assert len(hub.requests) == asked
        # offline nobody knows which commit is the newest
        refused(prepare(tmp_path, hub.url, source="hub:me/polls", HF_HUB_OFFLINE="1"), "pass --revision with a commit")
    assert len(StudySet.load(tmp_path / "out").responses) == 6


TOKEN = "hf_AnnAnnAnnAnnAnnAnnAnnAnn1"


@pytest.mark.parametrize("fault", ["next_page", "moved"])
def test_a_hub_that_sends_its_client_to_another_host_is_refused_and_that_host_hears_nothing(
    tmp_path: Path, fault: str
) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset") as other:
        behaviour = Behaviour(**{fault: f"{other.url}/api/datasets/me/polls" if fault == "next_page" else other.url})
        with DatasetHub(tmp_path / "dataset", behaviour) as hub:
            refused(prepare(tmp_path, hub.url, source="hub:me/polls", HF_TOKEN=TOKEN), "the Hub at", other.url)
        assert other.requests == []


def test_the_token_stays_with_the_hub_that_keeps_its_files_elsewhere(tmp_path: Path) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    with DatasetHub(tmp_path / "dataset") as other:
        with DatasetHub(tmp_path / "dataset", Behaviour(storage=other.url)) as hub:
            result = prepare(tmp_path, hub.url, source="hub:me/polls", HF_TOKEN=TOKEN)
        assert result.returncode == 0, result.stderr
        assert {request.authorization for request in hub.requests} == {f"Bearer {TOKEN}"}
        assert {request.authorization for request in other.requests} == {None}


@pytest.mark.parametrize("start", ["http://", "@"])
def test_a_card_that_names_files_of_another_host_makes_nobody_ask_there(tmp_path: Path, start: str) -> None:
    tidy(tmp_path / "dataset" / "train.parquet")
    (tmp_path / "dataset" / "README.md").touch()
    with DatasetHub(tmp_path / "dataset") as other, DatasetHub(tmp_path / "dataset") as hub:
        # the second begins with the address of the Hub, which is only the user name in it
        there = f"{hub.url if start == '@' else ''}{start}127.0.0.1:{other.port}/train.parquet"
        card = f"---\nconfigs:\n- config_name: default\n  data_files: '{there}'\n---\n"
        (tmp_path / "dataset" / "README.md").write_text(card)
        result = prepare(tmp_path, hub.url, source="hub:me/polls", HF_TOKEN=TOKEN)
        refused(result, "which is not in it")
        assert other.requests == []
