"""Which column of a file holds what, under the names that people give them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from socrates_core.errors import PredictionError, shown

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "study": ("study_id", "study"),
    "condition": (
        "condition_num", "condition", "arm", "treatment", "condition_id", "condition_number", "arm_num", "arm_id",
        "condition_label", "condition_name", "arm_label", "arm_name", "treatment_arm", "treatment_group", "group",
    ),
    "label": ("condition_label", "condition_name", "arm_label", "arm_name", "condition"),
    "task": ("task_num", "task", "outcome"),
    "true": ("true_numeric", "true", "actual", "response", "human", "y_true", "true_response"),
    "predicted": ("pred_numeric", "predicted", "prediction", "pred", "y_pred", "simulated", "predicted_response"),
    "participant": (
        "participant_id", "participant", "respondent_id", "respondent", "person_id", "person", "subject_id", "subject",
    ),
    "stimulus": ("stimulus", "stimuli", "input"),
    "weight": ("weight", "weights", "survey_weight", "sampling_weight"),
    "low": ("scale_min",),
    "high": ("scale_max",),
}  # fmt: skip
"""What is looked for → the column names that it may have; the first one found counts. Capitals, spaces, hyphens and
underscores do not matter. `label`: what an arm is called, beside its number."""

REQUIRED: Final = ("study", "condition", "true", "predicted")


def recognised(names: Iterable[str]) -> set[str]:
    """What of `NAMES` these columns hold."""
    plain = {_plain(name) for name in names}
    return {what for what, accepted in NAMES.items() if any(_plain(name) in plain for name in accepted)}


def find_columns(rows: Sequence[Mapping[str, Any]], path: Path) -> dict[str, str]:
    """What is looked for → the column that has it.

    Raises:
        PredictionError: If a required one is not there, or two columns have the same name but for capitals and spaces.
    """
    found = list(dict.fromkeys(name for row in rows for name in row))
    columns: dict[str, str] = {}
    for what, accepted in NAMES.items():
        for name in accepted:
            same = [one for one in found if _plain(one) == _plain(name)]
            if what == "label" and same == [columns.get("condition")]:
                continue
            if len(same) > 1:
                raise PredictionError(
                    f"{shown(path)} has the columns {' and '.join(map(shown, same))}, which are both read as {what}; "
                    "rename one of them"
                )
            if same:
                columns[what] = same[0]
                break
    missing = [what for what in REQUIRED if what not in columns]
    if missing:
        accepted_names = "; ".join(f"{what}: {' or '.join(NAMES[what])}" for what in missing)
        raise PredictionError(
            f"{shown(path)} lacks {' and '.join(missing)}. Accepted names: {accepted_names}. "
            f"Found: {', '.join(map(shown, found[:20]))}"
        )
    return columns


def _plain(name: object) -> str:
    return re.sub(r"[\W_]+", "", str(name).lower())
