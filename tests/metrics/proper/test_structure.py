import numpy as np
import pytest

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.proper.structure import AttributeStructure, cell_structures, structure
from socrates_core.metrics.study_bootstrap import StudyResamples
from tests.predictions import cell

TWO = ["a"] * 5 + ["b"] * 5


def of(cells: list[CellPredictions]) -> dict[str, AttributeStructure]:
    ids = [one.study_id for one in cells]
    found = [one for each in cells for one in cell_structures(each)]
    return structure(found, StudyResamples.draw(ids, 1))


def at(option: int) -> list[float]:
    return [float(one == option) for one in range(1, 6)]


def test_two_groups_worked_out_by_hand() -> None:
    # shares of the width: a answers 0, .25, .25, .25, .5 (mean .25, s² = .03125), b .5, .75, .75, .75, 1 (mean .75)
    answers = [1, 2, 2, 2, 3, 3, 4, 4, 4, 5]
    # predicted: a all 0.25, b all 0.5
    rows = [at(2)] * 5 + [at(3)] * 5
    found = of([cell(answers, rows, attributes={"group": TWO})])["group"]
    actual, predicted, both = 0.125 - 0.03125 / 5, 0.03125, 0.0625
    assert found.correlation.value == pytest.approx(both / (actual * predicted) ** 0.5)
    assert found.correlation_raw.value == pytest.approx(1)
    assert found.slope.value == pytest.approx(2)
    assert found.variance_ratio.value == pytest.approx(predicted / actual)
    assert found.explained.value == pytest.approx(actual / (actual + 0.03125))
    assert found.actual_spread == pytest.approx(100 * actual**0.5)
    assert found.predicted_spread == pytest.approx(100 * predicted**0.5)
    assert (found.groups, found.contrasts, found.cells, found.studies) == (("a", "b"), 1, 1, 1)
    assert found.correlation.ci95 is None


def test_a_prediction_that_ignores_the_attribute_has_a_ratio_of_zero_and_no_correlation() -> None:
    found = of([cell([1, 2, 2, 2, 3, 3, 4, 4, 4, 5], [0.2] * 5, attributes={"group": TWO})])["group"]
    assert found.variance_ratio.value == pytest.approx(0)
    assert (found.correlation.value, found.slope.value) == (None, None)


def test_groups_that_differ_by_chance_alone_have_no_ratio() -> None:
    found = of([cell([1, 2, 3, 4, 5] * 2, [at(2)] * 5 + [at(3)] * 5, attributes={"group": TWO})])["group"]
    assert found.actual_spread is None
    assert (found.correlation.value, found.variance_ratio.value) == (None, None)
    assert found.explained.value is not None
    assert found.explained.value < 0


def society(strength: float, sides: int = 300, seed: int = 6) -> list[CellPredictions]:
    """Four groups and individual traits; the model predicts the groups' part times `strength`, and the traits."""
    rng, cells = np.random.default_rng(seed), []
    options = np.arange(101.0)
    for number in range(sides):
        shift = rng.normal(0, 8, 4)
        member = rng.integers(0, 4, 48)
        trait = rng.normal(0, 10, 48)
        truth = 50 + shift[member] + trait
        answers = np.clip(np.round(truth + rng.normal(0, 15, 48)), 0, 100)
        guess = np.round(np.clip(50 + strength * shift[member] + trait, 0, 100))
        rows = (guess[:, None] == options).astype(float)
        names = [f"g{one}" for one in member]
        values = range(101)
        shown = {"values": list(values), "study": f"s{number:03d}", "cell_id": number, "attributes": {"group": names}}
        cells.append(cell(answers.tolist(), rows.tolist(), **shown))
    return cells


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_known_differences_are_found_whatever_chance_adds(strength: float) -> None:
    # differences of a standard deviation of 8 points: predicted ones are `strength` times as large
    found = of(society(strength))["group"]
    for figure, truth in ((found.correlation, 1), (found.slope, 1 / strength), (found.variance_ratio, strength**2)):
        assert figure.ci95 is not None
        assert figure.ci95.low < truth < figure.ci95.high
        assert figure.value == pytest.approx(truth, rel=0.15)
    assert found.actual_spread == pytest.approx(8, rel=0.1)
    # 64 of 64 + 100 + 225
    assert found.explained.value == pytest.approx(64 / 389, rel=0.15)
    raw = found.correlation_raw.value
    assert raw is not None
    assert raw < 0.95


def test_small_groups_several_answers_and_ages() -> None:
    four = ["a"] * 6 + ["b"] * 4
    assert of([cell([1, 2, 3, 4, 5] * 2, [0.2] * 5, attributes={"group": four})]) == {}
    # one person's many answers are one answer
    people = [1, 1, 1, 1, 1, 2, 3, 4, 5, 6]
    assert of([cell([1, 2, 3, 4, 5] * 2, [0.2] * 5, people=people, attributes={"group": TWO})]) == {}
    ages = ["20", "21", "22", "23", "24", "70", "71", "72", "73", None, "74"]
    found = of([cell([1, 1, 1, 1, 2, 5, 5, 5, 5, 5, 4], [0.2] * 5, attributes={"age": ages})])
    assert found["age"].groups == ("65 and over", "under 30")


def test_numbers_are_compared_as_they_are_and_scales_without_an_order_are_left_out() -> None:
    answers = [1, 2, 2, 2, 3, 3, 4, 4, 4, 5]
    numbers = of([cell(answers, drawn=answers, attributes={"group": TWO})])["group"]
    assert (numbers.correlation.value, numbers.slope.value) == pytest.approx((1, 1))
    assert of([cell(answers, [0.2] * 5, attributes={"group": TWO}, nominal=True)]) == {}
