from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.evaluation.prediction_table import PROVENANCE, unit_table
from socrates_core.trust.calibration import load_calibration
from socrates_core.trust.command import calibrate, summary
from socrates_core.trust.fitting import calibrate as fit_calibration
from tests.ends import exit_code
from tests.trust.evidence import evaluation, provenance


def run_of(folder: Path, cells: Any) -> Path:
    folder.mkdir()
    unit_table(cells).write_parquet(folder / "predictions.parquet", metadata={PROVENANCE: '{"model": "m"}'})
    return folder


def test_a_run_gets_its_calibration_and_says_how_it_did_on_groups_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path / "run", evaluation(7))
    assert exit_code(monkeypatch, calibrate, run) == 0
    said = capsys.readouterr().out
    assert "fitted       on 7 real studies in 7 groups" in said
    assert "mean at 80%: covered" in said
    assert "too few groups for parts of their own: 3 to 7 options" in said
    assert load_calibration(run).groups == 7


def test_predictions_without_any_effect_have_no_slope() -> None:
    cells = [replace(cell, probs=np.full_like(cell.probs, 0.2)) for cell in evaluation(6)]
    told = "\n".join(summary(fit_calibration([(cells, provenance())])))
    assert "no effect was ever predicted, so there is no slope" in told
    assert "0.00 ± 0.00" not in told


def test_several_runs_need_a_name_for_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [run_of(tmp_path / "one", evaluation(3)), run_of(tmp_path / "other", evaluation(3, values=(0, 1)))]
    assert exit_code(monkeypatch, calibrate, *runs) == 2
    assert "with --out" in capsys.readouterr().err
    assert exit_code(monkeypatch, calibrate, *runs, "--out", tmp_path / "both.json") == 0
    assert load_calibration(tmp_path / "both.json").groups == 6


def test_nothing_is_replaced_that_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path / "run", evaluation(6))
    assert exit_code(monkeypatch, calibrate, run, "--out", "/dev/null") == 2
    assert exit_code(monkeypatch, calibrate, run, "--out", tmp_path) == 2
    assert "name a file with --out" in capsys.readouterr().err
