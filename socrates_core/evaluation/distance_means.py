"""Mean distances over cells and studies, for the model and for the baselines."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from socrates_core.evaluation.results.distances import (
    Baseline,
    Baselines,
    ByConvention,
    Convention,
    Shares,
)
from socrates_core.metrics.cell.comparison import Distances
from socrates_core.metrics.cell_score import CellScore
from socrates_core.metrics.study_bootstrap import StudyResamples, Summary
from socrates_core.scale.distribution import Floats

T = TypeVar("T")


class DistanceMeans:
    """The distances of all cells by both conventions, and their means."""

    model: ByConvention[Summary]
    """W of the prediction."""

    def __init__(self, scores: Sequence[CellScore], study_ids: Sequence[str], studies: StudyResamples) -> None:
        """Prepare the means over the resampled studies.

        Args:
            scores: (C,) one per cell.
            study_ids: (C,) the study of each cell.
            studies: The resamples.
        """
        self._found: ByConvention[list[Distances | None]] = ByConvention(
            [score.scale for score in scores], [score.observed for score in scores]
        )
        self._scores, self._study_ids, self._studies = scores, study_ids, studies
        self.model = self.summaries(lambda one: one.model)

    def each(self, formula: Callable[[Distances], float], convention: Convention) -> Floats:
        """(C,) a figure per cell; NaN if the cell has none."""
        return np.array([math.nan if one is None else formula(one) for one in self._found.by(convention)])

    def summary(self, figures: Floats) -> Summary:
        """Average (C,) figures of cells; cells with NaN are left out."""
        return self._studies.summary(figures, self._study_ids)

    def summaries(self, formula: Callable[[Distances], float]) -> ByConvention[Summary]:
        """Average a figure over cells, by each convention."""
        return _both(lambda how: self.summary(self.each(formula, how)))

    def baselines(self) -> Baselines:
        """The baselines, each with the model's W on the cells that have it."""

        def each(formula: Callable[[Distances], float]) -> ByConvention[Baseline]:
            return _both(lambda how: self._baseline(self.each(formula, how), how))

        return Baselines(
            uniform=each(lambda one: one.uniform),
            pooled=each(lambda one: one.pooled),
            marginal=each(lambda one: one.marginal),
            human_split_half=each(lambda one: one.split_half),
        )

    def _baseline(self, theirs: Floats, convention: Convention) -> Baseline:
        ours = np.where(np.isfinite(theirs), self.each(lambda one: one.model, convention), np.nan)
        gain = self.summary(theirs - ours)
        return Baseline(
            **vars(self.summary(theirs)),
            model_on_the_same_cells=self.summary(ours).mean,
            gain=gain.mean,
            gain_ci95=gain.ci95,
        )

    def shares(self) -> ByConvention[Shares]:
        """Shares of cells below fixed values of W."""
        return _both(lambda how: _shares(self.each(lambda one: one.model, how)))

    def among(self, inside: npt.NDArray[np.bool_]) -> "DistanceMeans":
        """The same figures over the cells of which `inside`, (C,), is true."""
        return DistanceMeans(
            [score for score, one in zip(self._scores, inside, strict=True) if one],
            [study for study, one in zip(self._study_ids, inside, strict=True) if one],
            self._studies,
        )


def _both(figure: Callable[[Convention], T]) -> ByConvention[T]:
    return ByConvention(figure("scale"), figure("observed"))


def _shares(distances: Floats) -> Shares:
    """Shares of cells at 0 and below the values of W that the original run reported."""
    known = distances[np.isfinite(distances)]
    if not len(known):
        return Shares(cells=0)
    return Shares(
        at_0=float((known < 1e-9).mean()),
        below_a_tenth=float((known < 0.1).mean()),
        below_three_tenths=float((known < 0.3).mean()),
        cells=len(known),
    )
