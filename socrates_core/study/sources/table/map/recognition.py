"""What the columns of a table may be: a proposal with a reason for each, for a person to correct.

Only names, labels and values are looked at. Whatever looks personal, typed or made by survey software is left out,
and what nothing speaks for is left out too: a column that is kept by mistake does more harm than one that is added.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.delimited import TextForm
from socrates_core.study.sources.file.frames import frames
from socrates_core.study.sources.file.opened import column_notes
from socrates_core.study.sources.file.qualtrics_several import SELECTED
from socrates_core.study.sources.personal import personal_name, personal_values
from socrates_core.study.sources.table.columns import DEMOGRAPHIC, KNOWN, recognised
from socrates_core.study.sources.table.map.form import TableMap, map_of
from socrates_core.study.sources.table.map.look import ColumnLook, looked_at
from socrates_core.study.sources.table.map.scale_guess import FEW, FILES, OPEN, guessed_scale, suspected_codes

Role = Literal[
    "left out", "participant", "condition", "outcome", "attribute", "weight", "group",
    "answer", "question", "stimulus", "study", "outcome name", "lowest", "highest", "as named",
]  # fmt: skip
ROLES: Final[tuple[Role, ...]] = get_args(Role)

OURS: Final[Mapping[Role, str]] = {
    "participant": "participant_id", "condition": "condition", "weight": "weight", "group": "group",
    "answer": "response", "question": "question", "stimulus": "stimulus", "study": "study_id",
    "outcome name": "outcome", "lowest": "scale_min", "highest": "scale_max",
}  # fmt: skip
"""Role → our name of the only column that has it."""
_ROLE_OF: Final[Mapping[str, Role]] = {ours: role for role, ours in OURS.items()}

MOST_ARMS: Final = 32
_LARGEST_CODE: Final = 17
"""An attribute with larger numbers is an amount, as an age is, and no code of a few answers."""
_COUNTED: Final = re.compile(r"children|household_size|year")
_USUAL_WEIGHT: Final = (0.5, 2.0)
"""Mean of survey weights that are scaled to the people who answered."""
_LONG_TEXT: Final = 60
"""A value of more characters than that was typed."""

_SOFTWARE: Final = re.compile(
    r"start_?date|end_?date|recorded_?date|submit_?date|(?:start|end|created|updated)_(?:time|at)|timestamp|status|"
    r"progress|finished|duration(?:_in_seconds)?|time_spent|distribution_?channel|user_?language|start_?language|"
    r"browser|user_agent|operating_system|resolution|last_?page|seed|q_recaptchascore|q_totalduration"
)
_SOFTWARE_PARTS: Final = re.compile(r"(?:^|_)(?:click_count|page_submit|first_click|last_click|timer?|timing)(?:_|$)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")
_PARTICIPANT: Final = re.compile(
    r"response_?id|participant(?:_?id)?|subject(?:_?id)?|respondent(?:_?id)?|prolific_?(?:pid|id)|worker_?id|case_?id|"
    r"person(?:_?id)?|user_?id|twin_?id|uuid|pid|id|sample_id|.*_id|vpn?|teilnehmer(?:_id)?"
)
_PERSON: Final = re.compile(
    r"response_?id|(?:participant|subject|respondent|worker|person|case)_?id|prolific_?(?:pid|id)|pid|participant|"
    r"teilnehmer(?:_id)?"
)
"""Names of columns that are ids of people though some of them repeat; `pid` is a party too."""
_CONDITION: Final = re.compile(
    r"(?:experimental_)?(?:condition|cond|arm|treatment|treat|treated|tr|manipulation|frame|framing|version|ballot|"
    r"variant|vignette|target|group|assignment|bedingung|gruppe|versuchsbedingung|form)(?:_?(?:label|name|num|no|id|group))?"
    r"|fl_\d+_do|.*_(?:condition|cond|treatment|arm)"
)
_WEIGHT: Final = re.compile(r"(?:.*_)?(?:weight|weights|wt|wgt|wtssall|wtssps|gewicht|pweight)(?:_.*)?")
_ATTRIBUTE: Final = re.compile(
    r"(?:demo_.*|(?:.*_)?(?:age|gender|sex|education|educ|degree|income|race|ethnicity|ethnic|hispanic|party|partyid|"
    r"party_id|pid3|pid7|ideology|ideo\d?|polviews|region|state|country|marital|marital_status|married|employment|"
    r"employed|occupation|religion|relig|urban|metro|household_size|children|alter|geschlecht|bildung|einkommen|"
    r"age_group|agegroup|birth_year|birthyear|yob|nationality|language)(?:_?\d{0,4}|_cat|_group|_usd|_years))"
)


@dataclass(frozen=True)
class Guess:
    """What a column may be."""

    look: ColumnLook
    role: Role
    reason: str
    """In words."""
    checks: tuple[str, ...] = ()
    """What a person must check, a sentence each."""
    scale: Mapping[str, Any] | str | None = None
    """Of an outcome, as a map writes it."""
    missing: tuple[str, ...] = ()
    """Codes for "no answer" in this column."""
    personal: bool = False
    """Whether it may tell who somebody is."""

    @property
    def name(self) -> str:
        """The column's."""
        return self.look.name


