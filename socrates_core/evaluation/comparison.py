"""Comparison of evaluations on the same cells: which is closer, and whether the difference is resolved.

Only cells that all of them scored, with the same question and the same human answers, are compared, and all share the
same resamples of studies. The differences are paired: a hard study is hard for every model. Real and synthetic studies
have figures of their own, never one over both.

W leaves out predictions that are no possible answer. So that no model wins by them, models are ranked by W with each of
them as the worst option, over cells that have no W for want of predictions too, and a difference is resolved only if
the closer model stays closer in that case.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

import numpy as np

from socrates_core.errors import PredictionError
from socrates_core.evaluation.results.comparison import (
    FORMAT,
    Basis,
    Comparison,
    Kind,
    LeaderboardRow,
    MeanScores,
    PairwiseDifference,
    ScoreDifference,
)
from socrates_core.evaluation.results.distances import Convention, StudyKind
from socrates_core.evaluation.results.metrics import Metrics, load_metrics
from socrates_core.evaluation.results.rows import CellDistances, CellRow, UnusableCell
from socrates_core.metrics.proper.scores import Scores
from socrates_core.metrics.study_bootstrap import StudyResamples, study_means
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import TIE
from socrates_core.scale.distribution import Floats

UNIFORM: Final = "uniform baseline"

REFERENCES: Final[tuple[tuple[str, Callable[[CellDistances], float | None]], ...]] = (
    (UNIFORM, lambda cell: cell.uniform),
    ("marginal baseline", lambda cell: cell.marginal),
    ("pooled human answers", lambda cell: cell.pooled),
    ("human split-half", lambda cell: cell.split_half),
    ("noise floor", lambda cell: cell.floor),
)
"""Name of a reference → its W in a cell: the rows that every leaderboard has."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One of the compared evaluations."""

    name: str
    """Name of its model, distinct from the others'."""
    metrics: Metrics
    """All of its figures."""


