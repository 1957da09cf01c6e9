"""The protocol of all models: for each persona, probabilities over a cell's options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from socrates_core.errors import ModelError
from socrates_core.scale.distribution import Floats
from socrates_core.study.study_set import Cell, Persona

TRUSTED_MASS: Final = 0.95
"""A result is reported with a warning if less than this share of the probability mass is on the scale."""

NOT_SCIENCE: Final = "The demo model knows nothing about the world: these figures are not science."

MAX_DIGITS: Final = 9
"""Digits of the longest valid answer to an open-ended outcome; answers are below one billion."""

Method = Literal["exact", "typed", "binned", "sampled", "mixed"]
"""How probabilities were obtained: computed exactly from the model's log-probabilities, returned by a server's typed
decision over the options, or over bins of neighbouring ones (each bin's probability is spread evenly within it),
estimated from sampled answers, or in different ways for different personas."""


@dataclass(frozen=True, eq=False)
class AnswerDistributions:
    """The predicted answer distributions of N personas on a scale of L options, on the axis and off it."""

    probs: Floats
    """(N, L) each row sums to 1; see `all_options` for the order, and `split_options`."""
    on_scale_mass: Floats
    """(N,) in [0, 1]: the share of the model's probability mass on the options before renormalising. Far below 1, the
    model was about to write something else, and its probabilities are unreliable. 1 if `method` is typed or
    binned and the server does not tell it: there the model can only choose among the options."""
    method: Method = "exact"
    answers: npt.NDArray[np.int64] | None = None
    """(N,) sampled answers on the scale that each row rests on, 0 for a row that is not sampled; None if none is."""


@dataclass(frozen=True)
class ModelDescription:
    """A model as described in the banner, the exports and the runs."""

    name: str
    """The name under which it was requested."""
    adapter: str | None = None
    template: str | None = None
    device: str = "none"
    precision: str = "exact"
    requested_precision: str = "auto"
    """The precision as requested, of which `precision` is the outcome."""
    demo: bool = False
    """Whether this is the bundled demo model, which shows how everything works but knows nothing about the world."""
    trained_on: frozenset[str] = frozenset()
    """Ids of the studies that the model or its adapter was trained on; all others are unseen."""
    template_note: str = ""
    """For a base without a record: the mass on the scale that it has under each template; otherwise empty."""
    stimuli: Path | None = None
    """The file of sketches of the stimuli that the adapter was trained on; None without one."""
    base_note: str = ""
    """What is to be said of a base that may not be the one the adapter was trained on; empty if it is."""
    calibration: Path | None = None
    """The file of the error model that came with the adapter, or with a model without one, or was named for it when
    loading; None without it."""
    adapter_digest: str | None = None
    """Of the adapter's settings and weights, 32 hexadecimal digits; None without one, and for an endpoint."""
    model_digest: str | None = None
    """`weights_digest` of the model's folder; None for a baseline and an endpoint."""


class AnswerModel(Protocol):
    """A model that predicts answers."""

    @property
    def description(self) -> ModelDescription:
        """What the model is."""
        ...

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona.

        Raises:
            ModelError: If there are no personas, or the outcome is open-ended.
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
    """(N,) in [0, 1]: the share of the model's probability mass on digits and the end of the answer along the way. Far
    below 1, the model was about to write something else: words, a unit, a comma, a minus sign."""


@runtime_checkable
class NumberModel(AnswerModel, Protocol):
    """A model that also answers open-ended outcomes, by writing a number."""

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
            cell: A cell with an open-ended outcome.
            personas: The personas to simulate.
            rng: Draws the numbers; the same state gives the same numbers.
            temperature: Sampling temperature of each token.
            top_p: Nucleus sampling threshold of each token.
            progress: Called with the number of personas done, and the total.

        Raises:
            ModelError: If there are no personas.
        """
        ...


def check_numbers(model: AnswerModel, cell: Cell) -> NumberModel:
    """Check that a model can write numbers, and return it as a `NumberModel`.

    Raises:
        ModelError: If it cannot answer this open-ended outcome; names models that can.
    """
    if not isinstance(model, NumberModel):
        raise ModelError(
            f"study {cell.study_id}, cell {cell.cell_id} has an open-ended outcome, but {model.description.name} only "
            "assigns probabilities to given options; a language model on this machine (demo, a folder, a Hub id) can "
            "write numbers. Choose one of these, or an outcome with a bounded scale"
        )
    return model


def check_request(cell: Cell, personas: Sequence[Persona]) -> None:
    """Raise a ModelError unless there is at least one persona and the scale is bounded."""
    if not personas:
        raise ModelError(f"no personas to simulate in study {cell.study_id}, cell {cell.cell_id}")
    if cell.scale.values is None:
        raise ModelError(
            f"study {cell.study_id}, cell {cell.cell_id} has an open-ended outcome, without options to assign "
            "probabilities to; choose an outcome with a bounded scale"
        )
