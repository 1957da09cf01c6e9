"""Proper scores, reliability and group structure of many cells, real and synthetic studies apart."""

from collections.abc import Sequence

from socrates_core.evaluation.results.distances import KINDS, StudyKind
from socrates_core.evaluation.results.probabilities import Probabilities
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.proper.reliability import reliability, reliability_sums
from socrates_core.metrics.proper.scores import CellProper, proper_scores
from socrates_core.metrics.proper.structure import cell_structures, structure
from socrates_core.metrics.study_bootstrap import StudyResamples


def probabilities(
    cells: Sequence[CellPredictions], proper: Sequence[CellProper | None], resamples: StudyResamples
) -> dict[StudyKind, Probabilities]:
    """Kind of studies → their figures; kinds without a scored cell are left out.

    Args:
        cells: (C,) the scored cells.
        proper: (C,) their proper scores.
        resamples: The resamples of the studies.
    """
    found: dict[StudyKind, Probabilities] = {}
    for kind in sorted({KINDS[cell.real] for cell in cells}):
        pairs = [(cell, one) for cell, one in zip(cells, proper, strict=True) if KINDS[cell.real] == kind]
        study_ids = [cell.study_id for cell, _ in pairs]
        found[kind] = Probabilities(
            proper=proper_scores([one for _, one in pairs], study_ids, resamples),
            reliability=reliability([reliability_sums(cell) for cell, _ in pairs], study_ids, resamples),
            structure=structure([one for cell, _ in pairs for one in cell_structures(cell)], resamples),
        )
    return found
