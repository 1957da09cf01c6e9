import numpy as np
import pytest

from socrates_core.trust.error_model.distance import Bound, conformal_bound, fit_distance


@pytest.mark.parametrize(("level", "groups"), [(0.8, 4), (0.9, 9), (0.95, 19)])
def test_a_bound_needs_as_many_groups_as_its_level_asks_for(level: float, groups: int) -> None:
    # ⌈(m + 1)(1 − α)⌉ = m: the largest of just enough groups
    assert conformal_bound([[number / 100] for number in range(groups)], level) == (groups - 1) / 100
    assert conformal_bound([[number / 100] for number in range(groups - 1)], level) is None


def test_with_one_cell_a_group_the_bound_is_an_order_statistic() -> None:
    # m = 14: ⌈15 · 0.8⌉ = 12th smallest
    assert conformal_bound([[number / 100] for number in range(1, 15)], 0.8) == 0.12


def test_a_group_counts_once_however_many_cells_it_has() -> None:
    # weights over 5: nine cells of 1/9 at 0.9, and 1 each at 0.1, 0.2, 0.3: 4 groups reach 0.8 with all of them
    groups = [[0.9] * 9, [0.1], [0.2], [0.3]]
    assert conformal_bound(groups, 0.8) == 0.9
    assert conformal_bound(groups, 0.6) == 0.3  # 3 of 5, not 3 of 13


def test_a_study_is_bounded_by_the_means_of_groups() -> None:
    model = fit_distance({"a": [0.1, 0.3], "b": [0.1], "c": [0.15], "d": [0.05]})
    assert model.expected == pytest.approx((0.2 + 0.1 + 0.15 + 0.05) / 4)
    assert model.at(0.8).cell == 0.3
    assert model.at(0.8).study == pytest.approx(0.2)
    assert model.at(0.95) == Bound(0.95, None, None)


def test_the_bound_covers_new_groups_as_promised() -> None:
    rng = np.random.default_rng(3)
    held = []
    for _ in range(2000):
        centres = rng.beta(2, 8, 13)
        groups = [(centre + 0.1 * rng.random(rng.integers(1, 6))).tolist() for centre in centres]
        bound = conformal_bound(groups[:12], 0.8)
        assert bound is not None
        held.append(float(np.mean([w <= bound for w in groups[12]])))
    # 12 groups: between 80 % and 80 % + 1/13; 2,000 rounds have an error of 1 %
    assert 0.78 <= np.mean(held) <= 0.90
