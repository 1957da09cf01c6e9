"""Validation during training: how well the network predicts the validation studies, with the simulation engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from socrates_core.errors import ModelError, TrainingError
from socrates_core.finetune.batch.examples import Examples, Ints
from socrates_core.metrics.cell.answers import ActualAnswers, parts_of_people
from socrates_core.metrics.cell.comparison import scale_distances
from socrates_core.model.answer_model import TRUSTED_MASS, AnswerDistributions, ModelDescription
from socrates_core.model.fit import mass_by_template, template_note
from socrates_core.model.prefix_tree import attention
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.distribution import Floats, all_options, option_values, split_options
from socrates_core.study.study_set import Cell, Persona

DRAWS: Final = 1000

CELLS_AT_ONCE: Final = 16
"""Cells whose prompts share one prefix tree."""


@dataclass(frozen=True)
class ValidationResult:
    """Averages over the validation studies."""

    loss: float
    """Mean −log probability of each person's answer, in nats, over the number alone. A training step's loss includes
    the end-of-turn token, so the two are not comparable."""
    wasserstein: float
    """Wasserstein distance (W), convention `scale`: mean over the cells of a study, then over studies."""
    low: float
    """Lower end of W's 95 % percentile interval over resampled groups of studies."""
    high: float
    """Upper end of that interval."""
    noise_floor: float
    """The W that a perfect prediction would score."""
    uniform: float
    """The W of the uniform baseline."""
    people: int
    cells: int
    studies: int
    on_scale_mass: float | None = None
    """Share of the probability that is on the scale: mean over the cells of a study, then over studies; the rest would
    not have been an answer, and W leaves it out. None in a record that lacks it."""

    @property
    def mass_on_scale(self) -> str:
        """The share in words; empty if it is not known."""
        if self.on_scale_mass is None:
            return ""
        only = "only " if self.on_scale_mass < TRUSTED_MASS else ""
        return f"{only}{self.on_scale_mass:.1%} of the probability on the scale"


@dataclass(frozen=True, eq=False)
class _ValidationCell:
    """A validation cell and the sample of its people whose answers are predicted."""

    cell: Cell
    personas: Sequence[Persona]
    """(n,)"""
    answers: Ints
    """(n,) which option each of them chose."""
    actual: ActualAnswers
    """Of everybody in the cell who answered on the axis."""


class Validation:
    """A fixed sample of cells and people on which every validation is measured."""

    def __init__(
        self,
        examples: Examples,
        max_cells: int,
        max_people: int,
        rng: np.random.Generator,
        groups: Mapping[str, str] | None = None,
    ) -> None:
        """Sample up to `max_cells` cells of each study, and up to `max_people` people of each cell.

        Args:
            examples: Of the validation part.
            max_cells: 1 or more.
            max_people: 1 or more.
            rng: For the sample.
            groups: Study → the independent unit that it is part of; a study that is not named is one of its own.

        Raises:
            TrainingError: If no cell has a bounded scale and an answer on its axis.
        """
        by_study: dict[str, list[int]] = {}
        for place, cell in enumerate(examples.cells):
            if len(_on_axis(examples, place)):
                by_study.setdefault(cell.study_id, []).append(place)
        if not by_study:
            raise TrainingError("no validation study has an answer on a bounded scale; prepare another split")
        self._cells: list[_ValidationCell] = []
        for places in by_study.values():
            for place in sorted(rng.permutation(places)[:max_cells].tolist()):
                self._cells.append(_sampled(examples, place, max_people, rng))
        named = [(groups or {}).get(study, study) for study in self.study_ids]
        self._group = np.unique(named, return_inverse=True)[1]  # (S,)

    @property
    def study_ids(self) -> list[str]:
        """The studies that are predicted."""
        return list(dict.fromkeys(one.cell.study_id for one in self._cells))

    def measure(self, model: TransformerModel, rng: np.random.Generator) -> ValidationResult:
        """Predict every cell of the sample and score it; the network is in evaluation mode meanwhile.

        Args:
            model: Wraps the network being trained.
            rng: For the interval.

        Raises:
            TrainingError: If a prediction is not finite.
        """
        network = model.network
        network.set_attn_implementation(attention.NAME)
        was_training = network.training
        network.eval()
        answers: list[AnswerDistributions] = []
        for start in range(0, len(self._cells), CELLS_AT_ONCE):
            some = self._cells[start : start + CELLS_AT_ONCE]
            answers += model.answers_of([(one.cell, one.personas) for one in some])
        network.train(was_training)
        return self._result(answers, rng)

    def _result(self, answers: list[AnswerDistributions], rng: np.random.Generator) -> ValidationResult:
        losses: list[Floats] = []
        scores: dict[str, list[tuple[float, float, float, float]]] = {}
        for one, answer in zip(self._cells, answers, strict=True):
            if not np.isfinite(answer.probs).all():
                raise TrainingError(
                    f"the network's prediction for the validation study {one.cell.study_id} is not finite; choose a "
                    "smaller learning_rate or a clip_norm, and resume from the last checkpoint"
                )
            chosen = answer.probs[np.arange(len(one.answers)), one.answers] * answer.on_scale_mass
            losses.append(-np.log(np.maximum(chosen, np.finfo(np.float64).tiny)))
            split = split_options(answer.probs, one.cell.scale)
            mean = split.substance @ split.on_axis
            found = scale_distances(one.actual, mean / mean.sum())
            scores.setdefault(one.cell.study_id, []).append(
                (found.model, found.floor, found.uniform, float(answer.on_scale_mass.mean()))
            )
        by_study = np.array([np.mean(rows, axis=0) for rows in scores.values()])  # (S, 4)
        low, high = np.quantile(_resampled_means(by_study[:, 0], self._group, rng), [0.025, 0.975])
        distance, floor, uniform, mass = by_study.mean(axis=0).tolist()
        together = np.concatenate(losses)
        return ValidationResult(
            loss=float(together.mean()),
            wasserstein=distance,
            low=float(low),
            high=float(high),
            noise_floor=floor,
            uniform=uniform,
            people=len(together),
            cells=len(self._cells),
            studies=len(by_study),
            on_scale_mass=mass,
        )


