"""Checks for contamination: studies seen in training, and near-duplicate stimuli across parts."""

from collections.abc import Collection, Mapping
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


def seen(
    trained: Split | Collection[str], evaluated: Collection[str], groups: Mapping[str, str] | None = None
) -> list[str]:
    """The ids to be evaluated that a model was trained on, sorted.

    A trained study makes all of its units seen, and a trained unit its whole study. A unit makes another unit of the
    same kind seen only if they are the same, and a unit of another kind (a condition, and a person who may have been in
    it) if they belong to the same study. Studies of one group count as one study.

    Args:
        trained: A split, whose train part counts (val is for choosing between models), or the ids trained on.
        evaluated: Study ids, or units as in `Split.parts`.
        groups: Study → its group, for the studies of which it is known; any other one is its own.
    """
    groups = groups or {}
    learned = {
        _in_group(unit, groups) for unit in _ids(trained.parts["train"] if isinstance(trained, Split) else trained)
    }
    kinds: dict[str, set[str]] = {}  # group → kinds of the units trained on; "" is the whole study
    for group, kind, _ in learned:
        kinds.setdefault(group, set()).add(kind)
    found = {unit: _in_group(unit, groups) for unit in set(_ids(evaluated))}
    return sorted(unit for unit, place in found.items() if place in learned or kinds.get(place[0], set()) - {place[1]})


def groups_of(studies: StudySet) -> dict[str, str]:
    """Study → its group."""
    return dict(studies.studies.select("study_id", "group").iter_rows())


def _in_group(unit: str, groups: Mapping[str, str]) -> tuple[str, str, str]:
    """(group, kind, id within the study) of a unit; kind and id are empty for a whole study."""
    study = study_of(unit)
    kind = _kind_of(unit)
    return groups.get(study, study), kind, unit.partition(f"/{kind}:")[2] if kind else ""


def refuse_overlap(
    trained: Split | Collection[str],
    evaluated: Collection[str],
    allow_seen: bool = False,
    groups: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Refuse to evaluate studies that the model was trained on.

    Args:
        trained: As for `seen`; from an adapter's record.
        evaluated: As for `seen`.
        allow_seen: Allow them; the caller marks the report CONTAMINATED if the result is not empty.
        groups: As for `seen`.

    Returns:
        The studies that are seen, sorted.

    Raises:
        LeakError: If there are any and they are not allowed; names them.
    """
    studies = tuple(sorted({study_of(unit) for unit in seen(trained, evaluated, groups)}))
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
