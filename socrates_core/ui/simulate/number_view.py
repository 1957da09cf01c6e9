"""An open-ended result as HTML: medians and quartiles, the distance by the observed range, and what it is worth."""

from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.effect_table import shares_by_option
from socrates_core.simulation.open_ended import NumberResult, NumberScore, Quartiles
from socrates_core.simulation.result import ArmResult, EffectRow, Simulation
from socrates_core.ui.html import bar, interval_words, percent, table, text, tile, whole

EXPLAIN_MEDIAN: Final = (
    "Half of the answers are no larger than this number. The quartiles beside it hold the middle half of the answers. "
    "They say more than the mean, which a single extreme answer can move anywhere."
)
EXPLAIN_OBSERVED: Final = (
    "The Wasserstein distance by the range of the actual answers: 0 is a perfect match, 1 is everybody at opposite "
    "ends of that range. Predictions beyond it count as its end. An open-ended outcome has no stated scale, so there "
    "is no other range, and no guessing evenly to compare with. The interval says how much the distance would vary "
    "with other people and draws."
)
EXPLAIN_FLOOR: Final = (
    "What as many numbers drawn from where the people's own come from would score on average. A distance near it "
    "cannot be told from perfect. Up to the chance limit, chance alone explains the distance 19 times in 20."
)
EXPLAIN_INVALID: Final = (
    "Each simulated participant writes one number, digit by digit: whole numbers of 0 or more, up to nine digits. One "
    "that does not end by then is invalid and in no other figure. Minus signs and decimals cannot be predicted."
)


def number_tiles_html(arm: ArmResult, numbers: NumberResult) -> str:
    """The figures, each with what it is."""
    score, tiles = numbers.score, []
    if score is not None:
        widest = max(score.interval.high, score.noise_floor, score.chance_limit, 1e-9)
        distance = bar(score.observed / widest, "predicted", score.interval, widest)
        tiles += [
            tile("Distance (observed range)", f"{score.observed:.3f}",
                 f"95 % interval {interval_words(score.interval)}", EXPLAIN_OBSERVED, distance),
            tile("Noise floor", f"{score.noise_floor:.3f}", f"chance explains up to {score.chance_limit:.3f}",
                 EXPLAIN_FLOOR, bar(score.noise_floor / widest, "neutral")),
        ]  # fmt: skip
    tiles += [
        tile("Median, predicted", f"{numbers.predicted.median:,}", _middle_half(numbers.predicted), EXPLAIN_MEDIAN),
        tile("Median, actual", "–" if numbers.actual is None else f"{numbers.actual.median:,}",
             "nothing actual to compare" if numbers.actual is None else _middle_half(numbers.actual), EXPLAIN_MEDIAN),
        tile("People", f"{arm.n_actual:,}", f"answers, beside {numbers.n_valid:,} simulated numbers",
             "How many actual answers the prediction is compared with, and how many numbers were simulated."),
        tile("Invalid", percent(numbers.n_invalid / arm.n_predicted),
             f"{numbers.n_invalid:,} of {arm.n_predicted:,} numbers", EXPLAIN_INVALID),
    ]  # fmt: skip
    return f"<div class='tiles'>{''.join(tiles)}</div>{_range_note(score)}"


def bins_html(arm: ArmResult) -> str:
    """Predicted and actual share of every bin of the histogram that is not empty."""
    head = "<th scope='col'>Answer</th><th scope='col' class='num'>Predicted</th>"
    head += "<th scope='col' class='num'>Actual</th>" if arm.actual else ""
    rows = []
    for answer, _, ours, theirs in shares_by_option(arm):
        if not ours and not theirs:
            continue
        actual = "" if theirs is None else f"<td class='num'>{percent(theirs)}</td>"
        rows.append(f"<tr><th scope='row'>{text(answer)}</th><td class='num'>{percent(ours)}</td>{actual}</tr>")
    return f"<h3>The answers</h3>{table('Shares of answers by bin', head, rows)}"


def medians_html(result: Simulation) -> str:
    """Every arm with its medians, and their difference to the first one's."""
    head = (
        "<th scope='col'>Arm</th><th scope='col' class='num'>Predicted median</th>"
        "<th scope='col' class='num'>Actual median</th><th scope='col' class='num'>Predicted effect</th>"
        "<th scope='col' class='num'>Actual effect</th><th scope='col' class='num'>Distance</th>"
    )
    effects = {row.cell.cell_id: row for row in result.effects}
    rows = []
    for arm in result.arms:
        assert arm.numbers is not None
        ours, theirs, score = arm.numbers.predicted, arm.numbers.actual, arm.numbers.score
        effect = effects.get(arm.cell.cell_id)
        rows.append(
            f"<tr><th scope='row'>{text(arm.cell.condition_label)}</th><td class='num'>{ours.median:,}</td>"
            f"<td class='num'>{'–' if theirs is None else f'{theirs.median:,}'}</td>{_effects(effect)}"
            f"<td class='num'>{'–' if score is None else f'{score.observed:.3f}'}</td></tr>"
        )
    return (
        table("Medians and effects by arm", head, rows)
        + "<p class='quiet'>Effects are each arm's median minus the first arm's, with 95 % intervals. The predicted "
        "interval covers which numbers are drawn, not how wrong the model may be. Distances are by each arm's own "
        "range of actual answers, so they do not compare between arms.</p>"
    )


def _effects(row: EffectRow | None) -> str:
    if row is None:
        return "<td class='num'>reference</td>" * 2
    return "".join(
        f"<td class='num'>{_effect(*side)}</td>"
        for side in ((row.predicted, row.predicted_interval), (row.actual, row.actual_interval))
    )


def _effect(effect: float | None, interval: Interval | None) -> str:
    if effect is None or interval is None:
        return "–"
    return f"{whole(effect)}<small>{whole(interval.low)} to {whole(interval.high)}</small>"


def _middle_half(quartiles: Quartiles) -> str:
    return f"middle half {quartiles.low:,} to {quartiles.high:,}"


def _range_note(score: NumberScore | None) -> str:
    if score is None:
        return ""
    stretched = (
        " A few extreme answers make up most of that range, so the distance is small whatever is predicted: go by the "
        "quartiles."
    )
    return (
        f"<p class='quiet range'>The distance is by the range of the actual answers, {score.low:,} to {score.high:,}."
        f"{stretched if score.stretched else ''}</p>"
    )
