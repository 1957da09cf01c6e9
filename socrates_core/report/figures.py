"""Plotly figures of a simulation, readable at a width of 390 pixels and on light and dark pages.

Texts from studies are escaped, because plotly interprets some HTML in its labels; it reads numbered entities as well.
"""

import itertools
import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.io import to_html

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.markup import joined
from socrates_core.report.trust.which import raw_words
from socrates_core.scale.answer_scale import written
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.open_ended import number_bins
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.study.study_set import Cell
from socrates_core.trust.statement.finding import trust

PREDICTED: Final = "#D55E00"
ACTUAL: Final = "#0072B2"
"""Vermilion and blue of Okabe and Ito's colour-blind-safe palette; a pattern marks the predicted bars too."""
NEUTRAL: Final = "#767676"
"""Text and axes: contrast above 4 both on white and on near-black."""
GRID: Final = "rgba(128,128,128,0.25)"
MAX_BARS: Final = 21
MAX_BINS: Final = 20
MANY_ROWS: Final = 8
"""More rows of a picture of means stand closer together."""


def histogram(arm: ArmResult, which: str = "") -> go.Figure:
    """Predicted and actual shares of the options, side by side; only predicted ones if there are no answers.

    A scale of more than 21 options is drawn in at most 20 bins of equal size, an open-ended outcome in the bins of
    `number_bins`. `which` tells the predictions from calibrated ones, where there are some: `, raw`.
    """
    simulated = f"{arm.n_predicted:,} simulated"
    if arm.numbers is not None and arm.numbers.n_invalid:
        simulated = f"{arm.numbers.n_valid:,} of {simulated}"
    actual_name = f"Actual ({arm.n_actual:,} answer{'s' * (arm.n_actual != 1)})"
    apart = arm.off_axis
    off_axis = () if apart is None else (apart.predicted, apart.actual)
    return share_bars(arm.cell, arm.predicted, f"Predicted{which} ({simulated})", arm.actual, actual_name, off_axis)


def share_bars(
    cell: Cell,
    predicted: AnswerDistribution,
    predicted_name: str,
    actual: AnswerDistribution | None,
    actual_name: str,
    off_axis: Sequence[Sequence[float] | None] = (),
) -> go.Figure:
    """Shares of a cell's options as bars: predicted and, where available, actual; the names appear in the legend.

    Args:
        cell: Its scale names the options.
        predicted: Shares of the answers on the axis.
        predicted_name: In the legend.
        actual: Likewise; None without answers.
        actual_name: In the legend.
        off_axis: Predicted and actual shares of the options off the axis, of all answers. They stand apart, behind a
            line.
    """
    bars = with_off_axis(bars_of(cell, predicted), cell) if off_axis else bars_of(cell, predicted)
    theirs = off_axis[1] if len(off_axis) > 1 else None
    figure = go.Figure()
    figure.add_bar(
        name=predicted_name,
        x=list(bars.at),
        y=bar_shares(bars, predicted, off_axis[0] if off_axis else None),
        hovertext=bar_hovers(bars, "Predicted", predicted, off_axis[0] if off_axis else None),
        hoverinfo="text",
        marker={
            "color": PREDICTED,
            "pattern": {"shape": "/", "fillmode": "overlay", "solidity": 0.35, "fgcolor": "white"},
        },
    )
    if actual is not None:
        figure.add_bar(
            name=actual_name,
            x=list(bars.at),
            y=bar_shares(bars, actual, theirs),
            hovertext=bar_hovers(bars, "Actual", actual, theirs),
            hoverinfo="text",
            marker={"color": ACTUAL},
        )
    dress(figure, height=380)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    label_bars(figure, bars)
    if off_axis:
        on_axis = len(bars.names) - bars.off_axis
        figure.add_annotation(
            x=(bars.at[on_axis] + bars.at[-1]) / 2, y=1, yref="paper", yanchor="bottom", showarrow=False,
            text="Off the axis<br>(of all people)", font={"size": 11, "color": NEUTRAL},
        )  # fmt: skip
        figure.update_layout(margin={"t": 64}, legend={"y": 1.12})
    figure.update_yaxes(title={"text": "Share of answers (%)"}, rangemode="tozero")
    return figure


