"""Adapters as HTML: the table, one adapter in detail, and the preview of a push. External texts are escaped."""

from collections.abc import Mapping, Sequence
from typing import Any

from socrates_core.hub.pull.installed import PulledAdapter
from socrates_core.hub.push.plan import PushPlan
from socrates_core.study.files import data_size
from socrates_core.study.incoming.numbers import number_in, whole_in
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.adapters.choices import Adapter
from socrates_core.ui.html import text, worded_here
from socrates_core.ui.models import Models

EMPTY = (
    "<p class='quiet'>No adapters yet. Fetch one from the Hub below, or train one with "
    "<code>python -m train.qlora</code> and start the app with <code>--adapter</code>.</p>"
)


def adapters_table(adapters: Sequence[Adapter], models: Models) -> str:
    """All adapters as a table."""
    if not adapters:
        return EMPTY
    heads = ("Adapter", "Base model", "Template", "Rank", "Trained on", "Validation W", "Compatible")
    numeric = {"Rank", "Validation W"}
    top = "".join(f"<th scope='col'{_num(head in numeric)}>{head}</th>" for head in heads)
    rows = "".join(f"<tr>{_row(adapter, models)}</tr>" for adapter in adapters)
    return (
        "<div class='scroll' tabindex='0' role='region' aria-label='Adapters'><table class='adapters'>"
        f"<caption>Adapters</caption><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def adapter_card(adapter: Adapter, models: Models) -> str:
    """Origin and validation of an adapter, and whether it can be used now."""
    misfit = models.misfit(adapter)
    facts = [("Weights", data_size(adapter.size)), ("Base model", adapter.base or "not recorded")]
    if adapter.config:
        facts.append(("Adapted modules", f"{adapter.config.changes}, rank {adapter.config.rank}"))
    if adapter.pulled:
        facts.append(("Offered to", "the owner only" if adapter.owner_only else "everybody who visits"))
    if adapter.record:
        facts.append(("Split", (adapter.record.split or "not recorded")[:12]))
    if adapter.pulled:
        facts.append(("Source", f"{adapter.pulled.repo_id} at commit {adapter.pulled.commit[:12]}"))
    items = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in facts)
    notes = [] if misfit is None else [f"Cannot be used here: {worded_here(misfit)}."]
    if adapter.record is None:
        notes.append("It has no training record, so its training studies and its template are unknown.")
    elif adapter.record.demo:
        notes.append("Made with the demo model, for trying out the software, not for science.")
    notes += adapter.pulled.notes if adapter.pulled else ()
    warnings = "".join(f"<p class='warning'>{text(note)}</p>" for note in notes)
    return f"<div class='adapter-card'><dl class='facts'>{items}</dl>{_validation(adapter)}{warnings}</div>"


def push_preview(plan: PushPlan) -> str:
    """Destination, files and card of a push, before anything is uploaded."""
    new = {True: "exists and gets a new commit", False: "will be created", None: "was not checked"}[plan.exists]
    visibility = "It will be private." if plan.private else "It will be public."
    files = "".join(
        f"<tr><th scope='row'>{text(name)}</th><td class='num'>{data_size(size)}</td></tr>" for name, size in plan.files
    )
    warned = "".join(f"<p class='warning'>{text(warning)}</p>" for warning in plan.warnings)
    return (
        f"<div class='preview'><p>The repository <b>{text(plan.repo_id)}</b> {new}. {visibility} Account: "
        f"{text(plan.account or 'none')}.</p>{warned}"
        f"<table class='files'><caption>Files to upload</caption><tbody>{files}</tbody></table>"
        f"<details><summary>Model card (README.md)</summary><pre tabindex='0'>{text(plan.card)}</pre></details></div>"
    )


def pushed_note(url: str) -> str:
    """A message with the link to the commit."""
    safe = url if url.startswith(("https://", "http://")) else ""
    link = f"<a href='{text(safe)}' target='_blank' rel='noopener noreferrer'>{text(url)}</a>" if safe else text(url)
    return f"<p class='done' role='status'>Pushed: {link}</p>"


def done_note(words: str) -> str:
    """A success message."""
    return f"<p class='done' role='status'>{text(words)}</p>"


def installed_words(got: PulledAdapter) -> str:
    """What became of a fetch, and who may use the adapter now."""
    whom = (
        "It is for the owner only: visitors neither see nor use it, but a report of an evaluation with it names it."
        if got.owner_only
        else "Everybody who visits this app sees and uses it."
    )
    return " ".join([f"{got.repo_id}@{got.commit[:7]} is installed.", whom, *got.notes])


def visitor_note(visitor: Visitor, space: bool) -> str:
    """The signed-in account."""
    if visitor.name is None:
        return "<p class='quiet'>Not signed in.</p>" if space else ""
    role = " as the owner of this Space" if visitor.role == "owner" else ""
    return f"<p class='quiet'>Signed in{role}: <b>{text(visitor.name)}</b></p>"


def _row(adapter: Adapter, models: Models) -> str:
    record, misfit = adapter.record, models.misfit(adapter)
    count = len({unit.split("/")[0] for unit in record.trained_on}) if record else None
    trained = "not recorded" if count is None else f"{count:,} {'study' if count == 1 else 'studies'}"
    fits = (
        "<span class='yes'>Yes</span>" if misfit is None else f"<span class='no'>No:</span> {text(worded_here(misfit))}"
    )
    cells = [
        (text(adapter.base or "not recorded"), False),
        (text(record.template if record else "not recorded"), False),
        (str(adapter.config.rank) if adapter.config else "?", True),
        (trained, False),
        (_distance(_figures(adapter)) or "none", True),
        (fits, False),
    ]
    alone = "<small>only for the owner</small>" if adapter.owner_only else ""
    return f"<th scope='row'>{text(adapter.title)}{alone}</th>" + "".join(
        f"<td{_num(num)}>{cell}</td>" for cell, num in cells
    )


def _num(numeric: bool) -> str:
    return " class='num'" if numeric else ""


def _figures(adapter: Adapter) -> Mapping[str, Any]:
    """The validation figures in the record of an adapter; empty if there are none."""
    training = adapter.record.training if adapter.record else None
    found = training.get("validation") if isinstance(training, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _distance(figures: Mapping[str, Any]) -> str:
    """W with its interval; empty if not recorded."""
    value, low, high = (_number(figures, key) for key in ("wasserstein", "low", "high"))
    if value is None:
        return ""
    return f"{value:.3f}" + (f"<small>{low:.3f} to {high:.3f}</small>" if low is not None and high is not None else "")


def _validation(adapter: Adapter) -> str:
    figures = _figures(adapter)
    value = _distance(figures)
    if not value:
        return "<p class='quiet'>No validation recorded.</p>"
    floor, uniform = _number(figures, "noise_floor"), _number(figures, "uniform")
    beside = [f"noise floor {floor:.3f}"] if floor is not None else []
    beside += [f"uniform baseline {uniform:.3f}"] if uniform is not None else []
    counts = {key: whole_in(figures.get(key), 1, 10**9) for key in ("people", "cells", "studies")}
    sizes = [f"{count:,} {key}" for key, count in counts.items() if count is not None]
    return (
        f"<p>Validation W (convention <code>scale</code>): <b>{value}</b>"
        f"{' · ' + ', '.join(beside) if beside else ''}{' · ' + ', '.join(sizes) if sizes else ''}</p>"
    )


def _number(figures: Mapping[str, Any], key: str) -> float | None:
    """A distance; None where a stranger's record has something else."""
    return number_in(figures.get(key), 0, 1)
