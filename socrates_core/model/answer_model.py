"""What every model can do: give each persona's probabilities over a cell's options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from socrates_core.errors import ModelError
from socrates_core.scale.distribution import Floats
from socrates_core.study.study_set import Cell, Persona

MAX_DIGITS: Final = 9
"""Digits of the longest valid answer to an open-ended outcome: below a billion of whatever is asked for."""

Method = Literal["exact", "typed", "sampled", "mixed"]
"""How probabilities were found: read off the model, given by a server that was asked to choose among the options in its
own words, shares of sampled answers, or not the same way for every persona."""


@dataclass(frozen=True, eq=False)
class AnswerDistributions:
    """The answers that a model expects of N personas on a scale of K options."""

    probs: Floats
    """(N, K) each row sums to 1."""
    on_scale_mass: Floats
    """(N,) in [0, 1]: the share of the model's mass that fell on the options before renormalising. Far below 1, the
    model was about to write something else, and its probabilities deserve little trust. 1 where `method` is typed: the
    model could do nothing but choose."""
    method: Method = "exact"


@dataclass(frozen=True)
class ModelDescription:
    """What the banner, the exports and the runs say of a model."""

    name: str
    """As it was asked for."""
    adapter: str | None = None
    template: str | None = None
    device: str = "none"
    precision: str = "exact"
    demo: bool = False
    """The bundled demo model: shows how everything works, knows nothing of the world."""
    trained_on: frozenset[str] = frozenset()
    """Study ids that the model or its adapter has learned from; unseen means not among them."""


class AnswerModel(Protocol):
    """A model that predicts answers."""

    @property
    def description(self) -> ModelDescription:
        """What it is."""
        ...

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona.

        Raises:
            ModelError: If there is no persona, or the outcome is open-ended.
        """
        ...


@dataclass(frozen=True, eq=False)
class SampledNumbers:
    """One open-ended answer for each of N personas."""

    values: npt.NDArray[np.int64]
    """(N,) the answers, 0 or more; -1 where invalid."""
    valid: npt.NDArray[np.bool_]
    """(N,) whether the number ended within `MAX_DIGITS` digits."""
    mass: Floats
    """(N,) in [0, 1]: the share of the model's own mass that digits and the end of the answer held along the way. Far
    below 1, the model was about to write something else: words, a unit, a comma, a minus sign."""


@runtime_checkable
class NumberModel(AnswerModel, Protocol):
    """A model that also answers outcomes without options, by writing a number."""

    def sampled_numbers(
        self,
        cell: Cell,
        personas: Sequence[Persona],
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> SampledNumbers:
        """One number for each persona; equal personas draw different ones.

        Args:
            cell: With an open-ended outcome.
            personas: Who is asked.
            rng: Draws the numbers; the same state gives the same ones.
            temperature: Of each token.
            top_p: Of each token.
            progress: Called with the personas who are done, and all.

        Raises:
            ModelError: If there is no persona.
        """
        ...


def check_numbers(model: AnswerModel, cell: Cell) -> NumberModel:
    """The model as one that writes numbers.

    Raises:
        ModelError: If it cannot answer this open-ended outcome; says which models can.
    """
    if not isinstance(model, NumberModel):
        raise ModelError(
            f"study {cell.study_id}, cell {cell.cell_id} has an open-ended outcome, and {model.description.name} only "
            "spreads probabilities over given options; a language model that runs here (demo, a folder, a Hub id) "
            "writes numbers. Choose one of these, or an outcome with a bounded scale"
        )
    return model


def check_request(cell: Cell, personas: Sequence[Persona]) -> None:
    """Raise a ModelError unless there is somebody to ask and a bounded scale to answer on."""
    if not personas:
        raise ModelError(f"nobody to ask in study {cell.study_id}, cell {cell.cell_id}: the list of personas is empty")
    if cell.scale.values is None:
        raise ModelError(
            f"study {cell.study_id}, cell {cell.cell_id} has an open-ended outcome: it has no options to spread "
            "probabilities over; choose an outcome with a bounded scale"
        )
