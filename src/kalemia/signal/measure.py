"""P, QRS and T of a median beat: where they begin and end, how high and how steep they are.

The measures are light (no wavelet, no model) because they run on every beat that is simulated, judged or reported. They
are read from one lead's beat at 300 Hz as `beat.cut` returns it, in mV with the PR segment at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import R_SAMPLE, Beat
from kalemia.signal.condition import RATE
from kalemia.signal.quick import each, gradient, median

MS = 1000.0 / RATE
P_FOOT = 20  # samples from the peak of a P wave to where it has begun or ended
P_WIDTHS = 1.82
"""A bell from tenth to tenth of its height, in widths at half height, which noise and a tilted level disturb less."""

SMOOTH_P, SMOOTH_T = (np.hanning(width)[1:-1] / np.hanning(width)[1:-1].sum() for width in (11, 13))

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Waves:
    """The waves of one lead; times in ms after R, amplitudes in mV, slopes in mV/s.

    A wave that cannot be told from the noise has an amplitude near zero; its times are then of no use.
    """

    p_mv: float
    p_peak_ms: float
    p_ms: float
    pr_ms: float
    qrs_ms: float
    q_mv: float
    r_mv: float
    s_mv: float
    st_mv: float
    t_mv: float
    t_peak_ms: float
    t_width_ms: float
    t_end_ms: float
    t_downslope_mv_s: float
    qt_ms: float
    qtc_ms: float
    qrs_area_mv_ms: float
    t_area_mv_ms: float


def qrs_bounds(beats_mv: Float32) -> tuple[int, int]:
    """Return the samples where the QRS complex begins and ends, over all leads (leads, 270) together."""
    slope = np.abs(gradient(np.atleast_2d(beats_mv)))
    noise = median(slope)[:, None]
    activity = np.sqrt(
        np.mean(np.square(slope / (slope[:, R_SAMPLE - 30 : R_SAMPLE + 30].max(axis=1, keepdims=True) + 1e-6)), axis=0)
    )
    floor = float(np.sqrt(np.mean(np.square(noise / (slope.max(axis=1, keepdims=True) + 1e-6)))))
    limit = max(0.06, 2.0 * floor)
    peak = R_SAMPLE - 20 + int(activity[R_SAMPLE - 20 : R_SAMPLE + 20].argmax())
    quiet = activity < limit
    calm = quiet[:-2] & quiet[1:-1] & quiet[2:]  # three quiet samples from here on
    before = np.flatnonzero(calm[max(0, R_SAMPLE - 45) : peak - 2])
    after = np.flatnonzero(calm[peak + 1 : R_SAMPLE + 60])
    onset = max(0, R_SAMPLE - 45) + int(before[-1]) + 3 if len(before) else R_SAMPLE - 24
    end = peak + 1 + int(after[0]) if len(after) else R_SAMPLE + 36
    return onset, end


def waves(beat_mv: Float32, rr_s: float, bounds: tuple[int, int] | None = None) -> Waves:
    """Measure one lead's beat (270,) in mV; `bounds` of the QRS complex are found if not given."""
    beat = np.asarray(beat_mv, dtype=np.float64)
    onset, end = bounds or qrs_bounds(beat[None].astype(np.float32))
    complex_ = beat[onset : end + 1]
    r_at = int(complex_.argmax())
    p = _p_wave(beat, onset)
    t = _t_wave(beat, end, rr_s)
    qt_ms = (t.end - onset) * MS
    return Waves(
        p_mv=p.height,
        p_peak_ms=(p.peak - R_SAMPLE) * MS,
        p_ms=P_WIDTHS * p.width * MS,
        pr_ms=(onset - p.start) * MS,
        qrs_ms=(end - onset) * MS,
        q_mv=float(min(0.0, complex_[: r_at + 1].min())),
        r_mv=float(max(0.0, complex_.max())),
        s_mv=float(min(0.0, complex_[r_at:].min())),
        st_mv=float(beat[min(end + 12, 269)]),
        t_mv=t.height,
        t_peak_ms=(t.peak - R_SAMPLE) * MS,
        t_width_ms=t.width * MS,
        t_end_ms=(t.end - R_SAMPLE) * MS,
        t_downslope_mv_s=t.downslope,
        qt_ms=qt_ms,
        qtc_ms=qt_ms / rr_s ** (1 / 3),
        qrs_area_mv_ms=float(complex_.sum() * MS),
        t_area_mv_ms=float(beat[end + 12 : int(t.end) + 1].sum() * MS),
    )


@dataclass(frozen=True)
class _P:
    peak: int
    height: float
    width: float
    start: float


