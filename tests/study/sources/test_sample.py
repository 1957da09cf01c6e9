import numpy as np
import polars as pl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.builder import StudySetBuilder
from socrates_core.study.sources.sample import drawn_in_groups, sample_cells, sample_groups, sample_rows
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


def test_a_share_in_groups_takes_whole_groups_of_some_cells_and_leaves_the_others_out(studies: StudySet) -> None:
    # 2,000 rows, of which 20 are drawn: from cells of 998, 998 and 4 in random order, 10 rows of each
    sample = sample_groups(studies, 0.01, 10, np.random.default_rng(1))
    rows = sample.responses.group_by("cell_id").len()["len"].to_list()
    assert sorted(rows) in ([10, 10], [4, 6, 10])
    assert (
        sample.manifest.dropped[-1].reason
        == "not drawn for the sample of 0.01 of each study's rows, 10 of a cell together"
    )


def test_with_everybody_in_groups_nothing_is_left_out(studies: StudySet) -> None:
    assert sample_groups(studies, 1.0, 5, np.random.default_rng(1)) is studies


def test_every_study_keeps_its_share_whatever_the_sizes_of_its_cells() -> None:
    # study 0 has 100 cells of one row, study 1 one cell of 300 rows: a tenth is 10 rows and 30 rows
    study, cell = np.repeat([0, 1], [100, 300]), np.concatenate([np.arange(100), np.full(300, 100)])
    drawn = drawn_in_groups(study, cell, 0.1, 8, np.random.default_rng(1))
    assert np.bincount(study[drawn]).tolist() == [10, 30]
    assert len(drawn) == len(set(drawn.tolist()))


def test_the_next_people_of_a_cell_follow_once_all_cells_have_given_theirs() -> None:
    # two cells of 10 rows, 12 of 20 wanted, 4 together: 4 + 4 in the first turn, then 4 of one cell
    study, cell = np.zeros(20, np.int64), np.repeat([0, 1], 10)
    drawn = drawn_in_groups(study, cell, 0.6, 4, np.random.default_rng(1))
    assert sorted(np.bincount(cell[drawn]).tolist()) == [4, 8]


def test_a_share_below_one_row_is_rounded_at_random_and_something_is_always_drawn() -> None:
    study, cell = np.repeat(np.arange(50), 10), np.repeat(np.arange(100), 5)
    sizes = [len(drawn_in_groups(study, cell, 0.01, 2, np.random.default_rng(seed))) for seed in range(200)]
    assert min(sizes) >= 1
    assert np.mean(sizes) == pytest.approx(5, abs=0.5)  # 500 rows · 0.01


@pytest.mark.parametrize(("fraction", "people"), [(0, 8), (1.5, 8), (float("nan"), 8), (0.5, 0)])
def test_a_share_in_groups_out_of_range_is_refused(studies: StudySet, fraction: float, people: int) -> None:
    with pytest.raises(SourceError, match="in groups of"):
        sample_groups(studies, fraction, people, np.random.default_rng(1))
