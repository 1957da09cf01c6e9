"""Baselines: models without a network, which a prediction has to beat."""

from collections.abc import Sequence

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription, check_request
from socrates_core.scale.distribution import Floats, all_options
from socrates_core.study.study_set import Cell, Persona, StudySet


class UniformModel:
    """The uniform baseline: every option is equally likely."""

    description = ModelDescription("uniform")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """1 / L everywhere."""
        check_request(cell, personas)
        count = len(all_options(cell.scale))
        return AnswerDistributions(np.full((len(personas), count), 1 / count), np.ones(len(personas)))


class MarginalModel:
    """Answers every question as people answered the training questions on the same scale.

    Ignores question, condition and persona. Shares are averaged over cells, so that a large cell does not dominate;
    for a scale that no training cell has, the mean training shape is interpolated along [0, 1], and options off the
    axis share the mean training share of such options.
    """

    def __init__(self, training: StudySet) -> None:
        """Compute the shares by scale.

        Raises:
            ModelError: If the training studies contain no answers on a bounded scale.
        """
        self._by_scale, self._by_position, self._off_axis = _shares(training)
        if not self._by_scale:
            raise ModelError("the marginal model found no answers on a bounded scale in its training studies")
        self.description = ModelDescription("marginal", trained_on=frozenset(training.study_ids))

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """The same row for every persona."""
        check_request(cell, personas)
        options = tuple(int(value) for value in all_options(cell.scale))
        row = self._by_scale.get(_key(cell.scale.values, tuple(cell.scale.off_axis)))
        if row is None:
            assert cell.scale.values is not None
            on = self._by_scale.get(_key(cell.scale.values, ()))
            on = _spread(self._by_position, len(cell.scale.values)) if on is None else on
            row = np.zeros(len(options))
            off = np.isin(options, list(cell.scale.off_axis))
            row[~off] = on * (1 - self._off_axis * off.any())
            row[off] = self._off_axis / max(1, off.sum())
        return AnswerDistributions(np.tile(row, (len(personas), 1)), np.ones(len(personas)))


POSITIONS = 100
"""Number of bins of [0, 1] in which the mean shape over all scales is stored."""


_Key = tuple[tuple[int, ...], tuple[int, ...]]
"""Options on the axis, and options off it."""


def _key(values: Sequence[int] | None, off_axis: Sequence[int] | None) -> _Key:
    return tuple(values or ()), tuple(off_axis or ())


def _shares(training: StudySet) -> tuple[dict[_Key, Floats], Floats, float]:
    """Mean shares over cells: by scale (of all options), and over all scales by position on the axis (option k of K
    covers [k/K, (k+1)/K]), and off the axis.
    """
    answers = training.responses.filter("on_scale").sort("cell_id")
    by_cell = dict(answers.group_by("cell_id", maintain_order=True).agg("response").iter_rows())
    collected: dict[_Key, list[Floats]] = {}
    shapes: list[Floats] = []
    outside: list[float] = []
    for cell_id, scale_values, off_axis in training.cells.select("cell_id", "scale_values", "off_axis").iter_rows():
        if scale_values is None or cell_id not in by_cell:
            continue
        values = np.sort(np.asarray([*scale_values, *(off_axis or [])]))
        counts = np.bincount(np.searchsorted(values, by_cell[cell_id]), minlength=len(values))
        share = counts / counts.sum()
        collected.setdefault(_key(scale_values, off_axis), []).append(share)
        on = share[np.isin(values, scale_values)]
        if on.sum() > 0:
            shapes.append(_spread(on / on.sum(), POSITIONS))
        if off_axis:
            outside.append(1 - float(on.sum()))
    by_scale = {key: np.mean(rows, axis=0) for key, rows in collected.items()}
    return by_scale, np.mean(shapes, axis=0) if shapes else np.zeros(POSITIONS), float(np.mean(outside or [0.0]))


def _spread(shares: Floats, count: int) -> Floats:
    """Shares over one number of equal bins, converted to shares over another by the overlap of the bins."""
    edges = np.linspace(0, 1, len(shares) + 1)
    cdf = np.concatenate([[0.0], np.cumsum(shares)])
    out = np.diff(np.interp(np.linspace(0, 1, count + 1), edges, cdf))
    return np.asarray(out / out.sum(), dtype=np.float64)
