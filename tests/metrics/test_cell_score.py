import math

import numpy as np
import pytest

from socrates_core.metrics.cell.comparison import observed_distances
from socrates_core.metrics.cell_predictions import CellPredictions, joined, scale_of
from socrates_core.metrics.cell_score import pools, score_cell, unscored
from socrates_core.metrics.wasserstein import wasserstein_samples
from socrates_core.scale.distribution import AnswerDistribution
from tests.metrics.reference import distance_to_answers, estimated_floor, two_sample_floor
from tests.predictions import cell


def score(one: CellPredictions, *others: CellPredictions):
    return score_cell(one, pools([one, *others]), seed=1)


def test_every_figure_of_a_cell_is_the_one_worked_out_by_hand() -> None:
    # people ½ on 1, ½ on 3; model all on 2: |½|·1 + |½|·1 over a width of 4, and of 2
    found = score(cell([1, 3] * 20, [0, 1, 0, 0, 0]))
    assert found.scale is not None
    assert found.observed is not None
    assert found.scale.model == pytest.approx(1 / 4)
    assert found.observed.model == pytest.approx(1 / 2)
    # evenly: CDF .2 .4 .6 .8 against .5 .5 1 1
    assert found.scale.uniform == pytest.approx((0.3 + 0.1 + 0.4 + 0.2) / 4)
    # clipped to 1..3: .2 .4 against .5 .5
    assert found.observed.uniform == pytest.approx((0.3 + 0.1) / 2)
    assert found.scale.floor == pytest.approx(
        estimated_floor(AnswerDistribution(np.arange(1, 6), np.array([0.5, 0, 0.5, 0, 0])), 40)
    )
    # ((½ − 0)² − ¼/39 + (½ − 1)² − ¼/39) / 4
    assert found.cramer == pytest.approx((0.5 - 0.5 / 39) / 4)
    assert (found.n, found.actual_mean, found.predicted_mean, found.on_scale_mass) == (40, 2, 2, pytest.approx(0.9))
    assert found.verdict == "like_uniform"


@pytest.mark.parametrize("seed", range(20))
def test_distances_are_those_of_the_metrics(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    answers = rng.integers(1, 6, n).astype(float)
    if seed % 3 == 0:
        answers[0] = 99
    rows = rng.dirichlet(np.ones(5), n)
    one = cell(answers.tolist(), rows.tolist())
    if unscored(one):
        return
    found, on = score(one), one.on_scale
    assert found.scale is not None
    for side, mean, convention in (
        (found.scale, rows[on].mean(axis=0), "scale"),
        (found.observed, rows.mean(axis=0), "observed"),
    ):
        expected = distance_to_answers(AnswerDistribution(np.arange(1, 6), mean / mean.sum()), answers, convention)
        assert (side is None) == (expected is None)
        if side is not None and expected is not None:
            assert side.model == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(10))
def test_drawn_predictions_have_the_distances_of_their_samples_and_a_two_sample_floor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    answers, drawn = rng.integers(1, 6, 30).astype(float), rng.integers(0, 8, 30).astype(float)
    one = cell(answers.tolist(), drawn=drawn.tolist())
    found = score(one)
    assert found.scale is not None
    assert found.observed is not None
    assert found.scale.model == pytest.approx(wasserstein_samples(drawn, answers, "scale", scale_of(one)))
    assert found.observed.model == pytest.approx(wasserstein_samples(drawn, answers, "observed"))
    shares = np.bincount(answers.astype(int), minlength=6)[1:] / 30
    smooth = AnswerDistribution(np.arange(1, 6), (shares * 30 + 0.4) / 32)
    assert found.scale.floor == pytest.approx(two_sample_floor(smooth, 30, float(one.usable.sum())))


def test_pooled_answers_know_no_arm_and_need_two() -> None:
    first, second = cell([1] * 4, [0.2] * 5, condition=1), cell([5] * 4, [0.2] * 5, condition=2, cell_id=1)
    both, alone = score(first, second), score(first)
    assert both.scale is not None
    assert alone.scale is not None
    assert both.scale.pooled == pytest.approx(0.5)
    assert math.isnan(alone.scale.pooled)
    other_task = cell([5] * 4, [0.2] * 5, condition=2, cell_id=1, task=2)
    assert math.isnan(score(first, other_task).scale.pooled)  # type: ignore[union-attr]


def test_where_all_agree_the_observed_range_scores_nothing() -> None:
    found = score(cell([3] * 40, [0, 0, 1, 0, 0]))
    assert found.observed is None
    assert found.scale is not None
    assert found.scale.model == 0
    assert found.scale.floor > 0
    assert found.verdict == "within_chance"


