from pathlib import Path

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.prepare import show_proposal
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.table.map.form import TableMap, map_of, read_map
from socrates_core.study.sources.table.map.look import looked_at
from socrates_core.study.sources.table.map.recognition import Guess, propose, proposed
from socrates_core.study.sources.table.map.scale_guess import FILES
from socrates_core.study.sources.table.map.writing import map_text, proposal_text
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.study_file.yaml_text import read_yaml


def guessed(name: str, *values: str | None, notes: ColumnNotes | None = None, times: int = 1) -> Guess:
    """What a column of these values is taken for, beside an id."""
    column = [*values] * times
    rows = pl.DataFrame({"ResponseId": [f"R_{place}" for place in range(len(column))], name: column})
    return proposed(looked_at(rows, {} if notes is None else {name: notes})).guesses[-1]


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("condition", ("a", "b"), "condition"),
        ("Treatment_group", ("1", "2", "3"), "condition"),
        ("target", ("broad", "female"), "condition"),
        ("age", ("23", "44", "71"), "attribute"),
        ("Q12_gender", ("Male", "Female"), "attribute"),
        ("wt", ("0.8", "1.2"), "weight"),
        ("trust_1", ("1", "2", "5"), "outcome"),
        ("StartDate", ("2026-01-01 10:00", "2026-01-01 10:01"), "left out"),
        ("Duration (in seconds)", ("100", "200"), "left out"),
        ("Finished", ("1", "0"), "left out"),
        ("RecipientEmail", ("x", "y"), "left out"),
        ("contact", ("ann@example.org", "bob@example.org"), "left out"),
        ("IPAddress", ("10.0.0.1", "10.0.0.2"), "left out"),
        ("LocationLatitude", ("48.1", "52.5"), "left out"),
        ("Q9_TEXT", ("I think that this is a long story, which I tell in my own words.", "No"), "left out"),
        ("visited", ("3.2.2026", "4.2.2026"), "left out"),
        ("constant", ("1", "1"), "left out"),
        ("empty", (None, None), "left out"),
        ("clicks", tuple(map(str, range(13, 300, 7))), "left out"),
        ("dish", ("Pasta", "Steak"), "left out"),
    ],
)
def test_a_column_is_what_its_name_and_values_say(name: str, values: tuple[str | None, ...], role: str) -> None:
    found = guessed(name, *values)
    assert found.role == role
    assert found.reason


def test_ends_that_were_only_seen_are_to_be_checked() -> None:
    found = guessed("q1", "2", "3", "5")
    assert found.scale == {"from": 2, "to": 5}
    assert "The ends 2 and 5 are only the lowest and highest answer seen" in found.checks[1]
    assert "The file has no text for this question" in found.checks[0]


def test_labels_of_the_file_are_the_scale() -> None:
    labels = {"1": "Strongly disagree", "2": "Disagree", "3": "Agree", "4": "Strongly agree", "8": "Don't know"}
    notes = ColumnNotes("I trust it.", labels, missing=("9",))
    found = guessed("q1", "1", "2", "8", "9", notes=notes)
    assert found.scale == {
        "from": 1,
        "to": 4,
        "labels": {1: "Strongly disagree", 2: "Disagree", 3: "Agree", 4: "Strongly agree"},
        "off_axis": {8: "Don't know"},
    }
    assert found.missing == ("9",)
    assert [check for check in found.checks if "ends" in check or "order" in check] == []


def test_labels_with_gaps_are_the_only_options() -> None:
    notes = ColumnNotes("Do you?", {"1": "Yes", "5": "No", "8": "Don't know"})
    found = guessed("q1", "1", "5", "8", notes=notes)
    assert (found.role, found.scale) == ("outcome", FILES)
    assert "Only 1, 5 are options, as the file labels them: is none missing?" in found.checks
    between = guessed("q1", "1", "3", "5", notes=ColumnNotes("How?", {"1": "Never", "5": "Always"}))
    assert between.scale == {"from": 1, "to": 5, "labels": {1: "Never", 5: "Always"}}


def test_the_order_of_words_is_never_guessed_in_silence() -> None:
    asked = ColumnNotes("Which dish?")
    menu = guessed("dish", "Pasta", "Steak", "Pasta", "Don't know", notes=asked)
    # by their frequency, which is no order
    assert menu.scale == {"nominal": True, "labels": {1: "Pasta", 2: "Steak"}, "off_axis": {3: "Don't know"}}
    assert "Nobody says the order of these words" in menu.checks[0]
    agreement = guessed("agree", "Agree", "Strongly agree", "Disagree", notes=asked)
    assert isinstance(agreement.scale, dict)
    assert agreement.scale["labels"][1] == "Strongly disagree"
    assert "please check" in agreement.checks[0]
    two = guessed("agree", "Agree", "Disagree", notes=asked)  # there may have been no other options
    assert two.scale == {"nominal": True, "labels": {1: "Agree", 2: "Disagree"}}
    region = guessed("q", "1", "2", "3", notes=ColumnNotes("Where?", {"1": "North", "2": "South", "3": "West"}))
    assert "The order is that of the numbers" in region.checks[0]


