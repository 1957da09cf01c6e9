"""The prediction of an evaluation's cells: the units of a run.

A cell's prediction depends only on the studies, the model and the specification, not on earlier predictions, so units
can be computed in any order, repeated, or computed on another machine.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl

from socrates_core.evaluation.data import EvaluationData
from socrates_core.evaluation.results.provenance import versions
from socrates_core.evaluation.spec import EvaluationSpec
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.model.answer_model import AnswerDistributions, AnswerModel, ModelDescription
from socrates_core.model.baselines import MarginalModel
from socrates_core.model.folder import requested_revision
from socrates_core.people.distinct import distinct_personas
from socrates_core.people.population import start_weights
from socrates_core.scale.distribution import Floats, split_options
from socrates_core.study.leaks import (
    NearDuplicate,
    StimulusSketches,
    load_sketches,
    near_duplicates_of,
    near_duplicates_of_sketches,
    refuse_overlap,
)
from socrates_core.study.split import study_of
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Cell, Persona


@runtime_checkable
class _ManyCells(Protocol):
    """A model that predicts several cells at once."""

    def answers_of(self, requests: Sequence[tuple[Cell, Sequence[Persona]]]) -> list[AnswerDistributions]: ...


def questions(
    data: EvaluationData, cells: Sequence[Cell], spec: EvaluationSpec
) -> list[tuple[Cell, list[dict[str, str | int | None]]]]:
    """The requests to a model: each cell with the distinct personas of the people who answered it."""
    found = []
    for cell in cells:
        _, personas = _observed(data, cell, spec, None)
        found.append((cell, distinct_personas(personas).personas))
    return found


def predict(
    model: AnswerModel,
    data: EvaluationData,
    cells: Sequence[Cell],
    spec: EvaluationSpec,
    marginal: MarginalModel | None,
) -> list[CellPredictions]:
    """Predict the cells of one batch for the people who answered them; equal personas are predicted once.

    Raises:
        ModelError: If the model cannot predict them.
    """
    blank = [_observed(data, cell, spec, marginal) for cell in cells]
    distinct = [distinct_personas(personas) for _, personas in blank]
    requests = [(cell, different.personas) for cell, different in zip(cells, distinct, strict=True)]
    if isinstance(model, _ManyCells):
        answers = model.answers_of(requests)
    else:
        answers = [model.answer_distributions(cell, personas) for cell, personas in requests]
    found = []
    for cell, (whole, _), answer, different in zip(cells, blank, answers, distinct, strict=True):
        split = split_options(answer.probs, cell.scale)
        found.append(
            replace(
                whole,
                probs=split.on_axis[different.place],
                off_probs=None if split.off_axis is None else split.off_axis[different.place],
                mass=answer.on_scale_mass[different.place],
                method=answer.method,
                drawn=None,
            )
        )
    return found


def describe(spec: EvaluationSpec, data: EvaluationData, model: ModelDescription) -> dict[str, Any]:
    """Where the predictions of an evaluation come from, and what their model may have known.

    Raises:
        LeakError: If the model has learned from what it is evaluated on, and the specification does not allow it.
    """
    revisions = {
        name: requested_revision(value)
        for name, value in (("model", spec.model), ("adapter", spec.adapter))
        if not (value or "").startswith("endpoint:")
    }
    return {
        "model": model.name,
        "adapter": model.adapter,
        **({"model_digest": model.model_digest} if model.model_digest else {}),
        **({"adapter_digest": model.adapter_digest} if model.adapter_digest else {}),
        "revisions": {**revisions, "studies": data.studies.manifest.revision},
        **({"base_note": model.base_note} if model.base_note else {}),
        **({"template_note": model.template_note} if model.template_note else {}),
        "template": model.template,
        "device": model.device,
        "precision": model.precision,
        "demo": model.demo,
        "studies": spec.studies,
        "source": data.studies.manifest.source,
        "data_digest": spec.data,
        "part": spec.part,
        "split_digest": spec.split,
        "per_cell": spec.per_cell,
        "answers": data.answers(spec.per_cell),
        "sampling_seed": spec.seed,
        "only": list(spec.only),
        "versions": versions(),
        **leaks(data, model, spec.allow_seen),
        **({"losses": [str(loss) for loss in data.studies.manifest.losses]} if data.studies.manifest.losses else {}),
        "left_out": list(data.left_out),
    }


def leaks(data: EvaluationData, model: ModelDescription, allow_seen: bool) -> dict[str, Any]:
    """What the model may know of the evaluated studies.

    Returns:
        `contaminated`, the study ids that it was trained on; `near_duplicates`, pairs of a training and an evaluated
        stimulus that share much of their wording; `stimuli_compared`, whether all training stimuli were available, and
        `studies_compared`, the number of training studies whose stimuli were: in the split, or else as the sketches
        that come with an adapter (`studies_sketched` of them, whose similarities are estimates).

    Raises:
        LeakError: If it was trained on one and that is not allowed.
    """
    trained_on = model.trained_on
    contaminated = refuse_overlap(trained_on, data.units, allow_seen, data.groups)
    learned = {study_of(unit) for unit in trained_on}
    training = data.training
    at_hand = [one for one in training.study_ids if one in learned] if training is not None else []
    pairs: list[NearDuplicate] = []
    if training is not None and at_hand:
        theirs = training.select(at_hand).cells.with_columns(part=pl.lit("train"))
        pairs = near_duplicates_of(pl.concat([theirs, data.studies.cells.with_columns(part=pl.lit("evaluated"))]))
    sketched: list[str] = []
    if model.stimuli is not None and len(at_hand) < len(learned):
        kept = load_sketches(model.stimuli)
        elsewhere = learned - set(at_hand)
        left = StimulusSketches(kept.size, {one: kept.studies[one] for one in sorted(elsewhere & set(kept.studies))})
        sketched = list(left.studies)
        pairs = [*pairs, *near_duplicates_of_sketches(left, data.studies.cells)]
    compared = len(at_hand) + len(sketched)
    return {
        "contaminated": list(contaminated),
        "trained_on": len(learned),
        "stimuli_compared": not learned or compared == len(learned),
        "studies_compared": compared,
        **({"studies_sketched": len(sketched)} if sketched else {}),
        "near_duplicates": [
            {
                "training_study": pair.study_a,
                "study": pair.study_b,
                "cell": pair.cell_b,
                "similarity": round(pair.similarity, 4),
            }
            for pair in pairs
        ],
    }


def _weights(people: pl.DataFrame) -> Floats | None:
    """(N,) weight of each answer, as in a simulation of the people who gave them; None if the weights are not known.

    Who answered several times has a part of the weight for each answer.
    """
    if people["weight"].null_count() == len(people):
        return None
    persons = people.unique("participant_id").sort("participant_id")
    if persons["weight"].max() == 0:  # of this cell: others of the study have more
        return np.zeros(len(people))
    weights, _ = start_weights(persons)
    place = np.searchsorted(persons["participant_id"].to_numpy(), people["participant_id"].to_numpy())
    return np.asarray(weights[place] / np.bincount(place)[place])


def _observed(
    data: EvaluationData, cell: Cell, spec: EvaluationSpec, marginal: MarginalModel | None
) -> tuple[CellPredictions, list[dict[str, str | int | None]]]:
    """A cell with its answers, without a prediction yet, and the persona of each answer."""
    rows = data.rows[cell.cell_id]
    if spec.per_cell is not None and len(rows) > spec.per_cell:
        rng = np.random.default_rng([spec.seed, 14, cell.cell_id])
        rows = np.sort(rng.choice(rows, spec.per_cell, replace=False))
    answers = data.studies.responses[rows]
    ids = answers["participant_id"].to_numpy()
    table = data.studies.participants
    people = table[np.searchsorted(table["participant_id"].to_numpy(), ids)]
    attributes = people.drop(PARTICIPANTS_SCHEMA.names())
    known = [name for name in attributes.columns if attributes[name].null_count() < len(attributes)]
    personas = [
        {name: value for name, value in row.items() if value is not None}
        for row in attributes.select(known).iter_rows(named=True)
    ] or [{} for _ in rows]
    weights = _weights(people)
    title, real, group = data.title[cell.study_id]
    whole = CellPredictions(
        study_id=cell.study_id,
        cell_id=cell.cell_id,
        condition_num=cell.condition_num,
        task_num=cell.task_num,
        values=np.asarray(cell.scale.values, dtype=np.int64),
        responses=answers["response"].to_numpy().astype(np.float64),
        people=ids.astype(np.int64),
        drawn=np.full(len(rows), np.nan),
        weights=weights,
        marginal=None
        if marginal is None
        else split_options(marginal.answer_distributions(cell, [{}]).probs, cell.scale).on_axis[0],
        labels=dict(cell.scale.labels),
        off_axis=dict(cell.scale.off_axis),
        unit=cell.scale.unit,
        nominal=cell.scale.nominal,
        condition=cell.condition,
        stimulus=cell.stimulus,
        title=title,
        real=real,
        group=group,
        design=cell.design,
        wording_contrast=cell.wording_contrast,
        attributes={name: attributes[name].cast(pl.String).to_list() for name in known},
    )
    return whole, personas
