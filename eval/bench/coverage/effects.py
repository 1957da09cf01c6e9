"""Whether the interval of one effect, and that of the calibration slope, hold the truth: simulated with a known one.

An effect is the difference between the true means of two arms; people answer from both. The slope is that of actual on
predicted effects over a large population of studies, from which the rounds draw theirs.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal

import numpy as np

from eval.bench.coverage.cells import OPTIONS, PEOPLE, holds
from socrates_core.evaluation.effect_summary import effect_summary
from socrates_core.metrics.effects import Arm, Effect, effect_between
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats

Truths = Literal["flat", "peaked", "no effect", "rare"]
TRUTHS: Final[tuple[Truths, ...]] = ("flat", "peaked", "no effect", "rare")
"""Of both arms: flat over the simplex; peaked (Dirichlet 0.3); peaked and equal; 90 to 99 % at one end of the scale."""

Design = Literal["between", "unequal", "within"]
DESIGNS: Final[tuple[Design, ...]] = ("between", "unequal", "within")
"""Other people in each arm; three times as many in the reference; the same people in both, four fifths of whom give
the answer of the one arm in the other too."""

STAY: Final = 0.8


@dataclass(frozen=True)
class EffectRow:
    """One setting of the coverage of an effect's interval."""

    options: int
    people: int
    """In the arm."""
    truths: Truths
    design: Design
    effect: float
    """Share of rounds whose interval holds the true effect."""
    width: float
    """Mean width of the interval, in percentage points of the scale."""


def effect_coverage(rounds: int, seed: int) -> dict[str, Any]:
    """Shares of rounds whose interval of an effect holds the difference of the true means."""
    table = []
    for k, n, truths, design in product(OPTIONS, PEOPLE, TRUTHS, DESIGNS):
        # of its own, so that a setting comes out the same whichever others are run
        rng = np.random.default_rng([seed, k, n, *truths.encode(), *design.encode()])
        seen = np.array([_effect_held(k, n, truths, design, rng) for _ in range(rounds)], np.float64)
        table.append(EffectRow(k, n, truths, design, *seen.mean(axis=0).tolist()))
    parts = {"all": table} | {
        name: [row for row in table if name in (row.truths, row.design)] for name in (*TRUTHS, *DESIGNS)
    }
    summary = {
        name: {"mean": float(np.mean([row.effect for row in rows])), "worst": min(row.effect for row in rows)}
        for name, rows in parts.items()
    }
    return {"rounds": rounds, "summary": summary, "settings": [vars(row) for row in table]}


def _true_arms(k: int, truths: Truths, rng: np.random.Generator) -> Floats:
    """(2, K) the true distributions of the arm and the reference."""
    if truths == "rare":
        away = rng.uniform(0.01, 0.1, (2, 1))
        return np.asarray((1 - away) * np.eye(k)[0] + away * rng.dirichlet(np.ones(k), 2))
    drawn = rng.dirichlet(np.full(k, 1.0 if truths == "flat" else 0.3), 2)
    return drawn[[0, 0]] if truths == "no effect" else drawn


def _effect_held(k: int, n: int, truths: Truths, design: Design, rng: np.random.Generator) -> tuple[bool, float]:
    percent = np.linspace(0, 100, k)
    ours, theirs = _true_arms(k, truths, rng)
    sizes = (n, 3 * n if design == "unequal" else n)
    first = rng.choice(percent, sizes[0], p=ours)
    second = rng.choice(percent, sizes[1], p=theirs)
    people = (np.arange(sizes[0]), n + np.arange(sizes[1]))
    if design == "within":
        second = np.where(rng.random(n) < STAY, first, second)
        theirs = STAY * ours + (1 - STAY) * theirs
        people = (people[0], people[0])
    arms = [
        Arm("arm", who, answers, np.zeros(len(who)), np.ones(len(who)), percent)
        for who, answers in zip(people, (first, second), strict=True)
    ]
    found = effect_between("study", 1, arms[0], arms[1]).actual_interval
    return holds(found, float((ours - theirs) @ percent)), found.high - found.low


