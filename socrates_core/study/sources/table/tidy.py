"""Tables of researchers' own data: a row an answer, or with a map a row a person.

Columns of a table with a row an answer (`columns` knows other names for them; of `condition_num` and `condition`, and
of `stimulus` and `question`, one is enough):

    study_id, condition_num, participant_id, response, stimulus,
    condition, question, task_num, scale_min, scale_max, design, weight, group, demo_ANYTHING,
    demographics (an object of attributes), scale_values, scale_labels (lists, as `--export datasets` writes them)

A studies.json next to the table adds titles, sources, licences, groups and answer labels; a map (`map.form`) says what
neither names. In text tables an empty field and R's `NA` are missing values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import SourceError, counted
from socrates_core.study.sources.builder import Progress, StudySetBuilder
from socrates_core.study.sources.file import delimited, workbook
from socrates_core.study.sources.file.delimited import TextForm, suffix_of
from socrates_core.study.sources.file.frames import (
    SLICE_ROWS,
    TABLES,
    check_unchanged,
    column_names,
    file_state,
    progress_of_each,
    slices,
)
from socrates_core.study.sources.file.opened import column_notes
from socrates_core.study.sources.rows import OPTIONAL, REQUIRED, as_codes
from socrates_core.study.sources.table.answers import NO_SCALE, WAYS_OUT, lost_answers, with_answers
from socrates_core.study.sources.table.arms import alike_arms, match_arms
from socrates_core.study.sources.table.codebook import Codebook
from socrates_core.study.sources.table.columns import DEMOGRAPHIC
from socrates_core.study.sources.table.described import OutcomeFinder
from socrates_core.study.sources.table.layout import Layout
from socrates_core.study.sources.table.map.form import TableMap
from socrates_core.study.sources.table.map.noted import Noted, kept_codes, with_notes
from socrates_core.study.sources.table.numbering import Numbering
from socrates_core.study.sources.table.scales import Scales, with_observed_ends, with_scale_ends, with_shown_text
from socrates_core.study.study_set import StudySet

_TEXTS: Final = "answers that hold the text of an option are this option"


_WHOLE: Final = (*delimited.SUFFIXES, *workbook.SUFFIXES)
"""Endings of files that are read at once, so that their outcomes are what progress can be told of."""

_BESIDE: Final = tuple(suffix for suffix in TABLES if suffix != ".json")
"""Endings of other tables that the same studies.json may describe; it ends in .json itself."""


@dataclass(frozen=True)
class TableSource:
    """A table that is cut into files, and all that is known about it."""

    files: Sequence[Path]
    """In the order in which their rows follow each other."""
    source: str
    """What the manifest names."""
    title: str
    """What a study names as its source, where the codebook names none."""
    codebook: Codebook = field(default_factory=Codebook)
    columns: TableMap | None = None
    """What its columns are; None where their names say so."""
    revision: str | None = None
    """The source's revision, where it has one."""
    whole: bool = True
    """Whether the codebook describes this table alone, so that an entry that meets no study is an error."""
    group_by: str | None = None
    """The column whose value is a study's group; None for the column `group`, if there is one."""


def table_at(path: Path, columns: TableMap | None = None, group_by: str | None = None) -> TableSource:
    """One table with the studies.json next to it, if there is one.

    Args:
        path: A text table, .parquet or .jsonl file.
        columns: What its columns are; None where their names say so.
        group_by: As in `TableSource`.

    Raises:
        SourceError: If there is a studies.json that cannot be read.
    """
    beside = [file for file in path.parent.iterdir() if file != path and suffix_of(file) in _BESIDE]
    codebook = Codebook.load(path.with_name("studies.json"))
    return TableSource([path], str(path), path.name, codebook, columns, whole=not beside, group_by=group_by)


