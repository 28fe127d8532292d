"""Where a trace runs, finer than a pixel, from the path of pixels that was followed.

A column's ink spans what the trace passes through: its middle is the trace on a slope, its end at a peak, where rise
and fall run together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]
Places = NDArray[np.intp]

INKED = 0.55
"""A pixel at least so sure is inside the pen's stroke."""
FLAT = 1.8
"""Ink no longer than so many pens is flat trace."""


@dataclass(frozen=True, eq=False)
class Fine:
    """A refined path: `y` px and `on`, how surely there is ink, both (rows, columns)."""

    y: Reals
    on: Reals


def refine(sure: Floats, path: Places) -> Fine:
    """Return where the trace of each row runs, for ink (height, width) 0..1 and paths (rows, columns) of pixels."""
    y = np.clip(path, 0, len(sure) - 1)
    columns = np.broadcast_to(np.arange(sure.shape[1]), y.shape)
    on = sure[y, columns].astype(np.float64)
    high, low = _ends(sure, y, columns)
    inked = on > INKED
    pen = float(np.quantile((low - high)[inked], 0.3)) if inked.any() else 1.0
    return Fine(_placed(high, low, pen) - 0.5, on)


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


def _placed(high: Reals, low: Reals, pen: float) -> Reals:
    """Return the trace's place between the ends of each column's ink."""
    middle = (high + low) / 2
    flat = low - high <= FLAT * pen
    reach = max(2, round(pen))
    peak = ~flat & (high <= _extreme(high, reach, np.minimum))
    trough = ~flat & (low >= _extreme(low, reach, np.maximum))
    level = _extreme(middle, 4 * reach, np.minimum) / 2 + _extreme(middle, 4 * reach, np.maximum) / 2
    upward = level - high > low - level
    peak, trough = peak & (~trough | upward), trough & (~peak | ~upward)
    half = pen / 2
    return np.where(peak, high + half, np.where(trough, low - half, middle))


def _extreme(values: Reals, reach: int, choose: np.ufunc) -> Reals:
    """Return the extreme of each value's surroundings, `reach` columns to either side."""
    width = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    found = padded[:, :width]
    for k in range(1, 2 * reach + 1):
        found = choose(found, padded[:, k : k + width])
    return found
