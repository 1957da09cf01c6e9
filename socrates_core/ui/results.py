"""A cache of recent results, shared by all visitors."""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, field
from typing import Final

from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import arms_of, simulate
from socrates_core.ui.access.limits import Limits
from socrates_core.ui.access.uploads import Uploads
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.answer_memory import AnswerMemory, UnaskedError
from socrates_core.ui.catalogue import Catalogue
from socrates_core.ui.models import Models
from socrates_core.ui.simulate.link import Link

PATIENCE: Final = 60.0
"""Seconds to wait for somebody else's computation of the same result."""

CAPACITY: Final = 64
"""Results in memory; each holds one row per simulated person of one condition."""


@dataclass(eq=False)
class Results:
    """Computes results and caches the latest. A result is a pure function of its link, so sharing them is safe."""

    catalogue: Catalogue
    """Marked for the model of the command line; `catalogue_of` marks it for another one."""
    started: InitVar[AnswerModel]
    """The model to begin with; `models` may replace it, and nothing else holds it."""
    capacity: int = CAPACITY
    policy: Policy = field(default_factory=Policy.from_environment)
    limits: Limits = field(default_factory=Limits)
    patience: float = PATIENCE
    memory: AnswerMemory = field(default_factory=AnswerMemory)
    """Recent answers, so that changes of decoding or shares rarely call the model."""
    uploads: Uploads = field(default_factory=Uploads)
    """The files of visitors."""
    models: Models = field(init=False)
    """All available models."""
    _results: OrderedDict[str, Simulation] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: dict[str, tuple[threading.Lock, int]] = field(default_factory=dict)
    """Key of a result that is being computed → its lock, and how many compute it or wait for it."""

    def __post_init__(self, started: AnswerModel) -> None:
        """Begin with one model."""
        self.models = Models(started)

    @property
    def model(self) -> AnswerModel:
        """The default model."""
        return self.models.default

    @property
    def model_name(self) -> str:
        """Name of the default model in links."""
        return self.models.default_name

    def catalogue_of(self, name: str) -> Catalogue:
        """The catalogue with the studies marked that a model was trained on.

        Raises:
            SocratesError: If there is no such model.
        """
        return self.catalogue.seen_by(self.models.get(name).description.trained_on)

    def get(
        self,
        link: Link,
        progress: Callable[[int, int], None] | None = None,
        visitor: Visitor | None = None,
        seconds: float = math.inf,
    ) -> Simulation:
        """The result of a link, cached or computed; simultaneous requests for the same link share one computation.

        Args:
            link: The request; without a model name it goes to the default model.
            progress: Called with the numbers of finished and of all profiles.
            visitor: The visitor; None for the program itself, which has no restrictions.
            seconds: How long the model may be expected to take for what it has not answered before.

        Raises:
            UnaskedError: If it would take longer; nothing is charged.
            SocratesError: As for `simulate`; or if the visitor may not simulate, has exceeded the rate limit or has too
                much at work, or somebody else has been computing the same for long.
        """
        name = link.model or self.model_name
        model = self.models.get(name, visitor)
        key = repr((name, link.source, link.request))
        known = self._cached(key)
        if known is not None:
            return known
        with self.limits.at_work(visitor), self._alone(key):
            known = self._cached(key)
            if known is None:
                if visitor is not None:
                    self.admit(visitor, link)
                studies = self.catalogue.source(link.source).studies
                try:
                    known = simulate(studies, self.memory.asking(model, seconds), link.request, progress)
                except UnaskedError:
                    if visitor is not None:
                        self.limits.give_back(visitor, self.people_of(link))
                    raise
                self._store(key, known)
            return known

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Wait until nobody else computes this result.

        Raises:
            SocratesError: If that takes too long.
        """
        with self._lock:
            running, waiting = self._running.get(key, (threading.Lock(), 0))
            self._running[key] = running, waiting + 1
        try:
            if not running.acquire(timeout=self.patience):
                raise SocratesError("This result is still being computed. Try again in a minute.")
            try:
                yield
            finally:
                running.release()
        finally:
            with self._lock:
                _, waiting = self._running[key]
                if waiting > 1:
                    self._running[key] = running, waiting - 1
                else:
                    del self._running[key]

    def admit(self, visitor: Visitor, link: Link) -> None:
        """Raise a SocratesError unless the visitor may compute this now, and charge them for it."""
        refusal = self.policy.refusal(visitor, "simulate")
        if refusal:
            raise SocratesError(refusal)
        self.limits.take(visitor, self.people_of(link))

    def people_of(self, link: Link) -> int:
        """How many people a request simulates in all its conditions."""
        studies = self.catalogue.source(link.source).studies
        chosen = studies.cell(link.request.cell_id)
        arms, _ = arms_of(studies.cells_of(chosen.study_id), chosen, link.request.max_arms)
        n = link.request.n
        return n * len(arms) if n is not None else sum(len(studies.answers(arm.cell_id).responses) for arm in arms)

    def _cached(self, key: str) -> Simulation | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def _store(self, key: str, result: Simulation) -> None:
        with self._lock:
            self._results[key] = result
            while len(self._results) > self.capacity:
                self._results.popitem(last=False)
