"""Measure speed and memory on this machine.

    python -m eval.bench --suite data --out bench.json

Each suite prints its figures as it goes; the file holds them all, with the machine they were measured on.
"""

import datetime
import importlib
import json
import os
import platform
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from eval.bench.data_parts.rows import ROWS
from eval.bench.recipes import run_recipes_suite
from socrates_core import command
from socrates_core.errors import SourceError

DEMO_RECIPE: Final = Path("train", "configs", "demo.yaml")

SUITES: Final = {
    "app": "run_app_suite",  # first: if it lacks a browser, that is an error before hours have passed
    "data": "run_data_suite",
    "inference": "run_inference_suite",
    "training": "run_training_suite",
    "statistics": "run_statistics_suite",
    "people": "run_people_suite",
    "load": "run_load_suite",
    "kills": "run_kills_suite",
    "runs": "run_runs_suite",
    "trust": "run_trust_suite",
    "design": "run_design_suite",
}
"""Name → the function of `eval.bench.NAME` that runs it, given rows and seed."""

ELSEWHERE: Final = {"trust": "coverage.trust", "design": "coverage.design"}
"""Suites that have a module of another name."""

GPU: Final = "gpu"
"""Writes every figure as it comes: runs only on request."""

RECIPES: Final = "recipes"
"""Trains, for hours with a real recipe: runs only on request, and needs studies."""

ON_REQUEST: Final = (GPU, RECIPES)

app = typer.Typer(add_completion=False)


def run_suite(name: str, rows: int, seed: int) -> dict[str, Any]:
    """Run one suite and return its figures. Its module is imported here: some take seconds, some need a browser."""
    figures: dict[str, Any] = getattr(importlib.import_module(f"eval.bench.{ELSEWHERE.get(name, name)}"), SUITES[name])(
        rows, seed
    )
    return figures


@app.command()
def bench(
    out: Annotated[Path, typer.Option(help="The JSON file to write.")] = Path("bench.json"),
    suite: Annotated[
        str | None,
        typer.Option(help=f"One of {', '.join([*SUITES, *ON_REQUEST])}; default: all but the last two."),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows that the data suite generates; SocSci210 has the default.")] = ROWS,
    seed: Annotated[int, typer.Option(help="Seed of all generated data; for the recipes suite, the first seed.")] = 42,
    studies: Annotated[Path | None, typer.Option(help="Recipes suite: a study folder with a split.")] = None,
    config: Annotated[Path, typer.Option(help="Recipes suite: the recipe that is varied.")] = DEMO_RECIPE,
    seeds: Annotated[int, typer.Option(min=1, help="Recipes suite: how many seeds each variant is trained with.")] = 3,
    fraction: Annotated[
        float | None,
        typer.Option(
            min=1e-6, max=1, help="Recipes suite: share of the responses to learn from; default: the recipe's."
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="Recipes suite: the folder of its trainings, from which it resumes; default: OUT-recipes."),
    ] = None,
) -> None:
    """Measure speed and memory on this machine."""
    if suite is not None and suite not in (*SUITES, *ON_REQUEST):
        raise SourceError(f"no suite {suite!r}; choose one of {', '.join([*SUITES, *ON_REQUEST])}")
    if suite == RECIPES and studies is None:
        raise SourceError("the recipes suite needs --studies, a folder as train.prepare writes it")
    if rows < 1000:
        raise SourceError(f"--rows {rows} is too few to measure; choose 1000 or more")
    if not out.resolve().parent.is_dir():
        raise SourceError(f"the folder of --out {out} does not exist")
    started = time.perf_counter()
    machine = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    results: dict[str, Any] = {}

    def keep(name: str, figures: dict[str, Any]) -> None:
        """Write all figures so far."""
        results[name] = figures
        out.write_text(json.dumps({"machine": machine, "seed": seed, "suites": results}, indent=1) + "\n", "utf-8")

    if suite == RECIPES and studies is not None:
        kept = work or out.with_name(f"{out.stem}-{RECIPES}")
        keep(RECIPES, run_recipes_suite(studies, config, kept, seeds, seed, fraction))
    elif suite == GPU:
        from eval.bench.gpu import run_gpu_suite  # imports torch, which takes seconds

        keep(GPU, run_gpu_suite(seed, lambda figures: keep(GPU, figures)))
    else:
        names = [suite] if suite else list(SUITES)
        show = command.progress("suites")
        for place, name in enumerate(names):
            keep(name, run_suite(name, rows, seed))
            show(place + 1, len(names))
        print(json.dumps(results, indent=1))
    print(f"wrote {out} in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    command.run(app)
