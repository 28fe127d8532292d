"""Pictures in every way of storing pixels, as a person would see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kalemia.digitize import image
from kalemia.errors import DigitizeError


def two(mode: str, left: Any, right: Any) -> Image.Image:
    """Return a picture of two pixels."""
    picture = Image.new(mode, (2, 1), left)
    picture.putpixel((1, 0), right)
    return picture


def palette(mode: str, *colors: int, alpha: bool = False, clear: int | None = None) -> Image.Image:
    """Return two pixels of a palette, the first of them clear where there is alpha, or the color that is."""
    picture = two("PA", (0, 0), (1, 255)) if alpha else two("P", 0, 1)
    picture.putpalette(colors, mode)
    if clear is not None:
        picture.info["transparency"] = clear
    return picture


CLEAR = [[255] * 3, [100] * 3]
DARK = [[0] * 3, [100] * 3]


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (two("1", 0, 1), [[0] * 3, [255] * 3]),
        (two("L", 0, 100), DARK),
        (two("RGB", (1, 2, 3), (4, 5, 6)), [[1, 2, 3], [4, 5, 6]]),
        (two("CMYK", (0, 255, 255, 0), (0, 0, 0, 255)), [[255, 0, 0], [0, 0, 0]]),
        (palette("RGB", 0, 0, 0, 100, 100, 100), DARK),
        (palette("RGB", 0, 0, 0, 100, 100, 100, clear=0), CLEAR),
        (palette("RGBA", 0, 0, 0, 0, 100, 100, 100, 255), CLEAR),
        (palette("RGB", 0, 0, 0, 100, 100, 100, alpha=True), CLEAR),
        (two("LA", (0, 0), (100, 255)), CLEAR),
        (two("LA", (0, 51), (100, 255)), [[204] * 3, [100] * 3]),
        (two("RGBA", (0, 0, 0, 0), (100, 100, 100, 255)), CLEAR),
        (two("RGBA", (0, 0, 0, 0), (100, 100, 100, 255)).convert("RGBa"), CLEAR),
        (two("I", 5, 7), [[0] * 3, [255] * 3]),
        (two("I;16", 60_000, 5), [[255] * 3, [0] * 3]),
        (two("F", 0.25, 0.75), [[0] * 3, [255] * 3]),
    ],
)
def test_every_way_of_storing_pixels(picture: Image.Image, shown: list[list[int]]) -> None:
    seen = image._upright_rgb(picture)
    assert seen.dtype == np.uint8
    assert seen.tolist() == [shown]


def test_a_color_may_be_transparent() -> None:
    for mode, color in (("RGB", (0, 0, 0)), ("L", 0)):
        picture = two(mode, color, (100, 100, 100) if mode == "RGB" else 100)
        picture.info["transparency"] = color
        assert image._upright_rgb(picture).tolist() == [CLEAR]


@pytest.mark.parametrize(("width", "shown"), [(4600, 4600), (4602, 2301), (9200, 4600), (9204, 2301)])
def test_a_wide_picture_is_reduced(width: int, shown: int) -> None:
    assert image._upright_rgb(Image.new("L", (width, 8), 100)).shape == (8 * shown // width, shown, 3)


def saved(path: Path, count: int) -> Path:
    """Write a file of so many pictures, each of another gray."""
    first, *others = (Image.new("L", (4, 4), 4 * k) for k in range(count))
    first.save(path, save_all=True, append_images=others)
    return path


def test_a_scan_has_its_pages_and_what_moves_its_first_picture(tmp_path: Path) -> None:
    assert image.count(saved(tmp_path / "a.tif", 3)) == 3
    assert image.count(saved(tmp_path / "b.tif", 1)) == 1
    assert image.count(saved(tmp_path / "c.gif", 3)) == 1
    with Image.open(tmp_path / "c.gif") as file:
        assert file.n_frames == 3  # type: ignore[attr-defined]


def test_a_scan_has_fifty_pages_at_most(tmp_path: Path) -> None:
    assert image.count(saved(tmp_path / "a.tif", 50)) == 50
    with pytest.raises(DigitizeError, match=r"^the image has 51 pages; at most 50 are accepted$"):
        image.count(saved(tmp_path / "b.tif", 51))


def test_values_that_hardly_differ_are_stretched_too() -> None:
    values = np.array([[1.0, 1.0625], [1.125, np.inf]], np.float32)
    assert np.asarray(image._eight_bits(Image.fromarray(values - 1))).tolist() == [[0, 127], [255, 0]]
