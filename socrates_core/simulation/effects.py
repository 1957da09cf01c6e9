"""Effects of an arm against the control: of its mean, of its shares, and what each simulated person is predicted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from socrates_core.metrics.cell.off_axis import trimming_bounds
from socrates_core.metrics.uncertainty import GroupAnswers, Interval, MeanDifference, mean_difference
from socrates_core.scale.distribution import AnswerDistribution, Floats, option_values, split_options
from socrates_core.simulation.arm import ArmPeople
from socrates_core.simulation.person_answers import PersonAnswers, in_percent
from socrates_core.simulation.result import ArmResult, EffectRow, OffAxisBounds, ShareEffect
from socrates_core.simulation.subgroups import ArmValues


def effect_of(
    arms: Sequence[ArmPeople],
    results: Sequence[ArmResult],
    answers: Sequence[PersonAnswers],
    control: int,
    index: int,
) -> EffectRow:
    """An arm's mean minus the control's, in percent of the scale's width, predicted and actual.

    Args:
        arms: A of them.
        results: (A,)
        answers: (A,) what each arm's people are predicted to answer.
        control: Place of the control.
        index: Place of the arm.
    """
    first, other = ((arms[i], results[i]) for i in (control, index))
    predicted = mean_difference(answers[index].means(), answers[control].means())
    actual, actual_interval = None, None
    if other[1].actual_mean_interval is not None and first[1].actual_mean_interval is not None:
        found = mean_difference(_actual_answers(*other), _actual_answers(*first))
        actual, actual_interval = found.value, found.interval
    off_axis = _off_axis_effect(other[1], first[1])
    return EffectRow(arms[index].cell, predicted.value, predicted.interval, actual, actual_interval, off_axis)


def _off_axis_effect(arm: ArmResult, reference: ArmResult) -> OffAxisBounds | None:
    """Bounds of the effect where people may answer off the axis; None if they cannot, or the scales differ."""
    both = (arm, reference)
    if not any(one.off_axis for one in both) or arm.cell.scale.values != reference.cell.scale.values:
        return None
    options = in_percent(arm.predicted.values)

    def bounds(distributions: Sequence[AnswerDistribution | None], off: Sequence[float]) -> Interval | None:
        if distributions[0] is None or distributions[1] is None:
            return None
        shares = (distributions[0].probs, distributions[1].probs)
        return trimming_bounds(*shares, options, 1 - off[0], 1 - off[1])

    predicted = bounds([one.predicted for one in both], [one.predicted_off_axis for one in both])
    actual = bounds([one.actual for one in both], [one.actual_off_axis or 0.0 for one in both])
    assert predicted is not None
    return OffAxisBounds(predicted, actual)


def share_effect(answers: Sequence[PersonAnswers], arm: ArmResult, control: int, index: int) -> ShareEffect:
    """The predicted shares of an arm minus the control's; arguments as for `effect_of`."""
    found = share_differences(answers[index], answers[control])
    return ShareEffect(arm.cell, tuple(one.value for one in found), tuple(one.interval for one in found))


def share_differences(group: PersonAnswers, minus: PersonAnswers) -> tuple[MeanDifference, ...]:
    """(K,) the shares of the options on the axis in one group minus those in another, in [-1, 1]."""
    places = range(len(option_values(group.scale)))
    return tuple(_within_shares(mean_difference(group.share(k), minus.share(k))) for k in places)


def off_axis_differences(group: PersonAnswers, minus: PersonAnswers) -> tuple[MeanDifference, ...]:
    """(J,) the same of the options off the axis, as shares of all people."""
    places = range(len(group.scale.off_axis))
    return tuple(_within_shares(mean_difference(group.off_axis_share(j), minus.off_axis_share(j))) for j in places)


def _within_shares(found: MeanDifference) -> MeanDifference:
    at = found.interval
    return replace(found, interval=Interval(max(-1.0, at.low), min(1.0, at.high)))


def arm_values(arm: ArmPeople, rows: Floats) -> ArmValues:
    """What each simulated person of an arm is predicted to answer on the axis; `rows` are (N, L)."""
    split, scale = split_options(rows, arm.cell.scale), arm.cell.scale
    return ArmValues(arm, scale.unit * (split.on_axis @ option_values(scale)), arm.shares * split.substance)


def _actual_answers(arm: ArmPeople, result: ArmResult) -> GroupAnswers:
    on = arm.on_scale
    answers = in_percent(result.predicted.values, arm.responses[on])
    options = in_percent(result.predicted.values)
    return GroupAnswers(arm.people[on].astype(np.int64), answers, arm.weights[on], options)
