"""The panel that shows a result: its components, and the updates that fill them."""

from dataclasses import dataclass
from typing import Final

import gradio as gr
import plotly.graph_objects as go
from gradio.blocks import Block
from markupsafe import Markup

from socrates_core.report.figures import arms_figure, histogram
from socrates_core.report.markup import markup
from socrates_core.report.trust.which import raw_words
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.trust.statement.finding import trust
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import Changes, Updates
from socrates_core.ui.saving.pictures import means_words, shares_words, told
from socrates_core.ui.simulate.result_view import effects_html, metrics_html, notes_html, options_html, verdict_html
from socrates_core.ui.trust.view import trust_html, with_errors

TOOLS_OFF: Final = ["zoom", "pan", "select", "lasso", "zoomIn", "zoomOut", "autoScale", "resetScale"]
"""All of plotly's buttons except the one that saves an image."""


@dataclass(frozen=True, eq=False)
class ResultPanel:
    """The components of a result."""

    prefix: str
    """What the ids of its elements begin with."""
    notice: gr.HTML
    """What went wrong; an earlier result stays on the page."""
    stale: gr.HTML
    """Shown when the controls have changed since the result was computed."""
    shown: gr.Textbox
    """Hidden: the query string of the result on the page; empty before the first result."""
    body: gr.Group
    verdict: gr.HTML
    figure: gr.Plot
    metrics: gr.HTML
    options: gr.HTML
    arms: gr.Plot
    effects: gr.HTML
    trust: gr.HTML
    notes: gr.HTML
    keep: gr.HTML

    @property
    def outputs(self) -> list[Block]:
        """Everything that `draw_result` updates."""
        return [
            self.notice, self.stale, self.shown, self.body, self.verdict, self.figure, self.metrics, self.options,
            self.arms, self.effects, self.trust, self.notes, self.keep,
        ]  # fmt: skip


FIRST: Final = "<section class='verdict waiting'><h2>Running the first simulation …</h2></section>"


def result_panel(
    prefix: str = "",
    waiting: str = FIRST,
    script: str = "socrates.link(element, watch)",
    says: tuple[gr.HTML, gr.HTML] | None = None,
) -> ResultPanel:
    """Lay out the empty panel.

    Args:
        prefix: What the ids of its elements begin with; empty on the tab Simulate.
        waiting: HTML before the first result.
        script: What the links and buttons to save a result do.
        says: Where problems and outdated results are told, if that is elsewhere; otherwise above the result.
    """
    notice, stale = says or (
        gr.HTML(elem_id=f"{prefix}notice", js_on_load=None),
        gr.HTML(elem_id=f"{prefix}stale", js_on_load=None),
    )
    shown = gr.Textbox("", visible="hidden", elem_id=f"{prefix}shown", label="Shown result")
    verdict = gr.HTML(waiting, elem_id=f"{prefix}verdict", js_on_load=None)
    with gr.Group(elem_classes="plain", visible=False) as body:
        gr.HTML("<h3>Predicted and actual answers</h3>", js_on_load=None)
        figure = gr.Plot(show_label=False, container=False, elem_id=f"{prefix}histogram", elem_classes="figure")
        metrics = gr.HTML(elem_id=f"{prefix}tiles", js_on_load=None)
        options = gr.HTML(elem_id=f"{prefix}options", js_on_load=None)
        gr.HTML("<h3>Conditions side by side</h3>", js_on_load=None)
        arms = gr.Plot(show_label=False, container=False, elem_id=f"{prefix}arms", elem_classes="figure")
        effects = gr.HTML(elem_id=f"{prefix}effects", js_on_load=None)
        trust = gr.HTML(elem_id=f"{prefix}trust", js_on_load=None)
        notes = gr.HTML(elem_id=f"{prefix}notes", js_on_load=None)
        keep = gr.HTML(elem_id=f"{prefix}keep", js_on_load=script)
    return ResultPanel(
        prefix,
        notice,
        stale,
        shown,
        body,
        verdict,
        figure,
        metrics,
        options,
        arms,
        effects,
        trust,
        notes,
        keep,
    )


