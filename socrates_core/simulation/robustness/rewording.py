"""The answer instruction of a question, put otherwise. What people are shown before it stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Protocol

from socrates_core.errors import ScaleError
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import instruction_start, parse_scale
from socrates_core.study.study_set import Cell

MOST_LISTED: Final = 21
"""Options that an instruction lists one by one; a longer scale is stated by its ends."""


class CannotRewordError(ValueError):
    """Why a question cannot be put so, in a sentence."""


class Instruction(Protocol):
    """Writes an answer instruction."""

    def __call__(self, scale: AnswerScale) -> str:
        """The instruction.

        Raises:
            CannotRewordError: If this scale cannot be stated so.
        """
        ...


def _listed(scale: AnswerScale, options: Sequence[int]) -> str:
    """`1 for "Never", 2, or 3 for "Always"`, in this order."""
    texts = scale.texts
    if len(options) > MOST_LISTED:
        raise CannotRewordError(f"The scale has {len(options)} options, too many to list one by one.")
    said = [
        f'{scale.written(option)} for "{texts[option]}"' if texts.get(option) else scale.written(option)
        for option in options
    ]
    return f"{', '.join(said[:-1])}{',' if len(said) > 2 else ''} or {said[-1]}"


def in_order(scale: AnswerScale) -> str:
    """All options with their texts, from the first to the last."""
    return f"Only return {_listed(scale, scale.options or ())}, nothing else."


def reversed_order(scale: AnswerScale) -> str:
    """The same from the last to the first; options off the axis stay at the end."""
    options = [*reversed(scale.values or ()), *scale.off_axis]
    return f"Only return {_listed(scale, options)}, nothing else."


def ends_alone(scale: AnswerScale) -> str:
    """Numbers, with texts at the two ends alone."""
    values = scale.values or ()
    first, last = scale.labels.get(values[0]), scale.labels.get(values[-1])
    if scale.nominal or scale.off_axis or not first or not last:
        raise CannotRewordError("Its numbers mean nothing without the texts of all options.")
    if len(scale.labels) == 2:
        raise CannotRewordError("Only its ends have texts as it is.")
    if any(b - a != values[1] - values[0] for a, b in pairwise(values)):
        raise CannotRewordError("Its numbers leave some out, so that they have to be listed.")
    low, high = scale.written(values[0]), scale.written(values[-1])
    number = "a number" if scale.unit != 1 else "an integer"
    return f'Only return {number} from {low} to {high}, where {low} means "{first}" and {high} means "{last}".'


def plain_request(scale: AnswerScale) -> str:
    """All options in other words."""
    return f"Please answer with one number and no other text. Only return {_listed(scale, scale.options or ())}."


REWORDINGS: Final[Mapping[str, tuple[str, Instruction]]] = {
    "listed": ("all options listed, first to last", in_order),
    "reversed": ("all options listed, last to first", reversed_order),
    "ends": ("texts at the ends of the scale alone", ends_alone),
    "request": ("another request for the number", plain_request),
}
"""Name → what it does, and the instruction."""


@dataclass(frozen=True)
class Rewording:
    """One way to put the instruction."""

    name: str

    def of(self, cell: Cell) -> Cell:
        """The cell with its instruction put so; its options are the same, in the same order.

        Raises:
            CannotRewordError: If its scale cannot be stated so, or its text has no instruction that could be replaced.
        """
        if cell.scale.values is None:
            raise CannotRewordError("The outcome is open-ended: there are no options to put otherwise.")
        start = instruction_start(cell.stimulus)
        before, old = cell.stimulus[:start], cell.stimulus[start:]
        if not old.strip() or "\n" in old.strip():
            raise CannotRewordError("The instruction cannot be told from the rest of the text.")
        stimulus = before + REWORDINGS[self.name][1](cell.scale)
        _check(stimulus, cell.scale)
        return replace(cell, stimulus=stimulus)


def _check(stimulus: str, scale: AnswerScale) -> None:
    """Refuse an instruction from which other options are read than those of the scale. Half steps are read as they are
    written, in numbers that an instruction of whole ones cannot state, and are not compared.
    """
    if scale.unit != 1:
        return
    try:
        found = parse_scale(stimulus)
    except ScaleError as error:
        raise CannotRewordError("Its options cannot be stated so without doubt.") from error
    if found.options != scale.options:
        raise CannotRewordError("Its options cannot be stated so without doubt.")
