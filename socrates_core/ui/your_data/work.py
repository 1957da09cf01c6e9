"""A visitor's data: read as a study within their session, and simulated there. Nothing of it is kept for others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from socrates_core.errors import LossError, SocratesError
from socrates_core.model.answer_model import AnswerModel
from socrates_core.model.endpoint.endpoint_model import EndpointModel
from socrates_core.people.sending import words_on_sending
from socrates_core.scale.loss import refusal
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import simulate
from socrates_core.study.question import question_of
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.file.qualtrics import SUFFIX
from socrates_core.study.sources.table.codebook import Codebook
from socrates_core.study.sources.table.map.form import TableMap
from socrates_core.study.sources.table.map.look import LOOKED_AT
from socrates_core.study.sources.table.map.recognition import Proposal, propose
from socrates_core.study.sources.table.tidy import TableSource, load_table
from socrates_core.study.study_set import StudySet
from socrates_core.ui.access.uploads import Upload
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.results import Results

MOST_ANSWERS: Final = 2_000_000
"""Most answers of a study on the page, which take about a gigabyte to read."""
_LONGEST: Final = 60


@dataclass(frozen=True, eq=False)
class OwnData:
    """One file of one page, held in its session alone."""

    upload: Upload
    proposal: Proposal
    base: TableMap
    """The map that the table of columns shows."""
    form: TableMap | None = None
    """The map by which `studies` was read."""
    studies: StudySet | None = None
    beyond: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Cells with answers that their scale does not have: the columns of these answers, and a sentence."""


def opened(upload: Upload) -> OwnData:
    """A file with what its columns may be.

    Raises:
        SocratesError: If it cannot be read or has no rows.
    """
    with _named(upload):
        proposal = propose(upload.files[0])
    return OwnData(upload, proposal, proposal.form)


def read(own: OwnData, form: TableMap) -> OwnData:
    """The data read by a map.

    Raises:
        SocratesError: If the map does not fit it, there are too many answers, or more of them cannot be read than may
            be lost.
    """
    with _named(own.upload):
        _check_size(own, form)
        studies = load_table(_table(own.upload, form))
        if studies.manifest.losses:
            raise LossError(refusal(studies.manifest.losses))
    notes = tuple(_renamed(note, own.upload) for note in studies.manifest.notes)
    studies = replace(studies, manifest=replace(studies.manifest, notes=notes))
    return OwnData(own.upload, own.proposal, own.base, form, studies, tuple(beyond_scale(own.proposal, form, studies)))


def _table(upload: Upload, form: TableMap) -> TableSource:
    """A file, or a data set of the Hub with its codebook and its commit, as on the command line."""
    if upload.hub is None:
        return TableSource(upload.files, upload.name, upload.name, columns=form)
    codebook = Codebook.load(upload.hub.folder / "studies.json")
    name = upload.hub.repo_id
    return TableSource(upload.files, name, name, codebook, form, upload.hub.commit, whole=False)


def beyond_scale(proposal: Proposal, form: TableMap, studies: StudySet) -> Iterator[tuple[tuple[str, ...], str]]:
    """See `OwnData.beyond`: such answers count nowhere, so shares and means are those of the others."""
    asked = {name: one.question or "" for name, one in form.outcomes.items()}
    answers = tuple(guess.name for guess in proposal.guesses if guess.role == "answer")
    for cell_id in studies.cells["cell_id"]:
        cell, found = studies.cell(cell_id), studies.answers(cell_id)
        beyond = found.responses[~found.on_scale & ~np.isin(found.responses, list(cell.scale.off_axis))]
        if not len(beyond):
            continue
        n, total = len(beyond), len(found.responses)
        such = ", ".join(cell.scale.written(int(value)) for value in np.unique(beyond)[:3])
        columns = tuple(name for name, question in asked.items() if question and question in cell.stimulus)
        told = (
            f"{cell.condition_label}: {n:,} of {total:,} answers ({n / total:.0%}) are not on the scale of "
            f"“{short(question_of(cell))}”, such as {such}; they are left out of every figure. If they are "
            "answers, widen the scale; if they mean no answer, enter them as codes"
        )
        yield columns or answers, told


