"""Plotly figures of an evaluation; all but those of single answers are drawn from metrics.json alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup

from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.results.metrics import Effects
from socrates_core.evaluation.results.rows import CellDistances, CellRow, StudyDistances, StudyRow
from socrates_core.metrics.cell.off_axis import off_axis_shares
from socrates_core.metrics.cell_predictions import CellPredictions, scale_of
from socrates_core.metrics.fairness import AttributeFairness
from socrates_core.metrics.uncertainty import Interval
from socrates_core.people.edit import attribute_words
from socrates_core.report.figures import ACTUAL, NEUTRAL, PREDICTED, dress, lines_of, share_bars
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.study.study_set import Cell

GREEN = "#009E73"
"""Of Okabe and Ito's palette, for the noise floor."""


def forest(studies: Sequence[StudyRow], convention: Convention = "scale") -> go.Figure:
    """One row per study: its mean W with an interval over its cells, the noise floor, and the uniform baseline."""
    rows = [(row, found, found.model) for row in studies if (found := row.by(convention)).model is not None]
    rows.sort(key=lambda one: one[2])
    names = [_short(row.study, 22) for row, _, _ in rows]
    middle = [model for _, _, model in rows]
    ends = [found.ci95 or Interval(model, model) for _, found, model in rows]
    figure = go.Figure()
    figure.add_scatter(
        name="Model",
        mode="markers",
        x=middle,
        y=names,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [end.high - value for value, end in zip(middle, ends, strict=True)],
            "arrayminus": [value - end.low for value, end in zip(middle, ends, strict=True)],
            "color": PREDICTED,
            "thickness": 1.5,
        },
        marker={"color": PREDICTED, "symbol": "diamond", "size": 8},
        hovertext=[_study_hover(row, found) for row, found, _ in rows],
        hoverinfo="text",
    )
    for name, x, symbol, colour in (
        ("Noise floor", [found.floor for _, found, _ in rows], "line-ns-open", GREEN),
        ("Uniform baseline", [found.uniform for _, found, _ in rows], "circle-open", NEUTRAL),
    ):
        figure.add_scatter(
            name=name, mode="markers", x=x, y=names, marker={"color": colour, "symbol": symbol, "size": 8}
        )
    dress(figure, height=140 + 18 * len(rows))
    figure.update_xaxes(title={"text": "Wasserstein distance (W)"}, rangemode="tozero")
    return figure


def effects_figure(effects: Effects) -> go.Figure:
    """Predicted against actual effects with the calibration line, in percentage points of the scale."""
    each = [one for one in effects.each if not one.wording_contrast]
    x, y = [one.predicted for one in each], [one.actual for one in each]
    figure = go.Figure()
    reach = 1.05 * max([1.0, *map(abs, x), *map(abs, y)])
    ends = np.array([-reach, reach])
    figure.add_scatter(
        name="Perfect", mode="lines", x=ends, y=ends, line={"color": NEUTRAL, "dash": "dot"}, hoverinfo="skip"
    )
    slope, intercept = (effects.calibration.slope.value, effects.calibration.intercept.value)
    if slope is not None and intercept is not None:
        figure.add_scatter(
            name=f"Calibration: {intercept:+.1f} {slope:+.2f} · predicted",
            mode="lines",
            x=ends,
            y=intercept + slope * ends,
            line={"color": PREDICTED},
            hoverinfo="skip",
        )
    figure.add_scatter(
        name=f"Effects ({len(each):,})",
        mode="markers",
        x=x,
        y=y,
        error_y={
            "type": "data",
            "array": [one.actual_interval.high - one.actual for one in each],
            "color": "rgba(0,114,178,0.25)",
            "thickness": 1,
            "width": 0,
        },
        marker={"color": ACTUAL, "size": 7},
        hovertext=[
            lines_of(
                _short(one.study_id, 40),
                _short(one.arm, 40),
                f"predicted {one.predicted:+.1f}, actual {one.actual:+.1f}",
            )
            for one in each
        ],
        hoverinfo="text",
    )
    dress(figure, height=440)
    figure.update_xaxes(title={"text": "Predicted effect (percentage points)"}, range=[-reach, reach])
    figure.update_yaxes(title={"text": "Actual effect (percentage points)"}, range=[-reach, reach])
    return figure


