"""Whether the answers of some groups of people are predicted worse than those of others.

A small group has a larger W even under a perfect prediction, so W alone would attribute the size of the group to the
model. The excess over the group's own noise floor is reported too, and the gap between groups is computed for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.answers import parts_of_people
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples, study_means
from socrates_core.metrics.uncertainty import PSEUDO_COUNT, Interval, effective_n, noise_floors
from socrates_core.metrics.verdict import FEW
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import Floats

AGES: Final = ((30, "under 30"), (45, "30 to 44"), (65, "45 to 64"), (200, "65 and over"))
"""Upper ends and names of the bands in which ages are grouped."""

LEAST: Final = 2
"""People that a group needs in a cell for the cell to count for it."""


@dataclass(frozen=True, eq=False)
class GroupCell:
    """One group of people in one cell."""

    attribute: str
    group: str
    study_id: str
    people: npt.NDArray[np.int64]
    """Their ids, each once."""
    wasserstein: float
    """By the stated scale, between the group's answers and what was predicted for its people."""
    floor: float
    """Expected W of a perfect prediction with as many people."""

    @property
    def n(self) -> int:
        """People."""
        return len(self.people)


@dataclass(frozen=True)
class GroupDistance:
    """W between predicted and actual answers of one group of people."""

    group: str
    """Its name."""
    n: int
    """People who are in one of the cells, each once per study."""
    cells: int
    """Cells in which two people of the group or more answered."""
    studies: int
    """Studies of these cells."""
    mean: float
    """Wasserstein distance by the stated scale, in [0, 1], over the cells of a study, then over studies."""
    ci95: Interval | None
    """None below three studies."""
    noise_floor: float
    """Expected W of a perfect prediction with as many people."""
    excess: float
    """`mean` − `noise_floor`: comparable between groups of different size."""


@dataclass(frozen=True)
class SmallGroup:
    """A group of too few people."""

    group: str
    """Its name."""
    n: int
    """People who are in one of the cells, each once per study."""


@dataclass(frozen=True)
class AttributeFairness:
    """The groups of one attribute of people."""

    groups: tuple[GroupDistance, ...]
    """Sorted by name."""
    skipped: tuple[SmallGroup, ...]
    """Groups of under 30 people."""
    gap: float | None
    """W of the worst group minus that of the best, in [0, 1]; None below two groups."""
    gap_excess: float | None
    """Largest excess minus smallest: the gap corrected for group sizes. None below two groups."""
    worst: str | None = None
    """Group with the largest W; None below two groups."""
    best: str | None = None
    """Group with the smallest W; None below two groups."""


def group_cells(cell: CellPredictions) -> list[GroupCell]:
    """The groups of every attribute in one cell; groups of a single person are omitted.

    A person who answered several times counts once, each answer for its part, with the weights of the cell. The people
    are those who answered on the axis; their predictions count with the probability of that.
    """
    used = cell.on_scale & cell.usable & (cell.mass_of > 0) & (cell.substance > 0)
    if cell.values is None or cell.nominal or not cell.attributes or used.sum() < LEAST:
        return []
    values = cell.values
    answers = np.searchsorted(values, cell.responses[used])
    rows = len(answers)
    actual = np.zeros((rows, len(values)))
    actual[np.arange(rows), answers] = 1
    if cell.probs is not None:
        predicted = cell.probs[used]
    else:
        assert cell.drawn is not None
        predicted = np.zeros((rows, len(values)))
        predicted[np.arange(rows), np.searchsorted(values, cell.drawn[used])] = 1
    each = parts_of_people(cell.people[used], None if cell.weights is None else cell.weights[used])
    ids, place = np.unique(cell.people[used], return_inverse=True)
    names, members = _members(cell, used, place)
    if not names:
        return []
    parts = members * each  # (G, N)
    mass, substance = parts.sum(axis=1, keepdims=True), parts * cell.substance[used]
    shares, forecast = parts @ actual / mass, substance @ predicted / substance.sum(axis=1, keepdims=True)
    people = [np.bincount(place, row, minlength=len(ids)) for row in parts]
    worth = np.array([effective_n(one) for one in people])
    positions = (values - values[0]) / (values[-1] - values[0])
    distances = wasserstein_rows(forecast, shares, positions)
    smooth = (shares * worth[:, None] + PSEUDO_COUNT / len(values)) / (worth[:, None] + PSEUDO_COUNT)
    floors = noise_floors(smooth, positions, worth)
    return [
        GroupCell(attribute, group, cell.study_id, ids[one > 0], float(w), float(floor))
        for (attribute, group), one, w, floor in zip(names, people, distances, floors, strict=True)
    ]


