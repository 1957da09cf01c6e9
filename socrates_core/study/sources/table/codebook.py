"""studies.json: metadata of studies beyond a table of answers.

    [{"study_id": "wording", "title": "…", "source": "…", "licence": "…", "citation": "…", "randomised": true,
      "group": "general social survey",
      "conditions": [{"condition_num": 1, "label": "welfare"}],
      "outcome": {"question": "…", "min": 1, "max": 3, "labels": {"1": "Too much", "3": "Too little"}}}]

Only `study_id` is required. A study with several questions has `outcomes`, a list, each with its question. An outcome
whose question nobody was asked in these words is that of all wordings, if nobody was asked two questions. What cannot
be applied is an error, and keys that nothing reads are named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import SourceError
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.study.study_set import Study

_KEYS: Final = (
    "study_id", "title", "source", "licence", "citation", "randomised", "group", "conditions", "outcome", "outcomes",
)  # fmt: skip
_CONDITION_KEYS: Final = ("condition_num", "label")
_OUTCOME_KEYS: Final = ("question", "min", "max", "labels")


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
        for number, entry in enumerate(raw):
            problem = _problem(entry)
            if problem:
                raise SourceError(f"{path}, study {number}: {problem}")
            if entry["study_id"] in entries:
                raise SourceError(f"{path}: study {entry['study_id']} appears twice")
            entries[entry["study_id"]] = entry
        return cls(entries, path, tuple(_ignored(entries.values(), path)))

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
                listed = ", ".join(map(str, sorted(numbers[study_id])[:12]))
                raise SourceError(
                    f"{self.path}, study {study_id}: no row has its condition {number} ({label!r:.60}); the table has "
                    f"{listed}"
                )


# -- checking -------------------------------------------------------------------------------------------------


def _ignored(entries: Iterable[Mapping[str, Any]], path: Path) -> list[str]:
    """The keys that nothing reads, each with where it stands."""
    strange: dict[str, None] = {}
    for entry in entries:
        strange.update((key, None) for key in entry if key not in _KEYS)
        for condition in entry.get("conditions", []):
            strange.update((f"conditions: {key}", None) for key in condition if key not in _CONDITION_KEYS)
        for outcome in [*entry.get("outcomes", []), entry.get("outcome", {})]:
            strange.update((f"outcome: {key}", None) for key in outcome if key not in _OUTCOME_KEYS)
    return [f"{path.name}: nothing reads {', '.join(strange)}"] if strange else []


def _misspelt(keys: Iterable[str], known: tuple[str, ...]) -> str | None:
    """A key that is nearly one of ours, which its author meant."""
    for key in keys:
        close = get_close_matches(key.casefold(), known, n=1, cutoff=0.8) if key not in known else []
        if close:
            return f"there is no key {key}; did you mean {close[0]}?"
    return None


def _problem(entry: Any) -> str | None:
    """What is wrong with an entry, or None."""
    if not isinstance(entry, dict) or not isinstance(entry.get("study_id"), str):
        return "expected an object with a study_id"
    for key in ("title", "source", "licence", "citation", "group"):
        if not isinstance(entry.get(key, ""), str):
            return f"{key} is {entry[key]!r:.60}, expected text"
    if not isinstance(entry.get("randomised", True), bool):
        return f"randomised is {entry['randomised']!r:.60}, expected true or false"
    several = entry.get("outcomes", [])
    if not isinstance(several, list):
        return f"outcomes is {several!r:.60}, expected a list"
    if several and "outcome" in entry:
        return "it has both outcome and outcomes; keep one of them"
    problems = (
        _misspelt([key for key in entry if key not in ("outcome", "outcomes")], _KEYS),
        _conditions_problem(entry.get("conditions", [])),
        *(_outcome_problem(one) for one in [entry.get("outcome", {}), *several]),
        "every one of several outcomes needs its question"
        if len(several) > 1 and not all(isinstance(one, dict) and one.get("question") for one in several)
        else None,
    )
    return next((one for one in problems if one), None)


def _conditions_problem(conditions: Any) -> str | None:
    if not isinstance(conditions, list):
        return "conditions is not a list"
    for condition in conditions:
        if not isinstance(condition, dict) or not _is_integer(condition.get("condition_num")):
            return f"the condition {condition!r:.60} has no integer condition_num"
        if not isinstance(condition.get("label", ""), str):
            return f"the label of condition {condition['condition_num']} is not a string"
    numbers = [condition["condition_num"] for condition in conditions]
    return "two conditions have the same condition_num" if len(set(numbers)) < len(numbers) else None


def _outcome_problem(outcome: Any) -> str | None:
    if not isinstance(outcome, dict) or not isinstance(outcome.get("question", ""), str):
        return "outcome is not an object with a question"
    misspelt = _misspelt(outcome, _OUTCOME_KEYS)
    if misspelt:
        return misspelt
    if ("min" in outcome) != ("max" in outcome) or not all(_is_integer(outcome.get(key, 0)) for key in ("min", "max")):
        return f"the outcome's ends are {outcome.get('min')!r} and {outcome.get('max')!r}, expected two integers"
    labels = outcome.get("labels", {})
    if not isinstance(labels, dict) or not all(
        isinstance(text, str) and _is_label(key) for key, text in labels.items()
    ):
        return 'the outcome\'s labels are not of the form {"1": "text"}'
    strangers = [key for key in labels if "min" in outcome and not outcome["min"] <= int(key) <= outcome["max"]]
    return f"the labels {', '.join(strangers)} are not options of the outcome" if strangers else None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_label(key: str) -> bool:
    return key.lstrip("-").isdecimal()
