import gzip
import os
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.frames import column_names, frames, progress_of_each, slices

TABLE = pl.DataFrame({"id": ["a", "b"], "q": [1, 2]})


@pytest.mark.parametrize("name", ["a.feather", "a.arrow", "a.ipc", "a.parquet", "a.csv", "a.json", "a.jsonl"])
def test_a_table_is_read_whichever_form_it_has(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    write = {
        ".csv": TABLE.write_csv, ".parquet": TABLE.write_parquet, ".json": TABLE.write_json,
        ".jsonl": TABLE.write_ndjson,
    }  # fmt: skip
    write.get(file.suffix, TABLE.write_ipc)(file)
    assert column_names(file) == ["id", "q"]
    assert pl.concat(frames(file, ["q"])).with_columns(pl.col("q").cast(pl.Int64)).rows() == [(1,), (2,)]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    reading = frames(file)
    next(reading)
    os.utime(file, ns=(0, 0))
    with pytest.raises(SourceError, match="changed while it was read; wait until it is written"):
        next(reading)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
def test_a_text_table_of_too_many_columns_is_refused(tmp_path: Path, name: str) -> None:
    text = "\t".join(f"c{number}" for number in range(100_000)).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    with pytest.raises(SourceError, match="100,000 columns"):
        column_names(tmp_path / name)


def test_the_first_version_of_feather_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.feather").write_bytes(b"FEA1" + bytes(20))
    with pytest.raises(SourceError, match="Feather file of version 1"):
        column_names(tmp_path / "a.feather")


def test_progress_of_one_table_in_several_files_goes_on_from_file_to_file(tmp_path: Path) -> None:
    files = [tmp_path / f"{rows}.parquet" for rows in (3, 1)]
    for file in files:
        pl.DataFrame({"a": range(int(file.stem))}).write_parquet(file)
    seen: list[tuple[int, int]] = []
    for file, told in zip(files, progress_of_each(files, lambda *step: seen.append(step)), strict=True):
        list(slices([file], ["a"], told))
    assert seen == [(3, 4), (4, 4)]
    # text says nothing of its rows: half of the second file, which has 6 of 10 bytes
    texts = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file, content in zip(texts, ("a\n1\n", "a\n1\n2\n"), strict=True):
        file.write_text(content)
    seen.clear()
    last = progress_of_each(texts, lambda *step: seen.append(step))[1]
    assert last is not None
    last(1, 2)
    assert seen == [(7, 10)]
    assert progress_of_each(files[:1], None) == [None]
