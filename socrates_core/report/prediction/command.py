"""The command that predicts a study that somebody wrote."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from socrates_core import command
from socrates_core.errors import SocratesError, shown
from socrates_core.model.answer_model import NOT_SCIENCE, AnswerModel
from socrates_core.model.endpoint.endpoint_model import PREFIX as ENDPOINT
from socrates_core.model.folder import DEMO
from socrates_core.people.sending import words_on_sending
from socrates_core.report.prediction import options
from socrates_core.report.prediction.compared import comparison_lines, is_answered
from socrates_core.report.prediction.files import NOT_ANSWERED, model_words, prediction_files
from socrates_core.report.prediction.tables import summary, warnings
from socrates_core.report.robustness import robustness_csv, robustness_sentences
from socrates_core.report.trust.tables import trust_sentences
from socrates_core.simulation.robustness.asking import check_both_orders, in_both_orders
from socrates_core.simulation.robustness.variants import robustness as asked_again
from socrates_core.simulation.whole_study import OutcomeResult, Sampling, simulate_study
from socrates_core.study.files import check_folder, write_file, write_files
from socrates_core.study.sources.opening import open_source
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.checks import check_study
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.reading import read_form, study_of
from socrates_core.study.study_file.writing import study_text
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.study.study_set import StudySet
from socrates_core.trust.statement.finding import check_calibration, trust


def simulate(
    study: Annotated[Path, typer.Argument(help="The study file, as the page saves it.")],
    out: Annotated[Path, typer.Option(help="The folder for prediction.json, prediction.csv and the reports.")],
    model: options.Model = DEMO,
    adapter: options.Adapter = None,
    template: options.Template = None,
    precision: options.Weights = "auto",
    calibration: options.Calibration = None,
    people: options.People = 200,
    temperature: options.Temperature = 1.0,
    top_p: options.TopP = 1.0,
    seed: options.Seed = 0,
    confirm_people: Annotated[
        bool, typer.Option("--confirm-people", help="Send attributes of the people of `responses` to an endpoint.")
    ] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Ask in other ways, too, and write robustness-….csv: 7 times the work.")
    ] = False,
    both_orders: options.BothOrders = False,
    studies: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder whose studies' people may take part: `observed:STUDY@NAME-OF-THE-FOLDER`; repeatable."
        ),
    ] = None,
) -> None:
    """Predict a study from a study file; beside people's answers, if the file names some."""
    command.check_seed(seed)
    if out.is_file():
        raise SocratesError(f"--out {out} is a file; choose a folder")
    check_folder(out)
    form = read_form(study)
    own = study_of(form, study.parent, str(study), by_folder(studies or []))
    print(f"study        {form.title}: {len(form.conditions)} conditions, {len(form.outcomes)} outcomes")
    for finding in check_study(read_yaml(study_text(form), str(study))):
        print(f"remark       {finding}")
    taking_part = f"{len(own.participants):,} people to draw from" if len(own.participants) else "not described"
    print(f"people       {taking_part}; {people:,} simulated in each condition, seed {seed}")
    for note in own.manifest.notes:
        print(f"              {note}")
    if not confirm_people:
        check_sending(form, own, model)
    if robustness:
        check_other_ways(own)
    if both_orders:
        check_both_orders(own.cells_of(own.study_ids[0]))
    as_asked = options.asked_model(model, adapter, template, precision, calibration)
    answering = in_both_orders(as_asked) if both_orders else as_asked
    if calibration is not None:
        check_calibration(answering.description)
    print(f"model        {model_words(answering.description)}")
    started = time.perf_counter()
    found = simulate_study(own, answering, Sampling(people, temperature, top_p, seed), _progress("predicting"))
    write_files(out, prediction_files(form, found))  # before it is asked in other ways, which may fail or be stopped
    for one in found:
        print(
            f"{one.name}: {summary(one.simulation) if one.simulation is not None else f'not predicted. {one.refused}'}"
        )
        for text in trust_sentences(trust(one.simulation)) if one.simulation is not None else ():
            print(f"how far off  {text}")
        for line in comparison_lines(one):
            print(f"compared     {line}")
        for text in warnings(one.simulation) if one.simulation is not None else ():
            print(f"WARNING      {text}")
    if not any(map(is_answered, found)):
        print(NOT_ANSWERED)
    if answering.description.demo:
        print(NOT_SCIENCE)
    print(
        f"wrote        {out}/report.html, report.md, prediction.csv, prediction_claims.csv, prediction.json, study.yaml"
        f"{' and compared-…' if any(map(is_answered, found)) else ''}"
    )
    if robustness:
        ask_in_other_ways(own, as_asked, found, out)
    print(f"took         {time.perf_counter() - started:.1f} s")


def check_other_ways(own: Studies) -> None:
    """Raise a SocratesError if no outcome can be asked in other ways, before a model is asked anything."""
    if all(one.scale.values is None for one in own.outcomes()):
        raise SocratesError(
            "--robustness: all outcomes are open-ended, and there are no options to put otherwise; leave it out"
        )


def ask_in_other_ways(own: Studies, model: AnswerModel, found: Sequence[OutcomeResult], out: Path) -> None:
    """Ask a prediction that is written again, and write robustness-….csv, each as soon as it is there.

    Raises:
        SocratesError: If the model fails; says that the prediction is kept.
    """
    bounded = [one for one in found if one.simulation is not None and one.outcome.scale.values is not None]
    for one in found:
        if one.simulation is not None and one.outcome.scale.values is None:
            print(f"other ways   {one.name}: open-ended, so there are no options to put otherwise")
    for place, one in enumerate(bounded, start=1):
        assert one.simulation is not None
        try:
            ways = asked_again(own, model, one.simulation.request, _progress("asking again"))
        except SocratesError as error:
            told = f"{one.name} was not asked in other ways ({error}); the prediction is kept in {shown(out)}"
            raise SocratesError(told) from error
        write_file(out / f"robustness-{place}.csv", robustness_csv(ways))
        for text in robustness_sentences(ways):
            print(f"other ways   {one.name}: {text}")
    print(f"wrote        {shown(out)}/robustness-….csv")


def _progress(what: str) -> Callable[[int, int], None]:
    show = command.progress(what, "profiles")
    return lambda done, total: show(done, total, done, total)


def check_sending(form: StudyForm, own: StudySet, model: str) -> None:
    """Raise a SocratesError if people who answered would take part at an endpoint, which then learns of them."""
    if form.responses is not None and model.startswith(ENDPOINT):
        told = words_on_sending(own, own.study_ids, model.removeprefix(ENDPOINT))
        raise SocratesError(f"this would send {told} Add --confirm-people if they may be sent")


def by_folder(folders: list[Path]) -> dict[str, StudySet]:
    """Name of a folder → its studies.

    Raises:
        SocratesError: If two have one name, or one cannot be read.
    """
    names = [folder.resolve().name for folder in folders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SocratesError(
            f"--studies: two folders are called {twice[0]}, by which the study file names them; rename one"
        )
    return {name: open_source(str(folder)) for name, folder in zip(names, folders, strict=True)}
