"""The lattice of the paper that our own renderer draws."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from kalemia.digitize import digitize, grid
from kalemia.simulate import simulate_one
from printed.layouts import layout
from printed.pages import Style, draw


@pytest.mark.parametrize("px_per_mm", [6.0, 8.0])
def test_the_third_harmonic_of_thin_lines_is_not_taken_for_the_lattice(tmp_path: Path, px_per_mm: float) -> None:
    page = draw(simulate_one(77, 1).recording, layout(3, 4, ("II",)), Style(px_per_mm=px_per_mm))
    Image.fromarray(page.image).save(tmp_path / "page.png")
    found = digitize(tmp_path / "page.png")
    assert found.pixels_per_mm == pytest.approx(px_per_mm, rel=0.002)
    assert found.layout == "3x4+1"


@pytest.mark.parametrize(
    "corners", [((20, 60), (1290, 10), (1300, 720), (40, 620)), ((70, 20), (1200, 60), (1300, 700), (0, 720))]
)
def test_lines_are_followed_where_their_distance_changes_by_a_third(corners: tuple[tuple[int, int], ...]) -> None:
    flat = draw(simulate_one(77, 1).recording, layout(3, 4, ("II",)), Style(px_per_mm=5.0))
    height, width = flat.image.shape[:2]
    old = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(old, np.array(corners, np.float32))
    seen = cv2.warpPerspective(flat.image, matrix, (1320, 740), borderValue=(70, 60, 55))
    found = grid.find(np.asarray(seen, np.uint8))
    assert found is not None
    places = np.stack(np.meshgrid(np.linspace(40, width - 40, 20), np.linspace(40, height - 40, 12)), -1)
    x, y = cv2.perspectiveTransform(places.astype(np.float32).reshape(-1, 1, 2), matrix)[:, 0].T.astype(np.float64)
    for read, true in zip(found.millimeters(x, y), places.reshape(-1, 2).T / 5, strict=True):
        off = read - true
        assert np.abs(off - np.median(off)).max() < 0.25
