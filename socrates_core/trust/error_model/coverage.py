"""Whether intervals hold, tried on groups that had no part in the fit: one left out at a time, and on a test part.

Humans' true means are not known, so what is tried is the interval of an *observed* mean, share or effect: it has the
sampling variance of its people in it. Figures are means over a group's cells, then over groups, with standard errors
over groups. Beside them stands an interval that ignores the predictions and knows how people answered other studies
alone: one that is no narrower says nothing.

An interval is offered where it was tried on enough groups left out and did not cover less than its level by more than
one standard error; and, where there is a test part, not there either. One standard error, and not two: a claim that
does not hold does more harm than one that is missing. The test part grants nothing, but what fails there is withdrawn.
Groups left out cannot show that all of them are unlike those to come: they made the interval as wide as it is.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from socrates_core.scale.distribution import Floats
from socrates_core.trust.error_model.distance import conformal_bound
from socrates_core.trust.error_model.evidence import CellEvidence, Evidence
from socrates_core.trust.error_model.hierarchy import Responses, fit_components
from socrates_core.trust.error_model.predictive import Components
from socrates_core.trust.error_model.responses import actual_effects, errors_of_means
from socrates_core.trust.error_model.shares import errors_of_shares

LEAST_TRIED: Final = {0.8: 10, 0.95: 19}
"""Level → groups on which an interval must have been tried before it may be shown. On fewer a share of 95 % cannot be
told from one of 80 %: of 19 groups, one is expected outside."""

LEVELS: Final = tuple(LEAST_TRIED)

SHARE_LEVEL: Final = 0.8
"""Of the only interval of a share that is ever offered: where the truth was known, 95 % ones fell short (the benchmark
`trust`), because logits of shares near 0 and 1 err more than normal ones do."""
What = Literal["mean", "share", "effect", "distance"]


@dataclass(frozen=True)
class Coverage:
    """How an interval did on groups without a part in it. Widths are those of means in widths of the scale, of shares
    from 0 to 1, of effects in points.
    """

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
        if self.covered_se > 0.5 / math.sqrt(self.groups - 1) + 1e-9:  # half of the groups at 0, half at 1
            raise ValueError(f"covered_se is {self.covered_se:g}, more than shares of {self.groups} groups can have")

    @property
    def reached(self) -> bool:
        """Whether it did not cover less than its level by more than one standard error over groups, which is never
        below that of a share of the level.
        """
        chance = math.sqrt(self.level * (1 - self.level) / self.groups)
        return self.covered >= self.level - max(self.covered_se, chance)

    @property
    def holds(self) -> bool:
        """Whether it was tried on enough groups, and reached its level."""
        return self.groups >= LEAST_TRIED[self.level] and self.reached

    @property
    def informative(self) -> bool:
        """Whether the predictions make the interval better by more than two standard errors."""
        return self.gain is not None and self.gain_se is not None and self.gain > 2 * self.gain_se


@dataclass(frozen=True, eq=False)
class _Asked:
    """What intervals are tried on."""

    responses: Responses
    logits: Floats | None = None
    """(N,) of predicted shares, where responses are errors of logits: widths and scores are then those of shares."""

    @classmethod
    def means(cls, evidence: Evidence, ignoring: bool = False) -> "_Asked":
        return cls(errors_of_means(evidence.cells, ignoring))

    @classmethod
    def shares(cls, evidence: Evidence, ignoring: bool = False) -> "_Asked":
        return cls(*errors_of_shares(evidence.cells, ignoring))

    @classmethod
    def effects(cls, evidence: Evidence, ignoring: bool = False) -> "_Asked":
        return cls(actual_effects(evidence.effects, ignoring))


@dataclass(frozen=True, eq=False)
class _Trial:
    """How the intervals of one level did, group by group: (G,) means over cells."""

    covered: Floats
    width: Floats
    score: Floats


_KINDS: Final[tuple[tuple[What, Callable[[Evidence, bool], _Asked]], ...]] = (
    ("mean", _Asked.means),
    ("share", _Asked.shares),
    ("effect", _Asked.effects),
)


def coverages(folds: Callable[[str], Evidence], evidence: Evidence) -> tuple[Coverage, ...]:
    """The coverage of everything that can be fitted without any one group.

    Args:
        folds: Group ↦ the evidence with the predictions that are made if that group had no part in the fit.
        evidence: The same cells, with any predictions: what ignores these needs no others.
    """
    cell_groups = sorted({cell.group for cell in evidence.cells})
    found = []
    for what, asked in _KINDS:
        if what == "effect" and not evidence.effects:
            continue
        groups = sorted({one.group for one in evidence.effects}) if what == "effect" else cell_groups
        ours = _left_out((asked(folds(group), False) for group in groups), len(groups))
        if ours:
            alone = asked(evidence, True)
            ignoring = _left_out((alone for _ in groups), len(groups))
            found += _compared(what, ours, ignoring, len(alone.responses.y))
    return (*found, *_distances(folds, cell_groups))


def coverages_on(tested: Evidence, fitted: Evidence) -> tuple[Coverage, ...]:
    """The coverage, on groups that had no part in a fit, of what is fitted on others.

    Args:
        tested: With the predictions that are made by what was fitted, of two groups or more.
        fitted: What was fitted on, with the same kind of predictions.
    """
    found = []
    for what, asked in _KINDS:
        if what == "effect" and not (fitted.effects and len({one.group for one in tested.effects}) > 1):
            continue
        trials = []
        for ignoring in (False, True):
            model, new = fit_components(asked(fitted, ignoring).responses), asked(tested, ignoring)
            if model is not None:
                trials.append(
                    _by_level([_inside(model, new, new.responses.only(g)) for g in range(new.responses.groups)])
                )
        if trials:
            found += _compared(what, trials[0], trials[1], len(asked(tested, False).responses.y))
    return (*found, *_distances_on(tested, fitted))


def _left_out(asked: Iterable[_Asked], groups: int) -> dict[float, _Trial]:
    """Level → how the intervals did on each group; empty if too few are left to fit on."""
    rows = []
    for number, one in zip(range(groups), asked, strict=True):
        model = fit_components(one.responses.without(number))
        if model is None:
            return {}
        rows.append(_inside(model, one, one.responses.only(number)))
    return _by_level(rows)


_Row = list[list[float]]
"""Of each level: share covered, mean width, mean score of one group's responses."""


