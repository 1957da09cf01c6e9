"""What is said of how far off a prediction may be, as a table for programs: one row for each claim and level."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from socrates_core.report.simulation import inert
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.record import ArmStatement, Claim, DistanceStatement, EffectStatement, Statement
from socrates_core.trust.worth import LEVEL, Worth

COLUMNS: Final = (
    "outcome",
    "condition",
    "claim",
    "option",
    "unit",
    "answers",
    "value",
    "level",
    "low",
    "high",
    "why_not",
    "simulated",
)

LEVELS: Final = (0.8, 0.95)
TOO_FEW: Final = "too few groups to bound it"

Row = tuple[str, str, str, str, float | None, float | None, float | None, float | None, str]
"""Condition, claim, option, unit, value, level, low, high, why not."""


def prediction_claims_csv(found: Sequence[OutcomeResult]) -> str:
    """The table.

    `claim` and `value`, which is the prediction that the claim is about or the probability that is stated:

    - `true_mean`, in the scale's own numbers; `true_share_at_or_above` of `option`, in [0, 1]; `true_effect`, against
      the control, in percent of the scale's width: between `low` and `high` with a probability of `level`, error of the
      model included.
    - `effect_above_0`, `highest_true_mean`: `value` is the probability.
    - `wasserstein`: W to expect in a cell, and `high`, which it is at most with a probability of `level`.
    - `worth_of_distribution`, `worth_of_effect`: as good as asking `value` people (in each condition, for an effect).

    `answers` says which answers all this is of: `raw`, as the model gives them, or `calibrated`. What is not offered
    has no figures, and a reason in `why_not`; an outcome of which nothing is said has one row, `claim` nothing. Claims
    without a condition hold for each. Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in found:
        said = None if one.simulation is None else trust(one.simulation)
        calibrated = said is not None and said.basis is not None and said.basis.sharpened
        why_not = one.refused if said is None else said.why
        rows = _rows(said) if said is not None and said.applied else [_nothing(why_not or "")]
        for condition, claim, option, unit, *figures, why in rows:
            of = ("calibrated" if calibrated else "raw") if unit else ""
            shown = ["" if figure is None else f"{figure:.6g}" for figure in figures]
            table.writerow(
                [inert(one.name), inert(condition), claim, option, unit, of, *shown, inert(str(why)), "true"]
            )
    return file.getvalue()


def _nothing(why: str) -> Row:
    return ("", "nothing", "", "", None, None, None, None, why)


def _rows(said: Statement) -> Iterator[Row]:
    for arm in said.arms:
        yield from _of_arm(arm)
    for effect in said.effects:
        yield from _of_effect(effect)
    if said.distance is not None:
        yield from _of_distance(said.distance)


def _of_arm(arm: ArmStatement) -> Iterator[Row]:
    yield from _intervals(arm.label, "true_mean", "", "scale", arm.mean, arm.mean_claim)
    for share in arm.shares:
        option = f"{share.value:g}"
        yield from _intervals(arm.label, "true_share_at_or_above", option, "share", share.predicted, share.claim)
    if arm.highest is not None:
        yield (arm.label, "highest_true_mean", "", "probability", arm.highest, None, None, None, "")


def _of_effect(one: EffectStatement) -> Iterator[Row]:
    yield from _intervals(one.label, "true_effect", "", "percent_of_scale", one.predicted, one.claim)
    if one.positive is not None:
        yield (one.label, "effect_above_0", "", "probability", one.positive, None, None, None, "")
    if one.worth is not None:
        yield _worth(one.label, "worth_of_effect", "people_per_condition", one.worth)


def _of_distance(found: DistanceStatement) -> Iterator[Row]:
    for level, bound in zip(LEVELS, (found.inner, found.outer), strict=True):
        low = None if bound is None else 0.0
        why = TOO_FEW if bound is None else ""
        yield ("", "wasserstein", "", "share_of_scale_width", found.expected, level, low, bound, why)
    if found.worth is not None:
        yield _worth("", "worth_of_distribution", "people", found.worth)


def _intervals(label: str, claim: str, option: str, unit: str, value: float, said: Claim) -> Iterator[Row]:
    for level, at in zip(LEVELS, (said.inner, said.outer), strict=True):
        low, high = (None, None) if at is None else (at.low, at.high)
        yield (label, claim, option, unit, value, level, low, high, (said.why or "") if at is None else "")


def _worth(label: str, claim: str, unit: str, worth: Worth) -> Row:
    return (label, claim, "", unit, worth.people, LEVEL, worth.low, worth.high, "")
