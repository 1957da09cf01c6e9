"""Plotly figures of reliability and of differences between groups, drawn from metrics.json alone."""

from collections.abc import Mapping

import plotly.graph_objects as go

from socrates_core.metrics.proper.reliability import ReliabilityOf
from socrates_core.metrics.proper.structure import AttributeStructure
from socrates_core.people.edit import attribute_words
from socrates_core.report.figures import ACTUAL, NEUTRAL, PREDICTED, dress, lines_of
from socrates_core.report.words import signed


def reliability_figure(found: ReliabilityOf) -> go.Figure:
    """Share that happened against predicted probability, with intervals, for options and for cumulative events."""
    figure = go.Figure()
    figure.add_scatter(
        name="Perfect", mode="lines", x=[0, 1], y=[0, 1], line={"color": NEUTRAL, "dash": "dot"}, hoverinfo="skip"
    )
    for name, one, colour, symbol in (
        ("Option chosen", found.options, PREDICTED, "diamond"),
        ("At most k", found.cumulative, ACTUAL, "circle"),
    ):
        if one is None:
            continue
        ends = [(bin_.observed, bin_.ci95) for bin_ in one.bins]
        figure.add_scatter(
            name=name,
            mode="lines+markers",
            x=[bin_.predicted for bin_ in one.bins],
            y=[bin_.observed for bin_ in one.bins],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [0.0 if ci95 is None else max(0.0, ci95.high - value) for value, ci95 in ends],
                "arrayminus": [0.0 if ci95 is None else max(0.0, value - ci95.low) for value, ci95 in ends],
                "color": colour,
                "thickness": 1.2,
            },
            line={"color": colour, "width": 1},
            marker={"color": colour, "symbol": symbol, "size": [7 + 12 * bin_.share**0.5 for bin_ in one.bins]},
            hovertext=[
                lines_of(
                    f"predicted {bin_.predicted:.2f}, happened {bin_.observed:.2f}",
                    f"{bin_.events:,} events of {bin_.studies:,} studies",
                )
                for bin_ in one.bins
            ],
            hoverinfo="text",
        )
    dress(figure, height=420)
    figure.update_xaxes(title={"text": "Predicted probability"}, range=[-0.02, 1.02])
    figure.update_yaxes(title={"text": "Share that happened"}, range=[-0.02, 1.02])
    return figure


def structure_figure(structure: Mapping[str, AttributeStructure]) -> go.Figure:
    """Each attribute's predicted over actual variance between its groups, with its interval."""
    known = [
        (attribute_words(name), one.variance_ratio)
        for name, one in structure.items()
        if one.variance_ratio.value is not None
    ]
    values = [(one.value or 0.0, one.ci95) for _, one in known]
    figure = go.Figure()
    figure.add_scatter(
        name="Predicted / actual variance between groups",
        mode="markers",
        x=[value for value, _ in values],
        y=[lines_of(name if len(name) <= 28 else name[:27] + "…") for name, _ in known],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [0.0 if ci95 is None else max(0.0, ci95.high - value) for value, ci95 in values],
            "arrayminus": [0.0 if ci95 is None else max(0.0, value - ci95.low) for value, ci95 in values],
            "color": PREDICTED,
        },
        marker={"color": PREDICTED, "symbol": "diamond", "size": 9},
        hovertext=[lines_of(f"{name}: {signed(one.value or 0.0, 2)}") for name, one in known],
        hoverinfo="text",
    )
    dress(figure, height=160 + 24 * len(known))
    figure.add_vline(x=1, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_xaxes(title={"text": "Variance ratio"})
    return figure
