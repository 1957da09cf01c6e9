from dataclasses import replace
from pathlib import Path

import datasets
import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study import dataset_dict
from socrates_core.study.dataset_dict import export_dataset_dict
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.study.sources.opening import open_source
from socrates_core.study.split import PARTS, Split, make_split, part
from socrates_core.study.study_set import RESPONSES_SCHEMA, Cell, StudySet, cells_table
from tests.tables import study_set


@pytest.fixture(scope="module")
def bundled() -> StudySet:
    whole = load_bundled()
    experiments = whole.study_ids[:5]
    return whole.select([*experiments, "f538-steak-doneness", *whole.study_ids[-3:]])


def parts_of(studies: StudySet, split: Split) -> dict[str, StudySet]:
    return {name: part(studies, split, name) for name in PARTS}


def rows_of(studies: StudySet) -> list[tuple[object, ...]]:
    """(study, condition, task, stimulus, participant, answer, on scale) of every response, in the tables' order."""
    cells = studies.cells.select("cell_id", "study_id", "condition_num", "task_num", "stimulus")
    people = studies.participants.select("participant_id", "participant")
    joined = studies.responses.join(cells, on="cell_id", maintain_order="left").join(
        people, on="participant_id", maintain_order="left"
    )
    names = ["study_id", "condition_num", "task_num", "stimulus", "participant", "response", "on_scale"]
    return joined.select(names).rows()


@pytest.mark.parametrize("kind", ["study", "participant"])
def test_every_part_loads_with_the_answers_of_the_tables(tmp_path: Path, bundled: StudySet, kind: str) -> None:
    parts = parts_of(bundled, make_split(bundled, kind, 1))
    export_dataset_dict(parts, tmp_path / "out", "digest")
    loaded = datasets.load_from_disk(str(tmp_path / "out"))
    assert isinstance(loaded, datasets.DatasetDict)
    assert list(loaded) == list(PARTS)
    names = ["study_id", "condition_num", "task_num", "stimulus", "participant", "response", "on_scale"]
    for name, held in parts.items():
        frame = pl.from_arrow(loaded[name].with_format("arrow")[:])
        assert isinstance(frame, pl.DataFrame)
        assert frame.select(names).rows() == rows_of(held)
    assert sum(map(len, loaded.values())) == len(bundled.responses)


def test_a_row_holds_the_scale_and_all_that_is_known_of_the_person(tmp_path: Path, bundled: StudySet) -> None:
    export_dataset_dict(parts_of(bundled, make_split(bundled, "study", 1)), tmp_path / "out", "digest")
    row = datasets.load_from_disk(str(tmp_path / "out"))["train"][0]
    cell = next(cell for cell in bundled.cells_of(row["study_id"]) if cell.stimulus == row["stimulus"])
    assert tuple(row["scale_values"]) == cell.scale.values
    assert row["scale_labels"] == cell.scale.label_column
    person = bundled.participants.filter(
        (pl.col("study_id") == row["study_id"]) & (pl.col("participant") == row["participant"])
    ).row(0, named=True)
    assert {name: row[f"demo_{name}"] for name in bundled.attributes} == {
        name: person[name] for name in bundled.attributes
    }


def test_rows_of_more_than_one_file_stay_in_order(
    tmp_path: Path, bundled: StudySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_dict, "SHARD_BYTES", 100_000)
    parts = parts_of(bundled, make_split(bundled, "study", 1))
    export_dataset_dict(parts, tmp_path / "out", "digest")
    assert len(list((tmp_path / "out" / "train").glob("data-*.arrow"))) > 2
    train = datasets.load_from_disk(str(tmp_path / "out"))["train"]
    assert train["response"][:] == parts["train"].responses["response"].to_list()


