"""Measure speed and memory on this machine.

    python -m eval.bench --suite data --out bench.json

Each suite prints its figures as it goes; the file holds them all, with the machine they were measured on.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from eval.bench_data import run_data_suite
from eval.bench_rows import ROWS
from socrates_core import command
from socrates_core.errors import SourceError


def _inference(rows: int, seed: int) -> dict[str, Any]:
    from eval.bench_inference import run_inference_suite  # imports torch, which takes seconds

    return run_inference_suite(rows, seed)


def _training(rows: int, seed: int) -> dict[str, Any]:
    from eval.bench_training import run_training_suite

    return run_training_suite(rows, seed)


def _statistics(rows: int, seed: int) -> dict[str, Any]:
    from eval.bench_statistics import run_statistics_suite

    return run_statistics_suite(rows, seed)


SUITES: Final[dict[str, Callable[[int, int], dict[str, Any]]]] = {
    "data": run_data_suite,
    "inference": _inference,
    "training": _training,
    "statistics": _statistics,
}
"""Name → what runs it, given rows and seed."""

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    out: Annotated[Path, typer.Option(help="The JSON file to write.")] = Path("bench.json"),
    suite: Annotated[str | None, typer.Option(help=f"One of {', '.join(SUITES)}; default: all.")] = None,
    rows: Annotated[int, typer.Option(help="Rows that the data suite generates; SocSci210 has the default.")] = ROWS,
    seed: Annotated[int, typer.Option(help="Of everything generated.")] = 42,
) -> None:
    """Measure speed and memory on this machine."""
    if suite is not None and suite not in SUITES:
        raise SourceError(f"no suite {suite!r}; choose one of {', '.join(SUITES)}")
    if rows < 1000:
        raise SourceError(f"--rows {rows} is too few to measure; choose 1000 or more")
    if not out.resolve().parent.is_dir():
        raise SourceError(f"the folder of --out {out} does not exist")
    started = time.perf_counter()
    chosen = [suite] if suite else list(SUITES)
    results = {name: SUITES[name](rows, seed) for name in chosen}
    machine = {"platform": platform.platform(), "python": platform.python_version(), "cores": os.cpu_count()}
    document = {"machine": machine, "seed": seed, "suites": results}
    out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print(json.dumps(results, indent=1))
    print(f"wrote {out} in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    command.run(app)
