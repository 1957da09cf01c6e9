"""Whether intervals still hold after a few people's answers, and how much these people are worth: groups left out.

In simulation the truth is known. On the bundled real studies each group is left out in turn; some of its people are the
pilot, and the interval of what all the others show is tried, which has their sampling error in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from eval.bench.coverage.error_model import LEVELS, QUALITIES, Drawn, draw
from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.alone import effect_alone, mean_alone
from socrates_core.trust.design.pilot import Pilot, Seen
from socrates_core.trust.design.update import updated, with_sampling
from socrates_core.trust.error_model.evidence import CellEvidence, Evidence
from socrates_core.trust.error_model.hierarchy import fit_components
from socrates_core.trust.error_model.predictive import Components, Predictive
from socrates_core.trust.error_model.responses import actual_effects, errors_of_means

PILOTS: Final = (3, 10, 30, 100)
"""People in each arm."""
GROUPS: Final = 30
"""Of a simulated calibration."""
NEW: Final = 10
"""New groups on which each is tried."""
DRAWS: Final = 20
"""Pilots that are drawn from each real group."""
LEAST_REST: Final = 40
"""People of a real cell who are not in the pilot."""

_Row = dict[str, list[float]]


@dataclass(frozen=True, eq=False)
class _Asked:
    """J effects of a group, or the means of its cells, all in points."""

    what: Literal["effect", "mean"]
    model: Components
    predicted: Floats
    """(J,)"""
    pairs: tuple[tuple[int, int], ...]
    """(J,) places of arm and control among the group's cells; of a mean, its cell twice."""

    def updated(self, seen: Seen | None) -> Predictive:
        """The true values, in points, before or after a pilot."""
        if self.what == "effect":
            return updated(self.model, self.predicted, [control for _, control in self.pairs], True, seen)
        count = len(self.predicted)
        errors = None if seen is None else Seen((seen.value - self.predicted) / 100, seen.covariance / 100**2)
        found = updated(self.model, np.ones(count), range(count), False, errors)
        return Predictive(found.weight, self.predicted[:, None] + 100 * found.mean, 100 * found.sd)

    def seen(self, pilot: Pilot) -> Seen:
        """What people show."""
        if self.what == "effect":
            return Seen.effects(pilot, self.pairs)
        cells = [cell for cell, _ in self.pairs]
        whole = Seen.means(pilot)
        return Seen(whole.value[cells], whole.covariance[np.ix_(cells, cells)])

    def alone(self, pilot: Pilot, level: float) -> tuple[Floats, Floats]:
        """(J,) lower and (J,) upper ends of intervals of these people alone."""
        found = [
            effect_alone(pilot, arm, control, level) if self.what == "effect" else mean_alone(pilot, arm, level)
            for arm, control in self.pairs
        ]
        there = [one for one in found if one is not None]
        assert len(there) == len(found)
        return np.array([one.low for one in there]), np.array([one.high for one in there])


def simulated_pilots(rounds: int, seed: int, only: Sequence[str] = tuple(QUALITIES)) -> dict[str, Any]:
    """Coverage and width of intervals of effects and means: before, after a pilot, and of its people alone.

    Args:
        rounds: Calibrations of 30 groups for each quality of the prediction.
        seed: Of all draws.
        only: Names of qualities.
    """
    found = {}
    for number, (name, quality) in enumerate(QUALITIES.items()):
        if name not in only:
            continue
        rng = np.random.default_rng([seed, 17, number])
        rows: _Row = {}
        for _ in range(rounds):
            known = draw(GROUPS, quality, rng)
            effects, means = fit_components(known.effects), fit_components(known.errors)
            assert effects is not None
            assert means is not None
            new = draw(NEW, quality, rng)
            for group in range(NEW):
                _try_group((effects, means), new, group, rng, rows)
        found[name] = {key: [*_over(values)] for key, values in rows.items()}
    return found


def _try_group(
    models: tuple[Components, Components], new: Drawn, group: int, rng: np.random.Generator, rows: _Row
) -> None:
    places = np.flatnonzero(new.group[new.arm] == group)
    cells = np.flatnonzero(new.group == group)
    at = {int(cell): place for place, cell in enumerate(cells)}
    pairs = tuple((at[int(new.arm[one])], at[int(new.control[one])]) for one in places)
    alone = tuple((cell, cell) for cell in range(len(cells)))
    asked = (
        (_Asked("effect", models[0], new.effect(new.predicted)[places], pairs), new.effect(new.true)[places]),
        (_Asked("mean", models[1], 100 * new.predicted[cells], alone), 100 * new.true[cells]),
    )
    options = tuple(np.linspace(0, 100, k) for k in new.options[cells])
    shares = [new.shares[cell, : len(one)] for cell, one in zip(cells, options, strict=True)]
    for one, truth in asked:
        _note(rows, f"{one.what} before", one.updated(None), truth)
    for n in PILOTS:
        pilot = _given([rng.multinomial(n, share) for share in shares], options)
        for one, truth in asked:
            _note(rows, f"{one.what} after {n}", one.updated(one.seen(pilot)), truth)
            for level in LEVELS:
                _add(rows, f"{one.what} alone {n}", level, *one.alone(pilot, level), truth, np.zeros(len(truth)))


