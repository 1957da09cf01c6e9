"""What the endpoints give, as JSON: the names and types of it are the schema that programs see."""

from typing import Any, TypedDict

from socrates_core.model.answer_model import NOT_SCIENCE, ModelDescription
from socrates_core.people.edit import Value
from socrates_core.people.population import attributes_of
from socrates_core.runs.index import RunRow
from socrates_core.study.studies import Outcome, Studies
from socrates_core.study.study_set import Cell
from socrates_core.ui.catalogue import Source, StudyEntry
from socrates_core.ui.simulate.form import observed_shares

MOST_VALUES = 100
"""Values of an attribute that are listed; the most common ones, or the lowest numbers."""


class ModelRow(TypedDict):
    """A model that can be asked."""

    name: str
    label: str


class StudyRow(TypedDict):
    """A study in a list."""

    study: str
    source: str
    title: str
    kind: str
    real: bool
    people: int
    demographics: bool
    unseen: bool
    test: bool


class StudiesAnswer(TypedDict):
    """Studies and models."""

    models: list[ModelRow]
    sources: list[str]
    found: int
    studies: list[StudyRow]


class OptionRow(TypedDict):
    """An option of a scale; `answer` is null-free text as the model writes it."""

    answer: str
    label: str
    off_axis: bool


class OutcomeRow(TypedDict):
    """A question with its scale; no options if it is open-ended."""

    number: int
    name: str
    question: str
    measurement: str
    options: list[OptionRow]


class TextRow(TypedDict):
    """What people of a condition read."""

    condition: str
    outcome: int
    text: str
    answered: int


class ShareRow(TypedDict):
    """A value of an attribute; null if unknown."""

    value: str | int | None
    share: float


class StudyAnswer(TypedDict):
    """One study."""

    study: str
    source: str
    title: str
    origin: str
    licence: str
    citation: str
    real: bool
    unseen: bool | None
    conditions: list[str]
    outcomes: list[OutcomeRow]
    texts: list[TextRow]
    attributes: dict[str, list[ShareRow]]
    notes: list[str]


class PredictionAnswer(TypedDict):
    """A prediction: every outcome with its arms, effects and subgroups, as in the JSON file that the page saves."""

    simulated: str
    study: dict[str, Any]
    unseen: bool | None
    model: dict[str, Any]
    outcomes: list[dict[str, Any]]
    page: str
    warnings: list[str]
    versions: dict[str, Any]


class WhatIfAnswer(TypedDict):
    """Two settings, and the second minus the first."""

    simulated: str
    settings: list[dict[str, Any]]
    comparisons: list[dict[str, Any]]
    notes: list[str]
    versions: dict[str, Any]


class AdviceAnswer(TypedDict):
    """How many people to ask: power and assurance of every effect, in points of the scale's width."""

    simulated: str
    study: str
    model: str
    plan: dict[str, Any]
    effects: list[dict[str, Any]]
    together: dict[str, Any] | None
    left_out: list[dict[str, str]]
    notes: list[str]
    versions: dict[str, Any]


class RunsAnswer(TypedDict):
    """Evaluations, newest first."""

    runs: list[dict[str, Any]]


class LaunchAnswer(TypedDict):
    """A run that was started, or was there."""

    run: str
    state: str
    message: str


class ReportAnswer(TypedDict):
    """A finished evaluation."""

    run: dict[str, Any]
    metrics: dict[str, Any]
    files: list[str]


def study_row(source: Source, entry: StudyEntry) -> StudyRow:
    """A study of the catalogue in a list."""
    return StudyRow(
        study=entry.study.study_id,
        source=source.name,
        title=entry.title,
        kind=entry.study.kind,
        real=entry.study.real,
        people=entry.people,
        demographics=entry.described,
        unseen=not entry.seen,
        test=entry.in_test,
    )


def study_answer(studies: Studies, study_id: str, source: str, unseen: bool | None) -> StudyAnswer:
    """All that a program needs to ask for a prediction."""
    study, cells = studies.study(study_id), studies.cells_of(study_id)
    people = studies.participants_of(study_id)
    attributes = {name: _share_rows(observed_shares(people, name)) for name in attributes_of(people)}
    return StudyAnswer(
        study=study_id,
        source=source,
        title=" ".join(study.title.split()),
        origin=study.source,
        licence=study.licence,
        citation=study.citation,
        real=study.real,
        unseen=unseen,
        conditions=list(studies.conditions(study_id).values()),
        outcomes=[_outcome_row(one) for one in studies.outcomes(study_id)],
        texts=[_text_row(studies, cell) for cell in cells],
        attributes=attributes,
        notes=list(studies.manifest.notes) if len(studies.studies) == 1 else [],
    )


def model_json(model: ModelDescription) -> dict[str, Any]:
    """The model without the list of its training studies, which can be long."""
    return {
        "name": model.name,
        "adapter": model.adapter,
        "template": model.template,
        "precision": model.precision,
        "device": model.device,
        "demo": model.demo,
    }


def warnings_of(model: ModelDescription, unseen: bool | None) -> list[str]:
    """What must be said of figures of this model."""
    seen = "The model was trained on this study, so these figures do not show how well it predicts."
    return [*([NOT_SCIENCE] if model.demo else []), *([seen] if unseen is False else [])]


def run_json(row: RunRow) -> dict[str, Any]:
    """A run, with its figures on each kind of studies."""
    return {
        "run": row.name,
        "model": row.model,
        "adapter": row.adapter,
        "studies": row.studies.rstrip("/").rpartition("/")[2],
        "part": row.part,
        "people": row.per_cell,
        "seed": row.seed,
        "state": row.state,
        "ahead": row.ahead,
        "done": row.done,
        "cells": row.total,
        "seconds_left": row.left,
        "updated": row.updated,
        "contaminated": row.contaminated,
        "message": row.message,
        "wasserstein": [
            {
                "studies": one.kind,
                "mean": one.wasserstein,
                "ci95": [one.low, one.high],
                "noise_floor": one.noise_floor,
                "n_studies": one.studies,
            }
            for one in row.kinds
        ],
    }


def _share_rows(shares: dict[Value, float]) -> list[ShareRow]:
    return [ShareRow(value=value, share=float(share)) for value, share in list(shares.items())[:MOST_VALUES]]


def _outcome_row(one: Outcome) -> OutcomeRow:
    scale = one.scale
    on = [
        OptionRow(answer=scale.written(value), label=scale.labels.get(value, ""), off_axis=False)
        for value in scale.values or ()
    ]
    off = [
        OptionRow(answer=scale.written(value), label=label, off_axis=True) for value, label in scale.off_axis.items()
    ]
    return OutcomeRow(
        number=one.number,
        name=one.name or "",
        question=one.question,
        measurement=scale.measurement,
        options=[*on, *off],
    )


def _text_row(studies: Studies, cell: Cell) -> TextRow:
    answered = len(studies.answers(cell.cell_id).responses)
    return TextRow(condition=cell.condition_label, outcome=cell.task_num, text=cell.stimulus, answered=answered)
