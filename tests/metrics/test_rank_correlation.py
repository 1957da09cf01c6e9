import numpy as np
import pytest
from scipy.stats import spearmanr

from socrates_core.metrics import rank_correlation
from socrates_core.metrics.rank_correlation import spearman_rows


def test_ranks_of_a_worked_example() -> None:
    # ranks 1, 2, 3 against 1, 3, 2: 1 − 6·(0 + 1 + 1) / (3·8) = 0.5
    assert spearman_rows(np.array([5.0, 7.0, 9.0]), np.array([1.0, 8.0, 2.0]), np.ones((1, 3), int)) == pytest.approx(
        0.5
    )


def test_a_resample_is_ranked_as_if_it_were_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 6, 30).astype(float), rng.integers(0, 6, 30).astype(float)
    times = rng.multinomial(30, np.full(30, 1 / 30), size=40)
    expected = [spearmanr(np.repeat(x, row), np.repeat(y, row)).statistic for row in times]
    np.testing.assert_allclose(spearman_rows(x, y, times), expected, atol=1e-12)
    monkeypatch.setattr(rank_correlation, "ENTRIES", 100)  # in pieces
    np.testing.assert_allclose(spearman_rows(x, y, times), expected, atol=1e-12)


def test_a_side_that_does_not_vary_has_no_correlation() -> None:
    times = np.array([[1, 1, 1], [3, 0, 0], [0, 0, 0]])
    found = spearman_rows(np.array([1.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0]), times)
    assert found[0] == pytest.approx(np.sqrt(3) / 2)
    assert np.isnan(found[1:]).all()
    assert np.isnan(spearman_rows(np.ones(3), np.arange(3.0), np.ones((1, 3), int))).all()
