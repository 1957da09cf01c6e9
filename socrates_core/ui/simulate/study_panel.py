"""The panel for choosing a study, a condition and an outcome; it shows what participants read."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block

from socrates_core.model.answer_model import AnswerModel
from socrates_core.people.edit import Edit
from socrates_core.simulation.simulate import control_of
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Catalogue, Source, conditions, outcomes
from socrates_core.ui.choosing.search import SearchPanel, search_panel
from socrates_core.ui.listeners import Updates
from socrates_core.ui.simulate.form import control_text, place_text
from socrates_core.ui.simulate.study_view import open_ended_note, prompt_card, stimulus_card, study_card


@dataclass(frozen=True, eq=False)
class StudyPanel:
    """The components of the panel."""

    place: gr.Textbox
    """Hidden: source and cell as one string, as `form.place_text` writes it, so that they change together. Handlers
    read it rather than the menus, whose value may arrive while their choices are being replaced.
    """
    source: gr.Dropdown
    search: SearchPanel
    study: gr.Dropdown
    about: gr.HTML
    seen: gr.Group
    """Shown only for a study that the model was trained on."""
    confirm: gr.Checkbox
    condition: gr.Dropdown
    control: gr.Dropdown
    """The condition that effects are differences from, as `form.control_text` writes it."""
    outcome: gr.Dropdown
    stimulus: gr.HTML
    prompt: gr.HTML

    @property
    def outputs(self) -> list[Block]:
        """Everything that `draw_study` updates."""
        return [
            self.place, self.source, self.study, self.about, self.seen, self.confirm, self.condition, self.control,
            self.outcome, self.stimulus, self.prompt,
        ]  # fmt: skip


def study_panel(catalogue: Catalogue) -> StudyPanel:
    """Lay out the panel with the list of sources; the load event of the page fills in the rest."""
    place = gr.Textbox("", visible="hidden", elem_id="place", label="Source and cell")
    names = [(source.title, source.name) for source in catalogue.sources]
    source = gr.Dropdown(names, value=names[0][1], label="Source", elem_id="source", filterable=False)
    search = search_panel()
    study = gr.Dropdown(label="Study", elem_id="study", info="Unseen studies come first.", num_choices_shown=None)
    about = gr.HTML(elem_id="about", js_on_load=None)
    with gr.Group(visible=False, elem_classes="plain seen-note") as seen:
        gr.HTML(
            "<p class='warning'>This model was trained on this study, so a close match would prove nothing.</p>",
            js_on_load=None,
        )
        confirm = gr.Checkbox(False, label="Simulate it anyway", elem_id="confirm", container=False)
    condition = gr.Dropdown(label="Condition", elem_id="condition")
    fixed = "Effects are differences from it, whichever condition is shown."
    control = gr.Dropdown(label="Control", elem_id="control", info=fixed, visible=False)
    outcome = gr.Dropdown(label="Outcome", elem_id="outcome")
    stimulus = gr.HTML(elem_id="stimulus", js_on_load=None)
    prompt = gr.HTML(elem_id="prompt", js_on_load=None)
    return StudyPanel(place, source, search, study, about, seen, confirm, condition, control, outcome, stimulus, prompt)


def draw_study(
    panel: StudyPanel,
    source: Source,
    cell: Cell,
    edits: tuple[Edit, ...],
    model: AnswerModel,
    confirmed: bool = False,
    control: int | None = None,
) -> Updates:
    """Show one cell in the whole panel; `control` is the condition to compare with, None for the study's own."""
    entry = source.entry(cell.study_id)
    cells = source.studies.cells_of(cell.study_id)
    labels = [(label, number) for number, label in conditions(cells).items()]
    questions = [(label, cell_id) for cell_id, label in outcomes(cells, cell.condition_num).items()]
    studies = [(other.label, other.study.study_id) for other in source.entries]
    return {
        panel.place: place_text(source.name, cell.cell_id),
        panel.source: gr.update(value=source.name),
        panel.study: gr.update(choices=studies, value=cell.study_id),
        panel.about: study_card(entry),
        panel.seen: gr.update(visible=entry.seen),
        panel.confirm: gr.update(value=confirmed and entry.seen),
        panel.condition: gr.update(choices=labels, value=cell.condition_num),
        panel.control: _draw_control(source, cell, control),
        panel.outcome: gr.update(choices=questions, value=cell.cell_id),
        panel.stimulus: stimulus_card(cell) + (open_ended_note(model) if cell.scale.values is None else ""),
        panel.prompt: prompt_card(source.studies, cell, edits, model.description),
    }


def _draw_control(source: Source, cell: Cell, control: int | None) -> Any:
    """Update of the menu of controls: the study's own first, which an evaluation compares with too."""
    labels = conditions(source.studies.cells_of(cell.study_id))
    own = control_of(source.studies, cell)
    others = [(label, control_text(number)) for number, label in labels.items() if number != own]
    value = control_text(control) if control in labels and control != own else ""
    choices = [(f"{labels[own]} (as in reports of evaluations)", ""), *others]
    return gr.update(choices=choices, value=value, visible=len(labels) > 1)
