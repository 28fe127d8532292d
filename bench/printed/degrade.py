"""What happens to a page between the printer and the reader: each a function of a page, and of a generator if random.

`scan` and `photo` put them together; what moves a page is in `warp`.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from printed import brush
from printed.brush import RGB, Pixels
from printed.pages import PrintedPage
from printed.warp import Span, perspective, rotate, shrink

Generator = np.random.Generator


def grey(page: PrintedPage) -> PrintedPage:
    """Take the color away."""
    light = cv2.cvtColor(page.image, cv2.COLOR_RGB2GRAY)
    return _painted(page, np.repeat(light[..., None], 3, axis=2))


def fax(page: PrintedPage) -> PrintedPage:
    """Leave black and white only: what is darker than its surroundings is black."""
    light = cv2.cvtColor(page.image, cv2.COLOR_RGB2GRAY)
    local = cv2.blur(light, (round(12 * page.px_per_mm) | 1, round(12 * page.px_per_mm) | 1))
    black = light < np.minimum(0.72 * local, 190)
    return _painted(page, np.where(black, 0.0, 255.0)[..., None].repeat(3, axis=2))


def noise(page: PrintedPage, rng: Generator, sd: float) -> PrintedPage:
    """Add Gaussian noise, SD in grey levels of 255."""
    return _painted(page, page.image + np.float32(sd) * rng.standard_normal(page.image.shape, dtype=np.float32))


def blur(page: PrintedPage, sd_px: float) -> PrintedPage:
    """Bring a page out of focus."""
    return _painted(page, cv2.GaussianBlur(page.image, (0, 0), sd_px))


def jpeg(page: PrintedPage, quality: int) -> PrintedPage:
    """Store a page as JPEG and load it again; quality 1 to 100."""
    _, coded = cv2.imencode(".jpg", page.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    loaded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return _painted(page, np.asarray(loaded)[..., ::-1])


def shade(page: PrintedPage, rng: Generator, depth: Span = (0.3, 0.6)) -> PrintedPage:
    """Let the light fall off across the page, by a share of its brightness."""
    across = _ramp(page.image.shape, rng)
    return _dimmed(page, 1 - rng.uniform(*depth) * across ** rng.uniform(0.7, 1.5))


def shadow(page: PrintedPage, rng: Generator, depth: Span = (0.3, 0.6)) -> PrintedPage:
    """Let something throw a shadow with a soft edge on a part of the page."""
    across = _ramp(page.image.shape, rng)
    edge = 1 / (1 + np.exp((rng.uniform(0.3, 0.7) - across) / rng.uniform(0.01, 0.06)))
    return _dimmed(page, 1 - rng.uniform(*depth) * edge)


def _ramp(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float32]:
    """Return what rises from 0 to 1 across an image of this shape, in any direction."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None], np.linspace(-1, 1, shape[1], dtype=np.float32)
    across = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    return np.asarray((across - across.min()) / np.float32(np.ptp(across)), dtype=np.float32)


def expose(page: PrintedPage, rng: Generator) -> PrintedPage:
    """Take the picture under lamps too warm or too cold, with a camera that makes the paper light or dark grey."""
    paper = float(np.quantile(page.image[::8, ::8].max(axis=-1), 0.9))
    cast = rng.uniform([0.95, 0.92, 0.8], [1.05, 1.0, 1.05])
    return _dimmed(page, cast * rng.uniform(170, 250) / max(paper, 60.0))


