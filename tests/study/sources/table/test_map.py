import csv
import json
from pathlib import Path

import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.table.map.form import read_map
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.study_set import StudySet
from tests.study.sources.table.test_tidy import HEADER, table

WIDE = """
study: trust
participant: ResponseId
condition: {column: arm, labels: {a: Plain, b: Label}, texts: {a: "", b: You see a label.}}
weight: wt
attributes: {age: {}, q7: {name: gender, labels: {1: Male, 2: Female}}}
missing: [-99]
outcomes:
  q1: {name: trust, question: "How much do you trust it?", scale: {from: 1, to: 5, labels: {5: Very}}}
  q2: {question: "How much do you like it?", scale: {from: 1, to: 3, off_axis: {8: Don't know}}}
"""
DOLLARS = "How many dollars? Only return an integer."
HALVES = '"How warm? Only return an integer from 1 (cold) to 5 (hot)."'


def load(folder: Path, columns: str, *rows: str) -> StudySet:
    (folder / "map.yaml").write_text(columns, "utf-8")
    return load_table(table_at(table(folder / "mine.csv", *rows), read_map(folder / "map.yaml")))


def halves(folder: Path, columns: str) -> StudySet:
    """Eight answers from 1 to 4.5."""
    return load(folder, columns, HEADER, *(f"s,1,p{i},{1 + i / 2},{HALVES}" for i in range(8)))


def test_a_table_with_a_row_a_person_is_read_as_the_map_says(tmp_path: Path) -> None:
    header = "ResponseId,arm,age,q7,wt,q1,q2,browser"
    rows = ["r1,a,30,1,1.5,5,2,x", "r2,b,-99,2,1,Very,8,x", "r3,b,41,3,,,1,x"]
    studies = load(tmp_path, WIDE, header, *rows)
    cells = studies.cells.select("condition_num", "condition", "task_num").rows()
    assert cells == [(1, "Plain", 0), (1, "Plain", 1), (2, "Label", 0), (2, "Label", 1)]
    assert studies.cells["stimulus"][2] == (
        'You see a label.\n\nHow much do you trust it?\n\nOnly return an integer from 1 to 5, where 5 means "Very".'
    )
    assert studies.participants.select("participant", "weight", "age", "gender").rows() == [
        ("r1", 1.5, 30, "Male"), ("r2", 1.0, None, "Female"), ("r3", None, 41, "3"),
    ]  # fmt: skip
    assert [studies.answers(cell).responses.tolist() for cell in range(4)] == [[5], [2], [5], [8, 1]]
    assert studies.cell(3).scale.off_axis == {8: "Don't know"}
    assert {note.partition(": ")[2] for note in studies.manifest.notes if "mine.csv" in note} == {
        "the map does not name the column browser; nothing reads it",
        "q1 is not answered by 1 person",
    }


def test_a_weight_that_the_map_does_not_name_is_read_and_named(tmp_path: Path) -> None:
    columns = "{participant: id, condition: arm, outcomes: {q: {question: 'One?', scale: {from: 1, to: 5}}}}"
    studies = load(tmp_path, columns, "id,arm,weight,q", "r1,a,61,5", "r2,b,90,1")
    assert studies.participants["weight"].to_list() == [61, 90]
    assert (
        "mine.csv: the map does not name the column weight, which is read for its name; if it is something else, "
        "`leave_out: [weight]`"
    ) in studies.manifest.notes


def test_a_column_that_is_called_as_ours_gives_way_to_the_one_in_the_map(tmp_path: Path) -> None:
    columns = "{participant: id, condition: arm, outcomes: {q: {question: 'One?', scale: {from: 1, to: 5}}}}"
    studies = load(tmp_path, columns, "id,arm,condition,q", "r1,a,x,5", "r2,b,x,1")
    assert studies.cells["condition"].to_list() == ["a", "b"]
    said = "mine.csv: nothing reads the column condition, since the map takes arm for it"
    assert said in studies.manifest.notes


def test_messages_hold_no_addresses(tmp_path: Path) -> None:
    columns = "{participant: id, condition: arm, NAME: mail, outcomes: {q: {question: 'A?', scale: {from: 1, to: 5}}}}"
    rows = ("id,arm,mail,q", "r1,a,ann@example.org,5", "r2,b,bob@example.org,1")
    for name in ("weight", "group"):
        with pytest.raises(SourceError, match="an e-mail address") as raised:
            load(tmp_path, columns.replace("NAME", name), *rows)
        assert "example.org" not in str(raised.value)


