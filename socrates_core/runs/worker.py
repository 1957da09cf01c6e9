"""The work of a run: predict the cells that are missing, then score them all.

    python -m socrates_core.runs.worker RUN [--engine local|ray]

This is the process that `launch` starts; the command `eval.run` does the same work in its own process.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from socrates_core import command
from socrates_core.errors import RunError, counted
from socrates_core.evaluation.data import batches, evaluation_data
from socrates_core.evaluation.prediction import describe
from socrates_core.evaluation.prediction_table import cells_of
from socrates_core.evaluation.scores import evaluate
from socrates_core.evaluation.spec import EvaluationSpec, data_digest, open_studies
from socrates_core.model.precision import Precision
from socrates_core.report.evaluation import write_results
from socrates_core.runs.folder import queued, read_spec, worker
from socrates_core.runs.ray_engine import RayEngine
from socrates_core.runs.state import record
from socrates_core.runs.units import LocalEngine, collect, predict_units
from socrates_core.study.files import read_json, write_json

Say = Callable[[str], None]
"""Writes a line, `name         text`, to the terminal or the log."""


def work(folder: Path, engine: str = "local") -> bool:
    """Complete a run, from its current state to its report.

    Runs of one directory on this machine wait for each other. Runs on a Ray cluster do not: the cluster hands out its
    GPUs itself.

    Args:
        folder: Of the run.
        engine: `local`, or `ray` for a cluster.

    Returns:
        False if it was cancelled; the same call resumes it.

    Raises:
        RunError: If another worker holds the run, its studies have changed, cells fail, or the disk cannot be written.
        LeakError: If the model was trained on evaluated studies, and the specification does not allow it.
        ModelError: If the model cannot be loaded.
    """
    spec = read_spec(folder)
    with worker(folder):
        say = _log(folder)
        with queued(folder, lambda ahead: say(waiting(ahead))) if engine == "local" else nullcontext(True) as granted:
            if not granted:
                say(f"cancelled    {folder} left the queue; the same command queues it again")
                return False
            return _work_now(folder, spec, engine, say)


def _work_now(folder: Path, spec: EvaluationSpec, engine: str, say: Say) -> bool:
    started = time.perf_counter()
    record(folder, "loading")
    whole, divided = open_studies(spec.studies)
    if (data_digest(whole), divided.digest) != (spec.data, spec.split):
        raise RunError(f"{spec.studies} has been prepared again since this run began; start a new run")
    data = evaluation_data(whole, divided, spec.part, spec.only)
    size = f"{counted(len(data.title), 'study')}, {counted(len(data.cells), 'cell')}"
    say(f"studies      {spec.studies}, part {spec.part}: {size}")
    for one in data.left_out[:5]:
        say(f"left out     cell {one['cell']}, {one['name']}: {one['reason']}")
    pinned = with_precision_of_units(folder, spec)
    with RayEngine(pinned) if engine == "ray" else LocalEngine(pinned, data, folder) as predictions:
        provenance = describe(spec, data, predictions.description)
        write_json(folder / "provenance.json", provenance)
        template = [f"template {provenance['template']}"] if provenance["template"] else []
        say(
            f"model        {', '.join([provenance['model'], *template, provenance['precision'], provenance['device']])}"
        )
        if predictions.description.template_note:
            say(f"template     {predictions.description.template_note}")
        if predictions.description.base_note:
            say(f"base         {predictions.description.base_note}")
        if provenance["contaminated"]:
            say(f"CONTAMINATED the model was trained on {', '.join(provenance['contaminated'])}")
        say(f"duplicates   {duplicates(provenance)}")
        if predictions.answers_before:
            say(f"answers      {predictions.answers_before:,} of an earlier session are used again")
        if not predict_units(
            folder,
            data,
            batches(data, spec.per_cell),
            predictions.results,
            command.progress("cells", worked_on="answers"),
        ):
            say(f"cancelled    {folder}; the same command resumes it")
            return False
        if predictions.rests_on:
            say(f"answers      {predictions.rests_on}")
            provenance["answers_rest_on"] = predictions.rests_on
            write_json(folder / "provenance.json", provenance)
        if predictions.asked:
            say(f"requests     {predictions.asked}")
    record(folder, "scoring")
    write_results(evaluate(cells_of(collect(folder, provenance)), provenance, spec.seed), folder)
    seconds = round(time.perf_counter() - started, 1)
    record(folder, "finished", seconds=seconds)
    say(f"wrote        {folder}/metrics.json, report.html, report.md in {seconds} s")
    return True


def with_precision_of_units(folder: Path, spec: EvaluationSpec) -> EvaluationSpec:
    """The specification, with the precision in which the finished cells of this run were predicted.

    `auto` depends on the device and its free memory; resumed elsewhere, a run would mix two precisions without a word.
    """
    path = folder / "provenance.json"
    if spec.precision != "auto" or not path.is_file() or not any((folder / "units").glob("*.parquet")):
        return spec
    earlier = read_json(path).get("precision")
    return replace(spec, precision=earlier) if earlier in get_args(Precision) else spec


def duplicates(provenance: Mapping[str, Any]) -> str:
    """What is said of near-duplicates of training stimuli, as far as they were at hand to compare with."""
    learned, compared = provenance["trained_on"], provenance["studies_compared"]
    if not learned:
        return "not compared: no training studies of the model are on record"
    if learned and not compared:
        return f"not compared: the stimuli of the {learned:,} training studies are not at hand"
    found = f"{len(provenance['near_duplicates']):,} stimuli close to a training stimulus"
    if compared < learned:
        found += f" of {compared:,} training studies; not compared with the other {learned - compared:,}"
    if provenance.get("studies_sketched"):
        found += f" ({provenance['studies_sketched']:,} studies compared by the hashes that came with the adapter)"
    return found


def waiting(ahead: int) -> str:
    """The status line of a run in the queue."""
    runs = "1 run of this directory is" if ahead == 1 else f"{ahead} runs of this directory are"
    return f"waiting      {runs} ahead in the queue; Ctrl-C or --cancel leaves it"


def _log(folder: Path) -> Say:
    """Print a line and keep it in the run's log."""

    def say(text: str) -> None:
        print(text, flush=True)  # noqa: T201
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(text + "\n")

    return say


def main(
    run: Annotated[Path, typer.Argument(help="The run's folder.")],
    engine: Annotated[Literal["local", "ray"], typer.Option(help="Where cells are predicted.")] = "local",
) -> None:
    """Work on a run until it is finished or cancelled."""
    work(run, engine)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command()(main)
    command.run(app)
