"""Figures by other conventions: the cell definitions and ranges of the paper and of the original run."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from socrates_core.evaluation.results.distances import GroupingDistance, SeparateRanges
from socrates_core.metrics.cell.comparison import Distances, observed_distances
from socrates_core.metrics.cell_predictions import GROUPINGS, CellPredictions, Grouping, groups_of, joined, one_scale
from socrates_core.metrics.study_bootstrap import StudyResamples, Summary
from socrates_core.metrics.wasserstein import wasserstein_samples
from socrates_core.scale.distribution import Floats, sample

INVALID: Final = (
    "INVALID: human and predicted answers are each stretched over their own range, so humans all on 8 and a model all "
    "on 1 score 0, and answers to different questions share one axis. Kept to recognise figures computed in this way."
)


def by_observed_range(
    cells: Sequence[CellPredictions],
    grouping: Grouping,
    studies: StudyResamples,
    known: Mapping[int, Distances | None],
) -> GroupingDistance:
    """W by the paper's convention with a given definition of a cell: model, uniform baseline and floor.

    Args:
        cells: All of them, including those that cannot be scored on their own.
        grouping: The definition of a cell.
        studies: The resamples.
        known: Cell id → the distances of the single cell, if it has been scored.
    """
    found: list[Distances] = []
    study_ids = []
    mixed = 0
    for group in groups_of(cells, grouping):
        alone = len(group) == 1 and group[0].cell_id in known
        whole = joined(group)
        distances = known[group[0].cell_id] if alone else observed_distances(whole.actual, whole.predicted)
        if distances is not None:
            found.append(distances)
            study_ids.append(group[0].study_id)
            mixed += len(group) > 1 and not one_scale(group)
    name = GROUPINGS[grouping]
    if not found:
        return GroupingDistance(name, "observed", mixed, mean=None, cells=0, studies=0)
    studies = _covering(study_ids, studies)

    def summary(figures: Sequence[float]) -> Summary:
        return studies.summary(np.array(figures), study_ids)

    model = summary([one.model for one in found])
    uniform, floor = summary([one.uniform for one in found]).mean, summary([one.floor for one in found]).mean
    return GroupingDistance(name, "observed", mixed, **vars(model), uniform=uniform, noise_floor=floor)


def by_own_ranges(cells: Sequence[CellPredictions], studies: StudyResamples, seed: int) -> SeparateRanges:
    """The original run's figure: cells by study and condition with two answers or more, each side by its own range.

    One answer per person is drawn from the distributions, as in that run.
    """
    distances, study_ids = [], []
    for group in groups_of(cells, "condition"):
        drawn = np.concatenate([_drawn(cell, seed) for cell in group])
        answers = np.concatenate([cell.responses for cell in group])
        readable = np.isfinite(drawn)
        if readable.sum() > 1:
            found = wasserstein_samples(drawn[readable], answers[readable], "separate")
            distances.append(math.nan if found is None else found)
            study_ids.append(group[0].study_id)
    summary = Summary(mean=None, flat_mean=None, ci95=None, cells=0, studies=0)
    if study_ids:
        summary = _covering(study_ids, studies).summary(np.array(distances), study_ids)
    return SeparateRanges(**vars(summary), grouping=GROUPINGS["condition"], invalid=INVALID)


def _drawn(cell: CellPredictions, seed: int) -> Floats:
    if cell.drawn is not None:
        return cell.drawn
    assert cell.probs is not None
    assert cell.values is not None
    rng = np.random.default_rng([seed, 13, cell.cell_id])
    return sample(cell.probs, cell.values, rng).astype(np.float64)


def _covering(study_ids: Sequence[str], studies: StudyResamples) -> StudyResamples:
    """The resamples; drawn anew if some of these studies have no cell that can be scored on its own."""
    return studies if set(study_ids) <= set(studies.study_ids) else StudyResamples.draw(study_ids, studies.seed)
