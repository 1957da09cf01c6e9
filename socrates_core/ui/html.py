"""Pieces of HTML shared by all tabs: escaped text, messages, figures with an explanation, tables, formatted numbers."""

import json
import re
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Table
from socrates_core.report.markup import joined, markup
from socrates_core.ui.access.visitors import on_space

SIGN_IN: Final = "Sign in with Hugging Face"
"""The beginning of a message to a visitor who has to; it becomes a link."""

VARIABLES: Final = {
    "model": "MODEL", "adapter": "ADAPTER", "template": "TEMPLATE", "precision": "PRECISION", "studies": "STUDIES",
    "allowed-host": "ALLOWED_HOSTS", "confirm-people": "CONFIRM_PEOPLE", "out": "RUNS",
}  # fmt: skip
"""Option of the start → the end of the variable that sets it."""

_OPTION: Final = re.compile(rf"--({'|'.join(VARIABLES)})\b(?:( )(?=[\w.-]+/|(?:shared|socrates|alpaca|nf4|bf16)\b))?")
"""An option, and the blank before its value."""


def notice_html(message: str, problem: bool = True) -> Markup:
    """A message on the page: an alert for a problem, a status otherwise; empty for an empty message."""
    if not message:
        return Markup()
    message = worded_here(message)
    link = sign_in_link(SIGN_IN) if message.startswith(SIGN_IN) else ""
    return markup(
        "<p class='notice' role='{{ role }}'>{{ link }}{{ words }}</p>",
        role="alert" if problem else "status", link=link, words=message.removeprefix(SIGN_IN) if link else message,
    )  # fmt: skip


def worded_here(message: str) -> str:
    """A message in which, on a Space, the variables stand that set what options set elsewhere.

    A message with a command for another machine keeps its options.
    """
    if not on_space() or "python " in message or "socrates " in message:
        return message
    return _OPTION.sub(lambda found: f"SOCRATES_{VARIABLES[found[1]]}" + ("=" if found[2] else ""), message)


def sign_in_link(words: str, element: str = "") -> Markup:
    """A link to where visitors of a Space sign in; the script adds the way back."""
    return markup(
        "<a{% if element %} id='{{ element }}'{% endif %} class='sign-in' data-way='/login/huggingface' "
        "href='/login/huggingface?_target_url=/'>{{ words }}</a>",
        element=element, words=words,
    )  # fmt: skip


def about_columns(drawn: Markup, columns: Sequence[str]) -> Markup:
    """A message about columns of a file, which the script repeats beside each of them."""
    named = json.dumps(list(columns))
    return markup("<div data-columns='{{ named }}'>{{ drawn }}</div>", named=named, drawn=drawn) if columns else drawn


def metric(name: str, value: str, below: str, explanation: str, drawn: Markup | None = None) -> Markup:
    """A figure in a box: its name, the number, an optional bar, a line below it, and an explanation on demand."""
    return markup(
        "<div class='tile'><h4>{{ name }}</h4><div class='value'>{{ value }}</div>{{ drawn }}"
        "<div class='below'>{{ below }}</div>"
        "<details><summary>What is this?<span class='unread'> {{ name }}</span></summary>"
        "<p>{{ explanation }}</p></details></div>",
        name=name, value=value, drawn=drawn or "", below=below, explanation=explanation,
    )  # fmt: skip


def bar(share: float, kind: str, interval: Interval | None = None, widest: float = 1.0) -> Markup:
    """A horizontal bar for a share in [0, 1], with a whisker for the interval, drawn relative to `widest`."""
    low, high = (interval.low, interval.high) if interval is not None else (0.0, 0.0)
    return markup(
        "<div class='bar bar-{{ kind }}' aria-hidden='true'><b style='width:{{ '%.1f' % share }}%'></b>"
        "{% if whisker %}<i style='left:{{ '%.1f' % left }}%;width:{{ '%.1f' % width }}%'></i>{% endif %}</div>",
        kind=kind, share=100 * share, whisker=interval is not None,
        left=100 * low / widest, width=100 * (high - low) / widest,
    )  # fmt: skip


def table(caption: str, head: Markup, rows: Sequence[Markup]) -> Markup:
    """A table that scrolls sideways where it does not fit; the caption is read by screen readers."""
    return markup(
        "<div class='scroll' tabindex='0' role='region' aria-label='{{ caption }}'><table>"
        "<caption>{{ caption }}</caption><thead><tr>{{ head }}</tr></thead><tbody>{{ body }}</tbody></table></div>",
        caption=caption, head=head, body=joined(rows),
    )  # fmt: skip


def table_html(made: Table, caption: str, names: int = 1) -> Markup:
    """A table whose first columns are names and whose others are figures with their intervals below."""
    head = markup(
        "{% for name in header %}<th scope='col'{% if loop.index0 >= names %} class=num{% endif %}>{{ name }}</th>"
        "{% endfor %}",
        header=made.header, names=names,
    )  # fmt: skip
    return table(caption, head, [_row(row, names) for row in made.rows])


def _row(row: Sequence[str], names: int) -> Markup:
    return markup(
        "<tr>{% for cell in first %}<td>{{ cell }}</td>{% endfor %}<th scope='row'>{{ name }}</th>{{ rest }}</tr>",
        first=row[: names - 1], name=row[names - 1], rest=joined(map(_figure, row[names:])),
    )  # fmt: skip


def _figure(cell: str) -> Markup:
    """`4.16 (4.08 to 4.24)` with what is in brackets below it."""
    figure, bracket, rest = cell.partition(" (")
    interval, _, more = rest.partition(")")
    return markup(
        "<td class='num'>{{ figure }}{% if bracket %}<small>{{ interval }}</small>{% endif %}"
        "{% if more %}<small>{{ more }}</small>{% endif %}</td>",
        figure=figure, bracket=bracket, interval=interval, more=more.lstrip("; ") if more.strip() else "",
    )  # fmt: skip
