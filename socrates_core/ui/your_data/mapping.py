"""The map as the page holds it: a row a column, texts in fields; and as a `TableMap`."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from socrates_core.errors import ColumnError, SocratesError, SourceError
from socrates_core.study.sources.table.map.form import AttributeMap, OutcomeMap, ScaleMap, TableMap, map_of
from socrates_core.study.sources.table.map.look import ColumnLook
from socrates_core.study.sources.table.map.recognition import MOST_ARMS, OURS, Guess, Proposal, Role
from socrates_core.study.sources.table.map.scale_guess import FILES, guessed_scale
from socrates_core.study.sources.table.map.writing import raw_of
from socrates_core.ui.your_study.draft import NOMINAL, OPEN, RANGE, numbered_lines

LONGEST: Final = 90_000
"""Most bytes of a map on the page; the script says so before it sends one."""
KEPT: Final = "kept"
"""Kind of a scale that the page does not show in fields: with steps, bins or gaps, as map or file says."""

WIDE_ROLES: Final[tuple[Role, ...]] = (
    "left out", "participant", "condition", "outcome", "attribute", "weight", "group",
)  # fmt: skip
LONG_ROLES: Final[tuple[Role, ...]] = (
    "left out", "participant", "condition", "answer", "question", "stimulus", "outcome name", "lowest", "highest",
    "study", "attribute", "weight", "group", "as named",
)  # fmt: skip
WORDS: Final[Mapping[Role, str]] = {
    "left out": "Left out",
    "participant": "Person (id)",
    "condition": "Condition",
    "outcome": "Outcome (a question)",
    "attribute": "Demographic attribute",
    "weight": "Survey weight",
    "group": "Group of studies",
    "answer": "Answer",
    "question": "Question",
    "stimulus": "Text that people read",
    "study": "Study",
    "outcome name": "Name of the outcome",
    "lowest": "Lowest option",
    "highest": "Highest option",
    "as named": "What its name says",
}
"""Role → how the menu calls it."""
_ONCE: Final = frozenset({"participant", "condition", "weight", "group", *OURS})
_UNSEEN: Final = ("study", "design", "decimal", "encoding", "separator", "sheet", "answers", "scale")
"""Keys of a map that the page does not show."""
PERSONAL: Final = "It may tell who somebody is; as an attribute it would stand in the prompts."


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnDraft(_Part):
    """One column that is not left out."""

    i: int
    """Its place in the table."""
    role: Role
    name: str = ""
    question: str = ""
    kind: str = RANGE
    low: str = ""
    high: str = ""
    labels: str = ""
    """`1 = Strongly disagree`, one a line."""
    off: str = ""
    """Options off the axis, likewise."""
    missing: str = ""
    """Codes for "no answer", separated by commas."""


class ArmDraft(_Part):
    """One value of the condition's column."""

    value: str
    label: str = ""
    text: str = ""
    """What people read."""


class MapDraft(_Part):
    """What the page sends."""

    columns: tuple[ColumnDraft, ...] = Field(default=(), max_length=2_000)
    arms: tuple[ArmDraft, ...] = Field(default=(), max_length=2_000)
    control: str = ""
    """A value of the condition's column; empty to decide by its name."""
    missing: str = ""
    """Codes of every column."""


def draft_of(sent: str) -> MapDraft:
    """What the page sent.

    Raises:
        SocratesError: If it is too long or none; the page never sends such.
    """
    if len(sent.encode("utf-8", "replace")) > LONGEST:
        raise SocratesError("This map is too long for the page; save it, and use it on the command line")
    try:
        return MapDraft.model_validate_json(sent)
    except ValidationError as error:
        raise SocratesError("The table of columns cannot be read; choose the file again") from error


