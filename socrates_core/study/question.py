"""What a stimulus asks, in the words of a menu."""

import re
from typing import Final

from socrates_core.study.study_set import Cell

QUESTION_WORDS: Final = 90
"""Characters of a question that a menu shows."""

_INSTRUCTION: Final = re.compile(
    r"\b(?:(?:please )?(?:only (?:return|answer|respond|reply)|(?:return|answer|respond|reply) (?:only|with)))\b", re.I
)
"""Where the answer instruction begins, in the wordings that are common."""


def question_of(cell: Cell) -> str:
    """What a stimulus asks, cut to what a menu shows: its last question, or the last sentence before the answer
    instruction where it asks none.
    """
    told = _INSTRUCTION.split(" ".join(cell.stimulus.split()))[0].strip() or cell.stimulus.strip()
    sentences = re.split(r"(?<=[.!?…])['\"”’)]* +", told)
    asked = [sentence for sentence in sentences if sentence.rstrip("'\"”’) ").endswith("?")]
    words = (asked or sentences)[-1]
    return words if len(words) <= QUESTION_WORDS else words[: QUESTION_WORDS - 1].rstrip() + "…"
