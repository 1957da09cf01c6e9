"""Prompts and options as token ids."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from jinja2 import TemplateError

from socrates_core.errors import ModelError
from socrates_core.prompt import ChatFrame, Segment, check_template, segments
from socrates_core.study.study_set import Cell, Persona

Tokens = npt.NDArray[np.int64]

CACHED_SEGMENTS = 200_000

FOLDED_SYSTEM: Final = "\n\n"
"""What separates a system text from the user's text in a model without a system role."""


class PromptEncoder:
    """Encodes (cell, persona) pairs with one tokenizer and template.

    Each distinct segment is encoded once. Special tokens are recognised in control segments (the chat frame) and never
    in text segments, so a stimulus or a persona that spells out an end-of-turn token remains text.
    """

    def __init__(self, tokenizer: Any, template: str) -> None:
        """Extract the tokenizer's chat frame.

        Raises:
            ModelError: If there is no such template, or the tokenizer has no usable chat template.
        """
        check_template(template)
        self.tokenizer = tokenizer
        self.template = template
        self.frame = chat_frame(tokenizer)
        self._encode_segment = lru_cache(CACHED_SEGMENTS)(self._tokens_of)

    def encode(self, cell: Cell, persona: Persona) -> Tokens:
        """(T,) the ids of the prompt up to where the answer starts."""
        parts = [self._encode_segment(part) for part in segments(self.template, cell, persona, self.frame)]
        return np.concatenate(parts)

    def encode_option(self, value: int) -> tuple[int, ...]:
        """The token ids of one option as written after the prompt.

        Raises:
            ModelError: If the tokenizer does not reproduce the number (another text would be scored).
        """
        ids = self.tokenizer(str(value), add_special_tokens=False).input_ids
        if self.tokenizer.decode(ids) != str(value):
            raise ModelError(
                f"this tokenizer encodes the answer {value} as {self.tokenizer.decode(ids)!r}; a byte-level tokenizer "
                "is required (Qwen, Llama 3)"
            )
        return tuple(ids)

    def _tokens_of(self, segment: Segment) -> Tokens:
        ids = self.tokenizer(segment.text, add_special_tokens=False, split_special_tokens=not segment.control).input_ids
        return np.asarray(ids, dtype=np.int64)


def chat_frame(tokenizer: Any) -> ChatFrame:
    """The text that the tokenizer's chat template puts around a system and a user message.

    A template without a system role refuses the message (Gemma 2, the first Mistral models) or drops it. The system
    text then opens the user's turn, followed by a blank line, which is where later templates of those families put it.

    Raises:
        ModelError: If there is no chat template, or it alters the messages' text.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise ModelError("this model's tokenizer has no chat template: choose an instruction-tuned model")
    system, user = "ThisIsTheSystemText", "ThisIsTheUserText"
    user_message = {"role": "user", "content": user}
    lone = _around(tokenizer, [user_message])
    if lone is None:
        raise ModelError("this model's chat template drops or rewrites messages; it cannot be used")
    before_lone_user, before_answer = lone
    both = _around(tokenizer, [{"role": "system", "content": system}, user_message])
    if both is None:
        return ChatFrame(before_lone_user, FOLDED_SYSTEM, before_answer, before_lone_user)
    before_system, before_user, before_answer = both
    return ChatFrame(before_system, before_user, before_answer, before_lone_user)


def _around(tokenizer: Any, messages: Sequence[dict[str, str]]) -> list[str] | None:
    """The text before each message and after the last; None if the chat template refuses, drops or rewrites one."""
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except TemplateError:
        return None
    out = []
    for message in messages:
        before, found, text = text.partition(message["content"])
        if not found:
            return None
        out.append(before)
    return [*out, text]


def digit_tokens(tokenizer: Any, vocabulary: int) -> npt.NDArray[np.bool_]:
    """(V,) whether a token's text begins with a digit.

    Byte-level vocabularies store an ASCII digit as itself and a leading blank as another character, so the first
    character decides.

    Args:
        tokenizer: The model's tokenizer.
        vocabulary: Columns of the output matrix, of which there may be more than tokens in the tokenizer.
    """
    names = tokenizer.convert_ids_to_tokens(list(range(min(vocabulary, len(tokenizer)))))
    digits = np.zeros(vocabulary, dtype=bool)
    digits[: len(names)] = [bool(name) and name[0] in "0123456789" for name in names]
    return digits
