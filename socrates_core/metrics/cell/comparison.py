"""The score of one cell: distances, noise floor, baselines and verdict.

The Simulate tab, evaluations, open-ended outcomes and the validation of a training run all compare predictions with
actual answers here, with the same resamples, so that a cell has one W, one limit and one verdict.

**What varies by chance.** An evaluation predicts exactly the people who answered, and their distributions are exact.
Querying the model again would give the same mean, so the mean is the prediction, and only the answers vary: n of them,
drawn from it. Resampling the predicted people as well would count the sampling of people twice, as if they and the
people who answered were two independent samples, and the wider limit would accept predictions that are wrong. Given
the personas, answers vary less than n draws from the mean, by the variance between personas; so the test errs on the
side of "within chance". It is a test of the group's distribution, which is what a cell is about, not of every person's
own. If fewer people are simulated than answered, or other people, the mean does depend on who was drawn: exactly that
part of its variance is added by resampling the simulated people (`PredictedAnswers.redrawn`). It vanishes if the
simulated people are the people who answered. Drawn numbers in place of distributions are a sample.

If the model is right, W exceeds the limit in 1 to 5 % of cells if exactly the people who answered are predicted (1 to
2 % if personas matter much), in 3 to 6 % if a quarter of them is drawn, and in 2 to 5 % if numbers are drawn: 400
cells for each of n = 30 and 100 with 5 options and n = 100 with 11.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.answers import ActualAnswers, PredictedAnswers
from socrates_core.metrics.cell.chance import Chance, Prediction, chance_of
from socrates_core.metrics.cell_predictions import expanded
from socrates_core.metrics.cramer import cramer
from socrates_core.metrics.uncertainty import effective_n, noise_floors, smoothed, split_half
from socrates_core.metrics.verdict import Verdict, verdict
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import AnswerDistribution, Floats

LEAST: Final = 2
"""Answers, and people, below which a cell is not scored: W cannot be judged from one person."""

SPLITS: Final = 50
"""Number of random splits of a cell's people into halves."""

SIDES: Final = ("model", "uniform", "pooled", "marginal")
"""What is compared with the answers: the model, the uniform baseline, the pooled answers of all arms, and the marginal
baseline (the training answers on this scale)."""

Numbers = Floats | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Distances:
    """The distances of one cell by one convention; NaN if not defined."""

    model: float
    uniform: float
    pooled: float
    marginal: float
    split_half: float
    """Estimated W of a second sample of as many people."""
    floor: float
    """Expected W of a perfect prediction."""

    @property
    def excess(self) -> float:
        """W of the model minus the floor."""
        return self.model - self.floor


@dataclass(frozen=True)
class Comparison:
    """The result of comparing the two sides of one cell."""

    n: int
    """On-scale answers; all if the scale is not known."""
    n_effective: float
    """Effective number of people behind them."""
    off_scale: int
    scale: Distances | None
    """By the stated scale; None without one."""
    observed: Distances | None
    """By the range of the human answers; None if all of them agree."""
    cramer: float
    """Unbiased squared-CDF distance on the stated scale; NaN without one."""
    chance: Chance | None
    """By the stated scale; None without one."""
    verdict: Verdict | None
    """None without a stated scale."""
    nominal: Distances | None = None
    """Total variation of options without an order, which have no W: then all the others are None or NaN."""


def cell_rng(seed: int, cell_id: int) -> np.random.Generator:
    """The random stream of one cell's resamples, which does not depend on what else is scored, or where."""
    return np.random.default_rng([seed, 12, cell_id])


