import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socrates_core.errors import PopulationError
from socrates_core.people.edit import (
    Edit,
    Filter,
    Range,
    SetValue,
    Shares,
    check_edits,
    describe,
    edits_from_json,
    edits_to_json,
)
from tests.experiments import people

TABLE = people(party=["A", "A", "B", None], age=[20, 30, 40, 50])

EVERY_KIND: tuple[Edit, ...] = (
    Filter("party", ("A", None)),
    Range("age", 18, None),
    SetValue("age", 40),
    Shares("party", (("A", 0.25), (None, 0.75))),
)

names = st.text(min_size=1, max_size=5)
values = st.none() | st.integers() | st.text(max_size=5)
edits = st.one_of(
    st.builds(Filter, names, st.lists(values, max_size=4).map(tuple)),
    st.builds(Range, names, st.none() | st.integers(), st.none() | st.integers()),
    st.builds(SetValue, names, values),
    st.builds(Shares, names, st.lists(st.tuples(values, st.floats(0, 1)), max_size=4).map(tuple)),
)


@given(st.lists(edits, max_size=4).map(tuple))
def test_edits_survive_json(several: tuple[Edit, ...]) -> None:
    assert edits_from_json(json.loads(json.dumps(edits_to_json(several)))) == several


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "edits: expected a list, got dict"),
        (["x"], r"edits\[0\]: expected an object, got str"),
        ([{"edit": "drop", "attribute": "age"}], r"edits\[0\].edit: expected one of filter, range, set, shares"),
        ([{"edit": ["set"], "attribute": "age"}], r"edits\[0\].edit: expected one of"),
        ([{"edit": "set", "attribute": "", "value": 1}], r"edits\[0\].attribute: expected the name"),
        ([{"edit": "set", "attribute": "age"}], r"edits\[0\].value: a set edit has the fields"),
        ([{"edit": "set", "attribute": "age", "value": 1, "why": 2}], r"edits\[0\].why: a set edit has the fields"),
        ([{"edit": "set", "attribute": "age", "value": 1.5}], r"edits\[0\].value: expected a string, a whole number"),
        ([{"edit": "set", "attribute": "age", "value": True}], r"edits\[0\].value: expected"),
        ([{"edit": "filter", "attribute": "age", "values": "20"}], r"edits\[0\].values: expected a list, got '20'"),
        ([{"edit": "filter", "attribute": "age", "values": [[]]}], r"edits\[0\].values\[0\]: expected"),
        ([{"edit": "set", "attribute": "a", "value": "\ud800"}], r"edits\[0\]: a text holds half of a character"),
        ([{"edit": "range", "attribute": "age", "low": "1", "high": 2}], r"edits\[0\].low: expected a whole number"),
        ([{"edit": "shares", "attribute": "age", "shares": [[1]]}], r"edits\[0\].shares\[0\]: expected \[value, share"),
        ([{"edit": "shares", "attribute": "age", "shares": [[1, "1"]]}], r"shares\[0\]: expected .* a share between"),
        ([{"edit": "shares", "attribute": "age", "shares": {"1": 1}}], r"edits\[0\].shares: expected a list"),
    ],
)
def test_json_that_is_no_edit_is_named_by_its_field(raw: object, message: str) -> None:
    with pytest.raises(PopulationError, match=message):
        edits_from_json(raw)


def test_every_kind_of_edit_makes_sense_here() -> None:
    check_edits(TABLE, EVERY_KIND)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Filter("income", ("A",)), "no attribute 'income' in this study; it has party, age"),
        (Filter("weight", (1,)), "no attribute 'weight'"),
        (Filter("participant_id", (1,)), "no attribute 'participant_id'"),
        (Filter("party", ("C",)), "nobody has party C; there are A, B or unknown"),
        (Filter("age", (None,)), "nobody has age unknown; there are 20, 30, 40, 50"),
        (Filter("party", ()), "names no value"),
        (Filter("age", ("20",)), "age contains whole numbers, so it cannot be '20'"),
        (Filter("party", (1,)), "party contains text, so it cannot be 1"),
        (Filter("age", (2**63,)), "too large"),
        (SetValue("age", -(2**70)), "too large"),
        (Range("party", 1, 2), "party is not numeric"),
        (Range("age", None, None), "has no bound"),
        (Range("age", 40, 20), "is empty: 40 is above 20"),
        (SetValue("age", "old"), "age contains whole numbers"),
        (Shares("party", (("A", 0.5), ("B", 0.4))), "add up to 90.0%; they must add up to 100 %"),
        (Shares("party", (("A", 50.0), ("B", 50.0))), "add up to 10000.0%"),
        (Shares("party", (("A", 1.5), ("B", -0.5))), "must be 0 % or more, got -50.0%"),
        (Shares("party", (("A", float("nan")), ("B", 0.5))), "must be 0 % or more"),
        (Shares("party", (("A", 0.5), ("A", 0.5))), "name a value twice: A, A"),
        (Shares("party", ()), "add up to 0.0%"),
        (Shares("age", (("20", 1.0),)), "age contains whole numbers"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_with_the_choices(edit: Edit, message: str) -> None:
    with pytest.raises(PopulationError, match=message):
        check_edits(TABLE, [edit])


@pytest.mark.parametrize(
    "pair",
    [
        (SetValue("age", 20), SetValue("age", 30)),
        (SetValue("party", "A"), Shares("party", (("A", 1.0),))),
        (Shares("party", (("A", 1.0),)), Shares("party", (("B", 1.0),))),
    ],
)
def test_an_attribute_gets_its_final_values_once(pair: tuple[Edit, Edit]) -> None:
    with pytest.raises(PopulationError, match="more than one set value or shares edit"):
        check_edits(TABLE, pair)


@pytest.mark.parametrize("share", [0.333, 0.3334])
def test_shares_may_be_rounded(share: float) -> None:
    check_edits(TABLE, [Shares("party", (("A", share), ("B", share), (None, share)))])


def test_without_demographics_there_is_nothing_to_edit() -> None:
    with pytest.raises(PopulationError, match="this study has no attributes of its participants"):
        check_edits(people([None, None]), [SetValue("age", 30)])


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Filter("party_id", ("A", None)), "party identification is A or unknown"),
        (Range("age", 18, 30), "age is 18 to 30"),
        (Range("age", None, 30), "age is 30 or less"),
        (Range("age", 18, None), "age is 18 or more"),
        (SetValue("age", 40), "age is set to 40"),
        (Shares("sex", (("f", 0.25), ("m", 0.75))), "sex is 25.0% f, 75.0% m"),
    ],
)
def test_an_edit_in_words(edit: Edit, words: str) -> None:
    assert describe(edit) == words
