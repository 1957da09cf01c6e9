"""How far off a prediction may be, as sentences and tables; the same on the page and in files."""

from collections.abc import Sequence
from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Part, Table
from socrates_core.report.trust.distance import (
    comparable_of,
    distance_words,
    distances_sentence,
    distribution_sentences,
)
from socrates_core.report.trust.which import of_which, sharpened
from socrates_core.report.trust.worth import worth_words
from socrates_core.report.words import percent, signed
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.trust.statement.record import (
    ArmStatement,
    Checked,
    Covered,
    EffectStatement,
    Statement,
)

TITLE: Final = "How far off it may be"
CANNOT: Final = "can't say"
NOT_TELLING: Final = (
    "The intervals of means are no better than ones that ignore the prediction: they say how people answer other "
    "studies, and the prediction adds nothing to that."
)
MOST_ROWS: Final = 21
"""Options up to which raw and calibrated shares stand in a table."""


def trust_sentences(found: Statement) -> list[str]:
    """The most important first; one alone, which says why, if nothing can be said."""
    if not found.applied:
        return [found.why or ""]
    told = [
        _about_mean(found, found.arms[0]),
        _about_shares(found, found.arms[0]),
        "" if found.basis is None or found.basis.telling else NOT_TELLING,
        *_about_effects(found),
        *distribution_sentences(found),
        distances_sentence(found),
    ]
    return [one for one in (*told, _about_support(found)) if one]


def trust_notes(found: Statement) -> list[str]:
    """What the figures rest on and what they leave out, a sentence each."""
    basis = found.basis
    if not found.applied or basis is None:
        return []
    which = "all scales together" if basis.family == "all scales" else f"scales with {basis.family}"
    told = [
        "An interval of the true mean or effect says where the answer of everybody would lie: it covers how wrong the "
        "model has been on other studies, which an interval over simulated people does not.",
        f"Fitted on {basis.studies} {basis.kind} studies in {basis.groups} independent groups that the model had not "
        f"seen, for {which}, and tried on each group with the others. An interval is offered where it held what people "
        "showed as often as it says, less one standard error at most, on these and, if there are some, on test groups.",
    ]
    if basis.sharpened:
        told.append("Speaks of calibrated answers: predictions changed as made left-out studies' answers likeliest.")
    told += [comparable_of(found)] if found.distance is not None else []
    told += [f"{what}: {why}." for what, why in _missing(found)]
    return told


def arms_trust_table(found: Statement) -> Table:
    """The conditions with where their true means may lie."""
    several = any(arm.highest is not None for arm in found.arms)
    answered = any(arm.checked is not None for arm in found.arms)
    header = ["Condition", f"Mean{of_which(found, ', ')}", "True mean, 80 %", "True mean, 95 %"]
    far = any(arm.distance is not None for arm in found.arms)
    header += ["Probability of the highest"] * several + ["People's mean"] * answered
    header += [f"W{of_which(found, ', ')} (80 % bound)"] * far
    rows = []
    for arm in found.arms:
        row = [arm.label, f"{arm.mean:.2f}", ends(arm.mean_claim.inner, 2), ends(arm.mean_claim.outer, 2)]
        row += [CANNOT if arm.highest is None else percent(arm.highest)] * several
        row += [_checked(arm.checked, 2)] * answered
        row += [distance_words(arm.distance)] * far
        rows.append(tuple(row))
    return Table(tuple(header), tuple(rows))


def shares_trust_table(found: Statement) -> Table | None:
    """Shares of people at or above each option, and where the true ones may lie; None if nothing is said of them."""
    if not found.arms or not found.arms[0].shares:
        return None
    answered = any(one.checked is not None for arm in found.arms for one in arm.shares)
    header = ["Answers"]
    for arm in found.arms:
        header += [f"{arm.label}: share{of_which(found, ', ')} (true, 80 %)"]
        header += [f"{arm.label}: people"] * answered
    rows = []
    for k, first in enumerate(found.arms[0].shares):
        row = [first.answers]
        for arm in found.arms:
            one = arm.shares[k]
            row.append(f"{percent(one.predicted)} ({_share_ends(one.claim.inner)})")
            row += [_checked_share(one.checked)] if answered else []
        rows.append(tuple(row))
    return Table(tuple(header), tuple(rows))


