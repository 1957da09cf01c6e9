"""The prediction of one outcome as tables and sentences, the same on the page and in files."""

from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.people.edit import attribute_words
from socrates_core.report.document import Table
from socrates_core.report.effect_table import EXPLAIN_BOUNDS, mass_by_kind
from socrates_core.report.prediction.picture import shares_of_bars
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import percent, signed
from socrates_core.simulation.result import ArmResult, EffectRow, Simulation
from socrates_core.simulation.subgroups import LEAST_PEOPLE, Subgroup
from socrates_core.study.study_file.population.weighting import UNEQUAL
from socrates_core.trust.statement.finding import trust

WHO_WAS_SIMULATED: Final = (
    "Intervals (95 %) say how far a figure moves from one random sample of so many people of this population to "
    "another. They do not say how wrong the model may be"
)
MOST_WARNINGS: Final = 4
"""More conditions that cannot be relied on are named by their number and the worst of them."""
MOST_ROWS: Final = 21
"""A longer scale stands in the table in the bins of the picture."""


def summary(simulation: Simulation) -> str:
    """The prediction in two or three sentences."""
    arms, first = simulation.arms, simulation.arms[0]
    if first.numbers is not None:
        return _numbers_summary(simulation)
    if first.cell.scale.nominal:
        return _nominal_summary(simulation)
    raw = raw_words(trust(simulation), " (raw)")
    ends = f"on the scale from {_written(first, 0)} to {_written(first, -1)}"
    if len(arms) == 1:
        told = f"The predicted mean{raw} is {first.predicted_mean:.2f} {ends}"
        return f"{told}; the most predicted answer{raw} is {_mode(first)}."
    best = max(arms, key=_key)
    if _key(best) == min(map(_key, arms)):
        return f"All {len(arms)} conditions have the same predicted mean{raw}, {best.predicted_mean:.2f} {ends}."
    control = next(arm for arm in arms if arm.cell == simulation.control)
    if _key(best) == _key(control):
        top = f"The control, {control.label}, has the highest predicted mean{raw}, {control.predicted_mean:.2f} {ends}"
        return f"{top}; no other condition is predicted to raise it."
    top = f"{best.label} has the highest predicted mean{raw}, {best.predicted_mean:.2f} {ends}"
    row = next(row for row in simulation.effects if row.cell == best.cell)
    return (
        f"{top}; in the control, {control.label}, it is {control.predicted_mean:.2f}. The predicted effect{raw} is "
        f"{_effect(row.predicted, row.predicted_interval)}."
    )


def arms_table(simulation: Simulation) -> Table:
    """The conditions by predicted mean (median), highest first, each with its effect against the control."""
    effects = {row.cell.cell_id: row for row in simulation.effects}
    open_ended = simulation.arms[0].open_ended
    apart = any(arm.off_axis for arm in simulation.arms)
    rows = []
    for rank, arm in ranking(simulation):
        name = f"{arm.label} (control)" if arm.cell == simulation.control and effects else arm.label
        cells = [str(rank), name, middle_text(arm), *([percent(arm.predicted_off_axis)] if apart else [])]
        rows.append((*cells, _effect_words(effects.get(arm.cell.cell_id), open_ended)) if effects else tuple(cells))
    raw = raw_words(trust(simulation), ", raw")
    header = ["Rank", "Condition", "Median (middle half)" if open_ended else f"Mean{raw} (95 % interval)"]
    header += ["Off the axis"] if apart else []
    unit = "in the median" if open_ended else "% of the scale"
    header += [f"Effect{raw}, {unit} (95 % interval)"] if effects else []
    return Table(tuple(header), tuple(rows))


def ranking(simulation: Simulation) -> list[tuple[int, ArmResult]]:
    """Rank → condition by predicted mean (median), highest first; equals share a rank. Empty without an order."""
    if simulation.arms[0].cell.scale.nominal:
        return []
    places = sorted(simulation.arms, key=lambda arm: -_key(arm))
    return [(1 + sum(_key(other) > _key(arm) for other in places), arm) for arm in places]


