import html
import re
from collections.abc import Mapping

import plotly.graph_objects as go
import pytest

from socrates_core.report.figures import MAX_BINS, arms_figure, compact, histogram
from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.simulation.simulate import ArmResult, Simulation, SimulationRequest, simulate
from tests.experiments import AgeModel, AmountModel, Arm, experiment, people

HOSTILE = "<b>x</b> %{y} <script>alert(1)</script> <a href='//evil.example'>a</a>"
YOUNG_AND_OLD = people(age=[20] * 20 + [80] * 20)


def simulation(scale: AnswerScale, answers: Mapping[int, list[int]] | None = None, label: str = "arm") -> Simulation:
    values = scale.values or ()
    given = {person: [values[person % len(values)]] for person in range(40)} if answers is None else answers
    arms = [Arm(f"How high, {i}?", given, condition=i, label=f"{label} {i}", scale=scale) for i in (1, 2)]
    return simulate(experiment(YOUNG_AND_OLD, arms), AgeModel(), SimulationRequest(0, n=40))


def arm(
    values: range, labels: Mapping[int, str] | None = None, answers: Mapping[int, list[int]] | None = None
) -> ArmResult:
    return simulation(AnswerScale(tuple(values), labels or {}), answers).arms[0]


def texts(figure: go.Figure) -> list[str]:
    """Everything that the figure writes and plotly would read as HTML."""
    found = [*(figure.layout.xaxis.ticktext or ()), *(figure.layout.yaxis.ticktext or ())]
    for trace in figure.data:
        found += [trace.name, *trace.hovertext]
    return found


def test_predicted_and_actual_stand_side_by_side_in_percent() -> None:
    figure = histogram(arm(range(1, 5)))
    predicted, actual = figure.data
    assert (predicted.name, actual.name) == ("Predicted (40 simulated)", "Actual (40 answers)")
    assert list(predicted.y) == pytest.approx([49, 1, 1, 49])
    assert list(actual.y) == pytest.approx([25] * 4)
    assert figure.layout.barmode == "group"
    assert predicted.marker.color != actual.marker.color
    assert predicted.marker.pattern.shape
    assert not actual.marker.pattern.shape


def test_without_actual_answers_there_is_only_the_prediction() -> None:
    assert [bar.name for bar in histogram(arm(range(1, 5), answers={})).data] == ["Predicted (40 simulated)"]


def test_labels_stand_under_their_option_and_in_full_under_the_pointer() -> None:
    figure = histogram(arm(range(1, 6), {1: "Strongly disagree", 5: "Strongly agree"}))
    assert list(figure.layout.xaxis.ticktext) == ["1<br>Strongly<br>disagree", "2", "3", "4", "5<br>Strongly<br>agree"]
    assert figure.data[0].hovertext[0].startswith("1 = Strongly disagree<br>Predicted: ")


def test_many_labels_stand_at_the_ends_and_in_the_middle_alone() -> None:
    figure = histogram(arm(range(1, 8), {value: f"label {value}" for value in range(1, 8)}))
    ticks = list(figure.layout.xaxis.ticktext)
    assert ticks == ["1<br>label 1", "2", "3", "4<br>label 4", "5", "6", "7<br>label 7"]


@pytest.mark.parametrize("labels", [{1: HOSTILE, 2: HOSTILE}, {1: "x" * 5000}, {1: "very long " * 500}, {2: " "}])
def test_labels_from_outside_are_inert_and_short(labels: Mapping[int, str]) -> None:
    for text in texts(histogram(arm(range(1, 3), labels))):
        assert set(re.findall(r"<[^>]*>", text)) <= {"<br>"}
        assert len(html.unescape(text)) < 400
        assert max(len(html.unescape(line)) for line in text.split("<br>")) <= 45


