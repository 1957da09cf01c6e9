"""The predicted answers of all conditions of an outcome in one picture, on one axis."""

from typing import Final

import numpy as np
import plotly.graph_objects as go

from socrates_core.report.figures import (
    NEUTRAL,
    PREDICTED,
    Bars,
    bar_hovers,
    bar_shares,
    bars_of,
    dress,
    label_bars,
    with_off_axis,
    wrapped,
)
from socrates_core.report.trust.which import raw_words
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.trust.statement.finding import trust

SIDE_BY_SIDE: Final = 4
"""Up to so many conditions stand as bars side by side; more become rows of a grid."""
LOOKS: Final = ((NEUTRAL, ""), (PREDICTED, "/"), ("#009E73", "\\"), ("#CC79A7", "x"))
"""Colour and pattern of each condition, the control first; the colours can be told apart by the colour-blind (Okabe and
Ito), and none is that of people's answers in other pictures."""


def conditions_figure(simulation: Simulation) -> go.Figure:
    """Predicted shares of every option in every condition."""
    arms = simulation.arms
    bars = common_bars(arms)
    draw = _side_by_side if len(arms) <= SIDE_BY_SIDE else _grid
    figure = draw(arms, bars, raw_words(trust(simulation), ", raw"))
    label_bars(figure, bars)
    return figure


def shares_of_bars(simulation: Simulation) -> tuple[Bars, list[list[float]]]:
    """The bars of the picture, and each condition's shares of them in percent."""
    bars = common_bars(simulation.arms)
    return bars, [shares_in(bars, arm, simulation.arms) for arm in simulation.arms]


def common_bars(arms: tuple[ArmResult, ...]) -> Bars:
    """The bars of the options that these arms have; of an open-ended outcome, of the numbers that they got."""
    cell = arms[0].cell
    bars = bars_of(cell, over(all_values(arms), arms[0]))
    return with_off_axis(bars, cell) if arms[0].off_axis is not None else bars


def all_values(arms: tuple[ArmResult, ...]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The options; of an open-ended outcome, all numbers that some condition got."""
    found = np.unique(np.concatenate([arm.predicted.values for arm in arms]))
    return np.asarray(found, dtype=np.int64)


def over(values: "np.ndarray[tuple[int], np.dtype[np.int64]]", arm: ArmResult) -> AnswerDistribution:
    """An arm's prediction over values that include its own."""
    probs = np.zeros(len(values))
    probs[np.searchsorted(values, arm.predicted.values)] = arm.predicted.probs
    return AnswerDistribution(values, probs)


def shares_in(bars: Bars, arm: ArmResult, arms: tuple[ArmResult, ...]) -> list[float]:
    """An arm's shares of the bars that `arms` have in common, in percent."""
    return bar_shares(bars, over(all_values(arms), arm), None if arm.off_axis is None else arm.off_axis.predicted)


def _side_by_side(arms: tuple[ArmResult, ...], bars: Bars, which: str) -> go.Figure:
    figure = go.Figure()
    for arm, (colour, pattern) in zip(arms, LOOKS, strict=False):
        apart = None if arm.off_axis is None else arm.off_axis.predicted
        figure.add_bar(
            name=wrapped(arm.label, 40, 2),
            x=list(bars.at),
            y=shares_in(bars, arm, arms),
            hovertext=bar_hovers(bars, wrapped(arm.label, 40, 2) + ", predicted", over(all_values(arms), arm), apart),
            hoverinfo="text",
            marker={
                "color": colour,
                "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.35, "fgcolor": "white"},
            },
        )
    dress(figure, height=380)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    figure.update_yaxes(title={"text": f"Predicted share{which} (%)"}, rangemode="tozero")
    return figure


def _grid(arms: tuple[ArmResult, ...], bars: Bars, which: str) -> go.Figure:
    """One row a condition, darker where more people answer so; a share stands in each field with room for it."""
    table = [shares_in(bars, arm, arms) for arm in arms]
    figure = go.Figure()
    figure.add_heatmap(
        x=list(range(len(bars.names))) if not bars.off_axis else list(bars.at),
        y=list(range(len(arms))),
        z=table,
        colorscale=[[0, "rgba(213,94,0,0.04)"], [1, "rgba(213,94,0,0.95)"]],
        zmin=0,
        colorbar={"title": {"text": f"%{which}"}, "thickness": 12, "tickfont": {"color": NEUTRAL}},
        xgap=2,
        ygap=2,
        hovertext=[
            bar_hovers(
                bars,
                wrapped(arm.label, 40, 2) + ", predicted",
                over(all_values(arms), arm),
                None if arm.off_axis is None else arm.off_axis.predicted,
            )
            for arm in arms
        ],
        hoverinfo="text",
    )
    dress(figure, height=140 + 30 * len(arms))
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(arms))),
        ticktext=[wrapped(arm.label, 16, 2) for arm in arms],
        autorange="reversed",
    )
    return figure
