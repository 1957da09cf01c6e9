"""Predictions for programs: one core function each, within the limits of the page."""

import json
from dataclasses import asdict, replace
from typing import Any

from socrates_core.errors import SocratesError
from socrates_core.evaluation.results.provenance import versions
from socrates_core.model.answer_model import NOT_SCIENCE, AnswerModel, ModelDescription
from socrates_core.report.design.files import design_json
from socrates_core.report.simulation import as_json
from socrates_core.report.what_if.files import SIMULATED, what_if_json
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import simulate
from socrates_core.simulation.what_if.comparison import compare_settings
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, population_digest, predict_setting
from socrates_core.simulation.whole_study import OutcomeResult
from socrates_core.study.question import question_of
from socrates_core.study.studies import Outcome
from socrates_core.trust.design.advice import Plan, advise
from socrates_core.trust.design.study import PredictedStudy
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.api.answers import AdviceAnswer, PredictionAnswer, WhatIfAnswer, model_json, warnings_of
from socrates_core.ui.api.asked import Asked, link_of, own_study
from socrates_core.ui.design.panel import MOST_EFFECTS
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import Link, to_query
from socrates_core.ui.your_study.work import admitted


def prediction(results: Results, visitor: Visitor, asked: Asked) -> PredictionAnswer:
    """The prediction of one study.

    Raises:
        SocratesError: If an argument does not fit the study, the model cannot predict it, or the visitor may not
            simulate, has exceeded the rate limit or has too much at work.
    """
    asked.check_one_study()
    asked, notes = _named(results, asked)
    model = model_of(results, asked.model)
    if asked.study_file:
        _, studies = own_study(asked, results)
        with admitted(results, visitor, asked.people * len(studies.cells)):
            made = predict_setting(Setting(studies, model, asked.sampling))
        return _answer(made.found, None, "", notes)
    link = link_of(asked, results)
    unseen = _is_unseen(results, link, model.description)
    found = results.get(link, visitor=visitor)
    return _answer((_outcome_of(found),), unseen, f"?{to_query(link, results.catalogue)}", notes)


def what_if(results: Results, visitor: Visitor, first: Asked, second: Asked) -> WhatIfAnswer:
    """Two settings, compared by the people who answer in both.

    Raises:
        SocratesError: As for `prediction`.
    """
    for asked in (first, second):
        asked.check_one_study()
    (first, notes), (second, others) = _named(results, first), _named(results, second)
    with results.limits.at_work(visitor):
        found = compare_settings([_setting(results, visitor, asked) for asked in (first, second)])
    report: dict[str, Any] = json.loads(what_if_json(found))  # the file that the page saves
    for setting in report["settings"]:
        for outcome in setting["outcomes"]:
            outcome.get("model", {}).pop("trained_on", None)
            outcome.pop("trust", None)  # of single predictions; what is said of differences stands with them
    return WhatIfAnswer(
        simulated=report["simulated"],
        settings=report["settings"],
        comparisons=report["comparisons"],
        notes=[*dict.fromkeys([*notes, *others]), *report["notes"]],
        versions=report["versions"],
    )


def advice(results: Results, visitor: Visitor, asked: Asked, plan: Plan) -> AdviceAnswer:
    """How many people to ask, from the prediction of a study.

    Raises:
        SocratesError: As for `prediction`; or if the study has no effect.
    """
    asked.check_one_study()
    asked, notes = _named(results, asked)
    model = model_of(results, asked.model)
    if asked.study_file:
        form, studies = own_study(asked, results)
        with admitted(results, visitor, asked.people * len(studies.cells)):
            made = predict_setting(Setting(studies, model, asked.sampling))
        study = PredictedStudy.of(form.title, made.found, form.design == "within")
    else:
        link = link_of(asked, results)
        with results.limits.at_work(visitor):
            results.admit(visitor, link)
            studies_here = results.catalogue.source(link.source).studies
            found = simulate(studies_here, results.memory.asking(model), link.request)
        study = PredictedStudy.of(found.study.title, [_outcome_of(found)], found.control.design == "within")
    report: dict[str, Any] = json.loads(design_json(advise(study, plan, most=MOST_EFFECTS)))
    return AdviceAnswer(
        simulated=SIMULATED,
        study=report["study"],
        model=report["model"],
        plan=report["plan"],
        effects=report["effects"],
        together=report["together"],
        left_out=report["left_out"],
        notes=[*notes, *([NOT_SCIENCE] if report["demo"] else []), *report["notes"]],
        versions=report["versions"],
    )


def model_of(results: Results, name: str) -> AnswerModel:
    """The model of this name.

    Raises:
        SocratesError: If there is none; lists the names.
    """
    if not results.models.has(name):
        known = ", ".join(one for _, one in results.models.choices())
        raise SocratesError(f"model: there is no {name[:60]!r}; there are {known}")
    return results.models.get(name)


def _named(results: Results, asked: Asked) -> tuple[Asked, list[str]]:
    """The same with the model named, since another may become the app's own meanwhile; and what is to be said of it."""
    if asked.model:
        return asked, []
    own = results.models.now()
    return replace(asked, model=own.name), [own.note] if own.note else []


def _setting(results: Results, visitor: Visitor, asked: Asked) -> PredictedSetting:
    """One setting with what every person answers, charged to the visitor."""
    model = model_of(results, asked.model)
    if asked.study_file:
        _, own = own_study(asked, results)
        refusal = results.policy.refusal(visitor, "simulate")
        if refusal:
            raise SocratesError(refusal)
        results.limits.take(visitor, asked.people * len(own.cells))
        return predict_setting(Setting(own, model, asked.sampling))
    link = link_of(asked, results)
    results.admit(visitor, link)
    studies = results.catalogue.source(link.source).studies
    found = simulate(studies, results.memory.asking(model), link.request, keep_answers=True)
    return PredictedSetting("", (_outcome_of(found),), population_digest(studies.participants_of(found.study.study_id)))


def _answer(found: tuple[OutcomeResult, ...], unseen: bool | None, page: str, notes: list[str]) -> PredictionAnswer:
    """All that is said of a prediction."""
    first = next(one.simulation for one in found if one.simulation is not None)
    return PredictionAnswer(
        simulated=SIMULATED,
        study=asdict(first.study),
        unseen=unseen,
        model=model_json(first.model),
        outcomes=[_outcome_json(one) for one in found],
        page=page,
        warnings=[*notes, *warnings_of(first.model, unseen)],
        versions=versions(),
    )


def _outcome_json(one: OutcomeResult) -> dict[str, Any]:
    """As in the page's file, without what all outcomes have in common."""
    told: dict[str, Any] = {"name": one.name, "refused": one.refused}
    if one.simulation is not None:
        told |= as_json(one.simulation)
        del told["study"], told["model"]
    return told


def _outcome_of(found: Simulation) -> OutcomeResult:
    cell = found.arms[0].cell
    return OutcomeResult(Outcome(cell.task_num, None, question_of(cell), cell.scale), found, None)


def _is_unseen(results: Results, link: Link, model: ModelDescription) -> bool:
    source = results.catalogue.seen_by(model.trained_on).source(link.source)
    return not source.entry(source.studies.cell(link.request.cell_id).study_id).seen
