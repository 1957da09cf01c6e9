import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from socrates_core.errors import ModelError, PopulationError, SocratesError, StudyFolderError
from socrates_core.metrics.effects import effects_of
from socrates_core.metrics.wasserstein import wasserstein
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.model.baselines import UniformModel
from socrates_core.people.population import Filter, Range, SetValue, Shares
from socrates_core.report.effect_table import answers_sentence
from socrates_core.report.simulation import to_json
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.open_ended import Quartiles
from socrates_core.simulation.simulate import ArmResult, SimulationRequest, simulate
from socrates_core.study.sources.society.society import Society, make_society, study_set
from socrates_core.study.study_set import Cell, Persona, StudySet
from tests.experiments import AgeModel, AmountModel, Arm, experiment, people
from tests.predictions import cell

AGES = [20, 35, 50, 65, 80] * 20
PEOPLE = people(age=AGES, party=["A", "B"] * 50)


def answered(first: int, last: int, shift: int = 0) -> dict[int, list[int]]:
    """People first..last−1 answer by their age: 20 → 1 … 80 → 5, plus a shift within the scale."""
    return {person: [min(5, max(1, person % 5 + 1 + shift))] for person in range(first, last)}


ARMS = [
    Arm("How high?", answered(0, 50), condition=1, label="control"),
    Arm("How high, or lower?", answered(50, 100, -1), condition=2, label="treated"),
    Arm("Something else", answered(0, 50), condition=1, task=2),
]


def two_arms() -> StudySet:
    return experiment(PEOPLE, ARMS)


def first_arm(studies: StudySet, request: SimulationRequest) -> ArmResult:
    return simulate(studies, AgeModel(), request).arms[0]


def test_a_filter_says_how_many_human_answers_it_leaves_out() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, edits=(Filter("party", ("A",)),)))
    assert (arm.n_given, arm.n_actual, arm.n_outside) == (50, 25, 25)
    told = "25 of 50 human answers are compared. Not compared: 25 of people outside the group that is compared."
    assert answers_sentence(arm) == told
    assert answers_sentence(first_arm(two_arms(), SimulationRequest(0))) == ""
    assert json.loads(to_json(simulate(two_arms(), AgeModel(), SimulationRequest(0))))["arms"][0]["n_given"] == 50


def test_the_people_of_an_arm_are_simulated_and_compared_with_what_they_answered() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, n=50))
    # ten people of each age, each with 96 % on their option and the rest spread evenly: flat, as the answers are
    assert arm.predicted.probs == pytest.approx(np.full(5, 0.2))
    assert arm.actual is not None
    assert arm.actual.probs == pytest.approx(np.full(5, 0.2))
    assert arm.score is not None
    assert arm.score.wasserstein == pytest.approx(0, abs=1e-12)
    assert arm.score.verdict.code == "within_chance"
    assert (arm.n_predicted, arm.n_personas, arm.n_actual, arm.n_effective) == (50, 10, 50, pytest.approx(50))
    assert arm.on_scale_mass == pytest.approx(0.9)
    assert arm.actual_group == "everybody who answered"


def test_the_chosen_arm_comes_first_and_effects_are_differences_from_the_control_whichever_it_is() -> None:
    for number, first in ((0, "control"), (1, "treated")):
        result = simulate(two_arms(), AgeModel(), SimulationRequest(number, n=50))
        assert result.arms[0].cell.condition_label == first
        assert result.control.condition_label == "control"
        (effect,) = result.effects
        assert effect.cell.condition_label == "treated"
        # answers of 1..5 less one, cut at 1: mean 2.2; the control's is 3. 0.8 of a width of 4
        assert effect.actual == pytest.approx(-20)
        assert effect.actual_interval is not None
        assert effect.actual_interval.low < -20 < effect.actual_interval.high
        assert effect.predicted == pytest.approx(0, abs=1e-9)  # the turned scale is flat too


def test_another_control_turns_the_signs() -> None:
    for number in (0, 1):
        result = simulate(two_arms(), AgeModel(), SimulationRequest(number, n=50, control=2))
        (effect,) = result.effects
        assert (result.control.condition_num, effect.cell.condition_num) == (2, 1)
        assert effect.actual == pytest.approx(20)
    with pytest.raises(SocratesError, match="has no condition 7"):
        simulate(two_arms(), AgeModel(), SimulationRequest(0, control=7))