@dataclass(frozen=True)
class Proposal:
    """What all columns may be."""

    guesses: tuple[Guess, ...]
    """In the order of the columns."""
    long: bool
    """Whether a row is an answer; else it is a person."""
    form: TableMap
    """The map that follows."""
    said: tuple[str, ...] = ()
    """What had to be assumed to read the file, a sentence each."""


def propose(file: Path, encoding: str | None = None) -> Proposal:
    """What the columns of a file may be.

    Args:
        file: As for `frames`.
        encoding: Of its texts, which the map states then; None to find it.

    Raises:
        SourceError: If it cannot be read or has no rows.
    """
    said: dict[str, None] = {}
    rows = next(iter(frames(file, text=TextForm(encoding, note=said.setdefault))), pl.DataFrame())
    if rows.is_empty():
        raise SourceError(f"{file} has no rows below its column names" if rows.columns else f"{file} is empty")
    found = proposed(looked_at(rows, column_notes(file, encoding)))
    return replace(found, said=tuple(said), form=found.form.model_copy(update={"encoding": encoding}))


def proposed(looks: Sequence[ColumnLook]) -> Proposal:
    """What columns may be, by how they look."""
    known = _tidy_roles(looks)
    if known is not None:
        asked = [look.distinct for look in looks if known.get(look.name) == "question"]
        guesses = [_tidy_guess(look, known, one_question=asked == [1]) for look in looks]
    else:
        guesses = _alone([_guess(look) for look in looks])
    long = known is not None
    return Proposal(tuple(guesses), long, map_of(raw_map(guesses), "the proposal"))


def raw_map(guesses: Sequence[Guess]) -> dict[str, Any]:
    """The map of these guesses, as its file holds it."""
    raw: dict[str, Any] = {}
    columns: dict[str, str] = {}
    for guess in guesses:
        if guess.role in ("participant", "weight", "group"):
            raw[guess.role] = guess.name
        elif guess.role == "condition":
            labels = {value: text for value, text in guess.look.notes.values.items() if value in guess.look.counts}
            complete = set(labels) == set(guess.look.counts)
            raw["condition"] = {"column": guess.name, "labels": labels} if complete and labels else guess.name
        elif guess.role == "outcome name":
            raw["outcome"] = guess.name
        elif guess.role in OURS and OURS[guess.role] != guess.name:
            columns[OURS[guess.role]] = guess.name
        if guess.role == "answer" and guess.scale not in (None, FILES):
            raw["scale"] = guess.scale
        if guess.role == "answer" and guess.missing:
            raw["missing"] = list(guess.missing)
    attributes = {one.name: _attribute(one) for one in guesses if one.role == "attribute"}
    left = [one.name for one in guesses if one.role == "left out"]
    outcomes = {one.name: _outcome(one) for one in guesses if one.role == "outcome"}
    parts = {"columns": columns, "attributes": attributes, "leave_out": left, "outcomes": outcomes}
    return raw | {key: part for key, part in parts.items() if part}


