"""What is evaluated: the cells of a part, who answered them, and in which batches they are predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from socrates_core.errors import SplitError
from socrates_core.study.split import PARTS, Split, part, study_of
from socrates_core.study.study_set import Cell, StudySet

BATCH_CELLS: Final = 8


BATCH_PEOPLE: Final = 2000
"""Cells of one study, and people in them, that are put to the model together, so that what their stimuli share is
computed once. Decided before anything runs: a cell is always computed in the same company."""


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """The studies of a part, ready to be predicted cell by cell."""

    studies: StudySet
    """What the part holds, open-ended outcomes included."""
    units: tuple[str, ...]
    """The ids of the part that are evaluated, as the split writes them."""
    cells: tuple[Cell, ...]
    """What is predicted: cells on a bounded scale that somebody answered."""
    left_out: tuple[dict[str, Any], ...]
    """The other cells and why."""
    training: StudySet | None
    """The train part, where there is one: the marginal model's, and where near-duplicates are looked for."""
    rows: Mapping[int, npt.NDArray[np.int64]] = field(repr=False)
    """Cell id → its rows in the table of responses."""
    title: Mapping[str, tuple[str, bool]] = field(repr=False)
    """Study id → title and whether its answers are real."""

    @property
    def people(self) -> int:
        """Answers to be predicted before any are sampled away."""
        return sum(len(self.rows[cell.cell_id]) for cell in self.cells)


def evaluation_data(studies: StudySet, split: Split, name: str, only: Sequence[str] = ()) -> EvaluationData:
    """What there is to evaluate.

    Raises:
        SplitError: If there is no such part, or it holds nothing to predict.
        StudyFolderError: If one of the ids in `only` is not among the studies of the part.
    """
    if name in PARTS and not split.parts[name]:
        filled = ", ".join(part_name for part_name in PARTS if split.parts[part_name]) or "none"
        raise SplitError(f"the part {name} of this split is empty; parts with studies: {filled}")
    held = part(studies, split, name)
    held = held.select(only) if only else held
    order = np.argsort(held.responses["cell_id"].to_numpy(), kind="stable")
    ids = held.responses["cell_id"].to_numpy()[order]
    cells, left_out, rows = [], [], {}
    for study_id in held.study_ids:
        for cell in held.cells_of(study_id):
            first, last = np.searchsorted(ids, [cell.cell_id, cell.cell_id + 1])
            rows[cell.cell_id] = order[first:last]
            reason = "open-ended outcome" if cell.scale.values is None else "no response" if first == last else None
            if reason is None:
                cells.append(cell)
            else:
                left_out.append(_left_out(cell, reason))
    if not cells:
        raise SplitError(f"the part {name} holds no cell on a bounded scale that anybody answered; nothing to evaluate")
    here = set(held.study_ids)
    return EvaluationData(
        studies=held,
        units=tuple(unit for unit in split.parts[name] if study_of(unit) in here),
        cells=tuple(cells),
        left_out=tuple(left_out),
        training=_training(studies, split),
        rows=rows,
        title={row[0]: (row[1], row[2]) for row in held.studies.select("study_id", "title", "real").iter_rows()},
    )


def _training(studies: StudySet, split: Split) -> StudySet | None:
    """The train part; None if it is empty, or where its studies are not among these (a selection, say)."""
    try:
        return part(studies, split, "train") if split.parts["train"] else None
    except SplitError:  # the split knows these studies, or their evaluated part could not have been found
        return None


def batches(data: EvaluationData, per_cell: int | None) -> list[tuple[Cell, ...]]:
    """The cells in the company in which they are predicted: see BATCH_CELLS."""
    found: list[tuple[Cell, ...]] = []
    people = 0
    for cell in data.cells:
        n = len(data.rows[cell.cell_id]) if per_cell is None else min(per_cell, len(data.rows[cell.cell_id]))
        joins = found and found[-1][0].study_id == cell.study_id
        if joins and len(found[-1]) < BATCH_CELLS and people + n <= BATCH_PEOPLE:
            found[-1] = (*found[-1], cell)
            people += n
        else:
            found.append((cell,))
            people = n
    return found


def _left_out(cell: Cell, reason: str) -> dict[str, Any]:
    name = f"{cell.study_id}, {cell.condition_label}, task {cell.task_num}"
    return {"cell": cell.cell_id, "study": cell.study_id, "name": name, "convention": "all", "reason": reason}
