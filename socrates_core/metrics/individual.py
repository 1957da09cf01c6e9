"""How well the answers of individual people are predicted.

A prediction is a distribution, and each figure here is its expectation over one answer drawn for each person. (A
prediction of one number is a distribution with all mass on it, and the figures are the usual ones.) Every figure is a
function of sums over people, so that studies can be resampled without a second pass over people: `individual_sums`
adds up the people of a cell, and each figure is one short function of the totals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.metrics.cell.answers import parts_of_people
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples, finite
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats

SUMS: Final = (
    # over people with a valid prediction and an on-scale answer, in raw numbers; an answer is drawn for each
    "people", "absolute_error", "squared_error", "exact", "within_one",
    "answer", "answer_squared", "drawn", "drawn_squared", "answer_times_drawn",
    # over those of them who answered on a known scale, in shares of its width; expected: the prediction's mean
    "scaled_people", "closeness", "percent_error", "percent_squared_error",
    "answer_share", "answer_share_squared", "expected_share", "expected_share_squared", "answer_times_expected",
    # the same shares less their means in the cell
    "answer_deviation_squared", "expected_deviation_squared", "deviations_multiplied",
)  # fmt: skip
"""What is summed over people."""

Totals = Mapping[str, float]
"""Each of `SUMS`, over any number of cells."""


@dataclass(frozen=True, eq=False)
class IndividualSums:
    """Sums over the people of one cell."""

    sums: Floats
    """(Q,) the sums, in the order of `SUMS`."""
    invalid: int
    """Predictions that could not be read as a number."""
    off_scale: int
    """Answers that are not an option of the scale, on its axis or off it; excluded from all figures."""
    off_scale_predictions: int
    """Drawn numbers that are not an option of the scale; they count with their error."""


@dataclass(frozen=True)
class IndividualScores:
    """How well the answers of individual people are predicted; None if a figure is not defined."""

    accuracy: float | None
    """In [0, 1]; defined by the function of the same name, like the other figures."""
    accuracy_ci95: Interval | None
    """95 % interval from resampling studies; None below three."""
    pearson: float | None
    """Of answers and drawn predictions, raw numbers, in [−1, 1]."""
    mae: float | None
    """Mean absolute error in raw numbers, ≥ 0."""
    rmse: float | None
    """Root mean square error in raw numbers, ≥ 0."""
    exact: float | None
    """Share of predictions that equal the answer."""
    within_one: float | None
    """Share of predictions at most one raw number off."""
    n: int
    """People with an on-scale answer and a valid prediction, once for each cell."""
    invalid: int
    """Predictions that could not be read as a number."""
    off_scale_answers: int
    """Answers that are not an option; excluded from all figures."""
    off_scale_predictions: int
    """Drawn numbers that are not an option."""
    mae_percent: float | None
    """In percent of each scale's width, 0 to 100."""
    rmse_percent: float | None
    """Likewise."""
    pearson_expected: float | None
    """Of answers and expected predictions, in [−1, 1]."""
    pearson_within_cells: float | None
    """The same within cells, in [−1, 1]."""


def individual_sums(cell: CellPredictions) -> IndividualSums:
    """The sums of one cell over the people whose answer is on the axis and whose prediction is valid.

    Predictions are those given an answer on the axis; drawn numbers off the axis are left out. Options without an order
    have no error, so their people are not among these.

    A person who answered several times counts once: each answer for its part. Where W is weighted, so are these: with
    the weights of the cell, in people.
    """
    valid, on = cell.valid, cell.on_scale
    used = valid & on & (cell.mass_of > 0) & (cell.substance > 0) & ~cell.predicted_off_axis
    if cell.nominal:
        used[:] = False
    strays, off_scale = int(cell.stray.sum()), int((~on & ~cell.answered_off_axis).sum())
    answer = cell.unit * cell.responses[used]
    each = parts_of_people(cell.people[used], None if cell.weights is None else cell.weights[used])
    sums = dict.fromkeys(SUMS, 0.0)
    if len(answer):
        if cell.probs is not None and cell.values is not None:
            options, probs = cell.unit * cell.values.astype(np.float64)[None, :], cell.probs[used] * each[:, None]
        else:
            assert cell.drawn is not None
            options, probs = cell.unit * cell.drawn[used][:, None], each[:, None]
        miss = np.abs(options - answer[:, None])  # (N, K)
        drawn, square = (probs * options).sum(axis=1), (probs * options**2).sum(axis=1)
        sums |= {
            "people": each.sum(),
            "absolute_error": (probs * miss).sum(),
            "squared_error": (probs * miss**2).sum(),
            "exact": probs[miss < 1e-9].sum(),
            "within_one": probs[miss <= 1 + 1e-9].sum(),
            "answer": (each * answer).sum(),
            "answer_squared": (each * answer**2).sum(),
            "drawn": drawn.sum(),
            "drawn_squared": square.sum(),
            "answer_times_drawn": (answer * drawn).sum(),
        }
        if cell.values is not None:
            low, width = cell.unit * float(cell.values[0]), cell.unit * float(cell.values[-1] - cell.values[0])
            sums |= _shares((answer - low) / width, (drawn / each - low) / width, miss / width, probs, each)
    return IndividualSums(np.array(list(sums.values())), int((~valid).sum()), off_scale, strays)


