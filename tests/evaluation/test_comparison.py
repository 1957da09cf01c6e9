import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import PredictionError
from socrates_core.evaluation.comparison import Evaluation, compare, load_evaluations
from socrates_core.evaluation.results.comparison import Basis, basis_sentences, load_comparison, save_comparison
from socrates_core.evaluation.results.metrics import save_metrics
from socrates_core.evaluation.scores import evaluate
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.report.comparison import report
from socrates_core.runs.evaluate import show
from tests.predictions import cell


def studies(share: float, count: int = 20, seed: int = 1, first: int = 0) -> list[CellPredictions]:
    """Two arms in each study; predictions that hold this share of the truth, the rest spread evenly."""
    rng = np.random.default_rng(seed)
    cells = []
    for study in range(count):
        for arm in (1, 2):
            truth = rng.dirichlet(np.ones(5))
            answers = (rng.choice(5, 50, p=truth) + 1.0).tolist()
            row = (share * truth + (1 - share) / 5).tolist()
            name = f"s{study:02d}"
            cells.append(cell(answers, row, study=name, condition=arm, cell_id=first + len(cells)))
    return cells


def named(name: str, cells: list[CellPredictions], **provenance: Any) -> Evaluation:
    return Evaluation(name, evaluate(cells, {"model": name, **provenance}).metrics)


def test_the_closer_model_is_named_with_interval_and_wins() -> None:
    found = compare([named("good", studies(0.9)), named("poor", studies(0.1))])
    (pair,) = found.differences
    assert pair.difference > 0
    assert pair.resolved
    assert pair.wins > pair.losses
    assert pair.wins + pair.losses + pair.ties == 20
    assert pair.sentence.startswith("good is 0.")
    assert pair.sentence.endswith(": resolved.")
    (swapped,) = compare([named("poor", studies(0.1)), named("good", studies(0.9))]).differences
    assert swapped.difference == pytest.approx(-pair.difference)
    assert swapped.ci95 is not None
    assert pair.ci95 is not None
    assert swapped.ci95.low == pytest.approx(-pair.ci95.high)
    assert swapped.sentence.startswith("poor is 0.")
    assert "further off than good" in swapped.sentence


def test_the_printed_interval_is_that_of_the_printed_distance_whoever_is_named_first() -> None:
    good, poor = named("good", studies(0.9)), named("poor", studies(0.1))
    (closer,), (further,) = compare([good, poor]).differences, compare([poor, good]).differences
    assert closer.ci95 is not None
    low, high = closer.ci95.low, closer.ci95.high
    assert 0 < low < closer.difference < high
    assert closer.sentence == (
        f"good is {closer.difference:.4f} closer than poor, interval {low:.4f} to {high:.4f}: resolved."
    )
    assert further.sentence == (
        f"poor is {closer.difference:.4f} further off than good, interval {low:.4f} to {high:.4f}: resolved."
    )


def test_a_difference_is_paired_and_narrower_than_either_interval() -> None:
    found = compare([named("a", studies(0.5)), named("b", studies(0.45))])
    (pair,) = found.differences
    rows = {row.name: row for row in found.leaderboard}
    assert pair.ci95 is not None
    assert rows["a"].ci95 is not None
    assert pair.ci95.high - pair.ci95.low < 0.5 * (rows["a"].ci95.high - rows["a"].ci95.low)
    assert pair.difference == pytest.approx(rows["b"].mean - rows["a"].mean)


def test_a_model_against_itself_is_not_resolved() -> None:
    (pair,) = compare([named("a", studies(0.5)), named("b", studies(0.5))]).differences
    assert (pair.difference, pair.resolved, pair.ties) == (0, False, 20)
    assert pair.sentence == "a and b are equally close, interval 0.0000 to 0.0000: not resolved."


def test_too_few_studies_resolve_nothing() -> None:
    (pair,) = compare([named("a", studies(0.9, 2)), named("b", studies(0.1, 2))]).differences
    assert (pair.ci95, pair.resolved) == (None, False)
    assert "too few studies" in pair.sentence


