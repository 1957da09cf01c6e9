import csv
import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import pytest

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.split import Split
from socrates_core.study.study_set import StudySet
from tests.servers.programs import ROOT, Program, finished
from tests.study.sources.table.test_tidy import HEADER, ROW, table
from tests.study.sources.test_alpaca import line, write
from tests.study.sources.test_socsci210 import shard


def prepare(*arguments: object) -> Program:
    return finished("-m", "train.prepare", *arguments, seconds=120)


def parts(folder: Path, **studies: list[str]) -> Path:
    folder.mkdir()
    for part, study_ids in studies.items():
        write(folder / f"{part}.jsonl", *(line(study_id=study_id) for study_id in study_ids))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def four_studies(tmp_path: Path) -> Path:
    rows = [
        ROW.replace("s,1,ann,3", f"s{study},{arm},p{who},{who % 7}")
        for study in range(4)
        for arm in (1, 2)
        for who in range(10)
    ]
    return table(tmp_path / "four.csv", HEADER, *rows)  # fmt: skip


def test_a_study_folder_with_a_split_is_written_and_everything_decided_is_printed(
    tmp_path: Path, four_studies: Path
) -> None:
    result = prepare("--source", four_studies, "--out", tmp_path / "out", "--export", "alpaca")
    assert result.returncode == 0, result.stderr
    studies = StudySet.load(tmp_path / "out", verify=True)
    split = Split.load(tmp_path / "out" / "split.json")
    assert {part: len(ids) for part, ids in split.parts.items()} == {"train": 2, "val": 1, "test": 1}
    tables = ["cells.parquet", "participants.parquet", "responses.parquet", "studies.parquet"]
    assert names(tmp_path / "out") == sorted([*tables, "alpaca", "manifest.json", "split.json"])
    assert names(tmp_path) == ["four.csv", "out"]
    for said in ("studies      4", "cells        8", "responses    80", split.digest, "seed 42", "near-duplicate"):
        assert said in result.stdout
    off_scale = studies.manifest.counts["off_scale"]
    assert off_scale > 0
    assert f"off scale    {off_scale} responses" in result.stdout
    metadata = json.loads((tmp_path / "out" / "alpaca" / "metadata.json").read_text("utf-8"))
    assert metadata["train_studies"] == list(split.parts["train"])
    assert (metadata["seed"], metadata["subset_fraction"]) == (42, 1.0)


def test_an_exported_dataset_dict_lies_in_the_folder_and_goes_with_it(tmp_path: Path, four_studies: Path) -> None:
    out = tmp_path / "out"
    first = prepare("--source", four_studies, "--out", out, "--export", "datasets")
    assert first.returncode == 0, first.stderr
    split, studies = Split.load(out / "split.json"), StudySet.load(out, verify=True)
    loaded = datasets.load_from_disk(str(out / "datasets"))
    assert {name: sorted(set(rows["study_id"])) for name, rows in loaded.items()} == {
        name: list(ids) for name, ids in split.parts.items()
    }
    assert sum(map(len, loaded.values())) == len(studies.responses)
    again = prepare("--source", out / "datasets", "--out", tmp_path / "again")
    assert again.returncode == 0, again.stderr
    assert len(StudySet.load(tmp_path / "again").responses) == len(studies.responses)
    # a folder with an export is still a study folder, which a new one replaces
    assert prepare("--source", four_studies, "--out", out).returncode == 0
    assert not (out / "datasets").exists()


def test_what_is_exported_can_be_prepared_again_with_its_split(tmp_path: Path, four_studies: Path) -> None:
    first, second, third = tmp_path / "one", tmp_path / "two", tmp_path / "three"
    prepare("--source", four_studies, "--out", first, "--export", "alpaca")
    again = prepare("--source", first / "alpaca", "--out", second, "--export", "alpaca")
    assert again.returncode == 0, again.stderr
    for name in ("train.jsonl", "val.jsonl", "test.jsonl", "metadata.json"):
        assert (second / "alpaca" / name).read_bytes() == (first / "alpaca" / name).read_bytes()
    assert Split.load(second / "split.json").digest == Split.load(first / "split.json").digest
    # a prepared folder keeps its split too, and a part of its rows
    third_run = prepare("--source", first, "--out", third, "--fraction", 0.5)
    assert third_run.returncode == 0, third_run.stderr
    assert Split.load(third / "split.json").digest == Split.load(first / "split.json").digest
    assert len(StudySet.load(third).responses) == 40
    assert "dropped      40 rows: not drawn for the sample of 0.5 of the rows" in third_run.stdout


