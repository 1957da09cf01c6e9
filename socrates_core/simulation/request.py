"""The request of a simulation: outcome, edits, number of people, sampling, seed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

from socrates_core.errors import SocratesError
from socrates_core.people.population import Edit, edits_from_json, edits_to_json
from socrates_core.study.incoming.fields import Expected, check_fields, number, whole

MAX_PEOPLE: Final = 10_000


@dataclass(frozen=True)
class SimulationRequest:
    """Everything needed to repeat a simulation with the same studies and model."""

    cell_id: Annotated[int, Expected("the id of a cell", ge=0)]
    """The chosen cell: its outcome is simulated in all arms, its own arm first."""
    edits: tuple[Edit, ...] = ()
    """Edits of the simulated population; () for the observed profiles."""
    n: Annotated[int | None, whole(1, MAX_PEOPLE)] = 200
    """Simulated people in each arm, 1 to 10,000, drawn from those who answered it; in a study that nobody answered,
    with every kind of person among them if there are no more than n kinds, weighted as the population is. None to draw
    no sample: exactly those who answered, once for each of their answers and with their survey weights, as in an
    evaluation. If the edits change the group, all people after the edits, once each."""
    temperature: Annotated[float, number("a number from 0 to 10", ge=0, le=10)] = 1.0
    """≥ 0, applied to each profile's distribution (to each token of a number if the outcome is open-ended); 1
    leaves it unchanged."""
    top_p: Annotated[float, number("a number above 0 and up to 1", gt=0, le=1)] = 1.0
    """In (0, 1]: the share of each profile's most likely answers (of a number's most likely tokens) that is kept."""
    seed: Annotated[int, Expected("a whole number of 0 or more", ge=0, lt=2**63)] = 0
    """≥ 0."""
    max_arms: Annotated[int, Expected("a whole number of 1 or more", ge=1)] = 12
    """At most this many arms are simulated, the chosen one and the control among them; some studies have a hundred."""
    control: Annotated[int | None, Expected("the number of a condition")] = None
    """Condition that effects are differences from. None for the study's own: the first, in order of number, that two
    people or more answered, as in the report of an evaluation, whichever arm is chosen."""

    def __post_init__(self) -> None:
        try:
            check_fields(self)
        except ValueError as error:
            raise SocratesError(str(error)) from error

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
