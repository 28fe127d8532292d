"""The scale of a page without a grid: its calibration pulses are 5 mm wide and 10 mm high at the usual paper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import grid
from kalemia.digitize.grid import Grid

Reals = NDArray[np.float64]

WIDE_MM, HIGH_MM = 5.0, 10.0
SHORTEST_PX = 14
INKED = 0.82
"""A pixel darker than this share of the paper around is ink: strokes are thinner than a pixel on small scans."""
SHAPE = 0.42, 0.6
"""Width over height of a pulse, measured between the middles of its strokes."""
ALIKE = 0.15
"""Pulses of a page are of one size, within this share."""
LEAST = 2
EVEN = 0.025
"""A page is even where width and height of pulses, and pulses at its top and bottom, agree within this and a pixel."""
MAX_ANGLE = 6.0


def find(rgb: NDArray[np.uint8]) -> Grid | None:
    """Return the lattice that the pulses of an even page, uint8 (height, width, 3), show; None where they don't.

    At least two pulses of one size must stand above each other; on a page seen from the side they have other sizes.
    """
    pulses = _pulses(rgb)
    if not len(pulses):
        return None
    column = _column(pulses)
    if column is None:
        return None
    x, y, wide, high = column.T
    # A page seen from the side has pulses of another shape, or larger ones where it is nearer.
    off = EVEN + 1 / float(np.median(high))
    shape = float(np.log(np.median(high) / HIGH_MM / (np.median(wide) / WIDE_MM)))
    grows = float(np.polyfit(y, np.log(high), 1)[0] * np.ptp(y))
    if abs(shape) > off or abs(grows) > off:
        return None
    # Pulses stand above each other: the line through them is upright on the paper.
    slope = float(np.polyfit(y, x, 1)[0])
    angle = -float(np.degrees(np.arctan(slope)))
    if abs(angle) > MAX_ANGLE:
        return None
    return grid.plain((rgb.shape[0], rgb.shape[1]), float(np.median(wide / WIDE_MM + high / HIGH_MM)) / 2, angle)


def _column(pulses: Reals) -> Reals | None:
    """Return the tallest pulses of one size that stand above each other; letters are alike, too, but smaller."""
    sizes = pulses[:, 2:] / (WIDE_MM, HIGH_MM)
    alike = np.asarray((np.abs(np.log(sizes[:, None] / sizes[None])) < ALIKE).all(axis=2))
    for tallest in np.argsort(-pulses[:, 3]):
        some = pulses[alike[tallest]]
        some = some[np.abs(some[:, 0] - pulses[tallest, 0]) < 2 * np.median(some[:, 2])]
        if len(some) >= LEAST and np.ptp(some[:, 1]) > 1.6 * np.median(some[:, 3]):
            return np.asarray(some)
    return None


def _pulses(rgb: NDArray[np.uint8]) -> Reals:
    """Return (pulses, 4) what looks like pulses: x and y of the upper left corner, width and height, px."""
    light = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    paper = cv2.medianBlur(cv2.resize(light, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), 21)
    paper = cv2.resize(paper, light.shape[::-1], interpolation=cv2.INTER_LINEAR)
    ink = (light < INKED * paper.astype(np.float32)).astype(np.uint8)
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((SHORTEST_PX, 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(upright)
    left, top, wide, high = (stats[1:, k].astype(float) for k in range(4))
    thin = (wide < 0.25 * high) & (high < 0.4 * len(ink))
    left, top, wide, high = left[thin], top[thin], wide[thin], high[thin]
    if not len(left):
        return np.zeros((0, 4))
    x = left + wide / 2
    across = x[None] - x[:, None]
    share = across / (high[:, None] - wide[:, None])
    even = np.abs(top[:, None] - top[None]) < 0.08 * high[:, None] + 2
    even &= np.abs(high[:, None] - high[None]) < 0.12 * high[:, None] + 2
    pairs = np.argwhere(even & (share > SHAPE[0]) & (share < SHAPE[1]))
    found = []
    for a, b in pairs:
        roof = ink[
            max(0, int(min(top[a], top[b])) - 2) : int(max(top[a], top[b]) + wide[a]) + 1, int(x[a]) : int(x[b]) + 1
        ]
        room = ink[int(top[a] + 0.3 * high[a]) : int(top[a] + 0.8 * high[a]), int(x[a] + wide[a]) : int(x[b] - wide[b])]
        if roof.any(axis=0).all() and room.size and room.mean() < 0.05:
            found.append([x[a], top[a], x[b] - x[a], (high[a] + high[b]) / 2 - min(wide[a], wide[b])])
    return np.array(found).reshape(-1, 4)
