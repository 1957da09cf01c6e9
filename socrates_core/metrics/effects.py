"""Treatment effects, predicted and actual: the difference between arms in the mean answer to an outcome.

Effects are in percentage points of the scale's width: on a scale from 1 to 7, one step is 16.7 points. A model can be
close to every distribution and still miss the effects of treatments, so these are reported next to the distances.

Within an arm, the texts that ask an outcome on one scale are pooled. Predictions are for exactly the people who
answered, so chance differences between arms, in age for example, affect predicted and actual effects alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.uncertainty import GroupAnswers, Interval, mean_difference
from socrates_core.scale.distribution import Floats

Contrasts = Literal["control", "pairs"]
"""Each arm against the first one (the lowest condition number), or every pair of arms."""

WORDING_CONTRAST: Final = "wording contrast, polarity unchecked"
"""What an effect is called between arms that ask different questions and were matched by their options alone."""

RESOLVABLE: Final = 10
"""People that both arms need for the direction of an effect to count as known."""


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

    def given(self, numbers: Floats, options: Floats | None = None) -> GroupAnswers:
        """What these people gave, (N,), with the options that it can be."""
        return GroupAnswers(self.people, numbers, self.weights, options)


def effects_of(cells: Sequence[CellPredictions], contrasts: Contrasts = "control") -> tuple[list[Effect], list[str]]:
    """All effects that can be computed from the cells, and what was left out and why.

    An outcome is a task of a study on one scale; a task with different scales in its arms has one outcome for each
    scale. An arm needs two people.
    """
    outcomes: dict[tuple[str, int | None, tuple[int, ...]], dict[int, list[CellPredictions]]] = {}
    unscaled = without_task = 0
    for cell in cells:
        if cell.values is None:
            unscaled += 1
            continue
        if cell.task_num is None and cell.stimulus is not None:
            without_task += 1
            continue
        key = (cell.study_id, cell.task_num, tuple(cell.values.tolist()))
        outcomes.setdefault(key, {}).setdefault(cell.condition_num, []).append(cell)
    found: list[Effect] = []
    left_out = [f"{unscaled} cells without a known scale"] if unscaled else []
    if without_task:
        left_out.append(f"{without_task} cells without a task: it is not known which texts ask the same outcome")
    for (study_id, task_num, _), by_condition in sorted(outcomes.items(), key=lambda item: (item[0][0], str(item[0]))):
        arms = []
        for number in sorted(by_condition):
            arm = _arm(by_condition[number])
            if len(np.unique(arm.people)) < 2:
                left_out.append(f"{study_id}, {arm.name}, task {task_num}: fewer than two people")
            else:
                arms.append(arm)
        pairs = combinations(arms, 2) if contrasts == "pairs" else ((arms[0], arm) for arm in arms[1:])
        contrast = any(cell.wording_contrast for group in by_condition.values() for cell in group)
        effects = [effect_between(study_id, task_num, arm, reference) for reference, arm in pairs]
        found += [replace(one, wording_contrast=contrast) for one in effects]
    left_out += [f"{one.name}: {WORDING_CONTRAST}; in no summary" for one in found if one.wording_contrast]
    return found, left_out


def effect_between(study_id: str, task_num: int | None, arm: Arm, reference: Arm) -> Effect:
    """Mean of the arm minus mean of the reference; see `mean_difference` for errors and intervals."""
    actual = mean_difference(arm.given(arm.answers, arm.options), reference.given(reference.answers, reference.options))
    predicted = mean_difference(arm.given(arm.predicted), reference.given(reference.predicted))
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
    )


def direction_is_known(actual: Interval, n: int, n_reference: int) -> bool:
    """Whether an effect's sign is known: its interval excludes 0, and both arms have `RESOLVABLE` people."""
    return (actual.low > 0 or actual.high < 0) and min(n, n_reference) >= RESOLVABLE


def _arm(cells: Sequence[CellPredictions]) -> Arm:
    people: list[npt.NDArray[np.int64]] = []
    answers: list[Floats] = []
    predicted: list[Floats] = []
    weights: list[Floats] = []
    for cell in cells:
        assert cell.values is not None
        low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
        used = cell.on_scale & cell.usable & (cell.mass_of > 0)
        if cell.probs is not None:
            expected = cell.probs[used] @ cell.values
        else:
            assert cell.drawn is not None
            expected = cell.drawn[used]
        people.append(cell.people[used])
        answers.append(100 * (cell.responses[used] - low) / width)
        predicted.append(100 * (expected - low) / width)
        weights.append(cell.mass_of[used])
    name = cells[0].condition or f"condition {cells[0].condition_num}"
    values = cells[0].values
    assert values is not None
    options = 100 * (values - values[0]) / (values[-1] - values[0])
    answered, expecting, weighing = (np.concatenate(part) for part in (answers, predicted, weights))
    return Arm(name, np.concatenate(people), answered, expecting, weighing, options)
