"""The 41 studies beside the GSS and the classic experiments: their counts, scales, sources and groups."""

import polars as pl
import pytest

from socrates_core.scale.instruction import parse_scale
from socrates_core.study.sources.bundled import load_real
from socrates_core.study.study_set import StudySet, persona_rows


@pytest.fixture(scope="module")
def more() -> StudySet:
    real = load_real()
    return real.select([name for name in real.study_ids if name.startswith(("f538-", "t2k-"))])


def counts(studies: StudySet, study_id: str) -> list[list[int]]:
    """How often each option was chosen, in each condition."""
    found = []
    for cell in studies.cells_of(study_id):
        answers = studies.answers(cell.cell_id).responses
        assert cell.scale.values is not None
        found.append([int((answers == value).sum()) for value in cell.scale.values])
    return found


def mean(studies: StudySet, study_id: str, condition: int = 1) -> float:
    return float(studies.answers(studies.cells_of(study_id)[condition - 1].cell_id).responses.mean())


ANSWERS = {
    "f538-comma-data": 1091, "f538-comma-grammar": 1059, "f538-comma-oxford": 1099, "f538-flying-1": 854,
    "f538-flying-2": 849, "f538-flying-3": 849, "f538-flying-4": 850, "f538-flying-5": 850, "f538-flying-6": 850,
    "f538-food-argentina": 470, "f538-food-ethiopia": 396, "f538-food-ireland": 903, "f538-food-vietnam": 718,
    "f538-masculinity-q0001": 1601, "f538-masculinity-q0002": 1606, "f538-starwars-darth-vader": 816,
    "f538-starwars-jar-jar-binks": 712, "f538-starwars-luke-skywalker": 825, "f538-steak-doneness": 432,
    "t2k-ai-attitude-q1": 999, "t2k-ai-attitude-q2": 999, "t2k-ai-attitude-q3": 999, "t2k-ai-attitude-q4": 999,
    "t2k-ai-attitude-q5": 999, "t2k-default-green-energy": 600, "t2k-default-organ-donation": 600,
    "t2k-digital-passport-high-status": 600, "t2k-digital-passport-luxurious": 600,
    "t2k-digital-passport-prestigious": 600, "t2k-hiring-telemarketer-1": 999, "t2k-hiring-telemarketer-4": 999,
    "t2k-hiring-telemarketer-7": 999, "t2k-hiring-telemarketer-8": 999, "t2k-imagine-i1-1": 1001,
    "t2k-imagine-i1-2": 1001, "t2k-imagine-i2-1": 1001, "t2k-imagine-i2-2": 1001, "t2k-imagine-i3-1": 1001,
    "t2k-imagine-i3-2": 1001, "t2k-privacy-violation": 1200, "t2k-targeting-fairness": 357,
}  # fmt: skip


def test_every_published_answer_is_there_once(more: StudySet) -> None:
    asked = more.responses.join(more.cells.select("cell_id", "study_id"), on="cell_id")
    assert dict(asked.group_by("study_id").len().iter_rows()) == ANSWERS
    assert len(more.participants) == sum(ANSWERS.values()) == 36_384
    assert more.studies.group_by("kind").len().sort("kind").rows() == [("experiment", 17), ("survey", 24)]


def test_counts_and_arms_are_those_of_the_source(more: StudySet) -> None:
    # 301 people had to opt in to organ donation, 299 to opt out
    assert [sum(arm) for arm in counts(more, "t2k-default-organ-donation")] == [301, 299]
    assert [sum(arm) for arm in counts(more, "t2k-privacy-violation")] == [187, 194, 222, 180, 218, 199]
    assert counts(more, "f538-steak-doneness") == [[23, 166, 132, 75, 36]]


def test_scales_point_in_the_direction_that_people_saw(more: StudySet) -> None:
    first = {name: cell.scale.labels for name in more.study_ids for cell in more.cells_of(name)}
    assert (first["t2k-ai-attitude-q1"][1], first["t2k-ai-attitude-q1"][5]) == ("Strongly agree", "Strongly disagree")
    assert (first["t2k-hiring-telemarketer-1"][1], first["t2k-hiring-telemarketer-1"][7]) == (
        "Strongly disagree",
        "Strongly agree",
    )
    assert first["f538-comma-data"][4] == "A lot"
    assert first["t2k-targeting-fairness"] == {1: "Not at all fair", 9: "Very fair"}
    # defaults are kept, onlookers make anxious, Luke is liked better than Vader, tracking violates privacy
    assert mean(more, "t2k-default-organ-donation", 2) > mean(more, "t2k-default-organ-donation", 1)
    assert mean(more, "t2k-default-green-energy", 2) > mean(more, "t2k-default-green-energy", 1)
    assert mean(more, "t2k-imagine-i2-1", 2) > mean(more, "t2k-imagine-i2-1", 1)
    assert mean(more, "f538-starwars-luke-skywalker") > mean(more, "f538-starwars-darth-vader")
    assert mean(more, "t2k-privacy-violation", 2) > mean(more, "t2k-privacy-violation", 6)
    assert mean(more, "f538-flying-3") > mean(more, "f538-flying-2")


