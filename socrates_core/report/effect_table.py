"""The figures of one arm as rows of a table, in words."""

import numpy as np

from socrates_core.report.words import from_to
from socrates_core.simulation.open_ended import NumberResult, number_bins
from socrates_core.simulation.result import ArmResult


def shares_by_option(arm: ArmResult) -> list[tuple[str, str, float, float | None]]:
    """(answer, its label, predicted share, actual share) in the order of the scale; an open-ended outcome's by bins."""
    if arm.open_ended:
        bins = number_bins(arm.predicted.values)
        names = [(name, "") for name in bins.names]
        sides = [
            None if side is None else np.bincount(bins.bin_of, side.probs, len(names)).tolist()
            for side in (arm.predicted, arm.actual)
        ]
    else:
        labels = arm.cell.scale.labels
        names = [(str(value), labels.get(value, "")) for value in arm.predicted.values.tolist()]
        sides = [None if side is None else side.probs.tolist() for side in (arm.predicted, arm.actual)]
    actual = sides[1] or [None] * len(names)
    return [(*name, ours, theirs) for name, ours, theirs in zip(names, sides[0] or [], actual, strict=True)]


def arm_numbers(arm: ArmResult) -> list[tuple[str, str]]:
    """The figures of one arm as (name, value), in the order of reading."""
    simulated = ("Simulated participants", f"{arm.n_predicted:,}, {arm.n_personas:,} different")
    if arm.numbers is not None:
        return [simulated, *_number_rows(arm, arm.numbers)]
    rows = [
        simulated,
        ("Predicted mean and spread", f"{arm.predicted.mean:.2f}, standard deviation {arm.predicted.sd:.2f}"),
        ("Mass on the scale", f"{arm.on_scale_mass:.1%} of what the model would have written"),
        ("Actual answers of", arm.actual_group),
    ]
    if arm.actual is not None:
        rows += [
            ("Actual answers", _answers(arm)),
            ("Actual mean and spread", f"{arm.actual.mean:.2f}, standard deviation {arm.actual.sd:.2f}"),
        ]
    if arm.n_off_scale:
        rows.append(("Answers off the scale, left out", f"{arm.n_off_scale:,}"))
    score = arm.score
    if score is None:
        return rows
    observed = "none: everybody gave the same answer" if score.observed is None else f"{score.observed:.3f}"
    halves = "too few answers" if score.split_half is None else f"{score.split_half:.3f}"
    return [
        *rows,
        ("Wasserstein distance (stated scale)", f"{score.wasserstein:.3f} ({from_to(score.interval)})"),
        ("Noise floor: a perfect prediction's", f"{score.noise_floor:.3f}"),
        ("Chance explains up to", f"{score.chance_limit:.3f}"),
        ("Guessing evenly", f"{score.uniform:.3f}"),
        ("Another sample of as many people", halves),
        ("Wasserstein distance (observed range)", observed),
    ]


def _number_rows(arm: ArmResult, numbers: NumberResult) -> list[tuple[str, str]]:
    """The figures of an open-ended outcome."""
    ours, theirs, score = numbers.predicted, numbers.actual, numbers.score
    rows = [
        ("Invalid predictions, left out", f"{numbers.n_invalid:,} of {arm.n_predicted:,}: numbers that did not end"),
        ("Mass on numbers", f"{arm.on_scale_mass:.1%} of what the model would have written"),
        ("Predicted median and quartiles", f"{ours.median:,} ({ours.low:,} to {ours.high:,})"),
        ("Predicted mean", f"{arm.predicted.mean:,.1f}"),
        ("Actual answers of", arm.actual_group),
    ]
    if arm.actual is not None and theirs is not None:
        rows += [
            ("Actual answers", _answers(arm)),
            ("Actual median and quartiles", f"{theirs.median:,} ({theirs.low:,} to {theirs.high:,})"),
            ("Actual mean", f"{arm.actual.mean:,.1f}"),
        ]
    if score is None:
        return rows
    stretched = "; a few extreme answers stretch it, so the distance looks small" if score.stretched else ""
    return [
        *rows,
        ("Observed range of the actual answers", f"{score.low:,} to {score.high:,}{stretched}"),
        ("Wasserstein distance (observed range)", f"{score.observed:.3f} ({from_to(score.interval)})"),
        ("Noise floor: as many numbers from the same source", f"{score.noise_floor:.3f}"),
        ("Chance explains up to", f"{score.chance_limit:.3f}"),
    ]


def _answers(arm: ArmResult) -> str:
    worth = "" if abs(arm.n_effective - arm.n_actual) < 0.5 else f", worth {arm.n_effective:.0f} equal ones"
    return f"{arm.n_actual:,}{worth}"
