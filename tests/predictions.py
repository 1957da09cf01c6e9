"""Cells with predictions for tests, written out by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import split_options


def cell(
    responses: Sequence[float],
    prediction: Sequence[float] | Sequence[Sequence[float]] | None = None,
    *,
    drawn: Sequence[float] | None = None,
    values: Sequence[int] | None = (1, 2, 3, 4, 5),
    study: str = "s",
    cell_id: int = 0,
    condition: int = 1,
    task: int | None = 1,
    people: Sequence[int] | None = None,
    weights: Sequence[float] | None = None,
    attributes: Mapping[str, Sequence[str | None]] | None = None,
    stimulus: str | None = "How much?",
    real: bool | None = True,
    off_axis: Mapping[int, str] | None = None,
    unit: float = 1.0,
    nominal: bool = False,
) -> CellPredictions:
    """A cell; `prediction` is one row for everybody, or a row for each, over all options, those off the axis too."""
    off_probs = None
    probs: npt.NDArray[np.float64] | None = None
    if prediction is not None:
        probs = np.atleast_2d(np.array(prediction, dtype=np.float64))
        probs = np.tile(probs, (len(responses), 1)) if len(probs) == 1 else probs
        assert values is not None
        split = split_options(probs, AnswerScale(tuple(values), {}, off_axis or {}))
        probs, off_probs = split.on_axis, split.off_axis
    return CellPredictions(
        study_id=study,
        cell_id=cell_id,
        condition_num=condition,
        task_num=task,
        values=None if values is None else np.array(values, dtype=np.int64),
        responses=np.array(responses, dtype=np.float64),
        people=np.arange(len(responses)) + 1000 * cell_id if people is None else np.array(people),
        probs=probs,
        drawn=None if drawn is None else np.array(drawn, dtype=np.float64),
        weights=None if weights is None else np.array(weights, dtype=np.float64),
        mass=None if probs is None else np.full(len(responses), 0.9),
        attributes=attributes or {},
        stimulus=stimulus,
        real=real,
        off_axis=off_axis or {},
        off_probs=off_probs,
        unit=unit,
        nominal=nominal,
    )
