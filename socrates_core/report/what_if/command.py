"""The command that predicts a study in two or more settings and shows what the change makes."""

import string
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from socrates_core import command
from socrates_core.errors import SocratesError
from socrates_core.model.answer_model import NOT_SCIENCE, AnswerModel
from socrates_core.model.folder import DEMO, chosen_adapter
from socrates_core.model.loading import has_weights, load_model, with_calibration
from socrates_core.model.precision import Precision
from socrates_core.report.document import Table
from socrates_core.report.what_if.change import change_sentences, change_table, changes
from socrates_core.report.what_if.files import SIMULATED, outcome_warnings, what_if_files
from socrates_core.report.what_if.tables import basis_words, differences_table, sentence
from socrates_core.report.what_if.words import same_words, settings_table
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.simulation.what_if.comparison import WhatIf
from socrates_core.simulation.what_if.comparison import what_if as compare_settings_of
from socrates_core.simulation.what_if.setting import Setting
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.files import check_folder, write_files
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.reading import read_form, study_of
from socrates_core.study.study_file.writing import study_text
from socrates_core.trust.calibration import load_calibration
from socrates_core.trust.fingerprint import Fingerprint

MOST_SETTINGS: Final = 4
"""As many as the picture has colours for."""
EACH: Final = "Once for all settings, or once for each, in order."
WIDEST: Final = 48
"""Characters of a cell of a table in a terminal."""


Studies = Annotated[list[Path], typer.Argument(help="The study file, or one for each setting.")]


def what_if(
    study: Studies,
    out: Annotated[Path | None, typer.Option(help="A folder for what_if.csv, what_if.json and the reports.")] = None,
    model: Annotated[list[str] | None, typer.Option(help=f"As in `socrates simulate`. {EACH}")] = None,
    adapter: Annotated[list[str] | None, typer.Option(help=f"A folder, a Hub id, or none. {EACH}")] = None,
    template: Annotated[list[str] | None, typer.Option(help=f"Prompt template. {EACH}")] = None,
    temperature: Annotated[list[float] | None, typer.Option(help=f"Of each person's answers. {EACH}")] = None,
    population: Annotated[
        list[str] | None, typer.Option(help=f"gss-answers or observed:STUDY, in place of the study file's. {EACH}")
    ] = None,
    calibration: Annotated[
        list[Path] | None,
        typer.Option(help="calibration.json of a model's runs; holds for the settings it was fitted on; repeatable."),
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Base, adapter and uniform; without an adapter, model and uniform.")
    ] = False,
    precision: Annotated[str, typer.Option(help="auto, nf4, nf4-dequantised, bf16 or float32.")] = "auto",
    people: Annotated[int, typer.Option(help="Simulated people in each condition.", min=1, max=MAX_PEOPLE)] = 200,
    top_p: Annotated[float, typer.Option(help="Share of each person's likeliest answers that is kept.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the people drawn.")] = 0,
) -> None:
    """Predict a study in two or more settings side by side: other texts, people, models or temperatures.

    What differs is given twice: two study files, --model uniform --model demo, --temperature 0.5 --temperature 1.
    """
    command.check_seed(seed)
    if out is not None:
        if out.is_file():
            raise SocratesError(f"--out {out} is a file; choose a folder")
        check_folder(out)
    given: _Given = {
        "STUDY": study, "--model": model or [DEMO], "--adapter": adapter or [], "--template": template or [],
        "--temperature": temperature or [1.0], "--population": population or [],
    }  # fmt: skip
    plans = _baselines(given) if baselines else _plans(given)
    models, forms = _Models(cast("Precision", precision)), [_form(plan) for plan in plans]
    answering = with_their_calibrations([models.get(plan) for plan in plans], calibration or [])
    settings = [
        Setting(
            study_of(form, plan.study.parent, str(plan.study)),
            model,
            Sampling(people, plan.temperature, top_p, seed),
            plan.name,
        )
        for plan, form, model in zip(plans, forms, answering, strict=True)
    ]
    show, started = command.progress("profiles"), time.perf_counter()
    found = compare_settings_of(settings, lambda done, total: show(done, total, done, total))
    _say(found)
    if out is not None:
        texts = {
            f"study-{letter}.yaml": study_text(form)
            for letter, form in zip(string.ascii_lowercase, forms, strict=False)
        }
        title = " and ".join(dict.fromkeys(form.title for form in forms))
        write_files(out, {**texts, **what_if_files(title, found)})
        print(f"wrote        {out}/report.html, report.md, what_if.csv, what_if.json and the study files")
    print(f"took         {time.perf_counter() - started:.1f} s")


_Given = dict[str, Sequence[Any]]
"""Option → its values, in the order of the fields of `_Plan`."""


