"""Sections of a report on an evaluation for what has no place on an axis: answers such as "don't know", and options
without an order.
"""

from typing import Final

from socrates_core.evaluation.results.metrics import Effects, Metrics
from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Part, Table
from socrates_core.report.effect_table import EXPLAIN_BOUNDS
from socrates_core.report.words import SHOWN_ROWS, cut, number, with_interval

OUT_OF_DISTANCES: Final = (
    "People and model may choose options off the axis, such as “don't know”. Their shares, of all who choose an "
    "option, stand here; W by the stated scale, means and effects are about the answers on the axis alone. W by the "
    "observed range takes such options as the numbers they are, as the paper did; beside it stands what it is without "
    "them."
)


def off_axis(metrics: Metrics) -> list[Part]:
    """Shares off the axis by cell, both W of the observed range, and the bounds of effects; empty without any."""
    rows = [(row, row.off_axis) for row in metrics.cells if row.off_axis is not None]
    if not rows:
        return []
    table = Table(
        ("Cell", "Options (actual, predicted)", "Actual", "Predicted", "W, as numbers", "W, on the axis"),
        tuple(
            (
                row.name,
                "; ".join(f"{name}: {_percent(a)}, {_percent(p)}" for name, (a, p) in found.by_option.items()),
                f"{_percent(found.actual)} ({found.answers:,} answers)",
                _percent(found.predicted),
                number(None if row.observed is None else row.observed.model),
                number(row.observed_on_axis),
            )
            for row, found in rows[:SHOWN_ROWS]
        ),
    )
    return [OUT_OF_DISTANCES, table, *cut(len(rows)), *_bounds(metrics.effects)]


def _bounds(effects: Effects) -> list[Part]:
    found = [(effect, effect.off_axis) for effect in effects.each if effect.off_axis is not None]
    if not found:
        return []
    rows = tuple(
        (
            f"{effect.study_id}, task {effect.task_num}: {effect.arm} against {effect.reference}",
            f"{_percent(shares.actual)} against {_percent(shares.actual_reference)}",
            f"{effect.actual:+.1f} ({_points(shares.actual_bounds)})",
            f"{_percent(shares.predicted)} against {_percent(shares.predicted_reference)}",
            f"{effect.predicted:+.1f} ({_points(shares.predicted_bounds)})",
        )
        for effect, shares in found[:SHOWN_ROWS]
    )
    header = ("Effect, in points", "Off the axis, actual", "Actual (bounds)", "Predicted", "Predicted (bounds)")
    return [EXPLAIN_BOUNDS, Table(header, rows), *cut(len(found))]


def nominal(metrics: Metrics) -> list[Part]:
    """Total variation of the outcomes whose options have no order; empty without any."""
    found = metrics.nominal
    if found is None:
        return []
    rows = (
        ("Model", with_interval(found.model.mean, found.model.ci95)),
        ("Noise floor: a perfect model", number(found.noise_floor.mean)),
        ("Uniform baseline (guessing evenly)", number(found.uniform.mean)),
        ("Human answers pooled over arms", number(found.pooled.mean)),
        ("Marginal baseline (training answers on the scale)", number(found.marginal.mean)),
    )
    return [
        f"{found.model.cells:,} cells of {found.model.studies:,} studies have options without an order. Their distance "
        "is the total variation: the share of people that would have to answer otherwise. It is not a Wasserstein "
        "distance, and these cells are in none of its means.",
        Table(("Total variation", "Mean (95 % interval over studies)"), rows),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(interval: Interval) -> str:
    return f"{interval.low:+.1f} to {interval.high:+.1f}"
