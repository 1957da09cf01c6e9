"""The tab Simulate: choose a study, edit the simulated population, run, and compare with the actual answers."""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl

import gradio as gr

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel, NumberModel
from socrates_core.model.folder import DEMO
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Source
from socrates_core.ui.choosing.guide import guide_html, guide_panel, wire_picks
from socrates_core.ui.choosing.menus import chosen_cell, chosen_of, wire_menus
from socrates_core.ui.choosing.search import wire_search
from socrates_core.ui.design.panel import design_panel
from socrates_core.ui.design.predictions import Linked
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import LATEST, QUICK, Updates
from socrates_core.ui.model_choice import ModelChoice, draw_choice, picked_name
from socrates_core.ui.results import Results
from socrates_core.ui.robustness.panel import OfLink, robustness_panel
from socrates_core.ui.running.first import first_cell, first_link
from socrates_core.ui.running.run_bar import AT_ONCE, READS_HOW, run_bar
from socrates_core.ui.running.runs import Runs
from socrates_core.ui.running.stopping import RunStops
from socrates_core.ui.saving.opening import wire_opening
from socrates_core.ui.simulate import form
from socrates_core.ui.simulate.link import MAX_TEMPERATURE, Link, beside_of, from_query, to_query
from socrates_core.ui.simulate.people_panel import PeoplePanel, at, draw_panel, people_panel, wire_people
from socrates_core.ui.simulate.result_panel import result_panel
from socrates_core.ui.simulate.side_by_side import ComparingLinks
from socrates_core.ui.simulate.study_panel import StudyPanel, draw_study, study_panel
from socrates_core.ui.simulate.study_view import prompt_card
from socrates_core.ui.what_if.panel import WhatIfPanel, what_if_panel, wire_what_if

REDRAW: Final = "() => socrates.redraw()"
REDRAW_IF_NEW: Final = "(...request) => socrates.redraw(request)"
READS_LAST: Final = "(chosen, shown, _how) => [chosen, shown, socrates.last()]"
"""The number of the last run on the page, for what stops it."""


@dataclass(frozen=True, eq=False)
class Settings:
    """The controls of the third card."""

    n: gr.Number
    seed: gr.Number
    temperature: gr.Slider
    top_p: gr.Slider
    own: gr.Button
    paper: gr.Button
    run: gr.Button
    live: gr.Checkbox
    """Whether a change runs the simulation; socrates.js reads it and stores it in the browser."""

    @property
    def values(self) -> list[Any]:
        """In the order of the arguments of `form.link_of`."""
        return [self.n, self.temperature, self.top_p, self.seed]


def simulate_tab(page: gr.Blocks, results: Results, choice: ModelChoice) -> None:
    """Lay out the tab and connect its listeners."""
    gr.HTML("<a href='#result'>See the result ↓</a>", elem_id="jump", js_on_load=None)  # where the result is far below
    guide = guide_panel()
    with gr.Row(elem_id="columns", equal_height=False):
        with gr.Column(elem_id="controls", scale=5, min_width=320):
            with gr.Column(elem_classes="card"):
                gr.HTML("<h2>1 · Study</h2>", js_on_load=None)
                choice.menu.render()
                choice.picked.render()
                study = study_panel(results.catalogue)
            with gr.Column(elem_classes="card"):
                gr.HTML("<h2>2 · Simulated people</h2>", js_on_load=None)
                people = people_panel()
            with gr.Column(elem_classes="card", elem_id="settings"):
                gr.HTML("<h2>3 · Settings</h2>", js_on_load=None)
                settings = _settings()
            bar = run_bar(settings.run)  # outside the card, so that it stays visible while the column scrolls
        with gr.Column(elem_id="result", scale=8, min_width=320):
            state = gr.HTML(elem_id="state", js_on_load=None)
            arrival = gr.HTML(elem_id="arrival", js_on_load=None)
            beside = what_if_panel("compare")
            panel = result_panel(says=(bar.notice, bar.stale))
            design_panel("design", panel.shown, panel.shown, Linked(results), results)
            robustness_panel("other-ways", panel.shown, panel.shown, gr.State(0), OfLink(results))
            wire_opening(panel, bar, state)
    _wire_study(study, people, settings, choice, guide, results)
    runs = Runs(results, panel, bar, state, RunStops())
    request = [choice.menu, study.place, people.edits, *settings.values, study.control]
    _wire_settings(study, people, settings, choice.menu, results)
    _wire_marks(runs, request)
    _wire_arrival(page, study, people, settings, arrival, choice.menu, beside, results)
    ran = _wire_run(runs, settings.run, study.confirm, request, arrival)
    wire_what_if(beside, panel.shown, gr.State(0), ran, ComparingLinks(results), results)


