"""From a simulation to the question that the rule judges."""

from typing import Final

from socrates_core.simulation.result import Simulation
from socrates_core.trust.support.rule import SupportQuestion

OF_PERSON: Final = ("participant_id", "predicted_mean", "simulated_answer")
"""Columns of `Simulation.profiles` that are no attributes."""


def question_of(simulation: Simulation, edited: bool = False) -> SupportQuestion:
    """What was asked, and of whom.

    Args:
        simulation: All arms of an outcome.
        edited: Whether the shares of its people were set by somebody; edits in its request count by themselves.
    """
    different = simulation.profiles.drop(OF_PERSON, strict=False).unique(maintain_order=True)
    return SupportQuestion(
        scale=simulation.arms[0].cell.scale,
        stimuli=tuple(dict.fromkeys(arm.cell.stimulus for arm in simulation.arms)),
        people={name: different[name].to_list() for name in different.columns},
        edited=edited or bool(simulation.request.edits),
    )
