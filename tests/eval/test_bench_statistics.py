import json
import os
import subprocess
import sys
from pathlib import Path

from eval.bench.statistics import coverage, time_distances

ROOT = Path(__file__).parents[2]


def test_the_statistics_suite_measures_speed_memory_and_coverage(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "eval.bench", "--suite", "statistics", "--rows", "8000"]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "bench.json")],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "bench.json").read_text("utf-8"))["suites"]["statistics"]
    assert found["distances"]["ratio"] > 10
    assert 0 < found["evaluation"]["peak_gb"] < 1
    assert found["coverage"]["rounds"] == 20


def test_distances_of_many_cells_are_scipys() -> None:
    assert time_distances(1000, seed=5)["cells"] == 1000  # raises where they differ


def test_intervals_hold_the_truth_about_as_often_as_they_promise() -> None:
    found = coverage(rounds=500, seed=1)
    # 500 rounds: a share of 0.95 comes out below 0.92 once in a thousand times
    assert 0.92 <= found["distance"] <= 0.98
    assert 0.90 <= found["slope"] <= 0.98
