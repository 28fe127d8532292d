"""Pages and paths of a PDF: which paths may be traces, where they stand, and what is said of a file that is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from drawn_pdf import pdf, wave
from numpy.typing import NDArray

from kalemia.digitize import vector
from kalemia.errors import DigitizeError, ReadError

Reals = NDArray[np.float64]
SCALE = 250 / 72


def kept(path: Path, *traces: Reals, **options: Any) -> Sequence[Reals]:
    (page,) = vector.load(pdf(path / "a.pdf", *traces, **options))
    return page.paths


@pytest.mark.parametrize(("points", "long"), [(99, False), (100, True), (120, True), (121, False)])
def test_a_trace_has_so_many_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: int, long: bool) -> None:
    monkeypatch.setattr(vector, "MAX_POINTS", 120)
    assert [len(path) for path in kept(tmp_path, wave(points))] == [points] * long


@pytest.mark.parametrize(("back", "forward"), [(3, True), (4, False)])
def test_a_trace_runs_to_the_right_nearly_always(tmp_path: Path, back: int, forward: bool) -> None:
    trace = wave(200)
    trace[10 : 10 + 10 * back : 10, 0] -= 5  # of 199 steps
    assert len(kept(tmp_path, trace)) == forward


def test_what_is_no_trace_hides_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [wave(50), wave()[::-1], wave(150), wave(160)]
    assert [len(path) for path in kept(tmp_path, *every)] == [150, 160]
    monkeypatch.setattr(vector, "MAX_OBJECTS", 2)
    assert [len(path) for path in kept(tmp_path, *every)] == [150]


def test_a_path_that_was_turned_is_judged_as_it_was_drawn(tmp_path: Path) -> None:
    upright = (0, 1, -1, 0, 400, -20)
    (path,) = kept(tmp_path, wave(150), matrix=upright)
    height = round(400 * SCALE)
    assert path[:, 0] == pytest.approx((400 - wave(150)[:, 1]) * SCALE, abs=1e-2)
    assert path[:, 1] == pytest.approx(height - (wave(150)[:, 0] - 20) * SCALE, abs=1)
    assert kept(tmp_path, wave(150)[::-1], matrix=upright) == ()


def test_paths_stand_on_what_is_cropped_of_a_page(tmp_path: Path) -> None:
    (page,) = vector.load(pdf(tmp_path / "a.pdf", wave(), crop=(30, 100, 500, 350)))
    assert page.rgb.shape[:2] == pytest.approx((250 * SCALE, 470 * SCALE), abs=1)
    (path,) = page.paths
    assert path[:, 0] == pytest.approx((wave()[:, 0] - 30) * SCALE, abs=1e-2)
    assert path[:, 1] == pytest.approx(page.rgb.shape[0] - (wave()[:, 1] - 100) * SCALE, abs=1e-2)
    x, y = np.round(path[50]).astype(int)
    assert page.rgb[y - 1 : y + 2, x - 1 : x + 2].min() < 100


def content(trace: Reals, turn: int) -> Reals:
    """Return a path on a page of 600 x 400 as it must be drawn to look the same where the page is shown turned."""
    x, y = trace.T
    return np.stack({0: (x, y), 90: (400 - y, x), 180: (600 - x, 400 - y), 270: (y, 600 - x)}[turn], -1)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_paths_stand_where_a_turned_page_shows_them(tmp_path: Path, turn: int) -> None:
    size = (400, 600) if turn % 180 else (600, 400)
    (page,) = vector.load(pdf(tmp_path / "a.pdf", content(wave(), turn), size=size, turn=turn))
    (upright,) = vector.load(pdf(tmp_path / "b.pdf", wave()))
    assert page.rgb.shape == upright.rgb.shape
    np.testing.assert_allclose(page.paths[0], upright.paths[0], atol=0.01)


# ---- what cannot be read


def test_the_smallest_page(tmp_path: Path) -> None:
    (page,) = vector.load(pdf(tmp_path / "a.pdf", size=(20, 600)))
    assert page.rgb.shape[1] == pytest.approx(20 * SCALE, abs=1)
    assert page.dpi == 250
    with pytest.raises(DigitizeError, match=r"^page 1 of the PDF is 19 x 600 points; that is no page$"):
        list(vector.load(pdf(tmp_path / "b.pdf", size=(19.4, 600))))


def test_every_page_is_a_page(tmp_path: Path) -> None:
    with pypdfium2.PdfDocument.new() as document:
        for width in (100, 110, 19):
            document.new_page(width, 100)
        document.save(str(tmp_path / "a.pdf"))
    pages = vector.load(tmp_path / "a.pdf")
    assert [next(pages).rgb.shape[1] for _ in range(2)] == pytest.approx([100 * SCALE, 110 * SCALE], abs=1)
    with pytest.raises(DigitizeError, match=r"^page 3 of the PDF"):
        next(pages)


def test_a_page_that_is_missing_is_damaged(tmp_path: Path) -> None:
    body = "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[9 0 R]/Count 1>>endobj"
    path = tmp_path / "a.pdf"
    path.write_text(f"%PDF-1.4\n{body}\ntrailer<</Root 1 0 R/Size 3>>\n%%EOF\n", encoding="ascii")
    with pytest.raises(ReadError, match=r"^page 1 of the PDF is damaged$"):
        list(vector.load(path))


def test_a_pdf_without_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = pypdfium2.PdfDocument.new()
    monkeypatch.setattr(pypdfium2, "PdfDocument", lambda _: empty)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(ReadError, match=r"^the PDF has no page; at least one is needed$"):
        list(vector.load(tmp_path / "a.pdf"))
    assert empty.raw is None, "it is closed"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("Incorrect Password error", "the PDF is protected by a password; remove it first"),
        ("Data format error", "the PDF is damaged or empty"),
    ],
)
def test_why_a_pdf_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, reason: str) -> None:
    def refused(_: bytes) -> None:
        raise pypdfium2.PdfiumError(told)

    monkeypatch.setattr(pypdfium2, "PdfDocument", refused)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(ReadError, match=f"^{reason}$"):
        list(vector.load(tmp_path / "a.pdf"))
