"""Treatment effects, predicted and actual: the difference between arms in the mean answer to an outcome.

Effects are in percentage points of the scale's width: on a scale from 1 to 7, one step is 16.7 points. A model can be
close to every distribution and still miss the effects of treatments, so these are reported next to the distances.

Within an arm, the texts that ask an outcome on one scale are pooled. Predictions are for exactly the people who
answered, so chance differences between arms, in age for example, affect predicted and actual effects alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from socrates_core.errors import counted, listed
from socrates_core.metrics.cell.comparison import weight_counts
from socrates_core.metrics.cell.off_axis import trimming_bounds
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.uncertainty import GroupAnswers, Interval, mean_difference
from socrates_core.scale.distribution import Floats

Contrasts = Literal["control", "pairs"]
"""Each arm against the first one (the lowest condition number), or every pair of arms."""

Outcome = tuple[str, int | None, tuple[int, ...]]
"""A study, a task and a scale."""

WORDING_CONTRAST: Final = "wording contrast, polarity unchecked"
"""What an effect is called between arms that ask different questions and were matched by their options alone."""

RESOLVABLE: Final = 10
"""People that both arms need for the direction of an effect to count as known."""

MOST_NAMED: Final = 3
"""Outcomes that a sentence on several names."""


@dataclass(frozen=True)
class OffAxisEffect:
    """Shares of people who answer off the axis, and bounds of the effect on those who would not in either arm."""

    actual: float
    """Share in the arm, in [0, 1]."""
    actual_reference: float
    """Share in the other."""
    predicted: float
    """Predicted share in the arm."""
    predicted_reference: float
    """Predicted share in the other."""
    actual_bounds: Interval
    """Of the actual effect, see `trimming_bounds`: with equal shares the effect itself."""
    predicted_bounds: Interval
    """Of the predicted effect, likewise."""


@dataclass(frozen=True)
class Effect:
    """One arm against another. All figures in percentage points of the scale's width."""

    study_id: str
    """The study of both arms."""
    task_num: int | None
    """The outcome; None if the file names no task."""
    arm: str
    """Name of the condition."""
    reference: str
    """Name of the condition that it is compared with."""
    n: int
    """Answers in the arm."""
    n_reference: int
    """Answers in the other."""
    predicted: float
    """Mean expected answer of the arm minus that of the reference."""
    predicted_interval: Interval
    """95 %, over samples of people; it does not cover the error of the model."""
    actual: float
    """Mean answer of the arm minus that of the reference."""
    actual_interval: Interval
    """95 %, over samples of people."""
    actual_se: float
    """Standard error of `actual`."""
    error_se: float
    """Standard error of `actual` − `predicted`: smaller the more the attributes of the sampled people explain both."""
    resolved: bool
    """Whether the direction of the actual effect is known; see `direction_is_known`."""
    off_axis: OffAxisEffect | None = None
    """How many answer off the axis in each arm, and what that can do to the effect; None without such options."""
    wording_contrast: bool = False
    """Whether the arms ask different questions and were matched by their options: a higher answer may mean the opposite
    in the other one, so the effect is in no summary."""

    @property
    def name(self) -> str:
        """`parade, task 0: forbid against allow`."""
        task = "" if self.task_num is None else f", task {self.task_num}"
        return f"{self.study_id}{task}: {self.arm} against {self.reference}"


@dataclass(frozen=True, eq=False)
class Arm:
    """The people of one condition who answered one outcome."""

    name: str
    people: npt.NDArray[np.int64]
    """(N,) ids; can contain a person more than once."""
    answers: Floats
    """(N,) in percent of the scale's width."""
    predicted: Floats
    """(N,) the expected answers, likewise."""
    weights: Floats
    """(N,) positive."""
    options: Floats
    """(K,) where an answer can lie, likewise."""
    expected: GroupAnswers | None = None
    """Where some answer off the axis, the expected answers of all, those too, each with the probability of answering on
    it; None if nobody can."""
    off_axis: tuple[float, float] = (0.0, 0.0)
    """Actual and predicted share of people who answer off the axis."""
    shares: tuple[Floats, Floats] | None = None
    """(K,) actual and (K,) predicted shares of the answers on the axis; None without options off it."""

    def given(self, numbers: Floats, options: Floats | None = None) -> GroupAnswers:
        """What these people gave, (N,), with the options that it can be."""
        return GroupAnswers(self.people, numbers, self.weights, options)

    @property
    def forecast(self) -> GroupAnswers:
        """The predicted side."""
        return self.given(self.predicted) if self.expected is None else self.expected


