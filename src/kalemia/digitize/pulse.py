"""The calibration pulse beside a row: 1 mV for 0.2 s, which tells gain and speed of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

EDGE_MM = 28.0
"""A pulse stands within this of an end of its row."""
WIDE_MM, HIGH_MM = (2.2, 11.5), (3.8, 24.0)
"""Least and most of what is taken for a pulse."""
PRINTED_WIDTHS_MM, PRINTED_HEIGHTS_MM = (5.0, 10.0), (5.0, 10.0, 20.0)
"""As pulses are printed: 0.2 s, 1 mV."""
NEAR_MM, ALIKE = 2.0, 0.2
"""Pulses of a page stand above each other within the first; sizes are alike within the second, as logarithms."""
FLAT_MM = 0.45
STEEP_MM = 1.4
"""An edge rises within this, perspective and pen included."""
FOOT_MM, AWAY_MM = 0.6, (0.5, 0.8, 1.1, 1.4)
"""A foot is so long at least, and begins so far from the edge: it may be short, or a QRS may stand on it."""
UPRIGHT = 0.55, 1.6
"""A pulse stands on its row: it is over the row's usual level by its height, within these shares. A flat beginning
before a deep S is at that level."""
CUT_ROWS = 0.5
"""Where no pulse is seen whole, at least this share of the rows shows a part of one: a beat is as steep in a few."""


@dataclass(frozen=True)
class Pulse:
    """A pulse on a row, mm: where it begins and ends, how high it is, and whether both its edges are seen."""

    left: float
    right: float
    height: float
    whole: bool

    def like(self, other: Pulse) -> bool:
        """Return whether another pulse may be the same one, beside another row."""
        return self.near(other) and abs(np.log(self.height / other.height)) < ALIKE

    def near(self, other: Pulse) -> bool:
        """Return whether another pulse stands above or below."""
        return abs(self.right - other.right) < NEAR_MM

    @property
    def off(self) -> float:
        """How far it is from a size in which pulses are printed: the sum of two logarithms, height counting twice."""
        sizes = (self.right - self.left, PRINTED_WIDTHS_MM, 1), (self.height, PRINTED_HEIGHTS_MM, 2)
        return sum(much * min(abs(float(np.log(size / usual))) for usual in printed) for size, printed, much in sizes)


def find(y: Reals, on: NDArray[np.bool_], scale: float) -> list[Pulse]:
    """Return the pulses near the ends of a row, whose trace runs at `y` px, at `scale` px a mm."""
    inked = np.flatnonzero(on)
    if not inked.size:
        return []
    first, last = int(inked[0]), int(inked[-1])
    up = -y / scale
    reach = round(EDGE_MM * scale)
    found = []
    for low, high in ((first, min(first + reach, last)), (max(last - reach, first), last)):
        pulse = _within(up, low, high, first, last, scale)
        if pulse is not None and pulse not in found and _upright(pulse, up, float(np.median(up[inked])), scale):
            found.append(pulse)
    return found


def _upright(pulse: Pulse, up: Reals, usual: float, scale: float) -> bool:
    """Return whether a pulse stands over the usual level of its row, mm, as high as over its feet."""
    level = float(np.median(up[round(pulse.left * scale) : round(pulse.right * scale)]))
    return UPRIGHT[0] < (level - usual) / pulse.height < UPRIGHT[1]


def agreeing(rows: Sequence[Sequence[Pulse]]) -> list[list[Pulse]]:
    """Return of the pulses of all rows those that stand above each other, each of one height with another one.

    Where no two are, one is enough that is as wide and high as a pulse must be.
    """
    every = [pulse for row in rows for pulse in row]
    paired = [pulse for pulse in every if sum(pulse.like(other) for other in every) > 1]
    if not paired:
        paired = sorted((pulse for pulse in every if pulse.whole and pulse.off < ALIKE), key=lambda p: p.off)[:1]
    above = [[other for other in paired if pulse.near(other)] for pulse in paired]
    kept = max(above, key=len, default=[])
    if len(kept) < CUT_ROWS * len(rows) and not any(pulse.whole for pulse in kept):
        kept = []
    return [[pulse for pulse in row if pulse in kept] for row in rows]


def _within(up: Reals, low: int, high: int, first: int, last: int, scale: float) -> Pulse | None:
    """Return the best plateau between two columns that falls, or rises and falls, steeply to the trace's level."""
    steep = round(STEEP_MM * scale)
    best: tuple[float, Pulse] | None = None
    for left, right in _plateaus(up, low, high, scale):
        level = float(np.median(up[left:right]))
        before = up[max(first, left - steep) : left]
        after = up[right : min(last, right + steep) + 1]
        rise = level - float(before.min()) if before.size else 0.0
        fall = level - float(after.min()) if after.size else 0.0
        whole = rise > HIGH_MM[0] and fall > HIGH_MM[0] and abs(rise - fall) < 0.35 * max(rise, fall)
        cut = (left - first < steep and fall > HIGH_MM[0]) or (last - right < steep and rise > HIGH_MM[0])
        if not (whole or cut):
            continue
        height = _height(up, left, right, level, first, last, scale)
        if not HIGH_MM[0] <= height <= HIGH_MM[1]:
            continue
        merit = (right - left) / scale + (5 if whole else 0)
        if best is None or merit > best[0]:
            best = (merit, Pulse(left / scale, right / scale, height, whole))
    return None if best is None else best[1]


def _plateaus(up: Reals, low: int, high: int, scale: float) -> list[tuple[int, int]]:
    """Return the flat runs between two columns that are as long as a pulse."""
    shortest, longest = (round(width * scale) for width in WIDE_MM)
    runs, start = [], low
    while start < high - shortest:
        end = start + 1
        top, bottom = up[start], up[start]
        while end <= high:
            top, bottom = max(top, up[end]), min(bottom, up[end])
            if top - bottom > FLAT_MM:
                break
            end += 1
        if shortest <= end - start <= longest:
            runs.append((start, end))
            start = end
        else:
            start += 1
    return runs


def _height(up: Reals, left: int, right: int, level: float, first: int, last: int, scale: float) -> float:
    """Return how high a plateau stands over the feet beside it, mm: over the flattest piece of them."""
    foot = max(2, round(FOOT_MM * scale))
    feet = []
    for away in (round(mm * scale) for mm in AWAY_MM):
        for low in (left - away - foot, right + away):
            if first <= low and low + foot <= last + 1:
                near = up[low : low + foot]
                feet.append((float(np.ptp(near)), float(np.median(near))))
    if feet:
        return level - min(feet)[1]
    # There is room for none: the row begins and ends beside the plateau.
    return level - float(up[first : last + 1].min())
