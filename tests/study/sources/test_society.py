from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from socrates_core.metrics.uncertainty import noise_floor
from socrates_core.metrics.wasserstein import wasserstein
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.scale.instruction import parse_scale
from socrates_core.study.sources.society.people import ATTRIBUTES, draw_people, traits_of
from socrates_core.study.sources.society.question import Form, QuestionTexts, question
from socrates_core.study.sources.society.society import SEED, STUDIES, Society, make_society, study_set
from socrates_core.study.sources.society.world import cut, load_parts, make_world, rounded
from socrates_core.study.study_set import StudySet, persona_rows

NOBODY: Mapping[str, str] = {}
LEFT = {"party_id": "Strong Democrat", "ideology": "Very Liberal"}
RIGHT = {"party_id": "Strong Republican", "ideology": "Very Conservative"}

SUPPORT = QuestionTexts(
    question="Do you oppose or support the plan?",
    statement="The plan deserves my support.",
    yes_no="Do you support the plan?",
    poles=("oppose", "support"),
    adverb="Strongly",
)


@pytest.fixture(scope="module")
def society() -> Society:
    return make_society(SEED)


@pytest.fixture(scope="module")
def studies(society: Society) -> StudySet:
    return study_set(society)


# -- the formula ----------------------------------------------------------------------------------------------


def test_a_neutral_attitude_on_two_options_is_a_coin_toss() -> None:
    assert cut(np.array([0.0]), 2) == pytest.approx(np.array([[0.5, 0.5]]))


def test_three_options_are_cut_at_plus_and_minus_0_6_and_styles_take_7_percent() -> None:
    # Φ(−0.6) = 0.274253; 0.93 of the people answer so, 4 % at one of the ends, 3 % in the middle
    low = 0.93 * 0.274253 + 0.02
    assert cut(np.array([0.0]), 3)[0] == pytest.approx([low, 1 - 2 * low, low], abs=1e-6)


def test_a_strong_attitude_ends_at_the_end_of_the_scale() -> None:
    assert cut(np.array([6.0]), 7)[0].argmax() == 6
    assert cut(np.array([-6.0]), 7)[0].argmax() == 0


@pytest.mark.parametrize("options", [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 101])
def test_the_options_always_share_out_all_answers(options: int) -> None:
    probs = rounded(cut(np.array([-40.0, -1.0, 0.0, 0.3, 40.0]), options), 0)
    assert probs.shape == (5, options)
    assert (probs >= 0).all()
    assert probs.sum(axis=1) == pytest.approx(1)


def test_slider_answers_gather_at_round_numbers() -> None:
    # all mass on 47: 40 % stays, 22 % goes to 45, 30 % to 50 (a ten), 8 % to 50 (a fifty)
    probs = np.zeros((1, 101))
    probs[0, 47] = 1
    moved = rounded(probs, 0)[0]
    assert {int(k): round(float(moved[k]), 6) for k in np.flatnonzero(moved)} == {45: 0.22, 47: 0.4, 50: 0.38}


def test_short_scales_are_not_rounded() -> None:
    probs = cut(np.array([0.4]), 11)
    assert np.array_equal(rounded(probs, 0), probs)


def test_reversing_a_slider_mirrors_attitudes_and_keeps_its_round_numbers(society: Society) -> None:
    design = next(d for d in society.designs.values() if any(f.options == 101 for f in d.forms))
    task = next(i for i, form in enumerate(design.forms) if form.options == 101)
    normal, mirrored = (
        replace(design, forms=tuple(replace(f, reversed=r) for f in design.forms)) for r in (False, True)
    )
    probs = [society.distributions(d, 0, task, np.zeros((1, 5)))[0] for d in (normal, mirrored)]
    values = np.arange(101)
    assert probs[0] @ values + probs[1] @ values == pytest.approx(
        100, abs=0.5
    )  # 5, 25 and 75 go to the lower round number
    assert all(p[50] > 3 * p[51] for p in probs)


