"""Whether predicted answers vary as much as actual ones, which matching means do not guarantee."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from socrates_core.metrics.cell.answers import parts_of_people
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples, finite
from socrates_core.metrics.uncertainty import Interval, effective_n
from socrates_core.scale.distribution import Floats


@dataclass(frozen=True)
class Dispersion:
    """Predicted variance over actual variance; None if the actual answers do not vary."""

    variance_ratio: float | None
    """Predicted over actual variance, ≥ 0: 1 is the variance of people's answers, below 1 too little."""
    ci95: Interval | None
    """95 % interval of the ratio; None below three studies."""
    between_people: float | None
    """Variance of the expected predictions between personas, over the actual variance: the part of people's variance
    that the model explains by their attributes. None too for predictions without probabilities."""
    between_people_ci95: Interval | None
    """None below three studies."""
    cells: int
    """Cells with two on-scale answers or more."""


def cell_variances(cell: CellPredictions) -> Floats | None:
    """(3,) the variance of people's answers, of predicted answers, and of expected predictions between people.

    In squared shares of the scale's width. That of people's answers is unbiased, with n − 1 (n is the effective number
    of people); the predicted one is that of one answer drawn for a random person of those who answered on the axis.
    None below two people whose answer and prediction are on it; who answered several times counts once, each answer
    for its part.
    """
    used = cell.on_scale & cell.usable & (cell.mass_of > 0) & (cell.substance > 0)
    each = parts_of_people(cell.people[used], None if cell.weights is None else cell.weights[used])
    _, place = np.unique(cell.people[used], return_inverse=True)
    if cell.values is None or cell.nominal or place.max(initial=0) < 1:
        return None
    n = effective_n(np.bincount(place, each))
    low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
    actual = _variance((cell.responses[used] - low) / width, each) * n / (n - 1)
    if cell.probs is not None:
        options = (cell.values - low) / width
        rows = cell.probs[used]
        means = rows @ options
        total = float((each @ rows / each.sum() * (options - np.average(means, weights=each)) ** 2).sum())
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
        variances: From `cell_variances`, one per cell.
        study_ids: The study of each cell.
        resamples: The resamples of the studies.
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
