from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.bundled import load_real
from socrates_core.study.study_file.form import MarginsForm
from socrates_core.study.study_file.population.people import people_of, presets, weights_words


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


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("age,email", "30,ann@example.org", "people.csv: the column email holds an e-mail address"),
        ("age,contact", "30,ann@example.org", "people.csv: the column contact holds an e-mail address"),
        ("age,Weight", "30,2", "'Weight' would be an attribute of people; call the column of weights `weight`"),
    ],
)
def test_a_table_of_personas_holds_no_addresses_and_no_weights_as_attributes(
    tmp_path: Path, header: str, row: str, problem: str
) -> None:
    (tmp_path / "people.csv").write_text(f"{header}\n{row}\n", "utf-8")
    with pytest.raises(SourceError, match=problem):
        people_of("people.csv", "own", tmp_path, "x")


@pytest.mark.parametrize(
    ("personas", "problem"),
    [
        ([{"age": 30, "email": "ann@example.org"}], "the column email holds an e-mail address, which may tell who"),
        ([{"age": 30, "reach": "ann@example.org"}, {"age": 40}], "the column reach holds an e-mail address"),
        ([{"name": "Ann Smith"}], "the column name holds a name, .* add `personal: true` to each"),
        ([{"name": "Ann", "personal": "true"}, {"name": "Bo"}], "`personal` is true for every persona, or left out"),
    ],
)
def test_a_listed_persona_holds_no_address_unless_it_says_that_it_may(
    personas: list[dict[str, str | int | None]], problem: str
) -> None:
    with pytest.raises(SourceError, match=f"^x: {problem}"):
        people_of(personas, "own", None, "x")
    kept = people_of([{**one, "personal": "true"} for one in personas], "own", None, "x")
    assert set(kept.columns) - {"participant_id", "study_id", "participant", "weight"} == {
        name for one in personas for name in one if name != "personal"
    }


def test_margins_weight_people_to_the_shares_asked_for() -> None:
    people = people_of(margins(gender={"Female": 0.2, "Male": 0.8}, party_id={"Democrat": 1}), "own", None, "x")
    weights = people["weight"].to_numpy()
    women = (people["gender"] == "Female").to_numpy()
    assert weights[women].sum() / weights.sum() == pytest.approx(0.2)
    assert people["party_id"].unique().to_list() == ["Democrat"]
    assert weights.mean() == pytest.approx(1)
    # Kish's effective sample size, worked out apart
    effective = weights.sum() ** 2 / np.square(weights).sum()
    assert f"count as {effective:,.0f} equally weighted ones" in weights_words(people, margins(gender={"Female": 1}))[0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (margins(sex={"Female": 1}), "these people have no 'sex'; they have party_id, gender"),
        (margins(gendr={"Female": 1}), r"no 'gendr' \(did you mean gender"),
        (margins(gender={"Woman": 1}), "nobody has 'Woman'; there are Female, Male"),
        (margins(gender={"Female": 0.6, "Male": 0.6}), "gender: the shares add up to 1.2, expected 1"),
        (margins(gender={"Female": -0.5, "Male": 1.5}), "gender.Female: expected a share of 0 or more, got -0.5"),
        (margins("nobody", gender={"Female": 1}), "population.of: there is no 'nobody'"),
    ],
)
def test_margins_that_cannot_be_met_say_why(asked: MarginsForm, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        people_of(asked, "own", None, "population")


def test_the_preset_is_named_as_what_it_counts_from_the_bundled_data() -> None:
    (preset,) = presets()
    assert preset.title == (
        "General Social Survey 2006-2018 (NORC): 113,507 answers to 11 wording experiments, by party, gender, age "
        "group, education, unweighted"
    )
    assert preset.source == "General Social Survey 2006-2018 (NORC)"
    assert preset.people == len(people_of(preset.name, "own", None, "x"))


def test_people_of_any_study_that_is_loaded_or_in_a_folder_may_take_part(tmp_path: Path) -> None:
    asked = [{"age": 30, "weight": 2}, {"age": 71, "weight": 1}]
    mine = replace(load_real().select(["gss-crime"]), participants=people_of(asked, "gss-crime", None, "x"))
    found = people_of("observed:gss-crime@mine", "own", None, "x", {"mine": mine})
    assert found.select("study_id", "age", "weight").rows() == [("own", 30, 2.0), ("own", 71, 1.0)]
    twice = replace(mine, studies=mine.studies.with_columns(study_id=pl.lit("mine-1")))
    loaded = {"mine": mine, "one": twice, "other": twice}
    assert len(people_of("observed:gss-crime", "own", None, "x", loaded)) > 10_000  # the bundled study first
    load_real().select(["gss-welfare"]).save(tmp_path / "welfare")
    assert len(people_of("observed:gss-welfare@welfare", "own", tmp_path, "x")) == 10_535
    for name, folder, message in (
        (
            "observed:mine-1",
            None,
            "several sources have a study 'mine-1'; write observed:mine-1@one or observed:mine-1@",
        ),
        ("observed:gss-crme@mine", None, r"no study 'gss-crme' here; there are gss-crime.*did you mean gss-crime"),
        ("observed:gss-crime@elsewhere", None, "no studies called 'elsewhere' are loaded here; there are mine"),
        ("observed:gss-crime@elsewhere", tmp_path, "there is no .*elsewhere; write the path of the studies"),
    ):
        with pytest.raises(SourceError, match=message):
            people_of(name, "own", folder, "x", loaded)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"age": 30, "weight": 0}], "study own: the weight of everybody is 0, so nobody counts"),
        (
            [{"age": 30, "weight": 0}, {"age": 40, "weight": 1}],
            "x: person 1 has weight 0 and would stand for nobody; leave the row out",
        ),
        ([{"age": 30}, {"age": 31, "weight": -1}], "participant 2: weight '-1' is not a number of 0 or more"),
        ([{"age": 30, "weight": "=1+1"}], "weight '=1.1' is not a number"),
        ([{"age": 30}] * 10_001, "x: 10,001 personas are listed, at most 10,000 can be; put them in a table"),
    ],
)
def test_personas_that_cannot_be_weighted_or_are_too_many_say_so(rows: list[dict[str, str | int | None]],
                                                                message: str) -> None:  # fmt: skip
    with pytest.raises(SourceError, match=message):
        people_of(rows, "own", None, "x")


def test_formulas_and_markup_in_a_persona_stay_text() -> None:
    people = people_of([{"mark": "=HYPERLINK(1)", "age": "<b>30</b>"}], "own", None, "x")
    assert people.select("mark", "age").row(0) == ("=HYPERLINK(1)", "<b>30</b>")


def test_where_no_file_may_be_read_a_table_is_refused_whether_it_exists_or_not() -> None:
    with pytest.raises(SourceError, match="the page reads no tables of this machine"):
        people_of("/etc/people.csv", "own", None, "population")