def test_sixty_people_give_two_outcomes_in_two_arms(tmp_path: Path) -> None:
    rows = [f"R_{i},{'ab'[i % 2]},{1 + i % 5},{1 + i * 2 % 5}" for i in range(60)]
    columns = (
        "{participant: ResponseId, condition: arm, outcomes: {q1: {question: 'One?', scale: {from: 1, to: 5}}, q2: "
    )
    studies = load(tmp_path, columns + "{question: 'Two?', scale: {from: 1, to: 5}}}}", "ResponseId,arm,q1,q2", *rows)
    assert (studies.study_ids, len(studies.participants), len(studies.responses)) == (["mine"], 60, 120)
    assert studies.cells.select("condition", "task_num").rows() == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]


def test_columns_of_one_name_are_the_arms_of_one_outcome(tmp_path: Path) -> None:
    columns = """{participant: id, condition: arm, outcomes: {
        y_a: {name: y, question: 'Allow it?', scale: {from: 1, to: 2}},
        y_b: {name: y, question: 'Forbid it?', scale: {from: 1, to: 2}}}}"""
    studies = load(tmp_path, columns, "id,arm,y_a,y_b", "p,a,1,", "q,b,,2")
    assert studies.cells.select("condition", "task_num", "wording_contrast").rows() == [
        ("a", 0, False),
        ("b", 0, False),
    ]


def test_an_outcome_or_attribute_may_have_a_name_of_ours(tmp_path: Path) -> None:
    columns = "{participant: id, attributes: [item], outcomes: {answer: {question: Fine, scale: {from: 1, to: 2}}}}"
    studies = load(tmp_path, columns, "id,item,answer", "p,x,2")
    assert (studies.attributes, studies.responses["response"].to_list()) == (["item"], [2])


def test_without_a_participant_each_row_is_a_person(tmp_path: Path) -> None:
    columns = "{outcomes: {y: {question: 'Fine? Only return an integer from 1 to 5.'}}}"
    studies = load(tmp_path, columns, "y", "1", "5")
    assert studies.participants["participant"].to_list() == ["1", "2"]
    assert "mine.csv: each row is a person, called by its number" in studies.manifest.notes


def test_half_steps_are_kept_in_units_of_a_half(tmp_path: Path) -> None:
    studies = halves(tmp_path, "scale: {step: 0.5}")
    (cell,) = studies.cells_of("s")
    assert (cell.scale.values, cell.scale.unit) == (tuple(range(2, 11)), 0.5)
    assert cell.scale.labels == {2: "cold", 10: "hot"}
    assert cell.stimulus == (
        'How warm?\n\nOnly return a number from 1 to 5 in steps of 0.5, where 1 means "cold" and 5 means "hot".'
    )
    assert studies.answers(0).responses.tolist() == [2, 3, 4, 5, 6, 7, 8, 9]


def test_half_steps_are_rounded_or_sorted_into_bins_where_the_map_says_so(tmp_path: Path) -> None:
    assert halves(tmp_path, "scale: {round: nearest}").answers(0).responses.tolist() == [1, 2, 2, 2, 3, 4, 4, 4]
    studies = halves(tmp_path, "scale: {bins: [1, 3, 5]}")
    assert studies.answers(0).responses.tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    assert studies.cell(0).stimulus.endswith('where 1 means "1 to under 3" and 2 means "3 to 5".')


def test_the_map_says_what_is_off_the_axis(tmp_path: Path) -> None:
    row = 's,1,ann,3,"Fine? Only return 1 for Yes, 2 for No, or 3 for Not sure."'
    assert load(tmp_path, "{}", HEADER, row).cell(0).scale.values == (1, 2, 3)
    studies = load(tmp_path, "scale: {off_axis: [3]}", HEADER, row)
    assert (studies.cell(0).scale.values, dict(studies.cell(0).scale.off_axis)) == ((1, 2), {3: "Not sure"})
    refused = row.replace("Not sure", "Refused")
    assert load(tmp_path, "{}", HEADER, refused).cell(0).scale.values == (1, 2)
    assert load(tmp_path, "scale: {off_axis: {}}", HEADER, refused).cell(0).scale.values == (1, 2, 3)


def test_codes_for_no_answer_are_missing_and_no_answer_off_the_scale(tmp_path: Path) -> None:
    rows = [f"s,1,p{i},{answer},{HALVES}" for i, answer in enumerate([1, 2, -99])]
    assert load(tmp_path, "{}", HEADER, *rows).manifest.counts["off_scale"] == 1
    studies = load(tmp_path, "missing: [-99]", HEADER, *rows)
    assert (studies.manifest.counts["off_scale"], studies.manifest.counts["responses"]) == (0, 2)
    assert "response: codes for no answer (-99)" in studies.manifest.notes


