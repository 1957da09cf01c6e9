"""Whether the right groups of people differ, and as much as people's do.

In each cell, the means of the groups of an attribute are compared with their average, on both sides: predicted and
actual, in shares of the scale's width. A mean of few people also differs by chance, and does so on both sides and
alike, since a group's predicted mean is over the very people who answered. Like the components of a random-effects
analysis of (co)variance, the variance between groups and their covariance are therefore taken less what people within
groups contribute. For G groups with means a_g (actual) and p_g (predicted) of n_g people:

    A = Σ_g (a_g − ā)² / (G − 1) − mean_g s²_g(a) / n_g      (P likewise)
    C = Σ_g (a_g − ā)(p_g − p̄) / (G − 1) − mean_g s_g(a, p) / n_g

Each group has its own variance and covariance within, with n_g − 1, and every group counts the same. All three are
unbiased for equal weights; with weights n_g is the effective number of people. They are averaged over the cells of a
study, then over studies, and only then divided by each other, since a cell's own A is often not above 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.answers import parts_of_people
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.fairness import band
from socrates_core.metrics.study_bootstrap import StudyResamples, finite
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats

LEAST_PEOPLE: Final = 5
"""People that a group needs in a cell to count there."""
NOTHING: Final = 1e-12
"""A variance below this, in squared shares of the width, is rounding."""
DEFINED: Final = 0.95
"""Share of resamples in which a figure must be defined for it to have an interval."""

_A, _P, _C, _RAW_A, _RAW_P, _RAW_C, _WITHIN = range(7)


@dataclass(frozen=True, eq=False)
class CellStructure:
    """The groups of one attribute in one cell."""

    attribute: str
    study_id: str
    groups: tuple[str, ...]
    """Those of five people or more."""
    sums: Floats
    """(7,) A, P, C, the same without the correction, and the mean variance of answers within groups."""


@dataclass(frozen=True)
class GroupFigure:
    """A figure over all cells, with its interval."""

    value: float | None
    """None if it is not defined: actual or predicted groups differ no more than by chance."""
    ci95: Interval | None
    """95 % interval from resampling studies; None below three, or if over 5 % of the resamples leave it undefined."""


@dataclass(frozen=True)
class AttributeStructure:
    """Differences between the groups of one attribute, predicted and actual."""

    correlation: GroupFigure
    """C / √(A·P): of predicted and actual group means within cells, corrected for chance; can exceed 1 by chance."""
    correlation_raw: GroupFigure
    """The same without the correction, in [−1, 1]."""
    slope: GroupFigure
    """C / P: actual difference per predicted one. 1 if they are as large as predicted, above 1 if larger."""
    variance_ratio: GroupFigure
    """P / A: predicted over actual variance between groups. 1 is as much, 0 no difference predicted. Slightly negative
    if predicted groups differ less than their people make them by chance."""
    explained: GroupFigure
    """A / (A + mean variance within groups), an ω² of people's answers: the share that the attribute explains. Negative
    if groups differ less than by chance."""
    actual_spread: float | None
    """√A in percentage points of the scale: the standard deviation between actual groups. None if A < 0."""
    predicted_spread: float | None
    """√P, likewise."""
    contrasts: int
    """Groups minus one, over all cells."""
    groups: tuple[str, ...]
    """Those of five people or more in a cell, sorted."""
    cells: int
    """Cells with two such groups."""
    studies: int
    """Studies of these cells."""


def cell_structures(cell: CellPredictions) -> list[CellStructure]:
    """The attributes of one cell that have two groups of five people or more.

    People are those who answered on the axis; several answers of one person are one mean. A prediction of probabilities
    counts with its mean given an answer on the axis, a predicted number as it is.
    """
    used = cell.on_scale & cell.usable & (cell.mass_of > 0) & (cell.substance > 0)
    if cell.values is None or cell.nominal or not cell.attributes or used.sum() < 2 * LEAST_PEOPLE:
        return []
    low, width = float(cell.values[0]), float(cell.values[-1] - cell.values[0])
    if cell.probs is not None:
        predicted = cell.probs[used] @ ((cell.values - low) / width)
    else:
        assert cell.drawn is not None
        predicted = (cell.drawn[used] - low) / width
    each = parts_of_people(cell.people[used], None if cell.weights is None else cell.weights[used])
    _, first, place = np.unique(cell.people[used], return_index=True, return_inverse=True)
    weights = np.bincount(place, each).astype(np.float64)
    actual = np.bincount(place, each * (cell.responses[used] - low) / width) / weights
    predicted = np.bincount(place, each * predicted) / weights
    found = []
    for attribute, known in cell.attributes.items():
        of_people = np.array(["" if value is None else band(attribute, value) for value in known], dtype=str)
        groups, sums = _between(of_people[used][first], weights, actual, predicted)
        if sums is not None:
            found.append(CellStructure(attribute, cell.study_id, groups, sums))
    return found


def _between(
    names: npt.NDArray[np.str_], weights: Floats, actual: Floats, predicted: Floats
) -> tuple[tuple[str, ...], Floats | None]:
    """The groups that are large enough, and their sums; None below two. All arguments are (N,), one per person."""
    groups, member, sizes = np.unique(names, return_inverse=True, return_counts=True)
    kept = (sizes >= LEAST_PEOPLE) & (groups != "")
    if kept.sum() < 2:
        return (), None

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(member, weights * values) / total)

    total = np.bincount(member, weights)
    n = total**2 / np.bincount(member, weights**2)
    a, p = mean(actual), mean(predicted)
    off_a, off_p = actual - a[member], predicted - p[member]
    free = np.where(n > 1, n / np.maximum(n - 1, NOTHING), np.nan)
    within = [mean(one * other) * free for one, other in ((off_a, off_a), (off_p, off_p), (off_a, off_p))]
    a, p = a[kept] - a[kept].mean(), p[kept] - p[kept].mean()
    raw = [float((one * other).sum() / (kept.sum() - 1)) for one, other in ((a, a), (p, p), (a, p))]
    parts = [between - float((inside / n)[kept].mean()) for between, inside in zip(raw, within, strict=True)]
    sums = np.array([*parts, *raw, float(within[0][kept].mean())])
    return tuple(groups[kept].tolist()), sums if np.isfinite(sums).all() else None


def structure(found: Sequence[CellStructure], resamples: StudyResamples) -> dict[str, AttributeStructure]:
    """Attribute → how predicted and actual differences between its groups agree; attributes sorted by name."""
    by_attribute: dict[str, list[CellStructure]] = {}
    for one in found:
        by_attribute.setdefault(one.attribute, []).append(one)
    return {name: _attribute(cells, resamples) for name, cells in sorted(by_attribute.items())}


def _attribute(cells: Sequence[CellStructure], resamples: StudyResamples) -> AttributeStructure:
    place = resamples.place([one.study_id for one in cells])
    count = np.bincount(place, minlength=len(resamples.study_ids))
    table = np.zeros((len(resamples.study_ids), 7))
    np.add.at(table, place, np.array([one.sums for one in cells]))
    table /= np.maximum(count, 1)[:, None]
    mean = table.sum(axis=0) / (count > 0).sum()

    def figure(formula: Callable[[Floats], Floats]) -> GroupFigure:
        value, interval = resamples.statistic(table, formula)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = formula(resamples.times[:, count > 0] @ table[count > 0])
        return GroupFigure(finite(value), interval if np.isfinite(drawn).mean() >= DEFINED else None)

    return AttributeStructure(
        correlation=figure(_correlation),
        correlation_raw=figure(_correlation_raw),
        slope=figure(_slope),
        variance_ratio=figure(_variance_ratio),
        explained=figure(_explained),
        actual_spread=_spread(mean[_A]),
        predicted_spread=_spread(mean[_P]),
        contrasts=sum(len(one.groups) - 1 for one in cells),
        groups=tuple(sorted({group for one in cells for group in one.groups})),
        cells=len(cells),
        studies=int((count > 0).sum()),
    )


def _spread(variance: float) -> float | None:
    return None if variance < -NOTHING else float(100 * max(variance, 0.0) ** 0.5)


def _above(values: Floats) -> Floats:
    return np.asarray(np.where(values > NOTHING, values, np.nan))


def _correlation(t: Floats) -> Floats:
    return np.asarray(t[..., _C] / np.sqrt(_above(t[..., _A]) * _above(t[..., _P])))


def _correlation_raw(t: Floats) -> Floats:
    return np.asarray(t[..., _RAW_C] / np.sqrt(_above(t[..., _RAW_A]) * _above(t[..., _RAW_P])))


def _slope(t: Floats) -> Floats:
    return np.asarray(t[..., _C] / _above(t[..., _P]))


def _variance_ratio(t: Floats) -> Floats:
    return np.asarray(t[..., _P] / _above(t[..., _A]))


def _explained(t: Floats) -> Floats:
    return np.asarray(t[..., _A] / _above(t[..., _A] + t[..., _WITHIN]))
