"""Answers off the axis: how many choose them, and what an effect could be if they had answered."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats


@dataclass(frozen=True)
class OffAxisShares:
    """How many people choose the options off the axis, of those who choose any option of the scale."""

    actual: float
    """Share of people, in [0, 1]."""
    predicted: float
    """Predicted share, in [0, 1]."""
    answers: int
    """Answers off the axis."""
    by_option: Mapping[str, tuple[float, float]]
    """Option with its text → actual and predicted share."""


def off_axis_shares(cell: CellPredictions) -> OffAxisShares | None:
    """The shares of one cell, with its weights; None if it has no options off the axis.

    Predicted is the mean over exactly the people whose answer is an option; of drawn numbers, the share among those
    that are options.
    """
    if not cell.off_axis:
        return None
    off, weights = cell.answered_off_axis, cell.mass_of
    answered = (off | cell.on_scale) & (weights > 0)
    codes = list(cell.off_axis)
    actual = shares_of(cell.responses[answered], weights[answered], codes)
    if cell.off_probs is not None:
        predicted = _mean(cell.off_probs[answered], weights[answered])
    else:
        assert cell.drawn is not None
        used = (cell.usable | cell.predicted_off_axis) & (weights > 0)
        predicted = shares_of(cell.drawn[used], weights[used], codes)
    named = {
        f"{cell.off_axis[code]} ({code})" if cell.off_axis[code] else str(code): (float(a), float(p))
        for code, a, p in zip(codes, actual, predicted, strict=True)
    }
    return OffAxisShares(float(actual.sum()), float(predicted.sum()), int(off.sum()), named)


def shares_of(answers: Floats, weights: Floats, codes: list[int]) -> Floats:
    """(J,) the weighted share of each code among the answers; NaN without any."""
    return _mean((answers[:, None] == np.array(codes)[None, :]).astype(np.float64), weights)


def _mean(rows: Floats, weights: Floats) -> Floats:
    return np.asarray(weights @ rows / weights.sum()) if len(rows) else np.full(rows.shape[1], np.nan)


def trimming_bounds(
    arm: Floats, reference: Floats, options: Floats, answering: float, answering_reference: float
) -> Interval:
    """Bounds of an effect on people who answer on the axis in both arms (Lee 2009, Review of Economic Studies 76).

    Where a treatment changes who answers, the arms differ in people and not only in answers. If it moves everybody in
    one direction (towards answering, or away from it), the arm in which more people answer has too many of them by the
    share 1 − less / more; taking these for its highest or its lowest answers gives the bounds. With equal shares both
    are the difference of the means.

    Args:
        arm: (K,) shares of the answers on the axis.
        reference: (K,) those of the other arm.
        options: (K,) where they lie, ascending, in the unit of the effect.
        answering: Share of people who answer on the axis, in (0, 1].
        answering_reference: That of the other arm.
    """
    excess = 1 - min(answering, answering_reference) / max(answering, answering_reference)
    low_arm = high_arm = float(arm @ options)
    low_reference = high_reference = float(reference @ options)
    if answering > answering_reference:
        low_arm, high_arm = _trimmed(arm, options, excess)
    else:
        low_reference, high_reference = _trimmed(reference, options, excess)
    return Interval(low_arm - high_reference, high_arm - low_reference)


def _trimmed(shares: Floats, options: Floats, excess: float) -> tuple[float, float]:
    """The mean without a share of the highest, and without a share of the lowest answers."""
    keep = 1 - excess
    upto = np.minimum(np.cumsum(shares), keep)  # the lowest `keep`
    lowest = np.diff(np.concatenate([[0.0], upto]))
    above = np.minimum(np.cumsum(shares[::-1]), keep)
    highest = np.diff(np.concatenate([[0.0], above]))[::-1]
    return float(lowest @ options / keep), float(highest @ options / keep)
