"""Whether intervals hold, tried on groups that had no part in the fit, one left out at a time.

Humans' true means are not known, so what is tried is the interval of an *observed* mean or effect: it has the sampling
variance of its people in it. Figures are means over a group's cells, then over groups, with standard errors over
groups. Beside them stands an interval that ignores the predictions and knows how people answered other studies alone:
one that is no narrower says nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np

from socrates_core.scale.distribution import Floats
from socrates_core.trust.error_model.distance import conformal_bound
from socrates_core.trust.error_model.evidence import Evidence
from socrates_core.trust.error_model.hierarchy import Responses, fit_components
from socrates_core.trust.error_model.responses import actual_effects, errors_of_means

LEAST_TRIED: Final = {0.8: 10, 0.95: 19}
"""Level → groups on which an interval must have been tried before it may be shown. On fewer a share of 95 % cannot be
told from one of 80 %: of 19 groups, one is expected outside."""

LEVELS: Final = tuple(LEAST_TRIED)
What = Literal["mean", "effect", "distance"]


@dataclass(frozen=True)
class Coverage:
    """How an interval did on the groups left out. Widths of means in widths of the scale, of effects in points."""

    what: What
    level: float
    groups: int
    responses: int
    covered: float
    """Share of observed values inside, in [0, 1]."""
    covered_se: float
    """Its standard error, over groups."""
    width: float
    """Mean width of the interval of the true value; of a distance, its mean bound."""
    score: float | None
    """Mean interval score of observed values (Gneiting and Raftery 2007, section 6.2): width + (2/α) times how far
    outside; lower is better. None for a distance."""
    ignoring_covered: float | None
    """Share inside the interval that ignores the predictions; None for a distance, as the next two."""
    ignoring_width: float | None
    ignoring_score: float | None
    gain: float | None
    """`ignoring_score` − `score`: above 0 if the predictions make the interval better."""
    gain_se: float | None
    """Its standard error, over groups, paired."""

    def __post_init__(self) -> None:
        """Refuse what no trial gives."""
        if self.level not in LEAST_TRIED or self.groups < 2:
            raise ValueError("a coverage is that of an 80 or a 95 % interval, tried on groups")
        known = [one for one in vars(self).values() if isinstance(one, float)]
        if not all(map(math.isfinite, known)) or not 0 <= self.covered <= 1 or min(self.covered_se, self.width) < 0:
            raise ValueError("a coverage is in [0, 1], and widths and standard errors are 0 or more")

    @property
    def holds(self) -> bool:
        """Whether it was tried on enough groups, and did not cover less than its level by more than two standard errors
        over groups.
        """
        if self.groups < LEAST_TRIED[self.level]:
            return False
        chance = math.sqrt(self.level * (1 - self.level) / self.groups)
        return self.covered >= self.level - 2 * max(self.covered_se, chance)

    @property
    def informative(self) -> bool:
        """Whether the predictions make the interval better by more than two standard errors."""
        return self.gain is not None and self.gain_se is not None and self.gain > 2 * self.gain_se


@dataclass(frozen=True, eq=False)
class _Trial:
    """How the intervals of one level did, group by group: (G,) means over cells."""

    covered: Floats
    width: Floats
    score: Floats


def coverages(folds: Callable[[str], Evidence], evidence: Evidence) -> tuple[Coverage, ...]:
    """The coverage of everything that can be fitted without any one group.

    Args:
        folds: Group ↦ the evidence with the predictions that are made if that group had no part in the fit.
        evidence: The same cells, with any predictions: what ignores these needs no others.
    """
    cell_groups = sorted({cell.group for cell in evidence.cells})
    effect_groups = sorted({one.group for one in evidence.effects})
    found = []
    means = _trials(lambda group: errors_of_means(folds(group).cells), cell_groups)
    if means:
        ignoring = _trials(lambda _: errors_of_means(evidence.cells, ignoring=True), cell_groups)
        found += _compared("mean", means, ignoring, len(evidence.cells))
    effects = _trials(lambda group: actual_effects(folds(group).effects), effect_groups)
    if effects:
        ignoring = _trials(lambda _: actual_effects(evidence.effects, ignoring=True), effect_groups)
        found += _compared("effect", effects, ignoring, len(evidence.effects))
    return (*found, *_distances(folds, cell_groups))


def _trials(responses_for: Callable[[str], Responses], groups: Sequence[str]) -> dict[float, _Trial]:
    """Level → how the intervals did on each group; empty if too few are left to fit on."""
    rows: dict[float, list[list[float]]] = {level: [] for level in LEVELS}
    for number, group in enumerate(groups):
        responses = responses_for(group)
        model = fit_components(responses.without(number))
        if model is None:
            return {}
        own = responses.only(number)
        sampling = responses.variance[own] + responses.shared[responses.block[own]]
        true, seen = model.predict(responses.x[own]), model.predict(responses.x[own], sampling)
        for level in LEVELS:
            narrow, (low, high) = true.interval(level), seen.interval(level)
            outside = np.maximum(low - responses.y[own], 0) + np.maximum(responses.y[own] - high, 0)
            score = high - low + 2 / (1 - level) * outside
            rows[level].append([float((outside == 0).mean()), float((narrow[1] - narrow[0]).mean()), score.mean()])
    return {level: _Trial(*np.array(found).T) for level, found in rows.items()}


def _compared(what: What, ours: dict[float, _Trial], ignoring: dict[float, _Trial], responses: int) -> list[Coverage]:
    found = []
    for level, one in ours.items():
        other = ignoring[level]
        gain = other.score - one.score
        found.append(
            Coverage(
                what=what,
                level=level,
                groups=len(one.covered),
                responses=responses,
                covered=float(one.covered.mean()),
                covered_se=_se(one.covered),
                width=float(one.width.mean()),
                score=float(one.score.mean()),
                ignoring_covered=float(other.covered.mean()),
                ignoring_width=float(other.width.mean()),
                ignoring_score=float(other.score.mean()),
                gain=float(gain.mean()),
                gain_se=_se(gain),
            )
        )
    return found


def _distances(folds: Callable[[str], Evidence], groups: Sequence[str]) -> list[Coverage]:
    """Of the bound of one cell's W."""

    @cache
    def by_group(left_out: str) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {group: [] for group in groups}
        for cell in folds(left_out).cells:
            found[cell.group].append(cell.w)
        return found

    rows = []
    for level in LEVELS:
        covered, bounds = [], []
        for group in groups:
            found = by_group(group)
            bound = (
                conformal_bound([one for name, one in found.items() if name != group], level) if groups[1:] else None
            )
            if bound is None:
                break
            covered.append(float(np.mean([w <= bound for w in found[group]])))
            bounds.append(bound)
        if len(bounds) < len(groups) or not groups:
            continue
        cells = sum(len(one) for one in by_group(groups[0]).values())
        shares = np.array(covered)
        share, error = float(shares.mean()), _se(shares)
        rows.append(Coverage("distance", level, len(groups), cells, share, error, float(np.mean(bounds)), *[None] * 6))
    return rows


def _se(values: Floats) -> float:
    """Standard error of a mean over groups."""
    return float(values.std(ddof=1) / math.sqrt(len(values)))
