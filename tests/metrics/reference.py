"""Plain forms of what the metrics compute, one cell at a time, to hold them against."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

from socrates_core.metrics.uncertainty import noise_floor, smoothed
from socrates_core.scale.distribution import AnswerDistribution


def distance_to_answers(
    predicted: AnswerDistribution, actual: npt.ArrayLike, convention: Literal["scale", "observed"] = "scale"
) -> float | None:
    """scipy's distance between a distribution and raw answers; None without a range or an answer on it."""
    answers, options = np.asarray(actual, dtype=np.float64), predicted.values.astype(np.float64)
    if convention == "scale":
        answers = answers[np.isin(answers, options)]
        low, high = options[0], options[-1]
    elif len(answers):
        low, high = answers.min(), answers.max()
    if len(answers) == 0 or low == high:
        return None
    return float(wasserstein_distance(options.clip(low, high), answers, predicted.probs) / (high - low))


def two_sample_floor(truth: AnswerDistribution, n: float, m: float) -> float:
    """Expected distance between n and m people from one distribution: √(E²_n + E²_m) of the one-sample floors."""
    return math.hypot(noise_floor(truth, n), noise_floor(truth, m))


def estimated_floor(actual: AnswerDistribution, n: float) -> float:
    """The noise floor, from the answers of n people."""
    return noise_floor(AnswerDistribution(actual.values, smoothed(actual.probs, n)), n)