def _outcome(guess: Guess) -> dict[str, Any]:
    raw: dict[str, Any] = {"question": guess.look.notes.label or guess.name}
    if guess.scale not in (None, FILES):
        raw["scale"] = guess.scale
    return raw | ({"missing": list(guess.missing)} if guess.missing else {})


def _attribute(guess: Guess) -> dict[str, Any]:
    labels = {value: " ".join(text.split()) for value, text in guess.look.notes.values.items() if text.strip()}
    labels = {value: text for value, text in labels.items() if value not in guess.missing}
    return ({"labels": labels} if labels else {}) | ({"missing": list(guess.missing)} if guess.missing else {})


# -- a row an answer ----------------------------------------------------------------------------------------------


def _tidy_roles(looks: Sequence[ColumnLook]) -> Mapping[str, Role] | None:
    """Column → role, if the columns are those of a table with a row an answer; else None."""
    names = [look.name for look in looks]
    try:
        renames = recognised(names, "").renames
    except SourceError:
        return None
    ours = {name: renames.get(name, name) for name in names}
    if "response" not in ours.values() or not {"question", "stimulus"} & set(ours.values()):
        return None
    if "condition" not in ours.values():
        ours = {name: "condition" if one == "condition_num" else one for name, one in ours.items()}
    return {name: _ROLE_OF.get(one, "as named") for name, one in ours.items() if one in KNOWN}


def _tidy_guess(look: ColumnLook, roles: Mapping[str, Role], one_question: bool) -> Guess:
    if roles.get(look.name) == "answer" and look.notes.values:
        if not one_question:
            check = "The file labels its answers, but there are several questions: a map can give each its labels."
            return Guess(look, "answer", "its name says so", (check,))
        found = guessed_scale(look)
        return Guess(look, "answer", "its name says so", found.checks, found.scale, found.missing)
    if look.name in roles:
        return Guess(look, roles[look.name], "its name says so")
    if look.name.startswith(DEMOGRAPHIC):
        left = _left_out(look)
        return left or Guess(look, "attribute", f"its name begins with {DEMOGRAPHIC}")
    guess = _guess(look)
    if guess.role in ("outcome", "participant", "condition"):
        return Guess(look, "left out", "a table with a row an answer has another column for that")
    return guess


# -- a row a person -----------------------------------------------------------------------------------------------


def _guess(look: ColumnLook) -> Guess:
    """What a column may be, looked at alone."""
    name = look.plain
    unique = _PARTICIPANT.fullmatch(name) and look.distinct == look.filled > 1
    repeated = _PERSON.fullmatch(name) and look.distinct > (MOST_ARMS if name == "pid" else 1)
    if unique or repeated:
        twice = look.filled - look.distinct
        check = (f"{twice:,} rows repeat an id: they count as one person, with all their answers.",) if twice else ()
        return Guess(look, "participant", "an id, different in every row" if not twice else "its name is an id", check)
    left = _left_out(look)
    if left is not None:
        return left
    if _WEIGHT.fullmatch(name) and look.numeric and min(look.numbers.values()) >= 0:
        reason = "its name is that of a survey weight, and its values are numbers of 0 or more"
        return Guess(look, "weight", reason, tuple(_weight_checks(look)))
    if _CONDITION.fullmatch(name) and 2 <= look.distinct <= MOST_ARMS:
        check = ("Write what people in each condition read: without it, the model cannot tell the conditions apart.",)
        return Guess(look, "condition", f"its name, and {look.distinct} different values", check)
    if _ATTRIBUTE.fullmatch(name):
        return _attribute_guess(look)
    return _guessed_outcome(look)


