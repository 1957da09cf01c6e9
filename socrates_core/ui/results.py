"""Recent results, shared by all visitors: whoever asks for the same thing gets it at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from socrates_core.model.answer_model import AnswerModel
from socrates_core.simulate import simulate
from socrates_core.simulation import Simulation
from socrates_core.ui.catalogue import Catalogue
from socrates_core.ui.link import Link, model_name

KEPT: Final = 64
"""Results in memory; each holds one row per simulated participant of one arm."""


@dataclass(eq=False)
class Results:
    """Computes results and keeps the last ones. A result is a pure function of its link, so sharing them is safe."""

    catalogue: Catalogue
    model: AnswerModel
    kept: int = KEPT
    _results: OrderedDict[str, Simulation] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: dict[str, threading.Lock] = field(default_factory=dict)

    def get(self, link: Link, progress: Callable[[int, int], None] | None = None) -> Simulation:
        """The result of a link, computed unless it is kept; two visitors who ask at once wait for one computation.

        Raises:
            SocratesError: As `simulate` does.
        """
        key = self._key(link)
        with self._lock:
            running = self._running.setdefault(key, threading.Lock())
        try:
            with running:
                known = self._known(key)
                if known is None:
                    studies = self.catalogue.source(link.source).studies
                    known = simulate(studies, self.model, link.request, progress)
                    self._keep(key, known)
                return known
        finally:
            with self._lock:
                self._running.pop(key, None)

    @property
    def model_name(self) -> str:
        """Of the model that computes, as links hold it."""
        return model_name(self.model.description)

    def _key(self, link: Link) -> str:
        return repr((link.source, link.request))

    def _known(self, key: str) -> Simulation | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def _keep(self, key: str, result: Simulation) -> None:
        with self._lock:
            self._results[key] = result
            while len(self._results) > self.kept:
                self._results.popitem(last=False)
