import math
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from socrates_core.errors import PopulationError
from socrates_core.people.population import (
    ActualGroup,
    Edit,
    EditedPeople,
    Filter,
    NoActualGroup,
    Range,
    SetValue,
    Shares,
    actual_of_same_group,
    edit_population,
    start_weights,
)
from tests.experiments import people

SIX = people(party=["A", "A", "A", "B", "B", None], age=[20, 30, 40, 50, 60, None], sex=list("fmfmfm"))


def weight_by(population: EditedPeople, attribute: str) -> dict[str | int | None, float]:
    totals: dict[str | int | None, float] = {}
    for value, weight in zip(population.personas[attribute].to_list(), population.weights, strict=True):
        totals[value] = totals.get(value, 0.0) + weight
    return totals


def ids(population: EditedPeople) -> list[int]:
    return population.personas["participant_id"].to_list()


def group_of(edits: list[Edit], table: pl.DataFrame = SIX, among: list[int] | None = None) -> ActualGroup:
    group = actual_of_same_group(table, edits, among)
    assert isinstance(group, ActualGroup)
    return group


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_without_edits_everybody_takes_part_and_counts_the_same() -> None:
    population = edit_population(SIX, [])
    assert ids(population) == [0, 1, 2, 3, 4, 5]
    assert population.weights == pytest.approx(np.full(6, 1 / 6))
    assert population.notes == ()


def test_as_many_as_there_are_draws_exactly_the_observed_once_each() -> None:
    assert edit_population(SIX, []).draw_rows(6, rng()).tolist() == [0, 1, 2, 3, 4, 5]
    assert edit_population(SIX, []).draw(6, rng())[5] == {"party": None, "age": None, "sex": "m"}


@pytest.mark.parametrize(
    ("edits", "left"),
    [
        ([Filter("party", ("A",))], [0, 1, 2]),
        ([Filter("party", ("A", None))], [0, 1, 2, 5]),
        ([Filter("party", (None,))], [5]),
        ([Range("age", 30, 50)], [1, 2, 3]),
        ([Range("age", None, 30)], [0, 1]),
        ([Range("age", 55, None)], [4]),
        ([Filter("party", ("A",)), Filter("sex", ("f",)), Range("age", 30, None)], [2]),
    ],
)
def test_filters_choose_people_by_what_was_observed(edits: list[Edit], left: list[int]) -> None:
    population = edit_population(SIX, edits)
    assert ids(population) == left
    assert population.weights == pytest.approx(np.full(len(left), 1 / len(left)))
    assert edit_population(SIX, edits[::-1]).personas.equals(population.personas)


def test_people_whose_weights_are_partly_missing_count_with_the_average_of_the_others() -> None:
    weights, notes = start_weights(pl.DataFrame({"weight": [2.0, None, 4.0, None]}))
    assert weights.tolist() == pytest.approx([2 / 3, 1, 4 / 3, 1])  # in units of the mean, 3
    assert notes == ["Participants without a survey weight (2 of 4) count with the average weight."]


@pytest.mark.parametrize("unit", [1e308, 1e-320])
def test_weights_count_by_their_ratio_however_large(unit: float) -> None:
    weights, _ = start_weights(pl.DataFrame({"weight": [unit, unit, None, 0.0]}))
    assert weights.tolist() == pytest.approx([1.5, 1.5, 1, 0])


def test_a_filter_that_leaves_nobody_is_named() -> None:
    with pytest.raises(PopulationError, match="no one is left after the edit 'age is 30 or less'"):
        edit_population(SIX, [Filter("party", ("B",)), Range("age", None, 30)])


def test_a_set_value_is_given_to_everybody_and_filters_still_choose_by_the_observed_one() -> None:
    population = edit_population(SIX, [SetValue("party", "B"), Filter("party", ("A",))])
    assert ids(population) == [0, 1, 2]
    assert set(population.personas["party"]) == {"B"}
    assert population.personas["age"].to_list() == [20, 30, 40]


@pytest.mark.parametrize("value", ["C", None])
def test_everybody_can_be_set_to_what_nobody_has(value: str | None) -> None:
    assert set(edit_population(SIX, [SetValue("party", value)]).personas["party"]) == {value}


def test_shares_re_weight_and_keep_the_composition_within_each_value() -> None:
    population = edit_population(SIX, [Shares("party", (("A", 0.2), ("B", 0.8)))])
    assert weight_by(population, "party") == {"A": pytest.approx(0.2), "B": pytest.approx(0.8)}
    assert population.weights == pytest.approx([0.2 / 3] * 3 + [0.4] * 2)
    assert population.notes == ()


def test_a_value_without_a_share_no_longer_takes_part() -> None:
    assert ids(edit_population(SIX, [Shares("party", (("A", 1.0), ("B", 0.0)))])) == [0, 1, 2]


