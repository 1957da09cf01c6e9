"""The result of a simulation: distributions, scores, effects and profiles."""

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
    """How far the prediction of one arm is from people's answers, and the reference values to judge that by."""

    wasserstein: float
    """The Wasserstein distance (W) in [0, 1], by the stated scale."""
    observed: float | None
    """W by the range of the human answers, off-scale ones included (the paper's convention); None if all agree."""
    interval: Interval
    """95 % interval of `wasserstein` over samples of people and of simulated people."""
    noise_floor: float
    """Expected W of a perfect prediction with this many people."""
    chance_limit: float
    """95 % quantile of W if people answer exactly as predicted: exceeded 1 time in 20."""
    uniform: float
    """W of the uniform baseline."""
    gain: Interval
    """95 % interval of `uniform` − `wasserstein`; above 0 the prediction is closer than the uniform baseline."""
    split_half: float | None
    """W between two samples of this many people; None below 4 people."""
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class ArmResult:
    """Predicted and actual answers of one cell."""

    cell: Cell
    predicted: AnswerDistribution
    """Mean of the simulated people's distributions, after temperature and top_p. If the outcome is open-ended:
    shares of the valid sampled numbers, over all numbers that either side gave."""
    on_scale_mass: float
    """In [0, 1]: the mean probability mass on the options (on digits and the end of a number); far below 1, the
    model would have written something else."""
    n_predicted: int
    """Number of simulated people."""
    predicted_mean_interval: Interval
    """95 % interval of the predicted mean over samples of simulated people, in points of the scale."""
    n_personas: int
    """Distinct personas among them."""
    actual: AnswerDistribution | None
    """Shares of the on-scale answers of the same group; None if there are none."""
    actual_group: str
    """The group that gave these answers ("everybody who answered"), or a sentence on why there are none."""
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
    """Why there is no score; None if there is one."""
    numbers: NumberResult | None = None
    """Figures of an open-ended outcome, which has no stated scale and therefore no `score`."""

    @property
    def open_ended(self) -> bool:
        """Whether answers are numbers without a stated scale."""
        return self.numbers is not None

    @property
    def label(self) -> str:
        """The label of the condition."""
        return self.cell.condition_label

    @property
    def convention(self) -> str:
        """What `w` is measured by: the stated `scale`, or the `observed` range if the outcome is open-ended."""
        return "observed" if self.open_ended else "scale"

    @property
    def w(self) -> float | None:
        """The Wasserstein distance (W) in [0, 1] by `convention`; None if there is none (see `unscored`)."""
        if self.numbers is not None:
            return self.numbers.score.observed if self.numbers.score else None
        return self.score.wasserstein if self.score else None

    @property
    def interval(self) -> Interval | None:
        """95 % interval of `w` over samples of people and of simulated people."""
        found = self.numbers.score if self.numbers is not None else self.score
        return found.interval if found else None

    @property
    def noise_floor(self) -> float | None:
        """Expected W of a perfect prediction with this many people."""
        found = self.numbers.score if self.numbers is not None else self.score
        return found.noise_floor if found else None

    @property
    def uniform(self) -> float | None:
        """W of the uniform baseline; None if the outcome is open-ended."""
        return self.score.uniform if self.score else None

    @property
    def verdict(self) -> str:
        """What the figures mean, in a sentence; if nothing was compared, why."""
        if self.numbers is not None and self.numbers.score is not None:
            return self.numbers.score.sentence
        return self.score.verdict.sentence if self.score else str(self.unscored)

    def __str__(self) -> str:
        """W with its interval, floor and baseline on one line, or the prediction and why there is no W."""
        if self.w is None or self.interval is None:
            mean = f"predicted mean {self.predicted.mean:.2f}{_within(self.predicted_mean_interval, 2)}"
            return f"{self.label}: {mean}; no W: {self.unscored}"
        how = "the observed range" if self.open_ended else "the stated scale"
        references = [f"noise floor {self.noise_floor:.3f}"]
        references += [] if self.uniform is None else [f"uniform baseline {self.uniform:.3f}"]
        return f"{self.label}: W = {self.w:.3f}{_within(self.interval)} by {how}; {', '.join(references)}"


@dataclass(frozen=True)
class EffectRow:
    """The effect of another arm: its mean minus the first arm's, in percent of the scale's width. If the outcome is
    open-ended: its median minus the first arm's, in the unit of the answers.
    """

    cell: Cell
    predicted: float
    predicted_interval: Interval
    """95 %, over samples of simulated people; it does not cover the error of the model."""
    actual: float | None
    """None if fewer than two people answered one of the two arms."""
    actual_interval: Interval | None

    @property
    def label(self) -> str:
        """The other arm's condition."""
        return self.cell.condition_label


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
    profiles: pl.DataFrame
    """The simulated people of the first arm: participant_id of the observed person, the attributes as put to the
    model, predicted_mean (null if the outcome is open-ended), simulated_answer (one draw from the person's
    distribution, or the number; null if it is invalid)."""
    notes: tuple[str, ...]
    """Notes for the reader: which cells are the arms, which people had to be made up."""

    def __str__(self) -> str:
        """The arms with their W, the effects of the conditions, and the notes."""
        adapter = f" with {self.model.adapter}" if self.model.adapter else ""
        title = " ".join(self.study.title.split())
        lines = [f"{title}: {self.request.n:,} simulated people in each condition, by {self.model.name}{adapter}"]
        lines += [f"  {arm}" for arm in self.arms]
        unit = "in the median" if self.arms[0].open_ended else "% of the scale"
        for one in self.effects:
            actual = "none" if one.actual is None else f"{one.actual:+.1f}{_within(one.actual_interval, 1)}"
            predicted = f"{one.predicted:+.1f}{_within(one.predicted_interval, 1)}"
            lines.append(f"  {one.label} against {self.arms[0].label}, {unit}: predicted {predicted}, actual {actual}")
        lines += [f"  {note}" for note in self.notes]
        lines += ["  The demo model knows nothing about the world: these figures are not science."] * self.model.demo
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class ArmResults:
    """The results of all arms of an outcome."""

    arms: list[ArmResult]
    effects: list[EffectRow]
    profiles: pl.DataFrame
    """As in `Simulation`."""
    notes: tuple[str, ...] = ()
    """What is to be said of how they were obtained."""


def _within(interval: Interval | None, digits: int = 3) -> str:
    """` (95 % interval 0.106 to 0.121)`, nothing where there is none."""
    return "" if interval is None else f" (95 % interval {interval.low:.{digits}f} to {interval.high:.{digits}f})"
