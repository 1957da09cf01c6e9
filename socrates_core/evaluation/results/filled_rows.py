"""The rows of metrics.json, filled from scored cells: one per cell, per study, and per cell that is left out."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from socrates_core.errors import counted
from socrates_core.evaluation.results.distances import CONVENTIONS
from socrates_core.evaluation.results.rows import (
    CellDistances,
    CellRow,
    Excluded,
    StudyDistances,
    StudyRow,
    UnusableCell,
)
from socrates_core.metrics.cell.comparison import Distances
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.cell_score import CellScore, worst_case
from socrates_core.metrics.proper.scores import CellProper
from socrates_core.metrics.study_bootstrap import finite
from socrates_core.metrics.uncertainty import Interval, mean_interval
from socrates_core.scale.distribution import Floats


def excluded_cell(cell: CellPredictions, convention: Literal["all", "scale", "observed"], reason: str) -> Excluded:
    """A cell that is left out of one convention, or of all."""
    return Excluded(cell.cell_id, cell.study_id, cell.label, convention, reason)


def excluded_by_convention(cells: Sequence[CellPredictions], scores: Sequence[CellScore]) -> list[Excluded]:
    """The scored cells that have no W by one convention."""
    excluded = []
    for cell, score in zip(cells, scores, strict=True):
        if cell.nominal:
            excluded += [
                excluded_cell(cell, by, "the options have no order: see total variation") for by in CONVENTIONS
            ]
            continue
        if score.scale is None:
            excluded.append(excluded_cell(cell, "scale", "the scale is not known"))
        if score.observed is None:
            excluded.append(excluded_cell(cell, "observed", "all human answers are the same"))
    return excluded


def reasons_of(excluded: Sequence[Excluded]) -> str:
    """The three most frequent reasons."""
    reasons = Counter(one.reason for one in excluded)
    return "; ".join(f"{reason} ({counted(n, 'cell')})" for reason, n in reasons.most_common(3)) or "there are no cells"


def study_rows(cells: Sequence[CellPredictions], scores: Sequence[CellScore]) -> tuple[StudyRow, ...]:
    """One row per study, sorted by id: means over its cells."""
    by_study: dict[str, list[tuple[CellPredictions, CellScore]]] = {}
    for cell, score in zip(cells, scores, strict=True):
        by_study.setdefault(cell.study_id, []).append((cell, score))
    return tuple(
        StudyRow(
            study=study_id,
            title=members[0][0].title,
            real=members[0][0].real,
            group=members[0][0].group,
            cells=len(members),
            n=sum(score.n for _, score in members),
            scale=_study_distances([score.scale for _, score in members]),
            observed=_study_distances([score.observed for _, score in members]),
        )
        for study_id, members in sorted(by_study.items())
    )


def _study_distances(of_cells: Sequence[Distances | None]) -> StudyDistances:
    found = [one for one in of_cells if one is not None]

    def known(formula: Callable[[Distances], float]) -> Floats:
        values = np.array([formula(one) for one in found], dtype=np.float64)
        return values[np.isfinite(values)]

    def mean(formula: Callable[[Distances], float]) -> float | None:
        values = known(formula)
        return float(values.mean()) if len(values) else None

    return StudyDistances(
        model=mean(lambda one: one.model),
        floor=mean(lambda one: one.floor),
        excess=mean(lambda one: one.excess),
        uniform=mean(lambda one: one.uniform),
        pooled=mean(lambda one: one.pooled),
        marginal=mean(lambda one: one.marginal),
        cells=len(found),
        ci95=_cell_interval(known(lambda one: one.model)),
    )


def _cell_interval(distances: Floats) -> Interval | None:
    if len(distances) < 3:
        return None
    interval = mean_interval(distances)
    return Interval(max(0.0, interval.low), min(1.0, interval.high))


def identity(cell: CellPredictions) -> str:
    """Sixteen hexadecimal digits: the same for the same question and the same answers, for every model."""
    asked = [cell.study_id, cell.condition_num, cell.task_num, cell.stimulus]
    content = [*asked, None if cell.values is None else cell.values.tolist(), np.sort(cell.responses).tolist()]
    content += [list(cell.off_axis)] if cell.off_axis else []
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def cell_row(cell: CellPredictions, score: CellScore, proper: CellProper | None) -> CellRow:
    """One row per scored cell."""
    return CellRow(
        cell=score.cell_id,
        study=score.study_id,
        name=score.label,
        identity=identity(cell),
        n=score.n,
        n_effective=score.n_effective,
        off_scale=score.off_scale,
        invalid=score.invalid,
        off_scale_predictions=int(cell.stray.sum()),
        worst=finite(worst_case(cell)),
        scale=_cell_distances(score.scale),
        observed=_cell_distances(score.observed),
        observed_on_axis=None if score.observed_on_axis is None else score.observed_on_axis.model,
        nominal=_cell_distances(score.nominal),
        cramer=finite(score.cramer),
        verdict=score.verdict,
        on_scale_mass=finite(score.on_scale_mass),
        actual_mean=score.actual_mean,
        predicted_mean=score.predicted_mean,
        off_axis=score.off_axis,
        proper=proper,
        chance=score.chance,
    )


def unusable_cell(cell: CellPredictions) -> UnusableCell:
    """One row for a cell whose predictions cannot be scored but bounded."""
    return UnusableCell(
        cell=cell.cell_id,
        study=cell.study_id,
        real=cell.real,
        group=cell.group,
        identity=identity(cell),
        n=int(cell.on_scale.sum()),
        off_scale=int((~cell.on_scale).sum()),
        invalid=int((~cell.valid).sum()),
        off_scale_predictions=int((cell.valid & ~cell.usable).sum()),
        worst=worst_case(cell),
        on_scale_mass=None if cell.mass is None else float(np.average(cell.mass, weights=cell.mass_of)),
    )


def _cell_distances(found: Distances | None) -> CellDistances | None:
    if found is None:
        return None
    return CellDistances(
        model=found.model,
        uniform=finite(found.uniform),
        pooled=finite(found.pooled),
        marginal=finite(found.marginal),
        split_half=finite(found.split_half),
        floor=found.floor,
        excess=found.excess,
    )
