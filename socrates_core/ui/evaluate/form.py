"""Reads the form for a new evaluation into a specification, and previews its size and cost."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from socrates_core.command import LARGEST_SEED
from socrates_core.errors import ModelError, RunError, SocratesError
from socrates_core.evaluation.data import EvaluationData, evaluation_data
from socrates_core.evaluation.spec import EvaluationSpec, in_full, specify
from socrates_core.model.answer_model import ModelDescription
from socrates_core.model.folder import DEMO
from socrates_core.runs.evaluate import check_sending
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
from socrates_core.study.incoming.numbers import whole_in
from socrates_core.study.leaks import groups_of, seen
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.study.sources.hub_address import hub_name
from socrates_core.study.split import study_of
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.catalogue import Source
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.models import Adaptable
from socrates_core.ui.results import Results

MAX_PEOPLE: Final = 1_000_000
LONGEST: Final = 500
"""Longest name of a model, in characters."""

CAPACITY: Final = 6
"""Parts of sources, and plans, in memory."""

STANDARD: Final = (
    ("demo (bundled, not for science)", DEMO),
    ("uniform baseline", "uniform"),
    ("marginal baseline (training answers by scale)", "marginal"),
)


@dataclass(frozen=True)
class Filled:
    """The values of the form, not yet validated."""

    model: str | None
    adapter: str | None
    """Title of an adapter in the menu, or typed text; empty for none."""
    source: str | None
    part: str | None
    people: float | None
    """Number per cell; None, or 0 as the field has it, for all."""
    seed: float | None
    allow_seen: bool


@dataclass(frozen=True)
class Preview:
    """What is known about a run before it starts."""

    spec: EvaluationSpec
    plan: RunPlan
    tokens: TokenCount | None
    """None if the model does not read tokens on this machine, or they cannot be counted."""
    no_tokens: str
    """Why there is no count; empty if there is one."""
    pace: Pace | None
    seen: tuple[str, ...]
    """Ids of the studies that the model was trained on."""
    own_on_gpu: bool
    """Whether the app has the same weights on a GPU."""
    measured: bool = True
    """Whether tokens and time were looked at, which is only done for those who may start it."""


class RunForm:
    """Reads forms. Counting tokens and calibrating take seconds, so recent previews are cached."""

    def __init__(self, results: Results, board: RunBoard) -> None:
        """Read forms for the studies, models and runs of an app."""
        self.results = results
        self.board = board
        self._lock = threading.Lock()
        self._data: OrderedDict[tuple[str, str], EvaluationData] = OrderedDict()
        self._counted: OrderedDict[str, tuple[TokenCount | None, str, Pace | None, tuple[str, ...]]] = OrderedDict()

    # -- menus

    def models(self) -> list[tuple[str, str]]:
        """(menu label, name) of the models, the app's own first."""
        own = self.results.model.description.name
        rest = [(label, name) for label, name in STANDARD if name != own]
        label = next((label for label, name in STANDARD if name == own), own)
        return [(f"{label}, loaded in this app", own), *rest]

    def adapters(self, model: str | None) -> list[tuple[str, str]]:
        """(menu label, value) of the adapters on this machine that may fit a model."""
        if model in BASELINES:
            return [("none", "")]
        models, own = self.results.models, self.results.model.description
        fitting = [one.title for one in models.adapters if one.base in (None, (model or "").partition("@")[0])]
        started = [own.adapter] if own.adapter and own.name == model else []
        return [("none", ""), *((title, title) for title in dict.fromkeys([*started, *fitting]))]

    def of_page(self, name: str = "") -> tuple[str, str]:
        """Model and adapter, as in the menus, of the model that the page uses.

        Args:
            name: The name of the model in links; the app's own if empty.
        """
        used = self.results.models.get(name).description
        return used.name, used.adapter or ""

    def sources(self) -> list[tuple[str, str]]:
        """(title, name) of the sources with a split."""
        return [(source.title, source.name) for source in self.results.catalogue.sources if source.split]

    def parts(self, source: str | None) -> list[tuple[str, str]]:
        """(menu label, name) of the non-empty parts of a source's split."""
        found = self._source(source)
        if found.split is None:
            return []
        words = {"test": "test (unseen)", "calibration": "calibration", "val": "validation", "train": "training"}
        groups = groups_of(found.studies)
        labels = {}
        for name in reversed(found.split.names):
            units = found.split.parts[name]
            independent = len({groups.get(study_of(unit), unit) for unit in units})
            grouped = f" in {independent:,} groups" if found.split.kind == "study" and independent < len(units) else ""
            labels[name] = f"{words[name]}: {len(units):,}{grouped}"
        return [(label, name) for name, label in labels.items() if found.split.parts[name]]

    # -- reading

    def spec(self, filled: Filled, visitor: Visitor) -> EvaluationSpec:
        """The specification described by the form.

        Raises:
            SocratesError: If a field is empty or invalid, the visitor may not use this model, or it is an endpoint and
                the people's rows are not public.
        """
        source = self._source(filled.source)
        if source.split is None:
            raise RunError(f"{source.title} has no split; prepare it again with python -m train.prepare --split study")
        model, adapter = _name("Model", filled.model), _name("Adapter", filled.adapter) or None
        if not model:
            raise RunError("Model: choose one, or enter a Hub id.")
        self._refuse_names(model, adapter, visitor)
        check_sending(source.studies, model)
        return specify(
            source.studies,
            source.split,
            BUNDLED if source.folder is None else str(source.folder),
            filled.part or "",
            model,
            self.located(adapter),
            self._template(model, adapter),
            _whole("People per cell", filled.people, 2, MAX_PEOPLE) if filled.people else None,
            _whole("Seed", filled.seed, 0, LARGEST_SEED),
            filled.allow_seen,
            precision=self._precision(model),
        )

    def data(self, filled: Filled, spec: EvaluationSpec) -> EvaluationData:
        """The data of the run.

        Raises:
            SplitError: If the part contains nothing to predict.
        """
        source = self._source(filled.source)
        assert source.split is not None
        key = (source.name, spec.part)
        with self._lock:
            if key not in self._data:
                self._data[key] = evaluation_data(source.studies, source.split, spec.part)
                while len(self._data) > CAPACITY:
                    self._data.popitem(last=False)
            return self._data[key]

    def preview(self, filled: Filled, visitor: Visitor, thorough: bool) -> Preview:
        """Size and cost of the run described by the form.

        Args:
            filled: The form.
            visitor: The visitor.
            thorough: Also count tokens, look up earlier runs and calibrate, which takes seconds.

        Raises:
            SocratesError: As for `spec` and `data`.
        """
        spec = self.spec(filled, visitor)
        data = self.data(filled, spec)
        plan = plan_run(data, spec)
        if not thorough:
            return Preview(spec, plan, None, "", None, self._known_seen(spec, data), False, measured=False)
        tokens, no_tokens, pace, learned = self._measure(spec, data)
        on_gpu = self._is_own(spec) and self.results.model.description.device not in ("CPU", "none")
        return Preview(spec, plan, tokens, no_tokens, pace, learned, on_gpu)

    def refused(self, filled: Filled, spec: EvaluationSpec) -> tuple[str, ...]:
        """Ids of the studies that the model was trained on, as far as known before it is loaded.

        Raises:
            SocratesError: If the model or the adapter does not exist.
        """
        return tuple(seen_studies(self.data(filled, spec), spec))

    def _measure(
        self, spec: EvaluationSpec, data: EvaluationData
    ) -> tuple[TokenCount | None, str, Pace | None, tuple[str, ...]]:
        key = spec.run_id
        with self._lock:
            cached = self._counted.get(key)
        tokens, no_tokens = (cached[0], cached[1]) if cached else (None, "")
        learned = cached[3] if cached else ()
        if not cached:
            try:
                learned = tuple(seen_studies(data, spec))
                tokens = count_tokens(data, spec)
            except ModelError as error:
                no_tokens = str(error)
        pace = measured_pace(self.board.root, spec)
        if pace is None and cached:
            pace = cached[2]
        elif pace is None and tokens is not None:
            pace = self._calibrated(spec, data, tokens)
        with self._lock:
            self._counted[key] = (tokens, no_tokens, pace, learned)
            while len(self._counted) > CAPACITY:
                self._counted.popitem(last=False)
        return tokens, no_tokens, pace, learned

    def _calibrated(self, spec: EvaluationSpec, data: EvaluationData, tokens: TokenCount) -> Pace | None:
        """Calibrate with the app's own model if it is local; other models would have to be loaded first."""
        model = self.results.model
        return calibrate(model, data, spec, tokens) if self._is_own(spec) and isinstance(model, Adaptable) else None

    def _known_seen(self, spec: EvaluationSpec, data: EvaluationData) -> tuple[str, ...]:
        trained_on = self.results.model.description.trained_on
        return tuple(seen(trained_on, data.units, data.groups)) if self._is_own(spec) else ()

    def _is_own(self, spec: EvaluationSpec) -> bool:
        """Whether this model with this adapter is the app's own."""
        own = self.results.model.description
        return (in_full(own.name), self.located(own.adapter)) == (spec.model, spec.adapter)

    # -- names

    def _source(self, name: str | None) -> Source:
        return self.results.catalogue.source(name or "")

    def _refuse_names(self, model: str, adapter: str | None, visitor: Visitor) -> None:
        """Reject typed names from all but the owner: they can be local folders, downloads or addresses."""
        if visitor.role == "owner":
            return
        known = {name for _, name in self.models()}
        if model not in known or (adapter or "") not in {name for _, name in self.adapters(model)}:
            raise RunError(
                "Only the owner may enter models and adapters that are not in the menus; choose one from the menus."
            )

    def located(self, adapter: str | None) -> str | None:
        """The folder of an adapter in the menu; the bundled adapter and other names unchanged."""
        folders = {one.title: str(one.folder) for one in self.results.models.adapters if one.title != DEMO}
        return None if adapter is None else in_full(folders.get(adapter, adapter))

    def _template(self, model: str, adapter: str | None) -> str | None:
        """The template that the page uses for a model, if its weights do not record one."""
        own = self._used(model)
        if (own.name, own.adapter) != (model, adapter) or model in (DEMO, *BASELINES):
            return None
        known = next((one.record for one in self.results.models.adapters if one.title == adapter), None)
        if known is not None or (adapter is None and own.template == "shared"):
            return None
        return own.template

    def _used(self, model: str) -> ModelDescription:
        """The model of this name as the page has it, if it was loaded there; otherwise the app's own."""
        loaded = self.results.models.loaded_as(model)
        return self.results.model.description if loaded is None else loaded

    def _precision(self, model: str) -> str:
        """The precision given on the command line for the app's own model, so that runs agree with the page."""
        own = self.results.model.description
        return own.requested_precision if own.name == model else "auto"


def _name(field: str, raw: str | None) -> str:
    name = " ".join(str(raw or "").split())
    if len(name) > LONGEST or not name.isprintable():
        raise RunError(
            f"{field}: this is not the name of a model ({len(name):,} characters); enter a Hub id or a folder."
        )
    return hub_name(name)


def _whole(field: str, raw: float | None, low: int, high: int) -> int:
    number = whole_in(raw, low, high)
    if number is None:
        raise SocratesError(f"{field}: enter a whole number from {low:,} to {high:,}.")
    return number