def map_from(draft: MapDraft, proposal: Proposal, base: TableMap) -> TableMap:
    """The map that a person has made of a proposal.

    Args:
        draft: What the page sent.
        proposal: What the columns may be.
        base: The map that the table was drawn from; what the page does not show of it stays.

    Raises:
        SocratesError: If something is missing or two columns are the same thing; names the column.
    """
    names = [guess.name for guess in proposal.guesses]
    rows = {one.i: one for one in draft.columns}
    if any(place not in range(len(names)) for place in rows):
        raise SocratesError("The table of columns is of another file; choose the file again")
    chosen = {names[place]: rows[place] for place in sorted(rows)}
    raw = {key: value for key, value in raw_of(base).items() if key in _UNSEEN}
    if isinstance(base.outcome, dict):
        raw["outcome"] = raw_of(base)["outcome"]
    roles: dict[str, str] = {}
    for name, row in chosen.items():
        if row.role in roles and row.role in _ONCE:
            raise ColumnError(
                f"Two columns are “{WORDS[row.role]}”: {roles[row.role]!r} and {name!r}. Choose another for one of "
                "them",
                (roles[row.role], name),
            )
        roles[row.role] = name
    raw |= _single(roles, draft, base)
    personal = {guess.name for guess in proposal.guesses if guess.personal}
    attributes = {
        name: _attribute(name, row) | ({"personal": True} if name in personal else {})  # whoever chooses it was warned
        for name, row in chosen.items()
        if row.role == "attribute"
    }
    outcomes = {name: _outcome(name, row, base) for name, row in chosen.items() if row.role == "outcome"}
    if not proposal.long and not outcomes:
        raise SocratesError("Choose at least one column that is an outcome: a question that people answered")
    left = [name for name in names if chosen.get(name) is None or chosen[name].role == "left out"]
    parts = {"attributes": attributes, "outcomes": outcomes, "missing": _codes(draft.missing), "leave_out": left}
    try:
        return map_of(raw | {key: part for key, part in parts.items() if part}, "the map")
    except SourceError as error:
        wrong = tuple(name for name in chosen if re.search(rf"s\.{re.escape(name)}[.:]", str(error)))
        raise ColumnError(str(error), wrong) from error


def _single(roles: Mapping[str, str], draft: MapDraft, base: TableMap) -> dict[str, Any]:
    """The keys for roles that one column has."""
    raw: dict[str, Any] = {role: roles[role] for role in ("participant", "weight", "group") if role in roles}
    if "outcome name" in roles:
        raw["outcome"] = roles["outcome name"]
    if "condition" in roles:
        labels = {one.value: one.label.strip() for one in draft.arms if one.label.strip()}
        texts = {one.value: one.text.strip() for one in draft.arms}
        condition: dict[str, Any] = {"column": roles["condition"]}
        if labels:  # every arm needs one
            condition["labels"] = {one.value: labels.get(one.value, one.value) for one in draft.arms}
        if any(texts.values()):
            condition["texts"] = texts
        if draft.control:
            condition["control"] = draft.control
        if base.condition is not None and base.condition.personal and base.condition.column == condition["column"]:
            condition["personal"] = True
        raw["condition"] = condition
    named = {OURS[role]: name for role, name in roles.items() if role in OURS and role not in raw}  # type: ignore[index]
    columns = {ours: name for ours, name in named.items() if ours != name and ours != "outcome"}
    return raw | ({"columns": columns} if columns else {})


def _attribute(column: str, row: ColumnDraft) -> dict[str, Any]:
    labels = _pairs(row.labels, column)
    codes = _codes(row.missing)
    name = {"name": row.name.strip()} if row.name.strip() and row.name.strip() != column else {}
    return name | ({"labels": labels} if labels else {}) | ({"missing": codes} if codes else {})


def _outcome(column: str, row: ColumnDraft, base: TableMap) -> dict[str, Any]:
    if not row.question.strip():
        raise ColumnError(f"{column}: write the question, for the model reads it", (column,))
    raw: dict[str, Any] = {"question": row.question.strip()}
    if row.name.strip() and row.name.strip() != column:
        raw["name"] = row.name.strip()
    known = raw_of(base).get("outcomes", {}).get(column, {})
    if "text" in known:
        raw["text"] = known["text"]
    if row.kind == KEPT:
        raw |= {"scale": known["scale"]} if "scale" in known else {}  # without one, that of the file's labels
    else:
        raw["scale"] = _scale(column, row)
    codes = _codes(row.missing)
    return raw | ({"missing": codes} if codes else {})


def _scale(column: str, row: ColumnDraft) -> Any:
    if row.kind == OPEN:
        return OPEN
    scale: dict[str, Any]
    labels = numbered_lines(row.labels, 1)
    if row.kind == NOMINAL:
        scale = {"nominal": True, "labels": labels}
    else:
        try:
            scale = {"from": int(row.low), "to": int(row.high)} | ({"labels": labels} if labels else {})
        except ValueError:
            raise ColumnError(
                f"{column}: the scale needs two whole numbers, its lowest and its highest option", (column,)
            ) from None
    off = numbered_lines(row.off, 1 + scale.get("to", max(labels, default=0)))
    for text, found in ((row.labels, labels), (row.off, off)):
        if len([line for line in text.splitlines() if line.strip()]) > len(found):
            raise ColumnError(f"{column}: two labels have the same number; give each its own", (column,))
    return scale | {"off_axis": off}  # the page shows all of them, so an empty field says that there are none


