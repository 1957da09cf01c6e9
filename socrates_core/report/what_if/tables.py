"""Settings side by side as tables and sentences, the same on the page and in files."""

from typing import Final

from socrates_core.report.document import Table
from socrates_core.report.figures import bar_shares
from socrates_core.report.prediction.picture import all_values, common_bars, over
from socrates_core.report.prediction.tables import middle_text
from socrates_core.report.words import percent, signed
from socrates_core.simulation.result import ArmResult
from socrates_core.simulation.what_if.comparison import ArmComparison, OutcomeComparison, WhatIf
from socrates_core.simulation.what_if.difference import MOST_OPTIONS, ArmDifference, Difference
from socrates_core.simulation.what_if.naming import short

WHAT_INTERVALS_SAY: Final = (
    "Intervals (95 %) say how far a figure would move if other people of the same population were simulated. They do "
    "not say how wrong either prediction may be."
)
WHAT_W_SAYS: Final = (
    "W is the Wasserstein distance between two predictions by the stated scale: 0 if they are the same, 1 if they are "
    "on opposite ends. It has no interval, and two groups of different people are always some distance apart."
)
WHAT_TV_SAYS: Final = (
    "The options have no order, so shares are compared, and no means. Total variation is the share of people who would "
    "have to answer otherwise: 0 if the predictions are the same. It has no interval, and two groups of different "
    "people are always some distance apart."
)


def sentence(outcome: OutcomeComparison) -> str:
    """What changes most, a sentence for each setting but the first."""
    if not outcome.arms:
        return f"Nothing can be compared. {' '.join(outcome.notes)}".strip()
    return " ".join(_sentence(outcome, place) for place in range(1, len(outcome.settings)))


def differences_table(outcome: OutcomeComparison) -> Table:
    """A row for each condition: the mean (median) in every setting, and every setting minus the first."""
    scale = outcome.arms[0].arms[0].cell.scale
    open_ended, (first, *others) = scale.values is None, map(short, outcome.settings)
    header, rows = ["Condition"], []
    if not scale.nominal:
        header += [f"{name}: {'median (middle half)' if open_ended else 'mean'}" for name in (first, *others)]
    actual = any(one.arms[0].actual is not None for one in outcome.arms) and not scale.nominal
    same = all(arm.actual_group == one.arms[0].actual_group for one in outcome.arms for arm in one.arms)
    header += [f"Actual{'' if same else f', people of {first}'}"] if actual else []
    for name in others:
        unit = "" if scale.nominal else ", in the median" if open_ended else ", % of the scale"
        header += [] if scale.nominal else [f"{name} − {first}{unit}"]
        header += [] if open_ended else [f"{'Total variation' if scale.nominal else 'W'} of {name} from {first}"]
    for one in outcome.arms:
        cells = [one.label, *([] if scale.nominal else [middle_text(arm) for arm in one.arms])]
        cells += [_actual(one.arms[0])] if actual else []
        for found in one.differences:
            cells += [] if found.middle is None else [_difference(found.middle, 0 if open_ended else 1)]
            cells += [] if found.distance is None else [f"{found.distance:.3f}"]
        rows.append(tuple(cells))
    return Table(tuple(header), tuple(rows))


def shares_table(outcome: OutcomeComparison, one: ArmComparison) -> Table:
    """Every option in one condition: its share in every setting, and every setting minus the first, in points."""
    first, *others = map(short, outcome.settings)
    header = ("Answer", first, *others, *(f"{name} − {first}, points" for name in others))
    if one.arms[0].open_ended or len(one.arms[0].predicted.values) > MOST_OPTIONS:
        return Table(header, _binned(one))
    scale, rows = one.arms[0].cell.scale, []
    for i, value in enumerate(scale.values or ()):
        label = scale.labels.get(value)
        name = f"{scale.written(value)} = {label}" if label else scale.written(value)
        shares = [
            f"{100 * arm.predicted.probs[i]:.1f} % ({100 * arm.share_intervals[i].low:.1f} to "
            f"{100 * arm.share_intervals[i].high:.1f})"
            for arm in one.arms
        ]
        rows.append((name, *shares, *(_points(found.shares[i]) for found in one.differences)))
    for j, (option, label) in enumerate(scale.off_axis.items()):
        name = f"{label or scale.written(option)} (off the axis, of all people)"
        alike = all(list(arm.cell.scale.off_axis) == list(scale.off_axis) for arm in one.arms)
        shares = [percent(arm.off_axis.predicted[j]) if alike and arm.off_axis else "–" for arm in one.arms]
        changes = [_points(found.off_axis[j]) if found.off_axis else "–" for found in one.differences]
        rows.append((name, *shares, *changes))
    return Table(header, tuple(rows))


