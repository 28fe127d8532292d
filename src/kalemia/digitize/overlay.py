"""The page with the traced signal drawn back on it in color: a person sees at a glance whether it is right."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.result import Digitized

COLORS = ((200, 0, 160), (0, 90, 220), (0, 130, 60), (220, 90, 0))
"""One a column of leads, in turn; red, green and blue of none is the usual grid's."""
FADED = 0.55
SHIFT = 4
MIN_WIDTH = 1400
TIP_MM = 2.0
FITS = ((2200, 85), (2200, 70), (1800, 60), (1400, 40), (1000, 20), (600, 10))
"""Widths, px, and qualities of a picture for a report, from the best to one that is small whatever it shows."""


def overlay(page: Digitized, *, blank: bool = True) -> bytes:
    """Return the page as `drawn` does, as PNG."""
    return encode(drawn(page, blank=blank))


def drawn(page: Digitized, *, blank: bool = True) -> NDArray[np.uint8]:
    """Return the upright page, uint8 (height, width, 3), with each lead in color.

    Everything around the rows, their labels and the traces is made white, for names stand there, unless `blank` is
    false; between rows the page stays as it was.
    """
    picture = cv2.addWeighted(page.rgb, FADED, np.full_like(page.rgb, 255), 1 - FADED, 0)
    if blank:
        picture[_kept(page) == 0] = 255
    enlarge = max(1, round(MIN_WIDTH / picture.shape[1]))
    picture = cv2.resize(picture, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
    for number, trace in enumerate(page.traces):
        for x, y in _pieces(trace.x * enlarge, trace.y * enlarge):
            points = np.round(np.stack([x, y], -1) * 2**SHIFT).astype(np.int32)
            cv2.polylines(picture, [points], False, COLORS[number % len(COLORS)], enlarge, cv2.LINE_AA, SHIFT)
    return np.ascontiguousarray(picture, dtype=np.uint8)


def _kept(page: Digitized) -> NDArray[np.uint8]:
    """Return where the page is shown: within what all rows together span, and 2 mm round that and round each trace."""
    kept = np.zeros(page.rgb.shape[:2], np.uint8)
    width = max(1, round(2 * TIP_MM * page.pixels_per_mm))
    if page.boxes:
        hull = cv2.convexHull(np.round(np.concatenate(page.boxes)).astype(np.int32))
        cv2.fillConvexPoly(kept, hull, 255)
        cv2.polylines(kept, [hull], True, 255, width)  # pulses and labels may stand on the edge of a row
    for trace in page.traces:
        for x, y in _pieces(trace.x, trace.y):
            cv2.polylines(kept, [np.round(np.stack([x, y], -1)).astype(np.int32)], False, 255, width)
    return kept


def webp(rgb: NDArray[np.uint8], most_bytes: int) -> bytes:
    """Return a picture, uint8 (height, width, 3), as WebP of at most so many bytes.

    White margins are cut off.
    """
    shown = np.argwhere((rgb < 255).any(axis=2))
    (top, left), (bottom, right) = (shown.min(axis=0), shown.max(axis=0)) if len(shown) else ((0, 0), (-1, -1))
    rgb = rgb[top : bottom + 1 or None, left : right + 1 or None]
    for width, quality in FITS:
        shrink = min(1.0, width / rgb.shape[1])
        small = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else rgb
        _, data = cv2.imencode(".webp", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
        if data.size <= most_bytes:
            break
    return bytes(data.tobytes())


def encode(rgb: NDArray[np.uint8]) -> bytes:
    """Return a picture, uint8 (height, width, 3), as PNG."""
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return bytes(data.tobytes())


def _pieces(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the unbroken pieces of a line."""
    known = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]
