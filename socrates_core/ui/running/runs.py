"""What the page does when a simulation is asked for, and when the controls say something else than the result."""

from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from socrates_core.errors import SocratesError, StoppedError
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.answer_memory import UnaskedError
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import Updates, report_progress
from socrates_core.ui.models import Adaptable
from socrates_core.ui.results import Results
from socrates_core.ui.running.run_bar import (
    AT_ONCE,
    Asked,
    RunBar,
    asked_of,
    cost_words,
    draw_compact,
    outdated_html,
    state_html,
)
from socrates_core.ui.running.stopping import Report, RunStops
from socrates_core.ui.simulate import form
from socrates_core.ui.simulate.link import Link, link_of, model_name, to_query
from socrates_core.ui.simulate.people_panel import at
from socrates_core.ui.simulate.result_panel import ResultPanel, draw_problem, draw_result, draw_waiting

SEEN: Final = "This model was trained on this study. Tick the box under the study to simulate it anyway."


@dataclass(frozen=True, eq=False)
class Runs:
    """The handlers."""

    results: Results
    panel: ResultPanel
    bar: RunBar
    state: gr.HTML
    """Names what the result is of, where the controls say something else."""
    stops: RunStops

    def run(
        self,
        request: gr.Request,
        how: str,
        confirmed: bool,
        *controls: Any,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        """Simulate what the controls say, as `form.link_of` reads them.

        What a change of the controls asks for takes place only if the model is quick enough; a call to a server may
        cost money, so there only what it has answered before is shown.
        """
        asked, page = asked_of(how), request.session_hash or ""
        try:
            link = form.link_of(*controls)
            source, cell = at(self.results.catalogue_of(link.model), controls[1])
            if source.entry(cell.study_id).seen and not confirmed:
                wanted = to_query(link, self.results.catalogue)
                stale = {self.panel.stale: outdated_html(wanted, SEEN), self.panel.notice: ""}
                return stale if asked.by_itself else draw_problem(self.panel, SEEN)
            report = self.stops.watching(report_progress(progress), page, asked.run)
            query = to_query(link, self.results.catalogue)
            found = self._found(link, asked, visitor_of(request), report)
            drawn = draw_result(self.panel, found, query, base_arm(self.results, link, found))
            return {**drawn, **draw_compact(self.bar, found), self.state: ""}
        except UnaskedError:
            return {self.panel.stale: outdated_html(query, self._cost(link)), self.panel.notice: ""}
        except StoppedError:
            return {self.panel.notice: notice_html("Stopped. Nothing has changed on the page.", problem=False)}
        except SocratesError as error:
            return draw_problem(self.panel, str(error))

    def _found(self, link: Link, asked: Asked, visitor: Visitor, report: Report) -> Simulation:
        if not asked.by_itself:
            return self.results.get(link, report, visitor)
        endpoint = isinstance(self.results.models.get(link.model), EndpointModel)
        return self.results.get(link, report, visitor, 0.0 if endpoint else AT_ONCE)

    def _cost(self, link: Link) -> str:
        """What Run would cost, in a sentence."""
        model = self.results.models.get(link.model)
        pace = self.results.memory.pace(model)
        return cost_words(self.results.people_of(link), pace, isinstance(model, EndpointModel))

    def stop(self, request: gr.Request, how: str) -> str:
        """Stop the run of this page."""
        self.stops.stop(request.session_hash or "", asked_of(how).run)
        return notice_html("Stopping after the profiles that the model is answering for now.", problem=False)

    def mark(self, shown: str, *controls: Any) -> Updates:
        """Say whether the result on the page, whose link is `shown`, is that of the controls."""
        try:
            wanted = to_query(form.link_of(*controls), self.results.catalogue)
        except SocratesError:
            wanted = ""
        if not shown or wanted == shown:
            return {self.panel.stale: "", self.state: ""}
        return {self.panel.stale: outdated_html(wanted), self.state: state_html(self._name(shown))}

    def _name(self, query: str) -> str:
        """Study, condition and model of a link."""
        try:
            link = link_of(query, self.results.catalogue)
            if link is None:
                return "another study"
            studies = self.results.catalogue.source(link.source).studies
            cell = studies.cell(link.request.cell_id)
            title = " ".join(studies.study(cell.study_id).title.split())
            return f"{title} · {cell.condition_label}"
        except SocratesError:
            return "another study"

    def other_model(self, request: gr.Request, chosen: str, shown: str, how: str) -> Updates:
        """Take a result off the page that is another model's, and stop what is being run with that."""
        try:
            link = link_of(shown, self.results.catalogue) if shown else None
        except SocratesError:
            link = None
        if not shown or (link is not None and link.model == chosen):
            return {self.panel.notice: gr.skip()}
        self.stops.stop(request.session_hash or "", asked_of(how).run)
        words = "Another model is chosen. Press Run to see what it predicts."
        return {**draw_waiting(self.panel, words), self.bar.compact: "", self.state: ""}


def base_arm(results: Results, link: Link, found: Simulation) -> ArmResult | None:
    """What the model predicts without its adapter for the chosen condition; None if it has none, or is slow."""
    model = results.models.get(link.model)
    if not isinstance(model, Adaptable) or not model.description.adapter or found.arms[0].score is None:
        return None
    name = model_name(model.base_model().description)
    pace = results.memory.pace(model)  # its base is as quick, and may not have been asked yet
    if not results.models.has(name) or pace is None or pace * found.arms[0].n_personas > AT_ONCE:
        return None
    alone = replace(link, request=replace(link.request, max_arms=1), model=name)
    try:
        return results.get(alone).arms[0]
    except SocratesError:  # somebody else is at it for long, or memory runs out: the result stands without it
        return None
