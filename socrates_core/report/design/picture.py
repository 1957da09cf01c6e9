"""Power and assurance by the number of people, and intervals before and after a few people have answered."""

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go
from markupsafe import Markup

from socrates_core.report.figures import ACTUAL, NEUTRAL, PREDICTED, dress, lines_of, wrapped
from socrates_core.trust.design.advice import EffectAdvice, Plan
from socrates_core.trust.design.learnt import Pair, Quantity

HOPED: Final = "#009E73"
"""Green of Okabe and Ito's palette, with dashes: what the error model allows."""
MOST_ROWS: Final = 12
"""More effects are in the table alone."""
SIDES: Final = (("Before", PREDICTED, "diamond"), ("After", HOPED, "square"), ("These people alone", ACTUAL, "circle"))


def power_figure(of: EffectAdvice, plan: Plan) -> go.Figure:
    """Power, and assurance with its limit, against the people who are asked in each arm."""
    n, power, hoped = of.drawn
    figure = go.Figure()
    curves = [("Power, if the effect is as predicted", power, PREDICTED, "solid")]
    curves += [] if hoped is None else [("Assurance, over what it may be", hoped, HOPED, "dash")]
    for name, values, colour, dash in curves:
        figure.add_scatter(
            name=name, x=list(n), y=[100 * one for one in values], mode="lines",
            line={"color": colour, "width": 3, "dash": dash},
            hovertemplate="%{x:,.0f} people: %{y:.0f} %<extra></extra>",
        )  # fmt: skip
    if of.hope is not None and of.hope.limit is not None and hoped is not None:
        figure.add_hline(
            y=100 * of.hope.limit, line={"color": HOPED, "dash": "dot", "width": 1},
            annotation={"text": f"at most {of.hope.limit:.0%}", "font": {"size": 11, "color": NEUTRAL}},
            annotation_position="top left",
        )  # fmt: skip
    figure.add_hline(y=100 * plan.power, line={"color": NEUTRAL, "dash": "dot", "width": 1})
    figure.add_vline(x=plan.people, line={"color": NEUTRAL, "dash": "dot", "width": 1})
    dress(figure, height=320)
    figure.update_xaxes(type="log", title={"text": "People asked in each arm"}, dtick=1, tickformat=",d")
    figure.update_yaxes(title={"text": "Probability of finding it (%)"}, range=[0, 102])
    figure.update_layout(margin={"t": 58}, legend={"orientation": "v", "y": 1.02})
    return figure


def pilot_figure(quantities: Sequence[Quantity]) -> go.Figure:
    """Intervals of each effect (or mean) before and after the pilot and of its people alone: 80 % thick, 95 % thin."""
    rows = quantities[:MOST_ROWS]
    figure = go.Figure()
    for place, (name, colour, symbol) in enumerate(SIDES):
        shift = 0.25 - 0.25 * place
        drawn = [(-row + shift, one, found) for row, one in enumerate(rows) if (found := _side(one, place)) is not None]
        if not drawn:
            continue
        for wide, level in ((7, 0), (2, 1)):
            xs: list[float | None] = []
            ys: list[float | None] = []
            for height, _, (_, intervals) in drawn:
                at = intervals[level]
                if at is not None:
                    xs += [at.low, at.high, None]
                    ys += [height, height, None]
            figure.add_scatter(
                x=xs, y=ys, mode="lines", line={"color": colour, "width": wide}, showlegend=False, hoverinfo="skip",
                opacity=0.55 if level == 0 else 1,
            )  # fmt: skip
        figure.add_scatter(
            name=name, x=[middle for _, _, (middle, _) in drawn], y=[height for height, _, _ in drawn], mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 10},
            hovertext=[_hover(name, one, middle, found) for _, one, (middle, found) in drawn], hoverinfo="text",
        )  # fmt: skip
    dress(figure, height=150 + 84 * len(rows))
    effects = bool(rows) and rows[0].what == "effect"
    if effects:
        figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1})
    figure.update_xaxes(
        title={"text": "Effect (% of the scale)" if effects else "Mean (% of the scale)"}, zeroline=False
    )
    figure.update_yaxes(
        tickmode="array", tickvals=[-row for row in range(len(rows))],
        ticktext=[wrapped(one.name, 20, 4) for one in rows], range=[-len(rows) + 0.4, 0.6], zeroline=False,
    )  # fmt: skip
    return figure


def _side(one: Quantity, place: int) -> tuple[float, Pair] | None:
    """Middle and intervals of a side: before, after, alone."""
    found = (one.before, one.after, one.alone)[place]
    if found is None:
        return None
    middle = (one.predicted, one.middle, one.seen)[place]
    return (sum((found[0].low, found[0].high)) / 2 if middle is None or place == 0 else middle), found


def _hover(name: str, one: Quantity, middle: float, found: Pair) -> Markup:
    known = ((level, at) for level, at in zip((80, 95), found, strict=True) if at is not None)
    ends = "; ".join(f"{level} %: {at.low:.1f} to {at.high:.1f}" for level, at in known)
    return lines_of(wrapped(one.name, 40, 6), f"{name}: {middle:.1f} ({ends})")
