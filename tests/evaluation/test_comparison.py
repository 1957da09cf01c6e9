import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import PredictionError
from socrates_core.evaluation.comparison import Contender, compare, load_contenders
from socrates_core.evaluation.scores import evaluate
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.report.comparison import report
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


def contender(name: str, cells: list[CellPredictions], **provenance: Any) -> Contender:
    return Contender(name, evaluate(cells, {"model": name, **provenance}).metrics)


def test_the_closer_model_is_named_with_interval_and_wins() -> None:
    found = compare([contender("good", studies(0.9)), contender("poor", studies(0.1))])
    (duel,) = found.duels
    assert duel.difference > 0
    assert duel.resolved
    assert duel.wins > duel.losses
    assert duel.wins + duel.losses + duel.ties == 20
    assert duel.sentence.startswith("good is 0.")
    assert duel.sentence.endswith(": resolved.")
    (swapped,) = compare([contender("poor", studies(0.1)), contender("good", studies(0.9))]).duels
    assert swapped.difference == pytest.approx(-duel.difference)
    assert swapped.ci95 is not None
    assert duel.ci95 is not None
    assert swapped.ci95.low == pytest.approx(-duel.ci95.high)
    assert swapped.sentence.startswith("poor is 0.")
    assert "further off than good" in swapped.sentence


def test_the_printed_interval_is_that_of_the_printed_distance_whoever_is_named_first() -> None:
    good, poor = contender("good", studies(0.9)), contender("poor", studies(0.1))
    (closer,), (further,) = compare([good, poor]).duels, compare([poor, good]).duels
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
    found = compare([contender("a", studies(0.5)), contender("b", studies(0.45))])
    (duel,) = found.duels
    rows = {row.name: row for row in found.standings}
    assert duel.ci95 is not None
    assert rows["a"].ci95 is not None
    assert duel.ci95.high - duel.ci95.low < 0.5 * (rows["a"].ci95.high - rows["a"].ci95.low)
    assert duel.difference == pytest.approx(rows["b"].mean - rows["a"].mean)


def test_a_model_against_itself_is_not_resolved() -> None:
    (duel,) = compare([contender("a", studies(0.5)), contender("b", studies(0.5))]).duels
    assert (duel.difference, duel.resolved, duel.ties) == (0, False, 20)
    assert duel.sentence == "a and b are equally close, interval 0.0000 to 0.0000: not resolved."


def test_too_few_studies_resolve_nothing() -> None:
    (duel,) = compare([contender("a", studies(0.9, 2)), contender("b", studies(0.1, 2))]).duels
    assert (duel.ci95, duel.resolved) == (None, False)
    assert "too few studies" in duel.sentence


def test_only_cells_with_the_same_answers_are_compared() -> None:
    whole, half = contender("whole", studies(0.5)), contender("half", studies(0.5, count=10, first=500))
    found = compare([whole, half])
    assert (found.cells, found.studies) == (20, 10)
    assert found.left_out == {"whole": 20, "half": 0}
    with pytest.raises(PredictionError, match="no cell in common"):
        compare([whole, contender("other", studies(0.5, seed=2))])
    with pytest.raises(PredictionError, match="two runs or more"):
        compare([whole])


def test_the_references_are_always_in_the_table() -> None:
    found = compare([contender("a", studies(0.5)), contender("b", studies(0.2))])
    names = {row.name: row for row in found.standings}
    expected = {"guessing evenly", "pooled human answers", "human split-half", "noise floor"}
    assert expected | {"training answers on the scale", "a", "b"} == set(names)
    assert math.isnan(names["training answers on the scale"].mean)
    means = [row.mean for row in found.standings if row.cells]
    assert means == sorted(means)
    json.dumps(found.to_json(), allow_nan=False)


def test_a_contaminated_model_is_marked_wherever_it_stands() -> None:
    found = compare([contender("a", studies(0.5), contaminated=["s01"]), contender("b", studies(0.2))])
    page, text = report(found)
    assert "a (CONTAMINATED)" in page
    assert "CONTAMINATED: a learned from studies that are evaluated here." in text
    assert "<script src=" not in page


def test_evaluations_are_loaded_from_folders_and_equal_names_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        content = evaluate(studies(0.5), {"model": "m"}).metrics
        (tmp_path / name / "metrics.json").write_text(json.dumps(content), "utf-8")
    found = load_contenders([tmp_path / "one", tmp_path / "two"])
    assert [one.name for one in found] == ["m (one)", "m (two)"]
    same = load_contenders([tmp_path / "one", tmp_path / "one"])
    assert [one.name for one in same] == ["m (one) #1", "m (one) #2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "has no metrics.json"),
        ("{", "not the metrics of an evaluation"),
        ("[]", "not the metrics of an evaluation"),
        ('{"format": 1}', "not the metrics of an evaluation"),
        ('{"format": 0}', "of format 0, this version reads 1"),
    ],
)
def test_a_folder_without_readable_metrics_says_so(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "metrics.json").write_text(content, "utf-8")
    with pytest.raises(PredictionError, match=said):
        load_contenders([tmp_path, tmp_path])


def test_studies_of_one_kind_are_compared_without_figures_of_all() -> None:
    def half_real(cells: list[CellPredictions]) -> list[CellPredictions]:
        return [replace(cell, real=cell.study_id < "s08") for cell in cells]

    pair = [contender("a", half_real(studies(0.9))), contender("b", half_real(studies(0.2)))]
    real, synthetic = compare(pair, kind="real"), compare(pair, kind="synthetic")
    assert (real.studies, synthetic.studies) == (8, 12)
    assert real.left_out == {"a": 0, "b": 0}
    whole, parts = compare(pair), (real, synthetic)
    assert whole.duels[0].difference == pytest.approx(sum(p.duels[0].difference * p.studies for p in parts) / 20)
    _, text = report(real)
    assert "16 cells of 8 real studies" in text
    assert "ccuracy" not in text
    with pytest.raises(PredictionError, match="none of the studies that they have in common is synthetic"):
        compare([contender("a", studies(0.9)), contender("b", studies(0.2))], kind="synthetic")