def test_options_without_an_order_are_those_with_a_label(tmp_path: Path) -> None:
    scale = "scale: {nominal: true, labels: {1: Pasta, 2: Steak, 5: Soup}}"
    studies = load(tmp_path, scale, HEADER, "s,1,ann,Steak,Which dish?", "s,1,bob,5,Which dish?")
    cell = studies.cell(0)
    assert (cell.scale.values, cell.scale.measurement) == ((1, 2, 5), "nominal")
    assert cell.stimulus.endswith('Only return 1 for "Pasta", 2 for "Steak" or 5 for "Soup".')
    assert studies.answers(0).responses.tolist() == [2, 5]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("particpant: x", "particpant: there is no such key; did you mean 'participant'?"),
        ("outcomes: {q1: {qestion: x}}", "outcomes.q1.qestion: there is no such key; did you mean 'question'?"),
        ("outcomes: {q1: {question: x, scale: {from: 1, too: 3}}}", "outcomes.q1.scale.too: there is no such key"),
        ("outcomes: {q1: {question: x, scale: {from: 1}}}", "outcomes.q1.scale: expected both `from` and `to`"),
        (
            "outcomes: {q1: {question: x, scale: {from: 1, to: 3, labels: {4: x}}}}",
            "a scale in the map is none: labels",
        ),
        (
            "outcomes: {q9: {question: x}}",
            "no column 'q9', which the map lists under outcomes; there are id, condition",
        ),
        ("attributes: [agee]", "no column 'agee', which the map lists under attributes; did you mean 'age'?"),
        ("participant: Person", "no column 'Person', which the map names as participant_id"),
        (
            "condition: {column: arm, labels: {a: A, c: C}}\noutcomes: {q1: {question: x}}",
            "no row has the condition 'c'",
        ),
        (
            "condition: {column: arm, labels: {a: A}}\noutcomes: {q1: {question: x}}",
            "has 'b', for which the map gives no",
        ),
        ("columns: {respons: x}", "columns: 'respons' is no column of ours; did you mean 'response'?"),
        ("scale: {from: 1, to: 5, step: 0.3}", "scale: 1 to 5 by 0.3 is not a scale"),
        ("scale: opn", "scale: expected `open`, or from and to"),
        ("participant: id\nattributes: [id]", "it says twice what the column 'id' is"),
        ("missing: 3", "missing: expected a list, got 3"),
        ("decimal: ;", "decimal: expected ',' or '.', got ';'"),
        ("- 3", "is not a map: expected keys"),
        ("a: &x 1", "there is no such key"),
        ("{", "expected the node content|YAML"),
    ],
)
def test_a_map_that_does_not_fit_says_where(tmp_path: Path, columns: str, problem: str) -> None:
    with pytest.raises(SourceError) as refused:
        load(tmp_path, columns, "id,arm,age,q1", "p,a,3,1", "q,b,3,2")
    assert any(part in str(refused.value) for part in problem.split("|"))


def test_an_outcome_whose_question_nobody_asks_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no row asks 'Gone\?', which the map names in the outcome 'y'"):
        load(tmp_path, "outcome: {y: ['Gone?']}", HEADER, f"s,1,ann,3,{HALVES}")