def shares_table(simulation: Simulation) -> Table:
    """Predicted share of every option in every condition, with its interval; in bins where there are many."""
    arms, first = simulation.arms, simulation.arms[0]
    header = ("Answer", *(arm.label for arm in arms))
    bars, percents = shares_of_bars(simulation)
    if first.open_ended or len(first.predicted.values) > MOST_ROWS:
        binned = [(name, *(f"{side[i]:.1f} %" for side in percents)) for i, name in enumerate(bars.names)]
        return Table(header, tuple(row for row in binned if any(cell != "0.0 %" for cell in row[1:])))
    rows = []
    for i, name in enumerate(bars.names):
        if i < len(first.predicted.values):
            rows.append((name, *(_share(arm.predicted.probs[i], arm.share_intervals[i]) for arm in arms)))
        else:
            rows.append((f"{name} (off the axis, of all people)", *(f"{side[i]:.1f} %" for side in percents)))
    return Table(header, tuple(rows))


def share_effects_table(simulation: Simulation) -> Table | None:
    """Differences of shares from the control, in points, where the options have no order; None otherwise."""
    if not simulation.share_effects:
        return None
    scale = simulation.control.scale
    rows = []
    for i, value in enumerate(scale.values or ()):
        found = [
            f"{signed(100 * row.predicted[i])} ({signed(100 * row.intervals[i].low)} to "
            f"{signed(100 * row.intervals[i].high)})"
            for row in simulation.share_effects
        ]
        rows.append((f"{scale.written(value)} = {scale.labels.get(value, '')}", *found))
    return Table(("Answer", *(row.cell.condition_label for row in simulation.share_effects)), tuple(rows))


def subgroups_table(simulation: Simulation) -> tuple[Table | None, str]:
    """Predicted means (medians) by subgroup and condition, and a sentence that names those that are too small."""
    shown = [group for group in simulation.subgroups if not group.small]
    small = [group for group in simulation.subgroups if group.small]
    if not simulation.subgroups:
        why = "The options have no order, so subgroups have no means."
        known = "Nothing is known about the people, so there are no subgroups."
        return None, why if simulation.arms[0].cell.scale.nominal else known
    named = ", ".join(f"{_words(group)} ({min(group.n):,})" for group in small)
    told = f"Fewer than {LEAST_PEOPLE} simulated people, so not shown: {named}." if small else ""
    if not shown:
        return None, f"{told} Simulate more people to see subgroups."
    header = ("Subgroup", "People in a condition", *(arm.label for arm in simulation.arms))
    rows = tuple((_words(group), _people(group), *_group_cells(group)) for group in shown)
    return Table(header, rows), told


def warnings(simulation: Simulation) -> list[str]:
    """What may make the prediction worthless, a sentence each."""
    doubtful = [arm for arm in simulation.arms if arm.on_scale_mass < TRUSTED_MASS]
    wanted = "whole numbers without a sign" if simulation.arms[0].open_ended else "options of the scale"
    unreliable = "It may not have understood the question, so this prediction is unreliable."
    if len(doubtful) > MOST_WARNINGS:
        worst = min(doubtful, key=lambda arm: arm.on_scale_mass)
        found = [
            f"In {len(doubtful)} of {len(simulation.arms)} conditions, too little of the model's probability is on "
            f"{wanted}: least in {worst.label}, {mass_by_kind(worst)}. {unreliable}"
        ]
    else:
        found = [
            f"{arm.label}: only {mass_by_kind(arm)} of the model's probability is on {wanted}. {unreliable}"
            for arm in doubtful
        ]
    found += [note for note in simulation.notes if UNEQUAL in note]
    for arm in simulation.arms:
        if arm.numbers is not None and arm.numbers.n_invalid:
            found.append(
                f"{arm.label}: {arm.numbers.n_invalid:,} of {arm.n_predicted:,} numbers are too long to count."
            )
    return found


def notes(simulation: Simulation) -> list[str]:
    """What a reader should know about the figures, a sentence each."""
    answered = any(arm.n_actual for arm in simulation.arms)
    told = [WHO_WAS_SIMULATED + ("." if answered else ": nobody has answered this study.")]
    if simulation.arms[0].open_ended:
        told.append("One number is drawn for each person, and the intervals cover that too.")
    both = "Ranks, means, effects, shares and subgroups above are raw, as the model gives them: calibrated ones stand "
    told += [one for one in [raw_words(trust(simulation), f"{both}below.")] if one]
    if any(row.off_axis for row in simulation.effects):
        told.append(EXPLAIN_BOUNDS)
    if len(simulation.arms) > 1 and not simulation.arms[0].cell.scale.nominal:
        told.append("Rank 1 is the highest number, which is the best only if a high number is good.")
    return [*told, *simulation.notes]


