"""The sections of an evaluation's report on proper scores, reliability and differences between groups."""

import html
from collections.abc import Mapping

import plotly.graph_objects as go

from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.probabilities import Probabilities
from socrates_core.metrics.proper.reliability import BINS, Reliability, ReliabilityOf
from socrates_core.metrics.proper.scores import FLOOR, ProperScore, ProperScores
from socrates_core.metrics.proper.structure import LEAST_PEOPLE, AttributeStructure, GroupFigure
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.report.document import Part, Picture, Section, Table
from socrates_core.report.figures import ACTUAL, NEUTRAL, PREDICTED, dress
from socrates_core.report.words import number, signed, with_interval


def probability_sections(metrics: Metrics) -> list[Section]:
    """Proper scores, reliability and structure; of real and of synthetic studies separately, if there are both."""
    sections = []
    for kind, found in metrics.probabilities.items():
        of = f": {kind} studies" if len(metrics.probabilities) > 1 else ""
        sections += [
            Section(f"Proper scores{of}", _proper(found.proper)),
            Section(f"Reliability{of}", _reliability(found)),
            Section(f"Structure{of}", _structure(found.structure)),
        ]
    return sections


# -- proper scores -----------------------------------------------------------------------------------------------


def _proper(found: ProperScores | None) -> list[Part]:
    if found is None:
        return ["The predictions are single numbers, which state no probabilities: they have no proper scores."]
    rows = tuple(
        _proper_row(name, one)
        for name, one in (
            ("Brier score, 0 to 2", found.brier),
            ("Ranked probability score, 0 to 1", found.rps),
            ("Log score, nats", found.log),
        )
        if one.model.mean is not None
    )
    below = f"{found.below_floor:,} of {found.answers:,} answers are below it" if found.below_floor else "none is below"
    return [
        "Each person's answer under the distribution predicted for this person, given an answer on the axis; smaller "
        "is better. Means over the cells of a study, then over studies, with 95 % intervals from resampling studies. "
        "A cell's own shares are known only afterwards: no prediction that is one distribution for all people scores "
        "better, one that knows who answers what does.",
        Table(("Score", "Model", "Uniform baseline", "Own shares", "Better than uniform by", "Cells"), rows),
        "The ranked probability score is divided by the number of options minus one. The log score takes probabilities "
        f"under {FLOOR:.6f} as {FLOOR:.6f}; without that, one answer predicted to be impossible makes it infinite "
        f"({below}).",
    ]


def _proper_row(name: str, one: ProperScore) -> tuple[str, ...]:
    def shown(found: Summary) -> str:
        return with_interval(found.mean, found.ci95)

    return (name, shown(one.model), number(one.uniform.mean), number(one.own_shares.mean), shown(one.gain),
            f"{one.model.cells:,}")  # fmt: skip


# -- reliability -------------------------------------------------------------------------------------------------


def _reliability(all_figures: Probabilities) -> list[Part]:
    found = all_figures.reliability
    if found is None:
        return ["The predictions are single numbers, which state no probabilities."]
    kinds = [("This option is chosen", found.options), ("The answer is at most k", found.cumulative)]
    known = [(name, one) for name, one in kinds if one is not None]
    rows = tuple(
        (
            name,
            *(number(value, 4) for value in (one.score, one.reliability, one.sampling)),
            *(number(value, 4) for value in (one.resolution, one.uncertainty, one.within)),
            f"{100 * one.reliability**0.5:.1f}",
        )
        for name, one in known
    )
    header = ("Event", "Mean (p − o)²", "Reliability", "By sampling alone", "Resolution", "Uncertainty", "Within bins",
              "Typical gap, points")  # fmt: skip
    return [
        f"Whether predicted probabilities come true, in {BINS} bins of equal width. Mean (p − o)² = reliability − "
        "resolution + uncertainty + what differs within bins (Murphy 1973). Reliability is the mean squared gap "
        "between probability and share, 0 at best; a model is off only as far as it exceeds what sampling as many "
        "people would give by itself. The typical gap is its square root.",
        Table(header, rows),
        Picture(
            reliability_figure(found),
            "Above the dotted line things happen more often than predicted. Bars are 95 % intervals over studies; "
            "larger marks hold more of the events.",
        ),
        *(_bins(name, one) for name, one in known),
    ]


