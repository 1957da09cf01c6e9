"""Figures of an evaluation in words: numbers, intervals, and the sentence that sums it up."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

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


def cut(count: int) -> list[str]:
    """The note under a list that is not shown whole."""
    return [f"The first {SHOWN_ROWS} of {count:,} are shown; metrics.json has all."] if count > SHOWN_ROWS else []


def shown_model(provenance: Mapping[str, Any]) -> str:
    """Model and adapter, in a title or a table."""
    adapter = provenance.get("adapter")
    name = shown_name(str(provenance["model"]))
    return f"{name} with {shown_name(str(adapter))}" if adapter else name
