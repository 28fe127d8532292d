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


def refusal(path: Path, kind: type[KalemiaError] = DigitizeError, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        digitize(path, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def test_files_that_are_no_image(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(b"")
    assert "empty" in refusal(path, ReadError)
    path.write_bytes(b"hello, this is a letter")
    assert refusal(path, ReadError).startswith(f"{path}: this is no image")
    path.write_bytes(encoded(Image.new("RGB", (800, 600), "white"), "PNG")[:60])
    assert "damaged" in refusal(path, ReadError)
    assert "cannot be opened" in refusal(tmp_path / "nothing.png", ReadError)


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    assert "a folder" in refusal(tmp_path, ReadError)
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refusal(tmp_path / "pipe", ReadError)
    assert "no regular file" in refusal(Path("/dev/zero"), ReadError)


def test_pdfs_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(b"%PDF-1.4 and nothing else")
    assert "damaged or empty" in refusal(path, ReadError)


@pytest.mark.parametrize(
    "content", [b"Dear colleague,\n", b"1,2\n3,4\n", b"PK\x03\x04" + bytes(99), b"<html>log in</html>"]
)
def test_what_is_called_a_pdf_and_is_none_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ecg.pdf"
    path.write_bytes(content)
    assert "ecg.pdf: the file is called a PDF and is none; DICOM, EDF" in refusal(path, ReadError)


def test_pictures_without_an_ecg(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("RGB", (900, 600), "white").save(path)
    assert "no grid" in refusal(path)
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    refusal(path)
    empty = page({"": np.zeros(5000)}, (("",),), pulse=False, px=3)
    Image.fromarray(empty).save(path)
    refusal(path)


def test_sizes(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.new("RGB", (60, 60), "white").save(path)
    assert "at least" in refusal(path)
    Image.new("1", (20000, 20000)).save(path)
    assert "megapixels" in refusal(path)


def test_options() -> None:
    assert "accepted are auto" in refusal(Path("page.png"), layout="5x5")
    assert "20 to 4000" in refusal(Path("page.png"), dpi=3.0)


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
    found = image.load(path)
    assert found.shape == drawn.shape
    assert np.abs(found.mean(axis=2) - drawn.mean(axis=2)).mean() < 12


def test_even_paper_and_patterns_are_refused(tmp_path: Path) -> None:
    with pypdfium2.PdfDocument.new() as document:
        document.new_page(120, 170)
        document.save(str(tmp_path / "blank.pdf"))
    refusal(tmp_path / "blank.pdf")  # a warning is an error in tests
    Image.new("L", (400, 300), "white").save(tmp_path / "blank.png")
    refusal(tmp_path / "blank.png")
    y, x = np.mgrid[0:160, 0:200]
    Image.fromarray(((x // 8 + y // 8) % 2 * 255).astype(np.uint8)).save(tmp_path / "chess.png")
    refusal(tmp_path / "chess.png")


def test_a_part_of_a_page_is_no_strip(tmp_path: Path) -> None:
    whole = page(ecg(), columns(NAMES, 3))
    Image.fromarray(whole[: round(0.36 * len(whole))]).save(tmp_path / "part.png")
    refusal(tmp_path / "part.png")


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


def test_what_else_a_tiff_holds_is_left_out(tmp_path: Path) -> None:
    blank, whole = Image.new("RGB", (300, 300), "white"), Image.fromarray(page(ecg(5.0), (("II",),), px=5, seconds=5.0))
    whole.save(tmp_path / "thumb.tif", save_all=True, append_images=[blank, blank.resize((60, 60))])
    (one,) = pages(tmp_path / "thumb.tif")
    assert one.page == 1
    assert "Page 2 of the file was left out: no grid of an ECG is seen" in one.recording.warnings[-2]
    assert "Page 3 of the file was left out: the image has 60 x 60 pixels" in one.recording.warnings[-1]
    blank.save(tmp_path / "many.tif", save_all=True, append_images=[blank] * 60)
    assert "61 pages; at most 50" in refusal(tmp_path / "many.tif")
