"""One outcome of one study, simulated in every arm: predicted and actual answers.

The people of each arm are simulated from the people who answered that arm, so that predicted and actual answers are
those of the same group. If the edited group is not among them, they are drawn from all participants of the study,
and there are no actual answers to compare with.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from socrates_core.errors import ModelError, SocratesError
from socrates_core.metrics.cell.comparison import (
    LEAST,
    Comparison,
    Distances,
    cell_rng,
    compare,
    observed_distances,
    people_worth,
)
from socrates_core.metrics.effects import WORDING_CONTRAST
from socrates_core.metrics.uncertainty import Interval, mean_interval
from socrates_core.model.answer_model import AnswerModel, Method, check_numbers, check_request
from socrates_core.people.population import check_edits
from socrates_core.scale.distribution import (
    AnswerDistribution,
    Floats,
    SplitOptions,
    all_options,
    option_values,
    sample,
    split_options,
    with_temperature,
)
from socrates_core.simulation.arm import (
    BATCH,
    ArmPeople,
    ArmProgress,
    Progress,
    draw_arm,
    profile_table,
    repeated_words,
)
from socrates_core.simulation.effects import arm_values, effect_of, share_effect
from socrates_core.simulation.method_notes import method_notes
from socrates_core.simulation.number_arm import simulate_numbers
from socrates_core.simulation.person_answers import person_answers
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import (
    ArmResult,
    ArmResults,
    EffectRow,
    NominalScore,
    OffAxisAnswers,
    Score,
    Simulation,
)
from socrates_core.simulation.subgroups import subgroups_of
from socrates_core.study.study_file.population.weighting import TO_SHARES
from socrates_core.study.study_set import Cell, StudySet

__all__ = ["ArmResult", "EffectRow", "Score", "Simulation", "SimulationRequest", "arms_of", "control_of", "simulate"]


NO_ORDER = "The options have no order, so there is no Wasserstein distance; see the total variation."


def simulate(
    studies: StudySet,
    model: AnswerModel,
    request: SimulationRequest,
    progress: Callable[[int, int], None] | None = None,
    keep_answers: bool = False,
) -> Simulation:
    """Simulate an outcome in every arm of its study. The same request gives the same result.

    Args:
        studies: The studies that hold the cell.
        model: The model that predicts.
        request: The outcome and how to simulate it.
        progress: Called with (personas predicted so far, personas in all).
        keep_answers: Whether the result holds what every person of every arm answers, to compare settings by person.

    Raises:
        StudyFolderError: If there is no such cell.
        SocratesError: If the study has no condition of the control's number.
        PopulationError: If the edits do not fit this study, or no person is left after them.
        ModelError: If the outcome is open-ended and the model cannot write numbers, or writes none.
    """
    chosen = studies.cell(request.cell_id)
    participants = studies.participants_of(chosen.study_id)
    check_edits(participants, request.edits)
    control = _checked_control(studies, chosen, request.control)
    cells, notes = arms_of(studies.cells_of(chosen.study_id), chosen, request.max_arms, control)
    if control not in {cell.condition_num for cell in cells}:
        stands_in = cells[_place(cells, control)].condition_label
        notes.append(f"The control does not have this outcome: effects are differences from {stands_in}.")
    notes += _in_other_texts(studies, chosen, cells)
    arms = _draw_arms(studies, participants, cells, request)
    weighted = [note for note in studies.manifest.notes if TO_SHARES in note]
    told = _by_condition(arms, [arm.notes for arm in arms])
    if chosen.scale.values is None:
        made = simulate_numbers(check_numbers(model, chosen), arms, request, _place(cells, control), progress)
    else:
        check_request(chosen, [{}])
        told += _by_condition(arms, [repeated_words(arm) for arm in arms])
        made = _simulate_options(model, arms, request, _place(cells, control), progress)
    return Simulation(
        request=request,
        study=studies.study(chosen.study_id),
        model=model.description,
        arms=tuple(made.arms),
        control=cells[_place(cells, control)],
        effects=tuple(made.effects),
        profiles=made.profiles,
        notes=tuple(dict.fromkeys([*weighted, *notes, *told, *made.notes])),
        share_effects=tuple(made.share_effects),
        subgroups=made.subgroups,
        answers=made.answers if keep_answers else (),
    )


def _in_other_texts(studies: StudySet, chosen: Cell, arms: Sequence[Cell]) -> list[str]:
    """A note where answers to the chosen outcome are in cells that are no arm, so that they are not compared."""
    asked = [cell for cell in studies.cells_of(chosen.study_id) if cell.task_num == chosen.task_num]
    if len(asked) == len(arms):
        return []
    given = sum(len(studies.answers(cell.cell_id).responses) for cell in asked)
    here = sum(len(studies.answers(cell.cell_id).responses) for cell in arms)
    if given == here:
        return []
    return [
        f"The conditions shown hold {here:,} of the {given:,} human answers to this outcome; the others are in its "
        "other texts and conditions."
    ]


def _by_condition(arms: Sequence[ArmPeople], notes: Sequence[Sequence[str]]) -> list[str]:
    """The notes on arms; one that is not on all of them names its condition."""
    common = set(notes[0]).intersection(*notes[1:])
    return [
        note if note in common else f"{arm.cell.condition_label}: {note}"
        for arm, own in zip(arms, notes, strict=True)
        for note in own
    ]


def _draw_arms(
    studies: StudySet, participants: pl.DataFrame, cells: Sequence[Cell], request: SimulationRequest
) -> list[ArmPeople]:
    """The people of every arm; in a study that nobody has answered they are the same, and drawn once."""
    if len(studies.responses):
        return [draw_arm(studies, participants, cell, request) for cell in cells]
    first = draw_arm(studies, participants, cells[0], request)
    return [replace(first, cell=cell) for cell in cells]


def _simulate_options(
    model: AnswerModel, arms: Sequence[ArmPeople], request: SimulationRequest, control: int, progress: Progress | None
) -> ArmResults:
    tracker = ArmProgress(sum(len(arm.personas) for arm in arms), progress)
    results, tables, answers_by_arm = [], [], []
    sampled: list[int] = []
    methods: set[Method] = set()
    for arm in arms:
        probs, mass, answers, used = _predict(model, arm, tracker)
        sampled += answers
        methods |= used
        profiles = with_temperature(probs, request.temperature, request.top_p)
        answers_by_arm.append(person_answers(arm, profiles, arm.which))
        rows = profiles[arm.which]
        results.append(_arm_result(arm, rows, mass[arm.which], request))
        tables.append(rows)
    ordered = not any(arm.cell.scale.nominal for arm in arms)
    others = [place for place in range(len(arms)) if place != control]
    effects = [effect_of(arms, results, answers_by_arm, control, other) for other in others if ordered]
    scale = arms[0].cell.scale
    draws = sample(tables[0], all_options(scale), np.random.default_rng([request.seed, 3]))
    split = split_options(tables[0], scale)
    means = np.where(split.substance > 0, scale.unit * (split.on_axis @ option_values(scale)), np.nan)
    table = profile_table(
        arms[0],
        pl.Series([None] * len(means), dtype=pl.Float64) if scale.nominal else pl.Series(means).fill_nan(None),
        pl.Series(draws if scale.unit == 1 else draws * scale.unit),
    )
    shares = [share_effect(answers_by_arm, results[other], control, other) for other in others if not ordered]
    groups = [arm_values(arm, rows) for arm, rows in zip(arms, tables, strict=True)] if ordered else []
    return ArmResults(
        arms=results,
        effects=effects,
        profiles=table,
        share_effects=shares,
        subgroups=subgroups_of(groups) if groups else (),
        notes=method_notes(methods, sampled),
        answers=tuple(answers_by_arm),
    )


def control_of(studies: StudySet, chosen: Cell) -> int:
    """The condition of the chosen cell's outcome that others are compared with: the first that two people answered.

    An evaluation compares with the same one. Where nobody has answered, it is the first.
    """
    cells = [cell for cell in studies.cells_of(chosen.study_id) if cell.task_num == chosen.task_num]
    for number in sorted({cell.condition_num for cell in cells}):
        asked = [studies.answers(cell.cell_id).participant_ids for cell in cells if cell.condition_num == number]
        if len(np.unique(np.concatenate(asked))) >= LEAST:
            return number
    return min(cell.condition_num for cell in cells)


def arms_of(
    cells: Sequence[Cell], chosen: Cell, max_arms: int, control: int | None = None
) -> tuple[list[Cell], list[str]]:
    """The cells that ask the chosen cell's outcome in each condition, the chosen one first, and notes.

    The control comes second where the chosen arm is another one, so that it is never among those left out.

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
    arms = [chosen, *sorted(alike, key=lambda cell: cell.condition_num != control)]
    if len(arms) > max_arms:
        notes.append(f"The study has {len(arms)} conditions with this outcome; the first {max_arms} are simulated.")
    if any(
        (cell.scale.values, cell.scale.unit) != (chosen.scale.values, chosen.scale.unit) for cell in arms[:max_arms]
    ):
        notes.append("The conditions have different answer scales; means are compared in percent of each scale.")
    if len(arms) > 1 and chosen.wording_contrast:
        notes.append(
            f"The effects are a {WORDING_CONTRAST}: the conditions ask different questions, and a higher answer may "
            "mean the opposite."
        )
    return arms[:max_arms], notes


