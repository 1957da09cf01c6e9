"""The people of one arm of a study: those simulated, and those observed, to compare them with.

The people of an arm are simulated from the people who answered it, so that predicted and actual answers are those of
the same group. If the edited group is not among them, they are drawn from all participants of the study, and there
are no actual answers to compare with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.metrics.cell.answers import ActualAnswers, PredictedAnswers, parts_of_people
from socrates_core.metrics.cell.off_axis import shares_of
from socrates_core.metrics.uncertainty import effective_n
from socrates_core.people.distinct import distinct_personas
from socrates_core.people.population import (
    EditedPeople,
    NoActualGroup,
    actual_of_same_group,
    attributes_of,
    edit_population,
)
from socrates_core.scale.distribution import Floats, SplitOptions, all_options, option_values
from socrates_core.simulation.request import SimulationRequest
from socrates_core.study.study_set import Cell, Persona, StudySet, persona_rows

BATCH: Final = 256
"""Personas put to a model at once; progress is reported after each batch."""

MANY: Final = 0.5
"""Simulated people who count as less than this share of their number are remarked on."""

Progress = Callable[[int, int], None]
"""Called with the number of personas predicted so far, and in all."""


@dataclass(frozen=True, eq=False)
class ArmPeople:
    """The simulated and the observed people of one arm."""

    cell: Cell
    population: EditedPeople
    drawn: npt.NDArray[np.int64]
    """(N,) rows of the population."""
    shares: Floats
    """(N,) weight of each of the drawn, positive; all equal where people were drawn at random (`request.n`), but in a
    study that nobody answered those of `EditedPeople.draw_all_kinds`."""
    compared: npt.NDArray[np.bool_]
    """(N,) whether the prediction is compared with answers; not if the person's own answer is off the scale."""
    redrawn: float
    """How much the choice of simulated people is left to chance; see `PredictedAnswers.redrawn`."""
    personas: Sequence[Persona]
    """(U,) the different ones among the drawn."""
    which: npt.NDArray[np.int64]
    """(N,) each drawn profile's index in `personas`."""
    responses: npt.NDArray[np.int64]
    """(M,) the actual answers of the same group, those off the axis and off the scale included."""
    on_scale: npt.NDArray[np.bool_]
    """(M,) whether an answer is an option on the axis."""
    off_axis: npt.NDArray[np.bool_]
    """(M,) whether it is an option off the axis."""
    weights: Floats
    """(M,) positive; those of one person add up to the person's."""
    people: npt.NDArray[np.uint32]
    """(M,) participant ids."""
    n_given: int
    """All answers in the cell, whoever gave them: M and those outside the group."""
    group: str
    notes: tuple[str, ...]

    @property
    def actual(self) -> ActualAnswers:
        """The answers without those off the axis, for the scorer."""
        values = None if self.cell.scale.values is None else option_values(self.cell.scale)
        kept = ~self.off_axis
        responses, people = self.responses[kept].astype(np.float64), self.people[kept].astype(np.int64)
        return ActualAnswers(values, responses, people, self.weights[kept])

    def predicted(self, split: SplitOptions) -> PredictedAnswers:
        """The predictions on the axis, for the scorer; see `CellPredictions.predicted`."""
        substance = split.substance
        compared = self.compared & (substance > 0)
        return PredictedAnswers(self.shares * substance, compared, split.on_axis, redrawn=self.redrawn)

    def by_person(self, values: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """(P,) the values of the different people among the drawn, and (P,) what each counts, how often drawn.

        Who is drawn several times, because they count much or few are there to draw from, is one person: intervals
        over who is simulated rest on these people's effective number.

        Args:
            values: (N,) or (N, K), equal for the same row of the population.
            weights: (N,) of 0 or more; whoever counts nothing is left out.
        """
        counts = weights > 0
        _, first, place = np.unique(self.drawn[counts], return_index=True, return_inverse=True)
        return values[counts][first], np.asarray(np.bincount(place, weights[counts]), dtype=np.float64)

    def as_numbers(self, rows: Floats) -> tuple[ActualAnswers, PredictedAnswers]:
        """Both sides with the options off the axis as the numbers they are, as the paper took them; rows are (N, L)."""
        responses, people = self.responses.astype(np.float64), self.people.astype(np.int64)
        actual = ActualAnswers(all_options(self.cell.scale), responses, people, self.weights)
        return actual, PredictedAnswers(self.shares, self.compared, rows, redrawn=self.redrawn)

    def off_axis_shares(self) -> Floats | None:
        """(J,) weighted shares of the options off the axis, of all answers that are options; None without answers."""
        answered = self.on_scale | self.off_axis
        if not answered.any():
            return None
        return shares_of(
            self.responses[answered].astype(np.float64), self.weights[answered], [*self.cell.scale.off_axis]
        )

    def person_means(self) -> tuple[Floats, Floats]:
        """(P,) each person's mean answer on the axis and (P,) its weight; several answers of one person become one."""
        _, place = np.unique(self.people[self.on_scale], return_inverse=True)
        weights = np.asarray(np.bincount(place, self.weights[self.on_scale]), dtype=np.float64)
        return np.bincount(place, (self.weights * self.responses)[self.on_scale]) / weights, weights


def draw_arm(studies: StudySet, participants: pl.DataFrame, cell: Cell, request: SimulationRequest) -> ArmPeople:
    """Draw the simulated people of an arm, and find the people to compare them with.

    Args:
        studies: The studies that hold the cell.
        participants: Those of its study.
        cell: The arm.
        request: Sets the edits, the number of people and the seed.

    Raises:
        PopulationError: If no person is left after the edits.
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
    inside = weights > 0
    people = answers.participant_ids[inside]
    weights = weights[inside] * parts_of_people(people.astype(np.int64))
    theirs = _Answered(people, answers.on_scale[inside], weights)
    drawn, shares, compared, redrawn = _draw(population, theirs, request, answered=len(studies.responses) > 0)
    once, place_of = np.unique(drawn, return_inverse=True)
    rows = [
        {name: value for name, value in row.items() if value is not None}
        for row in persona_rows(population.personas[once])
    ]
    different = distinct_personas([rows[place] for place in place_of])
    notes = population.notes
    if len(np.unique(people)) < len(people):
        notes += (
            f"In {cell.condition_label}, some people answered the same text more than once; each of them counts as "
            "one person, each answer as a part of it.",
        )
    off_axis = np.isin(answers.responses[inside], list(cell.scale.off_axis))
    return ArmPeople(
        cell=cell,
        population=population,
        drawn=drawn,
        shares=shares,
        compared=compared,
        redrawn=redrawn,
        personas=different.personas,
        which=different.place,
        responses=answers.responses[inside],
        on_scale=answers.on_scale[inside] & ~off_axis,
        off_axis=off_axis,
        weights=weights,
        people=people,
        n_given=len(answers.responses),
        group=description,
        notes=notes,
    )


@dataclass(frozen=True, eq=False)
class _Answered:
    """The M answers of the observed group: who gave them, and with what weight."""

    people: npt.NDArray[np.uint32]
    on_scale: npt.NDArray[np.bool_]
    weights: Floats


def _draw(
    population: EditedPeople, theirs: _Answered, request: SimulationRequest, answered: bool
) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.bool_], float]:
    """Returns `ArmPeople.drawn`, `shares`, `compared` and `redrawn`."""
    ids = population.personas["participant_id"].to_numpy()
    # not exactly the people who answered: edited values, or copies of people
    same = np.array_equal(np.sort(ids), np.unique(theirs.people))
    others = 0.0 if same else float((population.weights**2).sum())
    if request.n is not None:
        # one random stream for all arms: in a within-subject design, the same people are drawn in each
        rng = np.random.default_rng([request.seed, 0])
        everyone = None if answered else population.draw_all_kinds(request.n, rng)
        if everyone is not None:
            return *everyone, np.ones(request.n, bool), 0.0
        drawn = population.draw_rows(request.n, rng)
        redrawn = population.left_to_chance(request.n) + others * request.n
        return drawn, np.ones(len(drawn)), np.ones(len(drawn), bool), redrawn
    if not same:
        return np.arange(len(ids)), population.weights, np.ones(len(ids), bool), others * len(ids)
    order = np.argsort(ids)
    drawn = order[np.searchsorted(ids, theirs.people, sorter=order)]
    compared = theirs.on_scale if theirs.on_scale.any() else np.ones(len(drawn), bool)
    return drawn, theirs.weights, compared, 0.0


def repeated_words(arm: ArmPeople) -> tuple[str, ...]:
    """A note where the simulated people are much fewer different ones, so that intervals are wider than their number
    suggests.
    """
    _, weights = arm.by_person(arm.shares, arm.shares)
    effective = effective_n(weights)
    if len(weights) == 1 and len(arm.drawn) > 1:
        if not arm.personas[0]:  # nothing is known, which is said already
            return ()
        return (
            f"All {len(arm.drawn):,} simulated people are the same one, so there is no interval over who is simulated.",
        )
    if effective > MANY * len(arm.drawn):
        return ()
    return (
        f"The {len(arm.drawn):,} simulated people are {len(weights):,} different ones, who count as {effective:,.0f} "
        "equally weighted ones; the intervals over who is simulated rest on these.",
    )


def profile_table(arm: ArmPeople, means: pl.Series, answers: pl.Series) -> pl.DataFrame:
    """The drawn profiles with their answers, as in `Simulation.profiles`.

    Args:
        arm: The people of the arm.
        means: (N,) each profile's predicted mean.
        answers: (N,) one answer of each profile.
    """
    people = arm.population.personas
    return (
        people[arm.drawn]
        .select("participant_id", *attributes_of(people))
        .with_columns(means.alias("predicted_mean"), answers.alias("simulated_answer"))
    )


class ArmProgress:
    """Adds up the progress of the arms."""

    def __init__(self, total: int, report: Progress | None) -> None:
        self._total, self._report, self._before = total, report, 0

    def __call__(self, done: int) -> None:
        """Report that `done` personas of the current arm are predicted."""
        if self._report is not None:
            self._report(self._before + done, self._total)

    def of_batch(self, start: int, done: int, _total: int) -> None:
        """Report that `done` personas of the batch that begins at `start` are predicted."""
        self(start + done)

    def finish(self, done: int) -> None:
        """Finish the current arm, which had `done` personas."""
        self._before += done
