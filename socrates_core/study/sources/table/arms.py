"""Which cells of a study ask one outcome, where the source does not number its outcomes.

Arms of one outcome share their task number, and only those are compared as an effect. Cells are one outcome only if
each arm of the study has exactly one cell with these options, and nobody answered in two of them; anything else is for
the author to say.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from socrates_core.errors import counted, listed
from socrates_core.study.question import question_of
from socrates_core.study.sources.table.answers import plain_text
from socrates_core.study.study_set import Cell, StudySet

HOW_TO_SAY: Final = (
    "give cells of one outcome the same number in a column task_num, or name their outcome in a map (--map): "
    "`outcome: {NAME: [their questions]}`"
)
_SHOWN: Final = 3
"""Questions quoted of a study whose arms cannot be matched."""


@dataclass(frozen=True)
class Matched:
    """Studies in which arms of one outcome share their task number."""

    studies: StudySet
    matched: tuple[str, ...] = ()
    """The outcomes whose questions differ between arms, a sentence each."""
    unmatched: tuple[str, ...] = ()
    """The studies in which questions are asked in one arm only and belong to no outcome for sure, a sentence each."""


def match_arms(studies: StudySet, study_ids: Collection[str]) -> Matched:
    """Give cells of one outcome one task number.

    Args:
        studies: In which a task is a question (or stimulus) so far.
        study_ids: The studies whose source numbers no outcomes.
    """
    moves: dict[int, int] = {}  # cell → its new task
    contrasts: set[int] = set()
    matched, unmatched = [], []
    for study_id in [one for one in studies.study_ids if one in study_ids]:
        cells = studies.cells_of(study_id)
        arms = {cell.condition_num for cell in cells}
        if len(arms) < 2:
            continue
        found = _outcomes(studies, cells, len(arms))
        for group in found:
            task = min(cell.task_num for cell in group)
            moves.update((cell.cell_id, task) for cell in group)
            asked = list(dict.fromkeys(map(question_of, group)))
            if len(asked) > 1:
                contrasts |= {cell.cell_id for cell in group}
                matched.append(_sentence(study_id, asked))
        left = _alone([cell for cell in cells if cell.cell_id not in moves])
        if left:
            unmatched.append(_complaint(study_id, left, len(arms)))
    return Matched(_renumbered(studies, moves, contrasts), tuple(matched), tuple(unmatched))


def alike_arms(studies: StudySet) -> list[str]:
    """The studies whose conditions read the same texts, so that no model can tell them apart, a sentence each."""
    asked = studies.cells.group_by("study_id", "task_num", maintain_order=True).agg(
        texts=pl.col("stimulus").n_unique(), arms=pl.col("condition_num").n_unique()
    )
    same = asked.group_by("study_id", maintain_order=True).agg(
        alike=(pl.col("texts") == 1).all(), arms=pl.col("arms").max()
    )
    return [
        f"study {study_id}: people in its {arms} conditions read the same texts, so no model can tell these apart; a "
        "stimulus says what each condition reads (in a map of a wide table `condition: {column: …, texts: {…}}`)"
        for study_id, alike, arms in same.iter_rows()
        if alike and arms > 1
    ]


def _outcomes(studies: StudySet, cells: Sequence[Cell], arms: int) -> list[list[Cell]]:
    """The groups of cells that are one outcome and are not yet one task."""
    by_options: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        scale = cell.scale
        key = (scale.values, scale.unit, scale.measurement, *sorted(scale.off_axis))
        by_options.setdefault(key, []).append(cell)
    return [
        group
        for group in by_options.values()
        if len(group) == arms == len({cell.condition_num for cell in group})
        and len({cell.task_num for cell in group}) > 1
        and _same_texts(group)
        and not _answered_twice(studies, group)
    ]


def _same_texts(group: Sequence[Cell]) -> bool:
    """Whether no option is called differently in two cells: 1 for Agree here and 1 for Disagree there."""
    texts: dict[int, str] = {}
    return all(
        texts.setdefault(value, plain_text(label)) == plain_text(label)
        for cell in group
        for value, label in cell.scale.texts.items()
    )


def _answered_twice(studies: StudySet, group: Sequence[Cell]) -> bool:
    ids = [cell.cell_id for cell in group]
    here = studies.responses.filter(pl.col("cell_id").is_in(ids)).select("cell_id", "participant_id").unique()
    return bool(here["participant_id"].is_duplicated().any())


def _alone(cells: Sequence[Cell]) -> list[Cell]:
    """The cells whose task is asked in no other arm."""
    arms: dict[int, set[int]] = {}
    for cell in cells:
        arms.setdefault(cell.task_num, set()).add(cell.condition_num)
    return [cell for cell in cells if len(arms[cell.task_num]) == 1]


def _sentence(study_id: str, asked: Sequence[str]) -> str:
    quoted = listed([f"“{one}”" for one in asked], 4, " and ")
    return (
        f"study {study_id}: {quoted} are one outcome (each arm has exactly one cell with these options); a wording "
        "contrast, polarity unchecked: a higher answer may mean the opposite in the other wording. If it means the "
        "same, say so with a column task_num, or `outcome` in a map"
    )


def _complaint(study_id: str, cells: Sequence[Cell], arms: int) -> str:
    quoted = listed([f"“{question_of(cell)}” ({cell.condition_label})" for cell in cells], _SHOWN, "; ")
    return (
        f"study {study_id}: {counted(len(cells), 'question')} asked in one of its {arms} arms only, compared with "
        f"nothing: {quoted}. To compare arms, {HOW_TO_SAY}"
    )


def _renumbered(studies: StudySet, moves: dict[int, int], contrasts: set[int]) -> StudySet:
    """The studies with new task numbers; cells are in order of study, condition and task again, numbered anew."""
    if not moves:
        return studies
    new = pl.DataFrame(
        list(moves.items()), schema={"cell_id": studies.cells.schema["cell_id"], "_task": pl.Int64}, orient="row"
    )
    order = studies.studies.select("study_id").with_row_index("_study")
    cells = (
        studies.cells.join(new, on="cell_id", how="left")
        .join(order, on="study_id", how="left")
        .with_columns(
            task_num=pl.coalesce("_task", "task_num"),
            wording_contrast=pl.col("wording_contrast") | pl.col("cell_id").is_in(list(contrasts)),
        )
        .sort("_study", "condition_num", "task_num", "cell_id")
        .rename({"cell_id": "_old"})
        .with_row_index("cell_id")
    )
    responses = (
        studies.responses.rename({"cell_id": "_old"})
        .join(cells.select("_old", "cell_id"), on="_old", how="left", maintain_order="left")
        .select(studies.responses.columns)
        .sort("cell_id", "participant_id", maintain_order=True)
    )
    return replace(studies, cells=cells.select(studies.cells.columns), responses=responses)
