"""Figures in words: numbers, intervals, times and sizes, and the sentence that sums up an evaluation."""

from typing import Final

from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.folder import shown_name

SHOWN_ROWS: Final = 50
"""Longer lists are cut in a report, which says so; metrics.json has them whole."""

TRUSTED_MASS: Final = 0.95
"""A result is said with a warning if less than this share of the probability mass is on the scale."""


def headline(metrics: Metrics, convention: Convention = "scale") -> str:
    """The result in a sentence, with everything that a distance needs beside it.

    Args:
        metrics: All figures.
        convention: `scale`, or `observed` for the paper's: its convention, grouping and mean.
    """
    if convention == "observed":
        paper = metrics.paper
        mean, ci95, cells, studies = paper.mean, paper.ci95, paper.cells, paper.studies
        floor, uniform = paper.noise_floor, paper.uniform
        how = "by the observed range, a cell being study, condition and task"
    else:
        found = metrics.wasserstein.scale
        mean, ci95, cells, studies = found.mean, found.ci95, found.cells, found.studies
        floor, uniform = metrics.noise_floor.scale.mean, metrics.baselines.uniform.scale.mean
        how = "by the stated scale"
    if mean is None:
        return f"There is no distance {how}: no cell has what it needs."
    return (
        f"W = {mean:.4f}{interval(ci95, ' (95 % interval {} to {})')} {how}; noise floor {number(floor)}, "
        f"guessing evenly {number(uniform)}; {cells:,} cells of {studies:,} studies." + mass_on_scale(metrics)
    )


def mass_on_scale(metrics: Metrics) -> str:
    """A sentence on the probability on the scale before renormalising; empty where predictions do not tell it."""
    mass = metrics.on_scale_mass.mean
    if mass is None:
        return ""
    if mass >= TRUSTED_MASS:
        return f" {mass:.1%} of the model's probability is on the scale."
    return (
        f" Only {mass:.1%} of the model's probability is on the scale: otherwise it would have written something else "
        "than an answer, which W leaves out. Another template may leave more on it."
    )


def number(value: float | None, digits: int = 3) -> str:
    """Rounded; `none` where there is none."""
    return "none" if value is None else f"{value:.{digits}f}"


def interval(ci95: Interval | None, form: str = " ({} to {})", digits: int = 3) -> str:
    """Both ends in a form; nothing where there is no interval."""
    return "" if ci95 is None else form.format(*(f"{end:.{digits}f}" for end in (ci95.low, ci95.high)))


def with_interval(value: float | None, ci95: Interval | None, digits: int = 3) -> str:
    """A figure and, where it has one, its interval."""
    return number(value, digits) + interval(ci95, digits=digits)


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


def shown_model(provenance: Provenance) -> str:
    """Model and adapter, in a title or a table; the file where no model is named."""
    if provenance.model is None:
        return f"the predictions in {provenance.file or 'a file'}"
    name, adapter = shown_name(provenance.model), provenance.adapter
    return f"{name} with {shown_name(adapter)}" if adapter else name