def distance_against_n(cells: Sequence[tuple[CellRow, CellDistances]]) -> go.Figure:
    """Each cell's W by the stated scale and its noise floor, against the number of people who answered it."""
    figure = go.Figure()
    for name, y, colour, symbol in (
        ("Cell", [found.model for _, found in cells], PREDICTED, "circle"),
        ("Its noise floor", [found.floor for _, found in cells], GREEN, "x"),
    ):
        figure.add_scatter(
            name=name,
            mode="markers",
            x=[row.n for row, _ in cells],
            y=y,
            marker={"color": colour, "symbol": symbol, "size": 6, "opacity": 0.7},
            hovertext=[lines_of(_short(row.name, 60), f"n = {row.n}") for row, _ in cells],
            hoverinfo="text+y",
        )
    dress(figure, height=380)
    figure.update_xaxes(title={"text": "People in the cell"}, type="log")
    figure.update_yaxes(title={"text": "Wasserstein distance (W)"}, rangemode="tozero")
    return figure


@dataclass(frozen=True, eq=False)
class CellShares:
    """Predicted and actual shares of one cell on a known scale."""

    cell: Cell
    """Its scale names the options."""
    predicted: AnswerDistribution
    predicted_name: str
    actual: AnswerDistribution
    actual_name: str
    off_axis: tuple[list[float], ...]
    """Predicted and actual shares of the options off the axis; empty without such options."""


def cell_shares(cell: CellPredictions) -> CellShares:
    """What the bars of a scored cell show."""
    assert cell.values is not None
    shown = Cell(cell.cell_id, cell.study_id, cell.condition_num, 0, cell.stimulus or "", scale_of(cell))
    on, usable = cell.on_scale, cell.usable
    actual = AnswerDistribution.from_responses(cell.responses[on].astype(np.int64), shown.scale, cell.mass_of[on])
    if cell.probs is not None:
        side = cell.predicted
        mean = side.weights[side.compared] @ side.probs[side.compared] if side.probs is not None else cell.probs[0]
        predicted = AnswerDistribution(cell.values, mean / mean.sum())
        name = "Predicted"
    else:
        assert cell.drawn is not None
        drawn = cell.drawn[usable].astype(np.int64)
        predicted = AnswerDistribution.from_responses(drawn, shown.scale, cell.mass_of[usable])
        name = f"Predicted ({len(drawn):,} drawn)"
    apart = off_axis_shares(cell)
    off: tuple[list[float], ...] = ()
    if apart is not None:
        shares = list(apart.by_option.values())
        off = [p for _, p in shares], [a for a, _ in shares]
    return CellShares(shown, predicted, name, actual, f"Actual ({int(on.sum()):,} answers)", off)


def cell_bars(cell: CellPredictions) -> go.Figure:
    """Predicted and actual shares of one cell on a known scale."""
    found = cell_shares(cell)
    return share_bars(
        found.cell, found.predicted, found.predicted_name, found.actual, found.actual_name, found.off_axis
    )


def groups_figure(fairness: Mapping[str, AttributeFairness]) -> go.Figure:
    """Each group's W with its interval, and its noise floor."""
    rows = [(attribute, row) for attribute, found in fairness.items() for row in found.groups]
    names = [_short(f"{attribute_words(attribute)}: {row.group}", 28) for attribute, row in rows]
    figure = go.Figure()
    figure.add_scatter(
        name="W",
        mode="markers",
        x=[row.mean for _, row in rows],
        y=names,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [0.0 if row.ci95 is None else row.ci95.high - row.mean for _, row in rows],
            "arrayminus": [0.0 if row.ci95 is None else row.mean - row.ci95.low for _, row in rows],
            "color": PREDICTED,
        },
        marker={"color": PREDICTED, "symbol": "diamond", "size": 9},
        hovertext=[lines_of(name, f"n = {row.n:,}") for name, (_, row) in zip(names, rows, strict=True)],
        hoverinfo="text+x",
    )
    floors = [row.noise_floor for _, row in rows]
    figure.add_scatter(
        name="Noise floor", mode="markers", x=floors, y=names, marker={"color": GREEN, "symbol": "line-ns-open"}
    )
    dress(figure, height=140 + 24 * len(rows))
    figure.update_xaxes(title={"text": "Wasserstein distance (W)"}, rangemode="tozero")
    return figure


def _study_hover(row: StudyRow, found: StudyDistances) -> Markup:
    return lines_of(
        _short(row.title or row.study, 60), f"W {found.model:.3f}, noise floor {found.floor:.3f}",
        f"{found.cells} cells, {row.n:,} answers",
    )  # fmt: skip


def _short(text: str, most: int) -> Markup:
    """A text for plotly on one line, cut and escaped."""
    flat = " ".join(str(text).split())
    return lines_of(flat if len(flat) <= most else flat[: most - 1] + "…")
