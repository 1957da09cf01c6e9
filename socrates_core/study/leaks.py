"""Checks for contamination: studies seen in training, and near-duplicate stimuli across parts."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from socrates_core.errors import LeakError
from socrates_core.study.similarity import ALIKE, similar_pairs
from socrates_core.study.split import _COLUMNS, Split, _ids, _kind_of, _placed, _some, _within_study, study_of
from socrates_core.study.study_set import StudySet


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two stimuli of different parts with nearly the same wording. If several cells of one study and part have the
    same text, the first represents them.
    """

    cell_a: int
    cell_b: int
    study_a: str
    study_b: str
    part_a: str
    part_b: str
    similarity: float
    """In (0, 1]: Jaccard similarity of the sets of five consecutive words; 1 is the same words in the same order."""


def seen(trained: Split | Collection[str], evaluated: Collection[str]) -> list[str]:
    """The ids to be evaluated that a model was trained on, sorted.

    A trained study makes all of its units seen, and a trained unit its whole study. A unit makes another unit of the
    same kind seen only if they are the same, and a unit of another kind (a condition, and a person who may have been in
    it) if they belong to the same study.

    Args:
        trained: A split, whose train part counts (val is for choosing between models), or the ids trained on.
        evaluated: Study ids, or units as in `Split.parts`.
    """
    learned = set(_ids(trained.parts["train"] if isinstance(trained, Split) else trained))
    kinds: dict[str, set[str]] = {}  # study → kinds of the units trained on; "" is the whole study
    for unit in learned:
        kinds.setdefault(study_of(unit), set()).add(_kind_of(unit))
    return sorted(
        unit for unit in set(_ids(evaluated)) if unit in learned or kinds.get(study_of(unit), set()) - {_kind_of(unit)}
    )


def refuse_overlap(
    trained: Split | Collection[str], evaluated: Collection[str], allow_seen: bool = False
) -> tuple[str, ...]:
    """Refuse to evaluate studies that the model was trained on.

    Args:
        trained: As for `seen`; from an adapter's record.
        evaluated: As for `seen`.
        allow_seen: Allow them; the caller marks the report CONTAMINATED if the result is not empty.

    Returns:
        The studies that are seen, sorted.

    Raises:
        LeakError: If there are any and they are not allowed; names them.
    """
    studies = tuple(sorted({study_of(unit) for unit in seen(trained, evaluated)}))
    if studies and not allow_seen:
        raise LeakError(
            f"the model was trained on {len(studies)} of the studies to evaluate: {_some(studies, 50)}. Evaluate "
            "the test part of the split it was trained with, or pass --allow-seen (in Python: allow_seen=True), which "
            "marks the report CONTAMINATED"
        )
    return studies


def near_duplicates(studies: StudySet, split: Split, threshold: float = ALIKE) -> list[NearDuplicate]:
    """Pairs of stimuli in different parts of a split that share much of their wording, most similar first.

    A split by participant has none by definition, because all participants in a cell see the same stimulus.

    Args:
        studies: The studies that the split covers.
        split: Of any kind.
        threshold: The least similarity to report, in (0, 1].

    Raises:
        ValueError: If the threshold is out of range.
        SplitError: If the split does not cover all of the studies.
    """
    if split.kind == "participant":
        return []
    keys = ["study_id", _COLUMNS[split.kind][1]] if _within_study(split.kind) else ["study_id"]
    homes = _placed(studies, split.kind, split).select(*keys, "part").unique()
    return near_duplicates_of(studies.cells.join(homes, on=keys).sort("cell_id"), threshold)


def near_duplicates_of(cells: pl.DataFrame, threshold: float = ALIKE) -> list[NearDuplicate]:
    """Pairs of stimuli in different parts that share much of their wording, most similar first.

    Every pair of cells across parts is compared, by `similarity.similar_pairs`.

    Args:
        cells: `cell_id`, `study_id`, `stimulus`, and the `part` that each is in; the part that comes first is `part_a`
            of its pairs.
        threshold: The least similarity to name, in (0, 1].

    Raises:
        ValueError: If the threshold is out of range.
    """
    cells = cells.unique(["stimulus", "study_id", "part"], keep="first", maintain_order=True)
    rows = cells.select("cell_id", "study_id", "part").rows()
    found = [
        NearDuplicate(rows[a][0], rows[b][0], rows[a][1], rows[b][1], rows[a][2], rows[b][2], similarity)
        for a, b, similarity in similar_pairs(cells["stimulus"].to_list(), cells["part"].to_list(), threshold)
    ]
    return sorted(found, key=lambda pair: (-pair.similarity, pair.cell_a, pair.cell_b))