def _checked_control(studies: StudySet, chosen: Cell, asked: int | None) -> int:
    if asked is None:
        return control_of(studies, chosen)
    if asked not in {cell.condition_num for cell in studies.cells_of(chosen.study_id)}:
        raise SocratesError(f"control: study {chosen.study_id} has no condition {asked}")
    return asked


def _place(arms: Sequence[Cell], control: int) -> int:
    """Place of the control among the arms; if it does not have this outcome, that of the first condition that does."""
    numbers = [cell.condition_num for cell in arms]
    return numbers.index(control if control in numbers else min(numbers))


def _likeness(a: Cell, b: Cell) -> float:
    ours, theirs = Counter(a.stimulus.lower().split()), Counter(b.stimulus.lower().split())
    return (ours & theirs).total() / max(1, (ours | theirs).total())


# -- one arm -----------------------------------------------------------------------------------------------------


def _predict(model: AnswerModel, arm: ArmPeople, tracker: ArmProgress) -> tuple[Floats, Floats, list[int], set[Method]]:
    """Probabilities and mass on the scale of each persona, of the sampled ones the answers that they rest on, and the
    methods.
    """
    probs, mass = [], []
    sampled: list[int] = []
    methods: set[Method] = set()
    tracker(0)
    for start in range(0, len(arm.personas), BATCH):
        batch = arm.personas[start : start + BATCH]
        answer = model.answer_distributions(arm.cell, batch)
        probs.append(answer.probs)
        mass.append(answer.on_scale_mass)
        methods.add(answer.method)
        if answer.answers is not None:
            sampled += answer.answers[answer.answers > 0].tolist()
        tracker(start + len(batch))
    tracker.finish(len(arm.personas))
    return np.concatenate(probs).astype(np.float64), np.concatenate(mass).astype(np.float64), sampled, methods