def _p_wave(beat: NDArray[np.float64], qrs_onset: int) -> _P:
    """Find the P wave as the largest bump before the QRS complex, seen from the line through its feet.

    At a fast rate P rides on the T or U wave before it, which a level would take for P.
    """
    first, last = max(P_FOOT, qrs_onset - 75), max(P_FOOT + 1, qrs_onset - 10)
    smooth = np.convolve(beat, SMOOTH_P, mode="same")
    at = np.arange(first, last)
    left, right = at - P_FOOT, np.minimum(at + P_FOOT, max(qrs_onset - 3, P_FOOT + 1))
    weight = P_FOOT / np.maximum(right - left, 1)
    bump = smooth[at] - (1 - weight) * smooth[left] - weight * smooth[right]
    best = int(np.abs(bump).argmax())
    peak, foot = int(at[best]), int(left[best])
    tilt = (smooth[right[best]] - smooth[foot]) / max(int(right[best]) - foot, 1)
    height = beat[: max(qrs_onset, peak + 1)] - smooth[foot] - tilt * (np.arange(max(qrs_onset, peak + 1)) - foot)
    up = np.abs(height)
    width = _reached(up, peak, 1, up[peak] / 2) - _reached(up, peak, -1, up[peak] / 2)
    return _P(peak, float(height[peak]), width, _reached(up, peak, -1, up[peak] / 10))


@dataclass(frozen=True)
class _T:
    peak: int
    height: float
    width: float
    end: float
    downslope: float


def t_heights(beats_mv: Float32, qrs_end: int, rr_s: float) -> NDArray[np.float64]:
    """Return the height of T in leads (leads, 270), as `waves` does, mV."""
    # One after the other: what crosses from one lead into the next lies beyond where T is looked for.
    smooth = np.convolve(beats_mv.astype(np.float64).ravel(), SMOOTH_T, mode="same").reshape(beats_mv.shape)
    return each(smooth, _t_peaks(smooth, qrs_end, rr_s))


def _t_peaks(smooth: NDArray[np.float64], qrs_end: int, rr_s: float) -> NDArray[np.intp]:
    """Return in smooth beats (leads, 270) the sample of the largest deflection after the QRS complex."""
    start = min(qrs_end + 14, 230)
    stop = min(max(int(R_SAMPLE + 0.62 * rr_s * RATE), start + 20), 262)
    # Seen from the straight line through the window's ends, a tilted ST segment is not taken for a wave.
    rise = (smooth[:, [stop]] - smooth[:, [start]]) / (stop - start)
    line = smooth[:, [start]] + np.arange(stop - start + 1) * rise
    return np.asarray(start + np.abs(smooth[:, start : stop + 1] - 0.5 * line).argmax(axis=1))


def _t_wave(beat: NDArray[np.float64], qrs_end: int, rr_s: float) -> _T:
    """Find the T wave as the largest smooth deflection after the QRS complex; its end by the tangent method."""
    smooth = np.convolve(beat, SMOOTH_T, mode="same")
    peak = int(_t_peaks(smooth[None], qrs_end, rr_s)[0])
    height = float(smooth[peak])
    sign = 1.0 if height >= 0 else -1.0
    after = sign * gradient(smooth)[peak : min(peak + 60, 268)]
    steepest = int(after.argmin())
    downslope = float(-after[steepest] * RATE)
    at = peak + steepest
    reach = sign * smooth[at] * RATE / downslope if downslope > 1e-6 else 0.0
    end = float(min(at + max(reach, 0.0), 269.0))
    return _T(peak, height, _half_width(sign * smooth, peak, min(qrs_end + 14, 230)), end, downslope)


def _half_width(smooth: NDArray[np.float64], peak: int, start: int) -> float:
    half = smooth[peak] / 2
    left = np.flatnonzero(smooth[start:peak] < half)
    right = np.flatnonzero(smooth[peak:] < half)
    first = start + int(left[-1]) if len(left) else start
    last = peak + int(right[0]) if len(right) else len(smooth) - 1
    return float(last - first)


def _reached(height: NDArray[np.float64], start: int, step: int, level: float) -> float:
    """Walk from `start` left (-1) or right (1) to where the height falls below a level, between samples.

    Between them, because what potassium does to P and PR is about as short as one; 60 ms where it does not fall.
    """
    at = start + step
    while 0 <= at < len(height):
        if height[at] < level:
            return float(at - step * (level - height[at]) / (height[at - step] - height[at]))
        at += step
    return float(np.clip(start + 18 * step, 0, len(height) - 1))


def measure(beat: Beat) -> dict[str, Waves]:
    """Measure every lead of a beat that has no problem; the QRS complex is bounded once, over all of them."""
    if not beat.good:
        return {}
    beats_mv = sound_mv(beat)
    bounds = qrs_bounds(beats_mv)
    return {lead: waves(mv, beat.rr_s, bounds) for lead, mv in zip(beat.good, beats_mv, strict=True)}


def sound_mv(beat: Beat) -> Float32:
    """Return the leads without a problem (leads, 270), mV."""
    usable = [problem is None for problem in beat.problems]
    return beat.waveform[usable] * beat.gain_mv[usable, None]
