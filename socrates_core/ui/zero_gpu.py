"""Support for Hugging Face's ZeroGPU, which lends a GPU for up to a minute per call.

CUDA is available only inside functions wrapped by the package `spaces`; each call runs in a forked process. `spaces`
must be imported before torch, and the model loaded before the page starts.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerDistributions, AnswerModel, ModelDescription
from socrates_core.study.study_set import Cell, Persona

LOAN: Final = 60
"""Seconds requested per call, after which the platform ends it."""


def on_zero_gpu(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process runs on ZeroGPU."""
    return environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def prepare_zero_gpu() -> bool:
    """Prepare torch for ZeroGPU if this process runs on it; must be called before torch is imported."""
    if not on_zero_gpu():
        return False
    importlib.import_module("spaces")  # importing it is all that is needed
    return True


class BorrowedGpu:
    """A model that borrows the GPU for every request; it supports bounded scales only."""

    description: ModelDescription

    def __init__(self, model: AnswerModel) -> None:
        """Wrap a loaded model; `spaces` requires this before the page starts."""

        def ask(cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions | SocratesError:
            try:
                return model.answer_distributions(cell, personas)
            except SocratesError as error:
                return error  # exceptions would lose their text on the way back from the other process

        self.description = model.description
        self._ask: Any = importlib.import_module("spaces").GPU(duration=LOAN)(ask)

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """Probabilities over the cell's options, one row per persona.

        Raises:
            ModelError: As for the wrapped model.
        """
        answer: AnswerDistributions | SocratesError = self._ask(cell, personas)
        if isinstance(answer, SocratesError):
            raise answer
        return answer
