"""What loading a model takes, said before anything is loaded: memory, download, requests and tokens."""

import shutil
from pathlib import Path
from typing import Final

from huggingface_hub import constants
from markupsafe import Markup

from socrates_core.errors import ModelError, SocratesError
from socrates_core.model.endpoint.endpoint_model import PREFIX, EndpointModel, endpoint_of
from socrates_core.model.folder import BUNDLED_MODELS, HUB_ID
from socrates_core.model.size import memory_need
from socrates_core.report.markup import markup
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import arms_of
from socrates_core.study.files import data_size
from socrates_core.study.study_set import Cell, StudySet, persona_rows
from socrates_core.ui.loading.cached import cached_models
from socrates_core.ui.startup import size_on_hub

LONGEST: Final = 500
"""Longest name of a model, in characters."""

PEOPLE: Final = 200
"""Simulated people in each condition, as the page asks for by default."""


def checked_name(raw: str | None) -> str:
    """The name of a model, as typed.

    Raises:
        ModelError: If it is empty, or none at all.
    """
    name = " ".join(str(raw or "").split())
    if not name:
        raise ModelError("Enter the name of a model: OWNER/NAME on the Hub, a folder, or endpoint:NAME@URL.")
    if len(name) > LONGEST or not name.isprintable():
        raise ModelError(f"This is not the name of a model ({len(name):,} characters).")
    if name in BUNDLED_MODELS:
        raise ModelError(f"{name} comes with the software: choose it under Model.")
    return name


def quote_html(name: str, studies: StudySet, cell: Cell) -> Markup:
    """What a model takes, as HTML.

    Args:
        name: A Hub id (with `@revision`), a folder, or `endpoint:NAME@URL`.
        studies: Of the cell.
        cell: An example, by which requests are counted.

    Raises:
        SocratesError: If there is no such model, or the Hub cannot be reached for one that is not here.
    """
    if name.startswith(PREFIX):
        facts, notes = _of_endpoint(endpoint_of(name), studies, cell)
    else:
        facts, notes = _of_weights(name)
    return markup(
        "<div class='quote'><dl class='facts'>"
        "{% for term, fact in facts.items() %}<div><dt>{{ term }}</dt><dd>{{ fact }}</dd></div>{% endfor %}</dl>"
        "{% for kind, words in notes %}<p class='{{ kind }}'>{{ words }}</p>{% endfor %}</div>",
        facts=facts, notes=notes,
    )  # fmt: skip


def _of_endpoint(model: EndpointModel, studies: StudySet, cell: Cell) -> tuple[dict[str, str], list[tuple[str, str]]]:
    arms, _ = arms_of(studies.cells_of(cell.study_id), cell, SimulationRequest(cell.cell_id).max_arms)
    people = persona_rows(studies.participants_of(cell.study_id).head(PEOPLE))
    facts = {"Memory": "none here: the server holds the model", "Sent to": model.url}
    try:
        plan = model.plan([(arm, people) for arm in arms])
    except SocratesError as error:  # an open-ended outcome
        facts["Requests"] = f"cannot be counted: {error}"
    else:
        many = f"{len(people):,} people in {len(arms)} {'condition' if len(arms) == 1 else 'conditions'}"
        facts[f"For example, {cell.study_id} with {many}"] = (
            f"{plan.requests:,} requests (at most {plan.most_requests:,}), up to about {plan.prompt_tokens:,} tokens "
            f"of prompts and {plan.answer_tokens:,} of answers"
        )
    cost = (
        "Every Run that is not remembered costs requests, paid with the key of this app. Attributes of the simulated "
        "people and the texts they read go to this server. Loading only asks whether the server is there."
    )
    return facts, [("warning", cost)]


def _of_weights(name: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    need = memory_need(name)
    facts = {"Size": need.size, "Memory": need.memory}
    identity = name.partition("@")[0]
    here = {one.repo_id: one.size for one in cached_models()}
    notes = []
    if Path(name).is_dir() or identity in here:
        facts["Download"] = "nothing: it is on this machine"
    elif HUB_ID.fullmatch(identity):
        size, free = size_on_hub(name), shutil.disk_usage(_existing(Path(constants.HF_HUB_CACHE))).free
        known = "of unknown size" if size is None else data_size(size)
        facts["Download"] = f"{known}; {data_size(free)} are free on the disk"
        if size is not None and size > free:
            notes.append(("warning", "There is not enough space on the disk for it."))
    facts["Cost"] = "no tokens: it runs on this machine, and everybody who uses it waits for the same hardware"
    if not need.fits:
        notes.append(("warning", "It does not fit: unload another model, or choose a smaller one or larger hardware."))
    return facts, notes


def _existing(folder: Path) -> Path:
    """The nearest folder above that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
