"""The pitch of the paper that our own renderer draws."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kalemia.digitize import digitize
from kalemia.evaluate.layouts import layout
from kalemia.evaluate.pages import Style, draw
from kalemia.simulate import simulate_one


@pytest.mark.parametrize("px_per_mm", [6.0, 8.0])
def test_the_third_harmonic_of_thin_lines_is_not_taken_for_the_lattice(tmp_path: Path, px_per_mm: float) -> None:
    page = draw(simulate_one(77, 1).recording, layout(3, 4, ("II",)), Style(px_per_mm=px_per_mm))
    Image.fromarray(page.image).save(tmp_path / "page.png")
    found = digitize(tmp_path / "page.png")
    assert found.pixels_per_mm == pytest.approx(px_per_mm, rel=0.002)
    assert found.layout == "3x4+1"
