import pytest

from socrates_core.errors import PopulationError, SocratesError, StudyFolderError
from socrates_core.model.baselines import UniformModel
from socrates_core.people.population import Filter
from socrates_core.people.taking_part import Population
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.named import OWN_PEOPLE, simulate
from socrates_core.simulation.simulate import SimulationRequest
from socrates_core.simulation.simulate import simulate as simulate_request
from socrates_core.study.studies import Studies
from tests.experiments import AgeModel, AmountModel, Arm, experiment
from tests.simulation.test_simulate import PEOPLE, two_arms

STUDIES = Studies.of(two_arms())


def test_names_lead_to_the_figures_of_the_request_that_the_page_makes() -> None:
    edits = (Filter("party", ("A",)),)
    page = simulate_request(STUDIES, AgeModel(), SimulationRequest(1, edits, n=30, temperature=0.5, seed=3, control=2))
    found = simulate(
        STUDIES,
        AgeModel(),
        outcome="how high",
        condition="treated",
        people=30,
        population=Population().keep(party="A"),
        temperature=0.5,
        seed=3,
    )
    assert (found.request, found.effects) == (page.request, page.effects)
    assert [arm.score for arm in found.arms] == [arm.score for arm in page.arms]


def test_the_first_condition_is_what_the_others_are_compared_with() -> None:
    found = simulate(STUDIES, AgeModel(), "s", outcome=1)
    assert [arm.label for arm in found.arms] == ["control", "treated"]
    assert [one.label for one in found.effects] == ["treated"]


def test_an_arm_says_its_w_with_everything_that_a_distance_needs() -> None:
    arm = simulate(STUDIES, UniformModel(), outcome=1).arms[0]
    # people answer 1 to 5 equally often, so guessing evenly is right
    assert arm.score is not None
    assert (arm.w, arm.uniform) == (pytest.approx(0), pytest.approx(0))
    assert (arm.interval, arm.noise_floor) == (arm.score.interval, arm.score.noise_floor)
    assert (arm.convention, arm.verdict) == ("scale", arm.score.verdict.sentence)
    assert str(arm) == (
        f"control: W = 0.000 (95 % interval {arm.interval.low:.3f} to {arm.interval.high:.3f}) by the stated scale; "
        f"noise floor {arm.noise_floor:.3f}, uniform baseline 0.000"
    )


def test_printed_a_simulation_names_study_model_arms_and_effects() -> None:
    lines = str(simulate(STUDIES, AgeModel(), outcome=1, people=50)).splitlines()
    assert lines[0] == "A study: 50 simulated people in each condition, by age"
    assert lines[1].startswith("  control: W = 0.")
    # ages are the same in both arms, and the model only turns its answers around; people answered one option lower
    assert lines[3].startswith("  treated against control, % of the scale: predicted +0.0 (95 % interval -")
    assert ", actual -20.0 (95 % interval -" in lines[3]


def test_an_open_ended_outcome_has_w_by_the_observed_range() -> None:
    study = experiment(PEOPLE, [Arm("How many dollars?", {i: [i] for i in range(50)}, scale=AnswerScale(None))])
    arm = simulate(Studies.of(study), AmountModel()).arms[0]
    assert arm.numbers is not None
    assert arm.numbers.score is not None
    assert (arm.w, arm.convention, arm.uniform) == (arm.numbers.score.observed, "observed", None)
    assert "by the observed range; noise floor" in str(arm)


def test_own_personas_are_asked_and_nobodys_answers_are_theirs() -> None:
    found = simulate(STUDIES, AgeModel(), outcome=1, people=4, population=Population.of([{"age": 20}, {"age": 80}]))
    arm = found.arms[0]
    # half of them 20 (lowest option), half 80 (highest): the middle of 1 to 5
    assert arm.predicted.mean == pytest.approx(3)
    assert (arm.w, arm.actual, arm.verdict) == (None, None, OWN_PEOPLE)
    assert found.notes[-1] == OWN_PEOPLE
    assert str(arm).endswith(f"no W: {OWN_PEOPLE}")
    assert found.profiles["age"].to_list() == [20, 20, 80, 80]


def test_own_personas_can_be_edited_like_observed_people() -> None:
    who = Population.of([{"age": 20}, {"age": 80}]).shares("age", {20: 0.25, 80: 0.75})
    assert simulate(STUDIES, AgeModel(), outcome=1, people=4, population=who).arms[0].predicted.mean == pytest.approx(
        0.25 * 1.08 + 0.75 * 4.92
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"people": 0}, SocratesError, "people: expected a whole number from 1 to 10,000, got 0"),
        ({"outcome": 3}, StudyFolderError, "no outcome of s has the number 3"),
        ({"population": Population().keep(sex="f")}, PopulationError, "no attribute 'sex' in this study"),
        ({"temperature": -1}, SocratesError, "temperature: expected a number from 0 to 10"),
    ],
)
def test_what_makes_no_sense_is_said(arguments: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        simulate(STUDIES, UniformModel(), **{"outcome": 1, **arguments})
