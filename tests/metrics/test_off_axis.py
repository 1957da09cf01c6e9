"""Answers off the axis: shares of their own, out of distances, means and effects, and numbers as in the paper."""

import numpy as np
import pytest

from socrates_core.metrics.cell.off_axis import off_axis_shares, trimming_bounds
from socrates_core.metrics.cell_score import score_cell, unscored
from socrates_core.metrics.effects import effects_of
from socrates_core.metrics.individual import individual_sums
from socrates_core.metrics.uncertainty import Interval
from tests.predictions import cell

DK = {98: "Don't know"}
TWO = (1, 2)


def scored(responses: list[float], prediction: list[list[float]] | list[float], **more: object):  # type: ignore[no-untyped-def]
    made = cell(responses, prediction, values=TWO, off_axis=DK, **more)  # type: ignore[arg-type]
    assert unscored(made) is None
    return score_cell(made, {}, seed=1)


def test_the_prediction_is_the_mean_over_people_who_answer_not_a_mean_of_conditionals() -> None:
    # one person certainly answers, and says 1; the other answers with 20 %, and then says 2:
    # Σ p(2) / Σ (1 − p(off)) = 0.2 / 1.2; the mean of the conditionals would be 0.5
    found = scored([1, 1], [[1, 0, 0], [0, 0.2, 0.8]])
    assert found.scale is not None
    assert found.scale.model == pytest.approx(0.2 / 1.2)
    assert found.predicted_mean == pytest.approx(1 + 0.2 / 1.2)
    assert found.off_axis is not None
    assert found.off_axis.predicted == pytest.approx(0.4)
    assert found.off_axis.actual == 0


def test_who_does_not_know_is_in_the_share_and_in_no_distance() -> None:
    # eight answers, half 1 and half 2, and two who do not know; the prediction says the same
    found = scored([1, 1, 1, 1, 2, 2, 2, 2, 98, 98], [0.4, 0.4, 0.2])
    assert found.scale is not None
    assert found.scale.model == pytest.approx(0, abs=1e-12)
    assert (found.n, found.off_scale) == (8, 0)
    assert found.actual_mean == pytest.approx(1.5)
    assert found.off_axis is not None
    assert (found.off_axis.actual, found.off_axis.predicted) == (pytest.approx(0.2), pytest.approx(0.2))
    assert found.off_axis.by_option == {"Don't know (98)": (pytest.approx(0.2), pytest.approx(0.2))}


def test_the_range_of_the_paper_takes_them_as_the_numbers_they_are() -> None:
    # actual 1, 2, 98 in thirds; predicted all on 1: as numbers (1/97 + 97/97) / 3, on the axis alone 1/2
    found = scored([1, 2, 98], [1.0, 0.0, 0.0])
    assert found.observed is not None
    assert found.observed_on_axis is not None
    assert found.observed.model == pytest.approx((1 / 97 + 1) / 3)
    assert found.observed_on_axis.model == pytest.approx(0.5)


def test_an_answer_that_is_no_option_at_all_is_still_off_the_scale() -> None:
    assert scored([1, 2, 98, 7], [0.5, 0.5, 0.0]).off_scale == 1


def test_a_cell_in_which_nobody_answers_on_the_axis_is_not_scored() -> None:
    assert unscored(cell([98, 98, 98], [0.5, 0.5, 0.0], values=TWO, off_axis=DK)) == "0 of 3 answers are on the axis"
    nobody = cell([1, 2, 1], [0.0, 0.0, 1.0], values=TWO, off_axis=DK)
    assert unscored(nobody) == "0 of 3 predictions are options of the scale"


def test_drawn_numbers_off_the_axis_are_a_share_and_not_off_the_scale() -> None:
    made = cell([1, 2, 1, 98], drawn=[1, 2, 98, 98], values=TWO, off_axis=DK)
    found = score_cell(made, {}, seed=1)
    assert found.off_axis is not None
    assert (found.off_axis.actual, found.off_axis.predicted) == (0.25, 0.5)
    assert made.stray.tolist() == [False] * 4
    assert found.scale is not None
    assert found.scale.model == pytest.approx(0.5 - 1 / 3)  # half against a third of those on the axis say 2


def arms(first: list[float], second: list[float], prediction: list[list[float]]):  # type: ignore[no-untyped-def]
    return [
        cell(answers, row, values=TWO, off_axis=DK, condition=place + 1, cell_id=place)
        for place, (answers, row) in enumerate(zip((first, second), prediction, strict=True))
    ]


