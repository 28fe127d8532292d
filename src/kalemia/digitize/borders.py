"""Where one lead ends and the next begins: borders between columns show as lines, gaps and beginnings of labels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from kalemia.digitize.trace import Paths

Reals = NDArray[np.float64]

MOST_LINES, APART_MM = 5, 5.0
"""Borders of a page, its ends included, and how far they are apart at least."""
BESIDE_MM, TOGETHER, BARE_MM, SELDOM = 16.0, 0.6, 2.5, (0.72, 0.6)
"""Labels beside rows end within the first; the traces of most rows, the second, begin together there. Less than the
last two have ink of what is before them, and of what is so near before them."""
BESIDE_BORDER_MM = 6.0
"""Labels stand right of their border, at most so far."""
OFF, OFF_MM, STRETCHED = 0.25, 0.04, 20.0
"""What speaks against columns that do not begin where the traces do, once and for every mm, and against wider ones: a
QRS in every row, or labels, look a little like borders."""


@dataclass(frozen=True, eq=False)
class Marks:
    """What shows where leads change, a number a column of pixels each: lines, gaps and beginnings of labels."""

    lines: Reals
    gaps: Reals
    labels: Reals

    @property
    def all(self) -> Reals:
        """The sum: about 1 and more at a border, about 0 elsewhere."""
        return self.lines + self.gaps + self.labels


def marks(paths: Paths, rows: slice, scale: float) -> Marks:
    """Return the marks of borders between leads in some of the rows."""
    mask = (paths.sure > 0.5).astype(np.uint8)
    return Marks(_lines(mask, paths, rows, scale), _gaps(paths, rows, scale), _labels(mask, paths, rows, scale))


def beginning(found: Marks, on: Reals, start: float, scale: float) -> float:
    """Return where rows begin, px, that seem to begin at `start`: labels and pulses may stand before them.

    `on` is (rows, columns) 0..1, how surely there is ink. Most rows are there again together where they begin, after
    little ink.
    """
    first = max(0, int(start))
    again = np.flatnonzero(found.gaps[first : int(start + BESIDE_MM * scale)] > TOGETHER)
    if not again.size:
        return start
    near = max(first, first + int(again[-1]) - round(0.5 * scale))
    last = near + int(np.argmax(found.gaps[near : first + int(again[-1]) + 1]))
    if last == first:
        return float(last)
    ink = (on[:, first:last] > 0.3).mean(axis=0)
    bare = ink.mean() < SELDOM[0] and ink[-round(BARE_MM * scale) :].mean() < SELDOM[1]
    # Where gaps come with every beat, pale strokes are lost, and this is one of them.
    later, _ = find_peaks(found.gaps[last + round(APART_MM * scale) :], distance=round(APART_MM * scale), height=0.5)
    return float(last) if bare and len(later) < MOST_LINES else start


def _lines(mask: NDArray[np.uint8], paths: Paths, rows: slice, scale: float) -> Reals:
    """Return how many rows have a vertical line, solid or dotted, off the trace; 1 is all of them."""
    tall = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((round(1.2 * scale), 1), np.uint8))
    tall = cv2.morphologyEx(tall, cv2.MORPH_OPEN, np.ones((round(2.5 * scale), 1), np.uint8))
    found = np.zeros(mask.shape[1])
    y = paths.y[rows]
    summed, columns = np.pad(np.cumsum(tall, axis=0, dtype=np.int32), ((1, 0), (0, 0))), np.arange(mask.shape[1])
    # The trace's own steep strokes are no lines, even where all rows beat at once.
    width, pen = round(scale) | 1, 0.4 * scale
    for own, (upper, lower) in zip(y, _between(paths, rows, scale), strict=True):
        lower = min(lower, len(mask))
        first = np.clip(minimum_filter1d(own, width) - pen, upper, lower).astype(np.intp)
        last = np.clip(maximum_filter1d(own, width) + pen, upper, lower).astype(np.intp)
        share = (summed[lower] - summed[upper] - (summed[last, columns] - summed[first, columns])) / scale
        found += np.clip(share / 5, 0, 1)
    found /= max(1, len(y))
    # What counts is more than what stands a little beside.
    around = uniform_filter1d(found, round(6 * scale))
    lines = np.clip(gaussian_filter1d(np.maximum(found - around, 0), 0.12 * scale) * 1.5, 0, 1)
    # No page has so many borders: what is there more often are beats of which something stands out.
    peaks, _ = find_peaks(np.pad(lines, 1), distance=round(APART_MM * scale), height=1e-3)
    usual = np.sort(lines[peaks - 1])[-MOST_LINES - 1] if len(peaks) > MOST_LINES else 0.0
    return np.maximum(lines - usual, 0) / max(1 - float(usual), 0.2)


def _between(paths: Paths, rows: slice, scale: float) -> list[tuple[int, int]]:
    """Return the band of each row, px: half way to its neighbors, within 16 mm."""
    centers = paths.center
    bands = []
    for r in range(len(centers))[rows]:
        reach = 16 * scale
        up = min(reach, (centers[r] - centers[r - 1]) / 2) if r else reach
        down = min(reach, (centers[r + 1] - centers[r]) / 2) if r + 1 < len(centers) else reach
        bands.append((max(0, int(centers[r] - up)), int(centers[r] + down)))
    return bands


def _gaps(paths: Paths, rows: slice, scale: float) -> Reals:
    """Return the share of rows whose trace is interrupted or jumps, at the same place."""
    y, on = paths.y[rows], paths.on[rows]
    gap = uniform_filter1d((on < 0.3).astype(float), max(1, round(0.35 * scale)), axis=1) > 0.6
    # A gap marks the beginning of the next lead: where ink is there again.
    begins = np.zeros(y.shape)
    begins[:, 1:] = gap[:, :-1] & ~gap[:, 1:]
    spread = gaussian_filter1d(begins.sum(axis=0), 0.25 * scale) * 0.25 * scale * np.sqrt(2 * np.pi)
    share = spread / max(1, len(y))
    return np.where(share > 0.45, share, 0)


def _labels(mask: NDArray[np.uint8], paths: Paths, rows: slice, scale: float) -> Reals:
    """Return the share of rows in which letters begin, at the same place and height beside the row."""
    _, marked, stats, _ = cv2.connectedComponentsWithStats(mask)
    ours = np.unique(marked[np.clip(paths.y.round().astype(int), 0, len(mask) - 1), np.arange(mask.shape[1])])
    small = (
        (stats[:, 3] > 1.0 * scale)
        & (stats[:, 3] < 5 * scale)
        & (stats[:, 2] < 9 * scale)
        & (stats[:, 4] > 0.3 * scale**2)
    )
    small[ours] = False
    small[0] = False
    left, top, height = stats[:, 0], stats[:, 1], stats[:, 3]
    starts = np.zeros((len(paths.y), mask.shape[1]))
    for k in np.flatnonzero(small):
        middle = top[k] + height[k] / 2
        row = int(np.argmin(np.abs(paths.center - middle)))
        if abs(paths.center[row] - middle) < 14 * scale:
            starts[row, left[k]] = 1
    share = np.stack([gaussian_filter1d(s, 0.3 * scale) for s in starts[rows]]) * 0.3 * scale * np.sqrt(2 * np.pi)
    summed = np.minimum(share, 1).mean(axis=0)
    return np.where(summed > 0.25, summed, 0)


@dataclass(frozen=True)
class Columns:
    """Where the columns of leads begin, px, the width of one, px, and how clearly the borders are marked, 0..1."""

    edges: tuple[float, ...]
    width: float
    clear: float


def columns(found: Marks, count: int, width: float, start: float, end: float, scale: float) -> Columns:
    """Return `count` columns, each about `width` px wide, that begin near `start` and end near `end`, px."""
    if count == 1:
        return Columns((start, end), width, 0.0)
    sharp = np.maximum(found.lines, found.gaps)
    best = (-np.inf, start, width, 0.0)
    hint = _shifted_max(found.labels, round(BESIDE_BORDER_MM * scale))
    length = len(sharp)
    for stretch in np.linspace(0.99, 1.01, 5):
        step = width * stretch
        reach = round(min(0.45 * width, max(12 * scale, abs(end - start - count * step))))
        offsets = np.arange(int(start) - reach, int(start) + reach + 1)
        places = offsets[:, None] + step * np.arange(1, count)
        inside = (places >= 0) & (places < length - 1)
        at = np.clip(places.round().astype(int), 0, length - 1)
        marked = np.where(inside, sharp[at] + 0.5 * hint[at], 0).sum(axis=1) / (count - 1)
        off = np.abs(offsets - start) / scale
        score = marked - OFF * np.minimum(off, 1) - OFF_MM * off - STRETCHED * abs(stretch - 1)
        k = int(np.argmax(score))
        if score[k] > best[0]:
            best = (float(score[k]), float(offsets[k]), step, float(marked[k]))
    _, first, step, clear = best
    return Columns(tuple(first + step * k for k in range(count + 1)), step, min(clear, 1.0))


def _shifted_max(values: Reals, reach: int) -> Reals:
    """Return at each column the largest value within the next `reach` columns."""
    found = values.copy()
    for k in range(1, reach + 1):
        found[:-k] = np.maximum(found[:-k], values[k:])
    return found
