"""What a program asks for: reads arguments, which may be of any type, and says of a wrong one what is allowed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from socrates_core.errors import SocratesError
from socrates_core.people.edit import Edit, edits_from_json
from socrates_core.people.taking_part import Population
from socrates_core.simulation.request import MAX_PEOPLE, SimulationRequest
from socrates_core.simulation.whole_study import Sampling
from socrates_core.study.incoming.numbers import number_in, whole_in
from socrates_core.study.studies import Studies
from socrates_core.study.study_file.checks import form_of
from socrates_core.study.study_file.form import StudyForm
from socrates_core.study.study_file.reading import study_of
from socrates_core.study.study_file.yaml_text import read_yaml
from socrates_core.ui.catalogue import Source
from socrates_core.ui.results import Results
from socrates_core.ui.simulate.link import LONGEST, MAX_TEMPERATURE, Link
from socrates_core.ui.your_study.draft import LONGEST as LONGEST_STUDY
from socrates_core.ui.your_study.work import loaded_in

STUDY_FILE: Final = "study_file"
"""What messages call a study that came as text."""

LARGEST_SEED: Final = 2**53
"""As on the page: larger whole numbers do not survive JSON everywhere."""


@dataclass(frozen=True)
class Asked:
    """The arguments of a prediction; the names are those of the endpoints."""

    study: str = ""
    study_file: str = ""
    source: str = ""
    outcome: str | int | None = None
    condition: str | int | None = None
    people: int = 200
    population: tuple[Edit, ...] = ()
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    model: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Asked":
        """Read arguments by name; absent ones have their defaults.

        Raises:
            SocratesError: If one is unknown, or its value is not allowed.
        """
        known = [one.name for one in fields(cls)]
        unknown = sorted(set(raw) - set(known))
        if unknown:
            raise SocratesError(f"there is no argument {unknown[0][:60]!r}; there are {', '.join(known)}")
        readers: dict[str, Callable[[str, Any], Any]] = {
            "study_file": lambda name, one: text(name, one, LONGEST_STUDY),
            "outcome": _name_or_number,
            "condition": _name_or_number,
            "people": lambda name, one: whole(name, one, 1, MAX_PEOPLE),
            "population": _edits,
            "temperature": lambda name, one: real(name, one, 0, MAX_TEMPERATURE),
            "top_p": lambda name, one: real(name, one, 0, 1),
            "seed": lambda name, one: whole(name, one, 0, LARGEST_SEED),
        }
        read: dict[str, Any] = {name: readers.get(name, text)(name, one) for name, one in raw.items()}
        return cls(**read)

    def changed(self, change: object) -> "Asked":
        """The same with other arguments, for the second setting of a comparison.

        Raises:
            SocratesError: If `change` is no object, names no argument, or holds a value that is not allowed.
        """
        if not isinstance(change, dict) or not change:
            raise SocratesError(
                'change: expected an object with the arguments that differ, such as {"temperature": 0.5}'
            )
        other = Asked.of(change)
        given = {name: getattr(other, name) for name in change}
        if "study" in change and "study_file" not in change:
            given["study_file"] = ""
        elif "study_file" in change and "study" not in change:
            given["study"] = ""
        return replace(self, **given)

    @property
    def sampling(self) -> Sampling:
        """How people and answers are drawn."""
        return Sampling(self.people, self.temperature, self.top_p, self.seed)

    def check_one_study(self) -> None:
        """Raise a SocratesError unless exactly one study is named, and all else that is given applies to it."""
        if bool(self.study) == bool(self.study_file):
            raise SocratesError(
                "study, study_file: give one of them, the id of a study that /studies lists or the text of a study file"
            )
        listed = {
            "source": bool(self.source),
            "outcome": self.outcome is not None,
            "condition": self.condition is not None,
            "population": bool(self.population),
        }
        given = [name for name, there in listed.items() if there]
        if self.study_file and given:
            raise SocratesError(
                f"{given[0]}: leave it out with study_file, whose outcomes are all predicted, whose first condition or "
                "the one with `control: true` is the control, and which says who takes part under `population`"
            )


def link_of(asked: Asked, results: Results) -> Link:
    """The request to a study of the catalogue.

    Raises:
        SocratesError: If there is no such study, condition or outcome, or more than one; lists the choices.
    """
    source = source_of(asked, results)
    cell = Studies.of(source.studies).find(asked.study, condition=asked.condition, outcome=asked.outcome)
    control = None if asked.condition is None else cell.condition_num
    request = SimulationRequest(
        cell.cell_id, asked.population, asked.people, asked.temperature, asked.top_p, asked.seed, control=control
    )
    return Link(source.name, request, asked.model)


def source_of(asked: Asked, results: Results) -> Source:
    """The source that holds the study; the first of several.

    Raises:
        SocratesError: If there is none.
    """
    catalogue = results.catalogue_of(asked.model)
    sources = catalogue.sources
    if asked.source:
        sources = (catalogue.source(asked.source),)
    for source in sources:
        if any(entry.study.study_id == asked.study for entry in source.entries):
            return source
    where = f"the source {asked.source!r}" if asked.source else "any source"
    raise SocratesError(f"study: there is no {asked.study[:60]!r} in {where}; /studies lists what there is")


def own_study(asked: Asked, results: Results) -> tuple[StudyForm, Studies]:
    """The study that came as text: YAML, or JSON, which YAML holds. It reads no file of this machine.

    Raises:
        SourceError: If it is no study file; names the line or the key.
    """
    form = form_of(read_yaml(asked.study_file, STUDY_FILE), STUDY_FILE)
    return form, study_of(form, None, STUDY_FILE, loaded_in(results))


# -- values ------------------------------------------------------------------------------------------------------


def text(name: str, raw: object, most: int = LONGEST) -> str:
    """A text of bounded length; null is an empty one.

    Raises:
        SocratesError: If it is something else.
    """
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise SocratesError(f"{name}: expected a text, got {_shown(raw)}")
    if len(raw) > most:
        raise SocratesError(f"{name}: expected at most {most:,} characters, got {len(raw):,}")
    return raw.strip()


def whole(name: str, raw: object, low: int, high: int) -> int:
    """A whole number between two bounds, both included.

    Raises:
        SocratesError: If it is something else.
    """
    number = whole_in(raw, low, high)
    if number is None:
        raise SocratesError(f"{name}: expected a whole number from {low:,} to {high:,}, got {_shown(raw)}")
    return number


def real(name: str, raw: object, low: float, high: float) -> float:
    """A number between two bounds, both included.

    Raises:
        SocratesError: If it is something else.
    """
    number = number_in(raw, low, high)
    if number is None:
        raise SocratesError(f"{name}: expected a number from {low:g} to {high:g}, got {_shown(raw)}")
    return number


def truth(name: str, raw: object) -> bool:
    """True or false.

    Raises:
        SocratesError: If it is something else.
    """
    if not isinstance(raw, bool):
        raise SocratesError(f"{name}: expected true or false, got {_shown(raw)}")
    return raw


def _name_or_number(name: str, raw: object) -> str | int | None:
    if raw is None or raw == "":
        return None
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return text(name, raw)
    raise SocratesError(f"{name}: expected a name, a part of it, or a number, got {_shown(raw)}")


def _edits(_name: str, raw: object) -> tuple[Edit, ...]:
    return () if raw is None else Population(edits_from_json(raw)).edits


def _shown(raw: object) -> str:
    """A value in a message, shortened."""
    shown = json.dumps(raw, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
