"""The command that says how many people to ask."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from socrates_core import command
from socrates_core.errors import SocratesError, shown
from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.model.folder import DEMO
from socrates_core.report.design.files import design_files
from socrates_core.report.design.tables import notes, pilot_sentences, plan_words, sentences
from socrates_core.report.prediction.command import by_folder, check_sending
from socrates_core.report.prediction.options import asked_model
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.simulation.whole_study import Sampling, simulate_study
from socrates_core.study.files import check_folder, write_files
from socrates_core.study.study_file.form import ResponsesForm
from socrates_core.study.study_file.reading import is_study_file, read_form, study_of
from socrates_core.trust.design.advice import PEOPLE, Plan, advise
from socrates_core.trust.design.answers import FewAnswers, answers_in, answers_of_study
from socrates_core.trust.design.learnt import learn
from socrates_core.trust.design.study import PredictedStudy, read_prediction
from socrates_core.trust.statement.finding import check_calibration


def design(
    source: Annotated[
        Path, typer.Argument(help="A study file, which is predicted first; or a folder or JSON of a prediction.")
    ],
    out: Annotated[Path | None, typer.Option(help="A folder for design.json, design.csv and the reports.")] = None,
    test: Annotated[
        Literal["wmw", "welch"], typer.Option(help="Wilcoxon-Mann-Whitney with ties, or Welch's t.")
    ] = "wmw",
    alpha: Annotated[float, typer.Option(help="Two-sided level; over all effects by Holm's procedure.")] = 0.05,
    power: Annotated[float, typer.Option(help="Wanted probability of finding the effect.")] = 0.8,
    ask: Annotated[int, typer.Option(help="People asked in each arm, for whom power is given.")] = PEOPLE,
    ratio: Annotated[float, typer.Option(help="People asked in the control for each one in an arm.")] = 1.0,
    truth: Annotated[
        float, typer.Option(help="If the true effect is this (% of the scale): who shows the prediction wrong.")
    ] = 0.0,
    pilot: Annotated[
        Path | None,
        typer.Option(help="CSV of a few people's answers: a column `condition`, one of each outcome's name."),
    ] = None,
    answers_map: Annotated[
        Path | None, typer.Option("--map", help="Map of the pilot's columns, as in a study file's `responses`.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="calibration.json, for assurance; default: the one that came with the model.")
    ] = None,
    model: Annotated[str, typer.Option(help="As in `socrates simulate`.")] = DEMO,
    adapter: Annotated[str | None, typer.Option(help="A folder, a Hub id, or none.")] = None,
    template: Annotated[str | None, typer.Option(help="Prompt template.")] = None,
    precision: Annotated[str, typer.Option(help="auto, nf4, nf4-dequantised, bf16 or float32.")] = "auto",
    people: Annotated[int, typer.Option(help="Simulated people in each condition.", min=1, max=MAX_PEOPLE)] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the people drawn, and of simulated families.")] = 0,
    confirm_people: Annotated[
        bool, typer.Option("--confirm-people", help="Send attributes of the people of `responses` to an endpoint.")
    ] = False,
    studies: Annotated[
        list[Path] | None, typer.Option(help="As in `socrates simulate`: whose people may take part; repeatable.")
    ] = None,
) -> None:
    """Say how many people to ask, from a predicted study; and what a few people's answers already teach."""
    command.check_seed(seed)
    plan = Plan(test, alpha, power, ask, ratio, truth)
    if out is not None:
        if out.is_file():
            raise SocratesError(f"--out {out} is a file; choose a folder")
        check_folder(out)
    if answers_map is not None and pilot is None:
        raise SocratesError("--map says which column of --pilot is what; name that file too")
    if is_study_file(source.name):
        form = read_form(source)
        own = study_of(form, source.parent, str(source), by_folder(studies or []))
        if not confirm_people:
            check_sending(form, own, model)
        answering = asked_model(model, adapter, template, precision, calibration)
        if calibration is not None:
            check_calibration(answering.description)
        found = simulate_study(own, answering, Sampling(people, seed=seed))
        study = PredictedStudy.of(form.title, found, form.design == "within")
        few = answers_of_study(own, study) if len(own.responses) and pilot is None else None
    elif calibration is not None:
        raise SocratesError(
            "--calibration speaks of predictions that are made now: name the study file, not a saved one"
        )
    else:
        study, few = read_prediction(source), None
    if pilot is not None:
        few = _pilot(pilot, answers_map, source, study)
    _say(study, few, plan, out, seed)


def _pilot(pilot: Path, answers_map: Path | None, source: Path, study: PredictedStudy) -> FewAnswers:
    """What people answered; with a map as a study file's `responses` are read."""
    if answers_map is None:
        return answers_in(pilot, study)
    file = source if is_study_file(source.name) else source / "study.yaml"
    if not file.is_file():
        raise SocratesError(f"--map needs the study file: there is no {shown(file)}; name the study file instead")
    responses = ResponsesForm(file=str(pilot.resolve()), map=str(answers_map.resolve()))
    form = read_form(file).model_copy(update={"responses": responses})
    return answers_of_study(study_of(form, file.parent, str(file)), study)


def _say(study: PredictedStudy, few: FewAnswers | None, plan: Plan, out: Path | None, seed: int) -> None:
    advice = advise(study, plan, seed)
    learnt = None if few is None else learn(study, few)
    print(f"study        {study.title}, predicted by {study.model}")
    print(f"plan         {plan_words(plan)}")
    for of in advice.effects:
        print(f"\n{of.contrast.name}")
        for line in sentences(of, advice):
            print(f"  {line}")
    if learnt is not None:
        print(f"\nWhat {learnt.answers.people:,} people already say")
        for line in (*pilot_sentences(learnt), *learnt.notes):
            print(f"  {line}")
    print("\nHow to read this")
    for line in notes(advice):
        print(f"  {line}")
    if study.demo:
        print(NOT_SCIENCE)
    if out is not None:
        files = design_files(advice, learnt)
        write_files(out, files)
        print(f"wrote        {out}/{', '.join(files)}")
