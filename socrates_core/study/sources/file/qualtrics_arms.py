"""What people in each arm of a survey of Qualtrics read, as far as its file says so plainly.

An arm is one of several branches of a randomizer that set a field of embedded data, a column of the export. What an arm
reads are the texts that are shown only if a field has the value of its branch. Anything else, such as logic on answers,
says nothing here; and where a text seems to belong to another arm, both are left to a person.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_RANDOMIZERS: Final = ("BlockRandomizer", "Randomizer")


def arm_texts(flow: Any, texts: Sequence[tuple[str, Any]]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Field → its value → what people with this value read; and a sentence on each field for which that is in doubt.

    Args:
        flow: The survey's flow.
        texts: Text and display logic of each text question, in the order of the survey.
    """
    found: dict[str, dict[str, str]] = {}
    doubts = []
    for branches in _randomizers(flow):
        fields = list(dict.fromkeys(name for branch in branches for name in branch))
        for field in fields:
            values = [branch.get(field) for branch in branches]
            if None in values or len(set(values)) < len(values) or len(values) < 2:
                continue
            read = {str(branch[field]): _shown(branch, texts) for branch in branches}
            if not any(read.values()) or None in read.values():
                continue
            arms = {value: text or "" for value, text in read.items()}
            strange = _strange(arms)
            if strange is None:
                found[field] = arms
            else:
                doubts.append(
                    f"by the survey's flow, people with {field} = {strange} read “…{arms[strange][-100:]}”, though its "
                    f"word stands in the text of another arm; check the survey, then say in a map what each arm reads "
                    f"(`condition: {{column: {field}, texts: {{…}}}}`)"
                )
    return found, doubts


def _randomizers(flow: Any) -> Iterator[list[dict[str, str]]]:
    """The branches of each randomizer that shows one of them, as the fields that each sets."""
    if isinstance(flow, list):
        for one in flow:
            yield from _randomizers(one)
    if not isinstance(flow, dict):
        return
    inner = flow.get("Flow")
    if flow.get("Type") in _RANDOMIZERS and isinstance(inner, list) and str(flow.get("SubSet", "")) == "1":
        branches = [dict(_fields(one)) for one in inner]
        if all(branches):
            yield branches
    yield from _randomizers(inner)


def _fields(branch: Any) -> Iterator[tuple[str, str]]:
    """The fields that a branch sets to a value of its own."""
    if not isinstance(branch, dict):
        return
    for one in branch.get("EmbeddedData") or []:
        if isinstance(one, dict) and one.get("Type") == "Custom" and "Value" in one and one.get("Field"):
            yield str(one["Field"]), str(one["Value"])
    if branch.get("Type") == "Group":
        for inner in branch.get("Flow") or []:
            yield from _fields(inner)


def _shown(fields: Mapping[str, str], texts: Sequence[tuple[str, Any]]) -> str | None:
    """The texts that are shown only with these fields; None if their logic is another than this module reads."""
    shown = []
    for text, logic in texts:
        if not logic:
            continue
        conditions = list(_conditions(logic))
        if not any(name in fields for name, _ in conditions):
            continue
        if len(conditions) != 1 or conditions[0][1] is None:
            return None
        name, value = conditions[0]
        if fields[name] == value:
            shown.append(text)
    return "\n\n".join(shown)


def _conditions(logic: Any) -> Iterator[tuple[str, str | None]]:
    """Field and the value that it must have, of each expression; None for any other operator."""
    if isinstance(logic, dict):
        if logic.get("Type") == "Expression":
            plain = logic.get("LogicType") == "EmbeddedField" and logic.get("Operator") == "EqualTo"
            yield str(logic.get("LeftOperand")), str(logic.get("RightOperand")) if plain else None
            return
        for one in logic.values():
            yield from _conditions(one)


def _strange(arms: Mapping[str, str]) -> str | None:
    """A value whose word stands in the text of another arm and not in its own; None if there is none."""
    for value, text in arms.items():
        word = re.escape(value.casefold())
        if not re.fullmatch(r"[^\W\d_]{3,}", value):
            continue
        others = [other for name, other in arms.items() if name != value]
        if any(re.search(rf"\b{word}", other.casefold()) for other in others) and not re.search(
            rf"\b{word}", text.casefold()
        ):
            return value
    return None
