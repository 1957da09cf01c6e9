"""Whether intervals still hold after a few people's answers, and how much these people are worth: groups left out.

In simulation the truth is known. On the bundled real studies each group is left out in turn; some of its people are the
pilot, and the interval of what all the others show is tried, which has their sampling error in it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from eval.bench.coverage.error_model import LEVELS, QUALITIES, Drawn, draw
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.alone import effect_alone
from socrates_core.trust.design.pilot import Pilot, Seen
from socrates_core.trust.design.update import updated, with_sampling
from socrates_core.trust.error_model.evidence import CellEvidence, Evidence
from socrates_core.trust.error_model.hierarchy import fit_components
from socrates_core.trust.error_model.predictive import Components, Predictive
from socrates_core.trust.error_model.responses import actual_effects

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


def simulated_pilots(rounds: int, seed: int, only: Sequence[str] = tuple(QUALITIES)) -> dict[str, Any]:
    """Coverage and width of intervals of effects: before, after a pilot, and of its people alone.

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
            model = fit_components(draw(GROUPS, quality, rng).effects)
            assert model is not None
            new = draw(NEW, quality, rng)
            for group in range(NEW):
                _try_group(model, new, group, rng, rows)
        found[name] = _means(rows)
    return found


def _try_group(model: Components, new: Drawn, group: int, rng: np.random.Generator, rows: _Row) -> None:
    places = np.flatnonzero(new.group[new.arm] == group)
    cells = np.flatnonzero(new.group == group)
    at = {int(cell): place for place, cell in enumerate(cells)}
    pairs = [(at[int(new.arm[one])], at[int(new.control[one])]) for one in places]
    truth, x = new.effect(new.true)[places], new.effect(new.predicted)[places]
    block = [control for _, control in pairs]
    _note(rows, "before", updated(model, x, block, True, None), truth)
    options = tuple(np.linspace(0, 100, k) for k in new.options[cells])
    for n in PILOTS:
        pilot = _drawn(
            [new.shares[cell, : len(one)] for cell, one in zip(cells, options, strict=True)], options, n, rng
        )
        _note(rows, f"after {n}", updated(model, x, block, True, Seen.effects(pilot, pairs)), truth)
        for level in LEVELS:
            ends = [effect_alone(pilot, *pair, level) for pair in pairs]
            _add(rows, f"alone {n}", level, *_ends(ends), truth, np.zeros(len(truth)))


def real_pilots(evidence: Evidence, seed: int) -> dict[str, Any]:
    """The same on real studies, each group left out in turn; means over effects, then over groups, with the standard
    error over groups.
    """
    responses = actual_effects(evidence.effects)
    names = sorted({one.group for one in evidence.effects})
    by_group: list[dict[str, list[float]]] = []
    for number, name in enumerate(names):
        model = fit_components(responses.without(number))
        if model is None:
            return {}
        rows: _Row = {}
        rng = np.random.default_rng([seed, 18, number])
        effects = [one for one in evidence.effects if one.group == name and len(one.cells[0]) == len(one.cells[1]) == 1]
        pairs = [(one.cells[0][0][0], one.cells[1][0][0]) for one in effects]
        x, block = np.array([one.predicted for one in effects]), [pair[1] for pair in pairs]
        for n in PILOTS:
            for _ in range(DRAWS if effects else 0):
                _try_real(model, evidence.cells, (pairs, x, block), n, rng, rows)
        if rows:
            by_group.append(rows)
    keys = sorted({key for rows in by_group for key in rows})
    return {key: [*_over([float(np.mean(rows[key])) for rows in by_group if key in rows])] for key in keys}


def _try_real(
    model: Components,
    cells: Sequence[CellEvidence],
    asked: tuple[list[tuple[int, int]], Floats, list[int]],
    n: int,
    rng: np.random.Generator,
    rows: _Row,
) -> None:
    """One pilot of n people an arm, where enough others answered."""
    pairs, x, block = asked
    used = sorted({place for pair in pairs for place in pair})
    counts = [np.rint(cells[place].actual * cells[place].n).astype(np.int64) for place in used]
    if min(int(one.sum()) for one in counts) < n + LEAST_REST:
        return
    taken = [rng.multivariate_hypergeometric(one, n) for one in counts]
    options = tuple(100 * cells[place].positions for place in used)
    pilot = _given(taken, options)
    rest = _given([one - gone for one, gone in zip(counts, taken, strict=True)], options)
    at = {place: number for number, place in enumerate(used)}
    turned = [(at[arm], at[control]) for arm, control in pairs]
    others = Seen.effects(rest, turned)
    sampling = np.diagonal(others.covariance)
    _note(rows, f"before {n}", with_sampling(updated(model, x, block, True, None), sampling), others.value)
    after = updated(model, x, block, True, Seen.effects(pilot, turned))
    _note(rows, f"after {n}", with_sampling(after, sampling), others.value)
    for level in LEVELS:
        ends = _ends([effect_alone(pilot, *pair, level) for pair in turned])
        _add(rows, f"alone {n}", level, *ends, others.value, sampling)


def _drawn(shares: Sequence[Floats], options: tuple[Floats, ...], n: int, rng: np.random.Generator) -> Pilot:
    return _given([rng.multinomial(n, one) for one in shares], options)


def _given(counts: Sequence[npt.NDArray[np.int64]], options: tuple[Floats, ...]) -> Pilot:
    """Other people in each cell, of whom so many gave each option."""
    ends = np.cumsum([0, *(int(one.sum()) for one in counts)])
    answers = np.full((ends[-1], len(counts)), np.nan)
    for cell, (one, where) in enumerate(zip(counts, options, strict=True)):
        answers[ends[cell] : ends[cell + 1], cell] = np.repeat(where, one)
    return Pilot(answers, options)


def _ends(found: Sequence[Interval | None]) -> tuple[Floats, Floats]:
    there = [one for one in found if one is not None]
    assert len(there) == len(found)
    return np.array([one.low for one in there]), np.array([one.high for one in there])


def _note(rows: _Row, name: str, predictive: Predictive, truth: Floats) -> None:
    for level in LEVELS:
        _add(rows, name, level, *predictive.interval(level), truth, np.zeros(len(truth)))


def _add(rows: _Row, name: str, level: float, low: Floats, high: Floats, truth: Floats, sampling: Floats) -> None:
    """Coverage and width, and how wide an interval of the truth alone is where `sampling` widens it."""
    middle = (low + high) / 2
    half = np.sqrt((high - low) ** 2 / 4 + (1.2816 if level < 0.9 else 1.96) ** 2 * sampling)
    rows.setdefault(f"{name}, {level:.0%}", []).append(float((np.abs(truth - middle) <= half).mean()))
    rows.setdefault(f"{name}, {level:.0%} width", []).append(float((2 * half).mean()))


def _means(rows: _Row) -> dict[str, list[float]]:
    return {key: [*_over(values)] for key, values in rows.items()}


def _over(values: Sequence[float]) -> Iterator[float]:
    """Mean, and its standard error."""
    yield float(np.mean(values))
    yield float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
