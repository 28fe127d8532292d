"""Where a trace runs, finer than a pixel, from the path of pixels that was followed.

A flat trace is the middle of each column's ink, a steep one the middle of each row's: so both cost no more than what
the pen's width and the paper's blur cost. At a peak, where rise and fall run together, it is the end of the ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]
Places = NDArray[np.intp]

INKED = 0.65
"""A pixel at least so sure is inside the pen's stroke."""
FLAT, WIDE = 1.8, 1.6
"""Ink no longer than so many pens is a single stroke: down a column, and along a row."""
MIN_JUMP = 2


@dataclass(frozen=True, eq=False)
class Fine:
    """A refined path: `y`, `on` (rows, columns), a line of points x, y a row, and the width of the pen, px."""

    y: Reals
    on: Reals
    lines: tuple[tuple[Reals, Reals], ...]
    pen: float


def refine(sure: Floats, path: Places) -> Fine:
    """Return where the trace of each row runs, for ink (height, width) 0..1 and paths (rows, columns) of pixels."""
    y = np.clip(path, 0, len(sure) - 1)
    columns = np.broadcast_to(np.arange(sure.shape[1]), y.shape)
    on = sure[y, columns].astype(np.float64)
    high, low = _ends(sure, y, columns)
    inked = on > INKED
    pen = float(np.quantile((low - high)[inked], 0.3)) if inked.any() else 1.0
    placed, point = _placed(high, low, pen)
    sideways = np.ascontiguousarray(sure.T)
    lines = tuple(_line(sideways, y[r], placed[r] - 0.5, inked[r], ~point[r], pen) for r in range(len(y)))
    return Fine(placed - 0.5, on, lines, pen)


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


def _placed(high: Reals, low: Reals, pen: float) -> tuple[Reals, NDArray[np.bool_]]:
    """Return the trace's place between the ends of each column's ink, and where it is certain: flat or at a peak."""
    middle = (high + low) / 2
    flat = low - high <= FLAT * pen
    reach = max(2, round(pen))
    peak = ~flat & (high <= _extreme(high, reach, np.minimum))
    trough = ~flat & (low >= _extreme(low, reach, np.maximum))
    level = _extreme(middle, 4 * reach, np.minimum) / 2 + _extreme(middle, 4 * reach, np.maximum) / 2
    upward = level - high > low - level
    peak, trough = peak & (~trough | upward), trough & (~peak | ~upward)
    half = pen / 2
    return np.where(peak, high + half, np.where(trough, low - half, middle)), flat | peak | trough


def _extreme(values: Reals, reach: int, choose: np.ufunc) -> Reals:
    """Return the extreme of each value's surroundings, `reach` columns to either side."""
    width = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    found = padded[:, :width]
    for k in range(1, 2 * reach + 1):
        found = choose(found, padded[:, k : k + width])
    return found


def _line(
    sideways: Floats, path: Places, y: Reals, inked: NDArray[np.bool_], steep: NDArray[np.bool_], pen: float
) -> tuple[Reals, Reals]:
    """Return the points of a row's line: a column's place, or where it is steep the places of its rows of pixels."""
    step = np.diff(path)
    jumps = np.flatnonzero(np.abs(step) >= MIN_JUMP) + 1
    length = np.abs(step[jumps - 1])
    column = np.repeat(jumps, length)
    passed = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    row = np.clip(path[column - 1] + np.sign(step[column - 1]) * passed, 0, sideways.shape[1] - 1)
    left, right = _ends(sideways, column, row)
    single = (right - left <= WIDE * pen) & (sideways[column, row] > INKED)
    stroked = np.zeros(len(path), bool)
    stroked[column[single]] = True
    k = np.flatnonzero(inked & ~(steep & stroked))
    order = np.concatenate([k + 0.5, (column + 0.4 * passed / np.repeat(length, length))[single]])
    at = np.concatenate([k.astype(np.float64), ((left + right) / 2 - 0.5)[single]])
    height = np.concatenate([y[k], row[single].astype(np.float64)])
    in_time = np.argsort(order, kind="stable")
    # Time runs to the right: what blur puts a little back is moved up to what came before.
    x = np.maximum.accumulate(at[in_time]) + 1e-6 * np.arange(len(order))
    return x, height[in_time]
