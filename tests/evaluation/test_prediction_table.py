from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from socrates_core.errors import PredictionError, SourceError
from socrates_core.evaluation.prediction_table import MARK, cells_of, read_table, unit_table
from socrates_core.evaluation.scores import evaluate
from socrates_core.metrics.cell_predictions import groups_of, joined
from socrates_core.study.sources.file.frames import column_names
from tests.predictions import cell

PAIR = [[0.5, 0.5, 0, 0, 0], [0, 0, 0, 0, 1]]


def test_a_cell_comes_back_from_its_table_as_it_was(tmp_path: Path) -> None:
    before = cell([1, 9], PAIR, weights=[1.0, 2.0], attributes={"gender": ["Female", None]}, cell_id=7)
    before = replace(before, group="a pool")
    unit_table([before]).write_parquet(tmp_path / "7.parquet")
    (after,) = cells_of(read_table(tmp_path / "7.parquet"))
    assert after.probs is not None
    np.testing.assert_array_equal(after.probs, PAIR)
    np.testing.assert_array_equal(after.responses, [1, 9])
    np.testing.assert_array_equal(after.on_scale, [True, False])
    np.testing.assert_array_equal(after.mass_of, [1, 2])
    assert after.attributes == {"gender": ["Female", None]}
    assert (after.study_id, after.cell_id, after.stimulus, after.real) == ("s", 7, "How much?", True)
    assert after.group == "a pool"


def test_cells_with_other_attributes_share_a_table() -> None:
    table = unit_table([cell([1, 2], PAIR, attributes={"a": ["x", "y"]}), cell([1], PAIR[:1], cell_id=1)])
    first, second = cells_of(table)
    assert (first.attributes, second.attributes) == ({"a": ["x", "y"]}, {})


def test_drawn_numbers_are_valid_usable_or_neither() -> None:
    one = cell([1, 2, 3, 4, 5], drawn=[3, np.nan, 2e99, 8, 2.5])
    np.testing.assert_array_equal(one.valid, [True, False, False, True, True])
    np.testing.assert_array_equal(one.usable, [True, False, False, False, False])


def test_a_table_whose_lists_do_not_fit_is_refused_by_the_cell(tmp_path: Path) -> None:
    table = unit_table([cell([1, 2], PAIR, cell_id=4)])
    table.with_columns(probs=pl.col("probs").list.head(9)).write_parquet(tmp_path / "4.parquet")
    with pytest.raises(PredictionError, match="lists of cell 4 do not fit together"):
        read_table(tmp_path / "4.parquet")


def test_distributions_and_single_numbers_in_one_arm_are_refused(tmp_path: Path) -> None:
    # joined, as the paper's cells are, they could not be one prediction
    numbers = cell([1, 2], drawn=[1, 2], cell_id=2, task=2)
    unit_table([cell([1, 2], PAIR), numbers]).write_parquet(tmp_path / "mixed.parquet")
    with pytest.raises(
        PredictionError, match="distributions for some cells of condition 1 of study s and single numbers"
    ):
        read_table(tmp_path / "mixed.parquet")
    # in another arm they are a prediction of their own
    unit_table([cell([1, 2], PAIR), replace(numbers, condition_num=2)]).write_parquet(tmp_path / "apart.parquet")
    assert len(evaluate(cells_of(read_table(tmp_path / "apart.parquet")), {}).metrics.cells) == 2


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing", b"{}"])
def test_a_half_written_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "4.parquet").write_bytes(content)
    with pytest.raises(PredictionError, match="cannot be read"):
        read_table(tmp_path / "4.parquet")


def test_groupings_put_cells_together_and_scales_side_by_side() -> None:
    cells = [
        cell([1, 2], PAIR, cell_id=0, stimulus="a"),
        cell([3, 4], PAIR, cell_id=1, stimulus="b"),
        cell([1, 9], [0.5, 0.5], values=[1, 9], cell_id=2, task=2),
    ]
    assert [len(group) for group in groups_of(cells, "text")] == [1, 1, 1]
    assert [len(group) for group in groups_of(cells, "task")] == [2, 1]
    (whole,) = (joined(group) for group in groups_of(cells, "condition"))
    assert whole.values is not None
    assert whole.probs is not None
    assert whole.values.tolist() == [1, 2, 3, 4, 5, 9]
    np.testing.assert_array_equal(whole.responses, [1, 2, 3, 4, 1, 9])
    np.testing.assert_array_equal(whole.probs[-1], [0.5, 0, 0, 0, 0, 0.5])


def test_labels_of_options_are_kept_and_files_without_them_are_read(tmp_path: Path) -> None:
    labelled = replace(cell([1, 2], [0.2] * 5), labels={1: "no", 5: "yes"})
    table = unit_table([labelled, cell([3], [0.2] * 5, cell_id=1)])
    table.write_parquet(tmp_path / "with.parquet")
    table.drop("scale_labels").write_parquet(tmp_path / "without.parquet")
    assert [dict(one.labels) for one in cells_of(read_table(tmp_path / "with.parquet"))] == [{1: "no", 5: "yes"}, {}]
    assert [dict(one.labels) for one in cells_of(read_table(tmp_path / "without.parquet"))] == [{}, {}]


def test_every_row_is_marked_as_simulated_and_no_reader_of_answers_takes_it(tmp_path: Path) -> None:
    table = unit_table([cell([1, 2], PAIR, cell_id=4)])
    assert table["simulated"].to_list() == [True]
    table.write_parquet(tmp_path / "column.parquet")
    with pytest.raises(SourceError, match="has the column 'simulated'"):
        column_names(tmp_path / "column.parquet")
    # those of before have the metadata alone, and are still read as predictions
    table.drop("simulated").write_parquet(tmp_path / "metadata.parquet", metadata=MARK)
    assert read_table(tmp_path / "metadata.parquet")["simulated"].to_list() == [True]
    with pytest.raises(SourceError, match="says of itself that it is simulated"):
        column_names(tmp_path / "metadata.parquet")
    table.with_columns(simulated=pl.lit(False)).write_parquet(tmp_path / "claims.parquet")
    with pytest.raises(PredictionError, match="column simulated is not true in every row"):
        read_table(tmp_path / "claims.parquet")
