"""Evaluate a model on studies that it has not seen.

    python -m eval.run --studies bundled --model uniform --out runs/uniform
    python -m eval.run --studies studies --split test --model demo --adapter DIR --out runs/demo
    python -m eval.run --out runs/demo               # go on with a run, or watch it

Every finished cell is a file in RUN/units. A run that was stopped, or whose process was killed, goes on where it was
when the same command is given again; while a worker is at work, the command shows its progress.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from eval.score import write_results
from socrates_core import command, run_queue
from socrates_core.errors import RunError, SocratesError
from socrates_core.evaluate import EvaluationData, batches, evaluation_data, leaks
from socrates_core.evaluation import evaluate
from socrates_core.evaluation_spec import EvaluationSpec, data_digest, open_studies, specify
from socrates_core.evaluation_words import headline
from socrates_core.model.answer_model import ModelDescription
from socrates_core.predictions import cells_of
from socrates_core.ray_engine import RayEngine
from socrates_core.report import versions
from socrates_core.run_state import is_alive, record, state
from socrates_core.runs import cancel as cancel_run
from socrates_core.runs import delete, launch, open_run, read_spec, turn, worker, write_json
from socrates_core.units import LocalEngine, collect, do_units

app = typer.Typer(add_completion=False)


@app.command()
def run(
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/ID.")] = None,
    studies: Annotated[str | None, typer.Option(help="bundled, or a folder that train.prepare wrote.")] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option(help="The part to evaluate.")] = "test",
    model: Annotated[
        str | None, typer.Option(help="uniform, marginal, demo, a folder, a Hub id, or endpoint:NAME@URL.")
    ] = None,
    adapter: Annotated[str | None, typer.Option(help="A LoRA adapter: a folder or a Hub id.")] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template, for a model without a record.")] = None,
    per_cell: Annotated[int | None, typer.Option(help="At most so many random people of each cell.")] = None,
    study: Annotated[list[str] | None, typer.Option(help="Only this study of the part; can be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Of the people drawn and of all resamples.")] = 42,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Evaluate studies that the model has learned from; stamps the report.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Leave the work to a process of its own.")] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where cells are predicted: here, or on a Ray cluster.")
    ] = "local",
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop the worker of RUN; what is done stays.")] = False,
    convention: Annotated[
        Literal["scale", "observed"], typer.Option(help="Of the figure that is printed; metrics.json has both.")
    ] = "scale",
) -> None:
    """Evaluate a model on a part of a split, as a run that can be stopped and resumed."""
    if cancel:
        cancel_run(_named(out))
        print(f"cancelled    {out}: the worker stops after the cells that it is at")
        return
    if studies is None or model is None:
        out = _named(out)
        if studies is not None or model is not None or not (out / "spec.json").is_file():
            raise RunError(f"a new run needs --studies and --model; {out} is no run to go on with")
        spec = read_spec(out)
    else:
        whole, divided = open_studies(studies)
        spec = specify(
            whole, divided, studies, split, model, adapter, template, per_cell, seed, allow_seen, tuple(study or ())
        )
        # what cannot be evaluated is said before a folder is made
        evaluation_data(whole, divided, spec.part, spec.only)
    out = out or Path("runs") / spec.run_id
    fresh = not (out / "spec.json").is_file()
    open_run(out, spec)
    if state(out).code == "finished":
        print(f"finished     {out}; nothing to do. Score it again with python -m eval.score {out} --out DIR")
    elif detach and not is_alive(out):
        launch(out, engine)
        print(f"started      {out}; the same command without --detach shows its progress")
        return
    elif is_alive(out):
        watch(out)
    else:
        work_or_leave_nothing(out, spec, engine, fresh)
    show(out, convention)


def work_or_leave_nothing(out: Path, spec: EvaluationSpec, engine: str, fresh: bool) -> None:
    """Do the work; a new run that ends before its first cell, for a misspelt model say, leaves no folder behind."""
    try:
        work(out, spec, engine)
    except SocratesError:
        if fresh and state(out).done == 0:
            delete(out)
        raise


def work(out: Path, spec: EvaluationSpec, engine: str) -> None:
    """Predict what is missing, then score everything: the whole of a run, in this process."""
    with worker(out):
        say = _tell(out)
        with turn(out, lambda ahead: say(_waiting(ahead))) if engine == "local" else nullcontext(True) as came:
            if not came:
                say(f"cancelled    {out} left the line; the same command takes a new place")
                raise typer.Exit(0)
            work_now(out, spec, engine, say)


def work_now(out: Path, spec: EvaluationSpec, engine: str, say: Callable[[str], None]) -> None:
    """The same once its turn has come. Runs on a Ray cluster take no turns: the cluster hands out its GPUs itself."""
    started = time.perf_counter()
    record(out, "loading")
    whole, divided = open_studies(spec.studies)
    if (data_digest(whole), divided.digest) != (spec.data, spec.split):
        raise RunError(f"{spec.studies} has been prepared anew since this run began; start another run")
    data = evaluation_data(whole, divided, spec.part, spec.only)
    say(f"studies      {spec.studies}, part {spec.part}: {len(data.title)} studies, {len(data.cells)} cells")
    for one in data.left_out[:5]:
        say(f"left out     cell {one['cell']}, {one['name']}: {one['reason']}")
    with RayEngine(spec) if engine == "ray" else LocalEngine(spec, data) as predictions:
        provenance = describe(spec, data, predictions.description)
        write_json(out / "provenance.json", provenance)
        say(f"model        {provenance['model']}, template {provenance['template']}, {provenance['device']}")
        if provenance["contaminated"]:
            say(f"CONTAMINATED the model has learned from {', '.join(provenance['contaminated'])}")
        say(f"duplicates   {len(provenance['near_duplicates'])} stimuli close to a training stimulus")
        if not do_units(out, data, batches(data, spec.per_cell), predictions.results, _show_progress()):
            say(f"cancelled    {out}; the same command goes on")
            raise typer.Exit(0)
    record(out, "scoring")
    evaluation = evaluate(cells_of(collect(out, provenance)), provenance, spec.seed)
    write_results(evaluation, out)
    record(out, "finished", seconds=round(time.perf_counter() - started, 1))
    say(f"wrote        {out}/metrics.json, report.html, report.md in {time.perf_counter() - started:.1f} s")


def describe(spec: EvaluationSpec, data: EvaluationData, model: ModelDescription) -> dict[str, Any]:
    """Where the predictions come from; refuses a model that has learned from what it is evaluated on."""
    revisions = {
        name: (value or "").partition("@")[2] or None
        for name, value in (("model", spec.model), ("adapter", spec.adapter))
        if not (value or "").startswith("endpoint:")
    }
    return {
        "model": model.name,
        "adapter": model.adapter,
        "revisions": {**revisions, "studies": data.studies.manifest.revision},
        "template": model.template,
        "device": model.device,
        "precision": model.precision,
        "demo": model.demo,
        "studies": spec.studies,
        "source": data.studies.manifest.source,
        "data_digest": spec.data,
        "part": spec.part,
        "split_digest": spec.split,
        "per_cell": spec.per_cell,
        "sampling_seed": spec.seed,
        "only": list(spec.only),
        "versions": versions(),
        **leaks(data, model, spec.allow_seen),
        "left_out": list(data.left_out),
    }


def watch(out: Path) -> None:
    """Show the progress of a worker that is at work elsewhere; leaving does not stop it."""
    print(f"attached     {out}: a worker is at work on it; Ctrl-C leaves it to its work")
    show_progress = _show_progress()
    first = state(out).done
    told = 0
    while is_alive(out):
        now = state(out)
        ahead = run_queue.ahead(run_queue.line(out.resolve().parent), out.resolve().name)
        if now.code == "waiting" and ahead and ahead != told:
            print(_waiting(ahead))
            told = ahead
        if now.total:
            show_progress(now.done, now.total, now.done - first, now.total - first)
        time.sleep(1)
    ended = state(out)
    if ended.code != "finished":
        raise RunError(f"{out} ended as {ended.code}: {ended.message or 'the same command goes on with it'}")


def show(out: Path, convention: str) -> None:
    """Print the result of a finished run."""
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    print(headline(metrics, convention))


def _named(out: Path | None) -> Path:
    if out is None:
        raise RunError("name the run with --out RUN, or start one with --studies and --model")
    return out


def _waiting(ahead: int) -> str:
    runs = "1 run of this directory is" if ahead == 1 else f"{ahead} runs of this directory are"
    return f"waiting      {runs} ahead; runs take turns, Ctrl-C or --cancel leaves the line"


def _tell(out: Path) -> Callable[[str], None]:
    """Print a line and keep it in the run's log."""

    def say(text: str) -> None:
        print(text, flush=True)
        with (out / "log.txt").open("a", encoding="utf-8") as log:
            log.write(text + "\n")

    return say


def _show_progress() -> Callable[[int, int, int, int], None]:
    """A line on stderr that is rewritten about once a second: cells done, rate, time left."""
    started = time.perf_counter()
    last = [started]

    def show_it(done: int, total: int, asked: int, to_ask: int) -> None:
        now = time.perf_counter()
        if done < total and now - last[0] < 1:
            return
        last[0] = now
        rate = asked / max(now - started, 1e-9)
        left = f"{(to_ask - asked) / rate:.0f} s left" if asked else "time left unknown"
        ending = "\n" if done >= total else "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(f"cells        {done:,} of {total:,} ({done / total:.0%}), {rate:,.0f}/s, {left}{ending}")
        sys.stderr.flush()

    return show_it


if __name__ == "__main__":
    command.run(app)
