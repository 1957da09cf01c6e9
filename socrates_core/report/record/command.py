"""The command that records a prediction before people are asked, and scores the record when they have answered."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from socrates_core import command
from socrates_core.errors import SocratesError, shown
from socrates_core.model.answer_model import NOT_SCIENCE
from socrates_core.model.folder import DEMO
from socrates_core.report.prediction import options
from socrates_core.report.prediction.command import by_folder
from socrates_core.report.prediction.files import model_words
from socrates_core.report.record.making import check_unanswered, make_record
from socrates_core.report.record.opening import open_record
from socrates_core.report.record.report import scored_files, scored_lines
from socrates_core.report.record.scoring import score_record
from socrates_core.report.record.words import population_words
from socrates_core.report.trust.tables import trust_sentences
from socrates_core.simulation.robustness.asking import check_both_orders, in_both_orders
from socrates_core.simulation.whole_study import Sampling, simulate_study
from socrates_core.study.files import check_folder, write_file, write_files
from socrates_core.study.study_file.reading import read_form, study_of
from socrates_core.trust.statement.finding import check_calibration, trust


def record(
    source: Annotated[Path, typer.Argument(help="A study file to predict and record; or a record (.zip) to score.")],
    out: Annotated[Path, typer.Option(help="The record to write, a .zip; when scoring, a folder for the report.")],
    data: Annotated[Path | None, typer.Option(help="People's answers, to score a record: a table.")] = None,
    answers_map: Annotated[
        Path | None, typer.Option("--map", help="Says which column of --data is what, as in `socrates prepare`.")
    ] = None,
    model: options.Model = DEMO,
    adapter: options.Adapter = None,
    template: options.Template = None,
    precision: options.Weights = "auto",
    calibration: options.Calibration = None,
    people: options.People = 200,
    temperature: options.Temperature = 1.0,
    top_p: options.TopP = 1.0,
    seed: options.Seed = 0,
    both_orders: options.BothOrders = False,
    sha256: Annotated[
        str | None, typer.Option(help="When scoring: the SHA-256 that the preregistration quotes; another is refused.")
    ] = None,
    studies: Annotated[
        list[Path] | None, typer.Option(help="As in `socrates simulate`: whose people may take part; repeatable.")
    ] = None,
) -> None:
    """Record a prediction before people are asked, as one zip; score the record when they have answered."""
    command.check_seed(seed)
    if data is not None or source.suffix.lower() == ".zip":
        _score(source, data, answers_map, out, seed, sha256)
        return
    if answers_map is not None:
        raise SocratesError("--map says which column of --data is what; name that file and a record to score")
    if sha256 is not None:
        raise SocratesError("--sha256 is that of a record to score; when one is made, its SHA-256 is printed")
    if out.suffix.lower() != ".zip" or out.is_dir():
        raise SocratesError(f"--out {shown(out)}: a record is a file that ends in .zip")
    check_folder(out.parent)
    form = read_form(source)
    check_unanswered(form)  # before a model, perhaps elsewhere, is asked anything of people
    own = study_of(form, source.parent, str(source), by_folder(studies or []))
    if both_orders:
        check_both_orders(own.cells_of(own.study_ids[0]))
    as_asked = options.asked_model(model, adapter, template, precision, calibration)
    answering = in_both_orders(as_asked) if both_orders else as_asked
    if calibration is not None:
        check_calibration(answering.description)
    print(f"model        {model_words(answering.description)}")
    show = command.progress("predicting", "profiles")
    sampling = Sampling(people, temperature, top_p, seed)
    found = simulate_study(
        own, answering, sampling, lambda done, total: show(done, total, done, total), keep_answers=True
    )
    content = make_record(form, found, population_words(form.population))
    write_file(out, content, durable=True)
    for one in found:
        if one.simulation is None:
            print(f"NOT PREDICTED {one.name}: {one.refused}")
        for text in trust_sentences(trust(one.simulation)) if one.simulation is not None else ():
            print(f"how far off  {one.name}: {text}")
    if answering.description.demo:
        print(NOT_SCIENCE)
    print(f"wrote        {shown(out)}, {len(content):,} bytes")
    print(f"sha256       {hashlib.sha256(content).hexdigest()}  (quote it in the preregistration)")


def _score(source: Path, data: Path | None, answers_map: Path | None, out: Path, seed: int, sha256: str | None) -> None:
    if data is None or answers_map is None:
        raise SocratesError(
            "a record is scored with people's answers: --data answers.csv --map map.yaml (socrates prepare "
            "--propose-map makes a map)"
        )
    if out.is_file():
        raise SocratesError(f"--out {shown(out)} is a file; choose a folder")
    check_folder(out)
    opened = open_record(source, sha256)
    print(f"record       {opened.about['title']}, made {opened.about['made']} by {opened.about['model']}")
    print(f"sha256       {opened.standing}")
    scored = score_record(opened, data, answers_map, seed)
    write_files(out, scored_files(opened, scored))
    for one in scored.outcomes:
        for line in scored_lines(one):
            print(f"{one.name}: {line}")
    print(f"wrote        {shown(out)}/report.html, report.md, scored.json and compared-…")