def test_the_same_command_writes_the_same_bytes(tmp_path: Path, four_studies: Path) -> None:
    for out in ("one", "two"):
        prepare("--source", four_studies, "--out", tmp_path / out, "--fraction", 0.5, "--per-cell", 3)
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert StudySet.load(tmp_path / "one").responses.group_by("cell_id").len()["len"].max() <= 3


def test_a_lone_study_is_all_test_unless_a_split_is_asked_for(tmp_path: Path) -> None:
    source = table(tmp_path / "mine.csv", HEADER, ROW)
    result = prepare("--source", source, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert Split.load(tmp_path / "out" / "split.json").parts == {"train": (), "val": (), "test": ("s",)}
    refused = prepare("--source", source, "--out", tmp_path / "other", "--split", "study")
    assert refused.returncode == 2
    assert "three or more studies" in refused.stderr


def test_a_study_in_two_of_the_files_is_refused_by_name(tmp_path: Path) -> None:
    source = parts(tmp_path / "leaky", train=["a", "b"], val=["c"], test=["b"])
    result = prepare("--source", source, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert "b (train and test)" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_part_of_a_stated_split_may_have_lost_its_rows(tmp_path: Path) -> None:
    source = parts(tmp_path / "thin", train=["a", "b"], val=["c"], test=["d"])
    write(source / "metadata.json", {"train_studies": ["a", "b"], "val_studies": ["c", "z"], "test_studies": ["d"]})
    (source / "val.jsonl").write_text("")
    result = prepare("--source", source, "--out", tmp_path / "out", "--export", "alpaca")
    assert result.returncode == 0, result.stderr
    assert Split.load(tmp_path / "out" / "split.json").parts["val"] == ("c", "z")
    assert "val 0 studies / 0 responses" in result.stdout


def test_a_dataset_that_keeps_other_studies_unseen_has_no_official_split(tmp_path: Path) -> None:
    shard(tmp_path / "data" / "a.parquet")
    write(tmp_path / "metadata" / "participant_mapping.json", {"seen": ["a"], "unseen": ["326nv", "b"]})
    result = prepare("--source", tmp_path, "--out", tmp_path / "out", "--split", "official")
    assert result.returncode == 2
    assert "does not keep the paper's 40 studies unseen" in result.stderr


def test_dropped_rows_are_printed_by_reason_with_examples(tmp_path: Path) -> None:
    bad = [ROW.replace("ann,3", f"p{number},maybe") for number in range(7)]
    source = table(tmp_path / "mine.csv", HEADER, ROW, *bad)
    result = prepare("--source", source, "--out", tmp_path / "out", "--allow-loss")
    assert "dropped      7 rows: the answer is neither a number nor the text of an option" in result.stdout
    assert "7 of 8 answers cannot be read" in result.stdout
    assert result.stdout.count("answer 'maybe'") == 5


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--fraction", "0"], "--fraction 0 is not a share of the rows"),
        (["--fraction", "1.5"], "--fraction 1.5 is not a share of the rows"),
        (["--fraction", "nan"], "--fraction nan is not a share of the rows"),
        (["--per-cell", "0"], "--per-cell 0 leaves no people"),
        (["--revision", "main"], "leave --revision out"),
        (["--split", "official"], "official split needs"),
        (["--split", "random"], "random"),
        (["--export", "csv"], "csv"),
        (["--seed", "x"], "unable to parse"),
    ],
)
def test_what_a_user_can_fix_ends_in_one_message_and_code_2(
    tmp_path: Path, four_studies: Path, arguments: list[str], problem: str
) -> None:
    result = prepare("--source", four_studies, "--out", tmp_path / "out", *arguments)
    assert result.returncode == 2
    assert problem in re.sub(r"[│\s]+", " ", result.stderr)
    assert "Traceback" not in result.stderr
    assert names(tmp_path) == ["four.csv"]


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path: Path, four_studies: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.docx").write_text("x")
    assert prepare("--source", four_studies, "--out", precious).returncode == 2
    (precious / "manifest.json").write_text("{}")
    refused = prepare("--source", four_studies, "--out", precious)
    assert refused.returncode == 2
    assert "thesis.docx" in refused.stderr
    assert names(precious) == ["manifest.json", "thesis.docx"]
    assert "is a file" in prepare("--source", four_studies, "--out", precious / "thesis.docx").stderr


