"""The result of a simulation: distributions, scores, effects and profiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import Verdict
from socrates_core.model.answer_model import NOT_SCIENCE, ModelDescription
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.open_ended import NumberResult
from socrates_core.simulation.person_answers import PersonAnswers
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.subgroups import Subgroup
from socrates_core.study.study_set import Cell, Study


@dataclass(frozen=True)
class Score:
    """How far the prediction of one arm is from people's answers, and the reference values to judge that by."""

    wasserstein: float
    """The Wasserstein distance (W) in [0, 1], by the stated scale."""
    observed: float | None
    """W by the range of the human answers, those off the scale and off the axis included as the numbers they are (the
    paper's convention); None if all agree."""
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


@dataclass(frozen=True)
class NominalScore:
    """How far a prediction is from people's answers if the options have no order. Not a Wasserstein distance."""

    total_variation: float
    """In [0, 1]: the share of people that would have to answer otherwise."""
    noise_floor: float
    """Expected total variation of a perfect prediction with this many people."""
    uniform: float
    """Total variation of the uniform baseline."""


@dataclass(frozen=True)
class OffAxisAnswers:
    """How many people answer off the axis ("don't know"), of all who choose an option."""

    labels: Mapping[int, str]
    """The J options, ascending → their texts, empty if they have none."""
    predicted: tuple[float, ...]
    """(J,) mean predicted probabilities."""
    actual: tuple[float, ...] | None
    """(J,) shares of people's answers; None if nobody answered."""
    n_actual: int
    """Answers off the axis."""


@dataclass(frozen=True)
class OffAxisBounds:
    """What an effect can be on people who would answer on the axis in both arms, see `trimming_bounds`."""

    predicted: Interval
    actual: Interval | None
    """None if nobody answered one of the arms."""


@dataclass(frozen=True, eq=False)
class ArmResult:
    """Predicted and actual answers of one cell."""

    cell: Cell
    predicted: AnswerDistribution
    """Mean of the simulated people's distributions on the axis, after temperature and top_p, each with the probability
    of answering on the axis: Σ p(k) / Σ (1 − p(off the axis)). If the outcome is open-ended:
    shares of the valid sampled numbers, over all numbers that either side gave."""
    on_scale_mass: float
    """In [0, 1]: the mean probability mass on the options (on digits and the end of a number); far below 1, the
    model would have written something else."""
    n_predicted: int
    """Number of simulated people."""
    predicted_mean_interval: Interval
    """95 % interval of the predicted mean over samples of simulated people, in the scale's own numbers."""
    n_personas: int
    """Distinct personas among them."""
    actual: AnswerDistribution | None
    """Shares of the answers of the same group on the axis; None if there are none."""
    actual_group: str
    """The group that gave these answers ("everybody who answered"), or a sentence on why there are none."""
    n_actual: int
    """Answers on the axis in the group."""
    n_effective: float
    """How many equally weighted people they are worth."""
    n_off_scale: int
    """Answers in the group that are no options, on the axis or off it; in no figure but `Score.observed`."""
    actual_mean_interval: Interval | None
    """95 % interval of the actual mean, in the scale's own numbers; None below two people."""
    score: Score | None
    unscored: str | None
    """Why there is no score; None if there is one."""
    numbers: NumberResult | None = None
    """Figures of an open-ended outcome, which has no stated scale and therefore no `score`."""
    off_axis: OffAxisAnswers | None = None
    """Answers off the axis; None if the scale has no such options."""
    nominal: NominalScore | None = None
    """For options without an order, which have no `score`."""
    share_intervals: tuple[Interval, ...] = ()
    """(K,) 95 % interval of each predicted share over samples of simulated people; empty if the outcome is
    open-ended."""
    n_given: int | None = None
    """All answers in the cell, whoever gave them; None in a result saved before they were counted."""

    @property
    def n_outside(self) -> int:
        """Answers in the cell of people outside the group that is compared, or of weight 0."""
        off_axis = self.off_axis.n_actual if self.off_axis else 0
        return 0 if self.n_given is None else self.n_given - self.n_actual - off_axis - self.n_off_scale

    @property
    def predicted_mean(self) -> float:
        """The mean of `predicted`, in the scale's own numbers."""
        return self.cell.scale.unit * self.predicted.mean

    @property
    def actual_mean(self) -> float | None:
        """The mean of `actual`, in the scale's own numbers; None without answers."""
        return None if self.actual is None else self.cell.scale.unit * self.actual.mean

    @property
    def predicted_off_axis(self) -> float:
        """Predicted share of people who answer off the axis, in [0, 1]."""
        return sum(self.off_axis.predicted) if self.off_axis else 0.0

    @property
    def actual_off_axis(self) -> float | None:
        """Share of people who answered off the axis, in [0, 1]; None if nobody answered."""
        if self.off_axis is None:
            return None if self.actual is None else 0.0
        return None if self.off_axis.actual is None else sum(self.off_axis.actual)

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
            if self.nominal is not None:
                found = self.nominal
                return (
                    f"{self.label}: total variation {found.total_variation:.3f}; noise floor {found.noise_floor:.3f}, "
                    f"uniform baseline {found.uniform:.3f}{self._off_axis_words()}"
                )
            if self.cell.scale.nominal:
                k = int(self.predicted.probs.argmax())
                label = self.cell.scale.labels.get(int(self.predicted.values[k]), self.predicted.values[k])
                most = f"most predicted {label!r} ({self.predicted.probs[k]:.1%})"
                return f"{self.label}: {most}; no distance: {self.unscored}{self._off_axis_words()}"
            mean = f"predicted mean {self.predicted_mean:.2f}{_within(self.predicted_mean_interval, 2)}"
            return f"{self.label}: {mean}; no W: {self.unscored}{self._off_axis_words()}"
        how = "the observed range" if self.open_ended else "the stated scale"
        references = [f"noise floor {self.noise_floor:.3f}"]
        references += [] if self.uniform is None else [f"uniform baseline {self.uniform:.3f}"]
        distance = f"W = {self.w:.3f}{_within(self.interval)} by {how}"
        return f"{self.label}: {distance}; {', '.join(references)}{self._off_axis_words()}"

    def _off_axis_words(self) -> str:
        if self.off_axis is None:
            return ""
        names = ", ".join(label or str(option) for option, label in self.off_axis.labels.items())
        actual = "" if self.actual_off_axis is None else f", actual {self.actual_off_axis:.1%}"
        return f"; off the axis ({names}): predicted {self.predicted_off_axis:.1%}{actual}"


