"""What a record states of how far off its prediction may be, read back: nothing of it is computed anew."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.distribution import Floats
from socrates_core.study.incoming.problems import first_problem
from socrates_core.trust.statement.record import ArmStatement, Claim, Statement

NO_STATEMENT: Final = "The record states no intervals."
TOLERANCE: Final = 1e-6
"""In shares, and in widths of the scale, between a registered mean and that of its registered shares."""

_READ: Final = TypeAdapter(Statement)


def registered_statement(raw: Mapping[str, Any], scales: Mapping[int, Sequence[float]]) -> Statement:
    """Read `trust` of an outcome in prediction.json.

    Args:
        raw: The outcome's.
        scales: Number of each predicted condition → (K,) its options on the axis, in the scale's own numbers.

    Raises:
        ValueError: If it is not what `trust` says of such an outcome.
    """
    if not raw.get("applied"):
        return Statement(False, str(raw.get("why") or NO_STATEMENT))
    try:
        said = _READ.validate_json(json.dumps(_filled(raw)), strict=True)
    except ValidationError as error:
        raise ValueError(f"what it states of its error is not readable: {first_problem(error)}") from error
    if {one.condition for one in said.arms} != set(scales) or len(said.arms) != len(scales):
        raise ValueError("what it states of its error is of other conditions than it predicts")
    if said.support is not None and not said.support.findings:
        raise ValueError("it states support without a finding")
    if said.basis is None:
        raise ValueError("it states intervals without what they rest on")
    for arm in said.arms:
        _check_arm(arm, np.array(scales[arm.condition], np.float64))
        if not said.basis.sharpened and not np.allclose(arm.raw, arm.calibrated, rtol=0, atol=TOLERANCE):
            raise ValueError("it states that no answers were calibrated, and calibrated ones that are not raw")
    chances = [arm.highest for arm in said.arms] + [one.positive for one in said.effects]
    if not all(one is None or 0 <= one <= 1 for one in chances):
        raise ValueError("a probability that it states is not in [0, 1]")
    if not all(at.low <= at.high for at in _intervals(said)):
        raise ValueError("an interval begins above its end")
    if {one.condition for one in said.effects} - set(scales):
        raise ValueError("it states an effect of a condition that it does not predict")
    _check_effects(said, scales)
    bounds = () if said.distance is None else (said.distance.expected, said.distance.inner, said.distance.outer)
    if not all(one is None or 0 <= one <= 1 for one in bounds):
        raise ValueError("a distance that it states is not in [0, 1]")
    return said


def _filled(raw: Mapping[str, Any]) -> dict[str, Any]:
    """With null for what records had no place for when they were first made."""
    arms = [{"distance": None, **arm} for arm in raw["arms"]]
    distance = raw.get("distance")
    return {**raw, "arms": arms, "distance": None if distance is None else {"people": None, **distance}}


def _check_arm(arm: ArmStatement, values: Floats) -> None:
    """Raise a ValueError if the shares are none, or the mean is not theirs."""
    for shares in (arm.raw, arm.calibrated):
        if len(shares) != len(values) or min(shares) < 0 or abs(sum(shares) - 1) > TOLERANCE:
            raise ValueError("the calibrated shares of the options do not add up to 1")
    if abs(float(np.dot(arm.calibrated, values)) - arm.mean) > TOLERANCE * (values[-1] - values[0]):
        raise ValueError("a mean that it states is not that of its calibrated shares")
    for share in arm.shares:
        at = np.isclose(values, share.value)
        if not at.any():
            raise ValueError("it states a share at or above what is not an option")
        if abs(sum(arm.calibrated[int(at.argmax()) :]) - share.predicted) > TOLERANCE:
            raise ValueError("a share that it states is not that of its calibrated shares")
    low, high = float(values[0]), float(values[-1])
    _check_ends(arm.mean_claim, low, high, "a mean")
    for share in arm.shares:
        _check_ends(share.claim, 0.0, 1.0, "a share")


def _check_effects(said: Statement, scales: Mapping[int, Sequence[float]]) -> None:
    """Raise a ValueError if effects are not the differences of the means from that of the one condition without one."""
    controls = [arm for arm in said.arms if arm.condition not in {one.condition for one in said.effects}]
    if said.effects and len(controls) != 1:
        raise ValueError("it states effects of all conditions, or of some alone")
    means = {arm.condition: arm.mean for arm in said.arms}
    for one in said.effects:
        values = scales[one.condition]
        stated = 100 * (means[one.condition] - controls[0].mean) / (values[-1] - values[0])
        if abs(stated - one.predicted) > 100 * TOLERANCE:
            raise ValueError("an effect that it states is not the difference of its means")
        _check_ends(one.claim, -100.0, 100.0, "an effect")


def _check_ends(claim: Claim, low: float, high: float, what: str) -> None:
    """Raise a ValueError if an interval goes where no mean, share or effect can be."""
    slack = TOLERANCE * (high - low)
    for at in (claim.inner, claim.outer):
        if at is not None and (at.low < low - slack or at.high > high + slack):
            raise ValueError(f"an interval that it states goes beyond what {what} can be")


def _intervals(said: Statement) -> Iterator[Interval]:
    claims = [arm.mean_claim for arm in said.arms] + [one.claim for one in said.effects]
    claims += [one.claim for arm in said.arms for one in arm.shares]
    yield from (at for claim in claims for at in (claim.inner, claim.outer) if at is not None)
