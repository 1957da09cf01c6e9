"""What is said of the true difference between two settings of a study: as of an effect, where it is one.

A change of what people read, of the same people by the same model, is what a condition of an experiment is: the other
setting is the condition and the first one the control. Other differences were never tried, so nothing is said of them:
between people, between questions, and between models, whose predictions differ while the truth is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.trust.calibration import AnswersModel
from socrates_core.trust.fingerprint import Fingerprint
from socrates_core.trust.statement.claims import effect_claim
from socrates_core.trust.statement.finding import calibration_of, trust
from socrates_core.trust.statement.record import Claim, Statement

MODELS: Final = "the models differ, so it is their errors that differ, which were not tried together"
PEOPLE: Final = "the people differ, and differences between groups of people were not tried"
QUESTIONS: Final = "the questions differ, and such differences were not tried"
CANNOT_SAY: Final = "Can't say how far off this is: "
SAME: Final = "the same people read the same, so the true difference is none"


@dataclass(frozen=True)
class ChangeStatement:
    """Of one condition in a setting, minus the same in the first, in points: percent of the scale's width."""

    condition: str
    predicted: float | None
    """From the answers that the statements speak of; None where nothing is said."""
    claim: Claim
    first: Claim
    """Of the true mean in the first setting."""
    other: Claim
    """In this one."""


def changes_of(
    first: Simulation, other: Simulation, pairs: Sequence[tuple[ArmResult, ArmResult]], people: bool, question: bool
) -> tuple[ChangeStatement, ...]:
    """Of every condition that both settings have.

    Args:
        first: The outcome in the first setting.
        other: In the other one.
        pairs: The conditions, each in the first and in the other setting, on scales of the same numbers.
        people: Whether the same people can take part in both.
        question: Whether both ask the same question.
    """
    said = trust(first), trust(other)
    people = people and first.request.edits == other.request.edits
    why = _why(first, other, said, people, question)
    return tuple(_change(first, pair, said, SAME if people and _same(*pair) else why) for pair in pairs)


def _same(arm: ArmResult, other: ArmResult) -> bool:
    """Whether people read the same."""
    return (arm.cell.stimulus, arm.cell.scale) == (other.cell.stimulus, other.cell.scale)


def _why(
    first: Simulation, other: Simulation, said: tuple[Statement, Statement], people: bool, question: bool
) -> str | None:
    """Why nothing is said of the difference between two texts."""
    for one in said:
        if not one.applied:
            return str(one.why).removeprefix(CANNOT_SAY).rstrip(".")
    asked, other_asked = (
        Fingerprint.of_model(one.model, one.request.temperature, one.request.top_p) for one in (first, other)
    )
    if asked.differences(other_asked):
        return MODELS
    if not people:
        return PEOPLE
    contrast = any(arm.cell.wording_contrast for one in (first, other) for arm in one.arms)
    labels = first.control.scale == other.control.scale
    return None if question and labels and not contrast else QUESTIONS


def _change(
    simulation: Simulation, pair: tuple[ArmResult, ArmResult], said: tuple[Statement, Statement], why: str | None
) -> ChangeStatement:
    arms = [
        next((one for one in statement.arms if one.condition == arm.cell.condition_num), None)
        for statement, arm in zip(said, pair, strict=True)
    ]
    before, after = arms
    means = [Claim(None, None, one.why) if arm is None else arm.mean_claim for one, arm in zip(said, arms, strict=True)]
    if why is not None or before is None or after is None:
        return ChangeStatement(pair[0].label, None, Claim(None, None, why), *means)
    scale = pair[0].cell.scale
    assert scale.values is not None
    predicted = 100 * (after.mean - before.mean) / (scale.unit * (scale.values[-1] - scale.values[0]))
    return ChangeStatement(pair[0].label, predicted, effect_claim(_answers(simulation, said[0]), predicted), *means)


def _answers(simulation: Simulation, said: Statement) -> AnswersModel:
    """The error model that the statement rests on."""
    calibration, values = calibration_of(simulation.model), simulation.control.scale.values
    assert calibration is not None
    assert said.basis is not None
    assert values is not None
    _, model = calibration.of(len(values))
    return model.sharpened if said.basis.sharpened and model.sharpened is not None else model.raw
