"""Loads further models in the background, one at a time, and lets them go again."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from socrates_core.errors import ModelError, SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.endpoint.endpoint_model import PREFIX
from socrates_core.model.loading import hide_progress_bars, load_model
from socrates_core.model.size import check_size, give_back_memory
from socrates_core.ui.adapters.tab import refresh_adapters
from socrates_core.ui.html import notice_html
from socrates_core.ui.loading.quote import checked_name
from socrates_core.ui.loading.sending import check_people
from socrates_core.ui.results import Results
from socrates_core.ui.startup import Startup, Wanted


@dataclass(eq=False)
class Loader:
    """What the owner loads from the page. It is the owner's, so its callers check that."""

    results: Results
    confirmed: bool = False
    """Whether an endpoint may have attributes of people whose rows are not public."""
    fixed: bool = False
    """Whether nothing can be loaded after the start, as on ZeroGPU."""
    log: Callable[[str], None] = lambda words: None
    """Called with a line about the outcome."""
    _job: Startup | None = None
    _ready: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def busy(self) -> bool:
        """Whether a model is being loaded."""
        return self._job is not None and self._job.state == "loading"

    @property
    def ready(self) -> str:
        """Name in links of the model that was loaded last; empty if it failed, or is on its way."""
        return self._ready if self._job is not None and self._job.state == "ready" else ""

    def begin(self, raw: str | None, template: str | None, owner_only: bool) -> None:
        """Start loading a model.

        Args:
            raw: A Hub id (with `@revision`), a folder, or `endpoint:NAME@URL`.
            template: The prompt template, for a model that does not record its own; None for the usual one.
            owner_only: Whether only the owner may see and use it.

        Raises:
            SocratesError: If another one is being loaded, it is no name, or an endpoint may not have the people.
        """
        if self.fixed:
            raise ModelError("On ZeroGPU models are loaded at the start: set the variable SOCRATES_MODEL.")
        name = checked_name(raw)
        if not self.confirmed:
            check_people(self.results.catalogue, name)
        with self._lock:
            if self.busy:
                raise SocratesError("Another model is being loaded; wait until it is ready.")
            self._ready = ""
            self._job = Startup(
                Wanted(name),
                lambda: _load(name, template),
                lambda model: self._use(model, owner_only),
                self.log,
                meanwhile="the model chosen before",
            )
            self._job.start()

    def note(self) -> str:
        """Progress, outcome or reason as HTML; empty if nothing was loaded yet."""
        if self._job is None:
            return ""
        if not self.ready:
            return self._job.note()
        placed = self.results.models.placed(self._ready)
        whom = "for the owner only" if placed and placed.owner_only else "for everybody who visits"
        return notice_html(f"The model {self._job.wanted.words} is ready, {whom}, and chosen.", problem=False)

    def unload(self, name: str) -> str:
        """Let a model go that was loaded from the page, and return what became of it.

        Raises:
            SocratesError: If it was not.
        """
        placed = self.results.models.placed(name)
        if placed is None:
            raise SocratesError(f"{name} was not loaded from the page.")
        words = placed.model.description.name
        self.results.models.unplace(name)
        del placed
        refresh_adapters(self.results)
        give_back_memory()
        return f"{words} is unloaded."

    def _use(self, model: AnswerModel, owner_only: bool) -> None:
        self._ready = self.results.models.place(model, owner_only)
        refresh_adapters(self.results)


def _load(name: str, template: str | None) -> AnswerModel:
    hide_progress_bars()
    if not name.startswith(PREFIX):
        check_size(name)
    return load_model(name, template=template)
