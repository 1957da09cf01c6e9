"""Shares of people who answer at or above an option, and how wrong predictions of them are, in logits.

Of a share p̂ that is predicted and p that people gave, the error is logit p − logit p̂: bias, a deviation between groups
and one between shares of a group, as of means (see `hierarchy`). That the shares of one cell go together more than
those of different cells is left out: it would count each cell less, and groups, not cells, are what is independent.

Of up to 11 options every share is taken, from the second option up: with those, all others are known. A longer scale
has the three that cut it at quarters of its width, so that a slider of 101 options does not outweigh all other scales.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import logit

from socrates_core.metrics.uncertainty import smoothed
from socrates_core.scale.distribution import Floats
from socrates_core.trust.error_model.evidence import CellEvidence
from socrates_core.trust.error_model.hierarchy import Responses
from socrates_core.trust.error_model.responses import numbered

MOST_OPTIONS: Final = 11
"""On a scale of which every share is taken."""

QUARTERS: Final = (0.25, 0.5, 0.75)
"""Where a longer scale is cut, in widths of it."""

SUREST: Final = 0.01
"""Shares predicted below this, or above 1 less this, are taken as this: from the answers of a few hundred people one
part in a hundred cannot be told from one in a million, whose logits are eight apart."""


def cuts(positions: Floats) -> tuple[int, ...]:
    """The places of the options at or above which a share is spoken of.

    Args:
        positions: (K,) of the options in [0, 1], ascending.
    """
    if len(positions) <= MOST_OPTIONS:
        return tuple(range(1, len(positions)))
    return tuple(sorted({int(np.searchsorted(positions, at - 1e-9)) for at in QUARTERS}))


def upper_shares(shares: Floats, places: Sequence[int]) -> Floats:
    """(C,) of the answers at or above the options at these places, of (K,) shares."""
    above = np.cumsum(shares[::-1])[::-1]
    return np.asarray(above[list(places)].clip(0, 1))


def predicted_logits(shares: Floats, places: Sequence[int]) -> Floats:
    """(C,) of predicted upper shares, none of them surer than `SUREST`."""
    return np.asarray(logit(upper_shares(shares, places).clip(SUREST, 1 - SUREST)))


def observed_logits(shares: Floats, places: Sequence[int], n: float) -> tuple[Floats, Floats]:
    """(C,) of the upper shares of n people's answers, and their sampling variances 1/(n p (1 − p)) (delta method).

    The shares are smoothed, so that those of options that nobody chose have a logit.
    """
    seen = upper_shares(smoothed(shares, n), places)
    return np.asarray(logit(seen)), np.asarray(1 / (n * seen * (1 - seen)))


def errors_of_shares(cells: Sequence[CellEvidence], ignoring: bool = False) -> tuple[Responses, Floats]:
    """Actual minus predicted logits of every cell's upper shares, and the (N,) predicted ones.

    Args:
        cells: At least one.
        ignoring: Leave the predictions out: the uniform distribution takes their place.
    """
    rows, at, group = [], [], []
    for name, cell in zip(numbered([cell.group for cell in cells]), cells, strict=True):
        places, options = cuts(cell.positions), len(cell.positions)
        predicted = predicted_logits(np.full(options, 1 / options) if ignoring else cell.predicted, places)
        actual, variance = observed_logits(cell.actual, places, cell.n)
        rows.append(np.stack([actual - predicted, variance]))
        at.append(predicted)
        group.append(np.full(len(places), name))
    y, variances = np.hstack(rows)
    n = len(y)
    responses = Responses(
        y=y,
        x=np.ones(n),
        variance=variances,
        block=np.arange(n),
        shared=np.zeros(n),
        group=np.concatenate(group),
        contrasts=False,
    )
    return responses, np.concatenate(at)
