import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from socrates_core.errors import StudyFolderError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.files import file_sha256
from socrates_core.study.study_set import TABLES, Cell, Dropped, Manifest, StudySet, cells_table, persona_rows
from tests.tables import study_set

QUESTIONS = {
    "tea": [(2, 1, "Tea again?"), (1, 2, "Milk?"), (1, 1, "Tea?")],
    "tax": [(1, 1, "Higher?")],
    "war": [(1, 1, "Soon?"), (1, 1, "Ever?")],
}


@pytest.fixture
def studies() -> StudySet:
    return study_set(QUESTIONS)


@pytest.fixture
def folder(studies: StudySet, tmp_path: Path) -> Path:
    studies.save(tmp_path / "studies")
    return tmp_path / "studies"


def edit_manifest(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


# -- reading


def test_cells_come_by_condition_then_task(studies: StudySet) -> None:
    assert [cell.stimulus for cell in studies.cells_of("tea")] == ["Tea?", "Milk?", "Tea again?"]
    assert studies.cells_of("nowhere") == []


def test_a_cell_carries_its_scale_and_its_labels(studies: StudySet) -> None:
    labels = pl.Series([["low", None, None, None, "high"]] * 6)
    cell = replace(studies, cells=studies.cells.with_columns(scale_labels=labels)).cell(2)
    assert cell.scale == AnswerScale((1, 2, 3, 4, 5), {1: "low", 5: "high"})
    assert (cell.study_id, cell.condition_label) == ("tea", "condition 1")


def test_the_answers_of_a_cell_are_those_that_people_gave_it(studies: StudySet) -> None:
    # the fourth cell belongs to tax, whose four people have the ids 4 to 7: answers (3 + person) mod 5 + 1
    answers = studies.answers(3)
    assert answers.responses.tolist() == [4, 5, 1, 2]
    assert answers.participant_ids.tolist() == [4, 5, 6, 7]
    assert answers.on_scale.tolist() == [True] * 4


def test_a_cell_that_nobody_answered_has_no_answers(studies: StudySet) -> None:
    assert studies.answers(99).responses.shape == (0,)


def test_an_unknown_study_or_cell_is_named(studies: StudySet) -> None:
    with pytest.raises(StudyFolderError, match="no study 'beer' here; there are tea, tax, war"):
        studies.study("beer")
    with pytest.raises(StudyFolderError, match="no cell 99 here; there are 6 cells"):
        studies.cell(99)


def test_participants_come_with_the_attributes_that_somebody_in_the_study_has(studies: StudySet) -> None:
    gender = pl.when(pl.col("study_id") == "tax").then(None).otherwise(pl.col("gender"))
    some = replace(studies, participants=studies.participants.with_columns(gender=gender.alias("gender")))
    assert "gender" in some.participants_of("tea").columns
    assert persona_rows(some.participants_of("tax"))[:2] == [{"age": 20}, {"age": 21}]


def test_people_of_whom_nothing_is_known_are_empty_personas(studies: StudySet) -> None:
    bare = replace(studies, participants=studies.participants.drop("age", "gender"))
    assert persona_rows(bare.participants_of("tea")) == [{}] * 4
    assert bare.attributes == []


def test_select_keeps_whole_studies_and_their_ids(studies: StudySet) -> None:
    chosen = studies.select(["war", "tea"])
    assert chosen.study_ids == ["tea", "war"]
    assert chosen.cells["cell_id"].to_list() == [0, 1, 2, 4, 5]
    assert chosen.participants["participant_id"].to_list() == [0, 1, 2, 3, 8, 9, 10, 11]
    assert len(chosen.responses) == 20
    assert chosen.answers(5).responses.tolist() == studies.answers(5).responses.tolist()
    assert studies.select([]).responses.is_empty()


def test_select_names_a_study_that_is_not_here(studies: StudySet) -> None:
    with pytest.raises(StudyFolderError, match="no study beer here; there are tea, tax, war"):
        studies.select(["tea", "beer"])


# -- the folder


def test_a_study_folder_survives_its_files(studies: StudySet, tmp_path: Path) -> None:
    dropped = (Dropped("no scale", 2, ("„How?“", "Why?")), Dropped("empty", 0))
    manifest = Manifest("made up", "abc123", {"studies": 3}, dropped)
    saved = replace(studies, manifest=manifest).save(tmp_path / "deep" / "folder")
    loaded = StudySet.load(tmp_path / "deep" / "folder", verify=True)
    for name in TABLES:
        assert_frame_equal(getattr(loaded, name), getattr(studies, name))
    assert loaded.manifest == saved.manifest
    assert loaded.manifest.dropped == dropped
    assert set(loaded.manifest.hashes) == set(TABLES)


def test_an_open_ended_outcome_and_missing_values_survive(studies: StudySet, tmp_path: Path) -> None:
    nothing = pl.lit(None, pl.List(pl.Int64))
    cells = studies.cells.with_columns(
        scale_values=pl.when(pl.col("cell_id") > 0).then("scale_values").otherwise(nothing)
    )
    replace(studies, cells=cells).save(tmp_path)
    loaded = StudySet.load(tmp_path)
    assert loaded.cell(0).scale == AnswerScale(None)
    assert loaded.cell(1).scale.values == (1, 2, 3, 4, 5)
    assert loaded.participants["weight"].null_count() == 12


def test_an_empty_set_survives(studies: StudySet, tmp_path: Path) -> None:
    studies.select([]).save(tmp_path)
    assert StudySet.load(tmp_path, verify=True).study_ids == []


def test_saving_again_replaces_the_folder(studies: StudySet, folder: Path) -> None:
    studies.select(["tax"]).save(folder)
    assert StudySet.load(folder, verify=True).study_ids == ["tax"]
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(f"{name}.parquet" for name in TABLES)}