def _pairs(text: str, column: str) -> dict[str, str]:
    """`m = Male`, one a line."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        value, mark, label = (part.strip() for part in line.partition("="))
        if not (mark and value and label):
            raise ColumnError(f"{column}: {line[:40]!r}: expected value = text, one a line", (column,))
        found[value] = label
    return found


def _codes(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, (part.strip() for part in text.replace(";", ",").split(",")))))


# -- to the page --------------------------------------------------------------------------------------------------


def table_json(proposal: Proposal, form: TableMap) -> str:
    """The table of columns as the script draws it.

    Args:
        proposal: What the columns may be, with reasons.
        form: The map that is shown: the proposed one, or one that a person has brought.
    """
    own = form == proposal.form
    roles = LONG_ROLES if proposal.long else WIDE_ROLES
    columns = [_row(place, guess, form, own) for place, guess in enumerate(proposal.guesses)]
    condition = form.condition
    return json.dumps(
        {
            "roles": [[role, WORDS[role]] for role in roles],
            "kinds": [[RANGE, "Numbers, from … to …"], [NOMINAL, "Options without an order"], [OPEN, "Any number"]],
            "columns": columns,
            "long": proposal.long,
            "labels": {} if condition is None else dict(condition.labels),
            "texts": {} if condition is None else dict(condition.texts),
            "control": "" if condition is None else condition.control or "",
            "missing": ", ".join(form.missing),
        },
        ensure_ascii=False,
    )


def _row(place: int, guess: Guess, form: TableMap, own: bool) -> dict[str, Any]:
    look, role = guess.look, guess.role if own else role_in(form, guess)
    reason = guess.reason if own or role == guess.role else "the map says so"
    outcome = form.outcomes.get(look.name)
    attribute = form.attributes.get(look.name, AttributeMap())
    missing = outcome.missing if outcome else attribute.missing if role == "attribute" else guess.missing
    texts = attribute.labels or (look.notes.values if own else {})
    return {
        "i": place,
        "column": look.name,
        "examples": list(look.examples),
        "role": role,
        "reason": reason,
        "checks": list(guess.checks) if role == guess.role else [],
        "personal": PERSONAL if guess.personal else "",
        "name": (outcome.name or "" if outcome else attribute.name or ""),
        "question": (outcome.question if outcome else None) or look.notes.label,
        **_fields(look, outcome),
        "texts": "\n".join(f"{value} = {' '.join(text.split())}" for value, text in texts.items() if text.strip()),
        "missing": ", ".join(missing),
        "values": _values(look),
    }


def _values(look: ColumnLook) -> list[list[str]]:
    """The values of a column that may be the condition, each with its text in the file."""
    if not 1 <= look.distinct <= MOST_ARMS:
        return []
    return [[value, " ".join(look.notes.values.get(value, "").split())] for value in sorted(look.counts)]


def role_in(form: TableMap, guess: Guess) -> Role:
    """What a column is in a map that a person has brought."""
    name = guess.name
    if name in form.leave_out:
        return "left out"
    if name in form.outcomes:
        return "outcome"
    if name in form.attributes:
        return "attribute"
    stated = {theirs: ours for ours, theirs in form.stated_columns.items()}
    if name in stated:
        ours = "condition" if stated[name] == "condition_num" else stated[name]
        return next((role for role, known in OURS.items() if known == ours), "as named")
    kept = guess.role in OURS or guess.role in ("as named", "attribute")
    return guess.role if kept and not form.outcomes else "left out"


def _fields(look: ColumnLook, outcome: OutcomeMap | None) -> dict[str, str]:
    """The fields of a scale: of the map, else as it may be if the column becomes an outcome."""
    if outcome is None:
        scale: Any = guessed_scale(look).scale or {}
    else:
        scale = outcome.scale
    if isinstance(scale, ScaleMap):
        if scale.step not in (None, 1) or scale.bins or scale.round or (scale.low is None and not scale.nominal):
            return {"kind": KEPT, "low": "", "high": "", "labels": "", "off": ""}
        scale = scale.model_dump(by_alias=True, exclude_none=True)
    if scale is None or scale == FILES:
        return {"kind": KEPT, "low": "", "high": "", "labels": "", "off": ""}
    if scale == OPEN:
        return {"kind": OPEN, "low": "", "high": "", "labels": "", "off": ""}
    lines = {
        key: "\n".join(f"{value} = {label}" for value, label in (scale.get(key) or {}).items())
        for key in ("labels", "off_axis")
    }
    return {
        "kind": NOMINAL if scale.get("nominal") else RANGE,
        "low": str(scale.get("from", "")),
        "high": str(scale.get("to", "")),
        "labels": lines["labels"],
        "off": lines["off_axis"],
    }
