import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.alpaca_format import demographics_line
from socrates_core.study.sources.alpaca import DemographicsReader, export_alpaca, load, stated_parts
from socrates_core.study.sources.builder import StudySetBuilder
from socrates_core.study.sources.opening import open_source
from socrates_core.study.sources.socsci210 import describe
from socrates_core.study.study_set import StudySet

REAL = Path(__file__).parents[4] / "shared" / "data" / "socsci210_val.jsonl"
LIKERT = "You read a text – “long”/short. Only return an integer from 1 to 5, nothing else."
YES_NO = "Did you go? Only return 1 for Yes or 2 for No."


def line(**changes: Any) -> dict[str, Any]:
    plain = {
        "instruction": "Predict.",
        "input": f"Demographics: Age: 74; Income: 40-49K\n\nScenario: {LIKERT}",
        "output": "Response: 2",
        "study_id": "kryns",
        "condition_num": 2,
    }
    return {**plain, **changes}


def write(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{item if isinstance(item, str) else json.dumps(item)}\n" for item in lines), "utf-8")
    return path


def export(studies: StudySet, folder: Path, part: str = "train") -> bytes:
    parts = {name: studies if name == part else studies.select([]) for name in ("train", "val", "test")}
    export_alpaca(parts, folder, 1.0, 42)
    return (folder / f"{part}.jsonl").read_bytes()


def test_a_line_becomes_a_participant_with_an_answer(tmp_path: Path) -> None:
    studies = load([write(tmp_path / "val.jsonl", line(), line(output="Response: 9"))], "here")
    people = studies.participants.drop("participant_id", "weight").rows()
    assert people == [("kryns", "val:1", 74, "40-49K"), ("kryns", "val:2", 74, "40-49K")]
    assert studies.responses.rows() == [(0, 0, 2, True), (0, 1, 9, False)]
    assert studies.cells_of("kryns")[0].stimulus == LIKERT


def test_tasks_number_the_distinct_stimuli_of_a_study_by_first_appearance(tmp_path: Path) -> None:
    texts = [LIKERT, YES_NO, LIKERT]
    lines = [
        line(input=f"Demographics: Age: 20\n\nScenario: {text}", condition_num=at) for at, text in enumerate(texts)
    ]
    other = line(study_id="other", input=f"Demographics: Age: 20\n\nScenario: {YES_NO}")
    studies = load([write(tmp_path / "x.jsonl", *lines, other)], "here")
    assert studies.cells.select("study_id", "task_num").rows() == [
        ("kryns", 0),
        ("kryns", 1),
        ("kryns", 0),
        ("other", 0),
    ]


@pytest.mark.parametrize(
    ("text", "persona"),
    [
        ("Age: 74; Income: <5K", {"age": "74", "income": "<5K"}),
        ("Employment: Other; see notes: nurse; Ideology: Moderate",
         {"employment": "Other; see notes: nurse", "ideology": "Moderate"}),
        ("Age: 74; Age: 75", {"age": "74; Age: 75"}),
        ("Political affiliation: Don't Lean/Independent/None", {"party_id": "Don't Lean/Independent/None"}),
        ("Marital Status: Married; Household Size: 2", {"marital_status": "Married", "household_size": "2"}),
        ("Age: ; Gender: Male", {"gender": "Male"}),
        ("Gender:", {}),
        ("", {}),
        ("Education: Some college: Age 20", {"education": "Some college: Age 20"}),
    ],
)  # fmt: skip
def test_demographics_are_cut_only_where_a_known_name_begins(text: str, persona: dict[str, str]) -> None:
    assert DemographicsReader().read(text) == persona


def test_a_demographics_line_is_read_back() -> None:
    known = {"age": "74", "party_id": "Strong Democrat", "shoe_size": "44; wide", "location": "OH"}
    text = demographics_line(known).removeprefix("Demographics:")
    assert DemographicsReader(["shoe_size"]).read(text) == known


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("{", "not JSON"),
        ("[1]", "expected an object, found list"),
        (line(study_id=""), "'study_id'"),
        (line(input=None), "'input'"),
        ({"output": "Response: 1", "study_id": "s", "condition_num": 1}, "'input'"),
        (line(condition_num="2"), "integer under 'condition_num', found '2'"),
        (line(condition_num=True), "'condition_num'"),
        (line(condition_num=10**30), "'condition_num'"),
        (line(input="Scenario: x"), "not of the form"),
        (line(input="Demographics: Age: 3 Scenario: x"), "not of the form"),
        (line(input=f"Demographics: Shoe: 44\n\nScenario: {LIKERT}"), "begin with 'Shoe: 44'"),
        (line(output="2"), "expected 'Response: ' and a number"),
    ],
)
def test_a_malformed_line_is_named_with_its_file_number_and_fault(tmp_path: Path, bad: object, problem: str) -> None:
    path = write(tmp_path / "train.jsonl", line(), "", bad)
    with pytest.raises(SourceError) as error:
        load([path], "here")
    assert f"{path}, line 3: " in str(error.value)
    assert problem in str(error.value)


