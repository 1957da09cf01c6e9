"""Who takes part: the observed participants, a part of them, or the same people with other attributes and shares.

Several shares hold at once (raking). Within a value that is re-weighted, people keep the weights they had among each
other, so its composition in everything else stays.

Survey weights, where a study has them, are the weights to start from; otherwise everybody counts the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
]

Floats = npt.NDArray[np.float64]
RAKING_CYCLES: Final = 1000
RAKING_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class EditedPeople:
    """The people to draw simulated participants from."""

    personas: pl.DataFrame
    """Participant rows after the edits. With copies (see notes) an id stands in several rows."""
    weights: Floats
    """(N,) each row's share of the population, positive, summing to 1."""
    edits: tuple[Edit, ...]
    notes: tuple[str, ...]
    """Sentences for the reader: what could not be done by choosing and re-weighting alone."""

    def draw_rows(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """(n,) rows of `personas`, ascending, each standing ⌊n·w⌋ or ⌈n·w⌉ times.

        So n = N without weights is exactly the observed participants, once each. What the whole numbers leave open is
        drawn systematically over the rows in the order of their attributes, which keeps every attribute's shares close
        to the population's. Row i is expected n·w times.

        Raises:
            PopulationError: If n is below 1.
        """
        if n < 1:
            raise PopulationError(f"cannot simulate {n} participants; ask for 1 or more")
        expected = n * self.weights
        times = np.floor(expected + 1e-9).astype(np.int64)
        open_places = n - int(times.sum())
        if open_places > 0:
            remainder = (expected - times).clip(min=0)
            order = self._attribute_order(rng)
            ends = np.cumsum(remainder[order])
            ticks = (np.arange(open_places) + rng.random()) * (ends[-1] / open_places)
            chosen = order[np.searchsorted(ends, ticks, side="right").clip(max=len(order) - 1)]
            np.add.at(times, chosen, 1)
        return np.repeat(np.arange(len(times)), times)

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
        rows = self.personas.select(attributes).with_row_index("row")[shuffled]
        return rows.sort(attributes, maintain_order=True)["row"].to_numpy().astype(np.int64)


@dataclass(frozen=True, eq=False)
class ActualGroup:
    """The observed people to compare an edited population with."""

    participant_ids: npt.NDArray[np.uint32]
    """(N,) who they are."""
    weights: Floats
    """(N,) how much each counts, positive, summing to 1."""
    description: str
    """Who they are, in words that follow "the actual answers of"."""


@dataclass(frozen=True)
class NoActualGroup:
    """No observed people are like the edited population."""

    reason: str
    """A sentence."""


def edit_population(
    participants: pl.DataFrame, edits: Sequence[Edit], among: npt.ArrayLike | None = None
) -> EditedPeople:
    """Apply the edits to the participants of a study.

    A share for a value that nobody has cannot come from re-weighting: its people are copies of everybody else with
    the attribute set to it, and a note says so.

    Args:
        participants: From `StudySet.participants_of`; a table without rows gives one persona of whom nothing is known.
        edits: In any order.
        among: Ids of the participants to choose from (those who saw one arm, say); everybody when None. Attributes and
            values are checked against all participants either way.

    Raises:
        PopulationError: If an edit names an unknown attribute or value, makes no sense, or leaves nobody.
    """
    check_edits(participants, edits)
    base = participants if among is None else _among(participants, among)
    if base.is_empty() and not edits:
        blank = pl.DataFrame({name: [None] for name in PARTICIPANTS_SCHEMA.names()}, schema=PARTICIPANTS_SCHEMA)
        return EditedPeople(blank, np.ones(1), (), ("Nothing is known about the participants of this study.",))
    weights, notes = _start_weights(base)
    for edit in edits:
        if isinstance(edit, Filter | Range):
            keep = _matches(base, edit) & (weights > 0)
            if not keep.any():
                raise PopulationError(f"nobody is left after the edit {describe(edit)!r}; choose more values")
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
    """The observed people who are what the edits make of the population.

    A filter: the same people. A set value: those who really have it. Shares: those who have the values, re-weighted.
    Where a value is set or given shares, filters on the same attribute no longer choose, since nobody in the edited
    population keeps the filtered value.

    Args:
        participants: From `StudySet.participants_of`.
        edits: As for `edit_population`.
        among: Ids of the participants who answered; everybody when None.

    Raises:
        PopulationError: As `edit_population` does for edits that make no sense in this study.
    """
    check_edits(participants, edits)
    base = participants if among is None else _among(participants, among)
    weights, _ = _start_weights(base)
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


def _start_weights(participants: pl.DataFrame) -> tuple[Floats, list[str]]:
    """(N,) survey weights scaled to a mean of 1, and a note where some are unknown."""
    column = participants["weight"]
    known = column.drop_nulls().to_numpy()
    if len(known) == 0:
        return np.ones(len(participants)), []
    if not np.isfinite(known).all() or (known < 0).any() or known.sum() == 0:
        raise PopulationError("the survey weights of this study are not all numbers of 0 or more; prepare it again")
    unknown = column.null_count()
    notes = (
        [f"Participants without a survey weight ({unknown} of {len(column)}) count with the average weight."]
        if unknown
        else []
    )
    return column.fill_null(float(known.mean())).to_numpy() / known.mean(), notes


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
    """Copies of everybody for the values that have a share but no people."""
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
    """(N,) weights that meet every margin, summing to 1 (iterative proportional fitting; Deming and Stephan 1940).

    Raises:
        PopulationError: If no weights meet all margins at once.
    """
    margins = []
    for edit in shares:
        total = sum(share for _, share in edit.shares)
        masks = [(_matches(people, Filter(edit.attribute, (value,))), share / total) for value, share in edit.shares]
        named = np.any([mask for mask, _ in masks], axis=0)
        margins.append((masks, named))
    weights = weights / weights.sum()
    for _ in range(RAKING_CYCLES):
        for masks, named in margins:
            weights = np.where(named, weights, 0.0)
            for mask, target in masks:
                current = weights[mask].sum()
                if current == 0 < target:
                    raise PopulationError(_raking_failure(shares))
                weights[mask] *= target / current if current else 0.0
        gaps = [abs(weights[mask].sum() - target) for masks, _ in margins for mask, target in masks]
        if max(gaps, default=0.0) < RAKING_TOLERANCE:
            return np.asarray(weights / weights.sum())
    raise PopulationError(_raking_failure(shares))


def _raking_failure(shares: Sequence[Shares]) -> str:
    names = " and ".join(attribute_words(edit.attribute) for edit in shares)
    return f"the shares of {names} cannot hold at once with the people there are; change one of them"


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
