"""Rows of trace on the ink of a squared page: where they are, and one path of least cost along each.

All rows are followed at once; a path pays for every column without ink and for every vertical step, little where the
step runs along ink, as in a QRS, and much across paper. Columns are gone through one by one, rows and places at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import find_peaks

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
Reals = NDArray[np.float64]

BAND_MM = 24.0
"""How far a trace may leave its row, up and down."""
ROW_MM = 9.0
"""Rows are at least this far apart."""
INK = 0.18, 0.6
"""Below the first, ink is none; above the second, it is full."""
EMPTY = 4.0
ALONG, ACROSS = 0.006, 0.3
"""Cost of a column without ink, and of a vertical pixel along ink and across paper."""
HOME = 0.15
"""Cost of a column at the end of the band; it keeps a path from a neighbor's trace."""


SAME_MM = 0.7
"""Two paths nearer than this are on one trace."""
MAX_SHARED = 0.35
"""A row whose path lies on another's for more than this is no row of its own."""
PASSES = 3


@dataclass(frozen=True, eq=False)
class Paths:
    """One path a row, px of the squared page.

    Attributes
    ----------
    center
        (rows,) the height about which the row was found.
    y
        (rows, columns) where the trace runs, finer than a pixel.
    on
        (rows, columns) 0..1, how surely there is ink.
    sure
        (height, width) the ink that was followed, 0..1.
    pen
        Width of the trace, px.
    """

    center: Reals
    y: Reals
    on: Reals
    sure: Floats
    pen: float

    def of_quality(self, share: float) -> Paths:
        """Return the rows with at least a share of the usual row's ink under their path."""
        ink = self.on.mean(axis=1)
        good = ink >= share * np.median(ink)
        return Paths(self.center[good], self.y[good], self.on[good], self.sure, self.pen)


def trace(ink: Floats, scale: float) -> Paths | None:
    """Find the rows on the ink of a squared page and follow each; None where there is no row.

    `scale` is in px a mm.
    """
    sure = certainty(ink)
    centers = rows(sure, scale)
    if not len(centers):
        return None
    path = follow(sure, centers, scale)
    # Pale traces beside black letters: what is full is what the paths run on.
    sure = certainty(ink, float(np.clip(np.median(_under(ink, path)), 0.25, 1)))
    centers = rows(sure, scale)
    if not len(centers):
        return None
    path = follow(sure, centers, scale)
    for _ in range(len(centers)):
        extra = _not_own(sure, path, centers, scale)
        if extra is None:
            break
        centers, path = np.delete(centers, extra), np.delete(path, extra, axis=0)
    for _ in range(PASSES):
        contested = _contested(path, centers, scale)
        if not contested.any():
            break
        path = follow(sure, centers, scale, taken=(path, contested))
    y, on, pen = refine(sure, path)
    return Paths(centers, y, on, sure, pen)


def _under(ink: Floats, path: Places) -> Floats:
    under: Floats = np.take_along_axis(ink, np.clip(path, 0, len(ink) - 1), axis=0)
    return under


def _not_own(sure: Floats, path: Places, centers: Reals, scale: float) -> int | None:
    """Return the row whose path lies on other rows' most, where it is hardly its own; of two such, the fainter one."""
    near = np.abs(path[:, None] - path[None]) < SAME_MM * scale
    for k in range(len(path)):
        near[k, k] = False
    shared = near.any(axis=1).mean(axis=1)
    if not len(shared) or shared.max() < MAX_SHARED:
        return None
    height = uniform_filter1d(sure, round(5 * scale), axis=0).mean(axis=1)[
        np.clip(centers.astype(int), 0, len(sure) - 1)
    ]
    guilty = np.flatnonzero(shared >= MAX_SHARED)
    return int(guilty[np.argmin(height[guilty])])


def _contested(path: Places, centers: Reals, scale: float) -> NDArray[np.bool_]:
    """Return (rows, columns) where a path lies on another row's trace, to which that is nearer."""
    lost = np.zeros(path.shape, bool)
    for upper in range(len(path) - 1):
        lower = upper + 1
        same = np.abs(path[upper] - path[lower]) < SAME_MM * scale
        for first, last in _runs(same):
            middle = (path[upper, first:last].mean() + path[lower, first:last].mean()) / 2
            loser = lower if abs(middle - centers[upper]) < abs(middle - centers[lower]) else upper
            lost[loser, first:last] = True
    return lost


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the beginnings and ends of runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def certainty(ink: Floats, full: float = 1.0) -> Floats:
    """Return 0..1: how surely a pixel is ink, where the trace has `full`."""
    low, high = INK[0] * full, INK[1] * full
    sure: Floats = np.clip((ink - low) / (high - low), 0, 1)
    return sure


def rows(sure: Floats, scale: float) -> Reals:
    """Return the middles, px, of what may be rows of trace, from the top: heights at which most columns have ink."""
    near = uniform_filter1d(sure, round(1.5 * scale), axis=0) * 1.5 * scale
    share = np.minimum(near, 1).mean(axis=1)
    smooth = gaussian_filter1d(share, 2.0 * scale)
    peaks, _ = find_peaks(
        np.pad(smooth, 1), distance=ROW_MM * scale, height=0.2 * smooth.max(), prominence=0.1 * smooth.max()
    )
    return (peaks - 1).astype(np.float64)


