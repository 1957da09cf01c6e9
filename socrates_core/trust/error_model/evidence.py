"""What an error model is fitted on: predicted and actual answers of cells, and predicted and actual effects.

Groups, not cells or studies, are independent: an experiment, a pool of people, a replication. Only cells with a stated
scale whose options have an order have a place here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.comparison import scale_shares, weight_counts
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.cell_score import unscored
from socrates_core.metrics.cramer import cramer
from socrates_core.metrics.uncertainty import GroupAnswers, effective_n, mean_difference, smoothed
from socrates_core.scale.distribution import Floats

FAMILIES: Final = {"2 options": 2, "3 to 7 options": 7, "8 to 11 options": 11, "12 or more options": 10**9}
"""Family of scales → the most options on the axis that it has."""

ALL: Final = "all scales"
"""The family of all cells together."""

LEAST_PEOPLE: Final = 2.0
"""Effective people of a cell whose sampling variance can be estimated."""


def family_of(options: int) -> str:
    """The family of a scale with this many options on its axis, 2 or more."""
    return next(name for name, most in FAMILIES.items() if options <= most)


@dataclass(frozen=True, eq=False)
class CellEvidence:
    """One cell: how people answered, and how they were predicted to. Distances and means in widths of the scale."""

    study: str
    group: str
    """The independent unit that the study is part of."""
    positions: Floats
    """(K,) where the options lie in [0, 1], ascending."""
    predicted: Floats
    """(K,) predicted shares."""
    actual: Floats
    """(K,) shares of the answers."""
    n: float
    """Effective number of people who answered, ≥ 2."""
    draws: float | None
    """Drawn answers behind the prediction; None for exact probabilities."""

    @property
    def family(self) -> str:
        """Of its scale."""
        return family_of(len(self.positions))

    @property
    def actual_mean(self) -> float:
        """Mean answer, in [0, 1]."""
        return float(self.actual @ self.positions)

    @property
    def predicted_mean(self) -> float:
        """Mean predicted answer, in [0, 1]."""
        return float(self.predicted @ self.positions)

    @cached_property
    def variance(self) -> float:
        """Sampling variance of `actual_mean`: Σ p (x − x̄)² / n, with smoothed shares p of the answers.

        Without smoothing, a cell whose people all agree would seem to know its mean exactly.
        """
        shares = smoothed(self.actual, self.n)
        return float(shares @ (self.positions - shares @ self.positions) ** 2) / self.n

    @property
    def w(self) -> float:
        """Wasserstein distance (W) of the prediction to the answers, in [0, 1]."""
        return float(np.abs(np.cumsum(self.predicted - self.actual))[:-1] @ np.diff(self.positions))

    @property
    def squared(self) -> float:
        """Unbiased squared-CDF distance of the prediction to where the answers come from; see `metrics.cramer`."""
        found = cramer(self.predicted, self.actual, self.positions, self.n, self.draws)
        assert found is not None
        return found

    @property
    def spread(self) -> float:
        """Unbiased Σ gap · F(1 − F) of the people's CDF F: n times the squared-CDF error of n people's answers."""
        below = np.cumsum(self.actual)[:-1].clip(0, 1)
        return float((below * (1 - below)) @ np.diff(self.positions)) * self.n / (self.n - 1)


@dataclass(frozen=True, eq=False)
class EffectEvidence:
    """One arm against the control of its outcome, in points: percent of the scale's width."""

    study: str
    group: str
    outcome: str
    """The same for effects that share a control."""
    family: str
    cells: tuple[tuple[tuple[int, float], ...], tuple[tuple[int, float], ...]]
    """Places of the arm's cells, and of the control's, with their shares of the arm."""
    predicted: float
    actual: float
    variance: float
    """Sampling variance of the arm's mean, in points²."""
    shared: float
    """Of the control's mean, which all effects of the outcome share."""
    person_variance: float
    """Variance of single answers, mean of arm and control, in points²."""
    n: float
    """Effective people of the smaller of the two arms."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """All cells and effects of an evaluation that can teach something about its errors."""

    cells: tuple[CellEvidence, ...]
    effects: tuple[EffectEvidence, ...]

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Sorted."""
        return tuple(sorted({cell.group for cell in self.cells}))

    def select(self, places: Sequence[int], effects: Sequence[EffectEvidence]) -> "Evidence":
        """Some of the cells, and some of the effects between these.

        Args:
            places: Of the cells, ascending.
            effects: Whose cells are all among them.
        """
        now = {place: number for number, place in enumerate(places)}

        def moved(side: tuple[tuple[int, float], ...]) -> tuple[tuple[int, float], ...]:
            return tuple((now[place], share) for place, share in side)

        kept = tuple(replace(one, cells=(moved(one.cells[0]), moved(one.cells[1]))) for one in effects)
        return Evidence(tuple(self.cells[place] for place in places), kept)

    def predicting(self, change: Callable[[CellEvidence], Floats]) -> "Evidence":
        """All of it with other predictions, effects read from them too.

        Args:
            change: Cell ↦ its (K,) predicted shares.
        """
        cells = tuple(replace(cell, predicted=change(cell)) for cell in self.cells)
        means = [100 * cell.predicted_mean for cell in cells]

        def side(parts: tuple[tuple[int, float], ...]) -> float:
            return sum(share * means[place] for place, share in parts)

        effects = tuple(replace(one, predicted=side(one.cells[0]) - side(one.cells[1])) for one in self.effects)
        return Evidence(cells, effects)


