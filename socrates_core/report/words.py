"""Formatting of numbers, intervals, times and sizes."""

from typing import Final

from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.folder import shown_name

SHOWN_ROWS: Final = 50
"""Longer lists are cut in a report, with a note; metrics.json has all rows."""


def number(value: float | None, digits: int = 3) -> str:
    """A figure, rounded; `none` if it is None."""
    return "none" if value is None else f"{value:.{digits}f}"


def interval(ci95: Interval | None, form: str = " ({} to {})", digits: int = 3) -> str:
    """Both ends of an interval, formatted; empty without an interval."""
    return "" if ci95 is None else form.format(*(f"{end:.{digits}f}" for end in (ci95.low, ci95.high)))


def with_interval(value: float | None, ci95: Interval | None, digits: int = 3) -> str:
    """A figure with its interval, if it has one."""
    return number(value, digits) + interval(ci95, digits=digits)


def from_to(found: Interval, between: str = " to ", digits: int = 3) -> str:
    """Both ends of an interval, joined by `between`."""
    return f"{found.low:.{digits}f}{between}{found.high:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign: a typographic minus, and no sign on zero."""
    shown = f"{value:+,.{digits}f}"
    return shown[1:] if float(shown.replace(",", "")) == 0 else shown.replace("-", "−")


def percent(share: float) -> str:
    """A share in [0, 1] as percent."""
    return f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """A duration in words, with a precision of about a tenth."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours < 48 else f"{round(hours / 24):,} days"


def duration_between(least: float, most: float) -> str:
    """A range of durations in seconds, in one unit."""
    unit, length = ("min", 60) if most < 7200 else ("h", 3600)
    return f"{least / length:,.1f} to {most / length:,.1f} {unit}"


def cut(count: int) -> list[str]:
    """The note under a list that is cut."""
    return [f"The first {SHOWN_ROWS} of {count:,} are shown; metrics.json has all."] if count > SHOWN_ROWS else []


def shown_model(provenance: Provenance) -> str:
    """Model and adapter for titles and tables; the file if no model is named."""
    if provenance.model is None:
        return f"the predictions in {provenance.file or 'a file'}"
    name, adapter = shown_name(provenance.model), provenance.adapter
    return f"{name} with {shown_name(adapter)}" if adapter else name
