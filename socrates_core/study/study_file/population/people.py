"""Who takes part in a study file: nobody known, a preset, the people of another study, personas, or margins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from socrates_core.errors import SourceError, StudyFolderError
from socrates_core.study.incoming.problems import nearest
from socrates_core.study.sources.bundled import BUNDLED, GSS_ATTRIBUTES, load_bundled, load_real
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.opening import open_source
from socrates_core.study.sources.personal import personal_name, personal_values
from socrates_core.study.sources.persons import people_table, persona_frame
from socrates_core.study.study_file.form import POPULATIONS, MarginsForm, PopulationForm
from socrates_core.study.study_file.population.margins import attributes_in, margin_of, margin_of_table
from socrates_core.study.study_file.population.weighting import TO_SHARES, weighted_to, weighting_of
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA, StudySet

GSS_ANSWERS: Final = "gss-answers"
"""The preset: who answered the bundled wording experiments of the General Social Survey, one person an answer, by
party, gender, age group and education, without survey weights."""
OBSERVED: Final = "observed:"
FROM: Final = "@"
"""Between a study and where it comes from: `observed:STUDY@FOLDER`."""
MOST_PERSONAS: Final = 10_000
"""Personas that a study file lists; more stand in a table beside it."""
PERSONAL: Final = "personal"
"""The column that says that personas keep what may tell who somebody is."""
_TABLES: Final = (".csv", ".tsv", ".parquet")

Loaded = Mapping[str, StudySet]
"""Name → studies that are at hand; people of their studies may take part."""
NOTHING: Final[Loaded] = MappingProxyType({})


@dataclass(frozen=True)
class Preset:
    """People who come with the software."""

    name: str
    """In a study file."""
    source: str
    """Survey and years; read from the bundled data, as all that follows."""
    title: str
    """Source, and how many of what."""
    people: int
    attributes: tuple[str, ...]


def people_of(
    population: PopulationForm, study_id: str, folder: Path | None, where: str, loaded: Loaded = NOTHING
) -> pl.DataFrame:
    """The participants that simulated people are drawn from, as a `StudySet` holds them.

    Args:
        population: From the study file.
        study_id: Of the study.
        folder: What the path of a table or of studies is relative to; None where no file may be read.
        where: The place in messages.
        loaded: Studies that are at hand.

    Raises:
        SourceError: If there are no such people, or no weights of them have the shares asked for.
    """
    if population is None:
        return pl.DataFrame(schema=PARTICIPANTS_SCHEMA)
    if isinstance(population, list):
        if len(population) > MOST_PERSONAS:
            raise SourceError(
                f"{where}: {len(population):,} personas are listed, at most {MOST_PERSONAS:,} can be; put them in a "
                "table beside the study file and name it: `population: people.csv`"
            )
        listed = _without_addresses(persona_frame(population), where)
        return _checked_weights(people_table(listed, study_id, where), where)
    if isinstance(population, MarginsForm):
        base = people_of(population.of, study_id, folder, f"{where}.of", loaded)
        at = f"{where}.margins"
        given = (_given(key, raw, folder, f"{at}.{key}") for key, raw in population.margins.items())
        return weighted_to(base, [margin_of(key, raw, f"{at}.{key}") for key, raw in given], at)
    if population == GSS_ANSWERS:
        return _named_after(_gss_people(), study_id)
    if population.startswith(OBSERVED):
        name = population.removeprefix(OBSERVED).strip()
        return _named_after(_observed(name, folder, where, loaded), study_id)
    return _table(population, study_id, folder, where)


def studies_named(population: PopulationForm) -> str | None:
    """The loaded studies that a population takes its people from: `mine` of `observed:one@mine`; None of a path."""
    text = population.of if isinstance(population, MarginsForm) else population
    if not isinstance(text, str) or not text.startswith(OBSERVED):
        return None
    source = text.rpartition(FROM)[2].strip() if FROM in text else BUNDLED
    return None if source == BUNDLED or "/" in source else source


def weights_words(people: pl.DataFrame, population: PopulationForm) -> tuple[str, ...]:
    """What weights do to the number of people, in a sentence; nothing where all count the same."""
    asked = isinstance(population, MarginsForm)
    if people.is_empty() or (not asked and people["weight"].drop_nulls().n_unique() < 2):
        return ()
    found = weighting_of(people)
    how = TO_SHARES if asked else "have weights"
    return (f"{found.people:,} people {how}: {found.words}.",)


def presets() -> tuple[Preset, ...]:
    """The people that come with the software by a name of their own."""
    people = _gss_people()
    real = load_real()
    asked = [real.study(study) for study in real.study_ids if study.startswith("gss-")]
    source = re.split(r",|;", asked[0].source)[0]
    named = ", ".join(name.replace("_id", "").replace("_", " ") for name in GSS_ATTRIBUTES)
    title = f"{source}: {len(people):,} answers to {len(asked)} wording experiments, by {named}, unweighted"
    return (Preset(GSS_ANSWERS, source, title, len(people), GSS_ATTRIBUTES),)


@lru_cache(maxsize=1)
def _gss_people() -> pl.DataFrame:
    real = load_real()
    asked = [study for study in real.study_ids if study.startswith("gss-")]
    people = real.participants.filter(pl.col("study_id").is_in(asked))
    return people.select(*PARTICIPANTS_SCHEMA.names(), *GSS_ATTRIBUTES)


def _observed(name: str, folder: Path | None, where: str, loaded: Loaded) -> pl.DataFrame:
    """The people of a study that is bundled, loaded or in a folder, with their survey weights."""
    study, mark, source = (part.strip() for part in name.rpartition(FROM))
    if not mark:
        # bundled studies first, so that a file means the same whatever else is loaded
        study, source = source, BUNDLED
        others = {one: studies for one, studies in loaded.items() if one != BUNDLED and study in studies.study_ids}
        if study not in _from(BUNDLED, folder, where, loaded).study_ids and others:
            source = next(iter(others))
            if len(others) > 1:
                named = " or ".join(f"{OBSERVED}{study}{FROM}{one}" for one in others)
                raise SourceError(f"{where}: several sources have a study {study!r}; write {named}")
    found = _from(source, folder, where, loaded)
    try:
        found.study(study)
    except StudyFolderError as error:
        elsewhere = "" if mark else "; a study of a folder is named with it: `observed:STUDY@FOLDER`"
        raise SourceError(f"{where}: {error}{nearest(study, found.study_ids)}{elsewhere}") from error
    people = found.participants_of(study)
    if people.is_empty():
        raise SourceError(f"{where}: nobody took part in {study}; choose another study")
    return people


def _from(source: str, folder: Path | None, where: str, loaded: Loaded) -> StudySet:
    """The studies of a name that is loaded, or of a path."""
    if source in loaded:
        return loaded[source]
    if source == BUNDLED:
        return load_bundled()
    if folder is None:
        here = ", ".join(loaded) or BUNDLED
        raise SourceError(f"{where}: no studies called {source!r} are loaded here; there are {here}")
    if not (folder / source).exists():
        raise SourceError(
            f"{where}: there is no {folder / source}; write the path of the studies, relative to the study file, or "
            "name the folder with --studies"
        )
    try:
        return open_source(str(folder / source))
    except StudyFolderError as error:
        raise SourceError(f"{where}: {error}") from error


def _named_after(people: pl.DataFrame, study_id: str) -> pl.DataFrame:
    """The same people as participants of another study, numbered from 0."""
    return people.with_columns(participant_id=pl.int_range(len(people), dtype=pl.UInt32), study_id=pl.lit(study_id))


def _table(name: str, study_id: str, folder: Path | None, where: str) -> pl.DataFrame:
    if Path(name).suffix.lower() not in _TABLES:
        hint = nearest(name, (GSS_ANSWERS,))
        raise SourceError(f"{where}: there is no {name!r}{hint}; expected {POPULATIONS}")
    rows = _without_addresses(_rows(name, folder, where), f"{where}, {name}")
    people = people_table(rows, study_id, str(name))
    return _checked_weights(people, f"{where}, {name}")


def _without_addresses(personas: pl.DataFrame, where: str) -> pl.DataFrame:
    """Personas, of whom nothing is known that may tell who somebody is, unless each of them says `personal: true`.

    Raises:
        SourceError: If a column holds such a thing; names it and the ways out.
    """
    if PERSONAL in personas.columns:
        agreed = personas[PERSONAL].cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("")
        if not (agreed == "true").all():
            raise SourceError(f"{where}: `{PERSONAL}` is true for every persona, or left out")
        return personas.drop(PERSONAL)
    for column in personas.drop("weight", "participant", strict=False).iter_columns():
        held = personal_name(column.name) or personal_values(column)
        if held is not None:
            raise SourceError(
                f"{where}: the column {column.name} holds {held}, which may tell who somebody is, and the model reads "
                f"every column of personas; leave it out, or if they are made up or agreed to it, add `{PERSONAL}: "
                "true` to each"
            )
    return personas


def _rows(name: str, folder: Path | None, where: str) -> pl.DataFrame:
    """The rows of a table beside the study file."""
    if folder is None:
        raise SourceError(f"{where}: the page reads no tables of this machine; list the personas instead")
    table = folder / name
    if not table.is_file():
        raise SourceError(f"{where}: there is no file {table}")
    return pl.concat([pl.DataFrame(), *frames(table)], how="diagonal")


def _given(key: str, raw: object, folder: Path | None, where: str) -> tuple[str, object]:
    """A margin as it is written, or read from the table that it names."""
    if not isinstance(raw, str) or Path(raw).suffix.lower() not in _TABLES:
        return key, raw
    found, shares = margin_of_table(_rows(raw, folder, where), f"{where}, {raw}")
    if set(attributes_in(found, where)) != set(attributes_in(key, where)):
        raise SourceError(f"{where}: {raw} has shares of {found}; name the margin so")
    return found, shares


def _checked_weights(people: pl.DataFrame, where: str) -> pl.DataFrame:
    """Personas, none of whom has weight 0: such a row is a mistake or means nothing."""
    nobody = people.filter(pl.col("weight") == 0)
    if len(nobody):
        raise SourceError(
            f"{where}: person {nobody['participant'][0]} has weight 0 and would stand for nobody; leave the row out"
        )
    return people