def real_pilots(evidence: Evidence, seed: int) -> dict[str, Any]:
    """The same on real studies, each group left out in turn; means over effects (or cells), then over groups, with the
    standard error over groups.
    """
    by_group: list[_Row] = []
    effects, means = actual_effects(evidence.effects), errors_of_means(evidence.cells)
    with_effects = sorted({one.group for one in evidence.effects})
    for number, name in enumerate(evidence.groups):
        of_means = fit_components(means.without(number))
        of_effects = fit_components(effects.without(with_effects.index(name))) if name in with_effects else None
        used = [place for place, cell in enumerate(evidence.cells) if cell.group == name]
        at = {place: number for number, place in enumerate(used)}
        asked = []
        own = [one for one in evidence.effects if one.group == name and len(one.cells[0]) == len(one.cells[1]) == 1]
        if of_effects is not None and own:
            pairs = tuple((at[one.cells[0][0][0]], at[one.cells[1][0][0]]) for one in own)
            asked.append(_Asked("effect", of_effects, np.array([one.predicted for one in own]), pairs))
        if of_means is not None:
            predicted = np.array([100 * evidence.cells[place].predicted_mean for place in used])
            asked.append(_Asked("mean", of_means, predicted, tuple((cell, cell) for cell in range(len(used)))))
        rows: _Row = {}
        rng = np.random.default_rng([seed, 18, number])
        for n in PILOTS:
            for _ in range(DRAWS if asked else 0):
                _try_real(asked, [evidence.cells[place] for place in used], n, rng, rows)
        by_group.append(rows)
    keys = sorted({key for rows in by_group for key in rows})
    return {key: [*_over([float(np.mean(rows[key])) for rows in by_group if key in rows])] for key in keys}


def _try_real(
    asked: Sequence[_Asked], cells: Sequence[CellEvidence], n: int, rng: np.random.Generator, rows: _Row
) -> None:
    """One pilot of n people an arm, where enough others answered."""
    counts = [np.rint(cell.actual * cell.n).astype(np.int64) for cell in cells]
    if min(int(one.sum()) for one in counts) < n + LEAST_REST:
        return
    taken = [rng.multivariate_hypergeometric(one, n) for one in counts]
    options = tuple(100 * cell.positions for cell in cells)
    pilot = _given(taken, options)
    rest = _given([one - gone for one, gone in zip(counts, taken, strict=True)], options)
    for one in asked:
        others = one.seen(rest)
        sampling = np.diagonal(others.covariance)
        _note(rows, f"{one.what} before {n}", with_sampling(one.updated(None), sampling), others.value)
        _note(rows, f"{one.what} after {n}", with_sampling(one.updated(one.seen(pilot)), sampling), others.value)
        for level in LEVELS:
            _add(rows, f"{one.what} alone {n}", level, *one.alone(pilot, level), others.value, sampling)


def _given(counts: Sequence[npt.NDArray[np.int64]], options: tuple[Floats, ...]) -> Pilot:
    """Other people in each cell, of whom so many gave each option."""
    ends = np.cumsum([0, *(int(one.sum()) for one in counts)])
    answers = np.full((ends[-1], len(counts)), np.nan)
    for cell, (one, where) in enumerate(zip(counts, options, strict=True)):
        answers[ends[cell] : ends[cell + 1], cell] = np.repeat(where, one)
    return Pilot(answers, options)


def _note(rows: _Row, name: str, predictive: Predictive, truth: Floats) -> None:
    for level in LEVELS:
        _add(rows, name, level, *predictive.interval(level), truth, np.zeros(len(truth)))


def _add(rows: _Row, name: str, level: float, low: Floats, high: Floats, truth: Floats, sampling: Floats) -> None:
    """Coverage and width, and how wide an interval of the truth alone is where `sampling` widens it."""
    middle = (low + high) / 2
    half = np.sqrt((high - low) ** 2 / 4 + (1.2816 if level < 0.9 else 1.96) ** 2 * sampling)
    rows.setdefault(f"{name}, {level:.0%}", []).append(float((np.abs(truth - middle) <= half).mean()))
    rows.setdefault(f"{name}, {level:.0%} width", []).append(float((2 * half).mean()))


def _over(values: Sequence[float]) -> Iterator[float]:
    """Mean, and its standard error."""
    yield float(np.mean(values))
    yield float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