def _arm_result(arm: ArmPeople, rows: Floats, mass: Floats, request: SimulationRequest) -> ArmResult:
    cell, on, split = arm.cell, arm.on_scale, split_options(rows, arm.cell.scale)
    side, unit = arm.predicted(split), arm.cell.scale.unit
    if not side.compared.any():
        raise ModelError(
            f"{cell.condition_label}: the model puts all probability on {', '.join(cell.scale.off_axis.values())}, "
            "none on an answer. Choose a higher temperature or top-p, or another model"
        )
    mean = side.weights[side.compared] @ split.on_axis[side.compared]
    predicted = AnswerDistribution(option_values(cell.scale), mean / mean.sum())
    n_actual = int(on.sum())
    actual, actual_interval, score, unscored, n_effective, apart = None, None, None, None, 0.0, None
    if n_actual:
        actual = AnswerDistribution.from_responses(arm.responses[on], cell.scale, arm.weights[on])
        n_effective = people_worth(arm.actual, arm.actual.on_scale)
        if len(np.unique(arm.people[on])) < LEAST:
            unscored = "Only one person answered; W cannot be judged from one person."
        else:
            actual_interval = mean_interval(*arm.person_means(), actual.values).times(unit)
            found = compare(arm.actual, side, cell_rng(request.seed, cell.cell_id), nominal=cell.scale.nominal)
            if found.nominal is not None:
                apart, unscored = found.nominal, NO_ORDER
            else:
                numbers = observed_distances(*arm.as_numbers(rows)) if cell.scale.off_axis else found.observed
                score = _score(found, numbers)
    else:
        where = "on the axis of the scale" if arm.off_axis.any() else "an option of the scale"
        unscored = arm.group if len(on) == 0 else f"No answer in this group is {where}."
    return ArmResult(
        cell=cell,
        predicted=predicted,
        on_scale_mass=float(np.average(mass, weights=arm.shares)),
        n_predicted=len(rows),
        predicted_mean_interval=mean_interval(*arm.by_person(split.on_axis @ predicted.values, side.weights)).times(
            unit
        ),
        n_personas=len(arm.personas),
        actual=actual,
        actual_group=arm.group,
        n_actual=n_actual,
        n_effective=n_effective,
        n_off_scale=int((~on & ~arm.off_axis).sum()),
        actual_mean_interval=actual_interval,
        score=score,
        unscored=unscored,
        off_axis=_off_axis(arm, split),
        share_intervals=_share_intervals(arm, split.on_axis, side.weights),
        nominal=None if apart is None else NominalScore(apart.model, apart.floor, apart.uniform),
        n_given=arm.n_given,
    )


