"""What an evaluation found, as metrics.json has it: the schema of the file, and writing and reading it.

Fields have the names and the order of the file. None, null in the file, is what is not defined.
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
    KindDistances,
    ModelDistances,
    Shares,
    StudyKind,
)
from socrates_core.evaluation.results.json_file import as_json, read_record
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.evaluation.results.rows import CellRow, Excluded, StudyRow
from socrates_core.metrics.dispersion import Dispersion
from socrates_core.metrics.effects import Contrasts, Effect
from socrates_core.metrics.fairness import AttributeFairness
from socrates_core.metrics.individual import IndividualScores
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.metrics.verdict import VerdictCode
from socrates_core.study.files import write_json

FORMAT: Final = 2
"""Version of metrics.json; in the first one, cells had no `chance`."""


@dataclass(frozen=True, kw_only=True)
class Effects(EffectSummary):
    """Treatment effects: in a few figures, and one by one."""

    contrasts: Contrasts
    """Which arms are compared."""
    left_out: tuple[str, ...]
    """What gives no effect, and why."""
    each: tuple[Effect, ...]
    """By study, task and arm."""


@dataclass(frozen=True)
class Metrics:
    """All figures of an evaluation."""

    format: int
    """Version of the file."""
    contaminated: bool
    """Whether the model has learned from evaluated studies: then this is no test."""
    grouping: str
    """What counts as one cell."""
    wasserstein: ModelDistances
    """W of the model."""
    noise_floor: ByConvention[Summary]
    """W that a perfect prediction would be expected to have, with as many people."""
    excess: ByConvention[Summary]
    """W beyond the floor."""
    baselines: Baselines
    """W of what has to be beaten."""
    cramer: Summary
    """Unbiased squared-CDF distance, about 0 for a perfect prediction."""
    shares: ByConvention[Shares]
    """How many cells are close."""
    verdicts: Mapping[VerdictCode, int]
    """Cells of each verdict; one that no cell has is not there."""
    paper: GroupingDistance
    """As the Socrates paper measures: a cell is study, condition and task."""
    by_grouping: tuple[GroupingDistance, ...]
    """The same figure with every idea of what a cell is, the paper's too."""
    effects: Effects
    """Of treatments, predicted and actual."""
    individual: IndividualScores
    """Of single people."""
    dispersion: Dispersion
    """Whether predictions vary as people do."""
    fairness: Mapping[str, AttributeFairness]
    """By attribute of people."""
    on_scale_mass: Summary
    """Share of the model's mass that fell on the scale, in [0, 1]."""
    by_kind: Mapping[StudyKind, KindDistances]
    """Real and synthetic studies on their own."""
    studies: tuple[StudyRow, ...]
    """By id."""
    cells: tuple[CellRow, ...]
    """The scored ones, as they were predicted."""
    excluded: tuple[Excluded, ...]
    """Cells that are not in all figures, once for each figure that lacks them."""
    provenance: Annotated[Provenance, PlainValidator(Provenance.of)]
    """Where the predictions come from."""


def save_metrics(metrics: Metrics, path: Path) -> None:
    """Write metrics.json.

    Raises:
        OSError: If it cannot be written; what was there stays.
    """
    write_json(path, as_json(metrics))


def load_metrics(path: Path) -> Metrics:
    """Read metrics.json: what `save_metrics` wrote, to the last digit.

    Args:
        path: The file, or a folder that has one: a finished run, or what `eval.score` wrote.

    Raises:
        PredictionError: If there is none, it is of another version, or it is not what it should be.
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
