"""Runs as HTML: progress, table and reports. Names, messages and paths come from folders and are always escaped."""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.model.folder import shown_name
from socrates_core.report.words import duration
from socrates_core.runs.index import KindFigures, RunRow
from socrates_core.ui.html import text

STATES: Final = {
    "new": "not started",
    "waiting": "waiting",
    "running": "running",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
    "failed": "failed",
    "finished": "finished",
}

PHASES: Final = {
    "starting": "starting",
    "loading": "loading studies and model",
    "predicting": "predicting",
    "scoring": "scoring",
    "stopping": "stopping after the current cells",
}

# -- active runs -----------------------------------------------------------------------------------------------------


def live_html(rows: Sequence[RunRow]) -> str:
    """The progress of running and queued runs; empty if there are none."""
    busy = sorted((row for row in rows if row.at_work), key=lambda row: (row.ahead is None, row.ahead or 0))
    return "".join(_live(row) for row in busy)


def _live(row: RunRow) -> str:
    share = row.done / row.total if row.total else 0.0
    title = text(title_of(row))
    waiting = " idle" if row.state == "waiting" else ""
    return (
        f"<div class='live{waiting}'><p><b>{title}</b> <span>{text(progress_words(row))}</span></p>"
        f"<div class='track' role='progressbar' aria-valuemin='0' aria-valuemax='100' "
        f"aria-valuenow='{100 * share:.0f}' aria-label='{title}'><b style='width:{share:.2%}'></b></div></div>"
    )


def progress_words(row: RunRow) -> str:
    """The progress of an active run in words."""
    if row.state == "waiting":
        return f"waiting, {position_words(row.ahead)}" if row.phase != "stopping" else "leaving the queue"
    words = [PHASES.get(row.phase or "starting", "running")]
    if row.total:
        words.append(f"{row.done:,} of {row.total:,} cells")
    if row.rate and row.phase == "predicting":
        words.append(f"{row.rate:,.0f} answers per second" if row.rate >= 10 else f"{row.rate:.2g} answers per second")
    if row.left is not None:
        words.append(f"{duration(row.left)} left" if row.left >= 1 else "almost done")
    return ", ".join(words)


def position_words(ahead: int | None) -> str:
    """The position in the queue, not counting the run in progress."""
    if ahead is None or ahead < 1:
        return "queued"
    if ahead == 1:
        return "next in the queue"
    ending = "th" if ahead % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(ahead % 10, "th")
    return f"{ahead}{ending} in the queue"


# -- the table -------------------------------------------------------------------------------------------------------


def table_html(
    rows: Sequence[RunRow],
    refusals: Mapping[str, str | None],
    opened: str = "",
    picks: Callable[[RunRow], bool] = lambda row: True,
    titles: Mapping[str, str] | None = None,
) -> str:
    """The runs that a filter picks, with the actions that a visitor may take.

    Args:
        rows: All runs, newest first.
        refusals: `launch`, `cancel`, `delete` → why the visitor may not; None if they may.
        opened: Name of the run whose report is open.
        picks: Whether a run is shown.
        titles: Studies as a run names them → their title on the page.
    """
    if not rows:
        return (
            "<p class='empty'>No runs yet: choose a model and studies above and press <b>Start evaluation</b>. Runs "
            "started from the command line in the same directory appear here as well.</p>"
        )
    head = "".join(
        f"<th scope='col'>{name}</th>" for name in ("Compare", "Model", "Studies", "State", "W", "When", "Actions")
    )
    shown = [row for row in rows if picks(row)]
    body = "".join(_row(row, refusals, row.name == opened, titles or {}) for row in shown)
    table = f"<table class='runs'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    if not shown:
        table = "<p class='empty filtered'>No run matches. Change the filter to see the others.</p>"
    counted = f"{len(shown):,} of {len(rows):,} runs" if len(shown) < len(rows) else ""
    # a selection outlasts a filter: these are the runs that can still be compared
    there = json.dumps([row.name.encode("utf-8", "replace").decode() for row in rows if row.has_report])
    return (
        f"<p class='quiet' role='status'>{counted}</p><div class='scroll' tabindex='0' role='region' "
        f"aria-label='Runs' data-finished='{text(there)}'>{table}</div>"
    )


def _row(row: RunRow, refusals: Mapping[str, str | None], opened: bool, titles: Mapping[str, str]) -> str:
    box = ""
    if row.has_report:
        box = f"<input type='checkbox' data-choose='{text(row.name)}' aria-label='Compare {text(title_of(row))}'>"
    cells = (
        ("Compare", "pick", box),
        ("Model", "", f"<b>{text(title_of(row))}</b>" + (f"<small>{text(row.name)}</small>" if row.readable else "")),
        ("Studies", "", _studies(row, titles)),
        ("State", "", _state(row)),
        ("W", "num", _distance(row)),
        ("When", "when", _when(row)),
        ("Actions", "acts", _actions(row, refusals)),
    )
    marked = " class='opened'" if opened else ""
    columns = "".join(f"<td data-label='{label}' class='{kind}'>{content}</td>" for label, kind, content in cells)
    return f"<tr{marked}>{columns}</tr>"


def title_of(row: RunRow) -> str:
    """Model and adapter of a run; its folder's name where it cannot be read."""
    if not row.readable:
        return row.name
    return shown_name(row.model) + (f" + {shown_name(row.adapter)}" if row.adapter else "")


def _studies(row: RunRow, titles: Mapping[str, str]) -> str:
    if not row.readable:
        return ""
    people = "all people" if row.per_cell is None else f"{row.per_cell:,} people per cell"
    title = titles.get(row.studies) or shown_name(row.studies)
    return f"{text(title)}, {text(row.part)}<small>{people}, seed {row.seed}</small>"


