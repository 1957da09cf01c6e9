import shutil
from pathlib import Path

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.opening import Stated, open_source
from socrates_core.study.sources.table.map.form import map_of
from socrates_core.study.sources.table.map.noted import scale_of_labels
from socrates_core.study.study_set import StudySet
from tests.real_files import REAL_STUDIES, needs_real_studies

QUESTION = "How much do you trust it?"
MAP = "{participant: id, condition: arm, attributes: [sex], outcomes: {q: {}}}"


def spss(file: Path, answers: list[float], **labels: dict[float, str]) -> Path:
    """A row a person: an arm, a sex, an answer; 9 is declared as no answer."""
    count = len(answers)
    frame = pd.DataFrame(
        {
            "id": [f"p{number}" for number in range(count)],
            "arm": [float(1 + number % 2) for number in range(count)],
            "sex": [float(1 + number % 2) for number in range(count)],
            "q": answers,
            "email": [f"p{number}@example.org" for number in range(count)],
        }
    )
    pyreadstat.write_sav(
        frame,
        str(file),
        column_labels={"q": QUESTION},
        variable_value_labels={"arm": {1.0: "Plain", 2.0: "Label"}, "sex": {1.0: "Male", 2.0: "Female"}, **labels},
        missing_ranges={"q": [9]},
    )
    return file


def load(file: Path, columns: dict[str, object]) -> StudySet:
    return open_source(str(file), stated=Stated(map_of(columns, "the map")))


def wide(**outcome: object) -> dict[str, object]:
    return {"participant": "id", "condition": "arm", "attributes": ["sex"], "outcomes": {"q": outcome}}


LABELS = {"q": {1.0: "Not at all", 2.0: "", 3.0: "Very", 8.0: "Don't know", 9.0: "Refused"}}


def test_a_file_of_spss_needs_a_map_of_its_columns_alone(tmp_path: Path) -> None:
    studies = load(spss(tmp_path / "a.sav", [1, 2, 3, 3, 8, 9], **LABELS), wide())
    assert studies.cells.select("condition_num", "condition").rows() == [(1, "Plain"), (2, "Label")]
    scale = studies.cell(0).scale
    assert (scale.values, scale.labels, scale.off_axis) == (
        (1, 2, 3), {1: "Not at all", 3: "Very"}, {8: "Don't know"},
    )  # fmt: skip
    assert studies.cell(0).stimulus.startswith(QUESTION)
    assert [studies.answers(cell).responses.tolist() for cell in (0, 1)] == [[1, 3, 8], [2, 3]]
    assert studies.participants["sex"].to_list() == ["Male", "Female", "Male", "Female", "Male"]
    assert "email" not in studies.attributes
    assert {note for note in studies.manifest.notes if "a.sav" in note} == {
        f"a.sav: the question of q is its label, “{QUESTION}”",
        "a.sav: the file says what the values of sex, arm mean",
        "a.sav: the scale of q is that of the file's value labels, where neither the question nor the map states one",
        "a.sav: the map does not name the column email; nothing reads it",
        "a.sav: q is not answered by 1 person",
        "a.sav: codes that the file declares to be no answer are none: q 1 (9)",
    }


def test_a_long_file_of_spss_is_told_of_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socrates_core.study.sources.file.labelled._CELLS", 800)
    told: list[tuple[int, int]] = []
    file = spss(tmp_path / "a.sav", [1, 2, 3] * 150, **LABELS)
    studies = open_source(str(file), None, lambda *now: told.append(now), stated=Stated(map_of(wide(), "the map")))
    assert told == [(200, 450), (400, 450), (450, 450)]
    assert len(studies.responses) == 450


def test_the_map_wins_over_the_file(tmp_path: Path) -> None:
    file = spss(tmp_path / "a.sav", [1, 2, 3, 3, 8, 9], **LABELS)
    columns = wide(question="Trust?", scale={"from": 1, "to": 3, "off_axis": {8: "DK", 9: "Refused"}})
    columns["condition"] = {"column": "arm", "labels": {1: "A", 2: "B"}}
    studies = load(file, columns)
    assert studies.cells["condition"].to_list() == ["A", "B"]
    assert (studies.cell(0).scale.labels, studies.cell(0).scale.off_axis) == ({}, {8: "DK", 9: "Refused"})
    assert studies.answers(1).responses.tolist() == [2, 3, 9]  # the file declares 9 to be no answer, the map an option
    stated = load(file, wide(question="Trust? Only return an integer from 1 to 5."))
    assert stated.cell(0).scale.values == (1, 2, 3, 4, 5)
    nominal = load(file, wide(scale={"nominal": True}))
    assert nominal.cell(0).scale.measurement == "nominal"


