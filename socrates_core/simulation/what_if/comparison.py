"""Compares settings: outcomes are matched by name, conditions by label, and every setting with the first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from socrates_core.errors import SocratesError
from socrates_core.simulation.person_answers import PersonAnswers
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.simulation.what_if.difference import ArmDifference, arm_difference, comparable
from socrates_core.simulation.what_if.naming import named_apart
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, predict_setting
from socrates_core.simulation.whole_study import OutcomeResult


@dataclass(frozen=True, eq=False)
class ArmComparison:
    """One condition in all settings."""

    label: str
    arms: tuple[ArmResult, ...]
    """(S,) the condition in each setting that predicts the outcome."""
    differences: tuple[ArmDifference, ...]
    """(S − 1,) each but the first minus the first."""


@dataclass(frozen=True, eq=False)
class OutcomeComparison:
    """One outcome in the settings that predict it."""

    name: str
    question: str
    """In the first of the settings, shortened to a line."""
    settings: tuple[str, ...]
    """(S,) names of the settings that predict it; the first one is what the others are compared with."""
    arms: tuple[ArmComparison, ...]
    """Conditions that all these settings have, in the order of the first; empty if nothing can be compared."""
    notes: tuple[str, ...]
    """What is left out and why, a sentence each."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Two or more settings side by side."""

    settings: tuple[PredictedSetting, ...]
    """The first one is what the others are compared with."""
    outcomes: tuple[OutcomeComparison, ...]
    """In the order of the first setting."""
    notes: tuple[str, ...]
    """Outcomes that only some settings have."""


def what_if(settings: Sequence[Setting], progress: Callable[[int, int], None] | None = None) -> WhatIf:
    """Predict two or more settings and compare each with the first.

    >>> from socrates_core import load_model, load_studies
    >>> from socrates_core.simulation.what_if.setting import Setting
    >>> study, uniform = load_studies("bundled").select("gss-welfare"), load_model("uniform")
    >>> found = what_if([Setting(study, uniform), Setting(study, uniform)])
    >>> found.outcomes[0].arms[0].differences[0].middle
    Difference(value=0.0, interval=Interval(low=0.0, high=0.0))

    Args:
        settings: Two or more, of different names or none. Their order is that of the report.
        progress: Called with (personas predicted so far, personas in all), as if all settings had as many.

    Raises:
        SocratesError: If there are fewer than two, or two have one name; or as for `simulate_study`.
    """
    predicted = []
    for place, setting in enumerate(settings):
        predicted.append(predict_setting(setting, _share(progress, place, len(settings))))
    return compare_settings(predicted)


def compare_settings(settings: Sequence[PredictedSetting]) -> WhatIf:
    """Compare predictions that hold what every person answers, each with the first; nameless ones become A, B, ….

    Raises:
        SocratesError: If there are fewer than two, or two have one name.
    """
    settings = named_apart(settings)
    names = [one.name for one in settings]
    if len(names) < 2 or len(set(names)) < len(names):
        raise SocratesError(f"a comparison needs two or more settings of different names, got {', '.join(names)}")
    outcomes, notes = [], []
    alone = all(len(one.found) == 1 for one in settings)
    for asked in settings[0].found:
        found = [one.found[0] if alone else _named(one.found, asked.name) for one in settings]
        if all(found):
            outcomes.append(_compare(settings, [one for one in found if one is not None]))
        else:
            lacking = ", ".join(name for name, one in zip(names, found, strict=True) if one is None)
            notes.append(f"The outcome {asked.name!r} has no counterpart of this name in {lacking}.")
    known = {one.name for one in settings[0].found}
    for setting in settings[1:]:
        extra = [] if alone else [one.name for one in setting.found if one.name not in known]
        notes += [f"The outcome {name!r} is in {setting.name} and not in {names[0]}." for name in extra]
    return WhatIf(tuple(settings), tuple(outcomes), tuple(notes))


def _named(found: Sequence[OutcomeResult], name: str) -> OutcomeResult | None:
    return next((one for one in found if one.name.casefold() == name.casefold()), None)


def _compare(settings: Sequence[PredictedSetting], found: Sequence[OutcomeResult]) -> OutcomeComparison:
    """One outcome; `found` has it once for each setting."""
    notes = [
        f"{setting.name} does not predict it. {one.refused}"
        for setting, one in zip(settings, found, strict=True)
        if one.simulation is None
    ]
    there = [(setting, one.simulation) for setting, one in zip(settings, found, strict=True) if one.simulation]
    arms: list[ArmComparison] = []
    if len(there) >= 2:
        arms, told = _arms(there)
        notes += told
    names = tuple(setting.name for setting, _ in there)
    return OutcomeComparison(found[0].name, found[0].outcome.question, names, tuple(arms), tuple(notes))


_Arm = tuple[ArmResult, PersonAnswers]


def _arms(there: Sequence[tuple[PredictedSetting, Simulation]]) -> tuple[list[ArmComparison], list[str]]:
    """The conditions that all settings have, and which are left out."""
    first = there[0][0]
    by_label = [dict(_labelled(simulation)) for _, simulation in there]
    if all(len(arms) == 1 for arms in by_label):
        (label,) = by_label[0]
        by_label = [{label: next(iter(arms.values()))} for arms in by_label]
    shared = [label for label in by_label[0] if all(label in arms for arms in by_label)]
    notes = []
    for (setting, _), arms in zip(there, by_label, strict=True):
        missing = ", ".join(arm.label for label, (arm, _) in arms.items() if label not in shared)
        if missing:
            notes.append(f"In {setting.name}, but not in every setting, so not compared: {missing}.")
    found = []
    for label in shared:
        row = [arms[label] for arms in by_label]
        scales = [arm.cell.scale for arm, _ in row]
        if not all(comparable(one, other) for one, other in pairwise(scales)):
            notes.append(f"{row[0][0].label}: the answer scales differ, so nothing can be subtracted.")
            continue
        if any(scale.labels != scales[0].labels for scale in scales):
            notes.append(f"{row[0][0].label}: the options have other labels; their numbers are compared.")
        same = [setting.population == first.population for setting, _ in there]
        differences = tuple(
            arm_difference(one, row[0], at_home, _generator(there[0][1], row[0][0]))
            for one, at_home in zip(row[1:], same[1:], strict=True)
        )
        found.append(ArmComparison(row[0][0].label, tuple(arm for arm, _ in row), differences))
    return found, list(dict.fromkeys(notes))


def _labelled(simulation: Simulation) -> list[tuple[str, _Arm]]:
    """Label → arm, with what its people answer; case makes no difference."""
    pairs = zip(simulation.arms, simulation.answers, strict=True)
    return [(arm.label.casefold(), (arm, answers)) for arm, answers in pairs]


def _generator(simulation: Simulation, arm: ArmResult) -> np.random.Generator:
    return np.random.default_rng([simulation.request.seed, 5, arm.cell.cell_id])


def _share(progress: Callable[[int, int], None] | None, before: int, of: int) -> Callable[[int, int], None] | None:
    """The progress of one setting as that of all."""
    if progress is None:
        return None
    return lambda done, total: progress(before * total + done, of * total)