def four_arms() -> StudySet:
    """Nobody answered the first; one person the second."""
    arms: list[dict[int, list[int]]] = [{}, {0: [3]}, answered(1, 50), answered(50, 100, -1)]
    return experiment(PEOPLE, [Arm(f"How high? {i}", arm, condition=i) for i, arm in enumerate(arms, 1)])


def test_the_control_is_the_first_condition_that_two_people_answered_as_in_a_report() -> None:
    studies = four_arms()
    for number in range(4):
        assert simulate(studies, AgeModel(), SimulationRequest(number, n=20)).control.condition_num == 3
    answers = {2: [3], 3: [1, 2, 3], 4: [1, 1, 2]}
    scored = [cell(given, [0.2] * 5, condition=number, cell_id=number) for number, given in answers.items()]
    (effect,), left_out = effects_of(scored)
    assert "3" in effect.reference
    assert "fewer than two people" in left_out[0]


def test_the_control_is_simulated_even_where_there_are_too_many_conditions() -> None:
    arms = [Arm(f"How high? {i}", answered(10 * i, 10 * i + 10), condition=i + 1) for i in range(10)]
    studies = experiment(PEOPLE, arms)
    for asked, control in ((None, 1), (8, 8)):
        result = simulate(studies, AgeModel(), SimulationRequest(4, n=20, max_arms=3, control=asked))
        assert result.control.condition_num == control
        assert [arm.cell.condition_num for arm in result.arms] == [5, control, 2 if control == 1 else 1]


def test_where_the_control_lacks_the_outcome_the_first_that_has_it_stands_in_and_is_named() -> None:
    alone = Arm("Something else, and more", answered(50, 100), condition=2, task=3)
    more = Arm("Something else again", answered(0, 50), condition=3, task=3)
    studies = experiment(PEOPLE, [*ARMS, alone, more])
    result = simulate(studies, AgeModel(), SimulationRequest(3, n=20, control=1))
    assert result.control.condition_num == 2
    assert "effects are differences from" in " ".join(result.notes)


def test_identical_personas_are_asked_once_and_progress_counts_them() -> None:
    model, told = AgeModel(), []
    simulate(two_arms(), model, SimulationRequest(0, n=200), lambda done, total: told.append((done, total)))
    assert model.asked == [(0, 10), (1, 10)]
    assert told == [(0, 20), (10, 20), (10, 20), (20, 20)]


def test_many_personas_are_asked_in_batches() -> None:
    table = people(age=list(range(700)))
    model = AgeModel()
    simulate(experiment(table, [Arm("How high?", {i: [1] for i in range(700)})]), model, SimulationRequest(0, n=700))
    assert model.asked == [(0, 256), (0, 256), (0, 188)]


def test_the_same_request_gives_the_identical_result() -> None:
    request = SimulationRequest(0, (Shares("party", (("A", 0.3), ("B", 0.7))),), n=33, temperature=0.7, seed=5)
    one, two = (simulate(two_arms(), AgeModel(), request) for _ in range(2))
    assert to_json(one) == to_json(two)
    assert one.profiles.equals(two.profiles)
    other = simulate(two_arms(), AgeModel(), replace(request, seed=6))
    assert not one.profiles.equals(other.profiles)


def test_an_arm_does_not_depend_on_which_is_chosen() -> None:
    by_cell = {}
    for chosen in (0, 1):
        for arm in simulate(two_arms(), AgeModel(), SimulationRequest(chosen, n=20)).arms:
            by_cell.setdefault(arm.cell.cell_id, []).append(arm.score)
    assert all(one == two for one, two in by_cell.values())


# -- who takes part


def test_a_filter_compares_the_same_people() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, (Range("age", 65, None),), n=100))
    assert arm.actual is not None
    assert arm.actual.probs == pytest.approx([0, 0, 0, 0.5, 0.5])
    assert arm.predicted.probs[3:].sum() > 0.95
    assert (arm.n_actual, arm.actual_group) == (20, "the people whose age is 65 or more")


