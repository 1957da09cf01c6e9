import numpy as np
import pytest

from socrates_core.metrics.effects import effects_of
from socrates_core.trust.error_model.evidence import evidence_of, family_of
from tests.predictions import cell
from tests.trust.evidence import evaluation


@pytest.mark.parametrize(
    ("options", "family"),
    [
        (2, "2 options"),
        (3, "3 to 7 options"),
        (7, "3 to 7 options"),
        (8, "8 to 11 options"),
        (101, "12 or more options"),
    ],
)
def test_scales_have_families(options: int, family: str) -> None:
    assert family_of(options) == family


def test_a_cell_is_its_means_in_widths_and_their_sampling_variance() -> None:
    # answers 1, 1, 5, 5 on 1 to 5: mean 0.5; shares ½ and ½ with two answers spread evenly: (2.4, 0.4, 0.4, 0.4, 2.4)/6
    (found,), _ = (lambda pair: (pair[0].cells, pair[1]))(evidence_of([cell([1, 1, 5, 5], [0.2, 0.2, 0.2, 0.2, 0.2])]))
    assert (found.actual_mean, found.predicted_mean, found.n) == (0.5, pytest.approx(0.5), 4)
    assert found.variance == pytest.approx((2 * 2.4 * 0.25 + 2 * 0.4 * 0.0625) / 6 / 4)
    assert found.w == pytest.approx(0.25 * (0.3 + 0.1 + 0.1 + 0.3))
    # F(1 − F) = ¼ at all four gaps, unbiased: 4/3
    assert found.spread == pytest.approx(0.25 * 4 / 3)


def test_people_who_all_agree_still_leave_their_mean_uncertain() -> None:
    evidence, _ = evidence_of([cell([3] * 10, [0.2] * 5)])
    assert evidence.cells[0].variance > 0


def test_effects_are_those_of_the_report() -> None:
    cells = evaluation(6)
    ours = {one.study: one for one in evidence_of(cells)[0].effects}
    theirs, _ = effects_of(cells)
    for effect in theirs:
        assert ours[effect.study_id].actual == pytest.approx(effect.actual)
        assert ours[effect.study_id].predicted == pytest.approx(effect.predicted)
        total = ours[effect.study_id].variance + ours[effect.study_id].shared
        assert np.sqrt(total) == pytest.approx(effect.actual_se, rel=0.05)  # smoothed here


def test_people_in_both_arms_keep_their_pairing() -> None:
    answers = [1, 2, 3, 4, 5] * 6
    people = list(range(30))
    arms = [
        cell(answers, [0.2] * 5, condition=1, people=people),
        cell([min(5, a + 1) for a in answers], [0.2] * 5, condition=2, cell_id=1, people=people),
    ]
    effect = evidence_of(arms)[0].effects[0]
    theirs, _ = effects_of(arms)
    assert effect.variance + effect.shared == pytest.approx(theirs[0].actual_se ** 2)


def test_changed_predictions_change_the_effects_that_are_read_from_them() -> None:
    evidence, _ = evidence_of(evaluation(3))
    flat = evidence.predicting(lambda one: np.full(5, 0.2))
    assert [one.predicted for one in flat.effects] == pytest.approx([0, 0, 0])
    assert [one.actual for one in flat.effects] == [one.actual for one in evidence.effects]


def test_what_cannot_teach_anything_is_left_out_and_named() -> None:
    cells = [
        cell([1, 2, 3], [0.2] * 5, real=False),
        cell([1, 2, 3], [0.2] * 5, nominal=True, cell_id=1),
        cell([2.0, 3.0], drawn=[1.0, 2.0], values=None, cell_id=2),
        cell([1, 2, 3], [0.2] * 5, cell_id=3),
    ]
    evidence, left_out = evidence_of(cells)
    assert len(evidence.cells) == 1
    assert left_out == (
        "1 cells of studies that are not real",
        "2 cells without an ordered scale, usable predictions or two people",
    )
