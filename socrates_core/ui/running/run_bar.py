"""The bar with Run and Stop, and what it says: what a change would cost, progress, problems.

It stays in view beside the controls, so that nothing of it moves or covers the result.
"""

from dataclasses import dataclass
from typing import Final

import gradio as gr
from markupsafe import Markup

from socrates_core.report.markup import markup
from socrates_core.report.words import duration
from socrates_core.simulation.result import Simulation
from socrates_core.ui.listeners import Updates
from socrates_core.ui.running.compact_view import compact_html

AT_ONCE: Final = 5.0
"""Seconds of a model's time that a change may take without Run being pressed."""

READS_HOW: Final = "(_how, confirm, ...request) => [socrates.how(request), confirm, ...request]"
"""The script that says how a run was asked for, before it is sent."""


@dataclass(frozen=True)
class Asked:
    """How a run was asked for."""

    by_itself: bool
    """Whether a change of the controls asked for it, and not Run."""
    run: int
    """Its number on the page."""


@dataclass(frozen=True, eq=False)
class RunBar:
    """The components."""

    how: gr.Textbox
    """Hidden: the script writes here how a run was asked for, see `asked_of`."""
    compact: gr.HTML
    notice: gr.HTML
    """What went wrong."""
    stale: gr.HTML
    """Shown when the controls have changed since the result was computed."""
    progress: gr.HTML
    """Empty; Gradio draws the progress of a run over it."""
    stop: gr.Button
    again: gr.Button
    """Hidden: the script presses it to run without Run."""


def run_bar(run: gr.Button) -> RunBar:
    """Lay out the bar around the button Run."""
    with gr.Column(elem_id="run-bar"):
        how = gr.Textbox("", visible="hidden", elem_id="how", label="How the run was asked for")
        compact = gr.HTML(elem_id="compact", js_on_load=None)
        notice = gr.HTML(elem_id="notice", js_on_load=None)
        stale = gr.HTML(elem_id="stale", js_on_load=None)
        progress = gr.HTML(elem_id="progress", js_on_load=None)
        with gr.Row(elem_classes="buttons"):
            run.render()
            stop = gr.Button("Stop", elem_id="stop", scale=1, min_width=70)
        again = gr.Button("Run again", visible="hidden", elem_id="again")
    return RunBar(how, compact, notice, stale, progress, stop, again)


def asked_of(how: str) -> Asked:
    """Read what the script writes: `change` or `run`, and a number; anything else is Run."""
    word, _, number = str(how or "").partition(" ")
    whole = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    return Asked(word == "change", whole)


def draw_compact(bar: RunBar, result: Simulation) -> Updates:
    """Show a result in little."""
    return {bar.compact: compact_html(result)}


def outdated_html(wanted: str = "", more: str = "") -> Markup:
    """The hint that the controls have changed since the result was computed.

    Args:
        wanted: The query string of what the controls say, which the script keeps over a reload; empty if there is none.
        more: What Run would cost, in a sentence.
    """
    return markup(
        "<p class='stale' role='status' data-wanted='{{ wanted }}'>The settings have changed."
        "{% if more %} {{ more }}{% endif %} Press <b>Run</b> to update the result.</p>",
        wanted=wanted, more=more,
    )  # fmt: skip


def cost_words(people: int, pace: float | None, endpoint: bool) -> str:
    """What Run would cost for people whose answers the model has not given yet, in a sentence.

    Args:
        people: At most so many profiles are put to the model.
        pace: Seconds that the model needs for each, if that is known.
        endpoint: Whether each is a call to a server.
    """
    if endpoint:
        return f"Up to {people:,} calls to the model's server are needed."
    about = f", about {duration(max(1.0, people * pace))}" if pace is not None else ""
    return f"The model has to answer for up to {people:,} profiles{about}."


def state_html(shown: str) -> Markup:
    """The name of what the result on the page is of, where the controls say something else."""
    return markup("<p>Result of earlier settings: <b>{{ shown }}</b></p>", shown=shown)
