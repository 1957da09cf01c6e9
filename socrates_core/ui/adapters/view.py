"""Adapters as HTML: the table, one adapter in detail, and the preview of a push."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from socrates_core.hub.pull.installed import PulledAdapter
from socrates_core.hub.push.plan import PushPlan
from socrates_core.report.markup import joined, markup
from socrates_core.study.files import data_size
from socrates_core.study.incoming.numbers import number_in, whole_in
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.adapters.choices import Adapter
from socrates_core.ui.html import worded_here
from socrates_core.ui.models import Models

EMPTY: Final = markup(
    "<p class='quiet'>No adapters yet. Fetch one from the Hub below, or train one with "
    "<code>python -m train.qlora</code> and start the app with <code>--adapter</code>.</p>"
)


def adapters_table(adapters: Sequence[Adapter], models: Models) -> Markup:
    """All adapters as a table."""
    if not adapters:
        return EMPTY
    return markup(
        "<div class='scroll' tabindex='0' role='region' aria-label='Adapters'><table class='adapters'>"
        "<caption>Adapters</caption><thead><tr><th scope='col'>Adapter</th><th scope='col'>Base model</th>"
        "<th scope='col'>Template</th><th scope='col' class='num'>Rank</th><th scope='col'>Trained on</th>"
        "<th scope='col' class='num'>Validation W</th><th scope='col'>Compatible</th></tr></thead>"
        "<tbody>{{ rows }}</tbody></table></div>",
        rows=joined(_row(adapter, models) for adapter in adapters),
    )


def adapter_card(adapter: Adapter, models: Models) -> Markup:
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
    notes = [] if misfit is None else [f"Cannot be used here: {worded_here(misfit)}."]
    if adapter.record is None:
        notes.append("It has no training record, so its training studies and its template are unknown.")
    elif adapter.record.demo:
        notes.append("Made with the demo model, for trying out the software, not for science.")
    notes += adapter.pulled.notes if adapter.pulled else ()
    return markup(
        "<div class='adapter-card'><dl class='facts'>{% for name, value in facts %}<div><dt>{{ name }}</dt>"
        "<dd>{{ value }}</dd></div>{% endfor %}</dl>{{ validation }}"
        "{% for note in notes %}<p class='warning'>{{ note }}</p>{% endfor %}</div>",
        facts=facts, validation=_validation(adapter), notes=notes,
    )  # fmt: skip


def push_preview(plan: PushPlan) -> Markup:
    """Destination, files and card of a push, before anything is uploaded."""
    new = {True: "exists and gets a new commit", False: "will be created", None: "was not checked"}[plan.exists]
    return markup(
        "<div class='preview'><p>The repository <b>{{ plan.repo_id }}</b> {{ new }}. "
        "It will be {% if plan.private %}private{% else %}public{% endif %}. Account: {{ plan.account or 'none' }}.</p>"
        "{% for warning in plan.warnings %}<p class='warning'>{{ warning }}</p>{% endfor %}"
        "<table class='files'><caption>Files to upload</caption><tbody>{% for name, size in plan.files %}"
        "<tr><th scope='row'>{{ name }}</th><td class='num'>{{ data_size(size) }}</td></tr>{% endfor %}</tbody></table>"
        "<details><summary>Model card (README.md)</summary><pre tabindex='0'>{{ plan.card }}</pre></details></div>",
        plan=plan, new=new, data_size=data_size,
    )  # fmt: skip


def pushed_note(url: str) -> Markup:
    """A message with the link to the commit."""
    return markup(
        "<p class='done' role='status'>Pushed: {% if linked %}"
        "<a href='{{ url }}' target='_blank' rel='noopener noreferrer'>{{ url }}</a>"
        "{% else %}{{ url }}{% endif %}</p>",
        url=url, linked=url.startswith(("https://", "http://")),
    )  # fmt: skip


def done_note(words: str) -> Markup:
    """A success message."""
    return markup("<p class='done' role='status'>{{ words }}</p>", words=words)


def installed_words(got: PulledAdapter) -> str:
    """What became of a fetch, and who may use the adapter now."""
    whom = (
        "It is for the owner only: visitors neither see nor use it, but a report of an evaluation with it names it."
        if got.owner_only
        else "Everybody who visits this app sees and uses it."
    )
    return " ".join([f"{got.repo_id}@{got.commit[:7]} is installed.", whom, *got.notes])


def visitor_note(visitor: Visitor, space: bool) -> Markup:
    """The signed-in account."""
    if visitor.name is None:
        return markup("<p class='quiet'>Not signed in.</p>") if space else Markup()
    return markup(
        "<p class='quiet'>Signed in{% if visitor.role == 'owner' %} as the owner of this Space{% endif %}: "
        "<b>{{ visitor.name }}</b></p>",
        visitor=visitor,
    )


def _row(adapter: Adapter, models: Models) -> Markup:
    record, misfit = adapter.record, models.misfit(adapter)
    count = len({unit.split("/")[0] for unit in record.trained_on}) if record else None
    trained = "not recorded" if count is None else f"{count:,} {'study' if count == 1 else 'studies'}"
    return markup(
        "<tr><th scope='row'>{{ adapter.title }}"
        "{% if adapter.owner_only %}<small>only for the owner</small>{% endif %}</th>"
        "<td>{{ adapter.base or 'not recorded' }}</td><td>{{ template }}</td><td class='num'>{{ rank }}</td>"
        "<td>{{ trained }}</td><td class='num'>{{ distance }}</td><td>{% if misfit is none %}"
        "<span class='yes'>Yes</span>{% else %}<span class='no'>No:</span> {{ misfit }}{% endif %}</td></tr>",
        adapter=adapter, template=record.template if record else "not recorded",
        rank=adapter.config.rank if adapter.config else "?", trained=trained,
        distance=_distance(_figures(adapter)) or "none", misfit=None if misfit is None else worded_here(misfit),
    )  # fmt: skip


def _figures(adapter: Adapter) -> Mapping[str, Any]:
    """The validation figures in the record of an adapter; empty if there are none."""
    training = adapter.record.training if adapter.record else None
    found = training.get("validation") if isinstance(training, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _distance(figures: Mapping[str, Any]) -> Markup:
    """W with its interval; empty if not recorded."""
    value, low, high = (_number(figures, key) for key in ("wasserstein", "low", "high"))
    if value is None:
        return Markup()
    return markup(
        "{{ '%.3f' % value }}{% if low is not none and high is not none %}"
        "<small>{{ '%.3f' % low }} to {{ '%.3f' % high }}</small>{% endif %}",
        value=value, low=low, high=high,
    )  # fmt: skip


def _validation(adapter: Adapter) -> Markup:
    figures = _figures(adapter)
    value = _distance(figures)
    if not value:
        return markup("<p class='quiet'>No validation recorded.</p>")
    floor, uniform = _number(figures, "noise_floor"), _number(figures, "uniform")
    beside = [f"noise floor {floor:.3f}"] if floor is not None else []
    beside += [f"uniform baseline {uniform:.3f}"] if uniform is not None else []
    counts = {key: whole_in(figures.get(key), 1, 10**9) for key in ("people", "cells", "studies")}
    sizes = [f"{count:,} {key}" for key, count in counts.items() if count is not None]
    return markup(
        "<p>Validation W (convention <code>scale</code>): <b>{{ value }}</b>"
        "{% for group in groups if group %} · {{ group | join(', ') }}{% endfor %}</p>",
        value=value, groups=(beside, sizes),
    )  # fmt: skip


def _number(figures: Mapping[str, Any], key: str) -> float | None:
    """A distance; None where a stranger's record has something else."""
    return number_in(figures.get(key), 0, 1)
