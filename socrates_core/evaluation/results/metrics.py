"""The schema of metrics.json, the results of an evaluation, and functions to write and read it.

Fields have the names and the order of the file. None, null in the file, means not defined.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import PlainValidator

from socrates_core.errors import PredictionError
from socrates_core.evaluation.effect_summary import EffectSummary
from socrates_core.evaluation.results.distances import (
    Baselines,
    ByConvention,
    GroupingDistance,
    ModelDistances,
    NominalDistances,
    Shares,
    StudyKind,
)
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.evaluation.results.kinds import KindDistances
from socrates_core.evaluation.results.predictions import OriginalIndividual, UsedAnswers, UsedPredictions
from socrates_core.evaluation.results.probabilities import Probabilities
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.evaluation.results.rows import CellRow, Excluded, StudyRow, UnusableCell
from socrates_core.metrics.dispersion import Dispersion
from socrates_core.metrics.effects import Contrasts, Effect
from socrates_core.metrics.fairness import AttributeFairness
from socrates_core.metrics.individual import IndividualScores
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.metrics.verdict import VerdictCode
from socrates_core.study.files import write_json

FORMAT: Final = 5
"""Version of metrics.json; the first had no `chance` of cells, the second nothing off the axis, the third no
`probabilities`, the fourth no `answers` and only W of each kind."""


@dataclass(frozen=True, kw_only=True)
class Effects(EffectSummary):
    """Treatment effects: a summary, and every single one."""

    contrasts: Contrasts
    """The arms that are compared."""
    left_out: tuple[str, ...]
    """What was left out, and why."""
    each: tuple[Effect, ...]
    """The effects, sorted by study, task and arm."""


@dataclass(frozen=True)
class Metrics:
    """All figures of an evaluation."""

    format: int
    """Version of the file."""
    contaminated: bool
    """Whether the model was trained on evaluated studies: then this is not a test."""
    grouping: str
    """The definition of a cell."""
    wasserstein: ModelDistances
    """W of the model."""
    predictions: UsedPredictions
    """How many predictions W by the stated scale rests on, and what the others cost."""
    answers: UsedAnswers
    """How many human answers are compared, and why the others are not."""
    noise_floor: ByConvention[Summary]
    """Expected W of a perfect prediction with as many people."""
    excess: ByConvention[Summary]
    """W minus the floor."""
    baselines: Baselines
    """W of the baselines."""
    cramer: Summary
    """Unbiased squared-CDF distance, about 0 for a perfect prediction."""
    shares: ByConvention[Shares]
    """Shares of cells below fixed values of W."""
    verdicts: Mapping[VerdictCode, int]
    """Number of cells by verdict; verdicts of no cell are omitted."""
    paper: GroupingDistance
    """W as in the Socrates paper: by the observed range, a cell being study, condition and task."""
    by_grouping: tuple[GroupingDistance, ...]
    """W by the observed range with every definition of a cell, the paper's included."""
    effects: Effects
    """Treatment effects, predicted and actual."""
    individual: IndividualScores
    """Figures for individual people."""
    individual_as_original: OriginalIndividual
    """Figures for individual people as the original run's report computed them."""
    dispersion: Dispersion
    """Variance of predicted answers relative to people's."""
    fairness: Mapping[str, AttributeFairness]
    """Group differences, by attribute of people."""
    probabilities: Mapping[StudyKind, Probabilities]
    """Proper scores, reliability and group structure, of real and of synthetic studies separately."""
    on_scale_mass: Summary
    """Share of the model's probability mass on the scale, in [0, 1]."""
    nominal: NominalDistances | None
    """Total variation of outcomes whose options have no order; None if there are none."""
    by_kind: Mapping[StudyKind, KindDistances]
    """The figures of real and of synthetic studies separately, also where there is one kind only."""
    studies: tuple[StudyRow, ...]
    """The studies, sorted by id."""
    cells: tuple[CellRow, ...]
    """The scored cells, in the order of prediction."""
    unusable: tuple[UnusableCell, ...]
    """Cells that have no W for want of predictions that are options, with what that costs at worst."""
    excluded: tuple[Excluded, ...]
    """Cells that are missing from some figures, once for each of these."""
    provenance: Annotated[Provenance, PlainValidator(Provenance.of)]
    """Where the predictions come from."""


def save_metrics(metrics: Metrics, path: Path) -> None:
    """Write metrics.json.

    Raises:
        OSError: If it cannot be written; an existing file is kept.
    """
    write_json(path, as_json(metrics))


def load_metrics(path: Path) -> Metrics:
    """Read metrics.json as `save_metrics` wrote it, to the last digit.

    Args:
        path: The file, or a folder that has one: a finished run, or an output of `eval.score`.

    Raises:
        PredictionError: If there is none, it is of another version, or it is not valid.
    """
    file = path / "metrics.json" if path.is_dir() else path
    again = "score it again with python -m eval.score RUN --out DIR"
    try:
        return read_record(Metrics, FORMAT, file, "the metrics of an evaluation", again)
    except OSError as error:
        raise PredictionError(
            f"{path} has no metrics.json; finish the run with python -m eval.run --out {path}, or score "
            "predictions with python -m eval.score"
        ) from error
