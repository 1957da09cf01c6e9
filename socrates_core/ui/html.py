"""Pieces of HTML shared by all tabs: escaped text, messages, figures with an explanation, tables, formatted numbers."""

import html

from socrates_core.metrics.uncertainty import Interval


def text(raw: object) -> str:
    """Escape for HTML, attribute values included; bytes that are not text (a folder's name) become question marks."""
    return html.escape(str(raw).encode("utf-8", "replace").decode(), quote=True)


def notice_html(message: str, problem: bool = True) -> str:
    """A message on the page: an alert for a problem, a status otherwise; empty for an empty message."""
    if not message:
        return ""
    return f"<p class='notice' role='{'alert' if problem else 'status'}'>{text(message)}</p>"


def metric(name: str, value: str, below: str, explanation: str, drawn: str = "") -> str:
    """A figure in a box: its name, the number, an optional bar, a line below it, and an explanation on demand."""
    return (
        f"<div class='tile'><h4>{name}</h4><div class='value'>{value}</div>{drawn}"
        f"<div class='below'>{text(below)}</div>"
        f"<details><summary aria-label='What is {name}?'>What is this?</summary>"
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