@pytest.mark.parametrize(
    ("scale", "bars", "first", "last", "size"),
    [
        (range(101), 20, "0 to 4", "95 to 100", 5),
        (range(1, 101), 20, "1 to 5", "96 to 100", 5),
        (range(-50, 51), 20, "-50 to -46", "45 to 50", 5),
        (range(0, 2600, 100), 13, "0 to 100", "2400 to 2500", 2),
        (range(23), 11, "0 to 1", "20 to 22", 2),
        (range(1, 1001), 20, "1 to 50", "951 to 1000", 50),
    ],
)
def test_long_scales_are_drawn_in_equal_bins(scale: range, bars: int, first: str, last: str, size: int) -> None:
    figure = histogram(arm(scale))
    predicted, actual = figure.data
    assert len(predicted.x) == bars <= MAX_BINS
    assert predicted.hovertext[0].startswith(f"{first}<br>")
    assert predicted.hovertext[-1].startswith(f"{last}<br>")
    assert sum(predicted.y) == pytest.approx(100, abs=0.01)
    assert sum(actual.y) == pytest.approx(100, abs=0.01)
    assert figure.layout.xaxis.title.text == f"Answer (in bins of {size} options)"


@pytest.mark.parametrize("options", [22, 23, 40, 41, 42, 43, 99, 100, 102, 201, 1002])
def test_no_length_of_scale_loses_an_option(options: int) -> None:
    figure = histogram(arm(range(options)))
    assert len(figure.data[0].x) <= MAX_BINS
    assert sum(figure.data[0].y) == pytest.approx(100, abs=0.01)
    assert figure.data[0].hovertext[-1].split("<br>")[0].endswith(f"to {options - 1}")


def test_arms_are_rows_with_both_means_and_intervals() -> None:
    figure = arms_figure(simulation(AnswerScale((1, 2, 3, 4, 5))))
    predicted, actual = figure.data
    assert (predicted.name, actual.name) == ("Predicted mean", "Actual mean")
    assert list(predicted.x) == pytest.approx([3, 3])
    assert list(actual.x) == pytest.approx([3, 3])
    assert all(
        reach > 0 for trace in (predicted, actual) for reach in (*trace.error_x.array, *trace.error_x.arrayminus)
    )
    assert list(figure.layout.yaxis.ticktext) == ["arm 1", "arm 2"]
    assert figure.layout.xaxis.title.text == "Mean answer (1 to 5)"


def test_arms_with_different_scales_are_shown_in_percent() -> None:
    arms = [
        Arm("How high?", {person: [2] for person in range(20)}, 1, scale=AnswerScale((1, 2, 3))),
        Arm("How high??", {person: [100] for person in range(20)}, 2, scale=AnswerScale(tuple(range(101)))),
    ]
    figure = arms_figure(simulate(experiment(YOUNG_AND_OLD, arms), AgeModel(), SimulationRequest(0, n=20)))
    assert list(figure.data[1].x) == pytest.approx([50, 100])
    assert figure.layout.xaxis.title.text == "Mean answer (% of each scale)"


def test_the_names_of_arms_are_inert_and_short() -> None:
    figure = arms_figure(simulation(AnswerScale((1, 2, 3)), label=HOSTILE))
    for text in figure.layout.yaxis.ticktext:
        assert set(re.findall(r"<[^>]*>", text)) <= {"<br>"}
        assert len(text.split("<br>")) <= 3
    assert "<b>" not in "".join(texts(figure))


@pytest.mark.parametrize("answers", [{}, {0: [1]}])
def test_arms_without_an_actual_mean_show_the_predicted_one(answers: Mapping[int, list[int]]) -> None:
    assert [trace.name for trace in arms_figure(simulation(AnswerScale((1, 2)), answers)).data] == ["Predicted mean"]


def test_figures_are_transparent_and_neutral() -> None:
    both = simulation(AnswerScale((1, 2, 3)))
    for figure in (histogram(both.arms[0]), arms_figure(both)):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.font.color == "#767676"


