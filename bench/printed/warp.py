"""Moves a page, and every sample's place with it: turned, seen from aside, bent, made smaller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from printed.brush import RGB, Pixels
from printed.pages import PrintedPage

WHITE: RGB = (255, 255, 255)
TABLES: tuple[RGB, ...] = ((120, 85, 55), (70, 60, 55), (160, 160, 160), (45, 50, 60), (205, 195, 180), (60, 80, 110))
MOVED = (0.03, 0.08)
"""How far a corner moves, as a share of width and height, where a page is seen from aside."""
OBLIQUE = 0.35
"""How far a point of bent paper seems to move per height above the table: a camera 20 degrees from upright."""

Generator = np.random.Generator
Places = NDArray[np.float32]
Span = tuple[float, float]


@dataclass(frozen=True)
class _Warp:
    """A smooth change of place: `there` takes places (..., 2) on the old page to the new one, `back` the other way."""

    there: Callable[[Places], Places]
    back: Callable[[Places], Places]
    size: tuple[int, int]  # (width, height) of the new page


def _warped(page: PrintedPage, warps: list[_Warp], around: Pixels | RGB = WHITE) -> PrintedPage:
    """Apply warps one after the other, with one interpolation; outside of the page is a color or a picture."""
    width, height = warps[-1].size
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    for warp in reversed(warps):
        places = warp.back(places)
    traces = []
    for trace in page.traces:
        points = trace.points.astype(np.float32)
        for warp in warps:
            points = warp.there(points)
        traces.append(replace(trace, points=points.astype(np.float64)))
    image = cv2.remap(page.image, places, np.empty(0), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    far = np.abs(places - (np.array(page.image.shape[1::-1]) - 1) / 2) - np.array(page.image.shape[1::-1]) / 2
    inside = np.clip(0.5 - far.max(axis=-1, keepdims=True), 0, 1)
    mixed = image * inside + np.asarray(around, dtype=np.float32) * (1 - inside)
    return replace(page, image=np.round(mixed).astype(np.uint8), traces=tuple(traces))


def _homography(matrix: NDArray[np.floating], size: tuple[int, int]) -> _Warp:
    def through(m: NDArray[np.floating]) -> Callable[[Places], Places]:
        def move(places: Places) -> Places:
            flat = places.reshape(-1, 1, 2)
            return np.asarray(cv2.perspectiveTransform(flat, m), dtype=np.float32).reshape(places.shape)

        return move

    return _Warp(through(matrix), through(np.linalg.inv(matrix)), size)


def rotate(page: PrintedPage, degrees: float, around: RGB = WHITE) -> PrintedPage:
    """Turn a page anticlockwise, as it lies askew on a scanner; the image grows so that all of it is seen."""
    height, width = page.image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    c, s = abs(turn[0, 0]), abs(turn[0, 1])
    size = int(np.ceil(width * c + height * s)), int(np.ceil(width * s + height * c))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return _warped(page, [_homography(np.vstack([turn, [0, 0, 1]]), size)], around)


def perspective(page: PrintedPage, rng: Generator, bent: Span | None = None) -> PrintedPage:
    """Look at a page on a table from aside: each corner moves by a share of width and height, in any direction.

    `bent` says by which share of its height the page is bent, if it is.
    """
    warps = [_bent(page.image.shape[1::-1], rng, bent)] if bent else []
    warps.append(_aside(warps[0].size if bent else page.image.shape[1::-1], rng))
    return _warped(page, warps, _table(warps[-1].size, rng))


def _aside(shape: tuple[int, ...], rng: Generator) -> _Warp:
    size = np.array(shape)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (size - 1)
    angle, far = rng.uniform(0, 2 * np.pi, 4), rng.uniform(*MOVED, 4)
    seen = corners + (np.stack([np.cos(angle), np.sin(angle)]) * far).T * size
    seen += 0.02 * size - seen.min(axis=0)
    wide, high = np.ceil(seen.max(axis=0) + 0.02 * size).astype(int)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32))
    return _homography(np.asarray(matrix, dtype=np.float64), (int(wide), int(high)))


def _bent(shape: tuple[int, ...], rng: Generator, share: Span) -> _Warp:
    """Bend a ruled sheet: it rises along one axis as a wave does, seems shifted along the other, and shorter."""
    width, height = shape
    axis = int(rng.random() < 0.25)  # 0: it rises from left to right, and rows bend
    length = (width, height)[axis]
    swing = rng.uniform(*share) * height / 2
    along = np.arange(length, dtype=np.float64)
    phase = 2 * np.pi * (rng.uniform(0.4, 1.0) * along / length + rng.random())
    wave = np.sin(phase)
    shift = (2 * (wave - wave.min()) / np.ptp(wave)) * swing
    slope = np.gradient(shift) / OBLIQUE
    seen = np.cumsum(np.sqrt(np.clip(1 - slope**2, 0.2, 1)))
    seen -= seen[0]

    def there(places: Places) -> Places:
        moved = places.copy()
        moved[..., axis] = np.interp(places[..., axis], along, seen)
        moved[..., 1 - axis] += np.interp(places[..., axis], along, shift).astype(np.float32)
        return moved

    def back(places: Places) -> Places:
        moved = places.copy()
        # Beyond the sheet's ends it goes on straight, so that what lies outside stays outside.
        beyond = places[..., axis] - np.clip(places[..., axis], 0, seen[-1])
        moved[..., axis] = np.interp(places[..., axis], seen, along) + beyond
        moved[..., 1 - axis] -= np.interp(moved[..., axis], along, shift).astype(np.float32)
        return moved

    size = [width, height]
    size[axis] = int(np.ceil(seen[-1])) + 1
    size[1 - axis] += int(np.ceil(2 * swing))
    return _Warp(there, back, (size[0], size[1]))


def shrink(page: PrintedPage, px_per_mm: float) -> PrintedPage:
    """Bring a page to fewer pixels per mm, as a small picture in a message has."""
    scale = px_per_mm / page.px_per_mm
    height, width = (max(1, round(scale * side)) for side in page.image.shape[:2])
    image = cv2.resize(page.image, (width, height), interpolation=cv2.INTER_AREA)
    ratio = np.array([width, height]) / page.image.shape[1::-1]
    traces = tuple(replace(trace, points=(trace.points + 0.5) * ratio - 0.5) for trace in page.traces)
    return replace(page, image=np.asarray(image, dtype=np.uint8), px_per_mm=px_per_mm, traces=traces)


def _table(size: tuple[int, int], rng: Generator) -> Pixels:
    """Return a picture (h, w, 3) of a table top."""
    width, height = size
    image = np.empty((height, width, 3), dtype=np.float32)
    image[:] = TABLES[int(rng.integers(len(TABLES)))]
    grain = rng.normal(0, 1, (int(rng.integers(20, 200)), int(rng.integers(3, 12)))).astype(np.float32)
    image *= 1 + np.float32(rng.uniform(0.02, 0.1)) * cv2.resize(grain, size, interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
