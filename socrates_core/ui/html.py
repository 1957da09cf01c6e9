"""What results are made of: numbers in tiles, tables, and how numbers are written."""

from socrates_core.metrics.uncertainty import Interval
from socrates_core.ui.simulate.study_view import text


def tile(name: str, value: str, below: str, explanation: str, drawn: str = "") -> str:
    """A number with its name, a line below it, what it is, and perhaps a bar."""
    return (
        f"<div class='tile'><h4>{name}</h4><div class='value'>{value}</div>{drawn}"
        f"<div class='below'>{text(below)}</div>"
        f"<details><summary aria-label='What is {name.lower()}?'>What is this?</summary>"
        f"<p>{text(explanation)}</p></details></div>"
    )


def bar(share: float, kind: str, interval: Interval | None = None, widest: float = 1.0) -> str:
    """A bar as long as a share in [0, 1], and a whisker from the interval over the widest number."""
    whisker = ""
    if interval is not None:
        left, width = 100 * interval.low / widest, 100 * (interval.high - interval.low) / widest
        whisker = f"<i style='left:{left:.1f}%;width:{width:.1f}%'></i>"
    return f"<div class='bar bar-{kind}' aria-hidden='true'><b style='width:{100 * share:.1f}%'></b>{whisker}</div>"


def table(caption: str, head: str, rows: list[str]) -> str:
    """A table that scrolls sideways where it does not fit; its caption is for those who cannot see it."""
    body = "".join(rows)
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='{caption}'><table><caption>{caption}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
