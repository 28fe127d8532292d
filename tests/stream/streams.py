"""Signals that streams are fed, and a network that needs no weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgs import HEART, Wave, recording

Integers = NDArray[np.int64]


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
