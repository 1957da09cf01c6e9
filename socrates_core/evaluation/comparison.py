"""Comparison of evaluations on the same cells: which is closer, and whether the difference is resolved.

Only cells that all of them scored, with the same question and the same human answers, are compared, and all share the
same resamples of studies. The differences are paired: a hard study is hard for every model.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

import numpy as np

from socrates_core.errors import PredictionError
from socrates_core.evaluation.results.distances import KINDS, Convention, StudyKind
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.evaluation.results.metrics import Metrics, load_metrics
from socrates_core.evaluation.results.rows import CellDistances
from socrates_core.metrics.study_bootstrap import StudyResamples, study_means
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import TIE
from socrates_core.scale.distribution import Floats
from socrates_core.study.files import write_json

FORMAT: Final = 2
"""Version of comparison.json; files of the first version have no such field."""

REFERENCES: Final[tuple[tuple[str, Callable[[CellDistances], float | None]], ...]] = (
    ("uniform baseline", lambda cell: cell.uniform),
    ("marginal baseline", lambda cell: cell.marginal),
    ("pooled human answers", lambda cell: cell.pooled),
    ("human split-half", lambda cell: cell.split_half),
    ("noise floor", lambda cell: cell.floor),
)
"""Name of a reference → its W in a cell: the rows that every leaderboard has."""


Kind = Literal["all", "real", "synthetic", "unknown"]
"""The studies that count."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One of the compared evaluations."""

    name: str
    """Name of its model, distinct from the others'."""
    metrics: Metrics
    """All of its figures."""


@dataclass(frozen=True)
class LeaderboardRow:
    """A model or a reference, with its W."""

    name: str
    """Name of the evaluation or the reference."""
    kind: Literal["model", "reference"]
    """Whether it is a model or a reference value."""
    mean: float | None
    """Mean W over the cells of a study, then over studies; None if no cell has it."""
    ci95: Interval | None
    """From resampling studies; None below three."""
    flat_mean: float | None
    """Mean W over all cells, unweighted."""
    cells: int
    """Cells that have it."""
    contaminated: bool
    """Whether the model was trained on evaluated studies."""
    effects_pearson: float | None
    """Pearson's r of predicted and actual effects. This and the following figures are of the whole evaluation; None if
    only studies of one kind are compared."""
    effects_rmse: float | None
    """Root mean square error of effects, in percentage points of the scale."""
    calibration_slope: float | None
    """1 if effects are as large as predicted."""
    accuracy: float | None
    """Accuracy for individual people, in [0, 1]."""
    on_scale_mass: float | None = None
    """Mean share of the model's probability on the scale, over the cells that W is over, in [0, 1]: W leaves out the
    rest. None for a reference, and where predictions do not tell it."""


