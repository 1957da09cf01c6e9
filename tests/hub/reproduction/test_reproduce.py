"""The whole command on invented rows in the form of SocSci210, which a Hub of this machine serves."""

import io
import json
import re
import shlex
import shutil
import signal
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from socrates_core.errors import RunError, TrainingError
from socrates_core.hub.reproduction.command import reproduce
from socrates_core.hub.reproduction.estimate import of_evaluation
from socrates_core.hub.reproduction.evaluations import Evaluating, calibration_stage, new_to_the_model
from socrates_core.hub.reproduction.marker import complete, read_marker
from socrates_core.hub.reproduction.predictor import Predictor, predictor
from socrates_core.hub.reproduction.request import Request, checked
from socrates_core.hub.reproduction.studies import Prepared, prepared
from socrates_core.model.record import ModelRecord
from socrates_core.study.split import OFFICIAL_UNSEEN, Split
from socrates_core.trust.calibration import load_calibration
from socrates_core.ui.app import asked_model
from tests.finetune.folders import make_base, make_recipe
from tests.hub.reproduction.rows import write_rows
from tests.servers.dataset_hub import COMMIT, DatasetHub
from tests.servers.programs import Program

BASE_COMMIT = "1" * 40
ASIDE = 5
"""Studies to calibrate on: as few as an error model can be fitted on."""


def base_of(home: Path) -> Path:
    """The folder of a base as in the cache of the Hub's client, which says where it is from."""
    return home / "models--me--tiny" / "snapshots" / BASE_COMMIT


def options(home: Path) -> dict[str, Any]:
    recipe = home / "recipe.yaml"
    return {
        "out": home / "out",
        "train": str(recipe),
        "calibration": ASIDE,
        "per_cell": 2,
        "share": 0.75,
        "precision": "bf16",
    }


