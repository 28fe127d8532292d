"""Medians and slopes: those of numpy, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.signal.quick import each, gradient, median, median_of, near

DRAWN = np.random.default_rng(3).normal(0, 1, (4, 7, 6))


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.intp])
def test_medians_are_those_of_numpy_to_the_bit(axis: int, kind: type[Any]) -> None:
    values = (10 * DRAWN).astype(kind)
    found = median(values, axis)
    np.testing.assert_array_equal(found, np.median(values, axis=axis))
    assert found.dtype == np.median(values, axis=axis).dtype


def test_what_is_no_number_makes_the_median_none() -> None:
    values = DRAWN.copy()
    values[1, 2, 3] = np.nan
    np.testing.assert_array_equal(median(values), np.median(values, axis=-1))
    assert np.isnan(median(values)).sum() == 1


@pytest.mark.parametrize("values", [DRAWN.astype(np.float32), -DRAWN.astype(np.float32)])
def test_each_lead_has_the_median_of_what_is_known_of_it(values: NDArray[np.float32]) -> None:
    """From all seven values to none, and what is not known counts nothing, even where it is no number."""
    known = np.array([[1] * 7, [0, 1, 1, 0, 1, 1, 0], [0, 0, 0, 1, 0, 0, 0], [0] * 7], bool)
    spoiled = np.where(known[:, :, None], values, np.float32(np.nan))
    expected = [
        np.median(lead[here], axis=0) if here.any() else np.zeros(6) for lead, here in zip(values, known, strict=True)
    ]
    found = median_of(spoiled, known[:, :, None])
    np.testing.assert_array_equal(found, np.array(expected, np.float32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(median_of(spoiled, np.broadcast_to(known[:, :, None], values.shape)), found)


def test_without_values_the_median_is_zero() -> None:
    np.testing.assert_array_equal(
        median_of(np.empty((2, 0, 3), np.float32), np.empty((2, 0, 1), bool)), np.zeros((2, 3))
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("values", [DRAWN, DRAWN[0, 0], DRAWN[0, :, :2]])
def test_slopes_are_those_of_numpy_to_the_bit(values: NDArray[np.float64], kind: type[Any]) -> None:
    found, expected = gradient(values.astype(kind)), np.gradient(values.astype(kind), axis=-1)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


def test_each_row_gives_what_stands_in_its_column() -> None:
    columns = np.array([2, 0, 6, 3])
    expected = np.take_along_axis(DRAWN, columns[:, None, None], axis=1)[:, 0]
    np.testing.assert_array_equal(each(DRAWN, columns), expected)
    assert each(np.eye(3), np.array([0, 1, 0])).tolist() == [1.0, 1.0, 0.0]


def test_samples_near_others_stay_inside() -> None:
    assert near(np.array([1, 5]), 2, 3, 8).tolist() == [[0, 0, 1, 2, 3, 4], [3, 4, 5, 6, 7, 7]]
    assert near(np.array([[6]]), -1, 2, 8).tolist() == [[[7, 7]]]
