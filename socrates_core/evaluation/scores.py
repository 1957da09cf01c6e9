"""From predictions of many cells to one evaluation: all figures, what was excluded, and the provenance.

Figures are means over the cells of a study, then over studies, as in the Socrates paper; the flat mean over cells is
given too. Intervals come from resampling studies, with the same resamples for all models evaluated on these studies.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from socrates_core.errors import PredictionError, counted
from socrates_core.evaluation.conventions import as_originally_computed, by_observed_range, by_own_ranges, covering
from socrates_core.evaluation.distance_means import DistanceMeans
from socrates_core.evaluation.effect_summary import effect_summary
from socrates_core.evaluation.probability_scores import probabilities
from socrates_core.evaluation.results.distances import KINDS, ModelDistances, NominalDistances, StudyKind
from socrates_core.evaluation.results.filled_rows import (
    cell_row,
    excluded_by_convention,
    excluded_cell,
    reasons_of,
    study_rows,
    unusable_cell,
)
from socrates_core.evaluation.results.kinds import KindDistances
from socrates_core.evaluation.results.metrics import FORMAT, Effects, Metrics
from socrates_core.evaluation.results.predictions import UsedAnswers, UsedPredictions
from socrates_core.evaluation.results.provenance import lost_sentence, read_provenance
from socrates_core.evaluation.results.rows import counted_studies
from socrates_core.metrics.cell.comparison import Distances
from socrates_core.metrics.cell_predictions import GROUPINGS, CellPredictions, as_numbers
from socrates_core.metrics.cell_score import CellScore, pools, score_cell, unscored, worst_case
from socrates_core.metrics.dispersion import cell_variances, dispersion
from socrates_core.metrics.effects import Contrasts, effects_of
from socrates_core.metrics.fairness import fairness, group_cells
from socrates_core.metrics.individual import individual, individual_sums
from socrates_core.metrics.proper.scores import cell_proper
from socrates_core.metrics.study_bootstrap import StudyResamples, Summary
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import NOT_SCIENCE


@dataclass(frozen=True, eq=False)
class ScoredCells:
    """The result of an evaluation."""

    metrics: Metrics
    """All figures, as stored in metrics.json."""
    cells: Mapping[int, CellPredictions]
    """The scored cells, by id."""

    @property
    def name(self) -> str:
        """Name of the model, with its adapter."""
        return self.metrics.provenance.title("predictions")

    @property
    def w(self) -> float | None:
        """Mean W by the stated scale, over the cells of a study, then over all studies; in [0, 1].

        `metrics.by_kind` has it for real and for synthetic studies, as `str` shows it.
        """
        return self.metrics.wasserstein.scale.mean

    @property
    def interval(self) -> Interval | None:
        """95 % interval of `w` over studies; None below three studies."""
        return self.metrics.wasserstein.scale.ci95

    @property
    def noise_floor(self) -> float | None:
        """Expected W of a perfect prediction with as many people."""
        return self.metrics.noise_floor.scale.mean

    @property
    def uniform(self) -> float | None:
        """W of the uniform baseline on the same cells."""
        return self.metrics.baselines.uniform.scale.mean

    @property
    def contaminated(self) -> bool:
        """Whether the model was trained on some of these studies."""
        return self.metrics.contaminated

    def __str__(self) -> str:
        """W by the stated scale with interval, floor and baselines, one figure per line; of real and of synthetic
        studies apart.
        """
        lines = []
        for kind, found in self.metrics.by_kind.items():
            rows = [row for row in self.metrics.studies if KINDS[row.real] == kind]
            where = counted_studies(rows, kind="" if kind == "unknown" else kind)
            lines.append(f"{self.name}: {counted(found.scale.cells, 'cell')} of {where}, W by the stated scale")
            lines += _figure_lines(
                {
                    "W": found.scale,
                    "noise floor": found.noise_floor.scale,
                    "uniform baseline": found.uniform.scale,
                    "marginal baseline": found.marginal.scale,
                }
            )
        used = self.metrics.predictions
        if used.off_scale + used.invalid:
            of = counted(used.predictions, "prediction")
            lines.append(f"  rests on          {used.used:,} of {of} (see metrics.predictions)")
        if self.metrics.excluded:
            lines.append(f"  left out          {len(self.metrics.excluded):,} (see metrics.excluded)")
        if self.contaminated:
            lines.append("  CONTAMINATED: the model was trained on some of these studies")
        if self.metrics.provenance.losses:
            lines.append(f"  {lost_sentence(self.metrics.provenance.losses)}")
        if self.metrics.provenance.demo:
            lines.append(f"  {NOT_SCIENCE}")
        return "\n".join(lines)


def _figure_lines(rows: Mapping[str, Summary]) -> list[str]:
    lines = []
    for title, row in rows.items():
        if row.mean is not None:
            within = "" if row.ci95 is None else f" (95 % interval {row.ci95.low:.4f} to {row.ci95.high:.4f})"
            lines.append(f"  {title:<18}{row.mean:.4f}{within}")
    return lines


def evaluate(
    cells: Sequence[CellPredictions],
    provenance: Mapping[str, Any],
    seed: int = 42,
    contrasts: Contrasts = "control",
) -> ScoredCells:
    """Score predictions. The same predictions and seed give the same figures, to the last digit.

    Args:
        cells: At least one that can be scored, or one predicted number that can be compared with its answer.
        provenance: Where the predictions come from; becomes part of the result. `contaminated` holds the study ids
            that the model was trained on, `left_out` the cells that were not predicted.
        seed: Seed of all resamples.
        contrasts: The arms that are compared for effects.

    Raises:
        PredictionError: If nothing can be scored; gives the reasons.
    """
    origin = read_provenance(provenance)
    excluded = [*origin.left_out, *(excluded_cell(cell, "all", reason) for cell in cells if (reason := unscored(cell)))]
    scored = [cell for cell in cells if not unscored(cell)]
    if not scored and not any(cell.drawn is not None and (cell.valid & cell.on_scale).any() for cell in cells):
        raise PredictionError(f"none of {counted(len(cells), 'cell')} can be scored: {reasons_of(excluded)}")
    pooled = {**pools([as_numbers(cell) for cell in scored if cell.off_axis]), **pools(scored)}
    scores = [score_cell(cell, pooled, seed) for cell in scored]
    study_ids, everywhere = [cell.study_id for cell in scored], [cell.study_id for cell in cells]
    resamples = StudyResamples.draw(study_ids or everywhere, seed, group_of=groups_of_studies(cells))
    excluded += excluded_by_convention(scored, scores)
    effects, effects_left_out = effects_of(scored, contrasts, [cell for cell in cells if unscored(cell)])
    proper = [cell_proper(cell) for cell in scored]
    groups = [group for cell in scored for group in group_cells(cell)]
    known = {score.cell_id: score.observed for score in scores}
    groupings = {grouping: by_observed_range(cells, grouping, resamples, known) for grouping in GROUPINGS}
    distances = DistanceMeans(scores, study_ids, resamples)
    separate = by_own_ranges(cells, resamples, seed)
    told = {key: value for key, value in provenance.items() if key != "left_out"}
    metrics = Metrics(
        format=FORMAT,
        contaminated=bool(origin.contaminated),
        grouping=GROUPINGS["text"],
        wasserstein=ModelDistances(distances.model.scale, distances.model.observed, separate),
        predictions=_used_predictions(cells, covering(everywhere, resamples)),
        answers=UsedAnswers.of(cells, _judged(scores), origin.answers),
        noise_floor=distances.summaries(lambda one: one.floor),
        excess=distances.summaries(lambda one: one.excess),
        baselines=distances.baselines(),
        cramer=resamples.summary(np.array([score.cramer for score in scores]), study_ids),
        shares=distances.shares(),
        verdicts=dict(Counter(score.verdict for score in scores if score.verdict)),
        paper=groupings["task"],
        by_grouping=tuple(groupings.values()),
        effects=Effects(
            **vars(effect_summary([one for one in effects if not one.wording_contrast], resamples)),
            contrasts=contrasts,
            left_out=tuple(effects_left_out),
            each=tuple(effects),
        ),
        individual=individual([individual_sums(cell) for cell in cells], everywhere, covering(everywhere, resamples)),
        individual_as_original=as_originally_computed(cells),
        dispersion=dispersion([cell_variances(cell) for cell in scored], study_ids, resamples),
        fairness=fairness(groups, resamples),
        probabilities=probabilities(scored, proper, resamples),
        on_scale_mass=resamples.summary(np.array([score.on_scale_mass for score in scores]), study_ids),
        nominal=_nominal(scored, scores, resamples),
        by_kind=_by_kind(cells, scored, scores, distances, known, resamples),
        studies=study_rows(scored, scores),
        cells=tuple(cell_row(*one) for one in zip(scored, scores, proper, strict=True)),
        unusable=tuple(unusable_cell(cell) for cell in cells if unscored(cell) and math.isfinite(worst_case(cell))),
        excluded=tuple(excluded),
        provenance=read_provenance(
            {
                **told,
                "seed": seed,
                "resamples": len(resamples.times),
                "independent_groups": len(np.unique(resamples.groups)),
            }
        ),
    )
    return ScoredCells(metrics, {cell.cell_id: cell for cell in scored})


def _judged(scores: Sequence[CellScore]) -> set[int]:
    """The cells that have a distance by some convention."""
    return {one.cell_id for one in scores if any((one.scale, one.observed, one.nominal))}


def _nominal(
    cells: Sequence[CellPredictions], scores: Sequence[CellScore], resamples: StudyResamples
) -> NominalDistances | None:
    """Total variation of the cells whose options have no order."""
    pairs = [(cell.study_id, score.nominal) for cell, score in zip(cells, scores, strict=True) if score.nominal]
    if not pairs:
        return None
    study_ids = [study_id for study_id, _ in pairs]

    def summary(formula: Callable[[Distances], float]) -> Summary:
        return resamples.summary(np.array([formula(one) for _, one in pairs]), study_ids)

    return NominalDistances(
        model=summary(lambda one: one.model),
        noise_floor=summary(lambda one: one.floor),
        uniform=summary(lambda one: one.uniform),
        pooled=summary(lambda one: one.pooled),
        marginal=summary(lambda one: one.marginal),
    )


def _by_kind(
    cells: Sequence[CellPredictions],
    scored: Sequence[CellPredictions],
    scores: Sequence[CellScore],
    distances: DistanceMeans,
    known: Mapping[int, Distances | None],
    resamples: StudyResamples,
) -> dict[StudyKind, KindDistances]:
    """The figures of each kind of studies, in the order of their names; `known` as for `by_observed_range`."""
    result: dict[StudyKind, KindDistances] = {}
    for kind in sorted({KINDS[cell.real] for cell in scored}):
        inside = np.array([KINDS[cell.real] == kind for cell in scored])
        means = distances.among(inside)
        of_kind = [cell for cell in cells if KINDS[cell.real] == kind]
        judged = [(cell, score) for cell, score, one in zip(scored, scores, inside, strict=True) if one]
        mine, theirs = [cell for cell, _ in judged], [score for _, score in judged]
        mass = np.array([score.on_scale_mass for score in theirs])
        result[kind] = KindDistances(
            scale=means.model.scale,
            observed=means.model.observed,
            noise_floor=means.summaries(lambda one: one.floor),
            uniform=means.summaries(lambda one: one.uniform),
            marginal=means.summaries(lambda one: one.marginal),
            paper=by_observed_range(of_kind, "task", resamples, known),
            predictions=_used_predictions(of_kind, covering([cell.study_id for cell in of_kind], resamples)),
            on_scale_mass=resamples.summary(mass, [cell.study_id for cell in mine]),
            nominal=_nominal(mine, theirs, resamples),
        )
    return result


def groups_of_studies(cells: Sequence[CellPredictions]) -> dict[str, str]:
    """Study → the independent unit that it is part of, for studies that share one with another study."""
    named = {cell.study_id: cell.group for cell in cells if cell.group is not None}
    shared = Counter(named.values())
    return {study: group for study, group in named.items() if shared[group] > 1}


def _used_predictions(cells: Sequence[CellPredictions], resamples: StudyResamples) -> UsedPredictions:
    """What W by the stated scale rests on, in the cells that have one or lack it for want of predictions alone."""
    worst = np.array([worst_case(cell) for cell in cells])
    counted = [cell for cell, w in zip(cells, worst, strict=True) if np.isfinite(w)]
    return UsedPredictions(
        predictions=sum(len(cell.responses) for cell in counted),
        used=sum(int(cell.predicted.compared.sum()) for cell in counted if not unscored(cell)),
        off_scale=sum(int(cell.stray.sum()) for cell in counted),
        invalid=sum(int((~cell.valid).sum()) for cell in counted),
        worst=resamples.summary(worst, [cell.study_id for cell in cells]),
    )