def arms_figure(simulation: Simulation) -> go.Figure:
    """Predicted and actual mean of each condition with 95 % intervals, one row per condition, the first one on top.

    In points of the scale if all conditions share it, otherwise in percent of each scale. For an open-ended
    outcome: medians, each with the quartiles.
    """
    raw = raw_words(trust(simulation), ", raw")
    predicted = MeanSide("Predicted", PREDICTED, "diamond", simulation.arms, which=raw)
    return means_figure([predicted, MeanSide("Actual", ACTUAL, "circle", simulation.arms, actual=True)])


@dataclass(frozen=True, eq=False)
class MeanSide:
    """One mark in every row of a picture of means: a prediction, or people's answers."""

    name: str
    """In the legend."""
    colour: str
    symbol: str
    arms: tuple[ArmResult, ...]
    """(A,) the rows, from above."""
    actual: bool = False
    """Whether the answers of people are drawn, where there are some, and not the prediction."""
    which: str = ""
    """What tells raw predictions from calibrated ones, in the legend."""


def means_figure(sides: Sequence[MeanSide]) -> go.Figure:
    """Means (medians) with their intervals, a row for each condition, with the marks of all sides below each other."""
    arms = sides[0].arms
    first = arms[0].cell.scale
    same = all((arm.cell.scale.values, arm.cell.scale.unit) == (first.values, first.unit) for arm in arms)
    figure = go.Figure()
    for place, side in enumerate(sides):
        shift = 0.13 * (len(sides) - 1) - 0.26 * place
        points = [
            (-row + shift, arm, point) for row, arm in enumerate(side.arms) if (point := _point(arm, side.actual, same))
        ]
        if points:
            _add_points(figure, side, points)
    dress(figure, height=140 + (10 + (26 if len(arms) <= MANY_ROWS else 13) * len(sides)) * len(arms))
    if arms[0].open_ended:
        figure.update_xaxes(title={"text": "Median answer with quartiles"}, rangemode="tozero")
    else:
        options = first.unit * arms[0].predicted.values
        low, high = (float(options[0]), float(options[-1])) if same else (0.0, 100.0)
        title = f"Mean answer ({low:g} to {high:g})" if same else "Mean answer (% of each scale)"
        figure.update_xaxes(title={"text": title}, range=[low - 0.03 * (high - low), high + 0.03 * (high - low)])
    figure.update_yaxes(
        tickmode="array",
        tickvals=[-row for row in range(len(arms))],
        ticktext=[wrapped(arm.cell.condition_label, 16, 3) for arm in arms],
        range=[-len(arms) + 0.5, 0.5],
        zeroline=False,
    )
    return figure


# -- bars --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bars:
    """How the options of a scale map to bars."""

    bar_of: npt.NDArray[np.int64]
    """(K,) index of each option's bar."""
    names: tuple[str, ...]
    """Full name of each bar."""
    ticks: dict[float, str]
    """Position → its axis label, as plotly's markup."""
    title: str
    off_axis: int = 0
    """How many of the bars, the last ones, are options off the axis."""

    @property
    def at(self) -> tuple[float, ...]:
        """Position of each bar; those off the axis after a gap."""
        on_axis = len(self.names) - self.off_axis
        return (*range(on_axis), *(on_axis + 0.5 + i for i in range(self.off_axis)))


