"""Evaluations without a folder, as an error model is fitted on them."""

from socrates_core.evaluation.in_memory import evaluate
from socrates_core.evaluation.results.provenance import Provenance
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.model.answer_model import AnswerModel
from socrates_core.study.studies import Studies


def evaluate_real(
    studies: Studies, model: AnswerModel, part: str, *, per_cell: int, seed: int, allow_seen: bool = False
) -> tuple[list[CellPredictions], Provenance]:
    """The cells of the real studies of one part of the split, and where their predictions come from.

    Args:
        studies: From `load_studies`.
        model: From `load_model`.
        part: `train`, `calibration` or `test`.
        per_cell: At most this many people per cell.
        seed: Seed of the people drawn.
        allow_seen: As `evaluate` takes it.

    Raises:
        SocratesError: As for `evaluate`.
    """
    there = studies.part(part).studies
    real = there.filter(there["real"])["study_id"].to_list()
    found = evaluate(studies, model, part, only=real, per_cell=per_cell, seed=seed, allow_seen=allow_seen)
    return list(found.cells.values()), found.metrics.provenance
