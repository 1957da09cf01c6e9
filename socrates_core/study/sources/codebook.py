"""studies.json: metadata of studies beyond a table of answers.

    [{"study_id": "wording", "title": "…", "source": "…", "licence": "…", "citation": "…", "randomised": true,
      "conditions": [{"condition_num": 1, "label": "welfare"}],
      "outcome": {"question": "…", "min": 1, "max": 3, "labels": {"1": "Too much", "3": "Too little"}}}]

Only `study_id` is required; other keys are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from socrates_core.errors import SourceError
from socrates_core.study.files import parse_json, read_bytes
from socrates_core.study.study_set import Study


@dataclass(frozen=True)
class Codebook:
    """The entries of a studies.json, by study id; empty if there is no such file."""

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
        return cls(entries)

    def study(self, study_id: str, source: str, conditions: Mapping[str, int]) -> Study:
        """What is known about a study.

        Args:
            study_id: The study's id.
            source: Its source, unless the codebook names one.
            conditions: Study id → number of its conditions; unless the codebook says otherwise, a study with several
                conditions is an experiment.
        """
        entry = self.entries.get(study_id, {})
        randomised = entry.get("randomised", conditions.get(study_id, 1) > 1)
        return Study(
            study_id=study_id,
            title=entry.get("title", study_id),
            source=entry.get("source", source),
            licence=entry.get("licence", "not stated by the source"),
            citation=entry.get("citation", ""),
            kind="experiment" if randomised else "survey",
            real=True,
        )

    def scale_ends(self) -> list[tuple[str, int, int]]:
        """(study id, lowest, highest) of the outcomes that state both ends."""
        outcomes = [(study_id, entry.get("outcome", {})) for study_id, entry in self.entries.items()]
        return [(study_id, outcome["min"], outcome["max"]) for study_id, outcome in outcomes if "min" in outcome]

    def labels(self, study_id: str, question: str, values: tuple[int, ...]) -> dict[int, str]:
        """The texts of the options; empty if the codebook's outcome is another question or has another scale."""
        outcome = self.entries.get(study_id, {}).get("outcome", {})
        if question and outcome.get("question", question).strip() != question:
            return {}
        if "min" in outcome and (outcome["min"], outcome["max"]) != (values[0], values[-1]):
            return {}
        labels = {int(value): text.strip() for value, text in outcome.get("labels", {}).items()}
        return labels if set(labels) <= set(values) else {}

    def condition_labels(self) -> list[tuple[str, int, str]]:
        """(study id, condition number, label) of the conditions that have a label."""
        return [
            (study_id, condition["condition_num"], condition["label"])
            for study_id, entry in self.entries.items()
            for condition in entry.get("conditions", [])
            if "label" in condition
        ]


def _problem(entry: Any) -> str | None:
    """What is wrong with an entry, or None."""
    if not isinstance(entry, dict) or not isinstance(entry.get("study_id"), str):
        return "expected an object with a study_id"
    for key in ("title", "source", "licence", "citation"):
        if not isinstance(entry.get(key, ""), str):
            return f"{key} is {entry[key]!r:.60}, expected text"
    if not isinstance(entry.get("randomised", True), bool):
        return f"randomised is {entry['randomised']!r:.60}, expected true or false"
    return _conditions_problem(entry.get("conditions", [])) or _outcome_problem(entry.get("outcome", {}))


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
