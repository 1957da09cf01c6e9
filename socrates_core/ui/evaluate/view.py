"""Runs as HTML: progress, table and reports. Names, messages and paths come from folders."""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from markupsafe import Markup

from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.model.folder import shown_name
from socrates_core.report.markup import joined, markup
from socrates_core.report.words import duration
from socrates_core.runs.index import KindFigures, RunRow

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


def live_html(rows: Sequence[RunRow]) -> Markup:
    """The progress of running and queued runs; empty if there are none."""
    busy = sorted((row for row in rows if row.at_work), key=lambda row: (row.ahead is None, row.ahead or 0))
    return joined(map(_live, busy))


def _live(row: RunRow) -> Markup:
    return markup(
        "<div class='live{% if waiting %} idle{% endif %}'><p><b>{{ title }}</b> <span>{{ progress }}</span></p>"
        "<div class='track' role='progressbar' aria-valuemin='0' aria-valuemax='100' "
        "aria-valuenow='{{ '%.0f' % share }}' aria-label='{{ title }}'><b style='width:{{ '%.2f' % share }}%'></b>"
        "</div></div>",
        waiting=row.state == "waiting", title=title_of(row), progress=progress_words(row),
        share=100 * row.done / row.total if row.total else 0.0,
    )  # fmt: skip


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
) -> Markup:
    """The runs that a filter picks, with the actions that a visitor may take.

    Args:
        rows: All runs, newest first.
        refusals: `launch`, `cancel`, `delete` → why the visitor may not; None if they may.
        opened: Name of the run whose report is open.
        picks: Whether a run is shown.
        titles: Studies as a run names them → their title on the page.
    """
    if not rows:
        return markup(
            "<p class='empty'>No runs yet: choose a model and studies above and press <b>Start evaluation</b>. Runs "
            "started from the command line in the same directory appear here as well.</p>"
        )
    shown = [row for row in rows if picks(row)]
    counted = f"{len(shown):,} of {len(rows):,} runs" if len(shown) < len(rows) else ""
    # a selection outlasts a filter: these are the runs that can still be compared
    there = json.dumps([row.name.encode("utf-8", "replace").decode() for row in rows if row.has_report])
    return markup(
        "<p class='quiet' role='status'>{{ counted }}</p><div class='scroll' tabindex='0' role='region' "
        "aria-label='Runs' data-finished='{{ there }}'>{% if body %}<table class='runs'><thead><tr>"
        "{% for name in columns %}<th scope='col'>{{ name }}</th>{% endfor %}</tr></thead><tbody>{{ body }}</tbody>"
        "</table>{% else %}<p class='empty filtered'>No run matches. Change the filter to see the others.</p>"
        "{% endif %}</div>",
        counted=counted, there=there, columns=("Compare", "Model", "Studies", "State", "W", "When", "Actions"),
        body=joined(_row(row, refusals, row.name == opened, titles or {}) for row in shown),
    )  # fmt: skip


def _row(row: RunRow, refusals: Mapping[str, str | None], opened: bool, titles: Mapping[str, str]) -> Markup:
    return markup(
        "<tr{% if opened %} class='opened'{% endif %}>"
        "<td data-label='Compare' class='pick'>{% if row.has_report %}"
        "<input type='checkbox' data-choose='{{ row.name }}' aria-label='Compare {{ title }}'>{% endif %}</td>"
        "<td data-label='Model' class=''><b>{{ title }}</b>"
        "{% if row.readable %}<small>{{ row.name }}</small>{% endif %}</td>"
        "<td data-label='Studies' class=''>{{ studies }}</td><td data-label='State' class=''>{{ state }}</td>"
        "<td data-label='W' class='num'>{{ distance }}</td><td data-label='When' class='when'>{{ when }}</td>"
        "<td data-label='Actions' class='acts'>{{ actions }}</td></tr>",
        row=row, opened=opened, title=title_of(row), studies=_studies(row, titles), state=_state(row),
        distance=_distance(row), when=_when(row), actions=_actions(row, refusals),
    )  # fmt: skip


def title_of(row: RunRow) -> str:
    """Model and adapter of a run; its folder's name where it cannot be read."""
    if not row.readable:
        return row.name
    return shown_name(row.model) + (f" + {shown_name(row.adapter)}" if row.adapter else "")


def _studies(row: RunRow, titles: Mapping[str, str]) -> Markup:
    if not row.readable:
        return Markup()
    people = "all people" if row.per_cell is None else f"{row.per_cell:,} people per cell"
    title = titles.get(row.studies) or shown_name(row.studies)
    return markup(
        "{{ title }}, {{ row.part }}<small>{{ people }}, seed {{ row.seed }}</small>",
        title=title, row=row, people=people,
    )  # fmt: skip


def _state(row: RunRow) -> Markup:
    said, below = STATES[row.state], ""
    message = _cut(row.message or "")
    if not row.readable:
        said, below = "cannot be read", message
    elif row.state == "waiting":
        below = position_words(row.ahead)
    elif row.state == "interrupted":
        below = f"{_of(row)}; its process ended unexpectedly, see log.txt in its folder"
    elif row.state == "finished":
        below = message
    elif row.state in ("cancelled", "failed"):
        below = f"{_of(row)}: {message}" if message else _of(row)
    return markup(
        "<span class='state state-{{ state }}'>{{ said }}</span>{% if below %}<small>{{ below }}</small>{% endif %}",
        state=row.state if row.readable else "failed", said=said, below=below,
    )  # fmt: skip


