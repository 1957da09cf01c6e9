"""Power where several effects are tested together, and Holm's procedure keeps the chance of any false finding at α.

Holm (1979, Scandinavian Journal of Statistics 6, 65): of C p-values, the smallest is held against α / C, the next
against α / (C − 1), and so on until one fails. The power to find one effect then depends on the others, so it is
simulated; it lies between that of a test at α / C and that of a test at α.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.power import Sizes, Test, curve, direction_of

ROUNDS: Final = 20_000
"""Simulated studies: the standard error of a power is at most 0.0035. A tenth of them, with many effects: 0.011."""
MOST_DRAWS: Final = 2_000_000

HOW_SIMULATED: Final = (
    "Holm's procedure over the family is simulated. Effects of one outcome share their control, so "
    "their tests are correlated; outcomes are taken as independent, since how one person's answers to them go together "
    "is not predicted."
)


@dataclass(frozen=True)
class FamilyPower:
    """Power of one contrast in a family of C."""

    simulated: float
    """Under Holm's procedure."""
    least: float
    """Of a test at α / C: as if nothing else were found."""
    most: float
    """Of a test at α: as if it stood alone."""


@dataclass(frozen=True)
class Together:
    """A family of C contrasts at one number of people."""

    of_each: tuple[FamilyPower, ...]
    """(C,)"""
    one: float
    """Probability that one or more are found in the predicted direction."""
    all: float
    """That every one is."""


def family_power(
    test: Test, contrasts: Sequence[Contrast], n: int, alpha: float, sizes: Sizes, rng: np.random.Generator
) -> Together:
    """Power under Holm's procedure if n people are asked in each arm.

    Each test statistic is normal around the value that gives the test its power at its level.

    Args:
        test: Which one, for all.
        contrasts: (C,) one or more.
        n: People in each arm.
        alpha: Two-sided level of the family.
        sizes: The controls'.
        rng: Draws the simulated studies.
    """
    at, count = np.array([float(n)]), len(contrasts)
    alone = [curve(test, one, at, alpha, sizes)[0] for one in contrasts]
    strict = [curve(test, one, at, alpha / count, sizes)[0] for one in contrasts]
    if not 0 < alpha < 1:
        return Together(tuple(FamilyPower(0.0, 0.0, 0.0) for _ in contrasts), 0.0, 0.0)
    ways = [direction_of(test, one) for one in contrasts]
    z = -float(ndtri(alpha / count / 2))
    # as far from 0 as a test at α / C finds with its power; one without a difference lies at 0
    away = ndtri(np.clip(strict, 1e-12, 1 - 1e-12)) + z
    shift = np.where(np.array(ways) == 0, 0.0, away)
    rounds = max(ROUNDS // 10, min(ROUNDS, MOST_DRAWS // count))
    drawn = shift + rng.standard_normal((rounds, count)) @ np.linalg.cholesky(_correlations(contrasts, n, sizes)).T
    found = holm(2 * ndtr(-np.abs(drawn)), alpha) & (drawn > 0) & (np.array(ways) != 0)
    least_most = zip(found.mean(axis=0), strict, alone, strict=True)
    # bounds hold exactly, and simulation errs
    powers = tuple(FamilyPower(float(np.clip(p, low, high)), float(low), float(high)) for p, low, high in least_most)
    return Together(powers, float(found.any(axis=1).mean()), float(found.all(axis=1).mean()))


def holm(p: Floats, alpha: float) -> npt.NDArray[np.bool_]:
    """(R, C) which of each row's p-values (R, C) Holm's procedure finds significant."""
    order = np.argsort(p, axis=1, kind="stable")
    held = np.take_along_axis(p, order, axis=1) <= alpha / np.arange(p.shape[1], 0, -1)
    found = np.empty_like(held)
    np.put_along_axis(found, order, np.logical_and.accumulate(held, axis=1), axis=1)
    return found


def _correlations(contrasts: Sequence[Contrast], n: int, sizes: Sizes) -> Floats:
    """(C, C) of the test statistics, each turned to its predicted direction.

    Two arms that share a control share its variance: q / √((p₁ + q)(p₂ + q)) of arms' and control's squared errors.
    """
    found = np.eye(len(contrasts))
    for i, one in enumerate(contrasts):
        for j, other in enumerate(contrasts[:i]):
            if (one.outcome, one.control) != (other.outcome, other.control):
                continue
            own, shared = zip(*(_errors(side, n, sizes) for side in (one, other)), strict=True)
            whole = (own[0] + shared[0]) * (own[1] + shared[1])
            sign = (np.sign(one.effect) or 1.0) * (np.sign(other.effect) or 1.0)
            # a little less than 1, for arms whose own answers do not vary
            found[i, j] = found[j, i] = 0.999 * sign * shared[0] / np.sqrt(whole) if whole > 0 else 0.0
    return found


def _errors(contrast: Contrast, n: int, sizes: Sizes) -> tuple[float, float]:
    """Squared standard errors of the arm's mean and of the control's."""
    sides = zip((contrast.treated, contrast.untreated), sizes.people(contrast, float(n)), strict=True)
    x = contrast.positions
    own, shared = (float(shares @ (x - shares @ x) ** 2 / max(1.0, float(people))) for shares, people in sides)
    return own, shared