def effects_of(
    cells: Sequence[CellPredictions], contrasts: Contrasts = "control", unscored: Sequence[CellPredictions] = ()
) -> tuple[list[Effect], list[str]]:
    """All effects that can be computed from the cells, and what was left out and why.

    An outcome is a task of a study on one scale; a task with different scales in its arms has one outcome for each
    scale, and arms that share none are named. An arm needs two people; without its control an outcome has no effects
    on it, since another arm in its place would change what the others mean. The control is the first arm that two
    people answered, as in a simulation.

    Args:
        cells: Those that can be scored.
        contrasts: The arms that are compared.
        unscored: The others of the same studies, whose arms may be the control.
    """
    controls = _controls([*cells, *unscored])
    outcomes, left_out = _outcomes(cells)
    found: list[Effect] = []
    for key, by_condition in sorted(outcomes.items(), key=lambda item: (item[0][0], str(item[0]))):
        study_id, task_num, _ = key
        arms = []
        control_is_there = False
        off_axis = any(cell.off_axis for members in by_condition.values() for cell in members)
        for number in sorted(by_condition):
            arm = _arm(by_condition[number], off_axis)
            if len(np.unique(arm.people)) < 2:
                left_out.append(f"{study_id}, {arm.name}, task {task_num}: fewer than two people")
            else:
                arms.append(arm)
                control_is_there |= number == controls[key].condition_num
        if contrasts == "control" and arms and not control_is_there:
            name = _arm_name(controls[key])
            left_out.append(f"{_named(key)}: no effects, since {name}, its control, cannot be scored")
            continue
        pairs = combinations(arms, 2) if contrasts == "pairs" else ((arms[0], arm) for arm in arms[1:])
        contrast = any(cell.wording_contrast for group in by_condition.values() for cell in group)
        effects = [effect_between(study_id, task_num, arm, reference) for reference, arm in pairs]
        found += [replace(one, wording_contrast=contrast) for one in effects]
    left_out += [f"{one.name}: {WORDING_CONTRAST}; in no summary" for one in found if one.wording_contrast]
    return found, left_out + _apart(outcomes)


def _controls(cells: Iterable[CellPredictions]) -> dict[Outcome, CellPredictions]:
    """Outcome → a cell of the arm with which its others are compared: the first that two people answered."""
    arms: dict[Outcome, dict[int, list[CellPredictions]]] = {}
    for cell in cells:
        if cell.values is not None:
            arms.setdefault(_outcome(cell), {}).setdefault(cell.condition_num, []).append(cell)
    found = {}
    for key, by_condition in arms.items():
        numbers = [number for number, members in by_condition.items() if _two_answered(members)]
        if numbers:
            found[key] = by_condition[min(numbers)][0]
    return found


def _two_answered(cells: Iterable[CellPredictions]) -> bool:
    """Whether two people answered on the scale, whatever was predicted for them."""
    answered = [cell.people[cell.on_scale & (cell.mass_of > 0)] for cell in cells]
    return len(np.unique(np.concatenate(answered))) >= 2


def _outcomes(
    cells: Iterable[CellPredictions],
) -> tuple[dict[Outcome, dict[int, list[CellPredictions]]], list[str]]:
    """Outcome → condition → its cells; and of which cells there are no effects."""
    outcomes: dict[Outcome, dict[int, list[CellPredictions]]] = {}
    unscaled = without_task = unordered = 0
    for cell in cells:
        if cell.values is None:
            unscaled += 1
        elif cell.nominal:
            unordered += 1
        elif cell.task_num is None and cell.stimulus is not None:
            without_task += 1
        else:
            outcomes.setdefault(_outcome(cell), {}).setdefault(cell.condition_num, []).append(cell)
    left_out = [f"{counted(unscaled, 'cell')} without a known scale"] if unscaled else []
    if unordered:
        left_out.append(f"{counted(unordered, 'cell')} whose options have no order, and so no mean")
    if without_task:
        left_out.append(
            f"{counted(without_task, 'cell')} without a task: it is not known which texts ask the same outcome"
        )
    return outcomes, left_out


def _named(outcome: Outcome) -> str:
    study_id, task_num, _ = outcome
    return study_id if task_num is None else f"{study_id}, task {task_num}"


def _outcome(cell: CellPredictions) -> Outcome:
    assert cell.values is not None
    return cell.study_id, cell.task_num, tuple(cell.values.tolist())


def _apart(outcomes: Mapping[Outcome, Mapping[int, object]]) -> list[str]:
    """What is said of tasks with several arms, some of which answer on a scale that no other arm of them has."""
    scales: dict[tuple[str, int | None], list[set[int]]] = {}
    for (study_id, task_num, _), by_condition in outcomes.items():
        scales.setdefault((study_id, task_num), []).append(set(by_condition))
    apart = [
        _named((*task, ()))
        for task, arms in sorted(scales.items(), key=lambda item: (item[0][0], str(item[0])))
        if any(len(one) == 1 and one != set().union(*arms) for one in arms)
    ]
    if not apart:
        return []
    names = listed(apart, MOST_NAMED, between="; ")
    return [f"{counted(len(apart), 'outcome')} with arms on scales of their own, which are not compared: {names}"]


