"""Tidy tables, one answer a row: what researchers have of their own studies.

Columns (the first five are required; `participant_id` may be called `participant`):

    study_id, condition_num, participant_id, response, stimulus,
    condition, question, task_num, scale_min, scale_max, design, weight, demo_ANYTHING

A studies.json beside the table adds titles, sources, licences and the labels of the answers. In CSV an empty field
and R's `NA` are missing values.
"""

import csv
import io
from pathlib import Path
from typing import Final

import polars as pl

from socrates_core.errors import ScaleError, SourceError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import parse_scale
from socrates_core.study.files import read_parquet
from socrates_core.study.sources.builder import StudySetBuilder
from socrates_core.study.sources.codebook import Codebook
from socrates_core.study.sources.rows import OPTIONAL, REQUIRED, check_attributes, check_columns, integers
from socrates_core.study.study_set import StudySet

REQUIRED_HERE: Final = ("study_id", "condition_num", "participant_id", "response", "stimulus")
DEMOGRAPHIC: Final = "demo_"
MOST_OPTIONS: Final = 1001
"""The widest scale that two ends can state; wider outcomes are amounts."""

_OWN_COLUMNS: Final = (*REQUIRED, *OPTIONAL, "question", "scale_min", "scale_max")
_SHOWN: Final = ("study_id", "stimulus", "question", "scale_min", "scale_max")


def load(path: Path, codebook_path: Path | None = None) -> StudySet:
    """Read one table.

    Where a scale's ends are stated (in the table, or in studies.json), they win over the text, and the stimulus ends
    with the question and an answer instruction in the words of `instruction`, unless it states that scale itself.
    Otherwise the scale is read from the stimulus. In both cases the question follows where the stimulus lacks it, and
    stands alone where there is no stimulus.

    Args:
        path: A .csv, .tsv or .parquet file.
        codebook_path: The studies.json; None for the one beside the table, if there is one.

    Raises:
        SourceError: If the file cannot be read, lacks a column, or contradicts itself.
    """
    codebook = Codebook.load(codebook_path or path.with_name("studies.json"), required=codebook_path is not None)
    rows = _renamed(read_table(path), path)
    unused = [name for name in rows.columns if name not in _OWN_COLUMNS and not name.startswith(DEMOGRAPHIC)]
    rows = rows.drop(unused)
    rows = _with_scale_ends(rows, codebook, path)
    _check_conditions(rows, path)
    rows = _with_tasks(_with_labels(rows, codebook))
    rows, scales = _with_shown_text(rows, codebook)
    attributes = {name: name.removeprefix(DEMOGRAPHIC) for name in rows.columns if name.startswith(DEMOGRAPHIC)}
    check_attributes(attributes.values(), str(path))
    kept = [name for name in rows.columns if name in (*REQUIRED, *OPTIONAL)]
    conditions = dict(rows.group_by("study_id").agg(pl.col("condition_num").n_unique()).iter_rows())
    builder = StudySetBuilder(str(path), lambda study_id: codebook.study(study_id, path.name, conditions))
    builder.add(rows.select(*kept, *attributes).rename(attributes), scales)
    for name in unused:
        builder.drop(f"column {name} is not used (attributes begin with {DEMOGRAPHIC})", 0)
    return builder.build()


def instruction(scale: AnswerScale) -> str:
    """The sentence that tells a reader how to answer on a scale of consecutive integers.

    `Only return an integer from 1 to 3, where 1 means "Too much", 2 means "About right" and 3 means "Too little".`
    """
    if scale.values is None:
        raise ValueError("an open-ended outcome has no ends to name")
    form = f"Only return an integer from {scale.values[0]} to {scale.values[-1]}"
    quoted = [f'{value} means "{text.replace(chr(34), chr(39))}"' for value, text in sorted(scale.labels.items())]
    if not quoted:
        return f"{form}, nothing else."
    listed = f"{', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else quoted[0]
    return f"{form}, where {listed}."


# -- the file -------------------------------------------------------------------------------------------------


