import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.persons import attribute, merged_persons, weight_notes


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([30, None], [30, None]),
        ([30.0, None], [30, None]),
        ([2.5, 3.0], ["2.5", "3"]),
        ([float("nan"), 3.0], [None, 3]),
        (["30", " 41 "], [30, 41]),
        (["30", "18-29"], ["30", "18-29"]),
        (["68.0", "18-29"], ["68", "18-29"]),
        (["007", "8"], ["007", "8"]),
        (["Male", "  "], ["Male", None]),
        ([True, False], ["true", "false"]),
        (["9" * 30, "1"], ["9" * 30, "1"]),
    ],
)
def test_an_attribute_is_integers_where_all_values_are_and_text_otherwise(
    given: list[object], kept: list[object]
) -> None:
    assert attribute(pl.Series("a", given)).to_list() == kept


def test_an_attribute_cannot_be_a_list() -> None:
    with pytest.raises(SourceError, match="attribute a contains List"):
        attribute(pl.Series("a", [[1], [2]]))


def test_each_attribute_is_the_first_value_known_and_disagreements_are_counted() -> None:
    rows = pl.DataFrame(
        {
            "study_id": ["s"] * 5,
            "participant": ["ann", "bob", "ann", "bob", "eve"],
            "age": [None, 20, 31, 20, None],
            "gender": ["F", "M", "F", "other", None],
            "nothing": [None] * 5,
        }
    )
    persons, disagreeing = merged_persons(rows)
    assert persons.columns == ["participant_id", "study_id", "participant", "weight", "age", "gender"]
    assert persons.select("participant_id", "participant", "age", "gender").rows() == [
        (0, "ann", 31, "F"),
        (1, "bob", 20, "M"),
        (2, "eve", None, None),
    ]
    assert disagreeing == 1


@pytest.mark.parametrize("weight", ["-1", "heavy", "inf", "nan"])
def test_a_weight_is_a_number_of_zero_or_more(weight: str) -> None:
    rows = pl.DataFrame({"study_id": ["s", "s"], "participant": ["ann", "bob"], "weight": ["1.5", weight]})
    with pytest.raises(SourceError, match=f"participant bob: weight '{weight}'"):
        merged_persons(rows)
    assert merged_persons(rows[:1])[0]["weight"].to_list() == [1.5]


def test_a_study_in_which_nobody_counts_is_refused() -> None:
    rows = pl.DataFrame({"study_id": ["a", "b", "b"], "participant": ["x", "y", "z"], "weight": [1, 0, None]})
    with pytest.raises(SourceError, match="study b: the weight of everybody is 0"):
        merged_persons(rows)
    assert len(merged_persons(rows.with_columns(study_id=pl.lit("a")))[0]) == 3


def test_a_study_with_weights_that_are_partly_missing_is_named() -> None:
    persons = pl.DataFrame({"study_id": ["a", "a", "a", "b", "c"], "weight": [1.5, None, 2.0, None, 1.0]})
    assert weight_notes(persons) == [
        "study a: 1 of 3 people have no weight; they count with the average weight of the others"
    ]
