"""The two sides of a cell: what people answered, and what was predicted of people who need not be the same."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.scale.distribution import Floats

MOST: Final = 1e15
"""A drawn number beyond this is no answer that anybody could have meant: it is invalid."""


@dataclass(frozen=True, eq=False)
class ActualAnswers:
    """What M answers of a cell say, and who gave them."""

    values: npt.NDArray[np.int64] | None
    """(K,) the options; None where there is no stated scale."""
    responses: Floats
    """(M,) off-scale ones included."""
    people: npt.NDArray[np.int64]
    """(M,) who answered; the same number is the same person."""
    weights: Floats
    """(M,) positive."""

    @property
    def on_scale(self) -> npt.NDArray[np.bool_]:
        """(M,) whether an answer is one of the options; all are where there is no stated scale."""
        return np.ones(len(self.responses), bool) if self.values is None else among(self.responses, self.values)


@dataclass(frozen=True, eq=False)
class PredictedAnswers:
    """What is compared with the answers: of each of P people a distribution over the options, or one drawn number."""

    weights: Floats
    """(P,)"""
    compared: npt.NDArray[np.bool_]
    """(P,) whose prediction counts by the stated scale: not of those whose own answer, or whose drawn number, is no
    option."""
    probs: Floats | None = None
    """(P, K)"""
    drawn: Floats | None = None
    """(P,) NaN where it could not be read."""
    redrawn: float = 0.0
    """How much who is simulated is left to chance: the variance of the mean prediction from one draw of people to the
    next, as a multiple of what P independent draws would have. 0 where exactly those are predicted who answered."""

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(P,) whether there is a prediction: a distribution always is one; a drawn number may be unreadable."""
        if self.drawn is None:
            return np.ones(len(self.weights), bool)
        return np.isfinite(self.drawn) & (np.abs(np.nan_to_num(self.drawn)) <= MOST)


def among(numbers: Floats, values: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(N,) whether each number is one of the values (ascending)."""
    place = np.searchsorted(values, numbers).clip(max=len(values) - 1)
    return np.asarray(values[place] == numbers)
