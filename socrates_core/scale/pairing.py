"""Options and texts in other pairings than "1 for Yes": text first, side by side, or "respectively"."""

import re
from collections.abc import Sequence
from itertools import pairwise

from socrates_core.scale.label import cut, trimmed
from socrates_core.scale.number import read_number
from socrates_core.scale.options import Item
from socrates_core.scale.wording import LETTER, LINK, MEANING, NUMBER, Text

_UNLINKED = rf"(?P<number>{NUMBER})(?:{LINK}|\s+(?={LETTER}))"
UNLINKED = re.compile(_UNLINKED, re.ASCII | re.IGNORECASE)
"""A number before its text, with or without a link: "1 never"."""
_UNLINKED_ITEM = re.compile(
    rf"(?:[,;:(\n]\s*(?:and|or|where|with)?|\b(?:and|or|where|with|that|which))\s*{_UNLINKED}", re.ASCII | re.IGNORECASE
)

_NAME_LINK = r"\(|=|->|→|\b(?:is|as|being|equals|labell?ed|coded(?:\s+as)?|scored(?:\s+as)?)\s"
_NAMED = re.compile(
    rf"(?:(?P<link>{_NAME_LINK})\s*)(?P<number>{NUMBER})"
    rf"\s*\)?(?=\s*(?:[,;.)/\"”]|$|and\b|or\b|to\b|through\b|nothing\b|with\b))",
    re.ASCII | re.IGNORECASE,
)
"""A number after its text: "Yes (1)", "Yes = 1", "'never' is 0"."""
_NAME_INTRO = re.compile(
    r"^.*?(?:[:,;]|\b(?:where|with|from|either|when|return|ranging|respond|answer|of)\b)\s*"
    r"(?!.*(?:[:;]|\b(?:where|from|either|return)\b))",
    re.IGNORECASE | re.DOTALL,
)
"""Text before the first label of a list of labels followed by numbers."""
_NAME_JOIN = re.compile(r"[\s,;/.]*(?:(?:and|or|to|through)\s+)*")
"""Text before the other labels."""

RESPECTIVELY = re.compile(r"\brespectively\b", re.IGNORECASE)
_COUNT = r"(?<![\w.])[-+]?\d{1,6}"
_NUMBERS = rf"(?P<numbers>{_COUNT}(?:\s*,\s*{_COUNT}){{0,20}}\s*,?\s+(?:and|or)\s+{_COUNT})"
_TEXTS = rf"\s+(?:{MEANING}|for)\s+(?P<texts>[^.;:()\d\n]{{1,300}}?),?\s+respectively\b"
_NUMBERS_AND_TEXTS = re.compile(_NUMBERS + _TEXTS, re.ASCII | re.IGNORECASE)
"""All numbers and then all texts: "1 and 7 mean never and always, respectively"."""
_THEIR_TEXTS = re.compile(_TEXTS, re.ASCII | re.IGNORECASE)
_QUOTED = r"(?:\"[^\"“”]+[\"”]|“[^“”]+”|'[^']+'|‘[^‘’]+’)"
_ALL_QUOTED = re.compile(rf"{_QUOTED}(?:(?:\s*,\s*|\s)(?:(?:and|or)\s+)?{_QUOTED})+", re.IGNORECASE)
_BETWEEN_TEXTS = re.compile(r"\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+", re.IGNORECASE)
_CONJUNCTION = re.compile(r"\b(?:and|or)\b", re.IGNORECASE)
_UNSURE = re.compile(r"[\"“”„‘«»`]|\b(?:and|or)\b.*,|^(?:either|both|neither)\b", re.IGNORECASE)
"""Text that makes it uncertain where one unquoted label ends and the next begins."""


def named_items(text: Text, start: int, stop: int) -> list[Item]:
    """Options whose text comes first: "Yes (1) or No (2)", "where 'never' is 0 and 'always' is 10"."""
    found: list[Item] = []
    position = start
    for match in _NAMED.finditer(text.plain, start, stop):
        before = text.plain[position : match.start()]
        intro = _NAME_INTRO.match(before) if not found else _NAME_JOIN.match(before)
        begin = position + (intro.end() if intro else 0)
        label = trimmed(text.written[begin : match.start()].strip(" (["))
        if not label or len(label) > 200 or re.search(r"\d", label):
            return []
        join = before[: intro.end()] if intro and found else ""
        found.append(Item(read_number(match["number"]), label, join))
        position = match.end()
    return found if len(found) > 1 else []


def unlinked_items(text: Text, start: int, stop: int, first: re.Match[str] | None = None) -> list[Item]:
    """Options some or all of which have no link to their text, "1 never, 2 rarely, 3 often"; they must ascend."""
    matches = [first] if first else []
    matches += _UNLINKED_ITEM.finditer(text.plain, start, stop)
    values = [read_number(match["number"]) for match in matches]
    if len(values) < 2 or any(later <= earlier for earlier, later in pairwise(values)):
        return []
    bounds = [match.start() for match in matches[1:]] + [stop]
    spans = [slice(match.end(), bound) for match, bound in zip(matches, bounds, strict=True)]
    labels = [cut(text.written[span], text.plain[span])[0] for span in spans]
    if not all(labels) or any(re.search(r"\d", label) for label in labels):
        return []
    return [Item(value, label, ",") for value, label in zip(values, labels, strict=True)]


def respective_labels(text: Text, start: int, stop: int, listed: Sequence[int]) -> dict[int, str]:
    """The labels that a sentence assigns to its numbers "respectively", if the assignment is certain.

    Args:
        text: The text of the sentence.
        start: Where to start parsing.
        stop: Where the sentence ends.
        listed: The numbers directly before `start`, in their order; the labels may belong to these.
    """
    values = list(listed)
    match = _THEIR_TEXTS.match(text.plain, start, stop) if listed else None
    if match is None:
        match = _NUMBERS_AND_TEXTS.search(text.plain, start, stop)
        values = [int(number) for number in re.findall(_COUNT, match["numbers"])] if match else []
    if match is None:
        return {}
    texts = _separated(text.written[slice(*match.span("texts"))])
    return dict(zip(values, texts, strict=True)) if len(set(values)) == len(values) == len(texts) else {}


def _separated(texts: str) -> list[str]:
    """The labels in a list such as "never, rarely, or always"; empty if a conjunction may belong to one of them."""
    if _ALL_QUOTED.fullmatch(texts):
        return [trimmed(quoted) for quoted in re.findall(_QUOTED, texts)]
    if _UNSURE.search(texts) or len(_CONJUNCTION.findall(texts)) != 1:
        return []
    parts = [trimmed(part) for part in _BETWEEN_TEXTS.split(texts)]
    return parts if all(parts) else []
