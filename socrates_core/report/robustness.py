"""What a prediction owes to how the question is put, as a sentence, a table, a picture and a CSV file."""

import csv
import io
from typing import Final

import numpy as np
import plotly.graph_objects as go

from socrates_core.report.document import Table
from socrates_core.report.figures import dress, wrapped
from socrates_core.report.prediction.picture import LOOKS
from socrates_core.report.simulation import inert
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import signed
from socrates_core.simulation.robustness.variants import NO_EFFECT, Robustness, SignAgreement, Variant
from socrates_core.trust.statement.finding import trust

TITLE: Final = "Asked in other ways"
SYMBOLS: Final = ("diamond", "circle", "square", "triangle-up", "cross", "x", "star")
CSV_COLUMNS: Final = ("way", "changed", "condition", "predicted_mean", "effect_points", "w", "refused", "simulated")


def robustness_sentences(found: Robustness) -> list[str]:
    """How far means, effects and W move, a sentence each."""
    first, ways = found.asked[0], len(found.asked)
    if ways < 2:
        return ["The question cannot be put in any other way, so nothing is known of its robustness."]
    scale = first.arms[0].cell.scale
    raw = raw_words(trust(first), "; all figures are of raw answers")
    told = [f"The same people were asked in {ways} ways; only the answer instruction or the template differs{raw}."]
    if not scale.nominal:
        width = first.arms[0].predicted.values[-1] - first.arms[0].predicted.values[0]
        moved = 100 * np.ptp(found.means(), axis=0) / (scale.unit * float(width))
        told.append(
            f"A predicted mean moves by up to {moved.max():.0f} % of the scale's width "
            f"({first.arms[int(moved.argmax())].label})."
        )
    told += [_sign_words(one, ways) for one in found.signs()]
    distances = found.distances()
    if np.isfinite(distances).all():
        mean = distances.mean(axis=1)
        told.append(f"The mean Wasserstein distance (W) is between {mean.min():.3f} and {mean.max():.3f}.")
    return told


def _sign_words(found: SignAgreement, ways: int) -> str:
    """How many ways agree in the sign of an effect; those that do not are named."""
    small = f"no effect (below {NO_EFFECT:g} points up or down)"
    if found.sign == 0:
        told = (
            f"The effect of {found.label} is {signed(found.predicted)} points as asked: {small}, so it has no sign; "
            f"{found.same} of {ways} ways show none."
        )
        return f"{told} An effect is shown by: {'; '.join(found.opposite)}." if found.opposite else told
    told = (
        f"The effect of {found.label}, {signed(found.predicted)} points as asked, has the same sign in {found.same} of "
        f"{ways} ways."
    )
    told += f" The opposite sign: {'; '.join(found.opposite)}." if found.opposite else ""
    return told + (f" {small.capitalize()}: {'; '.join(found.no_effect)}." if found.no_effect else "")


def robustness_table(found: Robustness) -> Table:
    """A row a way: means, effects and W of every condition."""
    first = found.asked[0]
    answered = any(arm.w is not None for arm in first.arms)
    header = ["Asked with", *(f"Mean, {arm.label}" for arm in first.arms)]
    header += [f"Effect, {row.label}" for row in first.effects]
    header += [f"W, {arm.label}" for arm in first.arms] if answered else []
    return Table(tuple(header), tuple(_row(one, len(header), answered) for one in found.variants))


def _row(one: Variant, columns: int, answered: bool) -> tuple[str, ...]:
    name = "the question as it is" if one.changed == "nothing" else one.changed
    made = one.simulation
    if made is None:
        return (name, f"not asked so: {one.refused}", *[""] * (columns - 2))
    nominal = made.arms[0].cell.scale.nominal
    cells = ["no order" if nominal else f"{arm.predicted_mean:.2f}" for arm in made.arms]
    cells += [signed(row.predicted) for row in made.effects]
    cells += ["none" if arm.w is None else f"{arm.w:.3f}" for arm in made.arms] if answered else []
    return (name, *cells)


def robustness_figure(found: Robustness) -> go.Figure:
    """Predicted means, a row a way and a mark a condition; without an order of the options, there are none."""
    figure = go.Figure()
    ways = [one for one in found.variants if one.simulation is not None]
    for place, arm in enumerate(found.asked[0].arms):
        figure.add_scatter(
            name=wrapped(arm.label, 40, 2),
            mode="markers",
            x=found.means()[:, place].tolist(),
            y=[-row for row in range(len(ways))],
            marker={"color": LOOKS[place % len(LOOKS)][0], "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 10},
        )
    dress(figure, height=150 + 34 * len(ways))
    values = found.asked[0].arms[0].cell.scale.unit * found.asked[0].arms[0].predicted.values
    low, high = float(values[0]), float(values[-1])
    raw = raw_words(trust(found.asked[0]), ", raw")
    figure.update_xaxes(title={"text": f"Predicted mean{raw} ({low:g} to {high:g})"}, range=[low, high])
    figure.update_yaxes(
        tickmode="array",
        tickvals=[-row for row in range(len(ways))],
        ticktext=[wrapped("as it is" if one.changed == "nothing" else one.changed, 22, 2) for one in ways],
        range=[-len(ways) + 0.5, 0.5],
        zeroline=False,
    )
    return figure


def robustness_csv(found: Robustness) -> str:
    """A row for each way and condition; texts that a spreadsheet would take for a formula begin with an apostrophe."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    for one in found.variants:
        if one.simulation is None:
            rows.writerow([one.name, one.changed, "", "", "", "", inert(one.refused or ""), "true"])
            continue
        effects = {row.cell.cell_id: row.predicted for row in one.simulation.effects}
        for arm in one.simulation.arms:
            effect = effects.get(arm.cell.cell_id)
            mean = "" if arm.cell.scale.nominal else f"{arm.predicted_mean:.6f}"
            shown = ["" if effect is None else f"{effect:.6f}", "" if arm.w is None else f"{arm.w:.6f}"]
            rows.writerow([one.name, one.changed, inert(arm.label), mean, *shown, "", "true"])
    return file.getvalue()
