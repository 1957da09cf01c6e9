"""Event handlers of the form for a new run: its menus, its preview, its start, and filling it as for an earlier run."""

import os
from collections.abc import Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from socrates_core.errors import SocratesError
from socrates_core.runs.folder import read_spec
from socrates_core.runs.plan import BASELINES
from socrates_core.ui.access.visitors import Visitor, visitor_of
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.duplicate import duplicate
from socrates_core.ui.evaluate.form import Filled
from socrates_core.ui.evaluate.hired import hired_html
from socrates_core.ui.evaluate.preview import preview_html, seen_html
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import Changes


class FormActions:
    """Handlers for the form of `RunActions`, which checks the policy whenever a run is begun."""

    def __init__(self, runs: RunActions) -> None:
        """Handle the form whose runs these are."""
        self.form = runs.form
        self.runs = runs

    def menus(self, model: str | None, adapter: str | None) -> Changes:
        """Refresh the menus, because models and adapters may have been loaded or fetched since."""
        models, adapters = self.form.models(), self.form.adapters(model)
        return {"model": gr.update(choices=models, value=model), "adapter": gr.update(choices=adapters, value=adapter)}

    def choose_model(self, model: str, adapter: str) -> Changes:
        """Offer the adapters that fit a model, and deselect one that does not."""
        choices = self.form.adapters(model)
        selected = adapter if adapter in {name for _, name in choices} else ""
        return {"adapter": gr.update(choices=choices, value=selected, interactive=model not in BASELINES)}

    def follow_page(self, name: str, model_now: str, adapter_now: str) -> Changes:
        """Propose the model that the page uses, with its adapter."""
        model, adapter = self.form.of_page(name)
        if (model, adapter) == (model_now, adapter_now):
            return {"model": gr.skip()}
        models = [*self.form.models(), (model, model)]
        models = models if model not in {one for _, one in models[:-1]} else models[:-1]
        choices = self.form.adapters(model)
        if adapter and adapter not in {one for _, one in choices}:
            choices.append((adapter, adapter))
        return {
            "model": gr.update(choices=models, value=model),
            "adapter": gr.update(choices=choices, value=adapter, interactive=model not in BASELINES),
        }

    def choose_source(self, source: str) -> Changes:
        """Offer the parts of a source's split."""
        parts = self.form.parts(source)
        return {"part": gr.update(choices=parts, value=parts[0][1])}

    def preview(self, request: gr.Request, *values: Any) -> Changes:
        """Show the size and cost of the run, and whether it may be started."""
        visitor, filled = visitor_of(request), Filled(*values)
        refusal = self.runs.policy.refusal(visitor, "launch")
        try:
            preview = self.form.preview(filled, visitor, thorough=refusal is None)
        except SocratesError as error:
            return {"preview": notice_html(str(error)), "seen": "", "start": gr.update(interactive=False)}
        active = sum(row.at_work for row in self.runs.board.rows())
        hired = hired_html(preview.spec, visitor.role == "owner", os.environ)
        return {
            "preview": preview_html(preview, active) + notice_html(refusal or "", problem=False) + hired,
            "seen": self._seen(preview.seen),
            "allow_seen": gr.update(visible=bool(preview.seen), value=filled.allow_seen and bool(preview.seen)),
            "start": gr.update(interactive=refusal is None),
        }

    def start(self, request: gr.Request, *values: Any) -> Changes:
        """Start the run described by the form, or resume it."""
        try:
            begun = self.runs.begin(visitor_of(request), Filled(*values))
        except SocratesError as error:
            return {"message": notice_html(str(error))}
        if begun.seen:
            refused = {"seen": self._seen(begun.seen), "allow_seen": gr.update(visible=True)}
            return {"message": notice_html(begun.message), **refused}
        return {"message": notice_html(begun.message, problem=False)}

    def act(self, opened: str, event: gr.EventData, request: gr.Request) -> Changes:
        """Handle a button of the table of runs: fill the form as for a run, or what `RunActions.act` does."""
        sent = event._data if isinstance(event._data, dict) else {}
        if sent.get("act") != "duplicate":
            return self.runs.act(opened, event, request)
        try:
            return self.refill(visitor_of(request), sent.get("run"))
        except SocratesError as error:
            return {"notice": notice_html(str(error))}

    def refill(self, visitor: Visitor, name: object) -> Changes:
        """Fill the form with the settings of a run.

        Raises:
            SocratesError: If the visitor may start no runs, there is no such run, or as for `duplicate`.
        """
        self.runs.permit(visitor, "launch")
        made = duplicate(self.form, read_spec(self.runs.board.folder(name)), visitor)
        filled = made.filled
        adapters, parts = self.form.adapters(filled.model), self.form.parts(filled.source)
        takes_one = filled.model not in BASELINES
        return {
            "model": filled.model,
            "adapter": gr.update(choices=adapters, value=filled.adapter, interactive=takes_one),
            "source": filled.source,
            "part": gr.update(choices=parts, value=filled.part),
            "people": filled.people or 0,
            "seed": filled.seed,
            "allow_seen": filled.allow_seen,
            "message": notice_html(made.message, problem=False),
            "notice": "",
        }

    def _seen(self, studies: Sequence[str]) -> Markup:
        titles = {
            entry.study.study_id: entry.title
            for source in self.form.results.catalogue.sources
            for entry in source.entries
        }
        return seen_html([titles.get(name, name) for name in studies])
