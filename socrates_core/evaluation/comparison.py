"""Several evaluations on the same cells: who is closer, and whether that is resolved.

Only cells that all of them scored, with the same question and the same human answers, are compared, and studies are
resampled for all at once. The differences are paired: a hard study is hard for everybody.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from socrates_core.errors import PredictionError
from socrates_core.evaluation.scores import FORMAT, evaluated_name, plain
from socrates_core.metrics.study_bootstrap import StudyResamples, study_means
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import TIE
from socrates_core.scale.distribution import Floats

REFERENCES: Final = (
    ("uniform", "guessing evenly"),
    ("marginal", "training answers on the scale"),
    ("pooled", "pooled human answers"),
    ("split_half", "human split-half"),
    ("floor", "noise floor"),
)
"""Figure of a cell → the name of its row: what a leaderboard always has."""


Kind = Literal["all", "real", "synthetic"]
"""Which studies count."""


@dataclass(frozen=True, eq=False)
class Contender:
    """One evaluation that is compared."""

    name: str
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """A row of the leaderboard."""

    name: str
    kind: str
    """`model` or `reference`."""
    mean: float
    """Over the cells of a study, then over studies; NaN where it is not defined anywhere."""
    ci95: Interval | None
    flat_mean: float
    cells: int
    contaminated: bool
    effects_pearson: float | None
    """This and what follows is of the whole evaluation; None where only studies of one kind are compared."""
    effects_rmse: float | None
    calibration_slope: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Duel:
    """Two models on the same cells."""

    one: str
    other: str
    difference: float
    """Distance of the other minus distance of the one: above 0, the one is closer."""
    ci95: Interval | None
    wins: int
    """Studies in which the one is closer."""
    losses: int
    ties: int
    resolved: bool
    """Whether the interval leaves 0 out."""
    sentence: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison found."""

    convention: str
    kind: Kind
    cells: int
    studies: int
    left_out: Mapping[str, int]
    """Contender → its scored cells that the others do not have."""
    standings: tuple[Standing, ...]
    """Closest first."""
    duels: tuple[Duel, ...]

    def to_json(self) -> dict[str, Any]:
        """As comparison.json has it."""
        found: dict[str, Any] = plain(self)
        return found

    def __str__(self) -> str:
        """The leaderboard, closest first, and a sentence for each pair."""
        how = "the stated scale" if self.convention == "scale" else "the observed range"
        width = max(len(row.name) for row in self.standings)
        lines = [f"W by {how}, {self.cells:,} cells of {self.studies:,} studies"]
        for row in self.standings:
            if not math.isnan(row.mean):
                within = "" if row.ci95 is None else f" (95 % interval {row.ci95.low:.4f} to {row.ci95.high:.4f})"
                lines.append(f"  {row.name:<{width}}  {row.mean:.4f}{within}{' CONTAMINATED' * row.contaminated}")
        lines += [duel.sentence for duel in self.duels]
        lines += [
            f"{count:,} cells that only {name} has are left out." for name, count in self.left_out.items() if count
        ]
        return "\n".join(lines)


