"""Weights that meet given shares of several attributes at once."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Margin = Sequence[tuple[npt.NDArray[np.bool_], float]]
"""The shares of one attribute: (N,) who has a value, and the share of that value; the shares add up to 1."""

CYCLES: Final = 1000
TOLERANCE: Final = 1e-6
"""Most that a share may be off."""


class RakingError(Exception):
    """No weights of these people meet all shares at once."""


def raked(weights: Floats, margins: Sequence[Margin]) -> Floats:
    """(N,) weights that meet every margin and sum to 1 (iterative proportional fitting; Deming and Stephan 1940).

    Of all such weights they are the closest to the given ones; who has no value of a margin gets weight 0.

    Args:
        weights: (N,) of 0 or more, not all 0.
        margins: In any order.

    Raises:
        RakingError: If no weights meet all margins at once.
    """
    named = [np.any([mask for mask, _ in margin], axis=0) for margin in margins]
    weights = weights / weights.sum()
    for _ in range(CYCLES):
        for margin, known in zip(margins, named, strict=True):
            weights = np.where(known, weights, 0.0)
            for mask, target in margin:
                current = weights[mask].sum()
                if current == 0 < target:
                    raise RakingError
                weights[mask] *= target / current if current else 0.0
        gaps = [abs(weights[mask].sum() - target) for margin in margins for mask, target in margin]
        if max(gaps, default=0.0) < TOLERANCE:
            return np.asarray(weights / weights.sum())
    raise RakingError
