import pytest

from socrates_core.errors import SocratesError, SourceError
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.writing import raw_text, study_text
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.ui.your_study.draft import (
    ConditionDraft,
    Draft,
    OutcomeDraft,
    ScaleDraft,
    draft_of,
    opened,
    written,
)
from socrates_core.ui.your_study.population import PeopleDraft, SharesDraft, same_population
from socrates_core.ui.your_study.tab import EXAMPLE
from tests.study.study_file.test_writing import SURE


def test_a_study_file_is_opened_and_written_as_the_same_study() -> None:
    form = form_of(SURE, "menu.yaml")
    assert form_of(written(opened(study_text(form))).raw, "menu.yaml") == form


def test_the_example_can_be_run_as_it_is() -> None:
    found = written(opened(EXAMPLE.read_text("utf-8")))
    assert found.ready
    assert found.findings == ()


def scale(kind: str, **texts: str) -> object:
    draft = Draft(outcomes=(OutcomeDraft(name="x", question="How?", scale=ScaleDraft(kind=kind, **texts)),))
    return written(draft).raw["outcomes"][0].get("scale")


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        ("", {}, None),
        ("agreement-5", {}, "agreement-5"),
        ("numbers", {"low": "0", "high": "10"}, "0-10"),
        ("numbers", {"low": "1", "high": "4", "labels": "Never\n4 = Always"}, {1: "Never", 4: "Always"}),
        ("numbers", {"low": "1", "high": "many"}, None),
        ("labels", {"labels": "Low\nHigh"}, {1: "Low", 2: "High"}),
        ("nominal", {"labels": "Pasta\n\nSteak\n9 = Soup"}, {1: "Pasta", 2: "Steak", 9: "Soup"}),
        ("nominal", {"labels": "Pasta"}, None),
        ("open", {}, "open"),
    ],
)
def test_lines_are_labels_with_or_without_their_numbers(kind: str, texts: dict[str, str], expected: object) -> None:
    found = scale(kind, **texts)
    assert (found["labels"] if isinstance(found, dict) else found) == expected


def test_options_off_the_axis_follow_the_others_unless_numbered() -> None:
    found = scale("agreement-5", off="Don't know\n99 = Refused")
    assert isinstance(found, dict)
    assert found["off_axis"] == {6: "Don't know", 99: "Refused"}


def test_a_number_given_twice_is_found_and_no_label_is_lost_in_silence() -> None:
    nominal = ScaleDraft(kind="nominal", labels="1 = Pasta\n1 = Steak\n2 = Soup")
    found = written(Draft(outcomes=(OutcomeDraft(name="x", question="How?", scale=nominal),)))
    assert "outcomes[0].scale: two labels have the same number; give each its own" in map(str, found.findings)
    assert not found.ready


def listed(personas: str) -> PeopleDraft:
    return PeopleDraft(kind="personas", personas=personas)


def weighted(*margins: SharesDraft) -> PeopleDraft:
    return PeopleDraft(kind="margins", margins=margins)


def shares(attribute: str, **percent: str) -> SharesDraft:
    return SharesDraft(attribute=attribute, shares=tuple(percent.items()))


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (PeopleDraft(), "gss-answers"),
        (PeopleDraft(kind="nobody"), None),
        (PeopleDraft(kind="observed", study="gss-welfare"), "observed:gss-welfare"),
        (listed("age: 30, gender: Female\n"), [{"age": 30, "gender": "Female"}]),
        (PeopleDraft(kind="observed", study="one@mine"), "observed:one@mine"),
        (
            PeopleDraft(kind="personas", personas="age\tweight\n30\t2\n\n71\t\n"),
            [{"age": 30, "weight": 2}, {"age": 71}],
        ),
        (
            PeopleDraft(kind="personas", personas='name;mark\n=1+1;"<b>a;b</b>"\n'),
            [{"name": "=1+1", "mark": "<b>a;b</b>"}],
        ),
        (
            PeopleDraft(kind="margins", margins=(shares("gender", Female="60 %", Male="40"),)),
            {"of": "gss-answers", "margins": {"gender": {"Female": 0.6, "Male": 0.4}}},
        ),
        (
            PeopleDraft(kind="margins", of="observed:one", tables="gender,age,share\nFemale,30,60\nMale,71,40\n"),
            {"of": "observed:one", "margins": {"gender × age": {"Female": {30: 60.0}, "Male": {71: 40.0}}}},
        ),
    ],
)
def test_people_are_written_as_one_says_them(people: PeopleDraft, expected: object) -> None:
    assert written(Draft(people=people)).raw.get("population") == expected


