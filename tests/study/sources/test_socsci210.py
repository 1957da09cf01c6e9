import json
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.socsci210 import load
from socrates_core.study.study_set import StudySet
from tests.servers.dataset_hub import COMMIT, DatasetHub
from tests.servers.programs import Program, finished

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data"
SCALE = "Only return an integer from 1 to 5, nothing else."


def shard(path: Path, first: int = 0, count: int = 4) -> Path:
    """Rows in the dataset's ten columns; the answers of row i are i mod 5 + 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = range(first, first + count)
    demographic = pl.Struct({"age": pl.Int64, "gender": pl.String, "income": pl.String})
    types = {"participant": pl.Int64, "demographic": demographic, "stimuli": pl.String, "response": pl.Int64}
    pl.DataFrame(
        {
            "sample_id": list(numbers),
            "participant": [number // 2 for number in numbers],
            "demographic": [{"age": 20 + number // 2, "gender": None, "income": "<5K"} for number in numbers],
            "stimuli": [f"Question {number % 3}. {SCALE}" for number in numbers],
            "response": [number % 5 + 1 for number in numbers],
            "condition_num": [1] * count,
            "task_num": [number % 3 for number in numbers],
            "prompt": ["THE PROMPT"] * count,
            "reasoning": ["THE ANSWER IS KNOWN HERE"] * count,
            "study_id": ["326nv"] * count,
        },
        schema_overrides=types,
    ).write_parquet(path)
    return path


def test_shards_of_any_name_are_read_in_order(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    shards = [shard(tmp_path / "b.parquet"), shard(tmp_path / "a.parquet", first=4)]
    studies = load(shards, "here", "rev", lambda done, total: told.append((done, total)))
    assert told == [(4, 8), (8, 8)]
    assert studies.participants.select("participant", "age", "income").rows() == [
        ("0", 20, "<5K"),
        ("1", 21, "<5K"),
        ("2", 22, "<5K"),
        ("3", 23, "<5K"),
    ]
    assert studies.manifest.revision == "rev"
    assert len(studies.responses) == 8
    assert studies.study("326nv").licence == "not stated by the source"


def test_an_empty_shard_is_read_over_and_empty_shards_alone_are_an_error(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    empty = shard(tmp_path / "empty.parquet", count=0)
    load([empty, shard(tmp_path / "a.parquet")], "here", progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 4)]
    with pytest.raises(SourceError, match="it has no rows"):
        load([empty], "here", progress=lambda done, total: told.append((done, total)))


def test_reasoning_and_prompt_reach_no_table(tmp_path: Path) -> None:
    studies = load([shard(tmp_path / "a.parquet")], "here")
    studies.save(tmp_path / "out")
    for name in ("studies", "cells", "participants", "responses"):
        rows = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert not {"reasoning", "prompt"} & set(rows.columns)
        assert "THE " not in rows.to_pandas().to_csv()


def test_a_file_that_is_no_parquet_or_lacks_columns_is_named(tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(shard(tmp_path / "a.parquet").read_bytes()[:200])
    with pytest.raises(SourceError, match=r"cut.parquet is not a readable Parquet file"):
        load([tmp_path / "cut.parquet"], "here")
    pl.read_parquet(tmp_path / "a.parquet").drop("response").write_parquet(tmp_path / "b.parquet")
    with pytest.raises(SourceError, match=r"b.parquet lacks the column response; it has sample_id, participant"):
        load([tmp_path / "b.parquet"], "here")
    pl.read_parquet(tmp_path / "a.parquet").with_columns(demographic=pl.lit("x")).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(SourceError, match="demographic is String, expected a struct"):
        load([tmp_path / "c.parquet"], "here")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real rows are not here (../shared/data)")
def test_the_real_rows_go_through_completely() -> None:
    studies = load([REAL / "socsci210_val.parquet"], "here")
    assert (len(studies.studies), len(studies.responses), studies.manifest.dropped) == (20, 2780, ())
    assert studies.attributes == ["age", "education", "employment", "gender", "ideology", "income", "party_id"]


# -- the Hub, played by a server of our own -------------------------------------------------------------------


def prepare(home: Path, endpoint: str, *arguments: str, source: str = "socsci210", **settings: str) -> Program:
    """`train.prepare` with a cache of its own, in a process that knows only this Hub."""
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DOWNLOAD_TIMEOUT": "2",
        **settings,
    }
    command = ("-m", "train.prepare", "--source", source, "--out", home / "out", *arguments)
    return finished(*command, environ=settings, seconds=120)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    shard(folder / "data" / "train-00000-of-00002.parquet")
    shard(folder / "data" / "train-00001-of-00002.parquet", first=4)
    (folder / "metadata").mkdir()
    (folder / "metadata" / "participant_mapping.json").write_text(json.dumps({"seen": [], "unseen": ["326nv"]}))
    (folder / "notes.txt").write_text("not wanted")
    return folder


def test_the_dataset_comes_from_the_hub_and_its_commit_is_recorded(tmp_path: Path, dataset: Path) -> None:
    with DatasetHub(dataset) as hub:
        result = prepare(tmp_path, hub.url)
        assert result.returncode == 0, result.stderr
        assert hub.requested("notes.txt") == 0
        again = prepare(tmp_path, hub.url, "--revision", COMMIT)
        assert again.returncode == 0, again.stderr
        assert len(hub.downloads("train-00000-of-00002.parquet")) == 1
    studies = StudySet.load(tmp_path / "out")
    assert (studies.manifest.source, studies.manifest.revision) == ("socratesft/SocSci210", COMMIT)
    assert len(studies.responses) == 8
    # the pinned commit is in the cache now, so the Hub is not needed
    offline = prepare(tmp_path, "http://127.0.0.1:9", "--revision", COMMIT)
    assert offline.returncode == 0, offline.stderr


def test_without_the_hub_one_message_says_what_to_do(tmp_path: Path) -> None:
    result = prepare(tmp_path, "http://127.0.0.1:9")
    assert result.returncode == 2
    assert "cannot be fetched from the Hugging Face Hub" in result.stderr
    assert "--revision" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_revision_that_the_hub_does_not_have_is_named(tmp_path: Path, dataset: Path) -> None:
    with DatasetHub(dataset) as hub:
        result = prepare(tmp_path, hub.url, "--revision", "v9")
    assert result.returncode == 2
    assert "v9" in result.stderr
    assert "Traceback" not in result.stderr
