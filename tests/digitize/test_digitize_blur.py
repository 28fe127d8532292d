"""Wide blurs."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.digitize.blur import blurred


@pytest.mark.parametrize("sigma", [2.0, 9.0, 16.0])
def test_a_point_is_blurred_to_the_width_asked_for(sigma: float) -> None:
    point = np.zeros((161, 161), np.float32)
    point[80, 80] = 1
    soft = blurred(point, sigma)
    place = np.arange(161) - 80
    assert soft.sum() == pytest.approx(1, rel=0.02)
    for profile in (soft.sum(axis=0), soft.sum(axis=1)):
        assert (profile @ place) / profile.sum() == pytest.approx(0, abs=0.6)
        assert np.sqrt(profile @ place**2 / profile.sum()) == pytest.approx(sigma, rel=0.08)


def test_even_paper_stays_even_and_keeps_its_channels() -> None:
    assert blurred(np.full((50, 70, 3), 4.0, np.float32), 13.0) == pytest.approx(np.full((50, 70, 3), 4.0))


@pytest.mark.parametrize("sigma", [3.0, 7.9])
def test_a_blur_that_is_not_wide_is_exact(sigma: float) -> None:
    point = np.zeros((101, 121), np.float32)
    point[50, 60] = 1
    y, x = np.mgrid[-50:51, -60:61]
    gauss = np.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    assert np.abs(blurred(point, sigma) - gauss).max() < 0.005 * gauss.max()


@pytest.mark.parametrize("at", [(80, 80), (81, 82), (83, 81)])
def test_a_wide_blur_loses_no_point_and_moves_none(at: tuple[int, int]) -> None:
    point = np.zeros((160, 160), np.float32)
    point[at] = 1
    soft = blurred(point, 16.5)
    assert soft.sum() == pytest.approx(1, rel=0.02)
    # The copy is a quarter as large: a point is taken for the middle of its four pixels.
    assert [float(soft.sum(axis=axis) @ np.arange(160)) for axis in (1, 0)] == pytest.approx([81.5, 81.5], rel=0.02)


@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (7, 9)])
def test_a_page_may_be_smaller_than_the_blur(shape: tuple[int, int]) -> None:
    assert blurred(np.full(shape, 3.0, np.float32), 40.0) == pytest.approx(np.full(shape, 3.0))
