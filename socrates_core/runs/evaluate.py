"""The command that evaluates a model, as a run that can be stopped and resumed."""

import shutil
import time
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from socrates_core import command
from socrates_core.command import refusal
from socrates_core.errors import ModelError, RunError, SocratesError, shown
from socrates_core.evaluation.data import evaluation_data
from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.results.metrics import load_metrics
from socrates_core.evaluation.spec import EvaluationSpec, open_studies, specify
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.people.sending import are_public, words_on_sending
from socrates_core.report.evaluated.headline import answers_compared, headline
from socrates_core.runs import queue as run_queue
from socrates_core.runs.folder import cancel as cancel_run
from socrates_core.runs.folder import delete, launch, open_run, read_spec
from socrates_core.runs.state import STARTED_BY, is_alive, record, state
from socrates_core.runs.worker import waiting, work
from socrates_core.simulation.robustness.asking import check_both_orders
from socrates_core.study.files import unmade_on_error
from socrates_core.study.study_set import Cell, StudySet

ALLOW_SEEN: Final = "Evaluate studies that the model was trained on; the report is marked CONTAMINATED."
CONFIRM: Final = "Send attributes of people from a file of your own to an endpoint; without this, nothing is sent."
BY_COMMAND: Final = "command line"
OTHER_BASE: Final = "Load an adapter that names another base model; the report says so."


def run(
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/ID.")] = None,
    studies: Annotated[str | None, typer.Option(help="bundled, or a folder that train.prepare wrote.")] = None,
    split: Annotated[
        Literal["train", "val", "calibration", "test"], typer.Option(help="The part to evaluate.")
    ] = "test",
    model: Annotated[
        str | None, typer.Option(help="uniform, marginal, demo, a folder, a Hub id, or endpoint:NAME@URL.")
    ] = None,
    adapter: Annotated[str | None, typer.Option(help="A LoRA adapter: a folder or a Hub id.")] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template, for a model without a record.")] = None,
    precision: Annotated[str, typer.Option(help="auto, nf4, nf4-dequantised, bf16 or float32.")] = "auto",
    per_cell: Annotated[int | None, typer.Option(help="At most this many people per cell, drawn at random.")] = None,
    study: Annotated[list[str] | None, typer.Option(help="Only this study of the part; can be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the people drawn and of all resamples.")] = 42,
    allow_seen: Annotated[bool, typer.Option("--allow-seen", help=ALLOW_SEEN)] = False,
    other_base: Annotated[bool, typer.Option("--other-base", help=OTHER_BASE)] = False,
    both_orders: Annotated[
        bool, typer.Option("--both-orders", help="Average over the options in both orders: twice the work.")
    ] = False,
    confirm_people: Annotated[bool, typer.Option("--confirm-people", help=CONFIRM)] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Run in a separate background process.")] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where cells are predicted: here, or on a Ray cluster.")
    ] = "local",
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop the worker of RUN; finished cells are kept.")] = False,
    convention: Annotated[
        Literal["scale", "observed"], typer.Option(help="Convention of the printed W; metrics.json has both.")
    ] = "scale",
) -> None:
    """Evaluate a model on a part of a split, as a run that can be stopped and resumed."""
    if cancel:
        cancel_run(_named(out))
        print(f"cancelled    {out}: the worker stops after the current cells")
        return
    if studies is None or model is None:
        spec = standing_spec(_named(out), asked=studies is not None or model is not None)
    else:
        whole, divided = open_studies(studies)
        asked = (model, adapter, template, per_cell, seed, allow_seen, tuple(study or ()), other_base, precision)
        spec = specify(whole, divided, studies, split, *asked, both_orders)
        # what cannot be evaluated is refused before a folder is created
        data = evaluation_data(whole, divided, spec.part, spec.only)
        if both_orders:
            check_orders(data.cells)
        if not confirm_people:
            check_sending(data.studies, model)
    out = out or Path("runs") / spec.run_id
    fresh = begin(out, spec)
    if bring_to_an_end(out, spec, engine, detach, fresh):
        show(out, convention)


