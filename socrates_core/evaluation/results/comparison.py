"""The schema of comparison.json, the result of comparing evaluations, and functions to write and read it.

Fields have the names and the order of the file. None, null in the file, means not defined.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from socrates_core.errors import PredictionError, counted
from socrates_core.evaluation.results.distances import Convention, StudyKind
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.evaluation.results.provenance import lost_sentence
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.study.files import write_json

FORMAT: Final = 3
"""Version of comparison.json; the first has no such field, the second no proper scores."""

Kind = Literal["all", "real", "synthetic"]
"""The studies that count; real and synthetic ones are never in one figure."""


@dataclass(frozen=True)
class Basis:
    """What a model's figures rest on, in the cells that all evaluations have predicted."""

    predictions: int
    """One for each answer."""
    unusable: int
    """Those that W leaves out: by the stated scale, numbers that are no option and what cannot be read; by the observed
    range, which clips numbers to it, what cannot be read alone."""
    worst: Summary | None
    """W by the stated scale if each of these were the option that makes W largest, over these cells, those included
    that have no W for want of predictions. None by the observed range."""
    on_scale_mass: float | None
    """Mean share of the model's probability mass on the scale, in [0, 1]; None if not known."""


@dataclass(frozen=True)
class MeanScores:
    """Proper scores, over the cells in which all evaluations have them; None if there is none, or for a reference that
    is no prediction for each person.
    """

    brier: float | None
    """In [0, 2]; smaller is better."""
    rps: float | None
    """Ranked probability score, in [0, 1]."""
    log: float | None
    """In nats."""
    cells: int
    """Cells that have a Brier and a log score; those without an order have no ranked probability score."""


@dataclass(frozen=True)
class ScoreDifference:
    """The difference between two models in a proper score, on the same cells."""

    score: Literal["brier", "rps", "log"]
    """The score."""
    difference: float
    """The score of `other` minus that of `one`: above 0, `one` is better."""
    ci95: Interval | None
    """From resampling studies; None below three."""
    cells: int
    """Cells that it is over."""


@dataclass(frozen=True)
class LeaderboardRow:
    """A model or a reference, with its W."""

    name: str
    """Name of the evaluation or the reference."""
    kind: Literal["model", "reference"]
    """Whether it is a model or a reference value."""
    studies: StudyKind
    """The studies that the figures are over: real and synthetic ones have rows of their own."""
    mean: float | None
    """Mean W over the cells of a study, then over studies; None if no cell has it."""
    ci95: Interval | None
    """From resampling studies; None below three."""
    flat_mean: float | None
    """Mean W over all cells, unweighted."""
    cells: int
    """Cells that have it."""
    basis: Basis | None
    """None for a reference."""
    scores: MeanScores
    """Proper scores on these cells."""
    contaminated: bool
    """Whether the model was trained on evaluated studies."""
    effects_pearson: float | None
    """Pearson's r of predicted and actual effects. This and the following figures are of the whole evaluation; None
    where that has other studies too."""
    effects_rmse: float | None
    """Root mean square error of effects, in percentage points of the scale."""
    calibration_slope: float | None
    """1 if effects are as large as predicted."""
    accuracy: float | None
    """Accuracy for individual people, in [0, 1]."""

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Sorts rows, closest first: a model by its worst-case figure, which is W where W leaves nothing out."""
        worst = None if self.basis is None or self.basis.worst is None else self.basis.worst.mean
        value = self.mean if worst is None else worst
        return value is None, value or 0.0, self.name


@dataclass(frozen=True)
class PairwiseDifference:
    """The difference between two models on the same cells."""

    one: str
    """Name of an evaluation."""
    other: str
    """Name of the evaluation that it is compared with."""
    studies: StudyKind
    """The studies that it is over."""
    difference: float
    """W of `other` minus W of `one`, in [−1, 1]: above 0, `one` is closer."""
    ci95: Interval | None
    """From resampling studies; None below three."""
    worst: float | None
    """The same with the predictions that the closer one's W leaves out as its worst options; None where it leaves out
    none, or by the observed range."""
    worst_ci95: Interval | None
    """Of `worst`."""
    scores: tuple[ScoreDifference, ...]
    """The same for proper scores; empty if not both state probabilities."""
    wins: int
    """Studies in which `one` is closer."""
    losses: int
    """Studies in which `other` is closer."""
    ties: int
    """Studies in which they are equally close."""
    resolved: bool
    """Whether the interval excludes 0, and that of `worst` too on the same side."""
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
    """Cells that all evaluations have scored."""
    studies: int
    """Studies of these cells."""
    left_out: Mapping[str, int]
    """Evaluation → its scored cells that the others have not."""
    leaderboard: tuple[LeaderboardRow, ...]
    """Closest first; where real and synthetic studies are compared, the real ones' rows first."""
    differences: tuple[PairwiseDifference, ...]
    """Every pair of evaluations, likewise."""
    losses: tuple[str, ...] = ()
    """Outcomes of their studies of which many answers could not be read, and which were prepared with --allow-loss."""

    @property
    def kinds(self) -> tuple[StudyKind, ...]:
        """The kinds of studies that have rows, in their order."""
        return tuple(dict.fromkeys(row.studies for row in self.leaderboard))

    def __str__(self) -> str:
        """The leaderboard, closest first, and a sentence per pair; for each kind of studies."""
        how = "the stated scale" if self.convention == "scale" else "the observed range"
        width = max(len(row.name) for row in self.leaderboard)
        lines = [f"W by {how}, {counted(self.cells, 'cell')} of {counted(self.studies, 'study')}"]
        for kind in self.kinds:
            if len(self.kinds) > 1:
                lines.append(f"{kind} studies")
            for row in self.leaderboard:
                if row.mean is not None and row.studies == kind:
                    within = "" if row.ci95 is None else f" (95 % interval {row.ci95.low:.4f} to {row.ci95.high:.4f})"
                    lines.append(f"  {row.name:<{width}}  {row.mean:.4f}{within}{' CONTAMINATED' * row.contaminated}")
        lines += basis_sentences(self)
        lines += [pair.sentence for pair in self.differences]
        lines += [
            f"Left out: {counted(count, 'cell')} that only {name} has."
            for name, count in self.left_out.items()
            if count
        ]
        return "\n".join(lines)


def basis_sentences(comparison: Comparison) -> list[str]:
    """A sentence for each model whose figures leave predictions or probability out, nothing for the others; and one
    where human answers were lost.
    """
    lost = [lost_sentence(comparison.losses)] if comparison.losses else []
    return lost + [
        (f"On {row.studies} studies: " if len(comparison.kinds) > 1 else "") + " ".join(said)
        for row in comparison.leaderboard
        if row.basis is not None and (said := _basis_of(row.name, row.basis))
    ]


def _basis_of(name: str, basis: Basis) -> list[str]:
    said = []
    if basis.unusable:
        cost = ""
        if basis.worst is not None and basis.worst.mean is not None:
            cost = f" With each of these as the worst option, W = {basis.worst.mean:.4f}, by which it is ranked."
        said.append(
            f"{name} rests on {basis.predictions - basis.unusable:,} of {counted(basis.predictions, 'prediction')}; "
            f"the others are no possible answer.{cost}"
        )
    if basis.on_scale_mass is not None and basis.on_scale_mass < TRUSTED_MASS:
        said.append(
            f"Only {basis.on_scale_mass:.1%} of the probability of {name} is on the scale, and W leaves out the rest."
        )
    return said


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
