"""A result as HTML: the sentence, the numbers and what they mean, the tables.

The figures are plotly's; their text alternative is the table of options and the table of arms.
"""

from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.people.edit import describe
from socrates_core.simulation.result import ArmResult, Score, Simulation
from socrates_core.ui.html import bar, interval_words, percent, signed, table, text, tile
from socrates_core.ui.simulate.number_view import bins_html, medians_html, number_tiles_html

TRUSTED_MASS: Final = 0.95
"""Below this share of mass on the scale the page warns."""

SAME: Final = 1e-9
"""Distances that differ by less are equal but for rounding."""

VERDICT_MARKS: Final = {
    "within_chance": ("good", "Within chance"),
    "beyond_chance": ("weak", "Beyond chance"),
    "better_than_uniform": ("fair", "Better than guessing"),
    "like_uniform": ("weak", "No better than guessing"),
    "worse_than_uniform": ("bad", "Worse than guessing"),
    "too_few": ("open", "Too few people"),
}
"""Verdict → its colour class and its name in two or three words."""

EXPLAIN_DISTANCE: Final = (
    "The Wasserstein distance: how far, on average, answers have to be moved along the scale to turn the predicted "
    "distribution into the actual one, as a share of the scale's width. 0 is a perfect match, 1 is everybody at "
    "opposite ends. The interval says how much it would vary with other people asked and simulated."
)
EXPLAIN_FLOOR: Final = (
    "What even a perfect prediction would score on average, because only so many people answered. A distance near it "
    "cannot be told from perfect."
)
EXPLAIN_UNIFORM: Final = "What somebody scores who knows nothing and spreads the answers evenly over the options."
EXPLAIN_PEOPLE: Final = (
    "How many actual answers the prediction is compared with, and how many participants were simulated. Participants "
    "with the same attributes get the same prediction, so they are put to the model once."
)
EXPLAIN_MEAN: Final = "The average answer in points of the scale."
EXPLAIN_SPREAD: Final = (
    "The standard deviation in points of the scale: how much people differ. "
    "Language models often make people too alike."
)


def verdict_html(result: Simulation) -> str:
    """Which request this is, the sentence that says what the numbers mean, and warnings."""
    arm, request = result.arms[0], result.request
    who = "; ".join(describe(edit) for edit in request.edits)
    judged = arm.score.verdict if arm.score else arm.numbers.score if arm.numbers else None
    decoding = f"temperature {request.temperature:g}" + (f", top-p {request.top_p:g}" if request.top_p < 1 else "")
    details = [
        f"{arm.n_predicted:,} simulated participants",
        f"edited: {who}" if who else "participants as observed",
        decoding,
        f"seed {request.seed}",
        f"model {result.model.name}" + (f" + {result.model.adapter}" if result.model.adapter else ""),
    ]
    tone, name = VERDICT_MARKS[judged.code] if judged else ("open", "Prediction alone")
    sentence = judged.sentence if judged else _alone(arm)
    title = " ".join(result.study.title.split()).removesuffix(" (paraphrased)")
    return (
        f"<section class='verdict tone-{tone}' aria-live='polite'>"
        f"<h2>{text(title)}</h2><p class='arm'>{text(arm.cell.condition_label)}</p>"
        f"<p class='sentence'><span class='mark'>{text(name)}</span>{text(sentence)}</p>"
        f"<p class='request'>{text(' · '.join(details))}</p>{_warnings(result)}</section>"
    )


def tiles_html(arm: ArmResult) -> str:
    """The numbers, each with what it is."""
    if arm.numbers is not None:
        return number_tiles_html(arm, arm.numbers)
    score = arm.score
    tiles = []
    if score is not None:
        widest = max(score.uniform, score.interval.high, score.noise_floor, 1e-9)
        tiles += [
            tile("Distance", f"{score.wasserstein:.3f}", f"95 % interval {interval_words(score.interval)}",
                  EXPLAIN_DISTANCE, bar(score.wasserstein / widest, "predicted", score.interval, widest)),
            tile("Noise floor", f"{score.noise_floor:.3f}", f"a perfect prediction, for {_effective(arm)}",
                  EXPLAIN_FLOOR, bar(score.noise_floor / widest, "neutral")),
            tile("Guessing evenly", f"{score.uniform:.3f}", _gain_words(score), EXPLAIN_UNIFORM,
                  bar(score.uniform / widest, "neutral")),
        ]  # fmt: skip
    actual = arm.actual
    simulated = f"{arm.n_predicted:,} simulated ({arm.n_personas:,} different)"
    tiles += [
        tile("People", f"{arm.n_actual:,}", f"answers, beside {simulated}", EXPLAIN_PEOPLE + _off_scale(arm)),
        tile("Mean", f"{arm.predicted.mean:.2f}", _beside(actual.mean if actual else None), EXPLAIN_MEAN),
        tile("Spread", f"{arm.predicted.sd:.2f}", _beside(actual.sd if actual else None), EXPLAIN_SPREAD),
    ]  # fmt: skip
    return f"<div class='tiles'>{''.join(tiles)}</div>"


