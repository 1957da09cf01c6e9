"""Event handlers of the tab Evaluate; each checks the policy again, whatever the page shows."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from socrates_core.errors import RunError, SocratesError
from socrates_core.evaluation.spec import in_full
from socrates_core.runs.folder import cancel, delete, launch, open_run
from socrates_core.runs.state import STARTED_BY, RunState, record, state
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.ui.access.limits import COMPARISON_COST
from socrates_core.ui.access.visitors import Action, Policy, Visitor, visitor_of
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.comparisons import Job
from socrates_core.ui.evaluate.filters import RunFilter
from socrates_core.ui.evaluate.form import Filled, RunForm
from socrates_core.ui.evaluate.view import comparison_html, live_html, report_html, table_html, title_of
from socrates_core.ui.html import notice_html
from socrates_core.ui.listeners import Changes

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

    # -- starting

    def begin(self, visitor: Visitor, filled: Filled) -> Begun:
        """Start a run for a visitor, or resume it.

        Raises:
            SocratesError: If they may not, a field is not valid, or the queue is full.
        """
        self.permit(visitor, "launch")
        spec = self.form.spec(filled, visitor)
        seen = self.form.refused(filled, spec)
        if seen and not spec.allow_seen:
            return Begun(spec.run_id, "Not started: the model was trained on studies of this part.", seen)
        folder = self.board.root / spec.run_id
        message = _already(state(folder)) if (folder / "spec.json").is_file() else ""
        if not message:
            self._find_room(visitor)
            open_run(folder, spec)
            record(folder, STARTED_BY, by=starter(visitor))
            launch(folder)
            message = "Started. The run continues when this page is closed; its progress is shown below."
        return Begun(spec.run_id, message)

    # -- the runs

    def draw(self, request: gr.Request, drawn: str, opened: str, *values: Any) -> Changes:
        """Update the list of runs if it has changed, and the interval until the next refresh.

        Args:
            request: The visitor's.
            drawn: Fingerprint of the list on the page.
            opened: Name of the run whose report is open.
            values: Of the filter.
        """
        made = self.redraw(request, opened, *values)
        tick = {"timer": gr.Timer(BUSY_TICK if made.get("live") else IDLE_TICK)}
        return tick if made["drawn"] == drawn else {**made, **tick}

    def redraw(self, request: gr.Request, opened: str, *values: Any) -> Changes:
        """Update the list of runs and the menus of its filter, whose values these are."""
        refusals = self._refusals(visitor_of(request))
        if refusals["read"]:
            notice = notice_html(refusals["read"], problem=False)
            return {"live": "", "table": notice, "drawn": f"{hash(notice)}"}
        wanted = RunFilter(*values)
        rows = self.board.rows(fresh=True)
        live, table = live_html(rows), table_html(rows, refusals, opened, wanted.picks, self._titles())
        menus = dict(zip(("state", "of_model", "owner"), wanted.menus(rows), strict=True))
        return {
            **{"live": live, "table": table, "drawn": f"{hash(live)} {hash(table)}"},
            **menus,
        }

    def act(self, opened: str, event: gr.EventData, request: gr.Request) -> Changes:
        """Handle a button of the table."""
        sent = event._data if isinstance(event._data, dict) else {}
        act, name, visitor = sent.get("act"), sent.get("run"), visitor_of(request)
        try:
            if act == "open":
                return self._open(visitor, name)
            if act == "close":
                return {"notice": "", "reader": "", "opened": ""}
            if act == "delete":
                return self._ask(visitor, name)
            if act in ("cancel", "resume"):
                return {"notice": notice_html(self._steer(visitor, act, name), problem=False)}
        except SocratesError as error:
            return {"notice": notice_html(str(error))}
        return {"notice": notice_html("Unknown button; reload the page.")}

    def choose(self, sent: object) -> Changes:
        """Handle a change of the selected runs."""
        chosen = _names(sent)
        label = f"Compare {len(chosen)} runs" if len(chosen) > 1 else "Compare"
        return {"compare": gr.update(value=label, interactive=len(chosen) > 1)}

    def delete(self, deleting: str, opened: str, request: gr.Request) -> Changes:
        """Delete a run after confirmation."""
        closed = {"confirm": gr.update(visible=False)}
        try:
            self.permit(visitor_of(request), "delete")
            row = self.board.row(deleting)
            delete(self.board.root / row.name)
        except SocratesError as error:
            return {"notice": notice_html(str(error)), **closed}
        gone = {"reader": "", "opened": ""} if opened == deleting else {}
        return {"notice": notice_html(f"Deleted: {title_of(row)} ({row.name}).", problem=False), **closed, **gone}

    def compare(self, sent: object, convention: str, request: gr.Request) -> Iterator[Changes]:
        """Compare the selected runs in a background thread and show its progress."""
        visitor = visitor_of(request)
        try:
            self.permit(visitor, "read")
            rows = [self.board.row(name) for name in _names(sent)]
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
            yield {"notice": "", "reader": comparison_html(key, job.names), "opened": ""}
        except SocratesError as error:
            yield {"notice": notice_html(str(error))}

    def _follow(self, job: Job) -> Iterator[Changes]:
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
            yield {"notice": notice_html(message, problem=False)}
            time.sleep(0.3)
        job.check()
        if job.error:
            raise RunError(job.error)

    # -- helpers

    def _steer(self, visitor: Visitor, act: str, name: object) -> str:
        self.permit(visitor, "cancel" if act == "cancel" else "launch")
        folder = self.board.folder(name)
        if act == "cancel":
            cancel(folder)
            return "Stopping after the current cells. Finished cells are saved; Resume continues the run."
        message = _already(state(folder))
        if not message:
            self._find_room(visitor)
            record(folder, STARTED_BY, by=starter(visitor))
            launch(folder)
        return message or "Resumed."

    def _find_room(self, visitor: Visitor) -> None:
        """Raise a RunError if the queue is full for this visitor."""
        busy = sum(row.at_work for row in self.board.rows(fresh=True))
        if visitor.role != "owner" and busy >= MAX_ACTIVE:
            raise RunError(f"The queue is full ({busy} runs): start this run when some of them have finished.")

    def _open(self, visitor: Visitor, name: object) -> Changes:
        self.permit(visitor, "read")
        row = self.board.row(name)
        self.board.file(row.name, "report.html")
        shown = report_html(row, single_answers=visitor.role == "owner")
        return {"notice": "", "confirm": gr.update(visible=False), "reader": shown, "opened": row.name}

    def _ask(self, visitor: Visitor, name: object) -> Changes:
        self.permit(visitor, "delete")
        row = self.board.row(name)
        if row.at_work:
            raise RunError("it is running or queued: cancel it first")
        cells = f" with {row.done:,} predicted cells" if row.done else ""
        question = f"Delete the run {title_of(row)} ({row.name}){cells}? This cannot be undone."
        asked = {"confirm": gr.update(visible=True), "question": notice_html(question), "deleting": row.name}
        return {"notice": "", **asked}

    def permit(self, visitor: Visitor, action: Action) -> None:
        """Raise a RunError unless the policy allows this action."""
        refusal = self.policy.refusal(visitor, action)
        if refusal:
            raise RunError(refusal)

    def _titles(self) -> dict[str, str]:
        """Studies as a specification names them ↦ their title on this page."""
        sources = self.form.results.catalogue.sources
        return {BUNDLED if one.folder is None else in_full(str(one.folder)): one.title for one in sources}

    def _refusals(self, visitor: Visitor) -> Mapping[str, str | None]:
        actions: tuple[Action, ...] = ("read", "launch", "cancel", "delete")
        return {action: self.policy.refusal(visitor, action) for action in actions}


def starter(visitor: Visitor) -> str:
    """Who starts a run, in words; the address of a visitor is never kept."""
    if visitor.name is not None:
        return visitor.name
    return "owner" if visitor.role == "owner" else "a visitor"


def _is_name(name: object) -> bool:
    """Whether this can be the name of a folder."""
    return isinstance(name, str) and 0 < len(name) <= 255


def _names(sent: object) -> list[str]:
    """What a page says is selected, as far as it can be: each name once, at most `MAX_CHOSEN`."""
    return list(dict.fromkeys(name for name in sent[:MAX_CHOSEN] if _is_name(name))) if isinstance(sent, list) else []


def _already(current: RunState) -> str:
    """Why a run need not be started; empty if it can be."""
    if current.code == "finished":
        return "This run is finished already: open its report below. Another seed or number of people is another run."
    if current.code in ("waiting", "running"):
        return "This run is active already: its progress is shown below."
    return ""
