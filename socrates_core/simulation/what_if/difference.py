"""An arm in one setting minus the same arm in another: means, medians and shares, with what the intervals rest on.

If the same people can take part in both settings, they are matched by identity, and an interval uses the pairing: what
a person answers in one setting is compared with what this person answers in the other. Otherwise the two groups are
independent samples. An interval covers who was simulated, not how wrong the models may be.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from socrates_core.metrics.cell.comparison import total_variation
from socrates_core.metrics.uncertainty import GroupAnswers, Interval, mean_difference
from socrates_core.metrics.wasserstein import wasserstein
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.effects import off_axis_differences, share_differences
from socrates_core.simulation.open_ended import median_difference_by_person
from socrates_core.simulation.person_answers import PersonAnswers
from socrates_core.simulation.result import ArmResult

MOST_OPTIONS: Final = 21
"""Scales with more options have no differences of single shares; reports show them in bins."""

BasisKind = Literal["paired", "partly paired", "independent", "one profile"]


@dataclass(frozen=True)
class Basis:
    """What the interval of a difference rests on."""

    kind: BasisKind
    """`paired` if the same people answer in both settings, `partly paired` if some do, `independent` if the settings
    have different populations or nobody in common, `one profile` if a single profile answers in one of them, so that
    how much people differ is not known."""
    people: tuple[int, int]
    """Different people in the setting and in the one that it is compared with."""
    both: int
    """People who answer in both; 0 if the populations differ."""

    @property
    def words(self) -> str:
        """As a phrase."""
        here, there = self.people
        match self.kind:
            case "paired":
                return f"paired: the same {self.both:,} people answer in both settings"
            case "partly paired":
                groups = f"{there:,} people in one setting and {here:,} in the other"
                return f"partly paired: of {groups}, {self.both:,} are the same"
            case "one profile":
                return "a single profile stands for everybody in a setting, so the interval says nothing about others"
            case _:
                return f"independent samples: {there:,} people in one setting, {here:,} in the other"


@dataclass(frozen=True)
class Difference:
    """A figure in one setting minus the same figure in another."""

    value: float
    interval: Interval
    """95 %, over who is simulated."""


@dataclass(frozen=True)
class ArmDifference:
    """An arm in a setting minus the same arm in the setting that it is compared with."""

    basis: Basis
    middle: Difference | None
    """Of the mean, in percent of the scale's width; of the median, in the unit of the answers, if the outcome is
    open-ended. None if the options have no order."""
    shares: tuple[Difference, ...]
    """(K,) of the shares of the options on the axis, in [-1, 1]; empty beyond `MOST_OPTIONS` options."""
    off_axis: tuple[Difference, ...]
    """(J,) of the shares of the options off the axis, of all people; empty if the settings have different ones."""
    distance: float | None
    """How far apart the two predictions are, in [0, 1]: the Wasserstein distance by the stated scale; total variation
    if the options have no order; None if the outcome is open-ended."""


def comparable(scale: AnswerScale, other: AnswerScale) -> bool:
    """Whether two scales have the same numbers, so that shares and means can be subtracted."""
    return (scale.values, scale.unit, scale.nominal) == (other.values, other.unit, other.nominal)


def arm_difference(
    arm: tuple[ArmResult, PersonAnswers],
    minus: tuple[ArmResult, PersonAnswers],
    same_population: bool,
    rng: np.random.Generator,
) -> ArmDifference:
    """An arm in one setting minus the same arm in another.

    Args:
        arm: The arm's result and what its people answer.
        minus: The same in the other setting, on a scale of the same numbers.
        same_population: Whether ids name the same people in both.
        rng: For the resamples of medians.
    """
    ours, theirs = arm[1], minus[1] if same_population else _strangers(minus[1], arm[1])
    basis, scale = _basis(ours, theirs), arm[0].cell.scale
    if scale.values is None:
        value, interval = median_difference_by_person(ours.numbers(), theirs.numbers(), rng)
        return ArmDifference(basis, Difference(value, interval), (), (), None)
    apart = off_axis_differences(ours, theirs) if list(scale.off_axis) == list(theirs.scale.off_axis) else ()
    shares = share_differences(ours, theirs) if len(scale.values) <= MOST_OPTIONS else ()
    middle = None if scale.nominal else _mean(ours.means(), theirs.means())
    return ArmDifference(
        basis=basis,
        middle=middle,
        shares=tuple(Difference(one.value, one.interval) for one in shares),
        off_axis=tuple(Difference(one.value, one.interval) for one in apart),
        distance=_distance(arm[0].predicted, minus[0].predicted, scale.nominal),
    )


def _distance(ours: AnswerDistribution, theirs: AnswerDistribution, nominal: bool) -> float:
    return float(total_variation(ours.probs, theirs.probs)) if nominal else wasserstein(ours, theirs)


def _mean(group: GroupAnswers, minus: GroupAnswers) -> Difference:
    found = mean_difference(group, minus)
    low, high = max(-100.0, found.interval.low), min(100.0, found.interval.high)
    return Difference(found.value, Interval(low, high))


def _strangers(answers: PersonAnswers, others: PersonAnswers) -> PersonAnswers:
    """The same answers by people whose ids nobody among the others has."""
    return replace(answers, people=answers.people - answers.people.min() + others.people.max() + 1)


def _basis(ours: PersonAnswers, theirs: PersonAnswers) -> Basis:
    here, there = np.unique(ours.people), np.unique(theirs.people)
    both = len(np.intersect1d(here, there))
    kind: BasisKind = "partly paired"
    if min(len(here), len(there)) == 1:
        kind = "one profile"
    elif both == len(here) == len(there):
        kind = "paired"
    elif both == 0:
        kind = "independent"
    return Basis(kind, (len(here), len(there)), both)
