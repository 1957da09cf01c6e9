"""The models available on the page: the one the app was started with, and adapters on the same loaded base."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Protocol, runtime_checkable

from socrates_core.errors import ModelError, SocratesError
from socrates_core.model.answer_model import AnswerModel, ModelDescription
from socrates_core.model.fit import base_match, check_base
from socrates_core.model.folder import DEMO
from socrates_core.prompt import TEMPLATES
from socrates_core.ui.adapters.choices import Adapter
from socrates_core.ui.simulate.link import model_name

MAX_LOADED: Final = 8
"""Additional adapters in memory; the least recently used one is released first."""


@runtime_checkable
class Adaptable(AnswerModel, Protocol):
    """A local network that other adapters can be loaded onto."""

    description: ModelDescription
    shared: Any
    """State shared by all views of the network; `origin` identifies the base model."""

    def with_adapter(self, adapter: str, template: str | None = None) -> Any:
        """A view of the same network with another adapter."""
        ...

    def base_model(self) -> Any:
        """A view of the same network without an adapter."""
        ...


class Models:
    """All models by their name in links; adapters are loaded when they are first used."""

    def __init__(self, model: AnswerModel) -> None:
        """Start with the model of the command line."""
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: OrderedDict[str, Any] = OrderedDict()
        self._adapters: dict[str, Adapter] = {}
        self._own: dict[str, AnswerModel] = {}
        self.default = model
        self.start_with(model)

    def start_with(self, model: AnswerModel) -> None:
        """Make this the default model and drop all earlier ones."""
        own = {model_name(model.description): model}
        if isinstance(model, Adaptable) and model.description.adapter:
            base = model.base_model()
            own[model_name(base.description)] = base
        with self._lock:
            self.default, self._own = model, own
            self._loaded.clear()

    @property
    def default_name(self) -> str:
        """Name of the default model in links."""
        return model_name(self.default.description)

    def set_adapters(self, adapters: Sequence[Adapter]) -> None:
        """Set the available adapters and release those that no longer exist."""
        with self._lock:
            self._adapters = {adapter.title: adapter for adapter in adapters}
            for name in [name for name in self._loaded if name not in self._names()]:
                _release(self._loaded.pop(name))

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The adapters on this machine, compatible or not."""
        with self._lock:
            return tuple(self._adapters.values())

    def misfit(self, adapter: Adapter) -> str | None:
        """The known reason why an adapter cannot be loaded onto the base; None if there is none."""
        model = self.default
        if not isinstance(model, Adaptable):
            return f"the model {model.description.name} does not support adapters"
        name, shared = model.description.name, model.shared
        if adapter.record is None and shared.folder is not None:
            match = base_match(adapter.base, None, shared.folder, shared.origin)
            if match == "another":
                return f"it is for {adapter.base}, but {name} is loaded"
        try:
            check_base(name, shared.origin, adapter.title, adapter.record, lambda: shared.weights)
        except ModelError as error:
            return str(error)
        return None

    def names_of(self, adapter: Adapter) -> dict[str, str]:
        """Name → template of this adapter on the base: one entry, or one per template if it does not record its own."""
        templates = [adapter.record.template] if adapter.record else list(TEMPLATES)
        base = self.default.description
        return {model_name(replace(base, adapter=adapter.title, template=one)): one for one in templates}

    def choices(self) -> list[tuple[str, str]]:
        """(menu label, name) of every available model, the default first."""
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
        """Menu label of one of the models."""
        return next(label for label, known in self.choices() if known == name)

    def get(self, name: str) -> AnswerModel:
        """The model with this name, loading its adapter if necessary; the default model if the name is empty.

        Raises:
            SocratesError: If there is no such model.
            ModelError: If its adapter turns out not to fit.
        """
        known = self._known(name) if name else self.default
        if known is not None:
            return known
        with self._loading:  # one at a time; requests for loaded models are not blocked
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
            raise SocratesError(f"the model {name!r} is not available; choose one under Model")
        adapter, template = found
        view = base.with_adapter(str(adapter.folder), None if adapter.record else template)
        view.description = replace(view.description, adapter=adapter.title)
        if model_name(view.description) != name:
            raise ModelError(f"the adapter {adapter.title} has changed on disk; reload the page")
        with self._lock:
            self._loaded[name] = view
            while len(self._loaded) > MAX_LOADED:
                _release(self._loaded.popitem(last=False)[1])
        return view

    def has(self, name: str) -> bool:
        """Whether there is a model with this name."""
        with self._lock:
            return name in self._own or name in self._names()

    def _names(self) -> dict[str, tuple[Adapter, str]]:
        """Name → adapter and template of all compatible adapters; the caller holds the lock."""
        fitting = [adapter for adapter in self._adapters.values() if self.misfit(adapter) is None]
        return {name: (one, template) for one in fitting for name, template in self.names_of(one).items()}


def _release(view: Any) -> None:
    """Free the memory of an adapter, after requests in progress have finished."""
    view.release()


def _label(model: ModelDescription, adapters: bool) -> str:
    """Menu label of a model; `adapters` says whether there are adapters to choose from."""
    if model.adapter:
        return f"{model.name} with {_words(model.adapter)}"
    return f"{model.name} without adapter" if adapters else model.name


def _words(title: str) -> str:
    return "its bundled adapter" if title == DEMO else title