def _settings() -> Settings:
    with gr.Row(elem_classes="pair"):
        people = f"Per condition, up to {MAX_PEOPLE:,}"
        n = gr.Number(200, label="Simulated people", precision=0, elem_id="n", min_width=120, info=people)
        same = "Same seed, same result"
        seed = gr.Number(0, label="Seed", precision=0, elem_id="seed", min_width=120, info=same)
    heat = "1 keeps the model's distribution; lower values sharpen it, higher values flatten it."
    temperature = gr.Slider(0, MAX_TEMPERATURE, 1, step=0.05, label="Temperature", elem_id="temperature", info=heat)
    cut = "Keeps each profile's most likely answers up to this total probability; 1 keeps all."
    top_p = gr.Slider(0.05, 1, 1, step=0.05, label="Top-p", elem_id="top-p", info=cut)
    with gr.Row(elem_classes="presets"):
        own = gr.Button("Model default (1 / 1)", size="sm", elem_id="decode-own", min_width=100)
        paper = gr.Button("As in the paper (0.6 / 0.9)", size="sm", elem_id="decode-paper", min_width=100)
    few = f"After a change that the model has answered before, or is likely to answer within {AT_ONCE:g} s."
    live = gr.Checkbox(True, label="Update automatically", elem_id="live", container=False, info=few, interactive=True)
    run = gr.Button("Run", variant="primary", elem_id="run", scale=3, min_width=120, render=False)
    return Settings(n, seed, temperature, top_p, own, paper, run, live)


# -- choosing a study --------------------------------------------------------------------------------------------


