import html
import json
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from socrates_core.errors import PredictionError
from socrates_core.evaluation.results.distances import CONVENTIONS
from socrates_core.evaluation.results.filled_rows import identity
from socrates_core.evaluation.results.json_file import as_json
from socrates_core.evaluation.results.metrics import Metrics
from socrates_core.evaluation.scores import ScoredCells, evaluate
from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.report.evaluated.headline import headline, headlines
from socrates_core.report.evaluation import report
from tests.predictions import cell

UNIFORM = [0.2] * 5


def some(count: int = 6, people: int = 40, seed: int = 1) -> list[CellPredictions]:
    """Studies of two arms and one outcome, with predictions that know a little."""
    rng = np.random.default_rng(seed)
    cells = []
    for study in range(count):
        for arm in (1, 2):
            truth = rng.dirichlet(np.ones(5))
            answers = rng.choice(5, people, p=truth) + 1.0
            attributes = {"gender": ["Female", "Male"] * (people // 2)}
            row = (0.5 * truth + 0.1).tolist()
            options = {"study": f"s{study}", "condition": arm, "cell_id": len(cells), "attributes": attributes}
            cells.append(cell(answers.tolist(), row, **options))  # type: ignore[arg-type]
    return cells


def metrics(cells: Sequence[CellPredictions]) -> Metrics:
    return evaluate(cells, {"model": "made up"}).metrics


def test_the_keys_that_others_read_are_there() -> None:
    found = as_json(metrics(some()))
    for convention in ("scale", "observed", "separate"):
        assert {"mean", "flat_mean", "ci95", "cells", "studies"} <= set(found["wasserstein"][convention])
    for convention in ("scale", "observed"):
        assert isinstance(found["noise_floor"][convention]["mean"], float)
        for baseline in ("uniform", "pooled", "human_split_half"):
            assert isinstance(found["baselines"][baseline][convention]["mean"], float)
    keys = {"accuracy", "pearson", "mae", "rmse", "exact", "within_one", "n", "invalid"}
    assert keys <= set(found["individual"])
    assert {"effects", "dispersion", "fairness", "excluded", "provenance", "contaminated"} <= set(found)
    json.dumps(found, allow_nan=False)


def test_a_mean_is_over_cells_then_over_studies() -> None:
    # study a: 1 and 0, study b: 0.5 → ½; flat the same sum over three cells
    cells = [
        cell([5, 5], [1, 0, 0, 0, 0], study="a", cell_id=0),
        cell([1, 1], [1, 0, 0, 0, 0], study="a", cell_id=1, condition=2),
        cell([3, 3], [1, 0, 0, 0, 0], study="b", cell_id=2),
    ]
    found = metrics(cells).wasserstein
    assert (found.scale.mean, found.scale.flat_mean) == (pytest.approx(0.5), pytest.approx(0.5))
    cells.append(cell([5, 5], [1, 0, 0, 0, 0], study="a", cell_id=3, condition=3))
    found = metrics(cells).wasserstein
    assert found.scale.mean == pytest.approx((2 / 3 + 0.5) / 2)
    assert found.scale.flat_mean == pytest.approx(2.5 / 4)
    assert (found.observed.mean, found.observed.cells) == (None, 0)


def test_a_baseline_is_set_against_the_model_on_its_own_cells() -> None:
    cells = [*some(3), cell([5] * 9, [1, 0, 0, 0, 0], study="lonely", cell_id=99)]
    pooled = metrics(cells).baselines.pooled.scale
    assert (pooled.cells, pooled.studies) == (6, 3)
    assert pooled.model_on_the_same_cells == pytest.approx(metrics(cells[:-1]).wasserstein.scale.mean)
    assert pooled.gain == pytest.approx(pooled.mean - pooled.model_on_the_same_cells)


def test_the_same_predictions_give_the_same_figures_in_any_order() -> None:
    cells = some()
    by_id = {row.cell: row for row in metrics(cells).cells}
    for row in metrics(cells[::-1]).cells:
        assert row == by_id[row.cell]
    assert metrics(cells) == metrics(cells)


def test_what_is_left_out_is_named_with_its_reason() -> None:
    cells = [
        *some(1),
        cell([3], UNIFORM, study="s0", cell_id=50, condition=3),
        cell([2, 2], UNIFORM, study="s0", cell_id=51, condition=4),
    ]
    left_out = [{"cell": 60, "study": "s0", "name": "s0", "convention": "all", "reason": "open-ended outcome"}]
    found = evaluate(cells, {"left_out": left_out}).metrics.excluded
    assert {(row.cell, row.convention, row.reason) for row in found} == {
        (60, "all", "open-ended outcome"),
        (50, "all", "one response"),
        (51, "observed", "all human answers are the same"),
    }


@pytest.mark.parametrize("cells", [[], [cell([3], UNIFORM)], [cell([7, 8], UNIFORM)]])
def test_nothing_to_score_is_an_error_that_says_why(cells: list[CellPredictions]) -> None:
    with pytest.raises(PredictionError, match=r"there are no cells|one response|answers are on the scale"):
        metrics(cells)


def test_a_model_that_saw_the_studies_is_stamped() -> None:
    provenance = {
        "model": "m",
        "contaminated": ["s0"],
        "trained_on": 3,
        "near_duplicates": [],
        "stimuli_compared": True,
    }
    scored = evaluate(some(), provenance)
    assert scored.metrics.contaminated is True
    page, text = report(scored)
    assert "CONTAMINATED: the model was trained on 1 of these studies (s0)" in page
    assert "CONTAMINATED" in text
    assert evaluate(some(), {**provenance, "contaminated": []}).metrics.contaminated is False


def test_a_base_that_may_not_be_the_adapters_is_stamped() -> None:
    note = "the adapter names a/b, taken by its name for a copy of c/b"
    page, text = report(evaluate(some(), {"model": "m", "base_note": note}))
    assert f"Not surely the adapter's base: {note}" in html.unescape(page)
    assert note in text
    assert "Not surely" not in report(evaluate(some(), {"model": "m"}))[0]


def test_real_and_synthetic_studies_are_told_apart() -> None:
    mixed = [*some(3), *(cell([1, 2, 3], UNIFORM, study=f"x{i}", cell_id=100 + i, real=False) for i in range(3))]
    found = metrics(mixed).by_kind
    real, synthetic = found["real"].scale, found["synthetic"].scale
    assert real is not None
    assert synthetic is not None
    assert real.studies == synthetic.studies == 3
    both = (real.mean + synthetic.mean) / 2
    assert metrics(mixed).wasserstein.scale.mean == pytest.approx(both)


def test_headline_figures_of_real_and_of_synthetic_studies_are_never_pooled() -> None:
    synthetic = [cell([1, 2, 3], UNIFORM, study=f"x{i}", cell_id=100 + i, real=False) for i in range(3)]
    both = evaluate([*some(3), *synthetic], {"model": "m"})
    for convention in CONVENTIONS:
        told = headlines(both.metrics, convention)
        for kind, cells, line in (("Real", some(3), told[0]), ("Synthetic", synthetic, told[1])):
            (alone,) = headlines(metrics(cells), convention)
            # the resamples are drawn over other studies, so that intervals differ
            plain = [re.sub(r" \(95 % interval [^)]*\)", "", one) for one in (line, alone)]
            assert plain[0] == f"{kind} studies: {plain[1]}"
    pooled = f"{both.metrics.wasserstein.scale.mean:.4f}"
    assert pooled not in str(both)
    assert "3 real studies" in str(both)
    text = report(both)[1]
    assert pooled not in text.split("## Studies")[0].split("over real and synthetic studies together")[0]
    assert "Noise floor, synthetic studies" in text


def test_questions_and_answers_have_an_identity_whoever_predicts() -> None:
    one = cell([1, 2], UNIFORM)
    assert identity(one) == identity(cell([2, 1], [1, 0, 0, 0, 0], cell_id=9))
    for other in (cell([1, 3], UNIFORM), cell([1, 2], UNIFORM, stimulus="Why?"), cell([1, 2], UNIFORM, task=2)):
        assert identity(one) != identity(other)


# -- the report --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scored() -> ScoredCells:
    return evaluate(some(), {"model": "made up"})


def test_the_headline_has_n_floor_interval_and_uniform_baseline(scored: ScoredCells) -> None:
    for convention in CONVENTIONS:
        said = headline(scored.metrics, convention)
        for word in ("95 % interval", "noise floor", "uniform baseline", "12 cells of 6 studies"):
            assert word in said


@pytest.mark.parametrize(
    ("mass", "words"),
    [(0.97, "97.0% of the model's probability is on the scale"), (0.03, "Only 3.0% of the model's probability is")],
)
def test_the_mass_on_the_scale_stands_beside_the_distance(mass: float, words: str) -> None:
    cells = [replace(one, mass=np.full(len(one.responses), mass)) for one in some()]
    scored = evaluate(cells, {"model": "m"})
    assert words in headline(scored.metrics)
    assert words in html.unescape(report(scored)[0])
    unknown = evaluate([replace(one, mass=None) for one in cells], {"model": "m"})
    assert "probability is on the scale" not in headline(unknown.metrics)


def test_stimuli_that_were_not_compared_are_told_from_those_without_duplicates() -> None:
    learned = {"model": "m", "trained_on": 3, "near_duplicates": [], "stimuli_compared": False}
    assert "were not compared with them" in report(evaluate(some(), {**learned, "studies_compared": 0}))[1]
    assert "compared only with those of 2 studies" in report(evaluate(some(), {**learned, "studies_compared": 2}))[1]
    whole = {**learned, "stimuli_compared": True, "studies_compared": 3}
    assert "not compared" not in report(evaluate(some(), whole))[1]


def test_the_page_needs_nothing_else_and_holds_every_figure(scored: ScoredCells) -> None:
    page, text = report(scored)
    assert "<script src=" not in page
    assert page.count("Plotly.newPlot(") == 6 + 6
    for heading in (
        "Wasserstein distance (W)",
        "Treatment effects",
        "Groups of people",
        "What was left out",
        "Worst and best cells",
    ):
        assert re.search(rf"<h2[^>]*>{re.escape(heading)}</h2>", page)
        assert f"## {heading}" in text
    assert "INVALID" in text


def test_histograms_of_cells_have_the_words_of_their_options() -> None:
    labels = {1: "never <b>", 5: "always"}
    cells = [replace(one, labels=labels) for one in some(3)]
    page, _ = report(evaluate(cells, {"model": "made up"}))
    assert r"5\u003cbr\u003ealways" in page
    assert r"1\u003cbr\u003enever\u003cbr\u003e&lt;b&gt;" in page
    bare, _ = report(evaluate(some(3), {"model": "made up"}))
    assert "br\\u003ealways" not in bare


def test_a_folder_of_this_machine_is_called_by_its_own_name() -> None:
    page, _ = report(evaluate(some(), {"model": "/data/models/mine", "adapter": "/data/tuned"}))
    assert "<h1>Evaluation of mine with tuned</h1>" in page


def test_texts_of_studies_are_only_text() -> None:
    evil = "<script>alert(1)</script> | `x` <b>"
    cells = [
        cell([1, 2, 3, 4], UNIFORM, study=evil, stimulus=evil, cell_id=i, condition=i, attributes={evil: [evil] * 4})
        for i in range(2)
    ]
    page, text = report(evaluate(cells, {"model": evil}))
    assert "<script>alert" not in page
    assert "<script>alert" not in text.replace("\\<script\\>", "").split("    <script>")[0]


def test_predictions_without_a_scale_still_have_a_report() -> None:
    bare = [cell([1, 2, 3], drawn=[1, 2, 2], values=None, task=None, cell_id=i, study=f"s{i}") for i in range(3)]
    page, _ = report(evaluate(bare, {"file": "p.json"}))
    assert "There is no Wasserstein distance (W) by the stated scale" in page
    assert "There are no effects to compare" in page


def test_studies_that_share_a_pool_of_people_are_resampled_as_one() -> None:
    # nine studies of three pools: the interval is that of three; metrics.json says how many
    cells = [
        replace(cell([1, 2, 3, 4] * 5, [0.2] * 5, study=f"s{i}", cell_id=i), group=f"pool {i // 3}") for i in range(9)
    ]
    scored = evaluate(cells, {})
    found = scored.metrics
    assert found.provenance.said["independent_groups"] == 3
    assert "; 9 cells of 9 studies in 3 groups." in headline(found)
    assert "9 cells of 9 real studies in 3 groups, W by" in str(scored)
    assert [row.group for row in found.studies[:4]] == ["pool 0", "pool 0", "pool 0", "pool 1"]
    assert evaluate(cells[:6], {}).metrics.wasserstein.scale.ci95 is None
    alone = [replace(one, group=one.study_id) for one in cells]
    assert "9 cells of 9 studies." in headline(evaluate(alone, {}).metrics)
    assert evaluate(alone[:6], {}).metrics.wasserstein.scale.ci95 is not None


def test_real_and_synthetic_studies_have_proper_scores_and_structure_of_their_own() -> None:
    cells = [replace(one, real=one.study_id < "s3") for one in some()]
    metrics = evaluate(cells, {"model": "m"}).metrics
    assert list(metrics.probabilities) == ["real", "synthetic"]
    for kind, found in metrics.probabilities.items():
        alone = [one for one in cells if (kind == "real") == one.real]
        same = evaluate(alone, {"model": "m"}).metrics.probabilities[kind]
        assert found.proper is not None
        assert same.proper is not None
        assert found.proper.brier.model.mean == pytest.approx(same.proper.brier.model.mean)
        assert found.reliability == replace(found.reliability, options=found.reliability.options)  # type: ignore[type-var]
        assert found.structure["gender"].correlation_raw.value == same.structure["gender"].correlation_raw.value


def test_the_report_shows_proper_scores_reliability_and_structure() -> None:
    page, text = report(evaluate(some(), {"model": "m"}))
    for title in ("## Proper scores", "## Reliability", "## Structure"):
        assert title in text
    assert "| Brier score, 0 to 2 | " in text
    assert "| The answer is at most k | " in text
    assert "| gender | " in text
    assert "Share that happened" in page
    assert "Variance ratio" in page


def test_the_report_says_why_single_numbers_have_no_proper_scores() -> None:
    numbers = [replace(one, probs=None, mass=None, drawn=one.responses) for one in some()]
    text = report(evaluate(numbers, {"model": "m"}))[1]
    assert "they have no proper scores" in text
    assert "## Structure" in text
