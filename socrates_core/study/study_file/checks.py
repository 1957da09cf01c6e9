"""Checks of a study that somebody is writing: findings with their places, all of them at once.

A draft may be unfinished: conditions and outcomes that cannot be read yet do not keep the others from being checked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from socrates_core.errors import ScaleError, SourceError
from socrates_core.scale.off_axis import is_no_answer
from socrates_core.study.study_file.finding import Finding
from socrates_core.study.study_file.form import ConditionForm, OutcomeForm, StudyForm, form_findings
from socrates_core.study.study_file.stimulus import filled, names_in, scale_of, stimulus_of

Conditions = Mapping[int, ConditionForm]
"""Place in the list → condition, for those that can be read."""
Outcomes = Mapping[int, OutcomeForm]

_PLACEHOLDER: Final = re.compile(
    r"\[[A-Z][A-Z0-9 _/-]{0,60}\]|\[(?i:insert|your|fill in)\b[^\]\n]{0,60}\]"  # [X], [NAME], [insert a name]
    r"|\b(?:TO-?DO|TBD|FIX-?ME|X{3,})\b|(?i:\blorem ipsum\b)|_{3,}|\{\{?[^{}\n]{0,60}\}\}?"
)
"""What a template leaves for its author to fill in; "[sic]" and "my todo list" are ordinary."""

MANY_PROMPTS: Final = 200
"""Conditions times outcomes up to which every text is checked for being readable, as one types."""


def check_study(raw: Any) -> tuple[Finding, ...]:
    """All findings about the contents of a study file: first those that keep it from being simulated.

    Args:
        raw: From `read_yaml`, or a draft in the same form.
    """
    if not isinstance(raw, dict):
        return (Finding((), "is not a study: expected keys such as title, conditions and outcomes"),)
    found = form_findings(StudyForm, raw)
    conditions = _readable(ConditionForm, raw.get("conditions"))
    outcomes = _readable(OutcomeForm, raw.get("outcomes"))
    found += [*_names(conditions, outcomes), *_control(conditions, raw.get("conditions"))]
    found += [*_fields(conditions, outcomes), *_placeholders(conditions, outcomes), *_scales(conditions, outcomes)]
    found += _identical(conditions, outcomes)
    return tuple(sorted(found, key=lambda one: not one.blocks))


def form_of(raw: Any, where: str) -> StudyForm:
    """The contents of a study file, checked.

    Args:
        raw: From `read_yaml`.
        where: The file's name in messages.

    Raises:
        SourceError: For the first finding that keeps the study from being simulated.
    """
    if not isinstance(raw, dict) or "socrates_study" not in raw:
        raise SourceError(f"{where} is not a study file: expected keys, the first of them `socrates_study: 1`")
    blocking = [one for one in check_study(raw) if one.blocks]
    if blocking:
        raise SourceError(f"{where}, {blocking[0]}")
    return StudyForm.model_validate(raw)


def _readable(form: type[Any], raw: Any) -> dict[int, Any]:
    listed = raw if isinstance(raw, list) else []
    return {place: form.model_validate(one) for place, one in enumerate(listed) if not form_findings(form, one)}


def _names(conditions: Conditions, outcomes: Outcomes) -> Iterator[Finding]:
    """Names that are given twice; case and blanks make no difference."""
    for kind, key, names in (
        ("conditions", "label", {place: one.label for place, one in conditions.items()}),
        ("outcomes", "name", {place: one.name for place, one in outcomes.items()}),
    ):
        seen: dict[str, int] = {}
        for place, name in names.items():
            first = seen.setdefault(name.casefold(), place)
            if first != place:
                other = f"{kind[:-1]} {first + 1}"
                yield Finding((kind, place, key), f"{name!r} occurs twice, {other} has it too; choose another")


def _control(conditions: Conditions, raw: Any) -> Iterator[Finding]:
    """Whether exactly one of several conditions is the control."""
    if not isinstance(raw, list) or len(conditions) < len(raw):
        return
    controls = [place for place, one in conditions.items() if one.control]
    if len(controls) > 1 or (not controls and len(conditions) > 1):
        yield Finding(
            ("conditions",),
            f"{len(controls)} of them have `control: true`, expected exactly one, which the others are compared with",
        )


def _texts(conditions: Conditions, outcomes: Outcomes) -> Iterator[tuple[tuple[str, int, str], str]]:
    """Place → text of everything that people read, but labels of answers."""
    yield from ((("conditions", place, "text"), one.text) for place, one in conditions.items())
    yield from ((("outcomes", place, "question"), one.question) for place, one in outcomes.items())


def _fields(conditions: Conditions, outcomes: Outcomes) -> Iterator[Finding]:
    """{names} that a condition has no field for, and fields that no text uses: usually a misspelt name."""
    asked = {name for one in outcomes.values() for name in names_in(one.question)}
    for place, one in conditions.items():
        used = names_in(one.text) | asked
        known = ", ".join(one.fields) or "none"
        for name in sorted(used - set(one.fields)):
            yield Finding(
                ("conditions", place, "fields"),
                f"{{{name}}} occurs in a text of condition {one.label!r}, and its fields are {known}; add {name} to "
                "its fields",
            )
        for name in [name for name in one.fields if name not in used]:
            yield Finding(
                ("conditions", place, "fields"),
                f"condition {one.label!r}: the field {name} is not used in any text; write {{{name}}} where it "
                "belongs, or leave it out",
            )


def _placeholders(conditions: Conditions, outcomes: Outcomes) -> Iterator[Finding]:
    """Gaps that a template left for its author: [X], [NAME], ____."""
    for place, text in _texts(conditions, outcomes):
        left = [match[0] for match in _PLACEHOLDER.finditer(text) if not names_in(match[0])]
        if left:
            yield Finding(place, f"{left[0]} looks like a placeholder; people would read it as it stands", blocks=False)


def _scales(conditions: Conditions, outcomes: Outcomes) -> Iterator[Finding]:
    """Whether the options can be read back from the texts, and options that look like no answer."""
    for place, outcome in outcomes.items():
        for condition in list(conditions.values())[: max(1, MANY_PROMPTS // len(outcomes))]:
            try:
                stimulus_of(condition, outcome)
            except ScaleError as error:
                yield Finding(("outcomes", place, "scale"), f"outcome {outcome.name!r}: {error}")
                break
        scale = scale_of(outcome)
        doubtful = [label for label in scale.labels.values() if is_no_answer(label)]
        if doubtful and not scale.nominal:
            yield Finding(
                ("outcomes", place, "scale"),
                f"{doubtful[0]!r} is a point of the scale, and means count its number; `off_axis` takes it off",
                blocks=False,
            )


def _identical(conditions: Conditions, outcomes: Outcomes) -> Iterator[Finding]:
    """Conditions in which people read the same."""
    questions: Sequence[str] = [one.question for one in outcomes.values()] or [""]
    seen: dict[tuple[str, ...], int] = {}
    for place, one in conditions.items():
        shown = tuple(" ".join(filled(f"{one.text}\n{question}", one).split()) for question in questions)
        first = seen.setdefault(shown, place)
        if first != place:
            yield Finding(
                ("conditions", place, "text"),
                f"reads exactly as in {conditions[first].label!r}, so there is nothing to compare",
                blocks=False,
            )
