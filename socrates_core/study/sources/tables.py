"""Tidy tables with one answer per row, the usual format of researchers' own data.

Columns (the first five are required; `participant_id` may be called `participant`):

    study_id, condition_num, participant_id, response, stimulus,
    condition, question, task_num, scale_min, scale_max, design, weight, demo_ANYTHING,
    scale_values, scale_labels, off_axis, off_axis_labels, unit, measurement (as `--export datasets` writes them)

A studies.json next to the table adds titles, sources, licences and answer labels. In CSV an empty field and R's `NA`
are missing values.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import ScaleError, SourceError
from socrates_core.scale.answer_scale import AnswerScale, answer_instruction
from socrates_core.scale.instruction import parse_scale
from socrates_core.scale.off_axis import with_off_axis
from socrates_core.study.sources.builder import Progress, StudySetBuilder
from socrates_core.study.sources.codebook import Codebook
from socrates_core.study.sources.frames import column_names, slices
from socrates_core.study.sources.rows import OPTIONAL, REQUIRED, check_attributes, check_columns, integers
from socrates_core.study.study_set import CELLS_SCHEMA, StudySet

REQUIRED_HERE: Final = ("study_id", "condition_num", "participant_id", "response", "stimulus")
DEMOGRAPHIC: Final = "demo_"
MOST_OPTIONS: Final = 1001
"""The maximum number of options of a scale given by its two ends; wider outcomes are amounts."""

_SCALE: Final = ("scale_values", "scale_labels", "off_axis", "off_axis_labels", "unit", "measurement")
_OWN_COLUMNS: Final = (*REQUIRED, *OPTIONAL, "question", "scale_min", "scale_max", *_SCALE)
_SHOWN: Final = ("study_id", "stimulus", "question", "scale_min", "scale_max")


def load(path: Path, codebook_path: Path | None = None) -> StudySet:
    """Read one table.

    If a scale's ends are given (in the table, or in studies.json), they override the text, and the question and an
    answer instruction as from `answer_instruction` are appended to the stimulus, unless it states that scale itself.
    Otherwise the scale is read from the stimulus. In both cases the question is appended if the stimulus lacks it, and
    is the whole text if there is no stimulus.

    Args:
        path: A .csv, .tsv or .parquet file.
        codebook_path: The studies.json; None for the one next to the table, if any.

    Raises:
        SourceError: If the file cannot be read, lacks a column, or contradicts itself.
    """
    codebook = Codebook.load(codebook_path or path.with_name("studies.json"), required=codebook_path is not None)
    return load_files([path], str(path), path.name, codebook)


def load_files(
    files: Sequence[Path],
    source: str,
    title: str,
    codebook: Codebook,
    revision: str | None = None,
    progress: Progress | None = None,
) -> StudySet:
    """Read one table that is cut into files, slice by slice; see `load`.

    Args:
        files: Data files, in the order in which their rows follow each other.
        source: What the manifest names.
        title: What a study names as its source, where the codebook names none.
        codebook: Of the studies; may be empty.
        revision: The source's revision, where it has one.
        progress: As for `frames.slices`.

    Raises:
        SourceError: If a file cannot be read, lacks a column, or contradicts another.
    """
    for file in files:
        check_columns(_one_participant(column_names(file)), REQUIRED_HERE, str(file))
    studies = _Studies()
    builder = StudySetBuilder(source, lambda study: codebook.study(study, title, studies.condition_counts()), revision)
    unused: dict[str, None] = {}
    before = dict.fromkeys(files, 0)
    for file, frame in slices(files, progress=progress):
        rows = _renamed(frame, file)
        ignored = [name for name in rows.columns if name not in _OWN_COLUMNS and not name.startswith(DEMOGRAPHIC)]
        unused.update(dict.fromkeys(ignored))
        rows = _with_scale_ends(rows.drop(ignored), codebook, file, before[file])
        before[file] += len(rows)
        studies.check_conditions(rows, file)
        rows = studies.with_tasks(_with_labels(rows, codebook))
        rows, scales = _with_shown_text(rows, codebook)
        attributes = {name: name.removeprefix(DEMOGRAPHIC) for name in rows.columns if name.startswith(DEMOGRAPHIC)}
        check_attributes(attributes.values(), str(file))
        kept = [name for name in rows.columns if name in (*REQUIRED, *OPTIONAL)]
        builder.add(rows.select(*kept, *attributes).rename(attributes), scales)
    for name in unused:
        builder.drop(f"column {name} is not used (attributes begin with {DEMOGRAPHIC})", 0)
    return builder.build()


# -- the columns ----------------------------------------------------------------------------------------------


def is_table(columns: Sequence[str]) -> bool:
    """Whether these are the columns of a tidy table."""
    return set(REQUIRED_HERE) <= set(_one_participant(columns))


def _one_participant(columns: Sequence[str]) -> list[str]:
    """The columns, with `participant` under the name `participant_id` where there is no such column."""
    renamed = {} if "participant_id" in columns else {"participant": "participant_id"}
    return [renamed.get(name, name) for name in columns]


def _renamed(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The rows with the builder's names, and their texts without outer blanks."""
    if "participant_id" in rows.columns:
        rows = rows.drop("participant", strict=False).rename({"participant_id": "participant"})
    for name in rows.columns:
        used = name in _OWN_COLUMNS or name.startswith(DEMOGRAPHIC)
        if used and name not in _SCALE and rows[name].dtype.is_nested():
            raise SourceError(f"{path}: the column {name} contains {rows[name].dtype}, expected text or numbers")
    texts = [name for name in ("study_id", "stimulus", "question", "condition") if name in rows.columns]
    return rows.with_columns(pl.col(name).cast(pl.String).str.strip_chars() for name in texts)


