"""Exports of a simulation: JSON to reproduce it, CSV for further analysis, HTML to read and share."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from socrates_core.evaluation.results.json_file import as_json as plain
from socrates_core.evaluation.results.provenance import versions
from socrates_core.metrics.uncertainty import Interval
from socrates_core.people.population import describe
from socrates_core.prompt import TEMPLATES, Segment, segments
from socrates_core.report.document import page_html, part_html
from socrates_core.report.effect_table import (
    EXPLAIN_BOUNDS,
    arm_numbers,
    nominal_sentence,
    off_axis_sentence,
    shares_by_option,
)
from socrates_core.report.figures import arms_figure, figure_html, histogram
from socrates_core.report.markup import joined, markup
from socrates_core.report.trust.columns import DISTANCE_COLUMNS, TRUST_COLUMNS, distance_columns, trust_columns
from socrates_core.report.trust.distance import distance_words
from socrates_core.report.trust.tables import TITLE, trust_parts
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import signed
from socrates_core.scale.distribution import AnswerDistribution
from socrates_core.simulation.result import ArmResult, EffectRow, OffAxisAnswers, Simulation
from socrates_core.simulation.robustness.asking import wordings
from socrates_core.study.study_set import Cell, persona_rows
from socrates_core.trust.statement.finding import trust

FORMAT: Final = 2
"""Version of the JSON export."""


CSV_COLUMNS: Final = (
    "study_id",
    "cell_id",
    "condition_num",
    "condition",
    "option",
    "label",
    "predicted_share",
    "actual_share",
    "simulated_profiles",
    "actual_answers",
    "answers_in_cell",
    "invalid_predictions",
    "off_axis",
    *TRUST_COLUMNS,
    "simulated",
    "wasserstein",
    "wasserstein_low",
    "wasserstein_high",
    "noise_floor",
    "uniform_baseline",
    "human_split_half",
    "convention",
    *DISTANCE_COLUMNS,
    "edits",
    "temperature",
    "top_p",
    "seed",
    "model",
    "adapter",
    "version",
)

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet interprets a cell that begins with one of these as a formula."""

OTHER_ORDER: Final = "\n\n(and a second time, with the options from last to first)\n\n"
"""Between the two prompts of a question that is asked in both orders."""


def to_json(simulation: Simulation) -> str:
    """Everything needed to reproduce the simulation, and its results: request, texts, model, versions, figures."""
    report = {"format": FORMAT, "simulated": True, **as_json(simulation), "versions": versions()}
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_json(simulation: Simulation) -> dict[str, Any]:
    """Request, texts, model and figures, as dictionaries, lists, strings and numbers."""
    return {
        "request": simulation.request.to_json(),
        "study": asdict(simulation.study),
        "model": {**_described(simulation), "trained_on": sorted(simulation.model.trained_on)},
        "trust": plain(trust(simulation)),
        "arms": [_arm_json(arm) for arm in simulation.arms],
        "control": {"cell_id": simulation.control.cell_id, "condition": simulation.control.condition_label},
        "effects": [_effect_json(row) for row in simulation.effects],
        "share_effects": [
            {
                "cell_id": row.cell.cell_id,
                "condition": row.cell.condition_label,
                "predicted_difference": list(row.predicted),
                "predicted_intervals": [asdict(one) for one in row.intervals],
            }
            for row in simulation.share_effects
        ],
        "subgroups": [asdict(group) for group in simulation.subgroups],
        "notes": list(simulation.notes),
    }


def to_csv(simulation: Simulation) -> str:
    """One row per option and condition: predicted and actual share, with the number of answers behind each.

    Shares of options on the axis are of the answers on the axis; those of options off it (`off_axis`) are of all
    people. The options of an open-ended outcome are all numbers that were given; predicted shares are of the valid
    answers. Every row also has W of its condition with what it is judged by, and what the prediction was made with, so
    that a table cut out of the file still says what it is. `wasserstein` is of the predicted shares, which are raw;
    `calibrated_wasserstein` is of the calibrated ones, and so is its bound. Texts that a spreadsheet would interpret as
    a formula are prefixed with an apostrophe.
    """
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    made = _csv_settings(simulation)
    for place, arm in enumerate(simulation.arms):
        cell, told = arm.cell, trust_columns(simulation, place)
        figures = [*_csv_distance(arm), *distance_columns(simulation, place), *made]
        keys = [inert(cell.study_id), cell.cell_id, cell.condition_num, inert(cell.condition_label)]
        given = "" if arm.n_given is None else arm.n_given
        for option in _csv_options(arm):
            shares = ["" if share is None else f"{share:.6f}" for share in (option.predicted, option.actual)]
            counts = [arm.n_predicted, option.n_actual, given, option.n_invalid, option.off_axis]
            rows.writerow([*keys, option.written, inert(option.label), *shares, *counts, *next(told), "true", *figures])
    return file.getvalue()


