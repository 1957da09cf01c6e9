"""Treatment effects, predicted and actual: what an arm changes in the mean answer to an outcome.

Effects are in percentage points of the scale's width: on a scale from 1 to 7, one point is 16.7. A model can be close
to every distribution and know nothing of treatments, so these stand beside the distances.

Within an arm, the texts that ask an outcome on one scale are pooled. Predictions are for the same people who answered,
so an arm that older people happened to get is predicted for older people.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.uncertainty import LEVEL, Interval
from socrates_core.scale.distribution import Floats

Contrasts = Literal["control", "pairs"]
"""Each arm against the first one (the lowest condition number), or every pair of arms."""

RESOLVABLE: Final = 10
"""People an arm needs for its effect to count among those whose direction is known."""


@dataclass(frozen=True)
class Effect:
    """One arm against another. All figures in percentage points of the scale's width."""

    study_id: str
    """Of the study that both arms are of."""
    task_num: int | None
    """Of the outcome; None where the file names no task."""
    arm: str
    """Name of the condition."""
    reference: str
    """Name of the condition that it is set against."""
    n: int
    """Answers in the arm."""
    n_reference: int
    """Answers in the other."""
    predicted: float
    """Mean expected answer of the arm minus that of the reference."""
    predicted_interval: Interval
    """95 %, over who took part; it knows nothing of how wrong the model is."""
    actual: float
    """Mean answer of the arm minus that of the reference."""
    actual_interval: Interval
    """95 %, over who took part."""
    actual_se: float
    """Standard error of `actual`."""
    error_se: float
    """Standard error of `actual` − `predicted`: smaller where the people who took part explain both."""
    resolved: bool
    """Whether people's answers tell the direction of the actual effect; see `tells_direction`."""


@dataclass(frozen=True, eq=False)
class Arm:
    """The people of one condition who answered one outcome."""

    name: str
    people: npt.NDArray[np.int64]
    """(N,) a person can stand here more than once."""
    answers: Floats
    """(N,) in percent of the scale's width."""
    predicted: Floats
    """(N,) the expected answers, likewise."""
    weights: Floats
    """(N,)."""


def effects_of(cells: Sequence[CellPredictions], contrasts: Contrasts = "control") -> tuple[list[Effect], list[str]]:
    """All effects that the cells allow, and what was left out and why.

    An outcome is a task of a study on one scale; a task whose arms are asked on different scales has one outcome for
    each scale. An arm needs two people.
    """
    outcomes: dict[tuple[str, int | None, tuple[int, ...]], dict[int, list[CellPredictions]]] = {}
    unscaled = untold = 0
    for cell in cells:
        if cell.values is None:
            unscaled += 1
            continue
        if cell.task_num is None and cell.stimulus is not None:
            untold += 1
            continue
        key = (cell.study_id, cell.task_num, tuple(cell.values.tolist()))
        outcomes.setdefault(key, {}).setdefault(cell.condition_num, []).append(cell)
    found: list[Effect] = []
    left_out = [f"{unscaled} cells without a known scale"] if unscaled else []
    if untold:
        left_out.append(f"{untold} cells without a task: nothing says which texts ask the same outcome")
    for (study_id, task_num, _), by_condition in sorted(outcomes.items(), key=lambda item: (item[0][0], str(item[0]))):
        arms = []
        for number in sorted(by_condition):
            arm = _arm(by_condition[number])
            if len(np.unique(arm.people)) < 2:
                left_out.append(f"{study_id}, {arm.name}, task {task_num}: fewer than two people")
            else:
                arms.append(arm)
        pairs = combinations(arms, 2) if contrasts == "pairs" else ((arms[0], arm) for arm in arms[1:])
        found += [effect_between(study_id, task_num, arm, reference) for reference, arm in pairs]
    return found, left_out


def effect_between(study_id: str, task_num: int | None, arm: Arm, reference: Arm) -> Effect:
    """Mean of the arm minus mean of the reference.

    Standard errors add what each person contributes to the difference, Σ_i (Σ w(y − ȳ)/W · √(n/(n − 1)))², so people
    who are in both arms keep their pairing; without such people this is Welch's s²/n + s²/n, and so are the degrees of
    freedom of the t interval.
    """
    people, place = np.unique(np.concatenate([arm.people, reference.people]), return_inverse=True)
    sides = np.split(place, [len(arm.people)])
    shared = len(people) < sum(len(np.unique(side)) for side in sides)

    def difference(ours: Floats, theirs: Floats) -> tuple[float, float, Interval]:
        means, parts, variances, counts = [], [], [], []
        for side, group, values in zip(sides, (arm, reference), (ours, theirs), strict=True):
            mean = float(np.average(values, weights=group.weights))
            n = len(np.unique(side))
            share = group.weights * (values - mean) / group.weights.sum() * math.sqrt(n / (n - 1))
            part = np.bincount(side, share, minlength=len(people))
            means.append(mean)
            parts.append(part)
            variances.append(float((part**2).sum()))
            counts.append(n)
        value = means[0] - means[1]
        error = math.sqrt(float(((parts[0] - parts[1]) ** 2).sum()))
        freedom = len(people) - 1.0 if shared else _welch(variances, counts)
        half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
        return value, error, Interval(value - half, value + half)

    actual, actual_se, actual_interval = difference(arm.answers, reference.answers)
    predicted, _, predicted_interval = difference(arm.predicted, reference.predicted)
    _, error_se, _ = difference(arm.answers - arm.predicted, reference.answers - reference.predicted)
    return Effect(
        study_id=study_id,
        task_num=task_num,
        arm=arm.name,
        reference=reference.name,
        n=len(arm.answers),
        n_reference=len(reference.answers),
        predicted=predicted,
        predicted_interval=predicted_interval,
        actual=actual,
        actual_interval=actual_interval,
        actual_se=actual_se,
        error_se=error_se,
        resolved=tells_direction(actual_interval, len(arm.answers), len(reference.answers)),
    )


def tells_direction(actual: Interval, n: int, n_reference: int) -> bool:
    """Whether an effect's sign is known: its interval leaves 0 out, and both arms have `RESOLVABLE` answers."""
    return (actual.low > 0 or actual.high < 0) and min(n, n_reference) >= RESOLVABLE


def _welch(variances: Sequence[float], counts: Sequence[int]) -> float:
    """Welch and Satterthwaite's degrees of freedom; n1 + n2 − 2 where nobody varies."""
    below = sum(v * v / (n - 1) for v, n in zip(variances, counts, strict=True))
    return sum(variances) ** 2 / below if below > 0 else float(sum(counts) - 2)


def _arm(cells: Sequence[CellPredictions]) -> Arm:
    people: list[npt.NDArray[np.int64]] = []
    answers: list[Floats] = []
    predicted: list[Floats] = []
    weights: list[Floats] = []
    for cell in cells:
        assert cell.values is not None
        low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
        used = cell.on_scale & cell.usable
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
    return Arm(name, np.concatenate(people), *(np.concatenate(part) for part in (answers, predicted, weights)))
