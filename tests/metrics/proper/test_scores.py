import math

import numpy as np
import pytest
from scipy.stats import entropy

from socrates_core.metrics.proper.scores import brier, cell_proper, log_score, proper_scores, ranked_probability
from socrates_core.metrics.study_bootstrap import StudyResamples
from tests.predictions import cell

HALF = np.array([[0.5, 0.3, 0.2]])


def at(option: int) -> np.ndarray:
    return np.array([option])


def test_the_brier_score_adds_the_squared_gaps_of_all_options() -> None:
    # second option chosen: 0.5² + (0.3 − 1)² + 0.2² = 0.25 + 0.49 + 0.04
    assert brier(HALF, at(1))[0] == pytest.approx(0.78)
    assert brier(np.array([[1.0, 0.0, 0.0]]), at(2))[0] == 2
    assert brier(np.array([[1.0, 0.0, 0.0]]), at(0))[0] == 0


def test_the_ranked_probability_score_counts_how_far_off_the_mass_lies() -> None:
    # cumulative 0.5, 0.8; the second option: 0, 1. (0.25 + 0.04) / 2
    assert ranked_probability(HALF, at(1))[0] == pytest.approx(0.145)
    near, far = ([[0.0, 1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 1.0]])
    assert ranked_probability(np.array(near), at(0))[0] == pytest.approx(1 / 3)
    assert ranked_probability(np.array(far), at(0))[0] == 1


def test_the_ranked_probability_score_of_one_answer_is_the_squared_cdf_distance_to_it() -> None:
    # as an expectation: E|X − y| − E|X − X'| / 2, with a width of K − 1 (Gneiting and Raftery 2007, equation 21)
    rng = np.random.default_rng(1)
    for options in (2, 5, 11):
        p, y, x = rng.dirichlet(np.ones(options)), int(rng.integers(options)), np.arange(options)
        energy = p @ np.abs(x - y) - p @ np.abs(x[:, None] - x) @ p / 2
        assert ranked_probability(p[None], at(y))[0] == pytest.approx(energy / (options - 1))


def test_an_answer_held_to_be_impossible_costs_the_floor_and_is_counted() -> None:
    assert log_score(HALF, at(2))[0] == pytest.approx(-math.log(0.2))
    found = cell_proper(cell([1, 2, 2, 2], [0.0, 1.0, 0.0, 0.0, 0.0]))
    assert found is not None
    assert found.model.log == pytest.approx(6 * math.log(10) / 4)
    assert (found.answers, found.below_floor) == (4, 1)


def test_own_shares_score_their_entropy_and_nobody_predicts_better_with_one_distribution() -> None:
    answers = [1, 1, 1, 2, 2, 5]
    shares = np.array([3, 2, 0, 0, 1]) / 6
    found = cell_proper(cell(answers, [0.2] * 5))
    assert found is not None
    assert found.own_shares.log == pytest.approx(entropy(shares))
    assert found.own_shares.brier == pytest.approx(1 - (shares**2).sum())
    below = np.cumsum(shares)[:-1]
    assert found.own_shares.rps == pytest.approx((below * (1 - below)).mean())
    assert found.uniform.log == pytest.approx(math.log(5))
    assert found.uniform.brier == pytest.approx(0.8)
    assert found.model == found.uniform
    for other in np.random.default_rng(2).dirichlet(np.ones(5), size=20).tolist():
        worse = cell_proper(cell(answers, other))
        assert worse is not None
        assert worse.model.brier >= found.own_shares.brier
        assert worse.model.log >= found.own_shares.log


def test_a_model_that_knows_who_answers_what_beats_the_shares_of_all() -> None:
    known = cell_proper(cell([1, 5], [[1.0, 0, 0, 0, 0], [0, 0, 0, 0, 1.0]]))
    assert known is not None
    assert (known.model.brier, known.model.rps, known.model.log) == (0, 0, 0)
    assert known.own_shares.brier == pytest.approx(0.5)


def test_several_answers_of_one_person_and_weights_count_as_w_counts_them() -> None:
    row = [1.0, 0.0, 0.0, 0.0, 0.0]
    twice = cell_proper(cell([1, 1, 5], row, people=[7, 7, 8]))
    weighted = cell_proper(cell([1, 5], row, weights=[3.0, 1.0]))
    assert twice is not None
    assert weighted is not None
    assert twice.model.brier == pytest.approx((0 + 2) / 2)
    assert weighted.model.brier == pytest.approx((3 * 0 + 1 * 2) / 4)


def test_answers_off_the_axis_are_not_scored_and_probabilities_are_given_one_on_it() -> None:
    found = cell_proper(cell([1, 2, 9], [0.4, 0.1, 0.0, 0.0, 0.0, 0.5], off_axis={9: "Don't know"}))
    assert found is not None
    assert found.answers == 2
    assert found.model.log == pytest.approx(-(math.log(0.8) + math.log(0.2)) / 2)


def test_options_without_an_order_have_no_ranked_score_and_numbers_no_score_at_all() -> None:
    nominal = cell_proper(cell([1, 2, 3], [0.2] * 5, nominal=True))
    assert nominal is not None
    assert nominal.model.rps is None
    assert cell_proper(cell([1, 2], drawn=[1, 2])) is None


def test_scores_are_means_over_the_cells_of_a_study_then_over_studies() -> None:
    # one study with two cells (0 and 2), one with one cell (1): (1 + 1) / 2, and flat (0 + 2 + 1) / 3
    sure = [1.0, 0.0, 0.0, 0.0, 0.0]
    cells = [cell([1, 1], sure), cell([2, 2], sure), cell([1, 2], sure, study="t")]
    found = [cell_proper(one) for one in cells]
    ids = [one.study_id for one in cells]
    scores = proper_scores(found, ids, StudyResamples.draw(ids, 1))
    assert scores is not None
    assert (scores.brier.model.mean, scores.brier.model.flat_mean) == (1, 1)
    assert scores.brier.gain.mean == pytest.approx(0.8 - 1)
    assert scores.below_floor == 3
