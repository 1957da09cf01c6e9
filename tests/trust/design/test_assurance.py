import numpy as np
import pytest
from scipy.special import ndtr

from eval.bench.coverage.design import simulated_power
from socrates_core.trust.design.assurance import (
    Possible,
    assurance,
    limit,
    people_for_assurance,
    people_to_refute,
    people_to_refute_on_average,
)
from socrates_core.trust.design.family import family_power, holm
from socrates_core.trust.design.power import TESTS, Answers, Sizes, Test, curve, power
from socrates_core.trust.error_model.predictive import Predictive
from tests.trust.design.arms import SEVEN, pushed, two_arms

EVEN = Sizes()
ARMS = two_arms(pushed(SEVEN, 0.2), SEVEN)
WIDE = Predictive(np.array([0.5, 0.5]), np.array([[10.0, 2.0]]), np.array([[8.0, 15.0]]))


def of_normal(mean: float, sd: float) -> Predictive:
    return Predictive(np.ones(1), np.array([[mean]]), np.array([[sd]]))


def test_assurance_is_the_share_of_simulated_studies_that_succeed_over_what_the_effect_may_be() -> None:
    rng = np.random.default_rng(3)
    wide = rng.random(4000) < 0.5
    effects = np.where(wide, rng.normal(10, 8, 4000), rng.normal(2, 15, 4000))
    answers = ARMS.with_effects(effects)
    m = n = 100
    arm = np.array([rng.multinomial(m, one) for one in answers]).astype(float)
    control = rng.multinomial(n, SEVEN, 4000).astype(float)
    both = arm + control
    u = (arm * (np.cumsum(control, axis=1) - control / 2)).sum(axis=1)
    ties = (both**3 - both).sum(axis=1) / (200 * 199)
    z = (u - m * n / 2) / np.sqrt(m * n / 12 * (201 - ties))
    found = assurance("wmw", ARMS, Possible.of(ARMS, WIDE), np.array([100.0]), 0.05, EVEN)
    assert found is not None
    assert found[0] == pytest.approx((z > 1.96).mean(), abs=3 * 0.008)  # its error is √(0.46 · 0.54 / 4000)


@pytest.mark.parametrize("test", TESTS)
def test_assurance_rises_to_the_probability_of_the_predicted_direction_and_no_further(test: Test) -> None:
    possible = Possible.of(ARMS, WIDE)
    most = limit(test, ARMS, possible)
    assert most == pytest.approx(float(1 - WIDE.below(0.0)[0]), abs=1e-9)
    found = assurance(test, ARMS, possible, np.array([10.0, 100, 1000, 1e5, 1e7]), 0.05, EVEN)
    assert found is not None
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(most, abs=2e-3)
    assert people_for_assurance(test, ARMS, possible, 0.05, 0.8, EVEN) is None  # 72 % is the most there is
    n = people_for_assurance(test, ARMS, possible, 0.05, 0.6, EVEN)
    assert n is not None
    at = assurance(test, ARMS, possible, np.array([n - 1.0, n]), 0.05, EVEN)
    assert at is not None
    assert at[0] < 0.6 <= at[1]


def test_without_any_doubt_assurance_is_power() -> None:
    sure = Possible.of(ARMS, of_normal(ARMS.effect, 1e-6))
    for test in TESTS:
        found = assurance(test, ARMS, sure, np.array([60.0]), 0.05, EVEN)
        assert found is not None
        assert found[0] == pytest.approx(curve(test, ARMS, np.array([60.0]), 0.05, EVEN)[0], abs=0.02)


def test_without_a_predicted_direction_there_is_no_assurance() -> None:
    alike = two_arms(SEVEN, SEVEN)
    possible = Possible.of(alike, of_normal(0, 10))
    assert assurance("wmw", alike, possible, np.array([100.0]), 0.05, EVEN) is None
    assert limit("welch", alike, possible) is None
    assert people_for_assurance("wmw", alike, possible, 0.05, 0.8, EVEN) is None


def test_effects_that_the_scale_does_not_have_count_as_its_ends() -> None:
    beyond = Possible.of(ARMS, of_normal(500, 1))
    assert beyond.weight[-1] == pytest.approx(1)
    assert beyond.answers.effect[-1] == pytest.approx(ARMS.reach[1], abs=1)


