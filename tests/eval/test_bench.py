import json
from pathlib import Path

import numpy as np
import polars as pl

from eval.bench.data_parts.rows import write_shards
from eval.bench.people import LIMIT, PEOPLE, made_up_people, measure_moves
from eval.bench.runs import measure_lists
from socrates_core.study.sources.opening import open_source
from tests.servers.programs import Program, finished


def bench(*arguments: object) -> Program:
    return finished("-m", "eval.bench", *arguments)


def test_the_made_up_shards_have_socsci210s_columns_and_go_through_whole(tmp_path: Path) -> None:
    written = write_shards(tmp_path, 3000, np.random.default_rng(1))
    shards = pl.scan_parquet(tmp_path / "*.parquet")
    persons = {"sample_id", "participant", "demographic", "study_id", "condition_num", "task_num"}
    assert set(shards.collect_schema()) == persons | {"stimuli", "response", "prompt", "reasoning"}
    studies = open_source(str(tmp_path))
    assert len(studies.responses) == written.rows == 3000
    assert len(studies.cells) == written.cells
    assert (len(studies.studies), studies.manifest.dropped) == (210, ())
    bytes_a_row = written.text_bytes / written.rows
    assert 9e9 < bytes_a_row * 2_901_390 < 11e9


def test_the_data_suite_measures_every_step_and_compares_equal_rows(tmp_path: Path) -> None:
    result = bench("--suite", "data", "--rows", 2000, "--out", tmp_path / "bench.json")
    assert result.returncode == 0, result.stderr
    figures = json.loads((tmp_path / "bench.json").read_text("utf-8"))["suites"]["data"]
    assert figures["generated"]["rows"] == figures["pandas"]["rows"] == figures["pandas"]["responses"] == 2000
    assert figures["pandas"]["cells"] == figures["generated"]["cells"]
    assert figures["pandas"]["same_rows"] is True
    for step in ("prepare", "tables", "load", "pandas"):
        assert 0 < figures[step]["peak_gb"] < 4
    assert figures["load"]["seconds"] < 3
    assert set(figures["surveys"]) == {"csv", "sav", "xlsx"}
    assert all(0 < one["peak_gb"] < 1 for one in figures["surveys"].values())


def test_the_people_suite_moves_shares_without_the_model_and_gets_what_a_fresh_simulation_gives() -> None:
    loaded = {"made": made_up_people(np.random.default_rng(1))}
    found = measure_moves("observed:gss-crime@made", "region", ("north", "south"), loaded, seed=0, moves=2)
    assert found["people"] == found["kinds_of_people"] == PEOPLE
    assert found["largest_gap_from_a_fresh_simulation"] < 1e-12
    assert found["mix_seconds"]["median"] < 10 * LIMIT  # a busy machine


def test_the_runs_suite_lists_every_run_and_reads_few_again() -> None:
    found = measure_lists(runs=8, seed=1)
    assert found["index_bytes"] > 8 * 100
    assert found["unchanged"]["cpu_seconds"] < found["first"]["cpu_seconds"]


def test_an_unknown_suite_names_those_that_there_are(tmp_path: Path) -> None:
    result = bench("--suite", "magic", "--out", tmp_path / "bench.json")
    assert result.returncode == 2
    assert "no suite 'magic'; choose one of app, data" in result.stderr
    assert not (tmp_path / "bench.json").exists()


def test_a_place_that_is_not_there_is_named_before_anything_is_measured(tmp_path: Path) -> None:
    result = bench("--suite", "data", "--out", tmp_path / "nowhere" / "bench.json")
    assert result.returncode == 2
    assert "does not exist" in result.stderr
