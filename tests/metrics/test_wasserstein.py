import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from socrates_core.metrics.wasserstein import (
    Convention,
    wasserstein,
    wasserstein_samples,
)
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import AnswerDistribution, Floats

ONE_TO_EIGHT = AnswerScale(tuple(range(1, 9)))
YES_NO = AnswerScale((1, 2))
SLIDER = AnswerScale(tuple(range(101)))


def shares(values: list[int], *weights: float) -> AnswerDistribution:
    return AnswerDistribution(np.array(values), np.array(weights) / sum(weights))


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        (shares([1, 2], 1, 1), shares([1, 2], 1, 1), 0),
        (shares([1, 2], 1, 0), shares([1, 2], 0, 1), 1),
        (shares([1, 2, 3], 1, 0, 0), shares([1, 2, 3], 0, 1, 0), 1 / 2),
        (shares([0, 1, 10], 0, 1, 0), shares([0, 1, 10], 0, 0, 1), 9 / 10),  # nine of ten, not one of two
        (shares([-3, 0, 3], 1, 1, 1), shares([-3, 0, 3], 0, 1, 0), 1 / 3),  # a third moves half way, from either side
        (shares([1, 2, 3, 4], 1, 0, 0, 1), shares([1, 2, 3, 4], 0, 1, 1, 0), 1 / 3),
    ],
)
def test_mass_costs_the_share_of_the_scale_that_it_moves(
    p: AnswerDistribution, q: AnswerDistribution, expected: float
) -> None:
    assert wasserstein(p, q) == pytest.approx(expected)
    assert wasserstein(q, p) == pytest.approx(expected)


def test_distributions_on_different_scales_have_no_distance() -> None:
    with pytest.raises(ValueError, match="scales differ"):
        wasserstein(shares([1, 2], 1, 1), shares([0, 1], 1, 1))


@pytest.mark.parametrize(
    ("predicted", "actual", "convention", "expected"),
    [
        ([1], [8], "scale", 1),
        ([2, 4], [2, 4], "scale", 0),
        ([1, 1], [1, 8], "scale", 1 / 2),
        # humans 3..5: a prediction of 1 is clipped to 3, and 3 to 5 is the whole range
        ([1], [3, 5], "observed", 1 / 2),
        ([8], [3, 5], "observed", 1 / 2),
        ([1], [4, 4], "observed", None),  # no range: unscored, not 0
        # a missing-value code of 99 stays in the range, as in the paper, and squeezes the rest
        ([1, 1], [3, 99], "observed", 1 / 2),
        ([1], [3, 3, 99], "observed", 1 / 3),
        # and has no place on the stated scale
        ([1], [3, 3, 99], "scale", 2 / 7),
        ([1], [99], "scale", None),
        ([99], [3], "scale", None),
        ([], [3], "scale", None),
        ([], [3, 4], "observed", None),
        ([1], [], "observed", None),
        ([1], [], "separate", None),
    ],
)
def test_each_convention_by_hand(
    predicted: list[int], actual: list[int], convention: Convention, expected: float | None
) -> None:
    found = wasserstein_samples(predicted, actual, convention, ONE_TO_EIGHT)
    assert found == (None if expected is None else pytest.approx(expected))


def test_humans_all_8_against_a_model_all_1_scored_0_when_each_side_had_its_own_range() -> None:
    model, humans = [1] * 5, [8] * 5
    assert wasserstein_samples(model, humans, "separate") == 0
    assert wasserstein_samples(model, humans, "scale", ONE_TO_EIGHT) == 1
    assert wasserstein_samples(model, humans, "observed") is None


def test_mixing_questions_of_one_condition_hid_a_wrong_answer() -> None:
    # a yes/no item answered wrongly by all, next to a slider answered well, drowns on the slider's range
    model, humans = [1, 1, 50, 60], [2, 2, 50, 60]
    mixed = wasserstein_samples(model, humans, "separate")
    assert mixed is not None
    assert mixed < 0.02
    assert wasserstein_samples(model[:2], humans[:2], "scale", YES_NO) == 1


@pytest.mark.parametrize("bad", [[float("nan")], [1, float("inf")]])
def test_an_unreadable_answer_is_refused_and_not_guessed(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        wasserstein_samples(bad, [1, 2], "observed")


@pytest.mark.parametrize("scale", [None, AnswerScale(None)])
def test_the_scale_convention_needs_a_bounded_scale(scale: AnswerScale | None) -> None:
    with pytest.raises(ValueError, match="needs a bounded scale"):
        wasserstein_samples([1], [2], "scale", scale)


def test_an_absurd_prediction_is_clipped_under_observed_and_left_out_under_scale() -> None:
    absurd = [float(10**100), 3.0]
    assert wasserstein_samples(absurd, [3, 5], "observed") == pytest.approx(0)
    assert wasserstein_samples(absurd, [3, 5], "scale", ONE_TO_EIGHT) == pytest.approx(1 / 7)


answers = st.lists(st.integers(1, 8), min_size=1, max_size=30)


@given(answers, answers)
@settings(deadline=None)
def test_equal_to_scipy(predicted: list[int], actual: list[int]) -> None:
    expected = wasserstein_distance(predicted, actual) / 7
    assert wasserstein_samples(predicted, actual, "scale", ONE_TO_EIGHT) == pytest.approx(expected, abs=1e-12)
    p, q = (AnswerDistribution.from_responses(side, ONE_TO_EIGHT) for side in (predicted, actual))
    assert wasserstein(p, q) == pytest.approx(expected, abs=1e-12)
    low, high = min(actual), max(actual)
    if low < high:
        expected = wasserstein_distance(np.clip(predicted, low, high), actual) / (high - low)
        assert wasserstein_samples(predicted, actual, "observed") == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_within_0_and_1_symmetric_and_0_on_itself(a: list[float], b: list[float]) -> None:
    p, q = (_normal(np.array(side) + 1e-3) for side in (a, b))
    assert 0 <= wasserstein(p, q) <= 1
    assert wasserstein(p, q) == wasserstein(q, p)
    assert wasserstein(p, p) == 0


def _normal(weights: Floats) -> AnswerDistribution:
    return AnswerDistribution(np.array([1, 2, 3]), weights / weights.sum())
