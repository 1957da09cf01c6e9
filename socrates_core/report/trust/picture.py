"""Marks for how wrong the model may be: pale and wide, apart from the thin lines with caps that show sampling.

Width tells the levels apart, not colour: 80 % is the broad one, 95 % the narrow one that reaches further.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from socrates_core.metrics.uncertainty import Interval

PALE: Final = "rgba(213,94,0,0.34)"
"""The colour of predictions, thinned: on white and on near-black it keeps a contrast to its ground, and the marks of
predictions stand out from it."""

BROAD: Final = 15
NARROW: Final = 5
"""Pixels across of the 80 and of the 95 % interval."""


@dataclass(frozen=True)
class ErrorMark:
    """Where one predicted value may truly lie."""

    inner: Interval | None
    """80 %; None if it cannot be said."""
    outer: Interval | None
    """95 %, likewise."""
    hover: str
    """What it says when it is pointed at, escaped."""


def mark_means(figure: go.Figure, marks: Sequence[ErrorMark | None]) -> go.Figure:
    """Draw the marks behind the first side of a picture of means, which has a row for each.

    Args:
        figure: Of `means_figure`; its first trace is that of the predictions, with a point in every row.
        marks: Row by row from above; None where nothing can be said.
    """
    heights = list(figure.data[0].y)
    rows = [(height, mark) for height, mark in zip(heights, marks, strict=True) if mark is not None]
    for level, across, part in (("95 %", NARROW, "outer"), ("80 %", BROAD, "inner")):
        x: list[float | None] = []
        y: list[float | None] = []
        for height, mark in rows:
            interval: Interval | None = getattr(mark, part)
            if interval is not None:
                x += [interval.low, (interval.low + interval.high) / 2, interval.high, None]
                y += [height, height, height, None]
        if x:
            said = [mark.hover for _, mark in rows if getattr(mark, part) is not None for _ in range(4)]
            figure.add_scatter(
                name=f"True mean, {level}",
                mode="lines",
                x=x,
                y=y,
                line={"color": PALE, "width": across},
                hovertext=said,
                hoverinfo="text",
            )
    marks_behind(figure)
    return figure


def marks_behind(figure: go.Figure) -> None:
    """Put what was added last behind what was there, so that points lie on the marks."""
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    others = [trace for trace in figure.data if trace.mode != "lines"]
    figure.data = ()
    figure.add_traces([*lines, *others])
    for trace in figure.data:
        trace.legendrank = 1001 if trace.mode == "lines" else 1000