def notes(found: WhatIf, outcome: OutcomeComparison) -> list[str]:
    """What a reader should know about the figures, a sentence each."""
    told = [WHAT_INTERVALS_SAY, *basis_words(outcome)]
    if outcome.arms:
        scale = outcome.arms[0].arms[0].cell.scale
        if scale.nominal:
            told.append(WHAT_TV_SAYS)
        elif scale.values is not None:
            told.append(WHAT_W_SAYS)
        if scale.values is None or len(scale.values) > MOST_OPTIONS:
            told.append("Shares stand in bins, and their differences have no intervals.")
        if any(arm.cell.scale.off_axis != scale.off_axis for one in outcome.arms for arm in one.arms):
            told.append("The settings have different options off the axis; means and shares are of the other answers.")
    return [*told, *outcome.notes, *found.notes]


def basis_words(outcome: OutcomeComparison) -> list[str]:
    """What the intervals of differences rest on, a sentence for each setting but the first."""
    told = []
    for place, name in enumerate(outcome.settings[1:]):
        bases = dict.fromkeys(one.differences[place].basis.words for one in outcome.arms)
        told += [f"{short(name)} against {short(outcome.settings[0])}: {words}." for words in bases]
    return told


# -- sentences and cells -----------------------------------------------------------------------------------------


def _sentence(outcome: OutcomeComparison, place: int) -> str:
    name, first = outcome.settings[place], outcome.settings[0]
    pairs = [(one, one.differences[place - 1]) for one in outcome.arms]
    one, found = max(pairs, key=lambda pair: _size(pair[1]))
    if _size(found) == 0 and not found.distance:
        return f"{name} and {first} predict the same{' in every condition' if len(pairs) > 1 else ''}."
    most = f", where it changes most of {len(pairs)} conditions" if len(pairs) > 1 else ""
    if found.middle is None:
        assert found.distance is not None
        largest = ""
        if found.shares:
            k, change = max(enumerate(found.shares), key=lambda pair: abs(pair[1].value))
            largest = f"; the share of {_option(one.arms[0], k)} changes by {_points(change)} points"
        return f"In {one.label}{most}, {percent(found.distance)} of the answers move from {first} to {name}{largest}."
    before, after = (_number(one.arms[i]) for i in (0, place))
    what, unit, digits = ("median", "", 0) if one.arms[0].open_ended else ("mean", " % of the scale's width", 1)
    interval = f"{signed(found.middle.interval.low, digits)} to {signed(found.middle.interval.high, digits)}"
    doubt = "" if _resolved(found) else ". Who happens to be simulated alone may explain that"
    return (
        f"In {one.label}{most}, the predicted {what} goes from {before} ({short(first)}) to {after} ({short(name)}): "
        f"{signed(found.middle.value, digits)}{unit} (95 % interval over who is simulated: {interval}; "
        f"{found.basis.kind}){doubt}."
    )


def _size(found: ArmDifference) -> float:
    return abs(found.middle.value) if found.middle is not None else found.distance or 0.0


def _resolved(found: ArmDifference) -> bool:
    at = found.middle.interval if found.middle is not None else None
    return at is not None and (at.low > 0 or at.high < 0)


def _option(arm: ArmResult, k: int) -> str:
    scale = arm.cell.scale
    value = (scale.values or ())[k]
    return repr(scale.labels.get(value, scale.written(value)))


def _number(arm: ArmResult) -> str:
    return f"{arm.numbers.predicted.median:,}" if arm.numbers is not None else f"{arm.predicted_mean:.2f}"


def _actual(arm: ArmResult) -> str:
    if arm.numbers is not None:
        return "–" if arm.numbers.actual is None else f"{arm.numbers.actual.median:,}"
    if arm.actual_mean is None:
        return "–"
    at = arm.actual_mean_interval
    return f"{arm.actual_mean:.2f}" + ("" if at is None else f" ({at.low:.2f} to {at.high:.2f})")


def _difference(found: Difference, digits: int) -> str:
    low, high = signed(found.interval.low, digits), signed(found.interval.high, digits)
    return f"{signed(found.value, digits)} ({low} to {high})"


def _points(found: Difference) -> str:
    low, high = signed(100 * found.interval.low), signed(100 * found.interval.high)
    return f"{signed(100 * found.value)} ({low} to {high})"


def _binned(one: ArmComparison) -> tuple[tuple[str, ...], ...]:
    """Shares in the bins of the picture, without those that nobody is in."""
    bars = common_bars(one.arms)
    sides = [bar_shares(bars, over(all_values(one.arms), arm), None) for arm in one.arms]
    names = bars.names[: len(bars.names) - bars.off_axis]
    rows = []
    for i, name in enumerate(names):
        if any(side[i] >= 0.05 for side in sides):
            rows.append(
                (name, *(f"{side[i]:.1f} %" for side in sides), *(signed(side[i] - sides[0][i]) for side in sides[1:]))
            )
    return tuple(rows)