def test_an_effect_is_between_those_who_answer_and_says_how_many_do_not() -> None:
    # 80 of 90 say 1 and 10 say 2, ten do not know; in the other arm it is the other way round: 7/9 of the width
    first, second = [1.0] * 80 + [2.0] * 10 + [98.0] * 10, [1.0] * 10 + [2.0] * 80 + [98.0] * 10
    (effect,), left_out = effects_of(arms(first, second, [[0.5, 0.4, 0.1], [0.4, 0.5, 0.1]]))
    assert left_out == []
    assert effect.actual == pytest.approx(77.7778, abs=1e-4)
    assert effect.predicted == pytest.approx(100 / 9)
    assert effect.off_axis is not None
    assert (effect.off_axis.actual, effect.off_axis.actual_reference) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (effect.n, effect.n_reference) == (90, 90)
    assert effect.off_axis.actual_bounds == Interval(pytest.approx(effect.actual), pytest.approx(effect.actual))


def test_where_fewer_answer_in_one_arm_the_effect_has_bounds() -> None:
    # half say 2 in both arms, but a quarter of the second arm does not answer: the first has 1/4 too many people. If
    # they were all 2s, (0.5 − 0.25) / 0.75 = 1/3 of the others say 2; if they were all 1s, 0.5 / 0.75 = 2/3
    first, second = [1.0] * 20 + [2.0] * 20, [1.0] * 15 + [2.0] * 15 + [98.0] * 10
    (effect,), _ = effects_of(arms(first, second, [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]))
    assert effect.actual == pytest.approx(0)
    assert effect.off_axis is not None
    assert effect.off_axis.actual_bounds.low == pytest.approx(100 * (1 / 2 - 2 / 3))
    assert effect.off_axis.actual_bounds.high == pytest.approx(100 * (1 / 2 - 1 / 3))
    assert effect.off_axis.predicted_bounds == Interval(0.0, 0.0)


def test_bounds_are_those_of_a_sorted_sample_without_its_ends() -> None:
    # 10 people answer in the arm and 8 in the reference: without its two highest or its two lowest answers
    options, arm, reference = np.arange(5.0), np.array([2, 2, 2, 2, 2]) / 10, np.array([0, 0, 1, 0, 0.0])
    found = trimming_bounds(arm, reference, options, 1.0, 0.8)
    assert found.low == pytest.approx(np.mean([0, 0, 1, 1, 2, 2, 3, 3]) - 2)
    assert found.high == pytest.approx(np.mean([1, 1, 2, 2, 3, 3, 4, 4]) - 2)
    turned = trimming_bounds(reference, arm, options, 0.8, 1.0)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_without_options_off_the_axis_there_are_no_shares_and_no_bounds() -> None:
    plain = [cell([1, 2, 3], [0.2] * 5, condition=place, cell_id=place) for place in (1, 2)]
    assert off_axis_shares(plain[0]) is None
    assert effects_of(plain)[0][0].off_axis is None


def test_half_steps_are_measured_in_the_numbers_of_the_scale() -> None:
    # 2, 3, 4 in half steps are 1, 1.5, 2: one step off is half a number
    made = cell([2, 2], [0.0, 1.0, 0.0], values=(2, 3, 4), unit=0.5)
    found, sums = score_cell(made, {}, seed=1), individual_sums(made)
    assert (found.actual_mean, found.predicted_mean) == (1.0, 1.5)
    assert found.scale is not None
    assert found.scale.model == pytest.approx(0.5)  # in shares of the width, whatever the unit
    assert sums.sums[1] == pytest.approx(2 * 0.5)  # absolute error


def test_options_without_an_order_have_a_total_variation_and_no_w() -> None:
    # actual 1/2, 1/2, 0; predicted 0, 1/2, 1/2: half of the people would have to answer otherwise, however far apart
    made = cell([1, 1, 2, 2], [0.0, 0.5, 0.5], values=(1, 2, 9), nominal=True)
    found = score_cell(made, {}, seed=1)
    assert (found.scale, found.observed, found.chance, found.verdict) == (None, None, None, None)
    assert found.nominal is not None
    assert found.nominal.model == pytest.approx(0.5)
    assert found.nominal.uniform == pytest.approx(1 / 3)
    assert individual_sums(made).sums.sum() == 0
    other = cell([1, 2], [0.0, 0.5, 0.5], values=(1, 2, 9), nominal=True, condition=2, cell_id=1)
    assert effects_of([made, other]) == ([], ["2 cells whose options have no order, and so no mean"])


def test_the_floor_of_a_total_variation_is_what_a_perfect_prediction_scores() -> None:
    rng, truth, n = np.random.default_rng(1), np.array([0.5, 0.3, 0.2]), 100
    drawn = rng.multinomial(n, truth, size=4000) / n
    perfect = 0.5 * np.abs(drawn - truth).sum(axis=1).mean()
    answers = [value for value, count in zip((1, 2, 3), (50, 30, 20), strict=True) for _ in range(count)]
    found = score_cell(cell(answers, truth.tolist(), values=(1, 2, 3), nominal=True), {}, seed=1)
    assert found.nominal is not None
    assert found.nominal.floor == pytest.approx(perfect, rel=0.03)