def test_several_shares_hold_at_once() -> None:
    edits = [Shares("party", (("A", 0.5), ("B", 0.3), (None, 0.2))), Shares("sex", (("f", 0.7), ("m", 0.3)))]
    for order in (edits, edits[::-1]):
        population = edit_population(SIX, order)
        assert weight_by(population, "sex")["f"] == pytest.approx(0.7, abs=1e-5)
        assert weight_by(population, "party")["A"] == pytest.approx(0.5, abs=1e-5)


def test_shares_that_contradict_each_other_are_refused() -> None:
    table = people(party=["A", "B"], sex=["f", "m"])
    with pytest.raises(PopulationError, match="shares of party and sex cannot be met at the same time"):
        edit_population(table, [Shares("party", (("A", 0.9), ("B", 0.1))), Shares("sex", (("f", 0.1), ("m", 0.9)))])


def test_a_share_for_a_value_that_nobody_has_is_made_of_copies_and_said() -> None:
    population = edit_population(SIX, [Shares("party", (("A", 0.5), ("C", 0.5)))])
    assert weight_by(population, "party") == {"A": pytest.approx(0.5), "C": pytest.approx(0.5)}
    copies = population.personas.filter(pl.col("party") == "C")
    assert copies["age"].to_list() == [20, 30, 40, 50, 60, None]  # everybody else as they are
    assert population.notes == (
        "Nobody here has party C: its 50.0% are other participants with that value in place of theirs.",
    )


def test_survey_weights_are_where_shares_start_from() -> None:
    table = people([1.0, 3.0, 2.0, 2.0], party=["A", "A", "B", "B"])
    assert edit_population(table, []).weights == pytest.approx([1 / 8, 3 / 8, 2 / 8, 2 / 8])
    shared = edit_population(table, [Shares("party", (("A", 0.4), ("B", 0.6)))])
    assert shared.weights == pytest.approx([0.1, 0.3, 0.3, 0.3])


def test_an_unknown_survey_weight_counts_as_the_average_and_is_said() -> None:
    population = edit_population(people([1.0, 3.0, None]), [])
    assert population.weights == pytest.approx([1 / 6, 3 / 6, 2 / 6])
    assert population.notes == ("Participants without a survey weight (1 of 3) count with the average weight.",)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [0.0, 0.0], [1.0, math.nan], [1.0, math.inf]])
def test_survey_weights_that_mean_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(PopulationError, match="survey weights"):
        edit_population(people(weights), [])


def test_a_zero_weight_takes_nobody_along() -> None:
    table = people([0.0, 1.0, 1.0], party=["A", "B", "B"])
    assert ids(edit_population(table, [])) == [1, 2]
    with pytest.raises(PopulationError, match="no one is left"):
        edit_population(table, [Filter("party", ("A",))])


def test_people_of_whom_nothing_is_known_are_personas_without_attributes() -> None:
    assert edit_population(people([None, None, None]), []).draw(3, rng()) == [{}, {}, {}]
    nobody = people([None]).clear()
    population = edit_population(nobody, [])
    assert population.draw(2, rng()) == [{}, {}]
    assert population.notes == ("Nothing is known about the participants of this study.",)


def test_only_some_ids_may_be_chosen_from() -> None:
    assert ids(edit_population(SIX, [], among=[4, 0, 0, 99])) == [0, 4]


@pytest.mark.parametrize("n", [0, -1])
def test_nobody_cannot_be_drawn(n: int) -> None:
    with pytest.raises(PopulationError, match="choose 1 or more"):
        edit_population(SIX, []).draw_rows(n, rng())


@given(st.integers(1, 300), st.integers(0, 10**6), st.lists(st.floats(0.01, 100), min_size=1, max_size=40))
def test_everybody_is_drawn_as_often_as_their_weight_says_up_to_rounding(n: int, seed: int, w: list[float]) -> None:
    population = edit_population(people([*w], age=list(range(len(w)))), [])
    times = np.bincount(population.draw_rows(n, np.random.default_rng(seed)), minlength=len(w))
    expected = n * np.array(w) / sum(w)
    assert times.sum() == n
    assert (np.abs(times - expected) < 1 + 1e-6).all()


def test_rounding_favours_nobody() -> None:
    population = edit_population(SIX, [])
    counts = Counter(int(row) for seed in range(3000) for row in population.draw_rows(1, np.random.default_rng(seed)))
    assert all(abs(counts[row] - 500) < 100 for row in range(6))


def test_a_small_draw_keeps_the_shares_of_attributes() -> None:
    table = people(sex=["f"] * 700 + ["m"] * 300)
    drawn = [persona["sex"] for persona in edit_population(table, []).draw(10, rng())]
    assert drawn.count("f") == 7


def test_the_same_seed_draws_the_same_people() -> None:
    population = edit_population(SIX, [])
    assert population.draw_rows(4, rng()).tolist() == population.draw_rows(4, rng()).tolist()


# -- whom to compare with