# -- worlds ---------------------------------------------------------------------------------------------------


def test_control_and_placebos_do_nothing_in_any_world() -> None:
    inert = list(load_parts().inert)
    assert [load_parts().manipulations[i]["key"] for i in inert] == ["control", "blue_letter", "tuesday_meeting"]
    for seed in range(5):
        world = make_world(seed)
        for effects in (world.effect, world.effect_left, world.effect_domain, world.effect_outcome):
            assert not effects[inert].any()
            assert effects[3:].any()


def test_worlds_share_directions_and_differ_in_size() -> None:
    one, other = make_world(1), make_world(2)
    assert 0.6 < np.corrcoef(one.effect[3:], other.effect[3:])[0, 1] < 0.99
    assert 0.4 < np.corrcoef(one.topic_base, other.topic_base)[0, 1] < 0.99


def test_more_studies_than_new_combinations_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to"):
        make_society(SEED, studies=10_000)


# -- people ---------------------------------------------------------------------------------------------------


def test_people_have_the_margins_and_correlations_of_a_population() -> None:
    people = draw_people(20_000, np.random.default_rng(0))
    traits = traits_of(people)
    assert tuple(people.columns) == ATTRIBUTES
    assert people["age"].min() >= 18
    assert people["age"].max() <= 90
    assert people["gender"].value_counts(normalize=True).filter(gender="Female")["proportion"][0] == pytest.approx(
        0.515, abs=0.02
    )
    assert people["party_id"].value_counts(normalize=True).filter(party_id="Strong Democrat")["proportion"][
        0
    ] == pytest.approx(0.18, abs=0.01)
    assert np.corrcoef(traits[:, 3], traits[:, 4])[0, 1] > 0.3  # education and income
    old, young = people.filter(pl.col("age") > 75), people.filter(pl.col("age") < 30)
    assert (old["employment"] == "Retired").mean() > 0.9
    assert (young["employment"] == "Retired").mean() < 0.01
    assert (young["marital_status"] == "Widowed").mean() < 0.01


@pytest.mark.parametrize(
    ("persona", "traits"),
    [
        ({}, [0, 0, 0, 0, 0]),
        ({"gender": None, "age": None}, [0, 0, 0, 0, 0]),
        ({"age": 65, "gender": "Female"}, [0, 1, 0.5, 0, 0]),
        ({"age": 400}, [0, 42 / 17, 0, 0, 0]),
        (LEFT, [1, 0, 0, 0, 0]),
        ({"party_id": "Strong Republican", "ideology": "Moderate"}, [-0.5, 0, 0, 0, 0]),
        ({"ideology": "Somewhat Liberal", "marital_status": "Married", "shoe_size": "9"}, [0.5, 0, 0, 0, 0]),
    ],
)
def test_traits_say_what_the_known_attributes_say(persona: dict[str, str | int | None], traits: list[float]) -> None:
    assert traits_of([persona])[0] == pytest.approx(traits)


