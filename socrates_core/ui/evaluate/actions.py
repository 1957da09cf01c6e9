"""What the buttons of the tab Evaluate do: each asks the policy again, whatever the page shows."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import gradio as gr

from socrates_core.errors import RunError, SocratesError
from socrates_core.runs.folder import cancel, delete, launch, open_run
from socrates_core.runs.plan import BASELINES
from socrates_core.runs.state import RunState, state
from socrates_core.ui.access.visitors import Action, Policy, Visitor, visitor_of
from socrates_core.ui.evaluate.board import RunBoard
from socrates_core.ui.evaluate.form import Filled, RunForm
from socrates_core.ui.evaluate.preview import preview_html, seen_html
from socrates_core.ui.evaluate.view import comparison_html, live_html, report_html, table_html, title_of
from socrates_core.ui.html import notice_html

BUSY_TICK: Final = 2.0
IDLE_TICK: Final = 10.0
"""Seconds between two looks at the runs, while one is at work and otherwise."""


MOST_IN_LINE: Final = 6
"""Runs at work or waiting, from which on only the owner may add one: each is a process with memory of its own."""


class RunActions:
    """Handlers over one form, one directory of runs and one policy."""

    def __init__(self, form: RunForm, board: RunBoard, policy: Policy) -> None:
        """Act on the runs of a directory, as far as the policy lets a visitor."""
        self.form = form
        self.board = board
        self.policy = policy

    # -- the form

    def menus(self, model: str | None, adapter: str | None) -> list[Any]:
        """The models and adapters as they are by now: one may have been loaded or fetched since."""
        models, adapters = self.form.models(), self.form.adapters(model)
        return [gr.update(choices=models, value=model), gr.update(choices=adapters, value=adapter)]

    def choose_model(self, model: str, adapter: str) -> Any:
        """The adapters that fit a model; one that does not is let go."""
        choices = self.form.adapters(model)
        kept = adapter if adapter in {name for _, name in choices} else ""
        return gr.update(choices=choices, value=kept, interactive=model not in BASELINES)

    def choose_source(self, source: str) -> Any:
        """The parts of a source's split."""
        parts = self.form.parts(source)
        return gr.update(choices=parts, value=parts[0][1])

    def preview(self, request: gr.Request, *values: Any) -> list[Any]:
        """What the run would take, and whether it may be started."""
        visitor, filled = visitor_of(request), Filled(*values)
        refusal = self.policy.refusal(visitor, "launch")
        try:
            preview = self.form.preview(filled, visitor, thorough=refusal is None)
        except SocratesError as error:
            return [notice_html(str(error)), "", gr.skip(), gr.update(interactive=False)]
        ahead = sum(row.at_work for row in self.board.rows())
        shown = preview_html(preview, ahead) + (notice_html(refusal, problem=False) if refusal else "")
        return [
            shown,
            seen_html(preview.seen),
            gr.update(visible=bool(preview.seen), value=filled.allow_seen and bool(preview.seen)),
            gr.update(interactive=refusal is None),
        ]

    def start(self, request: gr.Request, *values: Any) -> list[Any]:
        """Start the run that the form asks for, or go on with it."""
        visitor, filled = visitor_of(request), Filled(*values)
        try:
            self._permit(visitor, "launch")
            spec = self.form.spec(filled, visitor)
            seen = self.form.refused(filled, spec)
            if seen and not spec.allow_seen:
                return [notice_html("Not started: the model has learned from studies of this part."), seen_html(seen),
                        gr.update(visible=True)]  # fmt: skip
            folder = self.board.root / spec.run_id
            said = _already(state(folder)) if (folder / "spec.json").is_file() else ""
            if not said:
                self._find_room(visitor)
                open_run(folder, spec)
                launch(folder)
                said = "Started. It goes on when this page is closed; the list below shows how far it is."
        except SocratesError as error:
            return [notice_html(str(error)), gr.skip(), gr.skip()]
        return [notice_html(said, problem=False), gr.skip(), gr.skip()]

    # -- the runs

    def draw(self, drawn: str, opened: str, request: gr.Request) -> list[Any]:
        """The runs as they are, where that is not what the page shows; and how soon to look again."""
        live, table, mark = self.redraw(opened, request)
        tick = gr.Timer(BUSY_TICK if live else IDLE_TICK)
        return [gr.skip(), gr.skip(), gr.skip(), tick] if mark == drawn else [live, table, mark, tick]

    def redraw(self, opened: str, request: gr.Request) -> list[Any]:
        """The runs as they are."""
        rows = self.board.rows(fresh=True)
        live, table = live_html(rows), table_html(rows, self._refusals(visitor_of(request)), opened)
        return [live, table, f"{hash(live)} {hash(table)}"]

    def act(self, opened: str, event: gr.EventData, request: gr.Request) -> list[Any]:
        """A button of the table was pressed."""
        sent = event._data if isinstance(event._data, dict) else {}
        act, name = sent.get("act"), sent.get("run")
        keep = [gr.skip() for _ in range(5)]
        try:
            if act == "open":
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
        return [notice_html("This button is not known here; reload the page."), *keep]

    def choose(self, event: gr.EventData) -> list[Any]:
        """Runs were ticked."""
        sent = event._data.get("chosen") if isinstance(event._data, dict) else None
        chosen = [str(name) for name in sent][:100] if isinstance(sent, list) else []
        label = f"Compare {len(chosen)} runs" if len(chosen) > 1 else "Compare"
        return [chosen, gr.update(value=label, interactive=len(chosen) > 1)]

    def delete(self, doomed: str, opened: str, request: gr.Request) -> list[Any]:
        """Delete the run that was confirmed."""
        closed = gr.update(visible=False)
        try:
            self._permit(visitor_of(request), "delete")
            row = self.board.row(doomed)
            delete(self.board.root / row.name)
        except SocratesError as error:
            return [notice_html(str(error)), closed, gr.skip(), gr.skip()]
        said = notice_html(f"Deleted: {title_of(row)} ({row.name}).", problem=False)
        return [said, closed, *(["", ""] if opened == doomed else [gr.skip(), gr.skip()])]

    def compare(self, chosen: list[str], convention: str) -> Iterator[list[Any]]:
        """Compare the ticked runs; they are computed beside the page, which is told how far that is."""
        try:
            rows = [self.board.row(name) for name in dict.fromkeys(chosen)]
            unfinished = [title_of(row) for row in rows if not row.has_report]
            if unfinished:
                raise RunError(f"not finished, and so not to be compared: {', '.join(unfinished)}")
            begun = time.monotonic()
            key = self.board.comparisons.begin([self.board.root / row.name for row in rows], convention)
            job = self.board.comparisons.job(key)
            while not job.ended:
                said = f"Comparing: {job.stage} … {time.monotonic() - begun:.0f} s"
                yield [notice_html(said, problem=False), gr.skip(), gr.skip()]
                time.sleep(0.3)
            job.check()
            if job.error:
                raise RunError(job.error)
            yield ["", comparison_html(key, job.names), ""]
        except SocratesError as error:
            yield [notice_html(str(error)), gr.skip(), gr.skip()]

    # -- what lies behind

    def _steer(self, visitor: Visitor, act: str, name: object) -> str:
        self._permit(visitor, "cancel" if act == "cancel" else "launch")
        folder = self.board.folder(name)
        if act == "cancel":
            cancel(folder)
            return "Asked to stop: it ends after the cells that it is at. What is done stays, and Resume goes on."
        said = _already(state(folder))
        if not said:
            self._find_room(visitor)
            launch(folder)
        return said or "Goes on where it was."

    def _find_room(self, visitor: Visitor) -> None:
        """Raise a RunError where the line is too long for one more of this visitor's."""
        busy = sum(row.at_work for row in self.board.rows(fresh=True))
        if visitor.role != "owner" and busy >= MOST_IN_LINE:
            raise RunError(f"The line is full ({busy}): start this run when some that are at work or wait are done.")

    def _ask(self, visitor: Visitor, name: object) -> list[Any]:
        self._permit(visitor, "delete")
        row = self.board.row(name)
        if row.at_work:
            raise RunError("it is at work: cancel it first")
        cells = f" with {row.done:,} predicted cells" if row.done else ""
        question = f"Delete the run {title_of(row)} ({row.name}){cells}? Its files cannot be brought back."
        return [gr.update(visible=True), notice_html(question), row.name]

    def _permit(self, visitor: Visitor, action: Action) -> None:
        refusal = self.policy.refusal(visitor, action)
        if refusal:
            raise RunError(refusal)

    def _refusals(self, visitor: Visitor) -> Mapping[str, str | None]:
        actions: tuple[Action, ...] = ("launch", "cancel", "delete")
        return {action: self.policy.refusal(visitor, action) for action in actions}


def _already(stands: RunState) -> str:
    """Why a run need not be started; empty where it may be."""
    if stands.code == "finished":
        return "This very run is finished: open its report below. Another seed or other people make another run."
    if stands.code in ("waiting", "running"):
        return "This very run is at work already: the list below shows how far it is."
    return ""