def effect_between(study_id: str, task_num: int | None, arm: Arm, reference: Arm) -> Effect:
    """Mean of the arm minus mean of the reference; see `mean_difference` for errors and intervals."""
    actual = mean_difference(arm.given(arm.answers, arm.options), reference.given(reference.answers, reference.options))
    predicted = mean_difference(arm.forecast, reference.forecast)
    missed = (one.given(one.answers - one.predicted) for one in (arm, reference))
    people = (len(np.unique(one.people)) for one in (arm, reference))
    return Effect(
        study_id=study_id,
        task_num=task_num,
        arm=arm.name,
        reference=reference.name,
        n=len(arm.answers),
        n_reference=len(reference.answers),
        predicted=predicted.value,
        predicted_interval=predicted.interval,
        actual=actual.value,
        actual_interval=actual.interval,
        actual_se=actual.se,
        error_se=mean_difference(*missed).se,
        resolved=direction_is_known(actual.interval, *people),
        off_axis=_off_axis(arm, reference),
    )


def _off_axis(arm: Arm, reference: Arm) -> OffAxisEffect | None:
    if arm.shares is None or reference.shares is None:
        return None
    bounds = [
        trimming_bounds(ours, theirs, arm.options, 1 - here, 1 - there)
        for ours, theirs, here, there in zip(
            arm.shares, reference.shares, arm.off_axis, reference.off_axis, strict=True
        )
    ]
    return OffAxisEffect(
        actual=arm.off_axis[0],
        actual_reference=reference.off_axis[0],
        predicted=arm.off_axis[1],
        predicted_reference=reference.off_axis[1],
        actual_bounds=bounds[0],
        predicted_bounds=bounds[1],
    )


def direction_is_known(actual: Interval, n: int, n_reference: int) -> bool:
    """Whether an effect's sign is known: its interval excludes 0, and both arms have `RESOLVABLE` people."""
    return (actual.low > 0 or actual.high < 0) and min(n, n_reference) >= RESOLVABLE


def _arm(cells: Sequence[CellPredictions], off_axis: bool) -> Arm:
    """The arm of these cells; with its answers off the axis if any arm of the outcome has such options."""
    people: list[npt.NDArray[np.int64]] = []
    answers: list[Floats] = []
    predicted: list[Floats] = []
    weights: list[Floats] = []
    for cell in cells:
        used = cell.on_scale & cell.usable & (cell.mass_of > 0) & (cell.substance > 0)
        people.append(cell.people[used])
        answers.append(_percent(cell, cell.responses[used]))
        predicted.append(_expected(cell, used))
        weights.append(cell.mass_of[used])
    values = cells[0].values
    assert values is not None
    options = 100 * (values - values[0]) / (values[-1] - values[0])
    answered, expecting, weighing = (np.concatenate(part) for part in (answers, predicted, weights))
    arm = Arm(_arm_name(cells[0]), np.concatenate(people), answered, expecting, weighing, options)
    return _with_off_axis(arm, cells) if off_axis else arm


def _arm_name(cell: CellPredictions) -> str:
    return cell.condition or f"condition {cell.condition_num}"


def _percent(cell: CellPredictions, numbers: Floats) -> Floats:
    assert cell.values is not None
    low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
    return 100 * (numbers - low) / width


def _expected(cell: CellPredictions, used: npt.NDArray[np.bool_]) -> Floats:
    """(U,) the expected answers of those used, in percent of the scale's width."""
    if cell.probs is not None and cell.values is not None:
        return _percent(cell, cell.probs[used] @ cell.values)
    assert cell.drawn is not None
    return _percent(cell, cell.drawn[used])


def _with_off_axis(arm: Arm, cells: Sequence[CellPredictions]) -> Arm:
    """The arm with the predictions of all who answered, on the axis or off it, and the shares that do not."""
    people, expected, weights, on, off = [], [], [], np.zeros((2, len(arm.options))), np.zeros(2)
    for cell in cells:
        assert cell.values is not None
        side, actual = cell.predicted, cell.actual
        used = side.compared & (side.weights > 0)
        people.append(cell.people[used])
        expected.append(_expected(cell, used))
        weights.append(side.weights[used])
        answering = actual.on_scale
        on[0] += weight_counts(actual.responses[answering], actual.weights[answering], cell.values)
        if cell.probs is not None and cell.off_probs is not None:
            on[1] += side.weights[used] @ cell.probs[used]
            off[1] += float((cell.mass_of * (cell.on_scale | cell.answered_off_axis)) @ cell.off_probs.sum(axis=1))
        elif cell.probs is not None:
            on[1] += side.weights[used] @ cell.probs[used]
        elif cell.drawn is not None:
            on[1] += weight_counts(cell.drawn[used], side.weights[used], cell.values)
            off[1] += float(cell.mass_of[cell.predicted_off_axis].sum())
        off[0] += float(cell.mass_of[cell.answered_off_axis].sum())
    totals = on.sum(axis=1)
    return replace(
        arm,
        expected=GroupAnswers(np.concatenate(people), np.concatenate(expected), np.concatenate(weights)),
        off_axis=(float(off[0] / (off[0] + totals[0])), float(off[1] / (off[1] + totals[1]))),
        shares=(on[0] / totals[0], on[1] / totals[1]),
    )
