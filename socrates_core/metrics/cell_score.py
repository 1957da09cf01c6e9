"""The scores of an evaluation's cells and of their baselines, each computed by `metrics.cell.comparison`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from socrates_core.metrics.cell.chance import Chance
from socrates_core.metrics.cell.comparison import LEAST, Distances, cell_rng, compare, weight_counts
from socrates_core.metrics.cell_predictions import CellPredictions
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
    cramer: float
    chance: Chance | None
    verdict: VerdictCode | None
    on_scale_mass: float
    """Mean over the answers; NaN if it is not known."""
    actual_mean: float
    predicted_mean: float
    """Raw numbers, like `actual_mean`."""


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
    actual = cell.actual
    on, usable = int(actual.on_scale.sum()), int(cell.usable.sum())
    if on < LEAST:
        return f"{on} of {len(cell.responses)} answers are on the scale"
    if len(np.unique(actual.people[actual.on_scale])) < LEAST:
        return "one person answered"
    if usable < LEAST:
        return f"{usable} of {len(cell.responses)} predictions can be read as an answer"
    return None


def score_cell(cell: CellPredictions, pooled: Mapping[PoolKey, Floats], seed: int) -> CellScore:
    """Score a cell for which `unscored` gives None. The result depends only on the cell, the pools and the seed."""
    key, actual, on = pool_key(cell), cell.actual, cell.actual.on_scale
    pool = pooled.get(key) if key is not None else None
    found = compare(actual, cell.predicted, cell_rng(seed, cell.cell_id), pool, cell.marginal)
    return CellScore(
        cell_id=cell.cell_id,
        study_id=cell.study_id,
        label=cell.label,
        n=found.n,
        n_effective=found.n_effective,
        off_scale=found.off_scale,
        invalid=int((~cell.valid).sum()),
        scale=found.scale,
        observed=found.observed,
        cramer=found.cramer,
        chance=found.chance,
        verdict=None if found.verdict is None else found.verdict.code,
        on_scale_mass=math.nan if cell.mass is None else float(np.average(cell.mass, weights=cell.mass_of)),
        actual_mean=float(np.average(actual.responses[on], weights=actual.weights[on])),
        predicted_mean=_predicted_mean(cell),
    )


def _predicted_mean(cell: CellPredictions) -> float:
    used = cell.valid
    if cell.probs is not None and cell.values is not None:
        return float(np.average(cell.probs[used] @ cell.values, weights=cell.mass_of[used]))
    assert cell.drawn is not None
    return float(np.average(cell.drawn[used], weights=cell.mass_of[used]))
