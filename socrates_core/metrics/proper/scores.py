"""Proper scores: how good the predicted distribution of each person is, given the answer that this person gave.

A score is proper if nobody can expect a better one by stating other probabilities than the true ones (Gneiting and
Raftery 2007). Smaller is better. W compares the answers of all people with the mean prediction; these scores also
reward a model that knows who answers what. N people, K options on the axis, y the option that a person chose:

- Brier score (Brier 1950, over all options): Σ_k (p_k − 1[y = k])², in [0, 2]. For options with and without an order.
- Ranked probability score (Epstein 1969): Σ_{k<K} (P(≤ k) − 1[y ≤ k])² / (K − 1), divided by K − 1 to be in [0, 1].
  Every step from an option to the next counts the same, also where their numbers are unequally far apart: in the
  literature the score is of ranks, whose numerical difference has no meaning (Krüger and Pavlova 2024, section 4;
  `rps_probs` of R's scoringRules). With the gaps it would be another score, the continuous ranked probability score
  ∫ (F − 1[y ≤ x])² dx (Matheson and Winkler 1976); W and the Cramér distance do count gaps. For options with an order.
- Log score (Good 1952): −ln max(p_y, 10⁻⁶), in nats, in [0, 13.8]. Without the floor, one answer that was held to be
  impossible would make every mean infinite; the answers below the floor are counted.

A prediction that is one number for each person states no probabilities: it has no such score.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.answers import parts_of_people
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples, Summary
from socrates_core.scale.distribution import Floats

FLOOR: Final = 1e-6
"""Probabilities count as at least this in the log score."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Mean scores of the answers of one cell; 0 is best."""

    brier: float
    """In [0, 2]."""
    rps: float | None
    """Ranked probability score, in [0, 1]; None if the options have no order."""
    log: float
    """In nats, ≥ 0."""


@dataclass(frozen=True)
class CellProper:
    """The proper scores of one cell's prediction, and of what it is judged against."""

    model: Scores
    """Of each person's predicted distribution."""
    own_shares: Scores
    """Of the shares of this cell's answers, predicted for everybody: the best that one distribution for all people
    could have scored, known only afterwards."""
    uniform: Scores
    """Of the uniform baseline."""
    answers: int
    """Answers on the axis that are scored."""
    below_floor: int
    """Of these, answers whose predicted probability is under 10⁻⁶."""


@dataclass(frozen=True)
class ProperScore:
    """One proper score over many cells."""

    model: Summary
    """Of the predictions."""
    own_shares: Summary
    """Of each cell's own answer shares, known only afterwards."""
    uniform: Summary
    """Of the uniform baseline."""
    gain: Summary
    """Uniform baseline minus model, paired: above 0, the model is better."""


@dataclass(frozen=True)
class ProperScores:
    """The proper scores over many cells of one kind of studies."""

    brier: ProperScore
    """In [0, 2]."""
    rps: ProperScore
    """Ranked probability score, in [0, 1]."""
    log: ProperScore
    """In nats."""
    answers: int
    """Answers on the axis that are scored."""
    below_floor: int
    """Of these, answers whose predicted probability is under 10⁻⁶, which the log score takes as 10⁻⁶."""


@dataclass(frozen=True, eq=False)
class StatedAnswers:
    """The answers on the axis of one cell, with the probabilities stated for those who gave them."""

    probs: Floats
    """(N, K) given an answer on the axis."""
    answers: Indices
    """(N,) place of the option that was chosen, 0 to K − 1."""
    weights: Floats
    """(N,) what each answer counts; they add up to 1."""
    ordered: bool
    """Whether the options have an order."""


