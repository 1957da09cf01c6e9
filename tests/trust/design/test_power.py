import numpy as np
import pytest

from eval.bench.coverage.design import simulated_power
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.power import (
    TESTS,
    Sizes,
    Test,
    by_equation_12,
    curve,
    direction_of,
    people_needed,
    smallest_effect,
)
from tests.trust.design.arms import SEVEN, SKEWED, pushed, two_arms

EVEN = Sizes()


def power_of(test: Test, contrast: Contrast, n: float, alpha: float = 0.05, sizes: Sizes = EVEN) -> float:
    return float(curve(test, contrast, np.array([n]), alpha, sizes)[0])


@pytest.mark.parametrize(
    ("contrast", "m", "ratio"),
    [
        (two_arms(pushed(SEVEN, 0.1), SEVEN), 100, 1),
        (two_arms(pushed(SEVEN, 0.2), SEVEN), 50, 1),
        (two_arms(pushed(SEVEN, 0.4), SEVEN), 20, 1),
        (two_arms(pushed(SEVEN, 0.2), SEVEN), 40, 4),
        (two_arms(pushed(SEVEN, 0.05), SEVEN), 400, 1),
        (two_arms(pushed(SKEWED, 0.3), SKEWED), 50, 1),
        (two_arms(np.array([0.45, 0.55]), np.array([0.55, 0.45])), 400, 1),
    ],
)
def test_power_is_that_of_simulated_studies_within_their_error(contrast: Contrast, m: int, ratio: int) -> None:
    simulated = simulated_power(contrast, m, ratio * m, 40_000, 11)
    for test in TESTS:
        # three standard errors of 40,000 rounds, and half a point for the approximation
        assert power_of(test, contrast, m, sizes=Sizes(ratio)) == pytest.approx(simulated[test], abs=0.0075 + 0.005)


def test_equation_12_gives_the_number_of_its_published_example() -> None:
    # Zhao, Rahardja and Qu (2008); the same shares in the R package samplesize give 8,390 people with t = 0.53
    arms = two_arms(np.array([0.61, 0.23, 0.16]), np.array([0.66, 0.15, 0.19]))
    assert by_equation_12(arms, 0.05, 0.8, share=0.53) == pytest.approx(8390, abs=1)
    # what this software says takes the variance under the alternative instead, which hardly differs for so little
    assert (people_needed("wmw", arms, 0.05, 0.8, Sizes()) or 0) * 2 == pytest.approx(
        by_equation_12(arms, 0.05, 0.8) or 0, rel=0.01
    )


def test_the_fewest_people_have_the_power_and_one_fewer_has_not() -> None:
    arms = two_arms(pushed(SEVEN, 0.2), SEVEN)
    for test in TESTS:
        n = people_needed(test, arms, 0.05, 0.8, EVEN)
        assert n is not None
        assert power_of(test, arms, n) >= 0.8 > power_of(test, arms, n - 1)


def test_more_people_in_the_control_save_some_in_the_arm() -> None:
    arms = two_arms(pushed(SEVEN, 0.2), SEVEN)
    needed = [people_needed("wmw", arms, 0.05, 0.8, Sizes(ratio)) or 0 for ratio in (0.5, 1, 2, 4)]
    assert needed == sorted(needed, reverse=True)
    assert 5 * needed[3] > 2 * needed[1]  # but more in all


def test_the_direction_does_not_matter_to_power_and_the_wrong_one_is_no_success() -> None:
    up, down = two_arms(pushed(SEVEN, 0.2), SEVEN), two_arms(pushed(SEVEN[::-1], -0.2), SEVEN[::-1])
    assert direction_of("wmw", down) == -1
    assert power_of("wmw", down, 50) == pytest.approx(power_of("wmw", up, 50))
    tiny = two_arms(pushed(SEVEN, 1e-5), SEVEN)  # nothing to find: half of α points the predicted way
    assert power_of("welch", tiny, 100) == pytest.approx(0.025, abs=1e-3)


