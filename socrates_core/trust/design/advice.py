"""Design advice for a predicted study: people per arm, power, assurance, smallest effects, and what refutes it.

Effects and the numbers behind them are in points: percent of the scale's width. People are those who are asked in an
arm; the control gets `Plan.ratio` times as many.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.errors import SocratesError
from socrates_core.trust.calibration import AnswersModel
from socrates_core.trust.design.assurance import (
    Possible,
    assurance,
    limit,
    people_for_assurance,
    people_to_refute,
    people_to_refute_on_average,
)
from socrates_core.trust.design.contrast import Contrast
from socrates_core.trust.design.family import FamilyPower, Together, family_power
from socrates_core.trust.design.power import (
    MOST_PEOPLE,
    TESTS,
    Answers,
    Sizes,
    Test,
    by_equation_12,
    curve,
    direction_of,
    people_needed,
    sizes_to_draw,
    smallest_effect,
)
from socrates_core.trust.design.study import READ_ALIKE, Known, PredictedStudy
from socrates_core.trust.error_model.coverage import What
from socrates_core.trust.statement.claims import why_not

PEOPLE: Final = 200
"""Asked in each arm, unless a plan says otherwise."""
ALONE: Final = "Power is for the predicted effect alone, as if it were the true one, and there is no assurance."
SHARPENED: Final = "the sharpened ones, which were closer to people's on studies left out; the predicted effects are"
WITHIN: Final = (
    "The study asks the same people in every condition. These figures are for other people in each; the same people "
    "need fewer answers, how many fewer depends on how alike each person's answers are, which is not predicted."
)


@dataclass(frozen=True)
class Plan:
    """What the advice is asked for."""

    test: Test = "wmw"
    alpha: float = 0.05
    """Two-sided level, of the family if there are several effects."""
    power: float = 0.8
    """Wanted."""
    people: int = PEOPLE
    """Asked in each arm."""
    ratio: float = 1.0
    """Asked in the control for each one in an arm."""
    truth: float = 0.0
    """If the true effect is this, in points: how many answers show the prediction wrong."""

    def __post_init__(self) -> None:
        """Refuse what no test is planned with.

        Raises:
            SocratesError: If a number is out of range; names it and what it can be.
        """
        numbers = {
            "alpha": (self.alpha, 0 <= self.alpha < 1, "0 to below 1, usually 0.05"),
            "power": (self.power, 0 < self.power < 1, "above 0 and below 1, usually 0.8"),
            "people": (self.people, 1 <= self.people <= MOST_PEOPLE, f"1 to {MOST_PEOPLE:,}"),
            "ratio": (self.ratio, 0.01 <= self.ratio <= 100, "0.01 to 100"),
            "true effect": (self.truth, -100 <= self.truth <= 100, "−100 to 100 points of the scale's width"),
        }
        for name, (number, fits, allowed) in numbers.items():
            if not math.isfinite(number) or not fits:
                raise SocratesError(f"{name}: expected {allowed}, got {number:g}")
        if self.test not in TESTS:
            raise SocratesError(f"test: expected {' or '.join(TESTS)}, got {self.test!r}")

    @property
    def sizes(self) -> Sizes:
        """Of the arms."""
        return Sizes(self.ratio)


@dataclass(frozen=True)
class Hope:
    """What the error model adds for one effect."""

    low: float
    """The 80 % interval of the true effect, in points."""
    high: float
    assurance: float | None
    """Of so many people as planned; None where no direction is predicted."""
    limit: float | None
    """What it comes to with ever more people."""
    people: int | None
    """In an arm, for an assurance of the wanted power; None if no number has it."""
    refuting_low: int | None
    """People in an arm who show the prediction wrong with the wanted power if the effect lies at that end."""
    refuting_high: int | None
    refuting: int | None
    """With the wanted power on average over all that the effect may be."""
    informs: bool
    """Whether predicted effects made the error model's intervals better, on groups left out, than assuming none."""


