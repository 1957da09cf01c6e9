"""Reads what a few people answered: from a table with a row a person, or from the answers of a study."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from socrates_core.errors import SourceError, shown
from socrates_core.scale.distribution import Floats
from socrates_core.study.files import read_bytes
from socrates_core.study.sources.table.answers import plain_text, read_answer
from socrates_core.study.studies import Studies
from socrates_core.trust.design.pilot import Pilot
from socrates_core.trust.design.study import PredictedStudy

CONDITION: Final = ("condition", "arm", "group")
"""Names of the column that says which condition a person was in."""
PERSON: Final = ("participant", "participant_id", "person")
"""Names of the column that says who answered, where a person has several rows."""
UNWEIGHTED: Final = "Survey weights are not used here: everybody counts alike."
MOST_PEOPLE: Final = 20_000
"""More are no pilot: compare them with the prediction."""


@dataclass(frozen=True, eq=False)
class FewAnswers:
    """A pilot, and what of its table it leaves out."""

    pilot: Pilot
    """Its cells are those of the study."""
    people: int
    """With an answer that counts."""
    left_out: tuple[str, ...]
    """What was left out, a sentence each."""


def answers_in(path: Path, study: PredictedStudy) -> FewAnswers:
    """The answers in a CSV file; see `answers_of_text`.

    Raises:
        SourceError: If it cannot be read, or as there.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{shown(path)} is not UTF-8 (byte {error.start}); save it as CSV in UTF-8") from error
    except OSError as error:
        raise SourceError(f"{shown(path)} cannot be read ({error.strerror})") from error
    return answers_of_text(text, study, str(path.name))


def answers_of_text(text: str, study: PredictedStudy, where: str) -> FewAnswers:
    """The answers in a table as text: names of columns first, then a row a person.

    A column `condition` names each person's condition by its label (it may lack where there is one condition), and a
    column of each outcome's name holds the answers: options by number or text. Rows with the same `participant` are of
    one person. Other columns are not read.

    Raises:
        SourceError: If it is no such table, names a condition that the study does not have, or no answer counts.
    """
    rows = _table(text, where)
    column, outcomes = _columns(rows[0], study, where)
    conditions = {plain_text(cell.condition): cell.condition for cell in study.cells}
    answers = np.full((len(rows), len(study.cells)), np.nan)
    places = {(cell.outcome, cell.condition): place for place, cell in enumerate(study.cells)}
    lost: dict[str, list[str]] = {}
    who = next((name for wanted in PERSON for name in rows[0] if plain_text(name) == wanted), None)
    people: dict[str, int] = {}
    for number, row in enumerate(rows):
        named_person = row[who].strip() if who is not None else ""
        person = people.setdefault(named_person, number) if named_person else number
        condition = next(iter(conditions.values()))
        if column is not None:
            named = conditions.get(plain_text(row[column]))
            if named is None:
                known = ", ".join(repr(one) for one in conditions.values())
                raise SourceError(
                    f"{where}, row {number + 2}: no condition is called {shown(row[column])[:60]!r}; "
                    f"the study has {known}"
                )
            condition = named
        for name, outcome in outcomes.items():
            place = places.get((outcome, condition))
            if place is not None and row[name].strip():
                if not np.isnan(answers[person, place]):
                    lost.setdefault(f"a second answer of one person to {outcome}", []).append(row[name])
                    continue
                position = _position(row[name], study, place, lost)
                answers[person, place] = np.nan if position is None else position
    return _few(answers, study, lost, where)


def answers_of_study(studies: Studies, study: PredictedStudy) -> FewAnswers:
    """The answers of a study that people have answered, by the names of its outcomes and conditions.

    Raises:
        SourceError: If no answer counts.
    """
    frame = studies.responses
    people = {person: row for row, person in enumerate(frame["participant_id"].unique(maintain_order=True).to_list())}
    answers = np.full((max(1, len(people)), len(study.cells)), np.nan)
    lost: dict[str, list[str]] = {}
    numbered = {outcome.number: outcome.name or outcome.question for outcome in studies.outcomes()}
    asked = {
        (numbered.get(cell.task_num or 0), cell.condition_label): cell.cell_id
        for cell in studies.cells_of(studies.study_ids[0])
    }
    for place, cell in enumerate(study.cells):
        cell_id = asked.get((cell.outcome, cell.condition))
        given = frame.filter(pl.col("cell_id") == cell_id) if cell_id is not None else frame.clear()
        for person, response in zip(given["participant_id"], given["response"], strict=True):
            position = _of_option(int(response), study, place, lost)
            if position is not None:
                answers[people[person], place] = position
    few = _few(answers, study, lost, "the answers of this study")
    weighted = studies.participants["weight"].drop_nulls().n_unique() > 1
    return replace(few, left_out=(*few.left_out, UNWEIGHTED)) if weighted else few


