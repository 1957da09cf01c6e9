"""The prompt for one persona, the planned cost of a run, and the actual cost."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Final

from socrates_core.prompt import messages
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.study.study_set import Cell, Persona

ANSWER_TOKENS: Final = 16
"""Maximum tokens of a sampled answer: a few words and a number."""

CONTROL: Final = re.compile(
    r"<(?=[|｜][^<>|｜]{1,60}[|｜]>|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|<SYS>>)|\[(?=/?INST\])"
)
"""Text that would be read as a special token of some model's chat frame. An API offers no way to mark it as plain text,
so a blank is inserted after its first character."""

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class EndpointPlan:
    """The planned requests of a run; cached answers cost nothing."""

    requests: int
    """Requests if every persona is answered by the best method not known to be unsupported."""
    most_requests: int
    """Requests if every persona has to be sampled; excludes retries."""
    prompt_tokens: int
    """Prompt tokens of `most_requests`, estimated as one token per four bytes of text."""
    answer_tokens: int
    """Maximum answer tokens of `most_requests`."""
    cost: float | None
    """Maximum cost of `most_requests`, in the currency of the price; None without a price."""


@dataclass(frozen=True)
class EndpointReport:
    """The requests to a server so far, and their results."""

    requests: int
    retries: int
    exact: int
    """Personas (distinct prompts) answered by this method; likewise for the next three."""
    typed: int
    binned: int
    sampled: int
    off_scale: int
    """Sampled answers whose first number is not an option."""
    unreadable: int
    """Sampled answers without a number."""
    fewest_answers: int | None
    """The fewest sampled answers on the scale that a distribution rests on; None if none is sampled."""
    prefilled: bool
    """Whether the answers follow the template's beginning of the assistant's turn."""
    takes_seeds: bool
    """False if the server rejects seeds, so that its samples cannot be reproduced."""
    missing_mass_mean: float | None
    """Mean share of a persona's probability mass off the scale, over exact and sampled personas; None without any."""
    defused: int
    """Prompts in which text that could end the turn (`<|im_end|>` and the like) was defused by a blank."""
    prompt_tokens: int
    """As counted by the server, or estimated if it does not count them."""
    answer_tokens: int
    cost: float | None
    """Cost at the price of the settings; None without one."""


@dataclass(frozen=True)
class EndpointPrompt:
    """The request for one persona in one cell."""

    key: str
    """Identical for identical requests."""
    messages: list[dict[str, str]]
    values: tuple[str, ...]
    """(L,) the options, on the axis and off it, as they are written: 3 or 3.5."""
    axis: tuple[str, ...]
    """Those on the axis, ascending."""
    ordered: bool
    """Whether neighbours on the axis are alike; False for a nominal scale."""
    backwards: bool
    """Whether the question lists the options from the last to the first."""
    labels: Mapping[str, str]
    """Option as written → its text."""
    where: str
    """Study, cell and persona, for messages."""
    tokens: int
    """Estimated."""
    is_defused: bool
    """Whether text that could end the turn was defused."""


def endpoint_prompt(template: str, cell: Cell, persona: Persona) -> EndpointPrompt:
    """The messages for one persona in one cell with a bounded scale."""
    values, written = cell.scale.written_options, messages(template, cell, persona)
    safe = [{**message, "content": defused(message["content"])} for message in written]
    labels = {cell.scale.written(value): defused(label) for value, label in cell.scale.texts.items()}
    key = json.dumps([safe, values, list(labels.items())])
    known = ", ".join(f"{name} {value}" for name, value in persona.items() if value is not None) or "nothing known"
    return EndpointPrompt(
        key=sha256(key.encode()).hexdigest(),
        messages=safe,
        values=values,
        axis=tuple(cell.scale.written(value) for value in cell.scale.values or ()),
        ordered=not cell.scale.nominal,
        backwards=lists_backwards(cell.stimulus, cell.scale),
        labels=labels,
        where=f"study {cell.study_id}, cell {cell.cell_id}, persona {known[:160]}",
        tokens=estimated_tokens(safe),
        is_defused=safe != written or list(labels.values()) != list(cell.scale.texts.values()),
    )


def lists_backwards(stimulus: str, scale: AnswerScale) -> bool:
    """Whether the question ends with a list of all options on the axis, from the last to the first."""
    said = stimulus.rstrip().rpartition("\n")[2]
    for label in scale.texts.values():  # may have numbers in them
        said = said.replace(f'"{label}"', "")
    axis = [scale.written(value) for value in scale.values or ()]
    listed = [number for number in _NUMBER.findall(said) if number in axis]
    return len(axis) > 1 and listed[-len(axis) :] == axis[::-1]


def defused(text: str) -> str:
    """The text without anything that could end its turn, or that cannot be sent (half a surrogate pair, which becomes a
    question mark).
    """
    return CONTROL.sub(r"\g<0> ", text).encode("utf-8", "replace").decode()


def estimated_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """One token per four bytes of text, plus eight for the frame of each message."""
    return sum(ceil(len(message["content"].encode("utf-8", "replace")) / 4) + 8 for message in messages)
