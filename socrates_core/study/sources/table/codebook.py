"""studies.json: metadata of studies beyond a table of answers.

    [{"study_id": "wording", "title": "…", "source": "…", "licence": "…", "citation": "…", "randomised": true,
      "group": "general social survey",
      "conditions": [{"condition_num": 1, "label": "welfare"}],
      "outcome": {"question": "…", "min": 1, "max": 3, "labels": {"1": "Too much", "3": "Too little"}}}]

Only `study_id` is required. A study with several questions has `outcomes`, a list, each with its question. An outcome
whose question nobody was asked in these words is that of all wordings, if nobody was asked two questions. What cannot
be applied is an error, and keys that nothing reads are named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from socrates_core.errors import SourceError, listed
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.study.incoming.fields import Expected
from socrates_core.study.incoming.problems import first_problem
from socrates_core.study.study_set import Study


class _Form(BaseModel):
    """Keys that nothing reads may stand beside the others; one that is nearly one of ours was meant to be it."""

    model_config = ConfigDict(strict=True, extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _spelt(cls, raw: Any) -> Any:
        for key in raw if isinstance(raw, dict) else ():
            close = get_close_matches(key.casefold(), cls.model_fields, n=1, cutoff=0.8)
            if close and key not in cls.model_fields:
                said = "there is no key {key}; did you mean {close}?"
                raise PydanticCustomError("misspelt", said, {"key": key, "close": close[0]})
        return raw


class _Condition(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    condition_num: int
    label: str = ""


class _Question(_Form):
    question: str = ""
    min: int = 0
    max: int = 0
    labels: dict[Annotated[str, Expected("the number of an option", pattern=r"^-?\d+$")], str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> "_Question":
        ends = {"min", "max"} & self.model_fields_set
        if len(ends) == 1:
            raise PydanticCustomError("ends", "expected both min and max, or neither")
        strangers = [key for key in self.labels if ends and not self.min <= int(key) <= self.max]
        if strangers:
            said = "the labels {labels} are not options of the outcome"
            raise PydanticCustomError("labels", said, {"labels": ", ".join(strangers)})
        return self


class _Entry(_Form):
    study_id: str
    title: str = ""
    source: str = ""
    licence: str = ""
    citation: str = ""
    randomised: bool = True
    group: str = ""
    conditions: list[_Condition] = []
    outcome: _Question = _Question()
    outcomes: list[_Question] = []

    @model_validator(mode="after")
    def _consistent(self) -> "_Entry":
        if self.outcomes and "outcome" in self.model_fields_set:
            raise PydanticCustomError("outcomes", "it has both outcome and outcomes; keep one of them")
        if len(self.outcomes) > 1 and not all(one.question for one in self.outcomes):
            raise PydanticCustomError("outcomes", "every one of several outcomes needs its question")
        if len({one.condition_num for one in self.conditions}) < len(self.conditions):
            raise PydanticCustomError("conditions", "two conditions have the same condition_num")
        return self

    def ignored(self) -> list[str]:
        """The keys that nothing reads, each with where it stands."""
        parts: dict[str, Sequence[BaseModel]] = {
            "": [self],
            "conditions: ": self.conditions,
            "outcome: ": [*self.outcomes, self.outcome],
        }
        return [f"{where}{key}" for where, forms in parts.items() for one in forms for key in one.model_extra or ()]


@dataclass(frozen=True)
class Outcome:
    """One question of a study, as its codebook describes it."""

    study_id: str
    question: str | None
    """None if the codebook does not say."""
    ends: tuple[int, int] | None
    """The lowest and the highest option; None if the codebook does not say."""
    labels: Mapping[int, str]
    """Option → its text."""

    def fits(self, values: tuple[int, ...]) -> bool:
        """Whether its ends and labels are those of a scale with these options."""
        return self.ends in (None, (values[0], values[-1])) and set(self.labels) <= set(values)

    def __str__(self) -> str:
        """As messages name it."""
        return f"the outcome {self.question!r:.80}" if self.question else "the outcome"


@dataclass(frozen=True)
class Codebook:
    """The entries of a studies.json, by study id; empty if there is no such file."""

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    path: Path | None = None
    ignored: tuple[str, ...] = ()
    """What the file holds and nothing reads, a sentence each."""

    @classmethod
    def load(cls, path: Path, required: bool = False) -> "Codebook":
        """Read and check the file; if it is missing and not required, the codebook is empty.

        Raises:
            SourceError: If it cannot be read, or an entry does not have the form above.
        """
        if not path.is_file() and not required:
            return cls()
        try:
            raw = parse_json(read_bytes(path).decode("utf-8-sig"))
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise SourceError(f"{path} is not JSON ({error})") from error
        if not isinstance(raw, list):
            raise SourceError(f"{path}: expected a list of studies, found {type(raw).__name__}")
        entries: dict[str, Mapping[str, Any]] = {}
        ignored: dict[str, None] = {}
        for number, entry in enumerate(raw):
            try:
                found = _Entry.model_validate(entry)
            except ValidationError as error:
                raise SourceError(f"{path}, study {number}: {first_problem(error)}") from error
            if found.study_id in entries:
                raise SourceError(f"{path}: study {found.study_id} appears twice")
            entries[found.study_id] = entry
            ignored.update(dict.fromkeys(found.ignored()))
        return cls(entries, path, (f"{path.name}: nothing reads {', '.join(ignored)}",) if ignored else ())

    def study(self, study_id: str, source: str, conditions: int, group: str | None = None) -> Study:
        """What is known about a study.

        Args:
            study_id: The study's id.
            source: Its source, unless the codebook names one.
            conditions: The number of its conditions; unless the codebook says otherwise, a study with several of them
                is an experiment.
            group: Its group, unless the codebook names one.
        """
        entry = self.entries.get(study_id, {})
        randomised = entry.get("randomised", conditions > 1)
        return Study(
            study_id=study_id,
            title=entry.get("title", study_id),
            source=entry.get("source", source),
            licence=entry.get("licence", "not stated by the source"),
            citation=entry.get("citation", ""),
            kind="experiment" if randomised else "survey",
            real=True,
            group=entry.get("group", group or study_id),
        )

    def outcomes(self, study_id: str) -> list[Outcome]:
        """The outcomes of a study; empty if the codebook describes none."""
        entry = self.entries.get(study_id, {})
        described = entry.get("outcomes") or ([entry["outcome"]] if entry.get("outcome") else [])
        return [
            Outcome(
                study_id,
                one.get("question", "").strip() or None,
                (one["min"], one["max"]) if "min" in one else None,
                {int(value): text.strip() for value, text in one.get("labels", {}).items()},
            )
            for one in described
        ]

    def condition_labels(self) -> list[tuple[str, int, str]]:
        """(study id, condition number, label) of the conditions that have a label."""
        return [
            (study_id, condition["condition_num"], condition["label"])
            for study_id, entry in self.entries.items()
            for condition in entry.get("conditions", [])
            if "label" in condition
        ]

    def strangers(self, study_ids: Iterable[str]) -> list[str]:
        """The entries that meet none of these studies, each with the study it may mean."""
        known = list(study_ids)
        found = []
        for study_id in self.entries:
            if study_id not in known:
                close = get_close_matches(study_id, known, n=1, cutoff=0.75)
                found.append(f"{study_id} (did you mean {close[0]}?)" if close else study_id)
        return found

    def check_conditions(self, numbers: Mapping[str, set[int]]) -> None:
        """Raise a SourceError for a condition that a study of the table does not have.

        Args:
            numbers: Study id → its condition numbers.
        """
        for study_id, number, label in self.condition_labels():
            if study_id in numbers and number not in numbers[study_id]:
                there = listed([str(one) for one in sorted(numbers[study_id])], 12)
                raise SourceError(
                    f"{self.path}, study {study_id}: no row has its condition {number} ({label!r:.60}); the table has "
                    f"{there}"
                )