# -- scales ---------------------------------------------------------------------------------------------------


def _with_scale_ends(rows: pl.DataFrame, codebook: Codebook, path: Path, before: int) -> pl.DataFrame:
    """The rows with scale_min and scale_max as Int64: the table's, else the codebook's, else null.

    `before` are the rows of the file that were read earlier; messages count from its first.
    """
    for name in ("scale_min", "scale_max"):
        given = rows[name] if name in rows.columns else pl.Series(name, [None] * len(rows), pl.Int64)
        ends = integers(given)
        present = given.is_not_null() & (given.cast(pl.String).str.strip_chars() != "")
        wrong = (present & ends.is_null()).arg_true()
        if len(wrong):
            row = rows.row(wrong[0], named=True)
            raise SourceError(
                f"{path}, row {before + wrong[0] + 1} (study {row['study_id']}): {name} is {row[name]!r}, expected an "
                "integer; leave both ends empty if the outcome has no bounds"
            )
        rows = rows.with_columns(ends.alias(name))
    stated = pl.DataFrame(
        codebook.scale_ends(), schema={"study_id": pl.String, "_min": pl.Int64, "_max": pl.Int64}, orient="row"
    )
    rows = rows.join(stated, on="study_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("scale_min", pl.when(pl.col("scale_max").is_null()).then("_min")).alias("scale_min"),
        pl.coalesce("scale_max", pl.when(pl.col("scale_min").is_null()).then("_max")).alias("scale_max"),
    )
    low, high = pl.col("scale_min"), pl.col("scale_max")
    broken = (low.is_null() != high.is_null()) | (low >= high).fill_null(False)
    wide = ((high.cast(pl.Float64) - low) >= MOST_OPTIONS).fill_null(False)  # floats do not overflow
    for row in rows.filter(broken | wide).head(1).iter_rows(named=True):
        raise SourceError(
            f"{path}, study {row['study_id']}: a scale from {row['scale_min']} to {row['scale_max']} is invalid; "
            f"expected two ends, ascending, with at most {MOST_OPTIONS} options; leave both empty if the outcome has "
            "no bounds"
        )
    return rows.drop("_min", "_max")