def _state(row: RunRow) -> str:
    if not row.readable:
        return f"<span class='state state-failed'>cannot be read</span><small>{text(_cut(row.message or ''))}</small>"
    said = f"<span class='state state-{row.state}'>{STATES[row.state]}</span>"
    if row.state == "waiting":
        said += f"<small>{position_words(row.ahead)}</small>"
    elif row.state == "interrupted":
        said += f"<small>{_of(row)}; its process ended unexpectedly, see log.txt in its folder</small>"
    elif row.state == "finished" and row.message:
        said += f"<small>{text(_cut(row.message))}</small>"
    elif row.state in ("cancelled", "failed"):
        said += f"<small>{_of(row)}{f': {text(_cut(row.message))}' if row.message else ''}</small>"
    return said


def _of(row: RunRow) -> str:
    return f"{row.done:,} of {row.total:,} cells done" if row.total else "no cells done yet"


def _distance(row: RunRow) -> str:
    """W of each kind of studies, never over both; what it leaves out stands beside it."""
    stamp = "<span class='stamp'>CONTAMINATED</span>" if row.contaminated else ""
    known = [one for one in row.kinds if one.wasserstein is not None]
    if not known:
        return stamp or ("none" if row.state == "finished" and row.readable else "")
    return "".join(f"<p class='kind'>{_kind_distance(one)}</p>" for one in known) + stamp


def _kind_distance(one: KindFigures) -> str:
    interval = "" if one.low is None or one.high is None else f" <span>[{one.low:.3f}, {one.high:.3f}]</span>"
    floor = "" if one.noise_floor is None else f", noise floor {one.noise_floor:.3f}"
    kind = "" if one.kind == "unknown" else f"{one.kind} "
    studies = f"{one.studies:,} {kind}{'study' if one.studies == 1 else 'studies'}"
    little = ""
    if one.mass is not None and one.mass < TRUSTED_MASS:
        little = f"<small class='little'>only {one.mass:.0%} of its probability is on the scale</small>"
    return f"<b>{one.wasserstein:.3f}</b>{interval}<small>{studies}{floor}</small>{little}"


def _when(row: RunRow) -> str:
    """When it was last at work, for how long in all, and who started it."""
    if row.updated is None:
        return ""
    moment = time.localtime(row.updated)
    exact, shown = time.strftime("%Y-%m-%dT%H:%M:%S%z", moment), time.strftime("%Y-%m-%d %H:%M", moment)
    took = "" if row.seconds is None else f"<small>took {duration(row.seconds)}</small>"
    by = "" if row.owner is None else f"<small>by {text(_cut(row.owner))}</small>"
    return f"<time datetime='{exact}'>{shown}</time>{took}{by}"


def _actions(row: RunRow, refusals: Mapping[str, str | None]) -> str:
    if not row.readable:
        return ""
    buttons = []
    if row.has_report:
        buttons.append(_button("open", "Open", row, None))
    buttons.append(_button("duplicate", "Duplicate", row, refusals.get("launch")))
    if row.at_work:
        buttons.append(_button("cancel", "Cancel", row, refusals.get("cancel"), row.phase == "stopping"))
    elif not row.has_report:
        buttons.append(_button("resume", "Start" if row.state == "new" else "Resume", row, refusals.get("launch")))
    if not row.at_work:
        buttons.append(_button("delete", "Delete", row, refusals.get("delete")))
    return "".join(buttons)


def _button(act: str, label: str, row: RunRow, refusal: str | None, off: bool = False) -> str:
    why = f" title='{text(refusal)}'" if refusal else ""
    disabled = " disabled" if refusal or off else ""
    name = f"{label} {title_of(row)}"
    return (
        f"<button type='button' data-act='{act}' data-run='{text(row.name)}' aria-label='{text(name)}'{why}{disabled}>"
        f"{label}</button>"
    )


# -- reports ---------------------------------------------------------------------------------------------------------


def report_html(row: RunRow, single_answers: bool) -> str:
    """The report of a finished run in a frame, with links to its files.

    Args:
        row: The run.
        single_answers: Whether the visitor may download individual answers.
    """
    base = f"run/{quote(row.name.encode('utf-8', 'replace'), safe='')}"
    files = [("report.html", "HTML report"), ("report.md", "Markdown"), ("metrics.json", "metrics.json")]
    files += [("predictions.parquet", "predictions.parquet")] if single_answers else []
    return _reader(f"Report: {title_of(row)}", base, "report.html", files)


def comparison_html(key: str, names: Collection[str]) -> str:
    """The report of a comparison in a frame, with links to its files."""
    files = (("comparison.html", "HTML report"), ("comparison.md", "Markdown"), ("comparison.json", "comparison.json"))
    return _reader(f"Comparison of {len(names)} runs", f"comparison/{key}", "comparison.html", files)


def _reader(title: str, base: str, page: str, files: Sequence[tuple[str, str]]) -> str:
    links = "".join(f"<a href='{text(base)}/{file}?download' download>{label}</a>" for file, label in files)
    whole = f"<a href='{text(base)}/{page}' target='_blank' rel='noopener'>Open in a new tab</a>"
    return (
        f"<section class='reader'><h2>{text(title)}</h2><p class='files'>{whole}{links}</p>"
        f"<div class='frame' data-src='{text(base)}/{page}' data-title='{text(title)}'></div>"
        "</section>"
    )


# -- words -----------------------------------------------------------------------------------------------------------


def _cut(message: str) -> str:
    return message if len(message) <= 300 else message[:299] + "…"
