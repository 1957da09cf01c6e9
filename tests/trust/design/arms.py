"""Two arms to test design advice with."""

from functools import cache

import numpy as np

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.trust.calibration import Calibration
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.study import Known, PredictedCell, PredictedStudy
from socrates_core.trust.fitting import calibrate
from tests.trust.evidence import evaluation, provenance

SEVEN = np.array([0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1])
SKEWED = np.array([0.7, 0.1, 0.1, 0.05, 0.05])


def two_arms(treated: Floats, untreated: Floats, outcome: str = "liking", arm: str = "label") -> Contrast:
    return Contrast(outcome, arm, "plain", np.linspace(0, 100, len(treated)), treated, untreated)


def pushed(shares: Floats, step: float) -> Floats:
    """Each option `step` in log odds more likely than the one below it."""
    weight = shares * np.exp(step * np.arange(len(shares)))
    return np.asarray(weight / weight.sum())


def predicted_study(
    *cells: tuple[str, str, Floats],
    answering: float = 1.0,
    within: bool = False,
    calibration: Calibration | None = None,
) -> PredictedStudy:
    """Cells as (outcome, condition, shares); the first condition of an outcome is its control."""
    found: list[PredictedCell] = []
    for outcome, condition, shares in cells:
        scale = AnswerScale(tuple(range(1, len(shares) + 1)), {1: "never", len(shares): "always"}, {99: "don't know"})
        first = all(one.outcome != outcome for one in found)
        found.append(PredictedCell(outcome, condition, first, scale, shares, answering))
    known = {}
    if calibration is not None:
        for one in found:
            family, model = calibration.of(len(one.shares))
            known[one.outcome] = Known(model.raw, "", family)
    return PredictedStudy("Menus", "m", False, tuple(found), (), within, known)


@cache
def half_right() -> Calibration:
    """Of a model whose predictions are half right, on 20 groups with five options."""
    return calibrate([(evaluation(20), provenance())])
