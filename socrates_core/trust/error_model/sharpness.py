"""Predictions that are too sure, or not sure enough: a temperature, and a share of the uniform distribution.

    p′ = (1 − λ) · p^(1/T) / Σ p^(1/T) + λ / K

T and λ are chosen by the log score of people's answers, Σ_k share_k · log p′_k, mean over the cells of a group, then
over groups. What they are worth is measured on groups that had no part in the choice, one left out at a time; unless it
is more than its own standard error there, predictions stay as they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.metrics.proper.scores import FLOOR
from socrates_core.scale.distribution import Floats
from socrates_core.trust.error_model.evidence import CellEvidence

TEMPERATURES: Final = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 8.0)
MIXTURES: Final = (0.0, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The values of T and of λ among which is chosen."""

LEAST_GROUPS: Final = 5
LEAST_GAIN: Final = 1e-4
"""In nats an answer: what is less is rounding."""


@dataclass(frozen=True)
class Setting:
    """How predictions are changed; T = 1 and λ = 0 change nothing."""

    temperature: float
    """T, > 0."""
    mixture: float
    """λ, in [0, 1]."""

    def __post_init__(self) -> None:
        """Refuse what cannot be applied."""
        if not (TEMPERATURES[0] <= self.temperature <= TEMPERATURES[-1] and 0 <= self.mixture <= 1):
            lowest, highest = TEMPERATURES[0], TEMPERATURES[-1]
            raise ValueError(f"a temperature is {lowest:g} to {highest:g}, and a mixture in [0, 1]")

    def apply(self, probs: Floats) -> Floats:
        """(..., K) p′ of p."""
        peak = probs.max(axis=-1, keepdims=True)
        powered = (probs / peak) ** (1 / self.temperature)
        sharpened = powered / powered.sum(axis=-1, keepdims=True)
        return np.asarray((1 - self.mixture) * sharpened + self.mixture / probs.shape[-1])


SETTINGS: Final = tuple(Setting(one, other) for one in TEMPERATURES for other in MIXTURES if one <= 1 or other == 0)
"""What is chosen among. T above 1 and λ both flatten; λ = 1, or both together, would leave predictions that are no
better than guessing evenly without any effect, and no study could be planned with them."""
UNCHANGED: Final = Setting(1.0, 0.0)


@dataclass(frozen=True)
class Sharpness:
    """The chosen setting, and what it is worth."""

    groups: int
    setting: Setting
    gain: float
    """Mean log score that groups left out gain by the setting chosen on the others, in nats an answer."""
    gain_se: float
    """Its standard error, over groups."""

    def __post_init__(self) -> None:
        """Refuse what no fit gives."""
        if self.groups < LEAST_GROUPS or not math.isfinite(self.gain) or not 0 <= self.gain_se < math.inf:
            raise ValueError(f"a sharpness rests on {LEAST_GROUPS} groups or more, with a gain and its standard error")

    @property
    def used(self) -> bool:
        """Whether it helps those left out."""
        return self.setting != UNCHANGED and self.gain > max(self.gain_se, LEAST_GAIN)


def log_scores(cells: Sequence[CellEvidence], groups: Sequence[str]) -> Floats:
    """(G, P) mean log score of each group's cells under each of the P settings."""
    place = {group: number for number, group in enumerate(groups)}
    totals, counts = np.zeros((len(groups), len(SETTINGS))), np.zeros(len(groups))
    for cell in cells:
        rows = np.array([one.apply(cell.predicted) for one in SETTINGS])
        totals[place[cell.group]] += np.log(np.maximum(rows, FLOOR)) @ cell.actual
        counts[place[cell.group]] += 1
    return np.asarray(totals / counts[:, None])


def best_without(scores: Floats) -> tuple[Setting, ...]:
    """(G,) the setting that is best for all groups but this one."""
    others = scores.sum(axis=0, keepdims=True) - scores
    return tuple(SETTINGS[int(place)] for place in others.argmax(axis=1))


def fit_sharpness(scores: Floats) -> Sharpness | None:
    """The setting that is best for all groups, with what it gains on those left out; None below five groups.

    Args:
        scores: (G, P) from `log_scores`.
    """
    if len(scores) < LEAST_GROUPS:
        return None
    chosen = [SETTINGS.index(one) for one in best_without(scores)]
    gains = scores[np.arange(len(scores)), chosen] - scores[:, SETTINGS.index(UNCHANGED)]
    return Sharpness(
        groups=len(scores),
        setting=SETTINGS[int(scores.sum(axis=0).argmax())],
        gain=float(gains.mean()),
        gain_se=float(gains.std(ddof=1) / math.sqrt(len(gains))),
    )
