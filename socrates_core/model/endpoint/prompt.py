"""The prompt for one persona in one cell, and its options as they are put to a server that returns a probability for
each: one by one, or in bins.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Final

import numpy as np

from socrates_core.prompt import messages
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import Floats
from socrates_core.study.study_set import Cell, Persona

QUESTION: Final = "Which of these answers does this person give?"
BINS: Final = "Which of these ranges holds the answer that this person gives?"

CONTROL: Final = re.compile(
    r"<(?=[|｜][^<>|｜]{1,60}[|｜]>|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|<SYS>>)|\[(?=/?INST\])"
)
"""Text that would be read as a special token of some model's chat frame. An API offers no way to mark it as plain text,
so a blank is inserted after its first character."""

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")


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


@dataclass(frozen=True)
class Offer:
    """The M options of one question, in the order in which its instruction lists them."""

    question: str
    names: tuple[str, ...]
    """(M,) each an option as it is written, or a bin by its ends, as `0 to 3`."""
    texts: Mapping[str, str]
    """Name → its text, for those that have one."""
    members: tuple[tuple[int, ...], ...]
    """(M,) the places of each one's options among those of the scale; several for a bin."""

    def spread(self, probs: Floats) -> Floats:
        """(L,) probabilities of the scale's options, from those of the M offered: a bin's is spread evenly within it.

        At most that moves the mass of a bin of b options by b − 1 steps of the scale.
        """
        out = np.zeros(sum(len(places) for places in self.members))
        for prob, places in zip(probs, self.members, strict=True):
            out[list(places)] = prob / len(places)
        return out


def one_by_one(prompt: EndpointPrompt) -> Offer:
    """Every option by itself."""
    values = _listed(prompt)
    places = {value: place for place, value in enumerate(prompt.values)}
    return Offer(QUESTION, values, prompt.labels, tuple((places[value],) for value in values))


def can_be_binned(prompt: EndpointPrompt, most: int) -> bool:
    """Whether more than `most` options can be put in bins: not those of a nominal scale, which have no neighbours, and
    not where fewer than two bins would be left beside the options off the axis.
    """
    off = len(prompt.values) - len(prompt.axis)
    return prompt.ordered and len(prompt.values) > most >= off + 2


def in_bins(prompt: EndpointPrompt, most: int) -> Offer:
    """Neighbours on the axis in bins, whose sizes differ by at most one option; options off the axis by themselves.

    Args:
        prompt: One that can be binned.
        most: Options and bins together.
    """
    off = [value for value in prompt.values if value not in set(prompt.axis)]
    places = {value: place for place, value in enumerate(prompt.values)}
    bins = [[str(value) for value in part] for part in np.array_split(np.array(prompt.axis), most - len(off))]
    if prompt.backwards:
        bins = [part[::-1] for part in reversed(bins)]
    names, texts, members = [], {}, []
    for part in [*bins, *([value] for value in off)]:
        name = part[0] if len(part) == 1 else f"{part[0]} to {part[-1]}"
        said = {value: prompt.labels[value] for value in part if value in prompt.labels}
        if said:
            texts[name] = next(iter(said.values())) if len(part) == 1 else _said(said)
        names.append(name)
        members.append(tuple(places[value] for value in part))
    return Offer(BINS, tuple(names), texts, tuple(members))


def _listed(prompt: EndpointPrompt) -> tuple[str, ...]:
    if not prompt.backwards:
        return prompt.values
    return (*reversed(prompt.axis), *(value for value in prompt.values if value not in prompt.axis))


def _said(texts: Mapping[str, str]) -> str:
    return ", ".join(f'{value} means "{text}"' for value, text in texts.items())
