"""Scores the frozen prediction of a record against the answers that people gave later."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import ModelDescription
from socrates_core.report.record.frozen import (
    FrozenArm,
    FrozenClaim,
    FrozenModel,
    FrozenOutcome,
    frozen_prediction,
)
from socrates_core.report.record.judging import ArmScores, Judged, arm_scores, checked_statement, judged
from socrates_core.report.record.matching import check_matching
from socrates_core.report.record.opening import OpenedRecord
from socrates_core.simulation.arm import draw_arm, profile_table
from socrates_core.simulation.number_arm import PredictedNumbers, median_effect, number_result
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import ArmResult, EffectRow, ShareEffect, Simulation
from socrates_core.simulation.simulate import simulate
from socrates_core.simulation.whole_study import MOST_ARMS, OutcomeResult
from socrates_core.study.studies import Outcome, Studies
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import ResponsesForm, StudyForm
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.trust.statement.finding import state
from socrates_core.trust.statement.record import Claim, Statement

STUDY: Final = "study.yaml"
AS_REGISTERED: Final = (
    "What is said of how far off this may be was registered with the prediction and not computed anew; whether what "
    "people showed lay inside allows for their sampling error."
)
OF_DRAWN: Final = "simulated people are"
"""In a note on who was drawn to carry the registered distribution, of whom nothing was predicted."""


@dataclass(frozen=True, eq=False)
class ScoredOutcome:
    """One outcome of a frozen prediction beside people's answers."""

    result: OutcomeResult
    frozen: FrozenOutcome
    means: tuple[Judged, ...]
    """What was registered of true means, a claim a condition; empty where nothing was."""
    effects: tuple[Judged, ...]
    """Likewise of effects."""
    said: Statement
    """What was registered, with what people showed (`checked`), in the order of the result's conditions."""
    scores: tuple[ArmScores, ...]
    """Proper scores of each condition whose options people chose; empty if the outcome is open-ended."""

    @property
    def name(self) -> str:
        """The outcome's name."""
        return self.result.name


@dataclass(frozen=True, eq=False)
class ScoredRecord:
    """A frozen prediction beside people's answers."""

    form: StudyForm
    outcomes: tuple[ScoredOutcome, ...]

    @property
    def found(self) -> tuple[OutcomeResult, ...]:
        """The outcomes as the reports of a study take them."""
        return tuple(one.result for one in self.outcomes)


def score_record(record: OpenedRecord, data: Path, table_map: Path, seed: int = 0) -> ScoredRecord:
    """Score a frozen prediction by the same scorer as every other prediction.

    Args:
        record: As `open_record` gives it.
        data: The table of people's answers.
        table_map: Which column is what.
        seed: Of the resamples.

    Raises:
        SocratesError: If answers or prediction cannot be read, or study, prediction and answers do not fit each other.
    """
    frozen = frozen_prediction(record.prediction)
    form = form_of(read_yaml(record.study, STUDY), STUDY).model_copy(update={"population": None, "responses": None})
    check_matching(record, frozen, study_of(form, None, STUDY))
    answers = ResponsesForm(file=str(data.resolve()), map=str(table_map.resolve()))
    form = form.model_copy(update={"responses": answers})
    asked = study_of(form, data.resolve().parent, "the study of this record")
    outcomes = [
        _scored(asked, outcome, one, frozen.model, seed)
        for outcome, one in zip(asked.outcomes(), frozen.outcomes, strict=True)
    ]
    return ScoredRecord(form, tuple(outcomes))


