"""Where a trace runs, finer than a pixel, from the path of pixels that was followed.

A column's ink spans what the pen passes while it crosses the column. Of a steep trace several columns share the same
peak, so that no column by itself tells where the trace is: the curve is moved, in half columns, until a pen drawn along
it covers just what is inked (iterative back-projection).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]
Places = NDArray[np.intp]

INKED = 0.55
"""A pixel at least so sure is inside the pen's stroke."""
THIN, THICK, NEAR = 0.1, 0.3, 12
"""Shares of the columns with thinner ink, between which the pen is looked for, and in how many of its widths."""
PIXEL = 0.25
"""A pixel is inked where the pen comes so near its middle, in columns."""
STEPS, STEP = 30, 0.5
"""How often a curve is moved, and by which share of what is missing."""
BEND, MAX_BEND = 0.08, 0.12
"""How much it is smoothed each time, for a pen of a radius of a pixel, and at most: more would lower the peaks."""


@dataclass(frozen=True, eq=False)
class Fine:
    """A refined path: `y` px at edges and middles of columns, in turn; `on` (rows, columns) how surely there is ink."""

    y: Reals
    on: Reals

    @property
    def middles(self) -> Reals:
        """(rows, columns) `y` in the middle of each column."""
        return self.y[:, 1::2]

    def line(self, row: int) -> tuple[Reals, Reals]:
        """Return x and y, px, of the points of a row that lie on ink."""
        seen = np.repeat(self.on[row] > INKED, 2)
        known = np.append(seen, False) & np.append(True, seen)
        x = np.arange(len(known)) / 2 - 0.5
        return x[known], self.y[row, known]


def refine(sure: Floats, path: Places) -> Fine:
    """Return where the trace of each row runs, for ink (height, width) 0..1 and paths (rows, columns) of pixels."""
    y = np.clip(path, 0, len(sure) - 1)
    columns = np.broadcast_to(np.arange(sure.shape[1]), y.shape)
    on = sure[y, columns].astype(np.float64)
    high, low = _ends(sure, y, columns)
    pen, near = _pen(low - high, on > INKED)
    return Fine(_curve(high, low, pen / 2, near / 2) - 0.5, on)


def _pen(ink: Reals, seen: NDArray[np.bool_]) -> tuple[float, Reals]:
    """Return the pen's width, px, and that near each column, (rows, columns): that of the thinnest ink, where `seen`.

    Lines of one pen are thicker or thinner by half a pixel, by where they lie between pixels.
    """
    if not seen.any():
        return 1.0, np.ones(ink.shape)
    pen, most = (float(np.quantile(ink[seen], share)) for share in (THIN, THICK))
    reach = int(NEAR * max(pen, 2.0)) | 1
    near = minimum_filter1d(uniform_filter1d(np.where(seen, ink, ink.max()), 3, axis=1), reach, axis=1)
    return pen, uniform_filter1d(np.clip(near, 0.8 * pen, max(1.5 * most, pen)), reach, axis=1)


def _ends(sure: Floats, y: Places, columns: Places) -> tuple[Reals, Reals]:
    """Return the upper and the lower end of the ink at places, px, parts of pixels at the ends included."""
    height = len(sure)
    ink = sure > INKED
    every = np.arange(height)[:, None]
    top = np.maximum.accumulate(np.where(ink, 0, every + 1), axis=0)
    bottom = np.minimum.accumulate(np.where(ink, height - 1, every - 1)[::-1], axis=0)[::-1]
    off = ~ink[y, columns]
    first, last = np.where(off, y, top[y, columns]), np.where(off, y, bottom[y, columns])
    above = sure[np.maximum(first - 1, 0), columns]
    below = sure[np.minimum(last + 1, height - 1), columns]
    return first - above.astype(np.float64), last + 1 + below.astype(np.float64)


def _curve(high: Reals, low: Reals, radius: float, local: Reals) -> Reals:
    """Return (rows, 2 columns + 1) the curve along which a round pen inks columns between two ends, (rows, columns).

    `local` is its radius there, (rows, columns), for what it travels within a column.
    """
    middle, travel = (high + low) / 2, np.maximum((low - high) / 2 - local, 0)
    top, bottom = middle - travel, middle + travel
    # A pen reaches columns beside it too, there less far up and down.
    reach = int(2 * (radius + PIXEL))
    beside = np.maximum(np.abs(np.arange(-reach, reach + 1)) / 2 - PIXEL, 0)
    sunk = radius - np.sqrt(np.maximum(radius**2 - beside**2, 0))
    bend = min(MAX_BEND, BEND * radius**2)
    y = np.repeat(middle, 2, axis=1)
    y = np.concatenate([y[:, :1], (y[:, :-1] + y[:, 1:]) / 2, y[:, -1:]], axis=1)
    padded = np.pad(np.arange(y.size).reshape(y.shape), ((0, 0), (reach, reach)), mode="edge")
    near = sliding_window_view(padded, 2 * reach + 1, axis=1)[:, 1:-1:2]  # (rows, columns, places) numbers of points
    for _ in range(STEPS):
        own = y.ravel()[near]
        up, down = own + sunk, own - sunk
        moves = [_missing(up, up.argmin(axis=2), top, near), _missing(down, down.argmax(axis=2), bottom, near)]
        which, much = (np.concatenate(parts) for parts in zip(*moves, strict=True))
        count = np.bincount(which, minlength=y.size)
        y += STEP * (np.bincount(which, much, y.size) / np.maximum(count, 1)).reshape(y.shape)
        y[:, 1:-1] += bend * (y[:, :-2] + y[:, 2:] - 2 * y[:, 1:-1])
    return y


def _missing(reached: Reals, farthest: Places, wanted: Reals, near: Places) -> tuple[Places, Reals]:
    """Return the points that reach farthest into each column, and how much that is from what is wanted."""
    place = farthest[..., None]
    points = np.take_along_axis(near, place, axis=2)
    return points.ravel(), wanted.ravel() - np.take_along_axis(reached, place, axis=2).ravel()
