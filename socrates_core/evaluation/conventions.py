"""Figures by other conventions: the cell definitions and ranges of the paper and of the original run."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from socrates_core.evaluation.results.distances import GroupingDistance, SeparateRanges
from socrates_core.evaluation.results.predictions import OriginalIndividual
from socrates_core.metrics.cell.answers import MOST, ActualAnswers, PredictedAnswers
from socrates_core.metrics.cell.comparison import Distances, observed_distances
from socrates_core.metrics.cell_predictions import (
    GROUPINGS,
    CellPredictions,
    Grouping,
    as_numbers,
    expanded,
    groups_of,
    joined,
    one_scale,
)
from socrates_core.metrics.study_bootstrap import StudyResamples, Summary, finite
from socrates_core.metrics.wasserstein import wasserstein_samples
from socrates_core.scale.distribution import Floats, sample

INVALID: Final = (
    "INVALID: human and predicted answers are each stretched over their own range, so humans all on 8 and a model all "
    "on 1 score 0, and answers to different questions share one axis. Kept to recognise figures computed in this way."
)

SMALL: Final = 10
"""The original run's report left out pairs with a larger number from its mean absolute error."""


def by_observed_range(
    cells: Sequence[CellPredictions],
    grouping: Grouping,
    studies: StudyResamples,
    known: Mapping[int, Distances | None],
) -> GroupingDistance:
    """W by the paper's convention with a given definition of a cell: model, uniform baseline and floor.

    Options off the axis are taken as the numbers they are, as in the paper; `on_axis` is the figure without them. Cells
    whose options have no order have no W.

    Args:
        cells: All of them, including those that cannot be scored on their own.
        grouping: The definition of a cell.
        studies: The resamples.
        known: Cell id → the distances of the single cell, if it has been scored.
    """
    found: list[Distances] = []
    on_axis: list[float] = []
    study_ids = []
    mixed = off_axis = 0
    for group in groups_of([cell for cell in cells if not cell.nominal], grouping):
        alone = len(group) == 1 and group[0].cell_id in known
        whole = joined([as_numbers(cell) for cell in group])
        distances = known[group[0].cell_id] if alone else observed_distances(whole.actual, whole.predicted)
        if distances is not None:
            found.append(distances)
            study_ids.append(group[0].study_id)
            mixed += len(group) > 1 and not one_scale(group)
            has_off_axis = any(cell.off_axis for cell in group)
            off_axis += has_off_axis
            on_axis.append(_on_axis(group) if has_off_axis else distances.model)
    name = GROUPINGS[grouping]
    if not found:
        return GroupingDistance(name, "observed", mixed, mean=None, cells=0, studies=0)
    studies = covering(study_ids, studies)

    def summary(figures: Sequence[float]) -> Summary:
        return studies.summary(np.array(figures), study_ids)

    model = summary([one.model for one in found])
    uniform, floor = summary([one.uniform for one in found]).mean, summary([one.floor for one in found]).mean
    return GroupingDistance(
        grouping=name,
        convention="observed",
        mixed_scales=mixed,
        **vars(model),
        uniform=uniform,
        noise_floor=floor,
        off_axis_cells=off_axis,
        on_axis=summary(on_axis).mean if off_axis else None,
    )


def _on_axis(group: Sequence[CellPredictions]) -> float:
    """W of one cell of a grouping by the range of the answers on the axis alone; NaN if all of these agree."""
    actual, predicted = [cell.actual for cell in group], [cell.predicted for cell in group]
    values = None
    if all(cell.values is not None for cell in group):
        values = np.unique(np.concatenate([cell.values for cell in group if cell.values is not None]))
    probs = None
    if values is not None and all(cell.probs is not None for cell in group):
        rows = [expanded(c.probs, c.values, values) for c in group if c.probs is not None and c.values is not None]
        probs = np.concatenate(rows)
    answers = ActualAnswers(
        values,
        np.concatenate([one.responses for one in actual]),
        np.concatenate([one.people for one in actual]),
        np.concatenate([one.weights for one in actual]),
    )
    drawn = None
    if probs is None:
        drawn = np.concatenate([one.drawn for one in predicted if one.drawn is not None])
        drawn = np.where(np.concatenate([one.weights > 0 for one in predicted]), drawn, np.nan)
    compared = np.concatenate([one.compared for one in predicted])
    weights = np.concatenate([one.weights for one in predicted])
    found = observed_distances(answers, PredictedAnswers(weights, compared, probs, drawn))
    return math.nan if found is None else found.model


