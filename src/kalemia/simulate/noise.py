"""What a recorder adds to a heart: baseline wander, muscle, mains, steps. Fresh for every record."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from kalemia.product import product
from kalemia.simulate.levels import Level

Signals = NDArray[np.float32]
KNOTS = 24


@lru_cache(maxsize=4)
def _basis(samples: int) -> Signals:
    """Return cubic spline weights (knots, samples): slow curves as one matrix product."""
    spline = CubicSpline(np.linspace(0, samples - 1, KNOTS), np.eye(KNOTS))
    return np.asarray(spline(np.arange(samples)).T, dtype=np.float32)


def add_noise(signals: Signals, rate: int, level: Level, rng: np.random.Generator) -> Signals:
    """Return (8, samples) of I, II, V1..V6 in mV with noise added; amounts differ by record and lead."""
    leads, samples = signals.shape
    noisy = signals.copy()
    amount = np.exp(0.6 * rng.standard_normal((4, leads)) + 0.4 * rng.standard_normal((4, 1))).astype(np.float32)
    if level.muscle_mv:
        white = rng.standard_normal((leads, samples + 2), dtype=np.float32)
        # Neighbours summed: less above 125 Hz, as electrode and amplifier leave it.
        white *= np.float32(level.muscle_mv / 1.47) * amount[0, :, None]
        noisy += white[:, 2:]
        noisy += white[:, 1:-1]
        white *= np.float32(0.4)
        noisy += white[:, :-2]
    if level.wander_mv:
        knots = np.cumsum(rng.standard_normal((leads, KNOTS), dtype=np.float32), axis=1) * np.float32(0.35)
        knots -= knots.mean(axis=1, keepdims=True)
        knots += 0.5 * rng.standard_normal((leads, KNOTS), dtype=np.float32)
        noisy += product(knots * (level.wander_mv * amount[1, :, None]), _basis(samples))
    if level.mains_mv and rng.random() < 0.5:
        hertz = 50.0 if rng.random() < 0.7 else 60.0
        wave = np.sin(2 * np.pi * hertz / rate * np.arange(samples) + rng.uniform(0, 6.28)).astype(np.float32)
        noisy += wave * (level.mains_mv * amount[2, :, None])
    return noisy