def test_only_cells_with_the_same_answers_are_compared() -> None:
    whole, half = named("whole", studies(0.5)), named("half", studies(0.5, count=10, first=500))
    found = compare([whole, half])
    assert (found.cells, found.studies) == (20, 10)
    assert found.left_out == {"whole": 20, "half": 0}
    with pytest.raises(PredictionError, match="no cell in common"):
        compare([whole, named("other", studies(0.5, seed=2))])
    with pytest.raises(PredictionError, match="two runs or more"):
        compare([whole])


def test_the_references_are_always_in_the_table() -> None:
    found = compare([named("a", studies(0.5)), named("b", studies(0.2))])
    names = {row.name: row for row in found.leaderboard}
    expected = {"uniform baseline", "pooled human answers", "human split-half", "noise floor"}
    assert expected | {"marginal baseline", "a", "b"} == set(names)
    assert names["marginal baseline"].mean is None
    means = [row.mean for row in found.leaderboard if row.mean is not None]
    assert means == sorted(means)
    assert found.leaderboard[-1].mean is None


def test_a_contaminated_model_is_marked_wherever_it_stands() -> None:
    found = compare([named("a", studies(0.5), contaminated=["s01"]), named("b", studies(0.2))])
    page, text = report(found)
    assert "a (CONTAMINATED)" in page
    assert "CONTAMINATED: trained on studies that are evaluated here: a." in text
    assert "<script src=" not in page


def test_evaluations_are_loaded_from_folders_and_equal_names_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save_metrics(evaluate(studies(0.5), {"model": "m"}).metrics, tmp_path / name / "metrics.json")
    found = load_evaluations([tmp_path / "one", tmp_path / "two"])
    assert [one.name for one in found] == ["m (one)", "m (two)"]
    same = load_evaluations([tmp_path / "one", tmp_path / "one"])
    assert [one.name for one in same] == ["m (one) #1", "m (one) #2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "has no metrics.json"),
        ("{", "not the metrics of an evaluation"),
        ("[]", "not the metrics of an evaluation"),
        ('{"format": 5}', "not the metrics of an evaluation"),
        ('{"format": 1}', "of format 1, this version reads 5"),
    ],
)
def test_a_folder_without_readable_metrics_says_so(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "metrics.json").write_text(content, "utf-8")
    with pytest.raises(PredictionError, match=said):
        load_evaluations([tmp_path, tmp_path])


def test_studies_of_one_kind_are_compared_without_figures_of_all() -> None:
    def half_real(cells: list[CellPredictions]) -> list[CellPredictions]:
        return [replace(cell, real=cell.study_id < "s08") for cell in cells]

    both = [named("a", half_real(studies(0.9))), named("b", half_real(studies(0.2)))]
    real, synthetic = compare(both, kind="real"), compare(both, kind="synthetic")
    assert (real.studies, synthetic.studies) == (8, 12)
    assert real.left_out == {"a": 0, "b": 0}
    # of all, each kind has its own figures, never one over both
    whole = compare(both)
    assert whole.kinds == ("real", "synthetic")
    assert [pair.difference for pair in whole.differences] == [
        part.differences[0].difference for part in (real, synthetic)
    ]
    assert [pair.sentence.partition(",")[0] for pair in whole.differences] == [
        "On real studies", "On synthetic studies"
    ]  # fmt: skip
    assert [row.mean for row in whole.leaderboard if row.name == "a"] == [
        row.mean for part in (real, synthetic) for row in part.leaderboard if row.name == "a"
    ]
    assert {row.accuracy for row in whole.leaderboard} == {None}
    _, text = report(whole)
    assert "Real and synthetic studies are compared separately." in text
    assert [line for line in text.splitlines() if line.startswith("## Leader")] == [
        "## Leaderboard: real studies", "## Leaderboard: synthetic studies"
    ]  # fmt: skip
    assert "synthetic studies" in str(whole)
    _, text = report(real)
    assert "16 cells of 8 real studies" in text
    assert "ccuracy" not in text
    with pytest.raises(PredictionError, match="none of the studies in common is synthetic"):
        compare([named("a", studies(0.9)), named("b", studies(0.2))], kind="synthetic")