def fairness(found: Sequence[GroupCell], resamples: StudyResamples) -> dict[str, AttributeFairness]:
    """Each attribute's groups with their W, and the gap between the worst and the best of them.

    A group's W is the mean over its cells of a study, then over studies. Groups of under 30 people in all, however many
    answers they gave, are skipped and listed. Each group is measured on the studies that it took part in, which can
    differ between groups.
    """
    by_group: dict[str, dict[str, list[GroupCell]]] = {}
    for one in found:
        by_group.setdefault(one.attribute, {}).setdefault(one.group, []).append(one)
    result: dict[str, AttributeFairness] = {}
    for attribute, groups in sorted(by_group.items()):
        sizes = {name: _people(cells) for name, cells in groups.items()}
        rows = tuple(
            _group_distance(name, cells, sizes[name], resamples)
            for name, cells in sorted(groups.items())
            if sizes[name] >= FEW
        )
        skipped = tuple(SmallGroup(name, n) for name, n in sorted(sizes.items()) if n < FEW)
        if len(rows) < 2:
            result[attribute] = AttributeFairness(rows, skipped, None, None)
            continue
        worst, best = (pick(rows, key=lambda row: row.mean) for pick in (max, min))
        most, least = (pick(row.excess for row in rows) for pick in (max, min))
        result[attribute] = AttributeFairness(
            rows, skipped, worst.mean - best.mean, most - least, worst.group, best.group
        )
    return result


def _people(cells: Sequence[GroupCell]) -> int:
    """How many different people are in these cells."""
    by_study: dict[str, list[npt.NDArray[np.int64]]] = {}
    for cell in cells:
        by_study.setdefault(cell.study_id, []).append(cell.people)
    return sum(len(np.unique(np.concatenate(ids))) for ids in by_study.values())


def _group_distance(name: str, cells: Sequence[GroupCell], n: int, resamples: StudyResamples) -> GroupDistance:
    place = resamples.place([cell.study_id for cell in cells])
    count = len(resamples.study_ids)

    def by_study(values: Sequence[float]) -> Floats:
        return study_means(np.array(values), place, count)

    mean, interval = resamples.mean(by_study([cell.wasserstein for cell in cells]))
    floor, _ = resamples.mean(by_study([cell.floor for cell in cells]))
    studies = len(np.unique(place))
    return GroupDistance(name, n, len(cells), studies, mean, interval, floor, mean - floor)


def _members(
    cell: CellPredictions, used: npt.NDArray[np.bool_], place: npt.NDArray[np.int64]
) -> tuple[list[tuple[str, str]], Floats]:
    """The groups of two people or more, and (G, N) which answers belong to each; `place` says whose each answer is."""
    names: list[tuple[str, str]] = []
    rows = []
    for attribute, known in cell.attributes.items():
        groups = np.array(["" if value is None else band(attribute, value) for value in known], dtype=str)[used]
        for group in np.unique(groups):
            member = groups == group
            if group and len(np.unique(place[member])) >= LEAST:
                names.append((attribute, str(group)))
                rows.append(member)
    return names, np.array(rows, dtype=np.float64)


def band(attribute: str, value: str) -> str:
    """The group of a value: ages in bands, everything else as it is."""
    if attribute != "age" or not value.isdecimal():
        return value
    return next((name for end, name in AGES if int(value) < end), value)
