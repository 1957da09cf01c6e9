import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from socrates_core.errors import PredictionError
from socrates_core.evaluation.comparison import (
    Evaluation,
    compare,
    compare_by_kind,
    load_comparison,
    load_evaluations,
    save_comparison,
)
from socrates_core.evaluation.results.metrics import save_metrics
from socrates_core.evaluation.scores import evaluate
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.report.comparison import report, report_by_kind
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
        ('{"format": 3}', "not the metrics of an evaluation"),
        ('{"format": 1}', "of format 1, this version reads 3"),
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
    whole, parts = compare(both), (real, synthetic)
    assert whole.differences[0].difference == pytest.approx(
        sum(p.differences[0].difference * p.studies for p in parts) / 20
    )
    _, text = report(real)
    assert "16 cells of 8 real studies" in text
    assert "ccuracy" not in text
    with pytest.raises(PredictionError, match="none of the studies in common is synthetic"):
        compare([named("a", studies(0.9)), named("b", studies(0.2))], kind="synthetic")


def test_kinds_of_studies_are_compared_apart_and_there_is_no_figure_over_both() -> None:
    def kinds(cells: list[CellPredictions], *real: bool | None) -> list[CellPredictions]:
        return [replace(cell, real=real[int(cell.study_id[1:]) % len(real)]) for cell in cells]

    both = [named(name, kinds(studies(share), True, False)) for name, share in (("a", 0.9), ("b", 0.2))]
    apart = compare_by_kind(both)
    assert [(kind, one.studies) for kind, one in apart.items()] == [("real", 10), ("synthetic", 10)]
    assert apart["real"] == compare(both, kind="real")
    _, text = report_by_kind(apart)
    for said in ("20 cells of 10 real studies", "20 cells of 10 synthetic studies", "Real studies: leaderboard"):
        assert said in text
    assert "40 cells" not in text
    # of one kind alone: one comparison, with the figures of the whole evaluations, under its kind
    alone = [named(name, kinds(studies(share), False)) for name, share in (("a", 0.9), ("b", 0.2))]
    assert compare_by_kind(alone) == {"synthetic": compare(alone)}
    assert "Synthetic studies: leaderboard" in report_by_kind(compare_by_kind(alone))[1]
    three = [named(name, kinds(studies(share), True, False, None)) for name, share in (("a", 0.9), ("b", 0.2))]
    assert {kind: one.studies for kind, one in compare_by_kind(three).items()} == {
        "real": 7,
        "synthetic": 7,
        "unknown": 6,
    }


def test_how_much_of_the_probability_is_on_the_scale_stands_beside_w() -> None:
    # a puts 0.6 on the scale in every cell of s00 and 0.4 elsewhere: (0.6 + 3 · 0.4) / 4 over studies
    def masses(cells: list[CellPredictions], mass: float) -> list[CellPredictions]:
        given = [0.6 if mass < 1 and cell.study_id == "s00" else mass for cell in cells]
        return [replace(one, mass=np.full(len(one.responses), share)) for one, share in zip(cells, given, strict=True)]

    found = compare([named("a", masses(studies(0.9, 4), 0.4)), named("b", masses(studies(0.2, 4), 1.0))])
    shares = {row.name: row.on_scale_mass for row in found.leaderboard}
    assert (shares["a"], shares["b"]) == (pytest.approx(0.45), pytest.approx(1.0))
    assert shares["noise floor"] is None
    _, text = report(found)
    assert "Only 45.0% of the probability of a is on the scale" in text
    assert "of b is on the scale" not in text


def test_a_comparison_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    for kind in ("all", "real"):
        found = compare([named("a", studies(0.5)), named("b", studies(0.2, 2))], kind=kind)  # type: ignore[arg-type]
        save_comparison(found, tmp_path / "comparison.json")
        assert load_comparison(tmp_path / "comparison.json") == found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 1}, "is of format 1, this version reads 2; compare again"),
        ({"convention": "separate"}, "convention: Input should be 'scale' or 'observed', not 'separate'"),
        ({"cells": 3.5}, "cells: Input should be a valid integer"),
        ({"winner": "a"}, "winner is not known"),
    ],
)
def test_a_comparison_of_another_form_says_so(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "comparison.json"
    save_comparison(compare([named("a", studies(0.5, 3)), named("b", studies(0.2, 3))]), path)
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}), "utf-8")
    with pytest.raises(PredictionError, match=re.escape(said)):
        load_comparison(path)