def test_a_set_value_compares_with_those_who_have_it() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, (SetValue("age", 80),), n=100))
    assert arm.n_personas == 2  # two parties, one age
    assert arm.actual is not None
    assert arm.actual.probs == pytest.approx([0, 0, 0, 0, 1])
    assert arm.predicted.probs[4] == pytest.approx(0.96 + 0.04 / 5)


def test_shares_weigh_the_actual_answers_and_cost_effective_people() -> None:
    edits = (Shares("age", ((20, 0.5), (80, 0.5))), Shares("party", (("A", 0.9), ("B", 0.1))))
    arm = first_arm(two_arms(), SimulationRequest(0, edits, n=100))
    assert arm.actual is not None
    assert arm.actual.probs == pytest.approx([0.5, 0, 0, 0, 0.5])
    assert arm.n_actual == 20
    # 10 people share 0.9 and 10 share 0.1: 1 / (0.9²/10 + 0.1²/10)
    assert arm.n_effective == pytest.approx(10 / 0.82)


def test_without_actual_people_of_that_kind_the_prediction_stands_alone_and_says_why() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, (SetValue("party", "C"),), n=10))
    assert (arm.actual, arm.score, arm.n_actual) == (None, None, 0)
    assert arm.unscored == "Nobody who answered is among the people who really have party C."


def test_an_arm_without_the_people_that_are_needed_borrows_them_from_the_study() -> None:
    studies = experiment(
        people(age=[20] * 10 + [80] * 10),
        [
            Arm("How high?", {person: [1] for person in range(10)}, condition=1),
            Arm("How high??", {person: [5] for person in range(10, 20)}, condition=2),
        ],
    )
    young, old = simulate(studies, AgeModel(), SimulationRequest(0, (Filter("age", (80,)),), n=10)).arms
    assert young.actual is None
    assert young.predicted.probs[4] > 0.9
    assert old.n_actual == 10


def test_arms_that_other_people_answered_are_simulated_from_those_people() -> None:
    studies = experiment(
        people(age=[20] * 10 + [80] * 10),
        [
            Arm("How high?", {person: [1] for person in range(10)}, condition=1),
            Arm("How high??", {person: [5] for person in range(10, 20)}, condition=2),
        ],
    )
    young, old = simulate(studies, AgeModel(), SimulationRequest(0, n=10)).arms
    assert young.predicted.mean < 1.2
    assert old.predicted.mean > 4.8


def test_survey_weights_weigh_the_actual_answers() -> None:
    table = people([3.0] * 5 + [1.0] * 5, age=[20] * 5 + [80] * 5)
    answers = {person: [1 if person < 5 else 5] for person in range(10)}
    arm = first_arm(experiment(table, [Arm("How high?", answers)]), SimulationRequest(0, n=100))
    assert arm.actual is not None
    assert arm.actual.probs == pytest.approx([0.75, 0, 0, 0, 0.25])
    assert arm.predicted.probs[0] == pytest.approx(0.75 * 0.96 + 0.04 / 5)


def test_a_study_without_demographics_works() -> None:
    studies = experiment(people([None] * 40), [Arm("How high?", {person: [3] for person in range(40)})])
    arm = first_arm(studies, SimulationRequest(0, n=40))
    assert (arm.n_personas, arm.n_actual) == (1, 40)
    with pytest.raises(PopulationError, match="this study has no attributes of its participants"):
        first_arm(studies, SimulationRequest(0, (SetValue("age", 30),)))


# -- which answers count


def test_a_study_that_nobody_has_answered_is_predicted_alone() -> None:
    studies = experiment(people([None]).clear(), [Arm("How high?", {}, 1), Arm("How high??", {}, 2)])
    result = simulate(studies, AgeModel(), SimulationRequest(0, n=30))
    assert [arm.unscored for arm in result.arms] == ["Nobody answered.", "Nobody answered."]
    assert result.notes == ("Nothing is known about the participants of this study.",)
    assert result.effects[0].actual is None
    assert len(result.profiles) == 30