def stated_answers(cell: CellPredictions) -> StatedAnswers | None:
    """What proper scores are about; None without stated probabilities or without an answer on the axis.

    Weights are those by which the cell's W counts people's answers: several answers of one person are a part each.
    """
    if cell.probs is None or cell.values is None:
        return None
    used = cell.on_scale & (cell.mass_of > 0) & (cell.substance > 0)
    if not used.any():
        return None
    each = parts_of_people(cell.people[used], None if cell.weights is None else cell.weights[used])
    places = np.searchsorted(cell.values, cell.responses[used]).astype(np.int64)
    return StatedAnswers(cell.probs[used], places, each / each.sum(), not cell.nominal)


def brier(probs: Floats, answers: Indices) -> Floats:
    """(N,) Σ_k (p_k − 1[y = k])² = Σ_k p_k² − 2 p_y + 1.

    Args:
        probs: (N, K) distributions.
        answers: (N,) place of the chosen option.
    """
    return np.asarray((probs**2).sum(axis=1) - 2 * _chosen(probs, answers) + 1)


def ranked_probability(probs: Floats, answers: Indices) -> Floats:
    """(N,) Σ_{k<K} (P(≤ k) − 1[y ≤ k])² / (K − 1); arguments as for `brier`."""
    below = np.cumsum(probs, axis=1)[:, :-1]  # (N, K-1)
    happened = answers[:, None] <= np.arange(below.shape[1])
    return np.asarray(((below - happened) ** 2).mean(axis=1))


def log_score(probs: Floats, answers: Indices) -> Floats:
    """(N,) −ln max(p_y, 10⁻⁶); arguments as for `brier`."""
    return np.asarray(-np.log(np.clip(_chosen(probs, answers), FLOOR, 1.0)))


def cell_proper(cell: CellPredictions) -> CellProper | None:
    """The proper scores of one cell; None if its prediction states no probabilities."""
    stated = stated_answers(cell)
    if stated is None:
        return None
    options = stated.probs.shape[1]
    shares = np.bincount(stated.answers, stated.weights, minlength=options).astype(np.float64)
    return CellProper(
        model=_scores(stated, stated.probs),
        own_shares=_scores(stated, shares),
        uniform=_scores(stated, np.full(options, 1 / options)),
        answers=len(stated.answers),
        below_floor=int((_chosen(stated.probs, stated.answers) < FLOOR).sum()),
    )


def proper_scores(
    found: Sequence[CellProper | None], study_ids: Sequence[str], resamples: StudyResamples
) -> ProperScores | None:
    """Means over the cells of a study, then over studies; None if no cell has scores.

    Args:
        found: (C,) from `cell_proper`.
        study_ids: (C,) the study of each cell.
        resamples: The resamples of the studies.
    """
    known = [one for one in found if one is not None]
    if not known:
        return None

    def summary(figure: Callable[[CellProper], float | None]) -> Summary:
        values = [None if one is None else figure(one) for one in found]
        return resamples.summary(np.array([np.nan if one is None else one for one in values]), study_ids)

    def score(of: Callable[[Scores], float | None]) -> ProperScore:
        return ProperScore(
            model=summary(lambda one: of(one.model)),
            own_shares=summary(lambda one: of(one.own_shares)),
            uniform=summary(lambda one: of(one.uniform)),
            gain=summary(lambda one: _minus(of(one.uniform), of(one.model))),
        )

    return ProperScores(
        brier=score(lambda one: one.brier),
        rps=score(lambda one: one.rps),
        log=score(lambda one: one.log),
        answers=sum(one.answers for one in known),
        below_floor=sum(one.below_floor for one in known),
    )


def _scores(stated: StatedAnswers, probs: Floats) -> Scores:
    """Weighted means of the scores of (N, K) distributions, or of one (K,) for everybody."""
    rows, answers, weights = np.broadcast_to(probs, stated.probs.shape), stated.answers, stated.weights
    return Scores(
        brier=float(weights @ brier(rows, answers)),
        rps=float(weights @ ranked_probability(rows, answers)) if stated.ordered else None,
        log=float(weights @ log_score(rows, answers)),
    )


def _chosen(probs: Floats, answers: Indices) -> Floats:
    return np.asarray(probs[np.arange(len(answers)), answers])


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