def load_contenders(folders: Sequence[Path]) -> list[Contender]:
    """The evaluations in these folders, of runs or of `eval.score`; equal names get the folder's beside them.

    Raises:
        PredictionError: If one has no metrics.json that can be read.
    """
    found = [(folder, _load(folder)) for folder in folders]
    names = [evaluated_name(metrics["provenance"], folder.name) for folder, metrics in found]
    if len(set(names)) < len(names):
        names = [f"{name} ({folder.name})" for name, (folder, _) in zip(names, found, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} #{place}" for place, name in enumerate(names, start=1)]
    return [Contender(name, metrics) for name, (_, metrics) in zip(names, found, strict=True)]


def compare(
    contenders: Sequence[Contender], convention: str = "scale", seed: int = 42, kind: Kind = "all"
) -> Comparison:
    """Compare two or more evaluations.

    Args:
        contenders: Two or more.
        convention: `scale` or `observed`.
        seed: Of the resamples.
        kind: Studies that count: all, real ones or synthetic ones.

    Raises:
        PredictionError: If there are fewer than two, or they have no cell of this kind in common.
    """
    if len(contenders) < 2:
        raise PredictionError("a comparison needs two runs or more")
    tables = [
        {row["identity"]: row for row in one.metrics["cells"] if row[convention] is not None} for one in contenders
    ]
    common = sorted(set.intersection(*(set(table) for table in tables)))
    if not common:
        raise PredictionError(
            f"{' and '.join(one.name for one in contenders)} have no cell in common with the same question and the "
            "same human answers; evaluate them on the same studies, with the same --per-cell and --seed"
        )
    left_out = {one.name: len(table) - len(common) for one, table in zip(contenders, tables, strict=True)}
    if kind != "all":
        chosen = {row["study"] for row in contenders[0].metrics["studies"] if row["real"] is (kind == "real")}
        common = [key for key in common if tables[0][key]["study"] in chosen]
    if not common:
        raise PredictionError(f"none of the studies that they have in common is {kind}; choose another --kind")
    study_ids = [str(tables[0][key]["study"]) for key in common]
    resamples = StudyResamples.draw(study_ids, seed)
    distances = [np.array([table[key][convention]["model"] for key in common]) for table in tables]
    standings = [
        _standing(one.name, found, study_ids, resamples, one.metrics, kind)
        for one, found in zip(contenders, distances, strict=True)
    ]
    for side, name in REFERENCES:
        found = np.array([_or_nan(_reference(tables, key, convention, side)) for key in common])
        standings.append(_standing(name, found, study_ids, resamples, None, kind))
    standings.sort(key=lambda row: (math.isnan(row.mean), row.mean, row.name))
    return Comparison(
        convention=convention,
        kind=kind,
        cells=len(common),
        studies=len(resamples.study_ids),
        left_out=left_out,
        standings=tuple(standings),
        duels=tuple(
            _duel(contenders[i].name, contenders[j].name, distances[i], distances[j], study_ids, resamples)
            for i, j in combinations(range(len(contenders)), 2)
        ),
    )


def _load(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json" if folder.is_dir() else folder
    try:
        metrics = json.loads(path.read_text("utf-8"))
        form = metrics["format"]
        if form == FORMAT and not all(key in metrics for key in ("cells", "provenance", "effects", "individual")):
            raise PredictionError(f"{path} is not the metrics of an evaluation; score it with python -m eval.score")
    except OSError as error:
        raise PredictionError(
            f"{folder} has no metrics.json; finish the run with python -m eval.run --out {folder}, or score "
            "predictions with python -m eval.score"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise PredictionError(f"{path} is not the metrics of an evaluation ({error}); score it again") from error
    if form != FORMAT:
        raise PredictionError(f"{path} is of format {form}, this version reads {FORMAT}; score it again")
    return dict(metrics)


def _standing(
    name: str,
    found: Floats,
    study_ids: Sequence[str],
    resamples: StudyResamples,
    metrics: Mapping[str, Any] | None,
    kind: Kind,
) -> Standing:
    summary = resamples.summary(found, study_ids)
    whole = metrics if kind == "all" else None
    effects = whole["effects"] if whole is not None and whole["effects"]["n"] else None
    return Standing(
        name=name,
        kind="reference" if metrics is None else "model",
        mean=summary["mean"],
        ci95=summary["ci95"],
        flat_mean=summary["flat_mean"],
        cells=summary["cells"],
        contaminated=metrics is not None and bool(metrics["contaminated"]),
        effects_pearson=effects["pearson"]["value"] if effects else None,
        effects_rmse=effects["rmse"]["value"] if effects else None,
        calibration_slope=effects["calibration"]["slope"]["value"] if effects else None,
        accuracy=whole["individual"]["accuracy"] if whole is not None else None,
    )


def _reference(tables: Sequence[Mapping[str, Any]], key: str, convention: str, side: str) -> float | None:
    """A reference's figure of one cell: the first that any of the runs has."""
    found = (table[key][convention][side] for table in tables)
    return next((value for value in found if value is not None), None)


def _duel(
    one: str, other: str, ours: Floats, theirs: Floats, study_ids: Sequence[str], resamples: StudyResamples
) -> Duel:
    place = resamples.place(study_ids)
    by_study = study_means(theirs - ours, place, len(resamples.study_ids))
    difference, interval = resamples.mean(by_study)
    resolved = interval is not None and (interval.low > TIE or interval.high < -TIE)
    return Duel(
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
        said = f"{one} and {other} are equally close"
    else:
        said = f"{one} is {abs(difference):.4f} {'closer' if difference > 0 else 'further off'} than {other}"
    if interval is None:
        return f"{said}; too few studies for an interval: not resolved."
    low, high = (interval.low, interval.high) if difference >= 0 else (-interval.high, -interval.low)
    return f"{said}, interval {low:.4f} to {high:.4f}: {'resolved' if resolved else 'not resolved'}."


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