def _by_level(rows: Sequence[_Row]) -> dict[float, _Trial]:
    return {level: _Trial(*np.array([row[place] for row in rows]).T) for place, level in enumerate(LEVELS)}


def _inside(model: Components, asked: _Asked, own: npt.NDArray[np.bool_]) -> _Row:
    """How a model's intervals do on some of the responses."""
    responses = asked.responses
    sampling = responses.variance[own] + responses.shared[responses.block[own]]
    true, seen = model.predict(responses.x[own]), model.predict(responses.x[own], sampling)

    def shown(ends: Floats) -> Floats:
        return ends if asked.logits is None else np.asarray(expit(asked.logits[own] + ends))

    row, y = [], shown(responses.y[own])
    for level in LEVELS:
        (left, right), (low, high) = (tuple(map(shown, one.interval(level))) for one in (true, seen))
        outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        score = high - low + 2 / (1 - level) * outside
        row.append([float((outside == 0).mean()), float((right - left).mean()), float(score.mean())])
    return row


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
        return _by_group(folds(left_out).cells)

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


def _distances_on(tested: Evidence, fitted: Evidence) -> list[Coverage]:
    """Of the bound of one cell's W, on groups that had no part in it."""
    known, new = (_by_group(one.cells) for one in (fitted, tested))
    rows = []
    for level in LEVELS:
        bound = conformal_bound(list(known.values()), level)
        if bound is not None:
            shares = np.array([np.mean([w <= bound for w in one]) for one in new.values()])
            cells = len(tested.cells)
            rows.append(
                Coverage("distance", level, len(new), cells, float(shares.mean()), _se(shares), bound, *[None] * 6)
            )
    return rows


def _by_group(cells: Sequence[CellEvidence]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for cell in cells:
        found.setdefault(cell.group, []).append(cell.w)
    return found


def _se(values: Floats) -> float:
    """Standard error of a mean over groups."""
    return float(values.std(ddof=1) / math.sqrt(len(values)))
