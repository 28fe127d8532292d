"""What holds for every ECG of a body, wherever it comes from: length and rate, Einthoven's law, amplitudes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.records import Recording

RATES_HZ = (50.0, 20_000.0)
SHORTEST_S = 1.0

EINTHOVEN = 0.05
"""RMS(I + III - II) / SD(II) that a digital ECG may have; rounding to 1 uV leaves 0.01 at most on real ones."""

MAX_RESIDUAL = 0.2
"""Power of I + III - II, or of aVR + aVL + aVF, over the strongest of the three, that leads read from a page may have.
Real pages that were read right have 0.1 or less, drawn ones below 0.04 from 5 pixels a mm on, and up to 0.5 at 3."""

PLAUSIBLE_MEQ_L = 1.5, 10.0
"""What a laboratory may have measured in a living person; anything else is a slip."""

LIMIT_MV = 1e4
"""Far above any amplifier's range, electrode offset included; larger numbers are damage."""

_ROUNDING = 1.0
"""RMS(I + III - II) in the band of the ECG, in steps of the stored values, put down to rounding; 0.57 was seen."""


def not_recorded(signal: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which channels (channels, samples) never move: a body is never still, so no electrode was on it."""
    low, high = np.fmin.reduce(signal, axis=1), np.fmax.reduce(signal, axis=1)
    still: NDArray[np.bool_] = ~(high > low)
    return still


def lasts(samples: int, rate: float) -> None:
    """Raise a ReadError where the rate, Hz, or the length, samples a lead, is none that an ECG has."""
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        low, high = RATES_HZ
        raise ReadError(f"the sampling rate is {rate:g} Hz; {low:g} to {high:,.0f} Hz are accepted")
    if samples < SHORTEST_S * rate:
        raise ReadError(f"the ECG has {samples} samples at {rate:g} Hz; at least {SHORTEST_S:g} s are accepted")


def finite(signal: NDArray[np.float32]) -> None:
    """Mark in place what is no number as not recorded; raise a ReadError where a number is beyond any amplifier's."""
    signal[~np.isfinite(signal)] = np.nan
    if np.fmax.reduce(np.abs(signal), axis=None) > LIMIT_MV:
        raise ReadError(f"the samples exceed {LIMIT_MV:,.0f} mV, which is no ECG; the unit or the file is wrong")


def einthoven(limb: NDArray[np.float32], rate: float, step_mv: float = 0.0) -> float:
    """Return RMS(I + III - II) / SD(II): zero where Einthoven's law holds, NaN where the leads share no second.

    Where it exceeds `EINTHOVEN`, it is taken again in the band in which an ECG is read, less what rounding leaves,
    and the smaller of both counts. Machines filter each lead by itself: mains interference and drift then differ
    between leads of the right gain, and recordings kept in steps of 10 uV break the law by rounding alone.

    Parameters
    ----------
    limb
        (3, samples) leads I, II and III, mV.
    rate
        Samples per second, Hz.
    step_mv
        The step between two stored values, mV.
    """
    finite = np.isfinite(limb).all(axis=0)
    whole = limb if finite.all() else limb[:, finite]
    if whole.shape[1] < rate:
        return math.nan
    error = whole[0] + whole[2] - whole[1]
    ratio = _rms(error) / _spread(whole[1])
    if ratio <= EINTHOVEN:
        return ratio
    error_band, two = _ecg_band(np.stack([error, whole[1]]).astype(np.float64), rate)
    error_mv = math.sqrt(max(0.0, _rms(error_band) ** 2 - (_ROUNDING * step_mv) ** 2))
    return min(ratio, error_mv / _spread(two))


def contradiction(ratio: float) -> str:
    """Say that I + III - II is too large a share of lead II."""
    return (
        f"leads I, II and III contradict each other (I + III - II is {ratio:.0%} of lead II); "
        f"up to {EINTHOVEN:.0%} is accepted of a digital ECG"
    )


def checked(recording: Recording) -> Recording:
    """Hold a Recording that no reader made against the same rules; a warning of odd amplitudes is added.

    Raises
    ------
    ReadError
        Its limb leads contradict each other, or its numbers are no millivolts. Leads that were traced from a page
        (`confidence` below 1) are not held against Einthoven's law.
    """
    signal = recording.signal
    if recording.duration_s < SHORTEST_S:
        return recording  # too short for a beat, which `cut` says
    with np.errstate(invalid="ignore"):
        largest = np.fmax.reduce(np.abs(signal), axis=None, initial=np.nan)
        if largest > LIMIT_MV:
            raise ReadError(f"the samples exceed {LIMIT_MV:,.0f} mV, which is no ECG; a signal in mV is accepted")
    limb = signal[[recording.leads.index(name) for name in ("I", "II", "III") if name in recording.leads]]
    if len(limb) == 3 and min(recording.confidence) >= 1.0 and not not_recorded(limb).any():
        ratio = einthoven(limb, recording.rate)
        if ratio > EINTHOVEN and (ratio := einthoven(limb, recording.rate, _step(limb))) > EINTHOVEN:
            raise ReadError(contradiction(ratio))
    if np.isnan(largest):
        return recording  # of nothing
    odd = [sentence for sentence in amplitudes(signal, recording.rate) if sentence not in recording.warnings]
    return replace(recording, warnings=(*recording.warnings, *odd)) if odd else recording


def _step(signal: NDArray[np.float32]) -> float:
    """Return the smallest step between neighbouring samples, mV; 0 where it is below 0.1 uV."""
    steps = np.round(np.abs(np.diff(signal, axis=1)), 4)
    return float(steps[steps > 0].min(initial=1.0))


def _rms(values: NDArray[np.floating]) -> float:
    return math.sqrt(float(np.vdot(values, values)) / values.size)


def _spread(values: NDArray[np.floating]) -> float:
    return _rms(values - values.mean()) or math.ulp(0.0)


def _ecg_band(signal: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Keep about 0.8 to 25 Hz: means over a cycle of 50 and of 60 Hz, less the mean over 0.4 s."""
    smooth = _mean(_mean(signal, round(rate / 50)), round(rate / 60))
    window = round(0.4 * rate)
    slow = _mean(smooth, window)
    return smooth[:, window // 2 : window // 2 + slow.shape[1]] - slow


def _mean(signal: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the running mean over `window` samples, shorter by `window` - 1."""
    window = max(window, 1)
    total = np.zeros((len(signal), signal.shape[1] + 1))
    np.cumsum(signal, axis=1, out=total[:, 1:])
    return (total[:, window:] - total[:, :-window]) / window


USUAL_MV = (0.33, 3.2)
"""Typical span of 1.5 s, median over six or more leads. None of 724 real ECGs lies outside; of 200 ordinary ones,
enlarged five times all do, and reduced five times 92 %."""

MOST_MV = 50.0
WINDOW_S = 1.5
FEW_LEADS_MV = (0.1, 8.0)
"""The same for fewer leads, of which a single one may well be small or large."""


def amplitudes(signal: NDArray[np.float32], rate: float) -> list[str]:
    """Return a sentence where the leads (leads, samples), mV, are larger or smaller than bodies make them.

    Far larger ones raise a ReadError: counts or microvolts were taken for millivolts.

    The span is that of a window which holds a beat, taken as a median, so that no artefact and no drift decides.
    """
    begun = np.isfinite(signal[:, 0]).all()
    recorded = signal if begun else signal[~np.isnan(signal).all(axis=1)]
    span = float(_median(spans(recorded, rate)))
    if span > MOST_MV:
        raise ReadError(
            f"the leads typically span {span:,.0f} mV, which no body makes; microvolts may have been taken for them"
        )
    low, high = USUAL_MV if len(recorded) >= 6 else FEW_LEADS_MV
    if low <= span <= high:
        return []
    much = "small" if span < low else "large"
    return [f"The leads typically span {span:.2g} mV, unusually {much} for a body; the gain of the file may be wrong."]


def spans(signal: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """Return how far each lead (leads, samples) typically reaches, foot to top, in a window that holds a beat, mV."""
    window = max(1, min(round(WINDOW_S * rate), signal.shape[1]))
    count = signal.shape[1] // window
    windows = signal[:, : count * window].reshape(len(signal), count, window)
    reach = np.maximum.reduce(windows, axis=2) - np.minimum.reduce(windows, axis=2)
    if np.isfinite(reach).all():
        return _median(reach)
    # A traced page holds most leads for a quarter of its time: windows of nothing say nothing.
    reach = np.fmax.reduce(windows, axis=2) - np.fmin.reduce(windows, axis=2)
    known = np.isfinite(windows).mean(axis=2) > 0.5
    typical = [np.median(row[seen]) if seen.any() else 0.0 for row, seen in zip(reach, known, strict=True)]
    return np.asarray(typical, np.float32)


def _median(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the median of finite values over the last axis, as numpy does in ten times the time."""
    ordered, count = np.sort(values, axis=-1), values.shape[-1]
    return np.asarray((ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2)
