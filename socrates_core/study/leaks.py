"""Checks for contamination: studies seen in training, and near-duplicate stimuli across parts."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from socrates_core.errors import LeakError
from socrates_core.study.files import read_json
from socrates_core.study.similarity import ALIKE, SKETCH, WORDS, Hashes, similar_pairs, similar_sketches, sketch
from socrates_core.study.split import _COLUMNS, Split, _ids, _kind_of, _placed, _some, _within_study, study_of
from socrates_core.study.study_set import StudySet

STIMULI: Final = "stimuli.json"
"""File beside an adapter: the sketches of the stimuli that it was trained on."""

MOST_HASHES: Final = 2**19
"""Hashes in such a file, which then takes about 6 MB. With more than 8,192 stimuli the sketches are shorter, down to
`SHORTEST`, where the standard error of a similarity of 0.5 is 0.13."""
SHORTEST: Final = 16


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


@dataclass(frozen=True, eq=False)
class StimulusSketches:
    """What is kept of training stimuli, to compare others with them where the studies themselves are not at hand."""

    size: int
    """Most hashes per stimulus."""
    studies: Mapping[str, Sequence[Hashes]]
    """Study id ↦ the sketches of its distinct stimuli."""


def sketches_text(cells: pl.DataFrame) -> str:
    """The content of the file `STIMULI` for some training cells.

    Args:
        cells: `study_id`, `stimulus`.
    """
    distinct = cells.select("study_id", "stimulus").unique(maintain_order=True).rows()
    size = min(SKETCH, max(SHORTEST, MOST_HASHES // max(1, len(distinct))))
    studies: dict[str, list[str]] = {}
    for study, stimulus in distinct:
        packed = base64.b64encode(sketch(stimulus, size).astype("<u8").tobytes()).decode()
        studies.setdefault(study, []).append(packed)
    return json.dumps({"format": 1, "words": WORDS, "size": size, "studies": studies}) + "\n"


def load_sketches(path: Path) -> StimulusSketches:
    """Read a file `STIMULI`.

    Raises:
        LeakError: If it cannot be read, or its hashes are of other phrases.
    """
    try:
        raw = read_json(path)
        size, kind = int(raw["size"]), (raw["format"], raw["words"])
        studies = {
            str(study): tuple(
                np.frombuffer(base64.b64decode(packed, validate=True), dtype="<u8").astype(np.uint64)
                for packed in stimuli
            )
            for study, stimuli in raw["studies"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LeakError(f"{path} cannot be read ({error}); fetch or train the adapter again, or remove it") from error
    if kind != (1, WORDS) or not SHORTEST <= size <= SKETCH:
        raise LeakError(f"{path} is of another version; fetch or train the adapter again, or remove it")
    return StimulusSketches(size, studies)


def near_duplicates_of_sketches(
    trained: StimulusSketches, cells: pl.DataFrame, threshold: float = ALIKE
) -> list[NearDuplicate]:
    """Evaluated stimuli that share much of their wording with a sketched one, most similar first.

    The similarity is an estimate, and the cell of the training stimulus is not known: `cell_a` is -1.

    Args:
        trained: Sketches of training stimuli.
        cells: `cell_id`, `study_id` and `stimulus` of the evaluated ones.
        threshold: The least similarity to name, in (0, 1].
    """
    known = [(study, one) for study, stimuli in trained.studies.items() for one in stimuli]
    cells = cells.unique(["stimulus", "study_id"], keep="first", maintain_order=True)
    asked = [sketch(stimulus, trained.size) for stimulus in cells["stimulus"].to_list()]
    rows = cells.select("cell_id", "study_id").rows()
    best: dict[tuple[str, int], NearDuplicate] = {}
    for a, b, similarity in similar_sketches([one for _, one in known], asked, threshold, trained.size):
        key = (known[a][0], rows[b][0])
        if key not in best or similarity > best[key].similarity:
            best[key] = NearDuplicate(-1, rows[b][0], known[a][0], rows[b][1], "train", "evaluated", similarity)
    return sorted(best.values(), key=lambda pair: (-pair.similarity, pair.study_a, pair.cell_b))
