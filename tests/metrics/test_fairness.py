import numpy as np
import pytest

from socrates_core.metrics.dispersion import cell_variances, dispersion
from socrates_core.metrics.fairness import SmallGroup, fairness, group_cells
from socrates_core.metrics.study_bootstrap import StudyResamples
from socrates_core.scale.distribution import AnswerDistribution
from tests.metrics.reference import estimated_floor
from tests.predictions import cell

ONE = StudyResamples.draw(["s"], 1)


def test_each_group_is_measured_on_its_own_people_and_predictions() -> None:
    # women answer as predicted, men four off on a width of four
    rows = [[1, 0, 0, 0, 0]] * 60
    one = cell([1] * 30 + [5] * 30, rows, attributes={"gender": ["Female"] * 30 + ["Male"] * 30})
    found = fairness(group_cells(one), ONE)["gender"]
    assert {row.group: row.mean for row in found.groups} == {"Female": 0.0, "Male": 1.0}
    assert (found.gap, found.worst, found.best) == (1.0, "Male", "Female")
    expected = estimated_floor(AnswerDistribution(np.arange(1, 6), np.array([0, 0, 0, 0, 1.0])), 30)
    assert found.groups[1].noise_floor == pytest.approx(expected)


def test_what_chance_explains_is_taken_off_each_groups_distance() -> None:
    # women split over both ends, men all on one, everybody predicted in the middle: each answer is half the width off
    answers = [1, 5] * 20 + [1] * 30
    one = cell(answers, [0, 0, 1, 0, 0], attributes={"gender": ["Female"] * 40 + ["Male"] * 30})
    found = fairness(group_cells(one), ONE)["gender"]
    women = 0.5 - estimated_floor(AnswerDistribution(np.arange(1, 6), np.array([0.5, 0, 0, 0, 0.5])), 40)
    men = 0.5 - estimated_floor(AnswerDistribution(np.arange(1, 6), np.array([1.0, 0, 0, 0, 0])), 30)
    assert {row.group: row.excess for row in found.groups} == pytest.approx({"Female": women, "Male": men})
    assert found.gap == pytest.approx(0)
    assert found.gap_excess == pytest.approx(men - women)


def test_a_cell_without_scale_attributes_or_a_second_answer_has_no_groups() -> None:
    people = {"gender": ["Female", "Female"]}
    assert group_cells(cell([1, 2], drawn=[1, 2], values=None, attributes=people)) == []
    assert group_cells(cell([1, 2], [0.2] * 5)) == []
    assert group_cells(cell([1, 9], [0.2] * 5, attributes=people)) == []


def test_small_groups_are_skipped_and_named_and_the_unknown_are_no_group() -> None:
    attributes = {"party": ["A"] * 30 + ["B"] * 29 + [None]}
    found = fairness(group_cells(cell([1] * 60, [[0.2] * 5] * 60, attributes=attributes)), ONE)["party"]
    assert [row.group for row in found.groups] == ["A"]
    assert found.skipped == (SmallGroup("B", 29),)
    assert found.gap is None


def test_a_group_is_counted_in_people_however_often_they_answer() -> None:
    # 20 people of each group answer three questions: 60 answers, 20 people, too few for a figure
    cells = [
        cell([1] * 40, [0.2] * 5, cell_id=i, people=range(40), attributes={"party": ["A"] * 20 + ["B"] * 20})
        for i in range(3)
    ]
    found = fairness([group for one in cells for group in group_cells(one)], ONE)["party"]
    assert found.groups == ()
    assert found.skipped == (SmallGroup("A", 20), SmallGroup("B", 20))
    # one person with two answers is no group, and counts half for each answer beside another
    alone = cell([1, 5], [0.2] * 5, people=[7, 7], attributes={"party": ["A", "A"]})
    assert group_cells(alone) == []
    pair = cell([1, 5, 3], [0, 0, 1, 0, 0], people=[7, 7, 8], attributes={"party": ["A"] * 3})
    (group,) = group_cells(pair)
    assert (group.n, group.wasserstein) == (2, pytest.approx(0.25))  # half of the people, half the width off


def test_groups_are_weighted_where_the_cell_is() -> None:
    # the one answer that is missed by the whole width has a weight of 1 in 4, or of 0
    attributes = {"party": ["A"] * 2}
    (quarter,) = group_cells(cell([1, 5], [1, 0, 0, 0, 0], weights=[3, 1], attributes=attributes))
    assert quarter.wasserstein == pytest.approx(0.25)
    three = {"party": ["A"] * 3}
    (none,) = group_cells(cell([1, 1, 5], [1, 0, 0, 0, 0], weights=[1, 1, 0], attributes=three))
    assert (none.n, none.wasserstein) == (2, 0)


def test_ages_are_taken_in_bands() -> None:
    one = cell([1] * 5, [[0.2] * 5] * 5, attributes={"age": ["18", "29", "30", "44", "80"]})
    assert {(row.group, row.n) for row in group_cells(one)} == {("under 30", 2), ("30 to 44", 2)}
    older = cell([1] * 5, [[0.2] * 5] * 5, attributes={"age": ["45", "64", "65", "199", "44"]})
    assert {(row.group, row.n) for row in group_cells(older)} == {("45 to 64", 2), ("65 and over", 2)}


def test_drawn_predictions_have_groups_too() -> None:
    one = cell([1, 1, 5, 5], drawn=[1, 1, 1, 1], attributes={"g": ["a", "a", "b", "b"]})
    assert {row.group: row.wasserstein for row in group_cells(one)} == {"a": 0.0, "b": 1.0}


def test_a_variance_ratio_of_one_is_as_varied_as_people() -> None:
    # people ½ at each end: variance ¼ · n/(n−1) of the width squared; the model puts all on the middle, or the same
    answers = [1.0, 5.0] * 10
    middle, same = cell(answers, [0, 0, 1, 0, 0]), cell(answers, [0.5, 0, 0, 0, 0.5])
    assert dispersion([cell_variances(middle)], ["s"], ONE).variance_ratio == pytest.approx(0)
    found = dispersion([cell_variances(same)], ["s"], ONE)
    assert found.variance_ratio == pytest.approx(19 / 20)
    assert found.between_people == pytest.approx(0)


def test_what_differs_between_personas_is_told_apart() -> None:
    rows = [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1]] * 10
    found = dispersion([cell_variances(cell([1.0, 5.0] * 10, rows))], ["s"], ONE)
    assert found.between_people == pytest.approx(found.variance_ratio) == pytest.approx(19 / 20)


def test_people_who_all_agree_have_no_ratio() -> None:
    found = dispersion([cell_variances(cell([3.0] * 4, [0.2] * 5)), None], ["s", "s"], ONE)
    assert found.variance_ratio is None
    assert found.cells == 1


def test_a_variance_is_weighted_and_people_of_weight_zero_do_not_count() -> None:
    # shares ¾ and ¼ of the ends, worth 1.6 people: 3/16 · 1.6/0.6
    found = cell_variances(cell([1.0, 5.0], [0, 0, 1, 0, 0], weights=[3, 1]))
    assert found is not None
    assert found[0] == pytest.approx(3 / 16 * 1.6 / 0.6)
    assert cell_variances(cell([1.0, 5.0], [0, 0, 1, 0, 0], weights=[1, 0])) is None