# -- what predictions leave out ----------------------------------------------------------------------------------


def drawn(cells: list[CellPredictions], off: float, seed: int = 3, whole_cells: int = 0) -> list[CellPredictions]:
    """The people's own answers as predictions, but a share of them off the scale; of the first cells, all."""
    rng = np.random.default_rng(seed)
    found = []
    for place, one in enumerate(cells):
        lost = (rng.random(len(one.responses)) < off) | (place < whole_cells)
        found.append(replace(one, probs=None, mass=None, drawn=np.where(lost, 99.0, one.responses)))
    return found


def test_a_model_does_not_win_by_leaving_predictions_off_the_scale() -> None:
    # it is almost exact where it answers, and answers every second time
    honest, evasive = named("honest", studies(0.3)), named("evasive", drawn(studies(0.3), 0.5))
    found = compare([honest, evasive])
    rows = {row.name: row for row in found.leaderboard if row.kind == "model"}
    assert rows["evasive"].mean < rows["honest"].mean  # type: ignore[operator]
    basis = rows["evasive"].basis
    assert basis is not None
    assert basis.worst is not None
    assert basis.worst.mean is not None
    assert basis.predictions == 2000
    assert 900 < basis.unusable < 1100
    assert basis.worst.mean > 0.2
    assert [row.name for row in found.leaderboard if row.kind == "model"] == ["honest", "evasive"]
    (pair,) = found.differences
    assert (pair.difference < 0, pair.resolved) == (True, False)
    assert pair.worst is not None
    assert pair.worst > 0
    doubt = f"with the {basis.unusable:,} unusable predictions of evasive as the worst ones it is not reliably closer"
    assert pair.sentence.endswith(f": not resolved, since {doubt}.")
    used = basis.predictions - basis.unusable
    for text in (str(found), report(found)[1]):
        assert f"evasive rests on {used:,} of 2,000 predictions" in text
        assert "by which it is ranked" in text


def test_a_few_predictions_off_the_scale_leave_a_clear_lead_resolved() -> None:
    found = compare([named("poor", studies(0.0)), named("exact", drawn(studies(0.0), 0.01))])
    (pair,) = found.differences
    assert pair.resolved
    assert pair.worst is not None
    assert pair.worst_ci95 is not None
    assert pair.worst_ci95.high < 0  # seen from the poor one
    assert found.leaderboard[0].name != "poor"


def test_cells_without_one_usable_prediction_count_at_worst() -> None:
    # the first four cells, two studies, have no W; without them, nothing would be missing
    whole, gone = named("whole", studies(0.9)), named("gone", drawn(studies(0.9), 0.0, whole_cells=4))
    assert len(gone.metrics.unusable) == 4
    assert (gone.metrics.unusable[0].off_scale_predictions, gone.metrics.unusable[0].n) == (50, 50)
    found = compare([whole, gone])
    assert found.cells == 36
    rows = {row.name: row for row in found.leaderboard if row.kind == "model"}
    assert rows["gone"].mean == 0
    assert rows["gone"].basis is not None
    assert rows["gone"].basis.worst is not None
    assert rows["gone"].basis.worst.cells == 40
    assert rows["gone"].basis.unusable == 200
    every = [one.worst for one in gone.metrics.unusable if one.worst is not None]
    assert rows["gone"].basis.worst.mean == pytest.approx(sum(every) / 40)
    assert rows["whole"].basis == Basis(2000, 0, rows["whole"].basis.worst, pytest.approx(0.9))  # type: ignore[union-attr]


def test_by_the_observed_range_unreadable_predictions_decide_nothing() -> None:
    cells = [replace(one, drawn=np.where(one.drawn == 99, np.nan, one.drawn)) for one in drawn(studies(0.2), 0.3)]  # type: ignore[arg-type]
    found = compare([named("poor", studies(0.2)), named("evasive", cells)], "observed")
    (pair,) = found.differences
    assert (pair.resolved, pair.worst) == (False, None)
    assert "predictions of evasive cannot be read" in pair.sentence
    # off the scale it is clipped to the range, so nothing is left out
    (clipped,) = compare([named("poor", studies(0.0)), named("off", drawn(studies(0.0), 0.01))], "observed").differences
    assert clipped.resolved