def test_a_missing_value_code_stretches_the_observed_range_and_nothing_else() -> None:
    clean, coded = cell([1, 5] * 20, [0.2] * 5), cell([1, 5] * 20 + [99], [0.2] * 5)
    assert score(coded).scale.model == pytest.approx(score(clean).scale.model)  # type: ignore[union-attr]
    assert score(coded).observed.model < 0.2 * score(clean).observed.model  # type: ignore[union-attr]
    assert score(coded).off_scale == 1


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (cell([], drawn=[]), "no response"),
        (cell([3], [0.2] * 5), "one response"),
        (cell([9, 9, 3], [0.2] * 5), "1 of 3 answers are on the scale"),
        (cell([1, 2, 3], [0.2] * 5, people=[7, 7, 7]), "one person answered"),
        (cell([1, 2, 3], [0.2] * 5, people=[7, 7, 8], weights=[1, 1, 0]), "one person answered"),
        (cell([1, 2, 3], drawn=[math.nan, math.inf, 3]), "1 of 3 predictions are options of the scale"),
        (cell([1, 2, 3], drawn=[8, 9, 3]), "1 of 3 predictions are options of the scale"),
        (cell([1, 2], drawn=[8, 9], values=None), None),
        (cell([1, 2], [0.2] * 5), None),
    ],
)
def test_what_cannot_be_scored_says_why(one: CellPredictions, reason: str | None) -> None:
    assert unscored(one) == reason


def test_without_a_scale_the_observed_range_alone_scores() -> None:
    found = score(cell([1, 3, 3, 1], drawn=[1, 1, 1, 1], values=None))
    assert (found.scale, found.verdict) == (None, None)
    assert found.observed is not None
    assert found.observed.model == pytest.approx(0.5)
    assert math.isnan(found.observed.uniform)
    alike = cell([2, 2], drawn=[1, 3], values=None)
    assert observed_distances(alike.actual, alike.predicted) is None


def test_weights_count_and_make_the_answers_worth_fewer() -> None:
    found = score(cell([1, 5], [1, 0, 0, 0, 0], weights=[3, 1]))
    assert found.scale is not None
    assert found.scale.model == pytest.approx(0.25)
    assert found.n_effective == pytest.approx(16 / 10)


def test_who_answers_twice_is_one_person() -> None:
    assert score(cell([1, 5, 1, 5], [0.2] * 5, people=[1, 1, 2, 2])).n_effective == pytest.approx(2)


def test_a_person_counts_once_in_w_however_often_they_answered() -> None:
    # ½ on 1 and ½ on 5, not nine tenths on 1
    often = cell([1] * 9 + [5], [1, 0, 0, 0, 0], people=[7] * 9 + [8])
    found = score(often)
    assert found.scale is not None
    assert (found.scale.model, found.n, found.n_effective) == (pytest.approx(0.5), 10, 2)
    # joined with another text, as the paper's cells are, each text's answer counts
    other = cell([5] * 2, [1, 0, 0, 0, 0], people=[7, 8], cell_id=1, stimulus="Again?")
    assert joined([often, other]).mass_of.sum() == pytest.approx(4)


def test_who_counts_nothing_is_nobody() -> None:
    some, others = score(cell([1, 5, 3], [0.2] * 5, weights=[3, 1, 0])), score(cell([1, 5], [0.2] * 5, weights=[3, 1]))
    assert some.scale is not None
    assert others.scale is not None
    assert (some.n, some.n_effective) == (2, others.n_effective)
    assert (some.scale.model, some.scale.floor) == (others.scale.model, others.scale.floor)


def test_a_sample_of_the_prediction_may_be_further_off_by_chance_than_the_prediction_itself() -> None:
    answers = [1, 2, 3, 4, 5] * 20
    exact, drawn = score(cell(answers, [0.2] * 5)), score(cell(answers, drawn=answers))
    assert exact.chance is not None
    assert drawn.chance is not None
    # two samples of 100 differ by √2 of what one differs from its source
    assert drawn.chance.limit == pytest.approx(2**0.5 * exact.chance.limit, rel=0.15)
    assert drawn.verdict == exact.verdict == "within_chance"


def test_a_score_does_not_depend_on_what_was_scored_before() -> None:
    one, two = cell([1, 3, 4, 2] * 10, [0.2] * 5), cell([1, 5] * 9, [0.2] * 5, cell_id=1, task=2)
    alone = score_cell(two, pools([one, two]), 3)
    score_cell(one, pools([one, two]), 3)
    assert score_cell(two, pools([one, two]), 3) == alone or math.isnan(alone.scale.marginal)  # type: ignore[union-attr]
