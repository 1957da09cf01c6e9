import numpy as np
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.study_file.form import MarginsForm
from socrates_core.study.study_file.people import margins_words, people_of


def margins(of: str = "gss-answers", **shares: dict[str | int, float]) -> MarginsForm:
    return MarginsForm.model_validate({"of": of, "margins": shares})


def test_gss_answers_are_the_people_of_all_eleven_experiments_unweighted() -> None:
    people = people_of("gss-answers", "own", None, "x")
    each = [len(people_of(f"observed:{name}", "own", None, "x")) for name in ("gss-welfare", "gss-crime")]
    assert each[0] == 10_535
    assert len(people) > 10 * min(each)
    assert people["weight"].null_count() == len(people)
    assert people.columns[-4:] == ["party_id", "gender", "age_group", "education"]
    assert people["participant_id"].to_list()[-1] == len(people) - 1


def test_margins_weight_people_to_the_shares_asked_for() -> None:
    people = people_of(margins(gender={"Female": 0.2, "Male": 0.8}, party_id={"Democrat": 1}), "own", None, "x")
    weights = people["weight"].to_numpy()
    women = (people["gender"] == "Female").to_numpy()
    assert weights[women].sum() / weights.sum() == pytest.approx(0.2)
    assert people["party_id"].unique().to_list() == ["Democrat"]
    assert weights.mean() == pytest.approx(1)
    # Kish's effective sample size, worked out apart
    effective = weights.sum() ** 2 / np.square(weights).sum()
    assert f"count as {effective:,.0f} equally weighted ones" in margins_words(people)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (margins(sex={"Female": 1}), "these people have no 'sex'; they have party_id, gender"),
        (margins(gendr={"Female": 1}), r"no 'gendr' \(did you mean gender"),
        (margins(gender={"Woman": 1}), "nobody has 'Woman'; there are Female, Male"),
        (margins(gender={"Female": 0.6, "Male": 0.6}), "gender: the shares add up to 1.2, expected 1"),
        (margins(gender={"Female": -0.5, "Male": 1.5}), "gender.Female: expected a share from 0 to 1, got -0.5"),
        (margins("nobody", gender={"Female": 1}), "population.of: there is no 'nobody'"),
    ],
)
def test_margins_that_cannot_be_met_say_why(asked: MarginsForm, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        people_of(asked, "own", None, "population")


def test_where_no_file_may_be_read_a_table_is_refused_whether_it_exists_or_not() -> None:
    with pytest.raises(SourceError, match="the page reads no tables of this machine"):
        people_of("/etc/people.csv", "own", None, "population")
