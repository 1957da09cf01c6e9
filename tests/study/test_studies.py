from pathlib import Path

import pytest

from socrates_core.errors import SplitError, StudyFolderError
from socrates_core.evaluation.spec import open_studies
from socrates_core.study.split import Split, make_split
from socrates_core.study.studies import Studies, load_studies
from tests.tables import plain, study_set

BREAD = Studies.of(
    study_set(
        {
            "bread": [
                (1, 1, "How much do you like bread? Only return an integer from 1 to 5."),
                (1, 2, "How often do you bake? Only return an integer from 1 to 5."),
                (2, 1, "How much do you like fresh bread? Only return an integer from 1 to 5."),
            ],
            "milk": [(1, 1, "How much do you like milk? Only return an integer from 1 to 5.")],
        }
    )
)


def test_the_bundled_studies_come_with_their_own_split() -> None:
    studies = load_studies()
    assert {name: len(ids) for name, ids in studies.split.parts.items()} == {
        "train": 183,
        "val": 20,
        "calibration": 21,
        "test": 52,
    }
    assert studies.split == load_studies(seed=7).split == open_studies("bundled")[1]
    assert studies.part("test").split is studies.split
    assert set(studies.part("calibration").studies["real"]) == {True}


def test_a_prepared_folder_keeps_its_split(tmp_path: Path) -> None:
    whole = Studies.of(plain(*"abcdefgh"), make_split(plain(*"abcdefgh"), "study", seed=7))
    whole.save(tmp_path)
    assert load_studies(tmp_path).split == whole.split == Split.load(tmp_path / "split.json")
    assert load_studies(tmp_path).part("val").study_ids == list(whole.split.parts["val"])


def test_a_prepared_folder_without_a_split_gets_none(tmp_path: Path) -> None:
    # a split made here could test what a model was trained on
    plain(*"abcd").save(tmp_path)
    with pytest.raises(SplitError, match=r"have no split into training and test; prepare them"):
        load_studies(tmp_path).part("test")


def test_a_table_of_one_study_is_all_test(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        "study_id,condition_num,participant_id,response,stimulus\n"
        "s,1,ann,3,Like it? Only return an integer from 1 to 7.\n"
    )
    assert load_studies(tmp_path / "own.csv").part("test").study_ids == ["s"]


@pytest.mark.parametrize(
    ("condition", "outcome", "cell"),
    [
        (None, 1, 0),
        (1, "How much do you like bread?", 0),
        ("condition 2", "much", 2),
        ("CONDITION  1", "bake", 1),
    ],
)
def test_a_cell_is_found_by_condition_and_outcome(condition: str | int | None, outcome: str | int, cell: int) -> None:
    assert BREAD.find("bread", condition=condition, outcome=outcome).cell_id == cell


def test_what_is_the_only_one_need_not_be_named() -> None:
    assert BREAD.select(["milk"]).find().cell_id == 3
    assert [str(one) for one in BREAD.outcomes("bread")] == [
        "1: How much do you like bread?",
        "2: How often do you bake?",
    ]


@pytest.mark.parametrize(
    ("study", "condition", "outcome", "message"),
    [
        (None, None, 1, "there are 2 studies here; name one"),
        ("butter", None, 1, "no study 'butter' here; there are bread, milk"),
        ("bread", None, None, "name the outcome of bread; there are 1: How much .*; 2: How often do you bake"),
        ("bread", None, "How", "more than one outcome of bread is called 'How'"),
        ("bread", None, "price", "no outcome of bread is called 'price'"),
        ("bread", 3, 1, "no condition of bread has the number 3; there are 1: condition 1; 2: condition 2"),
        ("bread", "condition", 1, "more than one condition of bread is called 'condition'"),
        ("bread", 2, 2, "the condition 'condition 2' of bread is not asked the outcome 2"),
    ],
)
def test_what_is_not_there_or_not_clear_is_named(
    study: str | None, condition: str | int | None, outcome: str | int | None, message: str
) -> None:
    with pytest.raises(StudyFolderError, match=message):
        BREAD.find(study, condition=condition, outcome=outcome)
