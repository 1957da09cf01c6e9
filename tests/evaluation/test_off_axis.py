"""Evaluations of studies with options off the axis, in half steps, and without an order."""

from pathlib import Path

import pytest
from scipy.stats import wasserstein_distance

from socrates_core.evaluation.prediction_table import cells_of, read_table, unit_table
from socrates_core.evaluation.results.metrics import load_metrics, save_metrics
from socrates_core.evaluation.scores import evaluate
from socrates_core.report.evaluated.headline import answers_compared, headline
from socrates_core.report.evaluation import report
from socrates_core.study.files import write_parquet
from socrates_core.study.sources.opening import open_source
from tests.predictions import cell

DK = {98: "Don't know"}
REAL_ROWS = Path(__file__).parents[3] / "shared" / "data" / "socsci210_val.parquet"


def test_a_table_of_predictions_gives_back_all_that_a_scale_has() -> None:
    made = [
        cell([1, 2, 98], [0.5, 0.25, 0.25], values=(1, 2), off_axis=DK),
        cell([2, 3, 4], [0.5, 0.25, 0.25], values=(2, 3, 4), unit=0.5, cell_id=1),
        cell([1, 2, 2], [0.5, 0.25, 0.25], values=(1, 2, 3), nominal=True, cell_id=2),
        cell([1, 2, 98], drawn=[1, 98, 5], values=(1, 2), off_axis={98: ""}, cell_id=3),
    ]
    for before, after in zip(made, cells_of(unit_table(made)), strict=True):
        for name in ("off_axis", "unit", "nominal"):
            assert getattr(before, name) == getattr(after, name)
        assert (before.off_probs is None) == (after.off_probs is None)
        assert after.off_probs is None or after.off_probs == pytest.approx(before.off_probs)
        assert after.probs is None or after.probs == pytest.approx(before.probs)


def test_predictions_of_an_earlier_version_are_whole_numbers_on_an_axis(tmp_path: Path) -> None:
    later = ["unit", "nominal", "off_axis", "off_axis_labels", "off_probs"]
    write_parquet(unit_table([cell([1, 2, 3], [0.2] * 5)]).drop(later), tmp_path / "predictions.parquet")
    (found,) = cells_of(read_table(tmp_path / "predictions.parquet"))
    assert (found.unit, found.nominal, found.off_axis, found.off_probs) == (1.0, False, {}, None)


def test_w_as_in_the_paper_stands_beside_w_without_options_off_the_axis(tmp_path: Path) -> None:
    # study a: 1, 2, 98 in thirds, predicted all on 1: (1/97 + 1)/3 as numbers, 1/2 without; study b has no such option,
    # 1 and 5 in halves, predicted all on 1: 1/2 either way
    cells = [
        cell([1, 2, 98], [1.0, 0.0, 0.0], values=(1, 2), off_axis=DK, study="a"),
        cell([1, 5], [1.0, 0.0, 0.0, 0.0, 0.0], study="b", cell_id=1),
    ]
    metrics = evaluate(cells, {}).metrics
    assert metrics.paper.mean == pytest.approx(((1 / 97 + 1) / 3 + 0.5) / 2)
    assert metrics.paper.on_axis == pytest.approx(0.5)
    assert metrics.paper.off_axis_cells == 1
    assert metrics.wasserstein.observed.mean == metrics.paper.mean
    assert (
        "1 cell has options off the axis, taken here as the numbers they are, as in the paper; without them W = 0.5000"
        in (headline(metrics, "observed"))
    )
    save_metrics(metrics, tmp_path / "metrics.json")
    assert load_metrics(tmp_path / "metrics.json") == metrics


def test_a_code_may_be_off_the_axis_of_one_text_and_on_that_of_another() -> None:
    # one task with two texts: 98 is "don't know" on the first and a point of a slider on the second, where it stays
    cells = [
        cell([1, 2, 98], [1.0, 0.0, 0.0], values=(1, 2), off_axis=DK),
        cell([0, 98, 100], [1.0] + [0.0] * 100, values=tuple(range(101)), cell_id=1),
    ]
    paper = evaluate(cells, {}).metrics.paper
    # answers 1, 2, 0, 98, 100 of the range 0 to 100; predicted 1 for the first three people and 0 for the others
    assert paper.on_axis == pytest.approx(wasserstein_distance([1, 1, 1, 0, 0, 0], [1, 2, 0, 98, 100]) / 100)
    assert paper.cells == 1


