"""A proposal for the scale of a column, with what a person must check: ends and order are never guessed in silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socrates_core.scale.off_axis import is_no_answer
from socrates_core.study.sources.table.answers import plain_text
from socrates_core.study.sources.table.map.look import ColumnLook
from socrates_core.study.sources.table.map.noted import scale_of_labels
from socrates_core.study.study_file.presets import PRESETS

CODES: Final = frozenset(
    {-1, -2, -3, -7, -8, -9, -66, -77, -88, -97, -98, -99, -999, -9999}
    | {9, 66, 77, 88, 96, 97, 98, 99, 777, 888, 997, 998, 999, 7777, 8888, 9998, 9999, 99999}
)
"""Numbers that surveys use for "no answer"."""

OPEN: Final = "open"
"""The scale of an outcome that is any number."""
FILES: Final = "as the file says"
"""The scale that the file's labels make where a map states none: numbers with gaps between them."""

FEW: Final = 11
"""Most options that a column without any description is taken to be answers for."""
WIDEST: Final = 101
"""Most options of a scale that is read off the answers."""


@dataclass(frozen=True)
class ScaleGuess:
    """How the answers in a column may be meant."""

    scale: Mapping[str, Any] | str | None
    """As a map writes it, or FILES; None if no scale can be proposed."""
    missing: tuple[str, ...]
    """Values that are taken for "no answer"."""
    reason: str
    """Where it comes from, in words."""
    checks: tuple[str, ...] = ()
    """What a person must check, a sentence each."""


def guessed_scale(look: ColumnLook) -> ScaleGuess:
    """The scale of a column: by the labels that the file has, by its texts, or by the numbers in it."""
    stated = tuple(value for value in look.notes.missing if value in look.counts)
    if _numbered(look.notes.values):
        return _labelled(look, stated)
    if look.numbers and look.distinct - len(look.numbers) <= 1:
        return _observed(look, stated)
    return _texts(look, stated)


def suspected_codes(look: ColumnLook, options: tuple[int, int] | None = None) -> dict[str, str]:
    """Value → why it may be a code for "no answer": far from all others, and a number that surveys use for that.

    Args:
        look: A column of numbers.
        options: The lowest and highest option, where they are known; else those are told from the other numbers.
    """
    numbers = {value: number for value, number in look.numbers.items() if value not in look.notes.missing}
    low, high = options or _run(set(numbers.values()))
    reach = max(2.0, high - low)
    found = {}
    for value, number in numbers.items():
        far = number < min(low, 0) or (number > high + 1 and (number > high + reach or number == 9))
        if number in CODES and far:
            found[value] = f"{value} occurs {look.counts[value]:,} times and lies far from {low:g} to {high:g}"
    return found


def _run(numbers: set[float]) -> tuple[float, float]:
    """The lowest and highest number that is no code, and codes that follow on them: −3 to 3 is one run."""
    usual = [number for number in numbers if number not in CODES] or list(numbers)
    if not usual:
        return 0.0, 0.0
    low, high = min(usual), max(usual)
    while low - 1 in numbers:
        low -= 1
    while high + 1 in numbers:
        high += 1
    return low, high


def _numbered(labels: Mapping[str, str]) -> bool:
    """Whether the labels are those of whole numbers, two or more."""
    return len(labels) > 1 and all(value.lstrip("-").isascii() and value.lstrip("-").isdigit() for value in labels)


def _labelled(look: ColumnLook, stated: tuple[str, ...]) -> ScaleGuess:
    texts = {value: text for value, text in look.notes.values.items() if value not in look.notes.missing}
    labels = [int(value) for value, text in texts.items() if not is_no_answer(text)]
    if len(labels) < 2:
        return ScaleGuess(None, stated, "the file labels fewer than two answers")
    suspected = suspected_codes(look, (min(labels), max(labels)))
    codes = {value: why for value, why in suspected.items() if value not in texts}
    scale = scale_of_labels(texts, {value for value in look.counts if value not in codes and value not in stated})
    if scale is None or scale.values is None:
        return ScaleGuess(None, stated, "the labels of the file are no scale of their own")
    low, high = scale.values[0], scale.values[-1]
    checks = [f"{why}: it is taken as no answer." for why in codes.values()]
    checks += _strangers(look, low, high, {*map(str, scale.off_axis), *codes, *stated})
    checks += [f"{value} {text!r} has no place on the scale." for value, text in scale.off_axis.items()]
    reason = "the file labels its answers"
    if len(scale.values) != high - low + 1:
        checks.append(f"Only {_listed(list(scale.values))} are options, as the file labels them: is none missing?")
        return ScaleGuess(FILES, (*stated, *codes), reason, tuple(checks))
    unlabelled = [value for value in scale.values if value not in scale.labels]
    if unlabelled and len(scale.labels) > 3:
        checks.append(f"{_listed(unlabelled)} between {low} and {high} have no label: are they options?")
    elif not unlabelled and len(scale.labels) > 2 and not _known_order(tuple(scale.labels.values())):
        checks.append("The order is that of the numbers: if the options have none, say so.")
    raw: dict[str, Any] = {"from": low, "to": high, "labels": dict(scale.labels)}
    raw |= {"off_axis": dict(scale.off_axis)} if scale.off_axis else {}
    return ScaleGuess(raw, (*stated, *codes), reason, tuple(checks))