class _CsvOption(NamedTuple):
    """What a row says of one option of an arm."""

    written: int | str
    label: str
    predicted: float
    actual: float | None
    n_actual: int
    n_invalid: int
    off_axis: str


def _csv_options(arm: ArmResult) -> Iterator[_CsvOption]:
    """The options of an arm on its axis, then those off it."""
    scale = arm.cell.scale
    invalid = 0 if arm.numbers is None else arm.numbers.n_invalid
    for i, value in enumerate(arm.predicted.values.tolist()):
        actual = None if arm.actual is None else float(arm.actual.probs[i])
        written = value if scale.unit == 1 else scale.written(value)
        label = scale.labels.get(value, "")
        yield _CsvOption(written, label, float(arm.predicted.probs[i]), actual, arm.n_actual, invalid, "no")
    if arm.off_axis is None:
        return
    answers, found = arm.n_actual + arm.off_axis.n_actual, arm.off_axis
    theirs = found.actual or [None] * len(found.predicted)
    for (value, label), ours, actual in zip(found.labels.items(), found.predicted, theirs, strict=True):
        yield _CsvOption(scale.written(value), label, ours, actual, answers, 0, "yes")


def _csv_distance(arm: ArmResult) -> list[str]:
    """W of an arm with what it is judged by; empty where there is none."""
    if arm.w is None or arm.interval is None:
        return [""] * 7
    halves = None if arm.score is None else arm.score.split_half
    found = (arm.w, arm.interval.low, arm.interval.high, arm.noise_floor, arm.uniform, halves)
    return [*("" if one is None else f"{one:.6f}" for one in found), arm.convention]


def _csv_settings(simulation: Simulation) -> list[str]:
    """What the prediction was made with."""
    request, model = simulation.request, simulation.model
    edits = inert("; ".join(map(describe, request.edits)))
    numbers = [f"{request.temperature:g}", f"{request.top_p:g}", str(request.seed)]
    return [edits, *numbers, inert(model.name), inert(model.adapter or ""), versions()["socrates"]]


def to_html(simulation: Simulation) -> Markup:
    """A self-contained page: figures (plotly included), numbers, verdict, texts, prompt, provenance."""
    study, first = simulation.study, simulation.arms[0]
    edited = [f"The simulated population was edited: {describe(edit)}." for edit in simulation.request.edits]
    body = markup(
        "<h1>{{ title }}</h1>\n<p class=muted>{{ provenance }}</p>\n<p class=verdict>{{ sentence }}</p>\n"
        "{% if notes %}<ul>{% for note in notes %}<li>{{ note }}</li>\n{% endfor %}</ul>\n{% endif %}"
        "<h2>Predicted and actual answers</h2>\n{{ arms }}\n{{ effects }}\n<h2>{{ trust_title }}</h2>\n{{ trust }}\n"
        "{% if prompt %}<h2>What the model reads for one profile</h2>\n<pre>{{ prompt }}</pre>\n{% endif %}"
        "<h2>To reproduce this</h2>\n<pre>{{ request }}</pre>\n<pre>{{ made_with }}</pre>",
        title=study.title, provenance=_provenance_line(simulation), sentence=_sentence(first),
        notes=[*edited, *simulation.notes],
        arms=joined((_arm_html(simulation, place) for place in range(len(simulation.arms))), "\n"),
        effects=_effects_html(simulation), trust_title=TITLE,
        trust=joined(map(part_html, trust_parts(trust(simulation), first.cell.scale)), "\n"),
        prompt=example_prompt(simulation),
        request=json.dumps(simulation.request.to_json(), indent=1, ensure_ascii=False),
        made_with=json.dumps({"model": _model_json(simulation), "versions": versions()}, indent=1),
    )  # fmt: skip
    return page_html(study.title, body)


def example_prompt(simulation: Simulation) -> str:
    """The prompt for the first profile, without the special tokens of the chat format; both prompts where options are
    put in both orders.

    Empty where the model does not read a prompt.
    """
    template, asked = wordings(simulation.model.template, simulation.arms[0].cell)
    if template not in TEMPLATES:
        return ""
    persona = persona_rows(simulation.profiles.drop("predicted_mean", "simulated_answer").head(1))[0]
    return OTHER_ORDER.join(_prompt_text(segments(template, cell, persona)) for cell in asked)


