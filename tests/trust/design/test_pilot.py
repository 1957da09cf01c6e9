import numpy as np
import pytest

from socrates_core.trust.design.alone import effect_alone, mean_alone
from socrates_core.trust.design.pilot import Pilot, Seen
from socrates_core.trust.design.update import updated
from socrates_core.trust.error_model.predictive import Components

FIVE = np.linspace(0, 100, 5)
TWO_KINDS = Components((0.6, 0.4), (0.5, 0.9), (0.04, 0.02), (5.0, 20.0), (3.0, 6.0))
"""Studies whose errors are small, and others whose errors are large."""


def people_between(*cells: list[float]) -> Pilot:
    """Other people in each cell."""
    count = sum(map(len, cells))
    answers, at = np.full((count, len(cells)), np.nan), 0
    for cell, given in enumerate(cells):
        answers[at : at + len(given), cell] = given
        at += len(given)
    return Pilot(answers, (FIVE,) * len(cells))


def test_the_update_is_bayes_rule_as_weighted_draws_show_it() -> None:
    rng, draws = np.random.default_rng(0), 400_000
    x, block = np.array([10.0, -4.0, 6.0]), [0, 0, 1]  # two arms of one outcome, one of another
    noise = np.array([[30.0, 10.0, 0.0], [10.0, 25.0, 0.0], [0.0, 0.0, 40.0]])
    y = np.array([20.0, 5.0, np.nan])  # nobody answered the other outcome
    weight, b, v, tau, sigma = (np.array(one) for one in vars(TWO_KINDS).values())
    q = rng.choice(2, draws, p=weight)
    shared, own = (rng.standard_normal((k, draws)) * sigma[q] / np.sqrt(2) for k in (2, 3))
    true = rng.normal(b[q], np.sqrt(v[q])) * x[:, None] + rng.standard_normal(draws) * tau[q] + shared[block] + own
    missed = y[:2, None] - true[:2]
    likely = np.exp(-(missed * (np.linalg.inv(noise[:2, :2]) @ missed)).sum(axis=0) / 2)
    likely /= likely.sum()
    middle = true @ likely
    found = updated(TWO_KINDS, x, block, True, Seen(y, noise))
    np.testing.assert_allclose(found.mean @ found.weight, middle, atol=0.15)
    np.testing.assert_allclose(found.variance, ((true - middle[:, None]) ** 2) @ likely, rtol=0.03)
    assert found.weight[1] == pytest.approx(float(likely[q == 1].sum()), abs=0.01)


def test_before_anybody_answers_the_update_is_the_prediction_of_the_model() -> None:
    x = np.array([10.0, -4.0])
    before, plain = updated(TWO_KINDS, x, [0, 0], True, None), TWO_KINDS.predict(x)
    np.testing.assert_allclose(before.mean, plain.mean)
    np.testing.assert_allclose(before.sd, plain.sd)
    nobody = Seen(np.full(2, np.nan), np.zeros((2, 2)))
    np.testing.assert_allclose(updated(TWO_KINDS, x, [0, 0], True, nobody).variance, plain.variance)


def test_a_study_on_which_the_prediction_is_far_off_makes_large_errors_likelier() -> None:
    x, noise = np.array([10.0]), np.array([[9.0]])
    near, far = (updated(TWO_KINDS, x, [0], True, Seen(np.array([y]), noise)).weight for y in (6.0, 60.0))
    assert near[0] > 0.7
    assert far[1] > 0.99


def test_with_ever_more_people_the_answers_win() -> None:
    for variance in (1.0, 0.1, 0.01):
        found = updated(TWO_KINDS, np.array([10.0]), [0], True, Seen(np.array([30.0]), np.array([[variance]])))
        assert float(found.variance[0]) < variance
    assert float((found.mean @ found.weight)[0]) == pytest.approx(30, abs=0.1)


def test_means_sampling_errors_and_pairs_of_a_pilot() -> None:
    pilot = people_between([25, 50, 75], [100, 100, 100], [])
    assert pilot.means[:2].tolist() == [50, 100]
    # smoothed shares of 0, 25, …: (0.4, 1.4, 1.4, 1.4, 0.4)/5, whose variance is 750; by 3 people
    assert pilot.variances[0] == pytest.approx(250)
    assert pilot.variances[1] > 100  # three who agree do not show that everybody would
    seen = Seen.effects(pilot, [(1, 0), (2, 0)])
    assert seen.value[0] == 50
    assert np.isnan(seen.value[1])
    assert seen.covariance[0, 0] == pytest.approx(pilot.variances[0] + pilot.variances[1])


def test_effects_that_share_a_control_share_its_error() -> None:
    pilot = people_between([0, 50], [25, 75], [50, 100])
    seen = Seen.effects(pilot, [(1, 0), (2, 0)])
    assert seen.covariance[0, 1] == pytest.approx(pilot.variances[0])


def test_the_same_people_in_both_arms_are_compared_with_themselves() -> None:
    first = np.array([0.0, 25, 50, 75, 100, 25, 50, 75])
    paired = Pilot(np.stack([first, np.minimum(first + 25, 100)], axis=1), (FIVE, FIVE))
    others = people_between(first.tolist(), np.minimum(first + 25, 100).tolist())
    ours, theirs = (float(Seen.effects(one, [(1, 0)]).covariance[0, 0]) for one in (paired, others))
    assert 0 < ours < theirs / 2


@pytest.mark.parametrize("given", [[50.0], [50.0, 50.0], [50.0] * 40])
def test_a_pilot_without_variation_or_of_one_person_gives_a_sane_interval(given: list[float]) -> None:
    pilot = people_between(given, given)
    seen = Seen.effects(pilot, [(1, 0)])
    low, high = updated(TWO_KINDS, np.array([10.0]), [0], True, seen).interval(0.8)
    before_low, before_high = TWO_KINDS.predict(10.0).interval(0.8)
    assert np.isfinite([low, high]).all()
    assert 0 < high[0] - low[0] < before_high[0] - before_low[0]


def test_what_the_people_say_alone_takes_two_in_each_arm() -> None:
    one, two = people_between([50.0], [75.0, 100.0]), people_between([50.0, 25.0], [75.0, 100.0])
    assert effect_alone(one, 1, 0, 0.95) is None
    assert mean_alone(one, 0, 0.95) is None
    wide, narrow = (effect_alone(two, 1, 0, level) for level in (0.95, 0.8))
    assert wide is not None
    assert narrow is not None
    assert wide.low <= narrow.low < 50 < narrow.high <= wide.high


def test_pairs_that_do_not_fit_together_are_no_error() -> None:
    # each two cells were answered by other people, who make errors go together as nothing can
    rng = np.random.default_rng(2)
    answers = np.full((30, 3), np.nan)
    for k, (i, j, sign) in enumerate([(0, 1, 1), (1, 2, 1), (0, 2, -1)]):
        given = rng.choice(FIVE, 10)
        answers[10 * k : 10 * k + 10, i] = given
        answers[10 * k : 10 * k + 10, j] = given if sign > 0 else 100 - given
    seen = Seen.means(Pilot(answers, (FIVE,) * 3))
    found = updated(TWO_KINDS, np.ones(3), [0, 1, 2], False, seen)
    assert np.isfinite(found.variance).all()
    assert (found.variance > 0).all()