def _with_shown_text(rows: pl.DataFrame, codebook: Codebook) -> tuple[pl.DataFrame, dict[str, AnswerScale]]:
    """The rows with the stimulus as shown, answer instruction included, and the scales that are given."""
    if "question" not in rows.columns:
        rows = rows.with_columns(question=pl.lit(None, pl.String))
    distinct = rows.select(_SHOWN).unique(maintain_order=True)
    listed = _listed_scales(rows)
    scales: dict[str, AnswerScale] = {}
    shown: list[str | None] = []
    for row in distinct.iter_rows(named=True):
        stimulus, question = row["stimulus"] or "", row["question"] or ""
        text = "\n\n".join(part for part in (stimulus, "" if question in stimulus else question) if part)
        if text and row["scale_min"] is not None:
            values = tuple(range(row["scale_min"], row["scale_max"] + 1))
            text, scale = _with_instruction(
                text, with_off_axis(AnswerScale(values, codebook.labels(row["study_id"], question, values)))
            )
            scales[text] = scale
        elif row["stimulus"] in listed:
            scales[text] = listed[row["stimulus"]]
        shown.append(text or None)
    distinct = distinct.with_columns(pl.Series("_shown", shown, pl.String))
    joined = rows.join(distinct, on=_SHOWN, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(stimulus=pl.col("_shown")).drop("_shown", "question", "scale_min", "scale_max"), scales


def _listed_scales(rows: pl.DataFrame) -> dict[str, AnswerScale]:
    """Stimulus → the scale of its columns scale_values and scale_labels, where the table has these as lists.

    Raises:
        SourceError: If a stimulus has two scales, or a list is no scale.
    """
    if not isinstance(rows.schema.get("scale_values"), pl.List):
        return {}
    kinds = {name: CELLS_SCHEMA[name] for name in _SCALE[1:]}
    scales: dict[str, AnswerScale] = {}
    distinct = (
        rows.select(
            "stimulus",
            "scale_values",
            *(
                pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, kind).alias(name)
                for name, kind in kinds.items()
            ),
        )
        .with_columns(_text=pl.struct(_SCALE).struct.json_encode())
        .unique(["stimulus", "_text"], keep="first", maintain_order=True)
    )
    for stimulus, numbers, *others, _ in distinct.iter_rows():
        try:
            scale = AnswerScale.from_columns(numbers, *others)
        except (ValueError, TypeError) as error:
            raise SourceError(f"the scale {numbers!r:.60} of the stimulus {stimulus!r:.60} is none: {error}") from error
        if scales.setdefault(stimulus, scale) != scale:
            raise SourceError(f"the stimulus {stimulus!r:.60} has two scales in scale_values and scale_labels")
    return scales


def _with_instruction(text: str, scale: AnswerScale) -> tuple[str, AnswerScale]:
    """The text, ending in an instruction for the scale, and the scale; a text that states it already is unchanged."""
    try:
        found = parse_scale(text)
    except ScaleError:
        found = None
    if found is not None and found.values == scale.values and (not scale.labels or found == scale):
        return text, found
    return f"{text}\n\n{answer_instruction(scale)}", scale


# -- conditions and tasks -------------------------------------------------------------------------------------


def _with_labels(rows: pl.DataFrame, codebook: Codebook) -> pl.DataFrame:
    """The rows, with the codebook's condition labels filled in where the table has none."""
    labels = pl.DataFrame(
        codebook.condition_labels(),
        schema={"study_id": pl.String, "_number": pl.Int64, "_label": pl.String},
        orient="row",
    )
    if "condition" not in rows.columns:
        rows = rows.with_columns(condition=pl.lit(None, pl.String))
    rows = rows.with_columns(integers(rows["condition_num"]).alias("_number"))
    rows = rows.join(labels, on=["study_id", "_number"], how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("condition", "_label").alias("condition")).drop("_number", "_label")


class _Studies:
    """What the slices of a table have to agree on: the labels of conditions, and the numbers of tasks."""

    def __init__(self) -> None:
        self._labels: dict[tuple[str, int], set[str]] = {}
        """(study, condition) → its labels."""
        self._tasks: dict[str, dict[str | None, int]] = {}
        """Study → question or stimulus → task_num."""

    def condition_counts(self) -> dict[str, int]:
        """Study → the conditions that it has."""
        return dict(Counter(study_id for study_id, _ in self._labels))

    def check_conditions(self, rows: pl.DataFrame, path: Path) -> None:
        """One number, one label: else two arms would be pooled into one without a word."""
        label = pl.col("condition") if "condition" in rows.columns else pl.lit(None, pl.String).alias("condition")
        distinct = rows.select("study_id", integers(rows["condition_num"]), label).unique(maintain_order=True)
        for study_id, number, name in distinct.filter(pl.col("condition_num").is_not_null()).iter_rows():
            names = self._labels.setdefault((study_id, number), set())
            names |= {name} - {None}
            if len(names) > 1:
                raise SourceError(
                    f"{path}, study {study_id}: condition_num {number} has the labels "
                    f"{', '.join(map(repr, sorted(names)[:4]))}; give each condition a number of its own"
                )

    def with_tasks(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with a task_num: the distinct questions of a study (else its stimuli) by first appearance."""
        if "task_num" in rows.columns:
            return rows
        asked = "question" if "question" in rows.columns else "stimulus"
        distinct = rows.select("study_id", asked).unique(maintain_order=True)
        numbers = []
        for study_id, text in distinct.iter_rows():
            known = self._tasks.setdefault(study_id, {})
            numbers.append(known.setdefault(text, len(known)))
        distinct = distinct.with_columns(pl.Series("task_num", numbers, pl.Int64))
        return rows.join(distinct, on=["study_id", asked], how="left", nulls_equal=True, maintain_order="left")
