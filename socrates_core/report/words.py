"""Figures of an evaluation in words: numbers, intervals, and the sentence that sums it up."""

from typing import Final

from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.folder import shown_name

SHOWN_ROWS: Final = 50
"""Longer lists are cut in a report, which says so; metrics.json has them whole."""


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
        f"guessing evenly {number(uniform)}; {cells:,} cells of {studies:,} studies."
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


def cut(count: int) -> list[str]:
    """The note under a list that is not shown whole."""
    return [f"The first {SHOWN_ROWS} of {count:,} are shown; metrics.json has all."] if count > SHOWN_ROWS else []


def shown_model(provenance: Provenance) -> str:
    """Model and adapter, in a title or a table; the file where no model is named."""
    if provenance.model is None:
        return f"the predictions in {provenance.file or 'a file'}"
    name, adapter = shown_name(provenance.model), provenance.adapter
    return f"{name} with {shown_name(adapter)}" if adapter else name
