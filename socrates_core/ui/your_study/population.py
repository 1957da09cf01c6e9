"""Who takes part, as the editor holds it: fields with texts; and as a study file has it."""

import json
import re
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ConfigDict

from socrates_core.errors import SocratesError, SourceError
from socrates_core.study.sources.bundled import BUNDLED
from socrates_core.study.study_file.finding import Finding
from socrates_core.study.study_file.population.margins import SHARE_COLUMN, margin_of, margin_of_table
from socrates_core.study.study_file.population.people import FROM, OBSERVED, Loaded, people_of, presets
from socrates_core.study.study_set import PARTICIPANTS_SCHEMA
from socrates_core.ui.catalogue import Catalogue
from socrates_core.ui.your_study.pasted import TableError, pasted_table, pasted_tables, written_table

NOBODY, GSS, STUDY, PERSONAS, MARGINS = "nobody", "gss-answers", "observed", "personas", "margins"
"""Kinds of population."""

AT: Final = ("population",)
WHOLE: Final = re.compile(r"-?(?:0|[1-9]\d{0,8})")
MOST_LEVELS: Final = 12
"""An attribute with more values gets its shares as a table."""
LINES: Final = 20
"""So many personas at most are shown a line each; more are a table."""
SUM: Final = 0.05
"""Most that percentages on the page may be off 100, which are shown to a tenth."""
_YEARS: Final = re.compile(r"\b(?:18|19|20)\d\d(?:[-–](?:18|19|20)\d\d)?\b")


