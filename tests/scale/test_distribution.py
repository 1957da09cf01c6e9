import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import AnswerDistribution, option_values, sample, with_temperature

ONE_TO_FIVE = AnswerScale((1, 2, 3, 4, 5))
UNEVEN = AnswerScale((0, 1, 10))


def at(values: list[int], probs: list[float]) -> AnswerDistribution:
    return AnswerDistribution(np.array(values, np.int64), np.array(probs))


# -- AnswerDistribution


@pytest.mark.parametrize(
    ("responses", "weights", "expected"),
    [
        ([1, 1, 2, 5], None, [0.5, 0.25, 0, 0, 0.25]),
        ([3], None, [0, 0, 1, 0, 0]),
        ([5, 1], [3, 1], [0.25, 0, 0, 0, 0.75]),
        ([2, 2, 4], [0.5, 0.5, 0], [0, 1, 0, 0, 0]),
    ],
)
def test_responses_become_shares(responses: list[int], weights: list[float] | None, expected: list[float]) -> None:
    assert AnswerDistribution.from_responses(responses, ONE_TO_FIVE, weights).probs == pytest.approx(expected)


def test_options_need_not_be_evenly_spaced() -> None:
    assert AnswerDistribution.from_responses([0, 10, 10, 1], UNEVEN).probs.tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        ([], "no responses"),
        (3, "no responses"),
        ([1, 6], "off the scale"),
        ([0], "off the scale"),
        ([-1, 99999], "off the scale"),
        ([2.7], "must be integers, got float64"),
        ([2.0, float("nan")], "must be integers"),
        (["2"], "must be integers"),
        ([True], "must be integers"),
    ],
)
def test_a_response_that_is_no_option_is_never_counted_as_one(responses: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnswerDistribution.from_responses(responses, ONE_TO_FIVE)  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", [[1.0], [1, 1, 1], [0, 0], [-1, 2], [1, float("nan")], [1, float("inf")]])
def test_weights_that_make_no_shares_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be non-negative, one for each response"):
        AnswerDistribution.from_responses([1, 2], ONE_TO_FIVE, weights)


def test_an_open_ended_outcome_has_no_options() -> None:
    for make in (
        option_values,
        AnswerDistribution.uniform,
        lambda scale: AnswerDistribution.from_responses([1], scale),
    ):
        with pytest.raises(ValueError, match="open-ended"):
            make(AnswerScale(None))


@pytest.mark.parametrize(
    ("values", "probs", "mean", "sd"),
    [
        ([1, 2, 3, 4, 5], [0.2] * 5, 3, 2**0.5),  # variance (4 + 1 + 0 + 1 + 4) / 5 = 2
        ([0, 1, 10], [0.5, 0, 0.5], 5, 5),
        ([0, 1, 10], [0, 1, 0], 1, 0),
        ([-2, 2], [0.25, 0.75], 1, 3**0.5),  # variance 0.25 · 9 + 0.75 · 1 = 3
    ],
)
def test_mean_and_sd_are_in_points_of_the_scale(values: list[int], probs: list[float], mean: float, sd: float) -> None:
    distribution = at(values, probs)
    assert (distribution.mean, distribution.sd) == (pytest.approx(mean), pytest.approx(sd))


def test_uniform_gives_every_option_the_same() -> None:
    assert AnswerDistribution.uniform(UNEVEN).probs == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(
    ("values", "probs"),
    [
        ([1, 2], [0.5, 0.6]),
        ([1, 2], [0.4, 0.4]),
        ([1, 2], [-0.5, 1.5]),
        ([1, 2], [float("nan"), 1]),
        ([1, 2], [float("inf"), 0]),
        ([1, 2, 3], [0.5, 0.5]),
        ([], []),
        ([2, 1], [0.5, 0.5]),
        ([1, 1], [0.5, 0.5]),
    ],
)
def test_what_is_no_distribution_is_refused(values: list[int], probs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"probabilit|options must ascend"):
        at(values, probs)


# -- temperature and top_p


@pytest.mark.parametrize(
    ("probs", "temperature", "top_p", "expected"),
    [
        ([0.5, 0.3, 0.2], 1, 1, [0.5, 0.3, 0.2]),
        ([0.8, 0.2], 0.5, 1, [16 / 17, 1 / 17]),  # 0.64 and 0.04
        ([0.8, 0.2], 2, 1, [2 / 3, 1 / 3]),  # √0.8 is twice √0.2
        ([0.3, 0.6, 0.1], 0, 1, [0, 1, 0]),
        ([0.4, 0.4, 0.2], 0, 1, [1, 0, 0]),  # the lowest of equals, as greedy decoding does
        ([0.5, 0.3, 0.2], 1, 0.8, [0.625, 0.375, 0]),  # 0.5 and 0.3 reach 0.8
        ([0.5, 0.3, 0.2], 1, 0.81, [0.5, 0.3, 0.2]),  # the option that crosses 0.81 stays
        ([0.2, 0.3, 0.5], 1, 0.1, [0, 0, 1]),
        ([0.25, 0.25, 0.25, 0.25], 1, 0.5, [0.5, 0.5, 0, 0]),
        ([0.8, 0.1, 0.1], 0.5, 0.95, [1, 0, 0]),  # 0.64 of 0.66 is 0.97: the cut follows the temperature
        ([1, 0], 0.6, 0.9, [1, 0]),
        ([0, 1], 5, 1, [0, 1]),  # what cannot be stays impossible
        ([0.5, 0.5], 1e-310, 1, [0.5, 0.5]),
        ([0.6, 0.4], 1e-310, 1, [1, 0]),
        ([1e-300, 1 - 1e-300], 0.01, 1, [0, 1]),
    ],
)
def test_temperature_and_top_p_by_hand(
    probs: list[float], temperature: float, top_p: float, expected: list[float]
) -> None:
    assert with_temperature(np.array([probs]), temperature, top_p)[0] == pytest.approx(expected)


def test_rows_are_cut_each_by_itself_and_the_input_stays() -> None:
    probs = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    out = with_temperature(probs, 1, 0.7)
    assert out == pytest.approx(np.array([[0.625, 0.375, 0], [0, 0, 1]]))
    assert probs.tolist() == [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]


@pytest.mark.parametrize(
    ("temperature", "top_p"),
    [(-0.1, 1), (float("nan"), 1), (float("inf"), 1), (1, 0), (1, 1.1), (1, -1), (1, float("nan"))],
)
def test_a_temperature_or_top_p_out_of_range_is_refused(temperature: float, top_p: float) -> None:
    with pytest.raises(ValueError, match="temperature must be finite and >= 0 and top_p in"):
        with_temperature(np.array([[0.5, 0.5]]), temperature, top_p)


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=9).filter(any),
    st.floats(0, 100),
    st.floats(0.001, 1),
)
def test_the_result_is_a_distribution_over_some_of_the_options(
    counts: list[int], temperature: float, top_p: float
) -> None:
    probs = np.array([counts]) / sum(counts)
    out = with_temperature(probs, temperature, top_p)
    assert out.sum() == pytest.approx(1)
    assert (out >= 0).all()
    assert (out[probs == 0] == 0).all()