def test_people_who_answer_off_the_axis_are_asked_in_vain() -> None:
    whole = two_arms(pushed(SEVEN, 0.2), SEVEN)
    part = Contrast("liking", "label", "plain", whole.positions, whole.treated, whole.untreated, (0.5, 0.5))
    assert power_of("wmw", part, 200) == pytest.approx(power_of("wmw", whole, 100))


@pytest.mark.parametrize("test", TESTS)
def test_what_cannot_be_detected_has_no_number_of_people(test: Test) -> None:
    alike, some = two_arms(SEVEN, SEVEN), two_arms(pushed(SEVEN, 0.2), SEVEN)
    assert people_needed(test, alike, 0.05, 0.8, EVEN) is None
    assert people_needed(test, some, 0.0, 0.8, EVEN) is None
    assert people_needed(test, two_arms(pushed(SEVEN, 1e-6), SEVEN), 0.05, 0.8, EVEN) is None
    assert power_of(test, alike, 1e7) == 0
    assert power_of(test, some, 0.5) == 0


def test_two_people_an_arm_are_never_enough_for_ranks_however_apart_the_arms() -> None:
    apart = two_arms(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    # with 2 and 2 the statistic is √3 at most, below 1.96; with 3 and 3 it is √5
    assert power_of("wmw", apart, 2) == 0
    assert people_needed("wmw", apart, 0.05, 0.8, EVEN) == 3


def test_huge_numbers_of_people_find_nearly_everything_and_stay_numbers() -> None:
    arms = two_arms(pushed(SEVEN, 0.01), SEVEN)
    for test in TESTS:
        found = curve(test, arms, np.array([1e3, 1e5, 1e7]), 0.05, EVEN)
        assert np.isfinite(found).all()
        assert found[-1] == pytest.approx(1)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("direction", [1, -1])
def test_the_smallest_effect_is_found_with_the_wanted_power(test: Test, direction: int) -> None:
    arms = two_arms(pushed(SEVEN, 0.2), SEVEN)
    effect = smallest_effect(test, arms, 100, 0.05, 0.8, EVEN, direction)
    assert effect is not None
    assert np.sign(effect) == direction
    there = two_arms(arms.with_effects(np.array([effect]))[0], SEVEN)
    assert power_of(test, there, 100) == pytest.approx(0.8, abs=1e-6)
    assert smallest_effect(test, arms, 2, 0.001, 0.8, EVEN, direction) is None


# -- another effect ----------------------------------------------------------------------------------------------


def test_a_tilted_arm_has_the_mean_that_the_effect_asks_for_and_the_predicted_one_is_the_prediction() -> None:
    arms = two_arms(pushed(SEVEN, 0.2), SEVEN)
    effects = np.array([-40.0, 0.0, arms.effect, 30.0])
    shares = arms.with_effects(effects)
    np.testing.assert_allclose(shares @ arms.positions - arms.means[1], effects, atol=1e-8)
    np.testing.assert_allclose(shares[2], arms.treated, atol=1e-12)
    np.testing.assert_allclose(shares[1], SEVEN, atol=1e-8)  # the control is a tilt of this arm


def test_effects_beyond_the_scale_are_its_ends_and_one_option_moves_towards_them() -> None:
    all_alike = two_arms(np.eye(5)[2], np.eye(5)[1])
    assert all_alike.reach == (-25, 75)
    shares = all_alike.with_effects(np.array([-90.0, 25.0, 50.0, 90.0]))
    np.testing.assert_allclose(shares, [np.eye(5)[0], np.eye(5)[2], [0, 0, 0.5, 0, 0.5], np.eye(5)[4]], atol=1e-12)


def test_only_shares_make_a_contrast() -> None:
    for wrong in (np.array([0.5, 0.6]), np.array([-0.5, 1.5]), np.array([1.0])):
        with pytest.raises(ValueError, match=r"shares|options"):
            two_arms(wrong, wrong)