def _prompt_text(parts: Sequence[Segment]) -> str:
    return "".join("\n\n" if part.control else part.text for part in parts).strip()


def cell_hash(cell: Cell) -> str:
    """sha256 of stimulus and answer options: the same cell in another study folder has the same hash."""
    scale = cell.scale
    content = [cell.study_id, cell.condition_num, cell.task_num, cell.stimulus, scale.values]
    if scale.off_axis or scale.unit != 1 or scale.nominal:
        content.append([list(scale.off_axis), scale.unit, scale.nominal])
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def inert(text: str) -> str:
    """The text, prefixed where a spreadsheet would interpret it as a formula."""
    return "'" + text if text.lstrip(" ").startswith(FORMULA_STARTS) else text


# -- JSON --------------------------------------------------------------------------------------------------------


def _arm_json(arm: ArmResult) -> dict[str, Any]:
    cell = arm.cell
    return {
        "cell": cell_json(cell),
        "predicted": _distribution_json(arm, arm.predicted),
        "predicted_mean_interval": None if cell.scale.nominal else asdict(arm.predicted_mean_interval),
        "predicted_share_intervals": [asdict(one) for one in arm.share_intervals],
        "n_predicted": arm.n_predicted,
        "n_personas": arm.n_personas,
        "on_scale_mass": arm.on_scale_mass,
        "actual": None if arm.actual is None else _distribution_json(arm, arm.actual),
        "actual_mean_interval": None if arm.actual_mean_interval is None else asdict(arm.actual_mean_interval),
        "actual_group": arm.actual_group,
        "n_actual": arm.n_actual,
        "n_effective": arm.n_effective,
        "n_off_scale": arm.n_off_scale,
        "n_given": arm.n_given,
        "score": None if arm.score is None else asdict(arm.score),
        "unscored": arm.unscored,
        "numbers": None if arm.numbers is None else asdict(arm.numbers),
        "off_axis": None if arm.off_axis is None else _off_axis_json(arm.off_axis),
        "nominal": None if arm.nominal is None else asdict(arm.nominal),
    }


def cell_json(cell: Cell) -> dict[str, Any]:
    """What people read in a cell, and how they answer."""
    scale = cell.scale
    return {
        "cell_id": cell.cell_id,
        "study_id": cell.study_id,
        "condition_num": cell.condition_num,
        "condition": cell.condition,
        "task_num": cell.task_num,
        "stimulus": cell.stimulus,
        "scale_values": None if scale.values is None else list(scale.values),
        "scale_labels": scale.label_column,
        "unit": scale.unit,
        "measurement": scale.measurement,
        "off_axis": scale.off_axis_column,
        "off_axis_labels": scale.off_axis_label_column,
        "sha256": cell_hash(cell),
    }


def _off_axis_json(found: OffAxisAnswers) -> dict[str, Any]:
    """Shares of all people, in the order of the cell's `off_axis`."""
    actual = None if found.actual is None else list(found.actual)
    return {"predicted": list(found.predicted), "actual": actual, "n_actual": found.n_actual}


def _distribution_json(arm: ArmResult, distribution: AnswerDistribution) -> dict[str, Any]:
    """The shares, together with their values where the cell's scale does not list them: the numbers given. Mean and
    standard deviation are in the scale's own numbers; null for options without an order.
    """
    scale = arm.cell.scale
    if arm.open_ended:
        given = distribution.probs > 0
        shares = {"values": distribution.values[given].tolist(), "shares": distribution.probs[given].tolist()}
    else:
        shares = {"shares": distribution.probs.tolist()}
    if scale.nominal:
        return {**shares, "mean": None, "sd": None}
    return {**shares, "mean": scale.unit * distribution.mean, "sd": scale.unit * distribution.sd}


def _effect_json(row: EffectRow) -> dict[str, Any]:
    what = "median_difference" if row.cell.scale.values is None else "percent_of_scale"
    return {
        "cell_id": row.cell.cell_id,
        "condition": row.cell.condition_label,
        f"predicted_{what}": row.predicted,
        "predicted_interval": asdict(row.predicted_interval),
        f"actual_{what}": row.actual,
        "actual_interval": None if row.actual_interval is None else asdict(row.actual_interval),
        "off_axis_bounds": None if row.off_axis is None else asdict(row.off_axis),
    }


def _model_json(simulation: Simulation) -> dict[str, Any]:
    return {**_described(simulation), "trained_on": f"{len(simulation.model.trained_on)} studies"}


def _described(simulation: Simulation) -> dict[str, Any]:
    """The model without the places of its files on this machine."""
    return {name: value for name, value in asdict(simulation.model).items() if not isinstance(value, Path)}


