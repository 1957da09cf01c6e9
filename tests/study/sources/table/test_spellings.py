"""How tables spell the numbers of arms and tasks."""

from pathlib import Path

import pytest

from socrates_core.errors import PredictionError, SourceError
from socrates_core.evaluation.prediction_files import load_predictions
from socrates_core.study.sources.table.numerals import Spellings, whole_number
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.study_set import StudySet

ASKED = '"How was it? Only return an integer from 1 to 5."'


def load(folder: Path, column: str, *names: str) -> StudySet:
    """A table whose column has these names, of one person each."""
    other = ",condition_num" * (column not in ("condition", "condition_num"))
    rows = [f"s,{name},p{i},3,{ASKED}{',1' * bool(other)}" for i, name in enumerate(names)]
    path = folder / "mine.csv"
    path.write_text("\n".join([f"study_id,{column},participant_id,response,stimulus{other}", *rows]), "utf-8")
    return load_table(table_at(path))


@pytest.mark.parametrize(
    ("column", "what"), [("condition_num", "condition"), ("condition", "condition"), ("task_num", "task")]
)
def test_one_number_with_a_point_and_without_is_one_which_is_said(tmp_path: Path, column: str, what: str) -> None:
    studies = load(tmp_path, column, "1", "1.0", "2")
    assert (len(studies.cells), f"study s: 1 and 1.0 are one {what}, 1" in studies.manifest.notes) == (2, True)


@pytest.mark.parametrize("column", ["condition_num", "condition", "task_num"])
@pytest.mark.parametrize("names", [("01", "1", "2"), ("1", "+1"), ("001.0", "1", "1.0")])
def test_numbers_that_may_be_two_codes_are_refused(tmp_path: Path, column: str, names: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match=r"which may be one .* or several; write the same"):
        load(tmp_path, column, *names)


@pytest.mark.parametrize("names", [("Control", "control"), ("Spicy  soup", "spicy soup"), ("ﬁsh", "fish")])
def test_names_that_differ_in_capitals_or_blanks_alone_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(SourceError, match=r"study s has a condition called .* and one called .*, which may be one"):
        load(tmp_path, "condition", *names)


@pytest.mark.parametrize("names", [("1", "1.0"), ("01", "1"), ("Soup", "soup")])
def test_studies_that_may_be_one_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    rows = [f"{name},1,p,3,{ASKED}" for name in names]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["study_id,condition_num,participant_id,response,stimulus", *rows]), "utf-8")
    with pytest.raises(SourceError, match=r"there is a study called .* and one called .*, which may be one study"):
        load_table(table_at(path))
    rows = [f"{name},1,3,3,1,5" for name in names]
    path.write_text("\n".join(["study_id,condition_num,true,predicted,scale_min,scale_max", *rows]), "utf-8")
    with pytest.raises(PredictionError, match=r"there is a study called .* and one called .*, which may be one study"):
        load_predictions(path)


def test_names_of_one_spelling_need_no_word(tmp_path: Path) -> None:
    studies = load(tmp_path, "condition", "01", "02")
    assert [cell.condition_num for cell in studies.cells_of("s")] == [1, 2]
    assert not [note for note in studies.manifest.notes if "are one" in note]


def test_long_numbers_that_one_float_holds_stay_two(tmp_path: Path) -> None:
    studies = load(tmp_path, "condition", "123456789012345678", "123456789012345679")
    assert len(studies.cells) == 2
    assert whole_number("123456789012345679.0") == 123456789012345679


def test_the_same_number_in_two_studies_is_no_clash() -> None:
    spelt = Spellings("condition")
    spelt.add("a", "01")
    spelt.add("b", "1")
    assert (spelt.clash(), spelt.said()) == (None, [])


def test_a_label_of_two_conditions_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    rows = [f"s,{number},cold,p{number},3,{ASKED}" for number in (1, 2)]
    path.write_text("\n".join(["study_id,condition_num,condition,participant_id,response,stimulus", *rows]), "utf-8")
    assert "study s: the conditions 1 and 2 are both called 'cold'" in load_table(table_at(path)).manifest.notes
