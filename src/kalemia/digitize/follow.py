"""One path of least cost along each row of trace.

All rows are followed at once; a path pays for every column without ink and for every vertical step, little where the
step runs along ink, as in a QRS, and much across paper. Columns are gone through one by one, rows and places at once.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
Reals = NDArray[np.float64]

BAND_MM = 24.0
"""How far a trace may leave its row, up and down."""
FOLLOWED = 0.18, 0.6
"""Ink that is none and ink that is full, where a path is followed."""
CLIMBED = 0.1, 0.4
"""The same where a path steps up or down: a steep stroke of a fast pen is thin and pale."""
PALE = 0.06, 0.25
"""The same in columns where an upright stroke stands on a path and is not followed."""
STEP_MM, WHITE = 0.7, 0.65
"""A trace that steps over so much paper, which is so much of the step, has been on something else: a label, a pulse,
the lead before. A steep stroke of a QRS is pale, but not white."""
EMPTY, ALONG, ACROSS = 4.0, 0.006, 0.3
"""Cost of a column without ink, and of a vertical pixel along ink and across paper."""
HOME = 0.5
"""Cost of a column at the end of the band; it keeps a path from a neighbor's trace."""


def certainty(ink: Floats, between: tuple[float, float]) -> Floats:
    """Return 0..1: how surely a pixel is ink, not at all below and fully above the two limits."""
    low, high = between
    sure: Floats = np.clip((ink - low) / (high - low), 0, 1)
    return sure


def follow(
    ink: Floats,
    centers: Reals,
    scale: float,
    taken: tuple[Places, NDArray[np.bool_]] | None = None,
    pale: NDArray[np.bool_] | None = None,
) -> Places:
    """Return (rows, columns) the path of least cost along each row, px, for ink whose trace has about 1.

    `taken` are paths and (rows, columns) where each lies on another row's trace: that ink is no longer offered to it.
    In the columns `pale` a step may run along paler ink.
    """
    band = round(BAND_MM * scale)
    offset = np.round(centers).astype(np.intp) - band
    # A steep stroke is blurred sideways: a step may run along the ink of the columns beside.
    flat = _strips(certainty(ink, FOLLOWED), offset, band)
    beside = np.asarray(cv2.dilate(ink, np.ones((1, 3), np.uint8)), np.float32)
    climbed = certainty(beside, CLIMBED)
    if pale is not None:
        climbed = np.where(pale, certainty(beside, PALE), climbed)
    steep = _strips(climbed, offset, band)
    if taken is not None:
        for strips in (flat, steep):
            _hide(strips, taken[0] - offset[:, None], taken[1], round(1.5 * scale))
    home = (HOME * (np.arange(-band, band + 1) / band) ** 2).astype(np.float32)
    walls = np.cumsum(ALONG + ACROSS * (1 - steep), axis=2, dtype=np.float32)
    return offset[:, None] + _least(EMPTY * (1 - flat) + home, walls)


def _strips(sure: Floats, offset: Places, band: int) -> Floats:
    """Return (columns, rows, places) how surely there is ink in the band of each row, which begins at `offset`."""
    height = len(sure)
    padded = np.zeros((sure.shape[1], height + 2 * (band + height)), np.float32)
    padded[:, band + height : band + 2 * height] = sure.T
    return np.stack([padded[:, first : first + 2 * band + 1] for first in offset + band + height], axis=1)


def _hide(strips: Floats, path: Places, where: NDArray[np.bool_], reach: int) -> None:
    """Take away, in place, the ink about paths (rows, columns) from strips (columns, rows, places)."""
    row, column = np.nonzero(where)
    for shift in range(-reach, reach + 1):
        place = np.clip(path[row, column] + shift, 0, strips.shape[2] - 1)
        strips[column, row, place] = 0


def _least(cost: Floats, walls: Floats) -> Places:
    """Return (rows, columns) the cheapest path, for (columns, rows, places) of cost and of summed vertical cost."""
    totals = np.empty_like(cost)
    totals[0] = cost[0]
    for k in range(1, len(cost)):
        from_above = np.minimum.accumulate(totals[k - 1] - walls[k], axis=1)
        from_below = np.minimum.accumulate((totals[k - 1] + walls[k])[:, ::-1], axis=1)[:, ::-1]
        from_above += walls[k]
        from_below -= walls[k]
        total = np.minimum(from_above, from_below, out=totals[k])
        total += cost[k]
        total -= total.min(axis=1, keepdims=True)
    return _backwards(totals, walls)


def _backwards(totals: Floats, walls: Floats) -> Places:
    """Return (rows, columns) the cheapest path, from the least costs of all ways to each place."""
    columns, count, size = totals.shape
    path = np.empty((count, columns), np.intp)
    path[:, -1] = totals[-1].argmin(axis=1)
    every, places = np.arange(count), np.arange(size)
    for k in range(columns - 1, 0, -1):
        here = path[:, k, None]
        above = np.where(places <= here, totals[k - 1] - walls[k], np.float32(np.inf))
        below = np.where(places >= here, totals[k - 1] + walls[k], np.float32(np.inf))
        # Of places that cost the same the nearest is taken.
        first, second = size - 1 - above[:, ::-1].argmin(axis=1), below.argmin(axis=1)
        wall = walls[k, every, path[:, k]]
        path[:, k - 1] = np.where(below[every, second] - wall < above[every, first] + wall, second, first)
    return path


def steps(y: Reals, sure: Floats, scale: float) -> Reals:
    """Return the columns, px, before which a path (columns,) steps over paper, mostly without ink."""
    found, most = [], STEP_MM * scale
    for k in np.flatnonzero(np.abs(np.diff(y)) > most):
        low, high = sorted(
            (int(np.clip(round(y[k]), 0, len(sure) - 1)), int(np.clip(round(y[k + 1]), 0, len(sure) - 1)))
        )
        white = float(np.sum(1 - sure[low : high + 1, k : k + 2].max(axis=1)))
        if white > max(most, WHITE * (high + 1 - low)):
            found.append(k + 1.0)
    return np.array(found)
