"""A model that came with no calibration is given one of its own runs, by every command that predicts and in Python."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from socrates_core import load_model, load_studies, simulate
from socrates_core.errors import ModelError, PredictionError
from socrates_core.report.design.command import design
from socrates_core.report.prediction.command import simulate as simulate_command
from socrates_core.report.record.command import record
from socrates_core.report.what_if.command import what_if
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.trust.calibration import load_calibration, save_calibration
from socrates_core.trust.fitting import calibrate
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.making import NO_CALIBRATION
from socrates_core.ui.app import AskedModel
from tests.ends import exit_code
from tests.trust.evidence import evaluation, provenance


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study file, and calibrations of the uniform baseline and of another model."""
    root = tmp_path_factory.mktemp("given")
    shutil.copy(BUNDLED_STUDIES / "example.yaml", root / "menu.yaml")
    uniform = provenance(model="uniform", revisions={}, template=None, precision="exact")
    save_calibration(calibrate([(evaluation(6, values=(1, 2, 3)), uniform)]), root / "uniform.json")
    shutil.copy(root / "uniform.json", root / "other.json")
    told = json.loads((root / "other.json").read_text("utf-8"))
    told["fingerprint"]["model"] = "other"
    (root / "other.json").write_text(json.dumps(told), "utf-8")
    return root


@pytest.mark.parametrize(
    ("command", "out"), [(simulate_command, "simulated"), (record, "one.zip"), (what_if, "compared"), (design, "plan")]
)
def test_every_command_that_predicts_takes_a_calibration_and_refuses_that_of_another_model(
    command: object, out: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(command)
    settings = ("--temperature", 1, "--temperature", 0.5) if command is what_if else ()
    given = (place / "menu.yaml", "--model", "uniform", "--people", 20, "--out", place / out, *settings)
    assert exit_code(monkeypatch, command, *given, "--calibration", place / "uniform.json") == 0
    assert "this model came with no calibration" not in capsys.readouterr().out
    assert exit_code(monkeypatch, command, *given, "--calibration", place / "other.json") == 2
    assert "fitted on other predictions (model 'other' there, 'uniform' here)" in capsys.readouterr().err
    assert exit_code(monkeypatch, command, *given, "--calibration", place / "absent.json") == 2


def test_the_record_holds_the_calibration_that_was_given(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = (place / "menu.yaml", "--model", "uniform", "--people", 10, "--out", place / "two.zip")
    assert exit_code(monkeypatch, record, *given, "--calibration", place / "uniform.json") == 0
    with zipfile.ZipFile(place / "two.zip") as held:
        assert held.read("calibration.json") == (place / "uniform.json").read_bytes()


def test_in_python_the_model_is_loaded_with_it(place: Path) -> None:
    studies, bare = load_studies("bundled"), load_model("uniform")
    model = load_model("uniform", calibration=place / "uniform.json")
    assert bare.description.calibration is None  # and load_model("uniform") stays as it was
    assert trust(simulate(studies, bare, "gss-welfare", people=20)).why == NO_CALIBRATION
    found = simulate(studies, model, "gss-welfare", people=20)
    assert trust(found).basis is not None  # the calibration that was consulted
    other = load_model("uniform", calibration=place / "other.json")
    assert "the calibration was fitted on model 'other'" in str(
        trust(simulate(studies, other, "gss-welfare", people=20)).why
    )
    (place / "run").mkdir()
    shutil.copy(place / "uniform.json", place / "run" / "calibration.json")
    assert load_model("uniform", calibration=place / "run").description.calibration == place / "run/calibration.json"
    with pytest.raises(ModelError, match="there is no calibration"):
        load_model("uniform", calibration=place / "absent.json")


def test_the_owner_of_a_page_gives_it_when_starting(place: Path) -> None:
    asked = AskedModel("uniform", None, None, "auto", False, place / "uniform.json")
    found = asked.load().description.calibration
    assert found is not None
    assert load_calibration(found).fingerprint.model == "uniform"
    with pytest.raises(PredictionError, match="model 'other' there"):
        AskedModel("uniform", None, None, "auto", False, place / "other.json").load()
