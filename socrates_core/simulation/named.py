"""One outcome of one study, simulated by the names of study, outcome and condition."""

from collections.abc import Callable
from dataclasses import replace

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.people.taking_part import Population
from socrates_core.simulation.request import MAX_PEOPLE, SimulationRequest
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import simulate as simulate_request
from socrates_core.study.studies import Studies

OWN_PEOPLE = "The people are your own personas, so there are no actual answers to compare with the prediction."


def simulate(
    studies: Studies,
    model: AnswerModel,
    study: str | None = None,
    *,
    outcome: str | int | None = None,
    condition: str | int | None = None,
    people: int = 200,
    population: Population | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int = 0,
    max_conditions: int = 12,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Predict what people answer in every condition of a study, next to what they answered, as the page does.

    >>> from socrates_core import Population, load_model, load_studies, simulate
    >>> studies, model = load_studies("bundled"), load_model("uniform")
    >>> result = simulate(studies, model, study="gss-welfare", people=100)
    >>> for arm in result.arms:
    ...     print(f"{arm.label}: W = {arm.w:.3f} ({arm.interval.low:.3f} to {arm.interval.high:.3f})")
    Welfare: W = 0.074 (0.064 to 0.084)
    Assistance to the poor: W = 0.317 (0.308 to 0.326)
    >>> democrats = Population().keep(party_id="Democrat")
    >>> simulate(studies, model, study="gss-welfare", people=100, population=democrats).arms[0].actual_group
    'the people whose party identification is Democrat'

    Args:
        studies: From `load_studies` or `read_study`.
        model: From `load_model`.
        study: Its id; optional if there is only one.
        outcome: Its name, a unique part of its question, or its number; optional if the study has only one.
        condition: The condition that the others are compared with: its label, a part of it, or its number; the first
            (the control of a study file) when None.
        people: Simulated people in each condition, 1 to 10,000.
        population: The people to simulate; the observed people when None. If a condition has no answers, they are
            drawn from all participants of the study.
        temperature: 0 to 10, applied to each person's answer distribution; 1 leaves it unchanged.
        top_p: In (0, 1]: the share of each person's most likely answers that is kept.
        seed: 0 or more. The same arguments give the same result.
        max_conditions: Simulate at most this many; a note reports when a study has more.
        progress: Called with (personas predicted so far, personas in all).

    Returns:
        `arms` with W, its interval and noise floor, the chosen condition first; `effects` of the others against it.
        Printing the result gives a summary, with how far off it may be in a sentence; `how_far_off` is all that can be
        said of that.

    Raises:
        StudyFolderError: If no study, outcome or condition, or more than one, has this name.
        PopulationError: If the population does not fit this study, or no person is left in it.
        ModelError: If the outcome is open-ended and the model cannot write numbers.
        SocratesError: If a number is out of range.
    """
    if isinstance(people, bool) or not isinstance(people, int) or not 1 <= people <= MAX_PEOPLE:
        raise SocratesError(f"people: expected a whole number from 1 to {MAX_PEOPLE:,}, got {people!r}")
    cell = studies.find(study, condition=condition, outcome=outcome)
    who = population or Population()
    control = None if condition is None else cell.condition_num
    request = SimulationRequest(cell.cell_id, who.edits, people, temperature, top_p, seed, max_conditions, control)
    if who.personas is None:
        return simulate_request(studies, model, request, progress)
    alone = studies.select([cell.study_id])
    own = replace(alone, participants=who.people(cell.study_id), responses=alone.responses.clear())
    result = simulate_request(own, model, request, progress)
    # the study's participants may have answered, but these personas have not
    arms = tuple(replace(arm, actual_group=OWN_PEOPLE, unscored=OWN_PEOPLE) for arm in result.arms)
    return replace(result, arms=arms, notes=(*result.notes, OWN_PEOPLE))