# -- sentences and cells -----------------------------------------------------------------------------------------


def _numbers_summary(simulation: Simulation) -> str:
    arms = [(arm, arm.numbers) for arm in simulation.arms if arm.numbers is not None]
    first, numbers = arms[0]
    told = (
        f"In {first.label}, half of the predicted numbers are at or below {numbers.predicted.median:,}, and the middle "
        f"half lies between {numbers.predicted.low:,} and {numbers.predicted.high:,}."
    )
    if len(arms) == 1:
        return told
    best, top = max(arms, key=lambda pair: pair[1].predicted.median)
    if top.predicted.median == min(found.predicted.median for _, found in arms):
        return f"{told} The median is the same in every condition."
    if best is first:
        return f"{told} No other condition has a higher median."
    return f"{told} The highest predicted median is {top.predicted.median:,}, in {best.label}."


def _nominal_summary(simulation: Simulation) -> str:
    first = next(arm for arm in simulation.arms if arm.cell == simulation.control)
    told = f"In {first.label}, the most predicted answer is {_mode(first)}."
    if not simulation.share_effects:
        return told
    row, k = max(
        ((row, k) for row in simulation.share_effects for k in range(len(row.predicted))),
        key=lambda pair: abs(pair[0].predicted[pair[1]]),
    )
    label = first.cell.scale.labels[(first.cell.scale.values or ())[k]]
    return (
        f"{told} The largest predicted difference: {row.cell.condition_label} changes the share of {label!r} by "
        f"{signed(100 * row.predicted[k])} points ({signed(100 * row.intervals[k].low)} to "
        f"{signed(100 * row.intervals[k].high)})."
    )


def _mode(arm: ArmResult) -> str:
    """The most predicted answer with its share."""
    k = int(arm.predicted.probs.argmax())
    value = int(arm.predicted.values[k])
    label = arm.cell.scale.labels.get(value)
    return f"{arm.cell.scale.written(value)}{f' ({label})' if label else ''}, {percent(arm.predicted.probs[k])}"


def _written(arm: ArmResult, end: int) -> str:
    return arm.cell.scale.written((arm.cell.scale.values or (0,))[end])


def _key(arm: ArmResult) -> float:
    """What conditions are ranked by, as it is shown: who looks equal is equal."""
    return float(arm.numbers.predicted.median) if arm.numbers is not None else round(arm.predicted_mean, 2)


def middle_text(arm: ArmResult) -> str:
    """The predicted mean of an arm, or the median of numbers, with the interval over who is simulated."""
    if arm.numbers is not None:
        found = arm.numbers.predicted
        return f"{found.median:,} ({found.low:,} to {found.high:,})"
    at = arm.predicted_mean_interval
    return f"{arm.predicted_mean:.2f} ({at.low:.2f} to {at.high:.2f})"


def _effect(effect: float, at: Interval) -> str:
    low, high = signed(at.low), signed(at.high)
    return f"{signed(effect)} % of the scale's width (95 % interval over who is simulated: {low} to {high})"


def _effect_words(row: EffectRow | None, open_ended: bool) -> str:
    if row is None:
        return "–"
    digits = 0 if open_ended else 1
    at = row.predicted_interval
    told = f"{signed(row.predicted, digits)} ({signed(at.low, digits)} to {signed(at.high, digits)})"
    if row.off_axis is not None:
        told += f"; bounds {signed(row.off_axis.predicted.low)} to {signed(row.off_axis.predicted.high)}"
    return told


def _share(share: float, at: Interval) -> str:
    return f"{100 * share:.1f} % ({100 * at.low:.1f} to {100 * at.high:.1f})"


def _words(group: Subgroup) -> str:
    return f"{attribute_words(group.attribute)}: {group.value}"


def _people(group: Subgroup) -> str:
    """How many are simulated in a condition; different people are drawn for each, so it may differ."""
    least, most = min(group.n), max(group.n)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _group_cells(group: Subgroup) -> list[str]:
    cells = []
    for middle, at in zip(group.middles, group.intervals, strict=True):
        if middle is None:
            cells.append("no answer on the axis")
        elif at is None:
            cells.append(f"{middle:,.0f}")
        else:
            cells.append(f"{middle:.2f} ({at.low:.2f} to {at.high:.2f})")
    return cells
