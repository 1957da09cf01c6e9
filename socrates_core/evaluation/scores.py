"""From predictions of many cells to one evaluation: every figure, what was left out, and where it all comes from.

Figures are means over the cells of a study, then over studies, as in the Socrates paper; the flat mean over cells
stands beside. Intervals come from resampling studies, with the same resamples for every model that meets these studies.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Final

import numpy as np

from socrates_core.errors import PredictionError
from socrates_core.evaluation.conventions import by_observed_range, by_own_ranges
from socrates_core.metrics.cell.comparison import Distances
from socrates_core.metrics.cell_predictions import GROUPINGS, CellPredictions
from socrates_core.metrics.cell_score import CellScore, pools, score_cell, unscored
from socrates_core.metrics.dispersion import cell_variances, dispersion
from socrates_core.metrics.effects import Contrasts, Effect, effect_summary, effects_of
from socrates_core.metrics.fairness import fairness, group_cells
from socrates_core.metrics.individual import individual, individual_sums
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.metrics.uncertainty import Interval, mean_interval
from socrates_core.scale.distribution import Floats

FORMAT: Final = 1
"""Version of metrics.json."""

BASELINES: Final = ("uniform", "pooled", "marginal", "human_split_half")
_FIELD: Final = {"human_split_half": "split_half"}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found."""

    metrics: dict[str, Any]
    """All figures, as metrics.json has them."""
    scores: tuple[CellScore, ...]
    effects: tuple[Effect, ...]
    cells: Mapping[int, CellPredictions]
    """By cell id, the scored ones."""


def evaluate(
    cells: Sequence[CellPredictions],
    provenance: Mapping[str, Any],
    seed: int = 42,
    contrasts: Contrasts = "control",
) -> Evaluation:
    """Score predictions. The same predictions and seed give the same figures, to the last digit.

    Args:
        cells: At least one that can be scored.
        provenance: Where the predictions come from; goes into the result. Under `contaminated` it has the study ids
            that the model has learned from, and under `left_out` the cells that were not predicted.
        seed: Of all resamples.
        contrasts: Which arms are compared for effects.

    Raises:
        PredictionError: If no cell can be scored; says why.
    """
    excluded = [dict(one) for one in provenance.get("left_out", ())]
    excluded += [_left_out(cell, "all", reason) for cell in cells if (reason := unscored(cell))]
    scored = [cell for cell in cells if not unscored(cell)]
    if not scored:
        reasons = Counter(one["reason"] for one in excluded)
        said = (
            "; ".join(f"{reason} ({count} cells)" for reason, count in reasons.most_common(3)) or "there are no cells"
        )
        raise PredictionError(f"none of the {len(cells)} cells can be scored: {said}")
    pooled = pools(scored)
    scores = [score_cell(cell, pooled, seed) for cell in scored]
    resamples = StudyResamples.draw([cell.study_id for cell in scored], seed)
    study_ids = [cell.study_id for cell in scored]
    for cell, score in zip(scored, scores, strict=True):
        if score.scale is None:
            excluded.append(_left_out(cell, "scale", "the scale is not known"))
        if score.observed is None:
            excluded.append(_left_out(cell, "observed", "all human answers are the same"))
    effects, effects_left_out = effects_of(scored, contrasts)
    groups = [group for cell in scored for group in group_cells(cell)]
    known = {score.cell_id: score.observed for score in scores}
    groupings = {grouping: by_observed_range(cells, grouping, resamples, known) for grouping in GROUPINGS}
    contaminated = list(provenance.get("contaminated", ()))
    metrics = {
        "format": FORMAT,
        "contaminated": bool(contaminated),
        "grouping": GROUPINGS["text"],
        **_distance_metrics(scores, study_ids, resamples),
        "paper": groupings["task"],
        "by_grouping": list(groupings.values()),
        "effects": {
            **effect_summary(effects, resamples),
            "contrasts": contrasts,
            "left_out": effects_left_out,
            "each": [{**plain(one), "resolved": one.resolved} for one in effects],
        },
        "individual": individual([individual_sums(cell) for cell in scored], study_ids, resamples),
        "dispersion": dispersion([cell_variances(cell) for cell in scored], study_ids, resamples),
        "fairness": fairness(groups, resamples),
        "on_scale_mass": resamples.summary(np.array([score.on_scale_mass for score in scores]), study_ids),
        "by_kind": _by_kind(scored, scores, resamples),
        "studies": _study_rows(scored, scores),
        "cells": [_cell_row(cell, score) for cell, score in zip(scored, scores, strict=True)],
        "excluded": excluded,
        "provenance": {**_told(provenance), "seed": seed, "resamples": len(resamples.times)},
    }
    metrics["wasserstein"]["separate"] = by_own_ranges(cells, resamples, seed)
    return Evaluation(plain(metrics), tuple(scores), tuple(effects), {cell.cell_id: cell for cell in scored})


def plain(value: Any) -> Any:
    """As JSON has it: intervals as [low, high], what is not defined as null."""
    if isinstance(value, Interval):
        return [value.low, value.high]
    if is_dataclass(value) and not isinstance(value, type):
        return plain({one.name: getattr(value, one.name) for one in fields(value)})
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


# -- distances ---------------------------------------------------------------------------------------------------


