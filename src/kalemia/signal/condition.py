"""One linear-phase filter for every signal: a file, a stream, later a microcontroller.

It has two symmetric finite impulse responses in a row, both with their delay compensated. A Kaiser-windowed sinc passes
what lies below 40 Hz and brings any rate to 300 Hz; it takes the mains (50 and 60 Hz) and most of the muscle away.
Three moving averages of one second in a row then give the baseline, which is subtracted. Such a cascade needs two
additions a sample and no multiplication, and unlike the common recursive 0.5 Hz high-pass it does not bend the ST
segment and the T wave, where potassium shows.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kalemia.signal.product import product

RATE = 300
"""Hz of every conditioned signal: the rate of the founding study's beat."""
PASS_HZ = 40.0
"""Where the low-pass has fallen by 6 dB."""
TRANSITION_HZ = 20.0
STOP_DB = 45.0
BLOCK = 30
"""Output samples, at least, that the low-pass computes in one product; measured, flat from 18 to 60."""
BASELINE_SAMPLES = 301
"""Length of one moving average at 300 Hz: one second, odd so that it has a middle."""
BASELINE_PASSES = 3
REACH_S = (BASELINE_SAMPLES // 2) * BASELINE_PASSES / RATE
"""How far a sample's filtered value looks to either side because of the baseline, s."""


def condition(signal: NDArray[np.float32], rate: float, own: int | None = None) -> NDArray[np.float32]:
    """Filter a signal and bring it to 300 Hz.

    What stands in one product changes the last digit of all of it: the leads after the first `own` ones have a product
    of their own, so that those are conditioned to the same byte whatever is measured beside them.

    Parameters
    ----------
    signal
        (leads, samples) in mV; NaN where nothing was recorded.
    rate
        Samples per second, Hz; above 80, or the QRS complex is not in the signal.
    own
        How many leads stand in the first product; all by default.

    Returns
    -------
    float32 (leads, round(samples * 300 / rate)) in mV without baseline; NaN where the input has NaN.
    """
    from scipy.ndimage import uniform_filter1d

    signal = np.asarray(signal, dtype=np.float32)
    if signal.size == 0:
        return np.empty((signal.shape[0], 0), dtype=np.float32)
    missing = ~np.isfinite(signal)
    if gaps := bool(missing.any()):
        signal = _bridge(signal, missing)
    passed: NDArray[np.float32] = np.concatenate([_lowpass(part, rate) for part in apart(signal, own)])
    baseline = passed
    for _ in range(BASELINE_PASSES):
        baseline = uniform_filter1d(baseline, BASELINE_SAMPLES, axis=1, mode="reflect")
    passed = passed - baseline
    if gaps:
        nearest = np.minimum(np.round(np.arange(passed.shape[1]) * rate / RATE).astype(int), signal.shape[1] - 1)
        passed[missing[:, nearest]] = np.nan
    return passed


def apart(signal: NDArray[np.float32], own: int | None) -> list[NDArray[np.float32]]:
    """Return the first `own` leads of a signal (leads, samples), and the others where there are any."""
    return [signal] if own is None or own >= len(signal) else [signal[:own], signal[own:]]


def _lowpass(signal: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """Pass below 40 Hz and resample to 300 Hz; the ends are continued with their own value.

    A block of output samples is one matrix times the input samples in its reach, the same matrix for every block.
    """
    taps, reach, step = _block(rate)
    length, width = taps.shape
    count = max(1, round(signal.shape[1] * RATE / rate))
    blocks = -(-count // length)
    after = max(0, (blocks - 1) * step + width - reach - signal.shape[1])
    ends = np.repeat(signal[:, :1], reach, axis=1), np.repeat(signal[:, -1:], after, axis=1)
    padded = np.concatenate([ends[0], signal, ends[1]], axis=1)  # np.pad takes five times as long
    row, sample = padded.strides
    shape = len(signal), blocks, width
    seen = np.ndarray(shape, np.float32, padded, strides=(row, step * sample, sample))  # as_strided takes longer
    filtered = product(taps, np.ascontiguousarray(seen).reshape(-1, width).T)
    return np.ascontiguousarray(filtered.T).reshape(len(signal), -1)[:, :count]


@lru_cache(maxsize=16)
def _block(rate: float) -> tuple[NDArray[np.float32], int, int]:
    """Return the matrix (output samples, input samples) of a block, its reach before the block, the block's length."""
    taps, up, down = kernel(rate)
    half = len(taps) // 2
    repeats = -(-BLOCK // up)
    reach = half // up
    last = ((repeats * up - 1) * down + half) // up
    out, seen = np.arange(repeats * up)[:, None], np.arange(-reach, last + 1)
    at = half + out * down - seen * up  # steps of the common rate between the two
    matrix = np.where((at >= 0) & (at < len(taps)), taps[np.clip(at, 0, len(taps) - 1)], 0)
    return matrix.astype(np.float32), reach, repeats * down


def kernel(rate: float) -> tuple[NDArray[np.float32], int, int]:
    """Design the low-pass at `up` times `rate`; return (odd number of taps, up, down)."""
    from scipy.signal import firwin, kaiser_beta

    ratio = (Fraction(RATE) / Fraction(rate)).limit_denominator(250)
    high_rate = rate * ratio.numerator
    width = TRANSITION_HZ / (high_rate / 2)
    count = int(np.ceil((STOP_DB - 7.95) / (2.285 * np.pi * width))) | 1
    taps = firwin(count, PASS_HZ, window=("kaiser", kaiser_beta(STOP_DB)), fs=high_rate)
    return (taps * ratio.numerator).astype(np.float32), ratio.numerator, ratio.denominator


def _bridge(signal: NDArray[np.float32], missing: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Draw straight lines over gaps, so that the filter does not spread NaN over its whole length."""
    bridged = signal.copy()
    here = np.arange(signal.shape[1])
    for row, gone in zip(bridged, missing, strict=True):
        if gone.all():
            row[:] = 0.0
        elif gone.any():
            row[gone] = np.interp(here[gone], here[~gone], row[~gone])
    return bridged
