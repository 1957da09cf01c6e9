"""The statistics suite: speed compared with scipy, memory at full size, and the coverage of intervals.

Coverage is measured where the truth is known. For one cell and one effect, `eval.bench.coverage` draws truths and
answers. For means over studies there is a synthetic society, whose true distances and effects are known: studies are
drawn from it again and again, people answer anew, and the interval of each round either holds the society's true mean
or not.
"""

import time
from typing import Any, Final

import numpy as np
from scipy.stats import wasserstein_distance

from eval.bench.coverage.cells import cell_coverage
from eval.bench.coverage.effects import effect_coverage, slope_coverage
from eval.bench.data import run_timed_step
from socrates_core.evaluation.effect_summary import effect_summary
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.effects import Effect, direction_is_known
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import Floats
from socrates_core.study.sources.society.society import Society, make_society, study_set

CELLS: Final = 6_000
PEOPLE: Final = 80
"""Cells of all of SocSci210, and people in each of them."""
DISTANCES: Final = 20_000
LEVELS: Final = ((5, 0.30), (7, 0.21), (101, 0.15), (4, 0.12), (2, 0.12), (11, 0.10))
"""Options of a scale and their share among cells, as in SocSci210."""
ROUNDS: Final = 2_000
CELL_ROUNDS: Final = 400
"""In each setting of the coverage of one cell's intervals, and of one effect's: 1.1 percentage points of Monte Carlo
error around 95 %."""
STUDIES: Final = 40
"""Studies in each round of the coverage simulation: as many as the paper's unseen ones."""

_WHOLE: Final = (
    "import time; from eval.bench.statistics import made_up_cells; "
    "from socrates_core.evaluation.scores import evaluate; "
    "cells = made_up_cells({cells}, {people}, {seed}); wall, cpu = time.perf_counter(), time.process_time(); "
    "evaluate(cells, {{}}, {seed}); print(time.perf_counter() - wall, time.process_time() - cpu)"
)