def load_evaluations(folders: Sequence[Path]) -> list[Evaluation]:
    """The evaluations in these folders, of runs or of `eval.score`; equal names get the folder's name added.

    Raises:
        PredictionError: If one has no metrics.json of this version.
    """
    found = [(folder, load_metrics(folder)) for folder in folders]
    names = [metrics.provenance.title(folder.name) for folder, metrics in found]
    if len(set(names)) < len(names):
        names = [f"{name} ({folder.name})" for name, (folder, _) in zip(names, found, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} #{place}" for place, name in enumerate(names, start=1)]
    return [Evaluation(name, metrics) for name, (_, metrics) in zip(names, found, strict=True)]


def compare(
    evaluations: Sequence[Evaluation], convention: Convention = "scale", seed: int = 42, kind: Kind = "all"
) -> Comparison:
    """Compare two or more evaluations.

    Args:
        evaluations: Two or more.
        convention: `scale` or `observed`.
        seed: Seed of the resamples.
        kind: The studies that count: all, real ones or synthetic ones. Of all, the real ones and the synthetic ones
            are compared separately.

    Raises:
        PredictionError: If there are fewer than two, or they have no cell of this kind in common.
    """
    if len(evaluations) < 2:
        raise PredictionError("a comparison needs two runs or more")
    tables = [_Cells.of(one, convention) for one in evaluations]
    common = _common(tables)
    left_out = {one.name: len(one.scored) - len(common) for one in tables}
    kinds = {study: kind_of for one in tables for study, kind_of in one.kinds.items()}
    study_of = tables[0].study
    chosen = [key for key in common if kind in ("all", kinds[study_of[key]])]
    if not chosen:
        raise PredictionError(f"none of the studies in common is {kind}; choose another --kind")
    predicted = sorted(set.intersection(*(set(table.known) for table in tables)))
    present = sorted({kinds[study_of[key]] for key in chosen})
    whole = kind == "all" and len(set(kinds.values())) == 1
    parts = [
        _Part(
            tables=tables,
            cells=[key for key in chosen if kinds[study_of[key]] == one],
            predicted=[key for key in predicted if kinds[study_of[key]] == one],
            studies=one,
            convention=convention,
            seed=seed,
            whole=whole,
            named=len(present) > 1,
        )
        for one in present
    ]
    return Comparison(
        format=FORMAT,
        convention=convention,
        kind=kind,
        cells=len(chosen),
        studies=len({study_of[key] for key in chosen}),
        left_out=left_out,
        leaderboard=tuple(row for part in parts for row in part.rows()),
        differences=tuple(pair for part in parts for pair in part.differences()),
        losses=tuple(dict.fromkeys(loss for one in evaluations for loss in one.metrics.provenance.losses)),
    )


# -- the cells of one evaluation ---------------------------------------------------------------------------------

ScoreName = Literal["brier", "rps", "log"]
SCORES: Final[tuple[ScoreName, ...]] = ("brier", "rps", "log")

_KINDS: Final[Mapping[bool | None, StudyKind]] = {True: "real", False: "synthetic", None: "unknown"}


@dataclass(frozen=True, eq=False)
class _Cells:
    """What an evaluation has of each cell, by identity."""

    name: str
    metrics: Metrics
    scored: Mapping[str, CellDistances]
    """Those with a W."""
    known: Mapping[str, CellRow | UnusableCell]
    """Those too that lack one for want of usable predictions."""
    study: Mapping[str, str]
    """Cell → its study."""
    kinds: Mapping[str, StudyKind]
    """Study → what it is."""
    groups: Mapping[str, str]
    """Study → the independent unit that it is part of, where that is known."""

    @classmethod
    def of(cls, one: Evaluation, convention: Convention) -> "_Cells":
        rows: dict[str, CellRow | UnusableCell] = {row.identity: row for row in one.metrics.unusable}
        rows |= {row.identity: row for row in one.metrics.cells}
        scored = {row.identity: found for row in one.metrics.cells if (found := row.by(convention)) is not None}
        kinds = {row.study: _KINDS[row.real] for row in one.metrics.unusable}
        kinds |= {row.study: _KINDS[row.real] for row in one.metrics.studies}
        known = [(row.study, row.group) for row in one.metrics.unusable]
        known += [(row.study, row.group) for row in one.metrics.studies]
        groups = {study: group for study, group in known if group is not None}
        return cls(one.name, one.metrics, scored, rows, {key: row.study for key, row in rows.items()}, kinds, groups)

    def proper(self, keys: Sequence[str], score: ScoreName, uniform: bool = False) -> Floats:
        """(C,) a proper score of the model, or of the uniform baseline; NaN without one."""
        found = [row.proper if isinstance(row := self.known[key], CellRow) else None for key in keys]
        sides: list[Scores | None] = [None if one is None else one.uniform if uniform else one.model for one in found]
        values = [None if one is None else getattr(one, score) for one in sides]
        return np.array([math.nan if one is None else one for one in values])

    def worst(self, keys: Sequence[str]) -> Floats:
        """(C,) W by the stated scale with each unusable prediction as the worst option; NaN without one."""
        found = (self.known[key].worst for key in keys)
        return np.array([math.nan if one is None else one for one in found])

    def unusable(self, key: str, convention: Convention) -> int:
        """Predictions in a cell that W leaves out."""
        row = self.known[key]
        return row.invalid + (row.off_scale_predictions if convention == "scale" else 0)


def _common(tables: Sequence[_Cells]) -> list[str]:
    """The cells that all of them scored, by identity.

    Raises:
        PredictionError: If there is none.
    """
    common = sorted(set.intersection(*(set(table.scored) for table in tables)))
    if not common:
        raise PredictionError(
            f"{' and '.join(table.name for table in tables)} have no cell in common with the same question and the "
            "same human answers; evaluate them on the same studies, with the same --per-cell and --seed"
        )
    return common


# -- studies of one kind -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Part:
    """The comparison on studies of one kind."""

    tables: Sequence[_Cells]
    cells: Sequence[str]
    """(C,) those that all have scored."""
    predicted: Sequence[str]
    """Those too that some could not score for want of usable predictions."""
    studies: StudyKind
    convention: Convention
    seed: int
    whole: bool
    """Whether the evaluations have no other studies."""
    named: bool
    """Whether the comparison has other studies, so that sentences say which these are."""

    @cached_property
    def resamples(self) -> StudyResamples:
        """Of its studies, the same for all models."""
        groups = {study: group for table in self.tables for study, group in table.groups.items()}
        return StudyResamples.draw(self._study_ids(self.predicted), self.seed, group_of=groups)

    def rows(self) -> list[LeaderboardRow]:
        """Of all models and references, closest first."""
        rows = [self._row(table.name, self._w(table), table) for table in self.tables]
        for name, figure in REFERENCES:
            rows.append(self._row(name, np.array([_reference(self.tables, key, figure) for key in self.cells]), None))
        return sorted(rows, key=lambda row: row.rank)

    def differences(self) -> list[PairwiseDifference]:
        """Of every pair of models."""
        return [self._difference(one, other) for one, other in combinations(self.tables, 2)]

    def _w(self, table: _Cells) -> Floats:
        return np.array([table.scored[key].model for key in self.cells])

    def _study_ids(self, keys: Sequence[str]) -> list[str]:
        return [self.tables[0].study[key] for key in keys]

    def _row(self, name: str, found: Floats, table: _Cells | None) -> LeaderboardRow:
        summary = self.resamples.summary(found, self._study_ids(self.cells))
        whole = table.metrics if table is not None and self.whole else None
        return LeaderboardRow(
            name=name,
            kind="reference" if table is None else "model",
            studies=self.studies,
            mean=summary.mean,
            ci95=summary.ci95,
            flat_mean=summary.flat_mean,
            cells=summary.cells,
            basis=None if table is None else self._basis(table),
            scores=self._scores(name, table),
            contaminated=table is not None and table.metrics.contaminated,
            effects_pearson=None if whole is None else whole.effects.pearson.value,
            effects_rmse=None if whole is None else whole.effects.rmse.value,
            calibration_slope=None if whole is None else whole.effects.calibration.slope.value,
            accuracy=None if whole is None else whole.individual.accuracy,
        )

    def _scores(self, name: str, table: _Cells | None) -> MeanScores:
        """Proper scores over the cells in which all models have them; of references, the uniform baseline has some."""
        if table is None and name != UNIFORM:
            return MeanScores(None, None, None, 0)
        found = {
            score: self.resamples.summary(
                np.where(
                    np.all([np.isfinite(one.proper(self.cells, score)) for one in self.tables], axis=0),
                    (table or self.tables[0]).proper(self.cells, score, uniform=table is None),
                    np.nan,
                ),
                self._study_ids(self.cells),
            )
            for score in SCORES
        }
        return MeanScores(**{score: one.mean for score, one in found.items()}, cells=found["brier"].cells)

    def _score_differences(self, one: _Cells, other: _Cells) -> tuple[ScoreDifference, ...]:
        differences = []
        for score in SCORES:
            behind = other.proper(self.cells, score) - one.proper(self.cells, score)
            if np.isfinite(behind).any():
                mean, interval = self.resamples.mean(self._by_study(behind, self.cells))
                differences.append(ScoreDifference(score, mean, interval, int(np.isfinite(behind).sum())))
        return tuple(differences)

    def _basis(self, table: _Cells) -> Basis:
        rows = [table.known[key] for key in self.predicted]
        mass = np.array([math.nan if row.on_scale_mass is None else row.on_scale_mass for row in rows])
        ids = self._study_ids(self.predicted)
        by_scale = self.convention == "scale"
        return Basis(
            predictions=sum(row.n + row.off_scale for row in rows),
            unusable=sum(table.unusable(key, self.convention) for key in self.predicted),
            worst=self.resamples.summary(table.worst(self.predicted), ids) if by_scale else None,
            on_scale_mass=self.resamples.summary(mass, ids).mean,
        )

    def _difference(self, one: _Cells, other: _Cells) -> PairwiseDifference:
        by_study = self._by_study(self._w(other) - self._w(one), self.cells)
        difference, interval = self.resamples.mean(by_study)
        resolved, doubt, worst, worst_interval = _excludes_zero(interval), "", None, None
        closer, further = (one, other) if difference >= 0 else (other, one)
        unusable = [sum(table.unusable(key, self.convention) for key in self.predicted) for table in (closer, further)]
        if unusable[0] and self.convention == "scale":
            keys = [key for key in self.predicted if key in further.scored]
            behind = np.array([further.scored[key].model for key in keys]) - closer.worst(keys)
            worst, worst_interval = self.resamples.mean(self._by_study(behind if closer is one else -behind, keys))
            if resolved and not (_excludes_zero(worst_interval) and worst * difference > 0):
                at_worst = f"with the {unusable[0]:,} unusable predictions of {closer.name} as the worst ones"
                doubt = f"{at_worst} it is not reliably closer"
        elif resolved and unusable[0] > unusable[1]:
            doubt = f"{unusable[0]:,} predictions of {closer.name} cannot be read"
        return PairwiseDifference(
            one=one.name,
            other=other.name,
            studies=self.studies,
            difference=difference,
            ci95=interval,
            worst=worst,
            worst_ci95=worst_interval,
            scores=self._score_differences(one, other),
            wins=int((by_study > TIE).sum()),
            losses=int((by_study < -TIE).sum()),
            ties=int((np.abs(by_study) <= TIE).sum()),
            resolved=resolved and not doubt,
            sentence=(f"On {self.studies} studies, " if self.named else "")
            + _sentence(one.name, other.name, difference, interval, resolved and not doubt, doubt),
        )

    def _by_study(self, values: Floats, keys: Sequence[str]) -> Floats:
        return study_means(values, self.resamples.place(self._study_ids(keys)), len(self.resamples.study_ids))


def _reference(tables: Sequence[_Cells], key: str, figure: Callable[[CellDistances], float | None]) -> float:
    """A reference's W in one cell: the first that any of the runs has, NaN if none has it."""
    found = (figure(table.scored[key]) for table in tables)
    return next((value for value in found if value is not None), math.nan)


def _excludes_zero(interval: Interval | None) -> bool:
    return interval is not None and (interval.low > TIE or interval.high < -TIE)


def _sentence(
    one: str, other: str, difference: float, interval: Interval | None, resolved: bool, doubt: str = ""
) -> str:
    if abs(difference) <= TIE:
        result = f"{one} and {other} are equally close"
    else:
        result = f"{one} is {abs(difference):.4f} {'closer' if difference > 0 else 'further off'} than {other}"
    if interval is None:
        return f"{result}; too few studies for an interval: not resolved."
    low, high = (interval.low, interval.high) if difference >= 0 else (-interval.high, -interval.low)
    because = f", since {doubt}" if doubt else ""
    return f"{result}, interval {low:.4f} to {high:.4f}: {'resolved' if resolved else 'not resolved'}{because}."
