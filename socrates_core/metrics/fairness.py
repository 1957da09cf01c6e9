"""Whether the answers of some groups of people are predicted worse than those of others.

A small group has a larger W even under a perfect prediction, so W alone would attribute the size of the group to the
model. The excess over the group's own noise floor is reported too, and the gap between groups is computed for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.study_bootstrap import StudyResamples, study_means
from socrates_core.metrics.uncertainty import PSEUDO_COUNT, Interval, noise_floors
from socrates_core.metrics.verdict import FEW
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import Floats

AGES: Final = ((30, "under 30"), (45, "30 to 44"), (65, "45 to 64"), (200, "65 and over"))
"""Upper ends and names of the bands in which ages are grouped."""

LEAST: Final = 2
"""Answers that a group needs in a cell for the cell to count for it."""


@dataclass(frozen=True)
class GroupCell:
    """One group of people in one cell."""

    attribute: str
    group: str
    study_id: str
    n: int
    """Answers."""
    wasserstein: float
    """By the stated scale, between the group's answers and what was predicted for its people."""
    floor: float
    """Expected W of a perfect prediction with n answers."""


@dataclass(frozen=True)
class GroupDistance:
    """W between predicted and actual answers of one group of people."""

    group: str
    """Its name."""
    n: int
    """Answers, over all cells."""
    cells: int
    """Cells in which the group has two answers or more."""
    studies: int
    """Studies of these cells."""
    mean: float
    """Wasserstein distance by the stated scale, in [0, 1], over the cells of a study, then over studies."""
    ci95: Interval | None
    """None below three studies."""
    noise_floor: float
    """Expected W of a perfect prediction with as many answers."""
    excess: float
    """`mean` − `noise_floor`: comparable between groups of different size."""


@dataclass(frozen=True)
class SmallGroup:
    """A group with too few answers."""

    group: str
    """Its name."""
    n: int
    """Answers, over all cells."""


@dataclass(frozen=True)
class AttributeFairness:
    """The groups of one attribute of people."""

    groups: tuple[GroupDistance, ...]
    """Sorted by name."""
    skipped: tuple[SmallGroup, ...]
    """Groups under 30 answers."""
    gap: float | None
    """W of the worst group minus that of the best, in [0, 1]; None below two groups."""
    gap_excess: float | None
    """Largest excess minus smallest: the gap corrected for group sizes. None below two groups."""
    worst: str | None = None
    """Group with the largest W; None below two groups."""
    best: str | None = None
    """Group with the smallest W; None below two groups."""


def group_cells(cell: CellPredictions) -> list[GroupCell]:
    """The groups of every attribute in one cell, unweighted; groups with a single answer are omitted."""
    used = cell.on_scale & cell.usable
    if cell.values is None or not cell.attributes or used.sum() < LEAST:
        return []
    values = cell.values
    answers = np.searchsorted(values, cell.responses[used])
    people = len(answers)
    actual = np.zeros((people, len(values)))
    actual[np.arange(people), answers] = 1
    if cell.probs is not None:
        predicted = cell.probs[used]
    else:
        assert cell.drawn is not None
        predicted = np.zeros((people, len(values)))
        predicted[np.arange(people), np.searchsorted(values, cell.drawn[used])] = 1
    names, members = _members(cell, used)
    if not names:
        return []
    counts = members.sum(axis=1)
    shares, forecast = members @ actual / counts[:, None], members @ predicted / counts[:, None]
    positions = (values - values[0]) / (values[-1] - values[0])
    distances = wasserstein_rows(forecast, shares, positions)
    smooth = (shares * counts[:, None] + PSEUDO_COUNT / len(values)) / (counts[:, None] + PSEUDO_COUNT)
    floors = noise_floors(smooth, positions, counts)
    return [
        GroupCell(attribute, group, cell.study_id, int(n), float(w), float(floor))
        for (attribute, group), n, w, floor in zip(names, counts, distances, floors, strict=True)
    ]


def fairness(found: Sequence[GroupCell], resamples: StudyResamples) -> dict[str, AttributeFairness]:
    """Each attribute's groups with their W, and the gap between the worst and the best of them.

    A group's W is the mean over its cells of a study, then over studies. Groups with under 30 answers in all are
    skipped and listed. Each group is measured on the studies that it took part in, which can differ between groups.
    """
    by_group: dict[str, dict[str, list[GroupCell]]] = {}
    for one in found:
        by_group.setdefault(one.attribute, {}).setdefault(one.group, []).append(one)
    result: dict[str, AttributeFairness] = {}
    for attribute, groups in sorted(by_group.items()):
        sizes = {name: sum(one.n for one in cells) for name, cells in groups.items()}
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


def _group_distance(name: str, cells: Sequence[GroupCell], n: int, resamples: StudyResamples) -> GroupDistance:
    place = resamples.place([cell.study_id for cell in cells])
    count = len(resamples.study_ids)

    def by_study(values: Sequence[float]) -> Floats:
        return study_means(np.array(values), place, count)

    mean, interval = resamples.mean(by_study([cell.wasserstein for cell in cells]))
    floor, _ = resamples.mean(by_study([cell.floor for cell in cells]))
    studies = len(np.unique(place))
    return GroupDistance(name, n, len(cells), studies, mean, interval, floor, mean - floor)


def _members(cell: CellPredictions, used: Any) -> tuple[list[tuple[str, str]], Floats]:
    """The groups with two answers or more, and (G, N) which people belong to each."""
    names: list[tuple[str, str]] = []
    rows = []
    for attribute, known in cell.attributes.items():
        groups = np.array(["" if value is None else _band(attribute, value) for value in known], dtype=str)[used]
        for group in np.unique(groups):
            member = groups == group
            if group and member.sum() >= LEAST:
                names.append((attribute, str(group)))
                rows.append(member)
    return names, np.array(rows, dtype=np.float64)


def _band(attribute: str, value: str) -> str:
    if attribute != "age" or not value.isdecimal():
        return value
    return next((name for end, name in AGES if int(value) < end), value)
