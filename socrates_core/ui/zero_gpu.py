"""A GPU that is lent for a minute at a time: Hugging Face's ZeroGPU.

There, CUDA exists only inside functions that the package `spaces` has wrapped, each call in a process that is forked
from this one. `spaces` has to be imported before torch, and the model loaded before the page is up.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerDistributions, AnswerModel, ModelDescription
from socrates_core.study.study_set import Cell, Persona

LOAN: Final = 60
"""Seconds that a call asks for; the platform ends it then."""


def on_zero_gpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a Space whose GPU is lent for each call."""
    return environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def prepare_zero_gpu() -> bool:
    """Make torch ready for a lent GPU where it will be one; to be called before torch is imported."""
    if not on_zero_gpu():
        return False
    importlib.import_module("spaces")  # this alone prepares torch
    return True


class BorrowedGpu:
    """A model that borrows the GPU for every request; it answers on bounded scales alone."""

    description: ModelDescription

    def __init__(self, model: AnswerModel) -> None:
        """Wrap a model that is loaded; `spaces` wants to see this happen before the page is up."""

        def ask(cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions | SocratesError:
            try:
                return model.answer_distributions(cell, personas)
            except SocratesError as error:
                return error  # what is raised in the other process arrives here without its text

        self.description = model.description
        self._ask: Any = importlib.import_module("spaces").GPU(duration=LOAN)(ask)

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona.

        Raises:
            ModelError: As the wrapped model does.
        """
        answer: AnswerDistributions | SocratesError = self._ask(cell, personas)
        if isinstance(answer, SocratesError):
            raise answer
        return answer
