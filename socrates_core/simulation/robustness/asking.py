"""Models that are asked a reworded question, or the same one in both orders of its options."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import (
    AnswerDistributions,
    AnswerModel,
    ModelDescription,
    NumberModel,
    SampledNumbers,
)
from socrates_core.simulation.robustness.rewording import CannotRewordError, Rewording
from socrates_core.study.study_set import Cell, Persona

ORDERS: Final = ("listed", "reversed")
"""The rewordings that a model is asked in to average over both orders of the options."""
NO_TEMPLATE: Final = "none"
"""Stands for the template of a model that reads none, where `BOTH_ORDERS` follows."""
BOTH_ORDERS: Final = "options in both orders"
"""What stands beside the template of a model that is asked twice: its errors are others than when asked once."""


@runtime_checkable
class Templated(AnswerModel, Protocol):
    """A model whose template can be chosen."""

    def with_template(self, template: str) -> AnswerModel:
        """The same weights under another template."""
        ...


class RewordedModel:
    """Asks a model each question in another wording."""

    def __init__(self, model: AnswerModel, rewording: Rewording) -> None:
        """Wrap a model."""
        self._model, self._rewording = model, rewording
        self.description: ModelDescription = model.description

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """As the model answers the reworded question.

        Raises:
            ModelError: If it cannot be reworded, or as the model does.
        """
        return self._model.answer_distributions(_reworded(cell, self._rewording), personas)


class BothOrdersModel:
    """Asks a model twice, with the options listed from the first to the last and from the last to the first, and takes
    the mean of the two distributions: twice the cost, and no preference for what is listed first is left.
    """

    def __init__(self, model: AnswerModel) -> None:
        """Wrap a model."""
        self._model = model
        about = model.description
        self.description = replace(about, template=f"{about.template or NO_TEMPLATE}, {BOTH_ORDERS}")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """The mean of both.

        Raises:
            ModelError: If the options cannot be listed, or as the model does.
        """
        one, other = (self._model.answer_distributions(_reworded(cell, Rewording(name)), personas) for name in ORDERS)
        answers: Any = None
        if one.answers is not None and other.answers is not None:
            answers = one.answers + other.answers
        return AnswerDistributions(
            probs=(np.asarray(one.probs) + np.asarray(other.probs)) / 2,
            on_scale_mass=(np.asarray(one.on_scale_mass) + np.asarray(other.on_scale_mass)) / 2,
            method=one.method if one.method == other.method else "mixed",
            answers=answers,
        )


class _BothOrdersNumberModel(BothOrdersModel):
    """The same of a model that writes numbers: an open-ended outcome has no options, and is asked once, as it is."""

    def __init__(self, model: NumberModel) -> None:
        super().__init__(model)
        self._numbers = model

    def sampled_numbers(
        self,
        cell: Cell,
        personas: Sequence[Persona],
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> SampledNumbers:
        """As the model writes them.

        Raises:
            ModelError: As the model does.
        """
        return self._numbers.sampled_numbers(cell, personas, rng, temperature, top_p, progress)


def in_both_orders(model: AnswerModel) -> AnswerModel:
    """The model asked in both orders of the options; of open-ended outcomes, as it is."""
    return _BothOrdersNumberModel(model) if isinstance(model, NumberModel) else BothOrdersModel(model)


def wordings(template: str | None, cell: Cell) -> tuple[str | None, tuple[Cell, ...]]:
    """What a model reads of a question.

    Args:
        template: As its description has it; see `BothOrdersModel`.
        cell: The question.

    Returns:
        The name of the prompt template alone; and the question in each wording in which it is asked: where it is put in
        both orders, with the options from the first to the last, then reversed.
    """
    ending = f", {BOTH_ORDERS}"
    if template is None or not template.endswith(ending) or cell.scale.values is None:
        return template and template.removesuffix(ending), (cell,)
    return template.removesuffix(ending), tuple(_reworded(cell, Rewording(name)) for name in ORDERS)


def check_both_orders(cells: Iterable[Cell]) -> None:
    """Check before a model is asked that the options of all questions can be listed in both orders.

    Raises:
        ModelError: If they cannot, or there are no options at all; names the condition.
    """
    options = [cell for cell in cells if cell.scale.values is not None]
    if not options:
        raise ModelError("all outcomes are open-ended: there are no options to put in both orders")
    for cell in options:
        for name in ORDERS:
            _reworded(cell, Rewording(name))


def _reworded(cell: Cell, rewording: Rewording) -> Cell:
    try:
        return rewording.of(cell)
    except CannotRewordError as error:
        raise ModelError(f"{cell.condition_label}: {error}") from error
