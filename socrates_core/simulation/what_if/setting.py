"""One of the settings that are compared: a study, a model, and how people and answers are drawn."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from socrates_core.model.answer_model import AnswerModel
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.whole_study import OutcomeResult, Sampling, simulate_study
from socrates_core.study.studies import Studies


@dataclass(frozen=True, eq=False)
class Setting:
    """What is to be predicted, by which model, for whom."""

    studies: Studies
    """One study, as `read_study` gives it."""
    model: AnswerModel
    sampling: Sampling = field(default_factory=Sampling)
    name: str = ""
    """What reports call it; if no setting has a name, they are named after what sets them apart."""


@dataclass(frozen=True, eq=False)
class PredictedSetting:
    """A setting with its prediction."""

    name: str
    found: tuple[OutcomeResult, ...]
    """Every outcome, with what each simulated person answers (`Simulation.answers`)."""
    population: str
    """Equal for settings in which the same people can take part, see `population_digest`."""

    @property
    def predicted(self) -> tuple[Simulation, ...]:
        """The outcomes that the model can predict."""
        return tuple(one.simulation for one in self.found if one.simulation is not None)

    @property
    def first(self) -> Simulation:
        """The first of them; all have the same model and sampling."""
        return self.predicted[0]

    @property
    def size(self) -> int:
        """How many numbers are held for its people."""
        return sum(answers.size for simulation in self.predicted for answers in simulation.answers)


def predict_setting(setting: Setting, progress: Callable[[int, int], None] | None = None) -> PredictedSetting:
    """Predict every outcome of a setting's study, and keep what every person answers.

    Raises:
        SocratesError: As for `simulate_study`.
    """
    found = simulate_study(setting.studies, setting.model, setting.sampling, progress, keep_answers=True)
    return PredictedSetting(setting.name, found, population_digest(setting.studies.participants))


def population_digest(participants: pl.DataFrame) -> str:
    """sha256 over the people who can be drawn: ids, attributes and weights, whatever study they take part in."""
    people = participants.drop("study_id")
    columns = "\n".join(f"{name} {dtype}" for name, dtype in people.schema.items())
    rows = people.hash_rows(seed=0).to_numpy().tobytes()
    return hashlib.sha256(columns.encode() + b"\n" + rows).hexdigest()
