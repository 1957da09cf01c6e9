"""The menu of models, and the hidden field through which other tabs choose a model."""

import itertools
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.ui.models import Models

_COUNT: Final = itertools.count(1)


@dataclass(frozen=True, eq=False)
class ModelChoice:
    """The components; the choice is stored in the visitor's page."""

    menu: gr.Dropdown
    """Its value is the name of a model, as used in links. Visible if there are several."""
    picked: gr.Textbox
    """Hidden: another tab writes the result of `pick` here."""


def model_choice(models: Models) -> ModelChoice:
    """Create the components; the page renders them."""
    menu = gr.Dropdown(
        models.choices(), value=models.default_name, label="Model", elem_id="model", render=False, visible="hidden"
    )
    picked = gr.Textbox("", visible="hidden", elem_id="picked", label="Picked model", render=False)
    return ModelChoice(menu, picked)


def draw_choice(models: Models, name: str) -> Any:
    """Update of the menu: the models available now, with one selected."""
    choices = models.choices()
    return gr.update(choices=choices, value=name, visible=True if len(choices) > 1 else "hidden")


def pick(name: str) -> str:
    """A value for `picked` that selects a model; it differs each time, so that selecting it again fires the event."""
    return f"{next(_COUNT)} {name}"


def picked_name(picked: str) -> str:
    """The name of the model in a value of `pick`."""
    return picked.partition(" ")[2]
