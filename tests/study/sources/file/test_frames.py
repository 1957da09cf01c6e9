import gzip
import os
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.frames import column_names, frames

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
