"""The Wasserstein distance (W) between predicted and actual answers: Wasserstein-1 on a scale mapped to [0, 1].

The figure depends on which range is mapped to [0, 1], so each choice has a name:

- `scale`: the stated ends of the cell's scale. 0 is a perfect match, 1 is all mass on opposite ends. Off-scale answers
  have no position on it and are excluded; the caller counts them. The default.
- `observed`: the smallest and largest **human** answer of the cell, with predictions clipped to it; what the Socrates
  paper (arXiv 2509.05830) reports. Off-scale human answers are included, as they are there: one missing-value code of
  99 on a 1..7 item stretches the range and makes W look small. If all humans agree there is no range, and the cell is
  unscored: None (NaN in an array), never 0.
- `separate`: each side by its own range. Wrong: humans all on 8 and a model all on 1 score 0. It exists to reproduce
  figures that were computed in this way. A side without a range is mapped to 0.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import AnswerDistribution, Floats

Convention = Literal["scale", "observed", "separate"]


def wasserstein(p: AnswerDistribution, q: AnswerDistribution) -> float:
    """Wasserstein-1 distance between two distributions on one scale, in [0, 1].

    W1 = Σ_k |P(k) − Q(k)| · (v[k+1] − v[k]) / (v[K−1] − v[0]), with P and Q the cumulative sums. Dividing by the width
    of the scale makes a 1..7 item and a 0..100 item comparable. A scale of a single option gives 0.

    Raises:
        ValueError: If the two scales differ.
    """
    if not np.array_equal(p.values, q.values):
        raise ValueError(f"scales differ: {p.values.tolist()} and {q.values.tolist()}")
    if len(p.values) == 1:
        return 0.0
    gaps = np.diff(p.values)  # (K-1,)
    cdf_gap = np.abs(np.cumsum(p.probs - q.probs))[:-1]  # (K-1,)
    return float((cdf_gap * gaps).sum() / (p.values[-1] - p.values[0]))


def wasserstein_samples(
    predicted: npt.ArrayLike, actual: npt.ArrayLike, convention: Convention = "scale", scale: AnswerScale | None = None
) -> float | None:
    """Wasserstein-1 distance between two sets of raw answers, in [0, 1]; None if it is not defined.

    Args:
        predicted: (N,) simulated answers.
        actual: (M,) human answers.
        convention: Which range counts as [0, 1]; see the top of this module.
        scale: A bounded scale; needed for, and used only by, the convention `scale`.

    Returns:
        None if either side has no (on-scale) answer, or, under `observed`, if all humans agree.

    Raises:
        ValueError: If an answer is not a finite number, or the convention `scale` gets no bounded scale.
    """
    model, human = _numbers(predicted), _numbers(actual)
    if convention == "scale":
        if scale is None or scale.values is None:
            raise ValueError("the convention 'scale' needs a bounded scale")
        model, human = (side[np.isin(side, scale.values)] for side in (model, human))
        low, high = float(scale.values[0]), float(scale.values[-1])
        return _distance((model - low) / (high - low), (human - low) / (high - low))
    if len(model) == 0 or len(human) == 0:
        return None
    if convention == "separate":
        return _distance(*(_unit(side) for side in (model, human)))
    low, high = human.min(), human.max()
    if low == high:
        return None
    return _distance((model.clip(low, high) - low) / (high - low), (human - low) / (high - low))


def wasserstein_rows(p: Floats, q: Floats, positions: Floats) -> Floats:
    """Σ_k |P(k) − Q(k)| · (x[k+1] − x[k]) along the last axis; arguments broadcast.

    Args:
        p: (..., K) probabilities.
        q: (..., K) probabilities.
        positions: (..., K) where the options lie, ascending.
    """
    cdf_gap = np.abs(np.cumsum(p - q, axis=-1))[..., :-1]
    return np.asarray((cdf_gap * np.diff(positions, axis=-1)).sum(axis=-1))


def _numbers(answers: npt.ArrayLike) -> Floats:
    numbers = np.asarray(answers, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("answers must be finite numbers; count and exclude the unreadable ones first")
    return numbers


def _unit(side: Floats) -> Floats:
    width = side.max() - side.min()
    return (side - side.min()) / width if width > 0 else np.zeros_like(side)


def _distance(u: Floats, v: Floats, u_mass: Floats | None = None, v_mass: Floats | None = None) -> float | None:
    """∫ |U(x) − V(x)| dx between two weighted samples of any support; None if one of them is empty."""
    if len(u) == 0 or len(v) == 0:
        return None
    points = np.concatenate([u, v])
    mass = np.concatenate([_shares(len(u), u_mass), -_shares(len(v), v_mass)])
    order = np.argsort(points, kind="stable")
    cdf_gap = np.abs(np.cumsum(mass[order]))[:-1]
    return float((cdf_gap * np.diff(points[order])).sum())


def _shares(n: int, mass: Floats | None) -> Floats:
    return np.full(n, 1 / n) if mass is None else mass / mass.sum()
