"""The question of a stimulus, shortened for a menu or a message."""

import re
from typing import Final

from socrates_core.study.study_set import Cell

QUESTION_WORDS: Final = 90
"""Most characters of a question in a menu."""

_INSTRUCTION: Final = re.compile(
    r"\b(?:(?:please )?(?:only (?:return|answer|respond|reply)|(?:return|answer|respond|reply) (?:only|with)))\b", re.I
)
"""The beginning of an answer instruction, in its common wordings."""


def question_of(cell: Cell) -> str:
    """The question of a cell's stimulus, as `question_in` finds it."""
    return question_in(cell.stimulus)


def question_in(stimulus: str) -> str:
    """The question of a stimulus, shortened for a menu: its last question, or without one the last sentence before the
    answer instruction. A question that is asked of several items stands with its item: "How good is it? The tea".
    """
    told = _INSTRUCTION.split(" ".join(stimulus.split()))[0].strip() or stimulus.strip()
    sentences = re.split(r"(?<=[.!?…])['\"”’)]* +", told)
    asked = [sentence for sentence in sentences if sentence.rstrip("'\"”’) ").endswith("?")]
    words = (asked or sentences)[-1]
    item = sentences[-1]
    if sentences[-2:-1] == [words] and len(words) + len(item) < QUESTION_WORDS and item[-1:] not in ".!?…:":
        words = f"{words} {item}"
    return words if len(words) <= QUESTION_WORDS else words[: QUESTION_WORDS - 1].rstrip() + "…"


def ending(text: str, most: int = 80) -> str:
    """The end of a stimulus, where its question stands; an ellipsis marks where it was cut."""
    return text if len(text) <= most else f"…{text[-most:].lstrip()}"
