"""A row of trace at 500 samples a second of its page's time, and the leads that are cut out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.paper import Paper
from kalemia.digitize.pulse import Pulse
from kalemia.digitize.trace import Paths

Reals = NDArray[np.float64]

RATE = 500.0
MAX_GAP_MM = 2.5
"""Shorter interruptions of a trace are bridged."""
START_MM, END_MM = 6.0, 1.5
"""How far from a lead's beginning, where labels stand, and from its end a step over paper cuts the lead short."""
AFTER_PULSE_MM = 0.8
LINE_MM = 0.5
"""A line between two leads hides the trace so near to their border."""


@dataclass(frozen=True, eq=False)
class Lead:
    """One lead: (samples,) mV at 500 Hz on the page's time, certainty 0..1, its row, and px of the squared page."""

    name: str
    signal: Reals
    sure: Reals
    row: int
    x: Reals
    y: Reals

    def earlier(self, samples: int) -> Lead:
        """Return the lead moved to an earlier time; what is moved in from beyond its end is NaN."""
        moved = np.arange(len(self.signal)) + samples
        known = np.roll(np.arange(len(self.signal)), -samples)
        beyond = (moved < 0) | (moved >= len(self.signal))
        signal, sure, y = (np.where(beyond, np.nan, part[known]) for part in (self.signal, self.sure, self.y))
        return replace(self, signal=signal, sure=sure, x=self.x[known], y=y)


def ends(on: NDArray[np.bool_], pulses: Sequence[Sequence[Pulse]], scale: float) -> tuple[float, float]:
    """Return where the traces (rows, columns) begin and end, px, the pulses left out: the median of the rows."""
    width = on.shape[1]
    low, high = _between(pulses, len(on), width, scale)
    starts, stops = [], []
    for seen in on:
        # A trace begins where there is ink for the next 3 mm, and ends where there was for the last.
        size = round(3 * scale)
        solid = np.convolve(seen, np.ones(size) / size) > 0.7
        columns = np.arange(width)
        inside = seen & (columns >= low) & (columns <= high)
        first, last = np.flatnonzero(inside & solid[size - 1 :]), np.flatnonzero(inside & solid[:width])
        if first.size and last.size:
            starts.append(float(first[0]))
            stops.append(float(last[-1]))
    return (float(np.median(starts)), float(np.median(stops))) if starts else (low, high)


def _between(pulses: Sequence[Sequence[Pulse]], rows: int, width: int, scale: float) -> tuple[float, float]:
    """Return from where to where, px, no pulse stands, where half of the rows have one."""
    every = [pulse for row in pulses for pulse in row]
    left = [pulse.right * scale for pulse in every if pulse.right * scale < width / 2]
    right = [pulse.left * scale for pulse in every if pulse.left * scale > width / 2]
    need = max(1, rows // 2)
    low = float(np.median(left)) + AFTER_PULSE_MM * scale if len(left) >= need else 0.0
    high = float(np.median(right)) - AFTER_PULSE_MM * scale if len(right) >= need else float(width)
    return low, high


class Row:
    """A row of trace resampled to 500 Hz from the beginning of its page's time."""

    def __init__(self, paths: Paths, row: int, first: float, end: float, paper: Paper, scale: float) -> None:
        self.row = row
        self.scale = scale
        self.steps: Reals = np.zeros(0)
        self.lined = np.zeros(0, np.intp)
        on = paths.on[row] > 0.3
        per_sample = paper.speed * scale / RATE
        count = max(1, int(np.floor((end - first) / per_sample)) + 1)
        self.x: Reals = np.asarray(first + np.arange(count) * per_sample, np.float64)
        self.shown = self.x  # where it stands on the page, wherever its time begins
        known = np.flatnonzero(on)
        x, y = paths.lines[row]
        if len(known) < 2 or len(x) < 2:
            self.y = self.sure = np.full(count, np.nan, np.float64)
            self.mv = self.y
            return
        inside = (self.x >= known[0]) & (self.x <= known[-1])
        self.y = np.where(inside, np.interp(self.x, x, y), np.nan)
        self.sure = np.interp(self.x, np.arange(len(on)), paths.on[row]).astype(np.float64)
        after = np.searchsorted(known, self.x)
        before = known[np.clip(after - 1, 0, len(known) - 1)]
        far = known[np.clip(after, 0, len(known) - 1)] - before > MAX_GAP_MM * scale
        self.y[far] = np.nan
        self.mv = -self.y / (scale * paper.gain)

    def clear(self, pulses: Sequence[Pulse], steps: Reals, lined: NDArray[np.bool_]) -> None:
        """Forget what is a pulse; remember where the trace steps over paper, and which columns have a line."""
        for own in pulses:
            beside = AFTER_PULSE_MM * self.scale
            if own.left * self.scale < self.x[len(self.x) // 2]:
                self.mv = np.where(self.x < own.right * self.scale + beside, np.nan, self.mv)
            else:
                self.mv = np.where(self.x > own.left * self.scale - beside, np.nan, self.mv)
        self.steps = steps
        self.lined = np.flatnonzero(lined)

    def lead(self, name: str, first: float, last: float) -> Lead:
        """Return the part between two columns of pixels as a lead; one called -aVR is turned over."""
        lines = self.lined[(np.minimum(abs(self.lined - first), abs(self.lined - last))) < LINE_MM * self.scale]
        first, last = self._bounds(first, last)
        inside = (self.x >= first) & (self.x < last)
        signal = np.where(inside, self.mv, np.nan)
        under = inside & np.isin(np.floor(self.x + 0.5), lines)
        beside = inside & ~under & np.isfinite(signal)
        if beside.any():
            # A line between two leads hides the trace: what is nearest is held.
            signal[under] = np.interp(self.x[under], self.x[beside], signal[beside])
        if np.isfinite(signal).any():
            signal = signal - np.nanmedian(signal)
        if name.startswith("-"):
            signal = -signal
        y = np.where(inside & np.isfinite(self.mv), self.y, np.nan)
        sure = np.where(inside, self.sure, np.nan)
        return Lead(name.removeprefix("-"), signal, sure, self.row, self.shown, y)

    def _bounds(self, first: float, last: float) -> tuple[float, float]:
        """Return the part of a lead between a step over paper where its label stands and one at its very end."""
        late = self.steps[(self.steps >= first) & (self.steps < first + START_MM * self.scale)]
        early = self.steps[(self.steps < last) & (self.steps >= last - END_MM * self.scale)]
        return (float(late[-1]) if late.size else first), (float(early[0]) if early.size else last)
