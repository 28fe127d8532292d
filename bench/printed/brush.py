"""Strokes, grids and letters on an RGB image, anti-aliased and placed between pixels.

Pixel (x, y) has its middle at (x, y): an image of w pixels reaches from -0.5 to w - 0.5. OpenCV draws whole-pixel
widths only, so that strokes are drawn larger and averaged down; and its letters differ between versions, so that
Pillow's font and a few strokes of our own are the letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

RGB = tuple[int, int, int]
Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
Font = Literal["sans", "bold", "narrow", "italic", "bitmap", "plotter", "serif"]
FONTS: tuple[Font, ...] = ("sans", "bold", "narrow", "italic", "bitmap", "plotter", "serif")

SHIFT = 4
CAP_HEIGHT = 0.71
"""Of Pillow's font: the height of a capital letter in font sizes."""
GLYPHS: dict[str, list[list[tuple[float, float]]]] = {
    "I": [[(0.1, 0), (0.1, 1)]],
    "V": [[(0, 1), (0.35, 0), (0.7, 1)]],
    "a": [[(0.42, 0.5), (0.3, 0.66), (0.1, 0.58), (0, 0.33), (0.1, 0.06), (0.28, 0), (0.42, 0.2)],
          [(0.42, 0.66), (0.42, 0)]],
    "R": [[(0, 0), (0, 1), (0.38, 1), (0.55, 0.9), (0.55, 0.62), (0.38, 0.5), (0, 0.5)], [(0.28, 0.5), (0.6, 0)]],
    "L": [[(0, 1), (0, 0), (0.5, 0)]],
    "F": [[(0, 0), (0, 1), (0.55, 1)], [(0, 0.52), (0.42, 0.52)]],
    "1": [[(0.05, 0.8), (0.25, 1), (0.25, 0)]],
    "2": [[(0, 0.75), (0.1, 0.95), (0.3, 1), (0.5, 0.92), (0.55, 0.72), (0.45, 0.5), (0, 0), (0.58, 0)]],
    "3": [[(0, 0.87), (0.2, 1), (0.42, 0.97), (0.53, 0.78), (0.42, 0.58), (0.25, 0.53)],
          [(0.25, 0.53), (0.47, 0.45), (0.56, 0.25), (0.42, 0.03), (0.18, 0), (0, 0.12)]],
    "4": [[(0.42, 0), (0.42, 1), (0, 0.3), (0.6, 0.3)]],
    "5": [[(0.5, 1), (0.08, 1), (0.04, 0.55), (0.3, 0.62), (0.52, 0.5), (0.56, 0.28), (0.44, 0.05), (0.2, 0),
           (0, 0.12)]],
    "6": [[(0.48, 0.93), (0.3, 1), (0.1, 0.82), (0.02, 0.45), (0.1, 0.1), (0.3, 0), (0.5, 0.1), (0.55, 0.3),
           (0.46, 0.52), (0.28, 0.58), (0.1, 0.46), (0.03, 0.3)]],
    "-": [[(0, 0.45), (0.35, 0.45)]],
}  # fmt: skip
"""The letters of lead labels as strokes, a capital 1 high."""
SERIFS = {"I": ((0.1, 0), (0.1, 1)), "V": ((0, 1), (0.7, 1)), "R": ((0, 0), (0, 1), (0.6, 0)), "L": ((0, 0), (0, 1)),
          "F": ((0, 0), (0, 1)), "1": ((0.25, 0),)}  # fmt: skip


def blend(image: Pixels, alpha: NDArray[np.floating], color: RGB, left: int = 0, top: int = 0) -> None:
    """Lay `color` over the image, in place, where `alpha` (h, w) in 0..1 says, from pixel (left, top) on."""
    height, width = image.shape[:2]
    x, y = max(left, 0), max(top, 0)
    seen = alpha[y - top : max(height - top, 0), x - left : max(width - left, 0), None].astype(np.float32)
    if not seen.size:
        return
    there = image[y : y + seen.shape[0], x : x + seen.shape[1]]
    there[:] = np.round(there + seen * (np.array(color, dtype=np.float32) - there))


def stroke(image: Pixels, points: Points, width: float, color: RGB, opacity: float = 1.0) -> None:
    """Draw a line through points (n, 2) as (x, y), `width` pixels wide, with round ends and joints."""
    reach = int(np.ceil(width)) + 1
    size = np.array(image.shape[1::-1])
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - reach, 0, size)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + reach + 1, 0, size)
    if (high <= low).any():
        return
    alpha = _stroked(points - low, (int(high[0] - low[0]), int(high[1] - low[1])), width)
    blend(image, alpha * np.float32(opacity / 255), color, int(low[0]), int(low[1]))


