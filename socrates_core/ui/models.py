"""The models that answer on this page: the one the app was started with, and adapters on the same loaded base."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, runtime_checkable

from socrates_core.errors import ModelError, SocratesError
from socrates_core.model.answer_model import AnswerModel, ModelDescription
from socrates_core.model.fit import check_base
from socrates_core.model.folder import DEMO
from socrates_core.prompt import TEMPLATES
from socrates_core.ui.adapters.choices import Adapter
from socrates_core.ui.simulate.link import model_name

MOST_LOADED: Final = 8
"""Adapters in memory beside the one the app was started with; the one that was used longest ago goes first."""


@runtime_checkable
class Adaptable(AnswerModel, Protocol):
    """A local network, which other adapters can be put on."""

    description: ModelDescription
    shared: Any
    """What all views of the network have in common: `origin` says which model it is."""

    def with_adapter(self, adapter: str, template: str | None = None) -> Any:
        """Another view on the same network."""
        ...

    def base_model(self) -> Any:
        """The view without adapter."""
        ...


class Models:
    """All models by the name that stands in links; adapters are put on the base when somebody first asks for them."""

    def __init__(self, model: AnswerModel) -> None:
        """Begin with the model that the app was started with."""
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: OrderedDict[str, Any] = OrderedDict()
        self._adapters: dict[str, Adapter] = {}
        self._own: dict[str, AnswerModel] = {}
        self.default = model
        self.start_with(model)

    def start_with(self, model: AnswerModel) -> None:
        """Make this the model that answers where nobody chose another one; those before it are gone."""
        own = {model_name(model.description): model}
        if isinstance(model, Adaptable) and model.description.adapter:
            base = model.base_model()
            own[model_name(base.description)] = base
        with self._lock:
            self.default, self._own = model, own
            self._loaded.clear()

    @property
    def default_name(self) -> str:
        """Of the default model, as links hold it."""
        return model_name(self.default.description)

    def know(self, adapters: Sequence[Adapter]) -> None:
        """Which adapters there are; those that are gone are let go."""
        with self._lock:
            self._adapters = {adapter.title: adapter for adapter in adapters}
            for name in [name for name in self._loaded if name not in self._names()]:
                _release(self._loaded.pop(name))

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The adapters on this machine, fitting or not."""
        with self._lock:
            return tuple(self._adapters.values())

    def misfit(self, adapter: Adapter) -> str | None:
        """Why an adapter cannot be put on the loaded base, as far as can be told without loading it; None if it may."""
        model = self.default
        if not isinstance(model, Adaptable):
            return f"the model {model.description.name} takes no adapters"
        if adapter.record is None and adapter.base not in (None, model.shared.origin.hub_id):
            return f"it is for {adapter.base}, and {model.description.name} is loaded"
        try:
            check_base(model.description.name, model.shared.origin, adapter.title, adapter.record)
        except ModelError as error:
            return str(error)
        return None

    def names_of(self, adapter: Adapter) -> dict[str, str]:
        """Name → template of the loaded base with this adapter: one, or one for each template where it records none."""
        templates = [adapter.record.template] if adapter.record else list(TEMPLATES)
        base = self.default.description
        return {model_name(replace(base, adapter=adapter.title, template=one)): one for one in templates}

    def choices(self) -> list[tuple[str, str]]:
        """(what a menu shows, name) of every model that can be chosen, the default first."""
        with self._lock:
            fitting = self._names()
            own = [(_label(model.description, bool(fitting)), name) for name, model in self._own.items()]
            others = [
                (_words(adapter.title) + ("" if adapter.record else f", template {template}"), name)
                for name, (adapter, template) in fitting.items()
                if name not in self._own
            ]
        return own + others

    def label(self, name: str) -> str:
        """What the menu shows for one of the models here."""
        return next(label for label, known in self.choices() if known == name)

    def get(self, name: str) -> AnswerModel:
        """The model of a name, its adapter put on the base if it is not there yet; without a name the default one.

        Raises:
            SocratesError: If there is no such model here.
            ModelError: If its adapter does not fit after all.
        """
        known = self._known(name) if name else self.default
        if known is not None:
            return known
        with self._loading:  # one at a time, while others go on with what is there
            known = self._known(name)
            return known if known is not None else self._load(name)

    def _known(self, name: str) -> AnswerModel | None:
        with self._lock:
            if name in self._loaded:
                self._loaded.move_to_end(name)
            return self._own.get(name) or self._loaded.get(name)

    def _load(self, name: str) -> AnswerModel:
        with self._lock:
            found, base = self._names().get(name), self.default
        if found is None or not isinstance(base, Adaptable):
            raise SocratesError(f"the model {name!r} is not here; choose one under Model")
        adapter, template = found
        view = base.with_adapter(str(adapter.folder), None if adapter.record else template)
        view.description = replace(view.description, adapter=adapter.title)
        if model_name(view.description) != name:
            raise ModelError(f"the adapter {adapter.title} has changed on disk; reload the page")
        with self._lock:
            self._loaded[name] = view
            while len(self._loaded) > MOST_LOADED:
                _release(self._loaded.popitem(last=False)[1])
        return view

    def has(self, name: str) -> bool:
        """Whether a name is one of the models here."""
        with self._lock:
            return name in self._own or name in self._names()

    def _names(self) -> dict[str, tuple[Adapter, str]]:
        """Name → adapter and template of all that fit; the caller holds the lock."""
        fitting = [adapter for adapter in self._adapters.values() if self.misfit(adapter) is None]
        return {name: (one, template) for one in fitting for name, template in self.names_of(one).items()}


def _release(view: Any) -> None:
    """Free what an adapter holds; a run that is still at work on it finishes first."""
    view.release()


def _label(model: ModelDescription, adapters: bool) -> str:
    """What a menu calls a model, where there are adapters to choose from or not."""
    if model.adapter:
        return f"{model.name} with {_words(model.adapter)}"
    return f"{model.name} without adapter" if adapters else model.name


def _words(title: str) -> str:
    return "its bundled adapter" if title == DEMO else title
