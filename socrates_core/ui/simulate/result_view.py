"""A result as HTML: the verdict, the metrics with explanations, and the tables.

The plots are made by plotly; the tables of options and of conditions are their text alternative.
"""

from typing import Final

from markupsafe import Markup

from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import TRUSTED_MASS
from socrates_core.people.edit import describe
from socrates_core.report.effect_table import (
    EXPLAIN_BOUNDS,
    answers_sentence,
    mass_by_kind,
    nominal_sentence,
    off_axis_sentence,
    shares_by_option,
)
from socrates_core.report.markup import joined, markup
from socrates_core.report.trust.distance import comparable_of
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import from_to, percent, signed
from socrates_core.simulation.result import ArmResult, EffectRow, Score, Simulation
from socrates_core.trust.statement.finding import trust
from socrates_core.trust.statement.record import Statement
from socrates_core.ui.html import bar, metric, table
from socrates_core.ui.simulate.number_view import (
    bins_html,
    effect_html,
    head_html,
    medians_html,
    number_metrics_html,
    of_given,
    row_html,
)

SAME: Final = 1e-9
"""Distances that differ by less are equal up to rounding."""

IN_VIEW: Final = 21
"""Options whose table is not folded away."""

IN_A_LINE: Final = 3
"""Effects that the verdict lists."""

VERDICT_MARKS: Final = {
    "within_chance": ("good", "Within chance"),
    "beyond_chance": ("weak", "Beyond chance"),
    "better_than_uniform": ("fair", "Better than uniform"),
    "like_uniform": ("weak", "No better than uniform"),
    "worse_than_uniform": ("bad", "Worse than uniform"),
    "too_few": ("open", "Too few people"),
}
"""Verdict → its colour class and a label of two to four words."""

EXPLAIN_DISTANCE: Final = (
    "How far, on average, answers have to be moved along the scale to turn the predicted distribution into the actual "
    "one, as a share of the width of the scale. 0 is a perfect match, 1 puts all answers at opposite ends. The "
    "interval shows how much W would vary with another sample of people and of simulated people."
)
EXPLAIN_FLOOR: Final = (
    "The W that a perfect prediction would score on average, because the number of answers is limited. A W close to it "
    "is indistinguishable from a perfect prediction."
)
EXPLAIN_UNIFORM: Final = (
    "The W of guessing evenly: every option gets the same share. A prediction that is not closer than this carries no "
    "information about the answers."
)
EXPLAIN_HALVES: Final = (
    "The W that a second survey of as many people would score as a prediction of this one, estimated from random "
    "halves of the answers. A prediction that is closer matches these answers better than such a survey would."
)
EXPLAIN_BASE: Final = (
    "The W of the same model without its adapter, for the same people, settings and seed: what the adapter is worth "
    "here. “Base, adapter, uniform” above the result shows the three predictions with the differences between them."
)
EXPLAIN_CALIBRATED: Final = (
    "The same distance for the calibrated answers: raw ones changed as made answers of left-out studies likeliest. W "
    "to expect and its bound, under “How far off it may be”, are of this one, not of the raw answers."
)
EXPLAIN_PEOPLE: Final = (
    "How many human answers the prediction is compared with, and how many people were simulated. People with the same "
    "profile get the same prediction, so the model is asked once per distinct profile."
)
EXPLAIN_OFF_AXIS: Final = (
    "The share of all people who choose an option that has no place on the scale, such as “don't know”. Distances, "
    "means and effects are about the others."
)
EXPLAIN_NOMINAL: Final = (
    "The options have no order, so there is no Wasserstein distance. Total variation is the share of people that would "
    "have to answer otherwise for the prediction to be right: 0 is a perfect match, 1 nothing in common."
)
EXPLAIN_MEAN: Final = "The average answer in points of the scale."
EXPLAIN_SPREAD: Final = (
    "The standard deviation in points of the scale: how much answers vary. Language models often predict too little "
    "variation between people."
)


