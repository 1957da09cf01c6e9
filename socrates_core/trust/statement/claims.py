"""Intervals as they are claimed, and why those that are missing are not."""

from collections.abc import Callable

from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.wasserstein import wasserstein
from socrates_core.scale.distribution import AnswerDistribution, Floats
from socrates_core.simulation.result import ArmResult
from socrates_core.trust.calibration import AnswersModel
from socrates_core.trust.error_model.coverage import LEAST_TRIED, What
from socrates_core.trust.error_model.evidence import LEAST_PEOPLE
from socrates_core.trust.statement.record import CheckedDistance, Claim, DistanceStatement


def claim_of(answers: AnswersModel, what: What, at: Callable[[float], Interval | None]) -> Claim:
    """The intervals at 80 and 95 %.

    Args:
        answers: The error model that offers them, or not.
        what: They are of.
        at: Level ↦ the interval; None if it is not offered.
    """
    found = [at(level) for level in LEAST_TRIED]
    missing = [level for level, one in zip(LEAST_TRIED, found, strict=True) if one is None]
    return Claim(found[0], found[1], why_not(answers, what, missing[0]) if missing else None)


def effect_claim(answers: AnswersModel, predicted: float) -> Claim:
    """Of the true effect, in points, given the predicted one."""

    def at(level: float) -> Interval | None:
        ends = answers.effect_interval(predicted, level)
        return None if ends is None else Interval(*ends)

    return claim_of(answers, "effect", at)


def checked_distance(probs: Floats, arm: ArmResult, bound: DistanceStatement | None) -> CheckedDistance | None:
    """W of the answers that a statement speaks of to people's, beside the bounds that it gives.

    Args:
        probs: (K,) shares of the options on the axis.
        arm: With people's answers.
        bound: What is said of W; None if nothing is.

    Returns:
        None if too few people answered.
    """
    if arm.actual is None or arm.n_effective < LEAST_PEOPLE:
        return None
    observed = wasserstein(AnswerDistribution(arm.actual.values, probs), arm.actual)
    sides = (None, None) if bound is None else (bound.inner, bound.outer)
    return CheckedDistance(observed, arm.n_effective, *(None if at is None else observed <= at for at in sides))


def why_not(answers: AnswersModel, what: What, level: float) -> str:
    """Why this interval is not offered."""
    tried = answers.tried(what, level)
    if tried is None:
        return f"too few groups had {what}s to fit their errors"
    if tried.groups < LEAST_TRIED[level]:
        least = LEAST_TRIED[level]
        return f"a {level_words(level)} interval must be tried on {least} groups, and was on {tried.groups}"
    test = answers.test_of(what, level)
    if tried.holds and test is not None:
        tried, where = test, f"the {test.groups} groups of the test part"
    else:
        where = "left-out groups"
    covered = f"{100 * tried.covered:.0f} ± {100 * tried.covered_se:.0f} % of {what}s"
    return f"the {level_words(level)} interval did not hold on {where}: it covered {covered}"


def level_words(share: float) -> str:
    """`95 %`."""
    return f"{100 * share:.0f} %"
