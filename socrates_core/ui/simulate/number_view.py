"""An open-ended result as HTML: medians and quartiles, and W by the observed range with its noise floor."""

from typing import Final

from markupsafe import Markup

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.effect_table import shares_by_option
from socrates_core.report.markup import joined, markup
from socrates_core.report.words import from_to, percent, signed
from socrates_core.simulation.open_ended import NumberResult, NumberScore, Quartiles
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.ui.html import bar, metric, table

EXPLAIN_MEDIAN: Final = (
    "Half of the answers are at or below this number; half of the answers lie between the two quartiles. They describe "
    "the answers better than the mean, which a single extreme answer can shift arbitrarily far."
)
EXPLAIN_OBSERVED: Final = (
    "The Wasserstein distance, divided by the range of the actual answers: 0 is a perfect match, 1 puts all answers at "
    "opposite ends of that range. Predictions outside the range are clipped to it. An open-ended outcome has no stated "
    "scale, so there is no other range to use and no uniform baseline. The interval shows how much W would vary with "
    "another sample of people and another set of draws."
)
EXPLAIN_FLOOR: Final = (
    "The W that as many numbers drawn from the human distribution itself would score on average. A W close to it is "
    "indistinguishable from a perfect prediction. In 19 of 20 cases, chance alone stays below the chance limit."
)
EXPLAIN_INVALID: Final = (
    "The model writes one number per simulated person, digit by digit: a whole number of 0 or more, with up to nine "
    "digits. A longer number is invalid and excluded from all other figures. Negative numbers and decimals cannot be "
    "predicted."
)


def number_metrics_html(arm: ArmResult, numbers: NumberResult) -> Markup:
    """The figures of an open-ended outcome, each with an explanation."""
    score, metrics = numbers.score, []
    if score is not None:
        widest = max(score.interval.high, score.noise_floor, score.chance_limit, 1e-9)
        distance = bar(score.observed / widest, "predicted", score.interval, widest)
        metrics += [
            metric("W (observed range)", f"{score.observed:.3f}",
                   f"95 % interval {from_to(score.interval, '–')}", EXPLAIN_OBSERVED, distance),
            metric("Noise floor", f"{score.noise_floor:.3f}", f"chance limit {score.chance_limit:.3f}",
                   EXPLAIN_FLOOR, bar(score.noise_floor / widest, "neutral")),
        ]  # fmt: skip
    metrics += [
        metric("Median, predicted", f"{numbers.predicted.median:,}", _middle_half(numbers.predicted), EXPLAIN_MEDIAN),
        metric("Median, actual", "–" if numbers.actual is None else f"{numbers.actual.median:,}",
               "no actual answers" if numbers.actual is None else _middle_half(numbers.actual), EXPLAIN_MEDIAN),
        metric("Actual answers", f"{arm.n_actual:,}",
               f"{of_given(arm)}compared with {numbers.n_valid:,} simulated numbers",
               "How many human answers the prediction is compared with, and how many valid numbers were simulated."),
        metric("Invalid", percent(numbers.n_invalid / arm.n_predicted),
               f"{numbers.n_invalid:,} of {arm.n_predicted:,} numbers", EXPLAIN_INVALID),
    ]  # fmt: skip
    return markup("<div class='tiles'>{{ tiles }}</div>{{ note }}", tiles=joined(metrics), note=_range_note(score))


def of_given(arm: ArmResult) -> str:
    """`of 1,250 to this text; ` where not all answers are compared, nothing otherwise."""
    return f"of {arm.n_given:,} to this text; " if arm.n_given not in (None, arm.n_actual) else ""


def head_html(name: str, *figures: str) -> Markup:
    """The head of a table whose first column is a name and whose others are figures."""
    return markup(
        "<th scope='col'>{{ name }}</th>"
        "{% for figure in figures %}<th scope='col' class='num'>{{ figure }}</th>{% endfor %}",
        name=name, figures=figures,
    )  # fmt: skip


def row_html(name: str, *figures: str) -> Markup:
    """A row of such a table."""
    return markup(
        "<tr><th scope='row'>{{ name }}</th>"
        "{% for figure in figures %}<td class='num'>{{ figure }}</td>{% endfor %}</tr>",
        name=name, figures=figures,
    )  # fmt: skip


def bins_html(arm: ArmResult) -> Markup:
    """Predicted and actual share of every non-empty bin of the histogram."""
    head = head_html("Answer", "Predicted", *(["Actual"] if arm.actual else []))
    rows = [
        row_html(answer, percent(ours), *([] if theirs is None else [percent(theirs)]))
        for answer, _, ours, theirs in shares_by_option(arm)
        if ours or theirs
    ]
    return markup("<h3>The answers</h3>{{ shares }}", shares=table("Shares of answers by bin", head, rows))


def medians_html(result: Simulation) -> Markup:
    """The medians of every condition, and their differences from the control."""
    head = head_html("Condition", "Predicted median", "Actual median", "Predicted effect", "Actual effect", "W")
    effects = {row.cell.cell_id: row for row in result.effects}
    rows = []
    for arm in result.arms:
        assert arm.numbers is not None
        ours, theirs, score = arm.numbers.predicted, arm.numbers.actual, arm.numbers.score
        effect = effects.get(arm.cell.cell_id)
        rows.append(row_html(
            arm.cell.condition_label, f"{ours.median:,}", "–" if theirs is None else f"{theirs.median:,}",
            "control" if effect is None else effect_html(effect.predicted, effect.predicted_interval, 0),
            "control" if effect is None else effect_html(effect.actual, effect.actual_interval, 0),
            "–" if score is None else f"{score.observed:.3f}",
        ))  # fmt: skip
    return markup(
        "{{ medians }}<p class='quiet'>An effect is a condition's median minus that of the control, "
        "<b>{{ control }}</b>, with a 95 % interval. The interval of a predicted effect reflects sampling only, not "
        "the error of the model. W uses each condition's own range of actual answers, so it is not comparable between "
        "conditions.</p>",
        medians=table("Medians and effects by condition", head, rows), control=result.control.condition_label,
    )  # fmt: skip


def effect_html(effect: float | None, interval: Interval | None, digits: int, unit: str = "") -> Markup:
    """An effect with its interval below it; a dash where there is none."""
    if effect is None or interval is None:
        return Markup("–")
    return markup(
        "{{ effect }}<small>{{ low }} to {{ high }}</small>",
        effect=signed(effect, digits) + unit, low=signed(interval.low, digits), high=signed(interval.high, digits),
    )  # fmt: skip


def _middle_half(quartiles: Quartiles) -> str:
    return f"middle half {quartiles.low:,} to {quartiles.high:,}"


def _range_note(score: NumberScore | None) -> Markup:
    if score is None:
        return Markup()
    return markup(
        "<p class='quiet range'>W is computed on the range of the actual answers, {{ low }} to {{ high }}."
        "{% if stretched %} A few extreme answers account for most of that range, so W is small whatever is predicted: "
        "rely on the quartiles instead.{% endif %}</p>",
        low=f"{score.low:,}", high=f"{score.high:,}", stretched=score.stretched,
    )  # fmt: skip
