"""Opens a saved result on the page: shown as it was, marked, and never mixed with what the controls say."""

from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from socrates_core.errors import SocratesError
from socrates_core.report.markup import markup
from socrates_core.report.trust.tables import TITLE
from socrates_core.ui.listeners import QUICK, Updates
from socrates_core.ui.running.run_bar import RunBar, draw_compact
from socrates_core.ui.saving.reopened import Reopened, read_result
from socrates_core.ui.simulate.result_panel import ResultPanel, draw_problem, draw_result, figures_html

OPEN: Final = Markup(
    "<div class='open-saved'><h3>Open a saved result</h3><p><label for='saved-result'>A JSON file that was saved here, "
    "or by the command line</label><input type='file' id='saved-result' accept='.json,application/json'></p>"
    "<p class='quiet'>It is shown as it was, and nothing is predicted again.</p></div>"
)


def wire_opening(panel: ResultPanel, bar: RunBar, state: gr.HTML) -> None:
    """Lay out the field for the file, and show what is chosen.

    Args:
        panel: Where results are shown.
        bar: Shows them in little.
        state: Where it says what the result is of.
    """
    place = gr.HTML(OPEN, elem_id="open-saved", js_on_load="reading.opens(element, trigger)")

    def show(event: gr.EventData) -> Updates:
        sent: Any = event._data if isinstance(event._data, dict) else {}
        try:
            opened = read_result(str(sent.get("text", "")))
            drawn = _drawn(panel, opened, str(sent.get("name", "")))
            return {**drawn, **draw_compact(bar, opened.simulation), state: ""}
        except SocratesError as error:
            return draw_problem(panel, f"{error}.")

    place.input(show, None, [*panel.outputs, bar.compact, state], **QUICK)


def _drawn(panel: ResultPanel, opened: Reopened, name: str) -> Updates:
    result = opened.simulation
    drawn = draw_result(panel, result, "")
    return {
        **drawn,
        panel.verdict: markup(
            "<p class='warning opened' role='status'>Opened from the file {{ name }}, saved by Socrates {{ version }}. "
            "It is shown as it was saved, whatever the controls say; Run replaces it.</p>{{ verdict }}",
            name=name[:80], version=opened.version, verdict=drawn[panel.verdict],
        ),
        panel.trust: markup(
            "<section class='trust'><h3>{{ title }}</h3><p>The file has it under “trust”; it is not computed again for "
            "an opened result.</p></section>",
            title=TITLE,
        ),
        panel.keep: markup(
            "<div class='keep'><h3>Save its figures</h3><p class='files'>{{ figures }}</p></div>",
            figures=figures_html(len(result.arms) > 1),
        ),
    }  # fmt: skip
