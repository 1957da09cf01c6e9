"""The arms of an open-ended outcome: one number sampled from the model per simulated person."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from socrates_core.errors import ModelError
from socrates_core.metrics.cell.comparison import LEAST, cell_rng, people_worth
from socrates_core.metrics.uncertainty import Interval, effective_n, mean_interval
from socrates_core.model.answer_model import MAX_DIGITS, NumberModel, SampledNumbers
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.arm import BATCH, ArmPeople, ArmProgress, Progress, profile_table
from socrates_core.simulation.open_ended import (
    Ints,
    NumberResult,
    median_difference,
    on_one_axis,
    quartiles,
    score_numbers,
)
from socrates_core.simulation.person_answers import person_answers
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import ArmResult, ArmResults, EffectRow
from socrates_core.simulation.subgroups import ArmValues, subgroups_of


@dataclass(frozen=True, eq=False)
class PredictedNumbers:
    """The numbers that are predicted in one arm."""

    values: Ints
    """(N,) valid ones, N ≥ 1; one may occur several times."""
    counts: Floats
    """(N,) positive weights."""
    n_valid: int
    n_invalid: int
    worth: float
    """As in `NumberResult`."""
    on_scale_mass: float
    n_personas: int


def simulate_numbers(
    model: NumberModel, arms: Sequence[ArmPeople], request: SimulationRequest, control: int, progress: Progress | None
) -> ArmResults:
    """Simulate an open-ended outcome in every arm; `control` is the place of the one that others are compared with.

    Raises:
        ModelError: If in some arm no simulated person got a number.
    """
    tracker = ArmProgress(sum(len(arm.which) for arm in arms), progress)
    sampled = [_sample_numbers(model, arm, request, tracker) for arm in arms]
    results = [
        number_result(arm, _predicted(arm, numbers), request.seed) for arm, numbers in zip(arms, sampled, strict=True)
    ]
    others = [result for place, result in enumerate(results) if place != control]
    effects = [median_effect(results[control], other, request.seed) for other in others]
    answers = [int(value) if valid else None for value, valid in zip(sampled[0].values, sampled[0].valid, strict=True)]
    unknown = pl.Series([None] * len(answers), dtype=pl.Float64)
    groups = [
        ArmValues(arm, np.where(one.valid, one.values, np.nan).astype(np.float64), arm.shares)
        for arm, one in zip(arms, sampled, strict=True)
    ]
    table = profile_table(arms[0], unknown, pl.Series(answers, dtype=pl.Int64))
    kept = tuple(person_answers(one.people, one.values[:, None], np.arange(len(one.values))) for one in groups)
    return ArmResults(results, effects, table, subgroups=subgroups_of(groups, medians=True), answers=kept)


def _sample_numbers(
    model: NumberModel, arm: ArmPeople, request: SimulationRequest, tracker: ArmProgress
) -> SampledNumbers:
    """Sample a number for every simulated person, from the cell's own random stream, independent of the other arms."""
    cell, rng = arm.cell, np.random.default_rng([request.seed, 4, arm.cell.cell_id])
    personas = [arm.personas[place] for place in arm.which]
    parts = []
    tracker(0)
    for start in range(0, len(personas), BATCH):
        batch = personas[start : start + BATCH]
        report = partial(tracker.of_batch, start)
        parts.append(model.sampled_numbers(cell, batch, rng, request.temperature, request.top_p, report))
    tracker.finish(len(personas))
    sampled = SampledNumbers(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("values", "valid", "mass"))
    )
    if not sampled.valid.any():
        raise ModelError(
            f"study {cell.study_id}, cell {cell.cell_id}: none of {len(personas):,} simulated people got a "
            f"number of up to {MAX_DIGITS} digits; this model cannot answer this outcome at temperature "
            f"{request.temperature:g} and top-p {request.top_p:g}"
        )
    return sampled


def _predicted(arm: ArmPeople, sampled: SampledNumbers) -> PredictedNumbers:
    counts = arm.shares[sampled.valid]
    return PredictedNumbers(
        values=sampled.values[sampled.valid],
        counts=counts,
        n_valid=len(counts),
        n_invalid=len(sampled.values) - len(counts),
        worth=effective_n(counts),
        on_scale_mass=float(np.average(sampled.mass, weights=arm.shares)),
        n_personas=len(arm.personas),
    )


def number_result(arm: ArmPeople, numbers: PredictedNumbers, seed: int) -> ArmResult:
    """Predicted numbers beside the answers of an arm's people."""
    predicted, actual = on_one_axis(numbers.values, arm.responses, arm.weights, numbers.counts)
    score, actual_interval, n_effective = None, None, 0.0
    unscored = "An open-ended outcome has no stated scale to measure W on."
    if actual is None:
        unscored = arm.group
    else:
        n_effective = people_worth(arm.actual, arm.on_scale)
        if len(np.unique(arm.people)) < LEAST:
            unscored = "Only one person answered; W cannot be judged from one person."
        else:
            actual_interval = mean_interval(*arm.person_means())
            rng = cell_rng(seed, arm.cell.cell_id)
            score = score_numbers(predicted, actual, numbers.worth, n_effective, rng)
            if score is None:
                unscored = "All people gave the same number: the answers span no range to measure W by."
    return ArmResult(
        cell=arm.cell,
        predicted=predicted,
        on_scale_mass=numbers.on_scale_mass,
        n_predicted=numbers.n_valid + numbers.n_invalid,
        predicted_mean_interval=mean_interval(numbers.values, numbers.counts),
        n_personas=numbers.n_personas,
        actual=actual,
        actual_group=arm.group,
        n_actual=len(arm.responses),
        n_effective=n_effective,
        n_off_scale=0,
        actual_mean_interval=actual_interval,
        score=None,
        unscored=unscored,
        numbers=NumberResult(
            n_valid=numbers.n_valid,
            n_invalid=numbers.n_invalid,
            predicted=quartiles(predicted),
            actual=None if actual is None else quartiles(actual),
            score=score,
            worth=numbers.worth,
        ),
        n_given=arm.n_given,
    )


def median_effect(first: ArmResult, other: ArmResult, seed: int) -> EffectRow:
    """The median of an arm minus that of the control, both open-ended."""
    assert first.numbers is not None
    assert other.numbers is not None
    rng = np.random.default_rng([seed, 2, other.cell.cell_id])
    here, there = (other.predicted, other.numbers.worth), (first.predicted, first.numbers.worth)
    predicted, predicted_interval = median_difference(here, there, rng)
    actual: float | None = None
    actual_interval: Interval | None = None
    if (
        other.actual is not None
        and first.actual is not None
        and other.actual_mean_interval is not None
        and first.actual_mean_interval is not None
    ):
        asked, before = (other.actual, other.n_effective), (first.actual, first.n_effective)
        actual, actual_interval = median_difference(asked, before, rng)
    return EffectRow(other.cell, predicted, predicted_interval, actual, actual_interval)
