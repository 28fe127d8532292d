"""Pictures and PDFs opened as pages of pixels, with sizes, turns and paths that are known."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from drawn_pages import NAMES, columns, ecg, snr_db
from drawn_pdf import pdf, wave
from numpy.typing import NDArray
from PIL import Image

from kalemia.digitize import digitize, image, reader, vector
from kalemia.errors import DigitizeError, ReadError

Reals = NDArray[np.float64]


def marked(width: int = 200, height: int = 150) -> Image.Image:
    """Return a white picture with a black upper left corner."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[:20, :30] = 0
    return Image.fromarray(pixels)


def corner(rgb: NDArray[np.uint8]) -> tuple[bool, bool, bool, bool]:
    """Return which corners are dark: upper left, upper right, lower left, lower right."""
    return tuple(bool(rgb[y, x].mean() < 128) for y in (5, -5) for x in (5, -5))  # type: ignore[return-value]


# ---- pictures


@pytest.mark.parametrize(("orientation", "dark"), [(1, 0), (2, 1), (3, 3), (4, 2), (5, 0), (6, 1), (7, 3), (8, 2)])
def test_a_picture_is_turned_as_its_camera_was_held(tmp_path: Path, orientation: int, dark: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "page.png"
    marked().save(path, exif=exif)
    rgb = image.load(path)
    assert rgb.shape == ((200, 150, 3) if orientation > 4 else (150, 200, 3))
    assert corner(rgb) == tuple(k == dark for k in range(4))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_large_picture_is_halved(tmp_path: Path, form: str) -> None:
    path = tmp_path / "page"
    marked(9300, 130 * 4).save(path, form)
    rgb = image.load(path)
    assert rgb.shape == (130, 2325, 3)
    assert rgb[2, 3].max() < 40
    assert rgb[12, 20].min() > 215


@pytest.mark.parametrize(("width", "by"), [(4600, 1), (4601, 2), (9200, 2), (9201, 4), (100, 1)])
def test_by_which_power_of_two(width: int, by: int) -> None:
    assert image._reduction(width, 10) == image._reduction(10, width) == by


def test_sixteen_bits_are_stretched_from_darkest_to_brightest() -> None:
    grey = np.array([[1000, 3000], [2000, 3000]], np.uint16)
    assert np.asarray(image._eight_bits(Image.fromarray(grey))).tolist() == [[0, 255], [127, 255]]
    assert not np.asarray(image._eight_bits(Image.fromarray(np.full((3, 3), 7.0, np.float32)))).any()
    broken = np.array([[np.nan, 0.0], [10.0, 5.0]], np.float32)
    assert np.asarray(image._eight_bits(Image.fromarray(broken))).tolist() == [[0, 0], [255, 127]]


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (200, 150), (0, 0, 0, 0))
    clear.save(tmp_path / "page.png")
    assert (image.load(tmp_path / "page.png") == 255).all()


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((119, 500), "119 x 500 pixels; at least 120"),
        ((20_000, 6001), "at most 120 megapixels"),
        ((120, 120), None),
        ((20_000, 6000), None),
    ],
)
def test_the_size_of_a_page(size: tuple[int, int], reason: str | None) -> None:
    if reason is None:
        image._check_shape(*size)
    else:
        with pytest.raises(DigitizeError, match=reason):
            image._check_shape(*size)


def test_pages_are_those_of_a_tiff_alone(tmp_path: Path) -> None:
    pages = [marked(200 + k, 150) for k in range(3)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "moves.gif", save_all=True, append_images=pages[1:])
    assert image.count(tmp_path / "scan.tif") == 3
    assert image.count(tmp_path / "moves.gif") == 1
    assert [image.load(tmp_path / "scan.tif", page).shape[1] for page in range(3)] == [200, 201, 202]


def test_a_damaged_picture_is_said_to_be(tmp_path: Path) -> None:
    whole = io.BytesIO()
    marked().save(whole, "PNG")
    path = tmp_path / "page.png"
    path.write_bytes(whole.getvalue()[:-60])
    with pytest.raises(ReadError, match="damaged or incomplete"):
        image.load(path)
    path.write_bytes(b"no picture at all")
    with pytest.raises(ReadError, match="no image that is read; PNG, JPEG"):
        image.count(path)
    with pytest.raises(FileNotFoundError):
        image.count(tmp_path / "none.png")


# ---- PDFs


MM = 72 / 25.4
"""Points a millimeter."""


