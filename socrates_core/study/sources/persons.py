"""Participants, merged from the rows of their answers."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from socrates_core.errors import SourceError, counted
from socrates_core.study.sources.personal import masked
from socrates_core.study.sources.rows import as_codes, check_attributes
from socrates_core.study.sources.table.columns import plain
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, Persona

_PERSON: Final = ("study_id", "participant")


def merged_persons(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row per participant, in order of first appearance.

    Args:
        rows: study_id, participant, optionally weight, and attributes; a participant may have several rows.

    Returns:
        The participant table (PARTICIPANTS_SCHEMA, then all attributes with at least one known value), each attribute
        with the participant's first known value; and the number of participants with contradictory rows.

    Raises:
        SourceError: If a weight is not a number of 0 or more, all of a study are 0, or an attribute is neither text nor
            number.
    """
    attributes = [name for name in rows.columns if name not in PARTICIPANTS_SCHEMA]
    rows = rows.with_columns(attribute(rows[name]) for name in attributes)
    attributes = [name for name in attributes if rows[name].null_count() < len(rows)]
    rows = rows.select(*(name for name in PARTICIPANTS_SCHEMA if name in rows.columns), *attributes)
    rows = rows.with_columns(_weights(rows)).unique(maintain_order=True).with_row_index("_first")
    values = ["weight", *attributes]
    several = rows.filter(pl.struct(_PERSON).is_duplicated())
    merged = several.group_by(_PERSON, maintain_order=True).agg(
        pl.col("_first").first(),
        *(pl.col(name).drop_nulls().first() for name in values),
        _disagreeing=pl.any_horizontal(pl.col(name).drop_nulls().n_unique() > 1 for name in values),
    )
    single = rows.filter(pl.struct(_PERSON).is_unique())
    persons = (
        pl.concat([single, merged.select(single.columns)])
        .sort("_first")
        .drop("_first")
        .with_row_index("participant_id")
        .select(*PARTICIPANTS_SCHEMA.names(), *attributes)
    )
    nobody = persons.group_by("study_id", maintain_order=True).agg(pl.col("weight").max()).filter(pl.col("weight") == 0)
    if len(nobody):
        raise SourceError(
            f"study {nobody['study_id'][0]}: the weight of everybody is 0, so nobody counts; correct the weights, or "
            "leave them out"
        )
    return persons, int(merged["_disagreeing"].sum())


def weight_notes(persons: pl.DataFrame) -> list[str]:
    """The studies in which some people have a survey weight and others none, a sentence each."""
    counts = persons.group_by("study_id", maintain_order=True).agg(
        people=pl.len(), without=pl.col("weight").null_count()
    )
    return [
        f"study {study_id}: {without:,} of {counted(people, 'person')} have no weight; they count with the average "
        "weight of the others"
        for study_id, people, without in counts.iter_rows()
        if 0 < without < people
    ]


def persona_frame(personas: Sequence[Persona]) -> pl.DataFrame:
    """Personas as texts, a row each, with every attribute that one of them has."""
    names = dict.fromkeys(name for one in personas for name in one)
    texts = {name: [None if (value := one.get(name)) is None else str(value) for one in personas] for name in names}
    number = [str(place) for place in range(1, len(personas) + 1)]
    return pl.DataFrame({"participant": number, **texts}, schema_overrides=dict.fromkeys(texts, pl.String))


def people_table(personas: pl.DataFrame, study_id: str, where: str) -> pl.DataFrame:
    """The participants of a study from a table of personas, one a row, as a `StudySet` holds them.

    Args:
        personas: N rows; a column `weight` is a survey weight, `participant` names the person (the row's number where
            there is none), and every other column is an attribute.
        study_id: Of the study that they take part in.
        where: The table's name in messages.

    Raises:
        SourceError: If there is nobody, two rows name one person, or a column cannot be an attribute or a weight.
    """
    if personas.is_empty():
        raise SourceError(f"{where} holds nobody; give one persona or more")
    check_attributes((name for name in personas.columns if name not in ("participant", "weight")), where)
    for name in personas.columns:
        if name != "weight" and plain(name) in ("weight", "weights"):
            raise SourceError(f"{where}: {name!r} would be an attribute of people; call the column of weights `weight`")
    named = personas["participant"] if "participant" in personas.columns else pl.int_range(1, len(personas) + 1)
    rows = personas.with_columns(study_id=pl.lit(study_id), participant=named).cast({"participant": pl.String})
    if rows["participant"].is_duplicated().any() or rows["participant"].null_count():
        raise SourceError(f"{where}: the column participant must name every row, and no two alike")
    return merged_persons(rows)[0]


def attribute(column: pl.Series) -> pl.Series:
    """A demographic attribute as stored in the participant table: Int64 if every value is an integer, else String.

    Blank strings are null. "42.0" is read as "42", because spreadsheets and pandas write integers like this in a column
    with gaps. Other strings are kept as they are ("007" stays a string, because an integer would lose its zeros).

    Raises:
        SourceError: If the column contains lists, structs or bytes.
    """
    if column.dtype.is_integer():
        return column.cast(pl.Int64)
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        raise SourceError(
            f"attribute {column.name} contains {column.dtype}, not text or numbers; leave it out or flatten it"
        )
    if column.dtype.is_float():
        column = column.fill_nan(None)
    text = as_codes(column)
    text = text.to_frame().select(pl.when(pl.col(column.name) != "").then(pl.col(column.name))).to_series()
    whole = text.str.contains(r"^(0|-?[1-9]\d{0,17})$")
    return text.cast(pl.Int64) if whole.all() and text.null_count() < len(text) else text


def _weights(rows: pl.DataFrame) -> pl.Series:
    if "weight" not in rows.columns:
        return pl.Series("weight", [None] * len(rows), pl.Float64)
    given = rows["weight"]
    weights = given.cast(pl.Float64, strict=False)
    unreadable = given.is_not_null() & ~((weights >= 0) & weights.is_finite()).fill_null(False)
    if unreadable.any():
        row = rows.filter(unreadable).row(0, named=True)
        raise SourceError(
            f"study {row['study_id']}, participant {row['participant']}: weight {masked(str(row['weight']))!r} is not "
            "a number of 0 or more; leave it empty if a participant has none"
        )
    return weights
