"""Answer distributions over the options of a scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socrates_core.scale.answer_scale import AnswerScale

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AnswerDistribution:
    """Probabilities (or shares of people) over the K options of one scale."""

    values: npt.NDArray[np.int64]
    """(K,) the options, ascending."""
    probs: Floats
    """(K,) non-negative, summing to 1."""

    def __post_init__(self) -> None:
        if self.values.shape != self.probs.shape or self.values.ndim != 1 or len(self.values) == 0:
            raise ValueError(f"need one probability per option, got {self.values.shape} and {self.probs.shape}")
        if (np.diff(self.values) <= 0).any():
            raise ValueError(f"options must ascend, got {self.values.tolist()}")
        if not np.isfinite(self.probs).all() or (self.probs < 0).any() or abs(self.probs.sum() - 1) > 1e-6:
            raise ValueError(f"probabilities must be non-negative and sum to 1, got {self.probs.tolist()}")

    @classmethod
    def from_responses(
        cls, responses: npt.ArrayLike, scale: AnswerScale, weights: npt.ArrayLike | None = None
    ) -> "AnswerDistribution":
        """Shares of the options among on-scale responses.

        Args:
            responses: (N,) answers, every one an option of the scale, N ≥ 1.
            scale: A bounded scale.
            weights: (N,) survey weights; equal when None.

        Raises:
            ValueError: If there are no responses, one is off the scale or not an integer (the caller counts and removes
                these), or the weights are not one non-negative number per response with a positive sum.
        """
        values = option_values(scale)
        answers = np.asarray(responses)
        if answers.ndim != 1 or len(answers) == 0:
            raise ValueError(f"no responses: expected a row of them, got shape {answers.shape}")
        if answers.dtype.kind not in "iu":  # casting would turn 2.7 into 2
            raise ValueError(f"responses must be integers, got {answers.dtype}")
        index = np.searchsorted(values, answers).clip(max=len(values) - 1)
        if (values[index] != answers).any():
            raise ValueError("some responses are off the scale")
        shares = np.ones(len(answers)) if weights is None else np.asarray(weights, float)
        if shares.shape != answers.shape or not (np.isfinite(shares) & (shares >= 0)).all() or not shares.sum() > 0:
            raise ValueError("weights must be non-negative, one for each response, and not all zero")
        counts = np.bincount(index, shares, minlength=len(values))
        return cls(values, counts / counts.sum())

    @classmethod
    def uniform(cls, scale: AnswerScale) -> "AnswerDistribution":
        """The uniform distribution over the options of a scale."""
        values = option_values(scale)
        return cls(values, np.full(len(values), 1 / len(values)))

    @property
    def mean(self) -> float:
        """The mean, in points of the scale."""
        return float(self.values @ self.probs)

    @property
    def sd(self) -> float:
        """The standard deviation, in points of the scale."""
        return float(np.sqrt(((self.values - self.mean) ** 2) @ self.probs))

    def quantile(self, share: float) -> int:
        """The smallest value whose cumulative probability is at least this share, in [0, 1]."""
        place = np.searchsorted(np.cumsum(self.probs), share - 1e-9)  # tolerance for rounding in the sums
        return int(self.values[min(int(place), len(self.values) - 1)])


def option_values(scale: AnswerScale) -> npt.NDArray[np.int64]:
    """(K,) the options on the axis of a bounded scale, ascending.

    Raises:
        ValueError: If the outcome is open-ended.
    """
    if scale.values is None:
        raise ValueError("an open-ended outcome has no options")
    return np.asarray(scale.values, dtype=np.int64)


def all_options(scale: AnswerScale) -> npt.NDArray[np.int64]:
    """(L,) the options of a bounded scale, on the axis and off it, ascending.

    Raises:
        ValueError: If the outcome is open-ended.
    """
    if scale.options is None:
        raise ValueError("an open-ended outcome has no options")
    return np.asarray(scale.options, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class SplitOptions:
    """Distributions of N people over all options, as those on the axis and those off it."""

    on_axis: Floats
    """(N, K) given an answer on the axis: each row sums to 1. Uniform where that has no probability."""
    off_axis: Floats | None
    """(N, J) the probabilities of the options off the axis; None if there are none."""

    @property
    def substance(self) -> Floats:
        """(N,) the probability of an answer on the axis, in [0, 1]."""
        if self.off_axis is None:
            return np.ones(len(self.on_axis))
        return np.asarray((1 - self.off_axis.sum(axis=1)).clip(0.0, 1.0))


def split_options(probs: Floats, scale: AnswerScale) -> SplitOptions:
    """Distributions over all options (N, L), as a model gives them, split into those on the axis and those off it.

    The mean over people with weights w is Σ w · substance · on_axis / Σ w · substance, which is not the mean of the
    rows of `on_axis`: who hardly answers counts little.
    """
    if not scale.off_axis:
        return SplitOptions(probs, None)
    off = np.isin(all_options(scale), list(scale.off_axis))
    on = probs[:, ~off]
    sums = on.sum(axis=1, keepdims=True)
    rows = np.divide(on, sums, out=np.full_like(on, 1 / on.shape[1]), where=sums > 0)
    return SplitOptions(rows, probs[:, off])


def with_temperature(probs: Floats, temperature: float, top_p: float = 1.0) -> Floats:
    """Apply a sampler's temperature and top_p to whole options.

    Each row becomes p^(1/T), renormalised, then is restricted to its most likely options up to `top_p` of the mass (the
    option that crosses it included) and renormalised again. T = 0 selects the most likely option, the lowest of equals;
    T = 1 leaves p unchanged. It acts on exact option probabilities instead of token probabilities, so for answers of
    several digits this is the temperature of the whole answer, not of each digit.

    Args:
        probs: (N, K) rows that sum to 1.
        temperature: ≥ 0 and finite.
        top_p: In (0, 1].

    Raises:
        ValueError: If temperature or top_p is out of range.
    """
    if not 0 <= temperature < np.inf or not 0 < top_p <= 1:
        raise ValueError(f"temperature must be finite and >= 0 and top_p in (0, 1], got {temperature} and {top_p}")
    out: Floats = np.zeros_like(probs)
    if temperature == 0:
        out[np.arange(len(probs)), probs.argmax(axis=1)] = 1
        return np.asarray(out)
    with np.errstate(divide="ignore", over="ignore"):  # log 0, and division by a tiny temperature, correctly give −∞
        logs = np.log(probs)
        out = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
    out /= out.sum(axis=1, keepdims=True)
    if top_p < 1:
        order = np.argsort(-out, axis=1, kind="stable")
        ranked = np.take_along_axis(out, order, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked  # total mass of the higher-ranked options
        ranked[before >= top_p] = 0
        np.put_along_axis(out, order, ranked / ranked.sum(axis=1, keepdims=True), axis=1)
    return out


def sample(
    probs: Floats, values: Sequence[int] | npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(N,) one answer drawn from each row of `probs` (N, K)."""
    cdf = np.cumsum(probs, axis=1)
    draws = rng.random((len(probs), 1)) * cdf[:, -1:]
    index = (draws >= cdf).sum(axis=1).clip(max=probs.shape[1] - 1)
    answers: npt.NDArray[np.int64] = np.asarray(values, dtype=np.int64)[index]
    return answers
