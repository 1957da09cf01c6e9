"""Studies, their cells, participants and responses: the normalised tables that everything else reads.

A **cell** is (study, condition, task, stimulus text): one question as shown to one arm of a study. The answer scale
belongs to the cell, because a task can word its scale differently in each arm. Off-scale answers are kept and flagged;
options off the axis ("don't know") are on the scale, and named in `off_axis`. Options and responses count units: where
`unit` is 0.5, a response of 7 is 3.5.

On disk a `StudySet` is a folder of four Parquet files and a manifest; `StudySet.load` verifies and reads it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.errors import StudyFolderError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.loss import Loss
from socrates_core.study.files import file_sha256, read_json, read_parquet, replacing, write_file, write_parquet
from socrates_core.study.incoming.fields import read_as

FORMAT = 2
"""Version of the folder format that is written."""

READABLE_FORMATS = (1, FORMAT)
"""Those that are read: a folder of format 1 has whole numbers, no option off the axis, and no groups of studies."""

TABLES = ("studies", "cells", "participants", "responses")

Kind = Literal["experiment", "survey", "synthetic"]
Design = Literal["between", "within"]

Persona = Mapping[str, str | int | None]
"""The demographics given to the model: attribute → value; None or a missing key means unknown."""

STUDIES_SCHEMA = pl.Schema(
    {
        "study_id": pl.String,
        "title": pl.String,
        "source": pl.String,
        "licence": pl.String,
        "citation": pl.String,
        "kind": pl.String,
        "real": pl.Boolean,
        "group": pl.String,
    }
)
CELLS_SCHEMA = pl.Schema(
    {
        "cell_id": pl.UInt32(),
        "study_id": pl.String(),
        "condition_num": pl.Int64(),
        "condition": pl.String(),
        "task_num": pl.Int64(),
        "stimulus": pl.String(),
        "scale_values": pl.List(pl.Int64),
        "scale_labels": pl.List(pl.String),
        "design": pl.String(),
        "unit": pl.Float64(),
        "measurement": pl.String(),
        "off_axis": pl.List(pl.Int64),
        "off_axis_labels": pl.List(pl.String),
        "wording_contrast": pl.Boolean(),
    }
)
PARTICIPANTS_SCHEMA = pl.Schema(
    {"participant_id": pl.UInt32, "study_id": pl.String, "participant": pl.String, "weight": pl.Float64}
)
"""The fixed columns; every other column is a demographic attribute (String, or Int64 for counts and ages)."""

RESPONSES_SCHEMA = pl.Schema(
    {"cell_id": pl.UInt32, "participant_id": pl.UInt32, "response": pl.Int64, "on_scale": pl.Boolean}
)

SCHEMAS = {
    "studies": STUDIES_SCHEMA,
    "cells": CELLS_SCHEMA,
    "participants": PARTICIPANTS_SCHEMA,
    "responses": RESPONSES_SCHEMA,
}
"""Table → the columns that it must have."""

SINCE_FORMAT_2 = {
    "studies": ("group",),
    "cells": ("unit", "measurement", "off_axis", "off_axis_labels", "wording_contrast"),
}
"""Table → the columns that a folder of format 1 lacks."""


@dataclass(frozen=True)
class Study:
    """One experiment or survey."""

    study_id: str
    title: str
    source: str
    """Source of the answers, as a one-line citation."""
    licence: str
    citation: str
    kind: Kind
    real: bool
    """False for the synthetic society, whose answers are generated."""
    group: str = ""
    """The independent unit that it belongs to: an experiment, a pool of people or a replication that several studies
    share. The study's own id where the source names none."""

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", self.study_id)


@dataclass(frozen=True)
class Cell:
    """One question as shown to one arm of a study."""

    cell_id: int
    study_id: str
    condition_num: int
    task_num: int
    stimulus: str
    """Vignette, question and answer instruction, as shown."""
    scale: AnswerScale
    condition: str | None = None
    """The arm's label, if the source has one."""
    design: Design = "between"
    wording_contrast: bool = False
    """Whether the arms of this outcome ask different questions and were matched by their options alone. A higher answer
    may then mean the opposite in another arm, until the author says otherwise."""

    @property
    def condition_label(self) -> str:
        """The arm's label, or its number if the source has none."""
        return self.condition if self.condition else f"condition {self.condition_num}"


@dataclass(frozen=True)
class Answers:
    """The N answers in one cell; one person can answer a cell more than once."""

    responses: npt.NDArray[np.int64]
    """(N,) the answers, off-scale ones included."""
    on_scale: npt.NDArray[np.bool_]
    """(N,) whether the answer is an option, on the axis or off it (always true for an open-ended outcome)."""
    participant_ids: npt.NDArray[np.uint32]
    """(N,) rows of the participant table."""


