import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from socrates_core.runs.state import is_alive, state
from socrates_core.study.sources.society.society import make_society, study_set
from socrates_core.study.split import make_split
from tests.eval.test_commands import call, metrics
from tests.servers.programs import ONE_THREAD, ROOT

ENVIRONMENT = {**os.environ, **ONE_THREAD, "HF_HUB_OFFLINE": "1"}


def command(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


@pytest.fixture
def cluster() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command("tests.servers.ray_cluster"),
        cwd=ROOT,
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)


def wait_for_units(out: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while len(list(out.glob("units/[0-9]*.parquet"))) < count and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)


def test_a_cluster_that_loses_a_node_ends_with_the_same_figures(cluster: subprocess.Popen[str], tmp_path: Path) -> None:
    assert cluster.stdin is not None
    assert cluster.stdout is not None
    society = study_set(make_society(4, studies=40)).save(tmp_path / "society")
    make_split(society, "study").save(tmp_path / "society" / "split.json")
    arguments = ("--studies", tmp_path / "society", "--split", "train", "--model", "uniform")
    local = call("eval.run", *arguments, "--out", tmp_path / "local")
    assert local.returncode == 0, local.stderr
    address = cluster.stdout.readline().strip()
    out = tmp_path / "spread"
    with subprocess.Popen(
        command("eval.run", *arguments, "--engine", "ray", "--out", out),
        cwd=ROOT,
        env={**ENVIRONMENT, "RAY_ADDRESS": address, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_for_units(out, 3, process)
            at_work = process.poll() is None
            cluster.stdin.write("remove\n")
            cluster.stdin.flush()
            assert cluster.stdout.readline().strip() == "removed"
            said, _ = process.communicate(timeout=150)
        finally:
            process.kill()
    assert process.returncode == 0, said
    assert at_work
    assert metrics(out) == metrics(tmp_path / "local")
    assert (state(out).code, is_alive(out)) == ("finished", False)


def test_a_cluster_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    arguments = ("--studies", "bundled", "--model", "uniform", "--study", "gss-space", "--out", tmp_path / "out")
    result = subprocess.run(
        command("eval.run", *arguments, "--engine", "ray"),
        cwd=ROOT,
        env={**ENVIRONMENT, "RAY_ADDRESS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    assert "the Ray cluster at 127.0.0.1:1 (RAY_ADDRESS) cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_ray_is_imported_only_when_asked_for() -> None:
    code = "import sys; import eval.run; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
