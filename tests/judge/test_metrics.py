"""Metrics against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn.metrics")

from scipy.stats import pearsonr

from kalemia.judge import metrics
from kalemia.judge.metrics import auroc, regression, wilson


def test_regression_of_a_constant_shift() -> None:
    true = np.array([3.0, 4.0, 5.0, 6.0, 7.0])
    found = regression(true, true + 0.5)
    assert found["mae_meq_l"] == found["rmse_meq_l"] == 0.5
    assert found["r"] == 1.0
    assert found["r2"] == pytest.approx(1 - 5 * 0.25 / 10)
    assert found["auroc_above_5.5"] == found["auroc_below_3.5"] == 1.0


def test_the_error_of_each_bin_is_its_own() -> None:
    true = np.array([3.0, 3.2, 5.0, 6.0, 7.0])
    found = regression(true, true + np.array([0.1, 0.3, 0.4, -0.6, 1.0]))
    assert found["mae_meq_l_0_to_3.5"] == pytest.approx(0.2)
    assert found["mae_meq_l_3.5_to_5.5"] == pytest.approx(0.4)
    assert found["mae_meq_l_5.5_to_6.5"] == pytest.approx(0.6)
    assert found["mae_meq_l_6.5_to_99"] == pytest.approx(1.0)


def test_a_constant_estimate_has_no_correlation() -> None:
    assert regression(np.array([3.0, 4.0, 6.0]), np.full(3, 4.0))["r"] == 0.0


def test_auroc_counts_the_pairs_in_order() -> None:
    assert auroc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])) == 0.75


def test_wilsons_interval_is_his_formula() -> None:
    low, high = wilson(1, 113)
    z2, share = 1.959964**2, 1 / 113
    middle = (share + z2 / 226) / (1 + z2 / 113)
    half = 1.959964 / (1 + z2 / 113) * np.sqrt(share * (1 - share) / 113 + z2 / (4 * 113**2))
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("n", [19, 39, 59, 99, 199, 1000])
def test_conformal_ranks_are_those_of_whole_numbers(n: int) -> None:
    errors = np.random.default_rng(n).permutation(np.arange(1, n + 1))
    low, high = metrics.conformal(errors, metrics.TAILS)
    assert low == max(1, 5 * (n + 1) // 100)
    assert high == min(n, -(-95 * (n + 1) // 100))


def test_a_regression_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(5, 1.2, 200)
    estimate = 4 + 0.3 * true + rng.normal(0, 0.5, 200)
    found = regression(true, estimate)
    expected = {
        "mae_meq_l": sklearn.mean_absolute_error(true, estimate),
        "rmse_meq_l": sklearn.root_mean_squared_error(true, estimate),
        "r2": sklearn.r2_score(true, estimate),
        "r": pearsonr(true, estimate).statistic,
        "auroc_above_5.5": sklearn.roc_auc_score(true > 5.5, estimate),
        "auroc_below_3.5": sklearn.roc_auc_score(true < 3.5, -estimate),
    }
    assert {name: found[name] for name in expected} == {name: round(value, 4) for name, value in expected.items()}


def test_what_is_not_defined_is_none_and_an_empty_bin_is_left_out() -> None:
    found = regression(np.array([4.0, 5.0]), np.array([4.0, 4.5]))
    assert found["auroc_above_5.5"] is found["auroc_below_3.5"] is None
    assert [name for name in found if name.startswith("mae_meq_l_")] == ["mae_meq_l_3.5_to_5.5"]
    assert regression(np.array([4.0]), np.array([4.2]))["r2"] is None


def test_bins_hold_their_lower_end() -> None:
    found = regression(np.array([3.5, 5.5, 6.5]), np.array([3.6, 5.7, 6.8]))
    assert [found[f"mae_meq_l_{name}"] for name in ("3.5_to_5.5", "5.5_to_6.5", "6.5_to_99")] == [0.1, 0.2, 0.3]


def test_the_cut_keeps_nine_in_ten_of_those_above() -> None:
    true = np.concatenate([np.full(20, 6.0), np.full(30, 4.0)])
    estimate = np.concatenate([np.linspace(5, 6.9, 20), np.linspace(3, 6, 30)])
    cut = metrics.frozen_cut(true, estimate)
    assert cut is not None
    assert np.mean(estimate[:20] > cut) == 0.9
    assert np.mean(estimate[:20] > np.nextafter(cut, 9)) < 0.9  # no higher one does
    assert metrics.frozen_cut(np.full(5, 5.5), np.ones(5)) is None


@pytest.mark.parametrize(("ill", "missed"), [(1, 0), (9, 0), (10, 1), (19, 1), (20, 2), (30, 3)])
def test_the_cut_misses_at_most_a_tenth(ill: int, missed: int) -> None:
    estimate = np.arange(float(ill))
    cut = metrics.frozen_cut(np.full(ill, 6.0), estimate[::-1])
    assert cut is not None
    assert np.sum(estimate <= cut) == missed


@pytest.mark.parametrize(("n", "low", "high"), [(19, 1, 19), (18, 1, 18), (39, 2, 38), (99, 5, 95), (100, 5, 96)])
def test_conformal_ends_are_order_statistics(n: int, low: int, high: int) -> None:
    errors = np.arange(1.0, n + 1)
    assert metrics.conformal(errors[::-1], metrics.TAILS).tolist() == [low, high]


def test_a_conformal_interval_holds_a_further_error_as_often_as_it_says() -> None:
    """Of n + 1 errors in any order each is the further one as often as any other."""
    errors = np.random.default_rng(1).standard_normal(40)
    held = 0
    for out in range(40):
        low, high = metrics.conformal(np.delete(errors, out), metrics.TAILS)
        held += bool(low <= errors[out] <= high)
    assert held / 40 >= 0.9
    assert metrics.LEAST_ERRORS == 19
    assert pytest.approx(1) == 0.05 * (metrics.LEAST_ERRORS + 1)  # with one fewer no order statistic is below


def test_wilsons_interval_holds_the_share_and_is_within_nought_and_one() -> None:
    for count in (1, 7, 50):
        for hits in range(count + 1):
            low, high = wilson(hits, count)
            assert 0 <= low <= hits / count <= high <= 1