# -- two sides ---------------------------------------------------------------------------------------------------
def compare(
    actual: ActualAnswers,
    predicted: PredictedAnswers,
    rng: np.random.Generator,
    pool: Floats | None = None,
    marginal: Floats | None = None,
    nominal: bool = False,
) -> Comparison:
    """Compare predictions with actual answers.

    Args:
        actual: The answers; of two people or more on the scale.
        predicted: The predictions; at least one counts.
        rng: The cell's own; see `cell_rng`.
        pool: (K,) shares of the options over all arms.
        marginal: (K,) what the training answers on this scale predict.
        nominal: Whether the options have no order.
    """
    on = actual.on_scale
    n = people_worth(actual, on)
    if nominal:
        assert actual.values is not None
        sides = _sides(actual.values, predicted, predicted.compared, pool, marginal)
        apart = variation_distances(sides, scale_shares(actual), n, _prediction(predicted, sides[0]).draws)
        return Comparison(int(on.sum()), n, int((~on).sum()), None, None, math.nan, None, None, apart)
    scale, squared, halves, chance, meaning = None, math.nan, math.nan, None, None
    if actual.values is not None:
        shares, positions = scale_shares(actual), _positions(actual.values, actual.values[0], actual.values[-1])
        sides = _sides(actual.values, predicted, predicted.compared, pool, marginal)
        model = _prediction(predicted, sides[0])
        halves = _or_nan(split_half(AnswerDistribution(actual.values, shares), n, rng, SPLITS))
        scale = distances(sides, shares, positions, n, model.draws, halves)
        squared = _or_nan(cramer(sides[0], shares, positions, n, model.draws))
        chance = chance_of(model, shares, positions, n, rng)
        meaning = verdict(scale.model, chance.limit, chance.gain, n)
    return Comparison(
        n=int(on.sum()),
        n_effective=n,
        off_scale=int((~on).sum()),
        scale=scale,
        observed=observed_distances(actual, predicted, pool, marginal, halves),
        cramer=squared,
        chance=chance,
        verdict=meaning,
    )


def scale_distances(actual: ActualAnswers, shares: Floats) -> Distances:
    """The distances of one prediction (K,) by the stated scale, without resamples: no split-half, no pool."""
    assert actual.values is not None
    sides = np.full((len(SIDES), len(shares)), np.nan)
    sides[0], sides[1] = shares, 1 / len(shares)
    positions = _positions(actual.values, actual.values[0], actual.values[-1])
    return distances(sides, scale_shares(actual), positions, people_worth(actual, actual.on_scale))


def observed_distances(
    actual: ActualAnswers,
    predicted: PredictedAnswers,
    pool: Floats | None = None,
    marginal: Floats | None = None,
    halves: float = math.nan,
) -> Distances | None:
    """The distances by the range of the human answers, off-scale ones included; None if all of them agree.

    Args:
        actual: The answers.
        predicted: The predictions; valid ones count, clipped to the range.
        pool: (K,) shares of the options over all arms.
        marginal: (K,) what the training answers on this scale predict.
        halves: The split-half distance by the stated scale, which changes with the width.
    """
    answers, valid = actual.responses, predicted.valid
    if len(answers) < LEAST or not valid.any() or answers.min() == answers.max():
        return None
    low, high = answers.min(), answers.max()
    parts = [answers, *([] if predicted.drawn is None else [predicted.drawn[valid]])]
    support = np.unique(np.concatenate(parts if actual.values is None else [*parts, actual.values]))
    sides = np.full((len(SIDES), len(support)), np.nan)
    if actual.values is not None:
        used = valid if predicted.drawn is None else predicted.compared
        sides = expanded(_sides(actual.values, predicted, used, pool, marginal), actual.values, support)
        halves = halves * float(actual.values[-1] - actual.values[0]) / float(high - low)
    if predicted.drawn is not None:
        weights = predicted.weights[valid]
        sides[0] = weight_counts(predicted.drawn[valid], weights, support) / weights.sum()
    draws = None if predicted.drawn is None else _worth(predicted.weights[valid])
    shares = weight_counts(answers, actual.weights, support) / actual.weights.sum()
    all_answers = np.ones(len(answers), bool)
    positions = _positions(support, low, high)
    return distances(sides, shares, positions, people_worth(actual, all_answers), draws, halves)


def distances(
    sides: Floats, actual: Floats, positions: Floats, n: float, draws: float | None = None, halves: float = math.nan
) -> Distances:
    """The distances by any convention.

    Args:
        sides: (4, K) what is compared with the answers, in the order of SIDES; rows of NaN for what is missing.
        actual: (K,) shares of the answers.
        positions: (K,) where the options lie in [0, 1], ascending.
        n: People behind `actual`.
        draws: Drawn numbers behind the model's side, if it is a sample too.
        halves: The split-half distance.
    """
    found = dict(zip(SIDES, wasserstein_rows(sides, actual, positions).tolist(), strict=True))
    smooth = smoothed(actual, n)
    floor = float(noise_floors(smooth, positions, np.float64(n)))
    if draws is not None:  # a drawn prediction is a sample too
        floor = math.hypot(floor, float(noise_floors(smooth, positions, np.float64(draws))))
    return Distances(**found, split_half=halves, floor=floor)


