"""The prediction of a study as files: a report to read, the shares as a table, everything as JSON, the study itself."""

import csv
import io
import json
import shlex
from collections.abc import Sequence
from typing import Any, Final

from socrates_core.evaluation.results.provenance import versions
from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.answer_model import NOT_SCIENCE, ModelDescription
from socrates_core.model.folder import NO_ADAPTER
from socrates_core.report.document import Folded, Part, Picture, Section, Table, Warned, to_html, to_markdown
from socrates_core.report.figures import arms_figure
from socrates_core.report.prediction.claims import prediction_claims_csv
from socrates_core.report.prediction.compared import comparison_files, is_answered
from socrates_core.report.prediction.picture import conditions_figure
from socrates_core.report.prediction.tables import (
    arms_table,
    notes,
    share_effects_table,
    shares_table,
    subgroups_table,
    summary,
    warnings,
)
from socrates_core.report.simulation import as_json, example_prompt, inert
from socrates_core.report.trust.columns import TRUST_COLUMNS, trust_columns
from socrates_core.report.trust.tables import TITLE, trust_parts
from socrates_core.report.trust.which import raw_words
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.simulation.robustness.asking import BOTH_ORDERS, NO_TEMPLATE
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.population.people import studies_named
from socrates_core.study.study_file.writing import study_text
from socrates_core.trust.statement.finding import trust

FORMAT: Final = 1
"""Version of prediction.json."""
NOT_ANSWERED: Final = (
    "Nobody has answered this study. All figures are predicted by a model for simulated people; what can be said of "
    "how wrong they may be stands under “How far off it may be”."
)
ANSWERED: Final = (
    "People have answered this study: how far the prediction is from them stands in the files compared-…, not here. "
    "The figures below are predicted by a model for simulated people."
)
CSV_COLUMNS: Final = (
    "outcome",
    "condition",
    "control",
    "option",
    "label",
    "off_axis",
    "predicted_share",
    "low",
    "high",
    "simulated_people",
    *TRUST_COLUMNS,
    "simulated",
)


def prediction_files(form: StudyForm, found: Sequence[OutcomeResult]) -> dict[str, str]:
    """Name → content of all files: prediction.json, prediction.csv, prediction_claims.csv, report.html, report.md,
    study.yaml, and `comparison_files`.
    """
    sections = _sections(form, found)
    return {
        **comparison_files(found),
        "study.yaml": study_text(form),
        "prediction.csv": prediction_csv(found),
        "prediction_claims.csv": prediction_claims_csv(found),
        "report.md": to_markdown(form.title, sections),
        "report.html": to_html(form.title, sections),
        "prediction.json": prediction_json(form, found),
    }


def prediction_html(form: StudyForm, found: Sequence[OutcomeResult]) -> str:
    """A self-contained page with all outcomes, texts and settings."""
    return to_html(form.title, _sections(form, found))


