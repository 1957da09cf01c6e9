import pytest

from socrates_core.errors import PopulationError
from socrates_core.people.edit import Filter, Range, SetValue, Shares
from socrates_core.people.taking_part import Population


def test_methods_add_edits_and_leave_the_population_as_it_was() -> None:
    everybody = Population()
    changed = everybody.keep(party=["A", None]).between("age", 18).give(sex="f").shares("income", {1: 0.25, 2: 0.75})
    assert everybody == Population()
    assert changed.edits == (
        Filter("party", ("A", None)),
        Range("age", 18, None),
        SetValue("sex", "f"),
        Shares("income", ((1, 0.25), (2, 0.75))),
    )


def test_own_personas_become_participants_with_what_is_known_of_each() -> None:
    people = Population.of([{"age": 30, "sex": "f"}, {"sex": "m"}, {"age": 71}]).people("s")
    assert people.select("participant_id", "study_id", "participant", "age", "sex").rows() == [
        (0, "s", "1", 30, "f"),
        (1, "s", "2", None, "m"),
        (2, "s", "3", 71, None),
    ]


def test_equal_personas_stay_two_people() -> None:
    assert len(Population.of([{"age": 30}, {"age": 30}, {}]).people("s")) == 3


@pytest.mark.parametrize(
    ("population", "message"),
    [
        (lambda: Population().shares("sex", {"f": 0.7, "m": 0.4}), r"add up to 110.0%; they must add up to 100 %"),
        (lambda: Population().shares("sex", {"f": 1.5, "m": -0.5}), "must be 0 % or more"),
        (lambda: Population().between("age"), "no bound"),
        (lambda: Population().between("age", 40, 30), "empty: 40 is above 30"),
        (lambda: Population().keep(sex=[]), "names no value"),
        (lambda: Population().give(age=30.5), "expected a string, a whole number or null, got 30.5"),
        (lambda: Population().give(sex="f").shares("sex", {"f": 1}), "sex is set or given shares twice"),
        (lambda: Population.of([]), "own personas holds nobody"),
        (lambda: Population.of([{"age": 30.5}]), "age is 30.5, expected a text, a whole number or None"),
        (lambda: Population.of([{"age": True}]), "age is True"),
        (lambda: Population.of([{"weight": 2}]), "participant or weight; rename it"),
        (lambda: Population.of([{"response": 2}]), "no demographic attribute can be called 'response'"),
        (lambda: Population.of([{"age": 30}]).keep(sex="f"), "no attribute 'sex' in this study; it has age"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_said(population, message: str) -> None:
    with pytest.raises(PopulationError, match=message):
        population()
