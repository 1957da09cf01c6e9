"""Below a prediction: the same people asked in other ways, at the press of a button."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import gradio as gr
from gradio.blocks import Block

from socrates_core.errors import SocratesError, StoppedError
from socrates_core.report.markup import markup
from socrates_core.report.robustness import TITLE, robustness_figure, robustness_sentences, robustness_table
from socrates_core.simulation.robustness.variants import Robustness, robustness
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.html import notice_html, table_html
from socrates_core.ui.listeners import QUICK, Updates, report_progress
from socrates_core.ui.results import Results
from socrates_core.ui.robustness.stopping import PageStops, Report
from socrates_core.ui.simulate.link import link_of
from socrates_core.ui.simulate.result_panel import styled
from socrates_core.ui.your_study.preview import checked
from socrates_core.ui.your_study.work import Prediction, admitted, loaded_in

MOST_WAYS: Final = 7
"""What a visitor is charged for: as asked, four wordings, and two other templates."""
BOTH_WAYS: Final = 2
"""More of them to average over both orders of the options."""

EMPTY: Final = "() => ['', '', { __type__: 'update', value: null, visible: false }, '']"
"""The script that takes what belongs to another prediction off the page, without asking the server at every redraw."""


class Asked(Protocol):
    """Asks the prediction of a tab in other ways."""

    def again(self, visitor: Visitor, current: Any, place: int, both: bool, report: Report) -> Robustness:
        """The prediction on the page, asked in every way, and averaged over both orders if wanted.

        Raises:
            SocratesError: If there is none, or the visitor may not simulate so much now.
            StoppedError: If `report` raises it before the question as asked is predicted.
        """
        ...


@dataclass(frozen=True, eq=False)
class OfLink:
    """Of the tab Simulate, where a link stands for its result."""

    results: Results

    def again(self, visitor: Visitor, current: str, place: int, both: bool, report: Report) -> Robustness:
        """The outcome on the page."""
        del place
        link = link_of(current or "", self.results.catalogue)
        if link is None:
            raise SocratesError("There is no result to ask again. Press Run first")
        studies = self.results.catalogue.source(link.source).studies
        model = self.results.models.get(link.model or self.results.model_name)
        cells = studies.cells_of(studies.cell(link.request.cell_id).study_id)
        with admitted(self.results, visitor, _ways(both) * (link.request.n or 0) * len(cells)):
            return robustness(studies, model, link.request, report, both)


@dataclass(frozen=True, eq=False)
class OfStudy:
    """Of the tab Your study."""

    results: Results

    def again(self, visitor: Visitor, current: Prediction | None, place: int, both: bool, report: Report) -> Robustness:
        """The outcome that is shown."""
        found = None if current is None or place not in range(len(current.found)) else current.found[place].simulation
        if current is None or found is None:
            raise SocratesError("There is no prediction to ask again. Press Run first")
        model = self.results.models.get(current.model)
        _, studies = checked(current.draft, model, loaded_in(self.results))
        if studies is None:
            raise SocratesError("The study has changed and cannot be asked as it is. Press Run first")
        with admitted(self.results, visitor, _ways(both) * current.sampling.people * len(found.arms)):
            return robustness(studies, model, found.request, report, both)


def robustness_panel(name: str, current: Block, changed: gr.Textbox, place: Block, asked: Asked) -> None:
    """Lay the panel out where this is called, and connect it.

    Args:
        name: What its ids begin with.
        current: Stands for the prediction on the page.
        changed: A component that changes with every prediction, after which what is shown belongs to another one.
        place: Holds the number of the outcome that is shown.
        asked: Asks it again.
    """
    with gr.Accordion(TITLE, open=False, elem_id=name, elem_classes="more"):
        gr.HTML(
            markup(
                "<p class='quiet'>Asks the same people again with other answer instructions, the options in reverse "
                "order and other templates: up to {{ most }} times the work of Run. What moves is owed to the wording."
                "</p>",
                most=MOST_WAYS,
            ),
            js_on_load=None,
        )
        both = gr.Checkbox(
            False,
            label="Average over both orders of the options, too",
            info="The mean of the options listed from the first to the last and from the last to the first: twice the "
            "work of Run, on top.",
            elem_id=f"{name}-both",
            container=False,
        )
        with gr.Row(elem_classes="tools"):
            ask = gr.Button("Ask in other ways", elem_id=f"{name}-ask", size="sm", min_width=60)
            stop = gr.Button("Stop", elem_id=f"{name}-stop", size="sm", min_width=60)
        notice = gr.HTML(elem_id=f"{name}-notice", js_on_load=None)
        says = gr.HTML(elem_id=f"{name}-says", js_on_load=None)
        picture = gr.Plot(
            show_label=False, container=False, elem_id=f"{name}-picture", elem_classes="figure", visible=False
        )
        table = gr.HTML(elem_id=f"{name}-table", js_on_load=None)

    def run(
        request: gr.Request,
        now: Any,
        shown: int | None,
        wanted: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> Updates:
        try:
            with stops.watching(request.session_hash, _report(progress)) as report:
                found = asked.again(visitor_of(request), now, shown or 0, wanted, report)
        except StoppedError:
            return {notice: notice_html("Stopped before the question as it is was answered.", problem=False)}
        except SocratesError as error:
            return {notice: notice_html(f"{error}.".replace("..", "."))}
        ordered = len(found.asked) > 1 and not found.asked[0].arms[0].cell.scale.nominal
        return {
            notice: "",
            says: markup("{% for one in told %}<p>{{ one }}</p>{% endfor %}", told=robustness_sentences(found)),
            picture: gr.update(value=styled(robustness_figure(found)) if ordered else None, visible=ordered),
            table: table_html(robustness_table(found), "Predictions when asked in other ways"),
        }

    def halt(request: gr.Request) -> None:
        stops.stop(request.session_hash)

    drawn = [notice, says, picture, table]
    stops = PageStops()
    ask.click(
        run,
        [current, place, both],
        drawn,
        show_progress_on=says,
        api_visibility="private",
        concurrency_limit=4,
        concurrency_id="simulate",
    )
    stop.click(halt, None, None, **QUICK)
    changed.change(None, None, drawn, js=EMPTY)


def _ways(both: bool) -> int:
    return MOST_WAYS + BOTH_WAYS * both


def _report(progress: gr.Progress) -> Report:
    return report_progress(progress, "Asking in other ways", "answers")
