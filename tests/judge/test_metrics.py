"""Metrics against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

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