class Part(BaseModel):
    """A part of the draft."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SharesDraft(Part):
    """The shares of one attribute."""

    attribute: str
    shares: tuple[tuple[str, str], ...]
    """Value and percentage, as texts."""


class PeopleDraft(Part):
    """Who takes part."""

    kind: str = GSS
    study: str = ""
    """The study whose people take part, `STUDY` or `STUDY@SOURCE`."""
    personas: str = ""
    """`age: 30, gender: Female`, one person a line; or a table with names on its first line."""
    of: str = GSS
    """Who is weighted to the shares: as a study file names them."""
    margins: tuple[SharesDraft, ...] = ()
    tables: str = ""
    """Tables of shares with a column an attribute and one `share`, an empty line between two."""


def population_of(people: PeopleDraft, problems: list[Finding]) -> Any:
    """The population as a study file has it, None if it cannot be written yet; `problems` then says why."""
    if people.kind == GSS:
        return GSS
    if people.kind == STUDY:
        return f"{OBSERVED}{people.study}"
    if people.kind == PERSONAS:
        return _personas(people.personas, problems)
    if people.kind == MARGINS:
        return _margins(people, problems)
    return None


def people_draft(raw: Any) -> PeopleDraft:
    """A population of a study file as the editor holds it."""
    if raw is None:
        return PeopleDraft(kind=NOBODY)
    if raw == GSS:
        return PeopleDraft()
    if isinstance(raw, str) and raw.startswith(OBSERVED):
        return PeopleDraft(kind=STUDY, study=raw.removeprefix(OBSERVED).strip())
    if isinstance(raw, list):
        rows = [{str(key): str(value) for key, value in one.items() if value is not None} for one in raw]
        texts = (text for one in rows for text in (*one, *one.values()))
        plain = len(rows) <= LINES and not any(re.search(r"[,:\n]|^\s|\s$", text) for text in texts)
        lines = "\n".join(", ".join(f"{key}: {value}" for key, value in one.items()) for one in rows)
        return PeopleDraft(kind=PERSONAS, personas=lines if plain else written_table(rows))
    single, tables = [], []
    for key, shares in raw["margins"].items():
        margin = margin_of(key, shares, key)
        if len(margin.attributes) == 1:
            pairs = tuple((str(level), f"{round(100 * share, 7):g}") for (level,), share in margin.shares.items())
            single.append(SharesDraft(attribute=margin.attributes[0], shares=pairs))
        else:
            tables.append(written_table([
                {**dict(zip(margin.attributes, map(str, levels), strict=True)), SHARE_COLUMN: f"{100 * share:.9g}"}
                for levels, share in margin.shares.items()
            ]))  # fmt: skip
    return PeopleDraft(kind=MARGINS, of=raw.get("of", GSS), margins=tuple(single), tables="\n".join(tables))


def same_population(raw: Any) -> Any:
    """A population in a form in which equal ones are equal: shares of one attribute or several as fractions of 1."""
    if isinstance(raw, dict) and isinstance(raw.get("margins"), dict):
        try:
            found = [margin_of(key, shares, key) for key, shares in raw["margins"].items()]
        except SourceError:
            return raw
        shares = {one.name: {str(levels): round(share, 6) for levels, share in one.shares.items()} for one in found}
        return {"of": GSS, **raw, "margins": shares}
    return raw


# -- from the draft ----------------------------------------------------------------------------------------------


def _personas(text: str, problems: list[Finding]) -> list[dict[str, str | int]] | None:
    lines = [line for line in text.splitlines() if line.strip()]
    at = (*AT, "personas")
    if not lines:
        problems.append(Finding(at, "write one person a line, such as `age: 30, gender: Female`, or paste a table"))
        return None
    rows: list[dict[str, str]] | None
    if _pairs(lines[0]) is None:
        try:
            rows = pasted_table(text)
        except TableError as error:
            hint = "" if len(lines) > 1 else "; a person on a line of their own is written `age: 30, gender: Female`"
            problems.append(Finding(at, f"{error}{hint}"))
            return None
    else:
        found = [_pairs(line) for line in lines]
        wrong = [number for number, row in enumerate(found, start=1) if row is None]
        if wrong:
            problems.append(
                Finding(at, f"line {wrong[0]}: expected names and values, such as `age: 30, gender: Female`")
            )
            return None
        rows = [row for row in found if row is not None]
    return [{key: value_of(cell) for key, cell in row.items()} for row in rows]


def _margins(people: PeopleDraft, problems: list[Finding]) -> Any:
    margins: dict[str, Any] = {}
    found: list[Finding] = []
    in_tables = (*AT, "tables")
    for one in people.margins:
        at = (*AT, "margins", one.attribute)
        if one.attribute in margins:
            found.append(Finding(at, "has shares twice; remove one"))
        numbers = [_percentage(text) for _, text in one.shares]
        if any(number is None for number in numbers):
            level = next(level for (level, _), number in zip(one.shares, numbers, strict=True) if number is None)
            found.append(Finding(at, f"{level}: expected a percentage from 0 to 100"))
            continue
        total = sum(number for number in numbers if number is not None)
        if abs(total - 100) > SUM:
            gap = f"{abs(100 - total):.3g} % {'missing' if total < 100 else 'too much'}"
            found.append(Finding(at, f"the shares add up to {total:.4g} %: {gap}"))
        given = zip(one.shares, numbers, strict=True)
        margins[one.attribute] = {value_of(level): round((number or 0.0) / 100, 9) for (level, _), number in given}
    try:
        for table in pasted_tables(people.tables):
            key, nested = margin_of_table(table, "the table")
            if key in margins:
                found.append(Finding(in_tables, f"{key} has shares twice; remove one"))
            margins[key] = nested
    except (TableError, SourceError) as error:
        found.append(Finding(in_tables, str(error)))
    if not margins and not found:
        found.append(
            Finding((*AT, "margins"), "choose an attribute and give its values shares, or paste a table of them")
        )
    problems += found
    return None if found else {"of": people.of, "margins": margins}


def _percentage(text: str) -> float | None:
    match = re.fullmatch(r"\s*(\d{1,3}(?:[.,]\d{1,9})?)\s*%?\s*", text)
    number = float(match[1].replace(",", ".")) if match else None
    return number if number is not None and number <= 100 else None


def value_of(text: str) -> str | int:
    """A text that is a whole number as one."""
    return int(text) if WHOLE.fullmatch(text) else text


def _pairs(line: str) -> dict[str, str] | None:
    found = {}
    for part in line.split(","):
        name, mark, value = (piece.strip() for piece in part.partition(":"))
        if not (name and mark and value):
            return None
        found[name] = value
    return found


# -- what there is to choose from --------------------------------------------------------------------------------


def people_menus(catalogue: Catalogue) -> dict[str, Any]:
    """What the editor offers: kinds of population, studies with people, and who can be weighted."""
    preset = presets()[0]
    studies = []
    for source in catalogue.sources:
        for one in source.entries:
            if one.described:
                name = one.study.study_id if source.name == BUNDLED else f"{one.study.study_id}{FROM}{source.name}"
                years = _YEARS.search(one.study.source)
                about = [one.title, *([years[0]] if years else []), one.people_words]
                studies.append([name, " · ".join(about), source.title])
    return {
        "people": [
            [GSS, preset.source], [STUDY, "The people of one study that is loaded here"],
            [PERSONAS, "Personas: a list or a table of mine"], [MARGINS, "People weighted to shares that I give"],
            [NOBODY, "Nothing is known about them"],
        ],
        "studies": studies,
        "counts": {GSS: f"{preset.title}."},
        "bases": [[GSS, preset.source], *([f"{OBSERVED}{name}", *rest] for name, *rest in studies)],
    }  # fmt: skip


def levels_json(people: PeopleDraft, loaded: Loaded) -> str:
    """The attributes of those who are weighted, with their values and present percentages, for the sliders.

    Empty unless people are weighted to shares, or if there are no such people.
    """
    if people.kind != MARGINS:
        return ""
    try:
        base = people_of(people.of, "own", None, "population.of", loaded)
    except SocratesError:
        return ""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in (name for name in base.columns if name not in PARTICIPANTS_SCHEMA):
        counted = base.drop_nulls(name).group_by(name).agg(pl.col("weight").fill_null(1.0).sum()).sort(name)
        if 1 < len(counted) <= MOST_LEVELS:
            found[name] = _rounded(counted)
    return json.dumps({"of": people.of, "people": len(base), "attributes": found}, ensure_ascii=False)


def _rounded(counted: pl.DataFrame) -> list[tuple[str, str]]:
    """Value and percentage to a tenth; the largest takes up what rounding leaves, so that they add up to 100."""
    shares = counted["weight"].to_numpy() / counted["weight"].sum()
    tenths = (1000 * shares).round().astype(int)
    tenths[tenths.argmax()] += 1000 - tenths.sum()
    return [(str(level), f"{tenth / 10:g}") for level, tenth in zip(counted[counted.columns[0]], tenths, strict=True)]
