"""A study that nobody has answered: what its files and tables say, worked out by hand."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.model.baselines import UniformModel
from socrates_core.report.prediction import command as prediction_command
from socrates_core.report.prediction.command import simulate
from socrates_core.report.prediction.files import prediction_csv, prediction_files
from socrates_core.report.prediction.picture import conditions_figure
from socrates_core.report.prediction.tables import (
    arms_table,
    share_effects_table,
    shares_table,
    subgroups_table,
    summary,
    warnings,
)
from socrates_core.simulation.whole_study import OutcomeResult, Sampling, simulate_study
from socrates_core.study.prepare import prepare
from socrates_core.study.sources.bundled import load_real
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_file.writing import write_study
from socrates_core.study.study_set import Cell, Persona, StudySet

DISHES = {1: "Pasta", 2: "Steak", 7: "Soup"}


class ByText:
    """Puts all probability on one option: the last where the text says "green", else the first; men answer option 1
    more in `tilt`.
    """

    description = ModelDescription(name="by text")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        options = len(cell.scale.options or ())
        probs = np.zeros((len(personas), options))
        for row, persona in enumerate(personas):
            tilt = 0.2 if persona.get("gender") == "Male" else 0.0
            top = len(cell.scale.values or ()) - 1 if "green" in cell.stimulus else 0
            probs[row, top] = 0.8 - tilt
            probs[row, 1] += 0.2 + tilt
        return AnswerDistributions(probs, np.full(len(personas), 0.9))


def study(**changes: Any) -> StudyForm:
    raw = {
        "socrates_study": 1,
        "title": "A menu",
        "conditions": [
            {"label": "Plain", "text": "A menu.", "control": True},
            {"label": "Green", "text": "A green menu."},
        ],
        "outcomes": [
            {"name": "like", "question": "Like it?", "scale": {"from": 1, "to": 5, "labels": {1: "No", 5: "Yes"}}},
            {"name": "dish", "question": "Which?", "scale": {"nominal": True, "labels": DISHES}},
            {"name": "spend", "question": "How many dollars?", "scale": "open"},
        ],
        "population": [{"gender": "Female", "age": 20 + place} for place in range(40)]
        + [{"gender": "Male", "age": 60} for _ in range(20)],
        **changes,
    }  # fmt: skip
    return form_of(raw, "menu.yaml")


def predicted(form: StudyForm, people: int = 60) -> tuple[OutcomeResult, ...]:
    return simulate_study(study_of(form, None, "menu.yaml"), ByText(), Sampling(people))


def test_the_conditions_are_ranked_by_mean_each_with_its_effect_against_the_control() -> None:
    found = predicted(study())[0].simulation
    assert found is not None
    # women: 0.8 · 1 + 0.2 · 2 = 1.2 and 0.8 · 5 + 0.2 · 2 = 4.4; men: 1.4 and 3.8; of 60 people 40 are women
    assert [arm.predicted_mean for arm in found.arms] == pytest.approx([1.2667, 4.2], abs=1e-4)
    table = arms_table(found)
    assert table.header == ("Rank", "Condition", "Mean (95 % interval)", "Effect, % of the scale (95 % interval)")
    assert [(row[0], row[1], row[2][:4], row[3][:5]) for row in table.rows] == [
        ("1", "Green", "4.20", "+73.3"),  # (4.2 − 1.2667) / 4
        ("2", "Plain (control)", "1.27", "–"),
    ]
    assert summary(found).startswith(
        "Green has the highest predicted mean, 4.20 on the scale from 1 to 5; in the control"
    )


def test_shares_stand_with_intervals_over_who_is_simulated() -> None:
    found = predicted(study())[0].simulation
    assert found is not None
    first = shares_table(found).rows[0]
    assert first[0] == "1 = No"
    assert first[1].startswith("73.3 % (")  # 0.8 − 0.2 / 3
    at = found.arms[0].share_intervals[0]
    # sd 0.2 · √(1/3 · 2/3) · √(60/59), over √60, times Student's 2.001
    assert at.high - 0.7333 == pytest.approx(2.001 * 0.2 * (2 / 9) ** 0.5 / 59**0.5, abs=1e-4)
    assert first[2] == "0.0 % (0.0 to 0.0)"


def test_subgroups_that_are_small_are_named_and_not_shown() -> None:
    found = predicted(study())[0].simulation
    assert found is not None
    table, told = subgroups_table(found)
    assert table is not None
    assert [row[:3] for row in table.rows] == [
        ("gender: Female", "40", "1.20 (1.20 to 1.20)"),
        ("age: 50 to 60", "30", "1.33 (1.30 to 1.37)"),  # ten women and twenty men
    ]
    # quarters of 60 people end at 34, 49 and 60
    assert told == (
        "Fewer than 30 simulated people, so not shown: gender: Male (20), age: 20 to 34 (15), age: 35 to 49 (15)."
    )


def test_options_without_an_order_have_differences_of_shares_and_no_ranking() -> None:
    found = predicted(study())[1].simulation
    assert found is not None
    assert found.effects == ()
    table = share_effects_table(found)
    assert table is not None
    assert [(row[0], row[1][:5]) for row in table.rows] == [
        ("1 = Pasta", "−73.3"), ("2 = Steak", "0.0 ("), ("7 = Soup", "+73.3"),
    ]  # fmt: skip
    assert "changes the share of 'Pasta' by −73.3 points" in summary(found)
    assert "mean" not in str(found.arms[0])


def test_an_outcome_that_the_model_cannot_predict_is_said_and_the_others_stand() -> None:
    found = predicted(study())
    assert [one.simulation is None for one in found] == [False, False, True]
    text = prediction_files(study(), found)["report.md"]
    assert "Not predicted. It is open-ended, and by text can only choose among options." in text
    with pytest.raises(SocratesError, match="all outcomes are open-ended"):
        predicted(study(outcomes=[{"name": "x", "question": "How many?", "scale": "open"}]))


def test_mass_off_the_scale_is_warned_about_in_every_condition() -> None:
    found = predicted(study())[0].simulation
    assert found is not None
    assert [text.partition("%")[0] for text in warnings(found)] == ["Plain: only 90.0", "Green: only 90.0"]


def test_many_conditions_that_cannot_be_relied_on_are_one_warning() -> None:
    listed = [{"label": f"Arm {n}", "text": f"Text {n}.", "control": n == 0} for n in range(5)]
    found = predicted(study(conditions=listed), people=5)[0].simulation
    assert found is not None
    assert warnings(found) == [
        "In 5 of 5 conditions, too little of the model's probability is on options of the scale: least in Arm 0, "
        "90.0%. It may not have understood the question, so this prediction is unreliable."
    ]


def test_the_files_hold_every_option_and_the_study_itself() -> None:
    form = study(
        outcomes=[{"name": "=like", "question": "Like?", "scale": {"from": 1, "to": 2, "off_axis": {9: "DK"}}}]
    )
    files = prediction_files(form, predicted(form))
    rows = list(csv.DictReader(io.StringIO(files["prediction.csv"])))
    assert [(row["outcome"], row["condition"], row["option"], row["off_axis"]) for row in rows] == [
        ("'=like", label, option, off)
        for label in ("Plain", "Green")
        for option, off in (("1", "0"), ("2", "0"), ("9", "1"))
    ]
    raw = json.loads(files["prediction.json"])
    assert raw["study_file"] == files["study.yaml"]
    assert raw["outcomes"][0]["arms"][0]["actual"] is None
    assert "nan" not in files["report.md"].lower()
    assert "None" not in files["report.md"]


@pytest.mark.parametrize("arms", [1, 2, 5, 32])
def test_all_conditions_stand_in_one_picture_on_one_axis(arms: int) -> None:
    listed = [{"label": f"Arm {n}", "text": f"Text {n}.", "control": n == 0} for n in range(arms)]
    found = predicted(study(conditions=listed), people=5)[0].simulation
    assert found is not None
    data = conditions_figure(found).data
    rows = [list(bars.y) for bars in data] if arms <= 4 else [list(row) for row in data[0].z]
    assert len(rows) == arms
    assert all(sum(row) == pytest.approx(100, abs=0.01) for row in rows)


def test_nobody_known_leaves_no_empty_place() -> None:
    found = predicted(study(population=None), people=10)
    assert prediction_csv(found).count("\n") == 1 + 2 * (5 + 3)
    assert found[0].simulation is not None
    assert subgroups_table(found[0].simulation) == (
        None, "Nothing is known about the people, so there are no subgroups.",
    )  # fmt: skip


def test_the_command_writes_the_prediction_and_says_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = study(outcomes=[{"name": "like", "question": "Do you like it?", "scale": "agreement-7"}])
    write_study(form, tmp_path / "menu.yaml")
    simulate(tmp_path / "menu.yaml", tmp_path / "out", model="uniform", people=20)
    said = capsys.readouterr().out
    assert "Nobody has answered this study." in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "prediction.csv", "prediction.json", "prediction_claims.csv", "report.html", "report.md", "study.yaml",
    ]  # fmt: skip
    assert "menu.yaml" not in (tmp_path / "out" / "report.html").read_text("utf-8")


OPEN_ENDED = {"name": "spend", "question": "How many dollars?", "scale": "open"}


def test_other_ways_are_refused_before_predicting_where_there_are_no_options(tmp_path: Path) -> None:
    write_study(study(outcomes=[OPEN_ENDED]), tmp_path / "menu.yaml")
    # no such model: it would be refused too if it were looked for first
    for chosen, said in ({"robustness": True}, "--robustness: all outcomes"), ({"both_orders": True}, "all outcomes"):
        with pytest.raises(SocratesError, match=f"{said} are open-ended"):
            simulate(tmp_path / "menu.yaml", tmp_path / "out", model=str(tmp_path / "none"), **chosen)  # type: ignore[arg-type]
    assert not list((tmp_path / "out").glob("*"))


def test_a_prediction_is_kept_when_asking_in_other_ways_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(study(outcomes=[{"name": "like", "question": "Like?", "scale": "agreement-7"}]), tmp_path / "menu.yaml")

    def fail(*_: object, **__: object) -> None:
        raise SocratesError("the server is gone")

    monkeypatch.setattr(prediction_command, "asked_again", fail)
    with pytest.raises(SocratesError, match=r"like was not asked in other ways \(the server is gone\); .* kept in"):
        simulate(tmp_path / "menu.yaml", tmp_path / "out", model="uniform", people=5, robustness=True)
    assert (tmp_path / "out" / "prediction.json").is_file()
    capsys.readouterr()


def test_other_ways_are_asked_of_the_outcomes_that_have_options_with_progress(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [OPEN_ENDED, {"name": "like", "question": "Do you like it?", "scale": "agreement-7"}]
    write_study(study(outcomes=asked), tmp_path / "menu.yaml")
    simulate(tmp_path / "menu.yaml", tmp_path / "out", model="uniform", people=5, robustness=True)
    said = capsys.readouterr()
    assert "other ways   like: The same people were asked in 5 ways" in said.out
    assert "asking again 40 of 40" in said.err
    assert [path.name for path in (tmp_path / "out").glob("robustness-*")] == ["robustness-1.csv"]


def test_a_study_file_is_prepared_like_any_other_source(tmp_path: Path) -> None:
    write_study(study(), tmp_path / "menu.yaml")
    prepare(str(tmp_path / "menu.yaml"), tmp_path / "folder")
    again = StudySet.load(tmp_path / "folder", verify=True)
    assert [cell.scale.measurement for cell in again.cells_of("own-a-menu")] == ["ordinal", "nominal", "open"] * 2
    assert len(again.participants) == 60


def test_the_uniform_model_is_the_same_in_every_condition() -> None:
    found = simulate_study(study_of(study(), None, "x"), UniformModel(), Sampling(10))[0].simulation
    assert found is not None
    assert summary(found) == "All 2 conditions have the same predicted mean, 3.00 on the scale from 1 to 5."


def test_the_command_takes_the_people_of_a_folder_of_studies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_real().select(["gss-welfare"]).save(tmp_path / "welfare")
    write_study(study(population="observed:gss-welfare@welfare"), tmp_path / "files" / "menu.yaml")
    simulate(tmp_path / "files" / "menu.yaml", tmp_path / "out", "uniform", people=20, studies=[tmp_path / "welfare"])
    assert "10,535 people to draw from; 20 simulated" in capsys.readouterr().out
    with pytest.raises(SocratesError, match=r"there is no .*welfare; write the path of the studies"):
        simulate(tmp_path / "files" / "menu.yaml", tmp_path / "out", "uniform", people=20)
    with pytest.raises(SocratesError, match="two folders are called welfare"):
        simulate(tmp_path / "files" / "menu.yaml", tmp_path / "out", studies=[tmp_path / "welfare"] * 2)
