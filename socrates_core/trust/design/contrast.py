"""Two predicted arms of one outcome: where their answers lie, and what they would be if the effect were another.

Positions and effects are in points: percent of the scale's width. K is the number of options, E that of effects.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from socrates_core.scale.distribution import Floats

STEPS: Final = 60
"""Halvings of the interval in which a tilt lies."""

STEEPEST: Final = 4_000.0
"""The largest tilt, by width of the scale: e^40 between options that are 1 % of the scale apart."""

ANOTHER_EFFECT: Final = (
    "If the effect is another than predicted, the control stays as predicted and the arm's answers are tilted: each "
    "option's share is multiplied by e^(θ × its position), with θ such that the mean fits. Of all distributions with "
    "that mean it is the closest to the predicted one (least Kullback-Leibler divergence)."
)


@dataclass(frozen=True, eq=False)
class Contrast:
    """An arm and its control, as predicted."""

    outcome: str
    arm: str
    control: str
    positions: Floats
    """(K,) where the options lie, 0 to 100, ascending."""
    treated: Floats
    """(K,) predicted shares of the arm's answers on the axis."""
    untreated: Floats
    """(K,) of the control's."""
    answering: tuple[float, float] = (1.0, 1.0)
    """Predicted shares of people who answer on the axis, in the arm and in the control, in (0, 1]."""

    def __post_init__(self) -> None:
        """Refuse what no arms are."""
        sides = (self.treated, self.untreated)
        if len(self.positions) < 2 or any(side.shape != self.positions.shape for side in sides):
            raise ValueError("two arms have shares of the same options, two or more")
        if any((side < 0).any() or abs(float(side.sum()) - 1) > 1e-6 for side in sides):
            raise ValueError("shares are 0 or more and add up to 1")
        if not all(0 < share <= 1 for share in self.answering):
            raise ValueError("somebody answers on the axis in both arms")

    @cached_property
    def means(self) -> tuple[float, float]:
        """Of the arm and of the control, in points."""
        return float(self.treated @ self.positions), float(self.untreated @ self.positions)

    @property
    def effect(self) -> float:
        """The predicted one, in points; one of less than a billionth of a point is none."""
        found = self.means[0] - self.means[1]
        return 0.0 if abs(found) < 1e-9 else found

    @property
    def reach(self) -> tuple[float, float]:
        """The lowest and the highest effect that the scale allows beside this control."""
        return float(self.positions[0] - self.means[1]), float(self.positions[-1] - self.means[1])

    @property
    def name(self) -> str:
        """`intention: Climate label against Plain menu`."""
        return f"{self.outcome}: {self.arm} against {self.control}"

    def with_effects(self, effects: Floats) -> Floats:
        """(E, K) the arm's shares if the effects were these; see `ANOTHER_EFFECT`.

        Effects beyond what the scale allows are taken as the last that it does. Beyond the last option that has any
        predicted answers no tilt leads; from there on, answers move on to the end of the scale.
        """
        target = np.clip(self.means[1] + np.atleast_1d(effects), self.positions[0], self.positions[-1])
        there = np.flatnonzero(self.treated > 0)
        low, high = self.positions[there[0]], self.positions[there[-1]]
        found = tilted(self.treated, self.positions, np.clip(target, low, high))
        for end, last, beyond in ((0, there[0], target < low), (-1, there[-1], target > high)):
            if beyond.any():
                share = (target[beyond] - self.positions[last]) / (self.positions[end] - self.positions[last])
                found[beyond] = np.eye(len(self.positions))[last] * (1 - share[:, None])
                found[beyond, end] += share
        return found


def tilted(shares: Floats, positions: Floats, means: Floats) -> Floats:
    """(E, K) shares p_k e^(θ x_k) / Σ p e^(θ x) with these means, by halving the interval of θ.

    Args:
        shares: (K,) of options of which one or more have some.
        positions: (K,) ascending.
        means: (E,) within the positions of the options that have a share; at their ends, all answers lie there.
    """
    there = shares > 0
    x = (positions[there] - positions[0]) / (positions[-1] - positions[0])
    wanted = (means - positions[0]) / (positions[-1] - positions[0])
    logs = np.log(shares[there])

    def at(theta: Floats) -> Floats:
        exponent = logs + theta[:, None] * x
        weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    low, high = np.full((2, len(means)), [[-STEEPEST], [STEEPEST]])
    for _ in range(STEPS):
        middle = (low + high) / 2
        above = at(middle) @ x > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found = np.zeros((len(means), len(shares)))
    # the predicted mean asks for the predicted shares, to the last digit
    theta = np.where(np.abs(wanted - np.exp(logs) @ x) < 1e-12, 0.0, (low + high) / 2)
    found[:, there] = at(theta)
    return found
