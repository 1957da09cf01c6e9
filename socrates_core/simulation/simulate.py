"""One outcome of one study, simulated in every arm: predicted and actual answers.

The people of each arm are simulated from the people who answered that arm, so that predicted and actual answers are
those of the same group. If the edited group is not among them, they are drawn from all participants of the study,
and there are no actual answers to compare with.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.metrics.cell.comparison import LEAST, Comparison, cell_rng, compare, people_worth
from socrates_core.metrics.uncertainty import GroupAnswers, difference_interval, mean_interval
from socrates_core.model.answer_model import AnswerModel, check_numbers, check_request
from socrates_core.people.population import check_edits
from socrates_core.scale.distribution import AnswerDistribution, Floats, option_values, sample, with_temperature
from socrates_core.simulation.arm import BATCH, ArmPeople, ArmProgress, Progress, draw_arm, profile_table
from socrates_core.simulation.number_arm import simulate_numbers
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import ArmResult, ArmResults, EffectRow, Score, Simulation
from socrates_core.study.study_set import Cell, StudySet

__all__ = ["ArmResult", "EffectRow", "Score", "Simulation", "SimulationRequest", "arms_of", "simulate"]


def simulate(
    studies: StudySet,
    model: AnswerModel,
    request: SimulationRequest,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Simulate an outcome in every arm of its study. The same request gives the same result.

    Args:
        studies: The studies that hold the cell.
        model: The model that predicts.
        request: The outcome and how to simulate it.
        progress: Called with (personas predicted so far, personas in all).

    Raises:
        StudyFolderError: If there is no such cell.
        PopulationError: If the edits do not fit this study, or no person is left after them.
        ModelError: If the outcome is open-ended and the model cannot write numbers, or writes none.
    """
    chosen = studies.cell(request.cell_id)
    participants = studies.participants_of(chosen.study_id)
    check_edits(participants, request.edits)
    cells, notes = arms_of(studies.cells_of(chosen.study_id), chosen, request.max_arms)
    arms = [draw_arm(studies, participants, cell, request) for cell in cells]
    if chosen.scale.values is None:
        made = simulate_numbers(check_numbers(model, chosen), arms, request, progress)
    else:
        check_request(chosen, [{}])
        made = _simulate_options(model, arms, request, progress)
    return Simulation(
        request=request,
        study=studies.study(chosen.study_id),
        model=model.description,
        arms=tuple(made.arms),
        effects=tuple(made.effects),
        profiles=made.profiles,
        notes=tuple(dict.fromkeys([*notes, *(note for arm in arms for note in arm.notes), *made.notes])),
    )


def _simulate_options(
    model: AnswerModel, arms: Sequence[ArmPeople], request: SimulationRequest, progress: Progress | None
) -> ArmResults:
    tracker = ArmProgress(sum(len(arm.personas) for arm in arms), progress)
    results, tables = [], []
    sampled: list[int] = []
    for arm in arms:
        probs, mass, answers = _predict(model, arm, tracker)
        sampled += answers
        rows = with_temperature(probs, request.temperature, request.top_p)[arm.which]
        results.append(_arm_result(arm, rows, mass[arm.which], request))
        tables.append(rows)
    effects = [_effect(arms, results, tables, i, request.seed) for i in range(1, len(arms))]
    values = option_values(arms[0].cell.scale)
    draws = sample(tables[0], values, np.random.default_rng([request.seed, 3]))
    table = profile_table(arms[0], pl.Series(tables[0] @ values), pl.Series(draws))
    return ArmResults(results, effects, table, _sampling_note(sampled))


def arms_of(cells: Sequence[Cell], chosen: Cell, max_arms: int) -> tuple[list[Cell], list[str]]:
    """The cells that ask the chosen cell's outcome in each condition, the chosen one first, and notes.

    If a condition has several texts under one task number, its arm is the text with the most words in common with the
    chosen one (shared words over all words, repeated words counted; the lowest cell id among equals).
    """
    by_condition: dict[int, list[Cell]] = {}
    for cell in cells:
        if cell.task_num == chosen.task_num and cell.condition_num != chosen.condition_num:
            by_condition.setdefault(cell.condition_num, []).append(cell)
    notes = []
    more = sum(cell.task_num == chosen.task_num and cell.condition_num == chosen.condition_num for cell in cells) - 1
    if more:
        notes.append(
            f"{chosen.condition_label} has {more} more texts for this outcome; only the chosen one is simulated."
        )
    several = [group[0].condition_label for group in by_condition.values() if len(group) > 1]
    if several:
        named = ", ".join(several[:3]) + (f" and {len(several) - 3} more" if len(several) > 3 else "")
        notes.append(
            f"Several texts belong to this outcome in {named}: for each condition, the text closest in wording to the "
            "chosen one is used."
        )
    others = [max(group, key=lambda cell: (_likeness(chosen, cell), -cell.cell_id)) for group in by_condition.values()]
    open_ended = chosen.scale.values is None
    alike = [cell for cell in others if (cell.scale.values is None) == open_ended]
    if len(alike) < len(others):
        kind = "a bounded scale" if open_ended else "no bounded scale"
        notes.append(f"Left out because their outcome has {kind}: {len(others) - len(alike)} of the other conditions.")
    arms = [chosen, *alike]
    if len(arms) > max_arms:
        notes.append(f"The study has {len(arms)} conditions with this outcome; the first {max_arms} are simulated.")
    if any(cell.scale.values != chosen.scale.values for cell in arms[:max_arms]):
        notes.append("The conditions have different answer scales; means are compared in percent of each scale.")
    return arms[:max_arms], notes


