import numpy as np
import pytest

from eval.bench.coverage.cells import cell_coverage, prediction, settings
from eval.bench.coverage.effects import effect_coverage
from socrates_core.metrics.cell.chance import Prediction, distance_intervals
from socrates_core.metrics.uncertainty import Interval
from socrates_core.metrics.wasserstein import wasserstein_rows
from socrates_core.scale.distribution import Floats


def gain_of(predicted: Floats, actual: Floats, n: float, seed: int = 0) -> Interval:
    where = np.linspace(0, 1, len(actual))
    return distance_intervals(Prediction(predicted), actual, where, n, np.random.default_rng(seed)).gain


def chance(share: float, rounds: int) -> float:
    """The standard error of a share of simulated rounds."""
    return float(np.sqrt(share * (1 - share) / rounds))


def test_guessing_evenly_gains_exactly_nothing_over_guessing_evenly() -> None:
    found = gain_of(np.full(4, 0.25), np.array([0.4, 0.3, 0.2, 0.1]), 50)
    assert (found.low, found.high) == (0, 0)


def test_people_far_beyond_the_prediction_gain_all_that_lies_between_it_and_guessing_evenly() -> None:
    # share of the first option: evenly 0.5, predicted 0.6, answered 0.95. The gain is 0.45 − 0.35 = 0.1 whichever of
    # 1,000 people are asked, as long as 0.6 or more of them choose it
    found = gain_of(np.array([0.6, 0.4]), np.array([0.95, 0.05]), 1000)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_between_guess_and_prediction_the_interval_is_that_of_a_share() -> None:
    # evenly 0.5, predicted 0.9, answered 0.7: the gain is 2·share − 1.4, and a share of 0.7 of 1,000 people has a
    # standard error of √(0.21 / 1000) = 0.01449, so ±2 · 1.96 · 0.01449 = ±0.0568
    found = gain_of(np.array([0.9, 0.1]), np.array([0.7, 0.3]), 1000)
    assert found.low == pytest.approx(-0.0568, abs=0.007)
    assert found.high == pytest.approx(0.0568, abs=0.007)


def test_a_right_prediction_may_gain_the_most_that_it_can() -> None:
    # the observed gain is lower than the true one, by what sampling adds to a distance of 0
    rng = np.random.default_rng(1)
    truth = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    most = float(wasserstein_rows(truth, np.full(6, 1 / 6), np.linspace(0, 1, 6)))
    highs = [gain_of(truth, rng.multinomial(60, truth) / 60, 60, seed).high for seed in range(100)]
    assert max(highs) == pytest.approx(most)  # and never more
    assert np.mean([high > most - 1e-9 for high in highs]) > 0.88  # 0.95 but for chance


def test_swapping_the_prediction_with_the_guess_mirrors_the_interval() -> None:
    # with one step between options, what is gained by going one way is lost by going the other
    better = gain_of(np.array([0.8, 0.2]), np.array([0.7, 0.3]), 100)
    worse = gain_of(np.array([0.2, 0.8]), np.array([0.3, 0.7]), 100)
    assert better.low == pytest.approx(worse.low, abs=0.03)
    assert better.high == pytest.approx(worse.high, abs=0.03)


def test_the_shares_added_up_in_another_order_have_the_same_interval() -> None:
    predicted, actual = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.1, 0.2, 0.4])
    noise = np.array([1, -1, 1, -1]) * 2e-16
    first, second = gain_of(predicted, actual, 80), gain_of(predicted, actual + noise, 80)
    assert first.low == pytest.approx(second.low, abs=1e-12)
    assert first.high == pytest.approx(second.high, abs=1e-12)


@pytest.mark.parametrize("n", [1, 1.4, 2, 3])
def test_a_few_people_have_a_wide_interval_and_a_finite_one(n: float) -> None:
    found = gain_of(np.array([0.6, 0.3, 0.1]), np.array([0.5, 0.5, 0]), n)
    assert -1 <= found.low < 0 < found.high <= 1


def test_a_prediction_without_gain_is_as_far_from_the_truth_as_guessing_evenly() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        truth = rng.dirichlet(np.full(5, 0.3))
        sides = np.array([prediction("no gain", truth, rng), np.full(5, 0.2)])
        ours, evenly = wasserstein_rows(sides, truth, np.linspace(0, 1, 5)).tolist()
        assert ours == pytest.approx(evenly)
        assert not np.allclose(sides[0], sides[1])


def test_the_intervals_of_a_cell_hold_the_truth_and_claim_falsely_one_time_in_twenty() -> None:
    found = cell_coverage(40, 5, settings((5, 11), (10, 100, 1000)))["summary"]
    # 93 to 97 % on average over 60 settings, at least 88 % in each, at most 5 % false claims, each give or take one
    # standard error of 40 rounds: 0.5, 5 and 1 points
    for kind in ("distance", "gain"):
        assert 0.93 - chance(0.93, 2400) < found["all"][kind] < 0.97 + chance(0.97, 2400)
    assert found["all"]["gain_worst"] > 0.88 - chance(0.88, 40)
    assert found["right"]["gain"] > 0.93
    assert found["no gain"]["claims"] < 0.05 + chance(0.05, 480)


def test_the_interval_of_an_effect_holds_the_true_effect() -> None:
    found = effect_coverage(20, 6)["summary"]
    # 240 settings; in one of 20 rounds, a true 0.93 comes out above 0.6
    assert 0.95 < found["all"]["mean"] < 0.98
    assert found["all"]["worst"] > 0.6
    assert min(part["mean"] for part in found.values()) > 0.935  # of 1,200 effects or more
