import numpy as np
import pytest

from socrates_core.metrics.cramer import cramer

THIRDS = np.array([0.0, 0.5, 1.0])


def test_opposite_ends_are_at_distance_one() -> None:
    # F = 1, 1 and G = 0, 0 at the two gaps of one half; a sample that agrees has no variance to take off
    assert cramer(np.array([0, 0, 1.0]), np.array([1.0, 0, 0]), THIRDS, n=10) == pytest.approx(1)


def test_the_bias_of_the_square_is_taken_off() -> None:
    # F = ½ at both gaps, G = ½: 0 − ¼/3 on a width of 1
    half = np.array([0.5, 0.0, 0.5])
    assert cramer(half, half, THIRDS, n=4) == pytest.approx(-1 / 12)
    assert cramer(half, half, THIRDS, n=4, draws=2) == pytest.approx(-1 / 12 - 1 / 4)


@pytest.mark.parametrize(("n", "draws"), [(1, None), (0.5, None), (10, 1)])
def test_one_answer_has_no_unbiased_distance(n: float, draws: float | None) -> None:
    assert cramer(np.array([0, 0, 1.0]), np.array([1.0, 0, 0]), THIRDS, n, draws) is None


@pytest.mark.parametrize("n", [2, 5, 40])
def test_a_perfect_prediction_scores_zero_on_average(n: int) -> None:
    rng = np.random.default_rng(n)
    truth, positions = np.array([0.2, 0.5, 0.3]), THIRDS
    shares = rng.multinomial(n, truth, size=20_000) / n
    scores = [cramer(truth, row, positions, n) for row in shares]
    assert np.mean([score for score in scores if score is not None]) == pytest.approx(0, abs=4 * 0.2 / n / 141)