# -- sampling


def test_samples_have_the_shares_of_the_distribution() -> None:
    probs = np.tile([0.5, 0, 0.3, 0.2], (20_000, 1))
    drawn = sample(probs, [1, 4, 7, 10], np.random.default_rng(0))
    assert drawn.dtype == np.int64
    shares = [(drawn == value).mean() for value in (1, 4, 7, 10)]
    # the standard error of a share of 20,000 is at most 0.0036
    assert shares == pytest.approx([0.5, 0, 0.3, 0.2], abs=0.015)


def test_each_row_is_drawn_from_its_own_distribution() -> None:
    assert sample(np.eye(3)[[2, 0, 1, 1]], [0, 1, 10], np.random.default_rng(1)).tolist() == [10, 0, 1, 1]


def test_a_seed_repeats_its_sample() -> None:
    probs = np.full((50, 4), 0.25)
    first, again, other = (sample(probs, [1, 2, 3, 4], np.random.default_rng(seed)).tolist() for seed in (7, 7, 8))
    assert first == again != other


def test_nobody_gives_no_answers() -> None:
    assert sample(np.zeros((0, 3)), [1, 2, 3], np.random.default_rng(0)).tolist() == []
    assert with_temperature(np.zeros((0, 3)), 0.6, 0.9).shape == (0, 3)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.2, 1), (0.21, 2), (0.5, 2), (0.9, 2), (1.0, 7)])
def test_a_quantile_is_the_smallest_answer_that_holds_its_share(share: float, expected: int) -> None:
    assert AnswerDistribution(np.array([1, 2, 7]), np.array([0.2, 0.7, 0.1])).quantile(share) == expected
