"""Who takes part in a simulation, as one describes it before a study is at hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from socrates_core.errors import PopulationError, SourceError
from socrates_core.people.edit import (
    Edit,
    Filter,
    Range,
    SetValue,
    Shares,
    Value,
    attribute_words,
    check_edits,
    check_form,
    describe,
    edits_from_json,
    edits_to_json,
)
from socrates_core.study.sources.persons import people_table, persona_frame
from socrates_core.study.study_set import Persona


@dataclass(frozen=True)
class Population:
    """Who takes part: the people who were observed or personas of one's own, with edits.

    Every method gives a new population, so one can be reused. Edits do not depend on their order: `keep` and `between`
    look at the observed values, then `give` sets values, then `shares` re-weights.

    >>> from socrates_core import Population
    >>> democrats = Population().keep(party_id="Democrat")
    >>> older = democrats.give(age_group="65+").shares("gender", {"Female": 0.7, "Male": 0.3})
    >>> print(older)
    the observed people, party identification is Democrat, age group is set to 65+, gender is 70.0% Female, 30.0% Male
    >>> print(Population.of([{"age": 30, "gender": "Female"}, {"age": 71}]))
    2 own personas

    Attributes and values are checked against a study when it is simulated.

    Raises:
        PopulationError: If an edit makes no sense for anybody: shares that do not add up to 1, say.
    """

    edits: tuple[Edit, ...] = ()
    personas: tuple[Persona, ...] | None = None
    """Own people in place of those who were observed; nobody's answers are theirs, so predictions stand alone."""

    def __post_init__(self) -> None:
        edits_from_json(edits_to_json(self.edits))  # checks names and the types of values
        for edit in self.edits:
            check_form(edit)
        final = [edit.attribute for edit in self.edits if isinstance(edit, SetValue | Shares)]
        twice = sorted({name for name in final if final.count(name) > 1})
        if twice:
            raise PopulationError(f"{attribute_words(twice[0])} is set or given shares twice; keep one of the edits")
        if self.personas is not None:
            check_edits(self.people("own"), self.edits)

    def __str__(self) -> str:
        """In words."""
        own = self.personas
        who = "the observed people" if own is None else f"{len(own):,} own persona{'s' * (len(own) != 1)}"
        return ", ".join([who, *map(describe, self.edits)])

    @classmethod
    def of(cls, personas: Iterable[Persona]) -> "Population":
        """Personas of one's own.

        Args:
            personas: Attribute → text, whole number, or None where it is not known; one for each person.

        Raises:
            PopulationError: If there is nobody, or an attribute cannot be read.
        """
        return cls(personas=tuple(dict(one) for one in personas))

    def keep(self, **values: Value | Sequence[Value]) -> "Population":
        """Only the people who have one of these values of each attribute; None stands for unknown."""
        listed = {name: (one,) if isinstance(one, str | int | None) else tuple(one) for name, one in values.items()}
        return self._and(*(Filter(name, one) for name, one in listed.items()))

    def between(self, attribute: str, low: int | None = None, high: int | None = None) -> "Population":
        """Only the people whose number lies between two bounds, both included; None for no bound."""
        return self._and(Range(attribute, low, high))

    def give(self, **values: Value) -> "Population":
        """Give everybody these values; None makes them unknown."""
        return self._and(*(SetValue(name, value) for name, value in values.items()))

    def shares(self, attribute: str, shares: Mapping[Value, float]) -> "Population":
        """Let the values of an attribute have these shares, each in [0, 1] and together 1; other values leave."""
        return self._and(Shares(attribute, tuple(shares.items())))

    def people(self, study_id: str) -> pl.DataFrame:
        """The own personas as participants of a study.

        Raises:
            PopulationError: If there is nobody, or an attribute cannot be read.
        """
        assert self.personas is not None, "the observed people stand in the study"
        for one in self.personas:
            for name, value in one.items():
                if isinstance(value, bool) or not isinstance(value, str | int | None):
                    raise PopulationError(f"own personas: {name} is {value!r}, expected a text, a whole number or None")
        if any(name in one for one in self.personas for name in ("participant", "weight")):
            raise PopulationError("own personas: no attribute can be called participant or weight; rename it")
        try:
            return people_table(persona_frame(self.personas), study_id, "own personas")
        except SourceError as error:
            raise PopulationError(str(error)) from error

    def _and(self, *edits: Edit) -> "Population":
        return replace(self, edits=(*self.edits, *edits))
