"""What models have answered lately, so that a change of shares, temperature, top-p or seed asks nobody again.

Temperature and top-p are applied to a model's own distributions afterwards, and re-weighted participants are the same
personas as before: kept by persona, nearly every redraw finds all its answers here. Numbers of open-ended outcomes are
drawn anew each time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from socrates_core.model.answer_model import (
    AnswerDistributions,
    AnswerModel,
    Method,
    ModelDescription,
    NumberModel,
    SampledNumbers,
)
from socrates_core.people.distinct import PersonaKey, persona_key
from socrates_core.scale.distribution import Floats
from socrates_core.study.study_set import Cell, Persona

MOST_NUMBERS: Final = 4_000_000
"""Probabilities kept for one model: 32 MB."""


@dataclass(frozen=True, eq=False)
class _Answer:
    """One persona's answer."""

    probs: Floats
    """(K,)"""
    mass: float
    method: Method


class _Store:
    """The answers of one model, cell by cell; the cell that was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._cells: OrderedDict[Cell, dict[PersonaKey, _Answer]] = OrderedDict()
        self._numbers = 0
        self._lock = threading.Lock()

    def known(self, cell: Cell, keys: Sequence[PersonaKey]) -> dict[PersonaKey, _Answer]:
        with self._lock:
            answers = self._cells.get(cell, {})
            if answers:
                self._cells.move_to_end(cell)
            return {key: answers[key] for key in keys if key in answers}

    def keep(self, cell: Cell, new: dict[PersonaKey, _Answer]) -> None:
        with self._lock:
            answers = self._cells.setdefault(cell, {})
            self._cells.move_to_end(cell)
            self._numbers += sum(len(answer.probs) for key, answer in new.items() if key not in answers)
            answers.update(new)
            while self._numbers > self._most:
                _, gone = self._cells.popitem(last=False)
                self._numbers -= sum(len(answer.probs) for answer in gone.values())


class AnswerMemory:
    """Remembers for each model; a model that is gone takes its memory along."""

    def __init__(self, most: int = MOST_NUMBERS) -> None:
        """Remember at most so many probabilities of each model."""
        self._most = most
        self._stores: WeakKeyDictionary[AnswerModel, _Store] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def asking(self, model: AnswerModel) -> AnswerModel:
        """The same model, asked only for what it has not answered yet; it writes numbers if the model does."""
        with self._lock:
            store = self._stores.setdefault(model, _Store(self._most))
        return _RememberedNumbers(model, store) if isinstance(model, NumberModel) else _Remembered(model, store)


class _Remembered:
    """An answer model that asks another one for what is not in the store."""

    def __init__(self, model: AnswerModel, store: _Store) -> None:
        self._model, self._store = model, store

    @property
    def description(self) -> ModelDescription:
        return self._model.description

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        keys = [persona_key(persona) for persona in personas]
        answers = self._store.known(cell, keys)
        missing = {key: persona for key, persona in zip(keys, personas, strict=True) if key not in answers}
        if missing or not personas:  # the model itself says what is wrong with nobody
            told = self._model.answer_distributions(cell, list(missing.values()))
            new = {
                key: _Answer(np.array(probs), float(mass), told.method)
                for key, probs, mass in zip(missing, told.probs, told.on_scale_mass, strict=True)
            }
            self._store.keep(cell, new)
            answers |= new
        found = [answers[key] for key in keys]
        methods = {answer.method for answer in found}
        return AnswerDistributions(
            np.stack([answer.probs for answer in found]),
            np.array([answer.mass for answer in found]),
            methods.pop() if len(methods) == 1 else "mixed",
        )


class _RememberedNumbers(_Remembered):
    """One that writes numbers too."""

    def sampled_numbers(
        self,
        cell: Cell,
        personas: Sequence[Persona],
        rng: np.random.Generator,
        temperature: float = 1.0,
        top_p: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> SampledNumbers:
        assert isinstance(self._model, NumberModel)
        return self._model.sampled_numbers(cell, personas, rng, temperature, top_p, progress)
