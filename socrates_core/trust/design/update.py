"""What a few people's answers teach the error model about this study: the update in closed form.

The J responses of one study (its effects, or the errors of its means) are θ = β x + u + d, with u ~ N(0, τ²) for the
whole study and d ~ N(0, D) for its cells; β ~ N(b, v). Given τ and σ, which the fitted model has as Q weighted
components, θ is normal with mean b x and covariance K = v x xᵀ + τ² 1 1ᵀ + D. A pilot shows y = θ + e, e ~ N(0, S), for
some of them (index o). So θ | y is normal again, with

    mean  b x + K_·o (K_oo + S)⁻¹ (y − b x_o),    covariance  K − K_·o (K_oo + S)⁻¹ K_o·,

and each component's weight is multiplied by how likely it made the pilot, N(y; b x_o, K_oo + S): a study on which the
prediction is far off makes components with a large τ heavier. (Bayes' rule for a normal mean, and for a finite mixture;
Gelman and others 2013, Bayesian Data Analysis, 3.5 and 22.) The other responses of the study learn through u.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from socrates_core.scale.distribution import Floats
from socrates_core.trust.design.pilot import Seen
from socrates_core.trust.error_model.predictive import SMALLEST, Components, Predictive


def updated(components: Components, x: Floats, block: Sequence[int], contrasts: bool, seen: Seen | None) -> Predictive:
    """J true responses of a study: before anybody answered (`seen` is None), or after a pilot.

    Args:
        components: Of the fitted error model.
        x: (J,) regressors: predicted effects, or ones.
        block: (J,) responses with the same number share a control.
        contrasts: Whether a shared control's own deviation, half of σ², is shared.
        seen: The pilot's J responses, NaN where it has none.
    """
    weight, b, v, tau, sigma = (np.array(one) for one in vars(components).values())
    mean = x[:, None] * b  # (J, Q)
    same = np.equal.outer(np.asarray(block), np.asarray(block)).astype(float)
    cells = (np.eye(len(x)) + same) / 2 if contrasts else np.eye(len(x))
    prior = v * np.multiply.outer(x, x)[..., None] + tau**2 + sigma**2 * cells[..., None]  # (J, J, Q)
    prior = np.moveaxis(prior, -1, 0)  # (Q, J, J)
    there = np.flatnonzero(~np.isnan(seen.value)) if seen is not None else np.array([], int)
    if seen is None or not len(there):
        return Predictive(weight, mean, np.sqrt(np.maximum(np.diagonal(prior, axis1=1, axis2=2).T, SMALLEST)))
    noise = _positive(seen.covariance[np.ix_(there, there)])
    total = prior[:, there[:, None], there] + noise
    missed = (seen.value[there, None] - mean[there]).T[..., None]  # (Q, O, 1)
    solved = np.linalg.solve(total, np.concatenate([missed, prior[:, there, :]], axis=2))
    gain = prior[:, :, there]
    after = mean + (gain @ solved[..., :1])[..., 0].T
    spread = np.diagonal(prior - gain @ solved[..., 1:], axis1=1, axis2=2).T
    _, logdet = np.linalg.slogdet(total)
    likely = -(logdet + (missed * solved[..., :1]).sum(axis=(1, 2))) / 2
    heavy = np.log(weight) + likely
    posterior = np.exp(heavy - heavy.max())
    return Predictive(posterior / posterior.sum(), after, np.sqrt(np.maximum(spread, SMALLEST)))


def one_of(many: Predictive, place: int) -> Predictive:
    """One of the M distributions."""
    return Predictive(many.weight, many.mean[place : place + 1], many.sd[place : place + 1])


def with_sampling(many: Predictive, variance: Floats) -> Predictive:
    """What other people will show instead of the true values, with their sampling variances (M,)."""
    return Predictive(many.weight, many.mean, np.sqrt(many.sd**2 + variance[:, None]))


def _positive(covariance: Floats) -> npt.NDArray[np.float64]:
    """The nearest covariance that one can be: people who answered different cells give pairs that may not fit."""
    values, vectors = np.linalg.eigh(covariance)
    least = max(SMALLEST, 1e-9 * float(values.max()))
    if not math.isfinite(least):
        raise ValueError("a sampling error is a number")
    return np.asarray((vectors * np.maximum(values, least)) @ vectors.T)