def test_a_study_folder_is_replaced_and_an_empty_folder_filled(tmp_path: Path, four_studies: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for fraction in (1, 0.5):
        assert prepare("--source", four_studies, "--out", out, "--fraction", fraction).returncode == 0
    assert len(StudySet.load(out, verify=True).responses) == 40
    assert names(tmp_path) == ["four.csv", "out"]


def test_the_source_is_not_written_over(tmp_path: Path, four_studies: Path) -> None:
    prepare("--source", four_studies, "--out", tmp_path / "out")
    result = prepare("--source", tmp_path / "out", "--out", tmp_path / "out", "--fraction", 0.5)
    assert result.returncode == 2
    assert "is the source itself" in result.stderr
    assert len(StudySet.load(tmp_path / "out").responses) == 80


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, four_studies: Path) -> None:
    result = prepare("--source", four_studies, "--out", four_studies / "below" / "a" / "file")
    assert result.returncode == 2
    assert "Not a directory; choose a folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_interrupted_run_leaves_nothing_and_a_killed_one_is_cleaned_up(tmp_path: Path, four_studies: Path) -> None:
    process = Program("-m", "train.prepare", "--source", "bundled", "--out", tmp_path / "out")
    while not process.stdout and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (0, 130)  # 0 where it was quicker
    assert names(tmp_path) in (["four.csv"], ["four.csv", "out"])
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "cells.parquet").write_text("half")
    assert prepare("--source", four_studies, "--out", tmp_path / "out").returncode == 0
    assert names(tmp_path) == ["four.csv", "out"]
    StudySet.load(tmp_path / "out", verify=True)


def test_help_loads_no_torch() -> None:
    code = "import sys, train.prepare; print('torch' in sys.modules, 'gradio' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


SCALE = "How warm is the room? Only return an integer from 1 (cold) to 5 (hot)."