def test_data_sets_are_told_apart_by_what_they_hold(tmp_path: Path, bundled: StudySet) -> None:
    # `datasets` caches what it makes of a data set under its fingerprint
    parts = parts_of(bundled, make_split(bundled, "study", 1))
    for name, digest in {"one": "a", "again": "a", "other": "b"}.items():
        export_dataset_dict(parts, tmp_path / name, digest)
    prints = {
        name: [loaded._fingerprint for loaded in datasets.load_from_disk(str(tmp_path / name)).values()]
        for name in ("one", "again", "other")
    }
    assert prints["one"] == prints["again"]
    assert not set(prints["one"]) & set(prints["other"])
    assert len(set(prints["one"])) == 3


def test_an_empty_part_is_an_empty_data_set(tmp_path: Path, bundled: StudySet) -> None:
    parts = {"train": bundled.select([]), "val": bundled.select([]), "test": bundled}
    export_dataset_dict(parts, tmp_path / "out", "digest")
    loaded = datasets.load_from_disk(str(tmp_path / "out"))
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 0, "val": 0, "test": len(bundled.responses)}
    assert loaded["train"].features == loaded["test"].features


def test_what_was_exported_can_be_prepared_again(tmp_path: Path, bundled: StudySet) -> None:
    export_dataset_dict(parts_of(bundled, make_split(bundled, "study", 1)), tmp_path / "out", "digest")
    again = open_source(str(tmp_path / "out"))
    assert sorted(rows_of(again), key=repr) == sorted(rows_of(bundled), key=repr)
    scales = {(cell.study_id, cell.stimulus): cell.scale for name in again.study_ids for cell in again.cells_of(name)}
    for study_id in bundled.study_ids:
        for cell in bundled.cells_of(study_id):
            if (study_id, cell.stimulus) in scales:
                assert scales[study_id, cell.stimulus] == cell.scale
    assert sorted(again.attributes) == sorted(bundled.attributes)


def test_a_saved_folder_that_lacks_a_file_is_named(tmp_path: Path, bundled: StudySet) -> None:
    export_dataset_dict(parts_of(bundled, make_split(bundled, "study", 1)), tmp_path / "out", "digest")
    next((tmp_path / "out" / "val").glob("*.arrow")).unlink()
    with pytest.raises(SourceError, match=r"lacks val/data-00000-of-00001.arrow"):
        open_source(str(tmp_path / "out"))
    (tmp_path / "out" / "test" / "state.json").unlink()
    with pytest.raises(SourceError, match="is not a complete DatasetDict"):
        open_source(str(tmp_path / "out"))


def test_units_options_off_the_axis_contrasts_and_groups_come_back(tmp_path: Path) -> None:
    halves = "Only return a number from 1 to 2 in steps of 0.5."
    cells = [
        Cell(0, "s", 1, 0, f"Allow? {halves}", AnswerScale((2, 3, 4), unit=0.5), wording_contrast=True),
        Cell(1, "s", 2, 0, f"Forbid? {halves}", AnswerScale((2, 3, 4), unit=0.5), wording_contrast=True),
        Cell(2, "t", 1, 0, "Which? Yes, no, or don't know.", AnswerScale((1, 2), {1: "Yes"}, {9: "DK"}, nominal=True)),
    ]
    studies = study_set({"s": [(1, 0, "a"), (2, 0, "b")], "t": [(1, 0, "c")]})
    answers = pl.DataFrame(
        {"cell_id": [0, 1, 2], "participant_id": [0, 1, 4], "response": [3, 4, 9], "on_scale": [True] * 3},
        schema=RESPONSES_SCHEMA,
    )
    studies = replace(
        studies,
        studies=studies.studies.with_columns(group=pl.lit("pool")),
        cells=cells_table(cells),
        responses=answers,
        participants=studies.participants.filter(pl.col("participant_id").is_in([0, 1, 4])),
    )
    empty = studies.select([])
    export_dataset_dict({"train": empty, "val": empty, "test": studies}, tmp_path / "out", "digest")
    again = open_source(str(tmp_path / "out"))
    assert again.cells.drop("design", "condition").equals(studies.cells.drop("design", "condition"))
    assert again.responses["response"].to_list() == [3, 4, 9]
    assert again.responses["on_scale"].all()
    assert again.studies["group"].to_list() == ["pool", "pool"]
