"""What a few people's answers say by themselves, without any prediction."""

import numpy as np

from socrates_core.metrics.uncertainty import GroupAnswers, Interval, mean_difference, mean_interval
from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.pilot import Pilot
from socrates_core.trust.design.power import LEAST_PEOPLE


def effect_alone(pilot: Pilot, arm: int, control: int, level: float) -> Interval | None:
    """The interval of an effect in points, as everywhere in this software (`mean_difference`); None below two people in
    an arm, who cannot show how answers vary.
    """
    if min(pilot.people[arm], pilot.people[control]) < LEAST_PEOPLE:
        return None
    return mean_difference(_given(pilot, arm), _given(pilot, control), level=level).interval


def mean_alone(pilot: Pilot, cell: int, level: float) -> Interval | None:
    """The interval of a cell's mean in points (`mean_interval`); None below two people."""
    if pilot.people[cell] < LEAST_PEOPLE:
        return None
    return mean_interval(_given(pilot, cell).answers, options=pilot.options[cell], level=level)


def _given(pilot: Pilot, cell: int) -> GroupAnswers:
    answers: Floats = pilot.answers[:, cell]
    people = np.flatnonzero(~np.isnan(answers))
    return GroupAnswers(people, answers[people], np.ones(len(people)), pilot.options[cell])
