"""One row a study and one a cell: distances, counts, and what was left out. None is what is not defined."""

from dataclasses import dataclass
from typing import Literal

from socrates_core.evaluation.results.distances import Convention
from socrates_core.metrics.cell.chance import Chance
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import VerdictCode


@dataclass(frozen=True)
class StudyDistances:
    """Mean W over the cells of a study; None if none has it."""

    model: float | None
    """W of the prediction."""
    floor: float | None
    """What a perfect prediction would be expected to score."""
    excess: float | None
    """`model` − `floor`."""
    uniform: float | None
    """W of guessing evenly."""
    pooled: float | None
    """W of the human answers of all arms together."""
    marginal: float | None
    """W of the training answers on the scale."""
    cells: int
    """That have a W."""
    ci95: Interval | None
    """Over cells (± t · sd/√cells), cut to [0, 1]; None below three."""


@dataclass(frozen=True)
class StudyRow:
    """One study."""

    study: str
    """Its id."""
    title: str | None
    """None if its source has none."""
    real: bool | None
    """False for a generated one; None if nobody says."""
    cells: int
    """Scored ones."""
    n: int
    """On-scale answers in all of its cells."""
    scale: StudyDistances
    """By the scale that the question states."""
    observed: StudyDistances
    """By the range of the human answers."""

    def by(self, convention: Convention) -> StudyDistances:
        """Its distances by this range."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class CellDistances:
    """W of one cell; None if it is not defined."""

    model: float
    """W of the prediction."""
    uniform: float | None
    """W of guessing evenly; None without a stated scale."""
    pooled: float | None
    """None for an outcome of one arm."""
    marginal: float | None
    """W of the training answers on the scale; None if there are none."""
    split_half: float | None
    """None below four people."""
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
    """Study, condition and task, to read."""
    identity: str
    """Sixteen hexadecimal digits: the same for the same question and the same human answers."""
    n: int
    """On-scale answers; all where the scale is not known."""
    n_effective: float
    """How many equally weighted people they are worth."""
    off_scale: int
    """Answers that are no option."""
    invalid: int
    """Predictions that could not be read as a number."""
    scale: CellDistances | None
    """None without a stated scale."""
    observed: CellDistances | None
    """None if all human answers are the same."""
    cramer: float | None
    """Unbiased squared-CDF distance on the stated scale, about 0 for a perfect prediction; None without one."""
    verdict: VerdictCode | None
    """None without a stated scale."""
    on_scale_mass: float | None
    """Mean share of the model's mass that fell on the scale, in [0, 1]; None if it is not known."""
    actual_mean: float
    """Raw number."""
    predicted_mean: float
    """Raw number."""
    chance: Chance | None
    """Interval of W, limit of what chance explains, gain over the uniform baseline; None if `scale` is."""

    def by(self, convention: Convention) -> CellDistances | None:
        """Its distances by this range."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class Excluded:
    """A cell that is not in some figures."""

    cell: int
    """Its id, in this evaluation."""
    study: str
    """Id of its study."""
    name: str
    """Study, condition and task, to read."""
    convention: Literal["all", "scale", "observed"]
    """Which figures it is missing from."""
    reason: str
    """Why, in words."""
