import numpy as np
import pytest

from socrates_core.trust.error_model.evidence import CellEvidence
from socrates_core.trust.error_model.hierarchy import ErrorModel
from socrates_core.trust.error_model.predictive import Components
from socrates_core.trust.worth import Worth, distribution_worth, effect_worth


def sampled(k: int, cells: int, seed: int) -> list[CellEvidence]:
    """Cells of flat truths on five options, predicted by the answers of k people; 400 others answered."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(cells):
        truth = rng.dirichlet(np.ones(5))
        actual, predicted = rng.multinomial(400, truth) / 400, rng.multinomial(k, truth) / k
        found.append(CellEvidence(f"s{number}", f"g{number}", np.linspace(0, 1, 5), predicted, actual, 400, None))
    return found


@pytest.mark.parametrize("k", [2, 10, 40])
def test_the_answers_of_k_people_are_as_good_as_asking_k_people(k: int) -> None:
    found = distribution_worth(sampled(k, 400, seed=k), np.random.default_rng(0))
    assert found.people == pytest.approx(k, rel=0.15)
    assert found.low < k < found.high or found.people == pytest.approx(k, rel=0.1)


@pytest.mark.parametrize(("k", "w"), [(4, 0.15), (10, 0.10), (38, 0.05)])
def test_k_people_are_about_as_far_off_as_known_from_flat_truths(k: int, w: float) -> None:
    # k ≈ (0.31 / W)² on flat truths
    cells = sampled(k, 600, seed=1)
    truth_floor = 0.31 / np.sqrt(400)
    assert np.sqrt(max(0, np.mean([cell.w for cell in cells]) ** 2 - truth_floor**2)) == pytest.approx(w, rel=0.12)


def test_a_perfect_prediction_is_worth_no_more_people_than_answered() -> None:
    rng = np.random.default_rng(4)
    cells = []
    for number in range(30):
        truth = rng.dirichlet(np.ones(5))
        actual = rng.multinomial(100, truth) / 100
        cells.append(CellEvidence(f"s{number}", f"g{number}", np.linspace(0, 1, 5), truth, actual, 100, None))
    found = distribution_worth(cells, np.random.default_rng(0))
    assert found.high == found.most == 100
    assert found.people > 50


def test_an_effect_is_worth_the_people_whose_sampling_variance_it_has() -> None:
    # predictive variance 3² + 4² = 25 points²; answers with variance 900: 2 · 900 / n = 25 at n = 72
    model = ErrorModel(9, 9, 0.5, 0.0, 3.0, 4.0, Components((1.0,), (0.5,), (0.0,), (3.0,), (4.0,)))
    assert effect_worth(model, 10.0, 900.0, most=500.0).people == pytest.approx(72)
    assert effect_worth(model, 10.0, 900.0, most=40.0) == Worth(40.0, 40.0, 40.0, 40.0)


def test_a_number_of_people_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="within its interval"):
        Worth(10.0, 12.0, 20.0, 50.0)
