import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from socrates_core.runs.state import events, is_alive, state
from socrates_core.study.sources.society.society import make_society, study_set
from socrates_core.study.split import make_split
from tests.evaluation.test_prediction_files import ORIGINAL, write
from tests.servers.programs import Program
from tests.servers.programs import finished as done


def call(module: str, *arguments: object) -> Program:
    return done("-m", module, *arguments, seconds=120)


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "society"
    society = study_set(make_society(3, studies=30)).save(folder)
    make_split(society, "study").save(folder / "split.json")
    return folder


@pytest.fixture(scope="module")
def finished(studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the training part that nothing disturbed."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    result = call("eval.run", "--studies", studies, "--split", "train", "--model", "uniform", "--out", out)
    assert result.returncode == 0, result.stderr
    assert "model        uniform, exact" in result.stdout  # it has no template
    assert "duplicates   not compared" in result.stdout
    assert "W = " in result.stdout
    assert "noise floor" in result.stdout
    return out


def test_a_run_holds_what_the_design_says(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()} - {"worker.lock"}
    files = {"events.jsonl", "log.txt", "metrics.json", "predictions.parquet", "provenance.json"}
    assert names == {*files, "report.html", "report.md", "spec.json", "units"}
    found = metrics(finished)
    assert len(list((finished / "units").iterdir())) == len(found["cells"])
    assert found["wasserstein"]["scale"]["mean"] == pytest.approx(found["baselines"]["uniform"]["scale"]["mean"])
    assert found["provenance"]["split_digest"]
    assert not found["contaminated"]


def test_a_killed_run_goes_on_and_ends_with_the_same_figures(studies: Path, finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ("--studies", studies, "--split", "train", "--model", "uniform", "--out", out)
    process = Program("-m", "eval.run", *arguments)
    deadline = time.monotonic() + 60
    while len(list(out.glob("units/[0-9]*.parquet"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= state(out).done < len(metrics(finished)["cells"])
    assert (state(out).code, is_alive(out)) == ("interrupted", False)
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("units/[0-9]*.parquet")}
    broken = sorted(out.glob("units/[0-9]*.parquet"))[0]
    broken.write_bytes(broken.read_bytes()[:50])
    result = call("eval.run", "--out", out)
    assert result.returncode == 0, result.stderr
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("units/[0-9]*.parquet")}
    assert {name for name in kept if kept[name] == after[name]} == set(kept) - {broken.name}
    assert [one["unit"] for one in events(out) if one["event"] == "quarantined"] == [broken.name]
    assert metrics(out) == metrics(finished)
    assert "nothing to do" in call("eval.run", *arguments).stdout


def test_a_detached_worker_lives_on_and_the_same_command_watches_it(
    studies: Path, finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    arguments = ("--studies", studies, "--split", "train", "--model", "uniform", "--out", out)
    started = call("eval.run", *arguments, "--detach")
    assert (started.returncode, "started" in started.stdout) == (0, True), started.stderr
    result = call("eval.run", *arguments)
    assert result.returncode == 0, result.stderr
    assert "W = " in result.stdout
    assert metrics(out) == metrics(finished)


def test_every_figure_comes_from_the_saved_predictions(finished: Path, tmp_path: Path) -> None:
    for source in (finished, finished / "predictions.parquet"):
        result = call("eval.score", source, "--out", tmp_path / source.name)
        assert result.returncode == 0, result.stderr
        assert metrics(tmp_path / source.name) == metrics(finished)
        assert (tmp_path / source.name / "report.html").read_text("utf-8").count("<h2") == 15


def test_the_original_runs_predictions_are_scored_and_the_artefact_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "predictions.json", ORIGINAL)
    result = call("eval.score", path, "--out", tmp_path / "out", "--convention", "observed")
    assert result.returncode == 0, result.stderr
    assert "separate     flat mean 0.16667, 2 cells, 2 studies. INVALID" in result.stdout
    assert "invalid predictions 1" in result.stdout


def test_runs_are_compared_pair_by_pair_with_the_references_beside(
    studies: Path, finished: Path, tmp_path: Path
) -> None:
    arguments = ("--studies", studies, "--split", "train", "--model", "marginal", "--out", tmp_path / "seen")
    refused = call("eval.run", *arguments)
    assert refused.returncode == 2
    assert "was trained on" in refused.stderr
    seen = call("eval.run", *arguments, "--allow-seen")
    assert seen.returncode == 0, seen.stderr
    assert "CONTAMINATED" in seen.stdout
    result = call("eval.compare", finished, tmp_path / "seen", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    names = [row["name"] for row in found["leaderboard"]]
    assert {"uniform", "uniform baseline", "pooled human answers", "human split-half", "noise floor"} <= set(names)
    assert [row["mean"] for row in found["leaderboard"]] == sorted(row["mean"] for row in found["leaderboard"])
    (pair,) = found["differences"]
    assert pair["wins"] + pair["losses"] + pair["ties"] == found["studies"]
    assert "resolved" in pair["sentence"]


@pytest.mark.parametrize(
    ("module", "arguments", "said"),
    [
        ("eval.run", ("--model", "uniform", "--studies", "nowhere", "--out", "OUT"), "there is no folder nowhere"),
        ("eval.run", ("--model", "magic", "--studies", "DATA", "--out", "OUT"), "choose uniform, marginal, demo"),
        ("eval.run", ("--model", "uniform", "--studies", "DATA", "--study", "x", "--out", "OUT"), "no study x"),
        ("eval.run", ("--model", "uniform", "--studies", "DATA", "--per-cell", 1, "--out", "OUT"), "2 or more"),
        ("eval.run", ("--model", "uniform", "--studies", "DATA", "--seed", -1, "--out", "OUT"), "0 or more"),
        ("eval.run", ("--model", "uniform", "--out", "OUT"), "needs --studies and --model"),
        ("eval.run", ("--out", "OUT"), "is not a run to resume"),
        ("eval.run", ("--cancel", "--out", "OUT"), "no worker is running"),
        ("eval.run", (), "name the run with --out"),
        ("eval.score", ("nothing.json", "--out", "OUT"), "there is no file or run"),
        ("eval.compare", ("DATA", "DATA", "--out", "OUT"), "has no metrics.json"),
        ("eval.compare", ("RUN", "--out", "OUT"), "two runs or more"),
    ],
)
def test_what_a_user_can_fix_ends_in_one_message(
    module: str, arguments: tuple[object, ...], said: str, studies: Path, finished: Path, tmp_path: Path
) -> None:
    places = {"OUT": tmp_path / "out", "DATA": studies, "RUN": finished}
    result = call(module, *(places.get(str(one), one) for one in arguments))
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