def test_the_same_tables_give_the_same_hashes(studies: StudySet, tmp_path: Path) -> None:
    assert studies.save(tmp_path / "a").manifest.hashes == studies.save(tmp_path / "b").manifest.hashes


def test_a_folder_that_was_never_prepared_says_how_to_make_one(tmp_path: Path) -> None:
    for missing in (tmp_path, tmp_path / "absent"):
        with pytest.raises(StudyFolderError, match=r"not a prepared study folder .*python -m train.prepare"):
            StudySet.load(missing)


def test_a_half_written_folder_is_refused(folder: Path) -> None:
    (folder / "manifest.json").unlink()  # it is written last
    with pytest.raises(StudyFolderError, match="not a prepared study folder"):
        StudySet.load(folder)


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_table_is_named(folder: Path, name: str) -> None:
    (folder / f"{name}.parquet").unlink()
    with pytest.raises(StudyFolderError, match=rf"lacks {name}\.parquet"):
        StudySet.load(folder)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_was_cut_off_is_named(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    for kept in (path.read_bytes()[:-20], b"", b"no parquet at all"):
        path.write_bytes(kept)
        with pytest.raises(StudyFolderError, match=rf"{name}\.parquet cannot be read .*prepare the folder again"):
            StudySet.load(folder)


def test_a_changed_table_is_noticed_when_asked_to_verify(studies: StudySet, folder: Path) -> None:
    changed = studies.responses.with_columns(response=pl.col("response").reverse())
    changed.write_parquet(folder / "responses.parquet", compression="zstd")
    StudySet.load(folder)
    with pytest.raises(StudyFolderError, match=r"responses\.parquet is not the file that its manifest describes"):
        StudySet.load(folder, verify=True)


def test_a_table_without_its_columns_or_types_is_refused(studies: StudySet, folder: Path) -> None:
    studies.responses.drop("on_scale").write_parquet(folder / "responses.parquet")
    with pytest.raises(StudyFolderError, match=r"on_scale \(missing in place of Boolean\)"):
        StudySet.load(folder)
    studies.responses.with_columns(pl.col("response").cast(pl.String)).write_parquet(folder / "responses.parquet")
    with pytest.raises(StudyFolderError, match=r"response \(String in place of Int64\)"):
        StudySet.load(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "{}", '"text"', '{"format": 1}', '{"format": 1, "dropped": [1]}', "\xff"]
)
def test_a_manifest_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StudyFolderError, match=r"manifest\.json cannot be read .*prepare the folder again"):
        StudySet.load(folder)


def test_a_manifest_with_unknown_keys_is_refused(folder: Path) -> None:
    edit_manifest(folder, surprise=1)
    with pytest.raises(StudyFolderError, match=r"cannot be read .*surprise"):
        StudySet.load(folder)


def test_a_folder_of_another_format_is_refused(folder: Path) -> None:
    edit_manifest(folder, format=3)
    with pytest.raises(StudyFolderError, match="has format 3, but this version reads 1 and 2"):
        StudySet.load(folder)


def test_a_folder_of_the_first_format_opens_as_whole_numbers_in_an_order(studies: StudySet, folder: Path) -> None:
    new = ["unit", "measurement", "off_axis", "off_axis_labels"]
    opened = studies.cells.with_columns(scale_values=pl.when(pl.col("cell_id") > 0).then("scale_values"))
    opened.drop(new).write_parquet(folder / "cells.parquet")
    studies.studies.drop("group").write_parquet(folder / "studies.parquet")
    with pytest.raises(StudyFolderError, match=r"missing or wrong columns: group"):  # not one of the second format
        StudySet.load(folder)
    edit_manifest(folder, format=1)
    loaded = StudySet.load(folder)
    assert loaded.cell(0).scale == AnswerScale(None)
    assert loaded.cell(1).scale == AnswerScale((1, 2, 3, 4, 5))
    assert loaded.cells["measurement"].to_list()[:2] == ["open", "ordinal"]
    assert [loaded.study(one).group for one in loaded.study_ids] == loaded.study_ids
    assert StudySet.load(loaded.save(folder.parent / "again") and folder.parent / "again").manifest.format == 2


def test_units_options_off_the_axis_and_groups_survive_the_disk(tmp_path: Path) -> None:
    halves = AnswerScale((2, 3, 4), {2: "Low"}, {196: "Don't know", -2: ""}, unit=0.5)
    dishes = AnswerScale((1, 2, 3), nominal=True)
    cells = [Cell(i, "tea", 1, i, "?", scale) for i, scale in enumerate((halves, dishes, AnswerScale(None)))]
    studies = replace(study_set({"tea": [(1, 1, "Tea?")]}), cells=cells_table(cells))
    grouped = replace(studies, studies=studies.studies.with_columns(group=pl.lit("pool")))
    grouped.save(tmp_path / "studies")
    loaded = StudySet.load(tmp_path / "studies", verify=True)
    assert [cell.scale for cell in loaded.cells_of("tea")] == [halves, dishes, AnswerScale(None)]
    assert loaded.cells["off_axis"].to_list() == [[-2, 196], None, None]
    assert loaded.cells["off_axis_labels"].to_list() == [[None, "Don't know"], None, None]
    assert loaded.cells["measurement"].to_list() == ["ordinal", "nominal", "open"]
    assert loaded.study("tea").group == "pool"


def test_a_manifest_without_hashes_cannot_be_verified(folder: Path) -> None:
    edit_manifest(folder, hashes={})
    with pytest.raises(StudyFolderError, match="is not the file that its manifest describes"):
        StudySet.load(folder, verify=True)


def test_a_file_hash_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # the standard's own example
    assert file_sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
