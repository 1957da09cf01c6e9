"""Event handlers of the tab Evaluate; each checks the policy again, whatever the page shows."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.errors import RunError, SocratesError
from socrates_core.runs.folder import cancel, delete, launch, open_run
from socrates_core.runs.plan import BASELINES
from socrates_core.runs.state import RunState, state
from socrates_core.ui.access.limits import COMPARISON_COST
from socrates_core.ui.access.visitors import Action, Policy, Visitor, visitor_of
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.comparisons import Job
from socrates_core.ui.evaluate.form import Filled, RunForm
from socrates_core.ui.evaluate.hired import hired_html
from socrates_core.ui.evaluate.preview import preview_html, seen_html
from socrates_core.ui.evaluate.view import comparison_html, live_html, report_html, table_html, title_of
from socrates_core.ui.html import notice_html

BUSY_TICK: Final = 2.0
IDLE_TICK: Final = 10.0
"""Seconds between refreshes of the list of runs, while a run is active and otherwise."""


MAX_CHOSEN: Final = 100
"""Runs that can be selected; fewer can be compared."""

PATIENCE: Final = 300.0
"""Seconds that a page waits for a comparison."""

MAX_ACTIVE: Final = 6
"""Running and queued runs beyond which only the owner may add more: each is a process with its own memory."""


@dataclass(frozen=True)
class Begun:
    """What became of a run that was to be started."""

    run: str
    """Name of its folder."""
    message: str
    seen: tuple[str, ...] = ()
    """Studies that the model was trained on, for which it was not started."""


class RunActions:
    """Handlers for one form, one directory of runs and one policy."""

    def __init__(self, form: RunForm, board: RunBoard, policy: Policy) -> None:
        """Handle the runs of a directory within the limits of the policy."""
        self.form = form
        self.board = board
        self.policy = policy
        self.limits = form.results.limits

    # -- the form

    def menus(self, model: str | None, adapter: str | None) -> list[Any]:
        """Refresh the menus, because models and adapters may have been loaded or fetched since."""
        models, adapters = self.form.models(), self.form.adapters(model)
        return [gr.update(choices=models, value=model), gr.update(choices=adapters, value=adapter)]

    def choose_model(self, model: str, adapter: str) -> Any:
        """Offer the adapters that fit a model, and deselect one that does not."""
        choices = self.form.adapters(model)
        selected = adapter if adapter in {name for _, name in choices} else ""
        return gr.update(choices=choices, value=selected, interactive=model not in BASELINES)

    def choose_source(self, source: str) -> Any:
        """Offer the parts of a source's split."""
        parts = self.form.parts(source)
        return gr.update(choices=parts, value=parts[0][1])

    def preview(self, request: gr.Request, *values: Any) -> list[Any]:
        """Show the size and cost of the run, and whether it may be started."""
        visitor, filled = visitor_of(request), Filled(*values)
        refusal = self.policy.refusal(visitor, "launch")
        try:
            preview = self.form.preview(filled, visitor, thorough=refusal is None)
        except SocratesError as error:
            return [notice_html(str(error)), "", gr.skip(), gr.update(interactive=False)]
        active = sum(row.at_work for row in self.board.rows())
        shown = preview_html(preview, active) + (notice_html(refusal, problem=False) if refusal else "")
        shown += hired_html(preview.spec, visitor.role == "owner", os.environ)
        return [
            shown,
            seen_html(preview.seen),
            gr.update(visible=bool(preview.seen), value=filled.allow_seen and bool(preview.seen)),
            gr.update(interactive=refusal is None),
        ]

    def start(self, request: gr.Request, *values: Any) -> list[Any]:
        """Start the run described by the form, or resume it."""
        try:
            begun = self.begin(visitor_of(request), Filled(*values))
        except SocratesError as error:
            return [notice_html(str(error)), gr.skip(), gr.skip()]
        if begun.seen:
            return [notice_html(begun.message), seen_html(begun.seen), gr.update(visible=True)]
        return [notice_html(begun.message, problem=False), gr.skip(), gr.skip()]

    def begin(self, visitor: Visitor, filled: Filled) -> Begun:
        """Start a run for a visitor, or resume it.

        Raises:
            SocratesError: If they may not, a field is not valid, or the queue is full.
        """
        self._permit(visitor, "launch")
        spec = self.form.spec(filled, visitor)
        seen = self.form.refused(filled, spec)
        if seen and not spec.allow_seen:
            return Begun(spec.run_id, "Not started: the model was trained on studies of this part.", seen)
        folder = self.board.root / spec.run_id
        message = _already(state(folder)) if (folder / "spec.json").is_file() else ""
        if not message:
            self._find_room(visitor)
            open_run(folder, spec)
            launch(folder)
            message = "Started. The run continues when this page is closed; its progress is shown below."
        return Begun(spec.run_id, message)

    # -- the runs

    def draw(self, drawn: str, opened: str, request: gr.Request) -> list[Any]:
        """Update the list of runs if it has changed, and the interval until the next refresh."""
        live, table, mark = self.redraw(opened, request)
        tick = gr.Timer(BUSY_TICK if live else IDLE_TICK)
        return [gr.skip(), gr.skip(), gr.skip(), tick] if mark == drawn else [live, table, mark, tick]

    def redraw(self, opened: str, request: gr.Request) -> list[Any]:
        """Update the list of runs."""
        refusals = self._refusals(visitor_of(request))
        if refusals["read"]:
            notice = notice_html(refusals["read"], problem=False)
            return ["", notice, f"{hash(notice)}"]
        rows = self.board.rows(fresh=True)
        live, table = live_html(rows), table_html(rows, refusals, opened)
        return [live, table, f"{hash(live)} {hash(table)}"]

    def act(self, opened: str, event: gr.EventData, request: gr.Request) -> list[Any]:
        """Handle a button of the table."""
        sent = event._data if isinstance(event._data, dict) else {}
        act, name = sent.get("act"), sent.get("run")
        keep = [gr.skip() for _ in range(5)]
        try:
            if act == "open":
                self._permit(visitor_of(request), "read")
                row = self.board.row(name)
                self.board.file(row.name, "report.html")
                shown = report_html(row, single_answers=visitor_of(request).role == "owner")
                return ["", gr.update(visible=False), gr.skip(), gr.skip(), shown, row.name]
            if act == "delete":
                return ["", *self._ask(visitor_of(request), name), gr.skip(), gr.skip()]
            if act in ("cancel", "resume"):
                return [notice_html(self._steer(visitor_of(request), act, name), problem=False), *keep]
        except SocratesError as error:
            return [notice_html(str(error)), *keep]
        return [notice_html("Unknown button; reload the page."), *keep]

    def choose(self, event: gr.EventData) -> list[Any]:
        """Handle a change of the selected runs."""
        sent = event._data.get("chosen") if isinstance(event._data, dict) else None
        chosen = [name for name in sent[:MAX_CHOSEN] if is_name(name)] if isinstance(sent, list) else []
        label = f"Compare {len(chosen)} runs" if len(chosen) > 1 else "Compare"
        return [chosen, gr.update(value=label, interactive=len(chosen) > 1)]

    def delete(self, deleting: str, opened: str, request: gr.Request) -> list[Any]:
        """Delete a run after confirmation."""
        closed = gr.update(visible=False)
        try:
            self._permit(visitor_of(request), "delete")
            row = self.board.row(deleting)
            delete(self.board.root / row.name)
        except SocratesError as error:
            return [notice_html(str(error)), closed, gr.skip(), gr.skip()]
        message = notice_html(f"Deleted: {title_of(row)} ({row.name}).", problem=False)
        return [message, closed, *(["", ""] if opened == deleting else [gr.skip(), gr.skip()])]

    def compare(self, chosen: list[str], convention: str, request: gr.Request) -> Iterator[list[Any]]:
        """Compare the selected runs in a background thread and show its progress."""
        visitor = visitor_of(request)
        try:
            self._permit(visitor, "read")
            rows = [self.board.row(name) for name in dict.fromkeys(chosen)]
            unfinished = [title_of(row) for row in rows if not row.has_report]
            if unfinished:
                raise RunError(f"only finished runs can be compared; not finished: {', '.join(unfinished)}")
            folders = [self.board.root / row.name for row in rows]
            with self.limits.at_work(visitor):
                if not self.board.comparisons.has(folders, convention):
                    self.limits.take(visitor, COMPARISON_COST)
                key = self.board.comparisons.begin(folders, convention)
                yield from self._follow(self.board.comparisons.job(key))
            job = self.board.comparisons.job(key)
            yield ["", comparison_html(key, job.names), ""]
        except SocratesError as error:
            yield [notice_html(str(error)), gr.skip(), gr.skip()]

    def _follow(self, job: Job) -> Iterator[list[Any]]:
        """Show the progress of a comparison until it is done.

        Raises:
            RunError: If it failed, or takes longer than a page waits for it.
        """
        begun = time.monotonic()
        while not job.ended:
            passed = time.monotonic() - begun
            if passed > PATIENCE:
                raise RunError("This comparison takes long and goes on in the background. Press Compare again later.")
            message = f"Comparing: {job.stage} … {passed:.0f} s"
            yield [notice_html(message, problem=False), gr.skip(), gr.skip()]
            time.sleep(0.3)
        job.check()
        if job.error:
            raise RunError(job.error)

    # -- helpers

    def _steer(self, visitor: Visitor, act: str, name: object) -> str:
        self._permit(visitor, "cancel" if act == "cancel" else "launch")
        folder = self.board.folder(name)
        if act == "cancel":
            cancel(folder)
            return "Stopping after the current cells. Finished cells are saved; Resume continues the run."
        message = _already(state(folder))
        if not message:
            self._find_room(visitor)
            launch(folder)
        return message or "Resumed."

    def _find_room(self, visitor: Visitor) -> None:
        """Raise a RunError if the queue is full for this visitor."""
        busy = sum(row.at_work for row in self.board.rows(fresh=True))
        if visitor.role != "owner" and busy >= MAX_ACTIVE:
            raise RunError(f"The queue is full ({busy} runs): start this run when some of them have finished.")

    def _ask(self, visitor: Visitor, name: object) -> list[Any]:
        self._permit(visitor, "delete")
        row = self.board.row(name)
        if row.at_work:
            raise RunError("it is running or queued: cancel it first")
        cells = f" with {row.done:,} predicted cells" if row.done else ""
        question = f"Delete the run {title_of(row)} ({row.name}){cells}? This cannot be undone."
        return [gr.update(visible=True), notice_html(question), row.name]

    def _permit(self, visitor: Visitor, action: Action) -> None:
        refusal = self.policy.refusal(visitor, action)
        if refusal:
            raise RunError(refusal)

    def _refusals(self, visitor: Visitor) -> Mapping[str, str | None]:
        actions: tuple[Action, ...] = ("read", "launch", "cancel", "delete")
        return {action: self.policy.refusal(visitor, action) for action in actions}


def is_name(name: object) -> bool:
    """Whether this can be the name of a folder: what a page sends is kept with its state."""
    return isinstance(name, str) and 0 < len(name) <= 255


def _already(current: RunState) -> str:
    """Why a run need not be started; empty if it can be."""
    if current.code == "finished":
        return "This run is finished already: open its report below. Another seed or number of people is another run."
    if current.code in ("waiting", "running"):
        return "This run is active already: its progress is shown below."
    return ""
