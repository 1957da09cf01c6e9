"""Design advice and pilots in sentences and tables, the same on the page, in the terminal and in files."""

from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Table
from socrates_core.report.words import percent, signed
from socrates_core.trust.design.advice import Advice, EffectAdvice, Hope, Plan
from socrates_core.trust.design.contrast import ANOTHER_EFFECT
from socrates_core.trust.design.family import HOW_SIMULATED
from socrates_core.trust.design.learnt import Learnt, Pair, Quantity
from socrates_core.trust.design.power import LEAST_PEOPLE, MOST_PEOPLE, TESTS

PREDICTED_ONLY: Final = (
    "All figures come from predicted answers: they are as right as the prediction, and no substitute for a pilot."
)
COUNTS: Final = (
    "A test counts as finding the effect if it is significant (two-sided) and points in the predicted direction."
)
UNEQUAL_ARMS: Final = (
    "With arms of unequal size and answers that pile up at one end, Welch's power is up to 5 points too high; that of "
    "the Wilcoxon-Mann-Whitney test is not."
)
APPROXIMATE: Final = "Below 10 people in an arm the formulas are rough."


def plan_words(plan: Plan) -> str:
    """`Wilcoxon-Mann-Whitney test, two-sided α 0.05, wanted power 80 %, 200 people in each arm`."""
    control = f", {plan.ratio:g} times as many in the control" if plan.ratio != 1 else ""
    return (
        f"{TESTS[plan.test]}, two-sided α {plan.alpha:g}, wanted power {_whole(plan.power)}, {_asked(plan)} asked in "
        f"each arm{control}"
    )


def sentences(of: EffectAdvice, advice: Advice) -> list[str]:
    """What is advised for one effect, the answer to "how many people" first."""
    plan, family = advice.plan, len(advice.study.pairs)
    said = [_needed(of, plan)]
    if not of.cannot:
        said += [*_in_family(of, family), _planned(of, plan, family)]
    if of.hope is not None:
        said.append(_hoped(of.hope, plan))
    down, up = of.smallest
    found = " or ".join(f"{signed(one)}" for one in (down, up) if one is not None)
    if plan.alpha > 0:
        said.append(
            f"The smallest effect that {_asked(plan)} in each arm find with {_whole(plan.power)} power is "
            f"{found} % of the scale."
            if found
            else f"With {_asked(plan)} in each arm no effect that this scale allows is found with "
            f"{_whole(plan.power)} power."
        )
    return [*said, *_refuted(of, plan)]


def _asked(plan: Plan) -> str:
    return "1 person" if plan.people == 1 else f"{plan.people:,} people"


def _needed(of: EffectAdvice, plan: Plan) -> str:
    effect = f"{signed(of.contrast.effect)} % of the scale"
    if of.cannot:
        return f"The predicted effect is {effect}. It cannot be detected: {of.cannot[:1].lower()}{of.cannot[1:]}"
    return f"{of.people:,} people in each arm find the predicted effect, {effect}, with {_whole(plan.power)} power."


def _in_family(of: EffectAdvice, family: int) -> list[str]:
    if family == 1:
        return []
    many = f"{of.people_in_family:,} are" if of.people_in_family else f"more than {MOST_PEOPLE:,} are"
    return [f"It is one of {family} effects: under Holm's procedure {many} enough, whatever else is found."]


def _planned(of: EffectAdvice, plan: Plan, family: int) -> str:
    if plan.people < LEAST_PEOPLE:
        return "With 1 person in each arm there is no test: nobody could tell how answers vary."
    told = f"With {plan.people:,} in each arm, power is {_chance(of.family.most)}"
    if family == 1:
        return f"{told}."
    return (
        f"{told} for this effect alone and {_chance(of.family.simulated)} under Holm's procedure over {family} effects "
        f"(simulated; at least {_chance(of.family.least)})."
    )


def _hoped(hope: Hope, plan: Plan) -> str:
    interval = f"The error model's 80 % interval of the true effect is {signed(hope.low)} to {signed(hope.high)}."
    if not hope.informs:
        interval += " On studies left out, predicted effects were no better than assuming none."
    if hope.assurance is None or hope.limit is None:
        return f"{interval} Without a predicted direction there is no assurance."
    many = (
        f"{hope.people:,} people in each arm have an assurance of {_whole(plan.power)}."
        if hope.people
        else f"No number of people has an assurance of {_whole(plan.power)}."
    )
    return (
        f"{interval} Assurance, power averaged over all that the effect may be, is {_chance(hope.assurance)} with "
        f"{plan.people:,} in each arm. With ever more people it rises to {_chance(hope.limit)}, the probability that "
        f"the effect has the predicted direction. {many}"
    )


def _refuted(of: EffectAdvice, plan: Plan) -> list[str]:
    if plan.alpha == 0:
        return []
    truth = "there is no effect" if plan.truth == 0 else f"the effect is {signed(plan.truth)}"
    said = (
        f"If {truth}, {of.refuting:,} people in each arm show the prediction wrong with {_whole(plan.power)} power."
        if of.refuting
        else f"If {truth}, no number of people shows the prediction wrong."
    )
    if of.hope is None:
        return [said]
    hope = of.hope
    ends = [
        f"{people:,} at the {end}"
        for people, end in ((hope.refuting_low, "lower"), (hope.refuting_high, "upper"))
        if people is not None
    ]
    said += f" If it lies at an end of the 80 % interval: {' and '.join(ends)}." if ends else ""
    if hope.refuting is not None:
        said += f" On average over what it may be: {hope.refuting:,}."
    return [said]