def _of(row: RunRow) -> str:
    return f"{row.done:,} of {row.total:,} cells done" if row.total else "no cells done yet"


def _distance(row: RunRow) -> Markup:
    """W of each kind of studies, never over both; what it leaves out stands beside it."""
    known = [one for one in row.kinds if one.wasserstein is not None]
    return markup(
        "{{ kinds }}{% if row.contaminated %}<span class='stamp'>CONTAMINATED</span>"
        "{% elif row.state == 'finished' and row.readable and not kinds %}none{% endif %}",
        row=row, kinds=joined(map(_kind_distance, known)),
    )  # fmt: skip


def _kind_distance(one: KindFigures) -> Markup:
    kind = "" if one.kind == "unknown" else f"{one.kind} "
    little = f"{one.mass:.0%}" if one.mass is not None and one.mass < TRUSTED_MASS else ""
    return markup(
        "<p class='kind'><b>{{ '%.3f' % one.wasserstein }}</b>"
        "{% if interval %} <span>[{{ '%.3f' % one.low }}, {{ '%.3f' % one.high }}]</span>{% endif %}"
        "<small>{{ studies }}{{ floor }}</small>"
        "{% if little %}<small class='little'>only {{ little }} of its probability is on the scale</small>{% endif %}"
        "</p>",
        one=one, interval=one.low is not None and one.high is not None,
        studies=f"{one.studies:,} {kind}{'study' if one.studies == 1 else 'studies'}",
        floor="" if one.noise_floor is None else f", noise floor {one.noise_floor:.3f}",
        little=little,
    )  # fmt: skip


def _when(row: RunRow) -> Markup:
    """When it was last at work, for how long in all, and who started it."""
    if row.updated is None:
        return Markup()
    moment = time.localtime(row.updated)
    return markup(
        "<time datetime='{{ exact }}'>{{ shown }}</time>{% if took %}<small>took {{ took }}</small>{% endif %}"
        "{% if owner is not none %}<small>by {{ owner }}</small>{% endif %}",
        exact=time.strftime("%Y-%m-%dT%H:%M:%S%z", moment), shown=time.strftime("%Y-%m-%d %H:%M", moment),
        took="" if row.seconds is None else duration(row.seconds),
        owner=None if row.owner is None else _cut(row.owner),
    )  # fmt: skip


def _actions(row: RunRow, refusals: Mapping[str, str | None]) -> Markup:
    if not row.readable:
        return Markup()
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
    return joined(buttons)


def _button(act: str, label: str, row: RunRow, refusal: str | None, off: bool = False) -> Markup:
    return markup(
        "<button type='button' data-act='{{ act }}' data-run='{{ run }}' aria-label='{{ label }} {{ title }}'"
        "{% if refusal %} title='{{ refusal }}'{% endif %}{% if refusal or off %} disabled{% endif %}>"
        "{{ label }}</button>",
        act=act, label=label, run=row.name, title=title_of(row), refusal=refusal, off=off,
    )  # fmt: skip


# -- reports ---------------------------------------------------------------------------------------------------------


def report_html(row: RunRow, single_answers: bool) -> Markup:
    """The report of a finished run in a frame, with links to its files.

    Args:
        row: The run.
        single_answers: Whether the visitor may download individual answers.
    """
    base = f"run/{quote(row.name.encode('utf-8', 'replace'), safe='')}"
    files = [("report.html", "HTML report"), ("report.md", "Markdown"), ("metrics.json", "metrics.json")]
    files += [("predictions.parquet", "predictions.parquet")] if single_answers else []
    return _reader(f"Report: {title_of(row)}", base, "report.html", files)


def comparison_html(key: str, names: Collection[str]) -> Markup:
    """The report of a comparison in a frame, with links to its files."""
    files = (("comparison.html", "HTML report"), ("comparison.md", "Markdown"), ("comparison.json", "comparison.json"))
    return _reader(f"Comparison of {len(names)} runs", f"comparison/{key}", "comparison.html", files)


def _reader(title: str, base: str, page: str, files: Sequence[tuple[str, str]]) -> Markup:
    return markup(
        "<section class='reader'><h2>{{ title }}</h2><p class='files'>"
        "<a href='{{ base }}/{{ page }}' target='_blank' rel='noopener'>Open in a new tab</a>"
        "{% for file, label in files %}<a href='{{ base }}/{{ file }}?download' download>{{ label }}</a>{% endfor %}"
        "</p><div class='frame' data-src='{{ base }}/{{ page }}' data-title='{{ title }}'></div></section>",
        title=title, base=base, page=page, files=files,
    )  # fmt: skip


# -- words -----------------------------------------------------------------------------------------------------------


def _cut(message: str) -> str:
    return message if len(message) <= 300 else message[:299] + "…"