def _strangers(look: ColumnLook, low: int, high: int, known: set[str]) -> list[str]:
    outside = [value for value, number in look.numbers.items() if not low <= number <= high and value not in known]
    if not outside:
        return []
    return [f"{', '.join(outside[:5])} lie outside the labelled options {low} to {high}: they are no options so far."]


def _observed(look: ColumnLook, stated: tuple[str, ...]) -> ScaleGuess:
    codes = suspected_codes(look)
    left = {value: number for value, number in look.numbers.items() if value not in codes and value not in stated}
    checks = [f"{why}: it is taken as no answer." for why in codes.values()]
    taken = (*stated, *codes)
    if len(left) < 2:
        return ScaleGuess(None, taken, "fewer than two different answers", tuple(checks))
    low, high = min(left.values()), max(left.values())
    if any(number != round(number) for number in left.values()):
        return ScaleGuess(None, taken, "numbers with fractions: a map can give the scale with its step", tuple(checks))
    if high - low >= WIDEST:
        checks.append("Numbers from a wide range: taken as an open number; enter the ends if it has a scale.")
        return ScaleGuess(OPEN, taken, "numbers without a scale", tuple(checks))
    if low < 0 and low in CODES and high > 0 and sum(number < 0 for number in left.values()) == 1:
        checks.append(f"{low:g} may be a code for no answer; so far it is read as an answer.")
    checks.append(
        f"The ends {low:g} and {high:g} are only the lowest and highest answer seen: enter those of the questionnaire."
    )
    return ScaleGuess({"from": int(low), "to": int(high)}, taken, f"numbers from {low:g} to {high:g}", tuple(checks))


def _texts(look: ColumnLook, stated: tuple[str, ...]) -> ScaleGuess:
    texts = [value for value in look.counts if value not in stated]
    off = [text for text in texts if is_no_answer(text)]
    on = [text for text in texts if text not in off]
    if len(on) < 2 or look.distinct > FEW:
        return ScaleGuess(None, stated, "texts that are no options of one question")
    known = _known_order(tuple(on))
    if known:
        name, labels = known
        scale: dict[str, Any] = dict(PRESETS[name]) | {"labels": labels}
        numbers = range(int(scale["to"]) + 1, int(scale["to"]) + 1 + len(off))
        check = "The answers are words of a common scale, numbered from its lowest option: please check."
        return ScaleGuess(_with_off(scale, off, numbers), stated, "the words of a common scale", (check,))
    labels = dict(enumerate(on, start=1))
    scale = {"nominal": True, "labels": labels}
    check = "Nobody says the order of these words: taken as options without an order; number them if they have one."
    numbers = range(len(on) + 1, len(on) + 1 + len(off))
    return ScaleGuess(_with_off(scale, off, numbers), stated, "answers in a few words", (check,))


def _with_off(scale: dict[str, Any], off: list[str], numbers: range) -> dict[str, Any]:
    return scale | {"off_axis": dict(zip(numbers, off, strict=True))} if off else scale


def _known_order(texts: tuple[str, ...]) -> tuple[str, dict[int, str]] | None:
    """The shortest common scale that has all of these texts, and its labels."""
    wanted = set(map(plain_text, texts))
    for name, scale in sorted(PRESETS.items(), key=lambda item: int(item[1]["to"]) - int(item[1]["from"])):
        labels = scale.get("labels", {})
        known = set(map(plain_text, labels.values()))
        if wanted <= known and (len(wanted) > 2 or wanted == known):  # "Agree" and "Disagree" may be all there is
            return name, labels
    return None


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values[:5])) + (f" and {len(values) - 5} more" if len(values) > 5 else "")
