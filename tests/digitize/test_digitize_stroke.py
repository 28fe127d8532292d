"""A curve drawn with a pen is found again, finer than the pen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import stroke

Reals = NDArray[np.float64]


@pytest.mark.parametrize(("pen", "off"), [(2, 1.5), (4, 2.5)])
def test_a_narrow_peak_keeps_its_height_and_its_width(pen: int, off: float) -> None:
    x = np.arange(0, 120, 0.25)
    y = 80 - 50 * np.exp(-0.5 * ((x - 60) / 4) ** 2)
    paper = np.zeros((100, 120), np.uint8)
    points = np.round(np.stack([x, y], -1) * 16).astype(np.int32)
    cv2.polylines(paper, [points], False, 255, pen, cv2.LINE_AA, 4)
    ink = (paper / 255).astype(np.float32)
    path = np.round(y[::4]).astype(np.intp)[None]
    found_x, found_y = stroke.refine(ink, path).line(0)
    there = np.interp(found_x, x, y)
    assert found_y.min() == pytest.approx(30, abs=1)
    assert np.sqrt(np.mean((found_y - there) ** 2)) < off
    assert np.abs(found_y - there)[np.abs(found_x - 60) > 15].max() < 0.3


def test_where_there_is_no_ink_there_is_no_line() -> None:
    ink = np.zeros((20, 30), np.float32)
    ink[10, :10] = 1
    fine = stroke.refine(ink, np.full((1, 30), 10, np.intp))
    assert fine.line(0)[0].max() < 10
    assert fine.middles.shape == fine.on.shape == (1, 30)


def test_the_ends_of_ink_are_found_with_their_parts_of_pixels() -> None:
    ink = np.zeros((12, 3), np.float32)
    ink[4:8] = 1
    ink[3], ink[8] = 0.25, 0.5
    ink[:, 1] = 0
    ink[6:, 2] = 1  # down to the very end
    ink[:4, 2] = 0
    ink[4:6, 2] = 0
    y, columns = np.array([[5, 5, 9]]), np.array([[0, 1, 2]])
    high, low = stroke._ends(ink, y, columns)
    assert high[0] == pytest.approx([3.75, 5, 6])
    assert low[0] == pytest.approx([8.5, 6, 13])


def test_the_pen_is_as_wide_as_the_thinnest_ink_near() -> None:
    ink = np.full((1, 200), 3.0)
    ink[0, 60:80] = 30.0  # a steep stroke
    seen = np.ones((1, 200), bool)
    pen, near = stroke._pen(ink, seen)
    assert pen == 3
    assert near == pytest.approx(np.full((1, 200), 3.0))
    wide, local = stroke._pen(np.where(np.arange(200) < 150, 3.0, 4.0)[None], seen)
    assert wide == 3
    assert local[0, :100] == pytest.approx(3.0)
    assert local[0, -8:] == pytest.approx(4.0)
    assert stroke._pen(ink, ~seen)[0] == 1
    assert stroke._pen(ink, ~seen)[1].tolist() == np.ones((1, 200)).tolist()


@pytest.mark.parametrize("pen", [3.0, 5.0])
def test_a_flat_line_stays_in_the_middle_of_its_ink_and_a_ramp_keeps_its_slope(pen: float) -> None:
    radius = np.full((1, 80), pen / 2)
    flat = stroke._curve(np.full((1, 80), 10.0 - pen / 2), np.full((1, 80), 10.0 + pen / 2), pen / 2, radius)
    assert flat.shape == (1, 161)
    assert flat == pytest.approx(np.full((1, 161), 10.0), abs=0.05)
    middle = np.linspace(10.0, 49.5, 80)[None]
    ramp = stroke._curve(middle - 0.25 - pen / 2, middle + 0.25 + pen / 2, pen / 2, radius)
    assert np.diff(ramp[0, 60:-60]) == pytest.approx(np.full(40, 0.25), abs=0.02)


def test_a_line_has_the_points_that_lie_on_ink() -> None:
    fine = stroke.Fine(np.arange(9.0)[None], np.array([[1.0, 1.0, 0.2, 1.0]]))
    x, y = fine.line(0)
    assert x.tolist() == [-0.5, 0, 0.5, 1, 3]  # between two columns with ink, not at the edge of one
    assert y.tolist() == (2 * (x + 0.5)).tolist()
    assert fine.middles.tolist() == [[1, 3, 5, 7]]


def test_ink_that_is_no_more_than_half_sure_has_no_line() -> None:
    fine = stroke.Fine(np.arange(7.0)[None], np.array([[stroke.INKED, 0.56, 0.56]]))
    assert fine.line(0)[0].tolist() == [1.0, 1.5, 2.0]


def test_a_path_beyond_the_page_is_on_its_edge() -> None:
    ink = np.zeros((20, 30), np.float32)
    ink[[0, 19]] = 1
    fine = stroke.refine(ink, np.array([[-5] * 30, [50] * 30]))
    assert fine.on.tolist() == [[1] * 30] * 2
    assert fine.middles[:, 15] == pytest.approx([0, 19], abs=0.6)


def test_without_ink_the_line_is_the_path() -> None:
    fine = stroke.refine(np.zeros((20, 30), np.float32), np.full((1, 30), 7))
    assert fine.y == pytest.approx(np.full((1, 61), 7.0))
    assert fine.on.tolist() == [[0] * 30]


def test_ink_at_the_edge_of_the_page_goes_on_beyond_it() -> None:
    ink = np.zeros((9, 2), np.float32)
    ink[:3, 0] = ink[6:, 1] = 1
    high, low = stroke._ends(ink, np.array([[1, 7]]), np.array([[0, 1]]))
    assert (high.tolist(), low.tolist()) == ([[-1, 6]], [[3, 10]])
    ink[1, 0] = ink[7, 1] = 0.25
    high, low = stroke._ends(ink, np.array([[0, 8]]), np.array([[0, 1]]))
    assert (high.tolist(), low.tolist()) == ([[-1, 7.75]], [[1.25, 10]])


def test_a_pixel_that_is_just_half_sure_is_an_end_in_part() -> None:
    ink = np.zeros((9, 1), np.float32)
    ink[4:6] = 1
    ink[[3, 6]] = stroke.INKED
    high, low = stroke._ends(ink, np.array([[4]]), np.array([[0]]))
    assert (high[0, 0], low[0, 0]) == pytest.approx((3.45, 6.55))


@pytest.mark.parametrize(("pen", "whole"), [(3.0, 207), (2.5, 201), (2.0, 195), (1.0, 195)])
def test_a_thicker_pen_counts_twelve_widths_from_where_it_changes(pen: float, whole: int) -> None:
    """It is that of the thinnest ink within six widths, which is smoothed over as many on either side."""
    ink = np.where(np.arange(300) < 170, pen, pen + 0.4)[None]
    found, local = stroke._pen(ink, np.ones((1, 300), bool))
    assert found == pen
    assert np.flatnonzero(local[0] > pen + 1e-4)[0] == 169
    assert np.flatnonzero(local[0] > pen + 0.4 - 1e-4)[0] == whole


def test_the_pen_is_not_far_from_the_thin_ink_of_the_page() -> None:
    ink = np.repeat([2.0, 3.0, 9.0, 2.0], [20, 30, 90, 20])[None]
    pen, local = stroke._pen(ink, np.ones((1, 160), bool))
    assert pen == 2
    assert local[0, 100] == pytest.approx(4.5)  # half more than what three of ten columns are thinner than
    ink = np.where(np.arange(160) // 5 == 16, 0.5, 2.0)[None]
    assert stroke._pen(ink, np.ones((1, 160), bool))[1][0, 82] == pytest.approx(1.6)


def test_only_ink_that_is_seen_tells_the_pen() -> None:
    ink = np.full((1, 100), 3.0)
    ink[0, 40:60] = 0.0
    pen, local = stroke._pen(ink, ink > 0)
    assert pen == 3
    assert local == pytest.approx(np.full((1, 100), 3.0))


def test_rows_have_pens_of_their_own() -> None:
    ink = np.stack([np.full(100, 3.0), np.full(100, 4.0), np.full(100, 3.5)])
    pen, local = stroke._pen(ink, np.ones(ink.shape, bool))
    assert pen == 3
    assert local == pytest.approx(ink)


@pytest.mark.parametrize(("radius", "off"), [(0.5, 0.16), (1.0, 0.16), (1.5, 0.13), (2.0, 0.14), (3.0, 0.21)])
def test_a_peak_is_found_again_from_what_a_round_pen_inks(radius: float, off: float) -> None:
    def true(x: Reals) -> Reals:
        return np.asarray(80 - 30 * np.exp(-0.5 * ((x - 30) / 2.5) ** 2), np.float64)

    x = np.arange(-20, 80, 0.02)
    ends = []
    for column in range(60):
        beside = np.maximum(np.abs(x - column - 0.5) - stroke.PIXEL, 0)
        under = beside <= radius
        reach = np.sqrt(radius**2 - beside[under] ** 2)
        ends.append(((true(x[under]) - reach).min(), (true(x[under]) + reach).max()))
    high, low = np.transpose(ends)[:, None]
    found = stroke._curve(high, low, radius, np.full((1, 60), radius))[0]
    wrong = found - true(np.arange(121) / 2)
    assert found.min() == pytest.approx(50, abs=0.3)
    assert np.sqrt(np.mean(wrong**2)) < off
