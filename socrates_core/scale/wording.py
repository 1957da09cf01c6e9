"""The vocabulary of answer instructions: numbers, and links between a number and its text or the next number.

All patterns are matched against plain text, with one kind of dash and space and as many characters as the original,
from which the labels are cut. Repetitions that could match a long run of the same character are bounded, so that
parsing is linear in the length of the text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

WINDOW = 20_000
"""Maximum number of characters of an instruction that are parsed."""
LABEL = 1500
"""Maximum number of characters of a label."""


class UnreadableError(Exception):
    """The reason why an instruction cannot be parsed; becomes part of a ScaleError."""

    def __init__(self, reason: str, ends: Mapping[int, str] | None = None) -> None:
        """
        Args:
            reason: Why.
            ends: Two options and their texts, where these may be the ends of a scale or all there is, and codes for no
                answer.
        """
        super().__init__(reason)
        self.ends = ends


_PLAIN = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-")
    | {0xFF10 + digit: str(digit) for digit in range(10)}
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u200b\u202f\ufeff\t\r\v\f", " ")
)


@dataclass(frozen=True)
class Text:
    """A text as written and in plain form, with corresponding characters at the same index."""

    written: str

    @cached_property
    def plain(self) -> str:
        """The text with one kind of dash, space and digit."""
        return self.written.translate(_PLAIN)


def any_of(*forms: str) -> str:
    """A pattern that matches any of the forms, the first that fits; a blank in a form matches a run of blanks."""
    return "(?:" + "|".join(forms).replace(" ", r"\s+") + ")"


# --- Quotation marks and sentences

CLOSERS = {'"': '"”', "“": '”"', "„": "“”", "'": "'’", "‘": "’'", "`": "`'", "«": "»"}
"""Opening quotation mark → those that close it."""
OPEN = r"[\"“„'‘`«]"
CLOSE = r"[\"”'’`»)\]]"
LETTER = r"[A-Za-z\"“'‘]"
"""The beginning of a label: a letter or an opening mark."""
_NO_ABBREVIATION = r"(?<!\.[A-Za-z])(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\betc)"
SENTENCE_END = re.compile(
    rf"{_NO_ABBREVIATION}[.?!](?!(?<=\.\.\.)\s+\d{{1,3}}\s?=){CLOSE}*\s+(?=[\"“‘'(\[]*[A-Z0-9$-])|\n\s*\n"
)
"""Punctuation that ends a sentence before the next one (not in "U.S.", "Dr. Lee", "1 = bad ... 7 = good"), or an empty
line."""

# --- Numbers

NUMBER = (
    r"(?<![\w.])(?<![A-Za-z]-)"  # not in a word, a decimal or a name: "v2", "3.5", "F-16"
    r"(?:(?<![\w)%])[-+])?"  # a sign, unless it joins two things: "5-7"
    r"(?:[$€£]\s?)?"
    r"(?:[1-9]\d{0,2}(?:,\d{3}){1,5}|\d+)(?:\.\d+)?"  # 1,000 or 1000, with or without decimals
    r"(?:\s?(?:thousand|million|billion)\b|[kK]\b)?(?!\w)"
)
LONE_NUMBER = re.compile(NUMBER, re.ASCII | re.IGNORECASE)

_UNIT_NAMES = any_of(
    r"percent(?:age\spoints?)?|per\scent|dollars?|cents?|usd|euros?|points?|stars?|hours?|days?|weeks?",
    r"months?|years?|minutes?|times|people|degrees?",
)
_UNIT = rf"(?:\s?%|\s{_UNIT_NAMES}\b)?"
"""The unit of a number, or nothing: "%", " points"."""

# --- An option and its text: "1 means", "1 for", "1 =", "1 (", "1. ", "1 - ", "1 'Yes'"

MEANING = r"(?:(?:would|will|should|to)\s+)?" + any_of(
    r"means?|meaning|is|are|be|being|indicat(?:es?|ing)|correspond(?:s|ing)? to",
    r"represent(?:s|ing)?|stand(?:s|ing)? for|denot(?:es?|ing)|signif(?:y|ies|ying)|refer(?:s|ring)? to|equals?",
    r"reflect(?:s|ing)?|labell?ed(?: as)?|(?:is )?labell?ed|impl(?:y|ies|ying)|as",
)
CASE = r"for|if|when"
_EQUALS = rf"\s*(?P<equals>={{1,2}}>?|->|→|⇒|:(?!\d)(?:\s*(?:for|if)(?=\s+{OPEN}))?)"
_BRACKET = r"\s*(?P<bracket>[(\[])"
_DOT = rf"(?P<dot>\s?[.)](?=\s+{LETTER}))"
_COUNTED = r"(?:point|digit|item|step|level|star|year|month|week|day|hour|minute|member)s?\b"
_DASH = rf"\s*(?P<dash>-{{1,3}})(?=\s*{LETTER}|\s\$)(?!\s?{_COUNTED})"  # not "7-point"
_WORD = rf"(?:\s*,)?\s+(?:(?P<word>{MEANING})|(?P<case>{CASE}))\b(?!\s+(?:each|every)\b)"
_QUOTE = rf"\s+(?P<quote>(?={OPEN}\w))"
LINK = rf"{_UNIT}(?:[\"”'’](?=[\s:=]))?(?:{_EQUALS}|{_BRACKET}|{_DOT}|{_DASH}|{_WORD}|{_QUOTE})"
"""The link between an option and its text; the name of the matched group tells its kind."""
ITEM = re.compile(rf"(?P<number>{NUMBER}){LINK}(?:\s+that\b)?\s*", re.ASCII | re.IGNORECASE)
"""An option up to its text."""

# --- A number and the next one

_TO = r"(?:-{1,3}|\.{2,3}|…|~|(?:to|through|thru|until|till|up\s+to)\b)"
RANGE = re.compile(
    rf"{_UNIT}[\"”'’]?\s*(?P<to>{_TO}|and\b|&)\s*{OPEN}?(?P<end>{NUMBER}){_UNIT}(?:[\"”'’](?!\w))?",
    re.ASCII | re.IGNORECASE,
)
"""Text after the lower end of a range: " to 7", "-7", " and 7"."""
_COMMA = r"\s*[,/|;](?:\s*(?:\.{3}|…)\s*,?)?|\s*(?:\.{3}|…)"
MORE = re.compile(
    rf"{_UNIT}[\"”'’]?(?P<comma>{_COMMA})?(?P<word>\s*(?:or|and)\b)?\s*{OPEN}?(?P<end>{NUMBER})",
    re.ASCII | re.IGNORECASE,
)
"""Text after a number in a list: ", 2", " or 2", "/2", ", ..., 7"."""
SPREAD = re.compile(r"\b(?:to|through|until)\b|\.\.|…|\bso\s+on\b|\s-{1,3}\s", re.IGNORECASE)
"""Text between two options that implies others between them."""
OPEN_UPWARDS = re.compile(
    rf"{_UNIT}\s*(?:\+|(?:or|and)\s+(?:more|greater|higher|above|larger|over|up|upwards?)\b)", re.IGNORECASE
)
"""Text after a number without an upper bound: " or more", "+"."""
OPEN_DOWNWARDS = re.compile(rf"{_UNIT}\s*(?:or|and)\s+(?:less|fewer|lower|below|smaller|under)\b", re.IGNORECASE)
