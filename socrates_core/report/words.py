"""Figures in words: numbers, intervals, times and sizes, and the sentence that sums up an evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.folder import shown_name

SHOWN_ROWS: Final = 50
"""Longer lists are cut in a report, which says so; metrics.json has them whole."""


def headline(metrics: Mapping[str, Any], convention: str = "scale") -> str:
    """The result in a sentence, with everything that a distance needs beside it.

    Args:
        metrics: As in metrics.json.
        convention: `scale`, or `observed` for the paper's: its convention, grouping and mean.
    """
    if convention == "observed":
        found, floor, uniform = metrics["paper"], metrics["paper"].get("noise_floor"), metrics["paper"].get("uniform")
        how = "by the observed range, a cell being study, condition and task"
    else:
        found, floor = metrics["wasserstein"]["scale"], metrics["noise_floor"]["scale"]["mean"]
        uniform, how = metrics["baselines"]["uniform"]["scale"]["mean"], "by the stated scale"
    if found["mean"] is None:
        return f"There is no distance {how}: no cell has what it needs."
    return (
        f"W = {found['mean']:.4f}{interval(found['ci95'], ' (95 % interval {} to {})')} {how}; noise floor "
        f"{number(floor)}, guessing evenly {number(uniform)}; {found['cells']:,} cells of {found['studies']:,} "
        "studies."
    )


def number(value: float | None, digits: int = 3) -> str:
    """Rounded; `none` where there is none."""
    return "none" if value is None else f"{value:.{digits}f}"


def interval(ci95: Sequence[float] | None, form: str = " ({} to {})", digits: int = 3) -> str:
    """Both ends in a form; nothing where there is no interval."""
    return "" if ci95 is None else form.format(*(f"{end:.{digits}f}" for end in ci95))


def with_interval(found: Mapping[str, Any], digits: int = 3) -> str:
    """A figure with its `mean` and, where it has one, `ci95`."""
    return number(found["mean"], digits) + interval(found.get("ci95"), digits=digits)


def from_to(found: Interval, between: str = " to ", digits: int = 3) -> str:
    """Both ends of an interval."""
    return f"{found.low:.{digits}f}{between}{found.high:.{digits}f}"


def signed(value: float, digits: int = 1) -> str:
    """With its sign, a true minus, and none on zero."""
    shown = f"{value:+,.{digits}f}"
    return shown[1:] if float(shown.replace(",", "")) == 0 else shown.replace("-", "−")


def percent(share: float) -> str:
    """A share in [0, 1] as percent."""
    return f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Seconds in words, to about a tenth."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours < 48 else f"{round(hours / 24):,} days"


def duration_between(least: float, most: float) -> str:
    """From so many seconds to so many, in one unit."""
    unit, length = ("min", 60) if most < 7200 else ("h", 3600)
    return f"{least / length:,.1f} to {most / length:,.1f} {unit}"


def data_size(size: float) -> str:
    """Bytes in words."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size:.0f} bytes"


def cut(count: int) -> list[str]:
    """The note under a list that is not shown whole."""
    return [f"The first {SHOWN_ROWS} of {count:,} are shown; metrics.json has all."] if count > SHOWN_ROWS else []


def shown_model(provenance: Mapping[str, Any]) -> str:
    """Model and adapter, in a title or a table."""
    adapter = provenance.get("adapter")
    name = shown_name(str(provenance["model"]))
    return f"{name} with {shown_name(str(adapter))}" if adapter else name
