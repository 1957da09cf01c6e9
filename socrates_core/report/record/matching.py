"""Whether the parts of a record belong together: its study, its prediction, and what it says of itself."""

from typing import Final

from socrates_core.errors import SocratesError, shown
from socrates_core.report.prediction.files import model_words
from socrates_core.report.record.frozen import FrozenPrediction
from socrates_core.report.record.opening import OpenedRecord
from socrates_core.report.simulation import cell_json
from socrates_core.simulation.robustness.asking import NO_TEMPLATE
from socrates_core.study.studies import Studies

COMPARED: Final = {
    "condition": "label",
    "stimulus": "text",
    "scale_values": "options",
    "scale_labels": "labels of options",
    "unit": "step between options",
    "measurement": "kind of scale",
    "off_axis": "options off the axis",
    "off_axis_labels": "labels of options off the axis",
}
"""What of a cell must be the same on both sides, in words."""


def check_matching(record: OpenedRecord, frozen: FrozenPrediction, asked: Studies) -> None:
    """Check that the study of a record is the one that its prediction is of.

    Args:
        record: Its files.
        frozen: Its prediction.
        asked: The study of its study file.

    Raises:
        SocratesError: If it is not; names the first difference in one line.
    """
    differs = _about(record, frozen) or _outcomes(frozen, asked)
    if not differs and record.study != frozen.study:
        differs = "the study file is another than the one beside the prediction"
    if differs:
        raise SocratesError(
            f"the parts of this record do not belong together: {differs} (study.yaml and record.json against "
            "prediction.json); it cannot be scored"
        )


def _about(record: OpenedRecord, frozen: FrozenPrediction) -> str:
    """What record.json says otherwise than prediction.json; empty if nothing."""
    about, settings = record.about, frozen.settings
    for name, registered in (("people", "n"), ("seed", "seed"), ("temperature", "temperature"), ("top_p", "top_p")):
        if name in about and about[name] != settings[registered]:
            return f"{name} is {shown(about[name])} in one and {shown(settings[registered])} in the other"
    named = about["model"].replace(f", template {NO_TEMPLATE}, ", ", ")  # as the first records put it
    return "" if named == model_words(frozen.model) else "they name different models"


def _outcomes(frozen: FrozenPrediction, asked: Studies) -> str:
    """The first difference between outcomes and conditions; empty if there is none."""
    outcomes = asked.outcomes()
    if len(outcomes) != len(frozen.outcomes):
        return f"{len(outcomes)} outcomes in one and {len(frozen.outcomes)} in the other"
    cells = asked.cells_of(asked.study_ids[0])
    for outcome, one in zip(outcomes, frozen.outcomes, strict=True):
        name = outcome.name or outcome.question
        if name != one.name:
            return f"outcome {outcome.number} is {shown(name)} in one and {shown(one.name)} in the other"
        theirs = {arm.key: arm.cell for arm in one.arms}
        ours = {(cell.condition_num, cell.task_num): cell for cell in cells if cell.task_num == outcome.number}
        if theirs and set(theirs) != set(ours):
            return f"{shown(name)} has {len(ours)} conditions in one and {len(theirs)} in the other"
        for key, raw in theirs.items():
            written = cell_json(ours[key])
            for field, words in COMPARED.items():
                if raw.get(field) != written[field]:
                    return f"{words} of {shown(name)} in condition {shown(ours[key].condition_label)} differ"
    return ""
