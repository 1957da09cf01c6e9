"""Runs a visitor's study within the same limits as everything else on the page, and makes its files."""

import itertools
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from socrates_core.errors import SocratesError
from socrates_core.report.prediction.claims import prediction_claims_csv
from socrates_core.report.prediction.files import prediction_csv, prediction_html, prediction_json
from socrates_core.report.record.making import make_record
from socrates_core.report.record.words import population_words
from socrates_core.simulation.request import MAX_PEOPLE
from socrates_core.simulation.what_if.setting import PredictedSetting, Setting, predict_setting
from socrates_core.simulation.whole_study import OutcomeResult, Sampling
from socrates_core.study.study_file.form import MarginsForm, StudyForm
from socrates_core.study.study_file.population.people import Loaded, people_of
from socrates_core.study.study_file.writing import raw_text, study_text
from socrates_core.ui.access.limits import DOWNLOAD_COST, MIN_COST
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.answer_memory import AnswerMemory
from socrates_core.ui.results import Results
from socrates_core.ui.your_study.draft import Draft, Written, written
from socrates_core.ui.your_study.preview import HERE, checked, form_in
from socrates_core.ui.your_study.remix import MOST_REMEMBERED, ask_everybody, remixed

_COUNT: Final = itertools.count(1)
_MEDIA: Final = {
    "csv": "text/csv;charset=utf-8", "html": "text/html;charset=utf-8", "json": "application/json",
    "yaml": "application/yaml;charset=utf-8", "zip": "application/zip",
}  # fmt: skip


MOST_HELD: Final = 400_000
"""Probabilities of single people that a visitor's page keeps with a prediction: 3 MB."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The latest prediction of one visitor, held in their session alone."""

    form: StudyForm
    found: tuple[OutcomeResult, ...]
    """With what every person answers, to be compared with another setting, unless that is more than `MOST_HELD`."""
    model: str
    """The model's name in the menu."""
    population: str
    """Equal for predictions in which the same people can take part."""
    draft: Draft
    sampling: Sampling
    memory: AnswerMemory | None = None
    """What was answered, where people are weighted to shares that can be moved."""

    @property
    def setting(self) -> PredictedSetting:
        """As one of the settings of a comparison."""
        return PredictedSetting("", self.found, self.population)


def loaded_in(results: Results) -> Loaded:
    """The studies of the page by the name of their source; people of theirs may take part."""
    return {source.name: source.studies for source in results.catalogue.sources}


def predict(
    results: Results,
    visitor: Visitor,
    draft: Draft,
    model: str,
    sampling: Sampling,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """Predict the study of a draft. Nothing of it is kept for others: neither texts nor answers.

    Raises:
        SocratesError: If something is still to be done, the visitor may not simulate, has exceeded the rate limit or
            has too much at work, or the model cannot predict it.
    """
    answering = results.models.get(model)
    found, studies = checked(draft, answering, loaded_in(results))
    if studies is None:
        first = next(finding for finding in found.findings if finding.blocks)
        raise SocratesError(f"The study cannot be run yet: {first}. All that is to be done stands beside the fields")
    if not 1 <= sampling.people <= MAX_PEOPLE:
        raise SocratesError(f"Simulated people: expected 1 to {MAX_PEOPLE:,}, got {sampling.people:,}")
    form = form_in(found)
    memory = AnswerMemory(MOST_REMEMBERED) if isinstance(form.population, MarginsForm) else None
    asked = answering if memory is None else memory.asking(answering)
    with admitted(results, visitor, sampling.people * len(studies.cells)):
        made = predict_setting(Setting(studies, asked, sampling), progress)
        if isinstance(form.population, MarginsForm):
            base = people_of(form.population.of, "own", None, HERE, loaded_in(results))
            ask_everybody(studies, base, asked, sampling.people)
    return Prediction(form, _held(made), model, made.population, draft, sampling, memory)


@contextmanager
def admitted(results: Results, visitor: Visitor, people: int) -> Iterator[None]:
    """Let a visitor simulate so many people, within the limits of the page.

    Raises:
        SocratesError: If the visitor may not simulate, has exceeded the rate limit or has too much at work.
    """
    refusal = results.policy.refusal(visitor, "simulate")
    if refusal:
        raise SocratesError(refusal)
    with results.limits.at_work(visitor):
        results.limits.take(visitor, people)
        yield


def with_shares(results: Results, visitor: Visitor, made: Prediction, draft: Draft) -> Prediction:
    """A prediction with the shares of another draft, which differs in nothing else, without asking the model.

    Raises:
        SocratesError: If no weights give these shares, somebody has not been asked, an outcome is open-ended, or the
            visitor has exceeded the rate limit.
    """
    found = written(draft)
    if not found.ready or made.memory is None:
        raise SocratesError("These shares cannot be met yet; what is missing stands beside them")
    results.limits.take(visitor, MIN_COST)
    form = form_in(found)
    moved = remixed(form, made.memory, results.models.get(made.model), made.sampling, loaded_in(results))
    return replace(made, form=form, found=_held(moved), population=moved.population, draft=draft)


def _held(made: PredictedSetting) -> tuple[OutcomeResult, ...]:
    return made.found if made.size <= MOST_HELD else tuple(map(_without_people, made.found))


def _without_people(one: OutcomeResult) -> OutcomeResult:
    return one if one.simulation is None else replace(one, simulation=replace(one.simulation, answers=()))


def download(results: Results, visitor: Visitor, made: Prediction, kind: str) -> str:
    """A file of a prediction, as the page saves it.

    Raises:
        SocratesError: If there is no such file, or the visitor has exceeded the rate limit.
    """
    writers: dict[str, Callable[[], str | bytes]] = {
        "csv": lambda: prediction_csv(made.found),
        "claims": lambda: prediction_claims_csv(made.found),
        "html": lambda: prediction_html(made.form, made.found),
        "json": lambda: prediction_json(made.form, made.found),
        "zip": lambda: make_record(made.form, made.found, population_words(made.form.population)),
    }
    if kind not in writers:
        raise SocratesError(f"There is no download {kind!r}")
    results.limits.take(visitor, DOWNLOAD_COST)
    title, ending = (f"{made.form.title} claims", "csv") if kind == "claims" else (made.form.title, kind)
    return file_json(title, ending, writers[kind]())


def study_file(found: Written) -> str:
    """The study file of a draft, finished or not, as the page saves it."""
    content = study_text(form_in(found)) if found.ready else raw_text(found.raw)
    return file_json(str(found.raw["title"]), "yaml", content)


def file_json(title: str, kind: str, content: str | bytes) -> str:
    """Name, type and content; a number makes two saves in a row differ, so that both happen."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "study"
    told = {"text": content} if isinstance(content, str) else {"base64": b64encode(content).decode("ascii")}
    return json.dumps(
        {"name": f"{name}.{kind}", "media": _MEDIA[kind], **told, "count": next(_COUNT)}, ensure_ascii=False
    )


def file_digest(file: str) -> str:
    """The SHA-256 of a record among such files; empty for others, which nobody quotes."""
    content = json.loads(file).get("base64")
    return "" if content is None else sha256(b64decode(content)).hexdigest()
