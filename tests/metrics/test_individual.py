import math

import numpy as np
import pytest

from socrates_core.metrics.individual import IndividualScores, individual, individual_sums
from socrates_core.metrics.study_bootstrap import StudyResamples
from tests.predictions import cell


def score(*cells: object) -> IndividualScores:
    sums = [individual_sums(one) for one in cells]  # type: ignore[arg-type]
    return individual(sums, ["s"] * len(sums), StudyResamples.draw(["s"], 1))


def test_drawn_answers_are_scored_as_in_the_paper() -> None:
    # errors 0, 1, 3 on a width of 4
    found = score(cell([1, 2, 5], drawn=[1, 3, 2]))
    assert found.accuracy == pytest.approx(1 - (0 + 1 + 3) / 4 / 3)
    assert found.mae == pytest.approx(4 / 3)
    assert found.rmse == pytest.approx(math.sqrt(10 / 3))
    assert (found.exact, found.within_one) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert found.pearson == pytest.approx(np.corrcoef([1, 2, 5], [1, 3, 2])[0, 1])
    assert found.mae_percent == pytest.approx(100 / 3)
    assert found.rmse_percent == pytest.approx(100 * math.sqrt((0 + 1 + 9) / 16 / 3))


def test_a_distribution_scores_what_its_draws_score_on_average() -> None:
    rng = np.random.default_rng(1)
    rows = rng.dirichlet(np.ones(5), size=40)
    answers = rng.integers(1, 6, size=40).astype(float).tolist()
    exact = score(cell(answers, rows.tolist()))
    draws = [
        score(cell(answers, drawn=[float(rng.choice(5, p=row) + 1) for row in rows])) for _ in range(400)
    ]  # fmt: skip
    for key in ("accuracy", "mae", "exact", "within_one", "mae_percent"):
        assert getattr(exact, key) == pytest.approx(np.mean([getattr(draw, key) for draw in draws]), rel=0.02), key
    assert exact.pearson == pytest.approx(np.mean([one.pearson for one in draws if one.pearson is not None]), abs=0.03)


def test_a_hundred_digits_are_invalid_and_do_not_move_the_error() -> None:
    found = score(cell([1, 2, 5], drawn=[1, 3, 2e99]))
    assert (found.invalid, found.n) == (1, 2)
    assert found.mae == pytest.approx(0.5)


def test_answers_and_predictions_off_the_scale_are_counted() -> None:
    found = score(cell([1, 2, 99], drawn=[1, 7, 3]))
    assert (found.off_scale_answers, found.off_scale_predictions, found.n) == (1, 1, 2)
    assert found.mae == pytest.approx(2.5)
    assert found.accuracy == pytest.approx((1 + 0) / 2)  # seven is five too far: as wrong as the scale allows


def test_people_count_with_the_weights_that_their_answers_have_in_w() -> None:
    # errors 0 and 4 of a width of 4; the proportions 3 to 1 count, not the size of the weights, and nobody at weight 0
    for unit in (0.001, 1, 1000):
        found = score(cell([1, 5, 3], drawn=[1, 1, 1], weights=[3 * unit, unit, 0]))
        assert found.mae == pytest.approx(1)
        assert found.accuracy == pytest.approx(0.75)
        assert found.n == 2
    # a cell with large weights counts no more than one without
    both = score(cell([1, 5], drawn=[1, 1], weights=[3000, 1000]), cell([1, 1], drawn=[1, 1], cell_id=1))
    assert both.mae == pytest.approx(0.5)


def test_without_a_scale_raw_figures_stand_and_the_others_do_not() -> None:
    found = score(cell([10, 20], drawn=[10, 40], values=None))
    assert found.mae == pytest.approx(10)
    assert found.accuracy is None
    assert found.mae_percent is None


def test_guessing_alike_for_everybody_has_no_correlation() -> None:
    found = score(cell([1, 2, 5], [0.2] * 5))
    assert found.pearson_expected is None
    assert found.exact == pytest.approx(0.2)


def test_knowing_the_question_is_no_merit_within_cells() -> None:
    low, high = [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]
    found = score(cell([1, 2, 1, 2], low), cell([5, 4, 5, 4], high, cell_id=1))
    assert found.pearson_expected is not None
    assert found.pearson_expected > 0.9
    assert found.pearson_within_cells is None


def test_the_correlation_within_cells_is_that_of_deviations_from_each_cells_means() -> None:
    # answers 1, 2, 4 and 3, 5 with expected answers 1, 3, 2 and 5, 4: less their means −4/3, −1/3, 5/3 and −1, 1
    # against −1, 1, 0 and 1/2, −1/2
    first = np.eye(5)[[0, 2, 1]].tolist()
    second = np.eye(5)[[4, 3]].tolist()
    found = score(cell([1, 2, 4], first), cell([3, 5], second, cell_id=1))
    products = 4 / 3 - 1 / 3 - 1 / 2 - 1 / 2
    squares = (16 / 9 + 1 / 9 + 25 / 9 + 2) * (2 + 1 / 2)
    assert found.pearson_within_cells == pytest.approx(products / math.sqrt(squares))
    answers, expected = [1, 2, 4, 3, 5], [1, 3, 2, 5, 4]
    assert found.pearson_expected == pytest.approx(np.corrcoef(answers, expected)[0, 1])
