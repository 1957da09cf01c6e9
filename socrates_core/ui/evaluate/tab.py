"""The tab Evaluate: configure a run, preview its cost, start and follow it, read and compare reports.

A run is a separate process that writes a folder. The page only reads these folders, so it shows the same when it is
reopened, and in another app on the same directory.
"""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block

from socrates_core.ui.evaluate.actions import BUSY_TICK, RunActions
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.filters import ANY, LONGEST
from socrates_core.ui.evaluate.form import RunForm
from socrates_core.ui.evaluate.form_actions import FormActions
from socrates_core.ui.listeners import LATEST, QUICK, kept, on, steps_on
from socrates_core.ui.results import Results

SLOW: Final[dict[str, Any]] = {"show_progress": "minimal", "api_visibility": "private"}


@dataclass(frozen=True, eq=False)
class Controls:
    """The form of a new run."""

    model: gr.Dropdown
    adapter: gr.Dropdown
    source: gr.Dropdown
    part: gr.Radio
    people: gr.Number
    seed: gr.Number
    allow_seen: gr.Checkbox

    @property
    def values(self) -> list[Any]:
        """In the order of `Filled`."""
        return [self.model, self.adapter, self.source, self.part, self.people, self.seed, self.allow_seen]


@dataclass(frozen=True, eq=False)
class RunFilters:
    """What picks runs from the list."""

    words: gr.Textbox
    state: gr.Dropdown
    of_model: gr.Dropdown
    owner: gr.Dropdown

    @property
    def values(self) -> list[Any]:
        """In the order of `RunFilter`."""
        return [self.words, self.state, self.of_model, self.owner]


@dataclass(frozen=True, eq=False)
class RunPanel:
    """All components of the tab that change."""

    controls: Controls
    preview: gr.HTML
    seen: gr.HTML
    start: gr.Button
    message: gr.HTML
    """Outcome of pressing the start button."""
    live: gr.HTML
    notice: gr.HTML
    """Outcome of an action on a run."""
    filter: RunFilters
    table: gr.HTML
    drawn: gr.State
    """Fingerprint of the list of runs on the visitor's page, so that only changes are sent."""
    chosen: gr.JSON
    """Carries the names of the selected runs, which the page keeps: what is ticked when a listener asks."""
    opened: gr.State
    """Name of the run whose report is open."""
    compare: gr.Button
    convention: gr.Radio
    confirm: gr.Group
    question: gr.HTML
    deleting: gr.State
    """Name of the run to delete after confirmation."""
    yes: gr.Button
    no: gr.Button
    reader: gr.HTML

    @property
    def named(self) -> dict[str, Block]:
        """Every component by the name under which handlers change it."""
        return {**_fields(self), **_fields(self.controls), **_fields(self.filter)}

    @property
    def runs(self) -> list[Block]:
        """The components that `RunActions.redraw` changes."""
        menus = [self.filter.state, self.filter.of_model, self.filter.owner]
        return [self.live, self.table, self.drawn, *menus]

    @property
    def shown(self) -> list[Any]:
        """The inputs of `RunActions.redraw`."""
        return [self.opened, *self.filter.values]


def _fields(panel: RunPanel | Controls | RunFilters) -> dict[str, Block]:
    """The components in a panel's own fields."""
    return {field: found for field, found in vars(panel).items() if isinstance(found, Block)}


def evaluate_tab(tab: gr.Tab, results: Results, board: RunBoard, used: gr.Dropdown) -> RunPanel:
    """Lay out the tab and connect its listeners; `follow_runs` keeps it up to date.

    Args:
        tab: The tab.
        results: Computes and caches results.
        board: The evaluation runs.
        used: The menu of the page's model, which the form follows.
    """
    form = RunForm(results, board)
    with gr.Row(elem_id="evaluate", elem_classes="columns", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="card"):
            gr.HTML("<h2>1 · Evaluation</h2>", js_on_load=None)
            controls = _controls(form)
        with gr.Column(scale=7, min_width=320, elem_classes="card"):
            gr.HTML("<h2>2 · Size and cost</h2>", js_on_load=None)
            preview = gr.HTML("<p class='quiet'>Counting …</p>", elem_id="run-preview", js_on_load=None)
            seen = gr.HTML(elem_id="run-seen", js_on_load=None)
            controls.allow_seen.render()
            start = gr.Button("Start evaluation", variant="primary", elem_id="run-start")
            message = gr.HTML(elem_id="run-message", js_on_load="socrates.shown(element, watch)")
    with gr.Column(elem_classes="card", elem_id="runs"):
        gr.HTML("<h2>3 · Runs</h2>", js_on_load=None)
        live = gr.HTML(elem_id="run-live", js_on_load=None)
        notice = gr.HTML(elem_id="run-notice", js_on_load="socrates.shown(element, watch)")
        with gr.Group(elem_classes="plain", visible=False) as confirm:
            question = gr.HTML(elem_id="run-question", js_on_load="socrates.shown(element, watch)")
            with gr.Row():
                yes = gr.Button("Delete permanently", variant="stop", elem_id="run-delete", min_width=120)
                no = gr.Button("Cancel", elem_id="run-keep", min_width=120)
        with gr.Row(elem_classes="run-filters"):
            picked = _filters()
        table = gr.HTML(js_on_load="socrates.runs(element, trigger, watch)", elem_id="run-table")
        with gr.Row(elem_classes="compare"):
            convention = gr.Radio(
                [("by the stated scale", "scale"), ("by the observed range, as in the paper", "observed")],
                value="scale", label="Compare the selected runs", elem_id="run-convention", min_width=260,
            )  # fmt: skip
            compare = gr.Button("Compare", elem_id="run-compare", min_width=120, interactive=False)
    chosen = gr.JSON([], visible=False)
    reader = gr.HTML(elem_id="run-reader", js_on_load="socrates.reader(element, watch)")
    panel = RunPanel(
        controls, preview, seen, start, message, live, notice, picked, table, kept(""), chosen, kept(""),
        compare, convention, confirm, question, kept(""), yes, no, reader,
    )  # fmt: skip
    handlers = RunActions(form, board, results.policy)
    form_handlers, form_model = FormActions(handlers), [controls.model, controls.adapter]
    _wire_form(tab, panel, form_handlers)
    used.change(on(panel.named, form_handlers.follow_page), [used, *form_model], form_model, **QUICK)
    _wire_runs(panel, handlers)
    return panel


