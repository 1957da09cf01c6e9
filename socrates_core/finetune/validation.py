"""How well the network predicts the validation studies while it learns, through the engine that simulates studies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from socrates_core.errors import TrainingError
from socrates_core.finetune.batch.examples import Examples, Ints
from socrates_core.metrics.cell.answers import ActualAnswers
from socrates_core.metrics.cell.comparison import scale_distances
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.model.prefix_tree import attention
from socrates_core.model.transformer import TransformerModel
from socrates_core.scale.distribution import Floats, option_values
from socrates_core.study.study_set import Cell, Persona

DRAWS: Final = 1000

CELLS_AT_ONCE: Final = 16
"""Cells whose prompts are put into one tree."""


@dataclass(frozen=True)
class ValidationResult:
    """Averages over the validation studies."""

    loss: float
    """Mean −log probability of what each person answered, in nats: of the number alone. A step's loss counts the end
    of the turn too, so the two are not to be compared with each other."""
    wasserstein: float
    """Convention `scale`: mean over the cells of a study, then over studies."""
    low: float
    """Of its 95 % percentile interval over resampled studies."""
    high: float
    noise_floor: float
    """What a perfect prediction would score in its place."""
    uniform: float
    """What guessing evenly scores in its place."""
    people: int
    cells: int
    studies: int


@dataclass(frozen=True, eq=False)
class _Asked:
    """One validation cell and the people of it who are asked."""

    cell: Cell
    personas: Sequence[Persona]
    """(n,)"""
    answers: Ints
    """(n,) which option each of them chose."""
    actual: ActualAnswers
    """Of everybody in the cell."""


class Validation:
    """The cells and people that are asked every time."""

    def __init__(self, examples: Examples, most_cells: int, most_people: int, rng: np.random.Generator) -> None:
        """Choose up to so many cells of each study, and up to so many people of each.

        Raises:
            TrainingError: If no cell has a bounded scale and an answer.
        """
        by_study: dict[str, list[int]] = {}
        for place, cell in enumerate(examples.cells):
            if cell.scale.values is not None and len(cell.scale.values) > 1:
                by_study.setdefault(cell.study_id, []).append(place)
        if not by_study:
            raise TrainingError("no validation study has an answer on a bounded scale; prepare another split")
        self._asked: list[_Asked] = []
        for places in by_study.values():
            for place in sorted(rng.permutation(places)[:most_cells].tolist()):
                self._asked.append(_asked(examples, place, most_people, rng))

    @property
    def study_ids(self) -> list[str]:
        """The studies that are asked."""
        return list(dict.fromkeys(asked.cell.study_id for asked in self._asked))

    def measure(self, model: TransformerModel, rng: np.random.Generator) -> ValidationResult:
        """Ask everybody; the network is put into evaluation mode and back.

        Args:
            model: Around the network that learns.
            rng: For the interval.

        Raises:
            TrainingError: If a prediction is no number.
        """
        network = model.network
        network.set_attn_implementation(attention.NAME)
        learning = network.training
        network.eval()
        answers: list[AnswerDistributions] = []
        for start in range(0, len(self._asked), CELLS_AT_ONCE):
            some = self._asked[start : start + CELLS_AT_ONCE]
            answers += model.answers_of([(asked.cell, asked.personas) for asked in some])
        network.train(learning)
        return self._result(answers, rng)

    def _result(self, answers: list[AnswerDistributions], rng: np.random.Generator) -> ValidationResult:
        losses: list[Floats] = []
        scores: dict[str, list[tuple[float, float, float]]] = {}
        for asked, answer in zip(self._asked, answers, strict=True):
            if not np.isfinite(answer.probs).all():
                raise TrainingError(
                    f"what the network predicts for the validation study {asked.cell.study_id} is no number; choose a "
                    "smaller learning_rate or a clip_norm, and go on from the last checkpoint with --resume"
                )
            chosen = answer.probs[np.arange(len(asked.answers)), asked.answers] * answer.on_scale_mass
            losses.append(-np.log(np.maximum(chosen, np.finfo(np.float64).tiny)))
            found = scale_distances(asked.actual, answer.probs.mean(axis=0))
            scores.setdefault(asked.cell.study_id, []).append((found.model, found.floor, found.uniform))
        by_study = np.array([np.mean(rows, axis=0) for rows in scores.values()])  # (S, 3)
        draws = by_study[rng.integers(len(by_study), size=(DRAWS, len(by_study))), 0].mean(axis=1)
        low, high = np.quantile(draws, [0.025, 0.975])
        distance, floor, uniform = by_study.mean(axis=0).tolist()
        together = np.concatenate(losses)
        return ValidationResult(
            loss=float(together.mean()),
            wasserstein=distance,
            low=float(low),
            high=float(high),
            noise_floor=floor,
            uniform=uniform,
            people=len(together),
            cells=len(self._asked),
            studies=len(by_study),
        )


def answer_model(network: Any, tokenizer: Any, template: str, precision: str) -> TransformerModel:
    """The engine that simulates studies, around a network that learns."""
    device = "CPU" if network.device.type == "cpu" else torch.cuda.get_device_name()
    return TransformerModel(network, tokenizer, ModelDescription("learning", None, template, device, precision))


def _asked(examples: Examples, place: int, most: int, rng: np.random.Generator) -> _Asked:
    cell = examples.cells[place]
    here = np.flatnonzero(examples.cell == place)
    some = np.sort(rng.permutation(here)[:most])
    personas = [examples.people.row(int(row), named=True) for row in examples.person[some]]
    return _Asked(
        cell=cell,
        personas=personas,
        answers=np.searchsorted(option_values(cell.scale), examples.response[some]),
        actual=ActualAnswers(
            values=option_values(cell.scale),
            responses=examples.response[here].astype(np.float64),
            people=examples.person[here],
            weights=np.ones(len(here)),
        ),
    )