@pytest.mark.parametrize(
    ("values", "ends", "missing"),
    [
        (("1", "3", "5", "99"), (1, 5), ("99",)),
        (("1", "3", "5", "-99", "-98"), (1, 5), ("-99", "-98")),
        (("1", "2", "3", "4", "5", "9"), (1, 5), ("9",)),
        (("1", "2", "3", "4", "5", "6", "7", "8", "9"), (1, 9), ()),  # nine points
        (("-3", "-2", "-1", "0", "1", "2", "3"), (-3, 3), ()),
        (("0", "10", "66", "88", "99", "100"), (0, 100), ()),  # a slider
        (("0", "1", "2", "-1"), (-1, 2), ()),  # one step below: to be decided by a person
    ],
)
def test_codes_for_no_answer_are_proposed_only_far_from_all_answers(
    values: tuple[str, ...], ends: tuple[int, int], missing: tuple[str, ...]
) -> None:
    found = guessed("q1", *values)
    assert isinstance(found.scale, dict)
    assert (found.scale["from"], found.scale["to"]) == ends
    assert sorted(found.missing) == sorted(missing)
    assert all(any(code in check for check in found.checks) for code in missing)


def test_only_one_column_is_the_condition_and_the_others_say_so() -> None:
    rows = pl.DataFrame({"group": ["a", "b"], "condition": ["x", "y"], "q": ["1", "2"]})
    roles = {guess.name: (guess.role, guess.reason) for guess in proposed(looked_at(rows, {})).guesses}
    assert roles["condition"][0] == "condition"
    assert roles["group"] == ("left out", "it may be the condition too, but 'condition' is taken for it")


def test_a_person_who_answered_twice_is_still_one_person() -> None:
    rows = pl.DataFrame({"subject_id": ["1", "1", "2", "2"], "arm": ["a", "b", "a", "b"], "q": ["1", "2", "3", "5"]})
    found = {guess.name: guess for guess in proposed(looked_at(rows, {})).guesses}["subject_id"]
    assert found.role == "participant"
    assert found.checks == ("2 rows repeat an id: they count as one person, with all their answers.",)
    party = {"pid": ["1", "2", "3", "1"], "q": ["1", "2", "3", "5"]}  # a party, and no person
    assert proposed(looked_at(pl.DataFrame(party), {})).guesses[0].role == "outcome"


def test_kilograms_are_not_taken_for_survey_weights_in_silence() -> None:
    kilograms = guessed("weight", "61.5", "80", "72")
    assert kilograms.role == "weight"
    assert "It is 71.17 on average, and survey weights are about 1" in kilograms.checks[0]
    assert guessed("weight", "0.5", "1.5", "1").checks == ()


def test_codes_of_attributes_need_their_labels_and_codes_for_no_answer_are_no_attribute() -> None:
    gender = guessed("gender", "1", "2", "99")
    assert gender.missing == ("99",)
    assert "99 occurs 1 times" in gender.checks[0]
    assert gender.checks[1] == "Nobody says what 1, 2 mean, and the model reads these numbers: add their labels."
    labelled = guessed("gender", "1", "2", notes=ColumnNotes("Gender", {"1": "Male", "2": "Female"}))
    assert labelled.checks == ()
    assert guessed("age", "20", "30", "45").checks == guessed("children", "0", "1", "2").checks == ()


def test_only_files_that_are_read_get_a_proposal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problems = {"survey.qsf": "is a survey, without answers", "data.rds": "a file of R", "blank.csv": "is empty"}
    for name, problem in problems.items():
        (tmp_path / name).write_text("" if name == "blank.csv" else "{}")
        with pytest.raises(SourceError, match=problem):
            show_proposal(str(tmp_path / name), tmp_path / "map.yaml")
    (tmp_path / "komma.csv").write_text("ResponseId;gewicht;q\nR_1;0,5;1\nR_2;1,5;4\n", "utf-8")
    show_proposal(str(tmp_path / "komma.csv"), tmp_path / "map.yaml")
    assert "note         komma.csv: fields end with a semicolon" in capsys.readouterr().out


