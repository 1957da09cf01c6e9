from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from socrates_core.model.baselines import UniformModel
from socrates_core.people.edit import SetValue
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.simulate import simulate
from socrates_core.study.sources.bundled import load_real
from socrates_core.trust.support.asked import question_of
from socrates_core.trust.support.features import features_of
from socrates_core.trust.support.rule import Support, SupportQuestion, support_of
from tests.predictions import cell
from tests.trust.support.questions import on_topics, stimulus

FIVE = AnswerScale((1, 2, 3, 4, 5))
TESTED = features_of(on_topics(attributes={"gender": ["Female", "Male"], "age_group": ["18-29", "65+"]}), "bundled")
WINES = (
    "Would you rather have a glass of dry red wine with roasted duck, or a glass of chilled cider with grilled salmon "
    "and buttered potatoes?"
)
PROFILES = {"gender": ["Female", "Male", "Male"], "age_group": ["18-29", "65+", "65+"]}


def judged(
    scale: AnswerScale = FIVE,
    text: str = stimulus("fountains"),
    people: Mapping[str, Sequence[object]] = PROFILES,
    edited: bool = False,
) -> Support:
    return support_of(TESTED, SupportQuestion(scale, [text], people, edited))


def test_a_question_like_the_tested_ones_is_inside() -> None:
    found = judged(text=stimulus("fountains and benches"))
    assert found.place == "inside"
    assert found.sentence == "Inside what was tested"


def test_nearly_the_text_of_a_tested_study_is_said() -> None:
    found = judged(text=stimulus("schools"))
    assert found.tested == "on-schools"
    assert found.place == "inside"
    assert "nearly the text of the tested study on-schools" in [one.sentence for one in found.findings]


@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        ({"scale": AnswerScale((1, 2, 3))}, "edge", "3 options; those of this kind that were tested had 5"),
        ({"scale": AnswerScale((0, 1))}, "outside", "none with 2 options was tested"),
        ({"scale": AnswerScale(tuple(range(101)))}, "outside", "none with 12 or more options was tested"),
        ({"scale": AnswerScale(None)}, "outside", "answers are any number"),
        ({"scale": AnswerScale((1, 2), nominal=True)}, "outside", "the options have no order"),
        ({"people": {**PROFILES, "hobby": ["bees"] * 3}}, "edge", "hobby in the profiles was tested in fewer than 2"),
        ({"people": {"party_id": ["A"] * 3}}, "outside", "party identification in the profiles was tested in fewer"),
        ({"people": {"hobby": ["bees"] * 3}}, "outside", "hobby in the profiles"),
        ({"people": {}}, "edge", "people without a profile, as in 0 groups"),
        ({"people": {"gender": ["Female", "Frau", "Frau"]}}, "edge", "67 % of the profiles have a value"),
        ({"people": {**PROFILES, "country": ["Germany"] * 3}}, "outside", "people of Germany"),
        ({"edited": True}, "outside", "people were replaced or shares moved"),
        ({"text": "Wie sehr unterstützen Sie die Pläne der Stadt für mehr Geld in diesem Jahr?"}, "outside", "English"),
        ({"text": "Support?"}, "edge", "too few common words"),
        ({"text": WINES}, "outside", "of the text's words are in tested texts"),
    ],
)  # fmt: skip
def test_the_least_favourable_feature_decides_and_says_why(change: dict[str, object], place: str, why: str) -> None:
    found = judged(**change)  # type: ignore[arg-type]
    assert found.place == place
    assert why in found.sentence


def test_an_american_country_is_no_stranger_and_an_unknown_value_of_few_people_is_none() -> None:
    people = {"gender": ["Female"] * 19 + ["Nonbinary"], "country": ["U.S.A."] * 20}
    assert judged(people=people).place == "edge"  # country is no tested attribute, but not outside
    assert judged(people={"gender": people["gender"]}).place == "inside"


def test_one_group_is_too_few_to_call_a_property_tested() -> None:
    once = features_of(
        [*on_topics(7), cell([1, 2], [0.2] * 5, study="x", stimulus=stimulus("dogs"), attributes=PROFILES)]
    )
    found = support_of(once, SupportQuestion(FIVE, [stimulus("cats")], PROFILES))
    assert found.place == "edge"
    assert "gender and age group in the profiles were tested in fewer than 2 groups" in found.sentence


def test_a_simulation_is_judged_by_its_scale_texts_people_and_edits() -> None:
    studies = load_real()
    first = studies.cells_of("gss-welfare")[0].cell_id
    made = simulate(studies, UniformModel(), SimulationRequest(first, n=50))
    asked = question_of(made)
    assert asked.scale == made.arms[0].cell.scale
    assert len(asked.stimuli) == 2
    assert set(asked.people) == {"party_id", "gender", "age_group", "education"}
    assert not asked.edited
    weighted = "113 people are weighted to the shares asked for: they count as 90."
    assert question_of(replace(made, notes=(weighted,))).edited
    older = SetValue("age_group", "65+")
    assert question_of(simulate(studies, UniformModel(), SimulationRequest(first, (older,), n=50))).edited