def answered(folder: Path, answers: list[object], text: str = SCALE) -> Path:
    """A table of one cell in which each person gives the next answer."""
    rows = [["room", "1", f"p{i}", str(answer), text] for i, answer in enumerate(answers)]
    with (folder / "mine.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER.split(","), *rows])
    return folder / "mine.csv"


@pytest.mark.parametrize(
    ("answers", "problems"),
    [
        (
            [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 3] * 4,
            [
                "16 of 40 answers cannot be read: the answer lies between the options (16, as in '1.5', '2.5',",
                "`scale: {from: 1, to: 5, step: 0.5}`",
                "`scale: {round: nearest}`",
                "`scale: {bins: [0, 20, 40, 60, 80, 100]}`",
            ],
        ),
        (
            ["1,3", "2", "1", "2;3", "[1, 2]"] * 8,
            ["24 of 40 answers cannot be read: several options in one answer", "make an item of each option: a row"],
        ),
        ([1, 2, 3, 4] * 10 + ["huh"], ["1 of 41 answers cannot be read", "declare codes for no answer as `missing"]),
    ],
)
def test_an_import_that_would_leave_a_biased_rest_ends_in_one_line(
    tmp_path: Path, answers: list[object], problems: list[str]
) -> None:
    result = prepare("--source", answered(tmp_path, answers), "--out", tmp_path / "out")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert [problem for problem in problems if problem not in result.stderr] == []
    assert names(tmp_path) == ["mine.csv"]


def test_a_few_answers_that_cannot_be_read_are_counted_and_named(tmp_path: Path) -> None:
    result = prepare("--source", answered(tmp_path, [1, 2, 3, 4] * 25 + ["huh", -99]), "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "off scale    1 response, kept and flagged: -99 (1)" in result.stdout
    assert "dropped      1 row: the answer is neither a number nor the text of an option" in result.stdout


def test_two_named_options_are_the_ends_of_a_scale_if_people_answered_between(tmp_path: Path) -> None:
    text = "How likely are you to recommend us (0 = not at all likely, 10 = extremely likely)?"
    source = answered(tmp_path, [0, 5, 6, 7, 8, 9, 10] * 6, text)
    result = prepare("--source", source, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    (cell,) = StudySet.load(tmp_path / "out").cells_of("room")
    assert cell.scale == AnswerScale(tuple(range(11)), {0: "not at all likely", 10: "extremely likely"})
    assert "is answered from 0 to 10: it names these two, and people answered between" in result.stdout
    refused = prepare("--source", answered(tmp_path, [0, 10] * 20, text), "--out", tmp_path / "other")
    assert "give its ends in the columns scale_min and scale_max" in refused.stderr


@pytest.mark.parametrize(
    "text",
    [
        "How likely is it, where 0 is not at all and 10 is certainly, 99 is don't know?",
        "How likely is it (0 = not at all, 10 = certainly, 99 = don't know)?",
        "How likely is it, where 0 is not at all and 10 is certainly? If you don't know, return 99.",
    ],
)
def test_ends_that_answers_complete_keep_the_codes_off_the_axis(tmp_path: Path, text: str) -> None:
    source = answered(tmp_path, [0, 5, 6, 7, 8, 9, 10, 99] * 6, text)
    result = prepare("--source", source, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    (cell,) = StudySet.load(tmp_path / "out").cells_of("room")
    assert (cell.scale.values, cell.scale.off_axis) == (tuple(range(11)), {99: "don't know"})
    assert "off scale    0 responses" in result.stdout


def test_evenly_spaced_points_are_those_of_a_longer_scale_if_many_people_answered_between(tmp_path: Path) -> None:
    text = "How warm do you feel (0 = cold, 50 = neither, 100 = warm)?"
    result = prepare("--source", answered(tmp_path, [0, 35, 50, 60, 100] * 8, text), "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    studies = StudySet.load(tmp_path / "out")
    (cell,) = studies.cells_of("room")
    assert cell.scale == AnswerScale(tuple(range(101)), {0: "cold", 50: "neither", 100: "warm"})
    assert studies.responses["on_scale"].all()
    assert "answered from 0 to 100: it names 0, 50, 100, and people answered between" in result.stdout
    # one answer in a hundred is a mistake
    prepare("--source", answered(tmp_path, [0, 50, 100] * 33 + [60], text), "--out", tmp_path / "three")
    assert StudySet.load(tmp_path / "three").cells_of("room")[0].scale.values == (0, 50, 100)


def test_many_near_duplicates_end_in_the_command_that_groups_them(tmp_path: Path) -> None:
    vignette = "We are faced with many problems in this country, none of which can be solved easily or inexpensively"
    other = [" ".join(f"{letter}{number}" for number in range(12)) for letter in "abcd"]
    texts = [*(f"{vignette}: topic {i}." for i in range(6)), *other]
    rows = [
        [f"s{i}", "1", f"p{who}", str(1 + who % 5), f"{text} {SCALE}"]
        for i, text in enumerate(texts)
        for who in range(5)
    ]
    with (tmp_path / "mine table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER.split(","), *rows])
    first = prepare("--source", tmp_path / "mine table.csv", "--out", tmp_path / "out", "--seed", 7)
    assert first.returncode == 0, first.stderr
    said = first.stdout.splitlines()
    suggested = said[next(number for number, line in enumerate(said) if line.startswith("groups ")) + 1].split(
        "prepare "
    )[1]
    assert suggested.endswith("--split study --seed 7 --group-by wording")
    second = prepare(*shlex.split(suggested))
    assert second.returncode == 0, second.stderr
    assert "duplicates   0 pairs" in second.stdout
    assert "\ngroups " not in second.stdout
    parts = Split.load(tmp_path / "out" / "split.json").parts
    assert {f"s{i}" for i in range(6)} <= set(parts["train"])


def test_a_map_is_for_a_table(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("participant: id\n")
    result = prepare("--source", "bundled", "--map", tmp_path / "map.yaml", "--out", tmp_path / "out")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "bundled is none; leave --map out" in result.stderr