@dataclass(frozen=True)
class Dropped:
    """Rows that did not become responses, for one reason."""

    reason: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """The source of a study folder, and what became of the source's rows."""

    source: str
    """The source that was read: `bundled`, a Hub id, or a path as given."""
    revision: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """studies, cells, participants, responses, off_scale, off_axis, rows_read."""
    dropped: tuple[Dropped, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    """Table → sha256 of its Parquet file; empty if the set exists only in memory."""
    losses: tuple[Loss, ...] = ()
    """Outcomes and cells of which more answers could not be read than may be lost, and which were wanted all the
    same."""
    notes: tuple[str, ...] = ()
    """What was assumed to read the source, and what was decided about scales, for a person to confirm: options off the
    axis, doubtful ones on it, gaps."""
    format: int = FORMAT


@dataclass(frozen=True)
class StudySet:
    """Studies in four tables (schemas at the top of this module) and their manifest.

    Rows of `cells` and `participants` are sorted by id, so a participant_id is found by binary search, without a join.
    """

    studies: pl.DataFrame
    cells: pl.DataFrame
    participants: pl.DataFrame
    responses: pl.DataFrame
    manifest: Manifest

    # -- reading ---------------------------------------------------------------------------------------------

    @property
    def study_ids(self) -> list[str]:
        """Ids in table order."""
        return self.studies["study_id"].to_list()

    @property
    def attributes(self) -> list[str]:
        """The demographic attributes of all these studies, in table order."""
        return [name for name in self.participants.columns if name not in PARTICIPANTS_SCHEMA]

    def study(self, study_id: str) -> Study:
        """The study with this id.

        Raises:
            StudyFolderError: If there is none; lists some that exist.
        """
        row = self.studies.filter(pl.col("study_id") == study_id)
        if row.is_empty():
            raise StudyFolderError(f"no study {study_id!r} here; there are {_some(self.study_ids)}")
        return Study(**row.row(0, named=True))

    def cells_of(self, study_id: str) -> list[Cell]:
        """The cells of one study, by condition, then task."""
        rows = self.cells.filter(pl.col("study_id") == study_id).sort("condition_num", "task_num", "cell_id")
        return [_cell(row) for row in rows.iter_rows(named=True)]

    def cell(self, cell_id: int) -> Cell:
        """The cell with this id.

        Raises:
            StudyFolderError: If there is none.
        """
        rows = self.cells.filter(pl.col("cell_id") == cell_id)
        if rows.is_empty():
            raise StudyFolderError(f"no cell {cell_id} here; there are {len(self.cells)} cells")
        return _cell(rows.row(0, named=True))

    def answers(self, cell_id: int) -> Answers:
        """The answers in one cell; empty arrays if there are none."""
        rows = self.responses.filter(pl.col("cell_id") == cell_id)
        return Answers(
            responses=rows["response"].to_numpy(),
            on_scale=rows["on_scale"].to_numpy(),
            participant_ids=rows["participant_id"].to_numpy(),
        )

    def participants_of(self, study_id: str) -> pl.DataFrame:
        """The participant rows of one study, with only those attributes that are known for at least one of them."""
        rows = self.participants.filter(pl.col("study_id") == study_id)
        known = [name for name in self.attributes if rows[name].null_count() < len(rows)]
        return rows.select(*PARTICIPANTS_SCHEMA.names(), *known)

    def select(self, study_ids: Sequence[str]) -> "StudySet":
        """Only these studies; ids of cells and participants are unchanged.

        Raises:
            StudyFolderError: If one of them does not exist.
        """
        unknown = sorted(set(study_ids) - set(self.study_ids))
        if unknown:
            raise StudyFolderError(f"no study {_some(unknown)} here; there are {_some(self.study_ids)}")
        chosen = pl.col("study_id").is_in(list(study_ids))
        cells = self.cells.filter(chosen)
        return replace(
            self,
            studies=self.studies.filter(chosen),
            cells=cells,
            participants=self.participants.filter(chosen),
            responses=self.responses.filter(pl.col("cell_id").is_in(cells["cell_id"].implode())),
        )

    # -- on disk ---------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> "StudySet":
        """Write the four tables and the manifest; returns the set with the hashes filled in.

        Files are written under temporary names and the manifest last, so a folder with a manifest is complete.
        """
        folder.mkdir(parents=True, exist_ok=True)
        manifest_file = folder / "manifest.json"
        manifest_file.unlink(missing_ok=True)
        hashes = {}
        for name in TABLES:
            with replacing(folder / f"{name}.parquet") as partial:
                write_parquet(getattr(self, name), partial)
                hashes[name] = file_sha256(partial)
        saved = replace(self, manifest=replace(self.manifest, hashes=hashes))
        write_file(manifest_file, json.dumps(asdict(saved.manifest), indent=1, ensure_ascii=False) + "\n")
        return saved

    @classmethod
    def load(cls, folder: Path, verify: bool = False) -> "StudySet":
        """Read a study folder.

        Args:
            folder: A folder written by `save`.
            verify: Also hash the files and compare with the manifest.

        Raises:
            StudyFolderError: If it is not a study folder, has another format, or was modified after it was written.
        """
        manifest = _read_manifest(folder)
        tables = {}
        for name in TABLES:
            path = folder / f"{name}.parquet"
            if not path.is_file():
                raise StudyFolderError(f"{folder} lacks {path.name}; prepare it again with python -m train.prepare")
            if verify and file_sha256(path) != manifest.hashes.get(name):
                raise StudyFolderError(f"{path} is not the file that its manifest describes; prepare the folder again")
            tables[name] = _read_table(path, name, manifest.format)
        return cls(**tables, manifest=replace(manifest, format=FORMAT))


def cells_table(cells: Sequence[Cell]) -> pl.DataFrame:
    """Cells as the `cells` table of a `StudySet`."""
    names = ("cell_id", "study_id", "condition_num", "condition", "task_num", "stimulus", "design", "wording_contrast")
    columns: dict[str, list[object]] = {name: [getattr(cell, name) for cell in cells] for name in names}
    described = pl.DataFrame(columns, schema={name: CELLS_SCHEMA[name] for name in names})
    return described.hstack(scale_table([cell.scale for cell in cells])).select(CELLS_SCHEMA.names())


def scale_table(scales: Sequence[AnswerScale]) -> pl.DataFrame:
    """The columns of the `cells` table that hold a scale, one row per scale."""
    columns = {
        "scale_values": [None if scale.values is None else list(scale.values) for scale in scales],
        "scale_labels": [scale.label_column for scale in scales],
        "unit": [scale.unit for scale in scales],
        "measurement": [scale.measurement for scale in scales],
        "off_axis": [scale.off_axis_column for scale in scales],
        "off_axis_labels": [scale.off_axis_label_column for scale in scales],
    }
    return pl.DataFrame(columns, schema={name: CELLS_SCHEMA[name] for name in columns})


def count_off_axis(cells: pl.DataFrame, responses: pl.DataFrame) -> int:
    """How many responses are options off the axis of their cell."""
    off = cells.select("cell_id", pl.col("off_axis").alias("response")).drop_nulls().explode("response")
    return len(responses.join(off, on=["cell_id", "response"], how="semi"))


def persona_rows(participants: pl.DataFrame) -> list[dict[str, str | int | None]]:
    """One persona per row of a participant table: its attributes without ids and weight."""
    attributes = [name for name in participants.columns if name not in PARTICIPANTS_SCHEMA]
    return participants.select(attributes).to_dicts() if attributes else [{} for _ in range(len(participants))]


def _cell(row: dict[str, Any]) -> Cell:
    names = ("scale_values", "scale_labels", "off_axis", "off_axis_labels", "unit", "measurement")
    return Cell(scale=AnswerScale.from_columns(*(row.pop(name) for name in names)), **row)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    if not path.is_file():
        raise StudyFolderError(
            f"{folder} is not a prepared study folder (no manifest.json); make one with "
            f"python -m train.prepare --source bundled --out {folder}"
        )
    try:
        raw = read_json(path)
        if raw["format"] not in READABLE_FORMATS:
            readable = " and ".join(map(str, READABLE_FORMATS))
            raise StudyFolderError(
                f"{folder} has format {raw['format']}, but this version reads {readable}; prepare it again"
            )
        return read_as(Manifest, {**raw, "dropped": raw["dropped"]})  # nothing stands for rows that were not counted
    except (ValueError, KeyError, TypeError) as error:
        raise StudyFolderError(f"{path} cannot be read ({error}); prepare the folder again") from error


def _read_table(path: Path, name: str, form: int) -> pl.DataFrame:
    try:
        table = read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StudyFolderError(f"{path} cannot be read ({error}); prepare the folder again") from error
    needed = {key: kind for key, kind in SCHEMAS[name].items() if form > 1 or key not in SINCE_FORMAT_2.get(name, ())}
    wrong = [
        f"{column} ({table.schema.get(column, 'missing')} in place of {expected})"
        for column, expected in needed.items()
        if table.schema.get(column) != expected
    ]
    if wrong:
        raise StudyFolderError(f"{path} has missing or wrong columns: {_some(wrong)}; prepare the folder again")
    if form == 1:
        table = _of_format_2(table, name)
    return table.select(SCHEMAS[name].names()) if name != "participants" else table


def _of_format_2(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """A table of format 1 with what its cells and studies were: whole numbers in an order, each study on its own."""
    if name == "studies":
        return table.with_columns(group="study_id")
    if name == "cells":
        bounded = pl.when(pl.col("scale_values").is_null()).then(pl.lit("open")).otherwise(pl.lit("ordinal"))
        none = [pl.lit(None, kind).alias(key) for key, kind in CELLS_SCHEMA.items() if key.startswith("off_axis")]
        return table.with_columns(unit=pl.lit(1.0), measurement=bounded, wording_contrast=False).with_columns(none)
    return table


def _some(names: Iterable[str], most: int = 5) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more if listed else "none"