def test_a_map_may_be_json_and_names_encoding_and_separator(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes("Кто|r\nАня|3\n".encode("cp1251"))
    outcomes = {"r": {"question": "A?", "scale": "open"}}
    columns = {"participant": "Кто", "encoding": "cp1251", "separator": "|", "outcomes": outcomes}
    (tmp_path / "map.json").write_text(json.dumps(columns), "utf-8")
    studies = load_table(table_at(tmp_path / "mine.csv", read_map(tmp_path / "map.json")))
    assert studies.participants["participant"].to_list() == ["Аня"]
    assert studies.cell(0).scale.values is None
    assert studies.cell(0).stimulus.startswith("A?\n\nOnly return an integer")


@pytest.mark.parametrize(
    ("weights", "answers", "found"),
    [
        (["1,25", "1"], ["1", "2"], ([1.25, 1.0], [1, 2])),
        (["0,850", "1"], ["1,0", "2,0"], ([0.85, 1.0], [1, 2])),
        (["1.250,5", "1"], ["1", "2"], ([1250.5, 1.0], [1, 2])),
        (["1,250.5", "1"], ["1", "2"], ([1250.5, 1.0], [1, 2])),
        (["1 250", "1"], ["1", "2"], ([1250.0, 1.0], [1, 2])),
        (["1", "1"], ["3,0", "2"], ([1.0, 1.0], [3, 2])),
    ],
)
def test_numbers_are_read_in_the_notation_of_the_file(
    tmp_path: Path, weights: list[str], answers: list[str], found: tuple[list[float], list[int]]
) -> None:
    with (tmp_path / "mine.csv").open("w", newline="") as file:
        lines = csv.writer(file, delimiter=";")
        lines.writerow([*HEADER.split(","), "weight"])
        lines.writerows(["s", 1, f"p{i}", a, HALVES, w] for i, (a, w) in enumerate(zip(answers, weights, strict=True)))
    studies = load_table(table_at(tmp_path / "mine.csv"))
    assert (studies.participants["weight"].to_list(), studies.responses["response"].to_list()) == found


@pytest.mark.parametrize(
    ("weight", "answer", "problem"),
    [
        ("1,250", "1", "'1,250' in weight may be 1250 or 1.250; say which in a map .*decimal"),
        ("1", "1,250", "the answer '1,250' may be 1250 or 1.250; say which in a map"),
    ],
)
def test_a_number_that_may_be_two_numbers_is_for_the_author(
    tmp_path: Path, weight: str, answer: str, problem: str
) -> None:
    rows = (f"{HEADER},weight".replace(",", ";"), f"s;1;ann;{answer};{HALVES};{weight}")
    with pytest.raises(SourceError, match=problem):
        load(tmp_path, "{}", *rows)
    studies = load(tmp_path, 'decimal: "."', *rows)
    assert 1250 in (studies.participants["weight"][0], studies.responses["response"][0])


@pytest.mark.parametrize(("answers", "comma", "point"), [(("1,000", "2,000"), 1, 1000), (("1.000", "900"), 1000, 1)])
def test_a_thousand_is_never_read_as_one_in_silence(
    tmp_path: Path, answers: tuple[str, str], comma: int, point: int
) -> None:
    rows = [HEADER.replace(",", ";"), *(f"s;1;p{i};{answer};{DOLLARS}" for i, answer in enumerate(answers))]
    with pytest.raises(SourceError, match=f"the answer '{answers[0]}' may be 1000 or 1"):
        load(tmp_path, "{}", *rows)
    for mark, found in ((",", comma), (".", point)):
        assert load(tmp_path, f"decimal: '{mark}'", *rows).responses["response"][0] == found


def test_two_notations_in_one_file_contradict_each_other(tmp_path: Path) -> None:
    rows = [f"s;1;p{i};1;{HALVES};{weight}" for i, weight in enumerate(("1,25", "1.5"))]
    with pytest.raises(SourceError, match=r"'1,25' in weight has a decimal comma and '1\.5' in weight a"):
        load(tmp_path, "{}", f"{HEADER},weight".replace(",", ";"), *rows)


def test_a_tidy_table_shows_the_texts_of_its_conditions(tmp_path: Path) -> None:
    columns = "condition: {column: arm, texts: {a: You read a menu., b: ''}}\nscale: {from: 1, to: 5}"
    header = "study_id,arm,participant_id,response,question"
    studies = load(tmp_path, columns, header, "s,a,p1,1,How likely?", "s,b,p2,2,How likely?")
    shown = [cell.stimulus.split("\n\nOnly")[0] for cell in studies.cells_of("s")]
    assert shown == ["You read a menu.\n\nHow likely?", "How likely?"]
    with pytest.raises(SourceError, match="none for 'b'"):
        load(tmp_path, columns.replace(", b: ''", ""), header, "s,a,p1,1,How?", "s,b,p2,2,How?")


def test_a_control_in_the_map_contradicts_numbers_in_the_table(tmp_path: Path) -> None:
    header = "study_id,condition_num,condition,participant_id,response,question"
    columns = "condition: {column: condition, control: b}\nscale: {from: 1, to: 5}"
    with pytest.raises(SourceError, match="the lowest number is the control"):
        load(tmp_path, columns, header, "s,1,a,p1,1,How?", "s,2,b,p2,2,How?")
    without = f"{columns}\nleave_out: [condition_num]"
    assert load(tmp_path, without, header, "s,1,a,p1,1,How?", "s,2,b,p2,2,How?").cell(0).condition == "b"
