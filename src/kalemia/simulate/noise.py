"""What a recorder adds: wander, muscle, mains, motion, electrodes that step, filters. Fresh for every record."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from kalemia.signal.product import product
from kalemia.simulate.levels import Level

Signals = NDArray[np.float32]
KNOTS_PER_S = 2.4
BURST_S = 0.6
SMOOTH = np.array([0.25, 0.5, 0.25], np.float32)
"""Passed over once to three times: what filters of about 100, 70 and 55 Hz leave at 500 Hz."""


@lru_cache(maxsize=4)
def _basis(samples: int, knots: int) -> Signals:
    """Return cubic spline weights (knots, samples): slow curves as one matrix product."""
    spline = CubicSpline(np.linspace(0, samples - 1, knots), np.eye(knots))
    return np.asarray(spline(np.arange(samples)).T, dtype=np.float32)


def add_noise(signals: Signals, rate: int, level: Level, rng: np.random.Generator) -> Signals:
    """Return (leads, samples) in mV as recorded: noise added, then filtered; amounts differ by record and lead."""
    leads, samples = signals.shape
    noisy = signals.copy()
    amount = np.exp(0.6 * rng.standard_normal((4, leads)) + 0.4 * rng.standard_normal((4, 1))).astype(np.float32)
    if level.muscle_mv:
        # Neighbours summed: less above 125 Hz, as electrode and amplifier leave it. Sums of even numbers are nearly
        # bell-shaped, and cost a quarter of what bell-shaped ones do.
        white = rng.random((leads, samples + 2), dtype=np.float32)
        white -= np.float32(0.5)
        white *= np.float32(12**0.5 * level.muscle_mv / 1.47) * amount[0, :, None]
        noisy += white[:, 2:]
        noisy += white[:, 1:-1]
        white *= np.float32(0.4)
        noisy += white[:, :-2]
    if level.wander_mv:
        knots = round(KNOTS_PER_S * samples / rate)
        steps = np.cumsum(rng.standard_normal((leads, knots), dtype=np.float32), axis=1) * np.float32(0.35)
        steps -= steps.mean(axis=1, keepdims=True)
        steps += 0.5 * rng.standard_normal((leads, knots), dtype=np.float32)
        noisy += product(steps * (level.wander_mv * amount[1, :, None]), _basis(samples, knots))
    if level.mains_mv and rng.random() < 0.5:
        hertz = 50.0 if rng.random() < 0.7 else 60.0
        wave = np.sin(2 * np.pi * hertz / rate * np.arange(samples) + rng.uniform(0, 6.28)).astype(np.float32)
        noisy += wave * (level.mains_mv * amount[2, :, None])
    for lead in np.flatnonzero(rng.random(leads) < level.motion_share):
        _move(noisy[lead], rate, float(0.1 * amount[3, lead]), rng)
    for lead in np.flatnonzero(rng.random(leads) < level.pop_share):
        _pop(noisy[lead], rate, float(0.3 * amount[3, lead]), rng)
    return _filtered(noisy, rate, rng) if level.filtered else noisy


def _move(lead: Signals, rate: int, height_mv: float, rng: np.random.Generator) -> None:
    """Add a burst of motion in place: a second or so of slow, strong noise."""
    length = int(BURST_S * rate * rng.uniform(1, 4))
    start = int(rng.integers(max(1, lead.size - length)))
    knots = max(6, int(8 * length / rate))
    shape = np.interp(np.arange(length), np.linspace(0, length - 1, knots), rng.standard_normal(knots))
    lead[start : start + length] += (height_mv * np.hanning(length) * shape)[: lead.size - start].astype(np.float32)


def _pop(lead: Signals, rate: int, height_mv: float, rng: np.random.Generator) -> None:
    """Let an electrode step in place: a jump that dies away over a second."""
    start = int(rng.integers(lead.size))
    decay = np.exp(-np.arange(lead.size - start) / (rate * rng.uniform(0.2, 1.5)))
    lead[start:] += (height_mv * rng.standard_normal() * decay).astype(np.float32)


def _filtered(signals: Signals, rate: int, rng: np.random.Generator) -> Signals:
    """Return signals after the recorder's own filters: none, or a low-pass, or a high-pass that bends ST."""
    which = rng.random()
    if which < 0.35:
        for _ in range(int(rng.integers(1, 4))):
            inner = SMOOTH[0] * (signals[:, :-2] + signals[:, 2:]) + SMOOTH[1] * signals[:, 1:-1]
            signals[:, 1:-1] = inner
    if 0.25 < which < 0.45:
        from scipy.signal import lfilter  # slow to import, and few records need it

        keep = np.exp(-2 * np.pi * rng.uniform(0.05, 0.4) / rate)
        zi = -signals[:, :1]
        signals = np.asarray(lfilter([1.0, -1.0], [1.0, -keep], signals, axis=1, zi=zi)[0], dtype=np.float32)
    return signals
