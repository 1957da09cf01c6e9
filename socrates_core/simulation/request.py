"""The request of a simulation: outcome, edits, number of people, sampling, seed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from socrates_core.errors import SocratesError
from socrates_core.people.population import Edit, edits_from_json, edits_to_json

MAX_PEOPLE: Final = 10_000


@dataclass(frozen=True)
class SimulationRequest:
    """Everything needed to repeat a simulation with the same studies and model."""

    cell_id: int
    """The chosen cell: its outcome is simulated in all arms, its own arm first."""
    edits: tuple[Edit, ...] = ()
    """Edits of the simulated population; () for the observed profiles."""
    n: int | None = 200
    """Simulated people in each arm, 1 to 10,000, drawn from those who answered it; in a study that nobody answered,
    with every kind of person among them if there are no more than n kinds, weighted as the population is. None to draw
    no sample: exactly those who answered, once for each of their answers and with their survey weights, as in an
    evaluation. If the edits change the group, all people after the edits, once each."""
    temperature: float = 1.0
    """≥ 0, applied to each profile's distribution (to each token of a number if the outcome is open-ended); 1
    leaves it unchanged."""
    top_p: float = 1.0
    """In (0, 1]: the share of each profile's most likely answers (of a number's most likely tokens) that is kept."""
    seed: int = 0
    """≥ 0."""
    max_arms: int = 12
    """At most this many arms are simulated, the chosen one and the control among them; some studies have a hundred."""
    control: int | None = None
    """Condition that effects are differences from. None for the study's own: the first, in order of number, that two
    people or more answered, as in the report of an evaluation, whichever arm is chosen."""

    def __post_init__(self) -> None:
        checks = {
            "cell_id": (_whole(self.cell_id) and self.cell_id >= 0, "the id of a cell"),
            "n": (self.n is None or _in_range(self.n), f"a whole number from 1 to {MAX_PEOPLE:,}"),
            "temperature": (_real(self.temperature) and 0 <= self.temperature <= 10, "a number from 0 to 10"),
            "top_p": (_real(self.top_p) and 0 < self.top_p <= 1, "a number above 0 and up to 1"),
            "seed": (_whole(self.seed) and 0 <= self.seed < 2**63, "a whole number of 0 or more"),
            "max_arms": (_whole(self.max_arms) and self.max_arms >= 1, "a whole number of 1 or more"),
            "control": (self.control is None or _whole(self.control), "the number of a condition"),
        }
        for name, (fits, expected) in checks.items():
            if not fits:
                raise SocratesError(f"{name}: expected {expected}, got {getattr(self, name)!r}")

    def to_json(self) -> dict[str, Any]:
        """As dictionaries, lists, strings and numbers."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**plain, "edits": edits_to_json(self.edits)}

    @classmethod
    def from_json(cls, raw: object) -> "SimulationRequest":
        """Read the output of `to_json`; absent fields have their defaults.

        Raises:
            SocratesError: If a field is unknown or its value is not allowed; names the field.
        """
        if not isinstance(raw, Mapping) or "cell_id" not in raw:
            raise SocratesError("a simulation request is an object with at least the field cell_id")
        unknown = sorted(set(raw) - {field.name for field in fields(cls)}, key=str)
        if unknown:
            raise SocratesError(f"a simulation request has no field {unknown[0]!r}")
        return cls(**{**raw, "edits": edits_from_json(raw.get("edits", []))})


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _in_range(n: object) -> bool:
    return isinstance(n, int) and _whole(n) and 1 <= n <= MAX_PEOPLE


def _real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
