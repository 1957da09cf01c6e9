"""Who answers one arm of a study: the simulated people, and the people to compare them with.

The people of an arm are simulated from the people who answered it, so that predicted and actual answers are those of
the same group. Where the edited group is not among them, they are drawn from all participants of the study, and there
is no actual answer to compare with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.people.population import (
    EditedPeople,
    NoActualGroup,
    actual_of_same_group,
    attributes_of,
    edit_population,
)
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.study_set import Cell, Persona, StudySet, persona_rows

BATCH: Final = 256
"""Personas put to a model at once; progress is told in between."""

Progress = Callable[[int, int], None]
"""Called with the personas asked so far, and all."""


@dataclass(frozen=True, eq=False)
class Cast:
    """Who answers one arm, simulated and observed."""

    cell: Cell
    population: EditedPeople
    drawn: npt.NDArray[np.int64]
    """(N,) rows of the population."""
    personas: list[Persona]
    """(U,) the different ones among the drawn."""
    which: npt.NDArray[np.int64]
    """(N,) each drawn profile's index in `personas`."""
    responses: npt.NDArray[np.int64]
    """(M,) the actual answers of the same group, off-scale ones included."""
    on_scale: npt.NDArray[np.bool_]
    weights: Floats
    """(M,) positive."""
    people: npt.NDArray[np.uint32]
    """(M,) participant ids."""
    group: str
    notes: tuple[str, ...]

    def person_means(self) -> tuple[Floats, Floats]:
        """(P,) each person's mean on-scale answer and (P,) its weight: who answered more than once is one person."""
        _, place = np.unique(self.people[self.on_scale], return_inverse=True)
        weights = np.asarray(np.bincount(place, self.weights[self.on_scale]), dtype=np.float64)
        return np.bincount(place, (self.weights * self.responses)[self.on_scale]) / weights, weights


def cast_arm(studies: StudySet, participants: pl.DataFrame, cell: Cell, request: SimulationRequest) -> Cast:
    """Draw the simulated people of an arm, and find the people to compare them with.

    Args:
        studies: Where the cell is.
        participants: Of its study.
        cell: The arm.
        request: Whose edits, number of people and seed count.

    Raises:
        PopulationError: If the edits leave nobody.
    """
    answers = studies.answers(cell.cell_id)
    group = actual_of_same_group(participants, request.edits, among=answers.participant_ids)
    if isinstance(group, NoActualGroup):
        population = edit_population(participants, request.edits)
        weights, description = np.zeros(len(answers.responses)), group.reason
    else:
        population = edit_population(participants, request.edits, among=answers.participant_ids)
        place = np.searchsorted(group.participant_ids, answers.participant_ids).clip(max=len(group.weights) - 1)
        found = group.participant_ids[place] == answers.participant_ids
        weights, description = np.where(found, group.weights[place], 0.0), group.description
    # one stream for who is drawn, whatever the arm: people who see every arm are the same people in each
    drawn = population.draw_rows(request.n, np.random.default_rng([request.seed, 0]))
    rows = persona_rows(population.personas)
    places: dict[tuple[tuple[str, str | int], ...], int] = {}
    personas: list[Persona] = []
    which = np.zeros(len(drawn), dtype=np.int64)
    for i, row in enumerate(drawn):
        known = {name: value for name, value in rows[row].items() if value is not None}
        which[i] = places.setdefault(tuple(known.items()), len(places))
        if which[i] == len(personas):
            personas.append(known)
    inside = weights > 0
    people = answers.participant_ids[inside]
    notes = population.notes
    if len(np.unique(people)) < len(people):
        notes += (
            f"In {cell.condition_label}, some people answered the same text more than once; all their answers are "
            "shown, and intervals count each of them as one person.",
        )
    return Cast(
        cell=cell,
        population=population,
        drawn=drawn,
        personas=personas,
        which=which,
        responses=answers.responses[inside],
        on_scale=answers.on_scale[inside],
        weights=weights[inside],
        people=people,
        group=description,
        notes=notes,
    )


def participant_table(cast: Cast, means: pl.Series, answers: pl.Series) -> pl.DataFrame:
    """The drawn profiles with their answers, as `Simulation.participants` has them.

    Args:
        cast: Of the arm.
        means: (N,) each profile's predicted mean.
        answers: (N,) one answer of each.
    """
    people = cast.population.personas
    return (
        people[cast.drawn]
        .select("participant_id", *attributes_of(people))
        .with_columns(means.alias("predicted_mean"), answers.alias("simulated_answer"))
    )


class CastProgress:
    """Adds up what the arms tell."""

    def __init__(self, total: int, tell: Progress | None) -> None:
        self._total, self._tell, self._before = total, tell, 0

    def __call__(self, done: int) -> None:
        """Of the arm at work, so many are done."""
        if self._tell is not None:
            self._tell(self._before + done, self._total)

    def of_batch(self, start: int, done: int, _total: int) -> None:
        """Of the batch that begins there, so many are done."""
        self(start + done)

    def finish(self, done: int) -> None:
        """The arm at work is done, with so many."""
        self._before += done