@dataclass(frozen=True)
class _Plan:
    """One setting as the options give it."""

    study: Path
    model: str
    adapter: str | None
    template: str | None
    temperature: float
    population: str | None
    name: str = ""


def _plans(given: _Given) -> list[_Plan]:
    """One plan for each setting.

    Raises:
        SocratesError: If the options are not given once or once for each, or nothing differs.
    """
    most = max(map(len, given.values()))
    for option, values in given.items():
        if len(values) not in (0, 1, most):
            raise SocratesError(f"{option} is given {len(values)} times, something else {most} times; give each once, "
                                "or once for each setting")  # fmt: skip
    if most < 2:
        raise SocratesError(
            "nothing differs: give a second study file, or one of --model, --adapter, --template, --temperature and "
            "--population twice; or --baselines"
        )
    if most > MOST_SETTINGS:
        raise SocratesError(f"{most} settings, and at most {MOST_SETTINGS} stand side by side")
    return [_plan(given, place) for place in range(most)]


def _baselines(given: _Given) -> list[_Plan]:
    """Base, adapter and uniform; without an adapter, the model and uniform."""
    twice = [option for option, values in given.items() if len(values) > 1]
    if twice:
        raise SocratesError(f"{twice[0]} is given more than once; with --baselines, once")
    asked = _plan(given, 0)
    if asked.model == "uniform":
        raise SocratesError("the model is the uniform baseline itself; choose another --model to compare with it")
    uniform = replace(asked, model="uniform", adapter=None, template=None, name="uniform")
    if asked.adapter is None:
        return [replace(asked, name="model"), uniform]
    return [replace(asked, adapter=None, name="base"), replace(asked, name="adapter"), uniform]


def _plan(given: _Given, place: int) -> _Plan:
    """The setting at this place; an option that is given once holds for all."""
    chosen: list[Any] = [values[min(place, len(values) - 1)] if values else None for values in given.values()]
    study, model, adapter, template, temperature, population = chosen
    weightless = model in ("uniform", "marginal")
    adapter = None if weightless else chosen_adapter(model, adapter)
    return _Plan(study, model, adapter, None if weightless else template, temperature, population)


def _form(plan: _Plan) -> StudyForm:
    """A setting's study, with its people."""
    form = read_form(plan.study)
    return form if plan.population is None else form.model_copy(update={"population": plan.population})


def with_their_calibrations(models: Sequence[AnswerModel], files: Sequence[Path]) -> list[AnswerModel]:
    """Each model with the calibration that was fitted on its predictions; those of no file keep their own.

    Raises:
        PredictionError: If a file cannot be read, or was fitted on none of these models.
    """
    found = list(models)
    for file in files:
        fitted, asked = load_calibration(file).fingerprint, [Fingerprint.of_model(one.description) for one in models]
        fits = [not fitted.differences(one) for one in asked]
        if not any(fits):
            fitted.refuse_other(asked[0])
        found = [with_calibration(one, file) if fit else one for one, fit in zip(found, fits, strict=True)]
    return found


class _Models:
    """Loads each model once."""

    def __init__(self, precision: Precision) -> None:
        self._precision = precision
        self._loaded: dict[tuple[str, str | None, str | None], AnswerModel] = {}

    def get(self, plan: _Plan) -> AnswerModel:
        key = (plan.model, plan.adapter, plan.template)
        if key not in self._loaded:
            chosen: Precision = self._precision if has_weights(plan.model) else "auto"
            self._loaded[key] = load_model(plan.model, plan.adapter, template=plan.template, precision=chosen)
        return self._loaded[key]


def _say(found: WhatIf) -> None:
    print(_columns(settings_table(found.settings)))
    for text in (same_words(found.settings), *found.notes):
        print(text)
    for outcome in found.outcomes:
        print(f"\n{outcome.name}: {sentence(outcome)}")
        if outcome.arms:
            print(_columns(differences_table(outcome)))
            told = changes(found, outcome)
            table = change_table(told)
            print(*(f"how far off  {text}" for text in change_sentences(told)), sep="\n")
            if table is not None:
                print(_columns(table))
        for text in (*basis_words(outcome), *(outcome.notes if outcome.arms else ())):
            print(text)
        for text in outcome_warnings(found, outcome):
            print(f"WARNING      {text}")
    print(f"\n{SIMULATED}")
    if any(one.first.model.demo for one in found.settings):
        print(NOT_SCIENCE)


def _columns(table: Table) -> str:
    """A table in columns of equal width, for a terminal; long cells are cut."""
    rows = [[cell if len(cell) <= WIDEST else f"{cell[: WIDEST - 1]}…" for cell in row]
            for row in (table.header, *table.rows)]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
