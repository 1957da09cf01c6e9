"""The tab Simulate: choose a study, edit who takes part, run, compare."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel, NumberModel
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.simulation.request import MAX_PARTICIPANTS, SimulationRequest
from socrates_core.study.study_set import Cell
from socrates_core.ui.access.visitors import visitor_of
from socrates_core.ui.catalogue import BUNDLED, Source, same_outcome
from socrates_core.ui.html import notice_html
from socrates_core.ui.model_choice import ModelChoice, draw_choice, picked_name
from socrates_core.ui.results import Results
from socrates_core.ui.simulate import form
from socrates_core.ui.simulate.link import MAX_TEMPERATURE, Link, from_query, to_query
from socrates_core.ui.simulate.people_panel import PeoplePanel, at, draw_panel, people_panel, wire_people
from socrates_core.ui.simulate.result_panel import (
    REDRAWN_PEOPLE,
    ResultPanel,
    draw_problem,
    draw_result,
    result_panel,
    stale_html,
)
from socrates_core.ui.simulate.study_panel import StudyPanel, draw_study, study_panel
from socrates_core.ui.simulate.study_view import prompt_card

QUICK: Final[dict[str, Any]] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
"""For listeners that only redraw controls."""

LEAST_WAIT: Final = 1.0
"""Seconds of computing before time left is estimated."""


@dataclass(frozen=True, eq=False)
class Settings:
    """How to simulate."""

    n: gr.Number
    seed: gr.Number
    temperature: gr.Slider
    top_p: gr.Slider
    own: gr.Button
    paper: gr.Button
    run: gr.Button
    live: gr.Checkbox
    """Whether letting go of a slider simulates at once; socrates.js reads it, and remembers it in the browser."""

    @property
    def values(self) -> list[Any]:
        """As `form.link_of` takes them."""
        return [self.n, self.temperature, self.top_p, self.seed]


def simulate_tab(page: gr.Blocks, results: Results, choice: ModelChoice) -> None:
    """Lay the tab out and connect it."""
    gr.HTML("<a href='#result'>See the result ↓</a>", elem_id="jump", js_on_load=None)  # shown where it is far below
    with gr.Row(elem_id="columns", equal_height=False):
        with gr.Column(elem_id="controls", scale=5, min_width=320):
            with gr.Column(elem_classes="card"):
                gr.HTML("<h2>1 · Study</h2>", js_on_load=None)
                choice.menu.render()
                choice.picked.render()
                study = study_panel(results.catalogue)
            with gr.Column(elem_classes="card"):
                gr.HTML("<h2>2 · Who takes part</h2>", js_on_load=None)
                people = people_panel()
            with gr.Column(elem_classes="card", elem_id="settings"):
                gr.HTML("<h2>3 · How to simulate</h2>", js_on_load=None)
                settings = _settings(redraws=not isinstance(results.model, EndpointModel))
            settings.run.render()  # outside the card, so that it stays in view while the column scrolls
        with gr.Column(elem_id="result", scale=8, min_width=320):
            arrival = gr.HTML(elem_id="arrival", js_on_load=None)
            panel = result_panel()
    _wire_study(study, people, settings, choice, results)
    _wire_settings(study, people, settings, panel, choice.menu, results)
    _wire_run(page, study, people, settings, panel, arrival, choice.menu, results)


def _settings(redraws: bool) -> Settings:
    with gr.Row(elem_classes="pair"):
        people = f"In each condition, up to {MAX_PARTICIPANTS:,}"
        n = gr.Number(200, label="Simulated participants", precision=0, elem_id="n", min_width=120, info=people)
        same = "Same seed, same result"
        seed = gr.Number(0, label="Seed", precision=0, elem_id="seed", min_width=120, info=same)
    heat = "1 is the model's own distribution; lower sharpens it, higher flattens it."
    temperature = gr.Slider(0, MAX_TEMPERATURE, 1, step=0.05, label="Temperature", elem_id="temperature", info=heat)
    cut = "Keeps each participant's likeliest answers up to this share; 1 keeps all."
    top_p = gr.Slider(0.05, 1, 1, step=0.05, label="Top-p", elem_id="top-p", info=cut)
    with gr.Row(elem_classes="presets"):
        own = gr.Button("Model's own (1 / 1)", size="sm", elem_id="decode-own", min_width=100)
        paper = gr.Button("As in the paper (0.6 / 0.9)", size="sm", elem_id="decode-paper", min_width=100)
    few = f"Shares, temperature and top-p, for up to {REDRAWN_PEOPLE} participants and a model that is quick."
    live = gr.Checkbox(
        True,
        label="Redraw as I change things",
        elem_id="live",
        container=False,
        info=few,
        interactive=True,
        visible=redraws,
    )
    run = gr.Button("Run", variant="primary", elem_id="run", render=False)
    return Settings(n, seed, temperature, top_p, own, paper, run, live)


# -- choosing a study --------------------------------------------------------------------------------------------


def _wire_study(
    study: StudyPanel, people: PeoplePanel, settings: Settings, choice: ModelChoice, results: Results
) -> None:
    chosen, outputs = choice.menu, [*study.outputs, *people.full, settings.run]

    def draw(
        model: str, source: Source, cell: Cell, edits: str, attribute: str | None, confirmed: bool = False
    ) -> list[Any]:
        """All controls for another cell; edits stay within a study and go with it."""
        kept = form.edits_of(edits)
        panel = draw_panel(source, cell, kept, attribute)
        asked = results.models.get(model)
        return [*draw_study(source, cell, kept, asked, confirmed), *panel, _runnable(asked, cell)]

    def choose_model(model: str, place: str, edits: str, attribute: str) -> list[Any]:
        """The same cell, with what the model has seen marked anew."""
        source, cell = at(results.catalogue_of(model), place)
        return draw(model, source, cell, edits, attribute)

    def take_picked(picked: str, *state: str) -> list[Any]:
        """What another tab has chosen."""
        model = picked_name(picked)
        return [draw_choice(results.models, model), *choose_model(model, *state)]

    def choose_source(model: str, name: str) -> list[Any]:
        source = results.catalogue_of(model).source(name)
        return choose_study(model, name, source.first_study)

    def choose_study(model: str, name: str, study_id: str) -> list[Any]:
        source = results.catalogue_of(model).source(name)
        return draw(model, source, first_cell(source, study_id), "[]", None)

    def choose_condition(
        model: str, place: str, condition: int, edits: str, attribute: str, confirmed: bool
    ) -> list[Any]:
        source, before = at(results.catalogue_of(model), place)
        cell = same_outcome(source.studies.cells_of(before.study_id), condition, before.task_num)
        return draw(model, source, cell, edits, attribute, confirmed)

    def choose_outcome(model: str, place: str, cell_id: int, edits: str, attribute: str, confirmed: bool) -> list[Any]:
        source, _ = at(results.catalogue_of(model), place)
        return draw(model, source, source.studies.cell(cell_id), edits, attribute, confirmed)

    state = [people.edits, people.attribute, study.confirm]
    shown = [study.place, people.edits, people.attribute]
    chosen.input(choose_model, [chosen, *shown], outputs, **QUICK)
    choice.picked.change(take_picked, [choice.picked, *shown], [chosen, *outputs], **QUICK)
    study.source.input(choose_source, [chosen, study.source], outputs, **QUICK)
    study.study.input(choose_study, [chosen, study.source, study.study], outputs, **QUICK)
    study.condition.input(choose_condition, [chosen, study.place, study.condition, *state], outputs, **QUICK)
    study.outcome.input(choose_outcome, [chosen, study.place, study.outcome, *state], outputs, **QUICK)


def _runnable(model: AnswerModel, cell: Cell) -> Any:
    """Update for the button Run: some models cannot answer an open-ended outcome."""
    return gr.update(interactive=cell.scale.values is not None or isinstance(model, NumberModel))


def first_cell(source: Source, study_id: str) -> Cell:
    """What is shown when a study is chosen: the first bounded outcome of its first condition that has one."""
    cells = source.studies.cells_of(study_id)
    return next((cell for cell in cells if cell.scale.values is not None), cells[0])


# -- settings and edits ------------------------------------------------------------------------------------------


def _wire_settings(
    study: StudyPanel,
    people: PeoplePanel,
    settings: Settings,
    panel: ResultPanel,
    chosen: gr.Dropdown,
    results: Results,
) -> None:
    catalogue = results.catalogue
    request = [chosen, study.place, people.edits, *settings.values]

    def mark(shown: str, *controls: Any) -> str:
        try:
            wanted = to_query(form.link_of(*controls), catalogue)
        except SocratesError:
            wanted = ""
        return stale_html() if shown and wanted != shown else ""

    def show_prompt(model: str, place: str, edits: str) -> str:
        source, cell = at(catalogue, place)
        return prompt_card(source.studies, cell, form.edits_of(edits), results.models.get(model).description)

    def after_edit(listener: Any) -> None:
        listener.then(show_prompt, [chosen, study.place, people.edits], study.prompt, **QUICK)

    def redraw(listener: Any) -> None:
        listener.then(None, None, None, js="() => socrates.redraw()")

    wire_people(people, catalogue, study.place, after_edit, redraw)
    decoding = [settings.temperature, settings.top_p]
    redraw(settings.own.click(lambda: (1, 1), None, decoding, **QUICK))
    redraw(settings.paper.click(lambda: (0.6, 0.9), None, decoding, **QUICK))
    changes = [component.change for component in (*request, panel.shown)]
    gr.on(changes, mark, [panel.shown, *request], panel.stale, **QUICK, trigger_mode="always_last")


# -- running -----------------------------------------------------------------------------------------------------


def _wire_run(
    page: gr.Blocks,
    study: StudyPanel,
    people: PeoplePanel,
    settings: Settings,
    panel: ResultPanel,
    arrival: gr.HTML,
    chosen: gr.Dropdown,
    results: Results,
) -> None:
    catalogue = results.catalogue
    controls = [chosen, study.place, people.edits, *settings.values]
    again = gr.Button("Run again", visible="hidden", elem_id="again")

    def run(
        request: gr.Request,
        confirmed: bool,
        *values: Any,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> list[Any]:
        start = time.monotonic()
        try:
            link = form.link_of(*values)
            source, cell = at(results.catalogue_of(link.model), values[1])
            entry = source.entry(cell.study_id)
            if entry.seen and not confirmed:
                return draw_problem(
                    "This model has learned from this study. Tick the box under the study to simulate it all the same."
                )
            found = results.get(link, _told(progress), visitor_of(request))
            # what an endpoint answers costs money: it is asked when Run is pressed, and only then
            costs = isinstance(results.models.get(link.model), EndpointModel)
            return draw_result(found, to_query(link, catalogue), math.inf if costs else time.monotonic() - start)
        except SocratesError as error:
            return draw_problem(str(error))

    def open_page(request: gr.Request) -> list[Any]:
        link, message = _arrive(dict(request.query_params), results)
        source = results.catalogue_of(link.model).source(link.source)
        cell, wanted = source.studies.cell(link.request.cell_id), link.request
        linked, answering = "cell" in request.query_params, results.models.get(link.model)
        return [
            notice_html(message),
            draw_choice(results.models, link.model),
            *draw_study(source, cell, wanted.edits, answering, confirmed=linked),
            *draw_panel(source, cell, wanted.edits),
            wanted.n, wanted.temperature, wanted.top_p, wanted.seed,
            _runnable(answering, cell),
        ]  # fmt: skip

    opened = [arrival, chosen, *study.outputs, *people.full, *settings.values, settings.run]
    page.load(open_page, None, opened, **QUICK).then(None, None, None, js="() => socrates.begin()")
    settings.run.click(lambda: "", None, arrival, **QUICK)
    # one listener for all that starts a run: runs of a page never overlap, and what was asked last is shown last
    ran = gr.on(
        [settings.run.click, again.click],
        run,
        [study.confirm, *controls],
        panel.outputs,
        show_progress_on=panel.verdict,
        trigger_mode="always_last",
        api_visibility="private",
        concurrency_limit=4,
        concurrency_id="simulate",
    )
    ran.then(None, panel.shown, None, js="(query) => socrates.remember(query)")


def _arrive(query: dict[str, str], results: Results) -> tuple[Link, str]:
    """What the address of the page asks for, or what a newcomer sees; and what to say about it."""
    catalogue = results.catalogue
    message = ""
    try:
        link = from_query(query, catalogue)
        if link is not None:
            source = catalogue.source(link.source)
            draw_panel(source, source.studies.cell(link.request.cell_id), link.request.edits)
            if not link.model:
                return replace(link, model=results.model_name), message
            if not results.models.has(link.model):
                message = (
                    f"This link was made with the model {link.model!r}, which is not here. "
                    f"{results.models.label(results.model_name)} answers instead, so the numbers differ."
                )
                return replace(link, model=results.model_name), message
            results.models.get(link.model)
            return link, message
    except SocratesError as error:
        message = f"{error} Another study is shown instead."
    catalogue = results.catalogue_of(results.model_name)
    source = next((s for s in catalogue.sources if s.name == BUNDLED), catalogue.sources[0])
    cell = first_cell(source, source.first_study)
    return Link(source.name, SimulationRequest(cell.cell_id), results.model_name), message


def _told(progress: gr.Progress) -> Callable[[int, int], None]:
    """Progress with time left, for the status line of a run."""
    start = time.monotonic()

    def tell(done: int, total: int) -> None:
        spent = time.monotonic() - start
        left = ""
        if done and spent > LEAST_WAIT:
            left = f", about {max(1, round(spent * (total - done) / done)):,} s left"
        progress((done, total), desc=f"Asking the model: {done:,} of {total:,} participants{left}", unit="")

    return tell
