from pathlib import Path

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.labelled import labelled_columns, labelled_frames
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.file.opened import column_notes


def spss(file: Path) -> Path:
    """Answers 1, 2, 5, 98, 99, -3 and none; 98 and -5 to -1 are declared as no answer, 99 is not."""
    frame = pd.DataFrame({"q": [1.0, 2, 5, 98, 99, -3, None], "größe": ["a", "Ω", "zz", "", "é", "x", "y"]})
    pyreadstat.write_sav(
        frame,
        str(file),
        column_labels={"q": "Wie groß?"},
        variable_value_labels={"q": {1.0: "no", 2.0: "", 5.0: "groß", 98.0: "Don't know", -3.0: "refused"}},
        missing_ranges={"q": [98, {"lo": -5, "hi": -1}], "größe": ["zz"]},
    )
    return file


def stata(file: Path) -> Path:
    frame = pd.DataFrame({"q": [1, 2, 5, "a", "b"], "t": ["é", "b", "c", "d", "e"]})
    pyreadstat.write_dta(
        frame,
        str(file),
        column_labels={"q": "How much?", "t": ""},
        variable_value_labels={"q": {1: "no", 5: "yes", "a": "refused"}},
        missing_user_values={"q": ["a", "b"]},
    )
    return file


def rows_of(file: Path, **options: object) -> dict[str, list[object]]:
    return pl.concat(labelled_frames(file, **options)).to_dict(as_series=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.sav", "a.zsav"])
def test_codes_that_spss_declares_as_no_answer_are_none_and_counted(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    rows = rows_of(spss(tmp_path / name), note=said.append)
    assert rows == {"q": [1, 2, 5, None, 99, None, None], "größe": ["a", "Ω", None, "", "é", "x", "y"]}
    assert said == [f"{name}: codes that the file declares to be no answer are none: q 2 (-3, 98); größe 1 (zz)"]


def test_a_code_that_the_map_names_stays(tmp_path: Path) -> None:
    assert rows_of(spss(tmp_path / "a.sav"), kept={"q": ["98"]})["q"] == [1, 2, 5, 98, 99, None, None]


def test_spss_says_what_was_asked_and_what_values_mean(tmp_path: Path) -> None:
    assert column_notes(spss(tmp_path / "a.sav")) == {
        "q": ColumnNotes("Wie groß?", {"1": "no", "5": "groß", "98": "Don't know", "-3": "refused"}, ("-3", "98")),
        "größe": ColumnNotes(missing=("zz",)),
    }


def test_extended_missing_values_of_stata_are_none_and_keep_their_labels(tmp_path: Path) -> None:
    said: list[str] = []
    file = stata(tmp_path / "a.dta")
    assert rows_of(file, note=said.append) == {"q": [1, 2, 5, None, None], "t": ["é", "b", "c", "d", "e"]}
    assert said == ["a.dta: codes that the file declares to be no answer are none: q 2 (.a, .b)"]
    assert column_notes(file) == {"q": ColumnNotes("How much?", {"1": "no", "5": "yes", ".a": "refused"}, (".a",))}


@pytest.mark.parametrize("version", [114, 117, 118])
def test_every_version_of_stata_is_read(tmp_path: Path, version: int) -> None:
    frame = pd.DataFrame({"a": pd.Series([1.5, 3.3], dtype="float32"), "t": ["é", "ü"]})
    frame.to_stata(tmp_path / "a.dta", version=version, write_index=False, variable_labels={"a": "größe"})
    assert rows_of(tmp_path / "a.dta") == {"a": [1.5, 3.3], "t": ["é", "ü"]}  # 3.3, not 3.299999952316284
    assert column_notes(tmp_path / "a.dta") == {"a": ColumnNotes("größe")}


def test_a_portable_file_of_spss_is_read(tmp_path: Path) -> None:
    pyreadstat.write_por(pd.DataFrame({"Q": [1.0, 2.5], "S": ["a", "b"]}), str(tmp_path / "a.por"))
    assert rows_of(tmp_path / "a.por") == {"Q": [1.0, 2.5], "S": ["a", "b"]}


def test_texts_in_another_encoding_than_declared_are_read_and_said(tmp_path: Path) -> None:
    # é as Latin-1 in a file that says UTF-8: the library alone gives an empty text
    file = spss(tmp_path / "a.sav")
    file.write_bytes(file.read_bytes().replace("é".encode(), "é ".encode("latin-1")))
    said: list[str] = []
    assert rows_of(file, columns=["größe"], note=said.append)["größe"] == ["a", "Ω", None, "", "é", "x", "y"]
    assert "not in the encoding that it declares (UTF-8), so they are read as Windows-1252" in said[0]
    pyreadstat.write_sav(pd.DataFrame({"s": ["é"]}), str(file))
    file.write_bytes(file.read_bytes().replace("é".encode(), "é ".encode("latin-1")))
    assert rows_of(file, encoding="cp1251") == {"s": ["й"]}  # as a map may say


def test_dates_are_texts(tmp_path: Path) -> None:
    frame = pd.DataFrame({"d": [pd.Timestamp("2020-01-02").date()], "when": [pd.Timestamp("2020-01-02 03:04:05")]})
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    assert rows_of(tmp_path / "a.sav") == {"d": ["2020-01-02"], "when": ["2020-01-02 03:04:05"]}


def test_a_broken_file_says_so(tmp_path: Path) -> None:
    file = spss(tmp_path / "a.sav")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"is not a SPSS file that can be read.*expected number of rows"):
        rows_of(file)
    (tmp_path / "b.dta").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="is not a Stata file"):
        labelled_columns(tmp_path / "b.dta")


def test_a_long_file_is_read_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socrates_core.study.sources.file.labelled._CELLS", 400)
    pyreadstat.write_sav(pd.DataFrame({"q": range(1000)}), str(tmp_path / "a.sav"))
    frames = list(labelled_frames(tmp_path / "a.sav"))
    assert [len(frame) for frame in frames] == [400, 400, 200]
    assert pl.concat(frames)["q"].to_list() == list(range(1000))


def test_old_stata_files_say_no_encoding_so_their_texts_must_be_western(tmp_path: Path) -> None:
    file = tmp_path / "a.dta"
    pyreadstat.write_dta(pd.DataFrame({"s": ["xx"]}), str(file), version=10)
    file.write_bytes(file.read_bytes().replace(b"xx", "да".encode("cp1251")))
    with pytest.raises(SourceError, match="does not say its encoding, and as Windows-1252 it would have 'äà'"):
        rows_of(file)
    assert rows_of(file, encoding="cp1251") == {"s": ["да"]}
