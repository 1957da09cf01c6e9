"""From a simulation to the question that the rule judges."""

from typing import Final

from socrates_core.simulation.result import Simulation
from socrates_core.study.study_file.population.weighting import TO_SHARES
from socrates_core.trust.support.rule import SupportQuestion

OF_PERSON: Final = ("participant_id", "predicted_mean", "simulated_answer")
"""Columns of `Simulation.profiles` that are no attributes."""


def question_of(simulation: Simulation) -> SupportQuestion:
    """What was asked, and of whom.

    Args:
        simulation: All arms of an outcome.
    """
    different = simulation.profiles.drop(OF_PERSON, strict=False).unique(maintain_order=True)
    return SupportQuestion(
        scale=simulation.arms[0].cell.scale,
        stimuli=tuple(dict.fromkeys(arm.cell.stimulus for arm in simulation.arms)),
        people={name: different[name].to_list() for name in different.columns},
        edited=by_hand(simulation),
    )


def by_hand(simulation: Simulation) -> bool:
    """Whether its people were edited, or weighted to shares that somebody set."""
    return bool(simulation.request.edits) or any(TO_SHARES in note for note in simulation.notes)
