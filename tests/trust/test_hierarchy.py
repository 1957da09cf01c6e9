import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal, t

from socrates_core.trust.error_model.hierarchy import POINTS, ErrorModel, Responses, fit
from socrates_core.trust.error_model.predictive import Components

Numbers = npt.NDArray[np.float64]


def means(table: Numbers, variance: float = 0.0) -> Responses:
    """Groups in rows, cells in columns; each cell a block of its own."""
    m, cells = table.shape
    n = m * cells
    where = np.arange(n)
    return Responses(
        table.ravel(), np.ones(n), np.full(n, variance), where, np.zeros(n), np.repeat(np.arange(m), cells), False
    )


def test_a_balanced_one_way_layout_gives_the_estimates_of_its_analysis_of_variance() -> None:
    table = np.array([[0.30, 0.34], [0.10, 0.06], [-0.20, -0.10], [0.05, 0.01], [-0.02, 0.06], [0.15, 0.25]])
    within = np.square(table - table.mean(axis=1, keepdims=True)).sum() / 6  # σ²: 6 groups of one degree of freedom
    between = 2 * np.square(table.mean(axis=1) - table.mean()).sum() / 5  # σ² + 2 τ²
    model = fit(means(table))
    assert model is not None
    assert model.coefficient == pytest.approx(table.mean())
    assert model.sigma**2 == pytest.approx(within, rel=1e-4)
    assert model.tau**2 == pytest.approx((between - within) / 2, rel=1e-4)


def test_sampling_variance_is_no_part_of_the_models_error() -> None:
    table = np.array([[0.30, 0.34], [0.10, 0.06], [-0.20, -0.10], [0.05, 0.01], [-0.02, 0.06], [0.15, 0.25]])
    plain, known = fit(means(table)), fit(means(table, variance=0.0005))
    assert plain is not None
    assert known is not None
    assert known.sigma**2 == pytest.approx(plain.sigma**2 - 0.0005, rel=1e-3)
    assert known.tau == pytest.approx(plain.tau, rel=1e-3)


def test_groups_of_one_cell_give_about_a_t_interval() -> None:
    rng = np.random.default_rng(0)
    column = rng.normal(0.1, 0.2, (40, 1))
    model = fit(means(column))
    assert model is not None
    low, high = model.predict().interval(0.95)
    half = t.ppf(0.975, 39) * column.std(ddof=1) * np.sqrt(1 + 1 / 40)
    assert high[0] - low[0] == pytest.approx(2 * half, rel=0.04)
    assert (low[0] + high[0]) / 2 == pytest.approx(column.mean(), abs=1e-3)


def test_a_finer_grid_gives_the_same_interval() -> None:
    rng = np.random.default_rng(1)
    for m, cells in ((5, 4), (8, 4), (30, 4), (30, 40)):
        table = rng.normal(0, 0.2, (m, 1)) + rng.normal(0, 0.03, (m, cells))
        coarse, fine = (fit(means(table, 0.001), points) for points in (POINTS, 64))
        assert coarse is not None
        assert fine is not None
        ends = [np.concatenate(one.predict().interval(0.95)) for one in (coarse, fine)]
        np.testing.assert_allclose(*ends, atol=0.01 * (ends[0][1] - ends[0][0]))


def test_the_likelihood_is_that_of_the_whole_covariance() -> None:
    # two groups; effects 0 and 1 share a control; against scipy's density, with β fixed at 0 by x = 0
    from socrates_core.trust.error_model.hierarchy import _posterior, _sums

    data = Responses(
        y=np.array([3.0, 1.0, -2.0, 4.0]),
        x=np.zeros(4),
        variance=np.array([1.0, 2.0, 1.5, 0.5]),
        block=np.array([0, 0, 1, 2]),
        shared=np.array([0.7, 0.4, 0.9]),
        group=np.array([0, 0, 1]),
        contrasts=True,
    )
    tau, sigma = 2.0, 1.2
    cov = np.diag(data.variance + sigma**2 / 2) + np.diag([0.7, 0.7, 0.4, 0.9]) + sigma**2 / 2 * np.eye(4)
    cov[0, 1] = cov[1, 0] = 0.7 + sigma**2 / 2
    cov[:3, :3] += tau**2
    cov[3, 3] += tau**2
    height, _, _ = _posterior(_sums(data, np.array([tau]), np.array([sigma])), free=False)
    expected = multivariate_normal.logpdf(data.y, np.zeros(4), cov) + 2 * np.log(2 * np.pi)
    assert height[0, 0] == pytest.approx(expected)


def test_an_effect_that_was_never_predicted_has_no_slope() -> None:
    column = np.array([[3.0], [-2.0], [5.0], [1.0], [-4.0], [2.0]])
    data = means(column)
    flat = Responses(data.y, np.zeros(6), data.variance, data.block, data.shared, data.group, contrasts=True)
    model = fit(flat)
    assert model is not None
    assert (model.coefficient, model.coefficient_se) == (0.0, 0.0)
    assert model.predict(0.0).below(0.0)[0] == pytest.approx(0.5)


def test_an_uncertain_slope_widens_the_interval_of_a_large_effect() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(0, 3, 12)
    data = means((0.5 * x + rng.normal(0, 4, 12))[:, None])
    model = fit(Responses(data.y, x, data.variance, data.block, data.shared, data.group, contrasts=True))
    assert model is not None
    low, high = model.predict(np.array([0.0, 30.0])).interval(0.8)
    assert high[1] - low[1] > 2 * (high[0] - low[0])


def test_a_quantile_is_where_that_share_lies_below() -> None:
    model = fit(means(np.array([[3.0], [-2.0], [5.0], [1.0], [-4.0], [2.0]])))
    assert model is not None
    for share in (1e-6, 0.025, 0.5, 0.9, 0.9999):
        one = model.predict(1.0, np.array([0.0, 4.0]))
        np.testing.assert_allclose(one.below(one.quantile(share)), share, rtol=1e-6)


def test_four_groups_are_too_few() -> None:
    assert fit(means(np.array([[0.1], [0.2], [0.0], [0.3]]))) is None


def test_an_observed_mean_has_a_wider_interval_than_the_true_one() -> None:
    model = fit(means(np.array([[0.1], [0.2], [0.0], [0.3], [-0.1]])))
    assert model is not None
    true, seen = (model.predict(1.0, sampling).interval(0.8) for sampling in (0.0, 0.04))
    assert seen[1] - seen[0] > true[1] - true[0]


def test_what_no_fit_gives_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Components((1.0,), (0.0,), (0.0,), (-0.1,), (0.1,))
    with pytest.raises(ValueError, match="5 groups"):
        ErrorModel(4, 8, 0.0, 0.1, 0.1, 0.1, Components((1.0,), (0.0,), (0.0,), (0.1,), (0.1,)))
    with pytest.raises(ValueError, match="add up to 1"):
        Components((0.7,), (0.0,), (0.0,), (0.1,), (0.1,))