def test_off_scale_answers_are_counted_and_stay_in_the_observed_range_alone() -> None:
    answers = {person: [1] for person in range(40)} | {40: [99], 41: [5]}
    arm = first_arm(experiment(people(age=[20] * 42), [Arm("How high?", answers)]), SimulationRequest(0, n=42))
    assert (arm.n_actual, arm.n_off_scale) == (41, 1)
    assert arm.actual is not None
    assert arm.score is not None
    assert arm.score.wasserstein == pytest.approx(wasserstein(arm.predicted, arm.actual))
    # 1..99: forty on 0, one on 4/98, one on 1; predicted 0.968 on 0, 0.008 on each of 1/98 … 4/98
    assert arm.score.observed == pytest.approx((4 + 98) / 42 / 98, abs=0.003)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({0: [3]}, "Only one person answered; W cannot be judged from one person."),
        ({0: [3, 4]}, "Only one person answered; W cannot be judged from one person."),
        ({0: [99], 1: [98]}, "No answer in this group is an option of the scale."),
        ({}, "Nobody answered."),
    ],
)
def test_too_little_to_compare_with_is_no_distance(answers: dict[int, list[int]], reason: str) -> None:
    arm = first_arm(experiment(people(age=[20, 80]), [Arm("How high?", answers)]), SimulationRequest(0, n=2))
    assert (arm.score, arm.unscored) == (None, reason)


def test_humans_who_all_agree_have_no_observed_range() -> None:
    studies = experiment(PEOPLE, [Arm("How high?", {person: [3] for person in range(50)})])
    score = first_arm(studies, SimulationRequest(0, n=50)).score
    assert score is not None
    assert score.observed is None
    assert score.noise_floor > 0


def test_a_person_who_answers_again_is_still_one_person() -> None:
    once = {person: [person % 5 + 1] for person in range(40)}
    result = simulate(
        experiment(PEOPLE, [Arm("How high?", {person: answer * 3 for person, answer in once.items()})]),
        AgeModel(),
        SimulationRequest(0, n=40),
    )
    (arm,) = result.arms
    (single,) = simulate(experiment(PEOPLE, [Arm("How high?", once)]), AgeModel(), SimulationRequest(0, n=40)).arms
    assert (arm.n_actual, arm.n_effective) == (120, pytest.approx(40))
    assert arm.actual_mean_interval is not None
    assert single.actual_mean_interval is not None
    assert arm.actual_mean_interval.low == pytest.approx(single.actual_mean_interval.low)
    assert "answered the same text more than once" in result.notes[0]


def test_everybody_who_answered_counts_once_with_the_survey_weight_however_often_they_answered() -> None:
    weights = [1.0] * 10 + [3.0] * 10
    studies = experiment(
        people(weights, age=[20] * 10 + [80] * 10),
        [Arm("How high?", {i: [1 + i % 5] * (1 + (i == 0)) for i in range(20)})],
    )
    arm = first_arm(studies, SimulationRequest(0, n=None))
    assert (arm.n_predicted, arm.n_actual, arm.n_personas) == (21, 21, 2)
    # ten people of 20 at weight 1, who choose 1, one of them with two answers; ten of 80 at weight 3, who choose 5
    assert arm.predicted.probs[0] == pytest.approx(0.96 * 10 / 40 + 0.04 / 5)
    assert arm.predicted.probs[4] == pytest.approx(0.96 * 30 / 40 + 0.04 / 5)


def test_everybody_after_the_edits_is_simulated_once() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, n=None, edits=(Filter("party", ("A",)),)))
    assert (arm.n_predicted, arm.n_actual) == (25, 25)
    older = first_arm(two_arms(), SimulationRequest(0, n=None, edits=(SetValue("age", 80),)))
    assert (older.n_predicted, older.n_actual) == (50, 10)
    assert older.score is not None


def test_everybody_writes_a_number_once() -> None:
    studies = experiment(PEOPLE, [Arm("How much?", {person: [200] for person in range(40)}, scale=AnswerScale(None))])
    arm = simulate(studies, AmountModel(), SimulationRequest(0, n=None)).arms[0]
    assert (arm.n_predicted, arm.n_actual) == (40, 40)


# -- which cells are the arms