# -- HTML --------------------------------------------------------------------------------------------------------


def _sentence(arm: ArmResult) -> str:
    if arm.numbers is not None and arm.numbers.score is not None:
        return arm.numbers.score.sentence
    if arm.nominal is not None:
        return nominal_sentence(arm, arm.nominal)
    apart = "" if arm.off_axis is None else f" {off_axis_sentence(arm)}"
    told = arm.score.verdict.sentence if arm.score else f"W cannot be computed for this condition: {arm.unscored}"
    return told + apart


def _provenance_line(simulation: Simulation) -> str:
    study, model = simulation.study, simulation.model
    kind = "real answers" if study.real else "synthetic answers, not given by people"
    adapter = f" with adapter {model.adapter}" if model.adapter else ""
    seen = " The model was trained on this study." if study.study_id in model.trained_on else ""
    demo = " This is the demo model, which is not for science." if model.demo else ""
    return f"{study.source} ({kind}). All predicted answers are simulated by {model.name}{adapter}.{seen}{demo}"


def _arm_html(simulation: Simulation, place: int) -> Markup:
    arm, said = simulation.arms[place], trust(simulation)
    raw = raw_words(said, ", raw")
    numbers = arm_numbers(arm, raw)
    if raw and arm.score is not None:
        numbers.append(("W of the calibrated answers (80 % bound below)", distance_words(said.arms[place].distance)))
    return markup(
        "<h3>{{ arm.cell.condition_label }}</h3>\n{{ figure }}\n<p>{{ sentence }}</p>\n<table>"
        "{% for name, value in numbers %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</table>\n"
        # every option with its label and shares, collapsed
        "<details><summary>The answers as a table</summary><table><tr><th>Answer</th><th>Predicted{{ raw }}</th>"
        "<th>Actual</th></tr>{% for answer, ours, theirs in options %}<tr><th>{{ answer }}</th>"
        "<td>{{ '%.1f' % (100 * ours) }} %</td>"
        "<td>{% if theirs is not none %}{{ '%.1f' % (100 * theirs) }} %{% endif %}</td></tr>{% endfor %}"
        "</table></details>\n"
        "<details><summary>What participants read</summary><pre>{{ arm.cell.stimulus }}</pre></details>",
        arm=arm, figure=figure_html(histogram(arm, raw), place + 1), sentence=_sentence(arm), numbers=numbers, raw=raw,
        options=[(f"{answer} {label}".strip(), *shares) for answer, label, *shares in shares_by_option(arm)],
    )  # fmt: skip


def _effects_html(simulation: Simulation) -> Markup:
    if not simulation.effects:
        return Markup()
    open_ended = simulation.arms[0].open_ended
    raw = raw_words(trust(simulation), ", raw")
    rows = []
    for row in simulation.effects:
        actual = "no actual answers"
        if row.actual is not None and row.actual_interval is not None:
            actual = _effect(row.actual, row.actual_interval, open_ended)
        predicted = _effect(row.predicted, row.predicted_interval, open_ended)
        if row.off_axis is not None:
            predicted += _bounds(row.off_axis.predicted)
            actual += _bounds(row.off_axis.actual)
        rows.append((row.cell.condition_label, predicted, actual))
    of, unit = ("median", "in the unit of the answers") if open_ended else ("mean", "in percent of the scale's width")
    return markup(
        "<h2>Conditions side by side</h2>\n{{ figure }}\n<p>Difference between each condition's {{ of }} and that of "
        "<b>{{ base }}</b>, {{ unit }}, with 95 % intervals.</p>\n"
        "<table><tr><th>Condition</th><th>Predicted{{ raw }}</th><th>Actual</th></tr>\n{% for row in rows %}"
        "<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>\n{% endfor %}</table>"
        "{% if bounds %}<p class=muted>{{ bounds }}</p>{% endif %}",
        figure=figure_html(arms_figure(simulation), len(simulation.arms) + 1), of=of, unit=unit, raw=raw, rows=rows,
        base=simulation.control.condition_label,
        bounds=EXPLAIN_BOUNDS if any(row.off_axis for row in simulation.effects) else "",
    )  # fmt: skip


def _bounds(interval: Interval | None) -> str:
    return "" if interval is None else f"; bounds {signed(interval.low)} to {signed(interval.high)}"


def _effect(effect: float, interval: Interval, whole: bool) -> str:
    middle, low, high = (signed(value, 0 if whole else 1) for value in (effect, interval.low, interval.high))
    return f"{middle} ({low} to {high})"
