from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.effects import effects_of
from tests.predictions import cell

LOW, HIGH = [1, 0, 0, 0, 0], [0, 0, 1, 0, 0]


def two_arms(control: list[float], treated: list[float], **options: object) -> list[CellPredictions]:
    return [
        cell(control, LOW, cell_id=0, condition=1, **options),  # type: ignore[arg-type]
        cell(treated, HIGH, cell_id=1, condition=2, **options),  # type: ignore[arg-type]
    ]


def test_an_effect_is_in_points_of_a_hundred_of_the_scale() -> None:
    # means 1.5 and 4 on a width of 4; predicted 1 and 3
    (effect,), left_out = effects_of(two_arms([1, 2], [3, 5]))
    assert effect.actual == pytest.approx(100 * 2.5 / 4)
    assert effect.predicted == pytest.approx(50)
    assert left_out == []


def test_actual_effects_have_pseudo_answers_and_predicted_ones_do_not() -> None:
    # all ten of each arm agree with each other and with the prediction: options 1 and 3 of 1 to 5
    (effect,), _ = effects_of(two_arms([1.0] * 10, [3.0] * 10))
    assert (effect.predicted_interval.low, effect.predicted_interval.high) == (50, 50)
    assert effect.actual_interval.low < 35
    assert effect.actual_interval.high > 50
    assert effect.actual_se == 0


def test_large_arms_have_welchs_interval() -> None:
    rng = np.random.default_rng(5)
    control, treated = rng.integers(1, 6, 3000).astype(float), rng.integers(2, 6, 5000).astype(float)
    (effect,), _ = effects_of(two_arms(control.tolist(), treated.tolist()))
    expected = stats.ttest_ind(treated, control, equal_var=False).confidence_interval()
    assert effect.actual_interval.low == pytest.approx(25 * expected.low, abs=0.03)
    assert effect.actual_interval.high == pytest.approx(25 * expected.high, abs=0.03)


def test_large_paired_arms_have_the_paired_interval() -> None:
    rng = np.random.default_rng(6)
    first = rng.integers(1, 5, 4000).astype(float)
    second = first + rng.integers(0, 2, 4000)
    (effect,), _ = effects_of(two_arms(first.tolist(), second.tolist(), people=list(range(4000))))
    expected = stats.ttest_rel(second, first).confidence_interval()
    assert effect.actual_interval.low == pytest.approx(25 * expected.low, abs=0.03)
    assert effect.actual_interval.high == pytest.approx(25 * expected.high, abs=0.03)


def test_people_of_weight_zero_are_not_in_an_arm() -> None:
    weighted = two_arms([1, 2, 5], [3, 5, 1], weights=[1, 1, 0])
    (with_zero,), _ = effects_of(weighted)
    (without,), _ = effects_of(two_arms([1, 2], [3, 5]))
    assert with_zero.actual == without.actual
    assert with_zero.n == 2
    assert with_zero.actual_interval.low == pytest.approx(without.actual_interval.low)


def test_arms_are_compared_with_the_first_or_pair_by_pair() -> None:
    cells = [cell([1, 2], LOW, cell_id=i, condition=number) for i, number in enumerate((3, 1, 2))]
    by_control, _ = effects_of(cells)
    by_pairs, _ = effects_of(cells, "pairs")
    assert [(one.arm, one.reference) for one in by_control] == [
        ("condition 2", "condition 1"),
        ("condition 3", "condition 1"),
    ]
    assert len(by_pairs) == 3


def test_scales_tasks_and_lone_people_are_kept_apart_and_named() -> None:
    cells = [
        *two_arms([1, 2], [3, 5]),
        cell([1, 2], LOW, cell_id=2, condition=1, task=2),
        cell([1], LOW, cell_id=3, condition=2, task=2),
        cell([0, 1], [0.5, 0.5], cell_id=4, condition=3, values=[0, 1]),
        cell([1, 2], drawn=[1, 2], cell_id=5, values=None),
        cell([1, 2], drawn=[1, 2], cell_id=6, task=None),
    ]
    effects, left_out = effects_of(cells)
    assert len(effects) == 1
    assert left_out == [
        "1 cell without a known scale",
        "1 cell without a task: it is not known which texts ask the same outcome",
        "s, condition 2, task 2: fewer than two people",
        "1 outcome with arms on scales of their own, which are not compared: s, task 1",
    ]


def test_no_arm_takes_the_place_of_a_control_that_cannot_be_scored() -> None:
    arms = [*two_arms([1, 2], [3, 5]), cell([4, 5], HIGH, cell_id=2, condition=3)]
    said = "s, task 1: no effects, since condition 1, its control, cannot be scored"
    assert effects_of(arms[1:], unscored=arms[:1]) == ([], [said])
    lone = [replace(arms[0], responses=np.array([1.0, 9.0])), *arms[1:]]  # one answer on the scale makes no arm
    (effect,), left_out = effects_of(lone)
    assert (effect.reference, left_out) == ("condition 2", ["s, condition 1, task 1: fewer than two people"])
    assert len(effects_of(arms[1:], "pairs", arms[:1])[0]) == 1


def test_many_answers_of_few_people_do_not_make_a_direction_known() -> None:
    # two people in each arm, 20 answers each: the arms differ as far as they can
    people = {"control": [0] * 20 + [1] * 20, "treated": [2] * 20 + [3] * 20}
    cells = [
        cell([1.0] * 40, LOW, cell_id=0, condition=1, people=people["control"]),
        cell([5.0] * 40, HIGH, cell_id=1, condition=2, people=people["treated"]),
    ]
    (effect,), _ = effects_of(cells)
    assert (effect.n, effect.resolved) == (40, False)


def test_a_wording_contrast_is_named_and_in_no_summary() -> None:
    # allow: 10 of 40 say no; forbid: 28 of 40 say no, 45 points more on the raw codes
    arms = [
        cell([1] * 30 + [2] * 10, [0.5, 0.5], values=(1, 2), cell_id=0, condition=1),
        cell([1] * 12 + [2] * 28, [0.5, 0.5], values=(1, 2), cell_id=1, condition=2),
    ]
    (effect,), left_out = effects_of([replace(arm, wording_contrast=True) for arm in arms])
    assert (effect.actual, effect.predicted, effect.wording_contrast) == (pytest.approx(45), 0, True)
    assert left_out == [
        "s, task 1: condition 2 against condition 1: wording contrast, polarity unchecked; in no summary"
    ]
    (confirmed,), left_out = effects_of(arms)
    assert (confirmed.actual, confirmed.wording_contrast, left_out) == (pytest.approx(45), False, [])
