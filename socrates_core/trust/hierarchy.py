"""A normal model of errors in groups, with everything that is not known about it carried through.

Response y of cell j in group g, regressor x, known sampling variance v:

    y = β x + u_g + d_j + sampling error,   u_g ~ N(0, τ²),   d_j ~ N(0, σ²)

For means x is 1 and β the bias. For effects x is the predicted effect, and effects that share a control share half of
σ², its own deviation, and its sampling error. What is asked of the model is y of a *new* group, so the uncertainty of
τ, σ and β matters as much as their values.

β has a flat prior and is integrated out exactly; τ and σ have flat priors (Gelman 2006, Bayesian Analysis 1, section
3.2) and are integrated out on a grid. In a balanced one-way layout of m groups of one cell this is a t interval with
slightly fewer than m − 1 degrees of freedom, so that few groups give wide intervals. The estimates that are shown are
those of restricted maximum likelihood (Patterson and Thompson 1971), which is the highest point of the same function.

Letters: N responses, B blocks (cells that share a control), G groups, S values of σ, T of τ, Q components.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri

from socrates_core.scale.distribution import Floats

LEAST_GROUPS: Final = 5
"""Groups below which nothing is fitted: the spread between four would be known from three numbers."""

POINTS: Final = 16
"""Values of τ and of σ on the grid. With 64, the ends of intervals move by less than 1 % of their width (a test)."""

DEPTH: Final = 10.0
"""The grid covers where the log posterior is within this of its highest point."""

KEPT: Final = 1e-3
"""Components below this share of the heaviest are dropped."""

DIGITS: Final = 8
"""Significant digits of stored components."""

MOST_STEPS: Final = 60
PRECISION: Final = 1e-9
"""Of a quantile, in standard deviations."""

SMALLEST: Final = 1e-12
"""Sampling variances are at least this."""


@dataclass(frozen=True, eq=False)
class Responses:
    """N responses in B blocks and G groups."""

    y: Floats
    """(N,) responses."""
    x: Floats
    """(N,) regressors."""
    variance: Floats
    """(N,) known sampling variances, without what a block shares."""
    block: npt.NDArray[np.int64]
    """(N,) 0 to B − 1."""
    shared: Floats
    """(B,) known sampling variance of what a block shares; 0 for means."""
    group: npt.NDArray[np.int64]
    """(B,) 0 to G − 1, each at least once."""
    contrasts: bool
    """Whether half of σ² is shared in a block, too: the deviation of its control."""

    @property
    def groups(self) -> int:
        """G."""
        return int(self.group.max()) + 1 if len(self.group) else 0

    def without(self, group: int) -> "Responses":
        """All but one group."""
        blocks = np.flatnonzero(self.group != group)
        kept = np.isin(self.block, blocks)
        return Responses(
            self.y[kept],
            self.x[kept],
            self.variance[kept],
            np.searchsorted(blocks, self.block[kept]),
            self.shared[blocks],
            self.group[blocks] - (self.group[blocks] > group),
            self.contrasts,
        )

    def only(self, group: int) -> npt.NDArray[np.bool_]:
        """(N,) the responses of one group."""
        return np.asarray(self.group[self.block] == group)


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


@dataclass(frozen=True)
class ErrorModel:
    """The fitted model; see the module for its terms."""

    groups: int
    """Independent groups that it was fitted on, ≥ 5."""
    responses: int
    coefficient: float
    """β: the bias of means, or the slope of actual on predicted effects; 0 where no effect was predicted at all."""
    coefficient_se: float
    """Its standard error, with that of τ and σ; 0 where β is fixed."""
    tau: float
    """Standard deviation between groups, by restricted maximum likelihood."""
    sigma: float
    """Standard deviation between cells of a group, likewise."""
    components: Components

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        numbers = (self.coefficient, self.coefficient_se, self.tau, self.sigma)
        if not all(map(math.isfinite, numbers)) or min(numbers[1:]) < 0:
            raise ValueError("standard deviations and errors are 0 or more")
        if self.groups < LEAST_GROUPS or self.responses < self.groups:
            raise ValueError(f"an error model rests on {LEAST_GROUPS} groups or more, each with a response")

    def predict(self, x: float | Floats = 1.0, sampling: float | Floats = 0.0) -> "Predictive":
        """The distribution of a new group's response.

        Args:
            x: (M,) or one number.
            sampling: (M,) or one number: 0 for the true value; the sampling variance of an observed one.
        """
        weight, coefficient, variance, tau, sigma = map(np.array, vars(self.components).values())
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


def fit(responses: Responses, points: int = POINTS) -> ErrorModel | None:
    """Fit the model; None below five groups.

    Args:
        responses: Of any number of groups.
        points: Values of τ and of σ on the grid.
    """
    if responses.groups < LEAST_GROUPS:
        return None
    free = bool(np.abs(responses.x).max() > 1e-9)
    tau, sigma, sums = _refined(responses, free, points)
    height, coefficient, variance = _posterior(sums, free)
    density = np.exp(height - height.max()) * np.outer(_steps(tau), _steps(sigma))
    kept = density >= KEPT * density.max()
    weights = density[kept] / density[kept].sum()
    taus, sigmas = (np.broadcast_to(one, density.shape)[kept] for one in (tau[:, None], sigma[None, :]))
    place = np.unravel_index(int(height.argmax()), height.shape)
    best_tau, best_sigma, best = _highest(responses, free, float(tau[place[0]]), float(sigma[place[1]]))
    mean = float(weights @ coefficient[kept])
    spread = weights @ (variance[kept] + (coefficient[kept] - mean) ** 2)
    return ErrorModel(
        groups=responses.groups,
        responses=len(responses.y),
        coefficient=best,
        coefficient_se=float(np.sqrt(spread)),
        tau=best_tau,
        sigma=best_sigma,
        components=_components(weights, coefficient[kept], variance[kept], taus, sigmas),
    )


def _components(*columns: Floats) -> Components:
    """Rounded, heaviest first, with weights that add up to 1."""
    order = np.argsort(-columns[0], kind="stable")
    return Components(*(tuple(float(f"{value:.{DIGITS}g}") for value in column[order]) for column in columns))


# -- the posterior on a grid -------------------------------------------------------------------------------------

_Sums = tuple[Floats, Floats, Floats, Floats]
"""(T, S) log determinant of V, and x'V⁻¹x, x'V⁻¹y, y'V⁻¹y, summed over groups."""