def test_where_a_condition_has_several_texts_the_closest_wording_is_its_arm() -> None:
    studies = experiment(
        PEOPLE,
        [
            Arm("The apple is red. How tasty?", answered(0, 50), condition=1),
            Arm("The lamp is bright. How useful?", answered(0, 50), condition=1),
            Arm("The lamp is green. How useful?", answered(50, 100), condition=2),
            Arm("The apple is green. How tasty?", answered(50, 100), condition=2),
        ],
    )
    result = simulate(studies, UniformModel(), SimulationRequest(0, n=10))
    assert [arm.cell.cell_id for arm in result.arms] == [0, 3]
    assert len(result.notes) == 3
    assert "hold 100 of the 200 human answers to this outcome" in result.notes[2]
    assert "condition 1 has 1 more texts" in result.notes[0]
    assert "Several texts belong to this outcome in condition 2" in result.notes[1]


def test_arms_with_other_scales_are_compared_in_percent() -> None:
    slider = AnswerScale(tuple(range(101)))
    studies = experiment(
        PEOPLE,
        [
            Arm("How high?", {person: [3] for person in range(50)}, condition=1),
            Arm("How high??", {person: [100] for person in range(50, 100)}, condition=2, scale=slider),
            Arm("How high in dollars?", answered(0, 5), condition=3, scale=AnswerScale(None)),
        ],
    )
    result = simulate(studies, UniformModel(), SimulationRequest(0, n=10))
    assert len(result.arms) == 2
    assert result.effects[0].actual == pytest.approx(50)
    assert result.effects[0].predicted == pytest.approx(0)
    assert len(result.notes) == 3


def test_arms_that_ask_different_questions_are_a_wording_contrast() -> None:
    studies = two_arms()
    assert not [note for note in simulate(studies, AgeModel(), SimulationRequest(0, n=50)).notes if "wording" in note]
    unchecked = replace(studies, cells=studies.cells.with_columns(wording_contrast=True))
    (note,) = [note for note in simulate(unchecked, AgeModel(), SimulationRequest(0, n=50)).notes if "wording" in note]
    assert note.startswith("The effects are a wording contrast, polarity unchecked")


def test_a_study_of_a_hundred_arms_is_cut_and_says_so() -> None:
    arms = [Arm(f"How high, {i}?", answered(i, i + 2), condition=i) for i in range(30)]
    result = simulate(experiment(PEOPLE, arms), UniformModel(), SimulationRequest(7, n=2, max_arms=3))
    assert [arm.cell.condition_num for arm in result.arms] == [7, 0, 1]
    cut, counted = result.notes
    assert cut == "The study has 30 conditions with this outcome; the first 3 are simulated."
    assert counted.startswith("The conditions shown hold 6 of the 60 human answers to this outcome")


# -- open-ended outcomes


def amounts(**extra: Arm) -> StudySet:
    """People of 20 to 79 say ten times their age, in the second arm twice as much; `extra` arms follow."""
    table = people(age=[20 + person for person in range(60)] * 2)
    arms = [
        Arm("How many dollars?", {person: [200 + 10 * person] for person in range(60)}, 1, scale=AnswerScale(None)),
        Arm("How many now?", {person: [20 * (person - 40)] for person in range(60, 120)}, 2, scale=AnswerScale(None)),
    ]
    return experiment(table, [*arms, *extra.values()])


def test_an_open_ended_outcome_is_answered_with_numbers() -> None:
    result = simulate(amounts(), AmountModel(), SimulationRequest(0, n=60))
    first, second = result.arms
    assert first.numbers is not None
    assert first.numbers.score is not None
    assert (first.numbers.n_valid, first.numbers.n_invalid, first.n_actual, first.n_personas) == (60, 0, 60, 60)
    assert first.numbers.actual == Quartiles(340, 490, 640)
    assert first.numbers.predicted.median == pytest.approx(495, abs=10)
    assert first.numbers.score.code == "within_chance"
    assert second.numbers is not None
    assert second.numbers.score is not None
    assert second.numbers.score.code == "beyond_chance"
    assert (first.score, first.on_scale_mass) == (None, pytest.approx(0.8))
    assert first.unscored == "An open-ended outcome has no stated scale to measure W on."
    (effect,) = result.effects
    assert (effect.actual, effect.predicted) == (980 - 490, pytest.approx(0, abs=10))
    assert result.profiles["predicted_mean"].null_count() == 60
    assert result.profiles["simulated_answer"].to_list() == pytest.approx([205 + 10 * i for i in range(60)], abs=5)


