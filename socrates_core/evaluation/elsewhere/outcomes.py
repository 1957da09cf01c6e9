"""Which cells of a file of predictions ask one outcome, where the file names no tasks.

The rule is that of tables of answers (`study.sources.table.arms`): a text that several arms read is one outcome; cells
with different texts are one only if each arm of the study has exactly one cell with these options, and nobody answered
in two of them. What belongs to no outcome for sure is compared with nothing, and named.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from socrates_core.errors import counted, shown
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.study.question import question_in


def with_outcomes(cells: Sequence[CellPredictions]) -> tuple[list[CellPredictions], list[str]]:
    """The cells, those of one outcome with one task number, and a sentence for each study on what was decided.

    Args:
        cells: Of a file; those of a study that has tasks, no texts or one arm stay as they are.
    """
    by_study: dict[str, list[CellPredictions]] = {}
    for cell in cells:
        by_study.setdefault(cell.study_id, []).append(cell)
    found: dict[int, CellPredictions] = {}
    said = []
    for study_id, members in by_study.items():
        known = all(cell.task_num is None and cell.stimulus is not None for cell in members)
        if known and len({cell.condition_num for cell in members}) > 1:
            numbered, sentence = _with_tasks(members)
            found |= {cell.cell_id: cell for cell in numbered}
            said.append(f"{shown(study_id)}: {sentence}")
    return [found.get(cell.cell_id, cell) for cell in cells], said


def _with_tasks(cells: Sequence[CellPredictions]) -> tuple[list[CellPredictions], str]:
    """The cells of one study with their tasks, and what was decided."""
    arms = {cell.condition_num for cell in cells}
    by_text: dict[tuple[object, ...], list[CellPredictions]] = {}
    by_options: dict[tuple[object, ...], list[CellPredictions]] = {}
    for cell in cells:
        by_text.setdefault((cell.stimulus, *_options(cell)), []).append(cell)
        by_options.setdefault(_options(cell), []).append(cell)
    shared = [group for group in by_text.values() if len({cell.condition_num for cell in group}) > 1]
    taken = {cell.cell_id for group in shared for cell in group}
    matched = [
        group
        for group in by_options.values()
        if len(group) == len(arms) == len({cell.condition_num for cell in group})
        and not taken & {cell.cell_id for cell in group}
        and not _answered_twice(group)
    ]
    numbered = []
    contrasts = 0
    for task, group in enumerate([*shared, *matched]):
        differs = len({question_in(cell.stimulus or "") for cell in group}) > 1
        contrasts += differs
        numbered += [replace(cell, task_num=task, wording_contrast=differs) for cell in group]
    left = len(cells) - len(numbered)
    told = [f"{counted(len(shared), 'text')} that several of them read"] if shared else []
    told += [f"{counted(len(matched), 'set')} of texts with the same options, one in each arm"] if matched else []
    decided = [f"arms are compared on {' and '.join(told)}, since the file has no column task"] if told else []
    if contrasts:
        decided.append(
            f"{contrasts} of these ask different questions: wording contrasts, polarity unchecked, in no summary"
        )
    if left:
        decided.append(
            f"{counted(left, 'text')} read in one arm only and compared with nothing; to compare arms, give cells of "
            "one outcome the same number in a column task"
        )
    return numbered, "; ".join(decided)


def _options(cell: CellPredictions) -> tuple[object, ...]:
    return (None if cell.values is None else tuple(cell.values.tolist()), *sorted(cell.off_axis))


def _answered_twice(group: Sequence[CellPredictions]) -> bool:
    people = np.concatenate([np.unique(cell.people[cell.people > 0]) for cell in group])
    return len(np.unique(people)) < len(people)
