from dataclasses import replace

import numpy as np
import pytest

from eval.bench.coverage.error_model import draw, one_round, shares
from eval.bench.coverage.support import coverage_by, date_of, fame_of, places_of
from eval.bench.coverage.trust import real_coverage
from socrates_core.trust.error_model.evidence import evidence_of
from tests.trust.evidence import evaluation
from tests.trust.support.questions import on_topics


def test_simulated_cells_are_distributions_on_their_options_alone() -> None:
    p = shares(np.array([0.0, 0.0, 3.0]), 1.0, np.array([2, 5, 11]))
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert p[0, :2].tolist() == pytest.approx([0.5, 0.5])  # two options are cut at the middle
    assert p[1, 5:].sum() == 0


def test_good_predictions_are_closer_than_useless_ones_and_uniform_ones_predict_no_effect() -> None:
    good, useless, uniform = (draw(200, quality, np.random.default_rng(1)) for quality in (0.97, 0.0, None))
    assert good.w_true.mean() < 0.5 * useless.w_true.mean()
    assert np.abs(uniform.effect(uniform.predicted)).max() < 1e-9


@pytest.mark.parametrize("quality", [None, 0.8])
def test_intervals_hold_the_truth_about_as_often_as_they_promise(quality: float | None) -> None:
    rng = np.random.default_rng(7)
    rows = [one_round(30, quality, rng) for _ in range(24)]
    for what in ("mean", "share", "effect", "observed mean", "observed share", "observed effect", "distance"):
        # 24 rounds of 25 groups: the standard error of a round's coverage is about 0.06 at 95 %, so 0.012 of 24
        assert 0.905 <= np.mean([row[f"{what} 95%"] for row in rows]) <= 0.995, what
        assert 0.73 <= np.mean([row[f"{what} 80%"] for row in rows]) <= 0.93, what


def test_the_uniform_baseline_is_tried_on_every_group_of_real_studies() -> None:
    found = real_coverage("uniform", None, per_cell=20, seed=1, deals=2)
    assert found["left_out"]["groups"] == 26
    assert found["test_by_calibration"]["groups"] == 11
    assert found["test_by_train_and_calibration"]["fitted_on"] == 15
    assert found["deals"]["share 80%"]["deals"] == 2
    assert 0 <= found["deals"]["effect 80%"]["lowest"] <= found["deals"]["effect 80%"]["mean"] <= 1
    assert set(found["by"]) == {"support", "fame", "date"}
    assert sum(one["mean"]["groups"] for one in found["by"]["fame"].values()) == 26
    assert {(one["what"], one["level"]) for one in found["left_out"]["coverage"]["as predicted"]} == {
        (what, level) for what in ("mean", "share", "effect", "distance") for level in (0.8, 0.95)
    }


def test_coverage_is_told_apart_by_support_fame_and_date() -> None:
    assert fame_of("gss-race") == fame_of("classic-trolley-loop") == "classic experiments"
    assert (fame_of("f538-food-ireland"), fame_of("t2k-imagine-i1-1"), fame_of("mine")) == ("polls", "new", "not known")
    assert date_of("General Social Survey 2006-2018 (NORC), counts") == "2015 to 2023"
    assert date_of("Tversky & Kahneman 1981; wording paraphrased") == "up to 2014"
    assert (date_of("Twin-2K-500 mega-study 2025"), date_of("a file")) == ("2024 on", "not known")


def test_a_label_has_the_mean_over_the_groups_with_it() -> None:
    # s5-00 to s5-04 are one group each of two cells; half of them count as inside
    evidence, _ = evidence_of(evaluation(10))
    labels = {f"s5-{i:02d}": "inside" if i < 5 else "edge" for i in range(10)}
    found = coverage_by(evidence, {"support": labels})["support"]
    assert {label: (one["mean"]["groups"], one["mean"]["responses"]) for label, one in found.items()} == {
        "inside": (5, 10), "edge": (5, 10),
    }  # fmt: skip
    # never less than the chance of a share of 0.8 in five groups, √(0.8 · 0.2 / 5)
    assert all(one["mean"]["80% se"] >= 0.178 for one in found.values())


def test_a_study_is_judged_by_the_studies_of_other_groups_alone() -> None:
    assert set(places_of(on_topics(), "bundled").values()) == {"inside"}
    alone = [replace(one, group="pool") for one in on_topics()]
    other = replace(on_topics(1)[0], study_id="other", values=np.array([0, 1]), probs=np.full((2, 2), 0.5))
    assert places_of([*alone, other], None)["other"] == "outside"
