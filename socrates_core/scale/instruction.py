"""Finding the last answer instruction of a stimulus, and parsing the scale that it states."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from socrates_core.errors import ScaleError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.cue import FIRM_CUE, LOOSE_CUE, OPTION_CUE, UNINTRODUCED_CUE, cues, is_in_label, scope
from socrates_core.scale.form import Sentence, scale_from
from socrates_core.scale.number import HIGH_BEFORE, LOW_BEFORE, SPELT, STEP, read_number, span, spelt_range
from socrates_core.scale.off_axis import codes_for_no_answer, with_codes, with_off_axis
from socrates_core.scale.wording import (
    LONE_NUMBER,
    MORE,
    OPEN_DOWNWARDS,
    OPEN_UPWARDS,
    RANGE,
    SENTENCE_END,
    Text,
    UnreadableError,
    any_of,
)

_FORMS = (
    "“an integer from 1 to 7, where 1 means … and 7 means …”, “1 for … or 2 for …”, “1, 2, or 3”, “a multiple of 10 "
    "between 0 and 100”, or “an integer representing …” for an open-ended outcome"
)
_BLANKS = re.compile(r"[\s\u200b\ufeff]{3,}")

# --- Numbers that are not options

_POINTS = re.compile(r"[-\s]?(?:points?|items?|steps?|levels?)\b[^.?!]{0,30}?\bscale\b", re.IGNORECASE)
"""Text after the number of options: "7-point scale"."""
_PERIOD = r"(?:calendar\s+)?(?:days?|weeks?|months?|years?|hours?|minutes?|nights?)"
_BENIGN = re.compile(
    rf"[-\s]?(?:digits?|decimals?|words?|characters?|sentences?|significant|{_PERIOD})\b", re.IGNORECASE
)
"""Text after a number that counts something else: "2 decimals", "7 days"."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_EXAMPLE = re.compile(r"(?:\be\.?g\.?|\bfor\s+(?:example|instance)),?:?\s*$", re.IGNORECASE)
_THING = any_of(
    r"profile|candidate|question|statement|item|person|scenario|part|article|study|group|image|picture|photo|text",
    r"message|story|video|task|round|figure|program|plan|page|section|case|immigrant|applicant",
)
_NAME_OF_A_THING = re.compile(rf"\b{_THING}\s+#?$", re.IGNORECASE)
"""Text before a number that is part of a name: "Profile 2"."""
_UNCLEAR = re.compile(
    r"\b(?:two|three|four|five|several|multiple)\s+(?:integers|numbers|values)\b|\bseparated\s+by\b|\bexclusive\b"
    r"|\bnot\s+including\b|\bexcluding\b|(?![0-9])\d",  # the last: digits of another script
    re.IGNORECASE,
)
"""Text showing that an instruction is not about a single number on a closed scale."""

# --- Instructions without numbers

_AMOUNT = re.compile(
    r"\b(?:integers?|(?:whole\s+|single\s+)?numbers?|numeric(?:al)?|digits?|amount|percent(?:age)?|count|dollars?|figure)\b",
    re.IGNORECASE,
)
"""Text stating that the answer is a number."""
_ANSWER = any_of(
    r"answers?|choices?|responses?|options?|ratings?|opinions?|selections?|views?|feelings?|scores?",
    r"position|(?:level|degree|extent) of \w+|agreement",
)
_CHOICE = re.compile(
    r"\b(?:correspond|represent|match|reflect|indicat|describ|of|for|next\s+to|beside)\w*\s+(?:to\s+|with\s+)?"
    rf"(?:your|the|one|best)\s+(?:own\s+|chosen\s+|selected\s+|best\s+)?{_ANSWER}\b"
    r"|\bscale\b|\blikert\b|\bslider\b",
    re.IGNORECASE,
)
"""Text stating that the number represents an option, "corresponding to your choice"."""
_QUANTITY = re.compile(
    r"\b(?:dollars?|cents?|euros?|usd|hours?|minutes?|seconds?|days?|weeks?|months?|years?|age|cost|costs|price|amount"
    r"|income|salary|number\s+of|count|how\s+many|how\s+much|quantity|points|people|tickets|times|miles|pounds"
    r"|percent(?:age)?)\b",
    re.IGNORECASE,
)
"""Text stating that the number counts something."""