def _bins(name: str, found: Reliability) -> Table:
    rows = tuple(
        (
            f"{one.low:.1f} to {one.high:.1f}",
            f"{one.predicted:.3f}",
            with_interval(one.observed, one.ci95),
            f"{one.events:,}",
            f"{one.studies:,}",
        )
        for one in found.bins
    )
    return Table((f"{name}: probability", "Mean predicted", "Happened", "Events", "Studies"), rows)


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
                f"predicted {bin_.predicted:.2f}, happened {bin_.observed:.2f}<br>{bin_.events:,} events of "
                f"{bin_.studies:,} studies"
                for bin_ in one.bins
            ],
            hoverinfo="text",
        )
    dress(figure, height=420)
    figure.update_xaxes(title={"text": "Predicted probability"}, range=[-0.02, 1.02])
    figure.update_yaxes(title={"text": "Share that happened"}, range=[-0.02, 1.02])
    return figure


# -- structure ---------------------------------------------------------------------------------------------------


def _structure(structure: Mapping[str, AttributeStructure]) -> list[Part]:
    if not structure:
        return [f"No attribute has two groups of {LEAST_PEOPLE} people in a cell."]

    def shown(found: GroupFigure) -> str:
        return with_interval(found.value, found.ci95, 2)

    rows = tuple(
        (
            attribute,
            *(shown(one) for one in (found.correlation, found.correlation_raw, found.slope, found.variance_ratio)),
            f"{number(found.predicted_spread, 1)} / {number(found.actual_spread, 1)}",
            shown(found.explained),
            f"{found.contrasts:,} in {found.cells:,} cells, {found.studies:,} studies",
        )
        for attribute, found in structure.items()
    )
    header = ("Attribute", "Correlation", "Uncorrected", "Slope", "Variance ratio", "Spread, points", "Explains",
              "Contrasts")  # fmt: skip
    return [
        "Whether the right groups of people differ, and as much as people's do: the means of groups of "
        f"{LEAST_PEOPLE} people or more in a cell, each against the average of the groups. Means of few people differ "
        "by chance, too; all figures but the uncorrected correlation are less what people within groups contribute, "
        "on both sides. With little left, a corrected correlation can exceed 1, and “none” stands where actual or "
        "predicted groups differ no more than by chance. Slope: actual difference per predicted one (below 1: "
        "predicted ones are too large). Variance ratio: predicted over actual variance between groups. Spread: "
        "standard deviation between groups, predicted / actual. Explains: share of the variance of people's answers "
        "that lies between groups.",
        Table(header, rows),
        Picture(structure_figure(structure), "1 is as large a variance between groups as people's, 0 is none."),
    ]


def structure_figure(structure: Mapping[str, AttributeStructure]) -> go.Figure:
    """Each attribute's predicted over actual variance between its groups, with its interval."""
    known = [(name, one.variance_ratio) for name, one in structure.items() if one.variance_ratio.value is not None]
    values = [(one.value or 0.0, one.ci95) for _, one in known]
    figure = go.Figure()
    figure.add_scatter(
        name="Predicted / actual variance between groups",
        mode="markers",
        x=[value for value, _ in values],
        y=[html.escape(name if len(name) <= 28 else name[:27] + "…") for name, _ in known],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [0.0 if ci95 is None else max(0.0, ci95.high - value) for value, ci95 in values],
            "arrayminus": [0.0 if ci95 is None else max(0.0, value - ci95.low) for value, ci95 in values],
            "color": PREDICTED,
        },
        marker={"color": PREDICTED, "symbol": "diamond", "size": 9},
        hovertext=[f"{html.escape(name)}: {signed(one.value or 0.0, 2)}" for name, one in known],
        hoverinfo="text",
    )
    dress(figure, height=160 + 24 * len(known))
    figure.add_vline(x=1, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_xaxes(title={"text": "Variance ratio"})
    return figure
