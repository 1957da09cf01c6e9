"""The command that goes from SocSci210 to an evaluated and calibrated model, in stages that resume."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from filelock import FileLock, Timeout

from socrates_core.errors import HubError, RunError, TrainingError, shown
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.results.metrics import load_metrics
from socrates_core.hub.push.plan import plan_push
from socrates_core.hub.reproduction.estimate import (
    SEEN_RESPONSES,
    SEEN_STUDIES,
    of_evaluation_by_published_counts,
    of_training_by_published_counts,
)
from socrates_core.hub.reproduction.evaluations import (
    TEST,
    Evaluating,
    calibration_stage,
    cannot_calibrate,
    test_stage,
)
from socrates_core.hub.reproduction.marker import FOLDER, Marker, Stage, complete, read_marker, refuse_others, say
from socrates_core.hub.reproduction.predictor import (
    check_machine,
    described,
    predictor,
    predictor_stage,
    unknown_training,
)
from socrates_core.hub.reproduction.published import UNSEEN_RESPONSES, Comparison, as_markdown, compare
from socrates_core.hub.reproduction.request import CALIBRATED_ON, ORIGINAL, Request, checked
from socrates_core.hub.reproduction.studies import FOLDER as STUDIES
from socrates_core.hub.reproduction.studies import (
    NAMED,
    Prepared,
    digests_of,
    hub_name,
    is_socsci210,
    prepared,
    studies_stage,
)
from socrates_core.model.folder import DEMO, NO_ADAPTER
from socrates_core.model.loading import has_weights
from socrates_core.model.record import CALIBRATION as CALIBRATION_FILE
from socrates_core.study.files import write_file, write_json
from socrates_core.study.split import Split, part
from socrates_core.study.study_set import StudySet
from socrates_core.trust.calibration import load_calibration

CARD: Final = "card.md"
TABLE: Final = "reproduction"
UNNAMED: Final = "OWNER/NAME"


def reproduce(
    out: Annotated[Path, typer.Option(help="The folder of everything; the same command continues what is in it.")],
    model: Annotated[
        str | None, typer.Option(help="A model to evaluate as it is; with --train or --adapter, its base.")
    ] = None,
    adapter: Annotated[str | None, typer.Option(help="A LoRA adapter to evaluate: a folder or a Hub id.")] = None,
    train: Annotated[
        str | None, typer.Option(help=f"A recipe to train: a name or a YAML file. Default without a model: {ORIGINAL}.")
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Train on this random share of the answers, in place of the recipe's.")
    ] = None,
    per_cell: Annotated[int | None, typer.Option(help="Evaluate at most this many people of each cell.")] = None,
    calibration: Annotated[
        int, typer.Option(help="Set aside this many of the seen studies, before any training, to calibrate on.")
    ] = CALIBRATED_ON,
    source: Annotated[str, typer.Option(help="Studies in the form of SocSci210, as prepare takes them.")] = NAMED,
    revision: Annotated[
        str | None, typer.Option(help="Commit, branch or tag of the data set; default: the newest, which is kept.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template, for a model without a record.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split and of the people drawn.")] = 42,
    precision: Annotated[
        str, typer.Option(help="Evaluate in auto, nf4, nf4-dequantised, bf16 or float32; a recipe trains in its own.")
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the stages, how long each takes and what it costs, and stop.")
    ] = False,
) -> None:
    """Reproduce the paper: train, evaluate on the 40 unseen studies, calibrate; each stage resumes."""
    asked = Request(out, source, revision, model, adapter, None, template, per_cell, calibration, seed, precision)
    request = checked(asked, train, share)
    if dry_run:
        show_stages(request)
        return
    hub_name(request)  # a name that is not one is refused before what it would take
    check_machine(request)
    with alone(out):
        studies = prepared(request)
        found = Evaluating(request, studies, predictor(request, studies))
        evaluated = complete(out, test_stage(found))
        calibrated = complete(out, calibration_stage(found))
        conclude(found, evaluated, calibrated)


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold the folder, so that no other process works in it.

    Raises:
        RunError: If another one does, or nothing can be written there.
    """
    try:
        (out / FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{shown(out)} cannot be written ({error.strerror}); choose another --out") from error
    lock = FileLock(out / FOLDER / ".lock")
    try:
        lock.acquire(timeout=1)
    except Timeout:
        raise RunError(f"another process is working in {shown(out)}; wait for it, or choose another --out") from None
    try:
        yield
    finally:
        lock.release()


def conclude(found: Evaluating, evaluated: Marker, calibrated: Marker) -> None:
    """Write the table and the card, and print what to do with them."""
    out = found.request.out
    comparison = compared(found)
    text = as_markdown(comparison)
    write_json(out / f"{TABLE}.json", as_json(comparison))
    write_file(out / f"{TABLE}.md", text)
    say(f"\n{text}")
    if calibrated.note:
        say(f"{calibrated.note}. Without a calibration the page can't say how far off predictions may be.")
    else:
        say(f"page         python app.py {shlex.join(page_options(found))}")
    write_card(found)
    seconds = sum(marker.seconds or 0 for marker in (evaluated, calibrated))
    say(f"wrote        {out / TABLE}.md and .json; evaluated and calibrated in {seconds:.0f} s")


def page_options(found: Evaluating) -> list[str]:
    """The options with which `app.py` predicts as the calibration knows it, on these studies."""
    predictor, calibration = found.predictor, found.request.out / CALIBRATION_FILE
    precision = load_calibration(calibration).fingerprint.precision
    options = {
        "--model": predictor.model,
        "--adapter": predictor.adapter or (NO_ADAPTER if predictor.model == DEMO else None),
        "--template": predictor.template,
        "--precision": precision if has_weights(predictor.model) else None,  # chosen anew, it may be another
        "--calibration": calibration,
        "--studies": found.studies.folder,
    }
    return [word for name, value in options.items() if value is not None for word in (name, str(value))]


def compared(found: Evaluating) -> Comparison:
    """The evaluation beside the published figures."""
    folder = found.studies.folder
    tested = part(StudySet.load(folder), Split.load(folder / "split.json"), TEST)
    return compare(load_metrics(found.runs / TEST), found.predictor.name, len(tested.responses))


def write_card(found: Evaluating) -> None:
    """Write the card of an adapter, and print the command that pushes both; or why there is none."""
    out, adapter = found.request.out, found.predictor.adapter
    if adapter is None:
        say("no card      only adapters are pushed, and this is a model as it is")
        return
    try:
        plan = plan_push(adapter, UNNAMED, offline=True, run=found.runs / TEST)
    except HubError as error:
        say(f"no card      {error}")
        return
    write_file(out / CARD, plan.card)
    say(f"card         {out / CARD}; to push: socrates push {adapter} {UNNAMED} --run {found.runs / TEST}")


# -- without doing anything


def show_stages(request: Request) -> None:
    """Print every stage with its state, its time and its cost; reads little and writes nothing."""
    studies = _shown(request, studies_stage(request))
    found = trained = None
    if studies is not None:
        place = Prepared(request.out / STUDIES, digests_of(request.out, studies))
        trained = _shown(request, predictor_stage(request, place))
        found = None if trained is None else Evaluating(request, place, described(request, trained))
    else:
        say(f"{'model':<13}to do: {_training_words(request)}")
    if found is not None:
        _shown(request, test_stage(found))
        _shown(request, calibration_stage(found))
    else:
        aside = SEEN_RESPONSES * request.calibration // SEEN_STUDIES
        say(f"{'evaluation':<13}to do: {_evaluation_words(request, UNSEEN_RESPONSES)}")
        as_it_is = request.model if request.recipe is None and request.adapter is None else None
        reason = cannot_calibrate(request, None if as_it_is is None else unknown_training(as_it_is, None))
        predicted = f"nothing to predict: {reason}" if reason else _evaluation_words(request, aside)
        say(f"{'calibration':<13}to do: {predicted}")
    try:
        check_machine(request)
    except TrainingError as error:
        say(f"not here     {error}")
    say("dry run      nothing was done")


def _shown(request: Request, stage: Stage) -> Marker | None:
    """Print the state of a stage; returns its marker if it is done."""
    marker = read_marker(request.out, stage.name)
    if marker is not None:
        refuse_others(request.out, stage, marker)
    done = marker is not None and marker.files is not None
    state = "done" if done else f"to {'continue' if marker else 'do'}: {stage.estimate()}"
    say(f"{stage.name:<13}{state}")
    return marker if done else None


def _training_words(request: Request) -> str:
    if request.recipe is None:
        return "nothing is trained"
    if not is_socsci210(request):
        return "training; how long is not known before the data are there"
    return of_training_by_published_counts(request.recipe, request.calibration)


def _evaluation_words(request: Request, answers: int) -> str:
    model = request.recipe.base if request.recipe is not None else request.model
    if model is None or not is_socsci210(request):
        return "how long is not known before data and model are there"
    most = "" if request.per_cell is None else f", fewer with {request.per_cell} people of each cell"
    device = "auto" if request.recipe is None else request.recipe.device
    return of_evaluation_by_published_counts(model, answers, device) + most
