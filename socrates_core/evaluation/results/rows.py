"""Rows of studies and cells: distances, counts, and what was excluded. None means not defined."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from socrates_core.errors import counted
from socrates_core.evaluation.results.distances import Convention
from socrates_core.metrics.cell.chance import Chance
from socrates_core.metrics.cell.off_axis import OffAxisShares
from socrates_core.metrics.proper.scores import CellProper
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import VerdictCode


@dataclass(frozen=True)
class StudyDistances:
    """Mean W over the cells of a study; None if no cell has it."""

    model: float | None
    """W of the prediction."""
    floor: float | None
    """What a perfect prediction would be expected to score."""
    excess: float | None
    """`model` − `floor`."""
    uniform: float | None
    """W of the uniform baseline."""
    pooled: float | None
    """W of the pooled human answers of all arms."""
    marginal: float | None
    """W of the training answers on the scale."""
    cells: int
    """Cells that have a W."""
    ci95: Interval | None
    """95 % interval over cells (± t · sd/√cells), clipped to [0, 1]; None below three."""


@dataclass(frozen=True)
class StudyRow:
    """One study."""

    study: str
    """Its id."""
    title: str | None
    """None if its source has none."""
    real: bool | None
    """False for a synthetic one; None if not known."""
    group: str | None
    """The independent unit that it is part of: an experiment, a pool of people; None if not known."""
    cells: int
    """Number of scored cells."""
    n: int
    """On-scale answers in all of its cells."""
    scale: StudyDistances
    """By the scale that the question states."""
    observed: StudyDistances
    """By the range of the human answers."""

    def by(self, convention: Convention) -> StudyDistances:
        """Its distances by this convention."""
        return self.scale if convention == "scale" else self.observed


def counted_studies(rows: Sequence[StudyRow], convention: Convention = "scale", kind: str = "") -> str:
    """`52 studies in 31 groups`: those that have a W, and the independent groups that they form, if these are fewer.

    With a kind: `52 real studies in 31 groups`.
    """
    known = [row.group or row.study for row in rows if row.by(convention).model is not None]
    groups = len(set(known))
    grouped = f" in {counted(groups, 'group')}" if groups < len(known) else ""
    return counted(len(known), f"{kind} study".strip()) + grouped


@dataclass(frozen=True)
class CellDistances:
    """W of one cell; None if it is not defined."""

    model: float
    """W of the prediction."""
    uniform: float | None
    """W of the uniform baseline; None without a stated scale."""
    pooled: float | None
    """W of the pooled human answers of all arms; None for an outcome of one arm."""
    marginal: float | None
    """W of the training answers on the scale; None if there are none."""
    split_half: float | None
    """Estimated W of a second sample of as many people; None below four people."""
    floor: float
    """What a perfect prediction would be expected to score."""
    excess: float
    """`model` − `floor`."""


@dataclass(frozen=True)
class CellRow:
    """One scored cell."""

    cell: int
    """Its id, in this evaluation."""
    study: str
    """Id of its study."""
    name: str
    """Study, condition and task, for readers."""
    identity: str
    """Sixteen hexadecimal digits: the same for the same question and the same human answers."""
    n: int
    """On-scale answers; all if the scale is not known."""
    n_effective: float
    """Effective number of people behind them."""
    off_scale: int
    """Answers that are not an option, on the axis or off it."""
    invalid: int
    """Predictions that could not be read as a number."""
    off_scale_predictions: int
    """Predicted numbers that are no option."""
    worst: float | None
    """W by the stated scale if each prediction that is no option were the option that makes W largest; None without
    one."""
    scale: CellDistances | None
    """None without a stated scale."""
    observed: CellDistances | None
    """None if all human answers are the same. Options off the axis are the numbers they are, as in the paper."""
    observed_on_axis: float | None
    """W of the prediction by the range of the answers on the axis; that of `observed` if all options are on it."""
    nominal: CellDistances | None
    """Total variation, if the options have no order; then the cell has no W. None otherwise."""
    cramer: float | None
    """Unbiased squared-CDF distance on the stated scale, about 0 for a perfect prediction; None without one."""
    verdict: VerdictCode | None
    """None without a stated scale."""
    on_scale_mass: float | None
    """Mean share of the model's probability mass on the scale, in [0, 1]; None if not known."""
    actual_mean: float
    """Of the answers on the axis, in the scale's own numbers; means nothing if the options have no order."""
    predicted_mean: float
    """Likewise."""
    off_axis: OffAxisShares | None
    """Answers off the axis, actual and predicted; None without such options."""
    proper: CellProper | None
    """Brier, ranked probability and log score; None if the prediction states no probabilities."""
    chance: Chance | None
    """Interval of W, limit of chance, gain over the uniform baseline; None if `scale` is."""

    def by(self, convention: Convention) -> CellDistances | None:
        """Its distances by this convention."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class UnusableCell:
    """A cell with a stated scale that has no W because too few of its predictions are options; fields as in a row."""

    cell: int
    study: str
    real: bool | None
    group: str | None
    identity: str
    n: int
    off_scale: int
    invalid: int
    off_scale_predictions: int
    worst: float | None
    on_scale_mass: float | None


@dataclass(frozen=True)
class Excluded:
    """A cell that is missing from some figures."""

    cell: int
    """Its id, in this evaluation."""
    study: str
    """Id of its study."""
    name: str
    """Study, condition and task, for readers."""
    convention: Literal["all", "scale", "observed"]
    """The figures that it is missing from."""
    reason: str
    """The reason, in words."""