def short(words: str) -> str:
    """A text on one line, cut to what a table has room for."""
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _check_size(own: OwnData, form: TableMap) -> None:
    """Raise a SocratesError if the page cannot read so many answers beside those of others."""
    rows = max((guess.look.rows for guess in own.proposal.guesses), default=0)
    if rows == LOOKED_AT or len(own.upload.files) > 1:  # and perhaps more
        rows = sum(len(frame) for file in own.upload.files for frame in frames(file))
    answers = rows * max(1, len(form.outcomes))
    if answers > MOST_ANSWERS:
        raise SocratesError(
            f"{rows:,} rows with {len(form.outcomes):,} outcomes are {answers:,} answers; the page reads up to "
            f"{MOST_ANSWERS:,}. Leave outcomes out, or save the map and read the file on the command line"
        )


class _named:  # noqa: N801 - read as a phrase
    """Errors inside call the file as the visitor does, and not by its place on this server."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SocratesError):
            raise SocratesError(_renamed(str(error), self.upload)) from error


def _renamed(words: str, upload: Upload) -> str:
    """A message that calls the files as the visitor does."""
    if upload.hub is not None:
        return words.replace(f"{upload.hub.folder}/", "")
    words = words.replace(f"{upload.path.parent}/", "").replace(upload.path.name, upload.name)
    return words.replace(f"answers{SUFFIX}", upload.survey) if upload.survey else words


def people_sent(own: OwnData, study_id: str, model: AnswerModel) -> str:
    """What of real people would leave this server with a prediction, in a sentence; empty if nothing would.

    Args:
        own: Read.
        study_id: The study that is simulated.
        model: The model that predicts.
    """
    if not isinstance(model, EndpointModel) or own.studies is None:
        return ""
    return "I may send " + words_on_sending(own.studies, [study_id], f"{model.url}, which answers as {model.name}")


def sends_the_same(before: OwnData | None, now: OwnData, model: AnswerModel) -> bool:
    """Whether the data, read anew, sends the same columns of as many people as what a visitor has agreed to."""
    if before is None or before.studies is None or now.studies is None:
        return False
    ids = now.studies.study_ids
    return before.studies.study_ids == ids and all(
        people_sent(before, one, model) == people_sent(now, one, model) for one in ids
    )


def predict(
    results: Results,
    visitor: Visitor,
    own: OwnData,
    model: str,
    request: SimulationRequest,
    confirmed: bool,
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Predict one outcome of a visitor's data, within the same limits as everything else on the page.

    Args:
        results: For its models and limits; nothing is kept there.
        visitor: Who asks.
        own: Read.
        model: The name of the model.
        request: The outcome, and how to simulate it.
        confirmed: Whether the visitor has agreed that people's attributes are sent to an endpoint.
        progress: Called with (personas predicted so far, personas in all).

    Raises:
        SocratesError: If the visitor may not simulate, has not agreed, has exceeded the rate limit or has too much at
            work, or the model cannot predict it.
    """
    if own.studies is None:
        raise SocratesError("Press Preview first")
    answering = results.models.get(model)
    cell = own.studies.cell(request.cell_id)
    if people_sent(own, cell.study_id, answering) and not confirmed:
        raise SocratesError("The model runs on another server. Tick the box that names what would be sent there")
    refused = results.policy.refusal(visitor, "simulate")
    if refused:
        raise SocratesError(refused)
    arms = {one.condition_num for one in own.studies.cells_of(cell.study_id) if one.task_num == cell.task_num}
    with results.limits.at_work(visitor):
        results.limits.take(visitor, (request.n or 1) * len(arms))
        found = simulate(own.studies, answering, request, progress)
    # what was assumed to read the data stands beside the result
    return replace(found, notes=(*(told for _, told in own.beyond), *own.studies.manifest.notes, *found.notes))
