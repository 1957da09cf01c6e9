"""Caches answer distributions by persona, so that changing shares, temperature, top-p or seed rarely calls the model.

Temperature and top-p are applied to a model's distributions afterwards, and re-weighting keeps the same personas, so
nearly every update of the page is answered from this cache. Numbers of open-ended outcomes are sampled anew each time.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import (
    AnswerDistributions,
    AnswerModel,
    Method,
    ModelDescription,
    NumberModel,
    SampledNumbers,
)
from socrates_core.model.baselines import MarginalModel, UniformModel
from socrates_core.people.distinct import PersonaKey, persona_key
from socrates_core.scale.distribution import Floats
from socrates_core.study.study_set import Cell, Persona

MAX_NUMBERS: Final = 4_000_000
"""Probabilities cached per model: 32 MB."""


@dataclass(frozen=True, eq=False)
class _Answer:
    """The answer distribution of one persona."""

    probs: Floats
    """(K,)"""
    mass: float
    method: Method
    answers: int
    """Sampled answers that it rests on; 0 if it is not sampled."""


class _Store:
    """The cached answers of one model by cell; the least recently used cell is evicted first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._cells: OrderedDict[Cell, dict[PersonaKey, _Answer]] = OrderedDict()
        self._numbers = 0
        self._lock = threading.Lock()
        self.pace: float | None = None
        """Seconds that the model took for each persona when it was last asked; None before."""

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
                _, evicted = self._cells.popitem(last=False)
                self._numbers -= sum(len(answer.probs) for answer in evicted.values())


class AnswerMemory:
    """One cache per model, released together with the model."""

    def __init__(self, most: int = MAX_NUMBERS) -> None:
        """Cache at most `most` probabilities per model."""
        self._most = most
        self._stores: WeakKeyDictionary[AnswerModel, _Store] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def asking(self, model: AnswerModel, seconds: float = math.inf) -> AnswerModel:
        """Wrap a model so that it is only called for personas that are not cached; number models stay number models.

        Args:
            model: The model.
            seconds: How long it may be expected to take in all, by its pace when it was last asked; what would take
                longer, or nobody knows, is an `UnaskedError`.
        """
        with self._lock:
            store = self._stores.setdefault(model, _Store(self._most))
        kind = _RememberedNumbers if isinstance(model, NumberModel) else _Remembered
        return kind(model, store, seconds, self.pace(model))

    def pace(self, model: AnswerModel) -> float | None:
        """Seconds that a model took for each persona when it was last asked, or the slowest on the same loaded network.

        0 for a baseline, which looks its answers up; None if neither has been asked.
        """
        if isinstance(model, UniformModel | MarginalModel):
            return 0.0
        with self._lock:
            store, stores = self._stores.get(model), dict(self._stores)
        if store is not None and store.pace is not None:
            return store.pace
        network = getattr(model, "shared", None)
        alike = [
            other.pace
            for one, other in stores.items()
            if network is not None and getattr(one, "shared", None) is network and other.pace is not None
        ]
        return max(alike, default=None)

    def recalling(self, model: AnswerModel) -> AnswerModel:
        """Wrap a model so that it is never called: answers that are not cached are an `UnaskedError`."""
        with self._lock:
            return _Recalled(model, self._stores.setdefault(model, _Store(self._most)))


class UnaskedError(ModelError):
    """Some personas have not been put to the model, and nobody may put them to it now."""

    def __init__(self, count: int) -> None:
        """`count` of them."""
        super().__init__(f"{count:,} of these people have not been asked yet")
        self.count = count


class _Remembered:
    """An answer model that reads the cache first and calls the wrapped model for the rest."""

    def __init__(self, model: AnswerModel, store: _Store, seconds: float = math.inf, pace: float | None = None) -> None:
        self._model, self._store, self._left, self._pace = model, store, seconds, pace

    @property
    def description(self) -> ModelDescription:
        return self._model.description

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        keys = [persona_key(persona) for persona in personas]
        answers = self._store.known(cell, keys)
        missing = {key: persona for key, persona in zip(keys, personas, strict=True) if key not in answers}
        if missing or not personas:  # without personas the model raises its own error
            fresh = self._ask(cell, list(missing.values()))
            sampled = np.zeros(len(missing), dtype=np.int64) if fresh.answers is None else fresh.answers
            new = {
                key: _Answer(np.array(probs), float(mass), fresh.method, int(answers_of_one))
                for key, probs, mass, answers_of_one in zip(
                    missing, fresh.probs, fresh.on_scale_mass, sampled, strict=True
                )
            }
            self._store.keep(cell, new)
            answers |= new
        found = [answers[key] for key in keys]
        methods = {answer.method for answer in found}
        return AnswerDistributions(
            np.stack([answer.probs for answer in found]),
            np.array([answer.mass for answer in found]),
            methods.pop() if len(methods) == 1 else "mixed",
            np.array([answer.answers for answer in found]),
        )

    def _ask(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        if math.isfinite(self._left):
            self._left -= math.inf if self._pace is None else self._pace * len(personas)
            if self._left < 0:
                raise UnaskedError(len(personas))
        start = time.monotonic()
        fresh = self._model.answer_distributions(cell, personas)
        self._store.pace = (time.monotonic() - start) / max(1, len(personas))
        return fresh


class _Recalled(_Remembered):
    """Reads the cache alone."""

    def _ask(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        raise UnaskedError(len(personas))


class _RememberedNumbers(_Remembered):
    """The same for a model that can also write numbers."""

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
        if math.isfinite(self._left):  # numbers are drawn anew each time
            raise UnaskedError(len(personas))
        return self._model.sampled_numbers(cell, personas, rng, temperature, top_p, progress)
