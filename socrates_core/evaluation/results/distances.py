"""Wasserstein distances over many cells: the model's, and what it has to beat.

W is a Wasserstein distance in [0, 1]: 0 is a perfect match, 1 all mass on opposite ends. None is what is not defined.
"""

from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.metrics.uncertainty import Interval

Convention = Literal["scale", "observed"]
"""By which range distances are measured: the stated scale, or the range of the human answers, as the paper did."""

CONVENTIONS: Final[tuple[Convention, ...]] = ("scale", "observed")

StudyKind = Literal["real", "synthetic", "unknown"]

T = TypeVar("T")


@dataclass(frozen=True)
class ByConvention(Generic[T]):
    """A figure by each range."""

    scale: T
    """By the scale that the question states."""
    observed: T
    """By the range of the human answers."""

    def by(self, convention: Convention) -> T:
        """The one by this range."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class SeparateRanges(Summary):
    """W of the original run, each side stretched over its own range; no measure of anything, kept to recognise it."""

    grouping: str
    """What counts as one cell."""
    invalid: str
    """Why it is invalid."""


@dataclass(frozen=True)
class ModelDistances:
    """W of the model, by each range."""

    scale: Summary
    """By the scale that the question states."""
    observed: Summary
    """By the range of the human answers."""
    separate: SeparateRanges
    """Each side by its own range."""

    def by(self, convention: Convention) -> Summary:
        """The one by this range."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class Baseline(Summary):
    """W of something that has to be beaten, over the cells that have it."""

    model_on_the_same_cells: float | None
    """Mean W of the model there."""
    gain: float | None
    """Mean over studies of the baseline's W minus the model's, in [−1, 1]: above 0, the model is closer."""
    gain_ci95: Interval | None
    """None below three studies."""


@dataclass(frozen=True)
class Baselines:
    """What has to be beaten."""

    uniform: ByConvention[Baseline]
    """Guessing evenly over the options."""
    pooled: ByConvention[Baseline]
    """The human answers of all arms of an outcome together."""
    marginal: ByConvention[Baseline]
    """The training answers on the scale."""
    human_split_half: ByConvention[Baseline]
    """A second sample of as many people."""


@dataclass(frozen=True)
class Shares:
    """Shares of cells, in [0, 1], under the marks that the original run reported; without cells there are none."""

    at_0: float | None = None
    """W up to rounding 0; None, like the others, without any cell."""
    below_a_tenth: float | None = field(default=None, metadata={"alias": "under_0.1"})
    """`under_0.1` in the file."""
    below_three_tenths: float | None = field(default=None, metadata={"alias": "under_0.3"})
    """`under_0.3` in the file."""
    cells: int = field(kw_only=True)
    """That have a W."""


@dataclass(frozen=True)
class GroupingDistance:
    """W by the observed range, with one idea of what a cell is; without any cell there are the counts alone."""

    grouping: str
    """What counts as one cell."""
    convention: Literal["observed"]
    """By which range."""
    mixed_scales: int
    """Cells that join questions on different scales."""
    mean: float | None
    """Over the cells of a study, then over studies."""
    flat_mean: float | None = None
    """Over all cells alike."""
    ci95: Interval | None = None
    """Of `mean`, from resampling studies; None below three."""
    cells: int = field(kw_only=True)
    """That have a W."""
    studies: int = field(kw_only=True)
    """That have such a cell."""
    uniform: float | None = None
    """Mean W of guessing evenly."""
    noise_floor: float | None = None
    """Mean W that a perfect prediction would be expected to have."""


@dataclass(frozen=True)
class KindDistances:
    """W on the studies of one kind; empty where all studies are of it."""

    scale: Summary | None = None
    """By the scale that the question states."""
    observed: Summary | None = None
    """By the range of the human answers."""
