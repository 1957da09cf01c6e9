"""Whether predicted answers vary as much as actual ones: a model can hit every mean and still make everybody alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from socrates_core.metrics.cell.answers import parts_of_people
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples, finite
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats


@dataclass(frozen=True)
class Dispersion:
    """Predicted variance beside actual variance; None where people do not vary."""

    variance_ratio: float | None
    """Predicted over actual variance, ≥ 0: 1 is as varied as people, below 1 too uniform."""
    ci95: Interval | None
    """Of the ratio; None below three studies."""
    between_people: float | None
    """How much expected predictions differ between personas, over the actual variance: the part of people's variance
    that the model explains by who they are. None for predictions without probabilities too."""
    between_people_ci95: Interval | None
    """None below three studies."""
    cells: int
    """That have two on-scale answers or more."""


def cell_variances(cell: CellPredictions) -> Floats | None:
    """(3,) the variance of people's answers, of predicted answers, and of the expected prediction between people.

    In squared shares of the scale's width. People's is unbiased, with n − 1; the predicted one is that of one answer
    drawn for a person picked at random. None below two people whose answer and
    prediction are on the scale; who answered several times counts once.
    """
    used = cell.on_scale & cell.usable
    each = parts_of_people(cell.people[used])
    n = round(float(each.sum()))
    if cell.values is None or n < 2:
        return None
    low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
    actual = _variance((cell.responses[used] - low) / width, each) * n / (n - 1)
    if cell.probs is not None:
        options = (cell.values - low) / width
        rows = cell.probs[used]
        means = rows @ options
        total = float((each @ rows / n * (options - np.average(means, weights=each)) ** 2).sum())
        return np.array([actual, total, _variance(means, each)])
    assert cell.drawn is not None
    drawn = (cell.drawn[used] - low) / width
    return np.array([actual, _variance(drawn, each) * n / (n - 1), np.nan])


def _variance(values: Floats, weights: Floats) -> float:
    """Mean squared deviation."""
    return float(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))


def dispersion(variances: Sequence[Floats | None], study_ids: Sequence[str], resamples: StudyResamples) -> Dispersion:
    """Predicted over actual variance, each summed over cells.

    Args:
        variances: Of each cell, from `cell_variances`.
        study_ids: Of each cell.
        resamples: Of the studies.
    """
    table = np.zeros((len(resamples.study_ids), 3))
    cells = 0
    for place, found in zip(resamples.place(study_ids), variances, strict=True):
        if found is not None:
            table[place] += found
            cells += 1
    ratio, interval = resamples.statistic(table[:, [1, 0]], _ratio)
    between, between_interval = resamples.statistic(table[:, [2, 0]], _ratio)
    return Dispersion(finite(ratio), interval, finite(between), between_interval, cells)


def _ratio(totals: Floats) -> Floats:
    return np.asarray(np.where(totals[..., 1] > 0, totals[..., 0] / totals[..., 1], np.nan))
