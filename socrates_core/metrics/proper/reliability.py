"""Whether predicted probabilities come true: of what is given 30 %, 30 % should happen.

Two kinds of events are looked at, each for every answer: "this option is chosen", for all K options, and "the answer is
at most k", for the K − 1 steps of a scale with an order. Predicted probabilities are put into ten bins of equal width,
[0, 0.1) to [0.9, 1]. The mean squared difference of probability and event splits, with the bins (Murphy 1973), into

    mean (p − o)² = reliability − resolution + uncertainty + within bins

    reliability = Σ_b w_b (p̄_b − ō_b)²    resolution = Σ_b w_b (ō_b − ō)²    uncertainty = ō (1 − ō)

with w_b the share of all events in bin b, p̄_b their mean probability, ō_b the share that happened. Murphy's three terms
are exact if all probabilities of a bin are equal; what remains is the fourth (Stephenson, Coelho and Jolliffe 2008).
Reliability is 0 if probabilities come true, but never in a sample: what sampling alone adds stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.proper.scores import stated_answers
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats

BINS: Final = 10
ROUNDING: Final = 1e-9
"""A probability this little under a bin's lower end belongs to the bin: 0.1 + 0.7 is 0.7999…"""

_WEIGHT, _PROBABILITY, _HAPPENED, _SQUARE, _RESIDUAL, _EVENTS = range(6)
"""Sums of a bin: weight, weighted probability, event, squared difference; squared sums of each person; a count."""


@dataclass(frozen=True)
class Bin:
    """The events whose predicted probability is in one bin."""

    low: float
    """Lower end, within the bin."""
    high: float
    """Upper end, in the next bin, but for 1."""
    predicted: float
    """Mean predicted probability."""
    observed: float
    """Share that happened."""
    ci95: Interval | None
    """95 % interval of `observed` from resampling studies, in [0, 1]; None below three studies with such events."""
    share: float
    """Weight of these events among all."""
    events: int
    """How many: pairs of an answer and an option, or an answer and a step of the scale. Those of one answer are not
    independent."""
    studies: int
    """Studies with such events."""


@dataclass(frozen=True)
class Reliability:
    """How predicted probabilities and what happened agree, in bins of the probability."""

    bins: tuple[Bin, ...]
    """Ascending; empty ones are left out."""
    score: float
    """Mean (p − o)², in [0, 1]: the sum of the following, with the sign of resolution turned."""
    reliability: float
    """Mean squared gap between probability and share: 0 is best."""
    sampling: float
    """About what `reliability` would be by the sampling of as many people alone, answers in different cells taken as
    independent. A calibration error is shown only by what exceeds it."""
    resolution: float
    """How far the shares of the bins are from the share of all: larger is better."""
    uncertainty: float
    """ō (1 − ō): depends on the answers alone."""
    within: float
    """What differs within bins."""
    cells: int
    """Cells with such events."""
    studies: int
    """Studies with such cells."""


@dataclass(frozen=True)
class ReliabilityOf:
    """The reliability of both kinds of events; each cell of a study and each study counts the same."""

    options: Reliability
    """Of "this option is chosen"."""
    cumulative: Reliability | None
    """Of "the answer is at most k"; None if no scale has an order."""


@dataclass(frozen=True, eq=False)
class ReliabilitySums:
    """Sums over the events of one cell."""

    options: Floats
    """(bins, 6) of "this option is chosen"; the first column adds up to 1."""
    cumulative: Floats | None
    """(bins, 6) of "the answer is at most k"."""


def reliability_sums(cell: CellPredictions) -> ReliabilitySums | None:
    """The sums of one cell; None if its prediction states no probabilities."""
    stated = stated_answers(cell)
    if stated is None:
        return None
    places = np.arange(stated.probs.shape[1])
    chosen = stated.answers[:, None] == places
    options = _sums(stated.probs, chosen, stated.weights)
    if not stated.ordered:
        return ReliabilitySums(options, None)
    below = np.cumsum(stated.probs, axis=1)[:, :-1].clip(0, 1)
    return ReliabilitySums(options, _sums(below, stated.answers[:, None] <= places[:-1], stated.weights))


