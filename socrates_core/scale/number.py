"""The integers of an instruction: single ones, the steps between options, and bounds on one side."""

import re
from collections.abc import Sequence
from decimal import Decimal

from socrates_core.scale.answer_scale import MAX_OPTIONS
from socrates_core.scale.wording import NUMBER, UnreadableError, any_of

_MULTIPLE = r"(?P<multiple>multiples?\s+of|divisible\s+by|nearest)"
_STEP_OF = r"(?:steps?|increments?|intervals?|units?)\s+of"
_SPELT_STEP = r"fives?|tens?|twent(?:y|ies)|fift(?:y|ies)|(?:a\s+)?hundreds?|(?:a\s+)?thousands?"
STEP = re.compile(
    rf"\b(?:{_MULTIPLE}|{_STEP_OF})\s+(?P<number>{NUMBER}|{_SPELT_STEP})"
    rf"|(?P<between>{NUMBER})[-\s](?:points?|units?|dollars?|percent)?[-\s]?(?:steps?|increments?|intervals?)\b"
    rf"|\b(?P<parity>even|odd)\s+(?:integer|number|whole)",
    re.ASCII | re.IGNORECASE,
)
"""A step between options other than 1: "a multiple of 10", "in steps of ten", "10-point steps", "an even number"."""
_STEP_WORDS = {"fiv": 5, "ten": 10, "twent": 20, "fift": 50, "hundred": 100, "thousand": 1000}

_LOW = any_of(
    r"at least|(?P<above>(?:greater|more|larger|higher|bigger) than(?! or)|>(?!=)|above|over|exceeding)",
    r"(?:greater|more|larger|higher) than or equal to|(?:no|not) (?:less|fewer|lower|smaller|below)(?: than)?",
    r"(?:with a )?min(?:imum|\.)?(?: value)?(?: of)?|>=|≥|starting (?:at|from|with)",
)
_HIGH = any_of(
    r"at most|up to|(?P<below>(?:less|fewer|lower|smaller) than(?! or)|<(?!=)|below|under)",
    r"(?:less|fewer|lower|smaller) than or equal to",
    r"(?:no|not) (?:more|greater|larger|higher|above|exceeding)(?: than)?",
    r"(?:a )?max(?:imum|\.)?(?: value)?(?: of)?|<=|≤|cannot exceed",
)
LOW_BEFORE = re.compile(rf"(?<!\w){_LOW}\s*[:=]?\s*$", re.IGNORECASE)
"""Text before a lower bound; group `above` if the bound itself is excluded."""
HIGH_BEFORE = re.compile(rf"(?<!\w){_HIGH}\s*[:=]?\s*$", re.IGNORECASE)
"""Text before an upper bound; group `below` if the bound itself is excluded."""

_DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_WORD = "|".join([*_DIGIT_WORDS, "one hundred", "a hundred"])
SPELT = re.compile(
    rf"\b(?:{_WORD})\s*(?:[(=]|(?:for|means?|is|if|to|through|or|and)\b)|\b(?:from|between)\s+(?:{_WORD})\b",
    re.IGNORECASE,
)
"""An option or an end of a range in words: "one for", "from one"."""
_SPELT_LABEL = re.compile(rf"\b(?:{_WORD})\s*(?:[(=:]|(?:for|means?|being|is|if|represents?)\b)", re.IGNORECASE)
_SPELT_RANGE = re.compile(rf"\b(?:from|between)\s+({_WORD})\s+(?:to|and|through)\s+({_WORD})\b", re.IGNORECASE)


def read_number(text: str) -> int:
    """The integer denoted by a match of NUMBER: "$1,000", "2 million", "-3".

    Raises:
        UnreadableError: If it has decimals or more than 15 digits.
    """
    digits = re.sub(r"[\s$€£,+]", "", text.lower())
    factor = 1
    for suffix, size in (("thousand", 1000), ("million", 10**6), ("billion", 10**9), ("k", 1000)):
        if digits.endswith(suffix):
            digits, factor = digits.removesuffix(suffix), size
    if len(digits) > 15:
        raise UnreadableError(f"the number {digits[:20]}… is too long")
    value = Decimal(digits) * factor
    if value != int(value):
        raise UnreadableError(f"{digits} is not an integer")
    return int(value)


def span(first: int, last: int, steps: Sequence[re.Match[str]] = ()) -> tuple[int, ...]:
    """The options from one end to the other, in the steps (matches of STEP) that the instruction states.

    Raises:
        UnreadableError: If the steps do not lead from one end to the other, or the scale is too short or too long.
    """
    low, high = min(first, last), max(first, last)
    start, stride = low, 1
    if steps:
        step = steps[0]
        if step["parity"]:
            start, stride = low + (low % 2 != (step["parity"].lower() == "odd")), 2
        else:
            stride = _stride(step["number"] or step["between"])
            start = -(-low // stride) * stride if step["multiple"] else low
            if not step["multiple"] and (high - low) % stride:
                raise UnreadableError(f"steps of {stride} do not lead from {low} to {high}")
    count = (high - start) // stride + 1
    if count > MAX_OPTIONS:
        raise UnreadableError(f"{count:,} options from {low:,} to {high:,} are more than {MAX_OPTIONS:,}")
    if count < 2:
        raise UnreadableError("a scale needs two or more options")
    return tuple(range(start, high + 1, stride))


def _stride(text: str) -> int:
    for word, size in _STEP_WORDS.items():
        if word in text.lower() and not text[0].isdigit():
            return size
    stride = read_number(text)
    if stride < 1:
        raise UnreadableError(f"a step of {stride} leads nowhere")
    return stride


def spelt_range(text: str) -> tuple[int, int] | None:
    """The ends of a range in words, "from one to five".

    Raises:
        UnreadableError: If number words have texts ("one means never"), which are parsed only after digits.
    """
    match = _SPELT_RANGE.search(text)
    if match is None:
        return None
    if _SPELT_LABEL.search(text):
        raise UnreadableError("it spells its numbers out")
    low, high = (100 if "hundred" in word.lower() else _DIGIT_WORDS.index(word.lower()) for word in match.groups())
    return low, high
