"""Effects of an arm against the control: of its mean, of its shares, and what each simulated person is predicted."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.off_axis import trimming_bounds
from socrates_core.metrics.uncertainty import GroupAnswers, Interval, mean_difference
from socrates_core.scale.distribution import AnswerDistribution, Floats, option_values, split_options
from socrates_core.simulation.arm import ArmPeople
from socrates_core.simulation.result import ArmResult, EffectRow, OffAxisBounds, ShareEffect
from socrates_core.simulation.subgroups import ArmValues


def effect_of(
    arms: Sequence[ArmPeople], results: Sequence[ArmResult], tables: Sequence[Floats], control: int, index: int
) -> EffectRow:
    """An arm's mean minus the control's, in percent of the scale's width, predicted and actual.

    Args:
        arms: A of them.
        results: (A,)
        tables: (A,) each arm's (N, L) predicted probabilities of all options.
        control: Place of the control.
        index: Place of the arm.
    """
    first, other = ((arms[i], results[i], tables[i]) for i in (control, index))
    predicted = mean_difference(_simulated_means(*other), _simulated_means(*first))
    actual, actual_interval = None, None
    if other[1].actual_mean_interval is not None and first[1].actual_mean_interval is not None:
        found = mean_difference(_actual_answers(*other[:2]), _actual_answers(*first[:2]))
        actual, actual_interval = found.value, found.interval
    off_axis = _off_axis_effect(other[1], first[1])
    return EffectRow(arms[index].cell, predicted.value, predicted.interval, actual, actual_interval, off_axis)


def _off_axis_effect(arm: ArmResult, reference: ArmResult) -> OffAxisBounds | None:
    """Bounds of the effect where people may answer off the axis; None if they cannot, or the scales differ."""
    both = (arm, reference)
    if not any(one.off_axis for one in both) or arm.cell.scale.values != reference.cell.scale.values:
        return None
    options = _percent(arm.predicted.values)

    def bounds(distributions: Sequence[AnswerDistribution | None], off: Sequence[float]) -> Interval | None:
        if distributions[0] is None or distributions[1] is None:
            return None
        shares = (distributions[0].probs, distributions[1].probs)
        return trimming_bounds(*shares, options, 1 - off[0], 1 - off[1])

    predicted = bounds([one.predicted for one in both], [one.predicted_off_axis for one in both])
    actual = bounds([one.actual for one in both], [one.actual_off_axis or 0.0 for one in both])
    assert predicted is not None
    return OffAxisBounds(predicted, actual)


def share_effect(arms: Sequence[ArmPeople], tables: Sequence[Floats], control: int, index: int) -> ShareEffect:
    """The predicted shares of an arm minus the control's; arguments as for `effect_of`."""
    sides = []
    for place in (index, control):
        split, arm = split_options(tables[place], arms[place].cell.scale), arms[place]
        weights = arm.shares * split.substance
        sides.append((_ids(arm)[weights > 0], split.on_axis[weights > 0], weights[weights > 0]))
    found = [
        mean_difference(*(GroupAnswers(people, rows[:, k], weights) for people, rows, weights in sides))
        for k in range(len(option_values(arms[index].cell.scale)))
    ]
    intervals = tuple(Interval(max(-1.0, one.interval.low), min(1.0, one.interval.high)) for one in found)
    return ShareEffect(arms[index].cell, tuple(one.value for one in found), intervals)


def arm_values(arm: ArmPeople, rows: Floats) -> ArmValues:
    """What each simulated person of an arm is predicted to answer on the axis; `rows` are (N, L)."""
    split, scale = split_options(rows, arm.cell.scale), arm.cell.scale
    return ArmValues(arm, scale.unit * (split.on_axis @ option_values(scale)), arm.shares * split.substance)


def _ids(arm: ArmPeople) -> npt.NDArray[np.int64]:
    """(N,) the drawn people's ids."""
    return arm.population.personas["participant_id"].fill_null(0).to_numpy()[arm.drawn].astype(np.int64)


def _simulated_means(arm: ArmPeople, result: ArmResult, rows: Floats) -> GroupAnswers:
    split = split_options(rows, arm.cell.scale)
    weights = arm.shares * split.substance
    counts = weights > 0
    means = split.on_axis @ _percent(result.predicted.values)
    return GroupAnswers(_ids(arm)[counts], means[counts], weights[counts])


def _actual_answers(arm: ArmPeople, result: ArmResult) -> GroupAnswers:
    on = arm.on_scale
    answers = _percent(result.predicted.values, arm.responses[on])
    options = _percent(result.predicted.values)
    return GroupAnswers(arm.people[on].astype(np.int64), answers, arm.weights[on], options)


def _percent(values: npt.NDArray[np.int64], answers: npt.NDArray[np.int64] | None = None) -> Floats:
    """Answers (the options themselves when None) in percent of the scale's width."""
    low, high = values[0], values[-1]
    return np.asarray(100.0 * ((values if answers is None else answers) - low) / (high - low))