@dataclass(frozen=True, eq=False)
class EffectAdvice:
    """Of one arm against its control."""

    contrast: Contrast
    people: int | None
    """In the arm, for the wanted power at the level α; None if there is no such number."""
    people_in_family: int | None
    """At α / C for C effects: enough whatever else Holm's procedure finds."""
    family: FamilyPower
    """At the planned number."""
    smallest: tuple[float | None, float | None]
    """The smallest effects downwards and upwards that the planned number finds with the wanted power, in points."""
    refuting: int | None
    """People in an arm who show the prediction wrong with the wanted power if the true effect is the plan's."""
    equation_12: float | None
    """People in both arms for the Wilcoxon-Mann-Whitney test by equation 12 of Zhao and others (2008), who answer."""
    drawn: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...] | None]
    """Numbers of people in the arm, power, and assurance, for a picture."""
    hope: Hope | None
    why_no_hope: str
    """Empty if there is one."""
    cannot: str
    """Why the effect cannot be detected, in a sentence; empty if it can."""


@dataclass(frozen=True, eq=False)
class Advice:
    """Of a whole study."""

    study: PredictedStudy
    plan: Plan
    effects: tuple[EffectAdvice, ...]
    together: Together | None
    """Of the whole family; None without an effect."""
    notes: tuple[str, ...]


def advise(
    study: PredictedStudy,
    plan: Plan,
    seed: int = 0,
    most: int | None = None,
) -> Advice:
    """All advice for a study. The family is every arm of every outcome against its control.

    >>> from socrates_core import load_model, read_study
    >>> from socrates_core.simulation.whole_study import Sampling, simulate_study
    >>> from socrates_core.study.sources.bundled import BUNDLED_STUDIES
    >>> found = simulate_study(read_study(BUNDLED_STUDIES / "example.yaml"), load_model("uniform"), Sampling(20))
    >>> print(advise(PredictedStudy.of("Labels on a menu", found), Plan(test="welch")).effects[0].cannot)
    Both arms are predicted to answer exactly alike, so there is no effect to detect.

    Args:
        study: Predicted.
        plan: What is asked for.
        seed: Of the simulated families.
        most: Advise on the first so many effects alone, a tenth of a second each; the family is that of all.
    """
    contrasts = study.contrasts
    together = None
    if contrasts:
        rng = np.random.default_rng([seed, 19])
        together = family_power(plan.test, contrasts, plan.people, plan.alpha, plan.sizes, rng)
    effects = tuple(
        _advise(one, plan, study.known_of(one.outcome), len(contrasts), of)
        for one, of in list(zip(contrasts, together.of_each if together else (), strict=True))[:most]
    )
    notes = [WITHIN] if study.within else []
    notes += [sharpened_words(study)] if study.sharpened else []
    if len(effects) < len(contrasts):
        notes.append(
            f"The first {len(effects)} of {len(contrasts)} effects are shown; `socrates design` advises on all."
        )
    if any(min(one.answering) < 1 for one in contrasts):
        notes.append("Numbers are of people who are asked; those predicted to answer off the axis are counted as lost.")
    return Advice(study, plan, effects, together, tuple(notes))


def sharpened_words(study: PredictedStudy) -> str:
    """For which outcomes, one or more, the predicted answers are sharpened ones and not the model's own."""
    if {cell.outcome for cell in study.cells} <= set(study.sharpened):
        return f"Predicted answers are {SHARPENED} theirs too."
    named = " and ".join(filter(None, [", ".join(study.sharpened[:-1]), study.sharpened[-1]]))
    return (
        f"Predicted answers of {named} are {SHARPENED} theirs too. Those of other outcomes are as the model gives them."
    )


