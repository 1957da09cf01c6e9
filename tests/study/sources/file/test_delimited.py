import gzip
from pathlib import Path

import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.delimited import TextForm, delimited_columns, read_delimited, suffix_of

ROWS = [("town", "answer"), ("Köln, Mitte", "1"), ("Bonn", "")]


def written(path: Path, separator: str = ",", encoding: str = "utf-8") -> Path:
    lines = [separator.join(f'"{one}"' if separator in one else one for one in row) for row in ROWS]
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_common_separators_and_encodings_are_found(tmp_path: Path, separator: str, encoding: str) -> None:
    file = written(tmp_path / "a.csv", separator, encoding)
    assert delimited_columns(file) == ["town", "answer"]
    assert read_delimited(file).rows.rows() == [("Köln, Mitte", "1"), ("Bonn", None)]


def test_what_is_not_stated_is_said(tmp_path: Path) -> None:
    assert read_delimited(written(tmp_path / "a.csv")).assumed == ()
    assert read_delimited(written(tmp_path / "a.tsv", "\t")).assumed == ()
    assert read_delimited(written(tmp_path / "a.csv", ";", "cp1252")).assumed == (
        "a.csv: the encoding is Windows-1252, as in 'Köln', since it is not UTF-8; --encoding or a map may name "
        "another",
        "a.csv: fields end with a semicolon",
    )


def test_a_stated_encoding_and_separator_win(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("город;ответ\nМосква;1\n".encode("cp1251"))
    form = TextForm("cp1251", ";")
    assert delimited_columns(tmp_path / "a.csv", form) == ["город", "ответ"]
    assert read_delimited(tmp_path / "a.csv", form).rows.rows() == [("Москва", "1")]
    with pytest.raises(SourceError, match="is not text in utf-8"):
        read_delimited(tmp_path / "a.csv", TextForm("utf-8"))
    with pytest.raises(SourceError, match="is not text in klingon"):
        read_delimited(tmp_path / "a.csv", TextForm("klingon"))


def test_a_compressed_table_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(written(tmp_path / "a.csv", ";").read_bytes()))
    assert suffix_of(file) == ".csv"
    assert delimited_columns(file) == ["town", "answer"]
    assert len(read_delimited(file).rows) == 2
    file.write_bytes(file.read_bytes()[:-6])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        read_delimited(file)


def test_commas_in_texts_do_not_make_a_separator(tmp_path: Path) -> None:
    # three commas in the header's own names, and semicolons that part every row in two
    (tmp_path / "a.csv").write_text("text, with, many, commas;answer\none, two;1\nthree;2\n")
    assert read_delimited(tmp_path / "a.csv").rows.columns == ["text, with, many, commas", "answer"]


def test_excels_first_line_and_qualtrics_descriptions_are_no_answers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=;\na;b\n1;2\n")
    assert read_delimited(tmp_path / "a.csv").rows.rows() == [("1", "2")]
    (tmp_path / "q.csv").write_text('Q1,Q2\nNice?,Big?\n"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n1,2\n')
    found = read_delimited(tmp_path / "q.csv")
    assert found.rows.rows() == [("1", "2")]
    assert found.assumed == ("q.csv: the first 2 rows are descriptions, as Qualtrics writes them",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04", "is an Excel workbook or a zip archive; save the sheet as 'CSV UTF-8'"),
        (b"PAR1", "is a Parquet file; let its name end in .parquet"),
        (bytes(range(256)), "is not UTF-8, .* name its encoding: --encoding NAME"),
        (b"a\x00,b\n\xe9,2\n", "it holds zero bytes"),
        (b"a,a\n1,2\n", "more than one column named 'a'"),
    ],
)
def test_other_forms_are_named(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match=problem):
        read_delimited(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a,b\n1,2\n3,4,ann@example.org\n", "line 3 has 3 fields, the header 2"),
        ('a,b\n1,2\n"ann@example.org,4\n5,6\n', "line 3: unexpected end of data"),
    ],
)
def test_a_broken_row_is_named_by_its_line_and_not_quoted(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(SourceError, match=where) as told:
        read_delimited(tmp_path / "a.csv")
    assert "example.org" not in str(told.value)


def test_some_columns_of_an_export_are_read_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b,c\nText,Text,Text\n"{""ImportId"":1}",{},{}\n1,2,3\n')
    assert read_delimited(tmp_path / "a.csv", columns=["c", "a"]).rows.rows(named=True) == [{"a": "1", "c": "3"}]
