"""Reads a study file as a study without answers, in which every condition has every outcome."""

import re
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError, StudyFolderError
from socrates_core.study.sources.bundled import load_bundled
from socrates_core.study.sources.frames import frames
from socrates_core.study.sources.persons import people_table, persona_frame
from socrates_core.study.split import Split, parts_digest
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.form import POPULATIONS, StudyForm, read_form
from socrates_core.study.study_file.stimulus import names_in, scale_of, stimulus_of
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.study.study_set import (
    PARTICIPANTS_SCHEMA,
    RESPONSES_SCHEMA,
    STUDIES_SCHEMA,
    Cell,
    Manifest,
    StudySet,
    cells_table,
)

OBSERVED: Final = "observed:"
_TABLES: Final = (".csv", ".tsv", ".parquet")


def read_study(path: str | Path) -> Studies:
    """Read a study that has not been run, from a YAML file.

    >>> from pathlib import Path
    >>> from socrates_core import load_model, read_study, simulate
    >>> text = '''
    ... socrates_study: 1
    ... title: Labels on a menu
    ... conditions:
    ...   - {label: Plain menu, text: You read the menu of a restaurant., control: true}
    ...   - {label: Climate label, text: You read a menu on which the vegetarian dish has a green label.}
    ... outcomes:
    ...   - name: intention
    ...     question: How likely are you to order the vegetarian dish?
    ...     scale: {from: 1, to: 7, labels: {1: Very unlikely, 7: Very likely}}
    ... population: observed:gss-welfare
    ... '''
    >>> _ = Path("menu.yaml").write_text(text, "utf-8")
    >>> study = read_study("menu.yaml")
    >>> print(study.find(condition="Climate").stimulus)
    You read a menu on which the vegetarian dish has a green label.
    <BLANKLINE>
    How likely are you to order the vegetarian dish?
    <BLANKLINE>
    Only return an integer from 1 to 7, where 1 means "Very unlikely" and 7 means "Very likely".
    >>> result = simulate(study, load_model("uniform"), outcome="intention", people=100)
    >>> print(result.arms[0])
    Plain menu: predicted mean 4.00 (95 % interval 4.00 to 4.00); no W: Nobody answered.

    Keys: `socrates_study: 1`, `title`, `conditions` (1 to 32, each with `label`, `text`, `control` and `fields`),
    `outcomes` (each with `name`, `question` and `scale`: `open`, or `from`, `to` and `labels`), `population`
    (`observed:STUDY`, a table or list of personas) and `design` (`between` or `within`). A {name} in a text or question
    is filled from the condition's fields. Words such as Yes and No are text, as in YAML 1.2.

    Args:
        path: The file; the path of a table of personas is relative to its folder.

    Returns:
        One study, all test, the control condition first, without answers.

    Raises:
        SourceError: If the file cannot be read, or a key is missing, unknown, wrong, or not supported yet; names the
            file, the key and what is allowed.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror})") from error
    form = read_form(read_yaml(text, str(path)), str(path))
    study = _study(form, path)
    _check_fields(form, str(path))
    return study


def _study(form: StudyForm, path: Path) -> Studies:
    study_id = f"own-{re.sub(r'[^a-z0-9]+', '-', form.title.lower()).strip('-') or 'study'}"
    # the control is condition 1, so that the others are compared with it
    conditions = sorted(form.conditions, key=lambda one: not one.control)
    cells = [
        Cell(
            cell_id=place * len(form.outcomes) + task,
            study_id=study_id,
            condition_num=place + 1,
            task_num=task + 1,
            stimulus=stimulus_of(condition, outcome, str(path)),
            scale=scale_of(outcome),
            condition=condition.label,
            design=form.design,
        )
        for place, condition in enumerate(conditions)
        for task, outcome in enumerate(form.outcomes)
    ]
    kind = "experiment" if len(conditions) > 1 else "survey"
    described = (study_id, form.title, "a study file; nobody has answered it", "not stated", "", kind, False, study_id)
    people = _people(form.population, study_id, path)
    counts = {"studies": 1, "cells": len(cells), "participants": len(people), "responses": 0}
    parts: dict[str, tuple[str, ...]] = {"train": (), "val": (), "test": (study_id,)}
    return Studies(
        studies=pl.DataFrame([described], schema=STUDIES_SCHEMA, orient="row"),
        cells=cells_table(cells),
        participants=people,
        responses=pl.DataFrame(schema=RESPONSES_SCHEMA),
        manifest=Manifest(source=str(path), counts=counts),
        split=Split("study", 0, str(path), parts, parts_digest(parts)),
        names={study_id: {task: outcome.name for task, outcome in enumerate(form.outcomes, start=1)}},
    )


def _check_fields(form: StudyForm, where: str) -> None:
    """Raise a SourceError for a field that no text uses: usually a misspelt name."""
    asked = set().union(*(names_in(outcome.question) for outcome in form.outcomes))
    for condition in form.conditions:
        unused = sorted(set(condition.fields) - asked - names_in(condition.text))
        if unused:
            raise SourceError(
                f"{where}, condition {condition.label!r}: the field {unused[0]} is not used in any text; write "
                f"{{{unused[0]}}} where it belongs, or leave it out"
            )


# -- who takes part ----------------------------------------------------------------------------------------------


def _people(population: str | list[dict[str, str | int | None]] | None, study_id: str, path: Path) -> pl.DataFrame:
    """The participants that simulated people are drawn from."""
    where = f"{path}, population"
    if population is None:
        return pl.DataFrame(schema=PARTICIPANTS_SCHEMA)
    if isinstance(population, list):
        return people_table(persona_frame(population), study_id, where)
    if population.startswith(OBSERVED):
        return _observed(population.removeprefix(OBSERVED).strip(), study_id, where)
    if Path(population).suffix.lower() not in _TABLES:
        raise SourceError(f"{where}: there is no {population!r}; expected {POPULATIONS}")
    table = path.parent / population
    if not table.is_file():
        raise SourceError(f"{where}: there is no file {table}")
    return people_table(pl.concat([pl.DataFrame(), *frames(table)], how="diagonal"), study_id, str(table))


def _observed(name: str, study_id: str, where: str) -> pl.DataFrame:
    """The people of a bundled study, with their survey weights."""
    bundled: StudySet = load_bundled()
    try:
        bundled.study(name)
    except StudyFolderError as error:
        raise SourceError(f"{where}: {error}") from error
    people = bundled.participants_of(name)
    return people.with_columns(participant_id=pl.int_range(len(people), dtype=pl.UInt32), study_id=pl.lit(study_id))