def evidence_of(cells: Sequence[CellPredictions], real: bool = True) -> tuple[Evidence, tuple[str, ...]]:
    """The evidence that these cells hold, and what was left out and why.

    Args:
        cells: Of one evaluation; those of studies that the model was trained on already left out.
        real: Whether the real studies count, or the synthetic ones.
    """
    other = [cell for cell in cells if cell.real is not real]
    used = usable(cells, real)
    unfit = len(cells) - len(other) - len(used)
    left_out = [f"{len(other)} cells of studies that are not {'real' if real else 'synthetic'}"] if other else []
    if unfit:
        left_out.append(f"{unfit} cells without an ordered scale, usable predictions or two people")
    contrasts = sum(cell.wording_contrast for cell in used)
    if contrasts:
        left_out.append(f"the effects of {contrasts} cells whose arms ask different questions")
    return Evidence(tuple(map(_cell, used)), tuple(_effects(used))), tuple(left_out)


def usable(cells: Sequence[CellPredictions], real: bool = True) -> list[CellPredictions]:
    """The cells that are evidence: of this kind, with ordered options, usable predictions, and two people or more.

    Args:
        cells: Of one evaluation.
        real: Whether the real studies count, or the synthetic ones.
    """

    def fits(cell: CellPredictions) -> bool:
        ordered = not unscored(cell) and cell.values is not None and not cell.nominal
        return cell.real is real and ordered and _people(cell) >= LEAST_PEOPLE

    return [cell for cell in cells if fits(cell)]


# -- one cell ----------------------------------------------------------------------------------------------------


def _used(cell: CellPredictions) -> npt.NDArray[np.bool_]:
    """(N,) the answers that count on both sides, as for effects."""
    return cell.on_scale & cell.usable & (cell.mass_of > 0) & (cell.substance > 0)


def _people(cell: CellPredictions) -> float:
    """Effective number of people whose answers count."""
    used = _used(cell)
    if not used.any():
        return 0.0
    _, place = np.unique(cell.people[used], return_inverse=True)
    return effective_n(np.bincount(place, cell.mass_of[used]))


def _predicted_weights(cell: CellPredictions) -> Floats:
    """(N,) what each person's prediction counts, 0 where it does not."""
    side = cell.predicted
    return np.asarray(np.where(side.compared, side.weights, 0.0))