def _advise(contrast: Contrast, plan: Plan, known: Known, family: int, of: FamilyPower) -> EffectAdvice:
    test, alpha, sizes = plan.test, plan.alpha, plan.sizes
    cannot = why_not_detected(contrast, plan)
    needed = in_family = None
    if not cannot:
        needed = people_needed(test, contrast, alpha, plan.power, sizes)
        in_family = people_needed(test, contrast, alpha / family, plan.power, sizes)
        if needed is None:
            cannot = f"Even {MOST_PEOPLE:,} people in each arm would not show an effect as small as the predicted one."
    possible, hope, why = None, None, known.why
    if known.answers is not None:
        model = known.answers.effect
        if contrast.arm in known.alike:
            why = READ_ALIKE
        elif model is None or not known.answers.offered("effect", 0.8):
            why = known.why_no_effect or not_offered(known.answers, "effect")
        else:
            possible = Possible.of(contrast, model.error.predict(contrast.effect))
            at = model.interval(contrast.effect, 0.8)
            hope = _hope(contrast, plan, possible, at, known.answers.knows_effects)
    down, up = (
        smallest_effect(test, contrast, plan.people, alpha, plan.power, sizes, way) if alpha > 0 else None
        for way in (-1, 1)
    )
    equal = contrast.answering == (1.0, 1.0) and not cannot
    share = 1 / (1 + plan.ratio)
    return EffectAdvice(
        contrast=contrast,
        people=needed,
        people_in_family=in_family,
        family=of,
        smallest=(down, up),
        refuting=people_to_refute(contrast, plan.truth, alpha, plan.power, sizes),
        equation_12=by_equation_12(contrast, alpha, plan.power, share) if equal and test == "wmw" else None,
        drawn=_drawn(contrast, plan, possible, needed),
        hope=hope,
        why_no_hope="" if hope is not None else f"{why} {ALONE}",
        cannot=cannot,
    )


def not_offered(answers: AnswersModel, what: What) -> str:
    """Why an error model offers no interval of means or effects, as a sentence."""
    return f"Nothing can be said of how far off {what}s are: {why_not(answers, what, 0.8)}."


def why_not_detected(contrast: Contrast, plan: Plan) -> str:
    """Why no number of people can show the predicted effect, in a sentence; empty if some can."""
    if plan.alpha == 0:
        return "With an alpha of 0 no test finds anything: choose one above 0, usually 0.05."
    if np.allclose(contrast.treated, contrast.untreated, rtol=0, atol=1e-12):
        return "Both arms are predicted to answer exactly alike, so there is no effect to detect."
    if direction_of(plan.test, contrast) == 0:
        compared = "means" if plan.test == "welch" else "chances of the higher answer"
        return f"The predicted {compared} of both arms are equal, so this test has no effect to detect."
    answers = Answers.of(contrast, contrast.treated[None])
    if plan.test == "welch" and answers.variances[0][0] + answers.variances[1] < 1e-9:
        return "In both arms everybody is predicted to give one answer; without variation there is no Welch's test."
    return ""


def _hope(contrast: Contrast, plan: Plan, possible: Possible, at: tuple[float, float], informs: bool) -> Hope:
    test, alpha, sizes = plan.test, plan.alpha, plan.sizes
    low, high = at
    planned = assurance(test, contrast, possible, np.array([float(plan.people)]), alpha, sizes)
    edges = [people_to_refute(contrast, end, alpha, plan.power, sizes) for end in (low, high)]
    return Hope(
        low=low,
        high=high,
        assurance=None if planned is None else float(planned[0]),
        limit=limit(test, contrast, possible),
        people=people_for_assurance(test, contrast, possible, alpha, plan.power, sizes),
        refuting_low=edges[0],
        refuting_high=edges[1],
        refuting=people_to_refute_on_average(contrast, possible, alpha, plan.power, sizes),
        informs=informs,
    )


def _drawn(
    contrast: Contrast, plan: Plan, possible: Possible | None, needed: int | None
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...] | None]:
    """The curves, to where the wanted power or the planned number is well passed."""
    n = sizes_to_draw(max(4.0 * plan.people, min(3.0 * (needed or 0), 1e5)))
    hoped = None
    if possible is not None:
        found = assurance(plan.test, contrast, possible, n, plan.alpha, plan.sizes)
        hoped = None if found is None else tuple(found.tolist())
    return tuple(n.tolist()), tuple(curve(plan.test, contrast, n, plan.alpha, plan.sizes).tolist()), hoped