def test_every_text_states_its_scale_and_no_two_arms_read_the_same(more: StudySet) -> None:
    for study_id in more.study_ids:
        cells = more.cells_of(study_id)
        assert len({cell.stimulus for cell in cells}) == len({cell.condition for cell in cells}) == len(cells)
        for cell in cells:
            read = parse_scale(cell.stimulus)
            assert read.values == cell.scale.values
            assert dict(read.labels) == dict(cell.scale.labels)
            assert cell.stimulus.index("Only return") > 40


def test_what_an_arm_is_called_stands_in_its_text(more: StudySet) -> None:
    opt_in, opt_out = more.cells_of("t2k-default-organ-donation")
    assert opt_in.condition == "opt-in (default: not a donor)"
    assert "is not an organ donor, except people who" in opt_in.stimulus
    assert "is an organ donor, except people who" in opt_out.stimulus
    cheap, green = more.cells_of("t2k-default-green-energy")
    assert cheap.stimulus.index("Twon") < cheap.stimulus.index("GreenGrid")
    assert green.stimulus.index("GreenGrid") < green.stimulus.index("Twon")
    without, with_passport = more.cells_of("t2k-digital-passport-luxurious")
    assert ("passport" in without.stimulus, "passport" in with_passport.stimulus) == (False, True)
    team, algorithm = more.cells_of("t2k-hiring-telemarketer-4")
    assert ("algorithm" in team.stimulus, "algorithm" in algorithm.stimulus) == (False, True)


def test_people_have_the_attributes_that_they_are_counted_by(more: StudySet) -> None:
    polls = ["gender", "age_group", "education", "income", "region"]
    assert more.participants_of("f538-comma-data").columns[4:] == polls
    assert more.participants_of("f538-masculinity-q0001").columns[4:] == polls[1:]
    assert persona_rows(more.participants_of("t2k-privacy-violation"))[0] == {}
    incomes = more.participants["income"].unique().to_list()
    assert "$150,000+" in incomes
    assert not {"150000", "Prefer not to answer"} & set(incomes)


def test_one_group_of_people_counts_as_in_the_published_table(more: StudySet) -> None:
    people = more.participants_of("f538-comma-data").filter(
        gender="Female", age_group="18-29", education="Bachelor degree", income="$50,000 - $99,999",
        region="East North Central",
    )  # fmt: skip
    answers = more.responses.join(people, on="participant_id")["response"]
    assert (answers == 1).sum() == 3


def test_source_licence_citation_and_year_are_named(more: StudySet) -> None:
    assert more.studies["title"].str.ends_with("(paraphrased)").all()
    assert more.studies["source"].str.contains("wording paraphrased").all()
    assert more.studies["citation"].str.contains(r"\(20\d\d\)").all()
    polls = more.studies.filter(pl.col("study_id").str.starts_with("f538-"))
    assert polls["licence"].str.contains("CC BY 4.0").all()
    assert polls["source"].str.contains(r"FiveThirtyEight.*SurveyMonkey.*20\d\d, N = ").all()
    outcomes = more.studies.filter(pl.col("study_id").str.starts_with("t2k-"))
    assert outcomes["licence"].str.contains("Apache-2.0").all()
    assert outcomes["source"].str.contains(r"Twin-2K-500 mega-study 2025 .Prolific, US").all()


def test_outcomes_of_one_experiment_and_questions_of_one_poll_are_a_group(more: StudySet) -> None:
    sizes = dict(more.studies.group_by("group").len().iter_rows())
    assert sizes == {
        "f538-comma": 3, "f538-flying": 6, "f538-food": 4, "f538-masculinity": 2, "f538-starwars": 3,
        "f538-steak-doneness": 1, "t2k-ai-attitude": 5, "t2k-default": 2, "t2k-digital-passport": 3,
        "t2k-hiring-telemarketer": 4, "t2k-imagine": 6, "t2k-privacy-violation": 1, "t2k-targeting-fairness": 1,
    }  # fmt: skip
