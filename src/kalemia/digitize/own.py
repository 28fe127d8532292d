"""The ink of a rhythm strip that runs into the row beside: as much of it as the lead that the strip repeats may reach.

Where an S wave and the R wave of the row below are one stroke, ink alone does not say which is whose.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, minimum_filter1d

from kalemia.digitize import stroke
from kalemia.digitize.follow import FOLLOWED, follow
from kalemia.digitize.row import Lead
from kalemia.digitize.trace import Paths, runs

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEVEL_MM, COARSE = 50.0, 8
"""A row's level is the median of its path over so much, looked at every so many px."""
WHOLE = 0.97
"""Two rows are joined where so much of the way between their levels is ink."""
NEAR_MM = 2.5
"""A beat reaches so far to both sides of where its row is joined."""
MARGIN, MARGIN_MM = 1.12, 0.6
"""A beat of a strip is no higher or deeper than the beats of the short lead, times the first and the second more."""
ALIKE, BESIDE_MM = 0.75, 0.3
"""Correlation from which a beat is one of those of the short lead, and how far it may be beside it there."""


def joined(paths: Paths, row: int, scale: float) -> Bools:
    """Return (columns,) where a row is joined with the one above or below, and as far as a beat goes beside it."""
    found = np.zeros(paths.y.shape[1], bool)
    inked = cv2.dilate((paths.sure > 0.5).astype(np.uint8), np.ones((1, 3), np.uint8))
    summed = np.pad(np.cumsum(inked, axis=0, dtype=np.int32), ((1, 0), (0, 0)))
    own = level(paths, row, scale)
    for other in (row - 1, row + 1):
        if not 0 <= other < len(paths.center):
            continue
        beside = level(paths, other, scale)
        upper, lower = (np.clip(side(own, beside), 0, len(inked)).astype(np.intp) for side in (np.minimum, np.maximum))
        columns = np.arange(len(found))
        ink = summed[lower, columns] - summed[upper, columns]
        found |= ink >= WHOLE * np.maximum(lower - upper, 1)
    near = np.ones(2 * round(NEAR_MM * scale) + 1, np.uint8)
    return np.asarray(cv2.dilate(found.astype(np.uint8)[None], near[None])[0] > 0, np.bool_)


def level(paths: Paths, row: int, scale: float) -> Reals:
    """Return (columns,) the level about which a row runs, px."""
    coarse = paths.y[row, ::COARSE]
    size = round(LEVEL_MM * scale / COARSE) | 1
    usual = median_filter(coarse, size=size, mode="nearest")
    columns = np.arange(paths.y.shape[1])
    return np.asarray(np.interp(columns, columns[::COARSE], usual), np.float64)


def followed(paths: Paths, repeated: Mapping[int, Lead], scale: float) -> Paths:
    """Return paths whose rows, each with the lead that it repeats, are followed on ink that may be their own.

    Where no row runs into another, they are the same.
    """
    beats = {row: joined(paths, row, scale) for row, lead in repeated.items() if np.isfinite(lead.y).any()}
    if not any(where.any() for where in beats.values()):
        return paths
    y, on, lines = paths.y.copy(), paths.on.copy(), list(paths.lines)
    for row, where in beats.items():
        short, middle = _columns(repeated[row], paths.y.shape[1]), level(paths, row, scale)
        reach = _reach(short, scale)
        first = _followed(paths, row, where, middle[None] + np.array(reach)[:, None], scale).middles[0]
        between = _like_beats(first, short, where, middle[None] + np.array(reach)[:, None], scale)
        fine = _followed(paths, row, where, between, scale)
        y[row], on[row], lines[row] = fine.middles[0], fine.on[0], fine.line(0)
    return Paths(paths.center, y, on, tuple(lines), paths.sure)


def _columns(lead: Lead, width: int) -> Reals:
    """Return where a lead runs, px, in the columns of its part of the page."""
    known = np.flatnonzero(np.isfinite(lead.y))
    columns = np.arange(max(0, int(lead.x[known[0]])), min(width, int(lead.x[known[-1]]) + 1))
    return np.asarray(np.interp(columns, lead.x[known], lead.y[known]), np.float64)


def _reach(short: Reals, scale: float) -> tuple[float, float]:
    """Return how far a lead goes above, less than 0, and below its level, px, and a margin."""
    usual = float(np.median(short))
    up, down = usual - float(short.min()), float(short.max()) - usual
    return -MARGIN * up - MARGIN_MM * scale, MARGIN * down + MARGIN_MM * scale


def _followed(paths: Paths, row: int, where: Bools, between: Reals, scale: float) -> stroke.Fine:
    """Follow a row on the ink `between` two heights, (2, columns) px, in the columns `where`, and on all ink beside."""
    place = np.arange(len(paths.sure))[:, None]
    ink = np.where(where & ((place < between[0]) | (place > between[1])), np.float32(0), paths.sure)
    low, high = FOLLOWED
    path = follow(np.where(ink > 0, low + ink * (high - low), np.float32(0)), paths.center[[row]], scale)
    return stroke.refine(ink, path)


def _like_beats(path: Reals, short: Reals, where: Bools, between: Reals, scale: float) -> Reals:
    """Return `between` (2, columns), nearer where a piece of a path looks like a piece of the short lead."""
    nearer = between.copy()
    for first, last in runs(where):
        if last - first > len(short) or last - first < scale:
            continue
        piece, pieces = path[first:last], sliding_window_view(short, last - first)
        alike = _correlation(piece, pieces)
        best = int(alike.argmax())
        if alike[best] < ALIKE:
            continue
        usual = pieces[best] + np.median(piece - pieces[best])
        size = 2 * round(BESIDE_MM * scale) + 1
        margin = (MARGIN - 1) * float(np.ptp(usual)) + MARGIN_MM * scale
        nearer[0, first:last] = np.maximum(between[0, first:last], minimum_filter1d(usual, size) - margin)
        nearer[1, first:last] = np.minimum(between[1, first:last], maximum_filter1d(usual, size) + margin)
    return nearer


def _correlation(piece: Reals, pieces: Reals) -> Reals:
    """Return the correlation of a piece (samples,) with each of (pieces, samples)."""
    one, each = piece - piece.mean(), pieces - pieces.mean(axis=1, keepdims=True)
    power = np.sqrt((one @ one) * np.einsum("ps,ps->p", each, each))
    return np.asarray(each @ one / np.maximum(power, 1e-9), np.float64)