def stain(page: PrintedPage, rng: Generator) -> PrintedPage:
    """Spill one to three drops of something brown."""
    height, width = page.image.shape[:2]
    left = np.ones((height, width), dtype=np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius = page.px_per_mm * rng.uniform(4, 14) * (1 + 0.15 * rng.standard_normal(24))
        middle = rng.uniform(0, 1, 2) * (width, height)
        outline = middle + (radius * np.stack([np.cos(angle), np.sin(angle)])).T
        spot = np.zeros((height, width), dtype=np.uint8)
        cv2.fillPoly(spot, [np.round(outline).astype(np.int32)], 255)
        soft = cv2.GaussianBlur(spot, (0, 0), page.px_per_mm * rng.uniform(0.3, 1.2))
        left *= 1 - np.float32(rng.uniform(0.1, 0.4)) * soft / np.float32(255)
    lost = np.array([0.35, 0.6, 1.0], dtype=np.float32)
    return _dimmed(page, 1 - (1 - left[..., None]) * lost)


def scribble(page: PrintedPage, rng: Generator) -> PrintedPage:
    """Write one to three words that nobody can read, with a ballpoint pen."""
    image = page.image.copy()
    size = np.array(image.shape[1::-1])
    for _ in range(int(rng.integers(1, 4))):
        letters = int(rng.integers(4, 12))
        t = np.linspace(0, letters, 14 * letters)
        knots = rng.standard_normal((4, letters + 1))
        up, slant, wide, tall = (np.interp(t, np.arange(letters + 1), row) for row in knots)
        x = 2.2 * t + (0.9 + 0.3 * wide) * np.cos(2 * np.pi * t)
        y = (1.3 + 0.7 * tall) * np.sin(2 * np.pi * t + 0.4 * slant) + 0.5 * up
        angle = rng.normal(0, 0.15)
        turned = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=1)
        ink: RGB = ((25, 35, 140), (20, 20, 25), (150, 25, 30))[int(rng.integers(3))]
        place = rng.uniform(0, 0.85, 2) * size
        brush.stroke(image, turned * page.px_per_mm * rng.uniform(0.7, 1.4) + place, 0.45 * page.px_per_mm, ink, 0.85)
    return replace(page, image=image)


def fold(page: PrintedPage, rng: Generator) -> PrintedPage:
    """Fold a page once or twice and flatten it: a bright crease with a dark side."""
    height, width = page.image.shape[:2]
    light = np.ones((height, width), dtype=np.float32)
    for _ in range(int(rng.integers(1, 3))):
        upright = rng.random() < 0.5
        length, other = (width, height) if upright else (height, width)
        crease = length * rng.uniform(0.2, 0.8) + rng.normal(0, 0.01) * np.arange(other)[:, None]
        off = (np.arange(length) - crease) / page.px_per_mm
        line = 0.10 * np.exp(-0.5 * (off / 0.25) ** 2) - 0.12 * np.exp(-np.abs(off - 1) / 2) * (off > 0)
        light *= (1 + (line if upright else line.T)).astype(np.float32)
    return _dimmed(page, light)


def scan(page: PrintedPage, rng: Generator) -> PrintedPage:
    """Put a page on a scanner: a little askew, perhaps written on, stained, folded, grey or small; seldom faxed."""
    for spoil, share in ((scribble, 0.25), (stain, 0.12), (fold, 0.15)):
        if rng.random() < share:
            page = spoil(page, rng)
    if rng.random() < 0.7:
        page = rotate(page, float(rng.normal(0, 1.0)), (255, 255, 255) if rng.random() < 0.8 else (30, 30, 30))
    if rng.random() < 0.15:
        page = shrink(page, min(page.px_per_mm, rng.uniform(2.8, 5)))
    if rng.random() < 0.06:
        return fax(page)
    if rng.random() < 0.25:
        page = grey(page)
    if rng.random() < 0.5:
        page = shade(page, rng, (0.03, 0.25))
    page = blur(page, rng.uniform(0.3, 0.8))
    page = noise(page, rng, rng.uniform(0.5, 6))
    return jpeg(page, int(rng.integers(50, 96)))


def photo(page: PrintedPage, rng: Generator) -> PrintedPage:
    """Take a picture of a page on a table: corners moved 3 to 8 %, bend 1 to 3 %, shadow 30 to 60 %, JPEG 40 to 80."""
    page = perspective(page, rng, bent=(0.01, 0.03))
    page = expose((shade if rng.random() < 0.5 else shadow)(page, rng), rng)
    page = blur(page, rng.uniform(0.4, 0.9))
    page = noise(page, rng, rng.uniform(1, 5))
    return jpeg(page, int(rng.integers(40, 81)))


def _dimmed(page: PrintedPage, light: NDArray[np.floating]) -> PrintedPage:
    """Multiply an image by light of shape (h, w), (h, w, 3) or (3,)."""
    factor = light.astype(np.float32)
    return _painted(page, page.image * (factor[..., None] if factor.ndim == 2 else factor))


def _painted(page: PrintedPage, image: NDArray[np.generic]) -> PrintedPage:
    return replace(page, image=_levels(image))


def _levels(image: NDArray[np.generic]) -> Pixels:
    return np.clip(np.round(image.astype(np.float32)), 0, 255).astype(np.uint8)
