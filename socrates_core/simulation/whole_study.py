"""Every outcome of one study, simulated in every condition."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerModel, NumberModel
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import simulate
from socrates_core.study.studies import Outcome, Studies

MOST_ARMS = 32
"""As many conditions as a study file can have."""


@dataclass(frozen=True)
class Sampling:
    """How people and answers are drawn."""

    people: int = 200
    """Simulated people in each condition, 1 to 10,000."""
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class OutcomeResult:
    """The prediction of one outcome."""

    outcome: Outcome
    simulation: Simulation | None
    """The first condition, which is the control of a study file, is the first arm; None if it cannot be predicted."""
    refused: str | None
    """Why it cannot be predicted, in a sentence."""

    @property
    def name(self) -> str:
        """The outcome's name in its study file, else its question."""
        return self.outcome.name or self.outcome.question


def simulate_study(
    studies: Studies,
    model: AnswerModel,
    sampling: Sampling,
    progress: Callable[[int, int], None] | None = None,
    keep_answers: bool = False,
) -> tuple[OutcomeResult, ...]:
    """Predict every outcome of the only study; an open-ended one only if the model can write numbers.

    Args:
        studies: One study, as `read_study` gives it.
        model: The model that predicts.
        sampling: How people and answers are drawn; the same people in every condition and outcome.
        progress: Called with (personas predicted so far, personas in all), over all outcomes.
        keep_answers: Whether the results hold what every person answers, see `simulate`.

    Raises:
        StudyFolderError: If there is more than one study.
        PopulationError: If nobody can take part.
        ModelError: If the model fails, or no outcome can be predicted by it.
        SocratesError: If a number is out of range.
    """
    asked = studies.outcomes()
    can = [one.scale.values is not None or isinstance(model, NumberModel) for one in asked]
    found = []
    for place, (outcome, able) in enumerate(zip(asked, can, strict=True)):
        if not able:
            refused = f"It is open-ended, and {model.description.name} can only choose among options."
            found.append(OutcomeResult(outcome, None, refused))
            continue
        cell = studies.find(outcome=outcome.number)
        request = SimulationRequest(
            cell.cell_id,
            n=sampling.people,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=sampling.seed,
            max_arms=MOST_ARMS,
        )
        report = None if progress is None else _share(progress, sum(can[:place]), sum(can))
        simulated = simulate(studies, model, request, report, keep_answers)
        # what weights do to the people
        told = replace(simulated, notes=tuple(dict.fromkeys([*studies.manifest.notes, *simulated.notes])))
        found.append(OutcomeResult(outcome, told, None))
    if not any(can):
        raise ModelError(
            f"all outcomes are open-ended, and {model.description.name} can only choose among options; choose a "
            "language model that runs on this machine, or give the outcomes scales"
        )
    return tuple(found)


def _share(progress: Callable[[int, int], None], before: int, outcomes: int) -> Callable[[int, int], None]:
    """The progress of one outcome as that of all, as if each had as many personas."""
    return lambda done, total: progress(before * total + done, outcomes * total)
