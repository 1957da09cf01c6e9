"""As good as asking k people: how many answers would be as far off as the prediction is.

For a distribution, n people's answers have a squared-CDF error of Σ gap · F(1 − F) / n; k is the n at which that equals
the prediction's own, both as means over groups. For an effect, n people in each of two arms have a sampling variance of
2 s² / n; k is the n at which that equals the predictive variance of the true effect. Neither goes beyond the people who
answered in the calibration: errors smaller than theirs were never seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.trust.error_model.evidence import CellEvidence, EffectEvidence
from socrates_core.trust.error_model.hierarchy import ErrorModel

LEVEL: Final = 0.8
RESAMPLES: Final = 2000
MOST_PEOPLE: Final = 1e6
"""No study asks more in one cell: a file with more was not fitted on people."""


@dataclass(frozen=True)
class Worth:
    """A number of people with its 80 % interval, none of them above `most`."""

    people: float
    low: float
    high: float
    most: float
    """Median of the people who answered in the calibration; a figure that reaches it means: this many or more."""

    def __post_init__(self) -> None:
        """Refuse what no number of people is."""
        if not 0 <= self.low <= self.people <= self.high <= self.most < math.inf:
            raise ValueError("a number of people lies within its interval, and that within what was calibrated")
        if self.most > MOST_PEOPLE:
            raise ValueError(f"most is {self.most:g}, and no study asks more than {MOST_PEOPLE:,.0f} people in a cell")

    @classmethod
    def capped(cls, people: float, low: float, high: float, most: float) -> "Worth":
        """With nothing beyond `most`."""
        middle = min(people, most)
        return cls(middle, min(low, middle), min(max(high, middle), most), most)


def distribution_worth(cells: Sequence[CellEvidence], rng: np.random.Generator) -> Worth:
    """What predictions of distributions are worth on average over groups; the interval is from resampling groups."""
    squared = _means([(cell.group, cell.squared) for cell in cells])
    spread = _means([(cell.group, cell.spread) for cell in cells])
    most = float(np.median([cell.n for cell in cells]))
    errors, spreads = (np.array(list(one.values())) for one in (squared, spread))
    times = rng.multinomial(len(errors), np.full(len(errors), 1 / len(errors)), size=RESAMPLES)
    drawn = [_people(float(s), float(e)) for s, e in zip(times @ spreads, times @ errors, strict=True)]
    low, high = np.quantile(np.minimum(drawn, most), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Worth.capped(_people(float(spreads.sum()), float(errors.sum())), float(low), float(high), most)


def effect_worth(model: ErrorModel, predicted: float, person_variance: float, most: float) -> Worth:
    """What the prediction of one effect is worth, in people an arm; the interval is that of the error's variance.

    Args:
        model: Of effects, in points.
        predicted: The predicted effect, in points.
        person_variance: Variance of single answers in points².
        most: People an arm in the calibration, median.
    """
    low, high = model.components.variance_interval(predicted, LEVEL)
    middle = float(model.predict(predicted).variance[0])
    people, fewest, largest = (2 * person_variance / variance for variance in (middle, high, low))
    return Worth.capped(people, fewest, largest, most)


def person_variance(effects: Sequence[EffectEvidence]) -> float:
    """Variance of single answers in points², mean over the effects of a group, then over groups."""
    return float(np.mean(list(_means([(one.group, one.person_variance) for one in effects]).values())))


def _means(pairs: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Group → mean of its values."""
    by_group: dict[str, list[float]] = {}
    for group, value in pairs:
        by_group.setdefault(group, []).append(value)
    return {group: float(np.mean(values)) for group, values in by_group.items()}


def _people(spread: float, error: float) -> float:
    """Without end where the error is not above 0, which chance can do."""
    return spread / error if error > 0 else math.inf
