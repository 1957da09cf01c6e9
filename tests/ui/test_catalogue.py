"""What the page offers: order, badges, questions in a menu."""

from pathlib import Path

import pytest

from socrates_core.errors import StudyFolderError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.question import question_of
from socrates_core.study.sources.bundled import BUNDLED, BUNDLED_STUDIES
from socrates_core.study.split import Split, make_split
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import conditions, open_catalogue, outcomes, same_outcome
from tests.tables import plain, study_set


def cell(
    cell_id: int, condition: int, task: int, stimulus: str = "Why?", bounded: bool = True, label: str = ""
) -> Cell:
    scale = AnswerScale((1, 2) if bounded else None)
    return Cell(cell_id, "s", condition, task, stimulus, scale, condition=label or None)


def test_the_bundled_studies_are_always_there_and_open_with_the_welfare_experiment() -> None:
    catalogue = open_catalogue([], frozenset())
    assert [source.name for source in catalogue.sources] == [BUNDLED]
    entry = catalogue.source(BUNDLED).entry(catalogue.source(BUNDLED).first_study(demo=False))
    assert entry.study.study_id == "gss-welfare"
    assert entry.badges == ("real", "paraphrased", "unseen")
    assert "10,535 people" in entry.label


def test_the_demo_model_opens_with_a_study_of_the_society_that_it_learned_from_but_not_with_one_it_has_seen() -> None:
    learned = Split.load(BUNDLED_STUDIES / "split.json").parts["train"]
    source = open_catalogue([], learned).source(BUNDLED)
    assert source.first_study(demo=True) == "society-207"
    assert not source.entry("society-207").seen
    assert open_catalogue([], {"society-207"}).source(BUNDLED).first_study(demo=True) == "gss-welfare"


def test_own_studies_open_first_whether_people_answered_them_or_not(tmp_path: Path) -> None:
    plain("a", "b").save(tmp_path)
    catalogue = open_catalogue([tmp_path], frozenset())
    assert [source.name for source in catalogue.sources] == [tmp_path.name, BUNDLED]
    assert catalogue.sources[0].first_study(demo=True) == "a"


def test_unseen_studies_come_first_then_the_test_part_then_real_ones(tmp_path: Path) -> None:
    studies = plain("a", "b", "c", "d", "e", "f", real=["e"])
    studies.save(tmp_path)
    split = make_split(studies, "study")
    split.save(tmp_path / "split.json")
    learned = split.parts["train"]
    entries = open_catalogue([tmp_path], learned).sources[0].entries
    assert [entry.seen for entry in entries] == sorted(entry.seen for entry in entries)
    assert {entry.study.study_id for entry in entries if entry.seen} == set(learned)
    assert entries[0].study.study_id == "e"  # real and in the test part
    assert entries[0].in_test
    assert entries[-1].badges[-1] == "seen by this model"


def test_a_study_is_seen_when_a_part_of_it_was_learned(tmp_path: Path) -> None:
    study_set({"a": [(1, 1, "A?"), (2, 1, "B?")]}).save(tmp_path)
    assert open_catalogue([tmp_path], {"a/condition:1"}).sources[0].entries[0].seen


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for parent in ("one", "two"):
        plain("a").save(tmp_path / parent / BUNDLED)
    catalogue = open_catalogue([tmp_path / "one" / BUNDLED, tmp_path / "two" / BUNDLED], frozenset())
    assert [source.name for source in catalogue.sources] == ["bundled-2", "bundled-3", BUNDLED]


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    study_set({"a": []}).save(tmp_path)
    with pytest.raises(StudyFolderError, match="no study with a question"):
        open_catalogue([tmp_path], frozenset())


@pytest.mark.parametrize(
    ("stimulus", "question"),
    [
        ("A story. Do you agree? Only return 1 or 2.", "Do you agree?"),
        ("Who? When? Please respond with a number from 1 to 7.", "When?"),
        ("A story.\n\nThe problem: Welfare\n\nOnly return 1 for 'Too little'.", "The problem: Welfare"),
        ("Rate the following statement. It is good. Answer only with 1 to 5", "It is good."),
        ("He asked 'Why?' Only return 1 or 2.", "He asked 'Why?'"),
        ("Only return 1 or 2.", "Only return 1 or 2."),
        ("x" * 200, "x" * 89 + "…"),
    ],
)
def test_a_menu_shows_what_is_asked(stimulus: str, question: str) -> None:
    assert question_of(cell(0, 1, 1, stimulus)) == question


def test_questions_about_several_items_are_told_apart_in_a_menu() -> None:
    told = "Where do you read news? In a paper\n\nOnly return an integer from 0 to 1."
    assert question_of(cell(0, 1, 1, told)) == "Where do you read news? In a paper"
    assert question_of(cell(0, 1, 1, "Why not? Think of it.\n\nOnly return 1 or 2.")) == "Why not?"


def test_conditions_with_one_label_are_told_apart_by_number() -> None:
    cells = [cell(0, 1, 1, label="gain"), cell(1, 2, 1, label="gain"), cell(2, 3, 1)]
    assert conditions(cells) == {1: "gain (1)", 2: "gain (2)", 3: "condition 3"}


def test_outcomes_are_numbered_where_there_are_several_and_open_ones_say_so() -> None:
    cells = [cell(0, 1, 1), cell(1, 1, 2, "How much?", bounded=False), cell(2, 2, 1)]
    assert outcomes(cells, 1) == {
        0: "1. Why?",
        1: "2. How much? (open-ended)",
    }
    assert outcomes(cells, 2) == {2: "Why?"}


def test_another_condition_keeps_the_outcome_where_it_has_it() -> None:
    cells = [cell(0, 1, 1), cell(1, 1, 2), cell(2, 2, 1, bounded=False), cell(3, 2, 2), cell(4, 3, 5)]
    assert same_outcome(cells, 2, 2).cell_id == 3
    assert same_outcome(cells, 2, 9).cell_id == 3  # the bounded one
    assert same_outcome(cells, 3, 1).cell_id == 4
