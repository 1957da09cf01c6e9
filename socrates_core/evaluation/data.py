"""The data of an evaluation: the cells of a part of a split, their answers, and fixed prediction batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from socrates_core.errors import SplitError
from socrates_core.study.leaks import groups_of
from socrates_core.study.split import Split, part, study_of
from socrates_core.study.study_set import Cell, StudySet

BATCH_CELLS: Final = 8


BATCH_PEOPLE: Final = 2000
"""Most cells of one study, and people in them, that are predicted in one batch, so that what their stimuli share is
computed once. The batches are fixed before anything runs: a cell is always computed in the same batch."""


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """The studies of a part, ready to be predicted cell by cell."""

    studies: StudySet
    """The studies of the part, open-ended outcomes included."""
    units: tuple[str, ...]
    """The evaluated ids of the part, as in the split."""
    cells: tuple[Cell, ...]
    """The cells to predict: those on a bounded scale with at least one answer."""
    left_out: tuple[dict[str, Any], ...]
    """The other cells, with the reason."""
    training: StudySet | None
    """The train part, if there is one: the marginal baseline learns from it, and near-duplicates are searched in it."""
    rows: Mapping[int, npt.NDArray[np.int64]] = field(repr=False)
    """Cell id → its rows in the table of responses."""
    title: Mapping[str, tuple[str, bool, str]] = field(repr=False)
    """Study id → title, whether its answers are real, and the group of studies that it belongs to."""
    groups: Mapping[str, str] = field(repr=False)
    """Study → its group, of all studies, evaluated or not: a model may have been trained on others of a group."""

    @property
    def people(self) -> int:
        """Answers to predict, before sampling by `per_cell`."""
        return sum(len(self.rows[cell.cell_id]) for cell in self.cells)

    def answers(self, per_cell: int | None) -> dict[str, int]:
        """What becomes of the human answers before anything is predicted; fields as in `GivenAnswers`."""
        given = sum(map(len, self.rows.values()))
        drawn = sum(min(len(self.rows[cell.cell_id]), per_cell or self.people) for cell in self.cells)
        return {"given": given, "in_cells_left_out": given - self.people, "not_drawn": self.people - drawn}


def evaluation_data(studies: StudySet, split: Split, name: str, only: Sequence[str] = ()) -> EvaluationData:
    """Prepare the data of an evaluation.

    Raises:
        SplitError: If there is no such part, or it holds nothing to predict.
        StudyFolderError: If one of the ids in `only` is not among the studies of the part.
    """
    if name in split.parts and not split.parts[name]:
        filled = ", ".join(part_name for part_name in split.names if split.parts[part_name]) or "none"
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
        raise SplitError(f"the part {name} holds no cell on a bounded scale with answers; there is nothing to evaluate")
    here = set(held.study_ids)
    return EvaluationData(
        studies=held,
        units=tuple(unit for unit in split.parts[name] if study_of(unit) in here),
        cells=tuple(cells),
        left_out=tuple(left_out),
        training=_training(studies, split),
        rows=rows,
        title={row[0]: row[1:] for row in held.studies.select("study_id", "title", "real", "group").iter_rows()},
        groups=groups_of(studies),
    )


def _training(studies: StudySet, split: Split) -> StudySet | None:
    """The train part; None if it is empty, or if its studies are not among these (in a selection, for example)."""
    try:
        return part(studies, split, "train") if split.parts["train"] else None
    except SplitError:  # the split knows these studies, or their evaluated part could not have been found
        return None


def batches(data: EvaluationData, per_cell: int | None) -> list[tuple[Cell, ...]]:
    """The fixed prediction batches: see BATCH_CELLS."""
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
