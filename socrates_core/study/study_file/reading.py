"""Reads a study file as a study in which every condition has every outcome, with answers if the file names some."""

import re
from pathlib import Path

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.files import read_bytes
from socrates_core.study.split import Split, parts_digest
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.population.people import NOTHING, Loaded, people_of, weights_words
from socrates_core.study.study_file.responses import with_responses
from socrates_core.study.study_file.stimulus import asks_differently, scale_of, stimulus_of
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.study.study_set import RESPONSES_SCHEMA, STUDIES_SCHEMA, Cell, Manifest, cells_table

NOBODY_ASKED = "a study file; nobody has answered it"
"""The source of a study that somebody wrote."""
SUFFIXES = (".yaml", ".yml")


def is_study_file(name: str) -> bool:
    """Whether a name is that of a study file."""
    return name.lower().endswith(SUFFIXES)


def read_study(path: str | Path, loaded: Loaded = NOTHING) -> Studies:
    """Read a study that somebody wrote, from a YAML file.

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
    `outcomes` (each with `name`, `question` and `scale`: `open`, a preset such as `agreement-7`, `from` and `to` with
    `labels` and `off_axis`, or `nominal: true` with `labels`), `population`, `design` (`between` or `within`), and
    `responses` (`file` and `map`: a table of human answers, whose outcomes and conditions are found by their names
    and labels; the people in it take part, so `population` is left out). A {name} in a text or question is filled
    from the condition's fields. Words such as Yes and No are text, as in YAML 1.2.

    A population is one of:
        `gss-answers`: who answered the bundled experiments of the General Social Survey.
        `observed:STUDY`, `observed:STUDY@FOLDER`: the people of a bundled study, of one that is `loaded` (its name is
            the folder then), or of a prepared folder.
        `people.csv`: a table of personas beside the file: a column an attribute, `weight` if they do not count alike.
        A list of personas such as `- {age: 30, gender: Female, weight: 2}`, at most 10,000.
        Margins: people weighted so that their attributes have these shares, which add up to 1 or to 100 as percentages.
            An attribute has values with shares, a joint table the values of the first attribute with those of the next,
            or the name of a table with a column an attribute and one called `share`::

                population:
                  of: gss-answers          # or any text above
                  margins:
                    education: {College degree: 35, No college degree: 65}
                    gender × age_group:    # or with an x
                      Female: {18-34: 15, 35-54: 17, 55+: 20}
                      Male: {18-34: 15, 35-54: 16, 55+: 17}

            All are met at once by raking; who has a value without a share is left out.

    Args:
        path: The file; the paths of tables and folders are relative to its folder.
        loaded: Studies that are at hand, by name, as `load_studies` gives them.

    Returns:
        One study, all test, the control condition first, without answers unless the file has `responses`.

    Raises:
        SourceError: If the file cannot be read, or a key is missing, unknown, wrong, or not supported yet; names the
            file, the key and what is allowed.
    """
    return study_of(read_form(path), Path(path).parent, str(path), loaded)


def read_form(path: str | Path) -> StudyForm:
    """The contents of a study file, to be changed and written again.

    Raises:
        SourceError: As for `read_study`, but who takes part is not looked up.
    """
    try:
        text = read_bytes(Path(path)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror})") from error
    return form_of(read_yaml(text, str(path)), str(path))


def study_of(form: StudyForm, folder: Path | None, where: str, loaded: Loaded = NOTHING) -> Studies:
    """A study in which every condition has every outcome, with the answers that the study file names.

    Args:
        form: Checked, see `form_of`.
        folder: What the path of a table of personas is relative to; None where no file may be read.
        where: The file's name in messages.
        loaded: Studies that are at hand, by name; people of theirs may take part.

    Raises:
        SourceError: If those who take part cannot be found, or answers cannot be read or contradict the study.
    """
    study_id = f"own-{re.sub(r'[^a-z0-9]+', '-', form.title.lower()).strip('-') or 'study'}"
    # the control is condition 1, so that the others are compared with it
    conditions = sorted(form.conditions, key=lambda one: not one.control)
    contrasts = {one.name for one in form.outcomes if asks_differently(conditions, one)}
    cells = [
        Cell(
            cell_id=place * len(form.outcomes) + task,
            study_id=study_id,
            condition_num=place + 1,
            task_num=task + 1,
            stimulus=stimulus_of(condition, outcome),
            scale=scale_of(outcome),
            condition=condition.label,
            design=form.design,
            wording_contrast=outcome.name in contrasts,
        )
        for place, condition in enumerate(conditions)
        for task, outcome in enumerate(form.outcomes)
    ]
    kind = "experiment" if len(conditions) > 1 else "survey"
    described = (study_id, form.title, NOBODY_ASKED, "not stated", "", kind, False, study_id)
    people = people_of(form.population, study_id, folder, f"{where}, population", loaded)
    notes = weights_words(people, form.population)
    counts = {"studies": 1, "cells": len(cells), "participants": len(people), "responses": 0, "off_scale": 0}
    parts: dict[str, tuple[str, ...]] = {"train": (), "val": (), "test": (study_id,)}
    asked = Studies(
        studies=pl.DataFrame([described], schema=STUDIES_SCHEMA, orient="row"),
        cells=cells_table(cells),
        participants=people,
        responses=pl.DataFrame(schema=RESPONSES_SCHEMA),
        manifest=Manifest(source=where, counts=counts, notes=notes),
        split=Split("study", 0, where, parts, parts_digest(parts)),
        names={study_id: {task: outcome.name for task, outcome in enumerate(form.outcomes, start=1)}},
    )
    if form.responses is None:
        return asked
    if folder is None:
        raise SourceError(f"{where}, responses: the page reads no tables of this machine; bring them on Your data")
    return with_responses(asked, form, folder, where)
