"""Whether what people showed lay inside of what a record states."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import logit

from socrates_core.metrics.proper.sampled import SampledScores, ScoreIntervals, sampled_scores
from socrates_core.metrics.proper.scores import Scores
from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.record.frozen import FrozenClaim
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.result import ArmResult, EffectRow, Simulation
from socrates_core.trust.error_model.evidence import LEAST_PEOPLE
from socrates_core.trust.error_model.shares import observed_logits, upper_shares
from socrates_core.trust.statement.claims import checked_distance
from socrates_core.trust.statement.record import (
    ArmStatement,
    Checked,
    Claim,
    DistanceStatement,
    EffectStatement,
    ShareStatement,
    Statement,
)

INNER_Z: Final = 1.2815515655
OUTER_Z: Final = 1.9599639845
"""Standard errors on either side of 80 % and of 95 % of a normal distribution."""


SURE: Final = 1e-9
"""Ends of registered shares count as at least this, and at most 1 less this, where logits are taken."""


@dataclass(frozen=True)
class Inside:
    """Whether a figure lay inside; None where no interval was registered."""

    inner: bool | None
    """At 80 %."""
    outer: bool | None
    """At 95 %."""


@dataclass(frozen=True)
class Judged:
    """A registered claim of a true mean or effect beside what people showed."""

    claim: FrozenClaim
    observed: float | None
    """None if too few people answered."""
    ends: Interval | None
    """Its 95 % interval over samples of people."""
    registered: Inside
    """Inside of the registered interval, which is of the truth."""
    sampled: Inside
    """Inside of that interval, widened by the sampling error of these people: what was observed is not the truth."""


@dataclass(frozen=True)
class ArmScores:
    """Proper scores of what was registered of one condition, given the answers on the axis; 0 is best."""

    label: str
    answers: int
    raw: Scores
    """Of the registered shares as the model gave them."""
    calibrated: Scores | None
    """Of the calibrated ones; None where none were registered, or they are the same."""
    own_shares: Scores
    """Of the shares of these answers: the best that one distribution could have scored, known only afterwards."""
    uniform: Scores
    """Of the uniform baseline."""
    raw_intervals: ScoreIntervals
    """Over samples of people, as all here."""
    calibrated_intervals: ScoreIntervals | None
    uniform_intervals: ScoreIntervals
    raw_better: SampledScores
    """Uniform baseline minus raw, paired: above 0, the prediction is better."""
    calibrated_better: SampledScores | None


def judged(claim: FrozenClaim, observed: float | None, ends: Interval | None) -> Judged:
    """Compare an observed figure with the intervals that were registered; they are not computed anew.

    An interval c ± h of the truth is c ± √(h² + (z · s)²) of what a sample shows, with s the standard error of the
    people's figure, here their 95 % interval's width over 2 · 1.96, and z of the level: errors of model and sampling
    are independent (normal approximation; DerSimonian and Laird 1986 add them so).
    """
    if observed is None or ends is None:
        return Judged(claim, None, None, Inside(None, None), Inside(None, None))
    error = (ends.high - ends.low) / (2 * OUTER_Z)
    sides = (claim.inner, claim.outer)
    strict = [_inside(observed, at) for at in sides]
    wide = [_inside(observed, widened(at, z * error)) for at, z in zip(sides, (INNER_Z, OUTER_Z), strict=True)]
    return Judged(claim, observed, ends, Inside(*strict), Inside(*wide))


def widened(at: Interval | None, by: float) -> Interval | None:
    """An interval widened by an independent error of this half-width."""
    if at is None:
        return None
    middle, half = (at.high + at.low) / 2, math.hypot((at.high - at.low) / 2, by)
    return Interval(middle - half, middle + half)


def _inside(value: float, at: Interval | None) -> bool | None:
    return None if at is None else at.low <= value <= at.high


def checked_statement(said: Statement, made: Simulation) -> Statement:
    """What was registered, each figure with what people showed and whether it lay inside, sampling error included.

    Args:
        said: As registered.
        made: The registered prediction beside people's answers.
    """
    if not said.applied:
        return said
    arms = {one.condition: one for one in said.arms}
    rows = {row.cell.condition_num: row for row in made.effects}
    return replace(
        said,
        arms=tuple(_checked_arm(arms[arm.cell.condition_num], arm, said.distance) for arm in made.arms),
        effects=tuple(_checked_effect(one, rows.get(one.condition)) for one in said.effects),
    )


def arm_scores(said: Statement, made: Simulation) -> tuple[ArmScores, ...]:
    """Of every condition with options that people chose from; arguments as for `checked_statement`, and its result."""
    calibrated = {one.condition: one for one in said.arms} if said.basis is not None and said.basis.sharpened else {}
    found = []
    for arm in made.arms:
        if arm.actual is None or arm.open_ended:
            continue
        found.append(_arm_scores(arm, calibrated.get(arm.cell.condition_num)))
    return tuple(found)


def _arm_scores(arm: ArmResult, said: ArmStatement | None) -> ArmScores:
    assert arm.actual is not None
    people, ordered = np.asarray(arm.actual.probs), not arm.cell.scale.nominal
    even = np.full(len(people), 1 / len(people))

    def scores(probs: Floats, better_than: Floats | None = None) -> SampledScores:
        return sampled_scores(probs, people, max(1.0, arm.n_effective), ordered, better_than)

    given = np.asarray(arm.predicted.probs)
    raw, uniform = scores(given), scores(even)
    calibrated = None if said is None else scores(np.array(said.calibrated))
    return ArmScores(
        label=arm.label,
        answers=arm.n_actual,
        raw=raw.scores,
        calibrated=None if calibrated is None else calibrated.scores,
        own_shares=scores(people).scores,
        uniform=uniform.scores,
        raw_intervals=raw.intervals,
        calibrated_intervals=None if calibrated is None else calibrated.intervals,
        uniform_intervals=uniform.intervals,
        raw_better=scores(given, even),
        calibrated_better=None if said is None else scores(np.array(said.calibrated), even),
    )


def _checked_arm(said: ArmStatement, arm: ArmResult, bound: DistanceStatement | None) -> ArmStatement:
    mean = _checked(said.label, said.mean, said.mean_claim, arm.actual_mean, arm.actual_mean_interval)
    shares = said.shares
    if arm.actual is not None and arm.n_effective >= LEAST_PEOPLE:
        people = np.asarray(arm.actual.probs)
        values = np.asarray(arm.actual.values, dtype=np.float64)
        shares = tuple(
            _checked_share(one, people, arm.cell.scale.unit * values, arm.n_effective) for one in said.shares
        )
    return replace(said, checked=mean, shares=shares, distance=checked_distance(np.array(said.calibrated), arm, bound))


def _checked_effect(said: EffectStatement, row: EffectRow | None) -> EffectStatement:
    if row is None:
        return said
    return replace(said, checked=_checked(said.label, said.predicted, said.claim, row.actual, row.actual_interval))


def _checked(
    label: str, predicted: float, claim: Claim, observed: float | None, ends: Interval | None
) -> Checked | None:
    found = judged(FrozenClaim(label, predicted, claim.inner, claim.outer), observed, ends)
    return None if found.observed is None else Checked(found.observed, found.sampled.inner, found.sampled.outer)


def _checked_share(said: ShareStatement, people: Floats, values: Floats, n: float) -> ShareStatement:
    """In logits, where an interval of a share has no ends to run against: as the calibration fits them."""
    places = [int(np.abs(values - said.value).argmin())]
    (seen,), (variance,) = observed_logits(people, places, n)
    inside = [
        None
        if at is None
        else _inside(float(seen), widened(Interval(*_logits((at.low, at.high))), z * float(variance) ** 0.5))
        for at, z in ((said.claim.inner, INNER_Z), (said.claim.outer, OUTER_Z))
    ]
    return replace(said, checked=Checked(float(upper_shares(people, places)[0]), *inside))


def _logits(shares: Sequence[float]) -> list[float]:
    return [float(one) for one in logit(np.clip(shares, SURE, 1 - SURE))]