def by_own_ranges(cells: Sequence[CellPredictions], studies: StudyResamples, seed: int) -> SeparateRanges:
    """The original run's figure: cells by study and condition with two answers or more, each side by its own range.

    One answer per person is drawn from the distributions, as in that run.
    """
    distances, study_ids = [], []
    for group in groups_of([as_numbers(cell) for cell in cells if not cell.nominal], "condition"):
        drawn = np.concatenate([_drawn(cell, seed) for cell in group])
        answers = np.concatenate([cell.responses for cell in group])
        readable = np.isfinite(drawn)
        if readable.sum() > 1:
            found = wasserstein_samples(drawn[readable], answers[readable], "separate")
            distances.append(math.nan if found is None else found)
            study_ids.append(group[0].study_id)
    summary = Summary(mean=None, flat_mean=None, ci95=None, cells=0, studies=0)
    if study_ids:
        summary = covering(study_ids, studies).summary(np.array(distances), study_ids)
    return SeparateRanges(**vars(summary), grouping=GROUPINGS["condition"], invalid=INVALID)


def as_originally_computed(cells: Sequence[CellPredictions]) -> OriginalIndividual:
    """The original run's figures of single people: each pair of an answer and a predicted number once, whatever the
    cell and the scale.
    """
    drawn = [cell for cell in cells if cell.drawn is not None]
    answers = np.concatenate([np.zeros(0), *(cell.responses for cell in drawn)])
    predicted = np.concatenate([np.zeros(0), *(cell.drawn for cell in drawn if cell.drawn is not None)])
    pairs = np.isfinite(predicted)
    answers, predicted = answers[pairs], predicted[pairs]
    if not len(answers):
        return OriginalIndividual()
    sensible = np.abs(predicted) <= MOST
    small = (np.abs(answers) <= SMALL) & (np.abs(predicted) <= SMALL)
    error = np.abs(predicted - answers)
    return OriginalIndividual(
        n=len(answers),
        exact=float((error == 0).mean()),
        within_one=float((error <= 1).mean()),
        pearson=_pearson(answers, predicted),
        absurd=int((~sensible).sum()),
        pearson_without_absurd=_pearson(answers[sensible], predicted[sensible]),
        mae_up_to_ten=float(error[small].mean()) if small.any() else None,
        n_up_to_ten=int(small.sum()),
    )


def _pearson(x: Floats, y: Floats) -> float | None:
    """Pearson's r; None where a side does not vary. In shares of the largest number, whose square can be too large."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return finite(float(np.corrcoef(x / np.abs(x).max(), y / np.abs(y).max())[0, 1]))


def _drawn(cell: CellPredictions, seed: int) -> Floats:
    if cell.drawn is not None:
        return cell.drawn
    assert cell.probs is not None
    assert cell.values is not None
    rng = np.random.default_rng([seed, 13, cell.cell_id])
    return sample(cell.probs, cell.values, rng).astype(np.float64)


def covering(study_ids: Sequence[str], studies: StudyResamples) -> StudyResamples:
    """The resamples; drawn anew if some of these studies have no cell that can be scored on its own."""
    if set(study_ids) <= set(studies.study_ids):
        return studies
    return StudyResamples.draw(study_ids, studies.seed, group_of=studies.group_of)