def _shares(answer: Floats, expected: Floats, miss: Floats, probs: Floats, each: Floats) -> dict[str, float]:
    """The sums in shares of a known scale.

    Args:
        answer: (N,) 0 at the scale's low end, 1 at its high end.
        expected: (N,) the prediction's mean.
        miss: (N, K) error of each predicted number; beyond the scale, the largest error that the scale allows.
        probs: (N, K) their probabilities, times `each`.
        each: (N,) the part of a person that the answer is.
    """
    answer_deviation = answer - np.average(answer, weights=each)
    expected_deviation = expected - np.average(expected, weights=each)
    share = np.minimum(miss, 1.0)
    return {
        "scaled_people": each.sum(),
        "closeness": (probs * (1 - share)).sum(),
        "percent_error": 100 * (probs * share).sum(),
        "percent_squared_error": 1e4 * (probs * share**2).sum(),
        "answer_share": (each * answer).sum(),
        "answer_share_squared": (each * answer**2).sum(),
        "expected_share": (each * expected).sum(),
        "expected_share_squared": (each * expected**2).sum(),
        "answer_times_expected": (each * answer * expected).sum(),
        "answer_deviation_squared": (each * answer_deviation**2).sum(),
        "expected_deviation_squared": (each * expected_deviation**2).sum(),
        "deviations_multiplied": (each * answer_deviation * expected_deviation).sum(),
    }


def individual(sums: Sequence[IndividualSums], study_ids: Sequence[str], resamples: StudyResamples) -> IndividualScores:
    """The figures over all people.

    Args:
        sums: One per cell.
        study_ids: The study of each cell.
        resamples: The resamples of the studies.
    """
    table = np.zeros((len(resamples.study_ids), len(SUMS)))
    for place, cell in zip(resamples.place(study_ids), sums, strict=True):
        table[place] += cell.sums
    total = dict(zip(SUMS, table.sum(axis=0), strict=True))
    columns = [SUMS.index("closeness"), SUMS.index("scaled_people")]
    _, interval = resamples.statistic(table[:, columns], lambda totals: np.asarray(totals[..., 0] / totals[..., 1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return IndividualScores(
            accuracy=finite(accuracy(total)),
            accuracy_ci95=interval,
            pearson=finite(pearson(total)),
            mae=finite(mean_absolute_error(total)),
            rmse=finite(root_mean_square_error(total)),
            exact=finite(exact_share(total)),
            within_one=finite(share_within_one(total)),
            n=round(total["people"]),
            invalid=sum(cell.invalid for cell in sums),
            off_scale_answers=sum(cell.off_scale for cell in sums),
            off_scale_predictions=sum(cell.off_scale_predictions for cell in sums),
            mae_percent=finite(mean_percent_error(total)),
            rmse_percent=finite(root_mean_square_percent_error(total)),
            pearson_expected=finite(pearson_expected(total)),
            pearson_within_cells=finite(pearson_within_cells(total)),
        )


# -- one formula each --------------------------------------------------------------------------------------------


def accuracy(total: Totals) -> float:
    """Mean of 1 − |drawn − answer| / (max − min), by the stated scale. Use it to compare with the paper."""
    return total["closeness"] / total["scaled_people"]


def mean_absolute_error(total: Totals) -> float:
    """Mean of |drawn − answer| in raw numbers. Use it on one scale: over several, the widest decides."""
    return total["absolute_error"] / total["people"]


def root_mean_square_error(total: Totals) -> float:
    """√ mean (drawn − answer)², raw. Use it if a few large errors are worse than many small ones."""
    return float(np.sqrt(total["squared_error"] / total["people"]))


def exact_share(total: Totals) -> float:
    """Share of drawn predictions that equal the answer. Use it for few options: on a slider it is almost always 0."""
    return total["exact"] / total["people"]


def share_within_one(total: Totals) -> float:
    """Share of drawn predictions at most one off. Use it with `exact_share`, on scales of about seven options."""
    return total["within_one"] / total["people"]


def mean_percent_error(total: Totals) -> float:
    """100 · mean |drawn − answer| / width: 100 · (1 − accuracy). Use it over scales of different width."""
    return total["percent_error"] / total["scaled_people"]


def root_mean_square_percent_error(total: Totals) -> float:
    """100 · √ mean (|drawn − answer| / width)². Use it like the raw one, over scales of different width."""
    return float(np.sqrt(total["percent_squared_error"] / total["scaled_people"]))


def pearson(total: Totals) -> float:
    """Pearson's r of answer and drawn prediction, raw. Use it to compare with models of one answer per person."""
    names = ("people", "answer", "drawn", "answer_squared", "drawn_squared", "answer_times_drawn")
    return correlation(*(total[name] for name in names))


def pearson_expected(total: Totals) -> float:
    """Pearson's r of answer and expected prediction, in shares. Use it for how well distributions predict answers."""
    names = ("scaled_people", "answer_share", "expected_share", "answer_share_squared", "expected_share_squared")
    return correlation(*(total[name] for name in (*names, "answer_times_expected")))


def pearson_within_cells(total: Totals) -> float:
    """Pearson's r of deviations from the cell's means. Use it for how well differences between *people* are predicted:
    differences between questions, which make `pearson_expected` large, cancel. NaN if a side does not vary within
    cells.
    """
    answers, predictions = total["answer_deviation_squared"], total["expected_deviation_squared"]
    if answers <= 1e-9 or predictions <= 1e-9:
        return np.nan
    return float(total["deviations_multiplied"] / np.sqrt(answers * predictions))


def correlation(n: float, x: float, y: float, xx: float, yy: float, xy: float) -> float:
    """Pearson's r of n pairs from Σx, Σy, Σx², Σy², Σxy; NaN if a side does not vary."""
    if n < 2:
        return np.nan
    vx, vy = xx - x * x / n, yy - y * y / n
    if vx <= 1e-9 * max(xx, 1e-300) or vy <= 1e-9 * max(yy, 1e-300):
        return np.nan
    return float((xy - x * y / n) / np.sqrt(vx * vy))
