"""A comparison of settings as files: a report to read, the figures as a table, everything as JSON.

All of them hold both settings, and say in every row or section that the answers are simulated.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from socrates_core.evaluation.results.provenance import versions
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.report.document import Part, Picture, Section, Warned, to_html, to_markdown
from socrates_core.report.prediction.tables import warnings
from socrates_core.report.simulation import as_json, inert
from socrates_core.report.trust.tables import TITLE
from socrates_core.report.what_if.change import change_sentences, change_table, changes, changes_json
from socrates_core.report.what_if.picture import MOST_PANELS, settings_figure, settings_means_figure
from socrates_core.report.what_if.tables import differences_table, notes, sentence, shares_table
from socrates_core.report.what_if.words import same_words, settings_table
from socrates_core.simulation.result import ArmResult
from socrates_core.simulation.what_if.comparison import ArmComparison, OutcomeComparison, WhatIf
from socrates_core.simulation.what_if.difference import ArmDifference, Difference

FORMAT: Final = 1
"""Version of what_if.json."""
SIMULATED: Final = (
    "All predicted answers here are simulated by models, in every setting. Differences are between predictions: they "
    "do not say how wrong each one is."
)
CSV_COLUMNS: Final = (
    "kind", "outcome", "condition", "setting", "model", "adapter", "template", "temperature", "figure", "option",
    "label", "predicted", "low", "high", "minus_first", "minus_first_low", "minus_first_high", "unit_of_difference",
    "basis", "true_minus_first_low", "true_minus_first_high", "simulated_people", "simulated",
)  # fmt: skip


def what_if_files(title: str, found: WhatIf) -> dict[str, str]:
    """Name → content of all files: what_if.csv, report.md, report.html, what_if.json."""
    sections = _sections(found)
    return {
        "what_if.csv": what_if_csv(found),
        "report.md": to_markdown(title, sections),
        "report.html": to_html(title, sections),
        "what_if.json": what_if_json(found),
    }


def what_if_html(title: str, found: WhatIf) -> str:
    """A self-contained page with all settings and outcomes."""
    return to_html(title, _sections(found))


def what_if_csv(found: WhatIf) -> str:
    """A row for each outcome, condition, setting and figure: means (medians), shares, shares off the axis.

    `minus_first` is the figure minus that of the first setting, empty for the first itself: of a mean in percent of
    the scale's width, of a share in [−1, 1], of a median in the unit of the answers; `unit_of_difference` says which.
    `true_minus_first` is the 80 % interval of the true difference of means, error of the model included, where one is
    claimed.
    """
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    models = {one.name: one.first for one in found.settings}
    for outcome in found.outcomes:
        told = [(one.setting, row) for one in changes(found, outcome) for row in one.conditions]
        truths = {(setting, row.condition): row.claim.inner for setting, row in told}
        for compared in outcome.arms:
            for place, name in enumerate(outcome.settings):
                first = models[name]
                keys = [inert(outcome.name), inert(compared.label), inert(name), first.model.name]
                keys += [first.model.adapter or "", first.model.template or "", f"{first.request.temperature:g}"]
                arm, minus = compared.arms[place], compared.differences[place - 1] if place else None
                basis = "" if minus is None else minus.basis.kind
                true = truths.get((name, compared.label)) if place else None
                for row in _figures(arm, minus):
                    ends = ["", ""] if true is None or row[0] != "mean" else _ends(true)
                    rows.writerow(["simulated", *keys, *row, basis, *ends, arm.n_predicted, "true"])
    return file.getvalue()


def what_if_json(found: WhatIf) -> str:
    """All settings with their texts, models and predictions, and all differences."""
    report = {
        "format": FORMAT,
        "simulated": SIMULATED,
        "settings": [
            {
                "name": one.name,
                "population_sha256": one.population,
                "outcomes": [
                    {"name": made.name, "refused": made.refused}
                    | ({} if made.simulation is None else as_json(made.simulation))
                    for made in one.found
                ],
            }
            for one in found.settings
        ],
        "comparisons": [_outcome_json(found, outcome) for outcome in found.outcomes],
        "notes": list(found.notes),
        "versions": versions(),
    }
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


# -- rows of the table -------------------------------------------------------------------------------------------


def _figures(arm: ArmResult, minus: ArmDifference | None) -> Iterator[list[Any]]:
    """figure, option, label, predicted, low, high, minus_first, its ends, unit_of_difference."""
    scale = arm.cell.scale
    middle = None if minus is None else minus.middle
    if arm.numbers is not None:
        found = arm.numbers.predicted
        ends = _ends(Interval(found.low, found.high))
        yield ["median and quartiles", "", "", found.median, *ends, *_minus(middle, "answer")]
        return
    if not scale.nominal:
        ends = _ends(arm.predicted_mean_interval)
        yield ["mean", "", "", f"{arm.predicted_mean:.6f}", *ends, *_minus(middle, "percent of scale")]
    for i, value in enumerate(arm.predicted.values.tolist()):
        named = [scale.written(value), inert(scale.labels.get(value, ""))]
        change = None if minus is None or not minus.shares else minus.shares[i]
        ends = _ends(arm.share_intervals[i])
        yield ["share", *named, f"{arm.predicted.probs[i]:.6f}", *ends, *_minus(change, "share")]
    for j, (option, label) in enumerate(scale.off_axis.items()):
        assert arm.off_axis is not None
        change = None if minus is None or not minus.off_axis else minus.off_axis[j]
        named, share = [scale.written(option), inert(label)], f"{arm.off_axis.predicted[j]:.6f}"
        yield ["share off the axis, of all", *named, share, "", "", *_minus(change, "share")]


def _ends(at: Interval) -> list[str]:
    return [f"{at.low:.6f}", f"{at.high:.6f}"]


def _minus(found: Difference | None, unit: str) -> list[str]:
    return ["", "", "", ""] if found is None else [f"{found.value:.6f}", *_ends(found.interval), unit]


# -- JSON --------------------------------------------------------------------------------------------------------


def _outcome_json(found: WhatIf, outcome: OutcomeComparison) -> dict[str, Any]:
    return {
        "outcome": outcome.name,
        "first": outcome.settings[0] if outcome.settings else None,
        "conditions": [_arm_json(outcome, one) for one in outcome.arms],
        "how_far_off": changes_json(changes(found, outcome)),
        "notes": list(outcome.notes),
    }


def _arm_json(outcome: OutcomeComparison, one: ArmComparison) -> dict[str, Any]:
    scale = one.arms[0].cell.scale
    unit = "median" if scale.values is None else "percent_of_scale"
    differences = []
    for name, found in zip(outcome.settings[1:], one.differences, strict=True):
        middle = None if found.middle is None else asdict(found.middle)
        differences.append(
            {
                "setting": name,
                "basis": asdict(found.basis) | {"words": found.basis.words},
                f"difference_{unit}": middle,
                "shares": [asdict(share) for share in found.shares],
                "off_axis": [asdict(share) for share in found.off_axis],
                "total_variation" if scale.nominal else "wasserstein": found.distance,
            }
        )
    return {"condition": one.label, "differences": differences}


# -- the report --------------------------------------------------------------------------------------------------


def _sections(found: WhatIf) -> list[Section]:
    opening: list[Part] = [Warned(SIMULATED)]
    opening += [Warned(NOT_SCIENCE)] if any(one.first.model.demo for one in found.settings) else []
    opening += [settings_table(found.settings)]
    opening += [text for text in (same_words(found.settings), *found.notes) if text]
    return [Section("", opening), *(Section(one.name, _outcome(found, one)) for one in found.outcomes)]


def _outcome(found: WhatIf, outcome: OutcomeComparison) -> list[Part]:
    parts: list[Part] = [
        outcome.question,
        sentence(outcome),
        *(Warned(one) for one in outcome_warnings(found, outcome)),
    ]
    if not outcome.arms:
        return parts
    ordered = not outcome.arms[0].arms[0].cell.scale.nominal
    parts.append(Picture(settings_figure(outcome), "Predicted answers in every condition, the settings side by side."))
    few = len(outcome.arms) <= MOST_PANELS
    if ordered and few:
        parts.append(Picture(settings_means_figure(outcome), "Predicted means or medians in every setting."))
    told = changes(found, outcome)
    table = change_table(told)
    parts += [differences_table(outcome), f"{TITLE}.", *change_sentences(told), *([] if table is None else [table])]
    for one in outcome.arms if few else ():
        parts += [f"Predicted shares in {one.label}.", shares_table(outcome, one)]
    parts += [] if few else ["The shares of so many conditions stand in what_if.csv."]
    return [*parts, *notes(found, outcome)]


def outcome_warnings(found: WhatIf, outcome: OutcomeComparison) -> list[str]:
    """What may make a prediction worthless, a sentence each, with the setting's name."""
    told = []
    for setting in found.settings:
        made = next((one for one in setting.found if one.name.casefold() == outcome.name.casefold()), None)
        if made is not None and made.simulation is not None:
            told += [f"{setting.name}, {text}" for text in warnings(made.simulation)]
    return told