def test_little_probability_on_the_scale_is_stated_in_the_comparison() -> None:
    little = [replace(one, mass=np.full(len(one.responses), 0.62)) for one in studies(0.9)]
    much = [replace(one, mass=np.full(len(one.responses), 0.99)) for one in studies(0.5)]
    found = compare([named("little", little), named("much", much)])
    said = "Only 62.0% of the probability of little is on the scale, and W leaves out the rest."
    assert said in str(found)
    assert "probability of much" not in str(found)
    page, text = report(found)
    assert said in text
    assert "62.0 %" in page
    assert "99.0 %" in page


def test_lost_answers_are_said_by_comparison_evaluation_and_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = "ANSWERS LOST: room, task 0: 30 of 100. The figures are about the rest, which may be biased."
    found = compare(
        [named("good", studies(0.9, 4), losses=["room, task 0: 30 of 100"]), named("poor", studies(0.1, 4))]
    )
    assert basis_sentences(found)[0] == lost
    assert lost in str(found)
    scored = evaluate(studies(0.9, 4), {"losses": ["room, task 0: 30 of 100"]})
    assert lost in str(scored)
    save_metrics(scored.metrics, tmp_path / "metrics.json")
    show(tmp_path, "scale")
    assert capsys.readouterr().out.startswith(f"{lost}\nW = ")


def test_a_comparison_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    for kind in ("all", "real"):
        found = compare([named("a", studies(0.5)), named("b", studies(0.2, 2))], kind=kind)  # type: ignore[arg-type]
        save_comparison(found, tmp_path / "comparison.json")
        assert load_comparison(tmp_path / "comparison.json") == found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 1}, "is of format 1, this version reads 3; compare again"),
        ({"convention": "separate"}, "convention: expected 'scale' or 'observed', got 'separate'"),
        ({"cells": 3.5}, "cells: expected a whole number"),
        ({"winner": "a"}, "winner is not known"),
    ],
)
def test_a_comparison_of_another_form_says_so(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "comparison.json"
    save_comparison(compare([named("a", studies(0.5, 3)), named("b", studies(0.2, 3))]), path)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")
    with pytest.raises(PredictionError, match=re.escape(said)):
        load_comparison(path)


def test_proper_scores_are_compared_on_the_same_cells_with_paired_intervals() -> None:
    good, poor = named("good", studies(0.9)), named("poor", studies(0.1))
    found = compare([good, poor])
    (pair,) = found.differences
    rows = {row.name: row.scores for row in found.leaderboard}
    assert [one.score for one in pair.scores] == ["brier", "rps", "log"]
    for one in pair.scores:
        assert one.ci95 is not None
        assert one.ci95.low > 0
        assert one.cells == 40
        behind = getattr(rows["poor"], one.score) - getattr(rows["good"], one.score)
        assert one.difference == pytest.approx(behind)
    assert rows["good"].brier == pytest.approx(good.metrics.probabilities["real"].proper.brier.model.mean)  # type: ignore[union-attr]
    assert rows["uniform baseline"].brier == pytest.approx(0.8)
    assert rows["noise floor"].cells == 0
    page, text = report(found)
    assert "| good | poor | Brier score | +0." in text
    assert "| uniform baseline | 0.8000 | " in text
    assert "Ranked probability score" in page


def test_models_that_give_single_numbers_have_no_proper_scores_to_compare() -> None:
    numbers = [replace(one, probs=None, mass=None, drawn=one.responses) for one in studies(0.9)]
    found = compare([named("numbers", numbers), named("good", studies(0.9))])
    assert found.differences[0].scores == ()
    assert all(row.scores.cells == 0 for row in found.leaderboard)
    assert "Proper score" not in report(found)[1]