def options_html(arm: ArmResult) -> str:
    """Predicted and actual share of every option: the histogram in words."""
    if arm.open_ended:
        return bins_html(arm)
    head = "<th scope='col'>Answer</th><th scope='col' class='num'>Predicted</th>"
    head += "<th scope='col' class='num'>Actual</th><th scope='col' class='num'>Difference</th>" if arm.actual else ""
    rows = []
    for i, value in enumerate(arm.predicted.values.tolist()):
        label = arm.cell.scale.labels.get(value)
        cells = f"<th scope='row'><b>{value}</b>{f' {text(label)}' if label else ''}</th>"
        cells += f"<td class='num'>{percent(arm.predicted.probs[i])}</td>"
        if arm.actual:
            gap = 100 * (arm.predicted.probs[i] - arm.actual.probs[i])
            cells += f"<td class='num'>{percent(arm.actual.probs[i])}</td><td class='num'>{signed(gap)} pt</td>"
        rows.append(f"<tr>{cells}</tr>")
    shares = table("Shares of answers by option", head, rows)
    if len(rows) > 21:
        return f"<details class='fold'><summary>All {len(rows)} options as a table</summary>{shares}</details>"
    return f"<h3>The options</h3>{shares}"


def effects_html(result: Simulation) -> str:
    """Every arm with its distance and its difference to the first."""
    if len(result.arms) == 1:
        return "<p class='quiet'>This study asks this outcome in one condition only: there is no other arm to show.</p>"
    if result.arms[0].open_ended:
        return medians_html(result)
    head = (
        "<th scope='col'>Arm</th><th scope='col' class='num'>Predicted mean</th>"
        "<th scope='col' class='num'>Actual mean</th><th scope='col' class='num'>Predicted effect</th>"
        "<th scope='col' class='num'>Actual effect</th><th scope='col' class='num'>Distance</th>"
    )
    effects = {row.cell.cell_id: row for row in result.effects}
    rows = []
    for arm in result.arms:
        effect = effects.get(arm.cell.cell_id)
        predicted = _effect(effect.predicted, effect.predicted_interval) if effect else "reference"
        actual = "reference" if effect is None else _effect(effect.actual, effect.actual_interval)
        distance = f"{arm.score.wasserstein:.3f}" if arm.score else "–"
        rows.append(
            f"<tr><th scope='row'>{text(arm.cell.condition_label)}</th><td class='num'>{arm.predicted.mean:.2f}</td>"
            f"<td class='num'>{f'{arm.actual.mean:.2f}' if arm.actual else '–'}</td>"
            f"<td class='num'>{predicted}</td><td class='num'>{actual}</td><td class='num'>{distance}</td></tr>"
        )
    return (
        table("Means and effects by arm", head, rows)
        + "<p class='quiet'>Effects are each arm's mean minus the first arm's, in percent of the scale's width, with "
        "95 % intervals. The predicted interval covers who is simulated, not how wrong the model may be.</p>"
    )


def notes_html(result: Simulation) -> str:
    """What a reader has to know, as a list; empty where there is nothing."""
    notes = list(result.notes)
    arm = result.arms[0]
    if arm.n_off_scale:
        notes.append(f"{arm.n_off_scale:,} actual answers are no option of the scale and are left out.")
    items = "".join(f"<li>{text(note)}</li>" for note in notes)
    return f"<div class='notes'><h3>Notes</h3><ul>{items}</ul></div>" if items else ""


def _alone(arm: ArmResult) -> str:
    if arm.actual is None:
        return f"This is the prediction alone. {arm.unscored}"
    return str(arm.unscored)


def _warnings(result: Simulation) -> str:
    arm, warnings, group = result.arms[0], [], ""
    if result.request.edits and arm.actual is not None:
        group = f"<p class='group'>Compared with the actual answers of {text(arm.actual_group)}.</p>"
    if result.study.study_id in result.model.trained_on:
        warnings.append("The model has learned from this study, so a close match proves nothing.")
    if arm.open_ended:
        group += (
            "<p class='group'>Open-ended outcome: each simulated participant writes one whole number of 0 or more. "
            "Negative answers and decimals cannot be predicted.</p>"
        )
    if not result.study.real:
        warnings.append("Synthetic study: the “actual” answers were generated, nobody was asked.")
    if arm.on_scale_mass < TRUSTED_MASS:
        wanted = "a whole number without a sign" if arm.open_ended else "an option of the scale"
        warnings.append(
            f"Only {arm.on_scale_mass:.0%} of what the model would have written is {wanted}: it may not "
            "have understood the question, and its answers deserve little trust."
        )
    return group + "".join(f"<p class='warning'>{text(warning)}</p>" for warning in warnings)


def _gain_words(score: Score) -> str:
    if score.gain.low > SAME:
        return "the prediction is closer"
    return "the prediction is farther" if score.gain.high < -SAME else "not reliably different from the prediction"


def _effective(arm: ArmResult) -> str:
    if abs(arm.n_effective - arm.n_actual) < 0.5:
        return f"{arm.n_actual:,} answers"
    return f"{arm.n_actual:,} weighted answers, worth {arm.n_effective:,.0f}"


def _off_scale(arm: ArmResult) -> str:
    return f" {arm.n_off_scale:,} more answers are no option of the scale." if arm.n_off_scale else ""


def _beside(actual: float | None) -> str:
    return "predicted; nothing actual to compare" if actual is None else f"predicted, actual {actual:.2f}"


def _effect(effect: float | None, interval: Interval | None) -> str:
    if effect is None or interval is None:
        return "–"
    return f"{signed(effect)} %<small>{signed(interval.low)} to {signed(interval.high)}</small>"
