"""Evaluations for programs: the runs of the page, under its policy."""

import json

from socrates_core.errors import RunError
from socrates_core.ui.access.visitors import Action, Visitor
from socrates_core.ui.api.answers import LaunchAnswer, ReportAnswer, RunsAnswer, run_json
from socrates_core.ui.evaluate.actions import RunActions
from socrates_core.ui.evaluate.board import FILES, SINGLE_ANSWERS
from socrates_core.ui.evaluate.form import Filled


def runs(actions: RunActions, visitor: Visitor) -> RunsAnswer:
    """All evaluations.

    Raises:
        RunError: If the visitor may not read them.
    """
    _permit(actions, visitor, "read")
    return RunsAnswer(runs=[run_json(row) for row in actions.board.rows()])


def launched(actions: RunActions, visitor: Visitor, filled: Filled, note: str) -> LaunchAnswer:
    """Start an evaluation in a process of its own.

    Args:
        actions: Those of the page.
        visitor: Who asks.
        filled: What is evaluated.
        note: What is to be said of the model; may be empty.

    Raises:
        SocratesError: As for `RunActions.begin`; or if the model was trained on studies of the part.
    """
    begun = actions.begin(visitor, filled)
    if begun.seen:
        named = ", ".join(begun.seen[:5]) + (f" and {len(begun.seen) - 5} more" if len(begun.seen) > 5 else "")
        raise RunError(
            f'not started: the model was trained on {named}. Choose part="test"; allow_seen=true evaluates anyway '
            "and stamps the report CONTAMINATED"
        )
    row = actions.board.row(begun.run)
    message = ("" if row.at_work else begun.message) or "Follow it with /runs, then ask /report."
    said = f"{note.rstrip('.')}. {message}" if note else message
    return LaunchAnswer(run=begun.run, state=row.state, message=said)


def report(actions: RunActions, visitor: Visitor, run: str) -> ReportAnswer:
    """A finished evaluation: its figures, and where its files are.

    Raises:
        RunError: If the visitor may not read it, or it does not exist or is not finished.
    """
    _permit(actions, visitor, "read")
    row = actions.board.row(run)
    if not row.has_report:
        raise RunError(f"run: {run[:60]!r} is not finished ({row.state}); /runs shows how far it is")
    metrics = json.loads(actions.board.file(row.name, "metrics.json").read_text("utf-8"))
    open_to = [file for file in FILES if file != SINGLE_ANSWERS or visitor.role == "owner"]
    return ReportAnswer(run=run_json(row), metrics=metrics, files=[f"run/{row.name}/{file}" for file in open_to])


def _permit(actions: RunActions, visitor: Visitor, action: Action) -> None:
    refusal = actions.policy.refusal(visitor, action)
    if refusal:
        raise RunError(refusal)
