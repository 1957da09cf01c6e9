"""What a visitor filled in to start an evaluation, read into a specification with all that it needs."""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from socrates_core.errors import ModelError, RunError, SocratesError
from socrates_core.evaluation.data import EvaluationData, evaluation_data
from socrates_core.evaluation.spec import BUNDLED, LARGEST_SEED, EvaluationSpec, in_full, specify
from socrates_core.model.folder import DEMO
from socrates_core.runs.plan import (
    BASELINES,
    Pace,
    RunPlan,
    TokenCount,
    calibrate,
    count_tokens,
    measured_pace,
    plan_run,
    seen_studies,
)
from socrates_core.study.leaks import seen
from socrates_core.study.split import PARTS
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.catalogue import Source
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.models import Adaptable
from socrates_core.ui.results import Results

PEOPLE: Final = 20
"""People of each cell unless somebody asks for others: enough for a floor well below guessing, and soon done."""

MOST_PEOPLE: Final = 1_000_000
LONGEST: Final = 500
"""Characters of a model's name."""

KEPT: Final = 6
"""Parts of sources, and plans, that are kept in memory."""

STANDARD: Final = (
    ("demo (bundled, no science)", DEMO),
    ("uniform (guesses evenly)", "uniform"),
    ("marginal (training answers by scale)", "marginal"),
)


@dataclass(frozen=True)
class Filled:
    """The controls of the form, as they arrive."""

    model: str | None
    adapter: str | None
    """Title of an adapter of the menu, or what was typed; empty for none."""
    source: str | None
    part: str | None
    people: float | None
    """Of each cell; None for everybody."""
    seed: float | None
    allow_seen: bool


@dataclass(frozen=True)
class Preview:
    """A run before it starts."""

    spec: EvaluationSpec
    plan: RunPlan
    tokens: TokenCount | None
    """None for a model that reads no tokens here, or where they cannot be told."""
    no_tokens: str
    """Why there is no count; empty where there is."""
    pace: Pace | None
    seen: tuple[str, ...]
    """Study ids that the model has learned from."""
    own_on_gpu: bool
    """Whether the app holds the same weights on a GPU."""