def total_variation(p: Floats, q: Floats) -> Floats:
    """½ Σ |p − q| along the last axis, in [0, 1]: the share of people that would have to answer otherwise."""
    return np.asarray(0.5 * np.abs(p - q).sum(axis=-1))


def variation_distances(sides: Floats, actual: Floats, n: float, draws: float | None = None) -> Distances:
    """The total variation of options without an order.

    The floor is that of n answers of people who answer exactly as predicted,
    ½ Σ √(2 p (1 − p) / (π n)), the mean absolute deviation of each share in normal approximation.

    Args:
        sides: (4, K) as for `distances`.
        actual: (K,) shares of the answers.
        n: People behind `actual`.
        draws: Drawn answers behind the model's side, if it is a sample too.
    """
    found = dict(zip(SIDES, total_variation(sides, actual).tolist(), strict=True))
    smooth = smoothed(actual, n)
    spread = 0.5 * np.sqrt(2 * smooth * (1 - smooth) / math.pi).sum()
    floor = float(spread * math.sqrt(1 / n + (0 if draws is None else 1 / draws)))
    return Distances(**found, split_half=math.nan, floor=floor)


def scale_shares(actual: ActualAnswers) -> Floats:
    """(K,) weighted shares of the on-scale answers."""
    assert actual.values is not None
    on = actual.on_scale
    counts = weight_counts(actual.responses[on], actual.weights[on], actual.values)
    return np.asarray(counts / counts.sum())


def people_worth(actual: ActualAnswers, used: npt.NDArray[np.bool_]) -> float:
    """Effective number of people behind the answers; several answers of one person count as one person.

    Given to nine decimals, so that it rounds to the same whole number in any unit of the weights.
    """
    people, weights = actual.people[used], actual.weights[used]
    if (np.diff(people) > 0).all() and (weights == weights[0]).all():
        return float(len(people))
    _, place = np.unique(people, return_inverse=True)
    return round(effective_n(np.bincount(place, weights)), 9)


def _worth(weights: Floats) -> float:
    """How many equally weighted numbers these are worth, to nine decimals."""
    return round(effective_n(weights), 9)


def _sides(
    values: npt.NDArray[np.int64],
    predicted: PredictedAnswers,
    used: npt.NDArray[np.bool_],
    pool: Floats | None,
    marginal: Floats | None,
) -> Floats:
    """(4, K) what is compared with the answers; rows of NaN for what is missing.

    Args:
        values: (K,) the options.
        predicted: The predictions.
        used: (P,) which of them count; drawn ones among them are options.
        pool: As for `observed_distances`.
        marginal: As for `observed_distances`.
    """
    sides = np.full((len(SIDES), len(values)), np.nan)
    weights = predicted.weights[used]
    if predicted.probs is not None:
        sides[0] = weights @ predicted.probs[used] / weights.sum()
    elif predicted.drawn is not None and used.any():
        sides[0] = weight_counts(predicted.drawn[used], weights, values) / weights.sum()
    sides[1] = 1 / len(values)
    if pool is not None:
        sides[2] = pool
    if marginal is not None:
        sides[3] = marginal
    return sides


def _prediction(predicted: PredictedAnswers, shares: Floats) -> Prediction:
    """The model's side by the stated scale, and how it would vary."""
    used = predicted.compared
    if predicted.drawn is not None:
        return Prediction(shares, draws=_worth(predicted.weights[used]))
    assert predicted.probs is not None
    if predicted.redrawn == 0:
        return Prediction(shares)
    return Prediction(shares, predicted.probs[used], predicted.weights[used], predicted.redrawn)


def weight_counts(answers: Floats, weights: Floats, support: Numbers) -> Floats:
    """(K,) total weight of the answers at each point of the support, which contains all of them."""
    return np.bincount(np.searchsorted(support, answers), weights, minlength=len(support)).astype(np.float64)


def _positions(support: Numbers, low: float, high: float) -> Floats:
    return np.asarray((support.clip(low, high) - low) / (high - low))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
