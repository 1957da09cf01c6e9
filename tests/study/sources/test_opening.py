import json
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import LossError, SourceError, StudyFolderError
from socrates_core.study.sources.opening import open_source, stated_parts
from tests.study.sources.table.test_tidy import HEADER, ROW, table
from tests.study.sources.test_alpaca import line, write
from tests.study.sources.test_socsci210 import shard


def test_a_path_is_recognised_by_its_content(tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shard(shards / "data" / "x.parquet")
    shard(shards / "data" / "y.parquet", first=4)
    lines = write(tmp_path / "lines.jsonl", line())
    tidy = tmp_path / "tidy"
    tidy.mkdir()
    table(tidy / "mine.csv", HEADER, ROW)
    (tidy / "studies.json").write_text(json.dumps([{"study_id": "s", "title": "Mine"}]), "utf-8")
    counts = {path.name: open_source(str(path)).manifest.counts["responses"] for path in (shards, lines, tidy)}
    assert counts == {"shards": 8, "lines.jsonl": 1, "tidy": 1}
    assert open_source(str(tidy)).study("s").title == "Mine"


def test_a_prepared_folder_is_a_source_too_and_must_be_unchanged(tmp_path: Path) -> None:
    open_source(str(table(tmp_path / "mine.csv", HEADER, ROW))).save(tmp_path / "prepared")
    assert open_source(str(tmp_path / "prepared")).study_ids == ["s"]
    (tmp_path / "prepared" / "cells.parquet").write_bytes((tmp_path / "prepared" / "studies.parquet").read_bytes())
    with pytest.raises(StudyFolderError, match="not the file that its manifest describes"):
        open_source(str(tmp_path / "prepared"))


def test_the_split_files_of_a_folder_are_read_together(tmp_path: Path) -> None:
    for part, study_id in {"train": "a", "val": "b", "test": "c"}.items():
        write(tmp_path / f"{part}.jsonl", line(study_id=study_id))
    write(tmp_path / "predictions.jsonl", "not a source")
    studies = open_source(str(tmp_path))
    assert studies.study_ids == ["a", "b", "c"]
    assert stated_parts(str(tmp_path), studies) == {"train": ["a"], "val": ["b"], "test": ["c"]}
    assert stated_parts(str(tmp_path / "train.jsonl"), studies) is None
    assert stated_parts("bundled", studies) is None


def test_what_is_no_source_is_named_with_what_is(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.docx").write_text("x")
    (tmp_path / "blank.csv").write_text("")
    (tmp_path / "broken.parquet").write_text("PAR")
    (tmp_path / "two").mkdir()
    for name in ("a.csv", "b.csv"):
        table(tmp_path / "two" / name, HEADER, ROW)
    (tmp_path / "mixed").mkdir()
    shard(tmp_path / "mixed" / "x.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "mixed" / "y.parquet")
    problems = {
        "nowhere": "there is no file or folder .*nowhere; a source is bundled, socsci210, hub:OWNER/NAME, or a path",
        "empty": "holds no source .found nothing.; a source is bundled",
        "other": "found notes.docx",
        "other/notes.docx": "is not a source",
        "blank.csv": "is empty",
        "broken.parquet": "not a readable Parquet",
        "two": "more than one source .a.csv, b.csv",
        "mixed": "more than one source .x.parquet, y.parquet",
    }
    for name, problem in problems.items():
        with pytest.raises(SourceError, match=problem):
            open_source(str(tmp_path / name))


def test_a_revision_belongs_to_the_hub_alone() -> None:
    with pytest.raises(SourceError, match="leave --revision out"):
        open_source("bundled", revision="main")


def test_a_table_that_loses_answers_is_refused_unless_they_may_be_lost(tmp_path: Path) -> None:
    # 4 of 10 answers lie between two options, as on a scale in half steps of which nobody stated the step
    lines = [ROW.replace("ann,3", f"p{number},{'3.5' if number < 4 else '3'}") for number in range(10)]
    source = str(table(tmp_path / "mine.csv", HEADER, *lines))
    with pytest.raises(LossError, match=r"4 of 10 answers cannot be read: .*'3\.5'.*Ways out: .*step.*nearest.*bins"):
        open_source(source)
    allowed = open_source(source, allow_loss=True)
    assert len(allowed.responses) == 6
    allowed.save(tmp_path / "prepared")
    (loss,) = open_source(str(tmp_path / "prepared")).manifest.losses
    assert (loss.lost, loss.given) == (4, 10)