def verdict_html(result: Simulation) -> Markup:
    """The verdict in a sentence, the request it belongs to, and warnings."""
    arm, request = result.arms[0], result.request
    who = "; ".join(describe(edit) for edit in request.edits)
    judged = arm.score.verdict if arm.score else arm.numbers.score if arm.numbers else None
    decoding = f"temperature {request.temperature:g}" + (f", top-p {request.top_p:g}" if request.top_p < 1 else "")
    details = [
        f"{arm.n_predicted:,} simulated people",
        f"edited: {who}" if who else "profiles as observed",
        decoding,
        f"seed {request.seed}",
        f"model {result.model.name}" + (f" + {result.model.adapter}" if result.model.adapter else ""),
    ]
    alone = "By total variation" if arm.nominal is not None else "Prediction only"
    tone, name = VERDICT_MARKS[judged.code] if judged else ("open", alone)
    sentence = judged.sentence if judged else _alone(arm)
    if arm.off_axis is not None and arm.nominal is None:
        sentence += f" {off_axis_sentence(arm)}"
    title = " ".join(result.study.title.split()).removesuffix(" (paraphrased)")
    return markup(
        "<section class='verdict tone-{{ tone }}' aria-live='polite'><h2>{{ title }}</h2><p class='arm'>{{ arm }}</p>"
        "<p class='sentence'><span class='mark'>{{ name }}</span>{{ sentence }}</p>{{ effects }}"
        "<p class='request'>{{ details }}</p>{{ warnings }}</section>",
        tone=tone, title=title, arm=arm.cell.condition_label, name=name, sentence=sentence,
        effects=_effects_line(result), details=" · ".join(details), warnings=_warnings(result),
    )  # fmt: skip


def metrics_html(arm: ArmResult, base: ArmResult | None = None, said: Statement | None = None) -> Markup:
    """The figures of one condition, each with an explanation.

    Args:
        arm: The condition.
        base: The same as predicted by the model without its adapter; None where that is not known.
        said: Of how far off the outcome may be, whose first condition this is; None if it is not shown beside.
    """
    if arm.numbers is not None:
        return number_metrics_html(arm, arm.numbers)
    score = arm.score
    metrics = []
    raw = "" if said is None else raw_words(said, ", raw")
    if score is not None:
        plain = base.score if base is not None else None
        far = said.arms[0].distance if said is not None and raw else None
        others = (plain.interval.high if plain else 0, far.observed if far else 0, 1e-9)
        widest = max(score.uniform, score.interval.high, score.noise_floor, *others)
        metrics += [
            metric(f"Wasserstein distance (W){raw}", f"{score.wasserstein:.3f}",
                   f"95 % interval {from_to(score.interval, '–')}", EXPLAIN_DISTANCE,
                   bar(score.wasserstein / widest, "predicted", score.interval, widest)),
            metric("Noise floor", f"{score.noise_floor:.3f}", f"W of a perfect prediction with {_effective(arm)}",
                   EXPLAIN_FLOOR, bar(score.noise_floor / widest, "neutral")),
            metric("Uniform baseline", f"{score.uniform:.3f}", _gain_words(score), EXPLAIN_UNIFORM,
                   bar(score.uniform / widest, "neutral")),
        ]  # fmt: skip
        if said is not None and raw:
            metrics.insert(1, _calibrated(said, widest))
        if score.split_half is not None:
            drawn = bar(score.split_half / widest, "neutral")
            below = "W of a second survey of as many people"
            metrics.append(metric("Human split-half", f"{score.split_half:.3f}", below, EXPLAIN_HALVES, drawn))
        if plain is not None:
            drawn = bar(plain.wasserstein / widest, "neutral", plain.interval, widest)
            below = f"95 % interval {from_to(plain.interval, '–')}; with adapter {score.wasserstein:.3f}"
            metrics.append(metric("Base without adapter", f"{plain.wasserstein:.3f}", below, EXPLAIN_BASE, drawn))
    if arm.nominal is not None:
        found = arm.nominal
        beside = f"a perfect prediction {found.noise_floor:.3f}, guessing evenly {found.uniform:.3f}"
        metrics.append(metric("Total variation", f"{found.total_variation:.3f}", beside, EXPLAIN_NOMINAL))
    actual = arm.actual
    simulated = (
        f"{arm.n_predicted:,} simulated people ({arm.n_personas:,} distinct profile{'s' * (arm.n_personas != 1)})"
    )
    metrics += [
        metric("Actual answers", f"{arm.n_actual:,}", f"{of_given(arm)}compared with {simulated}",
               f"{EXPLAIN_PEOPLE} {answers_sentence(arm)}".strip()),
    ]  # fmt: skip
    if not arm.cell.scale.nominal:
        unit = arm.cell.scale.unit
        spread = _beside(unit * actual.sd if actual else None)
        metrics += [
            metric(f"Mean{raw}", f"{arm.predicted_mean:.2f}", _beside(arm.actual_mean), EXPLAIN_MEAN),
            metric(f"Standard deviation{raw}", f"{unit * arm.predicted.sd:.2f}", spread, EXPLAIN_SPREAD),
        ]
    if arm.off_axis is not None:
        beside = "predicted; no actual answers"
        if arm.actual_off_axis is not None:
            beside = f"predicted, actual {percent(arm.actual_off_axis)}"
        metrics.append(metric("Off the axis", percent(arm.predicted_off_axis), beside, EXPLAIN_OFF_AXIS))
    return markup("<div class='tiles'>{{ tiles }}</div>", tiles=joined(metrics))


