"""Who takes part in a study file: nobody known, a preset, the people of a bundled study, personas, or margins."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from socrates_core.errors import SourceError, StudyFolderError
from socrates_core.study.sources.bundled import GSS_ATTRIBUTES, load_bundled, load_real
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.persons import people_table, persona_frame
from socrates_core.study.study_file.finding import nearest
from socrates_core.study.study_file.form import POPULATIONS, MarginsForm, PopulationForm
from socrates_core.study.study_file.raking import RakingError, raked
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA

GSS_ANSWERS: Final = "gss-answers"
"""The preset: who answered the bundled wording experiments of the General Social Survey, one person an answer, by
party, gender, age group and education, without survey weights."""
OBSERVED: Final = "observed:"
_TABLES: Final = (".csv", ".tsv", ".parquet")

SUM_TOLERANCE: Final = 0.005
"""Most that the shares of an attribute may be off 1, by rounding."""
EXPLODED: Final = 20.0
"""A person who counts for more than this many average ones is named."""


def people_of(population: PopulationForm, study_id: str, folder: Path | None, where: str) -> pl.DataFrame:
    """The participants that simulated people are drawn from, as a `StudySet` holds them.

    Args:
        population: From the study file.
        study_id: Of the study.
        folder: What the path of a table is relative to; None where no file may be read.
        where: The place in messages.

    Raises:
        SourceError: If there are no such people, or no weights of them have the shares asked for.
    """
    if population is None:
        return pl.DataFrame(schema=PARTICIPANTS_SCHEMA)
    if isinstance(population, list):
        return people_table(persona_frame(population), study_id, where)
    if isinstance(population, MarginsForm):
        base = people_of(population.of, study_id, folder, f"{where}.of")
        return _with_margins(base, population, where)
    if population == GSS_ANSWERS:
        return _named_after(_gss_people(), study_id)
    if population.startswith(OBSERVED):
        return _observed(population.removeprefix(OBSERVED).strip(), study_id, where)
    return _table(population, study_id, folder, where)


def margins_words(people: pl.DataFrame) -> str:
    """What weights do to the number of people: effective sample size (Kish), and the largest weight."""
    weights = people["weight"].to_numpy()
    effective = weights.sum() ** 2 / (weights**2).sum()
    largest = weights.max() / weights.mean()
    warning = "; the shares are far from these people's, and few of them stand for many" if largest > EXPLODED else ""
    return (
        f"{len(people):,} people are weighted to the shares asked for: they count as {effective:,.0f} equally weighted "
        f"ones, and the largest weight is {largest:,.1f} times the average{warning}."
    )


@lru_cache(maxsize=1)
def _gss_people() -> pl.DataFrame:
    real = load_real()
    asked = [study for study in real.study_ids if study.startswith("gss-")]
    people = real.participants.filter(pl.col("study_id").is_in(asked))
    return people.select(*PARTICIPANTS_SCHEMA.names(), *GSS_ATTRIBUTES)


def _observed(name: str, study_id: str, where: str) -> pl.DataFrame:
    """The people of a bundled study, with their survey weights."""
    bundled = load_bundled()
    try:
        bundled.study(name)
    except StudyFolderError as error:
        raise SourceError(f"{where}: {error}") from error
    return _named_after(bundled.participants_of(name), study_id)


def _named_after(people: pl.DataFrame, study_id: str) -> pl.DataFrame:
    """The same people as participants of another study, numbered from 0."""
    return people.with_columns(participant_id=pl.int_range(len(people), dtype=pl.UInt32), study_id=pl.lit(study_id))


def _table(name: str, study_id: str, folder: Path | None, where: str) -> pl.DataFrame:
    if Path(name).suffix.lower() not in _TABLES:
        hint = nearest(name, (GSS_ANSWERS,))
        raise SourceError(f"{where}: there is no {name!r}{hint}; expected {POPULATIONS}")
    if folder is None:
        raise SourceError(f"{where}: the page reads no tables of this machine; list the personas instead")
    table = folder / name
    if not table.is_file():
        raise SourceError(f"{where}: there is no file {table}")
    return people_table(pl.concat([pl.DataFrame(), *frames(table)], how="diagonal"), study_id, str(table))


def _with_margins(people: pl.DataFrame, asked: MarginsForm, where: str) -> pl.DataFrame:
    """The people with weights, of mean 1, that give every attribute the shares asked for."""
    for attribute, shares in asked.margins.items():
        _check_shares(people, attribute, shares, f"{where}.margins.{attribute}")
    margins = [
        [
            ((people[attribute] == value).fill_null(value=False).to_numpy(), share / sum(shares.values()))
            for value, share in shares.items()
        ]
        for attribute, shares in asked.margins.items()
    ]
    known = people["weight"].drop_nulls()
    start = people["weight"].fill_null(float(known.mean()) if len(known) else 1.0)  # type: ignore[arg-type]
    try:
        weights = raked(start.to_numpy().astype(np.float64), margins)
    except RakingError:
        raise SourceError(
            f"{where}.margins: no weights of these {len(people):,} people give {' and '.join(asked.margins)} these "
            "shares at once; change one of them"
        ) from None
    kept = weights > 0
    table = people.with_columns(weight=pl.Series(weights * kept.sum())).filter(pl.Series(kept))
    return table.with_columns(participant_id=pl.int_range(len(table), dtype=pl.UInt32))


def _check_shares(people: pl.DataFrame, attribute: str, shares: dict[str | int, float], where: str) -> None:
    known = [name for name in people.columns if name not in PARTICIPANTS_SCHEMA]
    if attribute not in known:
        raise SourceError(
            f"{where}: these people have no {attribute!r}{nearest(attribute, known)}; they have {', '.join(known)}"
        )
    values = people[attribute].drop_nulls().unique().sort().to_list()
    for value, share in shares.items():
        if value not in values:
            listed = ", ".join(map(str, values[:12])) + (f" and {len(values) - 12} more" if len(values) > 12 else "")
            hint = nearest(str(value), [str(one) for one in values])
            raise SourceError(f"{where}: nobody has {value!r}{hint}; there are {listed}")
        if not 0 <= share <= 1:
            raise SourceError(f"{where}.{value}: expected a share from 0 to 1, got {share:g}")
    total = sum(shares.values())
    if abs(total - 1) > SUM_TOLERANCE:
        raise SourceError(f"{where}: the shares add up to {total:g}, expected 1")
