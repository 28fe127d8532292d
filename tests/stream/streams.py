"""Signals that streams are fed, and a network that needs no weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgs import HEART, Wave, recording

Integers = NDArray[np.int64]


def network(wave: Integers, log_gain: int, rr_ms: int) -> Sequence[int]:
    """Say that potassium is higher the taller T is, a parabola round it; of all that it is told."""
    tall = int(wave[150:200].max())
    middle = 4 + tall * 12 // 16384 + (log_gain >> 9) + (rr_ms & 1)
    return [-150 * (place - middle) ** 2 for place in range(30)]


def normal(_wave: Integers, _log_gain: int, _rr_ms: int) -> Sequence[int]:
    """Say that potassium is normal, whatever the beat."""
    return [-200 * (place - 9) ** 2 for place in range(30)]


def high(_wave: Integers, _log_gain: int, _rr_ms: int) -> Sequence[int]:
    """Say that potassium is high."""
    return [-200 * (place - 20) ** 2 for place in range(30)]


def heart(
    rate: int = 250, seconds: float = 60.0, *, rr_s: float = 0.8, waves: Sequence[Wave] = HEART, noise_mv: float = 0.01
) -> Integers:
    """Return regular beats, microvolts."""
    shown = recording(("II",), rate=float(rate), seconds=seconds, rr_s=rr_s, waves=waves, noise_mv=noise_mv)
    return np.asarray(np.round(1000 * shown.signal[0]), np.int64)
