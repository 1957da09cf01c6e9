"""What every simulated person of an arm is predicted to answer, to compare arms and settings person by person."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.uncertainty import GroupAnswers
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats, SplitOptions, option_values, split_options
from socrates_core.simulation.arm import ArmPeople


@dataclass(frozen=True, eq=False)
class PersonAnswers:
    """The N simulated people of an arm; profiles of whom the same is known share a row."""

    scale: AnswerScale
    people: npt.NDArray[np.int64]
    """(N,) ids; who is drawn several times occurs several times."""
    weights: Floats
    """(N,) positive; how much each counts."""
    rows: Floats
    """(U, L) probabilities of all options; of an open-ended outcome (N, 1): the number, NaN where it is invalid."""
    which: npt.NDArray[np.int64]
    """(N,) each person's row."""

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return int(self.rows.size)

    @cached_property
    def _split(self) -> SplitOptions:
        return split_options(self.rows, self.scale)

    def _on_axis(self, values: Floats) -> GroupAnswers:
        """A figure of the (U,) profiles, over those who answer on the axis, as much as they do."""
        weights = self.weights * self._split.substance[self.which]
        counts = weights > 0
        return GroupAnswers(self.people[counts], values[self.which[counts]], weights[counts])

    def means(self) -> GroupAnswers:
        """Each person's mean answer on the axis, in percent of the scale's width."""
        return self._on_axis(self._split.on_axis @ in_percent(option_values(self.scale)))

    def share(self, option: int) -> GroupAnswers:
        """Each person's probability of the option at this place on the axis, given an answer on it."""
        return self._on_axis(self._split.on_axis[:, option])

    def off_axis_share(self, option: int) -> GroupAnswers:
        """Each person's probability of the option at this place off the axis."""
        assert self._split.off_axis is not None, "the scale has no options off the axis"
        return GroupAnswers(self.people, self._split.off_axis[self.which, option], self.weights)

    def numbers(self) -> GroupAnswers:
        """The valid numbers of an open-ended outcome."""
        given = self.rows[self.which, 0]
        valid = ~np.isnan(given)
        return GroupAnswers(self.people[valid], given[valid], self.weights[valid])


def person_answers(arm: ArmPeople, rows: Floats, which: npt.NDArray[np.int64]) -> PersonAnswers:
    """The answers of an arm's people; see `PersonAnswers.rows` and `which`."""
    ids = arm.population.personas["participant_id"].fill_null(0).to_numpy()[arm.drawn].astype(np.int64)
    return PersonAnswers(arm.cell.scale, ids, arm.shares, rows, which)


def in_percent(values: npt.NDArray[np.int64], answers: npt.NDArray[np.int64] | None = None) -> Floats:
    """Answers (the options themselves when None) in percent of the scale's width."""
    low, high = values[0], values[-1]
    return np.asarray(100.0 * ((values if answers is None else answers) - low) / (high - low))
