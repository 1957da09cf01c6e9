import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.file.opened import column_notes
from socrates_core.study.sources.file.qualtrics import read_survey
from socrates_core.study.sources.opening import Stated, open_source
from socrates_core.study.sources.table.map.form import map_of, read_map
from socrates_core.study.study_set import StudySet
from tests.real_files import REAL_STUDIES, needs_real_studies

AGREE: dict[str, Any] = {
    "QuestionType": "MC",
    "Selector": "SAVR",
    "DataExportTag": "agree",
    "QuestionText": "<p>Do you <b>agree</b>?</p>",
    "Choices": {"4": {"Display": "Yes"}, "5": {"Display": "Partly&nbsp;so"}, "6": {"Display": "No"}},
    "ChoiceOrder": ["6", "5", "4"],
    "RecodeValues": {"4": "3", "5": "2", "6": "1"},
}
RATING: dict[str, Any] = {
    "QuestionType": "Matrix",
    "Selector": "Likert",
    "SubSelector": "SingleAnswer",
    "DataExportTag": "rate",
    "QuestionText": "How good is",
    "Choices": {"1": {"Display": "tea"}, "2": {"Display": "coffee"}},
    "ChoiceDataExportTags": {"1": False, "2": "cof"},
    "Answers": {"1": {"Display": "1: bad"}, "2": {"Display": "2"}, "3": {"Display": "3: good"}},
}
OTHERS: list[dict[str, Any]] = [
    {"QuestionType": "TE", "Selector": "SL", "DataExportTag": "why", "QuestionText": "Why, ${e://Field/name}?"},
    {"QuestionType": "RO", "Selector": "DND", "DataExportTag": "rank", "QuestionText": "Rank these"},
    {"QuestionType": "DB", "Selector": "TB", "DataExportTag": "intro", "QuestionText": "Welcome"},
    {**AGREE, "DataExportTag": "old"},
]


def survey(folder: Path, questions: list[dict[str, Any]], export: str | None = None) -> Path:
    """A survey file whose last question is in the trash, if there are more than two, and its export."""
    named = [{**one, "QuestionID": f"QID{number}"} for number, one in enumerate(questions, start=1)]
    trash = [{"Type": "Question", "QuestionID": named[-1]["QuestionID"]}] if len(named) > 2 else []
    elements: list[dict[str, Any]] = [{"Element": "BL", "Payload": {"1": {"Type": "Trash", "BlockElements": trash}}}]
    elements += [{"Element": "SQ", "Payload": one} for one in named]
    path = folder / "mine.qsf"
    path.write_text(json.dumps({"SurveyEntry": {}, "SurveyElements": elements}))
    if export is not None:
        (folder / "mine.csv").write_text(export)
    return path


def load(path: Path, outcome: str, **more: Any) -> StudySet:
    raw = {"participant": "id", "condition": "arm", "outcomes": {outcome: {}}, **more}
    return open_source(str(path), stated=Stated(map_of(raw, "the map")))


HEADER = 'id,arm,agree\nResponse ID,arm,Do you agree?\n"{""ImportId"":""_id""}","{""ImportId"":""arm""}","{}"\n'


@pytest.mark.parametrize(
    "answers",
    [("3", "1", "2"), ("Yes", "No", "Partly so"), ("yes", " No", "Partly\u00a0so")],
    ids=["codes", "texts", "spelt"],
)
def test_codes_and_texts_of_choices_are_the_same_answers(tmp_path: Path, answers: tuple[str, ...]) -> None:
    export = HEADER + "".join(f"p{number},{'ab'[number % 2]},{one}\n" for number, one in enumerate(answers))
    studies = load(survey(tmp_path, [AGREE], export), "agree")
    assert [studies.answers(cell).responses.tolist() for cell in (0, 1)] == [[3, 2], [1]]
    assert studies.cell(0).scale.labels == {1: "No", 2: "Partly so", 3: "Yes"}
    assert studies.cell(0).stimulus.startswith("Do you agree?")


def test_what_a_survey_file_says_of_the_columns_of_its_export(tmp_path: Path) -> None:
    found = read_survey(survey(tmp_path, [AGREE, RATING, *OTHERS]))
    rating = {"1": "bad", "2": "2", "3": "good"}
    assert found.notes == {
        "agree": ColumnNotes("Do you agree?", {"1": "No", "2": "Partly so", "3": "Yes"}),
        "rate_1": ColumnNotes("How good is tea", rating),
        "cof": ColumnNotes("How good is coffee", rating),
        "why": ColumnNotes("Why, ${e://Field/name}?", asks_text=True),
    }
    assert found.said == (
        "mine.qsf: nothing reads questions of these kinds: rank (RO DND)",
        "mine.qsf: the text of these questions has a place that is filled in for each person (${…}): why",
    )


def test_the_survey_file_beside_an_export_is_found_or_named_in_the_map(tmp_path: Path) -> None:
    survey(tmp_path, [AGREE], HEADER + "p1,a,Yes\n")
    assert column_notes(tmp_path / "mine.csv")["agree"].label == "Do you agree?"
    assert pl.concat(frames(tmp_path / "mine.csv"))["agree"].to_list() == ["3"]
    (tmp_path / "mine.csv").rename(tmp_path / "other.csv")
    assert column_notes(tmp_path / "other.csv") == {}
    (tmp_path / "map.yaml").write_text("{qsf: mine.qsf, participant: id, outcomes: {agree: {}}}")
    stated = Stated(read_map(tmp_path / "map.yaml"))
    assert open_source(str(tmp_path / "other.csv"), stated=stated).answers(0).responses.tolist() == [3]
    (tmp_path / "map.yaml").write_text("{qsf: gone.qsf}")
    with pytest.raises(SourceError, match=r"there is no survey file .*gone.qsf, which it names as qsf"):
        read_map(tmp_path / "map.yaml")
    with pytest.raises(SourceError, match=r"is a survey, without answers; put its export beside it as mine.csv"):
        open_source(str(tmp_path / "mine.qsf"))