def _stroked(points: Points, size: tuple[int, int], width: float) -> Pixels:
    """Return how much of every pixel a line covers, 0..255, on (w, h) pixels."""
    finer, thickness = _thickness(width)
    mask = np.zeros((size[1] * finer, size[0] * finer), dtype=np.uint8)
    at = np.round(((points + 0.5) * finer - 0.5) * 2**SHIFT).astype(np.int32)
    cv2.polylines(mask, [at[:, None]], False, 255, thickness, cv2.LINE_AA, SHIFT)
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@lru_cache(maxsize=64)
def _thickness(width: float) -> tuple[int, int]:
    """Return how much finer to draw, and with which of OpenCV's widths, to get nearest to a width in pixels.

    Its anti-aliased lines of thickness 2, 3, 5, 7, ... cover 3.5, 5.5, 7.5, 9.5, ... pixels.
    """
    tried = [(finer, max(0, round((width * finer - 3.5) / 2))) for finer in (3, 4, 5, 6)]
    finer, nth = min(tried, key=lambda pair: abs((3.5 + 2 * pair[1]) / pair[0] - width))
    return finer, 2 * nth + 1 if nth else 2


def lines(count: int, first: float, pitch: float, width: float, crisp: bool = False) -> NDArray[np.float32]:
    """Return how much of each of `count` pixels is covered by lines at first, first + pitch, ...; (count,) in 0..1.

    Crisp ones, as screens draw them, fill the nearest whole pixels.
    """
    if crisp:
        covered = np.zeros(count, dtype=np.float32)
        nth = np.arange(np.ceil((-0.5 - first) / pitch), np.floor((count - 0.5 - first) / pitch) + 1)
        middle = np.round(first + nth * pitch).astype(int)
        for extra in range(max(1, round(width))):
            covered[np.clip(middle + extra, 0, count - 1)] = 1
        return covered
    edges = (np.arange(count + 1) - 0.5 - first + width / 2) / pitch
    whole = np.floor(edges)
    ink = whole * width + np.minimum((edges - whole) * pitch, width)
    return np.asarray(np.diff(ink), dtype=np.float32)


def rule(image: Pixels, across: NDArray[np.float32], color: RGB, along: NDArray[np.float32] | None = None) -> None:
    """Draw vertical lines that cover `across` (w,) of each column, in place; only where `along` (h,) is, if given."""
    columns = np.flatnonzero(across > 0)
    alpha = across[columns] if along is None else across[columns] * along[:, None]
    there = image[:, columns].astype(np.float32)
    image[:, columns] = np.round(there + alpha[..., None] * (np.array(color, dtype=np.float32) - there))


def letters(text: str, height: float, font: Font = "sans") -> NDArray[np.float32]:
    """Return how much of each pixel a line of text covers, (h, w) in 0..1; a capital is `height` pixels high.

    The plotter and serif fonts have the letters of lead labels only; other text is set in "sans".
    """
    if font in ("plotter", "serif"):
        if set(text) <= set(GLYPHS):
            return _plotted(text, height, font == "serif")
        font = "sans"
    if font == "bitmap":
        small = _set(text, ImageFont.load_default_imagefont(), 0)
        scale = height / 7
    else:
        small, scale = _set(text, _sized(max(6, round(height / CAP_HEIGHT))), int(font == "bold")), 1.0
    wide = scale * (0.78 if font == "narrow" else 1.0)
    size = max(1, round(small.shape[1] * wide)), max(1, round(small.shape[0] * scale))
    mask = cv2.resize(small, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if font == "italic":
        slant = np.array([[1, -0.2, 0.2 * mask.shape[0]], [0, 1, 0]])
        mask = cv2.warpAffine(mask, slant, (mask.shape[1] + int(0.2 * mask.shape[0]) + 1, mask.shape[0]))
    return np.asarray(mask / np.float32(255), dtype=np.float32)


@lru_cache(maxsize=64)
def _sized(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _set(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, bold: int) -> Pixels:
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text))
    image = Image.new("L", (right - left + 2 + 2 * bold, bottom - top + 2 + 2 * bold))
    ImageDraw.Draw(image).text((1 + bold - left, 1 + bold - top), text, 255, font, stroke_width=0.04 * bold * bottom)
    return np.asarray(image, dtype=np.uint8)


def _plotted(text: str, height: float, serifs: bool) -> NDArray[np.float32]:
    pen = max(1.0, 0.11 * height)
    strokes: list[Points] = []
    at = 0.2
    for letter in text:
        drawn: Sequence[Sequence[tuple[float, float]]] = GLYPHS[letter]
        if serifs:
            drawn = [*drawn, *([(x - 0.13, y), (x + 0.13, y)] for x, y in SERIFS.get(letter, ()))]
        strokes += [np.add(line, (at, 0)) for line in drawn]
        at += max(x for line in drawn for x, _ in line) + 0.25
    size = round(at * height + 2 * pen), round(height + 2 * pen)
    masks = [_stroked(np.array([0, size[1] - 1 - pen]) + line * (height, -height), size, pen) for line in strokes]
    return np.asarray(np.maximum.reduce(masks) / np.float32(255), dtype=np.float32)
