"""The bundled studies: real ones as counts with paraphrased texts, and the synthetic society.

In `assets/studies/`, `real.json` has titles, stimuli (paraphrased, never the original wording) and the counts of
fourteen classic experiments. `gss_counts.csv` counts the answers to eleven wording experiments of the General Social
Survey by party, gender, age group and education; a row is a group of people, and every person counted becomes a
participant with those four attributes. `society/` is the study folder of the synthetic society, which
`socrates_core.study.sources.society.society` generates. `split.json` is the split that the demo adapter was trained on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.files import ASSETS
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

BUNDLED: Final = "bundled"
"""The name of what comes with the software."""

BUNDLED_STUDIES: Final = ASSETS / "studies"

GSS_ATTRIBUTES: Final = ("party_id", "gender", "age_group", "education")
GSS_ANSWERS: Final = {"too_little": 1, "about_right": 2, "too_much": 3}
"""Column of counts → the answer that it counts."""
GSS_FORMS: Final = ("x", "y")
"""The two wordings, in order of condition_num."""


def load_bundled() -> StudySet:
    """All bundled studies: eleven GSS experiments, fourteen classic experiments, 210 synthetic studies."""
    return joined(load_real(), StudySet.load(BUNDLED_STUDIES / "society"))


def joined(real: StudySet, society: StudySet) -> StudySet:
    """Both in one set; the society's cells and participants are numbered after the real ones."""
    new_cell_id = pl.col("cell_id") + len(real.cells)
    new_participant_id = pl.col("participant_id") + len(real.participants)
    participants = society.participants.with_columns(new_participant_id)
    counts = {name: number + society.manifest.counts[name] for name, number in real.manifest.counts.items()}
    return StudySet(
        studies=pl.concat([real.studies, society.studies]),
        cells=pl.concat([real.cells, society.cells.with_columns(new_cell_id)]),
        participants=pl.concat([real.participants, participants], how="diagonal"),
        responses=pl.concat([real.responses, society.responses.with_columns(new_cell_id, new_participant_id)]),
        manifest=Manifest(source=BUNDLED, counts=counts),
    )


def load_real() -> StudySet:
    """The twenty-five real studies, one participant per counted answer."""
    raw = _real_file()
    described: list[Study] = []
    cells: list[Cell] = []
    counted: list[pl.DataFrame] = []
    for topic in raw["gss"]["topics"]:
        described.append(_gss_study(raw["gss"], topic))
        arms = _gss_cells(raw["gss"], topic, first_cell_id=len(cells))
        counted += [_gss_counts(topic["topic"], form, arm) for form, arm in zip(GSS_FORMS, arms, strict=True)]
        cells += arms
    for classic in raw["classic"]["studies"]:
        described.append(_classic_study(raw["classic"], classic))
        arms = _classic_cells(classic, first_cell_id=len(cells))
        numbers = [condition["counts"] for condition in classic["conditions"]]
        counted += [_option_counts(arm, row) for arm, row in zip(arms, numbers, strict=True)]
        cells += arms
    people = _expanded(pl.concat(counted, how="diagonal"))
    number = (pl.int_range(pl.len()).over("study_id") + 1).cast(pl.String)
    people = people.with_columns(participant=number, weight=pl.lit(None, pl.Float64), on_scale=pl.lit(value=True))
    counts = {
        "studies": len(described),
        "cells": len(cells),
        "participants": len(people),
        "responses": len(people),
        "off_scale": 0,
        "rows_read": len(people),
    }
    return StudySet(
        studies=pl.DataFrame([asdict(study) for study in described], schema=STUDIES_SCHEMA),
        cells=cells_table(cells),
        participants=people.select(*PARTICIPANTS_SCHEMA.names(), *GSS_ATTRIBUTES),
        responses=people.select(RESPONSES_SCHEMA.names()),
        manifest=Manifest(source="bundled real studies", counts=counts),
    )


