"""The columns of a tidy table, recognised in the spellings in which people write them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import polars as pl

from socrates_core.errors import SourceError

DEMOGRAPHIC: Final = "demo_"
"""What the names of demographic attributes begin with."""

SCALE_LISTS: Final = ("scale_values", "scale_labels", "off_axis", "off_axis_labels")
"""Columns of lists, which hold a scale as `--export datasets` writes it."""

SCALE_COLUMNS: Final = (*SCALE_LISTS, "unit", "measurement", "wording_contrast")
"""All columns of such an export that are about its cells; other tables have them for something else."""

NEEDED: Final = (
    ("study_id",),
    ("condition_num", "condition"),
    ("participant_id",),
    ("response",),
    ("stimulus", "question"),
)
"""A tidy table has at least one column of each."""

_OTHER_NAMES: Final[Mapping[str, str]] = {
    "study_id": "study experiment experiment_id study_name studie studien_id",
    "condition_num": "condition_number condition_no cond_num cond_no arm_num arm_number arm_no arm_id treatment_num",
    "condition": "arm cond condition_label condition_name treatment treatment_arm experimental_condition bedingung",
    "participant_id": (
        "participant participants subject subject_id respondent respondent_id response_id person person_id pid user_id "
        "worker_id prolific_pid prolific_id case_id caseid teilnehmer teilnehmer_id versuchsperson vp vpn proband"
    ),
    "response": "answer answers responses reply antwort",
    "stimulus": "stimuli vignette scenario stimulus_text szenario",
    "question": "question_text item item_text frage",
    "task_num": "task task_id task_number outcome_num",
    "outcome": "outcome_name dv",
    "scale_min": "scale_low scale_minimum min_scale scale_from",
    "scale_max": "scale_high scale_maximum max_scale scale_to",
    "design": "",
    "weight": "weights survey_weight sampling_weight gewicht",
    "group": "study_group",
    "demographics": "demographic demos persona profile attributes demographic_attributes",
    **dict.fromkeys(SCALE_COLUMNS, ""),
}
"""Column → other names for it, as `plain` spells them."""

KNOWN: Final = tuple(_OTHER_NAMES)
"""The columns of a tidy table, beside `demo_ANYTHING`."""


@dataclass(frozen=True)
class Recognised:
    """Which columns of a table are which."""

    renames: Mapping[str, str]
    """The table's name → ours, for those that differ."""
    assumed: tuple[str, ...]
    """Each of these that nobody stated, as a sentence."""


def plain(name: str) -> str:
    """A name without what spellings differ in: `ParticipantID`, ` participant id` and `Participant.Id` are one."""
    name = unicodedata.normalize("NFKC", name).strip().strip("\ufeff\"'")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).casefold()
    return re.sub(r"[\W_]+", "_", name).strip("_")


def recognised(columns: Sequence[str], where: str, stated: Mapping[str, str] | None = None) -> Recognised:
    """Which columns are which: as stated, else by their exact names, else by their names in other spellings.

    Args:
        columns: The table's.
        where: The table, in messages.
        stated: Our name → the table's, from a map.

    Raises:
        SourceError: If a stated column is not there, or two columns may be one of ours.
    """
    stated = stated or {}
    for named, theirs in stated.items():
        if theirs not in columns:
            raise SourceError(
                f"{where} has no column {theirs!r}, which the map names as {named}{nearest(theirs, columns)}"
            )
    renames = {theirs: ours for ours, theirs in stated.items() if ours != theirs}
    taken = {*stated, *(name for name in columns if name in KNOWN and name not in stated.values())}
    candidates: dict[str, list[str]] = {}
    for name in columns:
        if name in KNOWN or name in stated.values() or name.startswith(DEMOGRAPHIC):
            continue
        ours = _ours(plain(name))
        if ours is not None and ours not in taken:
            candidates.setdefault(ours, []).append(name)
    assumed = []
    for known, names in candidates.items():
        exact = [name for name in names if plain(name) == known]
        chosen = exact or names
        if len(chosen) > 1:
            raise SourceError(
                f"{where}: any of the columns {', '.join(map(repr, chosen))} may be {known}; rename one of them to "
                f"{known}, or say which in a map (--map): `columns: {{{known}: {chosen[0]}}}`"
            )
        renames[chosen[0]] = known
        if chosen[0] != "participant":
            assumed.append(f"column {chosen[0]!r} is {known}")
    return Recognised(renames, tuple(assumed))


def is_tidy(columns: Sequence[str]) -> bool:
    """Whether these are the columns of a tidy table."""
    try:
        renames = recognised(columns, "").renames
    except SourceError:
        return False
    return not _lacking([renames.get(name, name) for name in columns])


def check_needed(columns: Sequence[str], found: Sequence[str], where: str) -> None:
    """Raise a SourceError if a tidy table lacks a column.

    Args:
        columns: Under our names.
        found: Under the table's own.
        where: The table, in messages.
    """
    lacking = _lacking(columns)
    if lacking:
        listed = ", ".join(" or ".join(names) for names in lacking)
        raise SourceError(
            f"{where} lacks the column {listed}; it has {', '.join(found)[:400] or 'no columns'}. Rename its columns, "
            "or say which is which in a map (--map), which a table with one row a person and one column an outcome "
            "needs anyway"
        )


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean 'weight'?` where a known name is close, else the known ones."""
    close = get_close_matches(plain(name), [plain(one) for one in known], n=1, cutoff=0.6)
    if close:
        return f"; did you mean {next(one for one in known if plain(one) == close[0])!r}?"
    return f"; there are {', '.join(known)[:300]}"


def _ours(name: str) -> str | None:
    """Our name of a column, by its plain name; attributes keep theirs behind `demo_`."""
    if name.startswith(DEMOGRAPHIC) and name != DEMOGRAPHIC:
        return name
    return (
        name if name in KNOWN else next((ours for ours, others in _OTHER_NAMES.items() if name in others.split()), None)
    )


def _lacking(columns: Sequence[str]) -> list[tuple[str, ...]]:
    return [names for names in NEEDED if not set(names) & set(columns)]


def with_plain_columns(rows: pl.DataFrame, file: str) -> pl.DataFrame:
    """The rows without the types of Parquet that others have no name for: the 7 of a decimal column is 7 and not 7.00,
    and a category is its text.

    Raises:
        SourceError: If a column holds neither text nor numbers.
    """
    for name, kind in rows.schema.items():
        if name not in SCALE_LISTS and (kind.is_nested() or kind in (pl.Binary, pl.Duration, pl.Object)):
            raise SourceError(f"{file}: the column {name} contains {kind}, expected text or numbers")
    return rows.with_columns(
        pl.selectors.decimal().cast(pl.Float64), pl.selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String)
    )