@dataclass(frozen=True)
class PairwiseDifference:
    """The difference between two models on the same cells."""

    one: str
    """Name of an evaluation."""
    other: str
    """Name of the evaluation that it is compared with."""
    difference: float
    """W of `other` minus W of `one`, in [−1, 1]: above 0, `one` is closer."""
    ci95: Interval | None
    """From resampling studies; None below three."""
    wins: int
    """Studies in which `one` is closer."""
    losses: int
    """Studies in which `other` is closer."""
    ties: int
    """Studies in which they are equally close."""
    resolved: bool
    """Whether the interval excludes 0."""
    sentence: str
    """The result in words."""


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison, as stored in comparison.json."""

    format: int
    """Version of the file."""
    convention: Convention
    """The range by which W is measured."""
    kind: Kind
    """The studies that count."""
    cells: int
    """Cells that all evaluations have."""
    studies: int
    """Studies of these cells."""
    left_out: Mapping[str, int]
    """Evaluation → its scored cells that the others do not have."""
    leaderboard: tuple[LeaderboardRow, ...]
    """Closest first."""
    differences: tuple[PairwiseDifference, ...]
    """Every pair of evaluations."""

    def __str__(self) -> str:
        """The leaderboard, closest first, and a sentence per pair."""
        how = "the stated scale" if self.convention == "scale" else "the observed range"
        width = max(len(row.name) for row in self.leaderboard)
        lines = [f"W by {how}, {self.cells:,} cells of {self.studies:,} studies"]
        for row in self.leaderboard:
            if row.mean is not None:
                within = "" if row.ci95 is None else f" (95 % interval {row.ci95.low:.4f} to {row.ci95.high:.4f})"
                lines.append(f"  {row.name:<{width}}  {row.mean:.4f}{within}{' CONTAMINATED' * row.contaminated}")
        lines += [pair.sentence for pair in self.differences]
        lines += [f"Left out: {count:,} cells that only {name} has." for name, count in self.left_out.items() if count]
        return "\n".join(lines)


def save_comparison(comparison: Comparison, path: Path) -> None:
    """Write comparison.json.

    Raises:
        OSError: If it cannot be written; an existing file is kept.
    """
    write_json(path, as_json(comparison))


def load_comparison(path: Path) -> Comparison:
    """Read comparison.json as `save_comparison` wrote it, to the last digit.

    Raises:
        PredictionError: If it cannot be read, is of another version, or is not valid.
    """
    again = "compare again with python -m eval.compare RUN RUN --out DIR"
    try:
        return read_record(Comparison, FORMAT, path, "a comparison of evaluations", again)
    except OSError as error:
        raise PredictionError(f"{path} cannot be read ({error}); {again}") from error


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
        kind: The studies that count: all, real ones or synthetic ones.

    Raises:
        PredictionError: If there are fewer than two, or they have no cell of this kind in common.
    """
    if len(evaluations) < 2:
        raise PredictionError("a comparison needs two runs or more")
    tables = [
        {row.identity: scored for row in one.metrics.cells if (scored := row.by(convention)) is not None}
        for one in evaluations
    ]
    study_of = {row.identity: row.study for row in evaluations[0].metrics.cells}
    common = _common([one.name for one in evaluations], tables)
    left_out = {one.name: len(table) - len(common) for one, table in zip(evaluations, tables, strict=True)}
    if kind != "all":
        chosen = {row.study for row in evaluations[0].metrics.studies if KINDS[row.real] == kind}
        common = [key for key in common if study_of[key] in chosen]
    if not common:
        raise PredictionError(f"none of the studies in common is {kind}; choose another --kind")
    study_ids = [study_of[key] for key in common]
    resamples = StudyResamples.draw(study_ids, seed)
    distances = [np.array([table[key].model for key in common]) for table in tables]
    leaderboard = [
        replace(
            _row(one.name, found, study_ids, resamples, one.metrics, kind),
            on_scale_mass=_mass(one.metrics, common, resamples),
        )
        for one, found in zip(evaluations, distances, strict=True)
    ]
    for name, figure in REFERENCES:
        found = np.array([_reference(tables, key, figure) for key in common])
        leaderboard.append(_row(name, found, study_ids, resamples, None, kind))
    leaderboard.sort(key=lambda row: (row.mean is None, row.mean or 0.0, row.name))
    return Comparison(
        format=FORMAT,
        convention=convention,
        kind=kind,
        cells=len(common),
        studies=len(resamples.study_ids),
        left_out=left_out,
        leaderboard=tuple(leaderboard),
        differences=tuple(
            _difference(evaluations[i].name, evaluations[j].name, distances[i], distances[j], study_ids, resamples)
            for i, j in combinations(range(len(evaluations)), 2)
        ),
    )