def options_html(arm: ArmResult, raw: str = "") -> Markup:
    """Predicted and actual share of every option: the histogram as a table; `raw` tells the predicted ones from
    calibrated ones, where there are any.
    """
    if arm.open_ended:
        return bins_html(arm)
    rows = []
    for answer, label, ours, theirs in shares_by_option(arm):
        name = markup("<b>{{ answer }}</b>{% if label %} {{ label }}{% endif %}", answer=answer, label=label)
        beside = [] if theirs is None else [percent(theirs), f"{signed(100 * (ours - theirs))} pt"]
        rows.append(row_html(name, percent(ours), *beside))
    head = head_html("Answer", f"Predicted{raw}", *(("Actual", "Difference") if arm.actual else ()))
    return markup(
        "{% if many > most %}<details class='fold'><summary>All {{ many }} options as a table</summary>{{ shares }}"
        "</details>{% else %}<h3>Shares by option</h3>{{ shares }}{% endif %}",
        many=len(rows), most=IN_VIEW, shares=table("Shares of answers by option", head, rows),
    )  # fmt: skip


def effects_html(result: Simulation) -> Markup:
    """Mean, effect and W of every condition; effects are differences from the control."""
    if len(result.arms) == 1:
        return _quiet("This outcome was measured in one condition only, so there is no effect to show.")
    if result.arms[0].open_ended:
        return medians_html(result)
    if not result.effects:
        return _quiet("The options have no order, so conditions have no means to compare.")
    said = trust(result)
    raw = raw_words(said, ", raw")
    head = head_html(
        "Condition", f"Predicted mean{raw}", "Actual mean", f"Predicted effect{raw}", "Actual effect", f"W{raw}",
        *(["W, calibrated"] if raw else []),
    )  # fmt: skip
    effects = {row.cell.cell_id: row for row in result.effects}
    rows = [
        _arm_row(arm, effects.get(arm.cell.cell_id), _calibrated_w(said, place) if raw else "")
        for place, arm in enumerate(result.arms)
    ]
    return markup(
        "{{ means }}<p class='quiet'>An effect is a condition's mean minus that of the control, <b>{{ control }}</b>, "
        "in percent of the width of the scale, with a 95 % interval. The interval of a predicted effect reflects "
        "sampling only, not the error of the model.{% if bounds %} {{ bounds }}{% endif %}</p>",
        means=table("Means and effects by condition", head, rows), control=result.control.condition_label,
        bounds=EXPLAIN_BOUNDS if any(row.off_axis for row in result.effects) else "",
    )  # fmt: skip


def _arm_row(arm: ArmResult, effect: EffectRow | None, calibrated: str) -> Markup:
    """A condition's row; `effect` is None for the control, `calibrated` empty where there is no such column."""
    label = arm.cell.condition_label
    name = markup(
        "{{ label }}{% if share %}<small>{{ share }}</small>{% endif %}", label=label, share=_off_axis_share(arm)
    )
    means = f"{arm.predicted_mean:.2f}", "–" if arm.actual_mean is None else f"{arm.actual_mean:.2f}"
    effects: tuple[str, str] = "control", "control"
    if effect is not None:
        bounds = effect.off_axis
        effects = (
            _effect(effect.predicted, effect.predicted_interval, bounds.predicted if bounds else None),
            _effect(effect.actual, effect.actual_interval, bounds.actual if bounds else None),
        )
    distance = f"{arm.score.wasserstein:.3f}" if arm.score else "–"
    return row_html(name, *means, *effects, distance, *([calibrated] if calibrated else []))


def notes_html(result: Simulation) -> Markup:
    """The notes of a result as a list; empty where there are none."""
    notes = list(result.notes)
    for one in result.arms:
        told = answers_sentence(one)
        notes += [told if len(result.arms) == 1 else f"{one.cell.condition_label}: {told}"] if told else []
    return markup(
        "{% if notes %}<div class='notes'><h3>Notes</h3><ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>"
        "</div>{% endif %}",
        notes=notes,
    )


def _quiet(words: str) -> Markup:
    return markup("<p class='quiet'>{{ words }}</p>", words=words)


def _calibrated(said: Statement, widest: float) -> Markup:
    """W of the calibrated answers: the one that the bound speaks of."""
    found, bound = said.arms[0].distance, None if said.distance is None else said.distance.inner
    below = "nothing bounds it" if bound is None else f"at most {bound:.2f} with a probability of 80 %"
    if found is not None and found.inner is not None:
        below += ": inside" if found.inner else ": outside"
    drawn = None if found is None else bar(found.observed / widest, "predicted")
    return metric(
        "W, calibrated", _calibrated_w(said, 0), below, f"{EXPLAIN_CALIBRATED} {comparable_of(said)}".strip(), drawn
    )


