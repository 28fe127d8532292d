"""A page squared up: resampled so that a millimeter of its grid is the same number of pixels everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from kalemia.digitize.grid import Grid

Floats = NDArray[np.float64]

SCALES = 8.0, 10.0
"""Pixels a mm of a squared page, at least and at most; in between it has those of the image."""
MARGIN_MM = 14.0
"""How far beyond the tiles that follow the grid a page may go on."""
STEP_PX = 32
MAX_MM = 560.0
CELL_MM, REPEATS_MM = (4.85, 5.15), (2.0, 12.3)
STRIPS = 4
CLEARLY, SHARE = 0.4, 0.45
"""Lines repeat clearly above the first correlation; at 5 mm where it is at least the second's share there."""
NEAR_MM, TABLE = 61, 0.6
"""A table is darker than this share of the brightest place near it, as the deepest shadows are, too."""
RULED_MM = 27, 15
"""Tiles whose lines are seen, with their middles closer than the first and half the difference around, are paper,
however dark."""


@dataclass(frozen=True, eq=False)
class Page:
    """A squared page: `rgb` uint8 (height, width, 3), `scale` px a mm, and where its corner lies on the grid, mm."""

    rgb: NDArray[np.uint8]
    scale: float
    left: float
    top: float
    grid: Grid
    inside: NDArray[np.bool_]

    def source(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where pixels of the squared page lie in the image, px."""
        return self.grid.pixels(self.left + (x + 0.5) / self.scale, self.top + (y + 0.5) / self.scale)

    def turned(self, width: float) -> Page:
        """Return the page after a quarter turn counterclockwise of its image, `width` px wide."""
        rgb, inside = np.ascontiguousarray(np.rot90(self.rgb)), np.ascontiguousarray(np.rot90(self.inside))
        top = -(self.left + self.rgb.shape[1] / self.scale)
        return Page(rgb, self.scale, self.top, top, self.grid.turned(width), inside)

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return where places of the image, px, lie on the squared page, px."""
        u, v = self.grid.millimeters(x, y)
        return (u - self.left) * self.scale - 0.5, (v - self.top) * self.scale - 0.5


def square(rgb: NDArray[np.uint8], grid: Grid) -> Page:
    """Resample a page, uint8 (height, width, 3), along the lines of its grid."""
    scale = float(np.clip(np.ceil(grid.pitch * 5) / 5, *SCALES))
    left, top, right, bottom = _extent(rgb.shape[:2], grid)
    width, height = round((right - left) * scale), round((bottom - top) * scale)
    columns, rows = -(-width // STEP_PX) + 2, -(-height // STEP_PX) + 2
    # A coarse lattice is enough: between its nodes the lines of a page are straight. It begins one node outside.
    u = left + (np.arange(columns) - 0.5) * STEP_PX / scale
    v = top + (np.arange(rows) - 0.5) * STEP_PX / scale
    across, down = np.meshgrid(u, v)
    nodes = np.stack(grid.pixels(across, down), -1).astype(np.float32) - 0.5
    places = cv2.resize(nodes, (columns * STEP_PX, rows * STEP_PX), interpolation=cv2.INTER_LINEAR)
    places = places[STEP_PX : STEP_PX + height, STEP_PX : STEP_PX + width]
    shrink = grid.pitch / scale
    if shrink > 1.3:
        # INTER_AREA averages what a plain interpolation would skip.
        rgb = np.asarray(cv2.resize(rgb, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA), np.uint8)
        places = (places + 0.5) / np.float32(shrink) - np.float32(0.5)
    squared = cv2.remap(rgb, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    x, y = places[..., 0], places[..., 1]
    inside = (x > -1) & (y > -1) & (x < rgb.shape[1]) & (y < rgb.shape[0])
    page = np.asarray(squared, np.uint8)
    at_u, at_v = grid.millimeters(grid.cover[:, 0], grid.cover[:, 1])
    return Page(page, scale, left, top, grid, inside & _paper(page, inside, scale, np.stack([at_u - left, at_v - top])))


def _paper(
    rgb: NDArray[np.uint8], inside: NDArray[np.bool_], scale: float, ruled: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return what is paper, and no dark table beside it: what is dark over millimeters and reaches the margin.

    At the places `ruled` (2, tiles), mm from the corner, the lines of the grid are seen: that is no table.
    """
    height, width = inside.shape
    small = (max(1, round(width / scale)), max(1, round(height / scale)))  # a pixel a mm
    light = cv2.resize(rgb.max(axis=2), small, interpolation=cv2.INTER_AREA).astype(np.float32)
    light[cv2.resize(inside.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST) == 0] = 0
    # Mirrored, so that a peak at the very edge, a millimeter wide, is no majority there.
    mirrored = cv2.copyMakeBorder(light.astype(np.uint8), 2, 2, 2, 2, cv2.BORDER_REFLECT_101)
    even = cv2.medianBlur(mirrored, 5)[2:-2, 2:-2].astype(np.float32)
    bright = cv2.dilate(even, np.ones((NEAR_MM, NEAR_MM), np.uint8))
    middles = np.zeros(even.shape, np.uint8)
    x, y = np.round(ruled).astype(np.intp)
    middles[np.clip(y, 0, small[1] - 1), np.clip(x, 0, small[0] - 1)] = 1
    near, back = (np.ones((side, side), np.uint8) for side in RULED_MM)
    unruled = cv2.erode(cv2.dilate(middles, near), back) == 0
    dark = np.pad(((even < TABLE * bright) & unruled).astype(np.uint8), 1, constant_values=1)
    _, parts = cv2.connectedComponents(dark, connectivity=4)
    table = (parts == parts[0, 0]).astype(np.uint8)[1:-1, 1:-1]
    # The paper's edge throws a shadow and is never quite where it seems.
    table = cv2.dilate(table, np.ones((3, 3), np.uint8)) if table.any() else table
    return np.asarray(cv2.resize(table, (width, height), interpolation=cv2.INTER_NEAREST) == 0, np.bool_)


def _extent(shape: tuple[int, int], grid: Grid) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of what is a page, mm: the image, as far as the grid goes and a margin."""
    height, width = shape
    edge = np.linspace(0, 1, 41)
    x = np.concatenate([edge * width, edge * width, 0 * edge, 0 * edge + width])
    y = np.concatenate([0 * edge, 0 * edge + height, edge * height, edge * height])
    u, v = grid.millimeters(x, y)
    at_u, at_v = grid.millimeters(grid.cover[:, 0], grid.cover[:, 1])
    left, right = max(u.min(), at_u.min() - MARGIN_MM), min(u.max(), at_u.max() + MARGIN_MM)
    top, bottom = max(v.min(), at_v.min() - MARGIN_MM), min(v.max(), at_v.max() + MARGIN_MM)
    return float(left), float(top), float(min(right, left + MAX_MM)), float(min(bottom, top + MAX_MM))


def distorted(page: Page) -> bool:
    """Return whether the lines of a squared page repeat at another distance than 5 mm, across or down.

    A page that was stretched in one direction, or whose lattice was mistaken, has them elsewhere. Only the part of it
    counts that has a grid.
    """
    x, y = page.place(page.grid.cover[:, 0], page.grid.cover[:, 1])
    (left, right), (top, bottom) = (
        (max(0, int(at.min() - RULED_MM[1] * page.scale)), int(at.max() + RULED_MM[1] * page.scale)) for at in (x, y)
    )
    light = cv2.cvtColor(page.rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    return any(_elsewhere(picture, page.scale) for picture in (light, light.T))


def _elsewhere(light: NDArray[np.float32], scale: float) -> bool:
    """Return whether the lines that run across a picture repeat clearly, but not every 5 mm."""
    alike = np.mean([_repeated(strip, scale) for strip in np.array_split(light, STRIPS, axis=1)], axis=0)
    near, every = (
        float(alike[round(low * scale) : round(high * scale) + 1].max()) for low, high in (CELL_MM, REPEATS_MM)
    )
    return every > CLEARLY and near < SHARE * every


def _repeated(strip: NDArray[np.float32], scale: float) -> Floats:
    """Return how like itself a strip's profile is, -1..1, when it is moved by 0, 1, 2 ... px down."""
    profile = strip.mean(axis=1).astype(np.float64)
    profile -= gaussian_filter1d(profile, 2 * scale)
    profile = np.clip(profile, -3 * profile.std(), 3 * profile.std())
    profile -= profile.mean()
    longest = round((REPEATS_MM[1] + 0.5) * scale)
    count = len(profile)
    if count < 2 * longest or not profile.any():
        return np.zeros(longest)
    power = float(profile @ profile) / count
    return np.array([float(profile[lag:] @ profile[: count - lag]) / (count - lag) / power for lag in range(longest)])
