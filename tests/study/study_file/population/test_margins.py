"""Shares asked for, and the weights that give them, worked out by hand where a hand can."""

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.study_file.form import MarginsForm
from socrates_core.study.study_file.population.margins import margin_of
from socrates_core.study.study_file.population.people import people_of, weights_words
from socrates_core.study.study_file.population.weighting import weighted_to, weighting_of
from socrates_core.study.study_file.reading import read_study
from socrates_core.study.study_file.yaml_text import read_yaml


def people(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return people_of(rows, "own", None, "population")


def two_by_two(a: int, b: int, c: int, d: int) -> pl.DataFrame:
    """So many young women, old women, young men and old men."""
    kinds = [("Female", "young"), ("Female", "old"), ("Male", "young"), ("Male", "old")]
    return people([
        {"gender": gender, "age": age} for (gender, age), n in zip(kinds, (a, b, c, d), strict=True) for _ in range(n)
    ])  # fmt: skip


def shares(table: pl.DataFrame, *attributes: str) -> dict[Any, float]:
    found = table.group_by(attributes).agg(pl.col("weight").sum() / table["weight"].sum())
    return {tuple(row[:-1]): row[-1] for row in found.iter_rows()}


def weigh(table: pl.DataFrame, margins: dict[str, Any]) -> pl.DataFrame:
    return weighted_to(table, [margin_of(key, raw, f"m.{key}") for key, raw in margins.items()], "m")


def test_raking_a_two_by_two_table_gives_the_table_worked_out_by_hand() -> None:
    # From 10, 20, 30, 40 to margins of one half: the odds ratio 10·40 / (20·30) = 2/3 stays as it is, so the cell p
    # solves p² / (½ − p)² = 2/3, that is p = ½ · √(2/3) / (1 + √(2/3)) = 0.22474
    found = shares(weigh(two_by_two(10, 20, 30, 40), {"gender": {"Female": 0.5, "Male": 0.5},
                                                      "age": {"young": 0.5, "old": 0.5}}), "gender", "age")  # fmt: skip
    p = 0.5 * np.sqrt(2 / 3) / (1 + np.sqrt(2 / 3))
    assert p == pytest.approx(0.22474, abs=5e-6)
    expected = {("Female", "young"): p, ("Female", "old"): 0.5 - p, ("Male", "young"): 0.5 - p, ("Male", "old"): p}
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_joint_table_is_met_cell_by_cell_and_a_missing_cell_leaves() -> None:
    table = weigh(two_by_two(1, 2, 3, 4), {"gender x age": {"Female": {"young": 20, "old": 30}, "Male": {"old": 50}}})
    assert shares(table, "gender", "age") == pytest.approx(
        {("Female", "young"): 0.2, ("Female", "old"): 0.3, ("Male", "old"): 0.5}
    )
    assert len(table) == 7
    # weights of mean 1: 0.2 · 7 for one, 0.3 · 7 / 2 for each of two, 0.5 · 7 / 4 for each of four
    assert sorted(table["weight"].unique().to_list()) == pytest.approx([0.875, 1.05, 1.4])


def test_a_joint_table_and_a_margin_of_another_attribute_are_met_together() -> None:
    table = people_of("gss-answers", "own", None, "x")
    joint = {"Female": {"18-34": 0.1, "35-54": 0.2, "55+": 0.3}, "Male": {"18-34": 0.2, "35-54": 0.1, "55+": 0.1}}
    met = weigh(table, {"gender × age_group": joint, "party_id": {"Democrat": "30 %", "Republican": "70%"}})
    assert shares(met, "gender", "age_group")["Male", "18-34"] == pytest.approx(0.2, abs=2e-6)
    assert shares(met, "party_id") == pytest.approx({("Democrat",): 0.3, ("Republican",): 0.7}, abs=2e-6)


def test_people_start_from_their_own_weights() -> None:
    rows = [{"gender": "Female", "weight": "3.0"}, {"gender": "Female", "weight": 1}, {"gender": "Male"}]
    table = weigh(people(rows), {"gender": {"Female": 0.5, "Male": 0.5}})
    assert table["weight"].to_list() == pytest.approx([1.125, 0.375, 1.5])  # 3 : 1 within the women


def test_the_effective_number_is_kishs() -> None:
    rows = [{"age": 30, "weight": weight} for weight in (1, 1, 1, 3)]
    found = weighting_of(people(rows))
    assert found.effective == pytest.approx((1 + 1 + 1 + 3) ** 2 / (1 + 1 + 1 + 9))  # 36 / 12 = 3
    assert found.largest == pytest.approx(2.0)
    assert not found.exploded
    (words,) = weights_words(people(rows), rows)
    assert words.startswith(
        "4 people have weights: they count as 3 equally weighted ones, and the largest weight is 2.0"
    )


def test_weights_that_explode_are_warned_of() -> None:
    # one of 100 gets 90 %: (0.9² + 99 · (0.1/99)²)⁻¹ = 1.23 people
    table = weigh(people([{"gender": "Male"}] + 99 * [{"gender": "Female"}]), {"gender": {"Female": 10, "Male": 90}})
    found = weighting_of(table)
    assert found.effective == pytest.approx(1.2345, abs=1e-4)
    assert found.largest == pytest.approx(90)
    assert "few of these people stand for many" in found.words


@pytest.mark.parametrize(
    ("margins", "message"),
    [
        ({"gender": {"Female": 60, "Male": 30}}, "shares add up to 90 %, expected 100 %: 10 % missing"),
        ({"gender": {"Female": 60, "Male": 50}}, "shares add up to 110 %, expected 100 %: 10 % too much"),
        ({"gender": {"Female": 0.6, "Male": 0.6}}, "m.gender: the shares add up to 1.2, expected 1 "),
        ({"gender": {"Female": "most"}}, "m.gender.Female: expected a share of 0 or more, got 'most'"),
        ({"gender": {"Female": float("nan")}}, "m.gender.Female: expected a share of 0 or more, got nan"),
        ({"gender": {"Female": 10**400}}, "m.gender.Female: expected a share of 0 or more, got 1000"),
        ({"gender": 5}, "m.gender: expected the shares of its values"),
        ({"gender × age": {"Female": 1}}, "m.gender × age.Female: expected the shares of its values"),
        ({"gender × gender": {"Female": 1}}, "m.gender × gender: expected an attribute, or different ones"),
        ({"gender × sex": {"Female": {"young": 1}}}, "m.gender × sex: these people have no 'sex'"),
        ({"gender × age": {"Female": {"middle": 1}}}, "m.gender × age: nobody has 'middle'; there are old, young"),
        (
            {"gender": {"Female": 0.6, "Male": 0.4}, "gender × age": {"Female": {"old": 0.5}, "Male": {"old": 0.5}}},
            "m: gender and gender × age contradict each other: gender Female has 60 % in the one and 50 % in the other",
        ),
    ],
)  # fmt: skip
def test_shares_that_cannot_be_meant_say_where_and_why(margins: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message.replace("(", r"\(")):
        weigh(two_by_two(1, 1, 1, 1), margins)


def test_two_margins_that_these_people_cannot_meet_are_named_and_the_third_is_not() -> None:
    # all women are young: 60 % women and 50 % young contradict each other
    table = two_by_two(3, 0, 1, 3).with_columns(party=pl.Series(["A", "B", "A", "B", "A", "B", "A"]))
    margins = {"party": {"A": 0.5, "B": 0.5}, "gender": {"Female": 0.6, "Male": 0.4}, "age": {"young": 0.5, "old": 0.5}}
    with pytest.raises(SourceError, match="m: gender and age contradict each other: no weights of these 7 people"):
        weigh(table, margins)
    with pytest.raises(SourceError, match="gender × age: nobody here is Female × old, so it cannot have 25 %; give it"):
        weigh(table, {"gender × age": {"Female": {"old": 25, "young": 25}, "Male": {"old": 50}}})


def test_a_table_of_shares_beside_the_study_file_is_a_margin(tmp_path: Path) -> None:
    (tmp_path / "joint.csv").write_text(
        "age_group,gender,share\n18-34,Female,30\n18-34,Male,20\n55+,Female,25\n55+,Male,25\n", "utf-8"
    )
    form = MarginsForm.model_validate({"margins": {"gender × age_group": "joint.csv"}})
    met = people_of(form, "own", tmp_path, "population")
    assert shares(met, "gender", "age_group") == pytest.approx(
        {("Female", "18-34"): 0.3, ("Male", "18-34"): 0.2, ("Female", "55+"): 0.25, ("Male", "55+"): 0.25}
    )
    for name, text, message in (
        ("joint.csv", "gender,share\nFemale,1\n", "has shares of gender; name the margin so"),
        ("joint.csv", "gender,age_group\nFemale,18-34\n", "expected a column `share`"),
        ("joint.csv", "gender,age_group,share\nMale,55+,1\nMale,55+,0\n", "row 2: Male × 55. occurs twice"),
        ("joint.csv", "gender,age_group,share\nMale,55+,many\n", "row 1: expected a share of 0 or more, got 'many'"),
    ):
        (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(SourceError, match=message):
            people_of(form, "own", tmp_path, "population")


def test_the_shares_in_the_documentation_can_be_met() -> None:
    example = re.findall(r" +population:\n.*?Male: [^\n]*\n", inspect.getdoc(read_study) or "", re.DOTALL)[0]
    form = MarginsForm.model_validate(read_yaml(textwrap.dedent(example), "docs")["population"])
    met = people_of(form, "own", None, "population")
    assert shares(met, "education")["College degree",] == pytest.approx(0.35, abs=2e-6)
    assert shares(met, "gender", "age_group")["Male", "35-54"] == pytest.approx(0.16, abs=2e-6)
