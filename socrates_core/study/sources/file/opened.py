"""What files say of their own columns, whichever program wrote them, and the files that belong to them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from socrates_core.errors import counted
from socrates_core.study.sources.file.delimited import TextForm, delimited_columns
from socrates_core.study.sources.file.labelled import SUFFIXES, labelled_notes
from socrates_core.study.sources.file.notes import ColumnNotes
from socrates_core.study.sources.file.qualtrics import answers_kind, plain_choice, read_survey, survey_beside
from socrates_core.study.sources.file.qualtrics_several import with_selected, with_siblings


def column_notes(file: Path, encoding: str | None = None, survey: Path | None = None) -> Mapping[str, ColumnNotes]:
    """What a file says of its columns, for those of which it says something; nothing for a plain text table.

    Args:
        file: Any data file.
        encoding: Of its texts, where a map names it; None for the one that it declares.
        survey: The survey file of Qualtrics that belongs to it; None for the one of its name beside it, if there is
            one.

    Raises:
        SourceError: If it cannot be read.
    """
    if file.suffix.lower() in SUFFIXES:
        return labelled_notes(file, encoding)
    survey = survey or survey_beside(file)
    return {} if survey is None else read_survey(survey).notes


def columns_to_read(file: Path, columns: Sequence[str] | None, form: TextForm) -> Sequence[str] | None:
    """The columns with those that say how they are meant: the other choices of a multi-select question of Qualtrics.

    Args:
        file: A text table.
        columns: Those that are wanted; None for all.
        form: What is stated about it.

    Raises:
        SourceError: If the table or its survey file cannot be read.
    """
    path = form.survey or survey_beside(file)
    if columns is None or path is None:
        return columns
    multi = read_survey(path).multi
    return with_siblings(columns, delimited_columns(file, form), multi) if multi else columns


def with_codes(rows: pl.DataFrame, file: Path, form: TextForm) -> pl.DataFrame:
    """The rows of an export of Qualtrics, with the codes of choices in place of their texts.

    Args:
        rows: Of a text table, all columns text.
        file: The table.
        form: What is stated about it.

    Raises:
        SourceError: If the survey file cannot be read, or the answers may be codes or texts.
    """
    path = form.survey or survey_beside(file)
    if path is None:
        return rows
    survey = read_survey(path)
    note = form.note or (lambda sentence: None)
    for sentence in survey.said:
        note(sentence)
    for question in survey.multi:
        rows, told = with_selected(rows, question)
        for sentence in told:
            note(f"{file.name}: {sentence}")
    known = [name for name in rows.columns if survey.texts.get(name)]
    distinct = {name: rows[name].str.strip_chars().drop_nulls().unique(maintain_order=True).to_list() for name in known}
    if answers_kind(distinct, survey, str(file), form.answers) == "codes":
        return rows
    for name in known:
        codes = {value: survey.texts[name].get(plain_choice(value)) for value in distinct[name]}
        strange = [value for value, code in codes.items() if code is None]
        if strange:
            is_none = f"{counted(len(strange), 'different answer')} in {name} {'is' if len(strange) == 1 else 'are'}"
            note(f"{file.name}: {is_none} no choice of this question")
        changed = {value: code for value, code in codes.items() if code is not None}
        rows = rows.with_columns(pl.col(name).str.strip_chars().replace(changed))
    if known:
        note(f"{file.name}: its answers are texts of choices, read as the codes in {path.name}")
    return rows
