"""What a simulation is asked and what it gives."""

from dataclasses import dataclass

import polars as pl

from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import Verdict
from socrates_core.model.answer_model import ModelDescription
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.open_ended import NumberResult
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.study_set import Cell, Study


@dataclass(frozen=True)
class Score:
    """How far the prediction of one arm is from what people answered, and what that is worth."""

    wasserstein: float
    """In [0, 1], by the stated scale."""
    observed: float | None
    """By the range of the human answers, off-scale ones included (the paper's convention); None where all agree."""
    interval: Interval
    """95 % interval of `wasserstein` over samples of people and of simulated people."""
    noise_floor: float
    """The distance a perfect prediction would be expected to have with this many people."""
    chance_limit: float
    """What the distance stays under 19 times in 20 if people answer exactly as predicted."""
    uniform: float
    """W of the uniform baseline."""
    gain: Interval
    """95 % interval of `uniform` − `wasserstein`; above 0 the prediction is closer than the uniform baseline."""
    split_half: float | None
    """The distance that two samples of this many people have from each other; None below 4 people."""
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class ArmResult:
    """Predicted and actual answers of one cell."""

    cell: Cell
    predicted: AnswerDistribution
    """Mean of the simulated people's distributions, after temperature and top_p. Where the outcome is open-ended:
    shares of the valid sampled numbers, over all numbers that either side gave."""
    on_scale_mass: float
    """In [0, 1]: the mean mass that the model put on the options (on digits and the end of a number); far below 1 it
    was about to write something else."""
    n_predicted: int
    """Simulated people."""
    predicted_mean_interval: Interval
    """95 % interval of the predicted mean over samples of simulated people, in points of the scale."""
    n_personas: int
    """Different personas among them."""
    actual: AnswerDistribution | None
    """Shares of the on-scale answers of the same group; None where there are none."""
    actual_group: str
    """Whose answers these are ("everybody who answered"), or a sentence that says why there are none."""
    n_actual: int
    """On-scale answers in the group."""
    n_effective: float
    """How many equally weighted people they are worth."""
    n_off_scale: int
    """Answers in the group that are not options of the scale; in no figure but `Score.observed`."""
    actual_mean_interval: Interval | None
    """95 % interval of the actual mean, in points of the scale; None below two people."""
    score: Score | None
    unscored: str | None
    """Why there is no score; None where there is one."""
    numbers: NumberResult | None = None
    """Of an open-ended outcome: it has no stated scale and so no `score`."""

    @property
    def open_ended(self) -> bool:
        """Whether answers are numbers without a stated scale."""
        return self.numbers is not None


@dataclass(frozen=True)
class EffectRow:
    """What another arm changes: its mean minus the first arm's, in percent of the scale's width. Where the outcome is
    open-ended: its median minus the first arm's, in numbers as they are given.
    """

    cell: Cell
    predicted: float
    predicted_interval: Interval
    """95 %, over samples of simulated people; it does not cover the error of the model."""
    actual: float | None
    """None where one of the two arms was answered by fewer than two people."""
    actual_interval: Interval | None


@dataclass(frozen=True, eq=False)
class Simulation:
    """The result of a request."""

    request: SimulationRequest
    study: Study
    model: ModelDescription
    arms: tuple[ArmResult, ...]
    """The chosen cell first, then the other conditions in order."""
    effects: tuple[EffectRow, ...]
    """One row for each arm but the first."""
    participants: pl.DataFrame
    """The simulated people of the first arm: participant_id of the observed person, the attributes as put to the
    model, predicted_mean (null where the outcome is open-ended), simulated_answer (one draw from the person's
    distribution, or the number; null where it is invalid)."""
    notes: tuple[str, ...]
    """Sentences for the reader: which cells are the arms, which people had to be made up."""


@dataclass(frozen=True, eq=False)
class ArmResults:
    """What the arms of an outcome come to."""

    arms: list[ArmResult]
    effects: list[EffectRow]
    participants: pl.DataFrame
    """As in `Simulation`."""