def _cell(cell: CellPredictions) -> CellEvidence:
    assert cell.values is not None
    weights = _predicted_weights(cell)
    if cell.probs is not None:
        predicted = weights @ cell.probs / weights.sum()
    else:
        assert cell.drawn is not None
        counted = weights > 0
        predicted = weight_counts(cell.drawn[counted], weights[counted], cell.values) / weights.sum()
    return CellEvidence(
        study=cell.study_id,
        group=cell.group or cell.study_id,
        positions=(cell.values - cell.values[0]) / float(cell.values[-1] - cell.values[0]),
        predicted=np.asarray(predicted, dtype=np.float64),
        actual=scale_shares(cell.actual),
        n=_people(cell),
        draws=None if cell.drawn is None else effective_n(weights[weights > 0]),
    )


# -- effects -----------------------------------------------------------------------------------------------------


def _effects(cells: Sequence[CellPredictions]) -> list[EffectEvidence]:
    """Every arm against the control (the lowest condition number) of its outcome, as in `metrics.effects`."""
    outcomes: dict[tuple[str, int | None, tuple[int, ...]], dict[int, list[int]]] = {}
    for place, cell in enumerate(cells):
        if cell.wording_contrast or (cell.task_num is None and cell.stimulus is not None):
            continue
        assert cell.values is not None
        key = (cell.study_id, cell.task_num, tuple(cell.values.tolist()))
        outcomes.setdefault(key, {}).setdefault(cell.condition_num, []).append(place)
    found = []
    for number, arms in enumerate(outcomes.values()):
        control, *others = (arms[condition] for condition in sorted(arms))
        found += [_effect(cells, arm, control, str(number)) for arm in others]
    return found


def _effect(cells: Sequence[CellPredictions], arm: list[int], control: list[int], outcome: str) -> EffectEvidence:
    first = cells[arm[0]]
    sides = [_answers([cells[place] for place in side]) for side in (arm, control)]
    difference = mean_difference(*sides)
    own, shared = (_arm_variance([cells[place] for place in side]) for side in (arm, control))
    if set(sides[0].people.tolist()) & set(sides[1].people.tolist()):
        # the same people in both arms: what is left of each arm's own variance after pairing
        shared = min(shared, difference.se**2 / 2)
        own = max(difference.se**2 - shared, 1e-6)
    people = [sum(_people(cells[place]) for place in side) for side in (arm, control)]
    parts = [_parts(cells, side) for side in (arm, control)]
    means = [sum(share * 100 * _cell(cells[place]).predicted_mean for place, share in side) for side in parts]
    spreads = [float(np.average((side.answers - side.mean) ** 2, weights=side.weights)) for side in sides]
    assert first.values is not None
    return EffectEvidence(
        study=first.study_id,
        group=first.group or first.study_id,
        outcome=outcome,
        family=family_of(len(first.values)),
        cells=(parts[0], parts[1]),
        predicted=means[0] - means[1],
        actual=difference.value,
        variance=own,
        shared=shared,
        person_variance=float(np.mean([v * n / max(1.0, n - 1) for v, n in zip(spreads, people, strict=True)])),
        n=min(people),
    )


def _answers(cells: Sequence[CellPredictions]) -> GroupAnswers:
    """The answers of an arm, in points."""
    people, answers, weights = [], [], []
    for cell in cells:
        assert cell.values is not None
        used = _used(cell)
        people.append(cell.people[used])
        answers.append(100 * (cell.responses[used] - cell.values[0]) / float(cell.values[-1] - cell.values[0]))
        weights.append(cell.mass_of[used])
    return GroupAnswers(np.concatenate(people), np.concatenate(answers), np.concatenate(weights))


def _arm_variance(cells: Sequence[CellPredictions]) -> float:
    """Sampling variance of an arm's mean in points², its texts taken as answered by different people."""
    totals = np.array([float(cell.mass_of[_used(cell)].sum()) for cell in cells])
    own = np.array([_cell(cell).variance for cell in cells])
    return float((totals / totals.sum()) ** 2 @ own) * 100**2


def _parts(cells: Sequence[CellPredictions], places: Sequence[int]) -> tuple[tuple[int, float], ...]:
    """The cells of an arm with their shares of its predictions."""
    totals = [float(_predicted_weights(cells[place]).sum()) for place in places]
    return tuple((place, total / sum(totals)) for place, total in zip(places, totals, strict=True))