_QUESTION_AFTER = re.compile(
    r"(?:, (?:how|what|which|where|to what|do|did|does|are|is|was|would|will)\b.*)?\?$", re.I | re.S
)
"""Text after the last option of a question: the rest of the question, or its mark."""


@dataclass(frozen=True)
class _Open:
    """An instruction without bounds."""

    bare: bool
    """It specifies only "an integer", so the question may contain the scale."""
    choice: bool
    """It refers to the number of a choice, which must be listed somewhere."""


@dataclass(frozen=True)
class _Bounds:
    """Bounds stated by single numbers of an instruction; None for those not stated."""

    low: int | None = None
    high: int | None = None
    from_low: int | None = None
    """An option that includes all above it, "3 or more"."""
    to_high: int | None = None
    """An option that includes all below it, "1 or less"."""


def parse_scale(stimulus: str) -> AnswerScale:
    """The scale stated by the last answer instruction of a stimulus.

    Labels are taken from the instruction alone, as written, without outer quotes and final punctuation. If the
    instruction requests only "an integer", the scale or option list in the question before it is used. "Don't know" and
    the like are off the axis, as `with_off_axis` decides.

    Raises:
        ScaleError: If there is no instruction, or it cannot be parsed without guessing; quotes it.
    """
    codes, text = codes_for_no_answer(stimulus)
    try:
        stated = _stated(text)
    except ScaleError as error:
        ends = None if error.ends is None else dict(sorted({**codes, **error.ends}.items()))
        raise ScaleError(str(error), ends) from None
    return with_off_axis(with_codes(stated, codes))


def _stated(stimulus: str) -> AnswerScale:
    """The scale with all its options on the axis."""
    stimulus = _BLANKS.sub(lambda blank: "\n\n" if "\n" in blank.group() else " ", stimulus)
    # nearly every stimulus ends in these two words and a sentence shared by thousands of others
    lowered = stimulus.lower()
    at = lowered.rfind("only return") if len(lowered) == len(stimulus) else -1
    if at >= 0 and not is_in_label(stimulus, at):
        scale = _read_ending(stimulus[at:])
        if scale is not None:
            return replace(scale, labels=dict(scale.labels))
    text = Text(stimulus)
    reading, begin = _read_firm(text)
    if isinstance(reading, AnswerScale):
        return reading
    if reading is not None:
        return _from_question(text, begin, reading)
    scale = _from_closing_sentence(text) or _unintroduced(text, max(0, len(text.plain) - 400), len(text.plain))
    if scale is not None:
        return scale
    if begin >= 0:
        raise _error(stimulus[begin:], "it states no numbers to answer with")
    raise _error(stimulus[-200:], "the stimulus ends without an answer instruction")


def instruction_start(stimulus: str) -> int:
    """Where the answer instruction begins, as `parse_scale` finds it: with the last firm cue that says something about
    numbers, readable or not, or else with the last one. The length of the stimulus where there is none.
    """
    text, last = Text(codes_for_no_answer(stimulus)[1]), len(stimulus)
    for begin, after in cues(FIRM_CUE, text, 0, len(text.plain)):
        try:
            says_something = _read(text, begin, after) is not None
        except UnreadableError:
            says_something = True
        if says_something:
            return begin
        last = begin if last == len(stimulus) else last
    return last


@lru_cache(maxsize=4096)
def _read_ending(ending: str) -> AnswerScale | None:
    """The scale that the end of a stimulus states on its own."""
    reading, _ = _read_firm(Text(ending))
    return reading if isinstance(reading, AnswerScale) else None


def _read_firm(text: Text) -> tuple[AnswerScale | _Open | None, int]:
    """The reading of the last informative firm cue, and where it begins: a scale, or a reference to the question."""
    last = -1
    for begin, after in cues(FIRM_CUE, text, 0, len(text.plain)):
        reading = _read_or_refuse(text, begin, after)
        if reading is not None:
            return AnswerScale(None) if isinstance(reading, _Open) and not reading.bare else reading, begin
        last = begin if last < 0 else last
    return None, last


