"""Simulations of outcomes with options off the axis, in half steps, and without an order."""

import csv
import io
import json
import re
from collections.abc import Sequence

import numpy as np
import pytest

from socrates_core.errors import ModelError
from socrates_core.model.answer_model import AnswerDistributions, ModelDescription
from socrates_core.report.simulation import to_csv, to_html, to_json
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.simulate import Simulation, SimulationRequest, simulate
from socrates_core.study.study_set import Cell, Persona
from socrates_core.ui.simulate.result_view import effects_html, metrics_html, notes_html, options_html, verdict_html
from tests.experiments import Arm, experiment, people

TWO = AnswerScale((1, 2), {1: "Agree", 2: "Disagree"}, {98: "Don't know"})
YOUNG_AND_OLD = people(age=[20] * 20 + [80] * 20)


class Unsure:
    """Young people answer 1; old ones do not know, with this probability, or else answer 2."""

    description = ModelDescription("unsure", template="shared")

    def __init__(self, unsure: float) -> None:
        self._unsure = unsure

    def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
        rows = [[1.0, 0.0, 0.0] if p["age"] == 20 else [0.0, 1 - self._unsure, self._unsure] for p in personas]
        return AnswerDistributions(np.array(rows), np.full(len(rows), 0.9))


def simulated(unsure: float = 0.75, scale: AnswerScale = TWO) -> Simulation:
    """Two arms: ten of forty do not know, and twenty."""
    arms = [
        Arm("How?", {p: [98 if p < 10 * arm else 1 + p % 2] for p in range(40)}, condition=arm, scale=scale)
        for arm in (1, 2)
    ]
    return simulate(experiment(YOUNG_AND_OLD, arms), Unsure(unsure), SimulationRequest(0, n=None))


def test_who_hardly_answers_counts_little_in_the_prediction() -> None:
    arm = simulated().arms[0]
    # 20 × 1 and 20 × 0.25 of the old: one fifth of those who answer say 2
    assert arm.predicted.probs == pytest.approx([0.8, 0.2])
    assert arm.predicted_mean == pytest.approx(1.2)
    assert arm.predicted_off_axis == pytest.approx(0.375)
    assert arm.actual_off_axis == pytest.approx(0.25)
    assert (arm.n_actual, arm.n_off_scale) == (30, 0)
    assert arm.score is not None
    assert arm.score.wasserstein == pytest.approx(0.3)  # actual: 15 and 15
    # as numbers, in shares of 97: predicted .5, .125, .375 of all, actual .375, .375, .25
    assert arm.score.observed == pytest.approx((0.125 * 1 + 0.125 * 96) / 97)
    assert "off the axis (Don't know): predicted 37.5%, actual 25.0%" in str(arm)


def test_effects_are_between_those_who_answer_with_bounds_where_fewer_do() -> None:
    (effect,) = simulated().effects
    assert effect.actual == pytest.approx(0)
    assert effect.off_axis is not None
    assert effect.off_axis.actual is not None
    # half say 2 in both, a third of the 30 who answer in the first arm is too many: (0.5 − 1/3) / (2/3), 0.5 / (2/3)
    assert effect.off_axis.actual.low == pytest.approx(50 - 75)
    assert effect.off_axis.actual.high == pytest.approx(50 - 25)
    predicted = effect.off_axis.predicted
    assert (predicted.low, predicted.high) == (pytest.approx(0), pytest.approx(0, abs=1e-12))


def test_a_model_that_never_answers_is_refused() -> None:
    everybody_old = people(age=[80] * 4)
    studies = experiment(everybody_old, [Arm("How?", {p: [1] for p in range(4)}, scale=TWO)])
    with pytest.raises(ModelError, match="puts all probability on Don't know"):
        simulate(studies, Unsure(1.0), SimulationRequest(0, n=None))


def test_exports_flag_what_is_off_the_axis_and_give_its_share_of_all_people() -> None:
    result = simulated()
    rows = list(csv.DictReader(io.StringIO(to_csv(result))))
    assert [(row["option"], row["off_axis"], row["actual_share"]) for row in rows[:3]] == [
        ("1", "no", "0.500000"),
        ("2", "no", "0.500000"),
        ("98", "yes", "0.250000"),
    ]
    assert (rows[2]["actual_answers"], rows[2]["answers_in_cell"]) == ("40", "40")
    arm = json.loads(to_json(result))["arms"][0]
    assert arm["cell"]["off_axis"] == [98]
    assert arm["off_axis"] == {"predicted": [pytest.approx(0.375)], "actual": [0.25], "n_actual": 10}
    page = to_html(result)
    assert "37.5% are predicted to answer off the axis (Don&#39;t know); actually 25.0% do." in page
    assert re.search(r"90\.0% \(56\.[23]% on the axis, 33\.[78]% off it\)", page)


def test_the_page_shows_the_share_by_arm_and_the_bounds() -> None:
    result = simulated()
    assert "actually 25.0% do" in verdict_html(result)
    assert "Off the axis" in metrics_html(result.arms[0])
    assert "of 40 to this text; compared with" in metrics_html(result.arms[0])
    why = "30 of 40 human answers are compared. Not compared: 10 off the axis (Don&#39;t know), compared by their share"
    assert why in notes_html(result)
    assert "Don&#39;t know (off the axis; of all people)" in options_html(result.arms[0])
    table = effects_html(result)
    assert "off the axis: predicted 37.5 %, actual 50.0 %" in table
    assert "bounds −25.0 to +25.0" in table


def test_half_steps_are_shown_in_the_numbers_of_the_scale() -> None:
    halves = AnswerScale((2, 3), unit=0.5)

    class Half(Unsure):
        def answer_distributions(self, cell: Cell, personas: Sequence[Persona]) -> AnswerDistributions:
            return AnswerDistributions(np.tile([0.0, 1.0], (len(personas), 1)), np.ones(len(personas)))

    studies = experiment(YOUNG_AND_OLD, [Arm("How?", {p: [2] for p in range(40)}, scale=halves)])
    result = simulate(studies, Half(0), SimulationRequest(0, n=None))
    arm = result.arms[0]
    assert (arm.predicted_mean, arm.actual_mean) == (1.5, 1.0)
    assert (arm.predicted_mean_interval.low, arm.predicted_mean_interval.high) == pytest.approx((1.5, 1.5))
    assert result.profiles["simulated_answer"].to_list() == [1.5] * 40
    assert list(csv.DictReader(io.StringIO(to_csv(result))))[1]["option"] == "1.5"


def test_options_without_an_order_have_no_mean_and_no_effect() -> None:
    dishes = AnswerScale((1, 2), {1: "Pasta", 2: "Steak"}, {98: "Don't know"}, nominal=True)
    result = simulated(scale=dishes)
    arm = result.arms[0]
    assert (arm.score, result.effects) == (None, ())
    assert arm.nominal is not None
    assert arm.nominal.total_variation == pytest.approx(0.3)
    assert "total variation 0.300" in str(arm)
    assert "The options have no order: 30.0% of the answers would have to be others" in verdict_html(result)
    assert json.loads(to_json(result))["arms"][0]["predicted"]["mean"] is None
    assert result.profiles["predicted_mean"].null_count() == 40
