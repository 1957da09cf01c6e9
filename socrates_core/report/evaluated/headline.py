"""The result of an evaluation in sentences, of real and of synthetic studies apart."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from socrates_core.errors import counted, listed
from socrates_core.evaluation.results.distances import KINDS, Baseline, ByConvention, Convention, NominalDistances
from socrates_core.evaluation.results.kinds import KindDistances
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.results.predictions import UsedPredictions
from socrates_core.evaluation.results.rows import StudyRow, counted_studies
from socrates_core.metrics.cell.off_axis import OffAxisShares
from socrates_core.metrics.study_bootstrap import Summary
from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.report.words import interval, number

NAMED: Final = 4
"""At most this many options off the axis by name."""


def headline(metrics: Metrics, convention: Convention = "scale") -> str:
    """The sentences of `headlines`, one a line."""
    return "\n".join(headlines(metrics, convention))


def headlines(metrics: Metrics, convention: Convention = "scale") -> list[str]:
    """The result in a sentence: W with everything that is needed to interpret it. One for each kind of studies.

    Args:
        metrics: All figures.
        convention: `scale`, or `observed` for the paper's: its convention, grouping and mean.
    """
    if len(metrics.by_kind) < 2:
        shares = [row.off_axis for row in metrics.cells]
        return [_sentence(_of_all(metrics), metrics.studies, shares, convention)]
    told = []
    for kind, found in metrics.by_kind.items():
        rows = [row for row in metrics.studies if KINDS[row.real] == kind]
        names = {row.study for row in rows}
        shares = [row.off_axis for row in metrics.cells if row.study in names]
        whose = "Studies of unknown kind" if kind == "unknown" else f"{kind.capitalize()} studies"
        told.append(f"{whose}: {_sentence(found, rows, shares, convention)}")
    return told


def _of_all(metrics: Metrics) -> KindDistances:
    """The figures over all studies, which are of one kind."""
    return KindDistances(
        scale=metrics.wasserstein.scale,
        observed=metrics.wasserstein.observed,
        noise_floor=metrics.noise_floor,
        uniform=_plain(metrics.baselines.uniform),
        marginal=_plain(metrics.baselines.marginal),
        paper=metrics.paper,
        predictions=metrics.predictions,
        on_scale_mass=metrics.on_scale_mass,
        nominal=metrics.nominal,
    )


def _plain(found: ByConvention[Baseline]) -> ByConvention[Summary]:
    return ByConvention(found.scale, found.observed)


def _sentence(
    found: KindDistances, studies: Sequence[StudyRow], shares: Sequence[OffAxisShares | None], convention: Convention
) -> str:
    if convention == "observed":
        paper = found.paper
        mean, ci95, cells = paper.mean, paper.ci95, paper.cells
        floor, uniform = paper.noise_floor, paper.uniform
        how, apart = "by the observed range, a cell being study, condition and task", _as_numbers(found)
    else:
        mean, ci95, cells = found.scale.mean, found.scale.ci95, found.scale.cells
        floor, uniform = found.noise_floor.scale.mean, found.uniform.scale.mean
        how = "by the stated scale"
        apart = _unusable(found.predictions) + _off_axis(shares) + _nominal(found.nominal)
    if mean is None:
        return f"There is no Wasserstein distance (W) {how}: no cell can be scored by it.{apart}"
    return (
        f"W = {mean:.4f}{interval(ci95, ' (95 % interval {} to {})')} {how}; noise floor {number(floor)}, "
        f"uniform baseline {number(uniform)}; {counted(cells, 'cell')} of "
        f"{counted_studies(studies, convention)}."
        f"{_mass(found.on_scale_mass.mean)}{apart}"
    )


def _off_axis(shares: Sequence[OffAxisShares | None]) -> str:
    """How many people answer off the axis, which W leaves out; empty without such options. With a space before it."""
    off = [one for one in shares if one is not None]
    if not off:
        return ""
    actual, predicted = (sum(getattr(one, side) for one in off) / len(off) for side in ("actual", "predicted"))
    return (
        f" In {counted(len(off), 'cell')} people may answer off the axis ({off_axis_names(off)}): on average "
        f"{actual:.1%} do, and {predicted:.1%} are predicted to; W is about the others."
    )


def off_axis_names(shares: Iterable[OffAxisShares | None]) -> str:
    """The options off the axis of several cells by their texts, else codes, each once: `“Refused”, “98”`."""
    names: dict[str, str] = {}
    for one in shares:
        for option in one.by_option if one is not None else ():
            name = re.sub(r"(?<=\S) \(-?\d+\)$", "", option)
            names.setdefault(" ".join(name.casefold().split()), f"“{name}”")
    return listed(tuple(names.values()), NAMED)


def _nominal(found: NominalDistances | None) -> str:
    """Total variation of options without an order; empty without such options. With a space before it."""
    if found is None:
        return ""
    return (
        f" Apart from W, total variation = {number(found.model.mean, 4)} over {counted(found.model.cells, 'cell')} "
        f"whose options have no order (noise floor {number(found.noise_floor.mean)}, uniform baseline "
        f"{number(found.uniform.mean)})."
    )


def _as_numbers(found: KindDistances) -> str:
    """What options off the axis do to W as in the paper; empty where there are none. With a space before it."""
    paper = found.paper
    if not paper.off_axis_cells:
        return ""
    cells = counted(paper.off_axis_cells, "cell") + (" have" if paper.off_axis_cells > 1 else " has")
    return (
        f" {cells} options off the axis, taken here as the numbers they are, as in the paper; without them "
        f"W = {number(paper.on_axis, 4)}."
    )


def _unusable(found: UsedPredictions) -> str:
    """How many predictions W by the stated scale does not rest on, and what they cost; empty where it rests on all.

    A sentence with a space before it.
    """
    if not found.off_scale and not found.invalid:
        return ""
    invalid = f", {found.invalid:,} of them unreadable" if found.invalid else ""
    unusable = found.off_scale + found.invalid
    verb = "is" if unusable == 1 else "are"
    return (
        f" W rests on {found.used:,} of {counted(found.predictions, 'prediction')}: "
        f"{unusable:,} {verb} no option of the scale{invalid}. With each of these as the worst option, "
        f"W = {number(found.worst.mean, 4)} ({counted(found.worst.cells, 'cell')})."
    )


def _mass(mass: float | None) -> str:
    """A sentence on the probability on the scale before renormalising; empty where predictions do not tell it."""
    if mass is None:
        return ""
    if mass >= TRUSTED_MASS:
        return f" {mass:.1%} of the model's probability is on the scale."
    return (
        f" Only {mass:.1%} of the model's probability is on the scale: otherwise it would have written something else "
        "than an answer, which W leaves out. Another template may leave more on it."
    )


def answers_compared(metrics: Metrics) -> str:
    """How many of the human answers predictions are compared with, and why the others are not."""
    found, most = metrics.answers, metrics.provenance.per_cell
    reasons = (
        (found.not_drawn, f"of people who were not drawn (at most {most or 0:,} in a cell, at random)"),
        (found.in_cells_left_out, "in cells that cannot be predicted, such as open-ended outcomes"),
        (found.in_unscored_cells, "in cells that cannot be scored"),
        (
            found.off_axis,
            f"off the axis ({off_axis_names(row.off_axis for row in metrics.cells)}), compared by their share alone",
        ),
        (found.off_scale, "that are no option of the scale"),
        (found.without_weight, "of people whose survey weight is 0"),
    )
    why = "; ".join(f"{count:,} {what}" for count, what in reasons if count)
    given = counted(found.given, "human answer")
    if not why:
        return f"Predictions are compared with all {given}."
    return f"Predictions are compared with {found.compared:,} of {given}. Not compared: {why}."
