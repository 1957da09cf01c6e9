"""Baselines: models without a network, which a prediction has to beat."""

from collections.abc import Sequence

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription, check_request
from socrates_core.scale.distribution import Floats, option_values
from socrates_core.study.study_set import Cell, Persona, StudySet


class UniformModel:
    """The uniform baseline: every option is equally likely."""

    description = ModelDescription("uniform")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """1 / K everywhere."""
        check_request(cell, personas)
        count = len(option_values(cell.scale))
        return AnswerDistributions(np.full((len(personas), count), 1 / count), np.ones(len(personas)))


class MarginalModel:
    """Answers every question as people answered the training questions on the same scale.

    Ignores question, condition and persona. Shares are averaged over cells, so that a large cell does not dominate;
    for a scale that no training cell has, the mean training shape is interpolated along [0, 1].
    """

    def __init__(self, training: StudySet) -> None:
        """Compute the shares by scale.

        Raises:
            ModelError: If the training studies contain no answers on a bounded scale.
        """
        self._by_scale, self._by_position = _shares(training)
        if not self._by_scale:
            raise ModelError("the marginal model found no answers on a bounded scale in its training studies")
        self.description = ModelDescription("marginal", trained_on=frozenset(training.study_ids))

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """The same row for every persona."""
        check_request(cell, personas)
        values = tuple(int(value) for value in option_values(cell.scale))
        row = self._by_scale.get(values)
        if row is None:
            row = _spread(self._by_position, len(values))
        return AnswerDistributions(np.tile(row, (len(personas), 1)), np.ones(len(personas)))


POSITIONS = 100
"""Number of bins of [0, 1] in which the mean shape over all scales is stored."""


def _shares(training: StudySet) -> tuple[dict[tuple[int, ...], Floats], Floats]:
    """Mean shares over cells: by scale, and over all scales by position (option k of K covers [k/K, (k+1)/K])."""
    answers = training.responses.filter("on_scale").sort("cell_id")
    by_cell = dict(answers.group_by("cell_id", maintain_order=True).agg("response").iter_rows())
    collected: dict[tuple[int, ...], list[Floats]] = {}
    shapes: list[Floats] = []
    for cell_id, scale_values in training.cells.select("cell_id", "scale_values").iter_rows():
        if scale_values is None or cell_id not in by_cell:
            continue
        values = np.asarray(scale_values)
        counts = np.bincount(np.searchsorted(values, by_cell[cell_id]), minlength=len(values))
        share = counts / counts.sum()
        collected.setdefault(tuple(scale_values), []).append(share)
        shapes.append(_spread(share, POSITIONS))
    by_scale = {values: np.mean(rows, axis=0) for values, rows in collected.items()}
    return by_scale, np.mean(shapes, axis=0) if shapes else np.zeros(POSITIONS)


def _spread(shares: Floats, count: int) -> Floats:
    """Shares over one number of equal bins, converted to shares over another by the overlap of the bins."""
    edges = np.linspace(0, 1, len(shares) + 1)
    cdf = np.concatenate([[0.0], np.cumsum(shares)])
    out = np.diff(np.interp(np.linspace(0, 1, count + 1), edges, cdf))
    return np.asarray(out / out.sum(), dtype=np.float64)