def _calibrated_w(said: Statement, place: int) -> str:
    found = said.arms[place].distance
    return "–" if found is None else f"{found.observed:.3f}"


def _effects_line(result: Simulation) -> Markup:
    """The effects of up to three conditions in a line, the shown one first; a table further down has all of them."""
    shown = result.arms[0].cell.cell_id
    rows = sorted(result.effects, key=lambda row: row.cell.cell_id != shown)
    if not rows:
        return Markup()
    of, unit, digits = (
        (", in the median", "", 0) if result.arms[0].open_ended else (", in % of the scale", "\u00a0%", 1)
    )
    effects = []
    for row in rows[:IN_A_LINE]:
        actual = None if row.actual is None else signed(row.actual, digits)
        effects.append((row.cell.condition_label, signed(row.predicted, digits), actual))
    return markup(
        "<p class='effects-line'>{{ whose }} against the control, <b>{{ control }}</b>{{ of }}"
        "{% for label, ours, actual in effects %} · {{ label }}: predicted{{ raw }} <b>{{ ours }}{{ unit }}</b>"
        "{% if actual is not none %}, actual <b>{{ actual }}{{ unit }}</b>{% endif %}{% endfor %}"
        "{% if more > 0 %} · {{ more }} more below{% endif %}</p>",
        whose="Effect" if len(rows) == 1 else "Effects", control=result.control.condition_label, effects=effects,
        of=of, raw=raw_words(trust(result), " (raw)"), unit=unit, more=len(rows) - IN_A_LINE,
    )  # fmt: skip


def _alone(arm: ArmResult) -> str:
    if arm.nominal is not None:
        return nominal_sentence(arm, arm.nominal)
    if arm.actual is None:
        return f"There is no comparison with actual answers. {arm.unscored}"
    return str(arm.unscored)


def _warnings(result: Simulation) -> Markup:
    arm, warnings, facts = result.arms[0], [], []
    if result.request.edits and arm.actual is not None:
        facts.append(f"Compared with the actual answers of {arm.actual_group}.")
    if result.study.study_id in result.model.trained_on:
        warnings.append("The model was trained on this study, so a close match proves nothing.")
    if arm.open_ended:
        facts.append(
            "Open-ended outcome: the model writes one whole number of 0 or more per simulated person. Negative numbers "
            "and decimals cannot be predicted."
        )
    if not result.study.real:
        warnings.append("Synthetic study: the “actual” answers were generated by a program, not given by people.")
    if arm.on_scale_mass < TRUSTED_MASS:
        wanted = "whole numbers without a sign" if arm.open_ended else "options of the scale"
        warnings.append(
            f"Only {arm.on_scale_mass:.0%} of the model's probability is on {wanted}{_kinds(arm)}: it may not have "
            "understood the question, so its predictions are unreliable."
        )
    return markup(
        "{% for fact in facts %}<p class='group'>{{ fact }}</p>{% endfor %}"
        "{% for warning in warnings %}<p class='warning'>{{ warning }}</p>{% endfor %}",
        facts=facts, warnings=warnings,
    )  # fmt: skip


def _kinds(arm: ArmResult) -> str:
    """The mass by kind of option, where there are two kinds."""
    return "" if arm.off_axis is None else f" ({mass_by_kind(arm).partition(' (')[2]}"


def _off_axis_share(arm: ArmResult) -> str:
    if arm.off_axis is None:
        return ""
    actual = "" if arm.actual_off_axis is None else f", actual {percent(arm.actual_off_axis)}"
    return f"off the axis: predicted {percent(arm.predicted_off_axis)}{actual}"


def _gain_words(score: Score) -> str:
    if score.gain.low > SAME:
        return "the prediction is closer"
    return "the prediction is further away" if score.gain.high < -SAME else "no reliable difference from the prediction"


def _effective(arm: ArmResult) -> str:
    if abs(arm.n_effective - arm.n_actual) < 0.5:
        return f"{arm.n_actual:,} answers"
    return f"{arm.n_actual:,} weighted answers (effective sample size {arm.n_effective:,.0f})"


def _beside(actual: float | None) -> str:
    return "predicted; no actual answers" if actual is None else f"predicted, actual {actual:.2f}"


def _effect(effect: float | None, interval: Interval | None, bounds: Interval | None) -> Markup:
    """An effect in percent of the width, and its bounds where people chose options off the axis."""
    return markup(
        "{{ effect }}{% if bounds %}<small>bounds {{ bounds }}</small>{% endif %}",
        effect=effect_html(effect, interval, 1, "\u00a0%"),
        bounds="" if bounds is None else f"{signed(bounds.low)} to {signed(bounds.high)}",
    )
