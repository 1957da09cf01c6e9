"""What is said of how far off a result may be: one sentence in view, the rest folded away."""

import html
from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from socrates_core.report.trust.picture import ErrorMark, mark_means
from socrates_core.report.trust.tables import (
    MOST_ROWS,
    TITLE,
    answers_table,
    arms_trust_table,
    effects_trust_table,
    option_names,
    shares_trust_table,
    trials_table,
    trust_notes,
    trust_sentences,
)
from socrates_core.simulation.result import Simulation
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.record import ArmStatement, Statement
from socrates_core.ui.html import table_html, text

OF_PICTURE: Final = "Pale bars in the picture of the means are of the raw answers, as its marks are."
PLACES: Final = {"inside": "good", "edge": "weak", "outside": "bad"}
"""Support → colour class of its mark."""


def trust_html(simulation: Simulation | None, prefix: str) -> str:
    """The section of a result.

    Args:
        simulation: All arms of an outcome; None where it was not predicted.
        prefix: What tells the page's sections apart.
    """
    if simulation is None:
        return ""
    said = trust(simulation)
    head = f"<h3>{TITLE}</h3>"
    if not said.applied:
        return f"<section class='trust'>{head}<p>{text(said.why)}</p></section>"
    if not said.can_sharpen:
        return f"<section class='trust'>{head}{_said(said, simulation)}</section>"
    raw = trust(simulation, sharpened=False)
    name = f"{prefix}trust-of"
    switch = (
        f"<label><input type='radio' name='{name}' value='calibrated' checked> Calibrated answers</label>"
        f"<label><input type='radio' name='{name}' value='raw'> Raw answers</label>"
    )
    return (
        f"<section class='trust'>{head}<fieldset class='switch'><legend>Speaks of</legend>{switch}</fieldset>"
        f"<div class='of-calibrated'>{_said(said, simulation)}</div><div class='of-raw'>{_said(raw, simulation)}</div>"
        f"<p class='quiet'>{OF_PICTURE}</p>"
        "</section>"
    )


def with_errors(figure: go.Figure, simulation: Simulation) -> go.Figure:
    """A picture of the conditions' means, with where the true means may lie behind the predictions, which are drawn as
    the model gives them: so are the intervals.
    """
    said = trust(simulation, sharpened=False)
    return mark_means(figure, [_mark(arm) for arm in said.arms]) if said.applied else figure


def _mark(arm: ArmStatement) -> ErrorMark:
    told = [
        f"{level}: {at.low:.2f} to {at.high:.2f}"
        for level, at in (("80 %", arm.mean_claim.inner), ("95 %", arm.mean_claim.outer))
        if at is not None
    ]
    hover = f"{html.escape(arm.label)}: true mean, {', '.join(told)}<br>(predicted mean {arm.mean:.2f})"
    return ErrorMark(arm.mean_claim.inner, arm.mean_claim.outer, hover)


def _said(said: Statement, simulation: Simulation) -> str:
    first, *others = trust_sentences(said)
    place = said.support.place if said.support is not None else "inside"
    told = "".join(f"<p>{text(one)}</p>" for one in others[:-1])
    support = f"<p class='support tone-{PLACES[place]}'>{text(others[-1])}</p>" if others else ""
    return f"<p class='first'>{text(first)}</p>{told}{support}{_details(said, simulation)}"


def _details(said: Statement, simulation: Simulation) -> str:
    shares, effects = shares_trust_table(said), effects_trust_table(said)
    names: Sequence[str] = option_names(simulation.arms[0].cell.scale)
    answers = answers_table(said, names) if len(names) <= MOST_ROWS else None
    drawn = [
        table_html(arms_trust_table(said), "Where the true means may lie"),
        "" if shares is None else table_html(shares, "Where the true shares may lie"),
        "" if effects is None else table_html(effects, "Where the true effects may lie"),
        "" if answers is None else table_html(answers, "Raw and calibrated answers"),
    ]
    trials = trials_table(said)
    tried = "" if trials is None else table_html(trials, "How often intervals held what people showed")
    notes = "".join(f"<li>{text(one)}</li>" for one in trust_notes(said))
    return (
        f"<details><summary>Intervals, and what they rest on</summary>{''.join(drawn)}<ul>{notes}</ul>{tried}</details>"
    )
