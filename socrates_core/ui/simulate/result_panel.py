"""Where a result is shown: components, and how a simulation fills them."""

from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
import plotly.graph_objects as go

from socrates_core.report.figures import arms_figure, histogram
from socrates_core.simulation.result import Simulation
from socrates_core.ui.html import notice_html, text
from socrates_core.ui.simulate.result_view import effects_html, notes_html, options_html, tiles_html, verdict_html

TOOLS_OFF: Final = ["zoom", "pan", "select", "lasso", "zoomIn", "zoomOut", "autoScale", "resetScale"]
"""Of plotly's buttons only the one that saves a picture stays."""

REDRAWN_PEOPLE: Final = 200
REDRAWN_SECONDS: Final = 2.0
"""A change is simulated by itself up to so many participants, if the last run took no longer. What takes a second on a
quiet machine may take two in the first, cold run; what the model has answered is remembered, so a redraw takes less."""


@dataclass(frozen=True, eq=False)
class ResultPanel:
    """The components of a result."""

    notice: gr.HTML
    """What went wrong; a result that was there stays."""
    stale: gr.HTML
    """Says that the controls no longer belong to the result."""
    shown: gr.Textbox
    """Hidden: the query string of the result on the page; empty before the first."""
    redraws: gr.Textbox
    """Hidden: up to how many participants a change is simulated by itself, going by how long the last run took."""
    body: gr.Group
    verdict: gr.HTML
    figure: gr.Plot
    tiles: gr.HTML
    options: gr.HTML
    arms_title: gr.HTML
    arms: gr.Plot
    effects: gr.HTML
    notes: gr.HTML
    keep: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """In the order of `draw_result`."""
        return [
            self.notice, self.stale, self.shown, self.redraws, self.body, self.verdict, self.figure, self.tiles,
            self.options, self.arms, self.effects, self.notes, self.keep,
        ]  # fmt: skip


def result_panel() -> ResultPanel:
    """Lay the panel out, empty."""
    notice = gr.HTML(elem_id="notice", js_on_load=None)
    stale = gr.HTML(elem_id="stale", js_on_load=None)
    shown = gr.Textbox("", visible="hidden", elem_id="shown", label="Shown result")
    redraws = gr.Textbox("0", visible="hidden", elem_id="redraws", label="Redraws by itself")
    verdict = gr.HTML(
        "<section class='verdict waiting'><h2>Simulating a first study …</h2></section>",
        elem_id="verdict", js_on_load=None,
    )  # fmt: skip
    with gr.Group(elem_classes="plain", visible=False) as body:
        gr.HTML("<h3>Predicted and actual answers</h3>", js_on_load=None)
        figure = gr.Plot(show_label=False, container=False, elem_id="histogram", elem_classes="figure")
        tiles = gr.HTML(elem_id="tiles", js_on_load=None)
        options = gr.HTML(elem_id="options", js_on_load=None)
        arms_title = gr.HTML("<h3>The arms side by side</h3>", js_on_load=None)
        arms = gr.Plot(show_label=False, container=False, elem_id="arms", elem_classes="figure")
        effects = gr.HTML(elem_id="effects", js_on_load=None)
        notes = gr.HTML(elem_id="notes", js_on_load=None)
        keep = gr.HTML(elem_id="keep", js_on_load="socrates.link(element, watch)")
    return ResultPanel(
        notice, stale, shown, redraws, body, verdict, figure, tiles, options, arms_title, arms, effects, notes, keep
    )


def draw_result(result: Simulation, query: str, seconds: float) -> list[Any]:
    """Updates for `ResultPanel.outputs`.

    Args:
        result: What to show.
        query: The link to it, without question mark.
        seconds: How long it took to compute; infinite where it should not be repeated by itself.
    """
    arm = result.arms[0]
    several = len(result.arms) > 1
    return [
        "",
        "",
        query,
        str(REDRAWN_PEOPLE if seconds <= REDRAWN_SECONDS else 0),
        gr.update(visible=True),
        verdict_html(result),
        _dressed(histogram(arm)),
        tiles_html(arm),
        options_html(arm),
        gr.update(value=_dressed(arms_figure(result)) if several else None, visible=several),
        effects_html(result),
        notes_html(result),
        _keep_html(query),
    ]


def draw_problem(message: str) -> list[Any]:
    """Updates for `ResultPanel.outputs` that say what went wrong and leave the rest as it is."""
    return [notice_html(message), *[gr.skip() for _ in range(12)]]


def stale_html() -> str:
    """The mark that the controls have moved on."""
    return "<p class='stale' role='status'>Settings changed. Press <b>Run</b> to simulate them.</p>"


def _keep_html(query: str) -> str:
    files = "".join(
        f"<a href='result/{kind}?{text(query)}' download>{name}</a>"
        for kind, name in (("csv", "CSV of the answers"), ("html", "HTML report"), ("json", "JSON to repeat it"))
    )
    return (
        f"<div class='keep'><h3>Keep this result</h3><p class='files'>{files}</p>"
        f"<label for='result-link'>Link to this result</label><p class='link'><input id='result-link' readonly "
        f"data-query='{text(query)}' value=''><button type='button'>Copy link</button></p>"
        "<p class='quiet'>The link holds the whole request: whoever opens it in an app with the same studies and model "
        "sees the same numbers.</p></div>"
    )


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(modebar={"remove": TOOLS_OFF, "bgcolor": "rgba(0,0,0,0)", "color": "#767676"})
    return figure
