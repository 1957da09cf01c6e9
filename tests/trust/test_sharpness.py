import numpy as np
import pytest

from socrates_core.trust.error_model.evidence import evidence_of
from socrates_core.trust.error_model.sharpness import (
    SETTINGS,
    UNCHANGED,
    Setting,
    best_without,
    fit_sharpness,
    log_scores,
)
from tests.trust.evidence import evaluation


def test_a_temperature_of_two_takes_the_root_and_a_mixture_adds_the_uniform() -> None:
    # √0.64, √0.04 = 0.8, 0.2 (of 1.16 with √0.0256 = 0.16): then half of it and half of 1/3
    sharpened = np.array([0.8, 0.2, 0.16]) / 1.16
    found = Setting(2.0, 0.5).apply(np.array([0.64, 0.04, 0.0256]) / 0.7056)
    np.testing.assert_allclose(found, 0.5 * sharpened + 0.5 / 3)


def test_temperature_one_without_mixture_changes_nothing() -> None:
    p = np.array([0.2, 0.0, 0.8])
    np.testing.assert_allclose(UNCHANGED.apply(p), p)
    assert UNCHANGED in SETTINGS


def test_predictions_that_are_too_flat_are_sharpened_and_gain_on_groups_left_out() -> None:
    evidence, _ = evidence_of(evaluation(20))
    found = fit_sharpness(log_scores(evidence.cells, evidence.groups))
    assert found is not None
    assert found.used
    assert found.setting.temperature < 1


def test_each_group_is_left_out_of_its_own_choice() -> None:
    scores = np.full((3, len(SETTINGS)), -1.0)
    scores[0, 5] = 10.0  # the first group would choose setting 5
    scores[1, 7] = 1.0
    assert best_without(scores)[0] == SETTINGS[7]
    assert best_without(scores)[1] == SETTINGS[5]


def test_what_helps_by_chance_alone_is_not_used() -> None:
    scores = np.zeros((6, len(SETTINGS)))
    scores[:, 3] = [1, -1, 1, -1, 1, -0.9]
    found = fit_sharpness(scores)
    assert found is not None
    assert not found.used


def test_four_groups_are_too_few_and_impossible_settings_are_refused() -> None:
    assert fit_sharpness(np.zeros((4, len(SETTINGS)))) is None
    with pytest.raises(ValueError, match="mixture"):
        Setting(1.0, 1.5)
    with pytest.raises(ValueError, match=r"a temperature is 0\.35 to 8"):
        Setting(0.0, 0.5)
