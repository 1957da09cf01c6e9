"""The score of one cell: distances, noise floor, what has to be beaten, and what the numbers mean."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell_predictions import CellPredictions, expanded
from socrates_core.metrics.cramer import cramer
from socrates_core.metrics.uncertainty import chance_limit, distance_intervals, effective_n, noise_floors, split_half
from socrates_core.metrics.verdict import FEW, VerdictCode, verdict
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import AnswerDistribution, Floats

LEAST: Final = 2
"""Answers, below which a cell is not scored: a distance from one person says nothing."""

DRAWS: Final = 200
"""Resamples behind a cell's verdict."""

SPLITS: Final = 50
"""Random halves of a cell's people."""

PSEUDO_COUNT: Final = 2.0
"""As in `estimated_floor`."""

SIDES: Final = ("model", "uniform", "pooled", "marginal")
"""What is compared with the answers: the model, guessing evenly, the answers of all arms taken together, and the
training answers on this scale."""

Mask = npt.NDArray[np.bool_]
Numbers = Floats | npt.NDArray[np.int64]
PoolKey = tuple[str, int, tuple[int, ...]]


@dataclass(frozen=True)
class Distances:
    """One convention's figures of one cell; NaN where something is not defined."""

    model: float
    uniform: float
    pooled: float
    marginal: float
    split_half: float
    """What a second sample of as many people would score."""
    floor: float
    """What a perfect prediction would be expected to score."""

    @property
    def excess(self) -> float:
        """The distance beyond the floor."""
        return self.model - self.floor


@dataclass(frozen=True)
class CellScore:
    """One cell, scored."""

    cell_id: int
    study_id: str
    label: str
    n: int
    """On-scale answers; all where the scale is not known."""
    n_effective: float
    """How many equally weighted people they are worth."""
    off_scale: int
    invalid: int
    """Predictions that could not be read as a number."""
    scale: Distances | None
    """By the stated scale; None without one, or with fewer than two on-scale answers."""
    observed: Distances | None
    """By the range of the human answers; None where all agree."""
    cramer: float
    """Unbiased squared-CDF distance on the stated scale; NaN without one."""
    verdict: VerdictCode | None
    on_scale_mass: float
    """Mean; NaN where it is not known."""
    actual_mean: float
    predicted_mean: float
    """Raw numbers."""


def pools(cells: Sequence[CellPredictions]) -> dict[PoolKey, Floats]:
    """The on-scale answers of an outcome in all arms, as shares of the options; only for outcomes of several arms.

    What is left when a prediction knows nothing of the treatment. An arm's own answers are among them.
    """
    arms: dict[PoolKey, set[int]] = {}
    sums: dict[PoolKey, Floats] = {}
    for cell in cells:
        key = pool_key(cell)
        if key is None or cell.values is None:
            continue
        on = cell.on_scale
        counts = _counts(cell.responses[on], cell.mass_of[on], cell.values)
        sums[key] = sums[key] + counts if key in sums else counts
        arms.setdefault(key, set()).add(cell.condition_num)
    return {key: total / total.sum() for key, total in sums.items() if len(arms[key]) > 1 and total.sum() > 0}


def pool_key(cell: CellPredictions) -> PoolKey | None:
    """What is pooled over conditions: a task of a study on one scale. None without a known scale or task."""
    if cell.values is None or cell.task_num is None:
        return None
    return cell.study_id, cell.task_num, tuple(cell.values.tolist())


def unscored(cell: CellPredictions) -> str | None:
    """Why a cell cannot be scored at all; None where it can."""
    if len(cell.responses) < LEAST:
        return "one response" if len(cell.responses) else "no response"
    on, usable = int(cell.on_scale.sum()), int(cell.usable.sum())
    if on < LEAST:
        return f"{on} of {len(cell.responses)} answers are on the scale"
    if usable < LEAST:
        return f"{usable} of {len(cell.responses)} predictions can be read as an answer"
    return None


def score_cell(cell: CellPredictions, pooled: Mapping[PoolKey, Floats], seed: int) -> CellScore:
    """Score a cell that `unscored` has nothing against. Depends on the cell, the pools and the seed alone."""
    rng = np.random.default_rng([seed, 12, cell.cell_id])
    on = cell.on_scale
    weights, n = cell.mass_of[on], _people(cell, on)
    key = pool_key(cell)
    pool = pooled.get(key) if key is not None else None
    scale, squared, code, halves = None, math.nan, None, math.nan
    if cell.values is not None:
        counts = _counts(cell.responses[on], weights, cell.values)
        actual = AnswerDistribution(cell.values, counts / counts.sum())
        sides = _sides(cell, on if cell.drawn is None else cell.usable, pool)
        draws = None if cell.drawn is None else float(cell.usable.sum())
        positions = _positions(cell.values, cell.values[0], cell.values[-1])
        halves = _or_nan(split_half(actual, n, rng, SPLITS))
        scale = _distances(sides, actual.probs, positions, n, draws, halves)
        squared = _or_nan(cramer(sides[0], actual.probs, positions, n, draws))
        code = _verdict(scale, sides[0], actual, n, rng)
    return CellScore(
        cell_id=cell.cell_id,
        study_id=cell.study_id,
        label=cell.label,
        n=int(on.sum()),
        n_effective=n,
        off_scale=int((~on).sum()),
        invalid=int((~cell.valid).sum()),
        scale=scale,
        observed=observed_distances(cell, pool, halves),
        cramer=squared,
        verdict=code,
        on_scale_mass=math.nan if cell.mass is None else float(cell.mass.mean()),
        actual_mean=float(np.average(cell.responses[on], weights=weights)),
        predicted_mean=_predicted_mean(cell),
    )


