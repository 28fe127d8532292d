"""Rows of trace on the ink of a squared page: where they are, and where each runs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from scipy.signal import find_peaks

from kalemia.digitize import stroke
from kalemia.digitize.follow import certainty, follow, steps

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
Reals = NDArray[np.float64]

ROW_MM = 9.0
"""Rows are at least this far apart."""
MOST_ROWS = 18
"""Twelve leads, three strips and some lines of text."""
EDGE_MM = 2.0
"""Rows are at least so far from the upper and lower end of the page."""
SEEN = 0.18, 0.6
"""Ink that is none and ink that is full, where rows, lines and letters are looked for."""
UPRIGHT, UPRIGHT_MM = 0.08, 1.5
"""A pale upright stroke has at least so much ink and is taller than so much."""
BORDER_MM = 1.0
"""So near to where several rows step over paper, such a stroke is the beginning of the next lead."""
SAME_MM = 0.7
"""Two paths nearer than this are on one trace."""
MAX_SHARED = 0.35
"""A row whose path lies on another's for more than this is no row of its own."""
PASSES = 3
FAINT = 0.94
"""A row with less than this share of the usual row's ink may be one of text."""


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
    lines
        A row's trace as a line: x and y, px, of its points, finer than a pixel and in the order of time.
    sure
        (height, width) the ink that was followed, 0..1.
    """

    center: Reals
    y: Reals
    on: Reals
    lines: tuple[tuple[Reals, Reals], ...]
    sure: Floats

    def of_quality(self, share: float) -> Paths:
        """Return the rows with at least a share of the usual row's ink under their path."""
        ink = self.on.mean(axis=1)
        good = ink >= share * np.median(ink)
        return self.rows(good)

    def faint(self, row: int) -> bool:
        """Return whether a row has clearly less ink under its path than the usual row."""
        ink = self.on.mean(axis=1)
        return bool(ink[row] < FAINT * np.median(ink))

    def rows(self, which: slice | NDArray[np.bool_]) -> Paths:
        """Return some of the rows."""
        kept = np.arange(len(self.center))[which]
        return Paths(self.center[kept], self.y[kept], self.on[kept], tuple(self.lines[k] for k in kept), self.sure)


def trace(ink: Floats, scale: float) -> Paths | None:
    """Find the rows on the ink of a squared page and follow each; None where there is no row, or a pattern of many.

    `scale` is in px a mm.
    """
    sure = certainty(ink, SEEN)
    centers = rows(sure, scale)
    if not 0 < len(centers) <= MOST_ROWS:
        return None
    path = follow(ink, centers, scale)
    # Pale traces beside black letters: what is full is what the paths run on.
    ink = ink / np.clip(np.median(_under(ink, path)), 0.2, 1)
    sure = certainty(ink, SEEN)
    centers = rows(sure, scale)
    if not len(centers):
        return None
    path = follow(ink, centers, scale)
    for _ in range(len(centers)):
        extra = _not_own(path, centers, scale)
        if extra is None:
            break
        centers, path = np.delete(centers, extra), np.delete(path, extra, axis=0)
    taken = None
    for _ in range(PASSES):
        contested = _contested(path, centers, scale)
        if not contested.any():
            break
        taken = path, contested
        path = follow(ink, centers, scale, taken)
    pale = _left_out(ink, path, scale)
    if pale.any():
        path = follow(ink, centers, scale, taken, pale)
    fine = stroke.refine(sure, path)
    return Paths(centers, fine.middles, fine.on, tuple(fine.line(row) for row in range(len(centers))), sure)


def _under(ink: Floats, path: Places) -> Floats:
    under: Floats = np.take_along_axis(ink, np.clip(path, 0, len(ink) - 1), axis=0)
    return under


