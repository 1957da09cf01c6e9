"""Populations: the observed participants, a subset of them, or the same people with edited attributes and shares.

Several margins are met simultaneously (raking). Within a re-weighted value, people keep their relative weights, so its
composition with respect to other attributes is unchanged.

If a study has survey weights, these are the initial weights; otherwise all participants weigh the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.errors import PopulationError
from socrates_core.people.edit import (
    Edit,
    Filter,
    Range,
    SetValue,
    Shares,
    Value,
    attribute_words,
    attributes_of,
    check_edits,
    describe,
    edits_from_json,
    edits_to_json,
    value_words,
)
from socrates_core.study.study_file.population.raking import RakingError, raked
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Persona, persona_rows

__all__ = [
    "ActualGroup",
    "Edit",
    "EditedPeople",
    "Filter",
    "NoActualGroup",
    "Range",
    "SetValue",
    "Shares",
    "actual_of_same_group",
    "attributes_of",
    "check_edits",
    "describe",
    "edit_population",
    "edits_from_json",
    "edits_to_json",
    "start_weights",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EditedPeople:
    """The population that simulated people are drawn from."""

    personas: pl.DataFrame
    """Participant rows after the edits. If people were copied (see notes), an id occurs in several rows."""
    weights: Floats
    """(N,) each row's share of the population, positive, summing to 1."""
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]
    """Sentences for the reader about anything beyond selecting and re-weighting."""

    def draw_rows(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """(n,) rows of `personas`, ascending, each occurring ⌊n·w⌋ or ⌈n·w⌉ times.

        So n = N without weights gives exactly the observed participants, once each. The fractional parts are drawn
        systematically over the rows sorted by their attributes, which keeps every attribute's shares close to the
        population's. The expected number of occurrences of row i is n·w.

        Raises:
            PopulationError: If n is below 1.
        """
        if n < 1:
            raise PopulationError(f"cannot simulate {n} people; choose 1 or more")
        expected = n * self.weights
        times = np.floor(expected + 1e-9).astype(np.int64)
        remaining = n - int(times.sum())
        if remaining > 0:
            remainder = (expected - times).clip(min=0)
            order = self._attribute_order(rng)
            ends = np.cumsum(remainder[order])
            ticks = (np.arange(remaining) + rng.random()) * (ends[-1] / remaining)
            chosen = order[np.searchsorted(ends, ticks, side="right").clip(max=len(order) - 1)]
            np.add.at(times, chosen, 1)
        return np.repeat(np.arange(len(times)), times)

    def draw_all_kinds(self, n: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], Floats] | None:
        """(n,) rows of `personas` in which every kind of person occurs, and (n,) weights of mean 1 that make their
        attributes exactly the population's; None if there are more than n kinds of people.

        A model answers alike for people of one kind, so that its predictions for these n are exactly those for the
        whole population: Σ_k W_k p_k over the kinds, W_k the kind's share, whoever is drawn. Each kind gets one
        person, and the others are spread so that weights are as equal as that allows.
        """
        kind, kinds = self._kinds()
        if kinds > n:
            return None
        share = np.bincount(kind, self.weights, minlength=kinds)
        beyond = np.maximum(n * share - 1, 0)
        extra = (n - kinds) * beyond / beyond.sum() if n > kinds else np.zeros(kinds)
        times = 1 + np.floor(extra + 1e-9).astype(np.int64)
        left = n - int(times.sum())
        times[np.argsort(-(1 + extra - times), kind="stable")[:left]] += 1
        order = self._attribute_order(rng)
        expected = (self.weights * (times / share)[kind])[order]  # whole numbers by kind, so no tick is between two
        ticks = np.arange(n) + 0.001 + 0.998 * rng.random()
        rows = order[np.searchsorted(np.cumsum(expected), ticks, side="right").clip(max=len(order) - 1)]
        return np.sort(rows), (n * share / times)[kind[np.sort(rows)]]

    def left_to_chance(self, n: int) -> float:
        """How much `draw_rows` leaves to chance, in [0, 1]: the variance of a mean over the drawn from one draw to the
        next, as a share of what n independent draws would have.

        Σ r·(1 − r) / n over the rows, r being what of n·w is not a whole number: 0 where everybody stands once, 1 − n/N
        where fewer are drawn than the N there are. That the draw is spread over the attributes makes it smaller still.
        """
        expected = n * self.weights
        remainder = (expected - np.floor(expected + 1e-9)).clip(min=0)
        return float((remainder * (1 - remainder)).sum() / n)

    def draw(self, n: int, rng: np.random.Generator) -> list[Persona]:
        """The personas of `draw_rows`.

        Raises:
            PopulationError: If n is below 1.
        """
        personas = persona_rows(self.personas)
        return [personas[row] for row in self.draw_rows(n, rng)]

    def _attribute_order(self, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        attributes = attributes_of(self.personas)
        shuffled = rng.permutation(len(self.personas))
        if not attributes:
            return shuffled
        kind, _ = self._kinds()
        return shuffled[np.argsort(kind[shuffled], kind="stable")]

    def _kinds(self) -> tuple[npt.NDArray[np.int64], int]:
        """(N,) which kind each row is of, alike in all attributes, kinds in sorted order; and how many there are.

        A hundred thousand people are often a few dozen kinds.
        """
        attributes = attributes_of(self.personas)
        if not attributes:
            return np.zeros(len(self.personas), dtype=np.int64), 1
        people = self.personas.select(attributes)
        kinds = people.unique().sort(attributes).with_row_index("_kind")
        place = people.join(kinds, on=attributes, how="left", nulls_equal=True, maintain_order="left")["_kind"]
        return place.to_numpy().astype(np.int64), len(kinds)


@dataclass(frozen=True, eq=False)
class ActualGroup:
    """The observed people to compare an edited population with."""

    participant_ids: npt.NDArray[np.uint32]
    """(N,) their ids."""
    weights: Floats
    """(N,) the weight of each, positive, summing to 1."""
    description: str
    """Which people they are, as a phrase that follows "the actual answers of"."""


@dataclass(frozen=True)
class NoActualGroup:
    """No observed people match the edited population."""

    reason: str
    """Why not, as a sentence."""


def edit_population(
    participants: pl.DataFrame, edits: Sequence[Edit], among: npt.ArrayLike | None = None
) -> EditedPeople:
    """Apply the edits to the participants of a study.

    A share for a value that no participant has cannot be met by re-weighting: its people are copies of all the others
    with the attribute set to that value, and a note says so.

    Args:
        participants: From `StudySet.participants_of`; an empty table gives one persona without any attributes.
        edits: In any order.
        among: Ids of the participants to select from (for example those of one arm); all when None. Attributes and
            values are checked against all participants either way.

    Raises:
        PopulationError: If an edit names an unknown attribute or value, is invalid, or leaves no one.
    """
    check_edits(participants, edits)
    base = participants if among is None else _among(participants, among)
    if base.is_empty() and not edits:
        blank = pl.DataFrame({name: [None] for name in PARTICIPANTS_SCHEMA.names()}, schema=PARTICIPANTS_SCHEMA)
        return EditedPeople(blank, np.ones(1), (), ("Nothing is known about the participants of this study.",))
    weights, notes = start_weights(base)
    for edit in edits:
        if isinstance(edit, Filter | Range):
            keep = _matches(base, edit) & (weights > 0)
            if not keep.any():
                raise PopulationError(f"no one is left after the edit {describe(edit)!r}; choose more values")
            base, weights = base.filter(pl.Series(keep)), weights[keep]
    for edit in edits:
        if isinstance(edit, SetValue):
            base = base.with_columns(pl.lit(edit.value, dtype=base.schema[edit.attribute]).alias(edit.attribute))
    shares = [edit for edit in edits if isinstance(edit, Shares)]
    for edit in shares:
        base, weights, added = _add_missing(base, weights, edit)
        notes += added
    weights = _rake(base, weights, shares)
    present = weights > 0
    return EditedPeople(base.filter(pl.Series(present)), weights[present], tuple(edits), tuple(notes))


def actual_of_same_group(
    participants: pl.DataFrame, edits: Sequence[Edit], among: npt.ArrayLike | None = None
) -> ActualGroup | NoActualGroup:
    """The observed people who match the edited population.

    For a filter, the same people. For a set value, those who actually have it. For shares, those who have the values,
    re-weighted. If an attribute is set or given shares, filters on it do not apply, since no one in the edited
    population keeps the filtered value.

    Args:
        participants: From `StudySet.participants_of`.
        edits: As for `edit_population`.
        among: Ids of the participants who answered; all when None.

    Raises:
        PopulationError: As for `edit_population`, if an edit is invalid for this study.
    """
    check_edits(participants, edits)
    base = participants if among is None else _among(participants, among)
    weights, _ = start_weights(base)
    overwritten = {edit.attribute for edit in edits if isinstance(edit, SetValue | Shares)}
    for edit in edits:
        if isinstance(edit, SetValue) or (isinstance(edit, Filter | Range) and edit.attribute not in overwritten):
            keep = _matches(base, edit) & (weights > 0)
            base, weights = base.filter(pl.Series(keep, dtype=pl.Boolean)), weights[keep]
            if base.is_empty():
                return NoActualGroup(f"Nobody who answered is among the people {_membership(edit)}.")
    if base.is_empty():
        return NoActualGroup("Nobody answered.")
    shares = [edit for edit in edits if isinstance(edit, Shares)]
    for edit in shares:
        absent = [value for value, share in edit.shares if share > 0 and not _weight_of(base, weights, edit, value)]
        if absent:
            named = f"{attribute_words(edit.attribute)} {value_words(absent[0])}"
            return NoActualGroup(f"Nobody who answered has {named}, so their answers cannot be re-weighted to it.")
    try:
        weights = _rake(base, weights, shares)
    except PopulationError as error:
        return NoActualGroup(f"The answers cannot be re-weighted: {error}.")
    present = weights > 0
    ids = base["participant_id"].to_numpy()[present]
    return ActualGroup(ids, weights[present], _group_description(edits))


# -- people ------------------------------------------------------------------------------------------------------


def _among(participants: pl.DataFrame, ids: npt.ArrayLike) -> pl.DataFrame:
    chosen = pl.Series(np.unique(np.asarray(ids, dtype=np.uint32)), dtype=pl.UInt32)
    return participants.filter(pl.col("participant_id").is_in(chosen.implode()))


def start_weights(participants: pl.DataFrame) -> tuple[Floats, list[str]]:
    """(N,) survey weights scaled to a mean of 1, and a note where some are unknown; equal where all are.

    Raises:
        PopulationError: If they are not numbers of 0 or more, or all 0.
    """
    column = participants["weight"]
    known = column.drop_nulls().to_numpy()
    if len(known) == 0:
        return np.ones(len(participants)), []
    if not np.isfinite(known).all() or (known < 0).any() or known.max() == 0:
        raise PopulationError(
            "the survey weights of these people are all 0, or not numbers of 0 or more; correct them and prepare the "
            "study again"
        )
    unknown = column.null_count()
    notes = (
        [f"Participants without a survey weight ({unknown} of {len(column)}) count with the average weight."]
        if unknown
        else []
    )
    weights = column.cast(pl.Float64).to_numpy() / known.max()  # the sum of large numbers may be infinite
    mean = np.nanmean(weights)
    return np.where(np.isnan(weights), 1.0, weights / mean), notes


def _matches(people: pl.DataFrame, edit: Filter | Range | SetValue) -> npt.NDArray[np.bool_]:
    column = people[edit.attribute]
    if isinstance(edit, Range):
        low, high = column.min() if edit.low is None else edit.low, column.max() if edit.high is None else edit.high
        return ((column >= low) & (column <= high)).fill_null(False).to_numpy()
    values = edit.values if isinstance(edit, Filter) else (edit.value,)
    named = pl.Series([value for value in values if value is not None], dtype=column.dtype)
    found = column.is_in(named.implode()).fill_null(False)
    return (found | column.is_null() if None in values else found).to_numpy()


def _weight_of(people: pl.DataFrame, weights: Floats, edit: Shares, value: Value) -> float:
    return float(weights[_matches(people, Filter(edit.attribute, (value,)))].sum())


def _add_missing(people: pl.DataFrame, weights: Floats, edit: Shares) -> tuple[pl.DataFrame, Floats, list[str]]:
    """Add copies of all people for each value that has a share but no people."""
    tables, all_weights, notes = [people], [weights], []
    for value, share in edit.shares:
        if share > 0 and not _weight_of(people, weights, edit, value):
            made = pl.lit(value, dtype=people.schema[edit.attribute]).alias(edit.attribute)
            tables.append(people.with_columns(made))
            all_weights.append(weights)
            named = f"{attribute_words(edit.attribute)} {value_words(value)}"
            notes.append(
                f"Nobody here has {named}: its {share:.1%} are other participants with that value in place of theirs."
            )
    return pl.concat(tables), np.concatenate(all_weights), notes


def _rake(people: pl.DataFrame, weights: Floats, shares: Sequence[Shares]) -> Floats:
    """(N,) weights that meet every margin, summing to 1, see `raked`.

    Raises:
        PopulationError: If no weights meet all margins at once.
    """
    margins = []
    for edit in shares:
        total = sum(share for _, share in edit.shares)
        margins.append(
            [(_matches(people, Filter(edit.attribute, (value,))), share / total) for value, share in edit.shares]
        )
    try:
        return raked(weights, margins)
    except RakingError:
        raise PopulationError(_raking_failure(shares)) from None


def _raking_failure(shares: Sequence[Shares]) -> str:
    names = " and ".join(attribute_words(edit.attribute) for edit in shares)
    return f"the shares of {names} cannot be met at the same time with these people; change one of them"


def _group_description(edits: Sequence[Edit]) -> str:
    if not edits:
        return "everybody who answered"
    overwritten = {edit.attribute for edit in edits if isinstance(edit, SetValue | Shares)}
    parts = [
        _membership(edit) for edit in edits if isinstance(edit, SetValue | Shares) or edit.attribute not in overwritten
    ]
    chosen_first = sorted(parts, key=lambda part: part.startswith("re-weighted"))
    return "the people " + ", ".join(chosen_first)


def _membership(edit: Edit) -> str:
    match edit:
        case SetValue():
            return f"who really have {attribute_words(edit.attribute)} {value_words(edit.value)}"
        case Shares():
            return f"re-weighted so that {describe(edit)}"
        case _:
            return f"whose {describe(edit)}"
