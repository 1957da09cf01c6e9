"""Studies whose answers are published as counts: every answer counted becomes a participant."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import polars as pl

from socrates_core.study.study_set import (
    PARTICIPANTS_SCHEMA,
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    Study,
    StudySet,
    cells_table,
)


@dataclass(frozen=True)
class CountedStudy:
    """A study with its cells, and how many people gave each answer in them."""

    study: Study
    cells: tuple[Cell, ...]
    counts: tuple[pl.DataFrame, ...] = field(repr=False)
    """One table a cell: `response`, `count`, and a column for each attribute that the people are counted by."""


def counted_set(found: Sequence[CountedStudy], attributes: Sequence[str], source: str) -> StudySet:
    """The studies as a study set, with one participant per counted answer.

    Args:
        found: The studies; the ids of their cells are 0, 1, 2, … in this order.
        attributes: All that people are counted by, in the order of the columns; what is not counted is unknown.
        source: What the manifest names.
    """
    cells = [cell for one in found for cell in one.cells]
    tables = [table for one in found for table in one.counts]
    rows = [_with_ids(cell, table) for cell, table in zip(cells, tables, strict=True)]
    people = _expanded(pl.concat(rows, how="diagonal"))
    number = (pl.int_range(pl.len()).over("study_id") + 1).cast(pl.String)
    people = people.with_columns(participant=number, weight=pl.lit(None, pl.Float64), on_scale=pl.lit(value=True))
    counts = {
        "studies": len(found),
        "cells": len(cells),
        "participants": len(people),
        "responses": len(people),
        "off_scale": 0,
        "rows_read": len(people),
    }
    return StudySet(
        studies=pl.DataFrame([asdict(one.study) for one in found], schema=STUDIES_SCHEMA),
        cells=cells_table(cells),
        participants=people.select(*PARTICIPANTS_SCHEMA.names(), *attributes),
        responses=people.select(RESPONSES_SCHEMA.names()),
        manifest=Manifest(source=source, counts=counts),
    )


def option_counts(cell: Cell, numbers: Sequence[int]) -> pl.DataFrame:
    """One row per option of a cell: response, count.

    Raises:
        ValueError: If there are more or fewer numbers than options.
    """
    assert cell.scale.values is not None
    if len(numbers) != len(cell.scale.values):
        raise ValueError(f"{cell.study_id} counts {len(numbers)} options, its scale has {len(cell.scale.values)}")
    return pl.DataFrame({"response": cell.scale.values, "count": numbers})


def _with_ids(cell: Cell, table: pl.DataFrame) -> pl.DataFrame:
    ids = pl.lit(cell.cell_id, pl.UInt32).alias("cell_id"), pl.lit(cell.study_id).alias("study_id")
    whole = pl.col("response", "count").cast(pl.Int64)
    return table.select(*ids, whole, pl.exclude("response", "count"))


def _expanded(counted: pl.DataFrame) -> pl.DataFrame:
    """Each row repeated `count` times, numbered as participants."""
    rows = np.repeat(np.arange(len(counted)), counted["count"].to_numpy())
    return counted[rows].drop("count").with_row_index("participant_id")
