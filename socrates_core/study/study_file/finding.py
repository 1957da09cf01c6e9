"""What is wrong or doubtful in a study file, and where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

PROBLEMS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "expected a text, got {input}; put it in quotes",
    "int_type": "expected a whole number, got {input}",
    "bool_type": "expected true or false, got {input}",
    "dict_type": "expected keys with values, got {input}",
    "model_type": "expected keys with values, got {input}",
    "tuple_type": "expected a list, got {input}",
    "list_type": "expected a list, got {input}",
    "literal_error": "expected {expected}, got {input}",
}
"""Kind of problem that pydantic finds in a file written by hand → its message."""

Place = tuple[str | int, ...]
"""The keys that lead to a value: `("conditions", 1, "label")`; empty for the whole file."""


@dataclass(frozen=True)
class Finding:
    """A sentence about one place of a study file."""

    place: Place
    message: str
    """What is wrong, what was expected, what to do."""
    blocks: bool = True
    """Whether the study cannot be simulated as it stands; otherwise its author should look at the place."""

    def __str__(self) -> str:
        """`conditions[1].label: is empty, expected a text`."""
        where = place_text(self.place)
        return f"{where}: {self.message}" if where else self.message


def place_text(place: Place) -> str:
    """`conditions[1].label`, as in messages; the options of a scale are keys: `outcomes[0].scale.labels.3`."""
    text = ""
    for part in place:
        listed = isinstance(part, int) and not text.endswith(("labels", "off_axis"))
        text += f"[{part}]" if listed else f".{part}" if text else str(part)
    return text


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean title?)` for a misspelt name, nothing where no known name is like it."""
    found = get_close_matches(name.casefold(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]}?)" if found else ""