# -- showing the prediction wrong --------------------------------------------------------------------------------


def test_the_people_who_refute_a_prediction_do_so_with_the_wanted_power_in_simulation() -> None:
    n = people_to_refute(ARMS, 25.0, 0.05, 0.8, EVEN)
    assert n is not None
    true = two_arms(ARMS.with_effects(np.array([25.0]))[0], SEVEN)
    assert simulated_power(true, n, n, 40_000, 11, null=ARMS.effect)["welch"] == pytest.approx(0.8, abs=0.015)


def test_a_true_prediction_cannot_be_refuted_and_no_level_of_0_refutes_anything() -> None:
    assert people_to_refute(ARMS, ARMS.effect, 0.05, 0.8, EVEN) is None
    assert people_to_refute(ARMS, 0.0, 0.0, 0.8, EVEN) is None
    nearer, further = (people_to_refute(ARMS, at, 0.05, 0.8, EVEN) or 0 for at in (5.0, -20.0))
    assert nearer > further > 0


def test_on_average_over_what_the_effect_may_be_refuting_takes_a_number_between() -> None:
    n = people_to_refute_on_average(ARMS, Possible.of(ARMS, WIDE), 0.05, 0.8, EVEN)
    assert n is not None
    rng = np.random.default_rng(5)
    effects = np.where(rng.random(20_000) < 0.5, rng.normal(10, 8, 20_000), rng.normal(2, 15, 20_000))
    answers = Answers.of(ARMS, ARMS.with_effects(effects))
    people = EVEN.people(ARMS, np.array([float(n)]))
    both = [power("welch", answers, people, 0.05, way, ARMS.effect)[:, 0] for way in (1, -1)]
    assert float((both[0] + both[1]).mean()) == pytest.approx(0.8, abs=0.01)


# -- several effects ---------------------------------------------------------------------------------------------


def test_holm_stops_at_the_first_p_value_that_fails() -> None:
    # 0.005 ≤ 0.05/4 and 0.01 ≤ 0.05/3, but 0.03 > 0.05/2
    assert holm(np.array([[0.01, 0.04, 0.03, 0.005]]), 0.05).tolist() == [[True, False, False, True]]
    assert holm(np.array([[0.02, 0.03]]), 0.05).tolist() == [[True, True]]


def test_power_under_holm_is_that_of_simulated_experiments_with_a_shared_control() -> None:
    arms = [two_arms(pushed(SEVEN, step), SEVEN, arm=str(step)) for step in (0.25, 0.15)]
    found = family_power("wmw", arms, 100, 0.05, EVEN, np.random.default_rng(0))
    rng, rounds, n = np.random.default_rng(1), 20_000, 100
    control = rng.multinomial(n, SEVEN, rounds).astype(float)
    z = []
    for one in arms:
        drawn = rng.multinomial(n, one.treated, rounds).astype(float)
        both = drawn + control
        u = (drawn * (np.cumsum(control, axis=1) - control / 2)).sum(axis=1)
        z.append(
            (u - n * n / 2) / np.sqrt(n * n / 12 * (2 * n + 1 - (both**3 - both).sum(axis=1) / (2 * n * (2 * n - 1))))
        )
    stacked = np.stack(z, axis=1)
    held = holm(2 * ndtr(-np.abs(stacked)), 0.05) & (stacked > 0)
    for one, share in zip(found.of_each, held.mean(axis=0), strict=True):
        assert one.simulated == pytest.approx(share, abs=0.015)
        assert one.least <= one.simulated <= one.most
    assert found.one == pytest.approx(held.any(axis=1).mean(), abs=0.015)
    assert found.all == pytest.approx(held.all(axis=1).mean(), abs=0.015)


def test_one_effect_alone_loses_nothing_and_one_that_is_not_there_has_no_power() -> None:
    alone = family_power("welch", [ARMS], 100, 0.05, EVEN, np.random.default_rng(0)).of_each[0]
    assert alone.simulated == alone.least == alone.most
    none = family_power("wmw", [ARMS, two_arms(SEVEN, SEVEN)], 100, 0.05, EVEN, np.random.default_rng(0))
    assert none.of_each[1].simulated == 0
    assert none.all == 0
    assert family_power("wmw", [ARMS], 100, 0.0, EVEN, np.random.default_rng(0)).one == 0
