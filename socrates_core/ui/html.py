"""Pieces of HTML shared by all tabs: escaped text, messages, figures with an explanation, tables, formatted numbers."""

import html
import json
import re
from collections.abc import Sequence
from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Table
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


def text(raw: object) -> str:
    """Escape for HTML, attribute values included; bytes that are not text (a folder's name) become question marks."""
    return html.escape(str(raw).encode("utf-8", "replace").decode(), quote=True)


def notice_html(message: str, problem: bool = True) -> str:
    """A message on the page: an alert for a problem, a status otherwise; empty for an empty message."""
    if not message:
        return ""
    message = worded_here(message)
    drawn = text(message)
    if message.startswith(SIGN_IN):
        drawn = sign_in_link(SIGN_IN) + text(message.removeprefix(SIGN_IN))
    return f"<p class='notice' role='{'alert' if problem else 'status'}'>{drawn}</p>"


def worded_here(message: str) -> str:
    """A message in which, on a Space, the variables stand that set what options set elsewhere.

    A message with a command for another machine keeps its options.
    """
    if not on_space() or "python " in message or "socrates " in message:
        return message
    return _OPTION.sub(lambda found: f"SOCRATES_{VARIABLES[found[1]]}" + ("=" if found[2] else ""), message)


def sign_in_link(words: str, element: str = "") -> str:
    """A link to where visitors of a Space sign in; the script adds the way back."""
    identity = f" id='{element}'" if element else ""
    return (
        f"<a{identity} class='sign-in' data-way='/login/huggingface' href='/login/huggingface?_target_url=/'>"
        f"{text(words)}</a>"
    )


def about_columns(drawn: str, columns: Sequence[str]) -> str:
    """A message about columns of a file, which the script repeats beside each of them."""
    return f"<div data-columns='{text(json.dumps(list(columns)))}'>{drawn}</div>" if columns else drawn


def metric(name: str, value: str, below: str, explanation: str, drawn: str = "") -> str:
    """A figure in a box: its name, the number, an optional bar, a line below it, and an explanation on demand."""
    return (
        f"<div class='tile'><h4>{name}</h4><div class='value'>{value}</div>{drawn}"
        f"<div class='below'>{text(below)}</div>"
        f"<details><summary>What is this?<span class='unread'> {name}</span></summary>"
        f"<p>{text(explanation)}</p></details></div>"
    )


def bar(share: float, kind: str, interval: Interval | None = None, widest: float = 1.0) -> str:
    """A horizontal bar for a share in [0, 1], with a whisker for the interval, drawn relative to `widest`."""
    whisker = ""
    if interval is not None:
        left, width = 100 * interval.low / widest, 100 * (interval.high - interval.low) / widest
        whisker = f"<i style='left:{left:.1f}%;width:{width:.1f}%'></i>"
    return f"<div class='bar bar-{kind}' aria-hidden='true'><b style='width:{100 * share:.1f}%'></b>{whisker}</div>"


def table(caption: str, head: str, rows: list[str]) -> str:
    """A table that scrolls sideways where it does not fit; the caption is read by screen readers."""
    body = "".join(rows)
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{caption}'><table><caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def table_html(made: Table, caption: str, names: int = 1) -> str:
    """A table whose first columns are names and whose others are figures with their intervals below."""
    head = "".join(
        f"<th scope='col'{'' if i < names else ' class=num'}>{text(name)}</th>" for i, name in enumerate(made.header)
    )
    rows = []
    for row in made.rows:
        first = "".join(f"<td>{text(cell)}</td>" for cell in row[: names - 1])
        rest = "".join(_figure(cell) for cell in row[names:])
        rows.append(f"<tr>{first}<th scope='row'>{text(row[names - 1])}</th>{rest}</tr>")
    return table(text(caption), head, rows)


def _figure(cell: str) -> str:
    """`4.16 (4.08 to 4.24)` with what is in brackets below it."""
    figure, bracket, rest = cell.partition(" (")
    interval, _, more = rest.partition(")")
    small = f"<small>{text(interval)}</small>" if bracket else ""
    small += f"<small>{text(more.lstrip('; '))}</small>" if more.strip() else ""
    return f"<td class='num'>{text(figure)}{small}</td>"
