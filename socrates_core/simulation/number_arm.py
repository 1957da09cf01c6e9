"""The arms of an open-ended outcome: the model writes one number per simulated person."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl

from socrates_core.errors import ModelError
from socrates_core.metrics.cell.comparison import LEAST, cell_rng, people_worth
from socrates_core.metrics.uncertainty import Interval, effective_n, mean_interval
from socrates_core.model.answer_model import MAX_DIGITS, NumberModel, SampledNumbers
from socrates_core.simulation.arm import BATCH, Cast, CastProgress, Progress, participant_table
from socrates_core.simulation.open_ended import NumberResult, median_difference, on_one_axis, quartiles, score_numbers
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import ArmResult, ArmResults, EffectRow


def simulate_numbers(
    model: NumberModel, casts: Sequence[Cast], request: SimulationRequest, progress: Progress | None
) -> ArmResults:
    """Simulate an open-ended outcome in every arm.

    Raises:
        ModelError: If in some arm nobody wrote a number.
    """
    told = CastProgress(sum(len(cast.which) for cast in casts), progress)
    sampled = [_ask_for_numbers(model, cast, request, told) for cast in casts]
    results = [_number_result(*pair, request.seed) for pair in zip(casts, sampled, strict=True)]
    effects = [_median_effect(results[0], other, request.seed) for other in results[1:]]
    answers = [int(value) if valid else None for value, valid in zip(sampled[0].values, sampled[0].valid, strict=True)]
    unknown = pl.Series([None] * len(answers), dtype=pl.Float64)
    return ArmResults(results, effects, participant_table(casts[0], unknown, pl.Series(answers, dtype=pl.Int64)))


def _ask_for_numbers(model: NumberModel, cast: Cast, request: SimulationRequest, told: CastProgress) -> SampledNumbers:
    """A number for every simulated person, from a stream of the cell's own: which arms stand beside it, and how
    many, changes nothing.
    """
    cell, rng = cast.cell, np.random.default_rng([request.seed, 4, cast.cell.cell_id])
    everybody = [cast.personas[place] for place in cast.which]
    parts = []
    told(0)
    for start in range(0, len(everybody), BATCH):
        batch = everybody[start : start + BATCH]
        tell = partial(told.of_batch, start)
        parts.append(model.sampled_numbers(cell, batch, rng, request.temperature, request.top_p, tell))
    told.finish(len(everybody))
    sampled = SampledNumbers(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("values", "valid", "mass"))
    )
    if not sampled.valid.any():
        raise ModelError(
            f"study {cell.study_id}, cell {cell.cell_id}: none of {len(everybody):,} simulated people got a "
            f"number of up to {MAX_DIGITS} digits; this model cannot answer this outcome at temperature "
            f"{request.temperature:g} and top-p {request.top_p:g}"
        )
    return sampled


def _number_result(cast: Cast, sampled: SampledNumbers, seed: int) -> ArmResult:
    given = sampled.values[sampled.valid]
    counts = cast.shares[sampled.valid]
    predicted, actual = on_one_axis(given, cast.responses, cast.weights, counts)
    score, actual_interval, n_effective = None, None, 0.0
    unscored = "An open-ended outcome has no stated scale to measure a distance on."
    if actual is None:
        unscored = cast.group
    else:
        n_effective = people_worth(cast.actual, cast.on_scale)
        if len(np.unique(cast.people)) < LEAST:
            unscored = "Only one person answered; a distance from one person says nothing."
        else:
            actual_interval = mean_interval(*cast.person_means())
            rng = cell_rng(seed, cast.cell.cell_id)
            score = score_numbers(predicted, actual, effective_n(counts), n_effective, rng)
            if score is None:
                unscored = "Everybody gave the same number: the answers span no range to measure a distance by."
    return ArmResult(
        cell=cast.cell,
        predicted=predicted,
        on_scale_mass=float(np.average(sampled.mass, weights=cast.shares)),
        n_predicted=len(sampled.values),
        predicted_mean_interval=mean_interval(given, counts),
        n_personas=len(cast.personas),
        actual=actual,
        actual_group=cast.group,
        n_actual=len(cast.responses),
        n_effective=n_effective,
        n_off_scale=0,
        actual_mean_interval=actual_interval,
        score=None,
        unscored=unscored,
        numbers=NumberResult(
            n_valid=len(given),
            n_invalid=len(sampled.values) - len(given),
            predicted=quartiles(predicted),
            actual=None if actual is None else quartiles(actual),
            score=score,
        ),
    )


def _median_effect(first: ArmResult, other: ArmResult, seed: int) -> EffectRow:
    assert first.numbers is not None
    assert other.numbers is not None
    rng = np.random.default_rng([seed, 2, other.cell.cell_id])
    here, there = (other.predicted, other.numbers.n_valid), (first.predicted, first.numbers.n_valid)
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
