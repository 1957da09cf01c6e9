from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import LossError, SocratesError, SourceError
from socrates_core.report.prediction.command import simulate
from socrates_core.study.study_file.reading import read_form, read_study
from socrates_core.study.study_file.writing import write_study

MENU = """
socrates_study: 1
title: Labels on a menu
conditions:
  - {label: Climate label, text: A menu has a green label.}
  - {label: Plain menu, text: A menu., control: true}
outcomes:
  - name: intention
    question: How likely are you to order it?
    scale: {from: 1, to: 7, labels: {1: Very unlikely, 7: Very likely}, off_axis: {8: Don't know}}
  - {name: dish, question: "Which dish?", scale: {nominal: true, labels: {1: Pasta, 2: Steak}}}
  - {name: spend, question: "How many dollars?", scale: open}
responses: {file: answers.csv, map: map.yaml}
"""
ANSWERS = """id,arm,q1,q2,q3,age,weight
a,p,1,Pasta,12,30,1.5
b,g,7,Steak,20,41,0.5
c,p,8,Pasta,,52,1
d,g,6,,15,63,1
e,p,99,Steak,9,18,1
"""
MAP = """
participant: id
condition: {column: arm, labels: {p: Plain menu, g: climate label}}
attributes: [age]
outcomes:
  q1: {name: intention, missing: [99]}
  q2: {name: Dish}
  q3: {name: spend}
"""


def written(tmp_path: Path, menu: str = MENU, answers: str = ANSWERS, columns: str = MAP) -> Path:
    for name, text in (("menu.yaml", menu), ("answers.csv", answers), ("map.yaml", columns)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / "menu.yaml"


def test_the_control_is_the_study_files_whatever_comes_first_in_the_table(tmp_path: Path) -> None:
    lines = ANSWERS.splitlines()
    study = read_study(written(tmp_path, answers="\n".join([lines[0], lines[2], *lines[1:2], *lines[3:]])))
    assert study.cells.filter(pl.col("condition_num") == 1)["condition"].unique().to_list() == ["Plain menu"]
    assert not [note for note in study.manifest.notes if "compared with" in note]  # the table's order says nothing


def test_answers_stand_in_the_cells_of_the_study_file(tmp_path: Path) -> None:
    study = read_study(written(tmp_path))
    labelled = study.cells.select("cell_id", "condition", "task_num")
    rows = study.responses.join(labelled, on="cell_id").join(study.participants, on="participant_id")
    found = {
        (who, task): (condition, value)
        for who, task, condition, value in rows.select("participant", "task_num", "condition", "response").iter_rows()
    }
    plain, green = "Plain menu", "Climate label"
    assert found == {
        ("a", 1): (plain, 1), ("b", 1): (green, 7), ("c", 1): (plain, 8), ("d", 1): (green, 6),
        ("a", 2): (plain, 1), ("b", 2): (green, 2), ("c", 2): (plain, 1), ("e", 2): (plain, 2),
        ("a", 3): (plain, 12), ("b", 3): (green, 20), ("d", 3): (green, 15), ("e", 3): (plain, 9),
    }  # fmt: skip
    assert study.conditions() == {1: plain, 2: green}
    assert study.find(outcome="intention").stimulus.startswith("A menu.\n\nHow likely")
    people = dict(study.participants.select("participant", pl.struct("age", "weight")).iter_rows())
    assert people["b"] == {"age": 41, "weight": 0.5}
    assert study.studies["real"].all()
    assert study.manifest.counts["responses"] == 12
    assert not any("read the same texts" in note for note in study.manifest.notes)


def test_the_command_reports_predicted_against_actual(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulate(written(tmp_path), tmp_path / "out", model="uniform", people=50)
    said = capsys.readouterr().out
    assert "compared     Climate label: W = " in said
    assert "against 2 answers" in said
    assert "Nobody has answered" not in said
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"compared-1-intention.html", "compared-1-intention.csv", "compared-2-dish.json"} <= names
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "People have answered this study" in report
    assert "obody has answered" not in report


def test_the_command_counts_answers_that_are_no_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    undeclared = MAP.replace(", missing: [99]", "")
    answers = f"{ANSWERS}f,p,2,Pasta,9,18,1\n"
    simulate(written(tmp_path, answers=answers, columns=undeclared), tmp_path / "out", model="uniform", people=50)
    # of a, c, e and f in the plain menu, two answer, one is off the axis, and 99 is no option
    said = capsys.readouterr().out
    assert "against 2 answers; 1 more are off the scale and left out; noise floor" in said


def test_people_go_to_an_endpoint_only_on_request(tmp_path: Path) -> None:
    with pytest.raises(SocratesError, match=r"this would send to m@http://127\.0\.0\.1:9/v1: age of up to 5 people"):
        simulate(written(tmp_path), tmp_path / "out", model="endpoint:m@http://127.0.0.1:9/v1")


def test_a_study_file_with_answers_is_written_as_it_was_read(tmp_path: Path) -> None:
    form = read_form(written(tmp_path))
    write_study(form, tmp_path / "again.yaml")
    assert read_form(tmp_path / "again.yaml") == form


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name: intention", "name: intentoin", "the study has no outcome 'intentoin' .did you mean intention"),
        ("g: climate label", "g: Red label", "people answered in the condition 'Red label', and the study has"),
        ("labels: {p: Plain menu, g: climate label}", "labels: {}", "people answered in the condition 'p'"),
        ("missing: [99]", "missing: [99], scale: {from: 1, to: 5}", "has another one .1 to 7.; leave it out"),
        (
            "missing: [99]",
            "missing: [99], scale: {from: 1, to: 7, labels: {1: Very likely}}",
            "1 is 'Very likely', and in the study file 7 is",
        ),
        ("missing: [99]", "missing: [99], scale: {round: nearest}", "has another one"),
        ("q1: {name: intention, missing: [99]}", "q9: {name: intention}", "no column 'q9'"),
        (MAP[MAP.index("outcomes") :], "columns: {response: q1}", "expected `outcomes`, one column each"),
    ],
)
def test_a_map_that_contradicts_the_study_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in MAP
    with pytest.raises(SourceError, match=problem):
        read_study(written(tmp_path, columns=MAP.replace(old, new)))


def test_answers_that_cannot_be_read_stop_the_reading(tmp_path: Path) -> None:
    with pytest.raises((LossError, SourceError), match="neither a number nor the text of an option"):
        read_study(written(tmp_path, answers=ANSWERS.replace("Pasta", "Soup")))
