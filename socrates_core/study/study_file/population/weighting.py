"""People with weights that give their attributes the shares asked for, and what the weights do to their number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.incoming.problems import nearest
from socrates_core.study.study_file.population.margins import TIMES, Level, Margin, disagreement
from socrates_core.study.study_file.population.raking import Margin as Masks
from socrates_core.study.study_file.population.raking import RakingError, raked
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA

EXPLODED: Final = 20.0
"""Weights explode where somebody counts for more than this many average people,"""
FEW: Final = 0.1
"""or where all together count as less than this share of their number."""
TO_SHARES: Final = "are weighted to the shares asked for"
"""What a note says of people whose shares somebody set."""
UNEQUAL: Final = "the weights are very unequal, and few of these people stand for many"
_MASS: Final = "_mass"
_PROFILE: Final = "_profile"


@dataclass(frozen=True)
class Weighting:
    """What weights do to the number of people."""

    people: int
    """With a weight above 0."""
    effective: float
    """As how many equally weighted people they count: (Σw)² / Σw² (Kish 1965)."""
    largest: float
    """The largest weight, in average ones."""

    @property
    def exploded(self) -> bool:
        """Whether few people stand for many."""
        return self.largest > EXPLODED or self.effective < FEW * self.people

    @property
    def words(self) -> str:
        """Effective sample size and largest weight, with a warning where weights explode."""
        return (
            f"they count as {self.effective:,.0f} equally weighted ones, and the largest weight is "
            f"{self.largest:,.1f} times the average{f'; {UNEQUAL}' if self.exploded else ''}"
        )


def weighting_of(people: pl.DataFrame) -> Weighting:
    """What the weights of N ≥ 1 people do; unknown ones are average."""
    column = people["weight"]
    known = column.mean()
    weights = column.fill_null(float(known) if known is not None else 1.0).to_numpy()  # type: ignore[arg-type]
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Weighting(int((weights > 0).sum()), effective, float(weights.max() / weights[weights > 0].mean()))


def weighted_to(people: pl.DataFrame, margins: Sequence[Margin], where: str) -> pl.DataFrame:
    """The people with weights, of mean 1, that give every margin; of all such weights those closest to their own.

    Who has no value of a margin, or one without a share, is left out. People who are alike in these attributes are
    raked as one, so that the time it takes follows from how many kinds of people there are.

    Args:
        people: As a `StudySet` holds them; where weights are unknown, they are average.
        margins: One or more.
        where: The place of the margins in messages.

    Raises:
        SourceError: If there is no such attribute or value, or no weights of these people give all margins at once;
            then it names two margins that contradict each other, if two do.
    """
    for margin in margins:
        _check(people, margin, f"{where}.{margin.name}")
    disagreeing = disagreement(margins)
    if disagreeing:
        raise SourceError(f"{where}: {disagreeing}")
    known = people["weight"].drop_nulls()
    start = people["weight"].fill_null(float(known.mean()) if len(known) else 1.0)  # type: ignore[arg-type]
    used = list(dict.fromkeys(name for margin in margins for name in margin.attributes))
    rows = people.select(used).with_columns(start.alias(_MASS))
    kinds = rows.group_by(used, maintain_order=True).agg(pl.col(_MASS).sum()).with_row_index(_PROFILE)
    place = rows.join(kinds, on=used, how="left", nulls_equal=True, maintain_order="left")[_PROFILE].to_numpy()
    mass = kinds[_MASS].to_numpy()
    masks = [_masks(kinds, margin) for margin in margins]
    for margin, one in zip(margins, masks, strict=True):
        _check_combinations(margin, one, mass, f"{where}.{margin.name}")
    try:
        found = raked(mass, masks)
    except RakingError:
        raise SourceError(f"{where}: {_contradiction(margins, masks, mass, len(people))}") from None
    factor = np.divide(found, mass, out=np.zeros_like(found), where=mass > 0)
    weights = start.to_numpy() * factor[place]
    kept = weights > 0
    scaled = pl.Series(weights * (kept.sum() / weights.sum()))
    table = people.with_columns(weight=scaled).filter(pl.Series(kept))
    return table.with_columns(participant_id=pl.int_range(len(table), dtype=pl.UInt32))


def _masks(kinds: pl.DataFrame, margin: Margin) -> Masks:
    """Who has which values, with their share."""
    found = []
    for levels, share in margin.shares.items():
        mask = np.ones(len(kinds), dtype=bool)
        for attribute, level in zip(margin.attributes, levels, strict=True):
            mask &= (kinds[attribute] == _fitting(level, kinds[attribute])).fill_null(value=False).to_numpy()
        found.append((mask, share))
    return found


def _fitting(level: Level, column: pl.Series) -> Level:
    """A level as the column has it: `18` in a file is a number, and text among `18` and `19 or more`."""
    if column.dtype.is_integer():
        return int(level) if isinstance(level, str) and re.fullmatch(r"0|-?[1-9]\d{0,17}", level) else level
    return str(level)


def _check(people: pl.DataFrame, margin: Margin, where: str) -> None:
    """Whether people have these attributes and values."""
    known = [name for name in people.columns if name not in PARTICIPANTS_SCHEMA]
    for place, attribute in enumerate(margin.attributes):
        if attribute not in known:
            has = f"they have {', '.join(known)}" if known else "nothing is known about them"
            raise SourceError(f"{where}: these people have no {attribute!r}{nearest(attribute, known)}; {has}")
        values = people[attribute].drop_nulls().unique().sort().to_list()
        for level in dict.fromkeys(levels[place] for levels in margin.shares):
            if _fitting(level, people[attribute]) not in values:
                listed = ", ".join(map(str, values[:12])) + f" and {len(values) - 12} more" * (len(values) > 12)
                hint = nearest(str(level), [str(one) for one in values])
                raise SourceError(f"{where}: nobody has {level!r}{hint}; there are {listed}")


def _check_combinations(margin: Margin, masks: Masks, mass: npt.NDArray[np.float64], where: str) -> None:
    """Whether there is somebody with weight for every share above 0."""
    for (mask, share), levels in zip(masks, margin.shares, strict=True):
        if share > 0 and mass[mask].sum() == 0:
            who = TIMES.join(map(str, levels))
            raise SourceError(f"{where}: nobody here is {who}, so it cannot have {100 * share:.4g} %; give it 0")


def _contradiction(
    margins: Sequence[Margin], masks: Sequence[Masks], mass: npt.NDArray[np.float64], people: int
) -> str:
    """Which margins cannot be met at once: two, if there are two; otherwise all."""
    for one, other in combinations(range(len(margins)), 2):
        if not _feasible(mass, [masks[one], masks[other]]):
            both = f"{margins[one].name} and {margins[other].name}"
            return f"{both} contradict each other: no weights of these {people:,} people give both; change one of them"
    names = ", ".join(margin.name for margin in margins)
    return (
        f"no weights of these {people:,} people give {names} at once, though any two of them can be met; change one of "
        "them"
    )


def _feasible(mass: npt.NDArray[np.float64], masks: Sequence[Masks]) -> bool:
    try:
        raked(mass, masks)
    except RakingError:
        return False
    return True
