"""The figures of one condition as named rows of a table."""

from typing import Final

import numpy as np

from socrates_core.report.words import from_to
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.open_ended import NumberResult, number_bins
from socrates_core.simulation.result import ArmResult, NominalScore

EXPLAIN_BOUNDS: Final = (
    "Bounds: where a condition changes how many people answer at all, its mean is about other people. If it moves "
    "everybody in one direction, the effect on those who answer in both conditions lies between the bounds (Lee 2009)."
)
OF_ALL: Final = "(off the axis; of all people)"


def shares_by_option(arm: ArmResult) -> list[tuple[str, str, float, float | None]]:
    """(answer, label, predicted share, actual share) in the order of the scale; in bins for an open-ended outcome.

    Options off the axis follow, with shares of all people; the others are shares of those who answer on the axis.
    """
    if arm.open_ended:
        bins = number_bins(arm.predicted.values)
        names = [(name, "") for name in bins.names]
        sides = [
            None if side is None else np.bincount(bins.bin_of, side.probs, len(names)).tolist()
            for side in (arm.predicted, arm.actual)
        ]
    else:
        scale = arm.cell.scale
        names = [(scale.written(value), scale.labels.get(value, "")) for value in arm.predicted.values.tolist()]
        sides = [None if side is None else side.probs.tolist() for side in (arm.predicted, arm.actual)]
        if arm.off_axis is not None:
            names += [(scale.written(option), f"{label} {OF_ALL}".strip()) for option, label in scale.off_axis.items()]
            sides[0] = [*(sides[0] or []), *arm.off_axis.predicted]
            sides[1] = None if sides[1] is None else [*sides[1], *(arm.off_axis.actual or ())]
    actual = sides[1] or [None] * len(names)
    return [(*name, ours, theirs) for name, ours, theirs in zip(names, sides[0] or [], actual, strict=True)]


def arm_numbers(arm: ArmResult, raw: str = "") -> list[tuple[str, str]]:
    """The figures of one condition as (name, value), in reading order.

    Args:
        arm: The condition.
        raw: What tells the names of its figures from those of calibrated answers; empty where there are none.
    """
    simulated = (
        "Simulated people",
        f"{arm.n_predicted:,}, with {arm.n_personas:,} distinct profile{'s' * (arm.n_personas != 1)}",
    )
    if arm.numbers is not None:
        return [simulated, *_number_rows(arm, arm.numbers)]
    rows = [
        simulated,
        *_mean_row(f"Predicted mean{raw}", arm, arm.predicted),
        ("Probability mass on the scale", mass_by_kind(arm)),
        ("Compared with", arm.actual_group),
    ]
    if arm.actual is not None:
        rows += [("Actual answers", _answers(arm)), *_mean_row("Actual mean", arm, arm.actual)]
    if arm.off_axis is not None:
        actual = "nobody answered" if arm.actual_off_axis is None else f"{arm.actual_off_axis:.1%}"
        rows.append(
            (f"Off the axis ({off_axis_names(arm)})", f"predicted {arm.predicted_off_axis:.1%}, actual {actual}")
        )
    if arm.nominal is not None:
        rows += [
            ("Total variation (the options have no order)", f"{arm.nominal.total_variation:.3f}"),
            ("Noise floor of the total variation", f"{arm.nominal.noise_floor:.3f}"),
            ("Total variation of the uniform baseline", f"{arm.nominal.uniform:.3f}"),
        ]
    rows += _not_compared(arm)
    score = arm.score
    if score is None:
        return rows
    observed = "none: all answers are the same" if score.observed is None else f"{score.observed:.3f}"
    halves = "too few answers" if score.split_half is None else f"{score.split_half:.3f}"
    return [
        *rows,
        (f"Wasserstein distance (W){raw}, stated scale", f"{score.wasserstein:.3f} ({from_to(score.interval)})"),
        ("Noise floor (a perfect prediction)", f"{score.noise_floor:.3f}"),
        ("Chance limit", f"{score.chance_limit:.3f}"),
        ("Uniform baseline", f"{score.uniform:.3f}"),
        ("Another sample of the same size", halves),
        (f"Wasserstein distance (W){raw}, observed range", observed + ("" if arm.off_axis is None else AS_NUMBERS)),
    ]


def left_out_words(arm: ArmResult) -> str:
    """Why answers in the cell are not compared, as `12 off the axis (don't know); 3 that are no option of the scale`.

    Empty if all are compared.
    """
    off_axis = 0 if arm.off_axis is None else arm.off_axis.n_actual
    reasons = (
        (arm.n_outside, "of people outside the group that is compared"),
        (off_axis, f"off the axis ({off_axis_names(arm)}), compared by their share alone"),
        (arm.n_off_scale, "that are no option of the scale"),
    )
    return "; ".join(f"{count:,} {what}" for count, what in reasons if count)


