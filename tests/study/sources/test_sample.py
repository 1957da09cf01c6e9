import numpy as np
import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.builder import StudySetBuilder
from socrates_core.study.sources.sample import sample_cells, sample_rows
from socrates_core.study.sources.socsci210 import describe
from socrates_core.study.study_set import StudySet


@pytest.fixture(scope="module")
def studies() -> StudySet:
    """1000 people, two cells of 499 and one of 2; everybody answers twice in the same cell."""
    builder = StudySetBuilder("here", describe)
    cell = [0] * 499 + [1] * 499 + [2] * 2
    people = pl.DataFrame({"participant": [f"p{i}" for i in range(1000)], "condition_num": cell}).with_columns(
        study_id=pl.lit("s"),
        task_num=pl.lit(0),
        stimulus=pl.lit("Only return an integer from 0 to 9."),
        response=pl.int_range(pl.len()) % 10,
    )
    builder.add(pl.concat([people, people]))
    return builder.build()


@pytest.mark.parametrize(("fraction", "left"), [(1.0, 2000), (0.25, 500), (0.01, 20), (1e-9, 1)])
def test_a_fraction_of_all_rows_is_drawn(studies: StudySet, fraction: float, left: int) -> None:
    sample = sample_rows(studies, fraction, np.random.default_rng(1))
    assert len(sample.responses) == sample.manifest.counts["responses"] == left
    out = sum(item.rows for item in sample.manifest.dropped)
    assert out + left == 2000
    assert set(sample.participants["participant_id"]) == set(sample.responses["participant_id"])
    assert set(sample.cells["cell_id"]) == set(sample.responses["cell_id"])


def test_the_same_seed_draws_the_same_rows_and_another_one_others(studies: StudySet) -> None:
    first, again, other = (sample_rows(studies, 0.1, np.random.default_rng(seed)).responses for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_fraction_out_of_range_is_refused(studies: StudySet, fraction: float) -> None:
    with pytest.raises(SourceError, match="above 0 and up to 1"):
        sample_rows(studies, fraction, np.random.default_rng(1))


def test_at_most_so_many_people_of_a_cell_stay_with_all_their_answers(studies: StudySet) -> None:
    sample = sample_cells(studies, 3, np.random.default_rng(1))
    assert sample.responses.group_by("cell_id").len().sort("cell_id")["len"].to_list() == [6, 6, 4]
    assert sample.participants["participant_id"].is_sorted()


def test_a_limit_that_nobody_exceeds_changes_nothing(studies: StudySet) -> None:
    assert sample_cells(studies, 499, np.random.default_rng(1)) is studies


def test_nobody_a_cell_is_refused(studies: StudySet) -> None:
    with pytest.raises(SourceError, match="choose 1 or more"):
        sample_cells(studies, 0, np.random.default_rng(1))