def _from_closing_sentence(text: Text) -> AnswerScale | None:
    """The scale of a closing question or request such as "On a scale from 1 (never) to 7 (always), how often …?"."""
    end = len(text.plain)
    found = list(cues(LOOSE_CUE, text, max(0, end - 400), end))
    for (begin, after), (earlier, its_end) in pairwise([*found, (-1, 0)]):
        # both are options, "0 = No, 1 = Yes": the list begins with the earlier one
        if begin == after and earlier == its_end and SENTENCE_END.search(text.plain, earlier, begin + 1) is None:
            continue
        is_request = text.plain[begin:after].strip().lower().startswith("please")
        if not is_request and SENTENCE_END.search(text.plain, after) is not None:
            continue
        reading = _read_or_refuse(text, begin, after)
        if isinstance(reading, AnswerScale):
            return reading
    return None


def _from_question(text: Text, stop: int, reading: _Open) -> AnswerScale:
    """The scale stated in the question, before an instruction that only requests a number."""
    start = max(0, stop - 600)
    found = list(cues(LOOSE_CUE, text, start, stop))
    if reading.choice:
        found += cues(OPTION_CUE, text, start, stop)
    question = Text(text.written[:stop])
    for begin, after in found:
        try:
            scale = _read(question, begin, after)
        except UnreadableError:
            continue
        if isinstance(scale, AnswerScale):
            return scale
    unintroduced = _unintroduced(question, start, stop)
    if unintroduced is not None:
        return unintroduced
    if reading.choice or re.search(r"\bscale\b|\d\s*=|=\s*\d", text.plain[start:stop]):
        near = text.written[max(0, stop - 200) :]
        raise _error(near, "it asks for a number but the options before it cannot be read")
    return AnswerScale(None)


def _unintroduced(text: Text, start: int, stop: int) -> AnswerScale | None:
    """The options that a question names with nothing before them that says so: "…, where 0 is bad and 10 is good?".

    Raises:
        ScaleError: If there may be others between them.
    """
    for begin, after in cues(UNINTRODUCED_CUE, text, start, stop):
        scale = _read_or_refuse(text, begin, after)
        if not isinstance(scale, AnswerScale):
            continue
        if with_off_axis(scale).gaps:
            named = ", ".join(map(str, (scale.values or ())[:12]))
            why = f"it names {named} and it is unclear whether other options exist"
            raise _error(
                text.written[begin:], why, {value: scale.labels.get(value, "") for value in scale.values or ()}
            )
        return replace(scale, labels=_without_question(scale.labels))
    return None


def _without_question(labels: Mapping[int, str]) -> dict[int, str]:
    """The texts of options without the question that ends behind the last: of "good, how was it?", "good"."""
    asking = [value for value, label in labels.items() if label.endswith("?")]
    return {
        value: _QUESTION_AFTER.sub("", label) if asking == [value] and len(labels) > 1 else label
        for value, label in labels.items()
    }


def _read_or_refuse(text: Text, begin: int, after: int) -> AnswerScale | _Open | None:
    """As `_read`, with its errors converted to a ScaleError."""
    try:
        return _read(text, begin, after)
    except UnreadableError as problem:
        raise _error(text.written[begin:], str(problem), problem.ends) from None


def _error(instruction: str, why: str, ends: Mapping[int, str] | None = None) -> ScaleError:
    quoted = " ".join(instruction[:400].split())
    ends = None if ends is None else _without_question(ends)
    return ScaleError(f"cannot read the answer scale of “{quoted}”: {why}. Forms that are understood: {_FORMS}.", ends)


