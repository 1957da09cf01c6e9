"""What is asked of a server for one persona, what a run would cost, and what it did cost."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Final

from socrates_core.prompt import messages
from socrates_core.study.study_set import Cell, Persona

ANSWER_TOKENS: Final = 16
"""The most that a sampled answer may have: a few words and a number."""

CONTROL: Final = re.compile(
    r"<(?=[|｜][^<>|｜]{1,60}[|｜]>|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|<SYS>>)|\[(?=/?INST\])"
)
"""Where text would be read as a special token of some model's chat frame. A server offers no way to say that it is
text, so a blank is put in after its first character."""


@dataclass(frozen=True)
class EndpointPlan:
    """What a run would ask of a server; answers that are kept cost nothing more."""

    requests: int
    """When every persona is answered in the best way that the server is not known to lack."""
    most_requests: int
    """When every persona has to be sampled; retries come on top."""
    prompt_tokens: int
    """Of `most_requests`, estimated: a token for every four bytes of text."""
    answer_tokens: int
    """Of `most_requests`, at most."""
    cost: float | None
    """Of `most_requests`, at most, in the currency of the price; None without a price."""


@dataclass(frozen=True)
class EndpointReport:
    """What was asked of a server so far."""

    requests: int
    retries: int
    exact: int
    """Personas (different prompts) answered in this way, as the next two."""
    typed: int
    sampled: int
    off_scale: int
    """Sampled answers whose first number is no option."""
    unreadable: int
    """Sampled answers without a number."""
    takes_seeds: bool
    """False where the server refuses seeds, so that its samples cannot be repeated."""
    missing_mass_mean: float | None
    """Mean share of a persona's mass outside the scale, over the exact and sampled ones; None where there are none."""
    defused: int
    """Prompts in which text that could end the turn (`<|im_end|>` and the like) was broken by a blank."""
    prompt_tokens: int
    """As the server counted them, estimated where it did not."""
    answer_tokens: int
    cost: float | None
    """At the price of the settings; None without one."""


@dataclass(frozen=True)
class EndpointPrompt:
    """What is asked for one persona in one cell."""

    key: str
    """Equal for equal questions."""
    messages: list[dict[str, str]]
    values: tuple[int, ...]
    """(K,) the options."""
    labels: Mapping[int, str]
    where: str
    """Study, cell and persona, for messages."""
    tokens: int
    """Estimated."""
    is_defused: bool
    """Whether a blank was put into something that could end the turn."""


def endpoint_prompt(template: str, cell: Cell, persona: Persona) -> EndpointPrompt:
    """The messages for one persona in one cell with a bounded scale."""
    values, written = cell.scale.values, messages(template, cell, persona)
    assert values is not None
    asked = [{**message, "content": defused(message["content"])} for message in written]
    labels = {value: defused(label) for value, label in sorted(cell.scale.labels.items())}
    key = json.dumps([asked, values, list(labels.items())])
    known = ", ".join(f"{name} {value}" for name, value in persona.items() if value is not None) or "nothing known"
    return EndpointPrompt(
        key=sha256(key.encode()).hexdigest(),
        messages=asked,
        values=values,
        labels=labels,
        where=f"study {cell.study_id}, cell {cell.cell_id}, persona {known[:160]}",
        tokens=estimated_tokens(asked),
        is_defused=asked != written or labels != cell.scale.labels,
    )


def defused(text: str) -> str:
    """The text without anything that could end the turn it stands in, or that no request can carry (half a surrogate
    pair, which becomes a question mark).
    """
    return CONTROL.sub(r"\g<0> ", text).encode("utf-8", "replace").decode()


def estimated_tokens(asked: Sequence[Mapping[str, str]]) -> int:
    """A token for every four bytes of text, and eight for the frame of each message."""
    return sum(ceil(len(message["content"].encode("utf-8", "replace")) / 4) + 8 for message in asked)
