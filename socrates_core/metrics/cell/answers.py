"""The two sides of a cell: people's answers, and predictions for people who need not be the same."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.scale.distribution import Floats

MOST: Final = 1e15
"""A drawn number beyond this cannot be a meant answer: it is invalid."""


@dataclass(frozen=True, eq=False)
class ActualAnswers:
    """The M answers of a cell, and the people who gave them."""

    values: npt.NDArray[np.int64] | None
    """(K,) the options on the axis; None without a stated scale."""
    responses: Floats
    """(M,) the answers, off-scale ones included, those off the axis left out."""
    people: npt.NDArray[np.int64]
    """(M,) ids of the people who answered; the same number is the same person."""
    weights: Floats
    """(M,) positive; those of one person add up to the person's."""

    @property
    def on_scale(self) -> npt.NDArray[np.bool_]:
        """(M,) whether an answer is one of the options on the axis; all are without a stated scale."""
        return np.ones(len(self.responses), bool) if self.values is None else among(self.responses, self.values)


@dataclass(frozen=True, eq=False)
class PredictedAnswers:
    """What is compared with the answers: for each of P people, a distribution over the options or one drawn number."""

    weights: Floats
    """(P,) of the people, times the probability that they answer on the axis."""
    compared: npt.NDArray[np.bool_]
    """(P,) whether the prediction counts by the stated scale: not if the person's own answer, or the drawn number, is
    not an option."""
    probs: Floats | None = None
    """(P, K) given an answer on the axis."""
    drawn: Floats | None = None
    """(P,) NaN if it could not be read."""
    redrawn: float = 0.0
    """How much the choice of simulated people is left to chance: the variance of the mean prediction between draws of
    people, as a multiple of that of P independent draws. 0 if exactly the people who answered are predicted."""

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(P,) whether the prediction is valid: a distribution always is; a drawn number may be unreadable."""
        if self.drawn is None:
            return np.ones(len(self.weights), bool)
        return np.isfinite(self.drawn) & (np.abs(np.nan_to_num(self.drawn)) <= MOST)


def among(numbers: Floats, values: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(N,) whether each number is one of the values (ascending)."""
    place = np.searchsorted(values, numbers).clip(max=len(values) - 1)
    return np.asarray(values[place] == numbers)


def parts_of_people(people: npt.NDArray[np.int64], weights: Floats | None = None) -> Floats:
    """(N,) what each answer counts, in people: they add up to the number of people who gave them.

    Without weights, each person counts 1, several answers of one person a part each. Of weights only the proportions
    count, as for distances.

    Args:
        people: (N,) ids.
        weights: (N,) positive, those of one person adding up to the person's; None for equal people.
    """
    _, place, times = np.unique(people, return_inverse=True, return_counts=True)
    if weights is None:
        return np.asarray(1 / times[place])
    return np.asarray(weights * (len(times) / weights.sum()) if len(people) else weights)
