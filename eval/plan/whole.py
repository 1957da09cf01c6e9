"""The responses of all training studies, in sizes and lengths, made from a one-per-cent sample of rows.

How many people answer one cell decides how much prompts can share, and a thin sample hides it: most cells have one
row. It is estimated from pairs. If every row is drawn with probability p, a cell of N rows has p² N (N − 1) ordered
pairs of drawn rows on average, so Σ n (n − 1) / (p Σ n), over the n > 0 drawn rows of a study's cells, estimates the
mean of N − 1 over its rows: with how many others a person answers the same cell. The cells of a study are taken to be
alike in size.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from socrates_core.finetune.batch.examples import Examples, Ints, examples_of
from socrates_core.study.study_set import StudySet

SAMPLED: Final = 0.01
"""Share of SocSci210's rows that the sample holds, as the original run drew it."""

TRAINED_ON: Final = 2_321_000
"""Responses of the original run's 170 training studies: a hundred times the 23,210 of its sample."""

UNSTATED: Final = {
    "ethnicity": "White, non-Hispanic",
    "household_size": 3,
    "housing_ownership": "Owned or being bought by you or someone in your household",
    "housing_type": "A one-family house detached from any other house",
    "internet_access": "Internet household",
    "location": "California",
    "marital_status": "Never married",
    "metro_status": "Metro area",
    "phone_service": "Cellphone only",
}
"""A value of usual length for each of SocSci210's sixteen attributes that the sample leaves out."""


@dataclass(frozen=True, eq=False)
class Whole:
    """N responses in C cells: as many as all training studies have, and of the sample's lengths."""

    sample: Examples
    study: Ints
    """(N,) the study of each response, numbered from 0."""
    cell: Ints
    """(N,) its cell, numbered from 0."""
    own: Ints
    """(C,) the cell of the sample whose text each cell takes."""
    sizes: dict[str, float]
    """Study ↦ estimated number of responses in a cell."""

    def examples(self, rows: Ints, rng: np.random.Generator) -> Examples:
        """Some responses as examples: somebody of the sample, with an answer that somebody gave to that text.

        The second and later cells with one text begin with their number, so that they share no more than other cells.
        """
        used, cell = np.unique(self.cell[rows], return_inverse=True)
        first = set(np.unique(self.own, return_index=True)[1].tolist())
        texts = [self.sample.cells[own] for own in self.own[used]]
        cells = tuple(
            replace(text, cell_id=place, stimulus=text.stimulus if number in first else f"{number} {text.stimulus}")
            for place, (number, text) in enumerate(zip(used.tolist(), texts, strict=True))
        )
        by_cell = np.argsort(self.sample.cell, kind="stable")
        counts = np.bincount(self.sample.cell)
        own = self.own[self.cell[rows]]
        drawn = by_cell[(np.cumsum(counts) - counts)[own] + rng.integers(counts[own])]
        person = rng.integers(self.sample.people.height, size=len(rows))
        return replace(self.sample, cells=cells, cell=cell, person=person, response=self.sample.response[drawn])


def whole_of(sample: StudySet, all_attributes: bool, responses: int = TRAINED_ON) -> Whole:
    """Scale a sample up: more cells of the same estimated sizes.

    Args:
        sample: Studies of which a share `SAMPLED` of the rows was drawn.
        all_attributes: Whether everybody states all sixteen attributes, rather than those of the sample.
        responses: How many there are in all.
    """
    drawn = examples_of(sample)
    sizes: dict[str, float] = {}
    study: list[Ints] = []
    cell: list[Ints] = []
    own: list[Ints] = []
    cells = seen = 0
    for number, name in enumerate(sample.study_ids):
        texts = np.array([place for place, one in enumerate(drawn.cells) if one.study_id == name])
        rows = np.flatnonzero(np.isin(drawn.cell, texts))
        if not len(rows):
            continue
        sizes[name] = others_in_a_cell(drawn.cell[rows]) + 1
        seen += len(rows)
        total = round(responses * seen / len(drawn)) - sum(len(one) for one in study)
        count = max(1, round(total / sizes[name]))
        study.append(np.full(total, number))
        cell.append(cells + np.arange(total) % count)
        own.append(texts[np.arange(count) % len(texts)])
        cells += count
    people = drawn.people
    if all_attributes:
        people = people.with_columns(pl.lit(value).alias(name) for name, value in UNSTATED.items())
    sample_examples = replace(drawn, people=people)
    return Whole(sample_examples, np.concatenate(study), np.concatenate(cell), np.concatenate(own), sizes)


def others_in_a_cell(cell: Ints) -> float:
    """How many others answered the same cell as one person did, mean over all rows that a sample was drawn from.

    Args:
        cell: (n,) the cell of each drawn row.
    """
    counts = np.bincount(cell).astype(float)
    return float((counts * (counts - 1)).sum() / (SAMPLED * counts.sum()))
