import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.json_table import json_columns, json_frames

ROWS = [{"id": 1, "q": 5}, {"id": 2, "q": None}]


def read(file: Path, text: str, rows: int = 100) -> pl.DataFrame:
    file.write_text(text, "utf-8")
    return pl.concat(json_frames(file, rows))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps({"data": ROWS}),
        json.dumps({"columns": ["id", "q"], "data": [[1, 5], [2, None]]}),
        json.dumps({"id": [1, 2], "q": [5, None]}),
        "\ufeff" + "\n".join(map(json.dumps, ROWS)),
    ],
    ids=["list", "indented", "data", "split", "columns", "lines"],
)
def test_every_usual_form_of_a_json_table_is_read(tmp_path: Path, text: str) -> None:
    assert read(tmp_path / "a.json", text).rows() == [(1, 5), (2, None)]
    assert json_columns(tmp_path / "a.json") == ["id", "q"]


def test_compressed_lines_are_read_in_slices_of_the_same_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"a": 1}\n\n{"a": 2, "b": "x"}\n'))
    assert [frame.columns for frame in json_frames(file, 1)] == [["a", "b"], ["a", "b"]]


def test_a_column_of_numbers_and_texts_is_text(tmp_path: Path) -> None:
    # as a table of its own, "n/a" would become null without a word
    rows = [{"q": 1}, {"q": "n/a"}, {"q": 2.5}, {"q": True}]
    assert read(tmp_path / "a.json", json.dumps(rows))["q"].to_list() == ["1", "n/a", "2.5", "true"]


def test_a_broken_file_says_where_and_not_what(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 2: it is not JSON \(line 1, column 7") as told:
        read(tmp_path / "a.jsonl", '{"a": 1}\n{"a": a@b.com}\n')
    assert "a@b" not in str(told.value)
    with pytest.raises(SourceError, match=r"a.json is not JSON \(line 2, column 1"):
        read(tmp_path / "a.json", '[{"a": 1},\n')
    with pytest.raises(SourceError, match="entry 2: expected a list of objects"):
        read(tmp_path / "a.json", '[{"a": 1}, 5]')
    with pytest.raises(SourceError, match="expected a list of objects"):
        read(tmp_path / "a.json", '{"settings":\n {"a": 1}}\n')


def test_a_table_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has 100,000 columns, more than 20,000"):
        read(tmp_path / "a.json", json.dumps([{f"c{number}": 1 for number in range(100_000)}]))
