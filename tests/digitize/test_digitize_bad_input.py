"""What is no page of an ECG is refused in a sentence."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from drawn_pages import NAMES, columns, ecg, page
from PIL import Image
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.digitize import digitize, image, pages
from kalemia.errors import DigitizeError, KalemiaError, ReadError


def said(path: Path, kind: type[KalemiaError] = DigitizeError, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        digitize(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def test_files_that_are_no_image(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(b"")
    assert "empty" in said(path, ReadError)
    path.write_bytes(b"hello, this is a letter")
    assert said(path, ReadError).startswith(f"{path}: this is no image")
    path.write_bytes(encoded(Image.new("RGB", (800, 600), "white"), "PNG")[:60])
    assert "damaged" in said(path, ReadError)
    assert "cannot be opened" in said(tmp_path / "nothing.png", ReadError)


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    assert "a folder" in said(tmp_path, ReadError)
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in said(tmp_path / "pipe", ReadError)
    assert "no regular file" in said(Path("/dev/zero"), ReadError)


def test_pdfs_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(b"%PDF-1.4 and nothing else")
    assert "damaged or empty" in said(path, ReadError)


def test_pictures_without_an_ecg(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("RGB", (900, 600), "white").save(path)
    assert "no grid" in said(path)
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    said(path)
    empty = page({"": np.zeros(5000)}, (("",),), pulse=False, px=3)
    Image.fromarray(empty).save(path)
    said(path)


def test_sizes(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("RGB", (60, 60), "white").save(path)
    assert "at least" in said(path)
    Image.new("1", (20000, 20000)).save(path)
    assert "megapixels" in said(path)


def test_options() -> None:
    assert "accepted are auto" in said(Path("page.png"), layout="5x5")
    assert "20 to 4000" in said(Path("page.png"), dpi=3.0)


@pytest.mark.parametrize("kind", ["RGBA", "P", "CMYK", "I;16", "exif", "gif"])
def test_every_kind_of_pixels_is_decoded_alike(tmp_path: Path, kind: str) -> None:
    drawn = np.ascontiguousarray(page(ecg(), px=4)[::2, ::2])
    picture = Image.fromarray(drawn)
    path = tmp_path / "page"
    if kind == "CMYK":
        path.write_bytes(encoded(picture.convert("CMYK"), "TIFF"))
    elif kind == "I;16":
        path = path.with_suffix(".png")
        cv2.imwrite(str(path), np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif kind == "exif":
        exif = Image.Exif()
        exif[0x0112] = 6
        path.write_bytes(encoded(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95))
    elif kind == "gif":
        frames = [Image.new("P", picture.size)]
        path.write_bytes(encoded(picture, "GIF", save_all=True, append_images=frames))
    else:
        path.write_bytes(encoded(picture.convert(kind), "PNG"))
    found = image.load(path).rgb
    assert found.shape == drawn.shape
    assert np.abs(found.mean(axis=2) - drawn.mean(axis=2)).mean() < 12


def test_even_paper_and_patterns_are_refused(tmp_path: Path) -> None:
    y, x = np.mgrid[0:900, 0:1200]
    with pypdfium2.PdfDocument.new() as document:
        document.new_page(595, 842)
        document.save(str(tmp_path / "blank.pdf"))
    said(tmp_path / "blank.pdf")  # a warning is an error in tests
    for name, picture in {
        "blank": np.full((1200, 1600), 255),
        "chess": (x // 8 + y // 8) % 2 * 255,
    }.items():
        path = tmp_path / f"{name}.png"
        Image.fromarray(picture.astype(np.uint8)).save(path)
        with pytest.raises(DigitizeError):
            digitize(path)


@pytest.mark.parametrize("beside", [True, False])
def test_two_ecgs_on_a_page_are_refused(tmp_path: Path, beside: bool) -> None:
    first, second = (page(ecg(bpm=bpm, seed=seed), columns(NAMES, 3)) for bpm, seed in ((72, 0), (91, 5)))
    both = np.concatenate([first, second], axis=1 if beside else 0)
    Image.fromarray(both).save(tmp_path / "two.png")
    assert "two ECGs" in said(tmp_path / "two.png")


@pytest.mark.parametrize("share", [0.36, 0.5])
def test_a_part_of_a_page_is_no_strip(tmp_path: Path, share: float) -> None:
    whole = page(ecg(), columns(NAMES, 3))
    Image.fromarray(whole[: round(share * len(whole))]).save(tmp_path / "part.png")
    said(tmp_path / "part.png")


def test_one_page_that_breaks_the_reader_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by 0")

    for name in "ab":
        Image.new("RGB", (300, 300), "white").save(tmp_path / f"{name}.png")
    monkeypatch.setattr(sys.modules["kalemia.digitize"], "pages", broken)
    result = CliRunner().invoke(app, ["digitize", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert result.output.count("internal error, please report it: ZeroDivisionError: by 0") == 2
    empty = CliRunner().invoke(app, ["digitize", "", "--out", str(tmp_path / "out")])
    assert "name of an image is empty" in str(empty.exception)


def test_every_page_of_a_tiff_is_read(tmp_path: Path) -> None:
    blank, whole = Image.new("RGB", (300, 300), "white"), Image.fromarray(page(ecg(), px=5))
    blank.save(tmp_path / "scan.tif", save_all=True, append_images=[whole, whole])
    found = pages(tmp_path / "scan.tif")
    assert [one.page for one in found] == [2, 3]
    assert [sentence for sentence in found[0].recording.warnings if sentence.startswith("Page 1 of the file")]
    whole.save(tmp_path / "thumb.tif", save_all=True, append_images=[blank.resize((60, 60))])
    (one,) = pages(tmp_path / "thumb.tif")
    assert "Page 2 of the file was left out: the image has 60 x 60 pixels" in one.recording.warnings[-1]
    blank.save(tmp_path / "many.tif", save_all=True, append_images=[blank] * 60)
    assert "61 pages; at most 50" in said(tmp_path / "many.tif")
