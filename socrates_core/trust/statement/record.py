"""The statement of one simulated outcome. It goes into every export, so that a figure carries its doubt with it.

Levels are 80 % (`inner`) and 95 % (`outer`). Means are in the scale's own numbers, effects in points: percent of the
scale's width.
"""

from dataclasses import dataclass
from typing import Literal

from socrates_core.metrics.uncertainty import Interval
from socrates_core.trust.error_model.coverage import What
from socrates_core.trust.support.rule import Support
from socrates_core.trust.worth import Worth


@dataclass(frozen=True)
class Claim:
    """Where a true value lies, error of the model included; the truth is what everybody would answer."""

    inner: Interval | None
    """With a probability of 80 %; None if that cannot be said."""
    outer: Interval | None
    """With 95 %."""
    why: str | None
    """Why one of them, or both, cannot be said, without a full stop; None if both are there."""


@dataclass(frozen=True)
class Checked:
    """A value that people did show, beside the interval of what these people could show: wider than that of the truth
    by their sampling error.
    """

    observed: float
    inner: bool | None
    """Whether it lay inside at 80 %; None if no such interval was claimed."""
    outer: bool | None
    """At 95 %."""


@dataclass(frozen=True)
class CheckedDistance:
    """The Wasserstein distance (W) of the answers that a statement speaks of to those that people gave, beside its
    bound. That is of W to as many people as answered in the calibration, so nothing is added for sampling here; to the
    answers of fewer people W is larger by chance.
    """

    observed: float
    """In [0, 1]. Not the W of the answers as predicted, where the statement speaks of calibrated ones."""
    people: float
    """How many equally weighted people the answers are worth."""
    inner: bool | None
    """Whether it is at most the bound at 80 %; None if there is none."""
    outer: bool | None
    """At 95 %."""


@dataclass(frozen=True)
class ShareStatement:
    """Of the people who answer at or above an option, in [0, 1]."""

    value: float
    """The option, in the scale's own numbers."""
    answers: str
    """In words: `4 (agree) or above`; of the last option `5 (agree strongly)` alone."""
    predicted: float
    claim: Claim
    """At 80 % alone: 95 % intervals of shares fell short where the truth was known."""
    checked: Checked | None
    """The share of people's answers; None if nobody answered."""


@dataclass(frozen=True)
class ArmStatement:
    """Of one condition."""

    condition: int
    label: str
    raw: tuple[float, ...]
    """(K,) predicted shares of the options on the axis as the model gives them."""
    calibrated: tuple[float, ...]
    """(K,) the same after sharpening; `raw` where none is used. What else is said here is of these."""
    mean: float
    """Predicted mean, in the scale's own numbers."""
    mean_claim: Claim
    shares: tuple[ShareStatement, ...]
    """(C,) ascending by option: from the second of up to 11 on, three of a longer scale; empty if nothing can be said
    of shares."""
    highest: float | None
    """Probability that this arm's true mean is the highest of all; None if nothing can be said of effects."""
    checked: Checked | None
    """The mean of people's answers; None if nobody answered."""
    distance: CheckedDistance | None
    """W of `calibrated` to people's answers; None with fewer than two people."""


@dataclass(frozen=True)
class EffectStatement:
    """Of one condition against the control, in points."""

    condition: int
    label: str
    predicted: float
    claim: Claim
    positive: float | None
    """Probability that the true effect is above 0; None if nothing can be said."""
    worth: Worth | None
    """People an arm whose answers would tell the effect as well; None if nothing can be said, or `informed` is not."""
    checked: Checked | None


@dataclass(frozen=True)
class DistanceStatement:
    """Of the Wasserstein distance (W) between a prediction and people's answers, in one cell."""

    expected: float
    """Mean over the groups of the calibration, in [0, 1]."""
    inner: float | None
    """W is at most this with a probability of 80 %; None with too few groups to say so."""
    outer: float | None
    """At most this with 95 %."""
    people: float | None
    """Who answered a cell of the calibration, median: all this is of W to that many people's answers. None if it is
    not known."""
    worth: Worth | None
    """People whose answers would tell the distribution of one cell as well."""


@dataclass(frozen=True)
class Covered:
    """How often an interval held what people showed: mean over a group's cells, then over groups."""

    groups: int
    share: float
    se: float
    """Standard error over groups."""


@dataclass(frozen=True)
class Trial:
    """Of one kind of interval."""

    what: What
    level: float
    left_out: Covered
    """Groups that the calibration is fitted on, each with the others."""
    test: Covered | None
    """Groups that it is not fitted on; None if there are none."""
    offered: bool
    """Whether it is shown."""


@dataclass(frozen=True)
class Basis:
    """The calibration that a statement rests on."""

    kind: Literal["real", "synthetic"]
    """The studies that it was fitted on."""
    groups: int
    """Independent groups of them."""
    studies: int
    family: str
    """The scales whose error model is used."""
    sharpened: bool
    """Whether it speaks of sharpened predictions."""
    telling: bool
    """Whether predictions made intervals of left-out means better than ignoring them does. If not, intervals say how
    people answer other studies, and no more."""
    informed: bool
    """Whether predicted effects told more of effects on left-out groups than no effect at all."""
    trials: tuple[Trial, ...]
    """How its intervals did on groups that had no part in them."""


@dataclass(frozen=True)
class Statement:
    """What is said of one simulated outcome."""

    applied: bool
    """Whether a calibration was applied. If not, there are no arms, effects or distance."""
    why: str | None
    """Why not, with what to do, as a sentence; None if it was."""
    basis: Basis | None = None
    support: Support | None = None
    """Whether the question is like those that the calibration was tested on; None without one."""
    can_sharpen: bool = False
    """Whether there are sharpened predictions to choose."""
    arms: tuple[ArmStatement, ...] = ()
    """In the order of the simulation's."""
    effects: tuple[EffectStatement, ...] = ()
    """Likewise."""
    distance: DistanceStatement | None = None
