"""Two arms to test design advice with."""

from functools import cache

import numpy as np
from scipy.special import ndtri
from scipy.stats import t

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.trust.calibration import Calibration
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.study import MadeBy, PredictedCell, PredictedStudy
from socrates_core.trust.fitting import calibrate
from tests.trust.evidence import evaluation, provenance

SEVEN = np.array([0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1])
SKEWED = np.array([0.7, 0.1, 0.1, 0.05, 0.05])


def two_arms(treated: Floats, untreated: Floats, outcome: str = "liking", arm: str = "label") -> Contrast:
    return Contrast(outcome, arm, "plain", np.linspace(0, 100, len(treated)), treated, untreated)


def pushed(shares: Floats, step: float) -> Floats:
    """Each option `step` in log odds more likely than the one below it."""
    weight = shares * np.exp(step * np.arange(len(shares)))
    return np.asarray(weight / weight.sum())


def simulated_power(
    contrast: Contrast, m: int, n: int, rounds: int = 40_000, alpha: float = 0.05, null: float = 0.0
) -> dict[str, float]:
    """Shares of simulated studies in which the tests of Wilcoxon-Mann-Whitney (with ties, without continuity
    correction) and Welch find that the arm lies higher than the control by more than `null`.
    """
    rng = np.random.default_rng(11)
    x = contrast.positions
    arm = rng.multinomial(m, contrast.treated, rounds).astype(float)
    control = rng.multinomial(n, contrast.untreated, rounds).astype(float)
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


def predicted_study(
    *cells: tuple[str, str, Floats], answering: float = 1.0, temperature: float = 1.0, within: bool = False
) -> PredictedStudy:
    """Cells as (outcome, condition, shares); the first condition of an outcome is its control."""
    found: list[PredictedCell] = []
    for outcome, condition, shares in cells:
        scale = AnswerScale(tuple(range(1, len(shares) + 1)), {1: "never", len(shares): "always"}, {99: "don't know"})
        first = all(one.outcome != outcome for one in found)
        found.append(PredictedCell(outcome, condition, first, scale, shares, answering))
    made_by = MadeBy("m", None, "shared", "float32", temperature, 1.0)
    return PredictedStudy("Menus", made_by, tuple(found), (), within)


@cache
def half_right() -> Calibration:
    """Of a model whose predictions are half right, on 20 groups with five options."""
    return calibrate([(evaluation(20), provenance())])