def _distance_metrics(scores: Sequence[CellScore], study_ids: Sequence[str], studies: StudyResamples) -> dict[str, Any]:
    conventions: dict[str, list[Distances | None]] = {
        "scale": [score.scale for score in scores],
        "observed": [score.observed for score in scores],
    }

    def each(formula: Callable[[Distances], float], convention: str) -> Floats:
        return np.array([math.nan if one is None else formula(one) for one in conventions[convention]])

    def baseline(name: str, convention: str) -> dict[str, Any]:
        theirs = each(lambda one: float(getattr(one, _FIELD.get(name, name))), convention)
        ours = np.where(np.isfinite(theirs), each(lambda one: one.model, convention), np.nan)
        gain = studies.summary(theirs - ours, study_ids)
        return {
            **studies.summary(theirs, study_ids),
            "model_on_the_same_cells": studies.summary(ours, study_ids)["mean"],
            "gain": gain["mean"],
            "gain_ci95": gain["ci95"],
        }

    distances = {name: each(lambda one: one.model, name) for name in conventions}
    return {
        "wasserstein": {name: studies.summary(found, study_ids) for name, found in distances.items()},
        "noise_floor": {name: studies.summary(each(lambda one: one.floor, name), study_ids) for name in conventions},
        "excess": {name: studies.summary(each(lambda one: one.excess, name), study_ids) for name in conventions},
        "baselines": {name: {how: baseline(name, how) for how in conventions} for name in BASELINES},
        "cramer": studies.summary(np.array([score.cramer for score in scores]), study_ids),
        "shares": {name: _shares(found) for name, found in distances.items()},
        "verdicts": dict(Counter(score.verdict for score in scores if score.verdict)),
    }


def _shares(distances: Floats) -> dict[str, Any]:
    """Shares of cells at 0 and below the marks that the original run reported."""
    known = distances[np.isfinite(distances)]
    if not len(known):
        return {"cells": 0}
    return {
        "at_0": float((known < 1e-9).mean()),
        "under_0.1": float((known < 0.1).mean()),
        "under_0.3": float((known < 0.3).mean()),
        "cells": len(known),
    }


def _told(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in provenance.items() if key != "left_out"}


# -- rows --------------------------------------------------------------------------------------------------------


def _left_out(cell: CellPredictions, convention: str, reason: str) -> dict[str, Any]:
    return {
        "cell": cell.cell_id,
        "study": cell.study_id,
        "name": cell.label,
        "convention": convention,
        "reason": reason,
    }


def _by_kind(cells: Sequence[CellPredictions], scores: Sequence[CellScore], studies: StudyResamples) -> dict[str, Any]:
    """The distances of real and of synthetic studies on their own, where both are here."""
    kinds = [{True: "real", False: "synthetic", None: "unknown"}[cell.real] for cell in cells]
    study_ids = [cell.study_id for cell in cells]
    result = {}
    for kind in sorted(set(kinds)):
        inside = np.array([one == kind for one in kinds])
        result[kind] = {
            name: studies.summary(np.where(inside, _distances_of(scores, name), np.nan), study_ids)
            for name in ("scale", "observed")
        }
    return result if len(result) > 1 else {kind: {} for kind in result}


def _distances_of(scores: Sequence[CellScore], convention: str) -> Floats:
    found = [getattr(score, convention) for score in scores]
    return np.array([math.nan if one is None else one.model for one in found])


def _study_rows(cells: Sequence[CellPredictions], scores: Sequence[CellScore]) -> list[dict[str, Any]]:
    """One row a study: means over its cells; the interval is over cells (± t · sd/√cells) and None below three."""
    rows = []
    by_study: dict[str, list[tuple[CellPredictions, CellScore]]] = {}
    for cell, score in zip(cells, scores, strict=True):
        by_study.setdefault(cell.study_id, []).append((cell, score))
    for study_id, members in sorted(by_study.items()):
        row: dict[str, Any] = {
            "study": study_id,
            "title": members[0][0].title,
            "real": members[0][0].real,
            "cells": len(members),
            "n": sum(score.n for _, score in members),
        }
        for convention in ("scale", "observed"):
            found = [one for _, score in members if (one := getattr(score, convention)) is not None]
            row[convention] = {
                side: float(np.nanmean(values)) if len(values := _known(found, side)) else math.nan
                for side in ("model", "floor", "excess", "uniform", "pooled", "marginal")
            } | {"cells": len(found), "ci95": _cell_interval(_known(found, "model"))}
        rows.append(row)
    return rows


def _known(found: Sequence[Distances], side: str) -> Floats:
    values = np.array([getattr(one, side) for one in found], dtype=np.float64)
    return values[np.isfinite(values)]


def _cell_interval(distances: Floats) -> Interval | None:
    if len(distances) < 3:
        return None
    interval = mean_interval(distances)
    return Interval(max(0.0, interval.low), min(1.0, interval.high))


def identity(cell: CellPredictions) -> str:
    """Sixteen hexadecimal digits: the same for the same question and the same answers, whoever predicts them."""
    asked = [cell.study_id, cell.condition_num, cell.task_num, cell.stimulus]
    content = [*asked, None if cell.values is None else cell.values.tolist(), np.sort(cell.responses).tolist()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _cell_row(cell: CellPredictions, score: CellScore) -> dict[str, Any]:
    row = asdict(score)
    for convention in ("scale", "observed"):
        found = getattr(score, convention)
        if found is not None:
            row[convention]["excess"] = found.excess
    row["chance"] = score.chance
    return {
        "cell": row.pop("cell_id"),
        "study": row.pop("study_id"),
        "name": row.pop("label"),
        "identity": identity(cell),
        **row,
    }
