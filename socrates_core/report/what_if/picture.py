"""An outcome in all settings in one picture: a panel for each condition, one axis, a colour for each setting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from socrates_core.report.figures import (
    ACTUAL,
    GRID,
    NEUTRAL,
    Bars,
    MeanSide,
    bar_hovers,
    bar_shares,
    dress,
    label_bars,
    means_figure,
    wrapped,
)
from socrates_core.report.prediction.picture import LOOKS, all_values, common_bars, over
from socrates_core.simulation.result import ArmResult
from socrates_core.simulation.what_if.comparison import OutcomeComparison

MOST_PANELS: Final = 8
"""More conditions are drawn by their means alone, unless their options have no order."""
SYMBOLS: Final = ("square", "diamond", "triangle-up", "x")


def settings_figure(outcome: OutcomeComparison) -> go.Figure:
    """Predicted shares of every option, the settings side by side; people's answers too where there are some."""
    if len(outcome.arms) > MOST_PANELS and not outcome.arms[0].arms[0].cell.scale.nominal:
        return settings_means_figure(outcome)
    rows = [_alike(compared.arms) for compared in outcome.arms]
    every = tuple(arm for row in rows for arm in row)
    bars = common_bars(every)
    figure = make_subplots(
        rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=min(0.12, 0.3 / len(rows)),
        subplot_titles=[wrapped(compared.label, 44, 1) for compared in outcome.arms],
    )  # fmt: skip
    for place, row in enumerate(rows, start=1):
        for name, arm, look in zip(outcome.settings, row, LOOKS, strict=False):
            _add_bars(figure, place, name, bars, (arm, every), look)
        if row[0].actual is not None:
            _add_actual(figure, place, bars, row[0])
    _dress_panels(figure, len(rows))
    label_bars(figure, bars)
    figure.update_xaxes(title=None)
    figure.update_xaxes(title={"text": bars.title, "standoff": 8}, row=len(rows))
    return figure


def settings_means_figure(outcome: OutcomeComparison) -> go.Figure:
    """Predicted means (medians) with their intervals, a row for each condition and a colour for each setting."""
    by_setting = [
        tuple(row[place] for row in (one.arms for one in outcome.arms)) for place in range(len(outcome.settings))
    ]
    sides = [
        MeanSide(wrapped(name, 30, 1), colour, symbol, arms)
        for name, arms, (colour, _), symbol in zip(outcome.settings, by_setting, LOOKS, SYMBOLS, strict=False)
    ]
    if any(arm.actual is not None for arm in by_setting[0]):
        sides.append(MeanSide("Actual", ACTUAL, "circle", by_setting[0], actual=True))
    return means_figure(sides)


def _alike(arms: Sequence[ArmResult]) -> list[ArmResult]:
    """The arms of one condition; without options off the axis if the settings have different ones."""
    off = [list(arm.cell.scale.off_axis) for arm in arms]
    if all(one == off[0] for one in off):
        return list(arms)
    return [replace(arm, off_axis=None) for arm in arms]


def _add_bars(
    figure: go.Figure,
    row: int,
    name: str,
    bars: Bars,
    arm: tuple[ArmResult, tuple[ArmResult, ...]],
    look: tuple[str, str],
) -> None:
    """One setting in one panel; `arm` comes with all arms that share the axis."""
    shown = over(all_values(arm[1]), arm[0])
    apart = None if arm[0].off_axis is None else arm[0].off_axis.predicted
    colour, pattern = look
    figure.add_bar(
        name=wrapped(name, 40, 2),
        legendgroup=name,
        showlegend=row == 1,
        x=list(bars.at),
        y=bar_shares(bars, shown, apart),
        hovertext=bar_hovers(bars, wrapped(name, 40, 2) + ", predicted", shown, apart),
        hoverinfo="text",
        marker={
            "color": colour,
            "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.35, "fgcolor": "white"},
        },
        row=row,
        col=1,
    )


def _add_actual(figure: go.Figure, row: int, bars: Bars, arm: ArmResult) -> None:
    """What people answered, as another bar in a panel; of an open-ended outcome, only its median is drawn elsewhere."""
    if arm.actual is None or arm.open_ended:
        return
    apart = None if arm.off_axis is None else arm.off_axis.actual
    figure.add_bar(
        name="Actual answers",
        legendgroup="actual",
        showlegend=row == 1,
        x=list(bars.at),
        y=bar_shares(bars, arm.actual, apart),
        hovertext=bar_hovers(bars, "Actual", arm.actual, apart),
        hoverinfo="text",
        marker={"color": ACTUAL},
        row=row,
        col=1,
    )


def _dress_panels(figure: go.Figure, panels: int) -> None:
    dress(figure, height=130 + (160 if panels <= 4 else 130) * panels)
    axis = {"gridcolor": GRID, "linecolor": NEUTRAL, "tickcolor": NEUTRAL, "zerolinecolor": GRID, "automargin": True}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    highest = max((max(trace.y) for trace in figure.data), default=100)
    figure.update_yaxes(range=[0, max(1.0, 1.08 * highest)], nticks=5)
    figure.update_yaxes(title={"text": "Predicted share (%)"}, row=(panels + 1) // 2)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05, margin={"t": 66})
    figure.update_layout(legend={"y": 1 + 26 / figure.layout.height, "yanchor": "bottom"})
    figure.update_annotations(x=0, xanchor="left", font={"size": 13, "color": NEUTRAL})
