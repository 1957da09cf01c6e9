"""Recent results, shared by all visitors: whoever asks for the same thing gets it at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import arms_of, simulate
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.answer_memory import AnswerMemory
from socrates_core.ui.catalogue import Catalogue
from socrates_core.ui.models import Models
from socrates_core.ui.simulate.link import Link

KEPT: Final = 64
"""Results in memory; each holds one row per simulated participant of one arm."""


@dataclass(eq=False)
class Results:
    """Computes results and keeps the last ones. A result is a pure function of its link, so sharing them is safe."""

    catalogue: Catalogue
    """Marked for the model that the app was started with; `catalogue_of` marks it for another one."""
    started: AnswerModel
    """What the app was started with."""
    kept: int = KEPT
    policy: Policy = field(default_factory=Policy.from_environment)
    limits: Limits = field(default_factory=Limits)
    memory: AnswerMemory = field(default_factory=AnswerMemory)
    """Of the last answers, so that changed decoding or shares ask the model for little or nothing."""
    _results: OrderedDict[str, Simulation] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: dict[str, threading.Lock] = field(default_factory=dict)

    @cached_property
    def models(self) -> Models:
        """All models that can be asked."""
        return Models(self.started)

    @property
    def model(self) -> AnswerModel:
        """The model that answers where nobody chose another one."""
        return self.models.default

    @property
    def model_name(self) -> str:
        """Of the model that answers where nobody chose another one, as links hold it."""
        return self.models.default_name

    def catalogue_of(self, name: str) -> Catalogue:
        """The catalogue with the studies marked that a model has learned from.

        Raises:
            SocratesError: If there is no such model.
        """
        return self.catalogue.seen_by(self.models.get(name).description.trained_on)

    def get(
        self,
        link: Link,
        progress: Callable[[int, int], None] | None = None,
        visitor: Visitor | None = None,
    ) -> Simulation:
        """The result of a link, computed unless it is kept; two visitors who ask at once wait for one computation.

        Args:
            link: What is asked of which model; one without a name asks the default model.
            progress: Told how many participants are done, of how many.
            visitor: Who asks; None for the program itself, which may do everything.

        Raises:
            SocratesError: As `simulate` does; or if the visitor may not simulate, or has asked for too much lately.
        """
        name = link.model or self.model_name
        model = self.models.get(name)
        key = repr((name, link.source, link.request))
        with self._lock:
            running = self._running.setdefault(key, threading.Lock())
        try:
            with running:
                known = self._known(key)
                if known is None:
                    if visitor is not None:
                        self._admit(visitor, link)
                    studies = self.catalogue.source(link.source).studies
                    known = simulate(studies, self.memory.asking(model), link.request, progress)
                    self._keep(key, known)
                return known
        finally:
            with self._lock:
                self._running.pop(key, None)

    def _admit(self, visitor: Visitor, link: Link) -> None:
        """Raise a SocratesError unless the visitor may have this computed now."""
        refusal = self.policy.refusal(visitor, "simulate")
        if refusal:
            raise SocratesError(refusal)
        studies = self.catalogue.source(link.source).studies
        chosen = studies.cell(link.request.cell_id)
        arms, _ = arms_of(studies.cells_of(chosen.study_id), chosen, link.request.max_arms)
        n = link.request.n
        people = n * len(arms) if n is not None else sum(len(studies.answers(arm.cell_id).responses) for arm in arms)
        self.limits.take(visitor, people)

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
