import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.scale.answer_scale import AnswerScale, answer_instruction
from socrates_core.scale.instruction import parse_scale
from socrates_core.study.sources.opening import open_source
from socrates_core.study.sources.table.tidy import load_table, table_at
from socrates_core.study.study_set import StudySet
from tests.real_files import REAL_STUDIES, needs_real_studies

HEADER = "study_id,condition_num,participant_id,response,stimulus"
ROW = 's,1,ann,3,"How was it? Only return an integer from 1 to 5, nothing else."'


def table(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines) + "\n", encoding)
    return path


def load(path: Path) -> StudySet:
    return load_table(table_at(path))


def codebook(folder: Path, **entry: Any) -> None:
    (folder / "studies.json").write_text(json.dumps([{"study_id": "s", **entry}]), "utf-8")


def test_a_table_without_extras_reads_its_scale_from_the_text(tmp_path: Path) -> None:
    studies = load(table(tmp_path / "mine.csv", HEADER, ROW))
    (cell,) = studies.cells_of("s")
    assert cell.scale.values == (1, 2, 3, 4, 5)
    assert (studies.study("s").title, studies.study("s").kind, studies.study("s").source) == ("s", "survey", "mine.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, encoding: str, separator: str) -> None:
    header = f"{HEADER},demo_größe,demo_region".replace(",", separator)
    row = ROW.replace("s,1,ann,3,", f"s{separator}1{separator}ann{separator}3.0{separator}")
    studies = load(table(tmp_path / "mine.csv", header, f"{row}{separator}180{separator}NA", encoding=encoding))
    assert studies.attributes == ["größe"]
    assert studies.participants["größe"].to_list() == [180]
    assert studies.responses["response"].to_list() == [3]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["study_id,answer", "s,3"], "lacks the column condition_num or condition, .*; it has study_id, answer"),
        ([HEADER, "s,1,ann"], "nothing to prepare"),
        ([HEADER, "s,1,ann,3,x,y,z,1,2"], "cannot be read as a table"),
        ([""], "lacks the column|cannot be read as a table"),
        ([f"{HEADER},response", f"{ROW},3"], "more than one column named 'response'"),
        ([f"{HEADER},scale_min,scale_max", f"{ROW},1,5.5"], "row 1 .study s.: scale_max is '5.5', expected an integer"),
        ([f"{HEADER},scale_min,scale_max", f"{ROW},5,1"], "a scale from 5 to 1 is invalid"),
        ([f"{HEADER},scale_min,scale_max", f"{ROW},1,"], "a scale from 1 to None is invalid"),
        ([f"{HEADER},scale_min", f"{ROW},1"], "a scale from 1 to None is invalid"),
        ([f"{HEADER},scale_min,scale_max", f"{ROW},0,60000000"], "at most 1001 options"),
        ([f"{HEADER},scale_min,scale_max", f"{ROW},-9000000000000000000,9000000000000000000"], "at most 1001 options"),
        ([f"{HEADER},demo_weight", f"{ROW},70"], "no demographic attribute can be called 'weight'"),
        ([f"{HEADER},demo__cell,demo_", f"{ROW},1,2"], "can be called '', '_cell'"),
        ([f"{HEADER},condition", f"{ROW},a", f"{ROW},b"], "condition_num 1 has the labels 'a', 'b'"),
        ([f"{HEADER},weight", f"{ROW},-1"], "weight '-1'"),
        ([f"{HEADER},design", f"{ROW},mixed"], "'mixed'"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        load(table(tmp_path / "mine.csv", *lines))


@pytest.mark.parametrize(("answer", "kind"), [([1], "List"), (timedelta(days=1), "Duration"), (b"\xff", "Binary")])
def test_what_is_neither_text_nor_number_in_parquet_is_refused(tmp_path: Path, answer: object, kind: str) -> None:
    columns = {
        "study_id": ["s"],
        "condition_num": [1],
        "participant_id": ["a"],
        "response": [answer],
        "stimulus": ["x"],
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "mine.parquet")
    with pytest.raises(SourceError, match=f"column response contains {kind}"):
        load(tmp_path / "mine.parquet")


@pytest.mark.parametrize("kind", [pl.Decimal(10, 2), pl.Categorical, pl.Enum(["0", "5", "10", "99"])])
def test_numbers_in_a_decimal_or_categorical_column_are_numbers(tmp_path: Path, kind: pl.DataType) -> None:
    text = "How good (0 = bad, 10 = good, 99 = don't know)?"
    answers = [0, 5, 10, 99] * 8
    rows = pl.DataFrame(
        {"participant_id": [f"p{place}" for place in range(len(answers))], "response": [str(one) for one in answers]}
    ).with_columns(pl.col("response").cast(kind), study_id=pl.lit("s"), condition_num=1, stimulus=pl.lit(text))
    rows.write_parquet(tmp_path / "mine.parquet")
    studies = load(tmp_path / "mine.parquet")
    (cell,) = studies.cells_of("s")
    assert (cell.scale.values, dict(cell.scale.off_axis)) == (tuple(range(11)), {99: "don't know"})
    assert sorted(studies.responses["response"].to_list()) == sorted(answers)


def test_unused_columns_are_named(tmp_path: Path) -> None:
    studies = load(table(tmp_path / "mine.csv", f"{HEADER},browser", f"{ROW},Firefox"))
    (note,) = studies.manifest.notes
    assert note.startswith("mine.csv: nothing reads the column browser (the names of attributes begin with demo_")
    assert studies.manifest.dropped == ()


def test_a_stated_scale_wins_and_the_text_ends_with_question_and_instruction(tmp_path: Path) -> None:
    codebook(
        tmp_path,
        title="Rooms",
        licence="CC0",
        randomised=True,
        conditions=[{"condition_num": 1, "label": "blue"}],
        outcome={"question": "Nice?", "min": 0, "max": 2, "labels": {"0": "No", "2": 'Yes, "very"'}},
    )
    studies = load(
        table(tmp_path / "mine.csv", f"{HEADER},question,scale_min,scale_max", "s,1,ann,2,A blue room.,Nice?,0,2")
    )
    (cell,) = studies.cells_of("s")
    assert cell.stimulus == (
        'A blue room.\n\nNice?\n\nOnly return an integer from 0 to 2, where 0 means "No" and 2 means "Yes, \'very\'".'
    )
    assert cell.scale == AnswerScale((0, 1, 2), {0: "No", 2: 'Yes, "very"'})
    assert (cell.condition, studies.study("s").title, studies.study("s").kind) == ("blue", "Rooms", "experiment")


def test_the_codebooks_ends_count_where_the_table_has_none(tmp_path: Path) -> None:
    codebook(tmp_path, outcome={"min": 1, "max": 3})
    studies = load(table(tmp_path / "mine.csv", HEADER, "s,1,ann,2,A blue room."))
    assert studies.cells_of("s")[0].stimulus.endswith("Only return an integer from 1 to 3, nothing else.")


def test_a_text_that_states_the_scale_itself_stays_as_it_is(tmp_path: Path) -> None:
    studies = load(table(tmp_path / "mine.csv", f"{HEADER},scale_min,scale_max", f"{ROW},1,5"))
    assert studies.cells_of("s")[0].stimulus == "How was it? Only return an integer from 1 to 5, nothing else."


def test_a_text_with_another_scale_gets_an_instruction_with_the_stated_one(tmp_path: Path) -> None:
    studies = load(table(tmp_path / "mine.csv", f"{HEADER},scale_min,scale_max", f"{ROW},1,7"))
    (cell,) = studies.cells_of("s")
    assert cell.stimulus.endswith("nothing else.\n\nOnly return an integer from 1 to 7, nothing else.")
    assert cell.scale.values == tuple(range(1, 8))
    assert any("states 1 to 5, and scale_min and scale_max 1 to 7: these count" in n for n in studies.manifest.notes)


@pytest.mark.parametrize(
    ("asked", "low", "high", "options", "labels"),
    [
        ("Only return a multiple of 10 between 0 and 100.", 0, 100, tuple(range(0, 101, 10)), {}),
        ("Only return 1 for a, 2 for b, 4 for c, or 5 for d.", 1, 5, (1, 2, 4, 5), {1: "a", 2: "b", 4: "c", 5: "d"}),
        ("Only return 1, 4 or 7.", 1, 7, (1, 4, 7), {}),
        ("Only return an integer from 1 (cold) to 5 (hot).", 1, 5, (1, 2, 3, 4, 5), {1: "cold", 5: "hot"}),
        ("Only return 1 for cold, 4 for mild, or 7 for hot.", 1, 7, tuple(range(1, 8)), {}),  # points of a scale
    ],
)
def test_ends_that_are_those_of_the_text_leave_its_steps_gaps_and_labels(
    tmp_path: Path, asked: str, low: int, high: int, options: tuple[int, ...], labels: dict[int, str]
) -> None:
    row = f's,1,ann,{low},"How was it? {asked}",{low},{high}'
    (cell,) = load(table(tmp_path / "mine.csv", f"{HEADER},scale_min,scale_max", row)).cells_of("s")
    assert (cell.scale.values, dict(cell.scale.labels)) == (options, labels)


def test_a_question_without_a_stimulus_stands_alone_and_nothing_at_all_is_dropped(tmp_path: Path) -> None:
    header = f"{HEADER},question,scale_min,scale_max"
    studies = load(table(tmp_path / "mine.csv", header, "s,1,ann,2,,Nice?,1,3", "s,1,bob,2,,,1,3"))
    assert [cell.stimulus for cell in studies.cells_of("s")] == [
        "Nice?\n\nOnly return an integer from 1 to 3, nothing else."
    ]
    assert [item.reason for item in studies.manifest.dropped] == ["the answer has no stimulus"]


def test_labels_belong_to_their_question_and_to_no_other_scale(tmp_path: Path) -> None:
    codebook(tmp_path, outcome={"question": "Nice?", "min": 1, "max": 3, "labels": {"1": "No"}})
    header = f"{HEADER},question,scale_min,scale_max"
    studies = load(table(tmp_path / "mine.csv", header, "s,1,ann,2,Blue.,Big?,1,3", "s,1,bob,2,Blue.,Nice?,1,3"))
    assert [dict(cell.scale.labels) for cell in studies.cells_of("s")] == [{}, {1: "No"}]
    with pytest.raises(SourceError, match=r"it has 1 to 3, but “Nice\?” is answered from 1 to 4"):
        load(table(tmp_path / "mine.csv", header, "s,1,ann,2,Blue.,Big?,1,3", "s,1,bob,2,Blue.,Nice?,1,4"))


def test_one_question_is_one_task_in_every_condition(tmp_path: Path) -> None:
    header = f"{HEADER},question,scale_min,scale_max"
    rows = [f"s,{arm},p{arm}{q},1,Room {arm}.,{q},1,3" for arm in (1, 2) for q in ("Nice?", "Big?")]
    studies = load(table(tmp_path / "mine.csv", header, *rows))
    assert studies.cells.select("condition_num", "task_num").rows() == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert "Nice?" in studies.cells["stimulus"][2]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"title": 3}, "title: expected a text, got 3"),
        ({"randomised": "yes"}, "randomised: expected true or false, got 'yes'"),
        ({"conditions": {}}, "conditions: expected a list, got {}"),
        ({"conditions": [{"label": "a"}]}, r"conditions\[0\].condition_num is missing"),
        ({"conditions": [{"condition_num": 1}, {"condition_num": 1}]}, "two conditions have the same condition_num"),
        ({"outcome": {"min": 1}}, "outcome: expected both min and max, or neither"),
        ({"outcome": {"min": 1, "max": 2.5}}, "outcome.max: expected a whole number, got 2.5"),
        ({"outcome": {"min": 1, "max": 3, "labels": {"4": "x"}}}, "labels 4 are not options"),
        ({"outcome": {"labels": {"one": "x"}}}, "outcome.labels.one: expected the number of an option"),
    ],
)
def test_a_codebook_that_cannot_be_read_says_why(tmp_path: Path, entry: dict[str, Any], problem: str) -> None:
    codebook(tmp_path, **entry)
    with pytest.raises(SourceError, match=f"studies.json, study 0: .*{problem}"):
        load(table(tmp_path / "mine.csv", HEADER, ROW))


