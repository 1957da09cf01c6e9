from pathlib import Path

import polars as pl
import pytest

from socrates_core.study.sources.table.map.form import read_map
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.study_set import StudySet
from tests.study.sources.table.test_tidy import table

HEADER = "study_id,condition_num,participant_id,response,stimulus,question,scale_min,scale_max"


def asked(arm: int, question: str, answers: str, ends: str = "1,2", who: str = "") -> list[str]:
    """One row for each answer, of people called after their arm, unless one name is given."""
    return [
        f"parade,{arm},{who or f'{arm}-{i}'},{answer},A parade.,{question},{ends}" for i, answer in enumerate(answers)
    ]


def load(folder: Path, *rows: str, header: str = HEADER, columns: str = "") -> StudySet:
    (folder / "map.yaml").write_text(columns or "{}", "utf-8")
    return load_table(table_at(table(folder / "mine.csv", header, *rows), read_map(folder / "map.yaml")))


def outcomes(studies: StudySet) -> list[tuple[int, int, bool]]:
    """(condition, task, whether a wording contrast) of every cell."""
    return studies.cells.select("condition_num", "task_num", "wording_contrast").rows()


def test_two_questions_that_are_all_an_arm_is_asked_are_one_outcome(tmp_path: Path) -> None:
    studies = load(tmp_path, *asked(1, "Allow it?", "112"), *asked(2, "Forbid it?", "122"))
    assert outcomes(studies) == [(1, 0, True), (2, 0, True)]
    (note,) = studies.manifest.notes
    assert note.startswith("study parade: “Allow it?” and “Forbid it?” are one outcome")
    assert "wording contrast, polarity unchecked" in note
    means = (
        studies.responses.group_by("cell_id", maintain_order=True)
        .agg(mean=pl.col("response").mean())
        .sort("cell_id")["mean"]
        .to_list()
    )
    assert means == pytest.approx([4 / 3, 5 / 3])


def test_one_question_in_both_arms_is_no_contrast(tmp_path: Path) -> None:
    assert outcomes(load(tmp_path, *asked(1, "Allow it?", "12"), *asked(2, "Allow it?", "12"))) == [
        (1, 0, False),
        (2, 0, False),
    ]


def test_vignettes_that_differ_before_one_question_are_an_experiment_and_no_wording_contrast(tmp_path: Path) -> None:
    header = "study_id,condition_num,participant_id,response,stimulus"
    end = "How do you feel? Only return an integer from 1 to 5."
    studies = load(tmp_path, f"s,1,ann,2,It rains. {end}", f"s,2,bob,3,It shines. {end}", header=header)
    assert outcomes(studies) == [(1, 0, False), (2, 0, False)]


@pytest.mark.parametrize(
    "rows",
    [
        [
            *asked(1, "Allow it?", "12"),
            *asked(1, "Like it?", "12"),
            *asked(2, "Forbid it?", "12"),
        ],  # two here, one there
        [*asked(1, "Allow it?", "12"), *asked(2, "Forbid it?", "13", "1,3")],  # other options
        [*asked(1, "Allow it?", "1", who="ann"), *asked(2, "Forbid it?", "2", who="ann")],  # one person answered both
    ],
)
def test_arms_that_cannot_be_matched_are_named_with_the_way_to_say_it(tmp_path: Path, rows: list[str]) -> None:
    studies = load(tmp_path, *rows)
    assert not studies.cells["wording_contrast"].any()
    assert len(set(studies.cells["task_num"])) == len(studies.cells)
    (note,) = studies.manifest.notes
    assert note.startswith("study parade: ")
    assert "“Forbid it?” (condition 2)" in note
    assert "column task_num, or name their outcome in a map (--map): `outcome: {NAME: [their questions]}`" in note


def test_options_that_are_called_differently_are_not_matched(tmp_path: Path) -> None:
    header = "study_id,condition_num,participant_id,response,stimulus"
    rows = [
        's,1,ann,1,"Allow? Only return 1 for Yes or 2 for No."',
        's,2,bob,1,"Allow it? Only return 1 for No or 2 for Yes."',
    ]
    assert outcomes(load(tmp_path, *rows, header=header)) == [(1, 0, False), (2, 1, False)]


def test_an_outcome_that_is_stated_is_no_unchecked_contrast(tmp_path: Path) -> None:
    rows = [*asked(1, "Allow it?", "112"), *asked(2, "Forbid it?", "122")]
    columns = "outcome: {parade: ['Allow it?', 'Forbid it?']}"
    assert outcomes(load(tmp_path, *rows, columns=columns)) == [(1, 0, False), (2, 0, False)]
    numbered = [f"{row},7" for row in rows]
    assert outcomes(load(tmp_path, *numbered, header=f"{HEADER},task_num")) == [(1, 7, False), (2, 7, False)]
    named = [f"{row},parade" for row in rows]
    studies = load(tmp_path, *named, header=f"{HEADER},item_name", columns="outcome: item_name")
    assert outcomes(studies) == [(1, 0, False), (2, 0, False)]


def test_cells_stay_in_order_and_keep_their_answers_when_tasks_move(tmp_path: Path) -> None:
    rows = [
        *asked(1, "Big?", "123", "1,3"),
        *asked(1, "Allow it?", "11"),
        *asked(2, "Forbid it?", "22"),
        *asked(2, "Large?", "333", "1,3"),
    ]
    studies = load(tmp_path, *rows)
    assert outcomes(studies) == [(1, 0, True), (1, 1, True), (2, 0, True), (2, 1, True)]
    assert studies.cells["cell_id"].to_list() == [0, 1, 2, 3]
    found = {
        studies.cell(number).stimulus.split("\n")[2]: studies.answers(number).responses.tolist() for number in range(4)
    }
    assert found == {"Big?": [1, 2, 3], "Allow it?": [1, 1], "Large?": [3, 3, 3], "Forbid it?": [2, 2]}


def test_arms_that_read_the_same_are_named(tmp_path: Path) -> None:
    studies = load(tmp_path, *asked(1, "Allow it?", "12"), *asked(2, "Allow it?", "12"))
    assert studies.manifest.notes[-1].startswith("study parade: people in its 2 conditions read the same texts")


def test_arms_by_label_are_numbered_with_the_control_first(tmp_path: Path) -> None:
    header = "study_id,condition,participant_id,response,stimulus"
    end = '"Fine? Only return an integer from 1 to 5."'
    rows = [f"s,{arm},{arm}{i},{i + 1},{end}" for arm in ("heater on", "Control room", "fan on") for i in range(3)]
    studies = load(tmp_path, *rows, header=header)
    assert studies.cells.select("condition_num", "condition").rows() == [
        (1, "Control room"),
        (2, "heater on"),
        (3, "fan on"),
    ]
    assert studies.manifest.notes[0] == (
        "study s: its conditions are 1 = Control room, 2 = heater on, 3 = fan on; the others are compared with the "
        "first, a control by its name"
    )


def test_labels_that_are_numbers_are_the_numbers(tmp_path: Path) -> None:
    header = "study_id,condition,participant_id,response,stimulus"
    rows = [f's,{arm},p{arm},3,"Fine? Only return an integer from 1 to 5."' for arm in (2, 10)]
    studies = load(tmp_path, *rows, header=header)
    assert studies.cells.select("condition_num", "condition").rows() == [(2, None), (10, None)]
