"""Runs that are asked for and stopped, and what the page says about them."""

import pytest

from socrates_core.errors import StoppedError
from socrates_core.model.baselines import UniformModel
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.simulate import SimulationRequest, simulate
from socrates_core.ui.running.compact_view import compact_html
from socrates_core.ui.running.run_bar import Asked, asked_of, cost_words, outdated_html, state_html
from socrates_core.ui.running.stopping import MAX_PAGES, RunStops
from tests.experiments import Arm, experiment, people


def test_stop_ends_the_runs_of_its_page_that_have_begun_and_no_later_one() -> None:
    stops, reported = RunStops(), []
    report = stops.watching(lambda done, total: reported.append((done, total)), "mine", 2)
    report(0, 10)
    stops.stop("mine", 2)
    with pytest.raises(StoppedError):
        report(5, 10)
    assert reported == [(0, 10)]
    stops.check("mine", 3)
    stops.check("theirs", 1)
    with pytest.raises(StoppedError):  # still waiting for its turn when Stop was pressed
        stops.check("mine", 1)


def test_pages_that_stopped_long_ago_are_forgotten() -> None:
    stops = RunStops()
    for number in range(MAX_PAGES + 1):
        stops.stop(str(number), 1)
    stops.check("0", 1)
    with pytest.raises(StoppedError):
        stops.check("1", 1)


@pytest.mark.parametrize(
    ("how", "asked"),
    [
        ("change 3", Asked(True, 3)),
        ("run 4", Asked(False, 4)),
        ("", Asked(False, 0)),
        ("change", Asked(True, 0)),
        ("change -1", Asked(True, 0)),
        ("run " + "9" * 99, Asked(False, 0)),
        ("<b> ٣", Asked(False, 0)),
    ],
)
def test_whatever_is_sent_is_a_change_or_a_press_of_run(how: str, asked: Asked) -> None:
    assert asked_of(how) == asked


def test_a_change_that_takes_model_time_says_how_much() -> None:
    assert cost_words(400, 0.25, endpoint=False) == "The model has to answer for up to 400 profiles, about 2 min."
    assert cost_words(400, None, endpoint=False) == "The model has to answer for up to 400 profiles."
    assert cost_words(4000, 0.25, endpoint=True) == "Up to 4,000 calls to the model's server are needed."


def test_names_are_text_wherever_they_are_shown() -> None:
    hostile = "<img src=x onerror=alert(1)>'"
    arm = Arm("How much?", {i: [1] for i in range(9)}, 1, label=hostile, scale=AnswerScale((1, 2, 3)))
    result = simulate(experiment(people(age=[30] * 9), [arm]), UniformModel(), SimulationRequest(0, n=9))
    for page in (compact_html(result), state_html(hostile), outdated_html(hostile, hostile)):
        assert "<img" not in page
    assert compact_html(result).count("<rect") == 6
    assert f"W\u00a0{result.arms[0].score.wasserstein:.3f}" in compact_html(result)  # type: ignore[union-attr]