def _read(text: Text, begin: int, after: int) -> AnswerScale | _Open | None:
    """The reading of an instruction: a scale, an open-ended outcome, or None if it states nothing about numbers.

    Raises:
        UnreadableError: If it states numbers of uncertain meaning.
    """
    plain, stop = text.plain, scope(text, begin)
    if unclear := _UNCLEAR.search(plain, after, stop):
        raise UnreadableError(f"“{unclear.group().strip()}” leaves its options open")
    steps = list(STEP.finditer(plain, after, stop))
    bounds, points = _Bounds(), None
    for number in LONE_NUMBER.finditer(plain, after, stop):
        # "even" and "odd" count only before the options; after them they belong to a text
        steps = [step for step in steps if not step["parity"] or step.start() < number.start()]
        if any(step.start() <= number.start() < step.end() for step in steps):
            continue
        before = plain[max(after, number.start() - 60) : number.start()]
        if re.search(r"(?:^|\s)-\s+$", before):
            raise UnreadableError("a sign stands apart from its number")
        if narrower := _bounded(bounds, plain, number, before):
            bounds = narrower
        elif _is_aside(plain, number, before):
            continue
        elif _POINTS.match(plain, number.end()):
            points = read_number(number.group())
        elif scale := scale_from(Sentence(text, after, stop, tuple(steps), points), number):
            _check_agreement(scale, bounds, plain[after : number.start()])
            return scale
        elif not _BENIGN.match(plain, number.end()) and not _YEAR.fullmatch(number.group()):
            raise UnreadableError(f"what {number.group().strip()} stands for is unclear")
    return _read_words(plain[after:stop], bounds, points, steps)


def _bounded(bounds: _Bounds, plain: str, number: re.Match[str], before: str) -> _Bounds | None:
    """The bounds, updated with one stated by a number, "at least 1" or "10 or less"; None if it states none."""
    if bound := LOW_BEFORE.search(before):
        return replace(bounds, low=read_number(number.group()) + (bound["above"] is not None))
    if bound := HIGH_BEFORE.search(before):
        return replace(bounds, high=read_number(number.group()) - (bound["below"] is not None))
    if OPEN_UPWARDS.match(plain, number.end()):
        low = read_number(number.group())
        return replace(bounds, low=low, from_low=low)
    if OPEN_DOWNWARDS.match(plain, number.end()):
        high = read_number(number.group())
        return replace(bounds, high=high, to_high=high)
    return None


def _is_aside(plain: str, number: re.Match[str], before: str) -> bool:
    """Whether the number is part of a name ("Profile 2") or an example ("e.g., 3")."""
    follows = MORE.match(plain, number.end()) or RANGE.match(plain, number.end())
    return bool(_NAME_OF_A_THING.search(before) or (_EXAMPLE.search(before) and not follows))


def _check_agreement(scale: AnswerScale, bounds: _Bounds, head: str) -> None:
    """Refuse a scale contradicted by the text before it, "3 or more, 2, 1" or "from one to seven, 5 meaning …".

    Raises:
        UnreadableError: If the scale lacks options that are named before it.
    """
    if scale.values is None:
        return
    low, high = scale.values[0], scale.values[-1]
    above = bounds.from_low is not None and bounds.from_low > high
    below = bounds.to_high is not None and bounds.to_high < low
    if above or below:
        raise UnreadableError("its first option is open upwards or downwards")
    spelt = spelt_range(head)
    if spelt is not None and not {*spelt} <= {*scale.values}:
        raise UnreadableError("it spells its numbers out")


def _read_words(
    text: str, bounds: _Bounds, points: int | None, steps: list[re.Match[str]]
) -> AnswerScale | _Open | None:
    """The reading of an instruction without a range or list in digits."""
    if spelt := spelt_range(text):
        return AnswerScale(span(*spelt, steps))
    low, high = bounds.low, bounds.high
    if high is not None and low is None:
        low = 1 if re.search(r"\bpositive\b", text) else 0 if re.search(r"\bnon-?\s?negative\b", text) else None
    if low is not None and high is not None:
        return AnswerScale(span(low, high, steps))
    if points is not None:
        raise UnreadableError(f"it names {points} points but not the numbers they go from and to")
    if SPELT.search(text):
        raise UnreadableError("it spells its numbers out")
    if not _AMOUNT.search(text):
        return None
    choice = _CHOICE.search(text) is not None
    bounded = low is not None or high is not None
    return _Open(not bounded and (choice or _QUANTITY.search(text) is None), choice)