def test_bytes_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(json.dumps(line(), ensure_ascii=False).encode("cp1252", "replace") + b"\n")
    with pytest.raises(SourceError, match="line 1: not UTF-8"):
        load([path], "here")


def test_a_response_that_is_no_integer_is_counted_and_not_guessed(tmp_path: Path) -> None:
    studies = load(
        [write(tmp_path / "a.jsonl", line(), line(output="Response: maybe 2"), line(output="Response:"))], "x"
    )
    assert {item.reason: item.rows for item in studies.manifest.dropped} == {
        "missing response": 1,
        "response is not an integer": 1,
    }


def test_exported_files_are_read_and_exported_again_byte_for_byte(tmp_path: Path) -> None:
    builder = StudySetBuilder("here", describe)
    builder.add(
        pl.DataFrame(
            {
                "study_id": ["é/1", "é/1", "b"],
                "condition_num": [1, -2, 1],
                "task_num": [0, 0, 0],
                "stimulus": [LIKERT, f'"Quoted\\"\n\n\tand 🏛️ {YES_NO}', YES_NO],
                "participant": ["ann", "bob", "ann"],
                "response": [5, 98, 2],
                "shoe_size": ["44", None, None],
                "education": ["Vocational/tech; school", None, "x"],
            }
        )
    )
    first = export(builder.build(), tmp_path / "first")
    studies = load([tmp_path / "first" / "train.jsonl"], "here")
    assert export(studies, tmp_path / "second") == first
    assert first.isascii()
    assert studies.participants["shoe_size"].to_list() == [44, None, None]
    assert [json.loads(text)["output"] for text in first.splitlines()] == ["Response: 5", "Response: 98", "Response: 2"]


@pytest.mark.skipif(not REAL.is_file(), reason="the original run's validation file is not here (../shared/data)")
def test_the_original_runs_file_goes_through_and_comes_out_byte_for_byte(tmp_path: Path) -> None:
    studies = load([REAL], "here")
    assert len(studies.responses) == 2780
    assert studies.manifest.dropped == ()
    assert export(studies, tmp_path, "val") == REAL.read_bytes()


def test_a_value_that_looks_like_an_attribute_is_not_exported_wrongly(tmp_path: Path) -> None:
    studies = load([write(tmp_path / "a.jsonl", line())], "here")
    people = studies.participants.with_columns(income=pl.lit("none; Gender: Male"))
    with pytest.raises(SourceError, match=r"participant a:1: .*cannot be read back"):
        export(StudySet(studies.studies, studies.cells, people, studies.responses, studies.manifest), tmp_path)


def write_parts(folder: Path, **studies: str) -> StudySet:
    files = [write(folder / f"{part}.jsonl", line(study_id=study_id)) for part, study_id in studies.items()]
    return load(files, "here")


def test_the_split_of_the_files_is_kept(tmp_path: Path) -> None:
    studies = write_parts(tmp_path, train="a", val="b", test="c")
    assert stated_parts(tmp_path, studies) == {"train": ["a"], "val": ["b"], "test": ["c"]}
    metadata = {"train_studies": ["a", "gone"], "val_studies": ["b"], "test_studies": ["c"], "seed": 42}
    write(tmp_path / "metadata.json", metadata)
    assert stated_parts(tmp_path, studies) == {"train": ["a", "gone"], "val": ["b"], "test": ["c"]}


def test_a_calibration_part_is_exported_and_found_again(tmp_path: Path) -> None:
    studies = write_parts(tmp_path / "in", train="a", val="b", test="c", calibration="d")
    parts = {"train": "a", "val": "b", "calibration": "d", "test": "c"}
    export_alpaca({name: studies.select([one]) for name, one in parts.items()}, tmp_path / "out", 1.0, seed=42)
    again = open_source(str(tmp_path / "out"))
    assert sorted(again.study_ids) == ["a", "b", "c", "d"]
    stated = {name: [one] for name, one in parts.items()}
    assert stated_parts(tmp_path / "out", again) == stated
    (tmp_path / "out" / "metadata.json").unlink()
    assert stated_parts(tmp_path / "out", again) == stated


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "expected an object"),
        ({"train_studies": ["a"]}, "lacks a list .'val_studies'"),
        ({"train_studies": ["a", "c"], "val_studies": ["b"], "test_studies": []}, "test.jsonl .* has rows of c"),
    ],
)
def test_metadata_that_contradicts_the_files_is_refused(tmp_path: Path, metadata: object, problem: str) -> None:
    studies = write_parts(tmp_path, train="a", val="b", test="c")
    write(tmp_path / "metadata.json", metadata)
    with pytest.raises(SourceError, match=problem):
        stated_parts(tmp_path, studies)


def test_metadata_cannot_smuggle_in_a_column(tmp_path: Path) -> None:
    write(tmp_path / "metadata.json", {"attributes": ["response"]})
    path = write(tmp_path / "a.jsonl", line(input=f"Demographics: Response: 3\n\nScenario: {LIKERT}"))
    with pytest.raises(SourceError, match="no demographic attribute can be called 'response'"):
        load([path], "here")


def test_a_lone_file_states_no_split(tmp_path: Path) -> None:
    assert stated_parts(tmp_path, write_parts(tmp_path, train="a")) is None