def test_numbers_that_may_be_codes_or_texts_are_for_the_author(tmp_path: Path) -> None:
    # a reversed item whose choices are called 1 to 3: "1" is the code of "3", or the text of the code 3
    reversed_item = {
        **AGREE,
        "Choices": {str(i): {"Display": str(i)} for i in (1, 2, 3)},
        "RecodeValues": {"1": "3", "3": "1"},
    }
    path = survey(tmp_path, [reversed_item], HEADER + "p1,a,1\np2,b,2\n")
    with pytest.raises(SourceError, match="agree may be either; say which in a map: `answers: codes`"):
        load(path, "agree")
    assert load(path, "agree", answers="codes").answers(0).responses.tolist() == [1]
    assert load(path, "agree", answers="texts").answers(0).responses.tolist() == [3]


def test_two_questions_of_one_tag_and_a_broken_file_are_named(tmp_path: Path) -> None:
    found = read_survey(survey(tmp_path, [AGREE, AGREE]))
    assert (dict(found.notes), found.said) == (
        {}, ("mine.qsf: two questions have one tag, so neither is taken from it: agree",),
    )  # fmt: skip
    (tmp_path / "mine.qsf").write_text("{}")
    with pytest.raises(SourceError, match="is not a survey file of Qualtrics"):
        read_survey(tmp_path / "mine.qsf")


def armed(folder: Path, fields: dict[str, list[str]], operator: str = "EqualTo") -> Path:
    """A survey of two arms that set these fields; people read of a red car if `segment` is 1, of a blue one if 2."""
    path = survey(folder, [AGREE], HEADER + "p1,red,3\np2,blue,1\n")
    raw = json.loads(path.read_text())
    for value, colour in (("1", "red"), ("2", "blue")):
        logic = {"Type": "Expression", "LogicType": "EmbeddedField", "LeftOperand": "segment", "Operator": operator}
        shown = {"0": {"0": {**logic, "RightOperand": value}, "Type": "If"}, "Type": "BooleanExpression"}
        text = {"QuestionType": "DB", "Selector": "TB", "QuestionText": f"A {colour} car", "DisplayLogic": shown}
        raw["SurveyElements"].append({"Element": "SQ", "Payload": {**text, "QuestionID": f"QID9{value}"}})
    branches = [
        {
            "Type": "EmbeddedData",
            "EmbeddedData": [
                {"Type": "Custom", "Field": name, "Value": values[place]} for name, values in fields.items()
            ],
        }
        for place in range(2)
    ]
    flow = {"Type": "Root", "Flow": [{"Type": "BlockRandomizer", "SubSet": 1, "Flow": branches}]}
    raw["SurveyElements"].append({"Element": "FL", "Payload": flow})
    path.write_text(json.dumps(raw))
    return path


def test_what_each_arm_reads_is_taken_from_the_flow_of_the_survey(tmp_path: Path) -> None:
    path = armed(tmp_path, {"segment": ["1", "2"], "arm": ["red", "blue"]})
    assert read_survey(path).notes["arm"].reads == {"red": "A red car", "blue": "A blue car"}
    studies = load(path, "agree")
    assert [studies.cell(place).stimulus.split("\n\n")[0] for place in (0, 1)] == ["A red car", "A blue car"]
    assert any(
        "what people in each condition read is taken from the survey file" in one for one in studies.manifest.notes
    )
    stated = load(path, "agree", condition={"column": "arm", "texts": {"red": "One", "blue": "Two"}})
    assert stated.cell(0).stimulus.startswith("One")


def test_arms_that_are_not_plain_are_left_to_a_person(tmp_path: Path) -> None:
    # people called red read of the blue car: the survey's own flow contradicts its names
    swapped = read_survey(armed(tmp_path, {"segment": ["2", "1"], "arm": ["red", "blue"]}))
    assert "arm" not in swapped.notes
    assert "people with arm = red read “…A blue car”, though its word stands in the text of another" in swapped.said[0]
    other = read_survey(armed(tmp_path, {"segment": ["1", "2"], "arm": ["red", "blue"]}, operator="GreaterThan"))
    assert ("arm" in other.notes, other.said) == (False, ())


@needs_real_studies
def test_the_real_survey_gives_the_arms_of_its_export() -> None:
    raw = pl.read_csv(REAL_STUDIES / "targeting_fairness.csv")
    raw_map = {"participant": "TWIN_ID", "condition": "target", "outcomes": {"fair1": {}}}
    columns = map_of({"study": "fairness", **raw_map}, "the map")
    for name in ("targeting_fairness.qsf", "targeting_fairness.csv"):
        studies = open_source(str(REAL_STUDIES / name), stated=Stated(columns))
        assert studies.cell(0).scale.values == tuple(range(1, 10))
        assert studies.cell(0).scale.labels == {1: "Not at all fair", 9: "Very fair"}
        for cell in studies.cells_of("fairness"):
            theirs = raw.filter(pl.col("target") == cell.condition)["fair1"].to_list()
            assert sorted(studies.answers(cell.cell_id).responses.tolist()) == sorted(theirs)
    means = {
        cell.condition: round(float(studies.answers(cell.cell_id).responses.mean()), 3)
        for cell in studies.cells_of("fairness")
    }
    assert means == {"broad": 6.38, "female": 7.472}