def trials_table(found: Statement) -> Table | None:
    """How often intervals held what people showed, on groups without a part in them; None without a calibration."""
    if found.basis is None or not found.basis.trials:
        return None
    tested = any(one.test is not None for one in found.basis.trials)
    header = ("Interval of", "Left-out groups", *(("Test groups",) if tested else ()), "Offered")
    rows = []
    for one in found.basis.trials:
        what = "W" if one.what == "distance" else one.what
        row = [f"{what}, {100 * one.level:.0f} %", _trial(one.left_out), "yes" if one.offered else "no"]
        if tested:
            row.insert(2, "none" if one.test is None else _trial(one.test))
        rows.append(tuple(row))
    return Table(header, tuple(rows))


def effects_trust_table(found: Statement) -> Table | None:
    """Effects with where the true ones may lie, in percent of the scale's width; None without effects."""
    if not found.effects:
        return None
    answered = any(one.checked is not None for one in found.effects)
    header = ["Condition", f"Effect{of_which(found, ', ')}, % of the scale", "True effect, 80 %", "True effect, 95 %"]
    header += ["Probability above 0"]
    header += ["As good as asking"] + ["People's effect"] * answered
    rows = []
    for one in found.effects:
        row = [one.label, signed(one.predicted), effect_ends(one.claim.inner), effect_ends(one.claim.outer)]
        row += [CANNOT if one.positive is None else percent(one.positive), _worth_of(one, found)]
        row += [_checked(one.checked, 1)] * answered
        rows.append(tuple(row))
    return Table(tuple(header), tuple(rows))


def answers_table(found: Statement, names: Sequence[str]) -> Table | None:
    """Raw beside calibrated shares; None where they are the same.

    Args:
        found: The statement.
        names: Of the options on the axis.
    """
    if not sharpened(found):
        return None
    header = ("Answer", *(f"{arm.label}, {side}" for arm in found.arms for side in ("raw", "calibrated")))
    rows = [
        (name, *(f"{100 * side[k]:.1f} %" for arm in found.arms for side in (arm.raw, arm.calibrated)))
        for k, name in enumerate(names)
    ]
    return Table(header, tuple(rows))


def trust_parts(found: Statement, scale: AnswerScale) -> list[Part]:
    """All of it, in reading order."""
    if not found.applied:
        return list(trust_sentences(found))
    names = option_names(scale)
    answers = answers_table(found, names)
    others, trials = (shares_trust_table(found), effects_trust_table(found)), trials_table(found)
    return [
        *trust_sentences(found),
        arms_trust_table(found),
        *(one for one in others if one is not None),
        *([] if answers is None or len(names) > MOST_ROWS else [answers]),
        *trust_notes(found),
        *([] if trials is None else [trials]),
    ]


def option_names(scale: AnswerScale) -> list[str]:
    """The options on the axis as they are written, each with its label."""
    return [f"{scale.written(value)} {scale.labels.get(value, '')}".strip() for value in scale.values or ()]


# -- sentences and cells -------------------------------------------------------------------------------------------


def _about_mean(found: Statement, arm: ArmStatement) -> str:
    claim = arm.mean_claim
    best, level = (claim.inner, "80 %") if claim.inner is not None else (claim.outer, "95 %")
    if best is None:
        return f"Can't say where the true mean lies: {claim.why}."
    return (
        f"With a probability of {level}, the true mean of {arm.label} is between {best.low:.2f} and {best.high:.2f} "
        f"(error of the model included; predicted {arm.mean:.2f}{of_which(found, ', ')})."
    )


