"""Which model answers a visitor: a menu where there are several, and the way for other tabs to choose in it."""

import itertools
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.ui.models import Models

_COUNT: Final = itertools.count(1)


@dataclass(frozen=True, eq=False)
class ModelChoice:
    """The components; what is chosen lives in the visitor's page."""

    menu: gr.Dropdown
    """Its value is the name of a model, as links hold it. Shown where there are several."""
    picked: gr.Textbox
    """Hidden: another tab writes here what `pick` gives."""


def model_choice(models: Models) -> ModelChoice:
    """Make the components; the page renders them where they belong."""
    menu = gr.Dropdown(
        models.choices(), value=models.default_name, label="Model", elem_id="model", render=False, visible="hidden"
    )
    picked = gr.Textbox("", visible="hidden", elem_id="picked", label="Picked model", render=False)
    return ModelChoice(menu, picked)


def draw_choice(models: Models, name: str) -> Any:
    """The update for the menu: what there is now, with one chosen."""
    choices = models.choices()
    return gr.update(choices=choices, value=name, visible=True if len(choices) > 1 else "hidden")


def pick(name: str) -> str:
    """What `picked` holds when another tab chooses a model: different each time, so that choosing again counts."""
    return f"{next(_COUNT)} {name}"


def picked_name(picked: str) -> str:
    """The name of the model in what `pick` gave."""
    return picked.partition(" ")[2]
