"""Bounds of the distance in a new group, without any assumption on its distribution: conformal quantiles over groups.

If m groups with answers and the new one could as well have come in any other order, the new group's distance is at
most the ⌈(m + 1)(1 − α)⌉-th smallest of the m with probability 1 − α or more (Vovk, Gammerman and Shafer 2005). For one
cell of the new group, each group counts 1/(m + 1), spread evenly over its cells (Lee, Barber and Willett 2023,
"Distribution-free inference with hierarchical data"); with one cell in each group both are the same. 80 % needs 4
groups, 90 % needs 9 and 95 % needs 19; with fewer there is no bound.

Distances are those to the answers of as many people as answered in the calibration. Distances to the answers of
everybody are smaller on average, so that the bound holds for them all the more.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

LEVELS: Final = (0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Bound:
    """Upper bounds of W that hold with this probability; None where the groups are too few to say."""

    level: float
    cell: float | None
    """Of W in one cell of a new study, in [0, 1]."""
    study: float | None
    """Of the mean W over the cells of a new study, in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse what no distance is."""
        known = [one for one in (self.cell, self.study) if one is not None]
        if not 0 < self.level < 1 or not all(math.isfinite(one) and 0 <= one <= 1 for one in known):
            raise ValueError("levels are between 0 and 1, and distances in [0, 1]")


@dataclass(frozen=True)
class DistanceModel:
    """What is known of W in a new group."""

    groups: int
    """Groups that it rests on."""
    expected: float
    """Mean W over the cells of a group, then over groups."""
    bounds: tuple[Bound, ...]
    """At 80, 90 and 95 %."""

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        if self.groups < 1 or not 0 <= self.expected <= 1:
            raise ValueError("a distance is in [0, 1], of 1 group or more")
        if tuple(one.level for one in self.bounds) != LEVELS:
            raise ValueError("bounds are those at 0.8, 0.9 and 0.95, each once, in this order")
        for which in ("cell", "study"):
            ends = [getattr(one, which) for one in self.bounds]
            rising = [math.inf if end is None else end for end in ends]  # what cannot be said is no bound at all
            if rising != sorted(rising):
                raise ValueError(f"bounds: {which} falls where the level rises, so the surer bound is the lower one")

    def at(self, level: float) -> Bound:
        """The bounds at 0.8, 0.9 or 0.95."""
        return next(one for one in self.bounds if one.level == level)


def conformal_bound(groups: Sequence[Sequence[float]], level: float) -> float | None:
    """The smallest distance with a weight of at least `level` at or below it, 1/(m + 1) a group; None with too few.

    Args:
        groups: The distances of each of m groups, one or more.
        level: 1 − α.
    """
    values = np.concatenate([np.asarray(one, dtype=np.float64) for one in groups])
    weights = np.concatenate([np.full(len(one), 1 / len(one)) for one in groups])
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    reached = int(np.searchsorted(upto, level * (len(groups) + 1) - 1e-9))
    return float(values[order][reached]) if reached < len(values) else None


def fit_distance(by_group: Mapping[str, Sequence[float]]) -> DistanceModel:
    """Bounds from the distances of each group's cells."""
    groups = list(by_group.values())
    means = [[float(np.mean(one))] for one in groups]
    bounds = tuple(Bound(level, conformal_bound(groups, level), conformal_bound(means, level)) for level in LEVELS)
    return DistanceModel(len(groups), float(np.mean(means)), bounds)