def compare_by_kind(
    evaluations: Sequence[Evaluation], convention: Convention = "scale", seed: int = 42
) -> dict[StudyKind, Comparison]:
    """Compare on each kind of studies that the evaluations have in common, the real ones first.

    What holds on synthetic studies need not hold on real ones, so one figure over both would mislead about either.

    Raises:
        PredictionError: As for `compare`.
    """
    everything = compare(evaluations, convention, seed)
    scored = [{row.identity for row in one.metrics.cells if row.by(convention) is not None} for one in evaluations]
    common = set.intersection(*scored)
    studies = {row.study for row in evaluations[0].metrics.cells if row.identity in common}
    kinds = sorted({KINDS[row.real] for row in evaluations[0].metrics.studies if row.study in studies})
    if len(kinds) == 1:
        return {kinds[0]: everything}
    return {kind: compare(evaluations, convention, seed, kind) for kind in kinds}


def _mass(metrics: Metrics, common: Sequence[str], resamples: StudyResamples) -> float | None:
    """Mean mass on the scale over these cells of a study, then over studies; None if no cell tells it."""
    known = {row.identity: row for row in metrics.cells}
    masses = [known[key].on_scale_mass for key in common]
    found = np.array([math.nan if mass is None else mass for mass in masses])
    return resamples.summary(found, [known[key].study for key in common]).mean


def _common(names: Sequence[str], tables: Sequence[Mapping[str, CellDistances]]) -> list[str]:
    """The cells that all of them scored, by identity.

    Raises:
        PredictionError: If there is none.
    """
    common = sorted(set.intersection(*(set(table) for table in tables)))
    if not common:
        raise PredictionError(
            f"{' and '.join(names)} have no cell in common with the same question and the same human answers; "
            "evaluate them on the same studies, with the same --per-cell and --seed"
        )
    return common


def _row(
    name: str,
    found: Floats,
    study_ids: Sequence[str],
    resamples: StudyResamples,
    metrics: Metrics | None,
    kind: Kind,
) -> LeaderboardRow:
    summary = resamples.summary(found, study_ids)
    whole = metrics if kind == "all" else None
    return LeaderboardRow(
        name=name,
        kind="reference" if metrics is None else "model",
        mean=summary.mean,
        ci95=summary.ci95,
        flat_mean=summary.flat_mean,
        cells=summary.cells,
        contaminated=metrics is not None and metrics.contaminated,
        effects_pearson=None if whole is None else whole.effects.pearson.value,
        effects_rmse=None if whole is None else whole.effects.rmse.value,
        calibration_slope=None if whole is None else whole.effects.calibration.slope.value,
        accuracy=None if whole is None else whole.individual.accuracy,
    )


def _reference(
    tables: Sequence[Mapping[str, CellDistances]], key: str, figure: Callable[[CellDistances], float | None]
) -> float:
    """A reference's W in one cell: the first that any of the runs has, NaN if none has it."""
    found = (figure(table[key]) for table in tables)
    return next((value for value in found if value is not None), math.nan)


def _difference(
    one: str, other: str, ours: Floats, theirs: Floats, study_ids: Sequence[str], resamples: StudyResamples
) -> PairwiseDifference:
    place = resamples.place(study_ids)
    by_study = study_means(theirs - ours, place, len(resamples.study_ids))
    difference, interval = resamples.mean(by_study)
    resolved = interval is not None and (interval.low > TIE or interval.high < -TIE)
    return PairwiseDifference(
        one=one,
        other=other,
        difference=difference,
        ci95=interval,
        wins=int((by_study > TIE).sum()),
        losses=int((by_study < -TIE).sum()),
        ties=int((np.abs(by_study) <= TIE).sum()),
        resolved=resolved,
        sentence=_sentence(one, other, difference, interval, resolved),
    )


def _sentence(one: str, other: str, difference: float, interval: Interval | None, resolved: bool) -> str:
    if abs(difference) <= TIE:
        result = f"{one} and {other} are equally close"
    else:
        result = f"{one} is {abs(difference):.4f} {'closer' if difference > 0 else 'further off'} than {other}"
    if interval is None:
        return f"{result}; too few studies for an interval: not resolved."
    low, high = (interval.low, interval.high) if difference >= 0 else (-interval.high, -interval.low)
    return f"{result}, interval {low:.4f} to {high:.4f}: {'resolved' if resolved else 'not resolved'}."