def _wire_study(
    study: StudyPanel,
    people: PeoplePanel,
    settings: Settings,
    choice: ModelChoice,
    guide: gr.HTML,
    results: Results,
) -> None:
    chosen, outputs = choice.menu, [*study.outputs, *people.full, settings.run]

    def draw(
        model: str,
        source: Source,
        cell: Cell,
        edits: str,
        attribute: str | None,
        control: str | None = None,
        confirmed: bool = False,
    ) -> Updates:
        """Show another cell in all controls; the caller drops edits and control when the study changes."""
        current = form.edits_of(edits)
        asked = results.models.get(model)
        return {
            **draw_study(study, source, cell, current, asked, confirmed, form.control_of(control)),
            **draw_panel(people, source, cell, current, attribute),
            settings.run: _runnable(asked, cell),
        }

    def choose_model(model: str, place: str, edits: str, attribute: str, control: str | None) -> Updates:
        """Show the same cell, with the studies marked that this model was trained on."""
        source, cell = at(results.catalogue_of(model), place)
        return draw(model, source, cell, edits, attribute, control)

    def take_picked(picked: str, *state: str) -> Updates:
        """Switch to the model chosen in another tab."""
        model = picked_name(picked)
        return {chosen: draw_choice(results.models, model), **choose_model(model, *state)}

    def choose_study(model: str, name: str, study_id: str) -> Updates:
        source = results.catalogue_of(model).source(name)
        return draw(model, source, first_cell(source, study_id), "[]", None)

    def choose_cell(model: str, name: str, cell_id: str) -> Updates:
        source, cell = at(results.catalogue_of(model), f"{cell_id} {name}")
        return draw(model, source, cell, "[]", None)

    def choose_in_menu(
        sent: str, model: str, place: str, edits: str, attribute: str, control: str | None, confirmed: bool
    ) -> Updates:
        """Show another cell, with the edits where it is of the same study."""
        catalogue, demo = results.catalogue_of(model), results.models.get(model).description.demo
        found = chosen_cell(catalogue, place, chosen_of(sent), demo)
        if found is None:
            return {settings.run: gr.skip()}
        before, after = at(catalogue, place), found
        if (before[0].name, before[1].study_id) != (after[0].name, after[1].study_id):
            return draw(model, *after, "[]", None)
        return draw(model, *after, edits, attribute, control, confirmed)

    def draw_guide(model: str, place: str) -> str:
        what = results.models.get(model).description
        # of another adapter nobody knows what it has learned
        toy = bool(place) and (what.name, what.adapter) == (DEMO, DEMO)
        return guide_html(toy, at(results.catalogue, place)[1].study_id) if toy else ""

    shown = [study.place, people.edits, people.of, study.control]
    chosen.input(choose_model, [chosen, *shown], outputs, **LATEST)
    choice.picked.change(take_picked, [choice.picked, *shown], [chosen, *outputs], **QUICK)
    menus = {"source": study.source, "study": study.study, "condition": study.condition, "outcome": study.outcome}
    wire_menus(menus, study.place, choose_in_menu, [chosen, *shown, study.confirm], outputs)
    wire_picks(guide, choose_study, chosen, outputs)
    wire_search(study.search, results.catalogue_of, choose_cell, chosen, outputs)
    gr.on([chosen.change, study.place.change], draw_guide, [chosen, study.place], guide, **QUICK)


def _runnable(model: AnswerModel, cell: Cell) -> Any:
    """Update for the button Run, which is disabled where the model cannot answer an open-ended outcome."""
    return gr.update(interactive=cell.scale.values is not None or isinstance(model, NumberModel))


# -- settings and edits ------------------------------------------------------------------------------------------


def _wire_settings(
    study: StudyPanel, people: PeoplePanel, settings: Settings, chosen: gr.Dropdown, results: Results
) -> None:
    catalogue = results.catalogue

    def show_prompt(model: str, place: str, edits: str) -> str:
        source, cell = at(catalogue, place)
        return prompt_card(source.studies, cell, form.edits_of(edits), results.models.get(model).description)

    def after_edit(listener: Any) -> None:
        listener.then(show_prompt, [chosen, study.place, people.edits], study.prompt, **QUICK)

    wire_people(people, catalogue, study.place, after_edit)
    decoding = [settings.temperature, settings.top_p]
    for button, values in ((settings.own, (1, 1)), (settings.paper, (0.6, 0.9))):
        button.click(lambda values=values: values, None, decoding, **QUICK).then(None, None, None, js=REDRAW)


def _wire_marks(runs: Runs, request: list[Any]) -> None:
    """Mark the result when the controls change, and ask for a new one where a change may do that by itself."""
    chosen, place, edits, *_, control = request
    panel = runs.panel
    changes = [component.change for component in (*request, panel.shown)]
    gr.on(changes, runs.mark, [panel.shown, *request], [panel.stale, runs.state], **LATEST)
    gr.on([place.change, edits.change, control.change], None, request, None, js=REDRAW_IF_NEW)
    waiting = [*panel.outputs, runs.bar.compact, runs.state]
    chosen.change(runs.other_model, [chosen, panel.shown, runs.bar.how], waiting, js=READS_LAST, **QUICK).then(
        None, None, None, js=REDRAW
    )


# -- running -----------------------------------------------------------------------------------------------------