def load_table(table: TableSource, progress: Progress | None = None) -> StudySet:
    """Read a table, slice by slice.

    If a scale's ends are given (in the table, a map, or studies.json), they override the text, and the question and an
    answer instruction as from `answer_instruction` are appended to the stimulus, unless it states that scale itself.
    Otherwise the scale is read from the stimulus. In both cases the question is appended if the stimulus lacks it, and
    is the whole text if there is no stimulus.

    Args:
        table: The table.
        progress: As for `frames.slices`.

    Raises:
        SourceError: If a file cannot be read, lacks a column, or contradicts another.
    """
    states = [file_state(file) for file in table.files]
    noted = _noted(table)
    columns = noted.columns
    layout = Layout(columns, table.title, table.group_by, dict.fromkeys(noted.said), noted.scales)
    numbering = Numbering(table.codebook, columns)
    for _, rows in _laid_out(table, layout):
        numbering.look_at(rows)
        if not numbering.needs_look(rows.columns):
            break
    numbering.decide(layout.notes)
    finder = OutcomeFinder(table.codebook, numbering.asked)
    scales = Scales(layout.rules, noted=noted.scales)
    builder = StudySetBuilder(
        table.source,
        lambda study: table.codebook.study(
            study, table.title, len(numbering.conditions[study]), numbering.group_of(study)
        ),
        table.revision,
    )
    before = dict.fromkeys(table.files, 0)
    contrasts: list[pl.DataFrame] = []
    for file, rows in _laid_out(table, layout, progress):
        read = numbering.numbered(rows, str(file))
        read = with_scale_ends(read, finder, str(file), before[file])
        read = with_shown_text(read, finder, scales)
        read, said = with_observed_ends(read, scales)
        layout.notes.update(dict.fromkeys(said))
        before[file] += len(rows)
        if "wording_contrast" in read.columns:
            contrasts.append(read.filter("wording_contrast").select("study_id", "stimulus").unique())
        _add(read, scales, builder, layout)
    for file, state in zip(table.files, states, strict=True):
        check_unchanged(file, state)
    layout.end(table.source)
    layout.notes.update(dict.fromkeys(numbering.said()))
    _check_codebook(table, numbering, layout.notes)
    layout.notes.update(dict.fromkeys(finder.check_used()))
    numbering.check_used(table.source)
    found = match_arms(_with_contrasts(builder.build(), contrasts), numbering.without_tasks)
    notes = [*layout.notes, *table.codebook.ignored, *found.matched, *found.unmatched]
    notes += [*alike_arms(found.studies), *_repeated_people(found.studies)]
    manifest = found.studies.manifest
    return replace(found.studies, manifest=replace(manifest, notes=(*manifest.notes, *dict.fromkeys(notes))))


def _repeated_people(studies: StudySet) -> list[str]:
    """The studies in which people have several answers in one cell, a sentence each."""
    several = (
        studies.responses.group_by("cell_id", "participant_id")
        .len()
        .filter(pl.col("len") > 1)
        .join(studies.cells.select("cell_id", "study_id"), on="cell_id")
        .group_by("study_id", maintain_order=True)
        .agg(people=pl.col("participant_id").n_unique(), answers=pl.col("len").sum())
        .sort("study_id")
    )
    return [
        f"study {study_id}: {counted(people, 'person')} answered several times in one cell ({answers:,} answers); a "
        "person counts once there, each answer for its part"
        for study_id, people, answers in several.iter_rows()
    ]


def _with_contrasts(studies: StudySet, found: Sequence[pl.DataFrame]) -> StudySet:
    """The studies with the wording contrasts that an export states."""
    if not found:
        return studies
    stated = pl.concat(found).unique().with_columns(_contrast=True)
    cells = studies.cells.join(stated, on=["study_id", "stimulus"], how="left", maintain_order="left")
    flag = pl.col("wording_contrast") | pl.col("_contrast").fill_null(False)
    return replace(studies, cells=cells.with_columns(wording_contrast=flag).drop("_contrast"))