def bars_of(cell: Cell, distribution: AnswerDistribution) -> Bars:
    """The bars of a cell's options, or of the numbers of an open-ended outcome."""
    if cell.scale.values is None:
        return _number_bars(distribution.values)
    values = distribution.values.tolist()
    if len(values) > MAX_BARS:
        return _binned(values, cell.scale.unit)
    labels, numbers = (
        [cell.scale.labels.get(value) for value in values],
        [cell.scale.written(value) for value in values],
    )
    names = tuple(f"{number} = {label}" if label else number for number, label in zip(numbers, labels, strict=True))
    ticks: dict[float, str] = {}
    for i, (number, label) in enumerate(zip(numbers, labels, strict=True)):
        # with more than five bars there is room for words only at the ends and in the middle
        labelled = len(values) <= 5 or i in (0, (len(values) - 1) / 2, len(values) - 1)
        width = max(8, 42 // len(values))
        ticks[i] = lines_of(number, wrapped(label, width, 3)) if label and labelled else number
    return Bars(np.arange(len(values)), names, ticks, "Answer")


def with_off_axis(bars: Bars, cell: Cell) -> Bars:
    """The bars with one for each option off the axis behind them."""
    scale = cell.scale
    names = tuple(label or scale.written(option) for option, label in scale.off_axis.items())
    more = replace(bars, names=(*bars.names, *names), off_axis=len(names))
    apart = dict(zip(more.at[-len(names) :], (wrapped(name, 12, 3) for name in names), strict=True))
    return replace(more, ticks={**bars.ticks, **apart})


def label_bars(figure: go.Figure, bars: Bars) -> None:
    """Name the bars along the axis, and draw a line before those off the axis."""
    figure.update_xaxes(
        tickmode="array",
        tickvals=list(bars.ticks),
        ticktext=list(bars.ticks.values()),
        tickangle=0,
        title={"text": bars.title, "standoff": 8},
        range=[-0.6, bars.at[-1] + 0.6],
    )
    if bars.off_axis:
        on_axis = len(bars.names) - bars.off_axis
        figure.add_vline(x=on_axis - 0.25, line={"color": NEUTRAL, "dash": "dot", "width": 1})


def _number_bars(values: npt.NDArray[np.int64]) -> Bars:
    bins = number_bins(values)
    every = max(1, math.ceil(len(bins.starts) / 10))
    ticks: dict[float, str] = {i: compact(start) for i, start in enumerate(bins.starts) if i % every == 0}
    return Bars(bins.bin_of, bins.names, ticks, bins.title)


def compact(number: int) -> str:
    """A number in the short form of an axis label: 20, 1,234, 1.5k, 3M."""
    for size, letter in ((10**9, "bn"), (10**6, "M"), (10**3, "k")):
        if number and number % (size // 10) == 0 and abs(number) >= size:
            return f"{number / size:g}{letter}"
    return f"{number:,}"


def _binned(values: list[int], unit: float) -> Bars:
    """Bins of 2, 5, 10, 20, 50 … options; a single option left over joins the last bin."""
    size = next(step for step in _steps() if _bin_count(len(values), step) <= MAX_BINS)
    count = _bin_count(len(values), size)
    bar_of = np.minimum(np.arange(len(values)) // size, count - 1)
    ends = [*values[size - 1 : (count - 1) * size : size], values[-1]]
    names = tuple(f"{written(values[i * size], unit)} to {written(end, unit)}" for i, end in enumerate(ends))
    every = max(1, count // 5)
    ticks: dict[float, str] = {i: written(values[i * size], unit) for i in range(0, count, every)}
    return Bars(bar_of, names, ticks, f"Answer (in bins of {size} options)")


def _bin_count(options: int, size: int) -> int:
    return math.ceil((options - (options % size == 1)) / size)


def _steps() -> Iterator[int]:
    return (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))


def bar_shares(bars: Bars, distribution: AnswerDistribution, off_axis: Sequence[float] | None) -> list[float]:
    """Percent of the answers in each bar; off the axis, of all answers."""
    counted = np.bincount(bars.bar_of, distribution.probs, len(bars.names) - bars.off_axis)
    apart = [0.0] * bars.off_axis if off_axis is None else off_axis
    return [round(100 * float(share), 4) for share in (*counted, *apart)]


def bar_hovers(
    bars: Bars, side: str, distribution: AnswerDistribution, off_axis: Sequence[float] | None
) -> list[Markup]:
    """What each bar says when it is pointed at; `side` is escaped unless it is markup."""
    shares = bar_shares(bars, distribution, off_axis)
    of_all = [""] * (len(shares) - bars.off_axis) + [" of all people"] * bars.off_axis
    return [
        lines_of(wrapped(name, 40, 6), joined((side, f": {share:.1f} %{whose}")))
        for name, share, whose in zip(bars.names, shares, of_all, strict=True)
    ]


def wrapped(text: str, width: int, lines: int) -> Markup:
    """Escape a text and wrap it to at most `lines` lines of `width` characters, cut with an ellipsis."""
    words = [word if len(word) <= width else word[: width - 1] + "…" for word in text.split()]
    return lines_of(*textwrap.wrap(" ".join(words), width, max_lines=lines, placeholder="…"))


def lines_of(*lines: str) -> Markup:
    """Lines of a label or a hover text, escaped, as plotly sets them below each other."""
    return joined(lines, "<br>")


# -- means and medians -------------------------------------------------------------------------------------------


def _add_points(
    figure: go.Figure, side: MeanSide, points: list[tuple[float, ArmResult, tuple[float, Interval]]]
) -> None:
    """Add the (height, arm, centre with its interval) of one side, predicted or actual."""
    whole = points[0][1].open_ended
    of, between = ("median", "quartiles ") if whole else ("mean", "")
    hovers = []
    for _, arm, (middle, interval) in points:
        numbers = [f"{value:,.0f}" if whole else f"{value:.2f}" for value in (middle, interval.low, interval.high)]
        summary = f" {of}{side.which} {numbers[0]} ({between}{numbers[1]} to {numbers[2]})"
        hovers.append(lines_of(wrapped(arm.cell.condition_label, 40, 6), joined((side.name, summary))))
    figure.add_scatter(
        name=f"{side.name} {of}{side.which}",
        mode="markers",
        x=[middle for _, _, (middle, _) in points],
        y=[height for height, *_ in points],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [interval.high - middle for _, _, (middle, interval) in points],
            "arrayminus": [middle - interval.low for _, _, (middle, interval) in points],
            "color": side.colour,
            "thickness": 2,
        },
        marker={"color": side.colour, "symbol": side.symbol, "size": 11},
        hovertext=hovers,
        hoverinfo="text",
    )


def _point(arm: ArmResult, actual: bool, in_points: bool) -> tuple[float, Interval] | None:
    """The point drawn for an arm: its mean with the 95 % interval, or its median with the quartiles."""
    if arm.numbers is not None:
        numbers = arm.numbers.actual if actual else arm.numbers.predicted
        return None if numbers is None else (numbers.median, Interval(numbers.low, numbers.high))
    if not actual:
        return _on_axis(arm, arm.predicted_mean, arm.predicted_mean_interval, in_points)
    if arm.actual_mean is None or arm.actual_mean_interval is None:
        return None
    return _on_axis(arm, arm.actual_mean, arm.actual_mean_interval, in_points)


def _on_axis(arm: ArmResult, mean: float, interval: Interval, in_points: bool) -> tuple[float, Interval]:
    """A mean and its interval, clipped to the scale; in percent of the scale unless `in_points`."""
    low, high = (arm.cell.scale.unit * float(arm.predicted.values[place]) for place in (0, -1))
    ends = [min(max(end, low), high) for end in (interval.low, interval.high)]
    if in_points:
        return mean, Interval(*ends)
    share = [100 * (point - low) / (high - low) for point in (mean, *ends)]
    return share[0], Interval(share[1], share[2])


def figure_html(figure: go.Figure, number: int) -> Markup:
    """A figure as a part of a page; the first one, number 1, brings the plotting library along.

    Its number is its id in the page: plotly's own would be a random one, and the same report would have other bytes.
    """
    return Markup(
        to_html(
            figure,
            include_plotlyjs=number == 1,
            full_html=False,
            config={"displaylogo": False, "responsive": True},
            div_id=f"picture-{number}",
        )
    )


def dress(figure: go.Figure, height: int) -> None:
    """Apply the style of all figures: transparent background, neutral colours, legend on top, narrow margins."""
    axis = {"gridcolor": GRID, "linecolor": NEUTRAL, "tickcolor": NEUTRAL, "zerolinecolor": GRID, "automargin": True}
    figure.update_layout(
        template="none",
        height=height,
        autosize=True,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 12, "color": NEUTRAL},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        showlegend=True,
        hoverlabel={"align": "left"},
        dragmode=False,
        xaxis=axis,
        yaxis=axis,
    )
