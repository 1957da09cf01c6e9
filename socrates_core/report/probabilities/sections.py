"""The sections of an evaluation's report on proper scores, reliability and differences between groups."""

from collections.abc import Mapping

from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.probabilities import Probabilities
from socrates_core.metrics.proper.reliability import BINS, Reliability
from socrates_core.metrics.proper.scores import FLOOR, ProperScore, ProperScores
from socrates_core.metrics.proper.structure import LEAST_PEOPLE, AttributeStructure, GroupFigure
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.people.edit import attribute_words
from socrates_core.report.document import Part, Picture, Section, Table
from socrates_core.report.probabilities.pictures import reliability_figure, structure_figure
from socrates_core.report.words import number, with_interval


def probability_sections(metrics: Metrics) -> list[Section]:
    """Proper scores, reliability and structure; of real and of synthetic studies separately, if there are both."""
    sections = []
    for kind, found in metrics.probabilities.items():
        of = f": {kind} studies" if len(metrics.probabilities) > 1 else ""
        sections += [
            Section(f"Proper scores{of}", _proper(found.proper)),
            Section(f"Reliability{of}", _reliability(found)),
            Section(f"Structure{of}", _structure(found.structure)),
        ]
    return sections


# -- proper scores -----------------------------------------------------------------------------------------------


def _proper(found: ProperScores | None) -> list[Part]:
    if found is None:
        return ["The predictions are single numbers, which state no probabilities: they have no proper scores."]
    rows = tuple(
        _proper_row(name, one)
        for name, one in (
            ("Brier score, 0 to 2", found.brier),
            ("Ranked probability score, 0 to 1", found.rps),
            ("Log score, nats", found.log),
        )
        if one.model.mean is not None
    )
    below = f"{found.below_floor:,} of {found.answers:,} answers are below it" if found.below_floor else "none is below"
    return [
        "Each person's answer under the distribution predicted for this person, given an answer on the axis; smaller "
        "is better. Means over the cells of a study, then over studies, with 95 % intervals from resampling studies. "
        "A cell's own shares are known only afterwards: no prediction that is one distribution for all people scores "
        "better, one that knows who answers what does.",
        Table(("Score", "Model", "Uniform baseline", "Own shares", "Better than uniform by", "Cells"), rows),
        "The ranked probability score is divided by the number of options minus one. The log score takes probabilities "
        f"under {FLOOR:.6f} as {FLOOR:.6f}; without that, one answer predicted to be impossible makes it infinite "
        f"({below}).",
    ]


def _proper_row(name: str, one: ProperScore) -> tuple[str, ...]:
    def shown(found: Summary) -> str:
        return with_interval(found.mean, found.ci95)

    return (name, shown(one.model), number(one.uniform.mean), number(one.own_shares.mean), shown(one.gain),
            f"{one.model.cells:,}")  # fmt: skip


# -- reliability -------------------------------------------------------------------------------------------------


def _reliability(all_figures: Probabilities) -> list[Part]:
    found = all_figures.reliability
    if found is None:
        return ["The predictions are single numbers, which state no probabilities."]
    kinds = [("This option is chosen", found.options), ("The answer is at most k", found.cumulative)]
    known = [(name, one) for name, one in kinds if one is not None]
    rows = tuple(
        (
            name,
            *(number(value, 4) for value in (one.score, one.reliability, one.sampling)),
            *(number(value, 4) for value in (one.resolution, one.uncertainty, one.within)),
            f"{100 * one.reliability**0.5:.1f}",
        )
        for name, one in known
    )
    header = ("Event", "Mean (p − o)²", "Reliability", "By sampling alone", "Resolution", "Uncertainty", "Within bins",
              "Typical gap, points")  # fmt: skip
    return [
        f"Whether predicted probabilities come true, in {BINS} bins of equal width. Mean (p − o)² = reliability − "
        "resolution + uncertainty + what differs within bins (Murphy 1973). Reliability is the mean squared gap "
        "between probability and share, 0 at best; a model is off only as far as it exceeds what sampling as many "
        "people would give by itself. The typical gap is its square root.",
        Table(header, rows),
        Picture(
            reliability_figure(found),
            "Above the dotted line things happen more often than predicted. Bars are 95 % intervals over studies; "
            "larger marks hold more of the events.",
        ),
        *(_bins(name, one) for name, one in known),
    ]


def _bins(name: str, found: Reliability) -> Table:
    rows = tuple(
        (
            f"{one.low:.1f} to {one.high:.1f}",
            f"{one.predicted:.3f}",
            with_interval(one.observed, one.ci95),
            f"{one.events:,}",
            f"{one.studies:,}",
        )
        for one in found.bins
    )
    return Table((f"{name}: probability", "Mean predicted", "Happened", "Events", "Studies"), rows)


# -- structure ---------------------------------------------------------------------------------------------------


def _structure(structure: Mapping[str, AttributeStructure]) -> list[Part]:
    if not structure:
        return [f"No attribute has two groups of {LEAST_PEOPLE} people in a cell."]

    def shown(found: GroupFigure) -> str:
        return with_interval(found.value, found.ci95, 2)

    rows = tuple(
        (
            attribute_words(attribute),
            *(shown(one) for one in (found.correlation, found.correlation_raw, found.slope, found.variance_ratio)),
            f"{number(found.predicted_spread, 1)} / {number(found.actual_spread, 1)}",
            shown(found.explained),
            f"{found.contrasts:,} in {found.cells:,} cells, {found.studies:,} studies",
        )
        for attribute, found in structure.items()
    )
    header = ("Attribute", "Correlation", "Uncorrected", "Slope", "Variance ratio", "Spread, points", "Explains",
              "Contrasts")  # fmt: skip
    return [
        "Whether the right groups of people differ, and as much as people's do: the means of groups of "
        f"{LEAST_PEOPLE} people or more in a cell, each against the average of the groups. Means of few people differ "
        "by chance, too; all figures but the uncorrected correlation are less what people within groups contribute, "
        "on both sides. With little left, a corrected correlation can exceed 1, and “none” stands where actual or "
        "predicted groups differ no more than by chance. Slope: actual difference per predicted one (below 1: "
        "predicted ones are too large). Variance ratio: predicted over actual variance between groups. Spread: "
        "standard deviation between groups, predicted / actual. Explains: share of the variance of people's answers "
        "that lies between groups.",
        Table(header, rows),
        Picture(structure_figure(structure), "1 is as large a variance between groups as people's, 0 is none."),
    ]
