"""Where the waves of a beat begin and end, and what moves when they do: one piecewise-linear map of time.

A beat here is (8, 450): I, II, V1..V6 in mV at 500 Hz, from 300 ms before R to 600 ms after it, the PR segment at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import R_SAMPLE
from kalemia.signal.condition import RATE as FILTERED_RATE
from kalemia.signal.measure import qrs_bounds, waves
from kalemia.simulate.heart import RATE

MS = 1000.0 / RATE
BEFORE, SAMPLES = 150, 450
TIMES_MS = (np.arange(SAMPLES) - BEFORE) * MS
P_BEFORE_MS, P_AFTER_MS = 60.0, 50.0
"""How far a P wave reaches before and after its peak."""
STRONGEST = 5
"""Leads, those with the largest T, whose median times count for all."""
RISE_SHARE = 0.15
"""Where between the end of the QRS complex and the peak of T the ST segment passes into T."""
ROOM_MS = 70.0
"""How far before its own start a P wave may be moved."""

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Marks:
    """Times of one beat, ms after R, in rising order; nothing before `begin` and after `stop` belongs to it."""

    begin: float
    p_start: float
    p_end: float
    onset: float
    end: float
    t_start: float
    t_peak: float
    t_end: float
    stop: float

    @property
    def knots(self) -> Float64:
        """All times in order with R and the ends of the window, (12,) ms."""
        before = (-302.0, self.begin, self.p_start, self.p_end, self.onset, 0.0)
        return np.array([*before, self.end, self.t_start, self.t_peak, self.t_end, self.stop, 602.0])


def marks(filtered: Float32, rr_s: float) -> Marks:
    """Find the waves of a median beat (8, 270) at 300 Hz as `condition` leaves it, in mV, all leads on one clock."""
    first, last = qrs_bounds(filtered)
    measured = [waves(lead, rr_s, (first, last)) for lead in filtered]
    tall = sorted(measured, key=lambda lead: -abs(lead.t_mv))[:STRONGEST]
    onset, end = ((sample - R_SAMPLE) * 1000.0 / FILTERED_RATE for sample in (first, last))
    onset, end = min(onset, -10.0), max(end, 10.0)
    p = float(np.clip(np.median([lead.p_peak_ms for lead in measured[:3]]), -230.0, onset - 40.0))
    p_start, p_end = p - P_BEFORE_MS, min(p + P_AFTER_MS, onset - 6.0)
    t_end = float(np.median([lead.t_end_ms for lead in tall]))
    # The next P ends this beat; where the heart is so fast that P falls on T, the next QRS complex does.
    next_p, next_qrs = rr_s * 1000.0 + p_start - 10.0, rr_s * 1000.0 + onset - 20.0
    stop = float(np.clip(max(next_p, min(t_end + 40.0, next_qrs)), end + 160.0, 590.0))
    t_peak = float(np.clip(np.median([lead.t_peak_ms for lead in tall]), end + 60.0, stop - 60.0))
    return Marks(
        begin=max(-298.0, p_start - ROOM_MS),
        p_start=p_start,
        p_end=p_end,
        onset=onset,
        end=end,
        t_start=end + RISE_SHARE * (t_peak - end),
        t_peak=t_peak,
        t_end=float(np.clip(t_end, t_peak + 36.0, stop - 20.0)),
        stop=stop,
    )


def retimed(beat: Float32, own: Marks, wanted: Marks) -> Float32:
    """Return a beat with its waves moved from their `own` times to the `wanted` ones."""
    at = np.interp(TIMES_MS, wanted.knots, own.knots) / MS + BEFORE
    index = np.clip(at.astype(np.intp), 0, SAMPLES - 2)
    part = np.clip(at - index, 0.0, 1.0).astype(np.float32)
    return np.asarray(beat[:, index] * (1 - part) + beat[:, index + 1] * part)


def ramp(start_ms: float, end_ms: float) -> Float32:
    """Return a smooth step over the window, (450,), from 0 at one time to 1 at the other."""
    share = np.clip((TIMES_MS - start_ms) / (end_ms - start_ms), 0.0, 1.0)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * share), dtype=np.float32)
