"""Options with their texts, as they follow each other in an instruction."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from socrates_core.scale.label import CASE_WORD, clean, cut, enclosed, trimmed, without_case_word, without_only
from socrates_core.scale.number import read_number
from socrates_core.scale.wording import (
    CLOSERS,
    ITEM,
    LABEL,
    LETTER,
    LONE_NUMBER,
    NUMBER,
    SPREAD,
    WINDOW,
    Text,
    UnreadableError,
    any_of,
)

# Text between two options: a comma, a blank, or a dash; then words such as "and so on up to", "or enter the number";
# then an opening mark.
_BREAK = r"(?:\s*(?:(?<!\.[A-Z])\.|[,;/|…])+|\s+-{1,3}(?=\s)|\s)\s*(?:(?:\.{3}|…)[\s,]*)?"
_CONJUNCTION = any_of(
    r"and so (?:on|forth),?(?: (?:up )?(?:to|until))?|all the way(?: up)? to|up to",
    r"and|or|to|through|until|while|whereas|otherwise|with",
)
_NOUN = any_of(
    r"(?:rating|score|value|integer|digit|option|number|code)(?: of)? |(?:an?|the) ",
    r"(?:please )?(?:only )?(?:enter|return|use|answer|choose|select|respond|reply|write|put|give)(?: with)? ",
)
_JOIN = rf"{_BREAK}(?:{_CONJUNCTION}\s+)*{_NOUN}*[(\[]?[\"“'‘]?\s*"
_JOIN_BEFORE = re.compile(_JOIN + "$", re.IGNORECASE)
_WHOLE_JOIN = re.compile(rf"{_JOIN}|\s*", re.IGNORECASE)

_AFTER_LABEL = re.compile(rf"(?P<before>{NUMBER})(?=\s+otherwise\b)|(?P<number>{NUMBER})", re.ASCII | re.IGNORECASE)
_OTHERWISE = re.compile(
    rf"(?:[,;.]\s*|\s)(?:(?:and|or|but)\s+)?"
    rf"(?:otherwise,?\s+(?:return\s+|answer\s+|enter\s+|use\s+)?(?P<number>{NUMBER})|(?P<before>{NUMBER})\s+otherwise\b)",
    re.ASCII | re.IGNORECASE,
)
"""The option for all other cases, without a text: "otherwise return 0", "0 otherwise"."""
_BARE = re.compile(rf"\s*[,;/]\s*(?P<number>{NUMBER})(?=\s*(?:[,;/]|and\b|or\b|$))", re.ASCII | re.IGNORECASE)
"""An option without a text between two that have one: "1 = Never, 2, 3, 4, 5 = Always"."""
_DANGLING = re.compile(
    rf"\s*(?:[,;/]\s*(?:(?:and|or)\s+)?|(?:and|or)\s+)(?P<number>{NUMBER})(?=\s*(?:[,;/.)]|$))",
    re.ASCII | re.IGNORECASE,
)
"""A number without a text after the last option that has one."""
_BARE_END = re.compile(r"(?:(?:\s*[,;/]\s*|\s*,?\s(?:and|or)\s+)[-+]?\d{1,9}){1,100}$", re.ASCII | re.IGNORECASE)
"""Numbers at the end of a text."""

_SWALLOWED = re.compile(
    rf"(?:[,;\n]\s+(?:(?:and|or|finally)\s+)*(?P<listed>{NUMBER})(?:\s+(?={LETTER})|\s*[=:])"
    rf"|\b(?:and|or|finally)\s+(?P<joined>{NUMBER})"
    rf"(?:\s+(?:for|means?|if|is|always|never|not|very|extremely)\b|\s*[=:]))",
    re.ASCII | re.IGNORECASE,
)
"""An option inside the text of another one."""


@dataclass(frozen=True)
class Item:
    """One option, as written in an instruction."""

    value: int
    label: str | None
    join: str
    """Text between the previous option and this one: ", or", "to", …"""
    hidden: bool = False
    """Whether its text seems to contain another option."""
    enclosed: bool = False
    """Whether its text was in quotation marks or brackets."""


@dataclass(frozen=True)
class _Reading:
    """One label and the text after it."""

    label: str
    end: int
    following: re.Match[str] | None = None
    """The next option with a text, a match of ITEM."""
    join: str = ""
    """Text before it."""
    bare: tuple[int, ...] = ()
    """Options without a text between the two, or at the end."""
    bare_join: str = ","
    """Text before those."""
    hidden: bool = False
    """Whether the label ends in numbers that may be options."""


def items_from(text: Text, start: int, join: str = "") -> list[Item]:
    """The consecutive options with texts from `start` on.

    Raises:
        UnreadableError: If a text does not end, or the list is too long.
    """
    found: list[Item] = []
    cases: list[bool] = []
    limit = min(len(text.plain), start + WINDOW)
    match = ITEM.match(text.plain, start)
    while match is not None:
        is_enclosed = match["bracket"] is not None or text.plain[match.end() : match.end() + 1] in CLOSERS
        reading = (_read_enclosed if is_enclosed else _read_loose)(text, match, limit)
        if reading.end >= limit < len(text.plain):
            raise UnreadableError(f"it is longer than {WINDOW:,} characters")
        found.append(Item(read_number(match["number"]), reading.label or None, join, reading.hidden, is_enclosed))
        found.extend(Item(value, None, reading.bare_join) for value in reading.bare)
        cases.append(bool(match["bracket"] and CASE_WORD.match(text.plain, match.end())))
        match, join = reading.following, reading.join
    return _without_swallowed(_polished(found, all(cases))) if found else []


def kind(item: re.Match[str]) -> str:
    """The kind of link between an option and its text; a word and an equals sign count as the same kind."""
    return "word" if item["word"] or item["equals"] else str(item.lastgroup)


def _read_enclosed(text: Text, item: re.Match[str], limit: int) -> _Reading:
    """The label in quotes or brackets after a match of ITEM, and the option that directly follows it."""
    end, resume = enclosed(text.plain, item.end(), limit, item["bracket"])
    label = clean(text.written[item.end() : end])
    number = _AFTER_LABEL.search(text.plain, resume, min(limit, resume + 80))
    if number is None or not _WHOLE_JOIN.fullmatch(" " + text.plain[resume : number.start()]):
        return _Reading(label, end)
    join = text.plain[resume : number.start()]
    if following := ITEM.match(text.plain, number.start(), limit):
        return _Reading(label, end, following, join)
    if between := _bare_between(text.plain, resume, limit, read_number(item["number"])):
        return replace(between, label=label, end=end)
    if SPREAD.search(join) or number["before"] or "otherwise" in join.lower():
        return _Reading(label, end, bare=(read_number(number["number"] or number["before"]),), bare_join=join)
    if dangling := _DANGLING.match(text.plain, resume, limit):
        raise UnreadableError(f"{dangling['number']} stands behind its last text and has none")
    return _Reading(label, end)


def _bare_between(plain: str, resume: int, limit: int, value: int) -> _Reading | None:
    """Options without a text that lead from one option to the next one with a text."""
    bare: list[int] = []
    while len(bare) < 100 and (match := _BARE.match(plain, resume, limit)):
        bare.append(read_number(match["number"]))
        resume = match.end()
    number = LONE_NUMBER.search(plain, resume, min(limit, resume + 80))
    following = ITEM.match(plain, number.start(), limit) if number else None
    if not bare or number is None or following is None:
        return None
    join = plain[resume : number.start()]
    if not _WHOLE_JOIN.fullmatch(" " + join) or not _is_run([value, *bare, read_number(number.group())]):
        return None
    return _Reading("", resume, following, join, tuple(bare))


def _read_loose(text: Text, item: re.Match[str], limit: int) -> _Reading:
    """The unquoted label after a match of ITEM: up to the next option, or else the end of the instruction."""
    begin, value = item.end(), read_number(item["number"])
    following, join = _next_within(text.plain, begin, limit, kind(item), value)
    end = following.start() - len(join) if following else min(limit, begin + LABEL)
    label, complete = cut(text.written[begin:end], text.plain[begin:end])
    if following is not None and complete:
        return _without_bare_end(_Reading(label, end, following, join), following, text, begin, value)
    if complete and end < limit:
        raise UnreadableError(f"the text of {value} is longer than {LABEL:,} characters")
    if other := _OTHERWISE.search(text.plain, begin, end):
        label = trimmed(text.written[begin : other.start()])
        return _Reading(label, end, bare=(read_number(other["number"] or other["before"]),), bare_join=", or")
    tail = _BARE_END.search(label)
    run = _integers(tail.group()) if tail and not label[: tail.start()][-1:].isdigit() else []
    return _Reading(label, end, hidden=bool(run) and abs(run[0] - value) == 1)


def _without_bare_end(reading: _Reading, following: re.Match[str], text: Text, begin: int, value: int) -> _Reading:
    """An unquoted label without the options between it and the next option with a text."""
    tail = _BARE_END.search(text.plain, begin, reading.end)
    run = _integers(tail.group()) if tail else []
    goal = read_number(following["number"])
    # numbers outside the interval belong to the text, and "$1,002" is one number
    between = tail is not None and min(value, goal) < min(run) and max(run) < max(value, goal)
    if tail is None or not between or re.search(r"\d,\d{3}$", text.plain[begin : reading.end]):
        return reading
    # "Level 1, 2" may be one text, and "once or 2" is not a list
    certain = not text.plain[begin : tail.start()][-1:].isdigit() and not re.search(r"[a-zA-Z]", tail.group())
    if certain and _is_run([value, *run, goal]):
        return replace(reading, label=trimmed(text.written[begin : tail.start()]), bare=tuple(run))
    return replace(reading, hidden=True)


def _integers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"[-+]?\d+", text)]


def _is_run(values: list[int]) -> bool:
    """Whether the values increase, or decrease, in steps of 1."""
    return {later - earlier for earlier, later in pairwise(values)} in ({1}, {-1})


def _next_within(plain: str, begin: int, limit: int, link: str, value: int) -> tuple[re.Match[str] | None, str]:
    """The option after an unquoted label: the next one with the same link, or else with any link."""
    other: tuple[re.Match[str] | None, str] = (None, "")
    for match in ITEM.finditer(plain, begin, min(limit, begin + LABEL)):
        join = _JOIN_BEFORE.search(plain[max(begin, match.start() - 80) : match.start()])
        if join is None:
            continue
        listed = link in ("dot", "bracket") and read_number(match["number"]) == value + 1
        if not join.group().strip(" ([") and not (listed and kind(match) == link):
            continue
        if kind(match) == link:
            return match, join.group()
        if other[0] is None and not match["dot"] and not match["dash"]:
            other = (match, join.group())
    return other


def _polished(items: list[Item], cases: bool) -> list[Item]:
    """The items, with words of the surrounding instruction removed from their labels.

    Args:
        items: All options of a list, in its order.
        cases: Whether every label is in brackets and begins with a word such as "for".
    """
    if cases:
        labels = iter(without_case_word([item.label for item in items if item.label]))
        items = [replace(item, label=next(labels)) if item.label else item for item in items]
    *others, last = items
    if last.label and not last.enclosed:
        last = replace(last, label=without_only(last.label))
    # a full stop before the very last quotation mark ends the instruction, unless the other labels have one too
    if last.label and last.label.endswith(".") and not any((item.label or "").endswith(".") for item in others):
        last = replace(last, label=last.label.rstrip("."))
    return [*others, last]


def _without_swallowed(items: list[Item]) -> list[Item]:
    """The items, without labels that seem to contain another option ("1 means never and 7 always").

    Such an item has `hidden` set, because a list that lacks an option is invalid.
    """
    named = {item.value for item in items}
    return [replace(item, label=None, hidden=True) if _hides(item, named) else item for item in items]


def _hides(item: Item, named: set[int]) -> bool:
    """Whether the label seems to contain an option that is not among those named."""
    label = item.label or ""
    if item.hidden or len(label) > LABEL:
        return True
    # inside quotation marks, only text after another mark can be an option
    outside = Text(label if not item.enclosed else re.sub(r"^[^\"“”'‘’]*", "", label)).plain
    if re.search(r"\d\s*=", outside):
        return True
    if any(read_number(match["listed"] or match["joined"]) not in named for match in _SWALLOWED.finditer(outside)):
        return True
    return any(
        read_number(match["number"]) == max(named) + 1
        for match in ITEM.finditer(outside)
        if kind(match) in ("word", "case") and re.search(r"(?:^|\s)$", outside[: match.start()])
    )
