"""Spearman's rank correlation in many resamples of pairs at once."""

from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.scale.distribution import Floats

ENTRIES: Final = 1 << 21
"""Most entries of a (resamples, pairs) matrix at a time: 16 MiB."""


def spearman_rows(x: Floats, y: Floats, times: npt.NDArray[np.int64]) -> Floats:
    """(B,) Spearman's correlation in each resample: Pearson's r of the ranks in that resample, ties sharing their mean.

    A value that occurs w times, with b smaller values, has the rank b + (w + 1) / 2.

    Args:
        x: (N,) one side of the pairs.
        y: (N,) the other side.
        times: (B, N) how often each pair is drawn.

    Returns:
        NaN if a side does not vary.
    """
    out = np.empty(len(times))
    step = max(1, ENTRIES // max(1, len(x)))
    for first in range(0, len(times), step):
        part = times[first : first + step].astype(np.float64)
        out[first : first + step] = _weighted_pearson(_ranks(x, part), _ranks(y, part), part)
    return out


def _ranks(values: Floats, weights: Floats) -> Floats:
    """(B, N) the rank of each value in each resample."""
    order = np.argsort(values, kind="stable")
    _, first, place = np.unique(values, return_index=True, return_inverse=True)
    starts = np.searchsorted(values[order], values[first])
    drawn = np.add.reduceat(weights[:, order], starts, axis=1)  # (B, U) of each distinct value
    return np.asarray((np.cumsum(drawn, axis=1) - drawn + (drawn + 1) / 2)[:, place])


def _weighted_pearson(x: Floats, y: Floats, weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        dx, dy = (side - (weights * side).sum(axis=1, keepdims=True) / total for side in (x, y))
        vx, vy, cov = ((weights * product).sum(axis=1) for product in (dx * dx, dy * dy, dx * dy))
        vx, vy = (np.where(v > 1e-9 * total[:, 0], v, np.nan) for v in (vx, vy))
        return np.asarray(np.clip(cov / np.sqrt(vx * vy), -1, 1))