def _about_shares(found: Statement, arm: ArmStatement) -> str:
    """Of the share that splits the people most evenly; shares have an interval at 80 % alone."""
    if not arm.shares:
        return ""
    one = min(arm.shares, key=lambda share: abs(share.predicted - 0.5))
    likely = "the same probability" if arm.mean_claim.inner is not None else "a probability of 80 %"
    return (
        f"With {likely}, {_share_ends(one.claim.inner)} of everybody would answer {one.answers} in "
        f"{arm.label} (predicted {percent(one.predicted)}{of_which(found, ', ')})."
    )


def _about_effects(found: Statement) -> list[str]:
    if not found.effects:
        return []
    claimed = [one for one in found.effects if one.claim.inner is not None or one.claim.outer is not None]
    if not claimed:
        return [f"Can't say how far off effects are: {found.effects[0].claim.why}."]
    if found.basis is not None and not found.basis.informed:
        return ["It is no information about the effect: on other studies, assuming no effect did as well."]
    largest = max(claimed, key=lambda one: abs(one.predicted))
    worth = "" if largest.worth is None else f", as good as asking {worth_words(largest.worth)} in each condition"
    predicted = f"predicted {signed(largest.predicted)} % of the scale{of_which(found, ', ')}"
    if largest.positive is None:
        outer = largest.claim.outer
        return [
            f"With a probability of 95 %, the true effect of {largest.label} ({predicted}) is {effect_ends(outer)}."
        ]
    return [
        f"The effect of {largest.label} ({predicted}) is above 0 with a probability of "
        f"{percent(largest.positive)}{worth}."
    ]


def _about_support(found: Statement) -> str:
    return "" if found.support is None else f"{found.support.sentence}."


def _missing(found: Statement) -> list[tuple[str, str]]:
    """What of an applied calibration cannot be said, and why."""
    missing = [("True means", found.arms[0].mean_claim.why)]
    by_why: dict[str | None, list[str]] = {}
    for one in found.effects:
        by_why.setdefault(one.claim.why, []).append(one.label)
    for why, labels in by_why.items():
        missing.append(("True effects" if len(by_why) == 1 else f"True effects of {', '.join(labels)}", why))
    if found.distance is not None and found.distance.outer is None:
        missing.append(("W at 95 %", "too few groups to bound it"))
    return [(what, why) for what, why in missing if why is not None]


def _worth_of(one: EffectStatement, found: Statement) -> str:
    if one.worth is None:
        nothing = found.basis is not None and not found.basis.informed and one.positive is not None
        return "no information about the effect" if nothing else CANNOT
    return worth_words(one.worth)


def _checked(found: Checked | None, digits: int) -> str:
    if found is None:
        return "nobody answered"
    value = f"{found.observed:.{digits}f}" if digits > 1 else signed(found.observed)
    if found.inner is None:
        return value
    at = "inside" if found.inner else "outside at 80 %, inside at 95 %" if found.outer else "outside"
    return f"{value} ({at})"


def ends(at: Interval | None, digits: int) -> str:
    """`2.10 to 3.45`, or that it cannot be said."""
    return CANNOT if at is None else f"{at.low:.{digits}f} to {at.high:.{digits}f}"


def _trial(found: Covered) -> str:
    """`78 ± 8 % of 15`."""
    return f"{100 * found.share:.0f} ± {100 * found.se:.0f} % of {found.groups}"


def _share_ends(at: Interval | None) -> str:
    return CANNOT if at is None else f"{100 * at.low:.0f} to {100 * at.high:.0f} %"


def _checked_share(found: Checked | None) -> str:
    if found is None:
        return "nobody answered"
    value = percent(found.observed)
    return value if found.inner is None else f"{value} ({'inside' if found.inner else 'outside'})"


def effect_ends(at: Interval | None) -> str:
    """The same in points, with signs."""
    return CANNOT if at is None else f"{signed(at.low)} to {signed(at.high)}"
