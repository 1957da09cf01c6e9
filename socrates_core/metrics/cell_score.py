"""The scores of an evaluation's cells and of their baselines, each computed by `metrics.cell.comparison`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from socrates_core.errors import counted
from socrates_core.metrics.cell.chance import Chance
from socrates_core.metrics.cell.comparison import (
    LEAST,
    Distances,
    cell_rng,
    compare,
    observed_distances,
    weight_counts,
)
from socrates_core.metrics.cell.off_axis import OffAxisShares, off_axis_shares
from socrates_core.metrics.cell.worst_case import worst_distance
from socrates_core.metrics.cell_predictions import CellPredictions, as_numbers
from socrates_core.metrics.verdict import VerdictCode
from socrates_core.scale.distribution import Floats

PoolKey = tuple[str, int, tuple[int, ...]]


@dataclass(frozen=True)
class CellScore:
    """The scores of one cell of an evaluation; all but the labels as in `Comparison`."""

    cell_id: int
    study_id: str
    label: str
    n: int
    n_effective: float
    off_scale: int
    invalid: int
    """Predictions that could not be read as a number."""
    scale: Distances | None
    observed: Distances | None
    """Options off the axis are the numbers they are, as in the paper."""
    observed_on_axis: Distances | None
    """The same without them."""
    nominal: Distances | None
    """Total variation, if the options have no order; then there is no W."""
    cramer: float
    chance: Chance | None
    verdict: VerdictCode | None
    on_scale_mass: float
    """Mean over the answers; NaN if it is not known."""
    actual_mean: float
    predicted_mean: float
    """In the scale's own numbers, like `actual_mean`."""
    off_axis: OffAxisShares | None
    """None if there are no options off the axis."""


def pools(cells: Sequence[CellPredictions]) -> dict[PoolKey, Floats]:
    """The on-scale answers of an outcome in all arms, as shares of the options; only for outcomes of several arms.

    This is the baseline of a prediction that ignores the treatment. An arm's own answers are among the pooled ones.
    """
    arms: dict[PoolKey, set[int]] = {}
    sums: dict[PoolKey, Floats] = {}
    for cell in cells:
        key = pool_key(cell)
        if key is None or cell.values is None:
            continue
        on = cell.on_scale
        counts = weight_counts(cell.responses[on], cell.mass_of[on], cell.values)
        sums[key] = sums[key] + counts if key in sums else counts
        arms.setdefault(key, set()).add(cell.condition_num)
    return {key: total / total.sum() for key, total in sums.items() if len(arms[key]) > 1 and total.sum() > 0}


def pool_key(cell: CellPredictions) -> PoolKey | None:
    """The key of what is pooled over conditions: a task of a study on one scale. None without a known scale or task."""
    if cell.values is None or cell.task_num is None:
        return None
    return cell.study_id, cell.task_num, tuple(cell.values.tolist())


def unscored(cell: CellPredictions) -> str | None:
    """Why a cell cannot be scored; None if it can."""
    if len(cell.responses) < LEAST:
        return "one response" if len(cell.responses) else "no response"
    if not (cell.mass_of > 0).any():
        return "the weight of everybody is 0"
    actual = cell.actual
    on, usable = int(actual.on_scale.sum()), int((cell.usable & (cell.substance > 0)).sum())
    if on < LEAST:
        where = "axis" if cell.off_axis else "scale"
        return f"{on} of {counted(len(cell.responses), 'answer')} are on the {where}"
    if not _two_people(cell):
        return "one person answered"
    if usable < LEAST:
        what = "can be read as an answer" if cell.values is None else "are options of the scale"
        return f"{usable} of {counted(len(cell.responses), 'prediction')} {what}"
    return None


def worst_case(cell: CellPredictions) -> float:
    """W if each prediction that is no option were the worst one, see `worst_distance`; NaN without a stated scale, or
    where fewer than two people answered on it.
    """
    if cell.values is None or cell.nominal or not _two_people(cell) or not cell.predicted.weights.sum() > 0:
        return math.nan
    return worst_distance(cell.actual, cell.predicted)


def _two_people(cell: CellPredictions) -> bool:
    actual = cell.actual
    return len(np.unique(actual.people[actual.on_scale])) >= LEAST


def score_cell(cell: CellPredictions, pooled: Mapping[PoolKey, Floats], seed: int) -> CellScore:
    """Score a cell for which `unscored` gives None. The result depends only on the cell, the pools and the seed."""
    key, actual, on = pool_key(cell), cell.actual, cell.actual.on_scale
    pool = pooled.get(key) if key is not None else None
    found = compare(actual, cell.predicted, cell_rng(seed, cell.cell_id), pool, cell.marginal, cell.nominal)
    numbers = as_numbers(cell)
    observed = found.observed
    if cell.off_axis and not cell.nominal:
        number_key = pool_key(numbers)
        number_pool = pooled.get(number_key) if number_key is not None else None
        observed = observed_distances(numbers.actual, numbers.predicted, number_pool)
    return CellScore(
        cell_id=cell.cell_id,
        study_id=cell.study_id,
        label=cell.label,
        n=found.n,
        n_effective=found.n_effective,
        off_scale=found.off_scale,
        invalid=int((~cell.valid).sum()),
        scale=found.scale,
        observed=observed,
        observed_on_axis=found.observed,
        nominal=found.nominal,
        cramer=found.cramer,
        chance=found.chance,
        verdict=None if found.verdict is None else found.verdict.code,
        on_scale_mass=math.nan if cell.mass is None else float(np.average(cell.mass, weights=cell.mass_of)),
        actual_mean=cell.unit * float(np.average(actual.responses[on], weights=actual.weights[on])),
        predicted_mean=cell.unit * _predicted_mean(cell),
        off_axis=off_axis_shares(cell),
    )


def _predicted_mean(cell: CellPredictions) -> float:
    """Of distributions, over those that are compared, as W is; of drawn numbers, over all valid ones."""
    side = cell.predicted
    used = (side.valid if cell.probs is None else side.compared) & (side.weights > 0)
    if cell.probs is not None and cell.values is not None:
        return float(np.average(cell.probs[used] @ cell.values, weights=side.weights[used]))
    assert cell.drawn is not None
    return float(np.average(cell.drawn[used], weights=side.weights[used]))