def run_statistics_suite(rows: int, seed: int) -> dict[str, Any]:
    """Measure distances against scipy, all statistics of an evaluation, and the coverage of intervals.

    Args:
        rows: At most this many answers in the largest step; the suite's own size if that is smaller.
        seed: Seed of all generated data.
    """
    cells = max(100, min(CELLS, rows // PEOPLE))
    distances = time_distances(min(DISTANCES, max(1000, rows)), seed)
    print(f"distances    {distances['cells']:,} cells: {distances['ratio']:.0f} times scipy one by one, equal results")
    step = run_timed_step(["-c", _WHOLE.format(cells=cells, people=PEOPLE, seed=seed)])
    print(f"evaluation   {cells:,} cells of {PEOPLE} people: {step.seconds:.1f} s, {step.peak_gb:.2f} GB at the peak")
    rounds = ROUNDS if rows >= CELLS * PEOPLE else max(20, rows // 1000)
    covered = coverage(rounds, seed)
    print(f"coverage     {rounds} rounds of {STUDIES} studies: {covered}")
    turns = CELL_ROUNDS if rows >= CELLS * PEOPLE else max(2, rows // 4000)
    one_cell, one_effect = cell_coverage(turns, seed), effect_coverage(turns, seed)
    slope = slope_coverage(turns, seed)
    print(f"one cell     {turns} rounds of each setting: {one_cell['summary']}")
    print(f"one effect   {turns} rounds of each setting: {one_effect['summary']}")
    print(f"slope        {turns} rounds of each setting: {slope['summary']}")
    return {
        "distances": distances,
        "evaluation": {"cells": cells, "people": PEOPLE, "seconds": step.seconds, "peak_gb": step.peak_gb},
        "coverage": {"rounds": rounds, "studies": STUDIES, **covered},
        "cells": one_cell,
        "effects": one_effect,
        "slope": slope,
    }


def made_up_cells(count: int, people: int, seed: int) -> list[CellPredictions]:
    """Cells with `people` answers each, on scales as in SocSci210, thirty per study, with a prediction per person."""
    rng = np.random.default_rng(seed)
    options, shares = zip(*LEVELS, strict=True)
    groups = {
        "gender": ["Female", "Male"],
        "education": list("abcdef"),
        "party_id": list("abcdefg"),
        "age": list("abcd"),
    }
    cells = []
    for cell_id in range(count):
        k = int(rng.choice(options, p=shares))
        truth = rng.dirichlet(np.full(k, 0.7))
        rows = 0.7 * truth + 0.3 * rng.dirichlet(np.full(k, 0.7), people)
        cells.append(
            CellPredictions(
                study_id=f"study-{cell_id // 30:03d}",
                cell_id=cell_id,
                condition_num=cell_id % 30 // 5,
                task_num=cell_id % 5,
                values=np.arange(1, k + 1),
                responses=rng.choice(np.arange(1.0, k + 1), people, p=truth),
                people=cell_id * people + np.arange(people),
                probs=rows,
                mass=np.ones(people),
                stimulus=f"question {cell_id}",
                attributes={name: rng.choice(values, people).tolist() for name, values in groups.items()},
            )
        )
    return cells


def time_distances(count: int, seed: int) -> dict[str, Any]:
    """Distances of many cells at once, scale by scale, against scipy, cell by cell; the two must agree.

    Raises:
        AssertionError: If they do not.
    """
    rng = np.random.default_rng(seed)
    options, shares = zip(*LEVELS, strict=True)
    groups, alone = [], []
    for k, members in zip(options, rng.multinomial(count, shares).tolist(), strict=True):
        predicted, actual = rng.dirichlet(np.ones(k), size=(2, members))
        groups.append((predicted, actual, np.linspace(0, 1, k)))
        alone += list(zip(predicted, actual, strict=True))
    times = []
    for _ in range(7):
        started = time.perf_counter()
        ours = [wasserstein_rows(*group) for group in groups]
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    theirs = [wasserstein_distance(np.arange(len(p)), np.arange(len(p)), p, q) / (len(p) - 1) for p, q in alone]
    scipy_seconds = time.perf_counter() - started
    np.testing.assert_allclose(np.concatenate(ours), theirs, atol=1e-9)
    seconds = float(np.median(times))
    return {"cells": count, "seconds": seconds, "scipy_seconds": scipy_seconds, "ratio": scipy_seconds / seconds}


# -- coverage ----------------------------------------------------------------------------------------------------


def coverage(rounds: int, seed: int) -> dict[str, float]:
    """Share of rounds whose 95 % interval contains the true value: of the mean W, and of the calibration slope.

    The model's distributions are half the true one, 0.4 uniform and 0.1 random, so that its W is well above the floor
    and its effects are half the true ones, with noise.
    """
    truths = _true_cells(make_society(seed, studies=150))
    rng = np.random.default_rng([seed, 1])
    names = sorted(truths)
    predicted = {study: _predictions(truths[study], rng) for study in names}
    bank = np.array([_distances(truths[study], predicted[study], rng) for study in names])
    known = [_effects(truths[study], predicted[study]) for study in names]
    target, slope = float(bank.mean()), _slope([pair for pairs in known for pair in pairs])
    ids = [f"{place:02d}" for place in range(STUDIES)]
    held = {"distance": 0, "slope": 0}
    for turn in range(rounds):
        drawn = rng.integers(0, len(names), STUDIES)
        resamples = StudyResamples.draw(ids, turn)
        _, interval = resamples.mean(bank[drawn, rng.integers(0, bank.shape[1], STUDIES)])
        held["distance"] += _holds(interval, target)
        seen = [_seen(one, pair, rng) for one, place in zip(ids, drawn, strict=True) for pair in known[place]]
        held["slope"] += _holds(effect_summary(seen, resamples).calibration.slope.ci95, slope)
    return {name: count / rounds for name, count in held.items()}


_Cells = list[tuple[int, int, Floats, int]]
"""Condition, task, true distribution, people."""


def _true_cells(society: Society) -> dict[str, _Cells]:
    studies = study_set(society)
    counts = dict(studies.responses.group_by("cell_id").len().iter_rows())
    found: dict[str, _Cells] = {}
    for study_id in studies.study_ids:
        people = studies.participants_of(study_id)
        for cell in studies.cells_of(study_id):
            truth = society.true_distributions(cell, people).mean(axis=0)
            found.setdefault(study_id, []).append((cell.condition_num, cell.task_num, truth, counts[cell.cell_id]))
    return found


def _predictions(cells: _Cells, rng: np.random.Generator) -> list[Floats]:
    return [0.5 * truth + 0.4 / len(truth) + 0.1 * rng.dirichlet(np.ones(len(truth))) for _, _, truth, _ in cells]


def _distances(cells: _Cells, predicted: list[Floats], rng: np.random.Generator, times: int = 500) -> Floats:
    """(B,) a study's mean W, each time with newly drawn people."""
    found = []
    for (_, _, truth, n), row in zip(cells, predicted, strict=True):
        shares = rng.multinomial(n, truth / truth.sum(), size=times) / n
        found.append(wasserstein_rows(row, shares, np.linspace(0, 1, len(truth))))
    return np.asarray(np.mean(found, axis=0))


def _effects(cells: _Cells, predicted: list[Floats]) -> list[tuple[float, float, float]]:
    """Predicted and true effect of each arm against the first, and the standard error that people's answers give."""
    found = []
    first = {}
    for (condition, task, truth, n), row in zip(cells, predicted, strict=True):
        percent = np.linspace(0, 100, len(truth))
        mean = float(truth @ percent)
        here = (float(row @ percent), mean, float(truth @ (percent - mean) ** 2) / n)
        if task not in first:
            assert condition == 1
            first[task] = here
        else:
            base = first[task]
            found.append((here[0] - base[0], here[1] - base[1], float(np.sqrt(here[2] + base[2]))))
    return found


def _slope(pairs: list[tuple[float, float, float]]) -> float:
    x, y = np.array([pair[:2] for pair in pairs]).T
    return float(np.cov(x, y)[0, 1] / x.var(ddof=1))


def _seen(study: str, pair: tuple[float, float, float], rng: np.random.Generator) -> Effect:
    predicted, true, error = pair
    actual = true + error * float(rng.standard_normal())
    around = Interval(actual - 1.96 * error, actual + 1.96 * error)
    known = direction_is_known(around, 100, 100)
    return Effect(study, 1, "arm", "control", 100, 100, predicted, around, actual, around, error, error, known)


def _holds(interval: Interval | None, value: float) -> bool:
    return interval is not None and interval.low <= value <= interval.high