# -- the slope of actual on predicted effects --------------------------------------------------------------------

Kind = Literal["right", "near", "timid", "far"]
KINDS: Final[tuple[Kind, ...]] = ("right", "near", "timid", "far")
"""Predictions: the truth; four fifths of it; 15 % of it, so that effects come out far too small; nothing of it."""

STUDIES: Final = (10, 20, 40)
POPULATION: Final = 3_000
"""Studies in the population, each with one to four arms beside the control."""


@dataclass(frozen=True)
class SlopeRow:
    """One setting of the coverage of the slope's interval."""

    options: int
    people: int
    prediction: Kind
    studies: int
    slope: float
    """The true one."""
    held: float
    """Share of rounds whose interval holds it."""
    width: float
    """Median width of the interval."""


@dataclass(frozen=True, eq=False)
class _Study:
    predicted: Floats
    """(A,) effects of its arms, in percentage points."""
    truths: Floats
    """(A + 1, K) what is true in its control and its arms."""


def slope_coverage(rounds: int, seed: int) -> dict[str, Any]:
    """Shares of rounds whose interval of the calibration slope holds the slope of the population of studies."""
    table = []
    for k, n, kind, studies in product((2, 7), (10, 100), KINDS, STUDIES):
        rng = np.random.default_rng([seed, k, n, studies, *kind.encode()])
        table.append(_slope_row(k, n, kind, studies, rounds, rng))
    names: tuple[str | int, ...] = ("all", *KINDS, *STUDIES)
    summary = {}
    for name in names:
        rows = [row.held for row in table if name in ("all", row.prediction, row.studies)]
        summary[str(name)] = {"mean": float(np.mean(rows)), "worst": min(rows)}
    return {"rounds": rounds, "summary": summary, "settings": [vars(row) for row in table]}


def _slope_row(k: int, n: int, kind: Kind, studies: int, rounds: int, rng: np.random.Generator) -> SlopeRow:
    percent = np.linspace(0, 100, k)
    population = [_study(k, kind, percent, rng) for _ in range(POPULATION)]
    x = np.concatenate([one.predicted for one in population])
    y = np.concatenate([(one.truths[1:] - one.truths[0]) @ percent for one in population])
    slope = float(np.cov(x, y)[0, 1] / x.var(ddof=1))
    ids = [f"{place:02d}" for place in range(studies)]
    resamples = StudyResamples.draw(ids, int(rng.integers(2**32)))
    held, widths = 0, []
    for _ in range(rounds):
        seen = []
        for one, place in zip(ids, rng.integers(0, POPULATION, studies), strict=True):
            study = population[place]
            means = rng.multinomial(n, study.truths) @ percent / n
            seen += [_effect(one, *pair) for pair in zip(study.predicted, means[1:] - means[0], strict=True)]
        found = effect_summary(seen, resamples).calibration.slope.ci95
        if found is not None:
            held += holds(found, slope)
            widths.append(found.high - found.low)
    return SlopeRow(k, n, kind, studies, slope, held / rounds, float(np.median(widths)))


def _study(k: int, kind: Kind, percent: Floats, rng: np.random.Generator) -> _Study:
    arms = int(rng.integers(1, 5))
    control = rng.dirichlet(np.ones(k))
    size = rng.uniform(0, 0.5)
    truths = np.array([control, *((1 - size) * control + size * rng.dirichlet(np.ones(k), arms))])
    noise = rng.dirichlet(np.ones(k), arms + 1)
    share = {"right": 1.0, "near": 0.8, "timid": 0.15, "far": 0.0}[kind]
    rest = 0.25 * (1 - share) * noise + 0.75 * (1 - share) / k if kind == "timid" else (1 - share) * noise
    predicted = (share * truths + rest) @ percent
    return _Study(predicted[1:] - predicted[0], truths)


def _effect(study: str, predicted: float, actual: float) -> Effect:
    """One whose errors do not matter: the slope and its interval use none."""
    around = Interval(actual, actual)
    return Effect(study, 1, "arm", "control", 100, 100, predicted, around, actual, around, 1.0, 1.0, False)
