"""Predictions by subgroup: the mean (the median of numbers) of those who have a value of an attribute, in every arm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.metrics.uncertainty import Interval, mean_interval
from socrates_core.people.population import attributes_of
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.arm import ArmPeople

LEAST_PEOPLE: Final = 30
"""Below so many simulated people in an arm, a subgroup is named and not shown."""
MOST_VALUES: Final = 12
"""Numbers with more different values are cut into `BANDS` bands of like size; texts with more are left out."""
BANDS: Final = 4


@dataclass(frozen=True)
class Subgroup:
    """The simulated people who have one value of an attribute."""

    attribute: str
    value: str
    """The value, a band of numbers ("18 to 33"), or "unknown"."""
    n: tuple[int, ...]
    """(A,) simulated people in each arm."""
    middles: tuple[float | None, ...]
    """(A,) predicted mean in each arm, in the scale's own numbers (median of an open-ended outcome); None if nobody is
    there."""
    intervals: tuple[Interval | None, ...]
    """(A,) 95 % interval of the mean over samples of simulated people; None for a median and for nobody."""

    @property
    def small(self) -> bool:
        """Whether too few people are simulated to say anything."""
        return min(self.n) < LEAST_PEOPLE


@dataclass(frozen=True, eq=False)
class ArmValues:
    """What each simulated person of an arm is predicted to answer."""

    people: ArmPeople
    values: Floats
    """(N,) in the scale's own numbers; NaN where a person gives no answer on the axis."""
    weights: Floats
    """(N,) 0 or more; how much each counts."""


def subgroups_of(arms: Sequence[ArmValues], medians: bool = False) -> tuple[Subgroup, ...]:
    """Every attribute's values with their people and predictions, in the order of attributes and values.

    Args:
        arms: A of them.
        medians: Give medians in place of means.
    """
    tables = [arm.people.population.personas[arm.people.drawn] for arm in arms]
    found = []
    for attribute in attributes_of(tables[0]):
        columns = _levels([table[attribute] for table in tables])
        if columns is None:
            continue
        for level in pl.concat(columns).unique().sort().drop_nulls().to_list():
            inside = [(column == level).fill_null(value=False).to_numpy() for column in columns]
            found.append(_subgroup(attribute, str(level).partition("\t")[2], arms, inside, medians))
    return tuple(found)


def _subgroup(
    attribute: str, value: str, arms: Sequence[ArmValues], inside: Sequence[npt.NDArray[np.bool_]], medians: bool
) -> Subgroup:
    middles: list[float | None] = []
    intervals: list[Interval | None] = []
    for arm, mine in zip(arms, inside, strict=True):
        counts = mine & (arm.weights > 0) & ~np.isnan(arm.values)
        values, weights = arm.values[counts], arm.weights[counts]
        if not len(values):
            middles.append(None)
            intervals.append(None)
        elif medians:
            middles.append(float(np.quantile(values, 0.5, method="inverted_cdf", weights=weights)))
            intervals.append(None)
        else:
            middles.append(float(np.average(values, weights=weights)))
            intervals.append(mean_interval(*arm.people.by_person(arm.values, np.where(counts, arm.weights, 0.0))))
    return Subgroup(attribute, value, tuple(int(mine.sum()) for mine in inside), tuple(middles), tuple(intervals))


def _levels(columns: Sequence[pl.Series]) -> list[pl.Series] | None:
    """Each person's value, with a key before a tab that sorts them; None where there are too many texts."""
    whole = pl.concat(columns)
    known = whole.drop_nulls().unique().sort()
    if whole.dtype.is_integer() and len(known) > MOST_VALUES:
        numbers = whole.drop_nulls().to_numpy()
        ends = np.unique(np.quantile(numbers, np.arange(1, BANDS + 1) / BANDS, method="inverted_cdf"))
        starts = [int(known.min()), *(int(known.filter(known > end).min()) for end in ends[:-1])]  # type: ignore[arg-type]
        names = [f"{place}\t{low} to {high}" for place, (low, high) in enumerate(zip(starts, ends, strict=True))]
        bands = [np.searchsorted(ends, column.fill_null(0).to_numpy()) for column in columns]
        return [
            pl.Series([names[min(b, len(names) - 1)] for b in band]).set(column.is_null(), "9\tunknown")
            for band, column in zip(bands, columns, strict=True)
        ]
    if len(known) > MOST_VALUES:
        return None
    order = {value: f"{place:02}\t{value}" for place, value in enumerate(known.to_list())}
    return [
        column.cast(pl.String).replace_strict({str(v): name for v, name in order.items()}, default="99\tunknown")
        for column in columns
    ]
