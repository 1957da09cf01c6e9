"""What is said of how far off a result may be: one sentence in view, the rest folded away."""

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go
from markupsafe import Markup

from socrates_core.report.markup import joined, markup
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
from socrates_core.ui.html import table_html

OF_PICTURE: Final = "Pale bars in the picture of the means are of the raw answers, as its marks are."
PLACES: Final = {"inside": "good", "edge": "weak", "outside": "bad"}
"""Support → colour class of its mark."""


def trust_html(simulation: Simulation | None, prefix: str) -> Markup:
    """The section of a result.

    Args:
        simulation: All arms of an outcome; None where it was not predicted.
        prefix: What tells the page's sections apart.
    """
    if simulation is None:
        return Markup()
    said = trust(simulation)
    if not said.applied:
        body = markup("<p>{{ why }}</p>", why=said.why)
    elif not said.can_sharpen:
        body = _said(said, simulation)
    else:
        body = markup(
            "<fieldset class='switch'><legend>Speaks of</legend>"
            "<label><input type='radio' name='{{ name }}' value='calibrated' checked> Calibrated answers</label>"
            "<label><input type='radio' name='{{ name }}' value='raw'> Raw answers</label></fieldset>"
            "<div class='of-calibrated'>{{ calibrated }}</div><div class='of-raw'>{{ raw }}</div>"
            "<p class='quiet'>{{ of_picture }}</p>",
            name=f"{prefix}trust-of", calibrated=_said(said, simulation),
            raw=_said(trust(simulation, sharpened=False), simulation), of_picture=OF_PICTURE,
        )  # fmt: skip
    return markup("<section class='trust'><h3>{{ title }}</h3>{{ body }}</section>", title=TITLE, body=body)


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
    hover = markup(
        "{{ label }}: true mean, {{ told }}<br>(predicted mean {{ '%.2f' % mean }})",
        label=arm.label, told=", ".join(told), mean=arm.mean,
    )  # fmt: skip
    return ErrorMark(arm.mean_claim.inner, arm.mean_claim.outer, hover)


def _said(said: Statement, simulation: Simulation) -> Markup:
    first, *others = trust_sentences(said)
    place = said.support.place if said.support is not None else "inside"
    return markup(
        "<p class='first'>{{ first }}</p>{% for one in others %}"
        "<p{% if loop.last %} class='support tone-{{ tone }}'{% endif %}>{{ one }}</p>{% endfor %}{{ details }}",
        first=first, others=others, tone=PLACES[place], details=_details(said, simulation),
    )  # fmt: skip


def _details(said: Statement, simulation: Simulation) -> Markup:
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
    return markup(
        "<details><summary>Intervals, and what they rest on</summary>{{ drawn }}"
        "<ul>{% for one in notes %}<li>{{ one }}</li>{% endfor %}</ul>{{ tried }}</details>",
        drawn=joined(drawn), notes=trust_notes(said),
        tried="" if trials is None else table_html(trials, "How often intervals held what people showed"),
    )  # fmt: skip
