"""The Simulate tab and an evaluation give one cell the same figures and the same verdict."""

import math
from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pytest

from socrates_core.evaluation.data import EvaluationData, batches, evaluation_data
from socrates_core.evaluation.prediction import predict
from socrates_core.evaluation.results.rows import CellRow
from socrates_core.evaluation.scores import evaluate
from socrates_core.evaluation.spec import EvaluationSpec, open_studies
from socrates_core.model.answer_model import AnswerDistributions, AnswerModel, ModelDescription
from socrates_core.model.baselines import MarginalModel
from socrates_core.model.loading import load_model
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.distribution import all_options
from socrates_core.simulation.simulate import ArmResult, SimulationRequest, simulate
from socrates_core.study.split import Split, parts_digest
from socrates_core.study.study_set import Cell, Persona, StudySet
from tests.experiments import Arm, experiment, people

SEED = 42
SPEC = EvaluationSpec(studies="bundled", data="d", part="test", split="s", model="any")


class PersonaModel:
    """Predicts something else for every persona and question, and some of it with certainty."""

    description = ModelDescription("by persona")

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        """From a random stream of the persona's own."""
        k = len(all_options(cell.scale))
        seeds = [crc32(repr((cell.cell_id, sorted(persona.items()))).encode()) for persona in personas]
        rows = np.array([np.random.default_rng(seed).dirichlet(np.full(k, 0.3)) for seed in seeds])
        return AnswerDistributions(rows, rows.max(axis=1))


def evaluated(model: AnswerModel, data: EvaluationData) -> tuple[CellRow, ...]:
    cells = [one for group in batches(data, None) for one in predict(model, data, group, SPEC, None)]
    return evaluate(cells, {}, seed=SEED).metrics.cells


def simulated(model: AnswerModel, studies: StudySet, cell_id: int, n: int | None = None) -> ArmResult:
    return simulate(studies, model, SimulationRequest(cell_id, n=n, seed=SEED, max_arms=1)).arms[0]


def differences(score: CellRow, arm: ArmResult) -> list[str]:
    """The figures and verdicts that differ, by name."""
    assert score.scale is not None
    assert score.chance is not None
    assert arm.actual is not None
    assert arm.score is not None
    halves, observed = arm.score.split_half, arm.score.observed
    pairs = {
        "n": (score.n, arm.n_actual),
        "effective n": (score.n_effective, arm.n_effective),
        "off scale": (score.off_scale, arm.n_off_scale),
        "W": (score.scale.model, arm.score.wasserstein),
        "W, low": (score.chance.interval.low, arm.score.interval.low),
        "W, high": (score.chance.interval.high, arm.score.interval.high),
        "W, observed": (None if score.observed is None else score.observed.model, observed),
        "floor": (score.scale.floor, arm.score.noise_floor),
        "limit": (score.chance.limit, arm.score.chance_limit),
        "uniform": (score.scale.uniform, arm.score.uniform),
        "gain, low": (score.chance.gain.low, arm.score.gain.low),
        "gain, high": (score.chance.gain.high, arm.score.gain.high),
        "halves": (score.scale.split_half, halves),
        "mass": (score.on_scale_mass, arm.on_scale_mass),
        "actual mean": (score.actual_mean, arm.actual_mean),
        "predicted mean": (score.predicted_mean, arm.predicted_mean),
        "off the axis, actual": (score.off_axis.actual if score.off_axis else 0, arm.actual_off_axis),
        "off the axis, predicted": (score.off_axis.predicted if score.off_axis else 0, arm.predicted_off_axis),
    }
    apart = [name for name, (here, there) in pairs.items() if not same(here, there)]
    return apart + ["verdict"] * (score.verdict != arm.score.verdict.code)


def same(here: float | None, there: float | None) -> bool:
    here, there = (math.nan if one is None else one for one in (here, there))
    return here == pytest.approx(there, rel=0, abs=1e-12, nan_ok=True)


@pytest.fixture(scope="module")
def bundled() -> EvaluationData:
    studies, split = open_studies("bundled")
    return evaluation_data(studies, split, "test")


@pytest.mark.parametrize("name", ["marginal", "by persona"])
def test_every_bundled_test_cell_has_one_score_however_it_is_asked_for(name: str, bundled: EvaluationData) -> None:
    assert bundled.training is not None
    model = MarginalModel(bundled.training) if name == "marginal" else PersonaModel()
    scores = evaluated(model, bundled)
    assert len(scores) == len(bundled.cells) == 184
    found = {one.cell: differences(one, simulated(model, bundled.studies, one.cell)) for one in scores}
    assert {cell: names for cell, names in found.items() if names} == {}
    assert len({one.verdict for one in scores}) > 2