def paraphrased_texts() -> list[str]:
    """The stimuli of the real studies, without answers."""
    return load_real().cells["stimulus"].to_list()


def _real_file() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((BUNDLED_STUDIES / "real.json").read_text("utf-8"))
    return raw


def _gss_study(gss: Mapping[str, Any], topic: Mapping[str, Any]) -> Study:
    return Study(
        study_id=_gss_id(topic["topic"]),
        title=topic["title"],
        source=gss["source"],
        licence=gss["licence"],
        citation=gss["citation"],
        kind="experiment",
        real=True,
    )


def _gss_cells(gss: Mapping[str, Any], topic: Mapping[str, Any], first_cell_id: int) -> list[Cell]:
    labels = {int(option): label for option, label in gss["options"].items()}
    return [
        Cell(
            cell_id=first_cell_id + i,
            study_id=_gss_id(topic["topic"]),
            condition_num=i + 1,
            task_num=1,
            stimulus=gss["stimulus"].format(wording=topic["wordings"][form]),
            scale=AnswerScale(tuple(labels), labels),
            condition=topic["wordings"][form],
        )
        for i, form in enumerate(GSS_FORMS)
    ]


def _gss_id(topic: str) -> str:
    return f"gss-{topic.replace('_', '-')}"


@cache
def _gss_table() -> pl.DataFrame:
    return pl.read_csv((BUNDLED_STUDIES / "gss_counts.csv").read_bytes())


def _gss_counts(topic: str, form: str, cell: Cell) -> pl.DataFrame:
    """One row per group of people and answer of one cell: ids, response, count, and the four attributes."""
    rows = _gss_table().filter(pl.col("topic") == topic, pl.col("form") == form)
    long = rows.unpivot(list(GSS_ANSWERS), index=list(GSS_ATTRIBUTES), variable_name="answer", value_name="count")
    response = pl.col("answer").replace_strict(GSS_ANSWERS, return_dtype=pl.Int64)
    return long.select(*_ids(cell), response.alias("response"), "count", *GSS_ATTRIBUTES)


def _classic_study(classics: Mapping[str, Any], classic: Mapping[str, Any]) -> Study:
    return Study(
        study_id=_classic_id(classic),
        title=classic["title"],
        source=classic["source"],
        licence=classics["licence"],
        citation=classic["citation"],
        kind="experiment",
        real=True,
    )


def _classic_cells(classic: Mapping[str, Any], first_cell_id: int) -> list[Cell]:
    labels = {int(option): label for option, label in classic["labels"].items()}
    return [
        Cell(
            cell_id=first_cell_id + i,
            study_id=_classic_id(classic),
            condition_num=i + 1,
            task_num=1,
            stimulus=condition["stimulus"],
            scale=AnswerScale(tuple(classic["options"]), labels),
            condition=condition["label"],
        )
        for i, condition in enumerate(classic["conditions"])
    ]


def _classic_id(classic: Mapping[str, Any]) -> str:
    return f"classic-{classic['id'].replace('_', '-')}"


def _option_counts(cell: Cell, numbers: Sequence[int]) -> pl.DataFrame:
    """One row per option of one cell: ids, response, count."""
    assert cell.scale.values is not None
    if len(numbers) != len(cell.scale.values):
        raise ValueError(f"{cell.study_id} counts {len(numbers)} options, its scale has {len(cell.scale.values)}")
    table = pl.DataFrame({"response": cell.scale.values, "count": numbers})
    return table.select(*_ids(cell), "response", "count")


def _ids(cell: Cell) -> tuple[pl.Expr, pl.Expr]:
    return pl.lit(cell.cell_id, pl.UInt32).alias("cell_id"), pl.lit(cell.study_id).alias("study_id")


def _expanded(counted: pl.DataFrame) -> pl.DataFrame:
    """Each row repeated `count` times, numbered as participants."""
    rows = np.repeat(np.arange(len(counted)), counted["count"].to_numpy())
    return counted[rows].drop("count").with_row_index("participant_id")