def _left_out(look: ColumnLook) -> Guess | None:
    """Why a column is to be left out, for what it is; None if nothing speaks against it."""
    name = look.plain
    if not look.filled:
        unclear = ", or nothing tells a choice that was not selected from one that was never shown"
        return Guess(look, "left out", f"it is empty{unclear if look.notes.values == SELECTED else ''}")
    holds = personal_name(look.name) or (None if look.notes.values else personal_values(_texts(look)))
    if holds is not None:
        return Guess(look, "left out", f"it holds {holds}, which may tell who somebody is", personal=True)
    if _SOFTWARE.fullmatch(name) or _SOFTWARE_PARTS.search(name):
        unfinished = name == "finished" and len(look.counts) > 1
        check = ("Some people did not finish; their answers are kept.",) if unfinished else ()
        return Guess(look, "left out", "survey software adds it; it is no answer", check)
    if all(_DATE.fullmatch(value) for value in list(look.counts)[:50]):
        return Guess(look, "left out", "dates or times")
    if not look.notes.values and (look.notes.asks_text or (look.longest > _LONG_TEXT and not look.numeric)):
        return Guess(look, "left out", "people typed it: free text may tell who somebody is", personal=True)
    if look.distinct == 1:
        return Guess(look, "left out", f"everybody has the same value, {next(iter(look.counts))[:40]!r}")
    if look.distinct == 0:
        return Guess(look, "left out", "it holds lists or bytes")
    return None


def _weight_checks(look: ColumnLook) -> Iterator[str]:
    """Whether a column that is called weight may be something else: survey weights are about 1 on average."""
    people = sum(look.counts.values())
    mean = sum(look.counts[value] * number for value, number in look.numbers.items()) / people
    if not _USUAL_WEIGHT[0] <= mean <= _USUAL_WEIGHT[1]:
        yield f"It is {mean:,.4g} on average, and survey weights are about 1: is it one, and not kilograms or points?"


def _attribute_guess(look: ColumnLook) -> Guess:
    """A demographic attribute, with what the model would read wrongly."""
    checks = []
    codes: dict[str, str] = {}
    if look.numeric and not look.notes.values:
        codes = suspected_codes(look)
        checks = [f"{why}: it is taken as unknown." for why in codes.values()]
        left = [value for value in look.numbers if value not in codes and value not in look.notes.missing]
        highest = max((look.numbers[value] for value in left), default=0)
        if len(left) <= FEW and highest <= _LARGEST_CODE and not _COUNTED.search(look.plain):
            listed = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
            checks.append(f"Nobody says what {listed} mean, and the model reads these numbers: add their labels.")
    missing = tuple(dict.fromkeys((*look.notes.missing, *codes)))
    return Guess(look, "attribute", "its name is that of a demographic attribute", tuple(checks), missing=missing)


def _texts(look: ColumnLook) -> pl.Series:
    """The values of a column, each as often as it occurs."""
    return pl.Series(look.name, [value for value, rows in look.counts.items() for _ in range(rows)], pl.String)


def _guessed_outcome(look: ColumnLook) -> Guess:
    described = bool(look.notes.values) or bool(look.notes.label)
    found = guessed_scale(look)
    if found.scale is None:
        return Guess(look, "left out", f"{found.reason}; choose what it is", found.checks)
    few = look.numeric and look.distinct <= FEW + len(found.missing)
    nominal = isinstance(found.scale, Mapping) and found.scale.get("nominal")
    if not described and (nominal or found.scale == OPEN or not (few or not look.numeric)):
        why = "a few words" if nominal else "numbers of many values"
        return Guess(look, "left out", f"{why}, and nothing says what they are; choose what it is")
    checks = list(found.checks)
    if not look.notes.label:
        checks.insert(0, "The file has no text for this question: write it, for the model reads it.")
    return Guess(look, "outcome", found.reason, tuple(checks), found.scale, found.missing)


def _alone(guesses: list[Guess]) -> list[Guess]:
    """The guesses with at most one column for each role that only one can have; the others are left out and named."""
    order = {"participant": _PARTICIPANT, "condition": _CONDITION, "weight": _WEIGHT}
    for role, pattern in order.items():
        there = [place for place, guess in enumerate(guesses) if guess.role == role]
        if len(there) < 2:
            continue
        ranks = pattern.pattern.split("|")
        best = min(there, key=lambda place: (_rank(guesses[place].look.plain, ranks), place))
        for place in there:
            if place != best:
                why = f"it may be the {role} too, but {guesses[best].name!r} is taken for it"
                guesses[place] = replace(guesses[place], role="left out", reason=why, checks=())
    return guesses


def _rank(name: str, ranks: Sequence[str]) -> int:
    return next((place for place, part in enumerate(ranks) if name.replace("_", "") in part.replace("_?", "")), 99)
