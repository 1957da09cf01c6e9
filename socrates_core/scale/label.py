"""The text of one option: where it ends, and its cleaned form without quotation marks and surrounding words."""

import re
from itertools import pairwise

from socrates_core.scale.wording import (
    CASE,
    CLOSE,
    CLOSERS,
    LABEL,
    LINK,
    MEANING,
    NUMBER,
    SENTENCE_END,
    UnreadableError,
    any_of,
)

# "…, nothing else", "… and no other text", "…, please do not explain", "…, and intermediate values in between"
_TAIL_WORDS = r"(?:(?:and|with|but|please)\s+)*" + any_of(
    r"nothing (?:else|more)|no (?:other|additional|further|extra|explanations?|text|words?)",
    r"without (?:any )?(?:other|additional|further|extra|explanations?|explaining|text|words?|comment|commentary)",
    r"(?:do not|don[’']t) (?:include|add|provide|write|explain|return|give|say|use)",
    r"(?:the )?(?:intermediate|in-?between|other|middle|remaining|higher|larger|lower)"
    r" (?:values?|numbers?|scores?|ratings?|points?)\b",
    r"numbers? in between|(?:or )?any (?:other )?(?:number|value|integer)|and everything in between",
)
_TAIL = re.compile(rf"\s{{0,2}}[,;:(.-]{{0,4}}\s{{0,2}}\b{_TAIL_WORDS}", re.IGNORECASE)

_THEN_NUMBER = r"(?:(?:and|or|to|up|through|otherwise|while|whereas)\s+)*[\"'“‘]?"
_AFTER_QUOTE = re.compile(
    rf"[\s,;.:)\]/|\"”’']*(?:$|{_TAIL_WORDS})"  # the end
    rf"|[\s,;.:)\]/|]*[(\[]?{_THEN_NUMBER}{NUMBER}(?:{LINK}|\s*[,.;)\"”]|$)"  # the next option
    rf"|[\s,;:)\]\"”’']*[.?!]{CLOSE}*\s+[A-Z]",  # the next sentence
    re.ASCII | re.IGNORECASE,
)
"""Text after a quotation mark that closes a label; after any other, the label continues."""
_PREFIX = re.compile(rf"^(?:=|i\.e\.,?|{MEANING}\s)\s*", re.IGNORECASE)
_ANSWER_WORD = r"(?:yes|no|true|false|agree|disagree|support|oppose|never|always|not\s+sure|unsure|don[’']t\s+know)"
"""Complete labels, so that an adjacent word belongs to the instruction."""
CASE_WORD = re.compile(rf"((?i:{CASE}))\s+(?=[A-Z\"“'‘]|(?i:{_ANSWER_WORD}\b))")
"""A word of the instruction before a label in brackets, "(for Yes)"; "(for sale)" may be all label."""
_ANSWER_WORD_ONLY = re.compile(rf"({_ANSWER_WORD})\s+only", re.IGNORECASE)


def enclosed(plain: str, begin: int, limit: int, bracket: str | None) -> tuple[int, int]:
    """End of a label in brackets or quotes that begins at `begin`, and where the text continues after it.

    Raises:
        UnreadableError: If the bracket or quotation mark is not closed.
    """
    stop = min(limit, begin + LABEL)
    if bracket:
        depth = 1
        for position in range(begin, stop):
            depth += (plain[position] in "([") - (plain[position] in ")]")
            if depth == 0:
                return position, position + 1
        raise UnreadableError("a bracket is not closed")
    closers = CLOSERS[plain[begin]]
    candidates = [at for at in range(begin + 1, stop) if plain[at] in closers]
    for at in candidates[:100]:
        if plain[begin] == "“" and plain.count("“", begin, at) > plain.count("”", begin, at) + 1:
            continue
        if _AFTER_QUOTE.match(plain, at + 1, min(limit, at + 400)):
            return at + 1, at + 1
    if candidates:
        return candidates[0] + 1, candidates[0] + 1
    raise UnreadableError("a quotation mark is not closed")


def cut(label: str, plain: str) -> tuple[str, bool]:
    """An unquoted label without the text after it, and whether it was complete up to its end."""
    ends = [match.start() for pattern in (_TAIL, SENTENCE_END) if (match := pattern.search(plain))]
    depth = 0
    for position, character in enumerate(plain):
        depth += (character in "([") - (character in ")]")
        if depth < 0:
            ends.append(position)
            break
    end = min([len(plain), *ends])
    left = plain[end:].strip(" .,;:)]\n")
    return trimmed(label[:end]), not left


def clean(label: str) -> str:
    """A label without its quotes or brackets; a full stop inside quotes belongs to the label."""
    text = " ".join(label.split())
    if _is_quoted(text):
        return text[1:-1].strip().rstrip(",; ")
    return trimmed(_PREFIX.sub("", text))


def trimmed(label: str) -> str:
    """A label without outer quotation marks and final punctuation, on one line."""
    text = " ".join(label.split()).strip(" ,;:")
    text = text.lstrip(".") if re.search(r"\.[A-Z]\.$", text) else text.strip(" .,;:")
    while text and text[-1] in "\"”’'»" and not _opens(text):
        text = text[:-1].rstrip(" .,;:")
    return text[1:-1].strip() if _is_quoted(text) else text


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] in CLOSERS and text[-1] in CLOSERS[text[0]]


def _opens(text: str) -> bool:
    """Whether the quotation mark at the end of a text closes one that opens in it."""
    last = text[-1]
    openers = [mark for mark, closers in CLOSERS.items() if last in closers]
    # a straight mark both opens and closes, so a single one opens nothing
    return any(text.count(mark) > (last in "\"'" and mark == last) for mark in openers)


def without_case_word(labels: list[str]) -> list[str]:
    """Labels in brackets without the word that all of them begin with: "(for Yes)" and "(for No)"."""
    words = [match[1].lower() if (match := CASE_WORD.match(label)) else None for label in labels]
    if len(words) < 2 or words[0] is None or any(a != b for a, b in pairwise(words)):
        return labels
    return [trimmed(CASE_WORD.sub("", label, count=1)) for label in labels]


def without_only(label: str) -> str:
    """A last label without the instruction's "only", as in "2 for No only"; "Women only" may be all label."""
    match = _ANSWER_WORD_ONLY.fullmatch(label)
    return match[1] if match else label
