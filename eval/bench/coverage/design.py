"""The design suite: how far formulas of power are from simulation, and whether intervals hold after a pilot."""

from itertools import product
from typing import Any, Final

import numpy as np
from scipy.special import ndtri
from scipy.stats import t

from eval.bench.coverage.pilot import real_pilots, simulated_pilots
from eval.bench.data_parts.rows import ROWS
from socrates_core.model.loading import load_model
from socrates_core.study.studies import load_studies
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.power import TESTS, Sizes, curve
from socrates_core.trust.error_model.evidence import evidence_of
from socrates_core.trust.evaluated import evaluate_real
from socrates_core.trust.fitting import unseen

ROUNDS: Final = 40
"""Simulated calibrations for each quality."""
STUDIES: Final = 40_000
"""Simulated studies for each power: their standard error is at most 0.0025."""
PER_CELL: Final = 400
MODELS: Final = (("uniform", None), ("demo", "demo"))
CONTROLS: Final = {
    "flat, 7 options": [0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1],
    "skewed, 5 options": [0.7, 0.1, 0.1, 0.05, 0.05],
    "two options": [0.5, 0.5],
    "two options, rare": [0.9, 0.1],
}
STEPS: Final = (0.1, 0.2, 0.4)
"""By how much the log odds of an option grow from one option to the next, in the arm."""
PEOPLE: Final = (10, 20, 50, 100, 400)
RATIOS: Final = (1, 4)
EXTREME: Final = (0.06, 0.985)
"""Powers outside are all alike."""


def run_design_suite(rows: int, seed: int) -> dict[str, Any]:
    """Measure what design advice rests on.

    Args:
        rows: Fewer than by default make it a quick trial.
        seed: Seed of all that is drawn.
    """
    whole = rows >= ROWS
    powers = power_errors(STUDIES if whole else 500, seed)
    for name, found in powers.items():
        print(f"power        {name}: {found}")
    rounds = ROUNDS if whole else 1
    simulated = simulated_pilots(rounds, seed)
    real = {}
    for model, adapter in MODELS if whole else MODELS[:1]:
        name = f"{model} with adapter" if adapter else model
        real[name] = real_coverage(model, adapter, PER_CELL if whole else 150, seed)
        print(f"pilots       {name}: {real[name]}")
    return {"power": powers, "simulated": {"rounds": rounds, "settings": simulated}, "real": real}


def real_coverage(model: str, adapter: str | None, per_cell: int, seed: int) -> dict[str, Any]:
    """Pilots on the bundled real studies that the model has not learned from."""
    studies, loaded = load_studies("bundled"), load_model(model, adapter)
    cells = []
    for part in ("train", "calibration", "test"):
        found, provenance = evaluate_real(studies, loaded, part, per_cell=per_cell, seed=seed, allow_seen=True)
        cells += unseen([provenance], found)
    evidence, _ = evidence_of(cells)
    return real_pilots(evidence, seed)


def power_errors(studies: int, seed: int) -> dict[str, dict[str, float]]:
    """Formula minus simulated power: mean and largest absolute difference, by test, people and ratio."""
    differences: dict[str, list[float]] = {}
    for (name, shares), step, n, ratio in product(CONTROLS.items(), STEPS, PEOPLE, RATIOS):
        control = np.array(shares)
        weight = control * np.exp(step * np.arange(len(control)))
        x = np.linspace(0, 100, len(control))
        arms = Contrast("outcome", "arm", "control", x, weight / weight.sum(), control)
        simulated = simulated_power(arms, n, ratio * n, studies, seed)
        for test in TESTS:
            found = float(curve(test, arms, np.array([float(n)]), 0.05, Sizes(ratio))[0])
            if EXTREME[0] < simulated[test] < EXTREME[1]:
                people = "10" if n == 10 else "20 or more"
                key = f"{test}, {name}, {people} people, 1 to {ratio}"
                differences.setdefault(key, []).append(found - simulated[test])
    return {
        key: {"settings": len(found), "mean": float(np.mean(found)), "largest": float(np.abs(found).max())}
        for key, found in sorted(differences.items())
    }


def simulated_power(
    arms: Contrast, m: int, n: int, studies: int, seed: int, alpha: float = 0.05, null: float = 0.0
) -> dict[str, float]:
    """Shares of simulated studies in which the tests of Wilcoxon-Mann-Whitney (with ties, without continuity
    correction) and Welch find that the arm lies higher than the control, Welch's by more than `null`.
    """
    rng = np.random.default_rng([seed, 20])
    x = arms.positions
    arm = rng.multinomial(m, arms.treated, studies).astype(float)
    control = rng.multinomial(n, arms.untreated, studies).astype(float)
    both, people = arm + control, m + n
    u = (arm * (np.cumsum(control, axis=1) - control / 2)).sum(axis=1)
    ties = (both**3 - both).sum(axis=1) / (people * (people - 1))
    sides = [(side @ x / k, side @ x**2 / k, k) for side, k in ((arm, m), (control, n))]
    parts = [(second - first**2) / (k - 1) for first, second, k in sides]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (u - m * n / 2) / np.sqrt(m * n / 12 * (people + 1 - ties))
        found = (sides[0][0] - sides[1][0] - null) / np.sqrt(parts[0] + parts[1])
        freedom = (parts[0] + parts[1]) ** 2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1))
        welch = found > t.ppf(1 - alpha / 2, freedom)
    return {"wmw": float((z > -ndtri(alpha / 2)).mean()), "welch": float(welch.mean())}
