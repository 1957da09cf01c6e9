"""How likely a test finds an effect, from the two distributions of answers, and how many people that takes.

A test is two-sided with level α; it *finds* the effect if it is significant and points in the effect's direction, since
a significant result that points the other way is no success. N people answer, m in the arm and n in its control.

Wilcoxon-Mann-Whitney with ties: δ = P(X > Y) + ½ P(X = Y) − ½ for an answer X of the arm, shares p, and Y of the
control, shares q. The statistic's variance is σ₀² = (1 − Σ (t p + (1 − t) q)³) (1/m + 1/n) / 12 under equality, with
t = m / N, and σ₁² = Var F_q(X) / m + Var F_p(Y) / n under the alternative, F counting ties half. Power is
Φ((δ − z σ₀) / σ₁), z = z_(1 − α/2) (Tang 2011, Statistics in Medicine 30, 3461). With σ₁ = σ₀ it is equation 12 of
Zhao, Rahardja and Qu (2008, Statistics in Medicine 27, 462), which is up to 2 points too low for large effects.

Welch: the noncentral t distribution with Δ / √(s²/m + s²/n) and Satterthwaite's degrees of freedom, at true variances.

`eval/measured/README.md` says how far both are from simulated power.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import nctdtr, ndtr, ndtri, stdtrit

from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.contrast import Contrast

Test = Literal["wmw", "welch"]
TESTS: Final[dict[Test, str]] = {"wmw": "Wilcoxon-Mann-Whitney test", "welch": "Welch's t test"}

LEAST_PEOPLE: Final = 2
"""In an arm: of one answer, nobody knows how answers vary."""
MOST_PEOPLE: Final = 10_000_000
"""In an arm: more are not asked."""
TRIED: Final = 65
FINER: Final = 4
"""Effects that are tried at once for the smallest one, and how often more finely: to a ten-millionth of the reach."""
LARGEST_NONCENTRALITY: Final = 37.0
"""Above this, Welch's power is 1 to the last digit at any level and number of people that are allowed."""


