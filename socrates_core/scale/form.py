"""The forms of a scale in an instruction: a range, a list of numbers, or a list of options with texts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.label import clean, trimmed
from socrates_core.scale.number import read_number, span
from socrates_core.scale.options import Item, items_from
from socrates_core.scale.pairing import RESPECTIVELY, UNLINKED, named_items, respective_labels, unlinked_items
from socrates_core.scale.wording import ITEM, MORE, NUMBER, OPEN, OPEN_UPWARDS, RANGE, SPREAD, Text, UnreadableError

_MISSING = re.compile(
    r"(?:do|did|does)(?:n[’']t|\s+not)|refus|not\s+applicable|\bn/?a\b|no\s+(?:answer|opinion|response)|(?:un|not\s+)sure"
    r"|prefer\s+not|declin|skip|missing|can(?:no|[’'])t|none|never\s+heard|haven[’']t|no\s+basis",
    re.IGNORECASE,
)
"""Text of a non-response code, which may lie outside the range: "99 for Don't know"."""
_BETWEEN_ENDS = re.compile(r"\b(?:in[-\s]between|intermediate|anything\s+between|any\s+\w+\s+between)\b", re.IGNORECASE)
"""Text stating that the numbers between the named ones are options too."""
_NUMBER_NOUN = re.compile(r"\b(?:integers?|numbers?|ratings?|scores?|values?|scale|digits?)\b", re.IGNORECASE)
_INTERVAL = re.compile(r"\b(?:in|range|interval|between)\s*[\[(]$")
"""Text before a range in brackets: "in the range [0, 10]"."""
_EXTRA = re.compile(rf"\s*,?\s*\(?or\s+(?P<number>{NUMBER})(?=\s*(?:[,.;)]|$))", re.IGNORECASE)
"""A single code in addition to a range: ", or -1"."""
_SHARED = re.compile(
    r"(?:^|[,;:(.]|\b(?:where|with|that|and|or|which)\b)\s*[-+]?\d{1,9}\s*(?:-|\bto\b|\band\b|\bor\b|&)\s*$",
    re.IGNORECASE,
)
"""Text before the last of several options with the same text: "where 1-" before "3 means no"."""
_PHRASE = r"[^,;.\d()]{1,80}?"
_FROM_TO = re.compile(
    rf"\b(?:ranging|going|running)\s+from\s+(?P<low>{OPEN}?{_PHRASE})\s+to\s+(?P<high>{OPEN}?{_PHRASE})\s*(?=[,;.)]|$)",
    re.IGNORECASE,
)
"""The texts of both ends without their numbers: "ranging from oppose to support"."""


_OPEN_END = re.compile(rf"{OPEN_UPWARDS.pattern}(?!\s*(?:than\b|to\b|[-+]?\d))", re.ASCII | re.IGNORECASE)
"""Text that leaves the last option of a list without an upper bound; not "or more than 3"."""


@dataclass(frozen=True)
class Sentence:
    """The part of a text that states a scale."""

    text: Text
    start: int
    stop: int
    steps: tuple[re.Match[str], ...] = ()
    """Matches of STEP: the distance between options."""
    points: int | None = None
    """The stated number of points of the scale."""


def scale_from(sentence: Sentence, first: re.Match[str]) -> AnswerScale | None:
    """The scale that begins with a number: a range, a list of options, or options with their texts.

    Args:
        sentence: The sentence to parse.
        first: A match of LONE_NUMBER in it.

    Raises:
        UnreadableError: If the number begins a form of uncertain meaning.
    """
    text, start, stop = sentence.text, sentence.start, sentence.stop
    head = text.plain[start : first.start()]
    to = RANGE.match(text.plain, first.end())
    if to and (to["to"].lower() not in ("and", "&") or re.search(r"\b(?:between|from)\b[^,.;]{0,40}$", head)):
        return _range(sentence, first, to)
    if item := ITEM.match(text.plain, first.start()):
        named = named_items(text, start, stop) if _is_named(text.plain, item) else []
        items = named or items_from(text, first.start())
        points = sentence.points
        if _BETWEEN_ENDS.search(text.plain, first.start(), stop):
            head, points = "number", None
            items = [replace(each, join="," if each.join else "") for each in items]
        return _listed(items, "" if named else head, points)
    if MORE.match(text.plain, first.end()):
        return _enumerated(sentence, first, head)
    if named := named_items(text, start, stop):
        return _listed(named, "", sentence.points)
    unlinked = UNLINKED.match(text.plain, first.start(), stop)
    if unlinked and (items := unlinked_items(text, unlinked.end(), stop, unlinked)):
        return _listed(items, "", sentence.points)
    return None


def _is_named(plain: str, item: re.Match[str]) -> bool:
    """Whether the number is in brackets after a word, as in "Yes (1)", and not before one, as in "(1) Yes"."""
    return item["dot"] is not None and re.search(r"\w[\"”'’]?\s*\($", plain[: item.start()][-12:]) is not None


def _range(sentence: Sentence, first: re.Match[str], to: re.Match[str]) -> AnswerScale:
    """All options from a first number to the one at the end of a match of RANGE."""
    if re.search(r"\d--\d", sentence.text.plain[first.start() : to.end()]):
        raise UnreadableError("the double hyphen may be a dash or a sign")
    if re.search(r"[a-z]$", to["end"].lower()) and not re.search(r"[a-z]$|^0$", first.group().lower()):
        raise UnreadableError(f"{first.group()} may count in the same unit as {to['end']} or not")
    values = span(read_number(first.group()), read_number(to["end"]), sentence.steps)
    return _labelled(values, sentence, to.end())


def _enumerated(sentence: Sentence, first: re.Match[str], head: str) -> AnswerScale:
    """Options without texts: "1, 2, or 3", "0/1", "1, 2, …, 7", "0, 1, 2, or 3 or more"."""
    plain, stop = sentence.text.plain, sentence.stop
    values, words, gaps, last = [read_number(first.group())], set(), False, first.span()
    while (more := MORE.match(plain, last[1], stop)) and (more["comma"] or more["word"]):
        if ITEM.match(plain, more.start("end")) and not more["word"]:
            break
        values.append(read_number(more["end"]))
        gaps = gaps or re.search(r"\.{3}|…", more["comma"] or "") is not None
        words.add((more["word"] or "").strip().lower())
        last = more.span("end")
    options = sorted(set(values))
    if len(options) != len(values) or len(options) < 2:
        raise UnreadableError("it does not list two or more different options")
    whole = span(options[0], options[-1])
    interval = len(values) == 2 and _INTERVAL.search(head.rstrip(" ")) is not None
    if gaps:
        options = _continued(values)
    elif interval:
        options = list(whole)
    elif len(options) != len(whole) and "or" not in words and len(options) < 3:
        raise UnreadableError(f"it may mean {options[0]} to {options[-1]} or only these two")
    end = _OPEN_END.match(plain, last[1], stop)
    if end is None:
        return _labelled(tuple(options), sentence, last[1], listed=values)
    further = MORE.match(plain, end.end(), stop)
    goes_on = further and (further["comma"] or further["word"]) and not ITEM.match(plain, further.start("end"))
    if interval or goes_on or len(options) < 3 or values[-1] != options[-1] or len(options) != len(whole):
        raise UnreadableError("its last option is open upwards")
    label = clean(sentence.text.written[last[0] : end.end()])
    return _labelled(tuple(options), sentence, end.end(), labels={options[-1]: label})


def _continued(values: list[int]) -> list[int]:
    """The options of a list with dots before its last number: "0, 10, 20, …, 100"."""
    strides = {later - earlier for earlier, later in pairwise(values[:-1])} or {1}
    stride = min(strides)
    if len(strides) > 1 or stride < 1 or (values[-1] - values[0]) % stride:
        raise UnreadableError("it is unclear how its options go on")
    return list(range(values[0], values[-1] + 1, stride))


def _labelled(
    values: tuple[int, ...],
    sentence: Sentence,
    position: int,
    *,
    listed: Sequence[int] = (),
    labels: Mapping[int, str] | None = None,
) -> AnswerScale:
    """Options with the labels that follow them, and additional codes such as "or 99 if you don't know".

    Args:
        values: The options, ascending.
        sentence: The sentence that contains them.
        position: Where they end.
        listed: The options in the order in which they are listed, if they are.
        labels: Labels that are already known.
    """
    text, stop = sentence.text, sentence.stop
    if OPEN_UPWARDS.match(text.plain, position):
        raise UnreadableError("its last option is open upwards")
    if extra := _EXTRA.match(text.plain, position):
        values = tuple(sorted({*values, read_number(extra["number"])}))
        position, listed = extra.end(), ()
    if RESPECTIVELY.search(text.plain, position, stop):
        return AnswerScale(values, _respective(sentence, position, listed, values))
    items = _items_after(text, position, stop)
    if items is None:
        return AnswerScale(values, labels or {})
    if not items and (ends := _FROM_TO.search(text.plain, position, stop)):
        low, high = (clean(trimmed(text.written[slice(*ends.span(end))])) for end in ("low", "high"))
        return AnswerScale(values, {values[0]: low, values[-1]: high})
    found = _texts(items, values)
    labels = {**(labels or {}), **{value: label for value, label in found.items() if label}}
    return AnswerScale(tuple(sorted({*values, *found})), dict(sorted(labels.items())))


def _respective(sentence: Sentence, position: int, listed: Sequence[int], values: tuple[int, ...]) -> dict[int, str]:
    """The labels that a sentence assigns "respectively", if all belong to options; empty otherwise."""
    labels = respective_labels(sentence.text, position, sentence.stop, listed)
    return dict(sorted(labels.items())) if set(labels) <= set(values) else {}


def _items_after(text: Text, position: int, stop: int) -> list[Item] | None:
    """The options with texts after a range or list; None if one text belongs to several options."""
    items: list[Item] = []
    for match in ITEM.finditer(text.plain, position, stop):
        if not match["dot"] and _SHARED.search(text.plain[max(position, match.start() - 24) : match.start()]):
            return None
        if not items:
            join = text.plain[max(position, match.start() - 6) : match.start()]
            named = named_items(text, position, stop) if _is_named(text.plain, match) else []
            items = named or items_from(text, match.start(), join)
    if any(item.label is None for item in items) or not items:
        return named_items(text, position, stop) or unlinked_items(text, position, stop) or items
    return items


def _texts(items: list[Item], values: tuple[int, ...]) -> dict[int, str | None]:
    """Option → text of those named after a range or list, which must be among its values or additional codes."""
    texts: dict[int, str | None] = {}
    members = set(values)
    for item in items:
        if item.value in texts:
            raise UnreadableError(f"it names {item.value} twice")
        missing_code = item.label is not None and _MISSING.search(item.label)
        if item.value not in members and not missing_code and not re.search(r"\bor\b", item.join):
            raise UnreadableError(f"it names {item.value}, which is not between {values[0]} and {values[-1]}")
        texts[item.value] = item.label
    return texts


def _listed(items: list[Item], head: str, points: int | None) -> AnswerScale:
    """The scale of a list of options with texts, if it is certain whether the list is complete."""
    values = [item.value for item in items]
    if any(item.hidden for item in items):
        raise UnreadableError("the text of an option seems to hold another option")
    if len(set(values)) != len(values):
        raise UnreadableError("it names an option twice")
    if len(values) < 2:
        raise UnreadableError("it names a single option")
    labels = {item.value: item.label for item in sorted(items, key=lambda item: item.value) if item.label}
    options = set(values)
    for earlier, item in pairwise(items):
        if SPREAD.search(item.join):
            options.update(span(earlier.value, item.value))
    codes = {item.value for item in items if item.label and _MISSING.search(item.label)}
    core = sorted(options - codes or options)
    contiguous = any(run and run[-1] - run[0] == len(run) - 1 > 0 for run in (core, sorted(options)))
    if not contiguous and not re.search(r"\bor\b", items[-1].join):
        options = _completed(core, options, head, points, labels)
    return AnswerScale(tuple(sorted(options)), labels)


def _completed(
    core: list[int], options: set[int], head: str, points: int | None, labels: Mapping[int, str]
) -> set[int]:
    """The options of a list with gaps: the whole range when only its ends (and its middle) are named."""
    low, high = core[0], core[-1]
    ends = len(core) == 2 or (len(core) == 3 and 2 * core[1] == low + high)
    about_numbers = _NUMBER_NOUN.search(head)
    if ends and high > low and (points == high - low + 1 or (points is None and about_numbers)):
        return options | set(span(low, high))
    if len(core) > 2 and not about_numbers:
        return options
    raise UnreadableError(
        f"it names {', '.join(map(str, core[:12]))} and it is unclear whether other options exist",
        ends={value: labels.get(value, "") for value in sorted(options)} if len(core) == 2 else None,
    )
