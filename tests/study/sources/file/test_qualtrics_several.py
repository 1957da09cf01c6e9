from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.delimited import TextForm
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.file.qualtrics import read_survey
from socrates_core.study.sources.opening import Stated, open_source
from socrates_core.study.sources.table.map.form import map_of
from socrates_core.study.sources.table.map.recognition import propose
from tests.study.sources.file.test_qualtrics import survey

NEWS: dict[str, Any] = {
    "QuestionType": "MC", "Selector": "MAVR", "DataExportTag": "news", "QuestionText": "Where do you read news?",
    "Choices": {"1": {"Display": "Paper"}, "2": {"Display": "<b>Web</b>"}}, "RecodeValues": {"1": "1", "2": "7"},
    "Validation": {"Settings": {"ForceResponse": "OFF"}},
}  # fmt: skip
FORCED = {**NEWS, "Validation": {"Settings": {"ForceResponse": "ON"}}}
RANK: dict[str, Any] = {
    "QuestionType": "RO", "Selector": "DND", "DataExportTag": "rank", "QuestionText": "Rank these.",
    "Choices": {"1": {"Display": "Tea"}, "2": {"Display": "Milk"}, "4": {"Display": "Beer"}},
}  # fmt: skip
SPLIT: dict[str, Any] = {
    "QuestionType": "CS", "Selector": "VRTL", "DataExportTag": "split", "QuestionText": "Divide 100 dollars.",
    "Choices": {"1": {"Display": "You"}, "2": {"Display": "Charity"}},
    "Validation": {"Settings": {"Type": "ChoicesTotal", "ChoiceTotal": "100"}},
}  # fmt: skip


def head(*names: str) -> str:
    """The three lines that Qualtrics writes above the answers."""
    ids = ",".join(f'"{{""ImportId"":""{name}""}}"' for name in names)
    return f"{','.join(names)}\n{','.join(names)}\n{ids}\n"


HEAD = head("id", "news_1", "news_7")


def read(folder: Path, question: dict[str, Any], *rows: str) -> tuple[dict[str, list[Any]], list[str]]:
    """What becomes of the two choices, and what is said."""
    survey(folder, [question], HEAD + "".join(f"p{i},{row}\n" for i, row in enumerate(rows)))
    said: list[str] = []
    table = pl.concat(frames(folder / "mine.csv", text=TextForm(note=said.append)))
    return table.select("news_1", "news_7").to_dict(as_series=False), said[1:]  # after that on the three lines


@pytest.mark.parametrize("seen", ["0", "-99"])
@pytest.mark.parametrize("question", [NEWS, FORCED], ids=["may be skipped", "forced"])
def test_a_choice_that_was_seen_and_not_selected_is_an_answer_and_one_that_was_never_shown_is_none(
    tmp_path: Path, question: dict[str, Any], seen: str
) -> None:
    # the second saw both and selected none, the third never saw them
    found, said = read(tmp_path, question, f"1,{seen}", f"{seen},{seen}", ",")
    assert found == {"news_1": ["1", "0", None], "news_7": ["0", "0", None]}
    assert said == []


def test_without_such_marks_a_blank_beside_a_selected_choice_is_not_selected(tmp_path: Path) -> None:
    assert read(tmp_path, NEWS, "1,", "1,1", ",1") == ({"news_1": ["1", "1", "0"], "news_7": ["0", "1", "1"]}, [])
    # where nobody goes on without a choice, the third never saw it
    assert read(tmp_path, FORCED, "1,", "Paper,web", ",") == (
        {"news_1": ["1", "1", None], "news_7": ["0", "1", None]}, [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "rows", "why"),
    [
        (NEWS, ("1,", ",", ","), "2 people selected none, or never saw it"),
        ({**FORCED, "DynamicChoices": {"Locator": "q://QID1"}}, ("1,", "1,1"), "not everybody saw all choices"),
        ({**FORCED, "Randomization": {"Type": "Subset"}}, ("1,", "1,1"), "not everybody saw all choices"),
    ],
)
def test_where_a_blank_may_mean_either_nothing_is_read_and_the_way_out_is_named(
    tmp_path: Path, question: dict[str, Any], rows: tuple[str, ...], why: str
) -> None:
    # a share of those who selected something, shown as one of all, would be wrong without showing it
    found, said = read(tmp_path, question, *rows)
    assert found == {"news_1": [None] * len(rows), "news_7": [None] * len(rows)}
    assert said == [
        f"mine.csv: news: {why}, and the file does not tell which, so nothing of it is read; download the answers anew "
        "with “Recode seen but unanswered multi-value fields as 0”"
    ]
    guesses = propose(tmp_path / "mine.csv").guesses
    assert guesses[1].reason.startswith("it is empty, or nothing tells a choice that was not selected from one")


