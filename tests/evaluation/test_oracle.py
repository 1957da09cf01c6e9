"""Evaluation against a society whose truth is known: what a perfect model scores, and what a biased one."""

from collections.abc import Sequence

import numpy as np
import pytest

from socrates_core.evaluation.data import EvaluationData, batches, evaluation_data
from socrates_core.evaluation.prediction import EvaluationSpec, predict
from socrates_core.evaluation.results.distances import CONVENTIONS
from socrates_core.evaluation.scores import ScoredCells, evaluate
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.scale.distribution import Floats
from socrates_core.study.sources.society.society import Society, make_society, study_set
from socrates_core.study.split import Split, parts_digest
from socrates_core.study.study_set import Cell, Persona

SPEC = EvaluationSpec(studies="society", data="d", part="test", split="s", model="oracle")


class Oracle:
    """Knows every persona's true distribution; with a strength other than 1, exaggerates what the arms change."""

    description = ModelDescription("oracle")

    def __init__(self, society: Society, controls: dict[tuple[str, int], Cell], strength: float = 1.0) -> None:
        self._society = society
        self._controls = controls
        self._strength = strength

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        probs: Floats = self._society.true_distributions(cell, personas)
        if self._strength != 1:
            base = self._society.true_distributions(self._controls[cell.study_id, cell.task_num], personas)
            probs = base + self._strength * (probs - base)  # a mixture, so that means move by the strength exactly
        return AnswerDistributions(probs, np.ones(len(probs)))


@pytest.fixture(scope="module")
def society() -> Society:
    return make_society(11, studies=40)


@pytest.fixture(scope="module")
def data(society: Society) -> EvaluationData:
    studies = study_set(society)
    parts = {"train": (), "val": (), "test": tuple(sorted(studies.study_ids))}
    return evaluation_data(studies, Split("study", 1, "society", parts, parts_digest(parts)), "test")


def evaluated(society: Society, data: EvaluationData, strength: float = 1.0) -> ScoredCells:
    controls = {(cell.study_id, cell.task_num): cell for cell in data.cells if cell.condition_num == 1}
    model = Oracle(society, controls, strength)
    cells = [one for group in batches(data, None) for one in predict(model, data, group, SPEC, None)]
    return evaluate(cells, {"model": "oracle"}, seed=1)


@pytest.fixture(scope="module")
def oracle(society: Society, data: EvaluationData) -> ScoredCells:
    return evaluated(society, data)


def test_an_oracle_scores_at_the_noise_floor(oracle: ScoredCells) -> None:
    found = oracle.metrics
    for convention in CONVENTIONS:
        excess, floor = found.excess.by(convention).mean, found.noise_floor.by(convention).mean
        assert excess is not None
        assert floor is not None
        assert abs(excess) < 0.1 * floor
    # free of bias: 0 lies in the interval, which is far narrower than a uniform model's distance
    interval = found.cramer.ci95
    assert interval is not None
    assert interval.low < 0 < interval.high < 1e-3
    assert found.wasserstein.scale.mean < 0.5 * found.baselines.uniform.scale.mean


def test_an_oracle_is_within_chance_in_nearly_every_cell(oracle: ScoredCells) -> None:
    verdicts = oracle.metrics.verdicts
    decided = sum(count for code, count in verdicts.items() if code != "too_few")
    assert verdicts["within_chance"] / decided > 0.93


def test_an_oracles_effects_are_the_true_ones_and_the_actual_ones_cover_them(
    oracle: ScoredCells, society: Society, data: EvaluationData
) -> None:
    covered = [
        one.actual_interval.low <= one.predicted <= one.actual_interval.high for one in oracle.metrics.effects.each
    ]
    assert len(covered) > 80
    assert 0.9 < np.mean(covered) <= 1
    found = oracle.metrics.effects
    assert found.calibration.slope.value == pytest.approx(1, abs=0.1)
    interval = found.calibration.slope.ci95
    assert interval is not None
    assert interval.low < 1 < interval.high
    assert found.pearson_corrected.value == pytest.approx(1, abs=0.05)
    assert found.rmse_corrected.value < 0.6 * found.rmse.value
    assert found.direction_resolved.value > 0.9


def test_effects_that_are_twice_too_big_have_a_slope_of_one_half(society: Society, data: EvaluationData) -> None:
    found = evaluated(society, data, strength=0.5).metrics.effects.calibration.slope
    assert found.value == pytest.approx(2, abs=0.2)
    assert found.ci95 is not None
    assert found.ci95.low < 2 < found.ci95.high


def test_a_model_blind_to_the_treatment_is_further_off_and_knows_no_effect(
    society: Society, data: EvaluationData
) -> None:
    blind = evaluated(society, data, strength=0.0).metrics
    sighted = evaluated(society, data).metrics
    assert blind.effects.rmse.value > 1.4 * sighted.effects.rmse.value
    assert blind.excess.scale.mean > 5 * abs(sighted.excess.scale.mean)


def test_the_oracles_people_vary_as_much_as_people(oracle: ScoredCells) -> None:
    assert oracle.metrics.dispersion.variance_ratio == pytest.approx(1, abs=0.02)
    for found in oracle.metrics.fairness.values():
        assert all(abs(row.excess) < 0.15 * row.noise_floor for row in found.groups)