def test_cells_without_an_order_are_in_no_mean_of_w_and_have_a_headline_of_their_own() -> None:
    ordered = cell([1, 5], [1.0, 0.0, 0.0, 0.0, 0.0], study="a")
    nominal = cell([1, 1, 2, 2], [0.0, 0.5, 0.5], values=(1, 2, 9), nominal=True, study="b", cell_id=1)
    alone, both = evaluate([ordered], {}), evaluate([ordered, nominal], {})
    assert both.metrics.wasserstein.scale.mean == alone.metrics.wasserstein.scale.mean
    assert both.metrics.paper.mean == alone.metrics.paper.mean
    assert both.metrics.wasserstein.scale.cells == 1
    assert alone.metrics.nominal is None
    assert both.metrics.nominal is not None
    assert both.metrics.nominal.model.mean == pytest.approx(0.5)
    assert "Apart from W, total variation = 0.5000 over 1 cell whose options have no order" in headline(both.metrics)
    page, text = report(both)
    assert "Options without an order" in page
    assert "| Model | 0.500 |" in text


def test_a_report_names_shares_off_the_axis_and_bounds_by_arm() -> None:
    first, second = [1.0] * 20 + [2.0] * 20, [1.0] * 15 + [2.0] * 15 + [98.0] * 10
    cells = [
        cell(answers, [0.4, 0.4, 0.2], values=(1, 2), off_axis=DK, condition=place, cell_id=place)
        for place, answers in ((1, first), (2, second))
    ]
    page, text = report(evaluate(cells, {}))
    assert "Answers off the axis" in page
    assert "25.0 % (10 answers)" in text
    assert "25.0 % against 0.0 %" in text
    assert "+0.0 (-16.7 to +16.7)" in text
    assert "on average 12.5% do, and 20.0% are predicted to" in text


@pytest.mark.skipif(not REAL_ROWS.is_file(), reason="SocSci210's validation rows are not here (../shared/data)")
def test_no_real_row_at_hand_has_an_option_off_the_axis_so_that_nothing_moves() -> None:
    studies = open_source(str(REAL_ROWS))
    assert studies.manifest.counts["responses"] == 2780
    assert studies.manifest.counts["off_axis"] == 0
    assert studies.cells["off_axis"].null_count() == len(studies.cells)
    assert studies.manifest.notes == ()


def test_a_report_says_what_became_of_every_human_answer() -> None:
    # of 30 answers, 6 are in open-ended cells and 9 of people who were not drawn; of the 15 predicted ones, two are off
    # the axis, one is no option, one has no weight, and one is of a cell that one person answered
    cells = [
        cell([1, 2, 2, 1, 98, 98, 7, 1], [0.5, 0.25, 0.25], values=(1, 2), off_axis=DK, weights=[1] * 7 + [0]),
        cell([1, 2, 3, 3, 3, 1], [0.5, 0.25, 0.25], values=(1, 2, 3), nominal=True, cell_id=1),
        cell([1], [0.5, 0.5], values=(1, 2), cell_id=2),
    ]
    given = {"given": 30, "in_cells_left_out": 6, "not_drawn": 9}
    found = evaluate(cells, {"answers": given, "per_cell": 8}).metrics
    told = found.answers
    assert (told.given, told.compared, told.off_axis, told.off_scale) == (30, 10, 2, 1)
    assert (told.without_weight, told.in_unscored_cells) == (1, 1)
    assert told.given == sum(count for name, count in vars(told).items() if name != "given")
    assert "compared with 10 of 30 human answers. Not compared: 9 of people who were not drawn (at most 8 in" in (
        answers_compared(found)
    )
    whole = evaluate([cell([1, 2, 2], [0.5, 0.5], values=(1, 2))], {}).metrics
    assert answers_compared(whole) == "Predictions are compared with all 3 human answers."
    assert answers_compared(whole) in report(evaluate([cell([1, 2, 2], [0.5, 0.5], values=(1, 2))], {}))[1]


def test_options_off_the_axis_are_called_what_they_are() -> None:
    refused, elsewhere = {98: "Don't know", 99: "Refused"}, {9: "Not applicable"}
    cells = [
        cell([1, 2, 99, 98], [0.25] * 4, values=(1, 2), off_axis=refused),
        cell([1, 2, 9], [0.5, 0.25, 0.25], values=(1, 2), off_axis=elsewhere, cell_id=1),
        cell([1, 2, 98], [0.5, 0.25, 0.25], values=(1, 2), off_axis={98: "don't know"}, cell_id=2),
    ]
    found = evaluate(cells, {}).metrics
    names = "off the axis (“Don't know”, “Refused”, “Not applicable”)"
    assert f"In 3 cells people may answer {names}: on average" in headline(found)
    assert f"4 {names}, compared by their share alone" in answers_compared(found)
    (alone,) = (evaluate([cell([1, 2, 9], [0.5, 0.25, 0.25], values=(1, 2), off_axis={9: "Refused"})], {}),)
    assert "know" not in headline(alone.metrics) + answers_compared(alone.metrics)