def _share_intervals(arm: ArmPeople, rows: Floats, weights: Floats) -> tuple[Interval, ...]:
    shares, worth = arm.by_person(rows, weights)
    found = (mean_interval(shares[:, k], worth) for k in range(rows.shape[1]))
    return tuple(Interval(max(0.0, one.low), min(1.0, one.high)) for one in found)


def _off_axis(arm: ArmPeople, split: SplitOptions) -> OffAxisAnswers | None:
    """The shares off the axis; None if the scale has no such options."""
    if split.off_axis is None:
        return None
    used = arm.compared
    predicted = arm.shares[used] @ split.off_axis[used] / arm.shares[used].sum()
    actual = arm.off_axis_shares()
    return OffAxisAnswers(
        labels=dict(arm.cell.scale.off_axis),
        predicted=tuple(predicted.tolist()),
        actual=None if actual is None else tuple(actual.tolist()),
        n_actual=int(arm.off_axis.sum()),
    )


def _score(found: Comparison, numbers: Distances | None) -> Score:
    """The figures of the cell; `numbers` is its distance by the observed range as the paper measures it."""
    assert found.scale is not None
    assert found.chance is not None
    assert found.verdict is not None
    return Score(
        wasserstein=found.scale.model,
        observed=None if numbers is None else numbers.model,
        interval=found.chance.interval,
        noise_floor=found.scale.floor,
        chance_limit=found.chance.limit,
        uniform=found.scale.uniform,
        gain=found.chance.gain,
        split_half=None if math.isnan(found.scale.split_half) else found.scale.split_half,
        verdict=found.verdict,
    )
