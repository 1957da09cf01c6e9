"""Prompts and options as token ids."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from jinja2 import TemplateError

from socrates_core.errors import ModelError
from socrates_core.prompt import ChatFrame, Segment, check_template, render, segments
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell, Persona

Tokens = npt.NDArray[np.int64]

CACHED_SEGMENTS = 200_000

CONTEXT: Final = 16
"""Characters on either side of a cut that decide whether a tokenizer merges across it."""

CHECKED_ENDINGS: Final = (".", ".)", "a", "7", "é", "问", "»", "😀")
"""Ends of texts, one of each kind that tokenizers treat differently before a blank line."""

FOLDED_SYSTEM: Final = "\n\n"
"""What separates a system text from the user's text in a model without a system role."""


class PromptEncoder:
    """Encodes (cell, persona) pairs with one tokenizer and template.

    The tokens are those of the whole prompt, but each distinct part is encoded only once: the prompt is cut into parts
    where this tokenizer cuts it too. Special tokens are recognised in control segments (the chat frame) and never in
    text segments, so a stimulus or a persona that spells out an end-of-turn token remains text.
    """

    def __init__(self, tokenizer: Any, template: str) -> None:
        """Extract the tokenizer's chat frame, and compare a few prompts encoded in parts with the whole.

        Raises:
            ModelError: If there is no such template, the tokenizer has no usable chat template, or prompts encoded in
                parts differ from the whole.
        """
        check_template(template)
        self.tokenizer = tokenizer
        self.template = template
        self.frame = chat_frame(tokenizer)
        self._specials = _special_tokens(tokenizer)
        self._encode_part = lru_cache(CACHED_SEGMENTS)(self._tokens_of)
        self._control_parts = lru_cache(CACHED_SEGMENTS)(self._parts_of_control)
        self._moved = lru_cache(CACHED_SEGMENTS)(self._characters_moved)
        self._check_parts()

    def encode(self, cell: Cell, persona: Persona) -> Tokens:
        """(T,) the ids of the prompt up to where the answer starts."""
        parts = self._cut(segments(self.template, cell, persona, self.frame))
        return np.concatenate([self._encode_part(part) for part in parts])

    def encode_option(self, value: int | str) -> tuple[int, ...]:
        """The token ids of one option as written after the prompt, such as 3 or "3.5".

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

    def _cut(self, prompt: Sequence[Segment]) -> Iterator[Segment]:
        """The prompt in parts whose tokens, one after the other, are those of the whole.

        Parts end where segments do, unless the tokenizer merges across: then the blanks before the end move to the next
        part (GPT-2 encodes a blank line as one token, but not before a word), or the two parts become one.
        """
        waiting = ""  # text that is not yet part of a yielded part
        pieces = [piece for part in prompt for piece in (self._control_parts(part) if part.control else (part,))]
        for piece, after in zip(pieces, [*pieces[1:], None], strict=True):
            if piece.control:
                yield piece
                continue
            text, waiting = waiting + piece.text, ""
            if after is not None and not after.control:
                moved = self._moved(text[-CONTEXT:], after.text[:CONTEXT])
                text, waiting = ("", text) if moved is None else (text[: len(text) - moved], text[len(text) - moved :])
            if text:
                yield Segment(text)

    def _parts_of_control(self, segment: Segment) -> tuple[Segment, ...]:
        """A part of the chat frame, with what stands before its first and after its last special token as text."""
        found = list(self._specials.finditer(segment.text))
        if not found:
            return (Segment(segment.text),) if segment.text else ()
        first, last = found[0].start(), found[-1].end()
        before, inner, after = segment.text[:first], segment.text[first:last], segment.text[last:]
        parts = Segment(before), Segment(inner, control=True), Segment(after)
        return tuple(part for part in parts if part.text)

    def _characters_moved(self, left: str, right: str) -> int | None:
        """How many blanks at the end of a text to encode with the text after it, to get the tokens of both together.

        Args:
            left: The end of the first text.
            right: The beginning of the second one.

        Returns:
            As few as possible; None if the texts have to be encoded together.
        """
        whole = self._plain_ids(left + right)
        for moved in range(len(left) - len(left.rstrip()) + 1):
            edge = len(left) - moved
            if self._plain_ids(left[:edge]) + self._plain_ids(left[edge:] + right) == whole:
                return moved
        return None

    def _check_parts(self) -> None:
        """Compare a few prompts, each with an answer, encoded in parts and as a whole.

        Raises:
            ModelError: If they differ.
        """
        for ending in CHECKED_ENDINGS:
            cell = Cell(0, "check", 1, 1, f"A bridge.\n\nHow much? Only return 1 to 7{ending}", AnswerScale((1, 7)))
            personas: tuple[Persona, ...] = ({}, {"age": 34, "location": f"Ohio{ending}"})
            for persona in personas:
                text = render(self.template, cell, persona, self.frame)
                whole = list(self.tokenizer(f"{text}7", add_special_tokens=False).input_ids)
                parts = [*self.encode(cell, persona).tolist(), *self.encode_option(7)]
                if parts != whole:
                    at = next((i for i, (a, b) in enumerate(zip(parts, whole, strict=False)) if a != b), len(whole) - 1)
                    raise ModelError(
                        f"under the template {self.template}, this tokenizer encodes a prompt in parts differently "
                        f"from the whole, near {self.tokenizer.decode(whole[max(0, at - 3) : at + 3])!r}: its answers "
                        "would not be the model's; choose another template, or a model with a byte-level tokenizer "
                        "(Qwen, Llama 3)"
                    )

    def _tokens_of(self, part: Segment) -> Tokens:
        if not part.control:
            return np.asarray(self._plain_ids(part.text), dtype=np.int64)
        return np.asarray(self.tokenizer(part.text, add_special_tokens=False).input_ids, dtype=np.int64)

    def _plain_ids(self, text: str) -> list[int]:
        """The tokens of a text in which no special token is recognised."""
        return list(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids)


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


def _special_tokens(tokenizer: Any) -> re.Pattern[str]:
    """Matches each special token, with the blanks that some (those of Phi 3) swallow beside them."""
    tokens = [token for token in tokenizer.added_tokens_decoder.values() if token.special]
    tokens.sort(key=lambda token: len(token.content), reverse=True)
    written = [
        (r"\s*" if token.lstrip else "") + re.escape(token.content) + (r"\s*" if token.rstrip else "")
        for token in tokens
    ]
    return re.compile("|".join(written) or r"(?!)")  # without special tokens, nothing


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
