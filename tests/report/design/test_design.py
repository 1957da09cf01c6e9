"""Advice and pilots as files, from a saved prediction and from a study file."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from socrates_core.report.design.command import design
from socrates_core.report.design.files import design_files, pilot_csv
from socrates_core.report.design.picture import pilot_figure, power_figure
from socrates_core.report.design.tables import notes, pilot_sentences, sentences
from socrates_core.report.prediction.command import simulate
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.trust.calibration import Calibration, save_calibration
from socrates_core.trust.design.advice import Plan, advise, sharpened_words
from socrates_core.trust.design.answers import answers_of_text
from socrates_core.trust.design.learnt import learn
from socrates_core.trust.design.study import read_prediction
from tests.ends import exit_code
from tests.trust.design.arms import half_right, predicted_study, pushed
from tests.trust.design.test_learnt import CELLS, FIVE, MANY
from tests.trust.evidence import untested


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return half_right()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study file and its saved prediction, by the demo model."""
    root = tmp_path_factory.mktemp("design")
    shutil.copy(BUNDLED_STUDIES / "example.yaml", root / "menu.yaml")
    simulate(root / "menu.yaml", root / "prediction", people=50)
    return root


def test_a_study_file_and_its_saved_prediction_give_the_same_advice(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offering = ("--calibration", untested(place))
    assert exit_code(monkeypatch, design, place / "menu.yaml", "--people", 50, *offering, "--out", place / "one") == 0
    said = capsys.readouterr().out
    assert "intention: Climate label against Plain menu" in said
    assert "It is one of 4 effects: under Holm's procedure" in said
    assert "The error model's 80 % interval of the true effect is" in said
    assert "these figures are not science" in said
    assert exit_code(monkeypatch, design, place / "prediction", "--out", place / "two") == 0
    one, two = (json.loads((place / name / "design.json").read_text("utf-8")) for name in ("one", "two"))
    for key in ("people", "people_under_holm", "power", "predicted_effect"):
        assert [of[key] for of in one["effects"]] == pytest.approx([of[key] for of in two["effects"]])
    assert one["effects"][0]["error_model"]["assurance"] < one["effects"][0]["error_model"]["limit"]
    assert "name the study file" in two["effects"][0]["why_no_assurance"]  # a file holds no error model
    assert one["simulated"] is True
    assert {path.name for path in (place / "one").iterdir()} == {
        "report.html", "report.md", "design.csv", "curves.csv", "design.json",
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((place / "one" / "design.csv").read_text("utf-8"))))
    assert [row["people"] for row in rows] == [str(of["people"] or "") for of in one["effects"]]
    assert {row["simulated"] for row in rows} == {"true"}


def test_advice_on_a_saved_prediction_names_the_outcomes_whose_answers_are_sharpened(place: Path) -> None:
    told = json.loads((place / "prediction" / "prediction.json").read_text("utf-8"))
    first, other = told["outcomes"]
    rows = [{"condition": a["cell"]["condition_num"], "calibrated": a["predicted"]["shares"]} for a in first["arms"]]
    first["trust"] = {"applied": True, "basis": {"sharpened": True}, "arms": rows}
    other["trust"] = {"applied": False, "why": "its question is outside what was tested"}
    (place / "sharpened.json").write_text(json.dumps(told), "utf-8")
    study = read_prediction(place / "sharpened.json")
    assert study.sharpened == (first["name"],)
    assert f"Predicted answers of {first['name']} are the sharpened ones" in sharpened_words(study)
    assert other["name"] not in sharpened_words(study)