def _likeness(a: Cell, b: Cell) -> float:
    ours, theirs = Counter(a.stimulus.lower().split()), Counter(b.stimulus.lower().split())
    return (ours & theirs).total() / max(1, (ours | theirs).total())


# -- one arm -----------------------------------------------------------------------------------------------------


def _predict(model: AnswerModel, arm: ArmPeople, tracker: ArmProgress) -> tuple[Floats, Floats, list[int]]:
    """Probabilities and mass on the scale of each persona, and of the sampled ones the answers that they rest on."""
    probs, mass = [], []
    sampled: list[int] = []
    tracker(0)
    for start in range(0, len(arm.personas), BATCH):
        batch = arm.personas[start : start + BATCH]
        answer = model.answer_distributions(arm.cell, batch)
        probs.append(answer.probs)
        mass.append(answer.on_scale_mass)
        if answer.answers is not None:
            sampled += answer.answers[answer.answers > 0].tolist()
        tracker(start + len(batch))
    tracker.finish(len(arm.personas))
    return np.concatenate(probs).astype(np.float64), np.concatenate(mass).astype(np.float64), sampled


def _sampling_note(sampled: Sequence[int]) -> tuple[str, ...]:
    """What sampled distributions rest on; nothing where none is sampled."""
    if not sampled:
        return ()
    each = f"{min(sampled)}" if min(sampled) == max(sampled) else f"{min(sampled)} to {max(sampled)}"
    return (
        f"The server gives no probabilities for this scale: {len(sampled):,} people's distributions rest on {each} "
        "sampled answers each, and are that uncertain.",
    )


def _arm_result(arm: ArmPeople, rows: Floats, mass: Floats, request: SimulationRequest) -> ArmResult:
    cell, on, predicted_side = arm.cell, arm.on_scale, arm.predicted(rows)
    mean = arm.shares[arm.compared] @ rows[arm.compared]
    predicted = AnswerDistribution(option_values(cell.scale), mean / mean.sum())
    n_actual = int(on.sum())
    actual, actual_interval, score, unscored, n_effective = None, None, None, None, 0.0
    if n_actual:
        actual = AnswerDistribution.from_responses(arm.responses[on], cell.scale, arm.weights[on])
        n_effective = people_worth(arm.actual, on)
        if len(np.unique(arm.people[on])) < LEAST:
            unscored = "Only one person answered; W cannot be judged from one person."
        else:
            actual_interval = mean_interval(*arm.person_means())
            score = _score(compare(arm.actual, predicted_side, cell_rng(request.seed, cell.cell_id)))
    else:
        unscored = arm.group if len(on) == 0 else "No answer in this group is an option of the scale."
    return ArmResult(
        cell=cell,
        predicted=predicted,
        on_scale_mass=float(np.average(mass, weights=arm.shares)),
        n_predicted=len(rows),
        predicted_mean_interval=mean_interval(rows @ predicted.values, arm.shares),
        n_personas=len(arm.personas),
        actual=actual,
        actual_group=arm.group,
        n_actual=n_actual,
        n_effective=n_effective,
        n_off_scale=int((~on).sum()),
        actual_mean_interval=actual_interval,
        score=score,
        unscored=unscored,
    )


def _score(found: Comparison) -> Score:
    assert found.scale is not None
    assert found.chance is not None
    assert found.verdict is not None
    return Score(
        wasserstein=found.scale.model,
        observed=None if found.observed is None else found.observed.model,
        interval=found.chance.interval,
        noise_floor=found.scale.floor,
        chance_limit=found.chance.limit,
        uniform=found.scale.uniform,
        gain=found.chance.gain,
        split_half=None if math.isnan(found.scale.split_half) else found.scale.split_half,
        verdict=found.verdict,
    )


def _effect(
    arms: Sequence[ArmPeople], results: Sequence[ArmResult], tables: Sequence[Floats], index: int, seed: int
) -> EffectRow:
    first, other = ((arms[i], results[i], tables[i]) for i in (0, index))
    rng = np.random.default_rng([seed, 2, arms[index].cell.cell_id])
    here, there = _simulated_means(*other), _simulated_means(*first)
    predicted = here.mean - there.mean
    predicted_interval = difference_interval(here, there, rng)
    actual, actual_interval = None, None
    if other[1].actual_mean_interval is not None and first[1].actual_mean_interval is not None:
        here, there = _actual_answers(*other[:2]), _actual_answers(*first[:2])
        actual = here.mean - there.mean
        actual_interval = difference_interval(here, there, rng)
    return EffectRow(arms[index].cell, predicted, predicted_interval, actual, actual_interval)


def _simulated_means(arm: ArmPeople, result: ArmResult, rows: Floats) -> GroupAnswers:
    people = arm.population.personas["participant_id"].fill_null(0).to_numpy()[arm.drawn].astype(np.int64)
    return GroupAnswers(people, rows @ _percent(result.predicted.values), arm.shares)


def _actual_answers(arm: ArmPeople, result: ArmResult) -> GroupAnswers:
    on = arm.on_scale
    answers = _percent(result.predicted.values, arm.responses[on])
    return GroupAnswers(arm.people[on].astype(np.int64), answers, arm.weights[on])


def _percent(values: npt.NDArray[np.int64], answers: npt.NDArray[np.int64] | None = None) -> Floats:
    """Answers (the options themselves when None) in percent of the scale's width."""
    low, high = values[0], values[-1]
    return np.asarray(100.0 * ((values if answers is None else answers) - low) / (high - low))
