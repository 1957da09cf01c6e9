"""The models of the page: the one of the start, adapters on it, those that come with the software, and those that the
owner loaded from the page.

What the owner keeps to themselves is not there for anybody else: no menu lists it, and no request reaches it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, runtime_checkable

from socrates_core.errors import ModelError, SocratesError
from socrates_core.model.answer_model import AnswerModel, ModelDescription
from socrates_core.model.fit import base_match, check_base
from socrates_core.model.folder import DEMO
from socrates_core.model.loading import load_model
from socrates_core.prompt import TEMPLATES
from socrates_core.ui.access.visitors import Visitor, asking
from socrates_core.ui.adapters.choices import Adapter
from socrates_core.ui.simulate.link import model_name

MAX_LOADED: Final = 8
"""Additional adapters in memory; the least recently used one is released first."""

MAX_PLACED: Final = 6
"""Models that the owner may have loaded from the page at a time."""

BUNDLED: Final[Mapping[str, tuple[str, str, str | None]]] = {
    "demo demo shared": ("demo with its bundled adapter", DEMO, DEMO),
    "demo shared": ("demo without adapter", DEMO, None),
    "uniform": ("uniform baseline", "uniform", None),
    "marginal": ("marginal baseline (training answers by scale)", "marginal", None),
}
"""Name → menu label, model and adapter of what comes with the software; loaded when first used, in a second or two."""


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


@dataclass(frozen=True, eq=False)
class Placed:
    """A model that was loaded from the page."""

    model: AnswerModel
    owner_only: bool
    """Whether only the owner may see and use it."""


@dataclass(frozen=True, eq=False)
class Offer:
    """An adapter that fits a loaded base."""

    adapter: Adapter
    template: str
    base: Adaptable
    owner_only: bool


@dataclass(frozen=True)
class Default:
    """The default model, as it is at one moment."""

    name: str
    """In links."""
    note: str
    """Why it stands in for the model that the app was started for; empty if it is that one."""


class Models:
    """All models by their name in links; adapters are loaded when they are first used."""

    def __init__(self, model: AnswerModel) -> None:
        """Start with the model of the command line."""
        self._lock = threading.RLock()
        self._loading = threading.Lock()
        self._loaded: OrderedDict[str, Any] = OrderedDict()
        self._adapters: dict[str, Adapter] = {}
        self._own: dict[str, AnswerModel] = {}
        self._bundled: dict[str, AnswerModel] = {}
        self._placed: OrderedDict[str, Placed] = OrderedDict()
        self._hidden: frozenset[str] = frozenset()
        """Names of the models that only the owner may use."""
        self.default = model
        self.start_with(model)

    def start_with(self, model: AnswerModel, note: Callable[[], str] = str) -> None:
        """Make this the default model and drop the earlier one.

        Args:
            model: The model.
            note: Gives `Default.note`.
        """
        own = {model_name(model.description): model}
        if isinstance(model, Adaptable) and model.description.adapter:
            base = model.base_model()
            own[model_name(base.description)] = base
        with self._lock:
            self.default, self._own, self._note = model, own, note
            self._loaded.clear()
            self._hide()

    @property
    def default_name(self) -> str:
        """Name of the default model in links."""
        return model_name(self.default.description)

    def now(self) -> Default:
        """The default model of this moment; another may take its place in the next."""
        with self._lock:
            return Default(self.default_name, self._note())

    # -- adapters

    def set_adapters(self, adapters: Sequence[Adapter]) -> None:
        """Set the available adapters and release those that no longer exist."""
        with self._lock:
            self._adapters = {adapter.title: adapter for adapter in adapters}
            self._drop_loaded()

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The adapters on this machine that who asks may see, compatible or not."""
        with self._lock:
            return tuple(one for one in self._adapters.values() if not one.owner_only or _is_owner())

    def misfit(self, adapter: Adapter) -> str | None:
        """The known reason why an adapter cannot be loaded onto the base; None if it fits this one or another."""
        return None if self.names_of(adapter) else _misfit(adapter, self.default)

    def names_of(self, adapter: Adapter) -> dict[str, str]:
        """Name → template of this adapter on its base: one entry, or one per template if it does not record its own."""
        with self._lock:
            fitting = [base for base in self._bases() if _misfit(adapter, base) is None]
        return _names_on(adapter, fitting[0].description) if fitting else {}

    # -- from the page

    def place(self, model: AnswerModel, owner_only: bool) -> str:
        """Offer a model that was loaded from the page, and return its name.

        Raises:
            SocratesError: If it is here already, or there are too many.
        """
        name = model_name(model.description)
        with self._lock:
            if name in self._own or name in BUNDLED:
                raise SocratesError(f"{name} is in the menu already; choose it there")
            if name not in self._placed and len(self._placed) >= MAX_PLACED:
                raise SocratesError(f"{MAX_PLACED} models are loaded from the page, the maximum; unload one first")
            self._placed[name] = Placed(model, owner_only)
            self._drop_loaded()
        return name

    def unplace(self, name: str) -> None:
        """Drop a model that was loaded from the page, with the adapters on it; requests at work finish first."""
        with self._lock:
            self._placed.pop(name, None)
            self._drop_loaded()

    def placed(self, name: str) -> Placed | None:
        """The model of this name if it was loaded from the page."""
        with self._lock:
            return self._placed.get(name)

    def loaded_as(self, model: str) -> ModelDescription | None:
        """The latest model of this name (without adapter and template) that was loaded from the page, for who asks."""
        with self._lock:
            found = [one for one in self._placed.values() if one.model.description.name == model]
            seen = [one.model.description for one in found if not one.owner_only or _is_owner()]
        return seen[-1] if seen else None

    # -- all of them

    def choices(self) -> list[tuple[str, str]]:
        """(menu label, name) of every model that who asks may use, the default first."""
        with self._lock:
            fitting = self._offers()
            own = [(_label(model.description, bool(fitting)), name) for name, model in self._own.items()]
            others = [
                (self._offer_label(name, offer), name) for name, offer in fitting.items() if name not in self._own
            ]
            placed = [(_label(one.model.description, False), name) for name, one in self._placed.items()]
            known = {name for _, name in [*own, *others, *placed]}
            bundled = [(label, name) for name, (label, _, _) in BUNDLED.items() if name not in known]
            listed = [*own, *others, *placed, *bundled]
            return [(label, name) for label, name in listed if name not in self._hidden or _is_owner()]

    def label(self, name: str) -> str:
        """Menu label of one of the models."""
        return next(label for label, known in self.choices() if known == name)

    def has(self, name: str) -> bool:
        """Whether there is a model with this name for who asks."""
        with self._lock:
            there = name in self._own or name in self._placed or name in BUNDLED or name in self._offers()
            return there and (name not in self._hidden or _is_owner())

    def get(self, name: str, visitor: Visitor | None = None) -> AnswerModel:
        """The model with this name, loading it if necessary; the default model if the name is empty.

        Args:
            name: As in `choices`.
            visitor: Who asks; when None, the visitor whose request is being handled.

        Raises:
            SocratesError: If there is no such model, or it is the owner's alone.
            ModelError: If its adapter turns out not to fit.
        """
        if name in self._hidden and not _is_owner(visitor):
            raise _missing(name)
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
            placed = self._placed.get(name)
            return (
                self._own.get(name) or self._loaded.get(name) or (placed.model if placed else self._bundled.get(name))
            )

    def _load(self, name: str) -> AnswerModel:
        with self._lock:
            offer = self._offers().get(name)
        if offer is None and name in BUNDLED:
            _, model, adapter = BUNDLED[name]
            self._bundled[name] = load_model(model, adapter)
            return self._bundled[name]
        if offer is None:
            raise _missing(name)
        view = offer.base.with_adapter(str(offer.adapter.folder), None if offer.adapter.record else offer.template)
        view.description = replace(view.description, adapter=offer.adapter.title)
        if model_name(view.description) != name:
            raise ModelError(f"the adapter {offer.adapter.title} has changed on disk; reload the page")
        with self._lock:
            self._loaded[name] = view
            while len(self._loaded) > MAX_LOADED:
                _release(self._loaded.popitem(last=False)[1])
        return view

    def _bases(self) -> list[Adaptable]:
        """The loaded networks that take adapters, the default first; the caller holds the lock."""
        models = [self.default, *(one.model for one in self._placed.values())]
        return [model for model in models if isinstance(model, Adaptable)]

    def _offers(self) -> dict[str, Offer]:
        """Name → adapter and template of all compatible adapters; the caller holds the lock."""
        found: dict[str, Offer] = {}
        kept = {id(one.model) for one in self._placed.values() if one.owner_only}
        for base in self._bases():
            for adapter in self._adapters.values():
                if _misfit(adapter, base) is None:
                    alone = adapter.owner_only or id(base) in kept
                    for name, template in _names_on(adapter, base.description).items():
                        found.setdefault(name, Offer(adapter, template, base, alone))
        return found

    def _offer_label(self, name: str, offer: Offer) -> str:
        words = _words(offer.adapter.title) + ("" if offer.adapter.record else f", template {offer.template}")
        return words if offer.base is self.default else f"{offer.base.description.name} with {words}"

    def _drop_loaded(self) -> None:
        """Release adapters that are no longer offered, and note who may use what; the caller holds the lock."""
        offers = self._offers()
        for name in [name for name in self._loaded if name not in offers]:
            _release(self._loaded.pop(name))
        self._hide()

    def _hide(self) -> None:
        alone = {name for name, offer in self._offers().items() if offer.owner_only and name not in self._own}
        self._hidden = frozenset(alone | {name for name, one in self._placed.items() if one.owner_only})


def _is_owner(visitor: Visitor | None = None) -> bool:
    """Whether the owner asks; outside of a request nobody does."""
    who = visitor or asking()
    return who is not None and who.role == "owner"


def _missing(name: str) -> SocratesError:
    return SocratesError(f"the model {name!r} is not available; choose one under Model")


def _misfit(adapter: Adapter, base: AnswerModel) -> str | None:
    """The known reason why an adapter cannot be loaded onto a model; None if there is none."""
    if not isinstance(base, Adaptable):
        return f"the model {base.description.name} does not support adapters"
    name, shared = base.description.name, base.shared
    if adapter.record is None and shared.folder is not None:
        match = base_match(adapter.base, None, shared.folder, shared.origin)
        if match == "another":
            return f"it is for {adapter.base}, but {name} is loaded"
    try:
        check_base(name, shared.origin, adapter.title, adapter.record, lambda: shared.weights)
    except ModelError as error:
        return str(error)
    return None


def _names_on(adapter: Adapter, base: ModelDescription) -> dict[str, str]:
    """Name → template of an adapter on a base."""
    templates = [adapter.record.template] if adapter.record else list(TEMPLATES)
    return {model_name(replace(base, adapter=adapter.title, template=one)): one for one in templates}


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