@pytest.mark.parametrize(("text", "problem"), [("{", "is not JSON"), ("{}", "expected a list"), ("[3]", "study 0")])
def test_a_codebook_of_another_form_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "studies.json").write_text(text, "utf-8")
    with pytest.raises(SourceError, match=problem):
        load(table(tmp_path / "mine.csv", HEADER, ROW))


def test_a_question_that_gives_a_code_to_no_answer_takes_it_off_a_stated_scale(tmp_path: Path) -> None:
    header = f"{HEADER},question,scale_min,scale_max"
    rows = [f's,1,p{answer},{answer},Rain.,"How wet? If you don\'t know, use 6.",1,6' for answer in (1, 5, 6)]
    (cell,) = load(table(tmp_path / "mine.csv", header, *rows)).cells_of("s")
    assert (cell.scale.values, dict(cell.scale.off_axis)) == ((1, 2, 3, 4, 5), {6: "don't know"})


def test_ends_that_are_those_of_a_column_of_codes_leave_the_options_of_the_text(tmp_path: Path) -> None:
    asked = "Cheaper? 1 = agree, 2 = disagree, 9 = don't know"
    rows = [f's,1,p{answer},{answer},,"{asked}",1,9' for answer in (1, 2, 9)]
    (cell,) = load(table(tmp_path / "mine.csv", f"{HEADER},question,scale_min,scale_max", *rows)).cells_of("s")
    assert (cell.scale.values, dict(cell.scale.off_axis)) == ((1, 2), {9: "don't know"})


