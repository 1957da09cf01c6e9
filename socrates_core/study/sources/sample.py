"""Random samples of prepared studies, recorded in the manifest."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from socrates_core.errors import SourceError
from socrates_core.study.study_set import Dropped, StudySet, count_off_axis


def sample_rows(studies: StudySet, fraction: float, rng: np.random.Generator) -> StudySet:
    """A random share of all responses, whatever their study or cell; the original run sampled 1 % in this way.

    Cells, participants and studies that lose all their responses are removed too; ids are unchanged.

    Args:
        studies: The studies to sample from.
        fraction: In (0, 1]; round(fraction · responses) of them are drawn without replacement, at least one.
        rng: Draws the sample.

    Raises:
        SourceError: If the fraction is out of range.
    """
    if not 0 < fraction <= 1:
        raise SourceError(f"cannot sample a fraction of {fraction} of the rows; choose one above 0 and up to 1")
    total = len(studies.responses)
    if fraction == 1 or total == 0:
        return studies
    chosen = np.sort(rng.choice(total, max(1, round(fraction * total)), replace=False))
    return _with_responses(studies, studies.responses[chosen], f"not drawn for the sample of {fraction:g} of the rows")


def sample_groups(studies: StudySet, fraction: float, people: int, rng: np.random.Generator) -> StudySet:
    """A share of each study's responses, drawn as whole groups of cells (`drawn_in_groups`); ids are unchanged.

    Raises:
        SourceError: If the fraction or the number of people is out of range.
    """
    if not 0 < fraction <= 1 or people < 1:
        raise SourceError(
            f"cannot sample a fraction of {fraction} in groups of {people}; choose a fraction above 0 and up to 1, and "
            "1 person or more"
        )
    if fraction == 1 or studies.responses.is_empty():
        return studies
    rows = studies.responses.select("cell_id").join(
        studies.cells.select("cell_id", "study_id"), on="cell_id", how="left", maintain_order="left"
    )
    study, cell = (rows[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("study_id", "cell_id"))
    chosen = drawn_in_groups(study, cell, fraction, people, rng)
    reason = f"not drawn for the sample of {fraction:g} of each study's rows, {people} of a cell together"
    return _with_responses(studies, studies.responses[chosen], reason)


def drawn_in_groups(
    study: npt.NDArray[np.int64], cell: npt.NDArray[np.int64], fraction: float, people: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Rows of a sample in which those of one cell come together; every study keeps its share of the rows.

    In each study cells are taken in random order, `people` rows of each, until the study's share is reached; where all
    its cells have been taken, the next `people` of each follow. So a fraction of 1 is everything, and `people` above
    the largest cell takes whole cells. A share that is no whole number is rounded up or down at random.

    Args:
        study: (N,) number of each row's study, from 0.
        cell: (N,) number of its cell, from 0; a cell is part of one study.
        fraction: In (0, 1].
        people: 1 or more.
        rng: Draws cells and people.

    Returns:
        Rising indices, at least one.
    """
    total = len(cell)
    shuffled = rng.permutation(total)
    by_cell = shuffled[np.argsort(cell[shuffled], kind="stable")]
    place = np.empty(total, np.int64)
    place[by_cell] = _counted(cell[by_cell])
    turn = rng.permutation(int(cell.max()) + 1)[cell]
    order = np.lexsort((place, turn, place // people, study))
    wanted = np.floor(fraction * np.bincount(study) + rng.random(int(study.max()) + 1))
    if wanted.sum() == 0:
        wanted[study[shuffled[0]]] = 1
    return np.sort(order[_counted(study[order]) < wanted[study[order]]])


def _counted(sorted_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(N,) 0, 1, 2, … within each run of equal numbers."""
    starts = np.flatnonzero(np.diff(sorted_ids, prepend=-1))
    return np.arange(len(sorted_ids)) - np.repeat(starts, np.diff(starts, append=len(sorted_ids)))


def sample_cells(studies: StudySet, most: int, rng: np.random.Generator) -> StudySet:
    """A random sample of at most this many people of each cell, with all their answers there.

    Raises:
        SourceError: If the number is below 1.
    """
    if most < 1:
        raise SourceError(f"cannot sample {most} people per cell; choose 1 or more")
    people = studies.responses.select("cell_id", "participant_id").unique(maintain_order=True)
    kept = people.with_columns(draw=rng.permutation(len(people))).filter(
        pl.col("draw").rank("ordinal").over("cell_id") <= min(most, len(people))
    )
    responses = studies.responses.join(kept, on=["cell_id", "participant_id"], how="semi", maintain_order="left")
    if len(responses) == len(studies.responses):
        return studies
    return _with_responses(studies, responses, f"not drawn for the sample of at most {most} people a cell")


def _with_responses(studies: StudySet, responses: pl.DataFrame, reason: str) -> StudySet:
    """The studies with a subset of their responses; anything that loses all its responses is removed."""

    def still(table: pl.DataFrame, column: str) -> pl.DataFrame:
        lost = studies.responses.join(responses, on=column, how="anti").select(column).unique()
        return table.join(lost, on=column, how="anti", maintain_order="left")

    cells = still(studies.cells, "cell_id")
    participants = still(studies.participants, "participant_id")
    named = studies.studies.join(cells, on="study_id", how="semi", maintain_order="left")
    left_out = Dropped(reason, len(studies.responses) - len(responses))
    counts = {
        **studies.manifest.counts,
        "studies": len(named),
        "cells": len(cells),
        "participants": len(participants),
        "responses": len(responses),
        "off_scale": int((~responses["on_scale"]).sum()),
        "off_axis": count_off_axis(cells, responses),
    }
    manifest = replace(studies.manifest, counts=counts, dropped=(*studies.manifest.dropped, left_out), hashes={})
    return StudySet(named, cells, participants, responses, manifest)
