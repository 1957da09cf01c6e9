"""A prediction that is recorded before people answer, and scored afterwards."""

import json
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from socrates_core.errors import SocratesError, SourceError
from socrates_core.model.loading import load_model
from socrates_core.report.record.command import record as record_command
from socrates_core.report.record.making import digests, make_record, packed
from socrates_core.report.record.opening import LARGEST, open_record
from socrates_core.report.record.report import scored_files
from socrates_core.report.record.scoring import score_record
from socrates_core.report.record.words import OPEN, population_words
from socrates_core.simulation.whole_study import Sampling, simulate_study
from socrates_core.study.sources.file.frames import column_names
from socrates_core.study.study_file.reading import read_form, study_of
from tests.ends import exit_code

STUDY = """socrates_study: 1
title: Menu <b>labels</b>
conditions:
  - {label: plain, text: You read a menu., control: true}
  - {label: climate, text: You read a menu with labels.}
outcomes:
  - name: intention
    question: "How likely?"
    scale: {from: 1, to: 3, labels: {1: Not, 3: Very}, off_axis: {8: Do not know}}
population: gss-answers
"""
MAP = "participant: id\ncondition: {column: arm}\noutcomes: {intention: {}}\n"
WHEN = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.yaml").write_text(STUDY)
    form = read_form(folder / "study.yaml")
    found = simulate_study(study_of(form, folder, "s"), load_model("uniform"), Sampling(20))
    return make_record(form, found, population_words(form.population), WHEN)


@pytest.fixture
def path(record: bytes, tmp_path: Path) -> Path:
    (tmp_path / "record.zip").write_bytes(record)
    return tmp_path / "record.zip"


def files_of(record: bytes) -> dict[str, str]:
    with zipfile.ZipFile(BytesIO(record)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_everything_and_says_what_it_is(path: Path, record: bytes) -> None:
    files = files_of(record)
    assert json.loads(files["manifest.json"]) == digests({k: v for k, v in files.items() if k != "manifest.json"})
    about = json.loads(files["record.json"])
    assert about["made"] == "2026-11-28T12:00:00Z"
    assert about["simulated"] is True
    assert "synthetic data" in about["disclosure"]
    assert len(about["to_report"]) == 14
    assert any(one["answer"] == OPEN for one in about["to_report"])
    assert "Menu &lt;b&gt;labels&lt;/b&gt;" in files["index.html"]
    assert open_record(path).study.startswith("socrates_study: 1")
    assert packed(files) == record  # equal contents are equal bytes


def test_the_frozen_prediction_is_scored_against_people(path: Path, tmp_path: Path) -> None:
    rows = ["id,arm,intention", *(f"{i},{('plain', 'climate')[i % 2]},{(1, 3)[i % 2]}" for i in range(40))]
    (tmp_path / "answers.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "map.yaml").write_text(MAP)
    opened = open_record(path)
    scored = score_record(opened, tmp_path / "answers.csv", tmp_path / "map.yaml")
    simulation = scored.found[0].simulation
    assert simulation is not None
    # uniform over 1, 2, 3 against everybody at one end: (1 + 2) / 3 steps of 2
    assert [arm.w for arm in simulation.arms] == [pytest.approx(0.5), pytest.approx(0.5)]
    assert simulation.arms[0].predicted_off_axis == pytest.approx(0.25)
    assert simulation.effects[0].actual == pytest.approx(100)
    files = scored_files(opened, scored)
    assert opened.digest in files["report.md"]
    assert "W = 0.500" in files["report.md"]


def changed(record: bytes, **files: str | None) -> bytes:
    found: dict[str, str | None] = {**files_of(record), **{k.replace("_", ".", 1): v for k, v in files.items()}}
    return packed({name: text for name, text in found.items() if text is not None})


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"study_yaml": "socrates_study: 1"}, "study.yaml was changed after the record was made"),
        ({"prediction_json": None}, "prediction.json is missing"),
        ({"manifest_json": None}, "manifest.json is missing"),
        ({"manifest_json": "{}"}, "SHA-256 does not fit"),
        ({"evil_sh": "rm"}, "it holds evil.sh"),
    ],
)
def test_one_that_was_changed_is_refused_and_names_the_file(
    files: dict[str, str | None], said: str, record: bytes, tmp_path: Path
) -> None:
    (tmp_path / "r.zip").write_bytes(changed(record, **files))
    with pytest.raises(SocratesError, match=said) as refused:
        open_record(tmp_path / "r.zip")
    assert "\n" not in str(refused.value)


def test_paths_bombs_and_other_files_are_refused(record: bytes, tmp_path: Path) -> None:
    for name, content, said in (
        ("climbs.zip", packed({"../study.yaml": ""}), "no record of this software"),
        ("bomb.zip", changed(record, report_html="0" * (LARGEST + 1)), "unpacks to more than"),
        ("text.zip", b"no zip", "not a zip"),
        ("cut.zip", record[:-40], "not a zip"),
        ("flipped.zip", record[:5000] + bytes([record[5000] ^ 255]) + record[5001:], "is not a zip|was changed"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SocratesError, match=said):
            open_record(tmp_path / name)
    with pytest.raises(SocratesError, match="cannot be read"):
        open_record(tmp_path / "none.zip")


def test_answers_of_people_are_refused_before_any_model_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    responses = "responses: {file: answers.csv, map: map.yaml}\n"
    (tmp_path / "study.yaml").write_text(STUDY.replace("population: gss-answers\n", responses))
    asked = ("--model", "endpoint:m@http://127.0.0.1:9/v1", "--out", tmp_path / "r.zip")
    assert exit_code(monkeypatch, record_command, tmp_path / "study.yaml", *asked) == 2
    assert "a record is made before they are known" in capsys.readouterr().err


@pytest.mark.parametrize(
    "forged",
    [{"people": "abc"}, {"people": -3}, {"title": None}, {"made": 5}],
    ids=["text", "negative", "none", "number"],
)
def test_one_with_forged_fields_is_refused_though_its_digests_fit(
    forged: dict[str, object], record: bytes, tmp_path: Path
) -> None:
    files = {name: text for name, text in files_of(record).items() if name != "manifest.json"}
    files["record.json"] = json.dumps({**json.loads(files["record.json"]), **forged})
    (tmp_path / "r.zip").write_bytes(packed({**files, "manifest.json": json.dumps(digests(files))}))
    with pytest.raises(SocratesError, match="lacks what every record has"):
        open_record(tmp_path / "r.zip")


def test_a_study_that_people_have_answered_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY.replace("population: gss-answers\n", ""))
    form = read_form(tmp_path / "study.yaml")
    found = simulate_study(study_of(form, tmp_path, "s"), load_model("uniform"), Sampling(5))
    answered = form.model_copy(update={"responses": "answers.csv"})
    with pytest.raises(SocratesError, match="before they are known"):
        make_record(answered, found, "")


def test_a_table_of_predictions_is_not_taken_for_peoples_answers(record: bytes, tmp_path: Path) -> None:
    (tmp_path / "prediction.csv").write_text(files_of(record)["prediction.csv"])
    with pytest.raises(SourceError, match="holds simulated answers, which are no people's"):
        column_names(tmp_path / "prediction.csv")
    (tmp_path / "renamed.csv").write_text("id, Simulated \n1,true\n")
    with pytest.raises(SourceError, match="holds simulated answers"):
        column_names(tmp_path / "renamed.csv")