def amounts(extreme: int = 900, label: str = "arm") -> Simulation:
    """People of 20 and 80 say 200 and 810 or, one of them, something extreme."""
    given = {person: [200 if person < 20 else 810] for person in range(39)} | {39: [extreme]}
    scale = AnswerScale(None)
    arms = [Arm(f"How many dollars, {i}?", given, condition=i, label=f"{label} {i}", scale=scale) for i in (1, 2)]
    return simulate(experiment(YOUNG_AND_OLD, arms), AmountModel(), SimulationRequest(0, n=40))


def test_numbers_of_both_sides_are_drawn_in_the_same_bins() -> None:
    figure = histogram(amounts().arms[0])
    predicted, actual = figure.data
    assert list(predicted.x) == list(actual.x)
    assert figure.layout.xaxis.title.text == "Answer (in steps of 50)"
    assert (predicted.y[0], predicted.y[-1]) == (50, 0)
    assert (actual.y[0], actual.y[-1]) == (50, 2.5)
    assert predicted.hovertext[0] == "200 to 249<br>Predicted: 50.0 %"
    assert sum(predicted.y) == pytest.approx(100)


def test_bins_that_widen_say_so_on_the_axis() -> None:
    figure = histogram(amounts(extreme=60_000_000).arms[0])
    assert figure.layout.xaxis.title.text == "Answer (bins widen to the right)"
    assert figure.layout.xaxis.ticktext[-1] == "50M"
    assert sum(figure.data[0].y) == pytest.approx(100, abs=0.01)
    assert sum(figure.data[1].y) == pytest.approx(100, abs=0.01)


def test_invalid_numbers_are_named_in_the_legend() -> None:
    arm = Arm("How many?", {person: [person] for person in range(40)}, scale=AnswerScale(None))
    made = simulate(experiment(people(age=[30] * 30 + [99] * 10), [arm]), AmountModel(), SimulationRequest(0, n=40))
    assert histogram(made.arms[0]).data[0].name == "Predicted (30 of 40 simulated)"


def test_arms_of_numbers_are_medians_with_the_middle_half() -> None:
    figure = arms_figure(amounts(label=HOSTILE))
    predicted, actual = figure.data
    assert (predicted.name, actual.name) == ("Predicted median", "Actual median")
    assert list(actual.x) == [200, 200]
    assert list(actual.error_x.array) == [610, 610]
    assert figure.layout.xaxis.title.text == "Median answer with quartiles"
    assert actual.hovertext[0].endswith("Actual median 200 (quartiles 200 to 810)")
    assert "<b>" not in "".join(texts(figure))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (20, "20"),
        (1000, "1k"),
        (1500, "1.5k"),
        (1234, "1,234"),
        (-2000, "-2k"),
        (5_000_000, "5M"),
        (10**9, "1bn"),
    ],
)
def test_numbers_on_an_axis_are_short(number: int, expected: str) -> None:
    assert compact(number) == expected


def test_options_off_the_axis_stand_apart_behind_a_line_with_shares_of_all_people() -> None:
    scale = AnswerScale((1, 2, 3), {1: "Low"}, {8: "Don't know"})
    answers = {person: [8 if person < 10 else 1 + person % 3] for person in range(40)}
    found = simulation(scale, answers).arms[0]
    figure = histogram(found)
    predicted, actual = figure.data
    assert list(predicted.x) == [0, 1, 2, 3.5]
    assert actual.y[3] == pytest.approx(25)  # ten of forty
    assert sum(actual.y[:3]) == pytest.approx(100, abs=0.001)  # the thirty others
    assert figure.layout.xaxis.ticktext[3] == "Don&#39;t know"
    assert actual.hovertext[3] == "Don&#39;t know<br>Actual: 25.0 % of all people"
    assert len(figure.layout.shapes) == 1
    assert "Off the axis" in figure.layout.annotations[0].text


def test_half_steps_are_labelled_in_the_numbers_of_the_scale() -> None:
    found = simulation(AnswerScale((2, 3, 4), {2: "Cold"}, unit=0.5))
    assert list(histogram(found.arms[0]).layout.xaxis.ticktext) == ["1<br>Cold", "1.5", "2"]
    assert arms_figure(found).layout.xaxis.title.text == "Mean answer (1 to 2)"
