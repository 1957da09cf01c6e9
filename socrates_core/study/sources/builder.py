"""Builds a `StudySet` from the rows of any source, batch by batch, keeping each distinct stimulus once."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, get_args

import polars as pl

from socrates_core.errors import ScaleError, SourceError, counted
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.scale.loss import AnswerCount, Loss, losses
from socrates_core.scale.off_axis import remarks
from socrates_core.study.sources.personal import masked
from socrates_core.study.sources.persons import merged_persons, weight_notes
from socrates_core.study.sources.rows import (
    LONGEST_QUOTE,
    MOST_EXAMPLES,
    NOT_AN_INTEGER,
    REQUIRED,
    RESERVED,
    WAYS_OUT,
    Drops,
    readable,
)
from socrates_core.study.study_set import (
    CELLS_SCHEMA,
    STUDIES_SCHEMA,
    Design,
    Manifest,
    Study,
    StudySet,
    count_off_axis,
    scale_table,
)

UNREADABLE_SCALE: Final = "unreadable scale"

Progress = Callable[[int, int], None]
"""Called with (rows read so far, rows in all) after every batch."""

_CELL_KEYS: Final = ("study_id", "condition_num", "task_num", "stimulus")
_PERSON: Final = ("study_id", "participant")
_UNREADABLE: Final = -1


class StudySetBuilder:
    """Takes a source's rows in batches and builds the four tables.

    A batch is a tidy frame with one answer per row: the columns of `rows.REQUIRED`, any of `rows.OPTIONAL`, and all
    other columns are demographic attributes. Studies and participants are numbered in order of appearance, cells by
    study, condition and task, so the result does not depend on how the rows were divided into batches.
    """

    def __init__(self, source: str, describe: Callable[[str], Study], revision: str | None = None) -> None:
        """
        Args:
            source: Name of the source, for the manifest.
            describe: Study id → description of the study.
            revision: The source's revision, if it has one.
        """
        self._source = source
        self._revision = revision
        self._describe = describe
        self._drops = Drops()
        self._rows_read = 0
        self._scales: list[AnswerScale] = []
        self._scale_of_text: dict[bytes, int] = {}
        self._unreadable: dict[bytes, str] = {}
        self._scale_numbers: dict[object, int] = {}
        self._cell_numbers: dict[tuple[str, int, int, bytes], int] = {}
        self._cells: list[pl.DataFrame] = []
        self._persons: list[pl.DataFrame] = []
        self._answers: list[pl.DataFrame] = []
        self._lost: dict[tuple[str, int, int, bytes], AnswerCount] = {}
        self._ways_out = dict(WAYS_OUT)

    def add(self, rows: pl.DataFrame, scales: Mapping[str, AnswerScale] | None = None) -> None:
        """Add one batch.

        Args:
            rows: One answer per row.
            scales: Stimulus text (without outer blanks) → its scale, if the source states it; the others are read
                from the text.

        Raises:
            ValueError: If a required column is missing.
        """
        missing = [name for name in REQUIRED if name not in rows.columns]
        if missing:
            raise ValueError(f"a batch lacks {', '.join(missing)}")
        self._rows_read += len(rows)
        rows, unread = readable(rows, self._drops)
        self._lose(unread.select(*_CELL_KEYS, answer=pl.col("response").cast(pl.String), reason=pl.lit(NOT_AN_INTEGER)))
        rows = self._with_cells(rows, scales or {})
        attributes = [name for name in rows.columns if name not in RESERVED and name != "_cell"]
        weight = [name for name in ("weight",) if name in rows.columns]
        self._persons.append(rows.select(*_PERSON, *weight, *attributes).unique(maintain_order=True))
        self._answers.append(rows.select("_cell", *_PERSON, "response"))

    def drop(self, reason: str, rows: int, examples: Iterable[str] = ()) -> None:
        """Count rows that the source itself had to drop."""
        self._rows_read += rows
        self._drops.add(reason, rows, examples)

    def lose(self, rows: pl.DataFrame, ways_out: Mapping[str, str]) -> None:
        """Count answers that the source itself could not read. Too many of them stop the import, see `scale.loss`.

        Args:
            rows: One lost answer per row: study_id, condition_num, task_num, stimulus and participant as in `add`, the
                `answer` as it was written, and the `reason` why it cannot be read. Missing answers are not among them.
            ways_out: Reason → what to do.
        """
        self._rows_read += len(rows)
        self._ways_out.update(ways_out)
        for (reason,), group in rows.group_by("reason", maintain_order=True):
            examples = [
                f"study {row[0]}, condition {row[1]}, task {row[2]}, participant {row[3]}, "
                f"answer {masked(row[4])!r:.60}"
                for row in group.head(MOST_EXAMPLES).select(*_CELL_KEYS[:3], "participant", "answer").iter_rows()
            ]
            self._drops.add(str(reason), len(group), examples)
        self._lose(rows.select(*_CELL_KEYS, "answer", "reason"))

    def build(self) -> StudySet:
        """The studies, their cells, participants and responses.

        Raises:
            SourceError: If no row became a response; gives the reasons.
        """
        if not self._cell_numbers:
            if self._lost:
                lost = losses(self._lost.values(), self._ways_out)
                ways = dict.fromkeys(f"{reason}: {way}" for one in lost for reason, way in one.ways_out.items())
                raise SourceError(f"nothing to prepare in {self._source}: {lost[0]}. Ways out: {'; '.join(ways)}")
            listed = [
                f"{counted(item.rows, 'row')}: {item.reason}" + (f" ({item.examples[0]})" if item.examples else "")
                for item in self._drops.listed()
            ]
            raise SourceError(f"nothing to prepare in {self._source}: {'; '.join(listed) or 'it has no rows'}")
        persons, conflicting = merged_persons(pl.concat(self._persons, how="diagonal_relaxed"))
        answers = pl.concat(self._answers).join(
            persons.select("participant_id", *_PERSON), on=_PERSON, how="left", maintain_order="left"
        )
        cells = self._cell_table(_within_studies(answers, pl.concat(self._cells)))
        responses = self._responses_of(answers, cells)
        study_ids = cells["study_id"].unique(maintain_order=True)
        counts = {
            "studies": len(study_ids),
            "cells": len(cells),
            "participants": len(persons),
            "responses": len(responses),
            "off_scale": int((~responses["on_scale"]).sum()),
            "off_axis": count_off_axis(cells, responses),
            "rows_read": self._rows_read,
            "conflicting_participants": conflicting,
        }
        return StudySet(
            studies=pl.DataFrame([vars(self._describe(study_id)) for study_id in study_ids], schema=STUDIES_SCHEMA),
            cells=cells.select(CELLS_SCHEMA.names()),
            participants=persons,
            responses=responses,
            manifest=Manifest(
                source=self._source,
                revision=self._revision,
                counts=counts,
                dropped=self._drops.listed(),
                losses=self._losses(answers),
                notes=(*_notes(cells, self._scales), *weight_notes(persons)),
            ),
        )

    def _lose(self, rows: pl.DataFrame) -> None:
        """Count lost answers by cell."""
        for study_id, condition_num, task_num, stimulus, answer, reason in rows.iter_rows():
            key = (study_id, condition_num, task_num, _digest(stimulus.strip()))
            count = self._lost.setdefault(key, AnswerCount(study_id, condition_num, task_num))
            answer = masked(answer)
            count.lose(reason, answer if len(answer) <= LONGEST_QUOTE else answer[: LONGEST_QUOTE - 1] + "…")

    def _losses(self, answers: pl.DataFrame) -> tuple[Loss, ...]:
        """The outcomes and cells that lost too many answers; those of which none was read are among them."""
        if not self._lost:
            return ()
        read = dict(answers.group_by("_cell").len().iter_rows())
        touched = {(key[0], key[2]) for key in self._lost}
        for key, number in self._cell_numbers.items():
            if (key[0], key[2]) in touched:
                self._lost.setdefault(key, AnswerCount(*key[:3])).read = read.get(number, 0)
        return losses(self._lost.values(), self._ways_out)

    # -- cells and their scales ------------------------------------------------------------------------------

    def _with_cells(self, rows: pl.DataFrame, scales: Mapping[str, AnswerScale]) -> pl.DataFrame:
        """The rows with the number of their cell (`_cell`) in place of the text; rows without a scale are counted."""
        known = [name for name in ("condition", "design") if name in rows.columns]
        groups = (
            rows.select(*_CELL_KEYS, *known)
            .with_row_index("_row")
            .group_by(_CELL_KEYS, maintain_order=True)
            .agg("_row", *(pl.col(name).drop_nulls().first() for name in known))
            .with_columns(pl.col("stimulus").str.strip_chars())
        )
        first_new = len(self._cell_numbers)
        numbers, scale_numbers = [], []
        for study_id, condition_num, task_num, text in groups.select(_CELL_KEYS).iter_rows():
            # texts are identified by a 128-bit digest, so that no second copy of them is kept
            digest = _digest(text)
            scale = self._scale_number(digest, text, study_id, scales)
            key = (study_id, condition_num, task_num, digest)
            readable_scale = scale != _UNREADABLE
            numbers.append(self._cell_numbers.setdefault(key, len(self._cell_numbers)) if readable_scale else scale)
            scale_numbers.append(scale)
            if not readable_scale:
                count = len(groups["_row"][len(numbers) - 1])
                self._drops.add(UNREADABLE_SCALE, count, [self._unreadable[digest]])
        groups = groups.with_columns(
            pl.Series("_cell", numbers, pl.Int64), pl.Series("_scale", scale_numbers, pl.Int64)
        )
        new = groups.filter(pl.col("_cell") >= first_new).unique("_cell", keep="first", maintain_order=True)
        empty = [pl.lit(None, pl.String).alias(name) for name in ("condition", "design") if name not in known]
        self._cells.append(new.with_columns(empty).select("_cell", "_scale", *_CELL_KEYS, "condition", "design"))
        of_row = groups.select("_row", "_cell").explode("_row").sort("_row")["_cell"]
        return rows.drop("stimulus").with_columns(of_row).filter(pl.col("_cell") != _UNREADABLE)

    def _scale_number(self, digest: bytes, text: str, study_id: str, stated: Mapping[str, AnswerScale]) -> int:
        """The number of a text's scale, read once per text; `_UNREADABLE` if it has none that can be read."""
        known = self._scale_of_text.get(digest)
        if known is not None:
            return known
        try:
            scale = stated[text] if text in stated else parse_scale(text)
        except ScaleError as error:
            self._unreadable[digest] = f"study {study_id}: {error}"
            number = _UNREADABLE
        else:
            number = self._scale_numbers.setdefault(_key(scale), len(self._scales))
            if number == len(self._scales):
                self._scales.append(scale)
        self._scale_of_text[digest] = number
        return number

    def _cell_table(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The cells by study, condition and task, with the columns of CELLS_SCHEMA, `_cell` and `_scale`."""
        scales = scale_table(self._scales).with_columns(_scale=pl.int_range(pl.len(), dtype=pl.Int64))
        study_order = cells.select(pl.col("study_id").unique(maintain_order=True)).with_row_index("_study")
        return (
            cells.join(study_order, on="study_id", how="left")
            .join(scales, on="_scale", how="left")
            .sort("_study", "condition_num", "task_num", "_cell")
            .with_row_index("cell_id")
            .with_columns(wording_contrast=pl.lit(False))
        )

    def _responses_of(self, answers: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
        """The response table, by cell, then participant."""
        bounded = [(number, list(scale.options)) for number, scale in enumerate(self._scales) if scale.options]
        options = pl.DataFrame(
            bounded, schema={"_scale": pl.Int64, "response": pl.List(pl.Int64)}, orient="row"
        ).explode("response")
        open_ended = [number for number, scale in enumerate(self._scales) if scale.values is None]
        return (
            answers.select("_cell", "participant_id", "response")
            .join(cells.select("_cell", "_scale", "cell_id"), on="_cell", how="left")
            .join(options.with_columns(_option=True), on=("_scale", "response"), how="left")
            .select(
                "cell_id",
                "participant_id",
                "response",
                on_scale=pl.col("_option").fill_null(False) | pl.col("_scale").is_in(open_ended),
            )
            .sort("cell_id", "participant_id", maintain_order=True)
        )


def _notes(cells: pl.DataFrame, scales: list[AnswerScale]) -> tuple[str, ...]:
    """What is to be said of each scale, with the outcomes that have it."""
    notes = []
    for (number,), group in cells.group_by("_scale", maintain_order=True):
        said = remarks(scales[int(str(number))])
        if not said:
            continue
        outcomes = [
            f"{study_id}, task {task}"
            for study_id, task in group.select("study_id", "task_num").unique(maintain_order=True).iter_rows()
        ]
        more = f" and {len(outcomes) - 3} more" if len(outcomes) > 3 else ""
        notes += [f"{'; '.join(outcomes[:3])}{more}: {one}" for one in said]
    return tuple(notes)


def _digest(text: str) -> bytes:
    """A text's 128-bit digest, by which it is identified."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _key(scale: AnswerScale) -> tuple[object, ...]:
    """What two scales are the same by; values and texts are told apart by the values."""
    return scale.values, scale.unit, scale.nominal, *sorted(scale.labels.items()), *sorted(scale.off_axis.items())


def _within_studies(answers: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with their design: `within` if any participant answered in more than one condition of the study.

    A design that the source states is kept.

    Raises:
        SourceError: If the source states a design other than between or within.
    """
    condition = cells.select("_cell", "condition_num")
    crossed = (
        answers.join(condition, on="_cell", how="left")
        .group_by("participant_id")
        .agg(pl.col("study_id").first(), (pl.col("condition_num").min() != pl.col("condition_num").max()).alias("both"))
        .filter("both")["study_id"]
        .unique()
    )
    strange = cells.filter(~pl.col("design").is_in(get_args(Design)))  # null if the source states none
    for study_id, design in strange.select("study_id", "design").head(1).iter_rows():
        raise SourceError(f"study {study_id} has the design {design!r}, expected between or within")
    found = pl.when(pl.col("study_id").is_in(crossed.implode())).then(pl.lit("within")).otherwise(pl.lit("between"))
    return cells.with_columns(pl.coalesce("design", found).alias("design"))
