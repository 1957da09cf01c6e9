"""The part of the header in which the owner loads another model, sees what it takes, and lets it go again."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.errors import SocratesError
from socrates_core.prompt import TEMPLATES
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import EVERYBODY, QUICK, Updates, audience_radio
from socrates_core.ui.loading.cached import cached_models
from socrates_core.ui.loading.loader import Loader
from socrates_core.ui.loading.quote import checked_name, quote_html
from socrates_core.ui.model_choice import ModelChoice, pick
from socrates_core.ui.results import Results
from socrates_core.ui.running.first import first_cell

LOOK_EVERY: Final = 1.0
"""Seconds between looks at a model that is being loaded."""

RECORDED: Final = "recorded"
"""In place of a template: the model's own, or else the usual one."""

SLOW: Final[dict[str, Any]] = {"api_visibility": "private", "concurrency_limit": 1, "concurrency_id": "loading"}
"""For the listener that may ask the Hub."""


@dataclass(frozen=True, eq=False)
class LoadingPanel:
    """The components."""

    whole: gr.Accordion
    name: gr.Dropdown
    template: gr.Dropdown
    audience: gr.Radio
    ask: gr.Button
    go: gr.Button
    unload: gr.Button
    note: gr.HTML
    timer: gr.Timer


def loading_panel(page: gr.Blocks, results: Results, choice: ModelChoice, loader: Loader) -> None:
    """Lay it out, closed, and connect its listeners; only the owner sees it."""
    with gr.Accordion("Load another model", open=False, visible=False, elem_id="loading") as whole:
        hint = "One that is on this machine, or type OWNER/NAME of the Hub (with @REVISION), or endpoint:NAME@URL"
        name = gr.Dropdown(
            [], value=None, label="Model to load", info=hint, elem_id="load-name", allow_custom_value=True
        )
        with gr.Row():
            templates = [("as the model records, or shared", RECORDED), *((one, one) for one in TEMPLATES)]
            template = gr.Dropdown(
                templates,
                value=RECORDED,
                label="Prompt template",
                elem_id="load-template",
                filterable=False,
                min_width=260,
            )  # fmt: skip
            audience = audience_radio("load-audience")
        with gr.Row(elem_classes="presets"):
            ask = gr.Button("What it takes", size="sm", elem_id="load-ask", min_width=140)
            go = gr.Button("Load", variant="primary", size="sm", elem_id="load-go", min_width=140)
            unload = gr.Button(
                "Unload the chosen model", size="sm", elem_id="load-unload", min_width=140, visible=False
            )
        note = gr.HTML(elem_id="load-note", js_on_load=None)
    timer = gr.Timer(LOOK_EVERY, active=False)
    panel = LoadingPanel(whole, name, template, audience, ask, go, unload, note, timer)
    _wire(page, panel, results, choice, loader)


def _wire(page: gr.Blocks, panel: LoadingPanel, results: Results, choice: ModelChoice, loader: Loader) -> None:
    def refuse(request: gr.Request) -> None:
        refusal = results.policy.refusal(visitor_of(request), "load")
        if refusal:
            raise SocratesError(refusal)

    def look(request: gr.Request) -> Updates:
        """Show the panel to the owner, with what is on this machine now."""
        owner = results.policy.refusal(visitor_of(request), "load") is None
        known = [(one.label, one.repo_id) for one in cached_models()] if owner else []
        return {
            panel.whole: gr.update(visible=owner),
            panel.name: gr.update(choices=known),
            panel.audience: gr.update(visible=owner),
            panel.timer: gr.Timer(active=owner and loader.busy),
        }

    def ask(name: str | None, model: str, request: gr.Request) -> str:
        try:
            refuse(request)
            source = results.catalogue_of(model).sources[-1]
            return quote_html(checked_name(name), source.studies, first_cell(source, source.first_study(demo=False)))
        except SocratesError as error:
            return notice_html(str(error))

    def go(name: str | None, template: str | None, audience: str | None, request: gr.Request) -> Updates:
        try:
            refuse(request)
            loader.begin(name, None if template == RECORDED else template, owner_only=audience != EVERYBODY)
        except SocratesError as error:
            return {panel.note: notice_html(str(error))}
        return {panel.note: loader.note(), panel.timer: gr.Timer(active=True)}

    def follow(request: gr.Request) -> Updates:
        """Show how far it is, and choose the model once it is there."""
        if results.policy.refusal(visitor_of(request), "load"):
            return {panel.timer: gr.Timer(active=False)}
        if loader.busy:
            return {panel.note: loader.note()}
        there = loader.ready and results.models.has(loader.ready)
        return {
            panel.note: loader.note(),
            **({choice.picked: pick(loader.ready)} if there else {}),
            panel.timer: gr.Timer(active=False),
        }

    def unload(model: str, request: gr.Request) -> Updates:
        try:
            refuse(request)
            said = loader.unload(model)
        except SocratesError as error:
            return {panel.note: notice_html(str(error))}
        return {panel.note: notice_html(said, problem=False), choice.picked: pick(results.model_name)}

    def chosen(model: str) -> Any:
        return gr.update(visible=results.models.placed(model) is not None)

    page.load(look, None, [panel.whole, panel.name, panel.audience, panel.timer], **QUICK)
    panel.ask.click(ask, [panel.name, choice.menu], panel.note, show_progress_on=panel.note, **SLOW)
    panel.go.click(go, [panel.name, panel.template, panel.audience], [panel.note, panel.timer], **QUICK)
    panel.timer.tick(follow, None, [panel.note, choice.picked, panel.timer], **QUICK)
    panel.unload.click(unload, choice.menu, [panel.note, choice.picked], **QUICK)
    choice.menu.change(chosen, choice.menu, panel.unload, **QUICK)
