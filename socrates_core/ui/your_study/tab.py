"""The tab Your study: an editor, a live preview with checks, and the prediction."""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import gradio as gr
from gradio.blocks import Block

from socrates_core.errors import SocratesError
from socrates_core.report.markup import markup
from socrates_core.study.sources.bundled import BUNDLED_STUDIES
from socrates_core.study.study_file.presets import TITLES
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import LATEST, QUICK, Updates
from socrates_core.ui.model_choice import ModelChoice
from socrates_core.ui.results import Results
from socrates_core.ui.your_study.draft import LABELS, NOMINAL, OPEN, RANGE, TOO_LONG, Draft, draft_of, opened
from socrates_core.ui.your_study.population import levels_json, people_menus
from socrates_core.ui.your_study.prediction_panel import (
    PredictionPanel,
    checksum,
    prediction_panel,
    sampling_settings,
    wire_run,
)
from socrates_core.ui.your_study.preview import checked, findings_json, preview_html, summary_html
from socrates_core.ui.your_study.view import STALE
from socrates_core.ui.your_study.work import loaded_in, study_file

EXAMPLE: Final = BUNDLED_STUDIES / "example.yaml"


@dataclass(frozen=True, eq=False)
class Desk:
    """The components of the editor and beside it."""

    editor: gr.HTML
    """Its value is the draft as JSON, in the visitor's browser alone."""
    findings: gr.Textbox
    """Hidden: what the checks found; the script puts each beside its field."""
    saved: gr.Textbox
    """Hidden: a file for the script to save."""
    levels: gr.Textbox
    """Hidden: attributes and values of the people who are weighted; the script makes sliders of them."""
    message: gr.HTML
    summary: gr.HTML
    condition: gr.Dropdown
    outcome: gr.Dropdown
    preview: gr.HTML

    @property
    def checks(self) -> list[Block]:
        """Everything that changes with the draft."""
        return [self.levels, self.findings, self.summary, self.condition, self.outcome, self.preview]


def your_study_tab(results: Results, choice: ModelChoice) -> None:
    """Lay out the tab and connect its listeners."""
    saved = gr.Textbox("", visible="hidden", elem_id="study-saved", label="File")
    with gr.Row(elem_classes="columns study-columns", equal_height=False):
        with gr.Column(scale=6, min_width=320, elem_id="study-desk"):
            with gr.Row(elem_classes="tools"):
                example = gr.Button("Load the example", size="sm", elem_id="study-example", min_width=60)
                new = gr.Button("New", size="sm", elem_id="study-new", min_width=60)
                open_file = gr.Button("Open", size="sm", elem_id="study-open", min_width=60)
                save = gr.Button("Save", size="sm", elem_id="study-save", min_width=60)
                copy = gr.Button("Duplicate", size="sm", elem_id="study-copy", min_width=60)
            message = gr.HTML(elem_id="study-message", js_on_load=None)
            with gr.Column(elem_classes="card"):
                editor = study_editor(results)
        with gr.Column(scale=7, min_width=320, elem_id="study-side"):
            with gr.Column(elem_classes="card"):
                with gr.Row(elem_classes="pair"):
                    condition = gr.Dropdown([("Condition 1", 0)], value=0, label="Condition", elem_id="study-condition")
                    outcome = gr.Dropdown([("Outcome 1", 0)], value=0, label="Outcome", elem_id="study-outcome")
                preview = gr.HTML(preview_html(Draft(), *checked(Draft(), results.model), results.model, 0, 0),
                                  elem_id="study-preview", js_on_load=None)  # fmt: skip
                summary = gr.HTML(elem_id="study-summary", js_on_load=None)
                settings = sampling_settings(results)
                run = gr.Button("Run", variant="primary", elem_id="study-run")
            panel = prediction_panel(results, saved)
    findings = gr.Textbox("[]", visible="hidden", elem_id="study-findings", label="Findings")
    levels = gr.Textbox("", visible="hidden", elem_id="study-levels", label="Values")
    desk = Desk(editor, findings, saved, levels, message, summary, condition, outcome, preview)
    _wire_editor(desk, panel, settings, results)
    _wire_files(desk, example, new, open_file, save, copy, settings[0], results)
    wire_run(panel, editor, saved, settings, run, results)
    choice.menu.change(lambda name: gr.update(choices=results.models.choices(), value=name), choice.menu, settings[0],
                       **QUICK)  # fmt: skip