def _wire_run(runs: Runs, button: gr.Button, confirm: gr.Checkbox, request: list[Any], arrival: gr.HTML) -> Any:
    """Returns the event of a run."""
    bar, panel = runs.bar, runs.panel
    button.click(lambda: "", None, arrival, **QUICK)
    # one listener for every trigger: the runs of a page never overlap, and the last request is shown last
    ran = gr.on(
        [button.click, bar.again.click],
        runs.run,
        [bar.how, confirm, *request],
        [*panel.outputs, bar.compact, runs.state],
        js=READS_HOW,
        show_progress_on=bar.progress,
        trigger_mode="always_last",
        api_visibility="private",
        concurrency_limit=4,
        concurrency_id="simulate",
    )
    ran.then(None, panel.shown, None, js="(query) => socrates.remember(query)")
    bar.stop.click(runs.stop, bar.how, panel.notice, js="(_how) => [socrates.last()]", **QUICK)
    return ran


def _wire_arrival(
    page: gr.Blocks,
    study: StudyPanel,
    people: PeoplePanel,
    settings: Settings,
    arrival: gr.HTML,
    chosen: gr.Dropdown,
    beside: WhatIfPanel,
    results: Results,
) -> None:
    """Fill the controls from the address when the page opens, and when a visitor goes back or forward."""
    catalogue = results.catalogue

    def show(query: dict[str, str]) -> Updates:
        link, message = _arrive(query, people, results)
        source = results.catalogue_of(link.model).source(link.source)
        cell, wanted = source.studies.cell(link.request.cell_id), link.request
        answering = results.models.get(link.model)
        return {
            arrival: notice_html(message),
            chosen: draw_choice(results.models, link.model),
            **draw_study(
                study, source, cell, wanted.edits, answering, confirmed="cell" in query, control=wanted.control
            ),
            **draw_panel(people, source, cell, wanted.edits),
            settings.n: wanted.n,
            settings.temperature: wanted.temperature,
            settings.top_p: wanted.top_p,
            settings.seed: wanted.seed,
            settings.run: _runnable(answering, cell),
        }

    def open_page(request: gr.Request) -> Updates:
        return {**show(dict(request.query_params)), **open_beside(request)}

    def walk(query: str) -> Updates:
        return show(dict(parse_qsl(query, keep_blank_values=True)))

    def open_beside(request: gr.Request) -> Updates:
        """Keep the other setting of the link as A, so that the first run stands beside it."""
        try:
            first = beside_of(dict(request.query_params), catalogue)
            if first is None:
                return {beside.first: None}
            results.models.get(first.model)  # a problem with it shows now, and not beside B
            return {beside.first: to_query(first, catalogue)}
        except SocratesError as error:
            return {beside.says: notice_html(f"The other setting of this link, A, is not shown: {error}.")}

    opened = [arrival, chosen, *study.outputs, *people.full, *settings.values, settings.run]
    page.load(open_page, None, [*opened, beside.first, beside.says], **QUICK).then(
        None, None, None, js="() => socrates.begin()"
    )
    address = gr.Textbox("", visible="hidden", elem_id="address", label="Address")
    back = gr.Button("Show the address", visible="hidden", elem_id="walk")
    # a second step back while the first is on its way must not be dropped
    back.click(walk, address, opened, js="(_address) => [socrates.wanted()]", **LATEST).then(
        None, None, None, js="() => socrates.arrived()"
    )


def _arrive(query: dict[str, str], people: PeoplePanel, results: Results) -> tuple[Link, str]:
    """The link in the address of the page, or the default for new visitors; and a message about it."""
    catalogue = results.catalogue
    message = ""
    try:
        link = from_query(query, catalogue)
        if link is not None:
            source = catalogue.source(link.source)
            draw_panel(people, source, source.studies.cell(link.request.cell_id), link.request.edits)
            if not link.model:
                return replace(link, model=results.model_name), message
            if not results.models.has(link.model):
                message = (
                    f"This link was made with the model {link.model!r}, which is not available here. "
                    f"{results.models.label(results.model_name)} is used instead, so the numbers differ."
                )
                return replace(link, model=results.model_name), message
            results.models.get(link.model)
            return link, message
    except SocratesError as error:
        message = f"{str(error).rstrip('.')}. Another study is shown instead."
    return first_link(results), message