def _refined(responses: Responses, free: bool, points: int) -> tuple[Floats, Floats, _Sums]:
    """τ (T,), σ (S,) and the sums at each pair, where the posterior is not negligible."""
    slope = float(responses.x @ responses.y / (responses.x @ responses.x)) if free else 0.0
    scale = math.sqrt(float(np.square(responses.y - slope * responses.x).mean())) or 1e-6
    # few groups leave long tails: the density of τ falls with its (groups − 2)th power
    top = scale * (4 + 20 / (responses.groups - 2))
    ends = [(0.0, math.sqrt(top)), (0.0, math.sqrt(top))]
    for _ in range(4):
        tau, sigma = (_grid(low, high, points) for low, high in ends)
        sums = _sums(responses, tau, sigma)
        height, _, _ = _posterior(sums, free)
        near = height > height.max() - DEPTH
        found = [_around(ends[axis], near.any(axis=1 - axis)) for axis in (0, 1)]
        if found == ends:
            break
        ends = found
    return tau, sigma, sums


def _grid(low: float, high: float, points: int) -> Floats:
    """Squares of the middles of equal steps: finer near 0."""
    return np.asarray((low + (np.arange(points) + 0.5) / points * (high - low)) ** 2)


def _steps(grid: Floats) -> Floats:
    """What each point stands for, up to a factor: the root is evenly spaced, d(r²) = 2 r dr."""
    return np.sqrt(grid)