@dataclass(frozen=True)
class Sizes:
    """How many people are asked in each arm."""

    ratio: float = 1.0
    """People in the control for each one in an arm."""

    def people(self, contrast: Contrast, n: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Expected people who answer on the axis, in the arm and in the control, if n are asked in the arm."""
        asked = np.asarray(n, dtype=np.float64)
        control = np.ceil(self.ratio * asked - 1e-9)
        return asked * contrast.answering[0], control * contrast.answering[1]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a test's power depends on, for E distributions of the arm beside one of the control."""

    effect: Floats
    """(E,) in points."""
    variances: tuple[Floats, float]
    """(E,) of single answers in the arm, and of those in the control, in points²."""
    delta: Floats
    """(E,) P(X > Y) + ½ P(X = Y) − ½."""
    placements: tuple[Floats, Floats]
    """(E,) Var F_q(X) and (E,) Var F_p(Y)."""
    cubes: Floats
    """(4, E) Σp³, Σp²q, Σpq², Σq³."""

    @classmethod
    def of(cls, contrast: Contrast, treated: Floats) -> "Answers":
        """Of shares (E, K) in the arm, beside the predicted control."""
        x, q = contrast.positions, contrast.untreated
        below_q = np.cumsum(q) - q / 2
        below_p = np.cumsum(treated, axis=1) - treated / 2
        delta = treated @ below_q - 0.5
        mean = treated @ x
        middle = float(q @ x)
        spread = ((x - mean[:, None]) ** 2 * treated).sum(axis=1)
        placed = (
            ((below_q - (delta + 0.5)[:, None]) ** 2 * treated).sum(axis=1),
            (below_p - (0.5 - delta)[:, None]) ** 2 @ q,
        )
        cubes = np.stack([(treated**3).sum(axis=1), treated**2 @ q, treated @ q**2, np.full(len(mean), (q**3).sum())])
        rounded = np.where(np.abs(delta) < 1e-12, 0.0, delta)
        return cls(mean - middle, (spread, float(q @ (x - middle) ** 2)), rounded, placed, cubes)

    def tie_factor(self, share: Floats) -> Floats:
        """(E, N) 1 − Σ (t p + (1 − t) q)³ for shares t (N,) of people in the arm."""
        t, rest = share, 1 - share
        powers = np.stack([t**3, 3 * t**2 * rest, 3 * t * rest**2, rest**3])
        return np.asarray(1 - self.cubes.T @ powers)


def direction_of(test: Test, contrast: Contrast) -> int:
    """+1 or −1 where the predicted arms differ in what the test compares, 0 where they do not."""
    found = Answers.of(contrast, contrast.treated[None])
    return int(np.sign(contrast.effect if test == "welch" else found.delta[0]))


def power(
    test: Test, answers: Answers, people: tuple[Floats, Floats], alpha: float, direction: int, null: float = 0.0
) -> Floats:
    """(E, N) the probability that a test is significant and points in a direction.

    Args:
        test: Which one.
        answers: E distributions of the arm.
        people: (N,) and (N,) people who answer in the arm and in the control; with fewer than two, nothing is found.
        alpha: Two-sided level, 0 to 1.
        direction: +1 for a higher mean in the arm, −1 for a lower one.
        null: The effect that is tested, in points; other than 0 for Welch's test alone.
    """
    m, n = (np.atleast_1d(side) for side in people)
    if not 0 < alpha < 1:
        return np.full((len(answers.effect), len(m)), 0.0 if alpha <= 0 else 0.5)
    found = _wmw if test == "wmw" else _welch
    difference = direction * (answers.delta if test == "wmw" else answers.effect - null)
    enough = np.minimum(m, n) >= LEAST_PEOPLE
    m, n = (np.where(enough, side, LEAST_PEOPLE) for side in (m, n))
    return np.where(enough, found(answers, difference, m, n, alpha), 0.0)


def _wmw(answers: Answers, difference: Floats, m: Floats, n: Floats, alpha: float) -> Floats:
    z = -float(ndtri(alpha / 2))
    equal = np.sqrt(answers.tie_factor(m / (m + n)) * (1 / m + 1 / n) / 12)
    first, second = (placed[:, None] for placed in answers.placements)
    other = np.sqrt(np.maximum(first / m + second / n, 1e-300))
    # with fewer people, even arms without a common answer are not significant: their statistic is √(m + n − 1)
    enough = m + n - 1 > z * z
    varied = equal > 1e-12  # else everybody gives one answer
    return np.asarray(np.where(enough & varied, ndtr((difference[:, None] - z * equal) / other), 0.0))


def _welch(answers: Answers, difference: Floats, m: Floats, n: Floats, alpha: float) -> Floats:
    first, second = answers.variances[0][:, None] / m, answers.variances[1] / n
    both = np.maximum(first + second, 1e-24)
    freedom = both**2 / np.maximum(first**2 / (m - 1) + second**2 / (n - 1), 1e-300)
    freedom = np.clip(freedom, 1e-3, 1e9)
    critical = stdtrit(freedom, 1 - alpha / 2)
    shift = difference[:, None] / np.sqrt(both)
    # where both are large, t is normal around its noncentrality
    normal = (freedom > 1e5) | (np.abs(shift) > LARGEST_NONCENTRALITY)
    exact = 1 - nctdtr(np.where(normal, 1.0, freedom), np.where(normal, 0.0, shift), critical)
    return np.asarray(np.clip(np.where(normal, ndtr(shift - critical), exact), 0.0, 1.0))


def curve(test: Test, contrast: Contrast, n: Floats, alpha: float, sizes: Sizes) -> Floats:
    """(N,) power to find the predicted effect if n (N,) people are asked in the arm; 0 if none is predicted."""
    way = direction_of(test, contrast)
    answers = Answers.of(contrast, contrast.treated[None])
    found = power(test, answers, sizes.people(contrast, n), alpha, way or 1)[0]
    return found if way else np.zeros_like(found)


def people_needed(
    test: Test, contrast: Contrast, alpha: float, wanted: float, sizes: Sizes, most: int = MOST_PEOPLE
) -> int | None:
    """The fewest people in the arm with this power to find the predicted effect; None if `most` are too few."""
    return fewest(lambda n: float(curve(test, contrast, np.array([float(n)]), alpha, sizes)[0]) >= wanted, most)


def by_equation_12(contrast: Contrast, alpha: float, wanted: float, share: float = 0.5) -> float | None:
    """People in both arms together by equation 12 of Zhao, Rahardja and Qu (2008); None without a difference.

    N = (z_(α/2) + z_β)² [1 − Σ ((1 − t) p + t q)³] / {12 t (1 − t) (Σ_c p_c Σ_(d<c) q_d + ½ Σ p_c q_c − ½)²}

    Args:
        contrast: Everybody answers on the axis.
        alpha: Two-sided level, in (0, 1).
        wanted: Power, in (0, 1).
        share: t, the share of people in the arm.
    """
    found = Answers.of(contrast, contrast.treated[None])
    if found.delta[0] == 0:
        return None
    z = -ndtri(alpha / 2) + ndtri(wanted)
    ties = float(found.tie_factor(np.array([share]))[0, 0])
    return float(z**2 * ties / (12 * share * (1 - share) * found.delta[0] ** 2))


def smallest_effect(
    test: Test, contrast: Contrast, n: int, alpha: float, wanted: float, sizes: Sizes, direction: int
) -> float | None:
    """The smallest effect, in points, that n people in the arm find with this power; None if the scale has none.

    Args:
        test: Which one.
        contrast: Its control stays, and its arm is tilted to other effects.
        n: People who are asked in the arm.
        alpha: Two-sided level.
        wanted: Power.
        sizes: The control's.
        direction: +1 or −1.
    """
    people = sizes.people(contrast, np.array([float(n)]))

    low, high = 0.0, contrast.reach[1 if direction > 0 else 0]
    for _ in range(FINER):
        tried = np.linspace(low, high, TRIED)
        answers = Answers.of(contrast, contrast.with_effects(tried))
        reached = np.flatnonzero(power(test, answers, people, alpha, direction)[:, 0] >= wanted)
        if not len(reached):
            return None
        low, high = tried[max(0, reached[0] - 1)], tried[reached[0]]
    return float(high)


def fewest(enough: Callable[[int], bool], most: int = MOST_PEOPLE) -> int | None:
    """The fewest people that are enough, where more are enough too; None if `most` are not."""
    if not enough(most):
        return None
    low, high = LEAST_PEOPLE - 1, LEAST_PEOPLE
    while not enough(high):
        low, high = high, min(most, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def sizes_to_draw(most: float) -> Floats:
    """(N,) numbers of people for a curve: from 2 up, evenly spaced in their logarithm, whole, each once."""
    last = max(20.0, min(float(MOST_PEOPLE), most))
    return np.unique(np.round(np.exp(np.linspace(math.log(LEAST_PEOPLE), math.log(last), 60))))
