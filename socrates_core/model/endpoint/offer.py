"""The options of a scale as they are put to a server that returns a probability for each: one by one, or in bins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from socrates_core.model.endpoint.plan import EndpointPrompt
from socrates_core.scale.distribution import Floats

QUESTION: Final = "Which of these answers does this person give?"
BINS: Final = "Which of these ranges holds the answer that this person gives?"


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