def observed_distances(cell: CellPredictions, pool: Floats | None = None, halves: float = math.nan) -> Distances | None:
    """The figures by the range of the human answers, off-scale ones included; None where all agree.

    Args:
        cell: Its valid predictions count, clipped to the range.
        pool: (K,) shares of the options over all arms.
        halves: The split-half distance by the stated scale, which changes with the width.
    """
    answers, weights, valid = cell.responses, cell.mass_of, cell.valid
    if len(answers) < LEAST or not valid.any() or answers.min() == answers.max():
        return None
    low, high = answers.min(), answers.max()
    parts = [answers, *([] if cell.drawn is None else [cell.drawn[valid]])]
    support = np.unique(np.concatenate(parts if cell.values is None else [*parts, cell.values]))
    sides = np.full((len(SIDES), len(support)), np.nan)
    if cell.values is not None:
        sides = expanded(_sides(cell, valid if cell.drawn is None else cell.usable, pool), cell.values, support)
        halves = halves * float(cell.values[-1] - cell.values[0]) / float(high - low)
    if cell.drawn is not None:
        sides[0] = _counts(cell.drawn[valid], weights[valid], support) / weights[valid].sum()
    draws = None if cell.drawn is None else float(valid.sum())
    actual = _counts(answers, weights, support) / weights.sum()
    everybody = np.ones(len(answers), bool)
    return _distances(sides, actual, _positions(support, low, high), _people(cell, everybody), draws, halves)


def _distances(
    sides: Floats, actual: Floats, positions: Floats, n: float, draws: float | None, halves: float
) -> Distances:
    found = dict(zip(SIDES, wasserstein_rows(sides, actual, positions).tolist(), strict=True))
    smooth = (actual * n + PSEUDO_COUNT / len(actual)) / (n + PSEUDO_COUNT)
    floor = float(noise_floors(smooth, positions, np.float64(n)))
    if draws is not None:  # a drawn prediction is a sample too
        floor = math.hypot(floor, float(noise_floors(smooth, positions, np.float64(draws))))
    return Distances(**found, split_half=halves, floor=floor)


def _sides(cell: CellPredictions, used: Mask, pool: Floats | None) -> Floats:
    """(4, K) what is compared with the answers; NaN where there is nothing.

    Args:
        cell: On a known scale.
        used: (N,) whose predictions count; drawn ones are options.
        pool: As for `observed_distances`.
    """
    assert cell.values is not None
    sides = np.full((len(SIDES), len(cell.values)), np.nan)
    weights = cell.mass_of[used]
    if cell.probs is not None:
        sides[0] = weights @ cell.probs[used] / weights.sum()
    elif cell.drawn is not None and used.any():
        sides[0] = _counts(cell.drawn[used], weights, cell.values) / weights.sum()
    sides[1] = 1 / len(cell.values)
    if pool is not None:
        sides[2] = pool
    if cell.marginal is not None:
        sides[3] = cell.marginal
    return sides


def _verdict(
    found: Distances, mean: Floats, actual: AnswerDistribution, n: float, rng: np.random.Generator
) -> VerdictCode:
    if n < FEW:  # nothing is claimed, whatever the figures
        return "too_few"
    row = mean[None, :]  # the people who answered are those who were predicted, so only their answers vary
    limit = chance_limit(row, actual.values, n, rng, DRAWS)
    return verdict(found.model, limit, distance_intervals(row, actual, n, rng, DRAWS).gain, n).code


def _people(cell: CellPredictions, used: Mask) -> float:
    """How many equally weighted people the answers are worth; who answered twice is one person."""
    people = cell.people[used]
    if cell.weights is None and (np.diff(people) > 0).all():
        return float(len(people))
    _, place = np.unique(people, return_inverse=True)
    return effective_n(np.bincount(place, cell.mass_of[used]))


def _predicted_mean(cell: CellPredictions) -> float:
    used = cell.valid
    if cell.probs is not None and cell.values is not None:
        return float(np.average(cell.probs[used] @ cell.values, weights=cell.mass_of[used]))
    assert cell.drawn is not None
    return float(np.average(cell.drawn[used], weights=cell.mass_of[used]))


def _counts(answers: Floats, weights: Floats, support: Numbers) -> Floats:
    """(K,) weight of each of the answers, all of which are in the support."""
    return np.bincount(np.searchsorted(support, answers), weights, minlength=len(support)).astype(np.float64)


def _positions(support: Numbers, low: float, high: float) -> Floats:
    return np.asarray((support.clip(low, high) - low) / (high - low))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