def _table(text: str, where: str) -> list[dict[str, str]]:
    head = text.lstrip("\ufeff\r\n").partition("\n")[0]
    separator = max("\t;,", key=head.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff\r\n")), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise SourceError(
            f"{where} is not a table ({error}); expected names of columns, then a row a person"
        ) from error
    if len(lines) < 2:
        raise SourceError(f"{where}: expected names of columns on the first line, then a row a person")
    names = [name.strip() for name in lines[0]]
    if len(lines) - 1 > MOST_PEOPLE:
        raise SourceError(f"{where} has {len(lines) - 1:,} rows, and a few answers are at most {MOST_PEOPLE:,}")
    if len(set(names)) < len(names):
        raise SourceError(f"{where}: two columns have one name; rename one")
    wrong = next((number for number, row in enumerate(lines) if len(row) != len(names)), None)
    if wrong is not None:
        raise SourceError(f"{where}, row {wrong + 1}: expected {len(names)} cells, got {len(lines[wrong])}")
    return [dict(zip(names, row, strict=True)) for row in lines[1:]]


def _columns(row: Mapping[str, str], study: PredictedStudy, where: str) -> tuple[str | None, dict[str, str]]:
    """The column of conditions, and column → outcome."""
    known = {plain_text(cell.outcome): cell.outcome for cell in study.cells}
    outcomes = {name: known[plain_text(name)] for name in row if plain_text(name) in known}
    if not outcomes and len(known) == 1:
        answers = [name for name in row if plain_text(name) in ("answer", "response")]
        outcomes = {answers[0]: next(iter(known.values()))} if answers else {}
    if not outcomes:
        names = ", ".join(repr(one) for one in known.values())
        raise SourceError(f"{where}: no column is called as an outcome; the study has {names}")
    column = next((name for wanted in CONDITION for name in row if plain_text(name) == wanted), None)
    if column is None and len({cell.condition for cell in study.cells}) > 1:
        raise SourceError(f"{where}: expected a column `condition` that says which condition each person was in")
    return column, outcomes


def _position(text: str, study: PredictedStudy, place: int, lost: dict[str, list[str]]) -> float | None:
    scale = study.cells[place].scale
    read = read_answer(text, scale)
    if read.value is None:
        if read.problem is not None:
            lost.setdefault(f"not an answer to {study.cells[place].outcome}", []).append(text)
        return None
    return _of_option(read.value, study, place, lost)


def _of_option(option: int, study: PredictedStudy, place: int, lost: dict[str, list[str]]) -> float | None:
    """Where an option lies, in points; None, and noted, where it does not lie on the axis."""
    cell = study.cells[place]
    if option in cell.scale.off_axis:
        lost.setdefault(f"off the axis of {cell.outcome}", []).append(cell.scale.written(option))
    elif option not in (cell.scale.values or ()):
        lost.setdefault(f"off the scale of {cell.outcome}", []).append(cell.scale.written(option))
    else:
        return cell.position(option)
    return None


def _few(table: Floats, study: PredictedStudy, lost: Mapping[str, list[str]], where: str) -> FewAnswers:
    told = tuple(
        f"{len(found):,} {'is' if len(found) == 1 else 'are'} {why}, such as {shown(found[0])[:40]!r}, and left out."
        for why, found in lost.items()
    )
    there = ~np.isnan(table).all(axis=1)
    if not there.any():
        raise SourceError(f"{where}: no answer counts. {' '.join(told)}".strip())
    pilot = Pilot(table[there], tuple(cell.places[0] for cell in study.cells))
    return FewAnswers(pilot, int(there.sum()), told)
