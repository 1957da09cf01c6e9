"""What a simulation is asked and what it gives."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import polars as pl

from socrates_core.distribution import AnswerDistribution
from socrates_core.errors import SocratesError
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.verdict import Verdict
from socrates_core.model.answer_model import ModelDescription
from socrates_core.open_ended import NumberResult
from socrates_core.population import Edit, edits_from_json, edits_to_json
from socrates_core.study import Cell, Study

MAX_PARTICIPANTS: Final = 10_000


@dataclass(frozen=True)
class SimulationRequest:
    """Everything needed to repeat a simulation with the same studies and model."""

    cell_id: int
    """The outcome, in the arm that comes first."""
    edits: tuple[Edit, ...] = ()
    """Who takes part; () for the observed participants."""
    n: int = 200
    """Simulated participants in each arm, 1 to 10,000."""
    temperature: float = 1.0
    """≥ 0, applied to each participant's distribution (to each token of a number where the outcome is open-ended); 1
    leaves it as the model gives it."""
    top_p: float = 1.0
    """In (0, 1]: the share of each participant's most likely answers (of a number's most likely tokens) that stays."""
    seed: int = 0
    """≥ 0."""
    max_arms: int = 12
    """How many arms are simulated; some studies have a hundred."""

    def __post_init__(self) -> None:
        checks = {
            "cell_id": (_whole(self.cell_id) and self.cell_id >= 0, "the id of a cell"),
            "n": (_whole(self.n) and 1 <= self.n <= MAX_PARTICIPANTS, f"a whole number from 1 to {MAX_PARTICIPANTS:,}"),
            "temperature": (_real(self.temperature) and 0 <= self.temperature <= 10, "a number from 0 to 10"),
            "top_p": (_real(self.top_p) and 0 < self.top_p <= 1, "a number above 0 and up to 1"),
            "seed": (_whole(self.seed) and 0 <= self.seed < 2**63, "a whole number of 0 or more"),
            "max_arms": (_whole(self.max_arms) and self.max_arms >= 1, "a whole number of 1 or more"),
        }
        for name, (fits, expected) in checks.items():
            if not fits:
                raise SocratesError(f"{name}: expected {expected}, got {getattr(self, name)!r}")

    def to_json(self) -> dict[str, Any]:
        """As dictionaries, lists, strings and numbers."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**plain, "edits": edits_to_json(self.edits)}

    @classmethod
    def from_json(cls, raw: object) -> "SimulationRequest":
        """Read what `to_json` gave; fields that are absent have their defaults.

        Raises:
            SocratesError: If a field is unknown or its value does not fit; names the field.
        """
        if not isinstance(raw, Mapping) or "cell_id" not in raw:
            raise SocratesError("a simulation request is an object with at least the field cell_id")
        unknown = sorted(set(raw) - {field.name for field in fields(cls)}, key=str)
        if unknown:
            raise SocratesError(f"a simulation request has no field {unknown[0]!r}")
        return cls(**{**raw, "edits": edits_from_json(raw.get("edits", []))})


@dataclass(frozen=True)
class Score:
    """How far the prediction of one arm is from what people answered, and what that is worth."""

    wasserstein: float
    """In [0, 1], by the stated scale."""
    observed: float | None
    """By the range of the human answers, off-scale ones included (the paper's convention); None where all agree."""
    interval: Interval
    """95 % interval of `wasserstein` over who happened to be asked and simulated."""
    noise_floor: float
    """The distance a perfect prediction would be expected to have with this many people."""
    chance_limit: float
    """What the distance stays under 19 times in 20 if people answer exactly as predicted."""
    uniform: float
    """The distance of guessing evenly."""
    gain: Interval
    """95 % interval of `uniform` − `wasserstein`; above 0 the prediction is closer than guessing evenly."""
    split_half: float | None
    """The distance that two samples of this many people have from each other; None below 4 people."""
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class ArmResult:
    """Predicted and actual answers of one cell."""

    cell: Cell
    predicted: AnswerDistribution
    """Mean of the simulated participants' distributions, after temperature and top_p. Where the outcome is open-ended:
    shares of the valid sampled numbers, over all numbers that either side gave."""
    on_scale_mass: float
    """In [0, 1]: the mean mass that the model put on the options (on digits and the end of a number); far below 1 it
    was about to write something else."""
    n_predicted: int
    """Simulated participants."""
    predicted_mean_interval: Interval
    """95 % interval of the predicted mean over who is simulated, in points of the scale."""
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
    """Answers in the group that are no option of the scale; in no figure but `Score.observed`."""
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
    """95 %, over who is simulated; it knows nothing of how wrong the model is."""
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
    """The simulated participants of the first arm: participant_id of the observed person, the attributes as put to the
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


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
