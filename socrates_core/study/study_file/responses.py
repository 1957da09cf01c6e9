"""The human answers of a study file: a table with a row a person, and the map that says which column is what.

The study file says what people read, and on which scales they answered; the table's map says which column holds the
answers to which outcome, by name, and which value is which condition, by label. Where the two contradict each other,
nothing is read.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from socrates_core.errors import LossError, SourceError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.loss import refusal
from socrates_core.study.incoming.problems import nearest
from socrates_core.study.sources.file.opened import column_notes
from socrates_core.study.sources.table.answers import plain_text
from socrates_core.study.sources.table.arms import alike_arms
from socrates_core.study.sources.table.map.form import ConditionMap, OutcomeMap, ScaleMap, TableMap, map_of, read_map
from socrates_core.study.sources.table.map.rule import rule_of
from socrates_core.study.sources.table.numbering import COMPARED
from socrates_core.study.sources.table.tidy import TableSource, load_table
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.stimulus import scale_of
from socrates_core.study.study_set import StudySet

_KEY: Final = "socrates outcome {}"
"""The question under which the answers to an outcome are read, so that they are found again."""


def with_responses(studies: Studies, form: StudyForm, folder: Path, where: str) -> Studies:
    """The study with the answers of its people, who are the people of the study then.

    Args:
        studies: Without answers, from the study file.
        form: The study file, with `responses`.
        folder: What the paths of table and map are relative to.
        where: The study file in messages.

    Raises:
        SourceError: If table or map cannot be read, or contradict the study: an outcome, a condition or an option that
            it does not have, or an option of another text.
        LossError: If more answers cannot be read than may be lost.
    """
    assert form.responses is not None
    table = folder / form.responses.file
    if not table.is_file():
        raise SourceError(f"{where}, responses.file: there is no file {table}")
    columns = read_map(folder / form.responses.map)
    at = f"{where}, responses.map"
    read = load_table(TableSource([table], str(table), table.name, columns=_asked(columns, form, table, at)))
    if read.manifest.losses:
        raise LossError(refusal(read.manifest.losses))
    if len(read.studies) > 1:
        raise SourceError(f"{at}: the table holds {len(read.studies)} studies; leave the others out")
    study_id = studies.study_ids[0]
    cells = _cells(studies, form, read, at)
    responses = read.responses.with_columns(
        cell_id=pl.col("cell_id").replace_strict(cells, return_dtype=read.responses.schema["cell_id"])
    ).sort("cell_id", "participant_id", maintain_order=True)
    told = f"answers from {table.name}"
    # the texts and the control are the study file's
    notes = [note for note in read.manifest.notes if note not in alike_arms(read) and COMPARED not in note]
    counts = {**read.manifest.counts, "studies": 1, "cells": len(studies.cells)}
    return replace(
        studies,
        studies=studies.studies.with_columns(source=pl.lit(told), real=pl.lit(True)),
        participants=read.participants.with_columns(study_id=pl.lit(study_id)),
        responses=responses,
        manifest=replace(read.manifest, source=studies.manifest.source, counts=counts, notes=tuple(notes)),
    )


def _asked(columns: TableMap, form: StudyForm, table: Path, where: str) -> TableMap:
    """The map with the outcomes of the study: their scales, and a key in place of each question."""
    if not columns.outcomes:
        raise SourceError(f"{where}: expected `outcomes`, one column each: the answers are a table with a row a person")
    names = {one.name.casefold(): place for place, one in enumerate(form.outcomes)}
    notes = column_notes(table, columns.encoding)
    raw: dict[str, Any] = {}
    for column, outcome in columns.outcomes.items():
        name = outcome.name or column
        place = names.get(name.casefold())
        if place is None:
            known = [one.name for one in form.outcomes]
            hint = nearest(name, known)
            raise SourceError(
                f"{where}, outcomes.{column}: the study has no outcome {name!r}{hint}; it has {', '.join(known)}"
            )
        scale = scale_of(form.outcomes[place])
        at = f"{where}, outcomes.{column}"
        _check_scale(outcome, scale, at)
        file_says = notes[column].values if column in notes else {}
        _check_texts(
            {int(v): t for v, t in file_says.items() if v.lstrip("-").isdecimal()}, scale, f"{at}: {table.name}"
        )
        raw[column] = {
            "name": _KEY.format(place + 1),
            "question": _KEY.format(place + 1),
            "scale": _as_map(scale),
            "missing": list(outcome.missing),
        }
    condition = columns.condition
    if isinstance(condition, ConditionMap):
        condition = condition.model_copy(update={"texts": {}, "control": None})
    outcomes = map_of({"outcomes": raw}, where).outcomes
    return columns.model_copy(update={"outcomes": outcomes, "condition": condition, "design": form.design})


def _as_map(scale: AnswerScale) -> Any:
    """A scale as a map writes it."""
    if scale.values is None:
        return "open"
    raw: dict[str, Any] = {"labels": dict(scale.labels), "off_axis": dict(scale.off_axis)}
    if scale.nominal:
        return {"nominal": True, **raw}
    return {"from": scale.values[0], "to": scale.values[-1], **raw}


def _check_scale(outcome: OutcomeMap, scale: AnswerScale, where: str) -> None:
    """Raise a SourceError if the map states another scale than the study file."""
    rule = rule_of(outcome.scale)
    if rule is None:
        return
    form = outcome.scale
    stated = rule.scale
    plain = not isinstance(form, ScaleMap) or not (form.bins or form.round or form.step not in (None, 1))
    if not plain or stated is None or (stated.values, stated.nominal) != (scale.values, scale.nominal):
        shown = "open" if scale.values is None else f"{scale.values[0]} to {scale.values[-1]}"
        raise SourceError(f"{where}.scale: the study file has another one ({shown}); leave it out of the map")
    _check_texts(stated.texts, scale, f"{where}.scale")


def _check_texts(texts: Mapping[int, str], scale: AnswerScale, where: str) -> None:
    """Raise a SourceError for a label that the study file gives to another option."""
    ours = {plain_text(text): value for value, text in scale.texts.items()}
    for value, text in texts.items():
        other = ours.get(plain_text(text))
        if other is not None and other != value:
            raise SourceError(
                f"{where}: {value} is {text!r}, and in the study file {other} is; correct one of them, or recode the "
                "answers"
            )


def _cells(studies: Studies, form: StudyForm, read: StudySet, where: str) -> dict[int, int]:
    """Cell of the table → cell of the study."""
    labels = {plain_text(cell.condition_label): cell.condition_num for cell in studies.cells_of(studies.study_ids[0])}
    ours = {(cell.condition_num, cell.task_num): cell.cell_id for cell in studies.cells_of(studies.study_ids[0])}
    keys = {_KEY.format(place): place for place in range(len(form.outcomes), 0, -1)}
    found = {}
    for cell in read.cells_of(read.study_ids[0]):
        if len(labels) == 1 and cell.condition is None:
            number = next(iter(labels.values()))
        elif plain_text(cell.condition_label) in labels:
            number = labels[plain_text(cell.condition_label)]
        else:
            known = ", ".join(repr(one.label) for one in form.conditions)
            raise SourceError(
                f"{where}: people answered in the condition {cell.condition_label!r}, and the study has {known}; say "
                "which is which: `condition: {column: …, labels: {VALUE: LABEL}}`"
            )
        task = next(place for key, place in keys.items() if cell.stimulus.split("\n")[0] == key)
        found[cell.cell_id] = ours[number, task]
    return found
