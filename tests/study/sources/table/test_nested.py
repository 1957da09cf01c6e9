import json
from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.opening import open_source
from socrates_core.study.study_set import StudySet

ROW = {"study_id": "s", "condition_num": 1, "response": 3, "stimulus": "Fine? Only return an integer from 1 to 5."}
ANN = {"age": 30, "home": {"region": "North", "rooms": 3.0}, "speaks": ["de", "en"], "owner": True, "income": None}
BOB = {"age": 41, "home": {"region": "South"}, "speaks": []}
KNOWN = [
    {"age": 30, "home_region": "North", "home_rooms": 3, "speaks": "de; en", "owner": "Yes"},
    {"age": 41, "home_region": "South", "home_rooms": None, "speaks": None, "owner": None},
]


def people(studies: StudySet) -> list[dict[str, object]]:
    return studies.participants.select(studies.attributes).to_dicts()


@pytest.mark.parametrize("column", ["demographics", "Persona", "attributes"])
def test_an_object_in_a_column_is_a_person_s_attributes(tmp_path: Path, column: str) -> None:
    rows = [{**ROW, "participant_id": name, column: json.dumps(one)} for name, one in (("ann", ANN), ("bob", BOB))]
    pl.DataFrame(rows).write_csv(tmp_path / "mine.csv")
    assert people(open_source(str(tmp_path / "mine.csv"))) == KNOWN


def test_a_python_dictionary_is_an_object_too(tmp_path: Path) -> None:
    rows = [{**ROW, "participant_id": name, "demographics": str(one)} for name, one in (("ann", ANN), ("bob", BOB))]
    pl.DataFrame(rows).write_csv(tmp_path / "mine.csv")
    assert people(open_source(str(tmp_path / "mine.csv"))) == KNOWN


def test_objects_in_lines_of_json_and_structs_in_parquet_are_read(tmp_path: Path) -> None:
    rows = [{**ROW, "participant_id": "ann", "demographics": {"age": 30, "home": {"region": "North"}}}]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    pl.DataFrame(rows).write_parquet(tmp_path / "mine.parquet")
    for name in ("mine.jsonl", "mine.parquet"):
        assert people(open_source(str(tmp_path / name))) == [{"age": 30, "home_region": "North"}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{age: 30", "is not an object of attributes; expected"),
        ("[1, 2]", "is not an object of attributes"),
        ("[" * 5000, "is not an object of attributes"),
        ("__import__('os').getcwd()", "is not an object of attributes"),
        ('{"response": 3}', "no demographic attribute can be called 'response'"),
    ],
)
def test_what_is_no_object_is_refused_and_nothing_is_run(tmp_path: Path, text: str, problem: str) -> None:
    pl.DataFrame([{**ROW, "participant_id": "ann", "demographics": text}]).write_csv(tmp_path / "mine.csv")
    with pytest.raises(SourceError, match=problem):
        open_source(str(tmp_path / "mine.csv"))
