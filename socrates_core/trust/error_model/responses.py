"""From evidence to the responses of the error model: errors of means, and effects given predicted ones."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from socrates_core.trust.error_model.evidence import CellEvidence, EffectEvidence
from socrates_core.trust.error_model.hierarchy import Responses


def numbered(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """(N,) numbers of these names, from 0, sorted by name."""
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)


def errors_of_means(cells: Sequence[CellEvidence], ignoring: bool = False) -> Responses:
    """Actual minus predicted means, in widths of the scale.

    Args:
        cells: At least one.
        ignoring: Leave the predictions out: the middle of the scale takes their place.
    """
    n = len(cells)
    return Responses(
        y=np.array([cell.actual_mean - (0.5 if ignoring else cell.predicted_mean) for cell in cells]),
        x=np.ones(n),
        variance=np.array([cell.variance for cell in cells]),
        block=np.arange(n),
        shared=np.zeros(n),
        group=numbered([cell.group for cell in cells]),
        contrasts=False,
    )


def actual_effects(effects: Sequence[EffectEvidence], ignoring: bool = False) -> Responses:
    """Actual effects given predicted ones, in points. There is no constant: which arm counts as the control, and which
    end of the scale as high, would change its sign.

    Args:
        effects: At least one.
        ignoring: Leave the predictions out: no effect takes their place.
    """
    block = numbered([one.outcome for one in effects])
    first = np.unique(block, return_index=True)[1]
    return Responses(
        y=np.array([one.actual for one in effects]),
        x=np.array([0.0 if ignoring else one.predicted for one in effects]),
        variance=np.array([one.variance for one in effects]),
        block=block,
        shared=np.array([effects[place].shared for place in first]),
        group=numbered([one.group for one in effects])[first],
        contrasts=True,
    )
