"""The components of the tab before the result."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from socrates_core.report.markup import markup
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.ui.access.uploads import LARGEST, READ
from socrates_core.ui.results import Results
from socrates_core.ui.your_data.upload import PATH

HUB_NAME: Final = (
    "OWNER/NAME, with :CONFIG/SPLIT and @REVISION as needed. Nothing is fetched before you press the button."
)


@dataclass(frozen=True, eq=False)
class Bench:
    """The components before the result."""

    own: gr.State
    """This page's `OwnData`; None before there is a file."""
    picker: gr.HTML
    hub: gr.Textbox
    """A data set of the Hub, by its name."""
    fetch: gr.Button
    table: gr.HTML
    """Its value is what the columns were taken for, as JSON; the script draws it."""
    mapping: gr.Textbox
    """Hidden; what the script sends in its place says what the columns are."""
    found: gr.HTML
    message: gr.HTML
    tools: gr.Row
    preview: gr.HTML
    stale: gr.HTML
    saved: gr.Textbox
    """Hidden: a file for the script to save."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What is simulated, and how."""

    body: gr.Group
    study: gr.Dropdown
    condition: gr.Dropdown
    outcome: gr.Dropdown
    cell: gr.Number
    """Hidden: the cell that `outcome` has chosen. Handlers read it rather than the menu, whose choices may have been
    replaced by an answer that is on its way, so that Gradio would refuse its value.
    """
    control: gr.Dropdown
    model: gr.Dropdown
    n: gr.Number
    seed: gr.Number
    confirm: gr.Checkbox
    run: gr.Button

    @property
    def menus(self) -> list[Any]:
        """Those that depend on the data."""
        return [self.body, self.study, self.condition, self.outcome, self.control]


def picker_html() -> Markup:
    return markup(
        "<div class='picker' data-address='{{ address }}' data-largest='{{ largest }}'>"
        "<label for='data-file'>Survey file (from Qualtrics: the CSV and the .qsf together)</label>"
        "<input id='data-file' type='file' multiple accept='{{ kinds | join(',') }},.gz,.qsf'>"
        "<label for='data-map'>A map.yaml that you saved (if you have one)</label>"
        "<input id='data-map' type='file' accept='.yaml,.yml,.json'>"
        "<progress max='1' value='0' hidden aria-label='Sending the file'></progress><p role='status'></p></div>",
        address=PATH.lstrip("/"), largest=LARGEST, kinds=[*READ, *(f"{ending}.gz" for ending in READ)],
    )  # fmt: skip


def choice_of(results: Results) -> Choice:
    cell = gr.Number(None, visible="hidden", precision=0, elem_id="data-cell", label="Cell")
    with gr.Group(elem_classes="plain", visible=False) as body:
        study = gr.Dropdown(label="Study", elem_id="data-study", visible=False)
        with gr.Row(elem_classes="pair"):
            condition = gr.Dropdown(label="Condition", elem_id="data-condition")
            outcome = gr.Dropdown(label="Outcome", elem_id="data-outcome")
        control = gr.Dropdown(label="Compare with", elem_id="data-control")
    model = gr.Dropdown(results.models.choices(), value=results.model_name, label="Model", elem_id="data-model")
    with gr.Row(elem_classes="pair"):
        about = f"Per condition, up to {MAX_PEOPLE:,}"
        n = gr.Number(200, label="Simulated people", precision=0, elem_id="data-n", min_width=120, info=about)
        seed = gr.Number(
            0, label="Seed", precision=0, elem_id="data-seed", min_width=120, info="Same seed, same result"
        )
    confirm = gr.Checkbox(False, label="I may send this", elem_id="data-confirm", container=False, visible=False)
    run = gr.Button("Use this study", variant="primary", elem_id="data-run", interactive=False)
    return Choice(body, study, condition, outcome, cell, control, model, n, seed, confirm, run)
