"""Groups of studies that are not independent: of one experiment, one pool of people, or nearly the same wording."""

from dataclasses import replace
from typing import Final

import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.similarity import ALIKE, similar_pairs
from socrates_core.study.study_set import StudySet

WORDING: Final = "wording"
"""Groups studies with near-duplicate stimuli."""

STUDY_COLUMNS: Final = ("title", "source", "licence", "citation")
"""Columns of studies whose equal values can make a group."""

GROUPINGS: Final = (WORDING, *STUDY_COLUMNS)


def grouped(studies: StudySet, by: str) -> StudySet:
    """The studies in groups; a group that the source states stays together.

    Args:
        studies: The studies.
        by: One of GROUPINGS.

    Raises:
        SourceError: If there is no such grouping.
    """
    if by == WORDING:
        pairs = similar_studies(studies.cells)
    elif by in STUDY_COLUMNS:
        same = studies.studies.group_by(by, maintain_order=True).agg("study_id")["study_id"].to_list()
        pairs = [(ids[0], other) for ids in same for other in ids[1:]]
    else:
        raise SourceError(
            f"there is nothing called {by!r} to group these studies by; choose {', '.join(GROUPINGS)}, or a column of "
            "the table that is read"
        )
    stated = studies.studies.group_by("group", maintain_order=True).agg("study_id")["study_id"].to_list()
    pairs = [*pairs, *((ids[0], other) for ids in stated for other in ids[1:])]
    names = _joined(studies.study_ids, pairs)
    group = pl.Series("group", [names[study_id] for study_id in studies.study_ids], pl.String)
    return replace(studies, studies=studies.studies.with_columns(group))


def similar_studies(cells: pl.DataFrame) -> list[tuple[str, str]]:
    """The pairs of studies that have near-duplicate stimuli.

    Args:
        cells: `study_id` and `stimulus`.
    """
    distinct = cells.select("study_id", "stimulus").unique(maintain_order=True)
    ids = distinct["study_id"].to_list()
    found = {(ids[a], ids[b]): None for a, b, _ in similar_pairs(distinct["stimulus"].to_list(), ids, ALIKE)}
    return list(found)


def _joined(study_ids: list[str], pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Study → its group, called by the first study in it, where studies of a pair are in one group."""
    place = {study_id: number for number, study_id in enumerate(study_ids)}
    first = dict(place)

    def root(study_id: str) -> str:
        while first[study_id] != place[study_id]:
            first[study_id] = first[study_ids[first[study_id]]]
            study_id = study_ids[first[study_id]]
        return study_id

    for a, b in pairs:
        low, high = sorted((root(a), root(b)), key=place.__getitem__)
        first[high] = place[low]
    return {study_id: root(study_id) for study_id in study_ids}
