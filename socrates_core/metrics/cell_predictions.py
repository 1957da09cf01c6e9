"""Predicted answers next to people's answers: all that an evaluation needs, without a model.

`predictions.parquet` has one row per cell. Its lists are as long as the cell has answers (N), and `probs` holds N·K
probabilities, one person after another. Predictions of a model with known probabilities are in `probs`; predictions
that were made elsewhere, one number per answer, are in `drawn`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from socrates_core.metrics.cell.answers import ActualAnswers, PredictedAnswers, among, parts_of_people
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats

Grouping = Literal["text", "task", "condition"]
"""The definition of a cell: (study, condition, task, stimulus text); (study, condition, task), as in the Socrates
paper; or (study, condition), as in the original run, which puts answers to different questions on one axis."""

GROUPINGS: Final[dict[Grouping, str]] = {
    "text": "study, condition, task, stimulus text",
    "task": "study, condition, task",
    "condition": "study, condition",
}


@dataclass(frozen=True, eq=False)
class CellPredictions:
    """One cell: the answers of N people, and the prediction for each of them."""

    study_id: str
    cell_id: int
    condition_num: int
    task_num: int | None
    """None if the file names no task."""
    values: npt.NDArray[np.int64] | None
    """(K,) the options on the axis; None if the scale is not known."""
    responses: Floats
    """(N,) the answers, those off the axis and off the scale included."""
    people: npt.NDArray[np.int64]
    """(N,) ids of the people who answered; the same number is the same person of the study."""
    probs: Floats | None = None
    """(N, K) the distribution of each person's answer on the axis, given that it is on it; needs `values`."""
    drawn: Floats | None = None
    """(N,) one predicted number for each answer in place of `probs`; NaN if it could not be read."""
    weights: Floats | None = None
    """(N,) weight of each answer, those of one person adding up to the person's; None if people count equally."""
    mass: Floats | None = None
    """(N,) share of the model's probability mass on the scale."""
    marginal: Floats | None = None
    """(K,) the prediction of the marginal baseline: the training answers on this scale."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """Option on the axis → its label, if it has one."""
    off_axis: Mapping[int, str] = field(default_factory=dict)
    """J options off the axis, ascending → their labels, empty if they have none."""
    off_probs: Floats | None = None
    """(N, J) each person's probability of these; None if there are none, or numbers were drawn."""
    unit: float = 1.0
    """What answers and options count, see `AnswerScale`."""
    nominal: bool = False
    """Whether the options have no order."""
    condition: str | None = None
    stimulus: str | None = None
    title: str | None = None
    real: bool | None = None
    group: str | None = None
    """The independent unit that the study is part of; None if not known."""
    design: str = "between"
    wording_contrast: bool = False
    """Whether the arms of its outcome ask different questions, so that a higher answer may mean the opposite there."""
    method: str | None = None
    attributes: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """Attribute → (N,) values."""

    def __post_init__(self) -> None:
        assert (self.probs is None) != (self.drawn is None), "either probabilities or drawn numbers"
        assert self.probs is None or self.values is not None, "probabilities need options"
        assert (self.off_probs is None) == (self.probs is None or not self.off_axis), "off-axis options need shares"

    @property
    def actual(self) -> ActualAnswers:
        """The answers alone, without those off the axis and those of weight 0."""
        weights = self.mass_of
        counts = (weights > 0) & ~self.answered_off_axis
        return ActualAnswers(self.values, self.responses[counts], self.people[counts], weights[counts])

    @property
    def predicted(self) -> PredictedAnswers:
        """The predictions of answers on the axis, of exactly the people who answered.

        Each person counts with the probability of answering on the axis, so that the mean over people is
        Σ p(k) / Σ (1 − p(off the axis)).
        """
        if self.drawn is not None:
            return PredictedAnswers(self.mass_of * ~self.predicted_off_axis, self.usable, drawn=self.drawn)
        compared = (self.on_scale | self.answered_off_axis) & (self.substance > 0)
        return PredictedAnswers(self.mass_of * self.substance, compared, self.probs)

    @property
    def substance(self) -> Floats:
        """(N,) predicted probability of an answer on the axis, in [0, 1]; 1 if there is no option off it."""
        if self.off_probs is None:
            return np.ones(len(self.responses))
        return np.asarray((1 - self.off_probs.sum(axis=1)).clip(0.0, 1.0))

    @property
    def on_scale(self) -> npt.NDArray[np.bool_]:
        """(N,) whether an answer is one of the options on the axis; all are if the scale is not known."""
        return np.ones(len(self.responses), bool) if self.values is None else among(self.responses, self.values)

    @property
    def answered_off_axis(self) -> npt.NDArray[np.bool_]:
        """(N,) whether an answer is one of the options off the axis."""
        return self._is_off_axis(self.responses)

    @property
    def predicted_off_axis(self) -> npt.NDArray[np.bool_]:
        """(N,) whether a drawn number is one of the options off the axis."""
        return np.zeros(len(self.responses), bool) if self.drawn is None else self._is_off_axis(self.drawn)

    def _is_off_axis(self, numbers: Floats) -> npt.NDArray[np.bool_]:
        return np.isin(numbers, list(self.off_axis)) if self.off_axis else np.zeros(len(numbers), bool)

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """(N,) whether the prediction is valid, as in `PredictedAnswers`."""
        return PredictedAnswers(self.mass_of, np.ones(len(self.responses), bool), drawn=self.drawn).valid

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(N,) whether the prediction is a possible answer on the axis: valid, and one of the options if known."""
        if self.drawn is None or self.values is None:
            return self.valid
        return self.valid & among(np.where(self.valid, self.drawn, np.inf), self.values)

    @property
    def stray(self) -> npt.NDArray[np.bool_]:
        """(N,) whether a drawn number is valid and no option at all, on the axis or off it."""
        return self.valid & ~self.usable & ~self.predicted_off_axis

    @property
    def mass_of(self) -> Floats:
        """(N,) weights; without any, a person counts 1, and several answers of one person a part of it each."""
        return parts_of_people(self.people) if self.weights is None else self.weights

    @property
    def label(self) -> str:
        """The name of the cell in reports."""
        task = "" if self.task_num is None else f", task {self.task_num}"
        return f"{self.study_id}, {self.condition or f'condition {self.condition_num}'}{task}"


def groups_of(cells: Sequence[CellPredictions], grouping: Grouping) -> list[list[CellPredictions]]:
    """The cells that a grouping treats as one, in the order of the first of each."""
    if grouping == "text":
        return [[cell] for cell in cells]
    groups: dict[tuple[object, ...], list[CellPredictions]] = {}
    for cell in cells:
        key = (cell.study_id, cell.condition_num, *([cell.task_num] if grouping == "task" else []))
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


def joined(group: Sequence[CellPredictions]) -> CellPredictions:
    """Join several cells without options off the axis into one, with the answers of all.

    Distributions are over the union of the options. If the cells' scales differ, no participant saw that union as a
    scale: only the conventions `observed` and `separate` can score it.
    """
    return group[0] if len(group) == 1 else _merge(group)


def one_scale(cells: Sequence[CellPredictions]) -> bool:
    """Whether all these cells have the same known options."""
    first = cells[0].values
    return first is not None and all(c.values is not None and np.array_equal(c.values, first) for c in cells)


def expanded(rows: Floats, values: npt.ArrayLike, onto: npt.ArrayLike) -> Floats:
    """Distributions (..., K) over `values` as (..., L) over the longer list `onto`, 0 elsewhere."""
    out = np.zeros((*rows.shape[:-1], len(np.asarray(onto))))
    out[..., np.searchsorted(np.asarray(onto), np.asarray(values))] = rows
    return out


def as_numbers(cell: CellPredictions) -> CellPredictions:
    """The cell with its options off the axis taken as the numbers they are, as the Socrates paper took them."""
    if not cell.off_axis or cell.values is None:
        return cell
    off = np.array(list(cell.off_axis), dtype=np.int64)
    values = np.union1d(cell.values, off)
    probs = None
    if cell.probs is not None and cell.off_probs is not None:
        probs = expanded(cell.probs * cell.substance[:, None], cell.values, values)
        probs += expanded(cell.off_probs, off, values)
    return replace(cell, values=values, probs=probs, off_axis={}, off_probs=None, marginal=None)


def scale_of(cell: CellPredictions) -> AnswerScale:
    """The cell's scale, with the labels that are known."""
    if cell.values is None:
        return AnswerScale(None)
    values = tuple(int(value) for value in cell.values)
    return AnswerScale(values, dict(cell.labels), dict(cell.off_axis), cell.unit, cell.nominal)


def _merge(cells: Sequence[CellPredictions]) -> CellPredictions:
    responses = np.concatenate([cell.responses for cell in cells])
    weights = np.concatenate([cell.mass_of for cell in cells])  # who answered several texts counts for each of them
    whole = replace(
        cells[0],
        responses=responses,
        people=np.concatenate([cell.people for cell in cells]),
        weights=weights,
        mass=None,
        marginal=None,
        stimulus=None,
        attributes={},
    )
    if all(cell.probs is not None for cell in cells):
        union = np.unique(np.concatenate([cell.values for cell in cells if cell.values is not None]))
        rows = [expanded(c.probs, c.values, union) for c in cells if c.probs is not None and c.values is not None]
        return replace(whole, values=union, probs=np.concatenate(rows))
    drawn = np.concatenate([cell.drawn for cell in cells if cell.drawn is not None])
    return replace(whole, values=cells[0].values if one_scale(cells) else None, drawn=drawn)