def _laid_out(
    table: TableSource, layout: Layout, progress: Progress | None = None
) -> Iterator[tuple[Path, pl.DataFrame]]:
    form = form_of(layout.columns, layout.notes)
    layout.begin()
    before = 0
    for file, told in zip(table.files, progress_of_each(table.files, progress), strict=True):
        if file not in layout.names:
            layout.names[file] = column_names(file, form)
        wanted = layout.wanted(layout.names[file], file)
        for _, frame in slices([file], wanted, told, form):
            rows = layout.laid_out(frame, file, before)
            before += len(frame)
            del frame
            if len(rows) <= SLICE_ROWS or not layout.columns.outcomes:
                yield file, rows
                continue
            # outcome by outcome: all answers to a question stay together, and less is copied at a time
            done = 0
            for outcome in rows["outcome"].unique(maintain_order=True):
                part = rows.filter(pl.col("outcome") == outcome)
                yield file, part
                done += len(part)
                if told is not None and suffix_of(file) in _WHOLE:
                    told(done, len(rows))


def form_of(columns: TableMap, notes: dict[str, None] | None = None) -> TextForm:
    """What a map states about files; `notes` gains what had to be assumed."""
    return TextForm(
        columns.encoding,
        columns.separator,
        note=None if notes is None else lambda sentence: notes.setdefault(sentence),
        sheet=columns.sheet,
        decimal_comma=columns.decimal == ",",
        kept=kept_codes(columns),
        survey=None if columns.qsf is None else Path(columns.qsf),
        answers=columns.answers,
    )


def _noted(table: TableSource) -> Noted:
    """The map of a table, completed by what its file says of its columns."""
    columns = table.columns or TableMap()
    form = form_of(columns)
    said = [column_notes(file, columns.encoding, form.survey) for file in table.files]
    notes = {name: one for of_file in said for name, one in of_file.items()}

    def values(names: Sequence[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {name: set() for name in names}
        for _, frame in slices(table.files, names, text=form):
            for name in names:
                texts = as_codes(frame[name])
                found[name] |= {text for text in texts.unique().drop_nulls() if text}
        return found

    names = column_names(table.files[0], form) if notes else []
    return with_notes(columns, names, notes, values, table.files[0].name)


def _add(rows: pl.DataFrame, scales: Scales, builder: StudySetBuilder, layout: Layout) -> None:
    """Give a slice to the builder, its answers as whole numbers, with the reason where one cannot be taken."""
    rows, texts = with_answers(rows, scales)
    if texts.none:
        layout.notes.setdefault("answers such as n/a, nan or none are missing, where no option is called so")
    if texts.read and not any(note.startswith(_TEXTS) for note in layout.notes):
        layout.notes[f"{_TEXTS}, as {texts.example!r:.60} for {texts.option}"] = None
    attributes = {name: name.removeprefix(DEMOGRAPHIC) for name in rows.columns if name.startswith(DEMOGRAPHIC)}
    kept = [name for name in rows.columns if name in (*REQUIRED, *OPTIONAL)]
    lost = lost_answers(rows, scales)
    builder.lose(lost, {**WAYS_OUT, NO_SCALE: f"{WAYS_OUT[NO_SCALE]}; or in the text ({scales.problem})"})
    rows = rows.filter(~pl.int_range(pl.len()).is_in(lost["row"].implode()))
    builder.add(rows.select(*kept, *attributes).rename(attributes), scales.stated)


def _check_codebook(table: TableSource, numbering: Numbering, notes: dict[str, None]) -> None:
    """Raise a SourceError for entries of the codebook that meet no study or condition of the table."""
    conditions = numbering.conditions
    strangers = table.codebook.strangers(conditions)
    listed = ", ".join(strangers[:5]) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
    if strangers and table.whole:
        raise SourceError(
            f"{table.codebook.path}: no row belongs to the study {listed}; correct the id, or take the entry out"
        )
    if strangers:
        notes.setdefault(f"studies.json describes other tables too: no row here belongs to the study {listed}")
    table.codebook.check_conditions(conditions)