def follow(sure: Floats, centers: Reals, scale: float, taken: tuple[Places, NDArray[np.bool_]] | None = None) -> Places:
    """Return (rows, columns) the path of least cost along each row, px.

    `taken` are paths and (rows, columns) where each lies on another row's trace: that ink is no longer offered to it.
    """
    band = round(BAND_MM * scale)
    height, width = sure.shape
    size = 2 * band + 1
    offset = np.round(centers).astype(np.intp) - band
    padded = np.pad(sure, ((band + height, band + height), (0, 0)))
    strips = np.stack([padded[o + band + height : o + band + height + size] for o in offset])
    strips = np.ascontiguousarray(strips.transpose(2, 0, 1))
    if taken is not None:
        _hide(strips, taken[0] - offset[:, None], taken[1], round(1.5 * scale))
    home = (HOME * (np.arange(-band, band + 1) / band) ** 2).astype(np.float32)
    # A steep stroke is blurred sideways: a step may run along the ink of the columns beside.
    beside = strips.copy()
    np.maximum(beside[1:], strips[:-1], out=beside[1:])
    np.maximum(beside[:-1], strips[1:], out=beside[:-1])
    walls = np.cumsum(ALONG + ACROSS * (1 - beside), axis=2, dtype=np.float32)
    return offset[:, None] + _least(EMPTY * (1 - strips) + home, walls)


def _hide(strips: Floats, path: Places, where: NDArray[np.bool_], reach: int) -> None:
    """Take away, in place, the ink about paths (rows, columns) from strips (columns, rows, places)."""
    row, column = np.nonzero(where)
    for shift in range(-reach, reach + 1):
        place = np.clip(path[row, column] + shift, 0, strips.shape[2] - 1)
        strips[column, row, place] = 0


def _least(cost: Floats, walls: Floats) -> Places:
    """Return (rows, columns) the cheapest path, for (columns, rows, places) of cost and of summed vertical cost."""
    columns, count, size = cost.shape
    places = np.arange(size, dtype=np.int32)
    back = np.empty((columns, count, size), np.int32)
    total = cost[0]
    for k in range(1, columns):
        down = total - walls[k]
        least = np.minimum.accumulate(down, axis=1)
        from_above = np.maximum.accumulate(np.where(down <= least, places, 0), axis=1)
        up = (total + walls[k])[:, ::-1]
        lowest = np.minimum.accumulate(up, axis=1)
        from_below = size - 1 - np.maximum.accumulate(np.where(up <= lowest, places, 0), axis=1)[:, ::-1]
        by_down, by_up = least + walls[k], lowest[:, ::-1] - walls[k]
        rising = by_up < by_down
        back[k] = np.where(rising, from_below, from_above)
        total = np.where(rising, by_up, by_down) + cost[k]
        total -= total.min(axis=1, keepdims=True)
    path = np.empty((count, columns), np.intp)
    path[:, -1] = total.argmin(axis=1)
    every = np.arange(count)
    for k in range(columns - 1, 0, -1):
        path[:, k - 1] = back[k, every, path[:, k]]
    return path


def refine(sure: Floats, path: Places) -> tuple[Reals, Reals, float]:
    """Return (rows, columns) where the trace runs, px, finer than a pixel, how much ink is there, and the pen's width.

    Where it is flat, that is the middle of the ink; where it is steep, a column's ink spans what the trace passes
    through: its middle on a slope, its end at a peak.
    """
    height, width = sure.shape
    ink = sure > 0.4
    rows_ = np.arange(height)[:, None]
    top = np.maximum.accumulate(np.where(ink, 0, rows_ + 1), axis=0)
    bottom = np.minimum.accumulate(np.where(ink, height - 1, rows_ - 1)[::-1], axis=0)[::-1]
    y = np.clip(path, 0, height - 1)
    columns = np.arange(width)[None]
    on = sure[y, columns].astype(np.float64)
    first, last = top[y, columns], bottom[y, columns]
    off = ~ink[y, columns]
    first, last = np.where(off, y, first), np.where(off, y, last)
    above = sure[np.clip(first - 1, 0, height - 1), columns]
    below = sure[np.clip(last + 1, 0, height - 1), columns]
    high, low = first - above.astype(np.float64), last + 1 + below.astype(np.float64)
    thick = _thickness(low - high, off)
    return _placed(high, low, thick) - 0.5, on, thick


def _thickness(length: Reals, off: NDArray[np.bool_]) -> float:
    """Return the width of the pen, px: what most columns of a trace are high."""
    inked = length[~off]
    return float(np.quantile(inked, 0.3)) if inked.size else 1.0


def _placed(high: Reals, low: Reals, thick: float) -> Reals:
    """Return the trace's place between the upper and the lower end of each column's ink."""
    middle = (high + low) / 2
    half = thick / 2
    steep = low - high > 1.8 * thick
    reach = max(2, round(thick))
    upper, lower = _extreme(high, reach, np.minimum), _extreme(low, reach, np.maximum)
    peak = steep & (high <= upper)
    trough = steep & (low >= lower)
    level = _extreme(middle, 4 * reach, np.minimum) / 2 + _extreme(middle, 4 * reach, np.maximum) / 2
    both = peak & trough
    peak &= ~both | (level - high > low - level)
    trough &= ~both | (level - high <= low - level)
    return np.where(peak, high + half, np.where(trough, low - half, middle))


def _extreme(values: Reals, reach: int, choose: np.ufunc) -> Reals:
    """Return the extreme of each value's surroundings, `reach` columns to either side."""
    width = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    found = padded[:, :width]
    for k in range(1, 2 * reach + 1):
        found = choose(found, padded[:, k : k + width])
    return found
