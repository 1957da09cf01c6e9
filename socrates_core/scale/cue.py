"""Where an answer instruction begins and ends.

A firm cue is binding: if the numbers it states cannot be parsed, that is an error. A loose cue ("Please indicate …",
"On a scale from …") counts only if no firm one states a format.
"""

import re
from collections.abc import Iterator

from socrates_core.scale.wording import ITEM, MEANING, NUMBER, OPEN, SENTENCE_END, WINDOW, Text, any_of

_MAX_CUES = 12

_VERB = any_of(
    r"return|respond|answer|reply|give|provide|write|enter|output|type|report|submit|state|indicate|choose|select",
    r"pick|print|rate|use|record|mark|specify|express|code",
)
_START = r"(?:^|(?<=[.?!:;…”\"’')\]])\s*|\n\s*|\bplease\s+)"
"""The beginning of a sentence or clause."""
_ONE_NUMBER = r"(?:an?|one|a\s+single|the)\s+(?:single\s+|whole\s+)?(?:integer|number|digit)"
_IMPERATIVE = any_of(
    rf"(?:only|just|simply) {_VERB}|{_VERB} (?:with )?(?:only|just)|return",
    r"(?:respond|answer|reply) (?:with|using|by|in|as|on)",
    rf"(?:write|enter|type|give|provide|output|report) {_ONE_NUMBER}",
)
FIRM_CUE = re.compile(
    r"\b(?:only|just|simply)\s+(?:please\s+)?(?:return|respond|answer|reply|output)\b"  # "only please return"
    r"|\b(?:return|respond|answer|reply|output)\s+only\b"
    rf"|{_START}{_IMPERATIVE}\b"  # "Respond with", "Enter a single number"
    r"|\b(?:your|the)\s+(?:answer|response|reply|output|rating)\s+(?:should|must|has\s+to|needs\s+to|is\s+to)\s+"
    r"(?:only\s+)?(?:be|consist|contain|take)\b"  # "your answer must be"
    rf"|{_START}(?:answer|response|output)(?:\s+format|\s+scale)\s*:"
    rf"|{_START}(?:format|express|code|record)\s+your\s+(?:answer|response)\b",
    re.IGNORECASE,
)
_LABELLED = rf"{NUMBER}\s*[(\[\"“'‘][^?!\n]{{1,200}}?"
_LOWEST = r"(?:[01]|-[1-9][0-9]?)"
"""The first option of a scale: 0, 1, or a negative number."""
LOOSE_CUE = re.compile(
    rf"{_START}(?:rate|indicate|answer|respond|choose|select|pick|state|enter|mark|use|give|express|report)\b"
    r"|\b(?:on|using|use|along)\s+(?:an?|the|this)\s+(?:[\w-]+\s+){0,4}?scale\b|\bscale\s*(?=from|of|:|\()"
    rf"|(?<![\w$.,/-])(?=\(?{_LOWEST}\s?=\s?[\"“'‘A-Za-z])"  # "1 = Yes"
    # "0 means never and 10 means always." below a question
    rf"|(?<![\w$.,/-])(?={_LOWEST}\s(?:means?|indicates?|represents?|stands\s+for|corresponds\s+to)\s[^?]*$)"
    rf"|[(\[](?={_LOWEST}\s?(?:-|to)\s?[0-9]{{1,3}}[)\]]\s?[?.!:]?\s*$)"  # "How happy are you (0-10)?"
    # "How happy are you, from 1 (not at all) to 7 (very)?"
    rf"|[,(]\s*(?=from\s+{_LABELLED}[)\]\"”'’]\s+(?:to|through)\s+{_LABELLED}[)\]\"”'’]\)?\?)",
    re.IGNORECASE,
)
_IS = r"(?:is|are|being|means?|indicates?|represents?|stands\s+for|corresponds\s+to)"
UNINTRODUCED_CUE = re.compile(
    rf"\b(?:where|with)\s+(?={_LOWEST}\s{_IS}\s[^?!\n]{{1,200}}?\b(?:and|to)\s+[0-9]{{1,3}}\s{_IS}\s)"
    rf"|(?<![\w$.,/-])(?={_LOWEST}\s-\s[A-Za-z][^?!\n\d]{{1,200}}?[,;]\s?[0-9]{{1,3}}\s-\s[A-Za-z])",
    re.IGNORECASE,
)
"""Two options of a question that no other cue introduces: "How good is it, where 0 is bad and 10 is good?", "1 - bad,
5 - good"."""
OPTION_CUE = re.compile(r"(?<![\w$.,/-])(?=\(?[01]\s?(?:[=:)]|\.\s|-\s?[\"“'‘A-Za-z]))")
"""The first option of a list, "1." or "(0)"."""
_IN_LABEL = re.compile(rf"(?:\b(?:for|if|is|{MEANING})|=)\s*{OPEN}\s*$", re.IGNORECASE)
"""Text before a quoted label."""

# Beginnings of a sentence that continues to explain the options of the previous one.
_OPENER = (
    r"where|here|with|let|use|using|note|that|and|an?|the|score|value|rating|answer|number|of|in|this"
    r"|on|scale|please|enter|select|choose|return|give|assign"
)
_CONTINUED = re.compile(rf"(?:[\s\"“'‘(\[,:]|\b(?:{_OPENER})\b){{0,24}}{ITEM.pattern}", re.ASCII | re.IGNORECASE)


def is_in_label(plain: str, position: int) -> bool:
    """Whether the position is the beginning of a quoted label."""
    return _IN_LABEL.search(plain[max(0, position - 30) : position]) is not None


def cues(cue: re.Pattern[str], text: Text, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Start and end of the last cues, last first, except those at the beginning of a quoted label."""
    found = [match.span() for match in cue.finditer(text.plain, start, stop)]
    return reversed([span for span in found[-_MAX_CUES:] if not is_in_label(text.plain, span[0])])


def scope(text: Text, start: int) -> int:
    """Where the instruction that begins at `start` ends: after its sentence and any that continue to name options."""
    limit = min(len(text.plain), start + WINDOW)
    position = start
    for _ in range(200):
        end = SENTENCE_END.search(text.plain, position, limit)
        if end is None:
            return limit
        if _CONTINUED.match(text.plain, end.end(), limit) is None:
            return end.start() + 1
        position = end.end()
    return position
