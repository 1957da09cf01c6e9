import numpy as np
import pytest

from socrates_core.metrics.cell_predictions import CellPredictions
from socrates_core.metrics.proper.reliability import Reliability, ReliabilityOf, reliability, reliability_sums
from socrates_core.metrics.study_bootstrap import StudyResamples
from tests.predictions import cell


def reliable(cells: list[CellPredictions]) -> ReliabilityOf:
    ids = [one.study_id for one in cells]
    found = reliability([reliability_sums(one) for one in cells], ids, StudyResamples.draw(ids, 1))
    assert found is not None
    return found


def parts(found: Reliability) -> float:
    return found.reliability - found.resolution + found.uncertainty + found.within


def test_the_parts_of_one_cell_worked_out_by_hand() -> None:
    # two options, given 0.8 and 0.2; three of four choose the first. Bins: 0.8 → 0.75 came true, 0.2 → 0.25
    found = reliable([cell([1, 1, 1, 2], [0.8, 0.2], values=[1, 2])])
    low, high = found.options.bins
    assert (low.low, low.high, high.low, high.high) == (0.2, 0.3, 0.8, 0.9)
    assert (low.predicted, low.observed) == pytest.approx((0.2, 0.25))
    assert (high.predicted, high.observed) == pytest.approx((0.8, 0.75))
    assert found.options.reliability == pytest.approx(0.05**2)
    assert found.options.resolution == pytest.approx(0.25**2)
    assert found.options.uncertainty == pytest.approx(0.25)
    assert found.options.within == pytest.approx(0)
    # each answer's residual in a bin is ±0.2 three times and ∓0.8 once, of weight 1/8; a bin weighs 1/2
    assert found.options.sampling == pytest.approx(2 * (3 * 0.2**2 + 0.8**2) / 64 / 0.5)
    assert (low.events, high.events, low.studies, low.ci95) == (4, 4, 1, None)


def test_the_events_up_to_an_option_are_those_of_the_cumulative_probabilities() -> None:
    found = reliable([cell([1, 2, 3, 3], [0.5, 0.25, 0.25], values=[1, 2, 3])])
    assert found.cumulative is not None
    assert [(one.predicted, one.observed) for one in found.cumulative.bins] == [(0.5, 0.25), (0.75, 0.5)]


def test_the_score_is_the_sum_of_its_parts_and_that_of_options_the_brier_score_by_option() -> None:
    rng = np.random.default_rng(3)
    cells = []
    for number in range(6):
        rows = rng.dirichlet(np.ones(5), size=30)
        answers = rng.integers(1, 6, 30).tolist()
        cells.append(cell(answers, rows.tolist(), study=f"s{number // 2}", cell_id=number))
    found = reliable(cells)
    for one in (found.options, found.cumulative):
        assert one is not None
        assert parts(one) == pytest.approx(one.score)
        assert sum(bin_.share for bin_ in one.bins) == pytest.approx(1)
        assert all(bin_.ci95 is not None and bin_.ci95.low <= bin_.observed <= bin_.ci95.high for bin_ in one.bins[:3])
    hits = [np.eye(5)[one.responses.astype(int) - 1] for one in cells]
    score = np.mean([((one.probs - hit) ** 2).mean() for one, hit in zip(cells, hits, strict=True)])
    assert found.options.score == pytest.approx(score)


def test_true_probabilities_are_off_by_sampling_alone_and_overconfident_ones_by_more() -> None:
    rng = np.random.default_rng(4)
    right, wrong = [], []
    for number in range(150):
        rows = rng.dirichlet(np.ones(4), size=20)
        answers = [int(rng.choice(4, p=row)) + 1 for row in rows]
        sharp = rows**3 / (rows**3).sum(axis=1, keepdims=True)
        kept = {"values": [1, 2, 3, 4], "study": f"s{number}", "cell_id": number}
        right.append(cell(answers, rows.tolist(), **kept))
        wrong.append(cell(answers, sharp.tolist(), **kept))
    for name in ("options", "cumulative"):
        fair, sure = getattr(reliable(right), name), getattr(reliable(wrong), name)
        assert fair.reliability < 4 * fair.sampling
        assert sure.reliability > 20 * sure.sampling
        top = sure.bins[-1]
        assert top.observed < top.predicted - 0.1


def test_what_sampling_adds_is_the_mean_reliability_of_true_probabilities() -> None:
    # a prediction that is right for all; over 400 samples of 40 people the mean gap is what is stated
    rng, row, gaps, stated = np.random.default_rng(5), [0.05, 0.15, 0.25, 0.55], [], []
    for _ in range(400):
        answers = (rng.choice(4, 40, p=row) + 1.0).tolist()
        found = reliable([cell(answers, row, values=[1, 2, 3, 4])]).options
        gaps.append(found.reliability)
        stated.append(found.sampling)
    assert np.mean(stated) == pytest.approx(np.mean(gaps), rel=3 * np.std(gaps) / np.mean(gaps) / 20)


def test_a_sum_that_rounds_below_a_bin_belongs_to_it() -> None:
    found = reliable([cell([1, 2], [0.1, 0.7, 0.2], values=[1, 2, 3])])  # 0.1 + 0.7 = 0.7999999999999999
    assert found.cumulative is not None
    assert [one.low for one in found.cumulative.bins] == [0.1, 0.8]


def test_numbers_have_no_reliability_and_options_without_an_order_no_cumulative_one() -> None:
    ids = ["s"]
    numbers = [reliability_sums(cell([1, 2], drawn=[1, 2]))]
    assert reliability(numbers, ids, StudyResamples.draw(ids, 1)) is None
    assert reliable([cell([1, 2], [0.2] * 5, nominal=True)]).cumulative is None
