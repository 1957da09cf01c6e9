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

from socrates_core.scale.distribution import Floats
from socrates_core.trust.error_model.predictive import SMALLEST, Components, Predictive

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

    @property
    def free(self) -> bool:
        """Whether β can be known at all: not where no effect was ever predicted."""
        return bool(np.abs(self.x).max() > 1e-9)

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

    def predict(self, x: float | Floats = 1.0, sampling: float | Floats = 0.0) -> Predictive:
        """The distribution of a new group's response; see `Components.predict`."""
        return self.components.predict(x, sampling)


def fit(responses: Responses, points: int = POINTS) -> ErrorModel | None:
    """Fit the model; None below five groups.

    Args:
        responses: Of any number of groups.
        points: Values of τ and of σ on the grid.
    """
    components = fit_components(responses, points)
    if components is None:
        return None
    tau, sigma, coefficient = _highest(responses, components.tau[0], components.sigma[0])
    weight, slope, variance = (
        np.array(one) for one in (components.weight, components.coefficient, components.variance)
    )
    spread = weight @ (variance + (slope - weight @ slope) ** 2)
    return ErrorModel(
        groups=responses.groups,
        responses=len(responses.y),
        coefficient=coefficient,
        coefficient_se=float(np.sqrt(spread)),
        tau=tau,
        sigma=sigma,
        components=components,
    )


def fit_components(responses: Responses, points: int = POINTS) -> Components | None:
    """What predictions need of the model alone, without the estimates that are shown; None below five groups."""
    if responses.groups < LEAST_GROUPS:
        return None
    tau, sigma, sums = _refined(responses, points)
    height, coefficient, variance = _posterior(sums, responses.free)
    density = np.exp(height - height.max()) * np.outer(_steps(tau), _steps(sigma))
    kept = density >= KEPT * density.max()
    taus, sigmas = (np.broadcast_to(one, density.shape)[kept] for one in (tau[:, None], sigma[None, :]))
    return _components(density[kept] / density[kept].sum(), coefficient[kept], variance[kept], taus, sigmas)


def _components(*columns: Floats) -> Components:
    """Rounded, heaviest first, with weights that add up to 1."""
    order = np.argsort(-columns[0], kind="stable")
    return Components(*(tuple(float(f"{value:.{DIGITS}g}") for value in column[order]) for column in columns))


# -- the posterior on a grid -------------------------------------------------------------------------------------

_Sums = tuple[Floats, Floats, Floats, Floats]
"""(T, S) log determinant of V, and x'V⁻¹x, x'V⁻¹y, y'V⁻¹y, summed over groups."""


def _refined(responses: Responses, points: int) -> tuple[Floats, Floats, _Sums]:
    """τ (T,), σ (S,) and the sums at each pair, where the posterior is not negligible."""
    slope = float(responses.x @ responses.y / (responses.x @ responses.x)) if responses.free else 0.0
    scale = math.sqrt(float(np.square(responses.y - slope * responses.x).mean())) or 1e-6
    # few groups leave long tails: the density of τ falls with its (groups − 2)th power
    top = scale * (4 + 20 / (responses.groups - 2))
    ends = [(0.0, math.sqrt(top)), (0.0, math.sqrt(top))]
    for _ in range(4):
        tau, sigma = (_grid(low, high, points) for low, high in ends)
        sums = _sums(responses, tau, sigma)
        height, _, _ = _posterior(sums, responses.free)
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


def _highest(responses: Responses, tau: float, sigma: float) -> tuple[float, float, float]:
    """τ, σ and β at the highest point of the posterior, from a start near it."""

    def at(point: Floats) -> tuple[Floats, Floats, Floats]:
        return _posterior(_sums(responses, point[:1], point[1:]), responses.free)

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