def _sums(probs: Floats, happened: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """(bins, 6) sums.

    Args:
        probs: (N, T) probabilities of T events for each answer.
        happened: (N, T) which of them happened.
        weights: (N,) of the answers, adding up to 1.
    """
    answers, events = probs.shape
    bins = np.floor(probs * BINS + ROUNDING).astype(np.int64).clip(0, BINS - 1)
    each = np.repeat(weights / events, events)
    at, p, o = bins.ravel(), probs.ravel(), happened.ravel().astype(np.float64)
    out = np.zeros((BINS, 6))
    columns = {_WEIGHT: each, _PROBABILITY: each * p, _HAPPENED: each * o, _SQUARE: each * (o - p) ** 2}
    for column, values in columns.items():
        out[:, column] = np.bincount(at, values, minlength=BINS)
    out[:, _EVENTS] = np.bincount(at, minlength=BINS)
    # events of one answer go together: first each answer's sum in a bin, then its square
    of_answer = np.repeat(np.arange(answers), events) * BINS + at
    residual = np.bincount(of_answer, each * (o - p), minlength=answers * BINS).reshape(answers, BINS)
    out[:, _RESIDUAL] = (residual**2).sum(axis=0)
    return out


def reliability(
    found: Sequence[ReliabilitySums | None], study_ids: Sequence[str], resamples: StudyResamples
) -> ReliabilityOf | None:
    """The reliability over many cells; None if no cell states probabilities.

    Args:
        found: (C,) from `reliability_sums`.
        study_ids: (C,) the study of each cell.
        resamples: The resamples of the studies.
    """
    options = _over_studies([None if one is None else one.options for one in found], study_ids, resamples)
    if options is None:
        return None
    cumulative = [None if one is None else one.cumulative for one in found]
    return ReliabilityOf(options, _over_studies(cumulative, study_ids, resamples))


def _over_studies(
    found: Sequence[Floats | None], study_ids: Sequence[str], resamples: StudyResamples
) -> Reliability | None:
    table = np.zeros((len(resamples.study_ids), BINS, 6))
    cells = np.zeros(len(resamples.study_ids))
    for place, sums in zip(resamples.place(study_ids), found, strict=True):
        if sums is not None:
            table[place] += sums
            cells[place] += 1
    if not cells.any():
        return None
    events = table[:, :, _EVENTS].sum(axis=0)
    table /= np.maximum(cells, 1)[:, None, None]
    table[:, :, _RESIDUAL] /= np.maximum(cells, 1)[:, None]  # a square: twice
    studies = int((cells > 0).sum())
    total = table.sum(axis=0) / studies
    total[:, _RESIDUAL] /= studies
    kept = total[:, _WEIGHT] > 0
    share, p, o = (total[kept, column] for column in (_WEIGHT, _PROBABILITY, _HAPPENED))
    predicted, observed, base = p / share, o / share, float(o.sum())
    score, gap = float(total[:, _SQUARE].sum()), float((share * (predicted - observed) ** 2).sum())
    resolved = float((share * (observed - base) ** 2).sum())
    return Reliability(
        bins=tuple(
            Bin(
                low=number / BINS,
                high=(number + 1) / BINS,
                predicted=float(predicted[row]),
                observed=float(observed[row]),
                ci95=_interval(table[:, number], resamples),
                share=float(share[row]),
                events=int(events[number]),
                studies=int((table[:, number, _WEIGHT] > 0).sum()),
            )
            for row, number in enumerate(np.flatnonzero(kept).tolist())
        ),
        score=score,
        reliability=gap,
        sampling=float((total[kept, _RESIDUAL] / share).sum()),
        resolution=resolved,
        uncertainty=base * (1 - base),
        within=score - (gap - resolved + base * (1 - base)),
        cells=int(cells.sum()),
        studies=studies,
    )


def _interval(sums: Floats, resamples: StudyResamples) -> Interval | None:
    """Of the share that happened in one bin, whose sums by study are (S, 6)."""
    _, found = resamples.statistic(sums[:, [_HAPPENED, _WEIGHT]], lambda total: total[..., 0] / total[..., 1])
    return None if found is None else Interval(max(0.0, found.low), min(1.0, found.high))
