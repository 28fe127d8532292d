"""A curve drawn with a pen is found again, finer than the pen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kalemia.digitize import stroke


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