def test_numbers_of_spss_stay_what_they_are_beside_texts_with_a_comma(tmp_path: Path) -> None:
    # as a text, 1.125 is 1125 where a comma is the decimal mark
    frame = pd.DataFrame({"id": ["a", "b"], "wt": [1.125, 2.0], "q": [1.0, 2.0]})
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"))
    outcome = {"question": QUESTION, "scale": {"from": 1, "to": 2}}
    raw = {"participant": "id", "weight": "wt", "decimal": ",", "outcomes": {"q": outcome}}
    assert load(tmp_path / "a.sav", raw).participants["weight"].to_list() == [1.125, 2.0]


def test_an_outcome_without_any_wording_is_refused(tmp_path: Path) -> None:
    columns = {"participant": "id", "outcomes": {"arm": {}}}
    with pytest.raises(SourceError, match=r"outcomes\.arm.question is missing in the map, and a\.sav has no label"):
        load(spss(tmp_path / "a.sav", [1, 2]), columns)


def test_two_arms_of_one_label_are_not_pooled(tmp_path: Path) -> None:
    studies = load(spss(tmp_path / "a.sav", [1, 2, 3], arm={1.0: "Same", 2.0: "Same"}, **LABELS), wide())
    assert studies.cells["condition"].to_list() == ["Same (1)", "Same (2)"]


@pytest.mark.parametrize(
    ("texts", "observed", "values", "off"),
    [
        ({"1": "a", "2": "b", "3": "c"}, "123", (1, 2, 3), ()),
        ({"1": "Never", "5": "Always"}, "125", (1, 2, 3, 4, 5), ()),  # people answered between the two
        ({"1": "Yes", "5": "No"}, "15", (1, 5), ()),
        ({"1": "Yes", "5": "No", "8": "Don't know"}, "158", (1, 5), (8,)),
        ({"1": "a", "2": "b", "3": "c", "-1": "Refused"}, "123", (1, 2, 3), (-1,)),
        ({"1": "a", "2": "b", "3": "c"}, "1239", (1, 2, 3), ()),  # 9 is off the scale, flagged where answers are
        ({"0": "None", "1": "One"}, "0148", None, ()),  # the first points of an amount
        ({"0": "None"}, "0123", None, ()),
        ({"a": "A", "b": "B"}, "ab", None, ()),
    ],
)
def test_value_labels_are_a_scale_where_the_answers_do_not_say_otherwise(
    texts: dict[str, str], observed: str, values: tuple[int, ...] | None, off: tuple[int, ...]
) -> None:
    scale = scale_of_labels(texts, set(observed))
    assert (scale and scale.values, tuple(scale.off_axis) if scale else ()) == (values, off)


@needs_real_studies
def test_the_real_file_of_spss_gives_the_means_of_its_rows(tmp_path: Path) -> None:
    file = Path(shutil.copy(REAL_STUDIES / "gss_spend_welfare.sav", tmp_path))  # away from the studies.json beside it
    raw, _ = pyreadstat.read_sav(str(file))
    studies = open_source(str(file))
    means = {}
    for cell in studies.cells_of("gss_spend_welfare"):
        answers = studies.answers(cell.cell_id).responses
        theirs = raw[raw["condition"] == cell.condition]["response"]
        assert sorted(answers.tolist()) == sorted(theirs.astype(int))
        means[cell.condition] = round(float(answers.mean()), 3)
        assert cell.scale.labels == {1: "too little", 2: "about right", 3: "too much"}
    assert means == {"standard wording (form X)": 2.135, "alternate wording (form Y)": 1.34}
    assert studies.participants["year"].null_count() == 0
    assert pl.Series(raw["demo_gender"]).value_counts().sort("demo_gender").rows() == (
        studies.participants["gender"].value_counts().sort("gender").rows()
    )
