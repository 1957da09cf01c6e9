"""Models that are asked a reworded question, or the same one in both orders of its options."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerDistributions, AnswerModel, ModelDescription
from socrates_core.simulation.robustness.rewording import CannotRewordError, Rewording
from socrates_core.study.study_set import Cell, Persona

BOTH_ORDERS = "options in both orders"
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
        self.description = replace(about, template=f"{about.template or 'none'}, {BOTH_ORDERS}")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """The mean of both.

        Raises:
            ModelError: If the options cannot be listed, or as the model does.
        """
        one, other = (
            self._model.answer_distributions(_reworded(cell, Rewording(name)), personas)
            for name in ("listed", "reversed")
        )
        answers: Any = None
        if one.answers is not None and other.answers is not None:
            answers = one.answers + other.answers
        return AnswerDistributions(
            probs=(np.asarray(one.probs) + np.asarray(other.probs)) / 2,
            on_scale_mass=(np.asarray(one.on_scale_mass) + np.asarray(other.on_scale_mass)) / 2,
            method=one.method if one.method == other.method else "mixed",
            answers=answers,
        )


def _reworded(cell: Cell, rewording: Rewording) -> Cell:
    try:
        return rewording.of(cell)
    except CannotRewordError as error:
        raise ModelError(f"{cell.condition_label}: {error}") from error
