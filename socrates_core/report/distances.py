"""The sections of an evaluation's report on Wasserstein distances (W): tables, studies, and single cells."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from socrates_core.evaluation.results.distances import (
    CONVENTIONS,
    Baseline,
    ByConvention,
    Convention,
    GroupingDistance,
    SeparateRanges,
    Shares,
)
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.rows import CellDistances, CellRow
from socrates_core.evaluation.scores import ScoredCells
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.metrics.verdict import VerdictCode
from socrates_core.report.document import Folded, Part, Picture, Table, Warned
from socrates_core.report.evaluation_figures import cell_bars, distance_against_n, forest
from socrates_core.report.words import SHOWN_ROWS, cut, number, with_interval

T = TypeVar("T")

SHOWN_CELLS: Final = 3
"""Number of worst and of best cells that are drawn."""


GROUPING_COLUMNS: Final = (
    "Definition of a cell", "W, observed range", "Flat mean", "Noise floor", "Uniform", "Cells", "Studies",
)  # fmt: skip


def distances(metrics: Metrics) -> list[Part]:
    """W of the model and the baselines by both conventions, and by every definition of a cell."""
    wasserstein, baselines = metrics.wasserstein, metrics.baselines
    model = ByConvention(wasserstein.scale, wasserstein.observed)
    rows = (
        ("Model", *_each(model, _summary)),
        *_worst(metrics),
        ("Noise floor: a perfect model", *_each(metrics.noise_floor, lambda found: number(found.mean))),
        ("Excess over the noise floor", *_each(metrics.excess, _summary)),
        ("Uniform baseline (guessing evenly)", *_each(baselines.uniform, _baseline)),
        ("Human answers pooled over arms", *_each(baselines.pooled, _baseline)),
        ("Marginal baseline (training answers on the scale)", *_each(baselines.marginal, _baseline)),
        ("Another sample of people", *_each(baselines.human_split_half, _baseline)),
        ("Model, flat mean over cells", *_each(model, lambda found: number(found.flat_mean))),
    )
    off = ("W without options off the axis",) if metrics.paper.off_axis_cells else ()
    parts: list[Part] = [
        *_kinds(metrics),
        Table(("Wasserstein distance (W)", "Stated scale", "Observed range"), rows),
        "Means over the cells of a study, then over studies, with 95 % intervals from resampling studies. In brackets, "
        "the model's W on the same cells: pooled answers need two arms, another sample needs four people.",
        f"Squared-CDF (Cramér) distance, without small-sample bias: {_summary(metrics.cramer, 5)}.",
        Table(
            (
                "Definition of a cell",
                "W, observed range",
                "Flat mean",
                "Noise floor",
                "Uniform",
                "Cells",
                "Studies",
                *off,
            ),
            tuple(_grouping_row(one) for one in metrics.by_grouping),
        ),
        _shares(metrics.shares),
        _verdicts(metrics.verdicts),
        Warned(_separate(wasserstein.separate)),
    ]
    return [part for part in parts if part]


def _worst(metrics: Metrics) -> list[tuple[str, str, str]]:
    """The row for predictions that are no option, where there are any; the observed range has no such predictions."""
    found = metrics.predictions
    if not found.off_scale and not found.invalid:
        return []
    return [("Model, predictions off the scale as the worst option", _summary(found.worst), "")]


def _each(found: ByConvention[T], shown: Callable[[T], str]) -> tuple[str, str]:
    return shown(found.scale), shown(found.observed)


def _summary(found: Summary, digits: int = 3) -> str:
    return with_interval(found.mean, found.ci95, digits)


def _baseline(found: Baseline) -> str:
    if found.mean is None:
        return "none"
    return f"{number(found.mean)} [model {number(found.model_on_the_same_cells)}]"


def _kinds(metrics: Metrics) -> list[Part]:
    """The figures of real and of synthetic studies side by side, where there are both."""
    if len(metrics.by_kind) < 2:
        return []
    rows = []
    for kind, found in metrics.by_kind.items():
        pairs = {
            f"Model, {kind} studies": ByConvention(found.scale, found.observed),
            f"Noise floor, {kind} studies": found.noise_floor,
            f"Uniform baseline, {kind} studies": found.uniform,
            f"Marginal baseline, {kind} studies": found.marginal,
        }
        counted = f"{found.scale.studies:,}"
        rows += [(name, *_each(both, _summary), counted) for name, both in pairs.items() if both.observed.mean]
    return [
        Table(("Wasserstein distance (W)", "Stated scale", "Observed range", "Studies"), tuple(rows)),
        "The tables below are over real and synthetic studies together, to compare with other figures of this run; "
        "quote those above.",
    ]


def _grouping_row(one: GroupingDistance) -> tuple[str, ...]:
    mixed = f" ({one.mixed_scales} mix scales)" if one.mixed_scales else ""
    figures = (with_interval(one.mean, one.ci95), *map(number, (one.flat_mean, one.noise_floor, one.uniform)))
    off = (f"{number(one.on_axis)} ({one.off_axis_cells:,} cells have such options)",) if one.off_axis_cells else ()
    return (one.grouping + mixed, *figures, f"{one.cells:,}", f"{one.studies:,}", *off)


def _shares(shares: ByConvention[Shares]) -> Part:
    rows = []
    for name in CONVENTIONS:
        found = shares.by(name)
        under = (found.at_0, found.below_a_tenth, found.below_three_tenths)
        if found.cells:
            rows.append((name, *("none" if share is None else f"{share:.1%}" for share in under), f"{found.cells:,}"))
    return Table(("Share of cells with W", "at 0", "under 0.1", "under 0.3", "cells"), tuple(rows)) if rows else ""


def _verdicts(verdicts: Mapping[VerdictCode, int]) -> str:
    words: dict[VerdictCode, str] = {
        "within_chance": "within what two samples of people would differ",
        "better_than_uniform": "closer than the uniform baseline, but beyond chance from the actual answers",
        "like_uniform": "not reliably closer than the uniform baseline",
        "worse_than_uniform": "worse than the uniform baseline",
        "too_few": "too few people for a verdict",
    }
    counted = [f"{verdicts[code]:,} {meaning}" for code, meaning in words.items() if verdicts.get(code)]
    return f"Cell by cell: {'; '.join(counted)}." if counted else ""


def _separate(found: SeparateRanges) -> str:
    return (
        f"Under the convention 'separate': flat mean {number(found.flat_mean, 5)}, mean over studies "
        f"{number(found.mean, 5)} ({found.cells:,} cells of {found.studies:,} studies, by study and condition). "
        f"{found.invalid}"
    )


def studies(metrics: Metrics) -> list[Part]:
    """W by study, as a figure and as a table."""
    convention: Convention = "scale" if any(row.scale.model is not None for row in metrics.studies) else "observed"
    rows = [(row, row.by(convention)) for row in metrics.studies if row.by(convention).model is not None]
    if not rows:
        return ["No study has a Wasserstein distance (W)."]
    table = tuple(
        (
            f"{row.title} ({row.study})" if row.title else row.study,
            {True: "real", False: "synthetic", None: ""}[row.real],
            f"{row.n:,}",
            f"{row.cells:,}",
            *(number(figure) for figure in (found.model, found.floor, found.uniform, found.pooled)),
        )
        for row, found in rows[:SHOWN_ROWS]
    )
    header = ("Study", "Kind", "Answers", "Cells", "W", "Noise floor", "Uniform", "Pooled")
    return [
        Picture(forest(metrics.studies, convention), "Mean W of each study; the interval is over its cells."),
        Table(header, table),
        *cut(len(rows)),
    ]


def against_n(cells: Sequence[tuple[CellRow, CellDistances]]) -> Part:
    """W of every cell against the number of people who answered it.

    Args:
        cells: The cells with their distances by the stated scale.
    """
    caption = "Even a perfect prediction has a large W in a cell of few people: compare W with its noise floor."
    return Picture(distance_against_n(cells), caption)


def extremes(scored: ScoredCells, cells: Sequence[tuple[CellRow, CellDistances]]) -> list[Part]:
    """The cells with the largest and the smallest excess over their floor; only those with enough people, if any.

    Args:
        scored: The predictions and answers.
        cells: The cells with their distances by the stated scale.
    """
    enough = [(row, found) for row, found in cells if row.n >= 30] or list(cells)
    ranked = sorted(enough, key=lambda pair: pair[1].excess, reverse=True)
    few = min(SHOWN_CELLS, (len(ranked) + 1) // 2)
    parts: list[Part] = []
    for kind, rows in (("Worst", ranked[:few]), ("Best", ranked[::-1][: min(few, len(ranked) - few)])):
        for row, found in rows:
            cell = scored.cells[row.cell]
            summary = (
                f"{kind}: {row.name}. W {found.model:.3f}, noise floor {found.floor:.3f}, uniform baseline "
                f"{number(found.uniform)}, n = {row.n:,}."
            )
            parts += [summary, Picture(cell_bars(cell), "")]
            if cell.stimulus:
                parts.append(Folded("What was shown", cell.stimulus))
    return parts