@pytest.mark.parametrize(
    ("edits", "members", "description"),
    [
        ([], [0, 1, 2, 3, 4, 5], "everybody who answered"),
        ([Filter("party", ("A", "B"))], [0, 1, 2, 3, 4], "the people whose party is A or B"),
        ([Range("age", 30, 50)], [1, 2, 3], "the people whose age is 30 to 50"),
        ([SetValue("party", "B")], [3, 4], "the people who really have party B"),
        # in the edited population nobody is in A any more
        ([Filter("party", ("A",)), SetValue("party", "B")], [3, 4], "the people who really have party B"),
        (
            [SetValue("party", "B"), Filter("sex", ("m",))],
            [3],
            "the people who really have party B, whose sex is m",
        ),
    ],
)
def test_the_actual_group_is_what_the_edits_make_of_the_population(
    edits: list[Edit], members: list[int], description: str
) -> None:
    group = group_of(edits)
    assert group.participant_ids.tolist() == members
    assert group.weights == pytest.approx(np.full(len(members), 1 / len(members)))
    assert group.description == description


def test_the_actual_group_of_shares_is_re_weighted() -> None:
    group = group_of([Shares("party", (("A", 0.2), ("B", 0.8)))])
    assert group.weights == pytest.approx([0.2 / 3] * 3 + [0.4] * 2)
    assert group.description == "the people re-weighted so that party is 20.0% A, 80.0% B"


def test_the_actual_group_is_among_those_who_answered() -> None:
    assert group_of([Filter("party", ("A",))], among=[1, 2, 3]).participant_ids.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("edits", "among", "reason"),
    [
        ([SetValue("party", "C")], None, "Nobody who answered is among the people who really have party C."),
        ([SetValue("party", "B")], [0, 1], "Nobody who answered is among the people who really have party B."),
        ([Filter("party", ("B",))], [0], "Nobody who answered is among the people whose party is B."),
        ([Shares("party", (("A", 0.5), ("C", 0.5)))], None, "Nobody who answered has party C"),
        ([Shares("party", (("A", 0.5), ("B", 0.5)))], [0, 1], "Nobody who answered has party B"),
        ([], [], "Nobody answered."),
    ],
)
def test_without_such_people_the_reason_is_given(edits: list[Edit], among: list[int] | None, reason: str) -> None:
    group = actual_of_same_group(SIX, edits, among)
    assert isinstance(group, NoActualGroup)
    assert reason in group.reason


def test_edits_that_make_no_sense_are_refused_for_the_actual_group_too() -> None:
    with pytest.raises(PopulationError, match="no attribute 'x'"):
        actual_of_same_group(SIX, [SetValue("x", 1)])


@pytest.mark.parametrize("n", [3, 10, 25])
def test_what_a_draw_leaves_to_chance_is_what_repeated_draws_vary_by(n: int) -> None:
    # ten people without attributes, one of whom counts; independent draws would have variance .1 · .9 / n
    population = edit_population(people(None, age=[None] * 10), [])
    means = [float((population.draw_rows(n, np.random.default_rng(seed)) == 0).mean()) for seed in range(4000)]
    assert np.var(means) == pytest.approx(population.left_to_chance(n) * 0.09 / n * 10 / 9, rel=0.1, abs=1e-12)


def of_kinds(*numbers: int) -> EditedPeople:
    """So many people of each kind, all with the same weight."""
    kinds = [f"kind {place}" for place, number in enumerate(numbers) for _ in range(number)]
    return edit_population(people(kind=kinds), ())


def test_all_kinds_of_people_are_drawn_with_weights_that_give_their_shares() -> None:
    # Of 10, quotas are 9, 0.9 and 0.1: one person each, and the other seven to the first kind
    rows, weights = of_kinds(90, 9, 1).draw_all_kinds(10, rng()) or ((), ())
    assert [len([row for row in rows if low <= row < high]) for low, high in ((0, 90), (90, 99), (99, 100))] == [
        8,
        1,
        1,
    ]
    assert sorted(weights) == pytest.approx([0.1, 0.9, *[9 / 8] * 8])
    assert len(set(rows)) == 10  # nobody twice where there are enough


def test_more_kinds_than_are_drawn_cannot_all_be_there() -> None:
    assert of_kinds(1, 1, 1).draw_all_kinds(2, rng()) is None


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 99), st.integers(0, 30))
def test_whoever_is_drawn_the_shares_of_kinds_are_the_populations(numbers: list[int], seed: int, more: int) -> None:
    population = of_kinds(*numbers)
    n = len(numbers) + more
    found = population.draw_all_kinds(n, np.random.default_rng(seed))
    assert found is not None
    rows, weights = found
    kinds = population.personas["kind"].to_list()
    for place, number in enumerate(numbers):
        of_kind = sum(w for row, w in zip(rows, weights, strict=True) if kinds[row] == f"kind {place}")
        assert of_kind / n == pytest.approx(number / sum(numbers))
