"""Scores the record and the answers that a visitor sent. Neither is kept: both files are deleted afterwards."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import SocratesError, shown
from socrates_core.report.record.opening import OpenedRecord, open_record
from socrates_core.report.record.scoring import STUDY, ScoredRecord, score_record
from socrates_core.study.sources.table.map.recognition import propose
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.ui.access.limits import DOWNLOAD_COST
from socrates_core.ui.access.uploads import RECORD_SUFFIX, Upload
from socrates_core.ui.access.visitors import Visitor
from socrates_core.ui.results import Results

LONGEST_MAP: Final = 80_000
HOW_TO_MAP: Final = (
    "save a map.yaml for it, as the tab Your data makes one, and choose it too; or name the columns as the study does"
)


@dataclass(frozen=True, eq=False)
class Scored:
    """A record beside people's answers."""

    record: OpenedRecord
    scored: ScoredRecord
    taken: str
    """What the columns of the answers were taken for, in a sentence."""


def score_uploads(results: Results, visitor: Visitor, sent: dict[str, Any]) -> Scored:
    """Score a record.

    Args:
        results: Holds the files that were sent, and the limits.
        visitor: Who sent them.
        sent: `record` and `answers`, the secret words of both files; `map`, the text of a map, empty without one;
            `digest`, the SHA-256 that was quoted, empty if it is not known.

    Raises:
        SocratesError: If the visitor may not, a file is gone, or it cannot be scored; names the files as the visitor
            does.
    """
    refusal = results.policy.refusal(visitor, "simulate")
    if refusal:
        raise SocratesError(refusal)
    results.limits.take(visitor, DOWNLOAD_COST)
    with _taken(results, sent.get("record")) as record, _taken(results, sent.get("answers")) as answers:
        try:
            given = _given(record, answers, sent)
            opened = open_record(record.path, str(sent.get("digest") or "").strip() or None)
            text, taken = (given, "Columns as the map says.") if given.strip() else proposed_map(answers.path, opened)
            table_map = answers.path.with_name("map.yaml")
            table_map.write_text(text, "utf-8")
            with results.limits.at_work(visitor):
                return Scored(opened, score_record(opened, answers.path, table_map), taken)
        except SocratesError as error:
            raise SocratesError(_renamed(str(error), record, answers)) from error
        except OSError as error:
            raise SocratesError(f"This server cannot keep the files: {error.strerror}") from error


def _given(record: Upload, answers: Upload, sent: dict[str, Any]) -> str:
    """The map that was sent, after looking at what the files are."""
    if record.path.suffix != RECORD_SUFFIX or answers.path.suffix == RECORD_SUFFIX:
        raise SocratesError("Choose the record, a .zip, in the first field and the answers in the second")
    given = str(sent.get("map") or "")
    if len(given) > LONGEST_MAP:
        raise SocratesError("The map is too long for the page; use it on the command line")
    return given


def proposed_map(file: Path, record: OpenedRecord) -> tuple[str, str]:
    """A map of a table whose columns are named as the record's outcomes, and what was taken for what.

    Raises:
        SocratesError: If an outcome has no column, or not one column alone holds the conditions.
    """
    form: StudyForm = form_of(read_yaml(record.study, STUDY), STUDY)
    proposal = propose(file)
    looks = [guess.look for guess in proposal.guesses]
    outcomes = [one.name for one in form.outcomes if one.name in {look.name for look in looks}]
    if not outcomes:
        raise SocratesError(f"no column is called as an outcome ({shown(form.outcomes[0].name)}); {HOW_TO_MAP}")
    labels = {one.label for one in form.conditions}
    arms = [look.name for look in looks if look.counts and set(look.counts) <= labels]
    if len(form.conditions) > 1 and len(arms) != 1:
        which = "no column holds" if not arms else f"{len(arms)} columns hold"
        raise SocratesError(f"{which} the labels of the conditions and nothing else; {HOW_TO_MAP}")
    used = {*outcomes, *arms[:1], proposal.form.participant}
    content: dict[str, Any] = {
        "outcomes": {name: {} for name in outcomes},
        "leave_out": [look.name for look in looks if look.name not in used],
    }
    content |= {"condition": {"column": arms[0]}} if arms else {}
    content |= {"participant": proposal.form.participant} if proposal.form.participant else {}
    by = f", conditions by {shown(arms[0])}" if arms else ""
    people = f", people by {shown(proposal.form.participant)}" if proposal.form.participant else ""
    return json.dumps(content), f"Outcomes by their names ({', '.join(map(shown, outcomes))}){by}{people}."


@contextmanager
def _taken(results: Results, word: object) -> Iterator[Upload]:
    """A file that was sent, deleted afterwards."""
    upload = results.uploads.take(word)
    try:
        yield upload
    finally:
        upload.close()


def _renamed(message: str, *uploads: Upload) -> str:
    """A message with the visitor's names of files in place of where they lie here."""
    for upload in uploads:
        message = message.replace(str(upload.path), upload.name).replace(upload.path.name, upload.name)
    return message.replace(f"{uploads[0].path.parent}/", "").replace(f"{uploads[-1].path.parent}/", "")
