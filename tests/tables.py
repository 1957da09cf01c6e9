"""Small study sets for tests, written out by hand."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import (
    PARTICIPANTS_SCHEMA,
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    StudySet,
    cells_table,
)

Question = tuple[int, int, str]
"""condition_num, task_num, stimulus"""


def study_set(studies: Mapping[str, Sequence[Question]], people: int = 4, real: Collection[str] = ()) -> StudySet:
    """Studies whose every question is on a scale from 1 to 5 and is answered by all `people` of the study."""
    cells, participants, responses = [], [], []
    for study_id, questions in studies.items():
        first = len(participants)
        for person in range(people):
            participants.append((first + person, study_id, f"p{person}", None, 20 + person, "Female"))
        for condition_num, task_num, stimulus in questions:
            cell_id = len(cells)
            cells.append(Cell(cell_id, study_id, condition_num, task_num, stimulus, AnswerScale((1, 2, 3, 4, 5))))
            responses += [(cell_id, first + person, (cell_id + person) % 5 + 1, True) for person in range(people)]
    kinds = {study_id: "experiment" if study_id in real else "synthetic" for study_id in studies}
    people_schema = {**PARTICIPANTS_SCHEMA, "age": pl.Int64, "gender": pl.String}
    return StudySet(
        studies=pl.DataFrame(
            [(key, f"Study {key}", "made up", "CC0", "none", kind, key in real, key) for key, kind in kinds.items()],
            schema=STUDIES_SCHEMA,
            orient="row",
        ),
        cells=cells_table(cells),
        participants=pl.DataFrame(participants, schema=people_schema, orient="row"),
        responses=pl.DataFrame(responses, schema=RESPONSES_SCHEMA, orient="row"),
        manifest=Manifest(source="made up", counts={"studies": len(studies), "cells": len(cells)}),
    )


def plain(*study_ids: str, real: Collection[str] = ()) -> StudySet:
    """Studies of one question each."""
    return study_set({study_id: [(1, 1, f"How much do you like {study_id}?")] for study_id in study_ids}, real=real)
