"""The stimulus of one condition and outcome: text, question and answer instruction."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from socrates_core.errors import ScaleError
from socrates_core.scale.answer_scale import AnswerScale, answer_instruction
from socrates_core.scale.instruction import parse_scale
from socrates_core.study.study_file.form import ConditionForm, OutcomeForm

OPEN_INSTRUCTION: Final = "Only return an integer, the quantity asked for, nothing else."

_FIELD: Final = re.compile(r"\{([A-Za-z_]\w*)\}")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_QUOTES: Final = ('"{}"', "“{}”", "'{}'")
"""Quotation marks for labels, in the order in which they are tried."""


def scale_of(outcome: OutcomeForm) -> AnswerScale:
    """The answer scale of an outcome."""
    form = outcome.scale
    if form is None:
        return AnswerScale(None)
    labels, off_axis = dict(sorted(form.labels.items())), dict(sorted(form.off_axis.items()))
    return AnswerScale(form.values, labels, off_axis, nominal=form.nominal)


def stimulus_of(condition: ConditionForm, outcome: OutcomeForm) -> str:
    """Text, question and instruction, from which `parse_scale` reads exactly the outcome's options.

    A {name} that the condition has no field for stays as it is.

    Raises:
        ScaleError: If the options cannot be read back from any wording.
    """
    parts = [filled(part, condition).strip() for part in (condition.text, outcome.question)]
    shown = "\n\n".join(part for part in parts if part)
    scale = scale_of(outcome)
    for instruction in _instructions(scale):
        text = f"{shown}\n\n{instruction}"
        try:
            read = parse_scale(text)
            if (read.options, read.texts) == (scale.options, scale.texts):  # the file says what is off the axis
                return text
        except ScaleError:
            continue
    known = list(scale.texts.values())
    labels = ", ".join(map(repr, known[:7])) + f" and {len(known) - 7} more" * (len(known) > 7) or "none"
    raise ScaleError(
        f"it cannot be read back from the text shown in {condition.label!r} (labels: {labels}); reword labels or "
        "question, without final punctuation or quotation marks"
    )


def filled(text: str, condition: ConditionForm) -> str:
    """A text with the condition's fields in place of their {names}."""
    return _FIELD.sub(lambda match: str(condition.fields.get(match[1], match[0])), text)


def asks_differently(conditions: Iterable[ConditionForm], outcome: OutcomeForm) -> bool:
    """Whether conditions are asked different questions: words differ in the question itself, which can turn what a
    higher answer means (allow it, forbid it). What differs before one question is a treatment, and so is a number in it
    (for 10 dollars, for 12 dollars).
    """
    return len({" ".join(_NUMBER.sub("0", filled(outcome.question, one)).split()) for one in conditions}) > 1


def names_in(text: str) -> set[str]:
    """The {names} that occur in a text."""
    return set(_FIELD.findall(text))


def _instructions(scale: AnswerScale) -> Iterator[str]:
    """Wordings of the answer instruction."""
    if scale.values is None:
        yield OPEN_INSTRUCTION
        return
    for quotes in _QUOTES if scale.texts else _QUOTES[:1]:
        yield answer_instruction(scale, quotes)