TABLE = "gender,age,share\nFemale,30,60\n"


@pytest.mark.parametrize(
    ("people", "place", "message"),
    [
        (listed("30, woman"), "personas", "the table has names of columns and no row; a"),
        (listed("age: 30\nold"), "personas", "line 2: expected names and values"),
        (listed("a,b\n1,2,3\n"), "personas", "row 1 has 3 cells, and the first line names 2"),
        (listed("a,a\n1,2\n"), "personas", "two columns are called 'a'; rename one"),
        (listed('a,b\n"1,2\n'), "personas", "row 1 cannot be read (unexpected end of data)"),
        (listed("age\n" + "30\n" * 100_000), "personas", "the table has 100,000 rows, at most"),
        (PeopleDraft(kind="margins"), "margins", "choose an attribute and give its values shares"),
        (weighted(shares("sex", A="60", B="30")), "margins.sex", "add up to 90 %: 10 % missing"),
        (weighted(shares("sex", A="60", B="a")), "margins.sex", "B: expected a percentage"),
        (weighted(shares("sex", A="-1", B="101")), "margins.sex", "A: expected a percentage"),
        (weighted(shares("sex", A="100"), shares("sex", A="100")), "margins.sex", "has shares twice"),
        (PeopleDraft(kind="margins", tables="a,b\n1,2\n"), "tables", "expected a column `share`"),
        (PeopleDraft(kind="margins", tables=f"{TABLE}\n{TABLE}"), "tables", "gender × age has shares twice"),
    ],
)  # fmt: skip
def test_people_that_cannot_be_read_are_found_beside_their_field(people: PeopleDraft, place: str, message: str) -> None:
    found = {".".join(map(str, one.place)): one for one in reversed(written(Draft(people=people)).findings)}
    assert message in found[f"population.{place}"].message
    assert found[f"population.{place}"].blocks


@pytest.mark.parametrize(
    "population",
    [
        "observed:one@mine",
        [{"age": 30, "weight": "2.5"}, {"age": 71, "note": "one, two: three"}],
        [{"age": place} for place in range(30)],
        {"of": "observed:one", "margins": {"age": {30: 33.3, 71: 66.7}, "a × b": {"x, y": {1: 0.25}, "z": {2: 0.75}}}},
    ],
)
def test_people_of_a_study_file_come_back_as_they_were(population: object) -> None:
    raw = {**SURE, "population": population}
    again = written(opened(raw_text(raw))).raw
    assert form_of(read_yaml(raw_text(again), "again"), "again").population is not None
    assert same_population(again["population"]) == same_population(population) or again["population"] == [
        {**one, "weight": one["weight"]} if "weight" in one else one
        for one in population  # type: ignore[attr-defined]
    ]


def test_an_unfinished_study_can_be_saved_and_opened_again() -> None:
    draft = Draft(title="Half", conditions=(ConditionDraft(label="A", control=True), ConditionDraft(text="B")))
    assert opened(raw_text(written(draft).raw)) == draft


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x", "is not a study file"),
        ("socrates_study: 1\ntitel: x", "titel: there is no such key"),
        ("socrates_study: 1\nconditions: 5", "cannot be shown: title: is missing"),
        ("socrates_study: 1\ntitle: x\npopulation: people.csv", "cannot be shown"),
        ("- a\n- b", "is not a study file"),
        ("a: [", "line"),
    ],
)
def test_a_file_of_which_the_page_would_lose_something_is_not_opened(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        opened(text)


@pytest.mark.parametrize("text", ["{", "[]", '{"titel": 1}', '{"conditions": 7}', '{"title": ' + "9" * 90_000 + "}"])
def test_what_the_page_never_sends_is_refused(text: str) -> None:
    with pytest.raises(SocratesError, match=r"cannot be read|at most 80,000 characters"):
        draft_of(text)