@pytest.mark.parametrize(
    ("persona", "message"),
    [
        ({"party_id": "Whig"}, "no party_id 'Whig'"),
        ({"age": "forty"}, "whole number"),
        ({"gender": ""}, "no gender ''"),
    ],
)
def test_an_unknown_value_is_refused_and_not_guessed(persona: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        traits_of([persona])


# -- questions ------------------------------------------------------------------------------------------------


RANGES = {
    "ends": [(1, 5), (0, 100), (-2, 2), (1, 4), (0, 10), (1, 3)],
    "agreement": [(1, 7), (0, 100), (-5, 5), (1, 11)],
    "bare": [(1, 9), (0, 100), (-3, 3), (0, 6)],
    "list": [(1, 3), (1, 4), (1, 5), (0, 4), (-2, 2)],
    "yes_no": [(1, 2), (0, 1)],
}
# every wording of a style in both directions on its first range, and every other range in one of them
FORMS = [
    *(
        Form(style, *some[0], backwards, wording)
        for style, some in RANGES.items()
        for backwards in (False, True)
        for wording in range(3)
    ),
    *(
        Form(style, low, high, place % 2 == 0, place % 3)
        for style, some in RANGES.items()
        for place, (low, high) in enumerate(some)
        if place
    ),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f"{f.style} {f.low}..{f.high} {f.reversed:d} {f.wording}")
def test_the_instruction_says_the_scale(form: Form) -> None:
    asked = question(form, SUPPORT)
    assert asked.scale.values == tuple(range(form.low, form.high + 1))
    assert parse_scale(asked.text) == asked.scale
    assert dict(parse_scale(asked.text).labels) == dict(asked.scale.labels)


def test_a_reversed_scale_begins_with_the_positive_end() -> None:
    labels = question(Form("ends", 1, 7, True, 0), SUPPORT).scale.labels
    assert dict(labels) == {1: "Strongly support", 7: "Strongly oppose"}


# -- the bundled society --------------------------------------------------------------------------------------


def test_there_are_210_labelled_studies_of_a_readable_size(studies: StudySet) -> None:
    assert len(studies.studies) == STUDIES
    assert studies.studies["kind"].unique().to_list() == ["synthetic"]
    assert not studies.studies["real"].any()
    assert "nobody answered" in studies.studies["source"][0]
    sizes = studies.participants.group_by("study_id").len()["len"]
    assert 150 <= sizes.min() <= sizes.max() <= 400  # type: ignore[operator]
    assert 100_000 < len(studies.responses) < 250_000
    words = studies.cells["stimulus"].str.split(" ").list.len()
    assert 60 <= words.min() <= words.max() <= 140  # type: ignore[operator]


def test_scales_are_mixed(studies: StudySet) -> None:
    sizes = set(studies.cells["scale_values"].list.len())
    assert sizes >= {2, 3, 4, 5, 6, 7, 9, 10, 11, 101}
    assert studies.cells["scale_values"].list.first().min() == -5
    assert set(studies.cells["design"]) == {"between", "within"}


def test_every_answer_is_on_the_scale_and_every_instruction_can_be_read(studies: StudySet) -> None:
    answered = studies.responses.join(studies.cells, on="cell_id")
    assert answered.select(pl.col("scale_values").list.contains(pl.col("response")).all()).item()
    assert studies.responses["on_scale"].all()
    for study_id in studies.study_ids:
        for cell in studies.cells_of(study_id):
            assert parse_scale(cell.stimulus) == cell.scale


def test_no_two_studies_ask_one_outcome_about_one_topic(society: Society) -> None:
    asked = Counter((d.topic, outcome) for d in society.designs.values() for outcome in d.outcomes)
    assert set(asked.values()) == {1}


def test_the_same_seed_makes_the_same_society(studies: StudySet) -> None:
    again = study_set(make_society(SEED, studies=5))
    same = studies.select(again.study_ids)
    assert same.cells.equals(again.cells)
    assert not study_set(make_society(SEED + 1, studies=5)).cells.equals(again.cells)


def test_people_answer_as_the_truth_says(society: Society, studies: StudySet) -> None:
    # Σ over cells of (observed mean − true mean)² / variance is χ² with as many degrees of freedom as cells
    scores = []
    for study_id in studies.study_ids[:60]:
        table = studies.participants_of(study_id)
        first = table["participant_id"][0]
        for cell in studies.cells_of(study_id):
            answers = studies.answers(cell.cell_id)
            probs = society.true_distributions(cell, table[answers.participant_ids.astype(np.int64) - int(first)])
            values = np.asarray(cell.scale.values)
            mean = probs @ values
            variance = probs @ values**2 - mean**2
            scores.append((answers.responses - mean).sum() / np.sqrt(variance.sum()))
    assert np.mean(scores) == pytest.approx(0, abs=0.3)
    assert np.std(scores) == pytest.approx(1, abs=0.15)


def test_an_oracle_scores_at_the_noise_floor(society: Society, studies: StudySet) -> None:
    scores, floors, uniform = [], [], []
    for study_id in studies.study_ids[:60]:
        table = studies.participants_of(study_id)
        first = int(table["participant_id"][0])
        for cell in studies.cells_of(study_id):
            answers = studies.answers(cell.cell_id)
            probs = society.true_distributions(cell, table[answers.participant_ids.astype(np.int64) - first])
            truth = AnswerDistribution(np.asarray(cell.scale.values), probs.mean(axis=0))
            actual = AnswerDistribution.from_responses(answers.responses, cell.scale)
            scores.append(wasserstein(truth, actual))
            floors.append(noise_floor(truth, len(answers.responses)))
            uniform.append(wasserstein(AnswerDistribution.uniform(cell.scale), actual))
    # people whose own distributions differ scatter a little less than a sample from their mixture
    assert 0.85 * np.mean(floors) < np.mean(scores) < 1.05 * np.mean(floors)
    assert np.mean(scores) < 0.3 * np.mean(uniform)


def test_nobody_has_no_distributions(society: Society) -> None:
    cell = society.cells("society-001")[0]
    assert society.true_distributions(cell, []).shape == (0, len(cell.scale.values or ()))


def test_the_truth_is_known_for_edited_personas_too(society: Society, studies: StudySet) -> None:
    study_id = studies.study_ids[0]
    cell = society.cells(study_id)[0]
    left, right = society.true_distribution(cell, LEFT), society.true_distribution(cell, RIGHT)
    assert left.shape == (len(cell.scale.values or ()),)
    assert left.sum() == pytest.approx(right.sum()) == pytest.approx(1)
    assert not np.allclose(left, right)


def test_marriage_alone_changes_nothing(society: Society) -> None:
    cell = society.cells("society-001")[0]
    married = society.true_distribution(cell, {"marital_status": "Married"})
    assert np.array_equal(married, society.true_distribution(cell, NOBODY))


def test_a_study_without_effects_has_exactly_none(society: Society) -> None:
    inert = set(load_parts().inert)
    design = next(d for d in society.designs.values() if set(d.manipulations) <= inert)
    cells = [cell for cell in society.cells(design.study_id) if cell.task_num == 1]
    assert len(cells) > 1
    assert society.true_effect(cells[1], cells[0], [LEFT, RIGHT]) == 0


def test_a_warning_by_experts_lowers_support_in_points_of_the_scale(society: Society, studies: StudySet) -> None:
    parts = load_parts()
    warned = next(i for i, part in enumerate(parts.manipulations) if part["key"] == "expert_against")
    effects = []
    for design in society.designs.values():
        if warned not in design.manipulations:
            continue
        people = persona_rows(studies.participants_of(design.study_id))
        arm = design.manipulations.index(warned) + 1
        for task, (outcome, form) in enumerate(zip(design.outcomes, design.forms, strict=True), 1):
            by_arm = {c.condition_num: c for c in society.cells(design.study_id) if c.task_num == task}
            effect = society.true_effect(by_arm[arm], by_arm[1], people) / (form.high - form.low)
            sign = np.sign(parts.outcomes[outcome]["loading"]) * (-1 if form.reversed else 1)
            effects.append(sign * effect)
    assert len(effects) > 10
    assert -0.25 < np.mean(effects) < -0.05


def test_an_effect_compares_arms_of_one_outcome_only(society: Society) -> None:
    cells = society.cells(next(i for i, d in society.designs.items() if len(d.outcomes) > 1))
    with pytest.raises(ValueError, match="the same study with the same outcome"):
        society.true_effect(cells[0], cells[1], [NOBODY])
