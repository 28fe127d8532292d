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


def overlay(page: Digitized, *, blank: bool = True) -> bytes:
    """Return a PNG of the upright page with each lead in color.

    Everything outside the traced rows and their labels is made white, for names stand there, unless `blank` is false.
    """
    picture = cv2.addWeighted(page.rgb, FADED, np.full_like(page.rgb, 255), 1 - FADED, 0)
    if blank:
        kept = np.zeros(picture.shape[:2], np.uint8)
        for box in page.boxes:
            cv2.fillPoly(kept, [np.round(box).astype(np.int32)], 255)
        picture[kept == 0] = 255
    enlarge = max(1, round(MIN_WIDTH / picture.shape[1]))
    picture = cv2.resize(picture, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_CUBIC)
    for number, trace in enumerate(page.traces):
        for x, y in _pieces(trace.x * enlarge, trace.y * enlarge):
            points = np.round(np.stack([x, y], -1) * 2**SHIFT).astype(np.int32)
            cv2.polylines(picture, [points], False, COLORS[number % len(COLORS)], enlarge, cv2.LINE_AA, SHIFT)
    return encode(np.ascontiguousarray(picture, dtype=np.uint8))


def encode(rgb: NDArray[np.uint8]) -> bytes:
    """Return a picture, uint8 (height, width, 3), as PNG."""
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return bytes(data.tobytes())


def _pieces(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the unbroken pieces of a line."""
    known = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]