def test_choices_that_stand_in_one_column_are_named(tmp_path: Path) -> None:
    survey(tmp_path, [NEWS], 'id,news\nId,news\n{},{}\np1,"1,7"\np2,7\n')
    assert any(
        "“Split multi-value fields into columns”" in sentence for sentence in propose(tmp_path / "mine.csv").said
    )


def test_each_choice_is_an_outcome_with_the_share_that_selected_it(tmp_path: Path) -> None:
    export = head("id", "arm", "news_1", "news_7") + "p0,a,1,0\np1,a,1,1\np2,b,0,1\np3,b,0,1\n"
    survey(tmp_path, [NEWS], export)
    # one of the two is asked for, and the other still says who saw them
    raw = {"participant": "id", "condition": "arm", "outcomes": {"news_7": {}}}
    studies = open_source(str(tmp_path / "mine.csv"), stated=Stated(map_of(raw, "the map")))
    assert [studies.answers(cell).responses.tolist() for cell in (0, 1)] == [[0, 1], [1, 1]]
    assert studies.cell(0).scale.labels == {0: "Not selected", 1: "Selected"}
    assert studies.cell(0).stimulus.startswith("Where do you read news? Web")


def test_one_choice_that_is_read_alone_is_filled_from_the_others(tmp_path: Path) -> None:
    survey(tmp_path, [FORCED], HEAD + "p0,1,\np1,,1\np2,,\n")
    assert pl.concat(frames(tmp_path / "mine.csv", ["news_7"])).to_dict(as_series=False) == {"news_7": ["0", "1", None]}


def test_ranks_and_parts_of_a_total_have_their_scales(tmp_path: Path) -> None:
    export = head("id", "rank_1", "rank_2", "rank_4", "split_1", "split_2")
    export += "p0,1,2,3,100,0\np1,3,1,2,60,40\np2,2,1,3,55,45\n"
    survey(tmp_path, [RANK, SPLIT], export)
    raw = {"participant": "id", "outcomes": {"rank_4": {}, "split_1": {}}}
    studies = open_source(str(tmp_path / "mine.csv"), stated=Stated(map_of(raw, "the map")))
    rank, split = studies.cells_of(studies.study_ids[0])
    assert (rank.scale.values, rank.scale.labels) == ((1, 2, 3), {1: "ranked first", 3: "ranked last"})
    assert rank.stimulus.startswith("Rank these. Beer")
    assert split.scale.values == tuple(range(101))
    assert split.scale.labels == {0: "none of 100", 100: "all of 100"}
    assert [studies.answers(one.cell_id).responses.tolist() for one in (rank, split)] == [[3, 2, 3], [100, 60, 55]]
    assert {guess.name: guess.role for guess in propose(tmp_path / "mine.csv").guesses}["rank_1"] == "outcome"


def test_ranks_of_items_that_not_everybody_saw_are_named_and_an_amount_without_a_total_has_no_scale(
    tmp_path: Path,
) -> None:
    some = {**RANK, "Choices": {**RANK["Choices"], "5": {"Display": "Wine", "DisplayLogic": {"0": {}}}}}
    found = read_survey(survey(tmp_path, [some, {**SPLIT, "Validation": {"Settings": {"EnforceRange": "OFF"}}}]))
    assert found.said == ("mine.qsf: nothing reads questions of these kinds: rank (RO DND)",)
    assert {name: dict(note.values) for name, note in found.notes.items()} == {"split_1": {}, "split_2": {}}
    survey(tmp_path, [SPLIT], head("id", "split_1") + "p0,100\np1,33.5\n")
    with pytest.raises(SourceError):  # half of them are no whole part of the total
        open_source(
            str(tmp_path / "mine.csv"),
            stated=Stated(map_of({"participant": "id", "outcomes": {"split_1": {}}}, "the map")),
        )