def test_numbers_repeat_with_the_seed_whatever_stands_beside_them() -> None:
    def numbers(studies: StudySet, seed: int = 0, max_arms: int = 12) -> list[float]:
        request = SimulationRequest(0, n=60, seed=seed, max_arms=max_arms)
        return simulate(studies, AmountModel(), request).arms[0].predicted.probs.tolist()

    assert numbers(amounts()) == numbers(amounts()) == numbers(amounts(), max_arms=1)
    assert numbers(amounts()) != numbers(amounts(), seed=1)


def test_equal_people_write_different_numbers() -> None:
    arm = Arm("How many dollars?", {person: [300] for person in range(50)}, scale=AnswerScale(None))
    (result,) = simulate(experiment(people(age=[30] * 50), [arm]), AmountModel(), SimulationRequest(0, n=50)).arms
    assert result.n_personas == 1
    assert (result.predicted.probs > 0).sum() > 5
    assert result.numbers is not None
    assert result.numbers.score is None
    assert result.unscored == "All people gave the same number: the answers span no range to measure W by."


def test_invalid_numbers_are_counted_and_move_nothing() -> None:
    table = people(age=[30] * 30 + [99] * 10)
    arm = Arm("How many dollars?", {person: [300 + person] for person in range(40)}, scale=AnswerScale(None))
    result = simulate(experiment(table, [arm]), AmountModel(), SimulationRequest(0, n=40))
    (found,) = result.arms
    assert found.numbers is not None
    assert (found.numbers.n_valid, found.numbers.n_invalid) == (30, 10)
    assert 300 <= found.predicted.mean < 310
    assert result.profiles["simulated_answer"].null_count() == 10


def test_a_model_that_writes_no_number_at_all_is_named() -> None:
    arm = Arm("How many dollars?", {0: [1], 1: [2]}, scale=AnswerScale(None))
    with pytest.raises(ModelError, match="study s, cell 0: none of 5 simulated people got a number of up to 9"):
        simulate(experiment(people(age=[99, 99]), [arm]), AmountModel(), SimulationRequest(0, n=5))


def test_a_model_of_options_refuses_an_open_ended_outcome_and_says_which_model_can() -> None:
    with pytest.raises(ModelError, match=r"study s, cell 0 has an open-ended outcome, but uniform only assigns.*demo"):
        simulate(amounts(), UniformModel(), SimulationRequest(0))


def test_arms_of_an_open_ended_outcome_are_open_ended_too() -> None:
    bounded = Arm("How many, 1 to 5?", {0: [1]}, condition=3)
    result = simulate(amounts(other=bounded), AmountModel(), SimulationRequest(0, n=5))
    assert len(result.arms) == 2
    assert result.notes[0] == "Left out because their outcome has a bounded scale: 1 of the other conditions."


@pytest.mark.parametrize(
    ("answers", "unscored"),
    [({}, "Nobody answered."), ({0: [-7]}, "Only one person answered; W cannot be judged from one person.")],
)
def test_numbers_without_enough_people_stand_alone(answers: dict[int, list[int]], unscored: str) -> None:
    arm = Arm("How many dollars?", answers, scale=AnswerScale(None))
    (result,) = simulate(experiment(people(age=[30, 40]), [arm]), AmountModel(), SimulationRequest(0, n=10)).arms
    assert (result.unscored, result.numbers and result.numbers.score) == (unscored, None)


def test_progress_over_numbers_counts_everybody() -> None:
    told: list[tuple[int, int]] = []
    simulate(amounts(), AmountModel(), SimulationRequest(0, n=300), lambda done, total: told.append((done, total)))
    assert told[0] == (0, 600)
    assert told[-1] == (600, 600)
    assert told == sorted(told)


def test_within_subject_arms_keep_their_pairing() -> None:
    rng = np.random.default_rng(0)
    base = {person: [int(rng.integers(1, 5))] for person in range(60)}
    more = {person: [answer[0] + 1] for person, answer in base.items()}
    studies = experiment(PEOPLE, [Arm("How high?", base, 1, design="within"), Arm("How high??", more, 2)])
    (effect,) = simulate(studies, AgeModel(), SimulationRequest(0, n=60)).effects
    assert effect.actual == pytest.approx(25)
    assert effect.actual_interval is not None
    # everybody moves by one option of five; apart, sixty people in each arm would leave ± 10 points
    assert 22 < effect.actual_interval.low < 25 < effect.actual_interval.high < 28