def follow_runs(page: gr.Blocks, panel: RunPanel, results: Results, board: RunBoard) -> None:
    """Keep the list of runs up to date. Must be called outside all tabs: timers in inactive tabs do not tick."""
    handlers = RunActions(RunForm(results, board), board, results.policy)
    timer = gr.Timer(BUSY_TICK)
    look = on({**panel.named, "timer": timer}, handlers.draw)
    gr.on([page.load, timer.tick], look, [panel.drawn, *panel.shown], [*panel.runs, timer], **QUICK)


def _filters() -> RunFilters:
    words = gr.Textbox(
        label="Search the runs", placeholder="model, studies, seed, message …", elem_id="run-words", min_width=200,
        max_lines=1, max_length=LONGEST,
    )  # fmt: skip
    menus = [
        gr.Dropdown([(name, ANY)], value=ANY, label=label, elem_id=elem_id, filterable=False, min_width=150)
        for label, name, elem_id in (
            ("State", "any state", "run-state"), ("Model", "any model", "run-of-model"), ("By", "anybody", "run-owner")
        )
    ]  # fmt: skip
    return RunFilters(words, *menus)


def _controls(form: RunForm) -> Controls:
    models = form.models()
    model = gr.Dropdown(
        models, value=models[0][1], label="Model", elem_id="run-model", allow_custom_value=True,
        info="Or enter a Hub id, a folder, or endpoint:NAME@URL",
    )  # fmt: skip
    adapters = form.adapters(models[0][1])
    adapter = gr.Dropdown(
        adapters, value=form.of_page()[1], label="Adapter", elem_id="run-adapter",
        allow_custom_value=True, info="Or enter a Hub id or a folder",
    )  # fmt: skip
    sources = form.sources()
    source = gr.Dropdown(sources, value=sources[0][1], label="Studies", elem_id="run-source", filterable=False)
    parts = form.parts(sources[0][1])
    part = gr.Radio(parts, value=parts[0][1], label="Part of the split (number of studies)", elem_id="run-part")
    with gr.Row(elem_classes="pair"):
        people = gr.Number(
            0, label="People per cell", precision=0, elem_id="run-people", min_width=120,
            info="Drawn at random; 0 for all",
        )  # fmt: skip
        seed = gr.Number(42, label="Seed", precision=0, elem_id="run-seed", min_width=120, info="Same seed, same run")
    stamped = "Evaluate anyway; the report will be stamped CONTAMINATED"
    allow = gr.Checkbox(False, label=stamped, elem_id="run-allow-seen", visible=False, render=False)
    return Controls(model, adapter, source, part, people, seed, allow)


def _wire_form(tab: gr.Tab, panel: RunPanel, handlers: FormActions) -> None:
    controls, named = panel.controls, panel.named
    previewed = [panel.preview, panel.seen, controls.allow_seen, panel.start]
    shown = {"fn": on(named, handlers.preview), "inputs": controls.values, "outputs": previewed}
    counted = {**SLOW, "trigger_mode": "always_last", "concurrency_id": "preview", "concurrency_limit": 1}
    menus = [controls.model, controls.adapter]
    tab.select(on(named, handlers.menus), menus, menus, **QUICK).then(**shown, **counted)
    gr.on([one.change for one in controls.values], **shown, **counted)
    controls.model.input(on(named, handlers.choose_model), menus, controls.adapter, **LATEST)
    controls.source.input(on(named, handlers.choose_source), controls.source, controls.part, **LATEST)
    answers = [panel.message, panel.seen, controls.allow_seen]
    started = panel.start.click(on(named, handlers.start), controls.values, answers, **SLOW)
    acted = panel.table.click(
        on(named, handlers.act), panel.opened,
        [panel.notice, panel.confirm, panel.question, panel.deleting, panel.reader, panel.opened, panel.message,
         *controls.values], **SLOW,
    )  # fmt: skip
    for done in (started, acted):
        done.then(on(named, handlers.runs.redraw), panel.shown, panel.runs, **QUICK)


def _wire_runs(panel: RunPanel, handlers: RunActions) -> None:
    named = panel.named
    redraw = {"fn": on(named, handlers.redraw), "inputs": panel.shown, "outputs": panel.runs, **QUICK}
    ticked = {"js": "(_chosen, ...others) => [socrates.ticked(), ...others]"}
    panel.table.input(on(named, handlers.choose), panel.chosen, panel.compare, **ticked, **LATEST)
    closed = [panel.notice, panel.confirm, panel.reader, panel.opened]
    gone = panel.yes.click(on(named, handlers.delete), [panel.deleting, panel.opened], closed, **QUICK)
    panel.no.click(lambda: gr.update(visible=False), None, panel.confirm, **QUICK)
    wanted, told = [panel.chosen, panel.convention], [panel.notice, panel.reader, panel.opened]
    compared = panel.compare.click(steps_on(named, handlers.compare), wanted, told, **ticked, **SLOW)
    for done in (gone, compared):
        done.then(**redraw)
    gr.on([one.input for one in panel.filter.values], **redraw, trigger_mode="always_last")
