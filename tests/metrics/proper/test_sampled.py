"""Scores of one distribution for everybody, and what they may be with other people."""

import numpy as np
import pytest

from socrates_core.metrics.proper.sampled import sampled_scores, share_mean_interval
from socrates_core.metrics.uncertainty import mean_interval


def test_the_scores_of_everybody_are_the_mean_of_what_each_option_would_score() -> None:
    # p = 1/2, 1/2, 0; three of four answer the first option, one the last
    found = sampled_scores(np.array([0.5, 0.5, 0.0]), np.array([0.75, 0.0, 0.25]), 4, ordered=True)
    # Brier: 1/4 + 1/4, and 1/4 + 1/4 + 1; ranked: (1/4 + 0) / 2, and (1/4 + 1) / 2; log: ln 2, and ln 10⁶
    assert found.scores.brier == pytest.approx(0.75 * 0.5 + 0.25 * 1.5)
    assert found.scores.rps == pytest.approx(0.75 * 0.125 + 0.25 * 0.625)
    assert found.scores.log == pytest.approx(0.75 * np.log(2) + 0.25 * np.log(1e6))
    assert sampled_scores(np.ones(2) / 2, np.ones(2) / 2, 4, ordered=False).scores.rps is None


def test_one_is_better_than_another_by_the_difference_of_their_scores() -> None:
    p, even, people = np.array([0.7, 0.2, 0.1]), np.ones(3) / 3, np.array([0.6, 0.3, 0.1])
    better = sampled_scores(p, people, 50, True, even)
    apart = [sampled_scores(one, people, 50, True) for one in (even, p)]
    assert better.scores.brier == pytest.approx(apart[0].scores.brier - apart[1].scores.brier)
    assert better.intervals.log.low < better.scores.log < better.intervals.log.high
    # all answers are worth the same to the uniform baseline, so its own score is known exactly
    assert apart[0].intervals.brier.low == pytest.approx(apart[0].intervals.brier.high)
    same = sampled_scores(even, people, 50, True, even).intervals.brier
    assert (same.low, same.high) == pytest.approx((0, 0))


def test_the_interval_is_that_of_a_mean_of_answers() -> None:
    values = np.array([0.1, 0.5, 2.0])
    answers = np.repeat(values, (3, 5, 2))
    whole = mean_interval(answers, options=values)
    ours = share_mean_interval(values, np.array([0.3, 0.5, 0.2]), 10)
    assert (ours.low, ours.high) == pytest.approx((whole.low, whole.high))


@pytest.mark.parametrize("n", [10, 100])
def test_it_covers_what_everybody_would_score_as_often_as_it_says(n: int) -> None:
    rng = np.random.default_rng(n)
    truth, p, even = np.array([0.05, 0.15, 0.5, 0.3]), np.array([0.1, 0.3, 0.4, 0.2]), np.ones(4) / 4
    wanted = sampled_scores(p, truth, 1e6, True, even).scores.brier
    ends = [sampled_scores(p, one / n, n, True, even).intervals.brier for one in rng.multinomial(n, truth, 1000)]
    covered = np.mean([at.low <= wanted <= at.high for at in ends])
    assert 0.93 < covered < 0.985  # standard error 0.007