def study_editor(results: Results) -> gr.HTML:
    """The editor with what its menus offer."""
    menus = {
        "scales": [
            ["", "Choose …"], *([name, title] for name, title in TITLES.items()), [RANGE, "Numbers, from … to …"],
            [LABELS, "Own labels, in order"], [NOMINAL, "Options without an order"], [OPEN, "Any number"],
        ],
        **people_menus(results.catalogue),
    }  # fmt: skip
    return gr.HTML(
        Draft().model_dump_json(),
        # in percent-encoding, for Gradio fills templates in: a quotation mark in a study's title would end the JSON
        html_template=markup(
            "<div class='study-editor' data-menus='{{ menus }}'></div>", menus=quote(json.dumps(menus))
        ),
        js_on_load="yourStudy.edit(element, trigger, props, watch)",
        elem_id="study-editor",
    )


# -- the editor --------------------------------------------------------------------------------------------------


def _wire_editor(desk: Desk, panel: PredictionPanel, settings: list[Any], results: Results) -> None:
    def check(value: str, condition: int, outcome: int, shown: str, *chosen: Any) -> Updates:
        if value == TOO_LONG:  # the script has said so beside the field
            return {desk.summary: ""}
        model = results.models.get(chosen[0])
        draft = draft_of(value)
        found, studies = checked(draft, model, loaded_in(results))
        conditions = [(one.label.strip() or f"Condition {i}", i - 1) for i, one in enumerate(draft.conditions, 1)]
        asked = [(one.name.strip() or f"Outcome {i}", i - 1) for i, one in enumerate(draft.outcomes, 1)]
        menus = {desk.condition: _menu(conditions, condition), desk.outcome: _menu(asked, outcome)}
        condition = condition if condition in range(len(conditions)) else 0
        outcome = outcome if outcome in range(len(asked)) else 0
        # an untouched page is not reproached with what is missing
        findings = () if draft.untouched else found.findings
        return {
            desk.levels: levels_json(draft.people, loaded_in(results)),
            desk.findings: findings_json(findings),
            desk.summary: summary_html(draft, found),
            **menus,
            desk.preview: preview_html(draft, found, studies, model, condition, outcome),
            panel.stale: STALE if shown and shown != checksum(value, chosen) else "",
        }

    def open_study(event: gr.EventData) -> Updates:
        sent = event._data if isinstance(event._data, dict) else {}
        if sent.get("tooLarge") or not isinstance(sent.get("yaml"), str):
            return {desk.message: notice_html("This file is too large for the page; use it on the command line.")}
        try:
            draft = opened(sent["yaml"])
        except SocratesError as error:
            return {desk.message: notice_html(f"Not opened: {error}.")}
        return {desk.editor: draft.model_dump_json(), desk.message: ""}

    state = [desk.editor, desk.condition, desk.outcome, panel.shown, *settings]
    outputs = [*desk.checks, panel.stale]
    changes = [desk.editor.input, desk.editor.change, desk.condition.input, desk.outcome.input]
    changes += [setting.change for setting in settings]
    gr.on(changes, check, state, outputs, **LATEST)
    desk.editor.upload(open_study, None, [desk.editor, desk.message], **QUICK)
    desk.levels.change(None, desk.levels, None, js="(levels) => yourStudy.levels(levels)")
    desk.findings.change(None, desk.findings, None, js="(found) => yourStudy.mark(found)")
    desk.saved.change(None, desk.saved, None, js="(file) => yourStudy.save(file, true)")


def _menu(choices: list[tuple[str, int]], chosen: int) -> Any:
    """Update of a menu, which keeps what is chosen in it meanwhile; the first where its choice is gone."""
    return gr.update(choices=choices) if chosen in range(len(choices)) else gr.update(choices=choices, value=0)


def _wire_files(
    desk: Desk,
    example: gr.Button,
    new: gr.Button,
    open_file: gr.Button,
    save: gr.Button,
    copy: gr.Button,
    model: gr.Dropdown,
    results: Results,
) -> None:
    def duplicate(value: str) -> str:
        draft = draft_of(value)
        return draft.model_copy(update={"title": f"{draft.title} (copy)".strip()}).model_dump_json()

    def save_study(value: str, name: str) -> str:
        return study_file(checked(draft_of(value), results.models.get(name), loaded_in(results))[0])

    example.click(lambda: opened(EXAMPLE.read_text("utf-8")).model_dump_json(), None, desk.editor, **QUICK)
    new.click(lambda: Draft().model_dump_json(), None, desk.editor, **QUICK)
    copy.click(duplicate, desk.editor, desk.editor, **QUICK)
    save.click(save_study, [desk.editor, model], desk.saved, **QUICK)
    open_file.click(None, None, None, js="() => yourStudy.open()")