def _scored(
    asked: Studies, outcome: Outcome, frozen: FrozenOutcome, model: ModelDescription, seed: int
) -> ScoredOutcome:
    if not frozen.arms:
        refused = OutcomeResult(outcome, None, f"It was not predicted when the record was made. {frozen.refused}")
        return ScoredOutcome(refused, frozen, (), (), frozen.said, ())
    cell = asked.find(outcome=outcome.number)
    request = SimulationRequest(
        cell.cell_id,
        n=max(arm.n_predicted for arm in frozen.arms),
        seed=seed,
        max_arms=MOST_ARMS,
        control=cell.condition_num,
    )
    if outcome.scale.values is None:
        made = _numbers(asked, frozen, request, model)
    else:
        made = _as_registered(simulate(asked, FrozenModel(frozen, model), request), frozen)
    notes = [*asked.manifest.notes, *(note for note in made.notes if OF_DRAWN not in note)]
    made = replace(made, notes=(*notes, AS_REGISTERED), subgroups=())
    said = checked_statement(frozen.said, made)
    state(made, said)
    means = {arm.label: (arm.actual_mean, arm.actual_mean_interval) for arm in made.arms}
    effects = {row.label: (row.actual, row.actual_interval) for row in made.effects}
    nothing = (None, None)
    return ScoredOutcome(
        OutcomeResult(outcome, made, None),
        frozen,
        tuple(judged(_claim(one.label, one.mean, one.mean_claim), *means.get(one.label, nothing)) for one in said.arms),
        tuple(
            judged(_claim(one.label, one.predicted, one.claim), *effects.get(one.label, nothing))
            for one in said.effects
        ),
        said,
        arm_scores(said, made),
    )


def _claim(label: str, predicted: float, claim: Claim) -> FrozenClaim:
    return FrozenClaim(label, predicted, claim.inner, claim.outer)


def _as_registered(made: Simulation, frozen: FrozenOutcome) -> Simulation:
    """With the intervals over simulated people that were registered: everybody is given one distribution here."""
    return replace(
        made,
        arms=tuple(_arm(arm, frozen.arm(arm.cell)) for arm in made.arms),
        effects=tuple(_effect(row, frozen) for row in made.effects),
        share_effects=tuple(
            ShareEffect(row.cell, *frozen.share_effects[row.cell.condition_label])
            for row in made.share_effects
            if row.cell.condition_label in frozen.share_effects
        ),
    )


def _arm(arm: ArmResult, frozen: FrozenArm) -> ArmResult:
    return replace(
        arm,
        predicted_mean_interval=frozen.mean_interval,
        share_intervals=frozen.share_intervals,
        on_scale_mass=frozen.on_scale_mass,
        n_predicted=frozen.n_predicted,
        n_personas=frozen.n_personas,
    )


def _effect(row: EffectRow, frozen: FrozenOutcome) -> EffectRow:
    if row.label not in frozen.effects:
        raise SocratesError(f"the prediction of this record has no effect of {row.label}")
    predicted, interval = frozen.effects[row.label]
    return replace(row, predicted=predicted, predicted_interval=interval)


def _numbers(asked: Studies, frozen: FrozenOutcome, request: SimulationRequest, model: ModelDescription) -> Simulation:
    """An open-ended outcome: the numbers that were registered, each with its share, beside people's."""
    study_id = asked.study_ids[0]
    participants = asked.participants_of(study_id)
    cells = [cell for cell in asked.cells_of(study_id) if cell.task_num == asked.cell(request.cell_id).task_num]
    people = [draw_arm(asked, participants, cell, request) for cell in cells]
    arms = []
    for one in people:
        registered = frozen.arm(one.cell)
        given = registered.shares > 0
        numbers = PredictedNumbers(
            values=registered.values[given],
            counts=registered.shares[given],
            n_valid=registered.n_valid,
            n_invalid=registered.n_predicted - registered.n_valid,
            worth=registered.worth,
            on_scale_mass=registered.on_scale_mass,
            n_personas=registered.n_personas,
        )
        made = number_result(one, numbers, request.seed)
        arms.append(replace(made, predicted_mean_interval=registered.mean_interval))
    nobody = len(people[0].drawn)
    return Simulation(
        request=request,
        study=asked.study(study_id),
        model=model,
        arms=tuple(arms),
        control=cells[0],
        effects=tuple(_effect(median_effect(arms[0], arm, request.seed), frozen) for arm in arms[1:]),
        profiles=profile_table(
            people[0], pl.Series([None] * nobody, dtype=pl.Float64), pl.Series([None] * nobody, dtype=pl.Int64)
        ),
        notes=tuple(dict.fromkeys(note for one in people for note in one.notes)),
    )
