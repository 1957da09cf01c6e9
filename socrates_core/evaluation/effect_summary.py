"""A summary of all effects of an evaluation: how well predicted effects agree with actual ones.

Every figure is a function of sums over effects, so that studies can be resampled without a second pass over effects.
Effects are in percentage points of the scale's width, as in `metrics.effects`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.metrics.effects import Effect
from socrates_core.metrics.rank_correlation import spearman_rows
from socrates_core.metrics.study_bootstrap import StudyResamples, finite, interval_of
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats

SAME: Final = 1e-9
"""Effects up to this count as 0: rounding."""


@dataclass(frozen=True)
class Estimate:
    """A figure over all effects, with its interval."""

    value: float | None
    """None if it is not defined."""
    ci95: Interval | None
    """95 % interval from resampling studies; None below three."""


@dataclass(frozen=True)
class DirectionShare(Estimate):
    """The share of effects with the right sign, in [0, 1]."""

    n: int
    """The number of effects that it is a share of."""


@dataclass(frozen=True)
class DirectionOfAll(DirectionShare):
    """The share of effects with the right sign among those that are not 0 on either side."""

    no_direction: int
    """Effects that are 0 on at least one side."""


UNDEFINED: Final = Estimate(None, None)


@dataclass(frozen=True)
class Calibration:
    """The line actual = intercept + slope · predicted, by least squares."""

    slope: Estimate
    """1 if effects are as large as predicted; 0.5 if the predicted ones are twice too large."""
    intercept: Estimate
    """In percentage points."""


@dataclass(frozen=True)
class EffectSummary:
    """How well predicted effects agree with actual ones; without effects, only the counts."""

    n: int
    """Effects."""
    studies: int
    """Studies that have an effect."""
    unit: str = ""
    """The unit of a point."""
    direction: DirectionOfAll = DirectionOfAll(None, None, 0, 0)
    """None for a model that predicts no effect at all: it has no direction."""
    direction_resolved: DirectionShare = DirectionShare(None, None, 0)
    """The same, among effects whose actual direction is known."""
    pearson: Estimate = UNDEFINED
    """In [−1, 1], over effects."""
    pearson_corrected: Estimate = UNDEFINED
    """`pearson` divided by √reliability, the upper bound set by the sampling of answers; can exceed 1 by chance.
    None if the actual effects vary no more than by sampling alone."""
    spearman: Estimate = UNDEFINED
    """Spearman's rank correlation, in [−1, 1]."""
    spearman_corrected: Estimate = UNDEFINED
    """Corrected like `pearson_corrected`."""
    reliability: float | None = None
    """1 − mean se² / variance of the actual effects: at most 1; negative if they vary less than by sampling alone.
    None if they do not vary."""
    rmse: Estimate = UNDEFINED
    """Root mean square of predicted − actual, in percentage points."""
    rmse_corrected: Estimate = UNDEFINED
    """`rmse` without the contribution of sampling: the mean squared standard error of the difference is subtracted."""
    no_effect_rmse: Estimate = UNDEFINED
    """The RMSE of predicting 0 everywhere."""
    no_effect_rmse_corrected: Estimate = UNDEFINED
    """The same less what sampling adds."""
    calibration: Calibration = Calibration(UNDEFINED, UNDEFINED)
    """How the size of actual effects relates to that of predicted ones."""


def effect_summary(effects: Sequence[Effect], resamples: StudyResamples) -> EffectSummary:
    """How well predicted effects agree with actual ones, with intervals from resampling studies."""
    if not effects:
        return EffectSummary(0, 0)
    table = np.zeros((len(resamples.study_ids), 13))
    for place, effect in zip(resamples.place([one.study_id for one in effects]), effects, strict=True):
        table[place] += _sums(effect)

    def figure(formula: Callable[[Floats], Floats]) -> Estimate:
        value, interval = resamples.statistic(table, formula)
        return Estimate(finite(value), interval)

    def share(formula: Callable[[Floats], Floats], of: int) -> DirectionShare:
        found = figure(formula)
        return DirectionShare(found.value, found.ci95, int(table[:, of].sum()))

    x, y = (np.round([getattr(one, side) for one in effects], 9) for side in ("predicted", "actual"))
    ranks, corrected = _ranks(x, y, [one.study_id for one in effects], table, resamples)
    direction = share(_direction, of=9)
    return EffectSummary(
        n=len(effects),
        studies=len({one.study_id for one in effects}),
        unit="percentage points of the scale",
        direction=DirectionOfAll(direction.value, direction.ci95, direction.n, int(table[:, 10].sum())),
        direction_resolved=share(_resolved, of=12),
        pearson=figure(_pearson),
        pearson_corrected=figure(_pearson_corrected),
        spearman=ranks,
        spearman_corrected=corrected,
        reliability=finite(float(_reliability(table.sum(axis=0)))),
        rmse=figure(_rmse),
        rmse_corrected=figure(_rmse_corrected),
        no_effect_rmse=figure(_no_effect),
        no_effect_rmse_corrected=figure(_no_effect_corrected),
        calibration=Calibration(figure(_slope), figure(_intercept)),
    )


def _ranks(
    x: Floats, y: Floats, study_ids: Sequence[str], table: Floats, resamples: StudyResamples
) -> tuple[Estimate, Estimate]:
    """Spearman's correlation and its noise-corrected form, each with its interval; ranks are those of each resample."""
    here = np.zeros(len(resamples.study_ids), bool)
    here[resamples.place(study_ids)] = True
    times = np.concatenate([np.ones((1, resamples.times.shape[1]), np.int64), resamples.times])
    found = spearman_rows(x, y, times[:, resamples.place(study_ids)])
    with np.errstate(invalid="ignore", divide="ignore"):
        reliability = _reliability(times @ table)
        corrected = found / np.sqrt(np.where(reliability > 0, reliability, np.nan))

    def figure(values: Floats) -> Estimate:
        value, drawn = finite(values[0]), values[1:]
        return Estimate(
            value, None if value is None else interval_of(drawn[np.isfinite(drawn)], resamples.independent(here))
        )

    return figure(found), figure(corrected)


def _sums(effect: Effect) -> Floats:
    x, y = effect.predicted, effect.actual
    directed = abs(x) > SAME and abs(y) > SAME
    agrees = directed and (x > 0) == (y > 0)
    known = directed and effect.resolved
    moments = (1, x, y, x * x, y * y, x * y, effect.actual_se**2, effect.error_se**2)
    return np.array([*moments, agrees, directed, not directed, agrees and known, known], dtype=np.float64)


def _moments(t: Floats) -> tuple[Floats, Floats, Floats]:
    """Variances of x and y and their covariance, with n − 1; NaN if a side does not vary."""
    n = t[..., 0]
    vx, vy, cov = (t[..., i] - t[..., j] * t[..., k] / n for i, j, k in ((3, 1, 1), (4, 2, 2), (5, 1, 2)))
    vx, vy = (np.where(v > 1e-9 * np.maximum(t[..., i], 1e-9), v, np.nan) for v, i in ((vx, 3), (vy, 4)))
    free = np.where(n > 1, n - 1, np.nan)
    return vx / free, vy / free, cov / free


def _pearson(t: Floats) -> Floats:
    vx, vy, cov = _moments(t)
    return np.asarray(cov / np.sqrt(vx * vy))


def _reliability(t: Floats) -> Floats:
    """Share of the actual effects' variance that is not due to sampling."""
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
