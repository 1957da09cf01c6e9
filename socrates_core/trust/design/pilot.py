"""The answers of a few people as the means of cells, with how far these may be off and how their errors go together.

A cell is one outcome in one condition; C is the number of cells, P that of people. Means are in points: percent of the
scale's width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from socrates_core.metrics.uncertainty import smoothed
from socrates_core.scale.distribution import Floats

PRIOR_PEOPLE: int = 2
"""People's worth of doubt about how two outcomes' answers go together, before anybody answered: r · k / (k + 2)."""


@dataclass(frozen=True, eq=False)
class Pilot:
    """What a few people answered."""

    answers: Floats
    """(P, C) in points; NaN where a person did not answer, or not on the axis."""
    options: tuple[Floats, ...]
    """(C,) where each cell's options lie, in points."""
    off_scale: int = 0
    """Answers that are no options; they are left out, and named."""

    def __post_init__(self) -> None:
        """Refuse what no answers are."""
        if self.answers.ndim != 2 or self.answers.shape[1] != len(self.options):
            raise ValueError("a pilot has a row a person and a column a cell")

    @cached_property
    def people(self) -> Floats:
        """(C,) who answered each cell."""
        return np.asarray((~np.isnan(self.answers)).sum(axis=0), dtype=np.float64)

    @cached_property
    def means(self) -> Floats:
        """(C,) NaN where nobody answered."""
        sums = np.nansum(self.answers, axis=0)
        return np.asarray(np.where(self.people > 0, sums / np.maximum(self.people, 1), np.nan))

    @cached_property
    def variances(self) -> Floats:
        """(C,) sampling variances of the means, estimated as the error model's fit estimates them: with two
        pseudo-answers spread over the options, for a few people who agree do not show that everybody would.
        """
        found = np.full(len(self.options), np.nan)
        for cell, options in enumerate(self.options):
            if self.people[cell] > 0:
                given = self.answers[~np.isnan(self.answers[:, cell]), cell]
                shares = (np.abs(given[:, None] - options) < 1e-6).mean(axis=0)
                p = smoothed(shares, self.people[cell])
                found[cell] = p @ (options - p @ options) ** 2 / self.people[cell]
        return found

    @cached_property
    def covariance(self) -> Floats:
        """(C, C) of the means. People who answered two cells make their errors go together: r √(v v′) · k / √(n n′),
        with k such people and their correlation r, which is drawn towards 0 where they are few; at once paired arms and
        several outcomes of the same people. NaN where nobody answered.
        """
        found = np.diag(self.variances)
        there = ~np.isnan(self.answers)
        for i in range(len(found)):
            for j in range(i):
                both = there[:, i] & there[:, j]
                k = int(both.sum())
                r = correlation(self.answers[both, i], self.answers[both, j]) if k > 1 else 0.0
                scale = np.sqrt(self.variances[i] * self.variances[j] / (self.people[i] * self.people[j] or np.nan))
                found[i, j] = found[j, i] = r * k / (k + PRIOR_PEOPLE) * k * scale
        return found


def correlation(one: Floats, other: Floats) -> float:
    """Of two columns; 0 where one of them does not vary."""
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 1e-12 else 0.0


@dataclass(frozen=True, eq=False)
class Seen:
    """J responses of one group as a pilot shows them: means, or effects against a control."""

    value: Floats
    """(J,) NaN where nobody answered."""
    covariance: Floats
    """(J, J) of the sampling errors."""

    @classmethod
    def effects(cls, pilot: Pilot, pairs: Sequence[tuple[int, int]]) -> "Seen":
        """Of arms against controls, both as places of cells."""
        turn = np.zeros((len(pairs), len(pilot.options)))
        for row, (arm, control) in enumerate(pairs):
            turn[row, arm], turn[row, control] = 1.0, -1.0
        return cls._turned(pilot, turn)

    @classmethod
    def means(cls, pilot: Pilot) -> "Seen":
        """Of all cells."""
        return cls._turned(pilot, np.eye(len(pilot.options)))

    @classmethod
    def _turned(cls, pilot: Pilot, turn: Floats) -> "Seen":
        missing = np.isnan(pilot.means)
        means, covariance = pilot.means.copy(), pilot.covariance.copy()
        means[missing] = 0.0
        covariance[missing], covariance[:, missing] = 0.0, 0.0
        value = turn @ means
        value[(np.abs(turn[:, missing]) > 0).any(axis=1)] = np.nan
        return cls(value, turn @ covariance @ turn.T)
