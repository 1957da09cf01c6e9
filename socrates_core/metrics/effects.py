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
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.rank_correlation import spearman_rows
from socrates_core.metrics.study_bootstrap import StudyResamples, interval_of
from socrates_core.metrics.uncertainty import LEVEL, Interval
from socrates_core.scale.distribution import Floats

Contrasts = Literal["control", "pairs"]
"""Each arm against the first one (the lowest condition number), or every pair of arms."""

RESOLVABLE: Final = 10
"""People an arm needs for its effect to count among those whose direction is known."""

SAME: Final = 1e-9
"""Effects up to this are none: rounding."""


@dataclass(frozen=True)
class Effect:
    """One arm against another. All figures in percentage points of the scale's width."""

    study_id: str
    task_num: int | None
    arm: str
    reference: str
    n: int
    """Answers in the arm."""
    n_reference: int
    predicted: float
    predicted_interval: Interval
    """95 %, over who took part; it knows nothing of how wrong the model is."""
    actual: float
    actual_interval: Interval
    """95 %, over who took part."""
    actual_se: float
    """Standard error of `actual`."""
    error_se: float
    """Standard error of `actual` − `predicted`: smaller where the people who took part explain both."""

    @property
    def resolved(self) -> bool:
        """Whether people's answers tell the direction of the actual effect."""
        away = self.actual_interval.low > 0 or self.actual_interval.high < 0
        return away and min(self.n, self.n_reference) >= RESOLVABLE


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
    )


# -- over all effects --------------------------------------------------------------------------------------------


def effect_summary(effects: Sequence[Effect], resamples: StudyResamples) -> dict[str, Any]:
    """How predicted effects go with actual ones, under the names that metrics.json has; studies are resampled.

    - `direction`: share with the same sign, among effects that are not 0 on either side, and among those whose actual
      direction is resolved. A model that predicts no effect at all has no direction; those are counted.
    - `pearson`, `spearman`: over effects. Their noise-corrected forms are divided by √(1 − mean se² / variance of the
      actual effects), the most that sampled answers let anybody reach; they can pass 1 by chance. None where the actual
      effects vary no more than sampling makes them.
    - `rmse`, and corrected by the mean squared standard error of the difference; `no_effect_rmse` is what predicting 0
      everywhere gives.
    - `calibration`: actual = intercept + slope · predicted; a slope of 0.5 means effects predicted twice too big.
    """
    if not effects:
        return {"n": 0, "studies": 0}
    table = np.zeros((len(resamples.study_ids), 13))
    for place, effect in zip(resamples.place([one.study_id for one in effects]), effects, strict=True):
        table[place] += _sums(effect)

    def figure(formula: Any) -> dict[str, Any]:
        value, interval = resamples.statistic(table, formula)
        return {"value": value, "ci95": interval}

    x, y = (np.round([getattr(one, side) for one in effects], 9) for side in ("predicted", "actual"))
    reliability = float(_reliability(table.sum(axis=0)))
    ranks, corrected = _ranks(x, y, [one.study_id for one in effects], table, resamples)
    return {
        "n": len(effects),
        "studies": len({one.study_id for one in effects}),
        "unit": "percentage points of the scale",
        "direction": {**figure(_direction), "n": int(table[:, 9].sum()), "no_direction": int(table[:, 10].sum())},
        "direction_resolved": {**figure(_resolved), "n": int(table[:, 12].sum())},
        "pearson": figure(_pearson),
        "pearson_corrected": figure(_pearson_corrected),
        "spearman": ranks,
        "spearman_corrected": corrected,
        "reliability": reliability,
        "rmse": figure(_rmse),
        "rmse_corrected": figure(_rmse_corrected),
        "no_effect_rmse": figure(_no_effect),
        "no_effect_rmse_corrected": figure(_no_effect_corrected),
        "calibration": {"slope": figure(_slope), "intercept": figure(_intercept)},
    }


def _ranks(
    x: Floats, y: Floats, study_ids: Sequence[str], table: Floats, resamples: StudyResamples
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Spearman's correlation and its noise-corrected form, each with its interval; ranks are those of each resample."""
    studies = len(set(study_ids))
    times = np.concatenate([np.ones((1, resamples.times.shape[1]), np.int64), resamples.times])
    found = spearman_rows(x, y, times[:, resamples.place(study_ids)])
    with np.errstate(invalid="ignore", divide="ignore"):
        reliability = _reliability(times @ table)
        corrected = found / np.sqrt(np.where(reliability > 0, reliability, np.nan))

    def figure(values: Floats) -> dict[str, Any]:
        drawn = values[1:]
        known = math.isfinite(values[0])
        return {"value": float(values[0]), "ci95": interval_of(drawn[np.isfinite(drawn)], studies) if known else None}

    return figure(found), figure(corrected)


def _sums(effect: Effect) -> Floats:
    x, y = effect.predicted, effect.actual
    directed = abs(x) > SAME and abs(y) > SAME
    agrees = directed and (x > 0) == (y > 0)
    known = directed and effect.resolved
    moments = (1, x, y, x * x, y * y, x * y, effect.actual_se**2, effect.error_se**2)
    return np.array([*moments, agrees, directed, not directed, agrees and known, known], dtype=np.float64)


def _moments(t: Floats) -> tuple[Floats, Floats, Floats]:
    """Variances of x and y and their covariance, with n − 1; NaN where a side does not vary."""
    n = t[..., 0]
    vx, vy, cov = (t[..., i] - t[..., j] * t[..., k] / n for i, j, k in ((3, 1, 1), (4, 2, 2), (5, 1, 2)))
    vx, vy = (np.where(v > 1e-9 * np.maximum(t[..., i], 1e-9), v, np.nan) for v, i in ((vx, 3), (vy, 4)))
    free = np.where(n > 1, n - 1, np.nan)
    return vx / free, vy / free, cov / free


def _pearson(t: Floats) -> Floats:
    vx, vy, cov = _moments(t)
    return np.asarray(cov / np.sqrt(vx * vy))


def _reliability(t: Floats) -> Floats:
    """Share of the actual effects' variance that is not sampling."""
    _, vy, _ = _moments(t)
    return np.asarray(1 - t[..., 6] / t[..., 0] / vy)


def _pearson_corrected(t: Floats) -> Floats:
    reliability = _reliability(t)
    return np.asarray(_pearson(t) / np.sqrt(np.where(reliability > 0, reliability, np.nan)))


def _slope(t: Floats) -> Floats:
    vx, _, cov = _moments(t)
    return np.asarray(cov / vx)


def _intercept(t: Floats) -> Floats:
    return np.asarray((t[..., 2] - _slope(t) * t[..., 1]) / t[..., 0])


def _rmse(t: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(t[..., 3] + t[..., 4] - 2 * t[..., 5], 0) / t[..., 0]))


def _rmse_corrected(t: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(t[..., 3] + t[..., 4] - 2 * t[..., 5] - t[..., 7], 0) / t[..., 0]))


def _no_effect(t: Floats) -> Floats:
    return np.asarray(np.sqrt(t[..., 4] / t[..., 0]))


def _no_effect_corrected(t: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(t[..., 4] - t[..., 6], 0) / t[..., 0]))


def _direction(t: Floats) -> Floats:
    return np.asarray(t[..., 8] / t[..., 9])


def _resolved(t: Floats) -> Floats:
    return np.asarray(t[..., 11] / t[..., 12])


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
