"""The study as the editor holds it: texts in fields, finished or not; and as a study file.

The draft lives in the visitor's browser. Every request brings it along, so the server keeps no visitor's study.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field, ValidationError

from socrates_core.errors import SocratesError, SourceError
from socrates_core.study.study_file.checks import check_study
from socrates_core.study.study_file.finding import Finding
from socrates_core.study.study_file.form import MOST_CONDITIONS, MOST_OUTCOMES
from socrates_core.study.study_file.presets import PRESETS, preset_of
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.ui.your_study.population import (
    WHOLE,
    Part,
    PeopleDraft,
    people_draft,
    population_of,
    same_population,
    value_of,
)

LONGEST: Final = 80_000
"""Most characters of a draft; a request may have 100,000 bytes. The script says so before it sends one."""

TOO_LONG: Final = "too long"
"""What the script sends in place of a draft that is longer."""

RANGE, LABELS, NOMINAL, OPEN = "numbers", "labels", "nominal", "open"
"""Kinds of scale beside the presets: from one number to another, own labels, options without an order, any number."""

_NUMBERED: Final = re.compile(r"\s*(-?\d{1,9})\s*[=:]\s*(.*\S)\s*")
"""`7 = Very likely`."""


class ConditionDraft(Part):
    """One condition."""

    label: str = ""
    text: str = ""
    control: bool = False
    fields: str = ""
    """`name = value`, one a line."""


class ScaleDraft(Part):
    """How people answer."""

    kind: str = ""
    """A preset's name or one of RANGE, LABELS, NOMINAL, OPEN; empty if none is chosen yet."""
    low: str = "1"
    high: str = "7"
    labels: str = ""
    """`7 = Very likely` or `Very likely`, one a line; without numbers they count from 1."""
    off: str = ""
    """Options off the axis, likewise; without numbers they follow the others."""


class OutcomeDraft(Part):
    """One outcome."""

    name: str = ""
    question: str = ""
    scale: ScaleDraft = ScaleDraft()


class Draft(Part):
    """The whole editor."""

    title: str = ""
    conditions: tuple[ConditionDraft, ...] = Field(
        default=(ConditionDraft(control=True), ConditionDraft()), max_length=64
    )
    outcomes: tuple[OutcomeDraft, ...] = Field(default=(OutcomeDraft(),), max_length=64)
    people: PeopleDraft = PeopleDraft()
    design: str = "between"

    @property
    def untouched(self) -> bool:
        """Whether nothing has been written yet."""
        return self == Draft()


@dataclass(frozen=True)
class Written:
    """A draft as a study file has it."""

    raw: dict[str, Any]
    findings: tuple[Finding, ...]
    """Of the draft's own form first, then of the study; in both, what keeps it from being simulated comes first."""

    @property
    def ready(self) -> bool:
        """Whether it can be simulated."""
        return not any(finding.blocks for finding in self.findings)


def draft_of(text: str) -> Draft:
    """The draft that the editor sent.

    Raises:
        SocratesError: If it is not one; the page never sends such.
    """
    if len(text) > LONGEST or text == TOO_LONG:
        raise SocratesError(f"A study on the page has at most {LONGEST:,} characters; use a study file and the command")
    try:
        return Draft.model_validate_json(text, strict=False) if text else Draft()
    except ValidationError as error:
        raise SocratesError("The study cannot be read; reload the page") from error


def written(draft: Draft) -> Written:
    """The contents of the study file, and all findings about it."""
    problems: list[Finding] = []
    raw: dict[str, Any] = {"socrates_study": 1, "title": draft.title}
    raw["conditions"] = [_condition(one, place, problems) for place, one in enumerate(draft.conditions)]
    raw["outcomes"] = [_outcome(one, place, problems) for place, one in enumerate(draft.outcomes)]
    population = population_of(draft.people, problems)
    if population is not None:
        raw["population"] = population
    if draft.design != "between":
        raw["design"] = draft.design
    told = {finding.place for finding in problems}
    found = [finding for finding in check_study(raw) if finding.place not in told]
    return Written(raw, (*problems, *found))


def opened(text: str) -> Draft:
    """A study file as a draft that is written as the same study again.

    Raises:
        SourceError: If it is not a study file, or holds what the editor would lose.
    """
    raw = read_yaml(text, "this file")
    if not isinstance(raw, dict) or "socrates_study" not in raw:
        raise SourceError("this file is not a study file: expected keys, the first of them `socrates_study: 1`")
    try:
        draft = _draft(raw)
        lost = _normal(written(draft).raw) != _normal(raw)
    except (TypeError, ValueError, AttributeError, KeyError):  # of another form than a study's
        lost = True
        draft = Draft()
    if lost:
        blocking = [str(one) for one in check_study(raw) if one.blocks]
        raise SourceError(f"this file cannot be shown: {blocking[0] if blocking else 'it holds what the page cannot'}")
    return draft


# -- from the draft ----------------------------------------------------------------------------------------------


