"""How far off the difference between settings may be, as sentences, a table and JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from socrates_core.evaluation.results.json_file import as_json as plain
from socrates_core.report.document import Table
from socrates_core.report.trust.tables import effect_ends, ends
from socrates_core.report.trust.which import raw_words
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.what_if.comparison import OutcomeComparison, WhatIf
from socrates_core.simulation.what_if.naming import short
from socrates_core.simulation.what_if.setting import PredictedSetting
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.trust.statement.change import SAME, ChangeStatement, changes_of
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.record import Claim


@dataclass(frozen=True)
class SettingChange:
    """What is said of one setting minus the first, of one outcome."""

    setting: str
    first: str
    conditions: tuple[ChangeStatement, ...]
    calibrated: bool
    """Whether what is said is of calibrated answers, of one of the settings at least."""


OF_CALIBRATED: Final = (
    "True means and differences are said of calibrated answers; means, shares and W of the settings are of raw ones, "
    "as the model gives them."
)


def changes(found: WhatIf, outcome: OutcomeComparison) -> tuple[SettingChange, ...]:
    """Of every setting but the first that predicts the outcome; empty if nothing can be compared."""
    if not outcome.arms:
        return ()
    settings = {one.name: one for one in found.settings}
    first, *others = (settings[name] for name in outcome.settings)
    asked, control = _predicted(first, outcome)
    told = []
    for place, setting in enumerate(others, start=1):
        made, simulation = _predicted(setting, outcome)
        pairs = [(one.arms[0], one.arms[place]) for one in outcome.arms]
        same = setting.population == first.population
        question = made.outcome.question == asked.outcome.question
        of = any(raw_words(trust(one), "both") for one in (control, simulation))
        said = changes_of(control, simulation, pairs, same, question)
        told.append(SettingChange(setting.name, first.name, said, of))
    return tuple(told)


def change_sentences(told: Sequence[SettingChange]) -> list[str]:
    """One for each setting but the first: where the true difference lies, or why that is not said; and what all this
    is said of, where it is not of the answers that the other figures are of.
    """
    claimed = any(claim.inner or claim.outer for one in told for row in one.conditions for claim in _claims(row))
    return [*map(_sentence, told), *([OF_CALIBRATED] if claimed and any(one.calibrated for one in told) else [])]


def change_table(told: Sequence[SettingChange]) -> Table | None:
    """True means of the settings and true differences, a row for each condition; None where nothing is claimed."""
    claims = [claim for one in told for row in one.conditions for claim in _claims(row)]
    if all(claim.inner is None for claim in claims):
        return None
    first = short(told[0].first)
    header = ["Condition", f"{first}: true mean, 80 %"]
    header += [f"{short(one.setting)}: true mean, 80 %" for one in told]
    differing = any(row.claim.why != SAME for one in told for row in one.conditions)
    header += [f"{short(one.setting)} − {first}, true, 80 %" for one in told] * differing
    rows = []
    for place, row in enumerate(told[0].conditions):
        others = [one.conditions[place] for one in told]
        means = [ends(claim.inner, 2) for claim in (row.first, *(one.other for one in others))]
        differences = ["none" if one.claim.why == SAME else effect_ends(one.claim.inner) for one in others]
        rows.append((row.condition, *means, *differences * differing))
    return Table(tuple(header), tuple(rows))


def changes_json(told: Sequence[SettingChange]) -> list[dict[str, Any]]:
    """Intervals are [low, high]: of means in the scale's own numbers, of differences in percent of its width."""
    return [
        {"setting": one.setting, "said": _sentence(one), "conditions": [plain(row) for row in one.conditions]}
        for one in told
    ]


def _claims(row: ChangeStatement) -> tuple[Claim, Claim, Claim]:
    return row.first, row.other, row.claim


def _predicted(setting: PredictedSetting, outcome: OutcomeComparison) -> tuple[OutcomeResult, Simulation]:
    """The outcome in a setting; where the settings have one outcome each, that one, whatever its name."""
    same = (one for one in setting.found if one.name.casefold() == outcome.name.casefold())
    found = next(same, setting.found[0])
    assert found.simulation is not None
    return found, found.simulation


def _sentence(told: SettingChange) -> str:
    names = f"{short(told.setting)} and {short(told.first)}"
    if all(row.claim.why == SAME for row in told.conditions):
        return f"In truth {names} do not differ: {SAME}. What differs here is chance or the model."
    claimed = [row for row in told.conditions if row.claim.inner is not None and row.predicted is not None]
    if not claimed:
        why = next(row.claim.why for row in told.conditions if row.claim.why != SAME)
        return f"Where the true difference between {names} lies is not said, because {why}."
    row = max(claimed, key=lambda one: abs(one.predicted or 0.0))
    return (
        f"With a probability of 80 %, {short(told.setting)} minus {short(told.first)} in {row.condition} is truly "
        f"{effect_ends(row.claim.inner)} % of the scale's width (error of the model included)."
    )
