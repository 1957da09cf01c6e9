"""Whether some groups of people are predicted worse than others.

A small group has a larger distance even from a perfect prediction, so a group's distance alone would blame the model
for the size of the group: the excess over the group's own noise floor stands beside it, and the gap is taken of both.
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
    """What a perfect prediction would be expected to score with n."""


@dataclass(frozen=True)
class GroupDistance:
    """How far the prediction of one group of people is off."""

    group: str
    """Its name."""
    n: int
    """Answers, over all cells."""
    cells: int
    """In which it has two answers or more."""
    studies: int
    """Of these cells."""
    mean: float
    """Wasserstein distance by the stated scale, in [0, 1], over the cells of a study, then over studies."""
    ci95: Interval | None
    """None below three studies."""
    noise_floor: float
    """What a perfect prediction would score with as many answers."""
    excess: float
    """`mean` − `noise_floor`: what compares groups of different size."""


@dataclass(frozen=True)
class SmallGroup:
    """A group of too few answers."""

    group: str
    """Its name."""
    n: int
    """Answers, over all cells."""


@dataclass(frozen=True)
class AttributeFairness:
    """The groups of one attribute of people."""

    groups: tuple[GroupDistance, ...]
    """By name."""
    skipped: tuple[SmallGroup, ...]
    """Groups under 30 answers."""
    gap: float | None
    """Distance of the worst group minus that of the best, in [0, 1]; None below two groups."""
    gap_excess: float | None
    """Greatest excess minus smallest: the gap without what group sizes make of it. None below two groups."""
    worst: str | None = None
    """Group of the largest distance; None below two groups."""
    best: str | None = None
    """Group of the smallest distance; None likewise."""


def group_cells(cell: CellPredictions) -> list[GroupCell]:
    """The groups of every attribute in one cell, unweighted; groups of a single answer have none."""
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
    """Each attribute's groups with their distance, and the gap between the worst and the best of them.

    A group's distance is the mean over its cells of a study, then over studies. Groups of under 30 answers in all are
    skipped and named. Groups are compared on the studies that each of them took part in, which are not always the same.
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
    """The groups with two answers or more, and (G, N) who belongs to each."""
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