def test_a_pilot_is_read_beside_a_saved_prediction_and_with_a_map(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ["Plain menu", "Climate label", "Popular dish"]
    rows = [f"{labels[i % 3]},{1 + i % 7},{1 + i % 5}" for i in range(30)]
    (place / "pilot.csv").write_text("\n".join(["condition,intention,price", *rows]) + "\n")
    assert (
        exit_code(monkeypatch, design, place / "prediction", "--pilot", place / "pilot.csv", "--out", place / "three")
        == 0
    )
    assert "What 30 people already say" in capsys.readouterr().out
    plain = json.loads((place / "three" / "design.json").read_text("utf-8"))["pilot"]["quantities"]
    coded = [row.replace(label, f"arm{n}") for row in rows for n, label in enumerate(labels) if label in row]
    (place / "coded.csv").write_text("\n".join(["who,q1,q2", *coded]) + "\n")
    (place / "map.yaml").write_text(
        "condition: {column: who, labels: {arm0: Plain menu, arm1: Climate label, arm2: Popular dish}}\n"
        "outcomes: {q1: {name: intention}, q2: {name: price}}\n"
    )
    arguments = ("--pilot", place / "coded.csv", "--map", place / "map.yaml", "--out", place / "four")
    assert exit_code(monkeypatch, design, place / "prediction", *arguments) == 0
    assert json.loads((place / "four" / "design.json").read_text("utf-8"))["pilot"]["quantities"] == plain


def test_answers_that_a_study_file_names_are_its_pilot(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (place / "menu.yaml").read_text("utf-8").replace("population: gss-answers\n", "")
    (place / "answered.yaml").write_text(f"{text}responses: {{file: own.csv, map: own-map.yaml}}\n")
    rows = [f"{'ab'[i % 2]},{1 + i % 7},{1 + i % 5}" for i in range(20)]
    (place / "own.csv").write_text("\n".join(["arm,intention,price", *rows]) + "\n")
    (place / "own-map.yaml").write_text(
        "condition: {column: arm, labels: {a: Plain menu, b: Climate label}}\noutcomes: {intention: {}, price: {}}\n"
    )
    assert exit_code(monkeypatch, design, place / "answered.yaml", "--model", "uniform", "--people", 20) == 0
    said = capsys.readouterr().out
    assert "What 20 people already say" in said
    assert exit_code(monkeypatch, design, place / "answered.yaml", "--model", "endpoint:m@http://127.0.0.1:9/v1") == 2
    assert "Add --confirm-people if they may be sent" in capsys.readouterr().err
    assert "intention: Popular dish against Plain menu: nobody answered one of its arms." in said
    assert "predicted to answer exactly alike" in said  # the uniform baseline predicts no effect


def test_a_calibration_of_another_model_is_refused_and_a_saved_prediction_has_none(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_calibration(half_right(), place / "other.json")
    given = ("--calibration", place / "other.json")
    assert exit_code(monkeypatch, design, place / "menu.yaml", "--people", 20, *given) == 2
    assert "fitted on other predictions (model 'm' there, 'demo' here" in capsys.readouterr().err
    assert exit_code(monkeypatch, design, place / "prediction", *given) == 2
    assert "name the study file, not a saved one" in capsys.readouterr().err
    assert exit_code(monkeypatch, design, place / "prediction", "--map", place / "map.yaml") == 2
    assert exit_code(monkeypatch, design, place / "prediction", "--alpha", "1.5") == 2
    assert "alpha: expected 0 to below 1" in capsys.readouterr().err


def test_what_is_said_of_an_effect_answers_how_many_people_first(calibration: Calibration) -> None:
    study = predicted_study(("trust", "plain", FIVE), ("trust", "label", pushed(FIVE, 0.3)), calibration=calibration)
    advice = advise(study, Plan(people=100))
    of = advice.effects[0]
    said = sentences(of, advice)
    assert (
        said[0] == f"{of.people:,} people in each arm find the predicted effect, +11.3 % of the scale, with 80 % power."
    )
    assert of.hope is not None
    assert "With ever more people it rises to" in said[2]
    assert "the probability that the effect has the predicted direction" in said[2]
    assert any("tilted" in note for note in notes(advice))
    none = advise(study, Plan(alpha=0))
    assert "It cannot be detected: with an alpha of 0 no test finds anything" in sentences(none.effects[0], none)[0]
    alone = advise(study, Plan(people=1))
    assert sentences(alone.effects[0], alone)[1] == (
        "With 1 person in each arm there is no test: nobody could tell how answers vary."
    )


def test_pictures_and_files_of_a_pilot_show_before_after_and_the_people_alone(calibration: Calibration) -> None:
    study = predicted_study(*CELLS, calibration=calibration)
    advice, learnt = advise(study, Plan()), learn(study, answers_of_text(MANY, study, "p"))
    names = {trace.name for trace in pilot_figure(learnt.quantities[:2]).data if trace.name}
    assert names == {"Before", "After", "These people alone"}
    assert [trace.name for trace in power_figure(advice.effects[0], advice.plan).data] == [
        "Power, if the effect is as predicted", "Assurance, over what it may be",
    ]  # fmt: skip
    assert "80 % interval" in pilot_sentences(learnt)[0]
    rows = list(csv.DictReader(io.StringIO(pilot_csv(learnt))))
    assert len(rows) == 6
    assert all(float(row["after_low_80"]) <= float(row["after_high_80"]) for row in rows)
    files = design_files(advice, learnt)
    assert set(files) == {"report.html", "report.md", "design.csv", "curves.csv", "design.json", "pilot.csv"}
    assert "about 7 % more people (2 to 17 %)" in files["report.md"]


def test_names_that_are_formulas_or_markup_stay_texts() -> None:
    study = predicted_study(("=1+1", "<b>plain</b>", FIVE), ("=1+1", "@label", pushed(FIVE, 0.3)))
    files = design_files(advise(study, Plan()))
    row = next(csv.DictReader(io.StringIO(files["design.csv"])))
    assert (row["outcome"], row["arm"]) == ("'=1+1", "'@label")
    assert "<b>plain" not in files["report.html"]


def test_a_prediction_of_several_formats_is_read(place: Path) -> None:
    study = read_prediction(place / "prediction")
    assert (study.title, study.model, study.demo) == ("Labels on a menu", "demo with adapter demo", True)
    assert [cell.control for cell in study.cells] == [True, False, False] * 2
    raw = json.loads((place / "prediction" / "prediction.json").read_text("utf-8"))["outcomes"][0]
    (place / "page.json").write_text(json.dumps(raw))
    assert len(read_prediction(place / "page.json").contrasts) == 2