class RunForm:
    """Reads forms. Counting tokens and trying a model takes seconds, so the last previews are kept."""

    def __init__(self, results: Results, board: RunBoard) -> None:
        """Read forms against an app's studies, models and runs."""
        self.results = results
        self.board = board
        self._lock = threading.Lock()
        self._data: OrderedDict[tuple[str, str], EvaluationData] = OrderedDict()
        self._counted: OrderedDict[str, tuple[TokenCount | None, str, Pace | None, tuple[str, ...]]] = OrderedDict()

    # -- menus

    def models(self) -> list[tuple[str, str]]:
        """(what the menu shows, name): the app's own model first."""
        own = self.results.model.description.name
        rest = [(label, name) for label, name in STANDARD if name != own]
        label = next((label for label, name in STANDARD if name == own), own)
        return [(f"{label}, as this app has it", own), *rest]

    def adapters(self, model: str | None) -> list[tuple[str, str]]:
        """(what the menu shows, what the form sends): the adapters on this machine that may fit a model."""
        if model in BASELINES:
            return [("none", "")]
        models, own = self.results.models, self.results.model.description
        fitting = [one.title for one in models.adapters if one.base in (None, (model or "").partition("@")[0])]
        started = [own.adapter] if own.adapter and own.name == model else []
        return [("none", ""), *((title, title) for title in dict.fromkeys([*started, *fitting]))]

    def sources(self) -> list[tuple[str, str]]:
        """(title, name) of the sources that have a split."""
        return [(source.title, source.name) for source in self.results.catalogue.sources if source.split]

    def parts(self, source: str | None) -> list[tuple[str, str]]:
        """(what the menu shows, name) of the parts of a source's split that hold studies."""
        split = self._source(source).split
        words = {"test": "test (unseen)", "val": "validation", "train": "training"}
        filled = [name for name in reversed(PARTS) if split and split.parts[name]]
        return [(f"{words[name]}: {len(split.parts[name]):,}", name) for name in filled if split]

    # -- reading

    def spec(self, filled: Filled, visitor: Visitor) -> EvaluationSpec:
        """The specification that the form asks for.

        Raises:
            SocratesError: If a field is empty or makes no sense, or the visitor may not name this model.
        """
        source = self._source(filled.source)
        if source.split is None:
            raise RunError(f"{source.title} has no split; prepare it again with python -m train.prepare --split study")
        model, adapter = _name("Model", filled.model), _name("Adapter", filled.adapter) or None
        if not model:
            raise RunError("Model: choose one, or type a Hub id.")
        self._refuse_names(model, adapter, visitor)
        return specify(
            source.studies,
            source.split,
            BUNDLED if source.folder is None else str(source.folder),
            filled.part or "",
            model,
            self._located(adapter),
            self._template(model, adapter),
            None if filled.people is None else _whole("People of each cell", filled.people, 2, MOST_PEOPLE),
            _whole("Seed", filled.seed, 0, LARGEST_SEED),
            filled.allow_seen,
        )

    def data(self, filled: Filled, spec: EvaluationSpec) -> EvaluationData:
        """What is evaluated.

        Raises:
            SplitError: If the part holds nothing to predict.
        """
        source = self._source(filled.source)
        assert source.split is not None
        key = (source.name, spec.part)
        with self._lock:
            if key not in self._data:
                self._data[key] = evaluation_data(source.studies, source.split, spec.part)
                while len(self._data) > KEPT:
                    self._data.popitem(last=False)
            return self._data[key]

    def preview(self, filled: Filled, visitor: Visitor, thorough: bool) -> Preview:
        """The run that the form asks for, in numbers.

        Args:
            filled: The form.
            visitor: Who filled it in.
            thorough: Count tokens, look at earlier runs and try the model, which takes seconds.

        Raises:
            SocratesError: As `spec` and `data` do.
        """
        spec = self.spec(filled, visitor)
        data = self.data(filled, spec)
        plan = plan_run(data, spec)
        if not thorough:
            return Preview(spec, plan, None, "", None, self._known_seen(spec, data), False)
        tokens, no_tokens, pace, learned = self._measure(spec, data)
        on_gpu = self._is_own(spec) and self.results.model.description.device not in ("CPU", "none")
        return Preview(spec, plan, tokens, no_tokens, pace, learned, on_gpu)

    def refused(self, filled: Filled, spec: EvaluationSpec) -> tuple[str, ...]:
        """The study ids that the model has learned from, as far as that can be told before it is loaded.

        Raises:
            SocratesError: If there is no such model or adapter.
        """
        return tuple(seen_studies(self.data(filled, spec), spec))

    def _measure(
        self, spec: EvaluationSpec, data: EvaluationData
    ) -> tuple[TokenCount | None, str, Pace | None, tuple[str, ...]]:
        key = spec.run_id
        with self._lock:
            kept = self._counted.get(key)
        tokens, no_tokens = (kept[0], kept[1]) if kept else (None, "")
        learned = kept[3] if kept else ()
        if not kept:
            try:
                learned = tuple(seen_studies(data, spec))
                tokens = count_tokens(data, spec)
            except ModelError as error:
                no_tokens = str(error)
        pace = measured_pace(self.board.root, spec)
        if pace is None and kept:
            pace = kept[2]
        elif pace is None and tokens is not None:
            pace = self._tried(spec, data, tokens)
        with self._lock:
            self._counted[key] = (tokens, no_tokens, pace, learned)
            while len(self._counted) > KEPT:
                self._counted.popitem(last=False)
        return tokens, no_tokens, pace, learned

    def _tried(self, spec: EvaluationSpec, data: EvaluationData, tokens: TokenCount) -> Pace | None:
        """A calibration with the app's own model, where it is a local one; others would have to be loaded first."""
        model = self.results.model
        return calibrate(model, data, spec, tokens) if self._is_own(spec) and isinstance(model, Adaptable) else None

    def _known_seen(self, spec: EvaluationSpec, data: EvaluationData) -> tuple[str, ...]:
        trained_on = self.results.model.description.trained_on
        return tuple(seen(trained_on, data.units)) if self._is_own(spec) else ()

    def _is_own(self, spec: EvaluationSpec) -> bool:
        """Whether the app itself has this model with this adapter."""
        own = self.results.model.description
        return (in_full(own.name), self._located(own.adapter)) == (spec.model, spec.adapter)

    # -- names

    def _source(self, name: str | None) -> Source:
        return self.results.catalogue.source(name or "")

    def _refuse_names(self, model: str, adapter: str | None, visitor: Visitor) -> None:
        """What is typed can be a folder of this machine, a download, or an address: that is for the owner alone."""
        if visitor.role == "owner":
            return
        known = {name for _, name in self.models()}
        if model not in known or (adapter or "") not in {name for _, name in self.adapters(model)}:
            raise RunError("Only the owner may name models and adapters that are not in the menus; choose from them.")

    def _located(self, adapter: str | None) -> str | None:
        """An adapter of the menu as its folder; the bundled one, and anything else, as it is."""
        folders = {one.title: str(one.folder) for one in self.results.models.adapters if one.title != DEMO}
        return None if adapter is None else in_full(folders.get(adapter, adapter))

    def _template(self, model: str, adapter: str | None) -> str | None:
        """The template that the app was told for its own weights, where they do not record one."""
        own = self.results.model.description
        if (own.name, own.adapter) != (model, adapter) or model in (DEMO, *BASELINES):
            return None
        known = next((one.record for one in self.results.models.adapters if one.title == adapter), None)
        if known is not None or (adapter is None and own.template == "shared"):
            return None
        return own.template


def _name(field: str, raw: str | None) -> str:
    name = " ".join(str(raw or "").split())
    if len(name) > LONGEST or not name.isprintable():
        raise RunError(f"{field}: this is no name of a model ({len(name):,} characters); type a Hub id or a folder.")
    return name


def _whole(field: str, raw: float | None, low: int, high: int) -> int:
    known = isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)
    if raw is None or not known or raw != int(raw) or not low <= raw <= high:
        raise SocratesError(f"{field}: enter a whole number from {low:,} to {high:,}.")
    return int(raw)
