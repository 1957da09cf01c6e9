"""Wasserstein distances (W) over many cells: those of the model and of the baselines.

W is in [0, 1]: 0 is a perfect match, 1 all mass on opposite ends. None means not defined.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.metrics.uncertainty import Interval

Convention = Literal["scale", "observed"]
"""The range by which W is measured: the stated scale, or the range of the human answers, as in the paper."""

CONVENTIONS: Final[tuple[Convention, ...]] = ("scale", "observed")

StudyKind = Literal["real", "synthetic", "unknown"]

KINDS: Final[Mapping[bool | None, StudyKind]] = {True: "real", False: "synthetic", None: "unknown"}
"""What a source says of a study (real, not real, nothing) → its kind."""

T = TypeVar("T")


@dataclass(frozen=True)
class ByConvention(Generic[T]):
    """A figure by each convention."""

    scale: T
    """By the scale that the question states."""
    observed: T
    """By the range of the human answers."""

    def by(self, convention: Convention) -> T:
        """The figure by this convention."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class SeparateRanges(Summary):
    """W of the original run, each side stretched over its own range; not a valid measure, kept to recognise it."""

    grouping: str
    """The definition of a cell."""
    invalid: str
    """Why the figure is invalid."""


@dataclass(frozen=True)
class ModelDistances:
    """W of the model, by each convention."""

    scale: Summary
    """By the scale that the question states."""
    observed: Summary
    """By the range of the human answers."""
    separate: SeparateRanges
    """Each side by its own range."""

    def by(self, convention: Convention) -> Summary:
        """The figure by this convention."""
        return self.scale if convention == "scale" else self.observed


@dataclass(frozen=True)
class Baseline(Summary):
    """W of a baseline, over the cells that have it."""

    model_on_the_same_cells: float | None
    """Mean W of the model on these cells."""
    gain: float | None
    """Mean over studies of the baseline's W minus the model's, in [−1, 1]: above 0, the model is closer."""
    gain_ci95: Interval | None
    """None below three studies."""


@dataclass(frozen=True)
class Baselines:
    """The baselines of the model."""

    uniform: ByConvention[Baseline]
    """The uniform baseline: every option has the same share."""
    pooled: ByConvention[Baseline]
    """The pooled human answers of all arms of an outcome."""
    marginal: ByConvention[Baseline]
    """The marginal baseline: the training answers on the scale."""
    human_split_half: ByConvention[Baseline]
    """A second sample of as many people, estimated from random halves."""


@dataclass(frozen=True)
class Shares:
    """Shares of cells, in [0, 1], below the values of W that the original run reported; None without any cell."""

    at_0: float | None = None
    """Share with W = 0 up to rounding; None, like the others, without any cell."""
    below_a_tenth: float | None = field(default=None, metadata={"alias": "under_0.1"})
    """`under_0.1` in the file."""
    below_three_tenths: float | None = field(default=None, metadata={"alias": "under_0.3"})
    """`under_0.3` in the file."""
    cells: int = field(kw_only=True)
    """Cells that have a W."""


@dataclass(frozen=True)
class GroupingDistance:
    """W by the observed range, with one definition of a cell; without any cell, only the counts."""

    grouping: str
    """The definition of a cell."""
    convention: Literal["observed"]
    """The convention."""
    mixed_scales: int
    """Cells that join questions on different scales."""
    mean: float | None
    """Mean over the cells of a study, then over studies."""
    flat_mean: float | None = None
    """Mean over all cells, unweighted."""
    ci95: Interval | None = None
    """Of `mean`, from resampling studies; None below three."""
    cells: int = field(kw_only=True)
    """Cells that have a W."""
    studies: int = field(kw_only=True)
    """Studies that have such a cell."""
    uniform: float | None = None
    """Mean W of the uniform baseline."""
    noise_floor: float | None = None
    """Mean expected W of a perfect prediction."""
    off_axis_cells: int = 0
    """Cells with options off the axis, which `mean` takes as the numbers they are, as the paper did."""
    on_axis: float | None = None
    """`mean` without the answers off the axis, actual and predicted; None if no cell has such options."""


@dataclass(frozen=True)
class NominalDistances:
    """Total variation of outcomes whose options have no order, in [0, 1]: the share of people that would have to answer
    otherwise. Not a Wasserstein distance, and in none of their means.
    """

    model: Summary
    """Of the prediction."""
    noise_floor: Summary
    """Expected of a perfect prediction with as many people."""
    uniform: Summary
    """Of the uniform baseline."""
    pooled: Summary
    """Of the pooled human answers of all arms."""
    marginal: Summary
    """Of the marginal baseline."""
