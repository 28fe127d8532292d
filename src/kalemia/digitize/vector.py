"""Pages of a PDF: drawn to pixels, and the paths that may be traces, whose points are better than pixels."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import image
from kalemia.errors import DigitizeError, ReadError
from kalemia.read import formats
from kalemia.read.formats import HEAD_BYTES, Head

Reals = NDArray[np.float64]

MIN_POINTS = 100
"""A path with fewer points is no trace: letters, frames, grid lines and pulses have few."""
MAX_POINTS = 200_000
MAX_OBJECTS = 200_000
MIN_FORWARD = 0.98
"""A trace runs to the right nearly always; an outline of a letter does not."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A page as pixels, its `dpi`, and its long paths: (points, 2) x and y, px of the picture."""

    rgb: NDArray[np.uint8]
    dpi: float
    paths: tuple[Reals, ...]


def load(path: Path) -> Iterator[Drawn]:
    """Yield the pages of a PDF.

    Raises
    ------
    ReadError
        Where it is protected by a password, damaged or has no page.
    DigitizeError
        Where it has too many pages, or one of a size that no page has.
    """
    import pypdfium2 as pdfium

    content = path.read_bytes()
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as exc:
        if "password" in str(exc).lower():
            raise ReadError("the PDF is protected by a password; remove it first") from exc
        if not formats.PDF.fits(Head(content[:HEAD_BYTES])):
            raise ReadError(f"the file is called a PDF and is none; {formats.ACCEPTED}") from exc
        raise ReadError("the PDF is damaged or empty") from exc
    try:
        count = len(document)
        if not count:
            raise ReadError("the PDF has no page; at least one is needed")
        if count > image.MAX_PAGES:
            raise DigitizeError(f"the PDF has {count} pages; at most {image.MAX_PAGES} are accepted")
        for number in range(count):
            yield _page(document, number)
    finally:
        document.close()


def _page(document: Any, number: int) -> Drawn:
    import pypdfium2 as pdfium

    try:
        page = document[number]
        width, height = page.get_size()
        if min(width, height) < 20:
            raise DigitizeError(f"page {number + 1} of the PDF is {width:.0f} x {height:.0f} points; that is no page")
        dpi = min(float(image.PDF_DPI), 72 * image.MAX_SIDE / max(width, height))
        bitmap = page.render(scale=dpi / 72)
        picture = np.asarray(bitmap.to_pil().convert("RGB"), dtype=np.uint8)
        paths = tuple(_paths(page, picture.shape[0], dpi / 72))
    except pdfium.PdfiumError as exc:
        raise ReadError(f"page {number + 1} of the PDF is damaged") from exc
    return Drawn(picture, dpi, paths)


def _paths(page: Any, height: int, scale: float) -> Iterator[Reals]:
    """Yield the long paths of a page that run to the right as they are drawn or as they are shown, px."""
    import pypdfium2.raw as raw

    left, bottom, right, top = page.get_cropbox()
    turns = page.get_rotation() // 90
    for count, item in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH])):
        if count > MAX_OBJECTS:
            return
        segments = raw.FPDFPath_CountSegments(item.raw)
        if not MIN_POINTS <= segments <= MAX_POINTS:
            continue
        a, b, c, d, e, f = item.get_matrix().get()
        points = _points(item, segments)
        placed = points @ np.array([[a, b], [c, d]]) + np.array([e - left, f - bottom])
        shown = _turned(placed, turns, right - left, top - bottom)
        if max(forward(points * np.sign(a or 1)), forward(shown)) >= MIN_FORWARD:
            yield np.stack([shown[:, 0] * scale, height - shown[:, 1] * scale], -1)


def forward(points: Reals) -> float:
    """Return the share of the steps of a path, (points, 2), that do not run to the left."""
    return float(np.mean(np.diff(points[:, 0]) >= 0))


def _turned(points: Reals, turns: int, width: float, height: float) -> Reals:
    """Return where points (points, 2) of a page stand, from the lower left, after quarter turns clockwise."""
    for _ in range(turns):
        points = np.stack([points[:, 1], width - points[:, 0]], -1)
        width, height = height, width
    return points


def _points(item: Any, count: int) -> Reals:
    import pypdfium2.raw as raw

    points = np.empty((count, 2))
    x, y = ctypes.c_float(), ctypes.c_float()
    for k in range(count):
        raw.FPDFPathSegment_GetPoint(raw.FPDFPath_GetPathSegment(item.raw, k), x, y)
        points[k] = x.value, y.value
    return points