def begin(out: Path, spec: EvaluationSpec) -> bool:
    """Open the run, and return whether it is a new one; of a new one that cannot be written nothing stays."""
    fresh = not (out / "spec.json").is_file()
    with unmade_on_error(out):
        open_run(out, spec)
        try:
            if fresh:
                record(out, STARTED_BY, by=BY_COMMAND)
        except OSError as error:
            shutil.rmtree(out, ignore_errors=True)
            raise RunError(refusal(error, out)) from error
    return fresh


def check_sending(studies: StudySet, model: str) -> None:
    """Raise a RunError if an endpoint would get attributes of people whose rows are not public.

    Args:
        studies: Those that are evaluated.
        model: As the command takes it.
    """
    if model.startswith(ENDPOINT) and not are_public(studies):
        told = words_on_sending(studies, studies.study_ids, model.removeprefix(ENDPOINT))
        raise RunError(f"this would send {told} Run python -m eval.run with --confirm-people if they may be sent")


def check_orders(cells: Iterable[Cell]) -> None:
    """Raise a RunError if the options of a cell cannot be listed in both orders; names its study."""
    for study, members in groupby(cells, key=lambda cell: cell.study_id):
        try:
            check_both_orders(members)
        except ModelError as error:
            raise RunError(f"--both-orders: study {study}: {error} Choose others with --study") from error


def standing_spec(out: Path, asked: bool) -> EvaluationSpec:
    """The specification of the run in this folder, when none is given with the command."""
    if asked or not (out / "spec.json").is_file():
        raise RunError(f"a new run needs --studies and --model; {out} is not a run to resume")
    return read_spec(out)


def bring_to_an_end(out: Path, spec: EvaluationSpec, engine: str, detach: bool, fresh: bool) -> bool:
    """Complete the run, or watch the worker that does; returns whether there is a result to show."""
    if state(out).code == "finished":
        print(f"finished     {out}; nothing to do. Score it again with python -m eval.score {out} --out DIR")
    elif is_alive(out):
        watch(out)
    elif detach:
        launch(out, engine)
        print(f"started      {out}; the same command without --detach shows its progress")
        return False
    else:
        work_or_leave_nothing(out, spec, engine, fresh)
    return True


def work_or_leave_nothing(out: Path, spec: EvaluationSpec, engine: str, fresh: bool) -> None:
    """Do the work; a new run that fails before its first cell, on a misspelt model for example, leaves no folder."""
    try:
        if not work(out, engine):
            raise typer.Exit(0)
    except SocratesError:
        if fresh and state(out).done == 0:
            delete(out)
        raise


def watch(out: Path) -> None:
    """Show the progress of a worker in another process; interrupting this does not stop it."""
    print(f"attached     {out}: a worker is running; Ctrl-C detaches and does not stop it")
    show_progress = command.progress("cells")
    first = state(out).done
    told = 0
    while is_alive(out):
        now = state(out)
        ahead = run_queue.position(run_queue.slots(out.resolve().parent), out.resolve().name)
        if now.code == "waiting" and ahead and ahead != told:
            print(waiting(ahead))
            told = ahead
        if now.total:
            show_progress(now.done, now.total, now.done - first, now.total - first)
        time.sleep(1)
    ended = state(out)
    if ended.code != "finished":
        raise RunError(f"{out} ended as {ended.code}: {ended.message or 'the same command resumes it'}")


def show(out: Path, convention: Convention) -> None:
    """Print the result of a finished run."""
    metrics = load_metrics(out)
    for warning in metrics.provenance.warnings:
        print(shown(warning))
    print(headline(metrics, convention))
    print(answers_compared(metrics))


def _named(out: Path | None) -> Path:
    if out is None:
        raise RunError("name the run with --out RUN, or start one with --studies and --model")
    return out