def prediction_csv(found: Sequence[OutcomeResult]) -> str:
    """One row for each outcome, condition and option: the predicted share with its interval over who is simulated.

    Options off the axis follow, with shares of all people and no interval. The options of an open-ended outcome are
    the numbers that were predicted. Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    for one in found:
        for place, arm in enumerate(one.simulation.arms if one.simulation is not None else ()):
            assert one.simulation is not None
            keys = [inert(one.name), inert(arm.label), int(arm.cell == one.simulation.control)]
            rows.writerows(
                [*keys, *row, arm.n_predicted, *told, "true"]
                for row, told in zip(_option_rows(arm), trust_columns(one.simulation, place), strict=False)
            )
    return file.getvalue()


def prediction_json(form: StudyForm, found: Sequence[OutcomeResult]) -> str:
    """The study file, and of every outcome the request, texts, model and figures."""
    outcomes = [
        {"name": one.name, "refused": one.refused, **({} if one.simulation is None else as_json(one.simulation))}
        for one in found
    ]
    told = {"format": FORMAT, "simulated": True, "study_file": study_text(form)}
    report = {**told, "outcomes": outcomes, "versions": versions()}
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def model_words(model: ModelDescription) -> str:
    """The model that predicted, in words."""
    adapter = f" with adapter {model.adapter}" if model.adapter else ""
    template = model.template or ""
    if template.startswith(f"{NO_TEMPLATE}, "):  # it reads none, and how it is asked follows
        return f"{model.name}{adapter}, {template.removeprefix(f'{NO_TEMPLATE}, ')}"
    return f"{model.name}{adapter}{f', template {template}' if template else ''}"


def command_words(form: StudyForm, first: Simulation) -> str:
    """The command that gives the same prediction from the saved study file."""
    request, model = first.request, first.model
    words = ["socrates", "simulate", "study.yaml", "--model", model.name]
    if model.adapter or model.demo:  # the demo model brings its adapter unless it is told not to
        words += ["--adapter", model.adapter or NO_ADAPTER]
    words += ["--people", str(request.n), "--seed", str(request.seed)]
    words += ["--temperature", f"{request.temperature:g}"] if request.temperature != 1 else []
    words += ["--top-p", f"{request.top_p:g}"] if request.top_p != 1 else []
    words += ["--both-orders"] if (model.template or "").endswith(BOTH_ORDERS) else []
    source = studies_named(form.population)
    words += ["--studies", f"path/to/{source}"] if source else []
    return shlex.join([*words, "--out", "prediction"])


def _option_rows(arm: ArmResult) -> list[list[Any]]:
    scale = arm.cell.scale
    intervals: Sequence[Interval | None] = arm.share_intervals or [None] * len(arm.predicted.values)
    rows: list[list[Any]] = []
    for value, share, at in zip(arm.predicted.values.tolist(), arm.predicted.probs.tolist(), intervals, strict=True):
        if arm.open_ended and not share:
            continue
        ends = ["", ""] if at is None else [f"{at.low:.6f}", f"{at.high:.6f}"]
        rows.append([scale.written(value), inert(scale.labels.get(value, "")), 0, f"{share:.6f}", *ends])
    if arm.off_axis is not None:
        for (option, label), share in zip(arm.off_axis.labels.items(), arm.off_axis.predicted, strict=True):
            rows.append([scale.written(option), inert(label), 1, f"{share:.6f}", "", ""])
    return rows


# -- the report --------------------------------------------------------------------------------------------------


def _sections(form: StudyForm, found: Sequence[OutcomeResult]) -> list[Section]:
    predicted = [one.simulation for one in found if one.simulation is not None]
    return [
        Section("", _opening(predicted[0], ANSWERED if any(map(is_answered, found)) else NOT_ANSWERED)),
        *(Section(one.name, _outcome(one)) for one in found),
        Section("What people would read", [Folded("The study file", study_text(form)), *_texts(predicted)]),
        Section("To reproduce this", _settings(form, predicted[0])),
    ]


def _opening(first: Simulation, standing: str) -> list[Part]:
    request = first.request
    told = (
        f"{request.n:,} simulated people in each condition, by {model_words(first.model)}; temperature "
        f"{request.temperature:g}, top-p {request.top_p:g}, seed {request.seed}."
    )
    return [Warned(standing), *([Warned(NOT_SCIENCE)] if first.model.demo else []), told]


def _outcome(one: OutcomeResult) -> list[Part]:
    found = one.simulation
    if found is None:
        return [one.outcome.question, Warned(f"Not predicted. {one.refused}")]
    parts: list[Part] = [one.outcome.question, summary(found), *(Warned(text) for text in warnings(found))]
    parts.append(Picture(conditions_figure(found), "Predicted answers in every condition."))
    nominal = found.arms[0].cell.scale.nominal
    if not nominal:
        parts.append(arms_table(found))
        if len(found.arms) > 1:
            parts.append(Picture(arms_figure(found), "Conditions side by side."))
    parts += [f"Predicted shares{raw_words(trust(found), ', raw')}.", shares_table(found)]
    differences = share_effects_table(found)
    if differences is not None:
        parts += [f"Differences from {found.control.condition_label}, in points.", differences]
    groups, told = subgroups_table(found)
    parts += [text for text in ("By subgroup." if groups else "", told) if text]
    parts += [groups] if groups else []
    return [*parts, *notes(found), f"{TITLE}.", *trust_parts(trust(found), found.arms[0].cell.scale)]


def _texts(predicted: Sequence[Simulation]) -> list[Part]:
    folded: list[Part] = [
        Folded(f"{arm.label}: {' '.join(arm.cell.stimulus.split())[:60]}…", arm.cell.stimulus)
        for found in predicted
        for arm in sorted(found.arms, key=lambda arm: arm.cell.condition_num)
    ]
    prompt = example_prompt(predicted[0])
    return [*folded, *([Folded("What the model reads for one profile", prompt)] if prompt else [])]


def _settings(form: StudyForm, first: Simulation) -> list[Part]:
    rows = [(name, str(value)) for name, value in versions().items()]
    told = "The study file above, saved as study.yaml, gives this prediction again with:"
    return [told, Folded("The command", command_words(form, first)), Table(("Software", "Version"), tuple(rows))]