def _resampled_means(values: Floats, group: Ints, rng: np.random.Generator) -> Floats:
    """(DRAWS,) means over the studies of as many groups, drawn with replacement, as there are.

    Args:
        values: (S,) one a study.
        group: (S,) number of each study's group, from 0 to G − 1.
        rng: For the draws.
    """
    sums, sizes = np.bincount(group, weights=values), np.bincount(group)
    drawn = rng.integers(len(sums), size=(DRAWS, len(sums)))
    return np.asarray(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))


def answer_model(network: Any, tokenizer: Any, template: str, precision: str) -> TransformerModel:
    """The engine that simulates studies, wrapped around the network being trained."""
    device = "CPU" if network.device.type == "cpu" else torch.cuda.get_device_name()
    return TransformerModel(network, tokenizer, ModelDescription("learning", None, template, device, precision))


def template_advice(model: TransformerModel) -> str:
    """`template_note` of the base before it is trained; empty where even typical prompts exceed its context.

    What is trained on one template can only be asked under it, so the place to choose another is before the first step.
    """
    network, was_training = model.network, model.network.training
    network.set_attn_implementation(attention.NAME)
    network.eval()
    try:
        note = template_note(mass_by_template(model.with_template), model.template)
    except ModelError:
        return ""
    finally:
        network.train(was_training)
    return note.replace("--template ", "template: ")


def _sampled(examples: Examples, place: int, max_people: int, rng: np.random.Generator) -> _ValidationCell:
    cell = examples.cells[place]
    here, counted = np.flatnonzero(examples.cell == place), _on_axis(examples, place)
    some = np.sort(rng.permutation(here)[:max_people])
    personas = [examples.people.row(int(row), named=True) for row in examples.person[some]]
    return _ValidationCell(
        cell=cell,
        personas=personas,
        answers=np.searchsorted(all_options(cell.scale), examples.response[some]),
        actual=ActualAnswers(
            values=option_values(cell.scale),
            responses=examples.response[counted].astype(np.float64),
            people=examples.person[counted],
            weights=parts_of_people(examples.person[counted]),
        ),
    )


def _on_axis(examples: Examples, place: int) -> Ints:
    """The answers of a cell on the axis of an ordered, bounded scale, which have distances."""
    scale = examples.cells[place].scale
    if scale.values is None or scale.nominal:
        return np.zeros(0, dtype=np.int64)
    here = np.flatnonzero(examples.cell == place)
    return here[~np.isin(examples.response[here], list(scale.off_axis))]