def _around(ends: tuple[float, float], near: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The ends, drawn in to one step beyond the first and the last point that counts."""
    step = (ends[1] - ends[0]) / len(near)
    first, last = int(near.argmax()), len(near) - 1 - int(near[::-1].argmax())
    return ends[0] + max(0, first - 1) * step, ends[0] + min(len(near), last + 2) * step


def _posterior(sums: _Sums, free: bool) -> tuple[Floats, Floats, Floats]:
    """(T, S) restricted log likelihood, β̂ and its variance.

    −½ (log|V| + log x'V⁻¹x + y'V⁻¹y − (x'V⁻¹y)²/x'V⁻¹x), up to a constant; without a free β, −½ (log|V| + y'V⁻¹y).
    """
    logdet, xx, xy, yy = sums
    if not free:
        return -(logdet + yy) / 2, np.zeros_like(yy), np.zeros_like(yy)
    return -(logdet + np.log(xx) + yy - xy**2 / xx) / 2, xy / xx, 1 / xx


def _sums(responses: Responses, tau: Floats, sigma: Floats) -> _Sums:
    """V of a group is diagonal + what blocks share + τ²: two updates of rank one (Sherman and Morrison 1950)."""
    order = np.argsort(responses.block, kind="stable")
    x, y, block = responses.x[order], responses.y[order], responses.block[order]
    half = 0.5 if responses.contrasts else 0.0
    own = np.maximum(responses.variance[order], SMALLEST)[:, None] + (1 - half) * sigma**2  # (N, S)
    products = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    starts = np.searchsorted(block, np.arange(len(responses.shared)))
    moments = np.add.reduceat(products[:, :, None] / own, starts, axis=1)  # (6, B, S)
    logdet = np.add.reduceat(np.log(own), starts, axis=0)
    moments, logdet = _shared(moments, logdet, responses.shared[:, None] + half * sigma**2)
    by_group = np.argsort(responses.group, kind="stable")
    firsts = np.searchsorted(responses.group[by_group], np.arange(responses.groups))
    moments = np.add.reduceat(moments[:, by_group], firsts, axis=1)[:, None]  # (6, 1, G, S)
    logdet = np.add.reduceat(logdet[by_group], firsts, axis=0)[None]
    moments, logdet = _shared(moments, logdet, (tau**2)[:, None, None])
    _, _, _, xx, xy, yy = moments.sum(axis=2)
    return logdet.sum(axis=1), xx, xy, yy


def _shared(moments: Floats, logdet: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Moments (1, x, y, xx, xy, yy) weighted by V⁻¹, and log|V|, after a shared term of this variance is added to V."""
    one, x, y, xx, xy, yy = moments
    grown = 1 + variance * one
    factor = variance / grown
    updated = (one / grown, x / grown, y / grown, xx - factor * x * x, xy - factor * x * y, yy - factor * y * y)
    return np.stack(np.broadcast_arrays(*updated)), logdet + np.log(grown)


def _highest(responses: Responses, free: bool, tau: float, sigma: float) -> tuple[float, float, float]:
    """τ, σ and β at the highest point of the posterior, from a start near it."""

    def at(point: Floats) -> tuple[Floats, Floats, Floats]:
        return _posterior(_sums(responses, point[:1], point[1:]), free)

    scale = max(tau, sigma)
    found = minimize(
        lambda point: -float(at(point * scale)[0][0, 0]),
        np.array([tau, sigma]) / scale,
        method="L-BFGS-B",
        bounds=[(0, None), (1e-9, None)],
        options={"ftol": 1e-14, "gtol": 1e-9},
    )
    point = np.asarray(found.x) * scale
    return float(point[0]), float(point[1]), float(at(point)[1][0, 0])
