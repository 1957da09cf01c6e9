"""People of whom the same is known are asked once: they get the same prompt, and so the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from socrates_core.people.edit import Value

PersonaKey = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, eq=False)
class DistinctPersonas:
    """The different ones among N personas."""

    personas: list[dict[str, Value]]
    """(U,) in the order of their first."""
    place: npt.NDArray[np.int64]
    """(N,) each persona's place in `personas`."""


def persona_key(persona: Mapping[str, Value]) -> PersonaKey:
    """Equal for personas that a prompt tells in the same words: the same attributes in the same order."""
    return tuple(persona.items())


def distinct_personas(personas: Sequence[Mapping[str, Value]]) -> DistinctPersonas:
    """Find them."""
    places: dict[PersonaKey, int] = {}
    place = [places.setdefault(persona_key(persona), len(places)) for persona in personas]
    return DistinctPersonas([dict(key) for key in places], np.array(place, dtype=np.int64))
