"""Whole numbers that stand for logarithms, exponentials and medians."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from kalemia.stream import integers


def test_a_logarithm_is_right_to_a_1024th() -> None:
    for microvolts in (1, 2, 50, 99, 1000, 1001, 12_345, 20_000, 32_767, 1 << 20):
        assert integers.ln_mv(microvolts) == pytest.approx(1024 * log(microvolts / 1000), abs=0.55)


def test_an_exponential_is_right_to_a_millionth_of_one() -> None:
    for value in range(0, 9000, 13):
        assert integers.exp_minus(value) == pytest.approx(exp(-value / 256) * 2**31, abs=2**31 * 1e-7)
    assert integers.exp_minus(0) == 1 << 31
    assert integers.exp_minus(1 << 40) == 0


def test_twice_a_median_is_whole() -> None:
    rng = np.random.default_rng(0)
    for count in range(1, 18):
        values = rng.integers(-100, 100, count).tolist()
        assert integers.middle_twice(values) == 2 * np.median(values)


@pytest.mark.parametrize(
    ("dividend", "divisor", "expected"), [(7, 2, 4), (-7, 2, -3), (5, 3, 2), (-5, 3, -2), (0, 9, 0)]
)
def test_halves_are_rounded_up(dividend: int, divisor: int, expected: int) -> None:
    assert integers.rounded(dividend, divisor) == expected
