"""The data suite: preparing and loading studies at SocSci210's size, against the same steps in pandas; survey files.

Rows in SocSci210's shape are written to a temporary folder, which is removed afterwards. Every step runs in its own
process, so that its peak memory can be measured. Survey files of 200 MB are then read by a map.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from eval.bench.data_parts.rows import ROWS, write_shards
from eval.bench.data_parts.surveys import MAP, MEGABYTES, WORKBOOK_MEGABYTES, write_survey
from socrates_core.errors import SourceError

PANDAS_BYTES_A_ROW: Final = 3_500
"""Measured peak memory of the pandas steps; determines how many rows fit into memory."""

_TIMED: Final = (
    "import sys, time; from pathlib import Path; from socrates_core.study.sources.opening import open_source; "
    "from socrates_core.study.study_set import StudySet; wall, cpu = time.perf_counter(), time.process_time(); {step}; "
    "print(time.perf_counter() - wall, time.process_time() - cpu)"
)
"""A step of the library, timed without the start of the interpreter and the imports."""

_TABLES: Final = _TIMED.format(step="open_source(sys.argv[1]).save(Path(sys.argv[2]))")
"""The part of the preparation that the pandas steps do too: without a split or a search for near-duplicates."""

_SURVEY: Final = _TIMED.replace(
    "wall, cpu",
    "from socrates_core.study.sources.opening import Stated; "
    "from socrates_core.study.sources.table.map.form import read_map; wall, cpu",
    1,
).format(step="open_source(sys.argv[1], stated=Stated(read_map(Path(sys.argv[2])))).save(Path(sys.argv[3]))")
"""A survey file is read by a map and written as a study folder."""

_LOAD: Final = _TIMED.format(step="studies = StudySet.load(Path(sys.argv[1]))")


@dataclass(frozen=True)
class Step:
    """One step, run in its own process."""

    seconds: float
    """Wall time."""
    cpu_seconds: float
    """Processor time, which remains comparable on a shared machine."""
    peak_gb: float
    """Largest resident memory, in 10⁹ bytes."""


def run_data_suite(rows: int, seed: int) -> dict[str, Any]:
    """Generate, prepare and load; then the pandas steps.

    Raises:
        SourceError: If a step fails; holds its output.
    """
    with tempfile.TemporaryDirectory(prefix="socrates-bench-") as temporary:
        folder = Path(temporary)
        print(f"data: writing {rows:,} rows in SocSci210's shape to {folder}")
        written = write_shards(folder / "shards", rows, np.random.default_rng(seed))
        print(f"data: {written.text_bytes / 1e9:.1f} GB of text, {written.cells:,} distinct cells; preparing")
        source = ["-m", "train.prepare", "--source", str(folder / "shards"), "--out", str(folder / "studies")]
        prepare, _ = run_step([*source, "--seed", str(seed)])
        tables = run_timed_step(["-c", _TABLES, str(folder / "shards"), str(folder / "tables")])
        print(
            f"data: prepared in {prepare.seconds:.1f} s, {prepare.peak_gb:.2f} GB (tables alone {tables.seconds:.1f} s)"
        )
        load = run_timed_step(["-c", _LOAD, str(folder / "studies")])
        print(f"data: loaded in {load.seconds:.2f} s, {load.peak_gb:.2f} GB; the same in pandas")
        fitting = int(psutil.virtual_memory().available * 0.8 / PANDAS_BYTES_A_ROW)
        pandas_step, said = run_step(
            [
                "-m",
                "eval.bench.contenders.pandas_tables",
                str(folder / "shards"),
                str(folder / "pandas"),
                str(min(rows, fitting)),
            ]
        )
        pandas = json.loads(said.splitlines()[-1])
    same_rows = pandas["rows"] == written.rows
    # if pandas had fewer rows, seconds per row are compared
    scale = written.rows / pandas["rows"]
    print(
        f"data: pandas prepared {pandas['rows']:,} rows in {pandas['prepare_s']:.1f} s, {pandas_step.peak_gb:.2f} GB"
        + ("" if same_rows else ", fewer rows than ours because more do not fit into memory")
    )
    return {
        "surveys": run_surveys(rows / ROWS, seed),
        "generated": asdict(written),
        "prepare": asdict(prepare),
        "tables": asdict(tables),
        "load": asdict(load),
        "pandas": {**pandas, "peak_gb": pandas_step.peak_gb, "same_rows": same_rows},
        "ratio": {
            "tables_time": pandas["prepare_s"] * scale / tables.seconds,
            "tables_cpu": pandas["prepare_cpu_s"] * scale / tables.cpu_seconds,
            "load_time": pandas["load_s"] * scale / load.seconds,
            "peak_memory": pandas_step.peak_gb / tables.peak_gb if same_rows else None,
        },
    }


def run_surveys(share: float, seed: int) -> dict[str, Any]:
    """Read survey files of 200 MB, a workbook of 20 MB, by a map.

    Args:
        share: Of these sizes.
        seed: Of the answers.

    Raises:
        SourceError: If a step fails; holds its output.
    """
    figures: dict[str, Any] = {}
    for kind, megabytes in (("csv", MEGABYTES), ("sav", MEGABYTES), ("xlsx", WORKBOOK_MEGABYTES)):
        with tempfile.TemporaryDirectory(prefix="socrates-bench-") as temporary:
            folder = Path(temporary)
            file = write_survey(folder, kind, megabytes * min(1, share), np.random.default_rng(seed))
            (folder / "map.yaml").write_text(MAP, "utf-8")
            step = run_timed_step(["-c", _SURVEY, str(file), str(folder / "map.yaml"), str(folder / "studies")])
            size = file.stat().st_size / 1e6
            figures[kind] = {"megabytes": size, **asdict(step)}
            print(f"data: read {size:.0f} MB of .{kind} in {step.seconds:.1f} s, {step.peak_gb:.2f} GB")
    return figures


def run_timed_step(arguments: list[str]) -> Step:
    """Run Python with these arguments; the last line of its output holds wall and processor seconds.

    Raises:
        SourceError: If it fails.
    """
    step, said = run_step(arguments)
    wall, cpu = map(float, said.splitlines()[-1].split())
    return replace(step, seconds=wall, cpu_seconds=cpu)


def run_step(arguments: list[str]) -> tuple[Step, str]:
    """Run Python with these arguments; returns time and memory, and the standard output.

    Raises:
        SourceError: If it fails.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as problems:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, stderr=problems)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # `os.wait4` above reaped it, to get its memory
        output.seek(0)
        if process.returncode:
            problems.seek(0)
            raise SourceError(
                f"python {' '.join(arguments)} ended with {process.returncode}: {problems.read()[-2000:]}"
            )
        unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
        return Step(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e9), output.read()