@dataclass(frozen=True)
class EffectRow:
    """The effect of an arm: its mean minus the control's, in percent of the scale's width. If the outcome is
    open-ended: its median minus the control's, in the unit of the answers.
    """

    cell: Cell
    predicted: float
    predicted_interval: Interval
    """95 %, over samples of simulated people; it does not cover the error of the model."""
    actual: float | None
    """None if fewer than two people answered one of the two arms."""
    actual_interval: Interval | None
    off_axis: OffAxisBounds | None = None
    """Bounds where people may answer off the axis; None if they cannot."""

    @property
    def label(self) -> str:
        """The arm's condition."""
        return self.cell.condition_label


@dataclass(frozen=True)
class ShareEffect:
    """The effect of an arm where the options have no order: its shares minus the control's."""

    cell: Cell
    predicted: tuple[float, ...]
    """(K,) differences of the predicted shares, in [-1, 1]."""
    intervals: tuple[Interval, ...]
    """(K,) 95 %, over samples of simulated people; they do not cover the error of the model."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """The result of a request."""

    request: SimulationRequest
    study: Study
    model: ModelDescription
    arms: tuple[ArmResult, ...]
    """The chosen cell first, then the control, then the other conditions in order."""
    control: Cell
    """The arm that effects are differences from."""
    effects: tuple[EffectRow, ...]
    """One row for each arm but the control."""
    profiles: pl.DataFrame
    """The simulated people of the first arm: participant_id of the observed person, the attributes as put to the
    model, predicted_mean (null if the outcome is open-ended), simulated_answer (one draw from the person's
    distribution, or the number; null if it is invalid)."""
    notes: tuple[str, ...]
    """Notes for the reader: which cells are the arms, which people had to be made up."""
    share_effects: tuple[ShareEffect, ...] = ()
    """One for each arm but the control if the options have no order; then there are no `effects`."""
    subgroups: tuple[Subgroup, ...] = ()
    """By attribute and value; empty if the options have no order, or nothing is known about the people."""
    answers: tuple[PersonAnswers, ...] = ()
    """(A,) what every simulated person of each arm answers; empty unless it was asked for."""

    def __str__(self) -> str:
        """The arms with their W, the effects of the conditions, and the notes."""
        adapter = f" with {self.model.adapter}" if self.model.adapter else ""
        title = " ".join(self.study.title.split())
        raw = "" if self.model.calibration is None else "; all figures are of raw answers, not of calibrated ones"
        lines = [f"{title}: {self.request.n:,} simulated people in each condition, by {self.model.name}{adapter}{raw}"]
        lines += [f"  {arm}" for arm in self.arms]
        unit = "in the median" if self.arms[0].open_ended else "% of the scale"
        for one in self.effects:
            actual = "none" if one.actual is None else f"{one.actual:+.1f}{_within(one.actual_interval, 1)}"
            predicted = f"{one.predicted:+.1f}{_within(one.predicted_interval, 1)}"
            lines.append(
                f"  {one.label} against {self.control.condition_label}, {unit}: predicted {predicted}, actual {actual}"
            )
            if one.off_axis is not None:
                sides = {"predicted": one.off_axis.predicted, "actual": one.off_axis.actual}
                told = [f"{side} {at.low:+.1f} to {at.high:+.1f}" for side, at in sides.items() if at is not None]
                lines.append(f"    bounds for who answers off the axis in one arm alone: {', '.join(told)}")
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  {NOT_SCIENCE}"] * self.model.demo
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class ArmResults:
    """The results of all arms of an outcome."""

    arms: list[ArmResult]
    effects: list[EffectRow]
    profiles: pl.DataFrame
    """As in `Simulation`."""
    share_effects: list[ShareEffect] = field(default_factory=list)
    subgroups: tuple[Subgroup, ...] = ()
    notes: tuple[str, ...] = ()
    """What is to be said of how they were obtained."""
    answers: tuple[PersonAnswers, ...] = ()
    """As in `Simulation`."""


def _within(interval: Interval | None, digits: int = 3) -> str:
    """` (95 % interval 0.106 to 0.121)`, nothing where there is none."""
    return "" if interval is None else f" (95 % interval {interval.low:.{digits}f} to {interval.high:.{digits}f})"
