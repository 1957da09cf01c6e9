"""What a pilot teaches about a predicted study: every effect before it, after it, and by its people alone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.metrics.uncertainty import Interval
from socrates_core.trust.calibration import AnswersModel, clipped
from socrates_core.trust.design.advice import not_offered
from socrates_core.trust.design.alone import effect_alone, mean_alone
from socrates_core.trust.design.answers import FewAnswers
from socrates_core.trust.design.pilot import Seen
from socrates_core.trust.design.study import PredictedStudy
from socrates_core.trust.design.update import one_of, updated
from socrates_core.trust.error_model.coverage import What
from socrates_core.trust.error_model.predictive import Predictive
from socrates_core.trust.statement.making import ALIKE

LEVELS: Final = (0.8, 0.95)
NO_INTERVALS: Final = "So there are no intervals before and after, and these people speak alone."
"""Where nothing is said of effects and means; otherwise it is said of which."""
LITTLE_GAIN: Final = (
    "What is known about each person (party, gender, age, education) would add little to this: a perfect use of it is "
    "worth about 7 % more people (2 to 17 %), as these attributes explain that share of the variance of answers in the "
    "bundled experiments of the General Social Survey."
)
"""ω² of a cell-mean model of these four attributes: median 0.063, 0.020 to 0.143; gain 1/(1 − ω²) − 1."""


Pair = tuple[Interval, Interval | None]
"""Intervals at 80 and at 95 %."""


@dataclass(frozen=True)
class Quantity:
    """A true mean or effect of the study, in points, before and after its people answered."""

    what: str
    """`effect` or `mean`."""
    name: str
    """Of the arm or the cell."""
    predicted: float
    people: tuple[int, int]
    """Who answered in the arm and in the control; for a mean, twice its cell's."""
    seen: float | None
    """What the people show; None if nobody answered."""
    before: Pair | None
    """80 and 95 %, the latter None where the error model does not offer it; None where it offers none."""
    after: Pair | None
    """Likewise."""
    alone: Pair | None
    """Of these people's answers alone; None below two people in an arm."""
    middle: float | None
    """Mean of what it may be after the pilot."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """All that a pilot teaches."""

    study: PredictedStudy
    answers: FewAnswers
    quantities: tuple[Quantity, ...]
    """Effects first, then means."""
    notes: tuple[str, ...]


def learn(study: PredictedStudy, few: FewAnswers) -> Learnt:
    """What a pilot teaches about the study's effects and means.

    Outcomes on scales of one family are updated together, since a study's own error is common to them.

    Args:
        study: Predicted.
        few: What people answered, in its cells.
    """
    families: dict[str, list[int]] = {}
    models: dict[str, AnswersModel | None] = {}
    for place, cell in enumerate(study.cells):
        known = study.known_of(cell.outcome)
        families.setdefault(known.family, []).append(place)
        models[known.family] = known.answers
    effects: dict[int, Quantity] = {}
    means: dict[int, Quantity] = {}
    for name, cells in families.items():
        pairs = [number for number, (arm, _) in enumerate(study.pairs) if arm in cells]
        effects |= _effects(study, few, pairs, models[name])
        means |= _means(study, few, cells, models[name])
    quantities = (*(effects[key] for key in sorted(effects)), *(means[key] for key in sorted(means)))
    return Learnt(study, few, quantities, (*few.left_out, *_why_alone(study), LITTLE_GAIN))


def _why_alone(study: PredictedStudy) -> list[str]:
    """Why there are no intervals before and after, of everything or of effects or means alone."""
    told = []
    for cell in study.cells:
        known = study.known_of(cell.outcome)
        if known.answers is None:
            told.append(f"{known.why} {NO_INTERVALS}")
            continue
        several = len({one.condition for one in study.cells if one.outcome == cell.outcome}) > 1
        whats: tuple[What, ...] = ("effect", "mean") if several else ("mean",)
        for what in whats:
            why = known.why_no_effect if what == "effect" else ""
            if why or not known.answers.offered(what, LEVELS[0]):
                why = why or not_offered(known.answers, what)
                told.append(f"{why} So {what}s have no intervals before and after, and these people speak alone.")
        if cell.condition in known.alike:
            told.append(f"{cell.outcome}, {cell.condition}: {ALIKE}, so its effect has no interval before and after.")
    return list(dict.fromkeys(told))


def _effects(
    study: PredictedStudy, few: FewAnswers, numbers: list[int], model: AnswersModel | None
) -> dict[int, Quantity]:
    if not numbers:
        return {}
    pairs, contrasts = [study.pairs[one] for one in numbers], [study.contrasts[one] for one in numbers]
    x = np.array([one.effect for one in contrasts])
    seen = Seen.effects(few.pilot, pairs)
    before = after = None
    outer = model is not None and model.offered("effect", LEVELS[1])
    if model is not None and model.effect is not None and model.offered("effect", LEVELS[0]):
        block = [control for _, control in pairs]
        components = model.effect.error.components
        before, after = (updated(components, x, block, True, one) for one in (None, seen))
    found = {}
    for row, (number, (arm, control)) in enumerate(zip(numbers, pairs, strict=True)):
        alone = [effect_alone(few.pilot, arm, control, level) for level in LEVELS]
        alike = contrasts[row].arm in study.known_of(contrasts[row].outcome).alike
        models = (None, None) if alike else (before, after)
        found[number] = _quantity(
            "effect", contrasts[row].name, contrasts[row].effect, seen.value[row],
            (int(few.pilot.people[arm]), int(few.pilot.people[control])),
            (*models, row, 0.0, 1.0, (-100.0, 100.0), outer), alone,
        )  # fmt: skip
    return found


def _means(study: PredictedStudy, few: FewAnswers, cells: list[int], model: AnswersModel | None) -> dict[int, Quantity]:
    predicted = np.array([float(np.dot(*study.cells[place].places)) for place in cells])
    whole = Seen.means(few.pilot)
    # errors of means are in widths of the scale
    seen = Seen((whole.value[cells] - predicted) / 100, whole.covariance[np.ix_(cells, cells)] / 100**2)
    before = after = None
    outer = model is not None and model.offered("mean", LEVELS[1])
    if model is not None and model.mean is not None and model.offered("mean", LEVELS[0]):
        x = np.ones(len(cells))
        before, after = (updated(model.mean.components, x, range(len(cells)), False, one) for one in (None, seen))
    found = {}
    for row, place in enumerate(cells):
        cell = study.cells[place]
        alone = [mean_alone(few.pilot, place, level) for level in LEVELS]
        people = int(few.pilot.people[place])
        found[place] = _quantity(
            "mean", f"{cell.outcome}: {cell.condition}", float(predicted[row]), whole.value[place], (people, people),
            (before, after, row, float(predicted[row]), 100.0, (0.0, 100.0), outer), alone,
        )  # fmt: skip
    return found


_Models = tuple[Predictive | None, Predictive | None, int, float, float, tuple[float, float], bool]
"""Before, after, which of the responses, what to add, in what unit, where it can lie, and whether its 95 % interval is
offered."""


def _quantity(
    what: str,
    name: str,
    predicted: float,
    seen: float,
    people: tuple[int, int],
    models: _Models,
    alone: list[Interval | None],
) -> Quantity:
    before, after, row, base, unit, ends, outer = models

    def intervals(found: Predictive | None) -> Pair | None:
        if found is None:
            return None
        one = one_of(found, row)
        made = []
        for level in LEVELS:
            low, high = (float(end[0]) for end in one.interval(level))
            made.append(Interval(clipped(base + unit * low, *ends), clipped(base + unit * high, *ends)))
        return made[0], made[1] if outer else None

    middle = None if after is None else clipped(base + unit * float(after.mean[row] @ after.weight), *ends)
    first, second = alone
    return Quantity(
        what=what,
        name=name,
        predicted=predicted,
        people=people,
        seen=None if np.isnan(seen) else float(seen),
        before=intervals(before),
        after=intervals(after),
        alone=None if first is None or second is None else (first, second),
        middle=middle,
    )