def read_table(path: Path) -> pl.DataFrame:
    """A .csv, .tsv or .parquet file as it is; in text files every field is a text, empty ones and `NA` are null.

    Raises:
        SourceError: If it cannot be read.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return read_parquet(path)
        text = path.read_text("utf-8-sig")
        separator = _separator(text, path)
        return pl.read_csv(io.StringIO(text), separator=separator, infer_schema=False, null_values=["", "NA"])
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path} is not UTF-8 (byte {error.start}: {error.reason}); save it as 'CSV UTF-8', or as Parquet"
        ) from error
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}") from error


def _separator(text: str, path: Path) -> str:
    """The separator of the header line; several columns of one name are refused."""
    header = next(iter(text.splitlines()), "")
    separator = max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=separator), [])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(f"{path} has more than one column named {', '.join(twice)}")
    return separator


def _renamed(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    if "participant" in rows.columns and "participant_id" not in rows.columns:
        rows = rows.rename({"participant": "participant_id"})
    check_columns(rows.columns, REQUIRED_HERE, str(path))
    rows = rows.drop("participant", strict=False).rename({"participant_id": "participant"})
    nested = [name for name in rows.columns if rows[name].dtype.is_nested()]
    if nested:
        raise SourceError(f"{path}: the column {nested[0]} holds {rows[nested[0]].dtype}, expected text or numbers")
    texts = [name for name in ("study_id", "stimulus", "question", "condition") if name in rows.columns]
    return rows.with_columns(pl.col(name).cast(pl.String).str.strip_chars() for name in texts)


# -- scales ---------------------------------------------------------------------------------------------------


def _with_scale_ends(rows: pl.DataFrame, codebook: Codebook, path: Path) -> pl.DataFrame:
    """The rows with scale_min and scale_max as Int64: the table's, else the codebook's, else null."""
    for name in ("scale_min", "scale_max"):
        given = rows[name] if name in rows.columns else pl.Series(name, [None] * len(rows), pl.Int64)
        ends = integers(given)
        said = given.is_not_null() & (given.cast(pl.String).str.strip_chars() != "")
        wrong = (said & ends.is_null()).arg_true()
        if len(wrong):
            row = rows.row(wrong[0], named=True)
            raise SourceError(
                f"{path}, row {wrong[0] + 1} (study {row['study_id']}): {name} is {row[name]!r}, expected an integer; "
                "leave both ends empty where the outcome has no bounds"
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
            f"{path}, study {row['study_id']}: a scale from {row['scale_min']} to {row['scale_max']} is none; expected "
            f"two ends, ascending, with at most {MOST_OPTIONS} options; leave both empty where the outcome has no "
            "bounds"
        )
    return rows.drop("_min", "_max")


def _with_shown_text(rows: pl.DataFrame, codebook: Codebook) -> tuple[pl.DataFrame, dict[str, AnswerScale]]:
    """The rows with the stimulus as people saw it, down to the answer instruction, and the scales that are stated."""
    if "question" not in rows.columns:
        rows = rows.with_columns(question=pl.lit(None, pl.String))
    distinct = rows.select(_SHOWN).unique(maintain_order=True)
    scales: dict[str, AnswerScale] = {}
    shown: list[str | None] = []
    for row in distinct.iter_rows(named=True):
        stimulus, question = row["stimulus"] or "", row["question"] or ""
        text = "\n\n".join(part for part in (stimulus, "" if question in stimulus else question) if part)
        if text and row["scale_min"] is not None:
            values = tuple(range(row["scale_min"], row["scale_max"] + 1))
            text, scale = _with_instruction(
                text, AnswerScale(values, codebook.labels(row["study_id"], question, values))
            )
            scales[text] = scale
        shown.append(text or None)
    distinct = distinct.with_columns(pl.Series("_shown", shown, pl.String))
    joined = rows.join(distinct, on=_SHOWN, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(stimulus=pl.col("_shown")).drop("_shown", "question", "scale_min", "scale_max"), scales


def _with_instruction(text: str, scale: AnswerScale) -> tuple[str, AnswerScale]:
    """The text, ending in an instruction for the scale, and the scale; a text that states it itself stays."""
    try:
        found = parse_scale(text)
    except ScaleError:
        found = None
    if found is not None and found.values == scale.values and (not scale.labels or found == scale):
        return text, found
    return f"{text}\n\n{instruction(scale)}", scale


# -- conditions and tasks -------------------------------------------------------------------------------------


def _with_labels(rows: pl.DataFrame, codebook: Codebook) -> pl.DataFrame:
    """The rows with the codebook's condition labels where the table has none."""
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


def _check_conditions(rows: pl.DataFrame, path: Path) -> None:
    """One number, one label: else two arms would be pooled into one without a word."""
    if "condition" not in rows.columns:
        return
    named = rows.filter(pl.col("condition").is_not_null())
    labels = named.group_by("study_id", "condition_num", maintain_order=True).agg(pl.col("condition").unique().sort())
    for study_id, number, names in labels.filter(pl.col("condition").list.len() > 1).head(1).iter_rows():
        raise SourceError(
            f"{path}, study {study_id}: condition_num {number} has the labels {', '.join(map(repr, names[:4]))}; give "
            "each condition a number of its own"
        )


def _with_tasks(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with a task_num: the distinct questions of a study (else its stimuli) by first appearance."""
    if "task_num" in rows.columns:
        return rows
    asked = "question" if "question" in rows.columns else "stimulus"
    distinct = rows.select("study_id", asked).unique(maintain_order=True)
    distinct = distinct.with_columns(task_num=pl.int_range(pl.len()).over("study_id"))
    return rows.join(distinct, on=["study_id", asked], how="left", nulls_equal=True, maintain_order="left")
