"""What is asked of a reproduction: its data, its model, how much of both, and where it goes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from socrates_core.command import check_seed
from socrates_core.errors import RunError, shown
from socrates_core.finetune.recipe import Recipe, load_recipe, recipe_file
from socrates_core.hub.reproduction.marker import FOLDER
from socrates_core.model.folder import check_name
from socrates_core.model.loading import has_weights
from socrates_core.model.precision import check_precision
from socrates_core.prompt import check_template
from socrates_core.study.files import check_folder
from socrates_core.study.sources.hub_address import hub_name

ORIGINAL: Final = "socrates-qwen14b"
"""The recipe that is trained if neither a model, an adapter nor a recipe is named."""

CALIBRATED_ON: Final = 20
"""Studies that are set aside to calibrate on: one more than an interval of 95 % must have been tried on."""


@dataclass(frozen=True)
class Request:
    """A reproduction, checked as far as that is possible before anything is read."""

    out: Path
    source: str
    """As `train.prepare` takes it."""
    revision: str | None
    """Of the data set, as asked for; None for the newest, which is then kept."""
    model: str | None
    """As `load_model` takes it; None for the base of the recipe or of the adapter."""
    adapter: str | None
    recipe: Recipe | None
    """What is trained, with model and share in place of its own; None if nothing is."""
    template: str | None
    """For a model or an adapter without a record."""
    per_cell: int | None
    """At most this many people of each cell are evaluated; all when None."""
    calibration: int
    """Studies that are set aside to calibrate on."""
    seed: int
    precision: str
    """As `load_model` takes it, for what is evaluated; a training has that of its recipe."""


def checked(request: Request, train: str | None, share: float | None) -> Request:
    """The request with its recipe.

    Args:
        request: Without one.
        train: The name or file of a recipe; the original run's if neither a model nor an adapter is named either.
        share: Of the training part's responses, in place of the recipe's.

    Raises:
        RunError: If options contradict each other, a number makes no sense, or OUT holds something else.
        ModelError: If there is no such precision or template, or a model or an adapter can be none by its name.
        TrainingError: If the recipe cannot be read.
    """
    if request.adapter is not None and train is not None:
        raise RunError("--adapter and --train exclude each other: name the adapter to evaluate, or the recipe to train")
    if request.adapter is None and train is None and request.model is None:
        train = ORIGINAL
    if train is None and share is not None:
        raise RunError("--share is for a training, and nothing is trained here; use --per-cell for fewer people")
    if train is not None and request.template is not None:
        raise RunError("--template is for a model without a record; a training takes that of its recipe")
    if share is not None and not 0 < share <= 1:
        raise RunError(f"--share {share:g} is not a share; choose one above 0 and up to 1")
    if request.per_cell is not None and request.per_cell < 2:
        raise RunError(f"--per-cell {request.per_cell} leaves too few people to compare; choose 2 or more")
    if request.calibration < 0:
        raise RunError(f"--calibration {request.calibration} is negative; choose 0 or more studies")
    if request.template is not None:
        check_template(request.template)
    check_seed(request.seed)
    check_precision(request.precision)
    check_out(request.out)
    recipe = None if train is None else _recipe(train, request.model, share)
    model = request.model if recipe is None else recipe.base
    if model is not None and has_weights(model):
        check_name(hub_name(model), "model")
    if request.adapter is not None:
        check_name(hub_name(request.adapter), "adapter")
    return replace(request, recipe=recipe)


def check_out(out: Path) -> None:
    """Raise a RunError unless OUT is new, empty, or a reproduction to go on with."""
    if out.is_file():
        raise RunError(f"--out {shown(out)} is a file; choose a folder")
    check_folder(out)
    if out.is_dir() and any(out.iterdir()) and not (out / FOLDER).is_dir():
        raise RunError(f"--out {shown(out)} is not empty and not a reproduction; choose another folder")


def _recipe(name: str, model: str | None, share: float | None) -> Recipe:
    recipe = load_recipe(recipe_file(Path(name)))
    if model is not None:
        local = Path(model).is_dir()
        base, _, revision = (model, "", "") if local else model.partition("@")
        recipe = replace(recipe, base=str(Path(model).resolve()) if local else base, base_revision=revision or None)
    return recipe if share is None else replace(recipe, fraction=share)
