"""Published figures for the 40 unseen studies of SocSci210, and this run's beside them.

The figures of others are second-hand: the paper's tables, and a reproduction by independent people with the released
weights. They were computed from one sampled answer a person; ours rest on whole answer distributions, which have less
noise, so that the same model comes out slightly lower here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from socrates_core.evaluation.results.distances import Convention
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.words import interval, number
from socrates_core.study.sources.socsci210 import DATASET
from socrates_core.study.split import OFFICIAL_UNSEEN

UNSEEN_RESPONSES: Final = 482_642
"""Rows of the 40 unseen studies."""

UNSEEN_CELLS: Final = 801
"""Their cells, by study, condition and task, in which people gave more than one answer."""

RESOLVED: Final = 0.017
"""A smaller gap between two models is not resolved on 40 studies, whose bootstrap standard error is about 0.0127."""

SAME_WAY: Final = 0.002
"""Distance from a published uniform baseline up to which W counts as measured in the same way: the two published ones,
which rest on no model, differ by 0.0015."""


@dataclass(frozen=True)
class Row:
    """A figure with what is needed to read it."""

    what: str
    """What predicts."""
    by: str
    """Who measured."""
    convention: Convention
    """The range that W is measured by; by the human answers' range, a cell is study, condition and task."""
    value: float | None
    ci95: Interval | None = None
    """Over resampled studies; None where none was published."""
    studies: int = len(OFFICIAL_UNSEEN)
    cells: int | None = None
    """None where it is not known."""


PAPER: Final = "the paper"
OTHERS: Final = "an independent reproduction"

SOCRATES: Final = Row("Socrates-Qwen-14B", PAPER, "observed", 0.151)
UNIFORM: Final = Row("uniform baseline", PAPER, "observed", 0.203)
UNIFORM_AGAIN: Final = Row("uniform baseline", OTHERS, "observed", 0.2015)
PUBLISHED: Final = (
    SOCRATES,
    Row("Socrates-Qwen-14B, the released weights", OTHERS, "observed", 0.1499),
    Row("the paper's “empirical best”", PAPER, "observed", 0.125),
    UNIFORM,
    UNIFORM_AGAIN,
    Row("uniform baseline", OTHERS, "scale", 0.1678),
)


@dataclass(frozen=True)
class Comparison:
    """The figures of this run beside the published ones."""

    rows: tuple[Row, ...]
    """This run's, then the published ones, one convention after the other."""
    not_full: tuple[str, ...]
    """What was not evaluated as the paper did; with any of it there is no verdict."""
    verdict: str
    """A sentence or two."""


def compare(metrics: Metrics, name: str, responses: int) -> Comparison:
    """Set an evaluation beside the published figures.

    Args:
        metrics: Those of the test part of the official split.
        name: Of the model.
        responses: In the studies of the test part, as they were prepared.
    """
    paper, scale = metrics.paper, metrics.wasserstein.scale
    uniform = metrics.baselines.uniform.scale
    ours = (
        Row(name, "this run", "observed", paper.mean, paper.ci95, paper.studies, paper.cells),
        Row("uniform baseline", "this run", "observed", paper.uniform, None, paper.studies, paper.cells),
        Row("noise floor", "this run", "observed", paper.noise_floor, None, paper.studies, paper.cells),
        Row(name, "this run", "scale", scale.mean, scale.ci95, scale.studies, scale.cells),
        Row("uniform baseline", "this run", "scale", uniform.mean, uniform.ci95, uniform.studies, uniform.cells),
    )
    rows = tuple(row for by in ("observed", "scale") for row in (*ours, *PUBLISHED) if row.convention == by)
    missing = not_full(metrics, responses)
    return Comparison(rows, missing, _verdict(metrics, missing))


def not_full(metrics: Metrics, responses: int) -> tuple[str, ...]:
    """What sets an evaluation apart from one of the 40 unseen studies in full, a phrase each."""
    said = metrics.provenance
    found = []
    if said.source != DATASET:
        found.append(f"the studies come from {said.source}, not from {DATASET}")
    if metrics.paper.studies != len(OFFICIAL_UNSEEN):
        found.append(f"{metrics.paper.studies} of {len(OFFICIAL_UNSEEN)} studies have a W")
    if responses != UNSEEN_RESPONSES:
        found.append(f"they hold {responses:,} answers, not {UNSEEN_RESPONSES:,}")
    if said.per_cell is not None:
        found.append(f"at most {said.per_cell} people of a cell were asked")
    if metrics.contaminated:
        found.append("the model was trained on some of them")
    return tuple(found)


def _verdict(metrics: Metrics, missing: Sequence[str]) -> str:
    paper = metrics.paper
    if missing:
        return f"No verdict: these are not the 40 unseen studies in full ({'; '.join(missing)})."
    if paper.mean is None or paper.uniform is None:
        return "No verdict: no cell has a W by the paper's convention."
    of_cells = f"On {paper.cells:,} of the {UNSEEN_CELLS} cells (open-ended outcomes have no W here), "
    nearest = min(abs(paper.uniform - (row.value or 0.0)) for row in (UNIFORM, UNIFORM_AGAIN))
    if nearest > SAME_WAY:
        return (
            f"No verdict: {of_cells[0].lower()}{of_cells[1:]}the uniform baseline, which rests on no model, is "
            f"{paper.uniform:.4f} here and {UNIFORM.value} and {UNIFORM_AGAIN.value} as published, so W is not "
            "measured in the same way."
        )
    assert SOCRATES.value is not None
    gap = paper.mean - SOCRATES.value
    if abs(gap) <= RESOLVED:
        return (
            f"{of_cells}W is {abs(gap):.4f} {'above' if gap > 0 else 'below'} the paper's {SOCRATES.value}: a gap that "
            f"40 studies do not resolve (they resolve about {RESOLVED}). The figures agree."
        )
    return (
        f"{of_cells}W is {abs(gap):.4f} {'above' if gap > 0 else 'below'} the paper's {SOCRATES.value}, more than the "
        f"{RESOLVED} or so that 40 studies resolve. The figures do not agree: this model is "
        f"{'further from' if gap > 0 else 'closer to'} what people answered."
    )


def as_markdown(comparison: Comparison) -> str:
    """The comparison as a page of Markdown."""
    head = "| W of | measured by | convention | W (95 % interval over studies) | studies | cells |"
    lines = [head, "| --- | --- | --- | --- | --- | --- |"]
    words = {"observed": "range of the human answers (the paper's)", "scale": "stated scale"}
    for row in comparison.rows:
        value = number(row.value, 4 if row.by != PAPER else 3) + interval(row.ci95, " ({} to {})", 4)
        cells = "not stated" if row.cells is None else f"{row.cells:,}"
        lines.append(f"| {row.what} | {row.by} | {words[row.convention]} | {value} | {row.studies} | {cells} |")
    note = (
        "Lower is closer; 0 is a perfect match. By the paper's convention a cell is study, condition and task. "
        "Published figures are second-hand and rest on one sampled answer a person; this run's rest on whole answer "
        "distributions, which lowers W slightly."
    )
    return "\n".join([*lines, "", comparison.verdict, "", note, ""])
