"""How a simulation fills the page."""

import pytest

from socrates_core.model.baselines import UniformModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.simulate import Simulation, SimulationRequest, simulate
from socrates_core.ui.simulate.result_panel import ResultPanel, draw_problem, draw_result, result_panel
from tests.experiments import AmountModel, Arm, experiment, people

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def panel() -> ResultPanel:
    return result_panel()


def simulation(scale: AnswerScale, *answers: int) -> Simulation:
    arms = [
        Arm(f"How much, {arm}?", {i: [answer] for i, answer in enumerate(answers)}, arm, label=HOSTILE, scale=scale)
        for arm in (1, 2)
    ]
    model = UniformModel() if scale.values else AmountModel()
    return simulate(experiment(people(age=[30] * 40), arms), model, SimulationRequest(0, n=40))


@pytest.mark.parametrize("scale", [AnswerScale((1, 2, 3)), AnswerScale(None)])
@pytest.mark.parametrize("answers", [(), (2,), (2, 2), (1, 2, 3) * 12])
def test_every_component_gets_an_update(panel: ResultPanel, scale: AnswerScale, answers: tuple[int, ...]) -> None:
    drawn = draw_result(panel, simulation(scale, *answers), "cell=1")
    assert set(drawn) == set(panel.outputs)
    page = "".join(update for update in drawn.values() if isinstance(update, str))
    assert HOSTILE not in page
    assert "nan" not in page.lower().replace("explanation", "")


def test_a_problem_leaves_the_earlier_result_on_the_page(panel: ResultPanel) -> None:
    assert set(draw_problem(panel, "no")) == {panel.notice}


def test_a_distance_of_numbers_is_named_by_its_range_and_says_when_it_is_stretched(panel: ResultPanel) -> None:
    drawn = draw_result(panel, simulation(AnswerScale(None), *range(38), 60_000_000), "cell=1")
    page = "".join(map(str, drawn.values()))
    assert "W (observed range)" in page
    assert "0 to 60,000,000. A few extreme answers account for most of that range" in page
    assert "Uniform baseline" not in page
