"""Intervals by resampling studies: how a figure would vary over other studies of the same kind.

Cells of one study share people, authors and topic, so intervals over cells are far too narrow. So are intervals over
studies that share an experiment or a pool of people: such a group of studies is drawn as one. The resamples depend only
on the studies, their groups and the seed: all models evaluated on the same studies share them, and differences between
models are paired.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from socrates_core.metrics.uncertainty import LEVEL, Interval
from socrates_core.scale.distribution import Floats

RESAMPLES: Final = 1000
LEAST: Final = 3
"""Studies below which there is no interval: the spread of two is too little information."""


@dataclass(frozen=True)
class Summary:
    """A figure averaged over many cells, in the figure's own unit."""

    mean: float | None
    """Mean over the cells of a study, then over studies; None if no cell has the figure."""
    flat_mean: float | None
    """Mean over all cells, unweighted; None if no cell has the figure."""
    ci95: Interval | None
    """95 % interval of `mean`, from resampling groups of studies; None below three of them."""
    cells: int
    """Cells that have the figure."""
    studies: int
    """Studies with such a cell."""


@dataclass(frozen=True, eq=False)
class StudyResamples:
    """How often each study is drawn in each resample."""

    study_ids: tuple[str, ...]
    """(S,) sorted."""
    times: npt.NDArray[np.int64]
    """(B, S) the same for all studies of a group; without groups, each row adds up to S."""
    seed: int
    """The seed that they were drawn with."""
    groups: npt.NDArray[np.int64]
    """(S,) number of each study's group, from 0."""
    group_of: Mapping[str, str]
    """Study → group, as they were given."""

    @classmethod
    def draw(
        cls,
        study_ids: Sequence[str],
        seed: int,
        resamples: int = RESAMPLES,
        group_of: Mapping[str, str] | None = None,
    ) -> "StudyResamples":
        """The resamples of these studies.

        Args:
            study_ids: Any order, repeated ids count once.
            seed: ≥ 0.
            resamples: B.
            group_of: Study → the independent unit that it is part of; a study that is not named is one of its own.

        Raises:
            ValueError: If there is no study.
        """
        ids = tuple(sorted(set(study_ids)))
        if not ids:
            raise ValueError("no studies to resample")
        named = [("group", (group_of or {})[one]) if one in (group_of or {}) else ("study", one) for one in ids]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(named))}
        groups = np.array([numbers[name] for name in named])
        rng = np.random.default_rng([seed, 11])
        drawn = rng.multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), size=resamples)
        return cls(ids, drawn[:, groups], seed, groups, dict(group_of or {}))

    def independent(self, which: npt.NDArray[np.bool_]) -> int:
        """How many groups these studies (S,) belong to."""
        return len(np.unique(self.groups[which]))

    def place(self, study_ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """(N,) column of each of these ids."""
        return np.searchsorted(np.array(self.study_ids), np.array(study_ids, dtype=str))

    def mean(self, values: Floats) -> tuple[float, Interval | None]:
        """The mean over studies and its interval.

        Args:
            values: (S,) one figure per study; studies with NaN are left out.
        """
        known = np.isfinite(values)
        if not known.any():
            return math.nan, None
        times = self.times[:, known]
        total = times.sum(axis=1)
        drawn = total > 0
        means = times[drawn] @ values[known] / total[drawn]
        return float(values[known].mean()), interval_of(means, self.independent(known))

    def summary(self, values: Floats, study_ids: Sequence[str]) -> Summary:
        """Average a figure over cells.

        Args:
            values: (C,) one figure per cell; cells with NaN are left out.
            study_ids: (C,) the cells' studies.
        """
        by_study = study_means(values, self.place(study_ids), len(self.study_ids))
        mean, interval = self.mean(by_study)
        known = np.isfinite(values)
        return Summary(
            mean=finite(mean),
            flat_mean=float(values[known].mean()) if known.any() else None,
            ci95=interval,
            cells=int(known.sum()),
            studies=int(np.isfinite(by_study).sum()),
        )

    def statistic(self, sums: Floats, formula: Callable[[Floats], Floats]) -> tuple[float, Interval | None]:
        """A figure that is a formula of total sums, and its interval.

        Args:
            sums: (S, Q) sums of each study; rows of zeros for studies without any.
            formula: (..., Q) totals ↦ (...) figures; NaN if it is not defined.
        """
        count = self.independent((sums != 0).any(axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            value = float(formula(sums.sum(axis=0)))
            drawn = formula(self.times @ sums)
        return value, interval_of(drawn[np.isfinite(drawn)], count) if math.isfinite(value) else None


def finite(value: float) -> float | None:
    """Convert a figure of an array to one of the results: NaN, not defined, becomes None."""
    return float(value) if math.isfinite(value) else None


def interval_of(resampled: Floats, studies: int) -> Interval | None:
    """95 % interval of a figure from its resampled values; None below three studies, or groups of studies.

    Plain percentiles of resampled means are too narrow for few studies. The expanded percentiles (Hesterberg 2015,
    section 4.3) take the levels Φ(∓ √(S/(S−1)) · t_{S−1, 0.975}), which makes the interval of a mean as wide as the t
    interval and keeps its skew.
    """
    if studies < LEAST or len(resampled) < 2:
        return None
    tail = float(ndtr(-math.sqrt(studies / (studies - 1)) * stdtrit(studies - 1, (1 + LEVEL) / 2)))
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(float(low), float(high))


def study_means(values: Floats, place: npt.NDArray[np.int64], studies: int) -> Floats:
    """(S,) mean of each study's cells; NaN if it has none.

    Args:
        values: (C,) one figure per cell; NaN is left out.
        place: (C,) the cell's study, 0 to S − 1.
        studies: S.
    """
    known = np.isfinite(values)
    totals = np.bincount(place[known], values[known], minlength=studies)
    counts = np.bincount(place[known], minlength=studies)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals / counts)
