"""What is said of the shares of people who answer at or above an option."""

from typing import Final

import numpy as np
from scipy.special import expit

from socrates_core.metrics.uncertainty import Interval
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.simulation.result import ArmResult
from socrates_core.trust.calibration import AnswersModel
from socrates_core.trust.error_model.coverage import SHARE_LEVEL
from socrates_core.trust.error_model.shares import cuts, observed_logits, predicted_logits, upper_shares
from socrates_core.trust.statement.record import Checked, Claim, ShareStatement

NO_OUTER: Final = "95 % intervals of shares covered as few as 92 % where the truth was known"
"""Why there is none."""


def shares_of(answers: AnswersModel, arm: ArmResult, probs: Floats) -> tuple[ShareStatement, ...]:
    """Of one condition; empty if nothing can be said of shares.

    Args:
        answers: The error model of these predictions.
        arm: The condition.
        probs: (K,) its predicted shares of the options on the axis, sharpened if the error model is.
    """
    scale = arm.cell.scale
    if scale.values is None or not answers.offered("share", SHARE_LEVEL):
        return ()
    values = scale.values
    places = cuts((np.array(values, np.float64) - values[0]) / (values[-1] - values[0]))
    logits = predicted_logits(probs, places)
    checked = _checked(answers, arm, places, logits)
    rows = zip(places, upper_shares(probs, places).tolist(), logits, checked, strict=True)
    return tuple(
        ShareStatement(
            scale.unit * values[place],
            _words(scale, place),
            share,
            Claim(_interval(answers, logit), None, NO_OUTER),
            lay,
        )
        for place, share, logit, lay in rows
    )


def _words(scale: AnswerScale, place: int) -> str:
    assert scale.values is not None
    value = scale.values[place]
    label = scale.labels.get(value)
    option = scale.written(value) + (f" ({label})" if label else "")
    return option if place == len(scale.values) - 1 else f"{option} or above"


def _checked(answers: AnswersModel, arm: ArmResult, places: tuple[int, ...], logits: Floats) -> list[Checked | None]:
    """The shares of people's answers, beside the intervals of what so many people could show; None without two."""
    if arm.actual is None or arm.n_effective <= 1:
        return [None] * len(places)
    people = np.asarray(arm.actual.probs)
    seen, variances = observed_logits(people, places, arm.n_effective)
    found: list[Checked | None] = []
    for share, at, logit, variance in zip(upper_shares(people, places), expit(seen), logits, variances, strict=True):
        ends = _interval(answers, logit, float(variance))
        inside = None if ends is None else bool(ends.low <= at <= ends.high)
        found.append(Checked(float(share), inside, None))
    return found


def _interval(answers: AnswersModel, logit: float, sampling: float = 0.0) -> Interval | None:
    ends = answers.share_interval(float(logit), SHARE_LEVEL, sampling)
    return None if ends is None else Interval(*ends)
