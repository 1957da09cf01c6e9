"""Formatting of numbers, intervals, times and sizes, and the sentence that sums up an evaluation."""

from typing import Final

from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.evaluation.results.rows import counted_studies
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.model.folder import shown_name

SHOWN_ROWS: Final = 50
"""Longer lists are cut in a report, with a note; metrics.json has all rows."""


def headline(metrics: Metrics, convention: Convention = "scale") -> str:
    """The result in a sentence: W with everything that is needed to interpret it.

    Args:
        metrics: All figures.
        convention: `scale`, or `observed` for the paper's: its convention, grouping and mean.
    """
    if convention == "observed":
        paper = metrics.paper
        mean, ci95, cells = paper.mean, paper.ci95, paper.cells
        floor, uniform = paper.noise_floor, paper.uniform
        how = "by the observed range, a cell being study, condition and task"
    else:
        found = metrics.wasserstein.scale
        mean, ci95, cells = found.mean, found.ci95, found.cells
        floor, uniform = metrics.noise_floor.scale.mean, metrics.baselines.uniform.scale.mean
        how = "by the stated scale"
    unusable = unusable_predictions(metrics) + _apart(metrics) if convention == "scale" else _as_numbers(metrics)
    if mean is None:
        return f"There is no Wasserstein distance (W) {how}: no cell can be scored by it.{unusable}"
    return (
        f"W = {mean:.4f}{interval(ci95, ' (95 % interval {} to {})')} {how}; noise floor {number(floor)}, "
        f"uniform baseline {number(uniform)}; {cells:,} cells of {counted_studies(metrics.studies, convention)}."
        f"{mass_on_scale(metrics)}{unusable}"
    )


def _apart(metrics: Metrics) -> str:
    """What W leaves out because it has no place on an axis; nothing where there is nothing. With a space before it."""
    told = ""
    off = [row.off_axis for row in metrics.cells if row.off_axis is not None]
    if off:
        actual, predicted = (sum(getattr(one, side) for one in off) / len(off) for side in ("actual", "predicted"))
        told += (
            f" In {len(off):,} cells people may answer off the axis (“don't know”): on average {actual:.1%} do, and "
            f"{predicted:.1%} are predicted to; W is about the others."
        )
    if metrics.nominal is not None:
        found = metrics.nominal
        told += (
            f" Apart from W, total variation = {number(found.model.mean, 4)} over {found.model.cells:,} cells whose "
            f"options have no order (noise floor {number(found.noise_floor.mean)}, uniform baseline "
            f"{number(found.uniform.mean)})."
        )
    return told


def _as_numbers(metrics: Metrics) -> str:
    """What options off the axis do to W as in the paper; nothing where there are none. With a space before it."""
    paper = metrics.paper
    if not paper.off_axis_cells:
        return ""
    cells = f"{paper.off_axis_cells:,} cell" + ("s have" if paper.off_axis_cells > 1 else " has")
    return (
        f" {cells} options off the axis, taken here as the numbers they are, as in the paper; without them "
        f"W = {number(paper.on_axis, 4)}."
    )


def unusable_predictions(metrics: Metrics) -> str:
    """How many predictions W by the stated scale does not rest on, and what they cost; nothing where it rests on all.

    A sentence with a space before it.
    """
    found = metrics.predictions
    if not found.off_scale and not found.invalid:
        return ""
    invalid = f", {found.invalid:,} of them unreadable" if found.invalid else ""
    return (
        f" W rests on {found.used:,} of {found.predictions:,} predictions: {found.off_scale + found.invalid:,} are "
        f"no option of the scale{invalid}. With each of these as the worst option, W = {number(found.worst.mean, 4)} "
        f"({found.worst.cells:,} cells)."
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