def answers_sentence(arm: ArmResult) -> str:
    """How many of the human answers in the cell are compared, and why the others are not; empty if all are."""
    why = left_out_words(arm)
    of = "" if arm.n_given is None else f" of {arm.n_given:,}"
    return f"{arm.n_actual:,}{of} human answers are compared. Not compared: {why}." if why else ""


def _not_compared(arm: ArmResult) -> list[tuple[str, str]]:
    why = left_out_words(arm)
    return [("Human answers not compared", why)] if why else []


AS_NUMBERS: Final = "; here options off the axis are the numbers they are, as in the paper"


def _mean_row(name: str, arm: ArmResult, side: AnswerDistribution) -> list[tuple[str, str]]:
    """Mean and standard deviation in the scale's own numbers; nothing for options without an order."""
    unit = arm.cell.scale.unit
    if arm.cell.scale.nominal:
        return []
    return [(name, f"{unit * side.mean:.2f}, standard deviation {unit * side.sd:.2f}")]


def mass_by_kind(arm: ArmResult) -> str:
    """The probability mass on the scale, on its axis and off it: `97.0% (87.0% on the axis, 10.0% off it)`."""
    if arm.off_axis is None:
        return f"{arm.on_scale_mass:.1%}"
    off = arm.on_scale_mass * arm.predicted_off_axis
    return f"{arm.on_scale_mass:.1%} ({arm.on_scale_mass - off:.1%} on the axis, {off:.1%} off it)"


def off_axis_sentence(arm: ArmResult) -> str:
    """Predicted and actual share of people who answer off the axis, in a sentence; empty without such options."""
    if arm.off_axis is None:
        return ""
    actual = "" if arm.actual_off_axis is None else f"; actually {arm.actual_off_axis:.1%} do"
    return (
        f"{arm.predicted_off_axis:.1%} are predicted to answer off the axis ({off_axis_names(arm)}){actual}. "
        "Distances, means and effects are about the others."
    )


def nominal_sentence(arm: ArmResult, found: NominalScore) -> str:
    """The result for options without an order, in a sentence."""
    apart = f" {off_axis_sentence(arm)}" if arm.off_axis is not None else ""
    return (
        f"The options have no order: {found.total_variation:.1%} of the answers would have to be others for the "
        f"prediction to be right (total variation; a perfect prediction {found.noise_floor:.1%}, guessing evenly "
        f"{found.uniform:.1%}).{apart}"
    )


def off_axis_names(arm: ArmResult) -> str:
    """The options off the axis, as they are called."""
    return ", ".join(label or arm.cell.scale.written(option) for option, label in arm.cell.scale.off_axis.items())


def _number_rows(arm: ArmResult, numbers: NumberResult) -> list[tuple[str, str]]:
    """The figures of an open-ended outcome."""
    ours, theirs, score = numbers.predicted, numbers.actual, numbers.score
    rows = [
        ("Invalid predictions, excluded", f"{numbers.n_invalid:,} of {arm.n_predicted:,}: numbers that are too long"),
        ("Probability mass on numbers", f"{arm.on_scale_mass:.1%}"),
        ("Predicted median and quartiles", f"{ours.median:,} ({ours.low:,} to {ours.high:,})"),
        ("Predicted mean", f"{arm.predicted.mean:,.1f}"),
        ("Compared with", arm.actual_group),
    ]
    if arm.actual is not None and theirs is not None:
        rows += [
            ("Actual answers", _answers(arm)),
            ("Actual median and quartiles", f"{theirs.median:,} ({theirs.low:,} to {theirs.high:,})"),
            ("Actual mean", f"{arm.actual.mean:,.1f}"),
        ]
    rows += _not_compared(arm)
    if score is None:
        return rows
    stretched = "; stretched by a few extreme answers, so W looks small" if score.stretched else ""
    return [
        *rows,
        ("Observed range of the actual answers", f"{score.low:,} to {score.high:,}{stretched}"),
        ("Wasserstein distance (W), observed range", f"{score.observed:.3f} ({from_to(score.interval)})"),
        ("Noise floor (as many numbers from the human distribution)", f"{score.noise_floor:.3f}"),
        ("Chance limit", f"{score.chance_limit:.3f}"),
    ]


def _answers(arm: ArmResult) -> str:
    effective = "" if abs(arm.n_effective - arm.n_actual) < 0.5 else f" (effective sample size {arm.n_effective:.0f})"
    return f"{arm.n_actual:,}{effective}"
