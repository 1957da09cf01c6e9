"""The second stage: the model that predicts, trained here, pulled from the Hub, or taken as it is."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from socrates_core.errors import RunError, shown
from socrates_core.evaluation.spec import in_full
from socrates_core.finetune.recipe import Recipe, recipe_text
from socrates_core.finetune.train import train
from socrates_core.hub.access import saved_token
from socrates_core.hub.inspection import CONFIG, RECORD, WEIGHTS, inspect
from socrates_core.hub.pull.retrieval import pull
from socrates_core.hub.reproduction.estimate import of_training
from socrates_core.hub.reproduction.marker import Made, Marker, Stage, complete, read_marker
from socrates_core.hub.reproduction.request import Request
from socrates_core.hub.reproduction.studies import Prepared
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.model.endpoint.endpoint_model import RELEASED
from socrates_core.model.folder import BUNDLED_MODELS, DEMO, local_folder, origin_of
from socrates_core.model.record import ModelRecord
from socrates_core.model.size import give_back_memory
from socrates_core.study.files import write_file

FOLDER: Final = "adapter"
RECIPE: Final = "recipe.yaml"
WITHOUT_WEIGHTS: Final = tuple(name for name in BUNDLED_MODELS if name != DEMO)


@dataclass(frozen=True)
class Predictor:
    """What is evaluated."""

    model: str
    """As `load_model` takes it, with the commit that was pinned."""
    adapter: Path | None
    """Its folder."""
    template: str | None
    """As asked for."""
    digest: str | None
    """sha256 of the adapter's weights."""
    no_calibration: str | None
    """Why it cannot be calibrated: which studies trained it is not known; None if it is."""

    @property
    def name(self) -> str:
        """For tables."""
        local = Path(self.model).is_dir()
        base = (origin_of(Path(self.model)).hub_id or Path(self.model).name) if local else self.model.partition("@")[0]
        return base if self.adapter is None else f"{base} with adapter"


def predictor_stage(request: Request, studies: Prepared) -> Stage:
    """The stage `model`."""
    if request.recipe is not None:
        return _training(request, request.recipe, studies)
    folder = request.out / FOLDER
    local = request.adapter is not None and Path(request.adapter).is_dir()

    def pin() -> Mapping[str, str | None]:
        return {"revision": None if request.model is None else _commit(request.model)}

    def work(_: Mapping[str, str | None]) -> Made:
        if request.adapter is None:
            return Made((), f"{request.model} as it is")
        if local:
            return Made(_files(Path(request.adapter)), f"{shown(request.adapter)} as it is")
        found = pull(request.adapter, folder, saved_token())
        return Made(_files(folder), f"pulled {found.repo_id}@{found.commit}, {found.size / 1e6:,.1f} MB")

    def estimate() -> str:
        if request.adapter is None or local:
            return "nothing is trained and nothing pulled"
        return f"pulling {request.adapter}, tens of megabytes, at the price of this machine"

    made_from = {
        "model": None if request.model is None else in_full(request.model),
        "adapter": None if request.adapter is None else in_full(request.adapter),
        "recipe": None,
    }
    return Stage("model", made_from, estimate, work, folder, pin)


def _training(request: Request, recipe: Recipe, studies: Prepared) -> Stage:
    folder, file = request.out / FOLDER, request.out / RECIPE

    def pin() -> Mapping[str, str | None]:
        return {"revision": recipe.base_revision or _commit(recipe.base)}

    def work(pinned: Mapping[str, str | None]) -> Made:
        used = replace(recipe, base_revision=pinned["revision"])
        write_file(file, recipe_text(used))
        if folder.is_dir() and not (folder / "run.json").is_file():
            shutil.rmtree(folder)  # killed before the training began
        train(config=file, studies=studies.folder, out=folder, resume=True)
        give_back_memory()
        return Made(_files(folder))

    made_from = {
        **studies.digests,
        "model": recipe.base,
        "adapter": None,
        "share": recipe.fraction,
        "recipe": hashlib.sha256(recipe_text(recipe).encode()).hexdigest()[:16],
    }
    return Stage("model", made_from, lambda: of_training(recipe, studies.folder), work, folder, pin)


def predictor(request: Request, studies: Prepared) -> Predictor:
    """Complete the stage.

    Raises:
        RunError: If the adapter does not name its base on the Hub, and no model is named.
    """
    return described(request, complete(request.out, predictor_stage(request, studies)))


def check_machine(request: Request) -> None:
    """Raise a TrainingError if a training is still to be done that this machine cannot do."""
    marker = read_marker(request.out, "model")
    if request.recipe is None or request.recipe.device != "cuda" or (marker is not None and marker.files is not None):
        return
    from socrates_core.finetune.network import check_device  # imports torch, which takes seconds

    check_device(request.recipe)


def described(request: Request, marker: Marker) -> Predictor:
    """What is evaluated, once the stage is done.

    Raises:
        RunError: As for `predictor`.
    """
    revision = marker.pinned["revision"]
    if request.recipe is not None:
        folder: Path | None = request.out / FOLDER
        model = _at(request.recipe.base, revision)
    elif request.adapter is not None:
        folder = Path(request.adapter) if Path(request.adapter).is_dir() else request.out / FOLDER
        model = _at(request.model, revision) if request.model is not None else _base_of(folder)
    else:
        assert request.model is not None
        folder, model = None, _at(request.model, revision)
    digest = None if folder is None else marker.file(request.out.resolve(), str(folder.resolve() / WEIGHTS))
    return Predictor(model, folder, request.template, digest, unknown_training(model, folder))


def unknown_training(model: str, adapter: Path | None) -> str | None:
    """Why it is not known which studies a model was trained on; None if it is."""
    if adapter is not None:
        if ModelRecord.load(adapter) is None:
            return "the adapter does not record which studies it was trained on, so none is known to be new to it"
        return None
    if model.startswith(RELEASED):
        return f"{model.partition('@')[0]} was trained on all 170 seen studies, and the 40 unseen ones are for the test"
    return f"{model} is a baseline" if model in WITHOUT_WEIGHTS else None


def _base_of(adapter: Path) -> str:
    found = inspect(adapter)
    base = found.config.base
    if not base or (base not in BUNDLED_MODELS and Path(base).is_absolute()):
        raise RunError(f"the adapter in {shown(adapter)} does not name its base on the Hub; name it with --model")
    recorded = found.record.base_revision if found.record else None
    return _at(base, recorded or found.config.base_revision)


def _commit(model: str) -> str | None:
    """The commit of a model of the Hub at which it is taken; None for any other, and for a name that has one."""
    apart = model in BUNDLED_MODELS or model.startswith(ENDPOINT)
    if apart or "@" in model or Path(model).is_dir():
        return None
    return origin_of(local_folder(model, "model", weights=False)).revision


def _at(model: str, revision: str | None) -> str:
    return model if revision is None or "@" in model or Path(model).is_dir() else f"{model}@{revision}"


def _files(folder: Path) -> tuple[Path, ...]:
    """The files of an adapter that determine what it predicts; a calibration can join them later."""
    return tuple(folder / name for name in (WEIGHTS, CONFIG, RECORD) if (folder / name).is_file())