def _condition(one: ConditionDraft, place: int, problems: list[Finding]) -> dict[str, Any]:
    raw: dict[str, Any] = {"label": one.label}
    if one.text:
        raw["text"] = one.text
    if one.control:
        raw["control"] = True
    fields = {}
    for line in filter(str.strip, one.fields.splitlines()):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name:
            problems.append(Finding(("conditions", place, "fields"), f"{line.strip()!r}: expected name = value"))
        fields[name] = value_of(value)
    if fields:
        raw["fields"] = fields
    return raw


def _outcome(one: OutcomeDraft, place: int, problems: list[Finding]) -> dict[str, Any]:
    raw: dict[str, Any] = {"name": one.name, "question": one.question}
    at = ("outcomes", place, "scale")
    kind = one.scale.kind
    if not kind:
        return raw
    if kind == OPEN:
        return {**raw, "scale": "open"}
    scale: dict[str, Any]
    first = 1
    if kind in PRESETS:
        scale = dict(PRESETS[kind])
    elif kind == RANGE:
        ends = [text.strip() for text in (one.scale.low, one.scale.high)]
        if not all(map(WHOLE.fullmatch, ends)):
            problems.append(Finding(at, "expected two whole numbers, the lowest and the highest"))
            return raw
        first = int(ends[0])
        labels = numbered_lines(one.scale.labels, first)
        scale = {"from": first, "to": int(ends[1]), **({"labels": labels} if labels else {})}
    else:
        labels = numbered_lines(one.scale.labels, first)
        if len(labels) < 2:
            problems.append(Finding(at, "write two or more options, one a line"))
            return raw
        scale = {"nominal": True, "labels": labels}
        if kind == LABELS:
            scale = {"from": min(labels), "to": max(labels), "labels": labels}
    off = numbered_lines(one.scale.off, 1 + (scale["to"] if "to" in scale else max(scale["labels"])))
    written_twice = [] if kind in PRESETS else [(one.scale.labels, scale.get("labels", {}))]
    for text, found in (*written_twice, (one.scale.off, off)):
        if len([line for line in text.splitlines() if line.strip()]) > len(found):
            problems.append(Finding(at, "two labels have the same number; give each its own"))
    return {**raw, "scale": {**scale, "off_axis": off} if off else (preset_of(scale) or scale)}


def numbered_lines(text: str, first: int) -> dict[int, str]:
    """Number → label, one a line; a label without a number gets the next one."""
    found: dict[int, str] = {}
    following = first
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _NUMBERED.fullmatch(line)
        number, label = (int(match[1]), match[2]) if match else (following, line)
        found[number] = label
        following = number + 1
    return found


# -- to the draft ------------------------------------------------------------------------------------------------


def _draft(raw: Mapping[str, Any]) -> Draft:
    conditions = tuple(
        ConditionDraft(
            label=one.get("label", ""),
            text=one.get("text", ""),
            control=one.get("control", False),
            fields="\n".join(f"{name} = {value}" for name, value in one.get("fields", {}).items()),
        )
        for one in raw.get("conditions", [])[:MOST_CONDITIONS]
    )
    outcomes = tuple(
        OutcomeDraft(name=one.get("name", ""), question=one.get("question", ""), scale=_scale(one.get("scale")))
        for one in raw.get("outcomes", [])[:MOST_OUTCOMES]
    )
    people = people_draft(raw.get("population"))
    return Draft(
        title=raw.get("title", ""), conditions=conditions, outcomes=outcomes, people=people,
        design=raw.get("design", "between"),
    )  # fmt: skip


def _scale(raw: Any) -> ScaleDraft:
    if raw is None:
        return ScaleDraft()
    if isinstance(raw, str):
        return ScaleDraft(kind=raw)
    labels, off = (
        "\n".join(f"{number} = {label}" for number, label in raw.get(key, {}).items()) for key in ("labels", "off_axis")
    )
    preset = preset_of({key: value for key, value in raw.items() if key != "off_axis"})
    if preset:
        return ScaleDraft(kind=preset, off=off)
    if raw.get("nominal"):
        return ScaleDraft(kind=NOMINAL, labels=labels, off=off)
    return ScaleDraft(kind=RANGE, low=str(raw["from"]), high=str(raw["to"]), labels=labels, off=off)


def _normal(raw: Any) -> str:
    """Contents of a study file for comparison: without keys whose values are the defaults."""
    if isinstance(raw, dict):
        raw = {**raw, "population": same_population(raw["population"])} if "population" in raw else raw
        kept = {str(key): value for key, value in raw.items() if value or (value == 0 and value is not False)}
        if kept.get("design") == "between":
            del kept["design"]
        if isinstance(kept.get("scale"), dict):
            kept["scale"] = preset_of(kept["scale"]) or kept["scale"]
        return json.dumps({key: _normal(value) for key, value in kept.items()}, sort_keys=True)
    if isinstance(raw, list):
        return json.dumps([_normal(one) for one in raw])
    return str(round(raw, 9)) if isinstance(raw, float) else str(raw).strip()