def started(home: Path, hub: DatasetHub | None = None) -> Program:
    """The command in a process of its own, which reaches this Hub or none."""
    given = options(home).items()
    words = [str(word) for name, value in given for word in (f"--{name.replace('_', '-')}", value)]
    reached = None if hub is None else {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    settings = {} if reached is None else {**reached, "HF_HUB_DISABLE_XET": "1"}
    return Program("-m", "socrates_core", "reproduce", *words, environ=settings)


def killed_at(program: Program, folder: Path, pattern: str, count: int = 1) -> None:
    """Kill a program without warning as soon as there are so many of these files."""
    for _ in range(30_000):
        if len([*folder.glob(pattern)]) >= count:
            program.send_signal(signal.SIGKILL)
            program.wait()
            return
        assert program.poll() is None, program.stderr
        time.sleep(0.01)
    pytest.fail(f"no {pattern} after five minutes: {program.stdout}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reproduction that was killed in its training and in its evaluation, and then brought to its end."""
    home = tmp_path_factory.mktemp("reproduction")
    write_rows(home / "dataset", seen=14, people=3)
    make_recipe(home / "recipe.yaml", make_base(base_of(home)), step_examples=12, checkpoint_every=1, validate_every=20)
    with DatasetHub(home / "dataset") as hub:
        killed_at(started(home, hub), home / "out", "adapter/checkpoints/step-*")
    # what has been fetched is not asked for again: from here on there is no Hub
    killed_at(started(home), home / "out", "runs/test/units/*.parquet", 4)
    with redirect_stdout(io.StringIO()) as said:
        reproduce(**options(home))
    (home / "said.txt").write_text(said.getvalue())
    return home


def test_from_the_data_set_to_a_card_through_two_kills(home: Path) -> None:
    out, said = home / "out", (home / "said.txt").read_text()
    for line in (
        "== data         done before",
        "== model        done before",
        "== evaluation   to continue: predicting",
    ):
        assert line in said
    assert "== calibration  done in" in said
    data = read_marker(out, "data")
    assert data is not None
    assert data.pinned == {"commit": COMMIT}
    parts = Split.load(out / "studies" / "split.json").parts
    assert parts["test"] == tuple(sorted(OFFICIAL_UNSEEN))
    record = ModelRecord.load(out / "adapter")
    assert record is not None
    assert set(record.trained_on) == set(parts["train"])
    for part in ("test", "calibration"):
        assert json.loads((out / "runs" / part / "provenance.json").read_text())["precision"] == "bf16"
    calibration = load_calibration(out / "adapter")
    assert (calibration.studies, calibration.groups, calibration.kind) == (ASIDE, ASIDE, "real")
    told = json.loads((out / "runs" / "calibration" / "metrics.json").read_text())
    assert {row["study"] for row in told["studies"]} == set(parts["calibration"])
    assert f"Fitted on {ASIDE} real studies" in (out / "card.md").read_text()
    page_takes(said)


def page_takes(said: str) -> None:
    """Load the model of the page by the command that a reproduction ends in."""
    command = next(line.partition("app.py ")[2] for line in said.splitlines() if line.startswith("page "))
    words = shlex.split(command)
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert Path(given["--studies"], "split.json").is_file()
    asked = asked_model(
        given["--model"],
        given.get("--adapter"),
        given.get("--template"),
        given["--precision"],
        Path(given["--calibration"]),
    )
    assert asked.load().description.calibration == Path(given["--calibration"]).resolve()  # or it is refused


def test_a_model_as_it_is_gets_a_calibration_that_the_page_takes(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(home / "dataset" / "data")
    reproduce(out=tmp_path / "out", model="demo", source=source, calibration=ASIDE, per_cell=2)
    said = capsys.readouterr().out
    assert "no card      only adapters are pushed" in said
    page_takes(said)


def test_on_an_a100_the_next_evaluation_says_what_it_costs(home: Path, tmp_path: Path) -> None:
    runs = shutil.copytree(home / "out" / "runs", tmp_path / "runs")
    for provenance in runs.glob("*/provenance.json"):
        told = json.loads(provenance.read_text())
        provenance.write_text(json.dumps({**told, "device": "NVIDIA A100-SXM4-80GB"}))
    given = {name: value for name, value in options(home).items() if name not in ("train", "share")}
    nothing = dict.fromkeys(("revision", "model", "adapter", "recipe", "template"))
    request = Request(source="socsci210", seed=42, **given, **nothing)
    studies = Prepared(home / "out" / "studies", {})
    found = Evaluating(request, studies, Predictor(str(base_of(home)), home / "out" / "adapter", None, None, None))
    words = of_evaluation(found.predictor.model, *found.specified("calibration"), runs)
    assert re.search(r"at the pace of the run before, \$\d+\.\d\d at \$2.50 an hour$", words)


def test_all_studies_are_evaluated_in_the_precision_of_the_first(home: Path, tmp_path: Path) -> None:
    # the base is stored in float32, in which `auto` would load it now
    out, part = tmp_path / "out", "calibration"
    shutil.copytree(home / "out" / "runs" / "test", out / "runs" / "test")
    given = {name: value for name, value in options(home).items() if name not in ("train", "share")}
    nothing = dict.fromkeys(("revision", "model", "adapter", "recipe", "template"))
    request = Request(source="socsci210", seed=42, **{**given, **nothing, "out": out, "precision": "auto"})
    studies = Prepared(home / "out" / "studies", {})
    found = Evaluating(request, studies, Predictor(str(base_of(home)), home / "out" / "adapter", None, None, None))
    run = found.evaluate(part, new_to_the_model(found))
    assert json.loads((run / "provenance.json").read_text())["precision"] == "bf16"


def test_a_training_that_fails_is_not_advised_an_option_of_another_command(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = make_recipe(tmp_path / "recipe.yaml", base_of(home), step_examples=12, learning_rate=1e30, warm_up=0.0)
    given = {"train": str(recipe), "source": str(home / "dataset" / "data"), "calibration": ASIDE, "per_cell": 2}
    with pytest.raises(TrainingError, match="choose a smaller learning_rate") as failed:
        reproduce(out=tmp_path / "out", **given)
    assert "--resume" not in str(failed.value)
    assert capsys.readouterr().out.endswith("== model        not done; the same command resumes it\n")


def test_invented_answers_get_no_verdict_beside_the_published_figures(home: Path) -> None:
    told = json.loads((home / "out" / "reproduction.json").read_text())
    assert told["verdict"].startswith("No verdict: these are not the 40 unseen studies in full")
    assert "they hold 240 answers, not 482,642" in told["verdict"]
    assert "at most 2 people of a cell were asked" in told["verdict"]
    published = {(row["by"], row["value"]) for row in told["rows"] if row["by"] != "this run"}
    assert {("the paper", 0.151), ("the paper", 0.203), ("the paper", 0.125)} < published
    assert {("an independent reproduction", 0.1499), ("an independent reproduction", 0.2015)} < published
    paper = json.loads((home / "out" / "runs" / "test" / "metrics.json").read_text())["paper"]
    ours = told["rows"][0]
    assert (ours["what"], ours["convention"]) == ("me/tiny with adapter", "observed")
    assert (ours["value"], ours["ci95"], ours["cells"]) == (paper["mean"], paper["ci95"], paper["cells"])


def test_once_more_there_is_nothing_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reproduce(**options(home))
    said = capsys.readouterr().out
    assert said.count("done before in") == 4
    assert "socrates push" in said
    reproduce(**options(home), dry_run=True)
    assert [line.split() for line in capsys.readouterr().out.splitlines()[:4]] == [
        [name, "done"] for name in ("data", "model", "evaluation", "calibration")
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seed": 1}, r"the stage data .* was made from other inputs \(seed 42 there, 1 here\)"),
        ({"share": 0.5}, r"the stage model .* \(.*share 0.75 there, 0.5 here\)"),
        ({"per_cell": 3}, r"the stage evaluation .* \(per_cell 2 there, 3 here\)"),
        ({"precision": "auto"}, r"the stage evaluation .* \(precision 'bf16' there, 'auto' here\)"),
    ],
)
def test_what_was_made_from_other_inputs_is_refused(home: Path, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(RunError, match=expected):
        reproduce(**{**options(home), **changes})


def test_an_adapter_is_not_calibrated_on_studies_that_it_was_trained_on(home: Path, tmp_path: Path) -> None:
    # another seed sets other studies aside, of which this adapter has learned from some
    asked = Request(
        out=tmp_path / "out",
        source=str(home / "dataset" / "data"),
        revision=None,
        model=str(base_of(home)),
        adapter=str(home / "out" / "adapter"),
        recipe=None,
        template=None,
        per_cell=2,
        calibration=ASIDE,
        seed=1,
        precision="auto",
    )
    request = checked(asked, train=None, share=None)
    studies = prepared(request)
    found = Evaluating(request, studies, predictor(request, studies))
    record = ModelRecord.load(home / "out" / "adapter")
    assert record is not None
    aside = Split.load(studies.folder / "split.json").parts["calibration"]
    fresh = new_to_the_model(found)
    assert set(fresh) == set(aside) - set(record.trained_on) - set((record.training or {})["validation_studies"])
    done = complete(request.out, calibration_stage(found))
    assert done.note == (
        f"not calibrated: {len(fresh)} studies that are new to the model are too few; an error model needs 5"
    )