def test_a_proposed_map_is_written_read_and_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "answers.csv"
    rows = ["ResponseId,email,arm,q1,q2", "R_1,a@b.org,control,1,7", "R_2,c@d.org,label,5,99", "R_3,e@f.org,label,4,6"]
    table.write_text("\n".join(rows), "utf-8")
    show_proposal(str(table), tmp_path / "map.yaml")
    said = capsys.readouterr().out
    assert "left out     email: it holds an e-mail address, which may tell who somebody is" in said
    assert "please check: 99 occurs 1 times and lies far from 6 to 7: it is taken as no answer." in said
    form = read_map(tmp_path / "map.yaml")
    assert form == propose(table).form
    studies = load_table(table_at(table, form))
    assert len(studies.responses) == 5  # six answers, one of which is a code
    assert studies.attributes == []
    with pytest.raises(SourceError, match="exists already"):
        show_proposal(str(table), tmp_path / "map.yaml")


def test_a_map_is_written_as_it_was_read() -> None:
    raw = {
        "participant": "id",
        "condition": {"column": "arm", "labels": {"1": "No", "2": "012"}, "texts": {"1": "a: b", "2": "# x"},
                      "control": "2"},
        "missing": ["-99"],
        "leave_out": ["e-mail", "null"],
        "attributes": {"age": {}, "sex": {"name": "gender", "labels": {"1": "Male"}, "missing": ["9"]}},
        "outcomes": {
            "q1": {"question": "Yes?", "scale": {"from": 0.5, "to": 5, "step": 0.5, "off_axis": {}}, "missing": ["9"]},
            "q2": {"question": "Which?", "scale": {"nominal": True, "labels": {1: "Pasta", 2: "=1+1"}}},
            "q3": {"question": "How many?", "scale": "open", "text": "Read this.\n\nAnd this."},
        },
    }  # fmt: skip
    form = map_of(raw, "the test")
    text = map_text(form, {"a\n- b": "left\nout"})
    assert text.startswith("# a - b: left out\nparticipant: id\n")
    assert map_of(read_yaml(text, "the map"), "the map") == form


def test_hostile_names_and_cells_stay_text(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    name = "q1\n- x: [&a"
    table.write_text(f'"{name}",=2+5\n"1",<b>a</b>\n"2",=cmd()\n', "utf-8")
    proposal = propose(table)
    text = proposal_text(proposal)
    assert map_of(read_yaml(text, "the map"), "the map") == proposal.form
    assert list(proposal.form.outcomes) == [name]


def test_an_empty_table_says_so(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("a,b\n", "utf-8")
    with pytest.raises(SourceError, match="has no rows below its column names"):
        propose(table)


def test_a_column_has_its_own_codes_for_no_answer(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,q1,q2,age\na,9,9,99\nb,1,2,30\n", "utf-8")
    outcomes = {
        "q1": {"question": "One?", "scale": {"from": 1, "to": 5}, "missing": [9]},
        "q2": {"question": "Two?", "scale": {"from": 0, "to": 10}},
    }
    form = TableMap.model_validate(
        {"participant": "id", "outcomes": outcomes, "attributes": {"age": {"missing": [99]}}}
    )
    studies = load_table(table_at(tmp_path / "t.csv", form))
    answers = dict(studies.responses.group_by("cell_id").agg(pl.col("response").sort()).iter_rows())
    assert answers == {0: [1], 1: [2, 9]}
    assert dict(studies.participants.select("participant", "age").iter_rows()) == {"a": None, "b": 30}


def test_a_column_that_is_left_out_is_not_read_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("participant,weight,demo_name,q1\na,2,Ann,1\nb,1,Bob,2\n", "utf-8")
    raw = {
        "leave_out": ["weight", "demo_name"],
        "outcomes": {"q1": {"question": "One?", "scale": {"from": 1, "to": 5}}},
    }
    studies = load_table(table_at(tmp_path / "t.csv", map_of(raw, "the test")))
    assert studies.attributes == []
    assert studies.participants["weight"].to_list() == [None, None]
    with pytest.raises(SourceError, match="no column 'wieght', which the map leaves out; did you mean 'weight'"):
        load_table(table_at(tmp_path / "t.csv", map_of(raw | {"leave_out": ["wieght"]}, "the test")))


@pytest.mark.parametrize(("control", "first"), [("b", "Label"), ("a", "Plain")])
def test_the_map_may_name_the_control(tmp_path: Path, control: str, first: str) -> None:
    (tmp_path / "t.csv").write_text("arm,q1\na,1\nb,2\n", "utf-8")
    raw = {
        "condition": {"column": "arm", "labels": {"a": "Plain", "b": "Label"}, "control": control},
        "outcomes": {"q1": {"question": "One?", "scale": {"from": 1, "to": 5}}},
    }
    assert load_table(table_at(tmp_path / "t.csv", map_of(raw, "the test"))).cell(0).condition == first
    raw["condition"] = {"column": "arm", "control": "c"}
    with pytest.raises(SourceError, match="no row has the condition 'c', which the map names as the control"):
        load_table(table_at(tmp_path / "t.csv", map_of(raw, "the test")))