def _left_out(ink: Floats, path: Places, scale: float) -> NDArray[np.bool_]:
    """Return (columns,) where a pale upright stroke stands on the path of one row, and it is not followed.

    A stroke that crosses several rows is a border.
    """
    tall = round(UPRIGHT_MM * scale)
    column = np.ones((tall, 1), np.uint8)
    strokes = cv2.morphologyEx(ink, cv2.MORPH_OPEN, column) > UPRIGHT
    followed = np.zeros(ink.shape, np.uint8)
    width = max(1, round(2 * SAME_MM * scale))
    for row, y in enumerate(np.clip(path, 0, len(ink) - 1), 1):
        line = np.stack([np.arange(len(y)), y], -1).astype(np.int32)
        cv2.polylines(followed, [line[:, None]], False, row, width)
    count, parts = cv2.connectedComponents(strokes.astype(np.uint8))
    on = followed > 0
    pairs = np.unique(parts[on].astype(np.int64) * (len(path) + 1) + followed[on])
    rows = np.bincount(pairs // (len(path) + 1), minlength=count)
    rows[0] = 0
    # Full ink beside a path is found when the path is refined.
    pale = (rows == 1)[parts] & ~on & (certainty(ink, SEEN) < stroke.INKED)
    left = cv2.morphologyEx(pale.astype(np.uint8), cv2.MORPH_OPEN, column)
    columns = cv2.dilate(left.max(axis=0)[None], np.ones((1, 3), np.uint8))[0] > 0
    stepped = [steps(y.astype(np.float64), certainty(ink, SEEN), scale) for y in path]
    for step in np.concatenate(stepped):
        # A row alone may step up a stroke that is too pale for it; where rows do so together, leads end.
        if sum(bool(np.any(np.abs(own - step) < BORDER_MM * scale)) for own in stepped) > 1:
            columns[round(max(0.0, step - BORDER_MM * scale)) : round(step + BORDER_MM * scale)] = False
    return np.asarray(columns, np.bool_)


def _not_own(path: Places, centers: Reals, scale: float) -> int | None:
    """Return a row whose path lies on other rows' for long: of all such, the one whose path is farthest from it."""
    near = np.abs(path[:, None] - path[None]) < SAME_MM * scale
    for k in range(len(path)):
        near[k, k] = False
    common = near.any(axis=1)
    shared = common.mean(axis=1)
    if not len(shared) or shared.max() < MAX_SHARED:
        return None
    guilty = np.flatnonzero(shared >= MAX_SHARED)
    # Bold text has more ink than a trace, but what runs past it runs along the next row.
    astray = [float(np.median(np.abs(path[k] - centers[k])[common[k]])) for k in guilty]
    return int(guilty[np.argmax(astray)])


def _contested(path: Places, centers: Reals, scale: float) -> NDArray[np.bool_]:
    """Return (rows, columns) where a path lies on another row's trace, to which that is nearer."""
    lost = np.zeros(path.shape, bool)
    for upper in range(len(path) - 1):
        lower = upper + 1
        same = np.abs(path[upper] - path[lower]) < SAME_MM * scale
        for first, last in runs(same):
            middle = (path[upper, first:last].mean() + path[lower, first:last].mean()) / 2
            loser = lower if abs(middle - centers[upper]) < abs(middle - centers[lower]) else upper
            lost[loser, first:last] = True
    return lost


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the beginnings and ends of runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def rows(sure: Floats, scale: float) -> Reals:
    """Return the middles, px, of what may be rows of trace, from the top: heights at which most columns have ink."""
    near = uniform_filter1d(sure, round(1.5 * scale), axis=0) * 1.5 * scale
    share = np.minimum(near, 1).mean(axis=1)
    smooth = gaussian_filter1d(share, 2.0 * scale)
    peaks, _ = find_peaks(
        np.pad(smooth, 1), distance=ROW_MM * scale, height=0.2 * smooth.max(), prominence=0.1 * smooth.max()
    )
    # What runs along the very edge is the edge.
    inside = (peaks - 1 > EDGE_MM * scale) & (peaks - 1 < len(sure) - EDGE_MM * scale)
    return np.asarray(peaks[inside] - 1, np.float64)
