"""Changes the shape of a beat: waves moved, stretched, raised and lowered, without a step anywhere."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kalemia.simulate.base import Base
from kalemia.simulate.change import Change
from kalemia.simulate.heart import smooth
from kalemia.simulate.marks import RISE_SHARE, SAMPLES, TIMES_MS, Marks, ramp, retimed

U_SIGHT = np.array([0.5, 0.8, 0.2, 1.0, 1.0, 0.9, 0.7, 0.5], dtype=np.float32)[:, None]
"""How much of an added U wave I, II, V1..V6 see."""
ST_SIGHT = np.array([0.6, 0.9, -0.2, 0.3, 0.8, 1.0, 1.0, 0.8], dtype=np.float32)[:, None]
KNOTS = 30
FURTHEST = 0.7, 1.35
"""Limits of the factor between two hearts' times from QRS to T."""

Float32 = NDArray[np.float32]


def moved(own: Marks, change: Change) -> Marks:
    """Return where the waves come to lie; what cannot be has its neighbours' room at least."""
    onset = max(change.qrs_width * own.onset, own.begin + 50.0)
    end = min(change.qrs_width * own.end, own.stop - 120.0)
    p_start = float(np.clip(own.p_start + onset - own.onset - change.pr_ms, own.begin + 8.0, onset - 30.0))
    p_end = min(p_start + change.p_width * (own.p_end - own.p_start), onset - 4.0)
    rise, fall = own.t_peak - own.t_start, own.t_end - own.t_peak
    t_peak = float(np.clip(own.t_peak + change.t_late_ms, end + 40.0, own.stop - 40.0))
    t_end = float(np.clip(t_peak + change.t_width * change.t_fall * fall, t_peak + 24.0, own.stop - 8.0))
    return replace(
        own,
        p_start=p_start,
        p_end=p_end,
        onset=onset,
        end=end,
        t_start=max(t_peak - change.t_width * rise, end + 4.0),
        t_peak=t_peak,
        t_end=t_end,
    )


def changed(beat: Float32, own: Marks, change: Change) -> Float32:
    """Return a beat (8, 450) in mV after a change; `own` are its marks before it."""
    new = moved(own, change)
    out = retimed(beat, own, new) * _gains(new, change)
    late = new.t_end + change.u_late_ms
    out += U_SIGHT * np.float32(change.u_mv) * _bump(late, change.u_sd_ms)
    segment = ramp(new.end, new.end + 33.0) * (1 - ramp(new.t_peak - 33.0, new.t_peak + 33.0))
    out += ST_SIGHT * np.float32(change.st_mv) * segment
    return smooth(out, change.blur_ms) if change.blur_ms > 1.0 else out


def _gains(new: Marks, change: Change) -> Float32:
    """Return what the time course is multiplied with, (450,)."""
    qrs = ramp(new.onset - 10.0, new.onset) * (1 - ramp(new.end, new.end + 20.0))
    p = ramp(new.p_start - 20.0, new.p_start + 15.0) * (1 - ramp(new.p_end - 15.0, min(new.p_end + 10.0, new.onset)))
    t_rise = ramp(new.end, new.t_peak - 0.25 * (new.t_peak - new.end))
    t = t_rise * (1 - ramp(new.t_end, new.t_end + 100.0))
    gains = 1 + (change.qrs_gain - 1) * qrs + (change.p_gain - 1) * p + (change.t_gain - 1) * t
    return np.asarray(gains, dtype=np.float32)


def _bump(center_ms: float, sd_ms: float) -> Float32:
    return np.asarray(np.exp(-0.5 * ((TIMES_MS - center_ms) / sd_ms) ** 2), dtype=np.float32)


def recombined(first: Base, second: Base) -> tuple[Float32, Marks]:
    """Return P and QRS of one heart with the T of another: the beat (8, 450) in mV and its marks.

    T keeps its distance from the end of the QRS complex, scaled with the cube root of the RR intervals' ratio
    (Fridericia), and follows the size of the QRS complex by its square root.
    """
    a, b = first.marks, second.marks
    scale = float(np.clip((first.rr_s / second.rr_s) ** (1 / 3), *FURTHEST))
    t_peak = float(np.clip(a.end + scale * (b.t_peak - b.end), a.end + 60.0, a.stop - 60.0))
    t_end = float(np.clip(a.end + scale * (b.t_end - b.end), t_peak + 36.0, a.stop - 20.0))
    new = replace(a, t_start=a.end + RISE_SHARE * (t_peak - a.end), t_peak=t_peak, t_end=t_end)
    taken = ramp(a.end + 2.0, a.end + 32.0)
    size = np.float32(np.sqrt(np.ptp(first.beat) / np.ptp(second.beat)))
    return first.beat * (1 - taken) + retimed(second.beat, b, new) * (size * taken), new


def departures(rng: np.random.Generator) -> Float32:
    """Return smooth random curves of about unit size, (8, 450)."""
    return np.asarray(rng.standard_normal((8, KNOTS), dtype=np.float32) @ _basis())


@lru_cache(maxsize=1)
def _basis() -> Float32:
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(np.linspace(0, SAMPLES - 1, KNOTS), np.eye(KNOTS))
    return np.asarray(spline(np.arange(SAMPLES)).T, dtype=np.float32)
