"""The trace's ink on a squared page: what is darker than paper and grid, in the color in which it differs from them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.blur import blurred
from kalemia.digitize.page import Page

Floats = NDArray[np.float32]

CELL_MM = 5
BLOCK_CELLS = 8
"""Cells of 5 mm on a side whose median is the grid: enough that the trace, in a few of them, does not show."""
PAPER_MM = 4.0
WIDE_MM, WIDE_PX_MM = 3.0, 4
"""Side of the square in which no ink is solid, and pixels a mm on which it is looked for."""
EDGE, MARGIN_MM = 0.4, 8
"""Where what is wider than ink changes by so much within a millimeter, so near to what is no paper, the paper ends."""
LINE_SHARE = 0.7
INK_SHARE = 0.004
"""A trace covers 1 % of a page or more: the darkest 0.4 % is ink for sure."""
FAINTEST = 1e-3
"""The density of the darkest pixels of blank paper, three channels together."""
LOGS = -np.log(np.maximum(np.arange(256), 4).astype(np.float32))
"""Of each value of a pixel; the darkest ones are noise."""


def ink(page: Page) -> Floats:
    """Return (height, width) 0..1: how much of each pixel is ink of the trace or of letters."""
    density = _density(page)
    density -= _grid(density, page.inside, round(CELL_MM * page.scale))
    _remove_lines(density)
    return _projected(density, page.inside)


def _density(page: Page) -> Floats:
    """Return the optical density of a page beside the paper around, (height, width, 3); shadows drop out."""
    density: Floats = LOGS[page.rgb]
    wide, edge = _wide(density, page.inside, page.scale)
    density -= wide
    outside = ~page.inside | edge
    # What is dark is no paper.
    weight = np.where((density.max(axis=2) > 0.35) | outside, np.float32(1e-3), np.float32(1))
    sigma = PAPER_MM * page.scale
    density -= blurred(density * weight[..., None], sigma) / blurred(weight, sigma)[..., None]
    density[outside] = 0
    return density


def _wide(density: Floats, inside: NDArray[np.bool_], scale: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the density of what is wider than ink, as shadows and tables are, and where the paper has its edge.

    This is a closing of brightness; lines and letters are narrower than its square and vanish.
    """
    height, width = density.shape[:2]
    small = (max(1, round(width * WIDE_PX_MM / scale)), max(1, round(height * WIDE_PX_MM / scale)))
    side = round(WIDE_MM * WIDE_PX_MM)
    wide = cv2.resize(density, small, interpolation=cv2.INTER_AREA)
    wide = cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    steep = cv2.morphologyEx(wide, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)).max(axis=2) > EDGE
    paper = cv2.resize(inside.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST)
    reach = 2 * MARGIN_MM * WIDE_PX_MM + 1
    margin = cv2.erode(paper, np.ones((reach, reach), np.uint8)) == 0
    edge = cv2.resize((steep & margin).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return np.asarray(cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR), np.float32), edge


def _grid(density: Floats, inside: NDArray[np.bool_], cell: int) -> Floats:
    """Return what repeats from cell to cell of 5 mm: lines and dots of the grid, whatever their color.

    Cells that lie outside the paper do not count where others are there.
    """
    height, width = density.shape[:2]
    rows, columns = -(-height // cell), -(-width // cell)
    padded = np.pad(density, ((0, rows * cell - height), (0, columns * cell - width), (0, 0)), mode="reflect")
    cells = padded.reshape(rows, cell, columns, cell, 3)
    repeated = np.empty_like(cells)
    outside = np.pad(~inside, ((0, rows * cell - height), (0, columns * cell - width)), constant_values=True)
    paper = outside.reshape(rows, cell, columns, cell).mean(axis=(1, 3)) < 0.5
    for top, bottom in _blocks(rows):
        for left, right in _blocks(columns):
            block = cells[top:bottom, :, left:right].swapaxes(1, 2)
            there = paper[top:bottom, left:right]
            usual = np.median(block[there] if there.any() else block[:1, 0], axis=0)
            repeated[top:bottom, :, left:right] = usual[:, None]
    whole: Floats = repeated.reshape(padded.shape)[:height, :width]
    return whole


def _remove_lines(density: Floats) -> None:
    """Take away, in place, what runs over most of the page's height or width: bold lines every 25 mm, frames.

    A trace, however flat, leaves its line of pixels in a third of the columns.
    """
    for axis in (0, 1):
        thin = density[::3] if axis == 0 else density[:, ::3]
        place = int((1 - LINE_SHARE) * thin.shape[axis])
        line = np.partition(thin, place, axis=axis).take([place], axis=axis)
        density -= np.maximum(line, 0)


def _blocks(cells: int) -> list[tuple[int, int]]:
    count = max(1, cells // BLOCK_CELLS)
    edges = np.linspace(0, cells, count + 1).astype(int)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _projected(density: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return the density along the color that tells the darkest pixels best from the spread of all others.

    This is Fisher's linear discriminant: a red grid speaks in green and blue, so that red weighs most; on a grey page
    all channels weigh the same.
    """
    pixels = density[::2, ::2][inside[::2, ::2]]
    total = pixels.sum(axis=1)
    limit = np.quantile(total, 1 - INK_SHARE)
    if not limit > FAINTEST:
        return np.zeros(density.shape[:2], np.float32)
    trace = pixels[total >= limit].mean(axis=0)
    others = pixels[total < 0.35 * limit]
    spread = np.cov(others.T) + (0.02**2 + 1e-3 * float(trace @ trace)) * np.eye(3)
    weights = np.maximum(np.linalg.solve(spread, trace), 0)
    weights /= max(float(weights @ trace), 1e-6)
    projected = density @ weights.astype(np.float32)
    return np.clip(projected, 0, 1.2).astype(np.float32)
