"""What is predicted of a new group: mixtures of normal distributions, one for each likely τ and σ of the model."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from socrates_core.scale.distribution import Floats

MOST_STEPS: Final = 60
PRECISION: Final = 1e-9
"""Of a quantile, in standard deviations."""

WIDEST: Final = 1e4
"""Standard deviations in points are at most this, far beyond any scale: a file with more is none that was fitted."""

STEEPEST: Final = 1e12
"""Slopes are at most this; where predicted effects are all but 0, they can be steep."""

SMALLEST: Final = 1e-12
"""Sampling variances are at least this."""


@dataclass(frozen=True, eq=False)
class Predictive:
    """M mixtures of Q normal distributions."""

    weight: Floats
    """(Q,) adding up to 1."""
    mean: Floats
    """(M, Q) means."""
    sd: Floats
    """(M, Q) standard deviations."""

    def below(self, value: float | Floats) -> Floats:
        """(M,) the probability of a value up to this, (M,) or one number."""
        at = np.atleast_1d(value)[:, None]
        return np.asarray(ndtr((at - self.mean) / self.sd) @ self.weight)

    @property
    def variance(self) -> Floats:
        """(M,) of the mixtures."""
        mean = self.mean @ self.weight
        return np.asarray((self.sd**2 + (self.mean - mean[:, None]) ** 2) @ self.weight)

    def quantile(self, share: float) -> Floats:
        """(M,) by Newton's method, kept between bounds that are drawn in with every step."""
        low = (self.mean - 40 * self.sd).min(axis=1)
        high = (self.mean + 40 * self.sd).max(axis=1)
        middle, wide = self.mean @ self.weight, np.sqrt(self.variance)
        at = middle + wide * ndtri(share)
        for _ in range(MOST_STEPS):
            z = (at[:, None] - self.mean) / self.sd
            beyond = ndtr(z) @ self.weight - share
            low, high = np.where(beyond > 0, low, at), np.where(beyond > 0, at, high)
            density = (np.exp(-z * z / 2) / self.sd) @ self.weight / math.sqrt(2 * math.pi)
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                proposed = at - beyond / density
            at, before = np.where((proposed > low) & (proposed < high), proposed, (low + high) / 2), at
            if (np.abs(at - before) < PRECISION * wide).all():
                break
        return np.asarray(at)

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """(M,) low and (M,) high ends of the central interval."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True)
class Components:
    """Q points of the grid, heaviest first: with weight w, τ, σ and β are these."""

    weight: tuple[float, ...]
    """In (0, 1], adding up to 1."""
    coefficient: tuple[float, ...]
    """β̂ given τ and σ."""
    variance: tuple[float, ...]
    """Of β̂ given τ and σ; 0 where β is fixed."""
    tau: tuple[float, ...]
    sigma: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        columns = (self.weight, self.coefficient, self.variance, self.tau, self.sigma)
        if len({len(column) for column in columns}) > 1 or not all(math.isfinite(one) for c in columns for one in c):
            raise ValueError("components are columns of equal length, of numbers")
        if not self.weight or min(self.weight) <= 0 or abs(sum(self.weight) - 1) > 1e-6:
            raise ValueError("the weights of the components are above 0 and add up to 1")
        if min(*self.variance, *self.tau, *self.sigma) < 0:
            raise ValueError("variances and standard deviations are 0 or more")
        if max(*self.tau, *self.sigma) > WIDEST or max(map(abs, self.coefficient)) > STEEPEST:
            raise ValueError("no answers on a scale have errors as large as these")
        if max(self.variance) > STEEPEST**2:
            raise ValueError("no slope is as uncertain as this")

    def predict(self, x: float | Floats = 1.0, sampling: float | Floats = 0.0) -> Predictive:
        """The distribution of a new group's response.

        Args:
            x: (M,) or one number.
            sampling: (M,) or one number: 0 for the true value; the sampling variance of an observed one.
        """
        weight, coefficient, variance, tau, sigma = map(np.array, vars(self).values())
        where, extra = np.broadcast_arrays(np.atleast_1d(x), np.atleast_1d(sampling))
        spread = np.square(where)[:, None] * variance + tau**2 + sigma**2 + extra[:, None]
        return Predictive(weight, where[:, None] * coefficient, np.sqrt(np.maximum(spread, SMALLEST)))

    def variance_interval(self, x: float, level: float) -> tuple[float, float]:
        """Within which the variance of a new group's response lies, as far as τ and σ are known."""
        one = self.predict(x)
        order = np.argsort(one.sd[0])
        upto = np.cumsum(one.weight[order])
        tail = (1 - level) / 2
        low, high = (one.sd[0][order][min(int(np.searchsorted(upto, at)), len(upto) - 1)] for at in (tail, 1 - tail))
        return float(low**2), float(high**2)