def test_the_demo_model_has_one_score_too(bundled: EvaluationData) -> None:
    model = load_model("demo", "demo")
    cells = sorted(bundled.cells, key=lambda cell: len(bundled.rows[cell.cell_id]))[:4]
    for score in evaluate(predict(model, bundled, cells, SPEC, None), {}, seed=SEED).metrics.cells:
        # cells are predicted beside others here and alone there, which moves the last digits of a float32
        arm = simulated(model, bundled.studies, score.cell)
        assert score.scale is not None
        assert arm.score is not None
        assert arm.score.wasserstein == pytest.approx(score.scale.model, abs=1e-6)
        assert arm.score.verdict.code == score.verdict


UNSURE = AnswerScale((1, 2, 3, 4, 5), {}, {8: "Refused", 9: "Don't know"})
HALVES = AnswerScale((2, 3, 4), {}, {198: "Don't know"}, unit=0.5)
ODD = [
    Arm("Asked twice", {person: [person % 5 + 1, 5 - person % 4] for person in range(40)}),
    Arm("Off the scale", {person: [99 if person % 7 == 0 else person % 3 + 1] for person in range(60)}, task=2),
    Arm("Few", {person: [person + 1] for person in range(3)}, task=3),
    Arm("All agree", {person: [2] for person in range(35)}, task=4),
    Arm(
        "Unsure", {p: [9 if p % 6 == 0 else 99 if p % 11 == 0 else p % 3 + 1] for p in range(60)}, task=6, scale=UNSURE
    ),
    Arm("Half steps", {person: [2 + person % 3] for person in range(40)}, task=7, scale=HALVES),
    Arm("Some often", {person: [person % 5 + 1] * (9 if person < 3 else 1) for person in range(40)}, task=5),
]


@pytest.mark.parametrize(
    "weights", [None, [1 + person % 4 for person in range(60)], [None, *(person % 3 for person in range(59))]]
)
def test_people_who_answer_twice_or_off_the_scale_or_its_axis_or_with_weights_count_the_same(
    weights: list[float | None] | None,
) -> None:
    studies = experiment(people(weights, age=[20 + person % 50 for person in range(60)]), ODD)
    parts = {"train": (), "val": (), "test": tuple(studies.study_ids)}
    data = evaluation_data(studies, Split("study", 1, "society", parts, parts_digest(parts)), "test")
    scores = evaluated(PersonaModel(), data)
    assert len(scores) == 7
    for score in scores:
        assert differences(score, simulated(PersonaModel(), studies, score.cell)) == []


def test_an_arm_in_which_nobody_counts_is_left_out_by_name_and_the_others_are_scored() -> None:
    arms = [
        Arm("Nobody counts", {person: [person % 5 + 1] for person in range(30)}),
        Arm("Everybody", {person: [person % 5 + 1] for person in range(30, 60)}),
    ]
    studies = experiment(people([0.0] * 30 + [1.0] * 30, age=[20] * 60), arms)
    parts = {"train": (), "val": (), "test": tuple(studies.study_ids)}
    data = evaluation_data(studies, Split("study", 1, "society", parts, parts_digest(parts)), "test")
    metrics = evaluate(predict(PersonaModel(), data, data.cells, SPEC, None), {}, seed=SEED).metrics
    assert [one.cell for one in metrics.cells] == [1]
    assert [one.reason for one in metrics.excluded] == ["the weight of everybody is 0"]


def test_as_many_as_answered_are_those_who_answered(bundled: EvaluationData) -> None:
    cell = bundled.cells[0]
    n = len(bundled.rows[cell.cell_id])
    drawn, everybody = (simulated(PersonaModel(), bundled.studies, cell.cell_id, count) for count in (n, None))
    assert drawn.score is not None
    assert everybody.score is not None
    assert drawn.score.chance_limit == pytest.approx(everybody.score.chance_limit, abs=1e-12)
    # drawing fewer leaves to chance who they are, and the limit says so
    few = simulated(PersonaModel(), bundled.studies, cell.cell_id, 20).score
    assert few is not None
    assert few.chance_limit > 1.2 * everybody.score.chance_limit