# -- sampling, the uniform row


def test_temperature_0_makes_everybody_answer_their_likeliest_option() -> None:
    result = simulate(two_arms(), AgeModel(), SimulationRequest(0, n=50, temperature=0))
    expected = [person % 5 + 1 for person in range(50)]
    assert sorted(result.profiles["simulated_answer"].to_list()) == sorted(expected)
    assert result.profiles["predicted_mean"].to_list() == result.profiles["simulated_answer"].to_list()


def test_the_uniform_model_ties_with_the_uniform_row() -> None:
    skewed = {person: [1 + (person % 10 == 0)] for person in range(100)}
    (arm,) = simulate(experiment(PEOPLE, [Arm("How high?", skewed)]), UniformModel(), SimulationRequest(0)).arms
    assert arm.score is not None
    assert arm.score.wasserstein == pytest.approx(arm.score.uniform)
    assert arm.score.verdict.code == "like_uniform"


def test_a_prediction_on_the_wrong_end_is_worse_than_guessing_evenly() -> None:
    studies = experiment(people(age=[80] * 50), [Arm("How high?", {person: [1] for person in range(50)})])
    score = first_arm(studies, SimulationRequest(0, n=50)).score
    assert score is not None
    assert score.wasserstein > 0.95
    assert score.verdict.code == "worse_than_uniform"


def test_the_table_of_profiles_shows_the_simulated_personas() -> None:
    table = simulate(two_arms(), AgeModel(), SimulationRequest(0, (SetValue("party", "C"),), n=7)).profiles
    assert table.columns == ["participant_id", "age", "party", "predicted_mean", "simulated_answer"]
    assert table["party"].to_list() == ["C"] * 7
    assert table["simulated_answer"].dtype == pl.Int64


class Oracle:
    """Knows how the synthetic society answers."""

    description = ModelDescription("oracle")

    def __init__(self, society: Society) -> None:
        self.society = society

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        probs = self.society.true_distributions(cell, personas)
        return AnswerDistributions(probs, np.ones(len(probs)))


def test_an_oracle_scores_at_the_noise_floor_and_within_chance() -> None:
    society = make_society(3, studies=6)
    studies = study_set(society)
    scores = []
    for cell_id in studies.cells["cell_id"].to_list():
        score = simulate(studies, Oracle(society), SimulationRequest(cell_id, n=None, max_arms=1)).arms[0].score
        assert score is not None
        scores.append(score)
    assert np.mean([s.wasserstein for s in scores]) == pytest.approx(np.mean([s.noise_floor for s in scores]), rel=0.15)
    assert np.mean([s.wasserstein < s.chance_limit for s in scores]) > 0.9
    assert np.mean([s.interval.low == 0 for s in scores]) > 0.9
    assert np.mean([s.uniform for s in scores]) > 3 * np.mean([s.noise_floor for s in scores])


# -- requests


def test_a_request_survives_json() -> None:
    request = SimulationRequest(
        3, (Filter("party", ("A", None)), Range("age", 18, None), Shares("x", (("a", 1.0),))), 7, 0.5, 0.9, 11, 4
    )
    assert SimulationRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert SimulationRequest.from_json({"cell_id": 3}) == SimulationRequest(3)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "with at least the field cell_id"),
        ({}, "with at least the field cell_id"),
        ({"cell_id": "0"}, "cell_id: expected the id of a cell, got '0'"),
        ({"cell_id": -1}, "cell_id: expected"),
        ({"cell_id": 0, "n": 0}, "n: expected a whole number from 1 to 10,000, or null, got 0"),
        ({"cell_id": 0, "n": 1e3}, "n: expected a whole number"),
        ({"cell_id": 0, "n": "everybody"}, "n: expected a whole number"),
        ({"cell_id": 0, "n": True}, "n: expected a whole number"),
        ({"cell_id": 0, "n": 10**9}, "n: expected a whole number"),
        ({"cell_id": 0, "temperature": -0.1}, "temperature: expected a number from 0 to 10"),
        ({"cell_id": 0, "temperature": float("nan")}, "temperature: expected"),
        ({"cell_id": 0, "top_p": 0}, "top_p: expected a number above 0"),
        ({"cell_id": 0, "seed": -1}, "seed: expected"),
        ({"cell_id": 0, "max_arms": 0}, "max_arms: expected"),
        ({"cell_id": 0, "model": "x"}, "has no field 'model'"),
        ({"cell_id": 0, "edits": {}}, "edits: expected a list"),
    ],
)
def test_a_request_that_does_not_fit_is_named_by_its_field(raw: object, message: str) -> None:
    with pytest.raises(SocratesError, match=message):
        SimulationRequest.from_json(raw)