def test_the_traces_of_a_pdf_are_read_as_they_are_drawn(tmp_path: Path) -> None:
    true, (width, height) = ecg(), (290, 120)
    every: list[Reals] = []
    for mm in range(0, width + 1):
        every += [np.array([[mm, 0], [mm, height]])] * (1 if mm % 5 else 3)
    for mm in range(0, height + 1):
        every += [np.array([[0, mm], [width, mm]])] * (1 if mm % 5 else 3)
    for row, names in enumerate(columns(NAMES, 3)):
        zero = 95 - 30 * row
        steps = [(4, 0), (6, 0), (6, 10), (11, 10), (11, 0), (13, 0)]
        every += [np.array([(x, zero + y) for x, y in steps])] * 4
        for column, name in enumerate(names):
            part = slice(column * 1250, (column + 1) * 1250)
            x = 20 + np.arange(5000)[part] / 500 * 25
            every.append(np.stack([x, zero + 10 * true[name][part]], -1))
    size = (width * MM, height * MM)
    path = pdf(tmp_path / "a.pdf", *(line * MM for line in every), size=size, pens=(0.15, 1.0))
    found = digitize(path, layout="3x4")
    assert found.kind == "vector"
    assert found.pixels_per_mm == pytest.approx(250 / 25.4, rel=0.002)
    for name in NAMES:
        assert snr_db(true[name], found.recording.lead(name)) > 25, name


SCALE = 250 / 72


def test_a_page_is_drawn_and_its_long_paths_are_kept(tmp_path: Path) -> None:
    (page,) = vector.load(pdf(tmp_path / "a.pdf", wave(), wave(99), wave()[::-1]))
    assert page.dpi == 250
    assert page.rgb.shape[:2] == pytest.approx((400 * SCALE, 600 * SCALE), abs=1)
    (path,) = page.paths  # one has too few points, and one runs to the left
    np.testing.assert_allclose(path[:, 0], wave()[:, 0] * SCALE, atol=1e-3)
    np.testing.assert_allclose(path[:, 1], page.rgb.shape[0] - wave()[:, 1] * SCALE, atol=1e-3)
    x, y = np.round(path[50]).astype(int)
    assert page.rgb[y - 1 : y + 2, x - 1 : x + 2].min() < 100


def test_paths_are_placed_as_they_are_drawn(tmp_path: Path) -> None:
    (page,) = vector.load(pdf(tmp_path / "a.pdf", wave(), matrix=(0.5, 0, 0, 2.0, 10, -300)))
    (path,) = page.paths
    np.testing.assert_allclose(path[:, 0], (0.5 * wave()[:, 0] + 10) * SCALE, atol=1e-2)
    np.testing.assert_allclose(path[:, 1], page.rgb.shape[0] - (2 * wave()[:, 1] - 300) * SCALE, atol=1e-2)
    (mirrored,) = vector.load(pdf(tmp_path / "b.pdf", wave()[::-1], matrix=(-1, 0, 0, 1, 550, 0)))
    assert len(mirrored.paths) == 1
    assert (np.diff(mirrored.paths[0][:, 0]) > 0).all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_paths_turn_with_their_page(tmp_path: Path, turns: int) -> None:
    (page,) = vector.load(pdf(tmp_path / "a.pdf", wave()))
    path = reader._quarters(page.paths[0], turns, page.rgb.shape[1], page.rgb.shape[0])
    turned = np.rot90(page.rgb, turns)
    x, y = np.floor(path[::20]).astype(int).T
    assert turned[y, x].max() < 200, "the path is on its ink"
    assert path[0, 0] < path[-1, 0] or turns % 2


def test_a_large_page_is_drawn_no_finer_than_needed(tmp_path: Path) -> None:
    (page,) = vector.load(pdf(tmp_path / "a.pdf", size=(3000, 200)))
    assert page.dpi == pytest.approx(72 * 4600 / 3000)
    assert page.rgb.shape[1] == pytest.approx(4600, abs=1)


def test_pages_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DigitizeError, match="page 1 of the PDF is 600 x 19 points"):
        list(vector.load(pdf(tmp_path / "a.pdf", size=(600, 19))))
    document = pypdfium2.PdfDocument.new()
    for _ in range(51):
        document.new_page(100, 100)
    document.save(str(tmp_path / "many.pdf"))
    with pytest.raises(DigitizeError, match="51 pages; at most 50"):
        list(vector.load(tmp_path / "many.pdf"))
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 and nothing else")
    with pytest.raises(ReadError, match="damaged or empty"):
        list(vector.load(tmp_path / "bad.pdf"))


def test_a_protected_pdf_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def protected(_: bytes) -> None:
        raise pypdfium2.PdfiumError("Failed to load document (PDFium: Incorrect password error).")

    monkeypatch.setattr(pypdfium2, "PdfDocument", protected)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(ReadError, match="protected by a password; remove it first"):
        list(vector.load(tmp_path / "a.pdf"))