def effects_table(advice: Advice) -> Table:
    """A row for each effect."""
    plan, family = advice.plan, len(advice.study.pairs) > 1
    hoped = any(of.hope is not None for of in advice.effects)
    header = ["Effect", "Predicted effect", f"People in each arm for {_whole(plan.power)} power"]
    header += ["… under Holm's procedure"] if family else []
    header += [f"Power with {plan.people:,}"] + (["… under Holm's procedure"] if family else [])
    header += ["Assurance (at most)"] if hoped else []
    header += ["Smallest effect found"]
    rows = []
    for of in advice.effects:
        row = [of.contrast.name, signed(of.contrast.effect), _number(of.people)]
        row += [_number(of.people_in_family)] if family else []
        row += [_chance(of.family.most)] + ([_chance(of.family.simulated)] if family else [])
        row += [_assurance(of)] if hoped else []
        ends = [signed(one) for one in of.smallest if one is not None]
        rows.append((*row, " or ".join(ends) or "none"))
    return Table(tuple(header), tuple(rows))


def notes(advice: Advice) -> list[str]:
    """How to read it."""
    unknown = dict.fromkeys(of.why_no_hope for of in advice.effects if of.why_no_hope)
    told = [PREDICTED_ONLY, *unknown, COUNTS, ANOTHER_EFFECT, APPROXIMATE]
    if advice.plan.test == "welch" and advice.plan.ratio != 1:
        told.append(UNEQUAL_ARMS)
    if len(advice.study.pairs) > 1 and advice.together is not None:
        one, every = _chance(advice.together.one), _chance(advice.together.all)
        found = f"One or more effects are found with probability {one}, all with {every}."
        told.insert(2 + len(unknown), f"{HOW_SIMULATED} {found}")
    return [*told, *advice.notes, *(f"{name}: {why}." for name, why in advice.study.refused)]


# -- a pilot -----------------------------------------------------------------------------------------------------


def pilot_table(learnt: Learnt) -> Table:
    """A row for each effect and mean: before and after, where an error model is there, and these people alone."""
    known = any(one.before is not None for one in learnt.quantities)
    header = ["Effect or mean, % of the scale", "People", "Predicted", "They show"]
    header += ["Before (80 %)", "After (80 %)"] if known else []
    rows = []
    for one in learnt.quantities:
        row = [one.name, _people(one), _value(one, one.predicted), _seen(one)]
        row += [_at(one, one.before), _at(one, one.after)] if known else []
        rows.append((*row, _at(one, one.alone)))
    return Table((*header, "These people alone (80 %)"), tuple(rows))


def pilot_sentences(learnt: Learnt) -> list[str]:
    """What was learnt, an effect a sentence; of means where there is no effect."""
    effects = [one for one in learnt.quantities if one.what == "effect"] or list(learnt.quantities)
    return [_learnt(one) for one in effects]


def _learnt(one: Quantity) -> str:
    if one.seen is None:
        return f"{one.name}: nobody answered{' one of its arms' if one.what == 'effect' else ''}."
    said = f"{one.name}: {_people(one)} people show {_value(one, one.seen)} % of the scale"
    if one.before is None or one.after is None:
        return f"{said}{'' if one.alone is None else f' (80 % interval {_ends(one, one.alone[0])})'}."
    widths = [at[0].high - at[0].low for at in (one.before, one.after)]
    changed = f"80 % interval {_ends(one, one.before[0])} before, {_ends(one, one.after[0])} after"
    share = f"{100 * widths[1] / widths[0]:.0f} % as wide" if widths[0] > 0 else "no wider"
    if one.alone is None:
        return f"{said}; {changed} ({share}). By themselves they cannot say: that takes two people in each arm."
    return f"{said}; {changed} ({share}); these people alone {_ends(one, one.alone[0])}."


def _value(one: Quantity, number: float) -> str:
    return signed(number) if one.what == "effect" else f"{number:.1f}"


def _people(one: Quantity) -> str:
    return f"{one.people[0]:,}" if one.what == "mean" else f"{one.people[0]:,} and {one.people[1]:,}"


def _seen(one: Quantity) -> str:
    return "none" if one.seen is None else _value(one, one.seen)


def _at(one: Quantity, found: Pair | None) -> str:
    return "can't say" if found is None else _ends(one, found[0])


def _ends(one: Quantity, at: Interval) -> str:
    return f"{_value(one, at.low)} to {_value(one, at.high)}"


def _assurance(of: EffectAdvice) -> str:
    hope = of.hope
    if hope is None or hope.assurance is None or hope.limit is None:
        return "none"
    return f"{_chance(hope.assurance)} ({_chance(hope.limit)})"


def _number(people: int | None) -> str:
    return "cannot be detected" if people is None else f"{people:,}"


def _chance(share: float) -> str:
    """A probability as percent; never 100 % unless it is 1."""
    return "above 99.9 %" if 0.9995 <= share < 1 else percent(share)


def _whole(share: float) -> str:
    return f"{100 * share:g} %"