@pytest.mark.parametrize("cell_id", [99, 2**40, 2**70])
def test_a_cell_that_is_not_there_is_named(cell_id: int) -> None:
    with pytest.raises(StudyFolderError, match=f"no cell {cell_id} here"):
        simulate(two_arms(), UniformModel(), SimulationRequest(cell_id))


def test_the_mean_of_the_prediction_has_an_interval_over_who_is_simulated() -> None:
    arm = first_arm(two_arms(), SimulationRequest(0, n=50))
    assert arm.predicted_mean_interval.low < arm.predicted.mean < arm.predicted_mean_interval.high
    assert isinstance(arm.predicted, AnswerDistribution)


def test_drawing_a_person_many_times_does_not_make_the_interval_narrower() -> None:
    nobody_asked = experiment(PEOPLE.head(5), [Arm("How high?", {}, 1), Arm("How high??", {}, 2)])
    once = simulate(nobody_asked, AgeModel(), SimulationRequest(0, n=5))
    often = simulate(nobody_asked, AgeModel(), SimulationRequest(0, n=500))
    for few, many in zip(once.arms, often.arms, strict=True):
        assert many.predicted.probs == pytest.approx(few.predicted.probs, abs=1e-12)
        assert many.predicted_mean_interval.low == pytest.approx(few.predicted_mean_interval.low)
        assert many.share_intervals[2].high == pytest.approx(few.share_intervals[2].high)
    assert "The 500 simulated people are 5 different ones, who count as 5 equally weighted ones" in often.notes[0]
    assert not [note for note in once.notes if "different ones" in note]


def test_a_note_that_is_on_one_condition_alone_names_it() -> None:
    # 40 people were asked in the first and 60 in the second
    arms = [
        Arm("How high?", answered(0, 40), condition=1, label="control"),
        Arm("How high??", answered(40, 100), condition=2, label="treated"),
    ]
    apart = simulate(experiment(PEOPLE, arms), AgeModel(), SimulationRequest(0, n=999)).notes
    assert [note.split(" different")[0] for note in apart if "different ones" in note] == [
        "control: The 999 simulated people are 40",
        "treated: The 999 simulated people are 60",
    ]


def test_who_counts_for_much_counts_as_one_person_in_the_interval() -> None:
    # one of five has half the weight: (½)² + 4 · (⅛)² = 0.3125, so they count as 3.2 people
    weighted = PEOPLE.head(5).with_columns(weight=pl.Series([4.0, 1, 1, 1, 1]))
    found = simulate(experiment(weighted, [Arm("How high?", {}, 1)]), AgeModel(), SimulationRequest(0, n=800))
    assert "5 different ones, who count as 3 equally" in found.notes[0]
    means = 0.96 * np.array([1, 2, 3, 4, 5]) + 0.04 * 3  # 96 % on the own option, the rest spread evenly
    shares = np.array([4, 1, 1, 1, 1]) / 8
    centre = shares @ means
    half = t.ppf(0.975, 2.2) * np.sqrt(shares @ (means - centre) ** 2 / 2.2)
    arm = found.arms[0]
    assert arm.predicted.mean == pytest.approx(centre, abs=1e-12)
    assert arm.predicted_mean_interval.high - centre == pytest.approx(half)


def test_one_person_alone_has_no_interval_and_it_says_so() -> None:
    alone = simulate(experiment(PEOPLE.head(1), [Arm("How high?", {}, 1)]), AgeModel(), SimulationRequest(0, n=20))
    assert alone.arms[0].predicted_mean_interval.low == alone.arms[0].predicted.mean
    assert "All 20 simulated people are the same one, so there is no interval" in alone.notes[0]
