import pytest

from socrates_core.metrics.uncertainty import Interval
from socrates_core.model.baselines import UniformModel
from socrates_core.report.figures import arms_figure
from socrates_core.report.trust.picture import ErrorMark, mark_means
from socrates_core.simulation.request import SimulationRequest
from socrates_core.simulation.result import Simulation
from socrates_core.simulation.simulate import simulate
from socrates_core.study.sources.bundled import load_real


@pytest.fixture(scope="module")
def privacy() -> Simulation:
    studies = load_real()
    return simulate(studies, UniformModel(), SimulationRequest(studies.cells_of("t2k-privacy-violation")[0].cell_id))


def test_the_errors_of_a_model_are_broad_and_behind_and_its_sampling_is_thin(privacy: Simulation) -> None:
    marks = [ErrorMark(Interval(3, 5), Interval(2, 6), "words"), *[None] * (len(privacy.arms) - 1)]
    figure = mark_means(arms_figure(privacy), marks)
    outer, inner, predicted, _ = figure.data
    assert [trace.name for trace in figure.data] == [
        "True mean, 95 %", "True mean, 80 %", "Predicted mean", "Actual mean",
    ]  # fmt: skip
    assert list(inner.x) == [3, 4, 5, None]
    assert list(outer.x) == [2, 4, 6, None]
    assert inner.y[0] == predicted.y[0]
    assert inner.line.width > outer.line.width > predicted.error_x.thickness


def test_nothing_is_drawn_or_put_into_the_legend_where_nothing_can_be_said(privacy: Simulation) -> None:
    before = [trace.name for trace in arms_figure(privacy).data]
    figure = mark_means(arms_figure(privacy), [None] * len(privacy.arms))
    assert [trace.name for trace in figure.data] == before
    only_inner = [ErrorMark(Interval(3, 5), None, "")] * len(privacy.arms)
    names = [trace.name for trace in mark_means(arms_figure(privacy), only_inner).data]
    assert "True mean, 95 %" not in names