def draw_result(panel: ResultPanel, result: Simulation, query: str, base: ArmResult | None = None) -> Updates:
    """Show a result.

    Args:
        panel: Where to show it.
        result: The simulation.
        query: The link to it, without the question mark.
        base: The first condition as predicted without the model's adapter; None where that is not known.
    """
    return {getattr(panel, name): change for name, change in drawn_result(result, query, panel.prefix, base).items()}


def drawn_result(result: Simulation, query: str, prefix: str = "", base: ArmResult | None = None) -> Changes:
    """A result as the components of a panel show it, by their names; arguments as for `draw_result`."""
    arm = result.arms[0]
    several, raw = len(result.arms) > 1, raw_words(trust(result), ", raw")
    means = (
        told(styled(with_errors(arms_figure(result), result)), result, means_words(result), "means")
        if several
        else None
    )
    return {
        "notice": "",
        "stale": "",
        "shown": query,
        "body": gr.update(visible=True),
        "verdict": verdict_html(result),
        "figure": told(styled(histogram(arm, raw)), result, shares_words(arm), "answers"),
        "metrics": metrics_html(arm, base, trust(result)),
        "options": options_html(arm, raw),
        "arms": gr.update(value=means, visible=several),
        "effects": effects_html(result),
        "trust": trust_html(result, prefix),
        "notes": notes_html(result),
        "keep": _keep_html(query, several),
    }


def draw_waiting(panel: ResultPanel, words: str) -> Updates:
    """Take the result off the page, and say what there is instead."""
    return {
        panel.notice: "",
        panel.stale: "",
        panel.shown: "",
        panel.body: gr.update(visible=False),
        panel.verdict: markup(
            "<section class='verdict waiting'><p class='quiet'>{{ words }}</p></section>", words=words
        ),
    }


def draw_problem(panel: ResultPanel, message: str) -> Updates:
    """Say what went wrong and leave the rest of the panel as it is."""
    return {panel.notice: notice_html(message)}


def stale_html(button: str = "Run") -> Markup:
    """The hint that the controls have changed since the result was computed; `button` computes it anew."""
    return markup(
        "<p class='stale' role='status'>The settings have changed. Press <b>{{ button }}</b> to update the result.</p>",
        button=button,
    )


def _keep_html(query: str, several: bool) -> Markup:
    files = (("csv", "CSV of the answers"), ("html", "HTML report"), ("json", "JSON for reproduction"))
    return markup(
        "<div class='keep'><h3>Save this result</h3><p class='files'>{% for kind, name in files %}"
        "<a href='result/{{ kind }}?{{ query }}' download>{{ name }}</a>{% endfor %}{{ figures }}</p>"
        "<label for='result-link'>Link to this result</label><p class='link'><input id='result-link' readonly "
        "data-query='{{ query }}' value=''><button type='button'>Copy link</button></p>"
        "<p class='quiet'>The link contains the complete request: an app with the same studies and the same model "
        "shows the same numbers for it.</p></div>",
        files=files, query=query, figures=figures_html(several),
    )  # fmt: skip


def figures_html(several: bool) -> Markup:
    """Links that save the pictures; `several` says whether there is one of the means."""
    figures = (("histogram", "Figure of the answers"), *((("arms", "Figure of the means"),) if several else ()))
    return markup(
        "{% for place, name in figures %}{% for kind in ('svg', 'png') %}"
        "<a href='#{{ place }}' data-figure='{{ place }}' data-kind='{{ kind }}'>{{ name }}, {{ kind.upper() }}</a>"
        "{% endfor %}{% endfor %}",
        figures=figures,
    )


def styled(figure: go.Figure) -> go.Figure:
    """The figure with the one tool that the page offers, saving it as an image."""
    figure.update_layout(modebar={"remove": TOOLS_OFF, "bgcolor": "rgba(0,0,0,0)", "color": "#767676"})
    return figure