def test_people_without_an_id_are_no_one_person(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="2 of 3 answers cannot be read: the answer has no participant"):
        open_source(str(table(tmp_path / "mine.csv", HEADER, ROW, ROW.replace("ann", "nan"), ROW.replace("ann", "."))))


def test_people_who_answer_several_times_in_a_cell_are_named(tmp_path: Path) -> None:
    notes = load(table(tmp_path / "mine.csv", HEADER, ROW, ROW, ROW.replace("ann", "bob"))).manifest.notes
    assert notes == (
        "study s: 1 person answered several times in one cell (2 answers); a person counts once there, each answer for "
        "its part",
    )


def test_a_question_of_the_codebook_that_no_row_asks_is_named(tmp_path: Path) -> None:
    codebook(tmp_path, outcomes=[{"question": "How was it?"}, {"question": "How dry?"}])
    notes = load(table(tmp_path / "mine.csv", HEADER, ROW)).manifest.notes
    assert [note for note in notes if "not met" in note] == [
        "studies.json, study s: the outcome 'How dry?' is not met; no row asks this question; asked are “How was it? "
        "Only return an integer from 1 to 5, nothing else.”"
    ]


@pytest.mark.parametrize(
    "scale",
    [
        AnswerScale((1, 2, 3), {1: "Too little", 2: "About right", 3: "Too much"}),
        AnswerScale((-1, 0, 1), {-1: "No", 0: "Not sure", 1: "Yes"}),
        AnswerScale((0, 1), {0: "Program A (certain outcome)", 1: "Program B, risky; 2 of 3 die"}),
        AnswerScale(tuple(range(101))),
        AnswerScale((1, 2, 3, 4), {1: "Never", 4: "Always"}),
        AnswerScale((1, 2), {1: "Agree", 2: "Disagree"}, {98: "Don't know", 99: "Refused"}),
        AnswerScale((1, 2, 3, 4, 5, 6, 7), {}, {8: "Prefer not to answer"}),
        AnswerScale((1, 2, 4, 5, 6), {1: "Never", 6: "Always"}),
    ],
)
def test_our_own_instruction_is_read_back_as_the_scale_it_was_made_of(scale: AnswerScale) -> None:
    assert parse_scale(f"A vignette.\n\nA question?\n\n{answer_instruction(scale)}") == scale


@needs_real_studies
def test_the_twelve_real_studies_go_through() -> None:
    studies = load(REAL_STUDIES / "responses.parquet")
    assert (len(studies.studies), len(studies.responses), studies.manifest.dropped) == (12, 18_011, ())
    assert studies.manifest.counts["off_scale"] == 0
    for row in studies.cells.iter_rows(named=True):
        scale = AnswerScale.from_columns(row["scale_values"], row["scale_labels"])
        assert parse_scale(row["stimulus"]) == scale
        assert scale.labels
    means = dict(
        studies.responses.join(studies.cells, on="cell_id")
        .filter(pl.col("study_id") == "lucid_asian_disease")
        .group_by("condition")
        .agg(pl.col("response").mean())
        .iter_rows()
    )
    # the risky choice: about 40 % in the gain frame, 64 % in the loss frame
    assert means["survival frame"] == pytest.approx(0.40, abs=0.03)
    assert means["mortality frame"] == pytest.approx(0.64, abs=0.03)


@needs_real_studies
def test_a_real_csv_goes_through() -> None:
    studies = load(REAL_STUDIES / "lucid_welfare.csv")
    assert (len(studies.cells), len(studies.responses), studies.manifest.dropped) == (3, 1800, ())
