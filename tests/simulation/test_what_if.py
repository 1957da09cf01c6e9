"""Two settings side by side: differences worked out by hand, and what their intervals rest on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import SocratesError
from socrates_core.metrics.uncertainty import GroupAnswers
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.model.baselines import UniformModel
from socrates_core.simulation.open_ended import median_difference_by_person
from socrates_core.simulation.what_if.comparison import WhatIf, compare_settings, what_if
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, predict_setting
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_set import Cell, Persona
from tests.experiments import AmountModel

DISHES = {1: "Pasta", 2: "Steak", 7: "Soup"}


class Leaning:
    """The older, the more on the last option: age / 100, and more by `push`; the rest is on the first."""

    def __init__(self, push: float = 0.0) -> None:
        self.push = push
        self.description = ModelDescription(f"leaning {push:g}")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        last = np.array([int(one.get("age") or 50) / 100 for one in personas]) + self.push
        probs = np.zeros((len(personas), len(cell.scale.options or ())))
        probs[:, len(cell.scale.values or ()) - 1] = last
        probs[:, 0] = 1 - last
        return AnswerDistributions(probs, np.ones(len(personas)))


def menu(**changes: Any) -> Studies:
    raw = {
        "socrates_study": 1,
        "title": "A menu",
        "conditions": [
            {"label": "Plain", "text": "A menu.", "control": True},
            {"label": "Green", "text": "A green menu."},
        ],
        "outcomes": [{"name": "like", "question": "Like it?", "scale": {"from": 1, "to": 5}}],
        "population": [{"age": age} for age in (20, 40, 60, 80)],
        **changes,
    }  # fmt: skip
    return study_of(form_of(raw, "menu.yaml"), None, "menu.yaml")


def compared(*models: Any, studies: Sequence[Studies] = (), people: int = 4, **sampling: Any) -> WhatIf:
    """The models on one study, or one model on several."""
    listed = list(studies) or [menu()] * len(models)
    asked = list(models) if len(models) > 1 else list(models) * len(listed)
    return what_if(
        [
            Setting(study, model, Sampling(people, **sampling), f"setting {place}")
            for place, (study, model) in enumerate(zip(listed, asked, strict=True))
        ]
    )


def test_a_difference_is_what_one_works_out_by_hand() -> None:
    (outcome,) = compared(Leaning(), Leaning(0.1)).outcomes
    plain = outcome.arms[0]
    # shares of the last option .2, .4, .6, .8, and each .1 more: means 1 + 4 · .5 = 3 and 3.4, a tenth of the scale
    assert [arm.predicted_mean for arm in plain.arms] == pytest.approx([3.0, 3.4])
    (found,) = plain.differences
    assert found.middle is not None
    assert found.middle.value == pytest.approx(10.0)
    assert [one.value for one in found.shares] == pytest.approx([-0.1, 0, 0, 0, 0.1])
    assert found.distance == pytest.approx(0.1)  # all of the moved mass goes from end to end


def test_the_interval_of_a_paired_difference_rests_on_each_person_s_own_difference() -> None:
    twice = {"population": [{"age": 20}, {"age": 30}, {"age": 40}, {"age": 50}]}
    (outcome,) = compared(Stretching(1), Stretching(2), studies=[menu(**twice)] * 2).outcomes
    (found,) = outcome.arms[0].differences
    # of 100: 20, 30, 40, 50 become 40, 60, 80, 100; differences 20, 30, 40, 50: mean 35, sd 12.91, over √4
    assert found.middle is not None
    assert found.middle.value == pytest.approx(35)
    assert found.middle.interval.high - 35 == pytest.approx(3.182 * 12.91 / 2, rel=1e-3)  # Student's t, 3 degrees
    assert found.basis.words == "paired: the same 4 people answer in both settings"


class Stretching(Leaning):
    """Age times a factor, in percent on the last option."""

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        last = np.array([int(one.get("age") or 50) / 100 for one in personas]) * self.push
        probs = np.zeros((len(personas), len(cell.scale.options or ())))
        probs[:, -1], probs[:, 0] = last, 1 - last
        return AnswerDistributions(probs, np.ones(len(personas)))


def test_a_paired_interval_is_narrower_than_an_independent_one_where_people_answer_alike() -> None:
    before, after = (predict_setting(Setting(menu(), Leaning(push), Sampling(4))) for push in (0.0, 0.1))  # fmt: skip
    paired = compare_settings([before, after])
    apart = compare_settings([before, replace(after, population="other people")])
    widths, words = [], []
    for found in (paired, apart):
        (difference,) = found.outcomes[0].arms[0].differences
        assert difference.middle is not None
        assert difference.middle.value == pytest.approx(10)
        widths.append(difference.middle.interval.high - difference.middle.interval.low)
        words.append(difference.basis.kind)
    assert words == ["paired", "independent"]
    # everybody moves by ten points, so there is nothing left to chance; independent samples of 4 leave much
    assert widths[0] == pytest.approx(0, abs=1e-9)
    assert widths[1] == pytest.approx(2 * 2.447 * 25.82 * (2 / 4) ** 0.5, rel=1e-3)  # t with 6 degrees, sd 25.82


@pytest.mark.parametrize("scale", [{"from": 1, "to": 5, "off_axis": {9: "DK"}}, {"nominal": True, "labels": DISHES}])
def test_the_same_model_twice_differs_by_exactly_nothing(scale: dict[str, Any]) -> None:
    study = menu(outcomes=[{"name": "x", "question": "What?", "scale": scale}])
    for arm in compared(Leaning(0.05), studies=[study, study], people=3).outcomes[0].arms:
        (found,) = arm.differences
        assert found.distance == 0
        every = [*found.shares, *found.off_axis, *([found.middle] if found.middle else [])]
        assert [(one.value, one.interval.low, one.interval.high) for one in every] == [(0, 0, 0)] * len(every)


def test_options_without_an_order_are_compared_by_total_variation_and_have_no_mean() -> None:
    study = menu(outcomes=[{"name": "dish", "question": "Which?", "scale": {"nominal": True, "labels": DISHES}}])
    (found,) = compared(Leaning(), UniformModel(), studies=[study, study]).outcomes[0].arms[0].differences
    assert found.middle is None
    # half Pasta, half Soup against a third each: ½ · (1/6 + 1/3 + 1/6)
    assert found.distance == pytest.approx(1 / 3)
    assert [one.value for one in found.shares] == pytest.approx([-1 / 6, 1 / 3, -1 / 6])


def test_other_people_are_independent_even_where_their_numbers_are_the_same() -> None:
    young = menu(population=[{"age": age} for age in (10, 30, 50, 70)])
    (found,) = compared(Leaning(), studies=[menu(), young]).outcomes[0].arms[0].differences
    assert found.basis.kind == "independent"
    assert found.basis.words == "independent samples: 4 people in one setting, 4 in the other"
    assert found.middle is not None
    assert found.middle.value == pytest.approx(-10)
    assert found.middle.interval.low < -50


def test_fewer_of_the_same_people_are_paired_as_far_as_they_are_the_same() -> None:
    many = predict_setting(Setting(menu(), Leaning(), Sampling(4)))
    few = predict_setting(Setting(menu(), Leaning(), Sampling(2)))
    basis = compare_settings([many, few]).outcomes[0].arms[0].differences[0].basis
    assert (basis.kind, basis.people, basis.both) == ("partly paired", (2, 4), 2)
    assert basis.words == "partly paired: of 4 people in one setting and 2 in the other, 2 are the same"


def test_one_profile_for_everybody_leaves_nothing_to_chance_and_is_said() -> None:
    nobody = menu(population=None)
    (found,) = compared(Leaning(), Leaning(0.1), studies=[nobody, nobody]).outcomes[0].arms[0].differences
    assert found.basis.kind == "one profile"
    assert found.middle is not None
    assert (found.middle.interval.low, found.middle.interval.high) == pytest.approx((10, 10))


def test_a_changed_text_or_title_keeps_the_people_and_temperature_keeps_them_too() -> None:
    other = menu(title="Another menu", conditions=[{"label": "plain", "text": "Another text.", "control": True}])
    found = compared(Leaning(), studies=[menu(), other])
    assert found.outcomes[0].arms[0].differences[0].basis.kind == "paired"
    assert [arm.label for arm in found.outcomes[0].arms] == ["Plain"]  # case makes no difference
    assert found.outcomes[0].notes == ("In setting 0, but not in every setting, so not compared: Green.",)
    cold = predict_setting(Setting(menu(), Leaning(), Sampling(4, temperature=0)))
    warm = predict_setting(Setting(menu(), Leaning(), Sampling(4)))
    (difference,) = compare_settings([warm, cold]).outcomes[0].arms[0].differences
    # at temperature 0 those of 20 and 40 answer 1, those of 60 and 80 answer 5: the mean stays 3
    assert difference.middle is not None
    assert difference.middle.value == pytest.approx(0)
    assert difference.basis.kind == "paired"


def test_three_settings_are_compared_with_the_first_and_what_cannot_be_compared_is_named() -> None:
    open_too = menu(
        outcomes=[
            {"name": "like", "question": "Like it?", "scale": {"from": 1, "to": 5}},
            {"name": "spend", "question": "How many dollars?", "scale": "open"},
        ]
    )
    found = compared(Leaning(), Leaning(0.1), UniformModel(), studies=[open_too] * 3)
    assert [len(arm.differences) for arm in found.outcomes[0].arms] == [2, 2]
    spend = found.outcomes[1]
    assert (spend.arms, len(spend.notes)) == ((), 3)
    assert spend.notes[0].startswith("setting 0 does not predict it. It is open-ended, and leaning 0")
    wider = menu(outcomes=[{"name": "like", "question": "Like it?", "scale": {"from": 1, "to": 7}}])
    (outcome,) = compared(Leaning(), studies=[menu(), wider]).outcomes
    assert outcome.arms == ()
    assert outcome.notes[0] == "Plain: the answer scales differ, so nothing can be subtracted."


def test_outcomes_without_a_counterpart_are_named() -> None:
    two = menu(
        outcomes=[{"name": name, "question": "Like it?", "scale": {"from": 1, "to": 5}} for name in ("like", "want")]
    )
    found = compared(Leaning(), studies=[two, menu(outcomes=[
        {"name": name, "question": "Like it?", "scale": {"from": 1, "to": 5}} for name in ("like", "buy")
    ])])  # fmt: skip
    assert [one.name for one in found.outcomes] == ["like"]
    assert found.notes == (
        "The outcome 'want' has no counterpart of this name in setting 1.",
        "The outcome 'buy' is in setting 1 and not in setting 0.",
    )


def test_open_numbers_are_compared_by_their_medians_person_by_person() -> None:
    study = menu(outcomes=[{"name": "spend", "question": "How many dollars?", "scale": "open"}])
    same = compared(AmountModel(), studies=[study, study], people=40).outcomes[0].arms[0].differences[0]
    assert same.middle is not None
    assert (same.middle.value, same.middle.interval.low, same.middle.interval.high) == (0, 0, 0)
    assert same.distance is None


def test_the_median_of_people_keeps_their_pairing() -> None:
    rng = np.random.default_rng(0)
    ids = np.arange(200)
    before = rng.normal(100, 30, 200)
    weights = np.ones(200)
    one, other = GroupAnswers(ids, before + 5, weights), GroupAnswers(ids, before, weights)
    value, paired = median_difference_by_person(one, other, np.random.default_rng(1))
    _, apart = median_difference_by_person(
        GroupAnswers(ids + 200, before + 5, weights), other, np.random.default_rng(1)
    )
    assert value == pytest.approx(5)
    assert (paired.low, paired.high) == pytest.approx((5, 5))  # everybody gives five more
    assert apart.low < 0 < 10 < apart.high


def test_settings_without_names_are_named_after_what_sets_them_apart() -> None:
    young = menu(population=[{"age": 10}, {"age": 30}])
    other = menu(conditions=[{"label": "Plain", "text": "Another menu."}])
    asked = [
        Setting(menu(), Leaning(), Sampling(4)),
        Setting(menu(), Leaning(), Sampling(4, temperature=0.5)),
        Setting(young, UniformModel(), Sampling(4)),
        Setting(other, Leaning(), Sampling(4)),
    ]
    assert [one.name for one in what_if(asked).settings] == [
        "A (leaning 0, temperature 1)",
        "B (leaning 0, temperature 0.5)",
        "C (uniform, temperature 1, other people)",
        "D (leaning 0, temperature 1, other texts)",
    ]


def test_a_comparison_needs_two_settings_of_different_names() -> None:
    setting = predict_setting(Setting(menu(), Leaning(), Sampling(2), "a"))
    for settings in ([setting], [setting, setting]):
        with pytest.raises(SocratesError, match="two or more settings of different names"):
            compare_settings(settings)


def test_what_is_held_for_people_is_one_row_a_profile() -> None:
    held: PredictedSetting = predict_setting(Setting(menu(), Leaning(), Sampling(1_000)))
    assert held.size == 2 * 4 * 5  # conditions × profiles × options, whatever the number of people
