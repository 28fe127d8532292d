"""Whether a pacemaker paces the heart: its beats say nothing about potassium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPIKE_MV = 0.25
SPIKE_LEAD_S = (0.045, 0.25)
"""How long before R a pacemaker's spike comes; nearer to it, steep leads of the complex itself look alike."""
MIN_SPIKE_RATE_HZ = 250.0
"""A lower rate shows no spike."""


def pacing_spikes(raw: NDArray[np.float32], rate: float, peaks_s: NDArray[np.float64]) -> bool:
    """Tell whether most beats are preceded by a pacemaker's spike: a jump that is over within 4 ms."""
    lag = max(1, round(0.004 * rate))
    if rate < MIN_SPIKE_RATE_HZ or raw.shape[1] < 4 * lag or len(peaks_s) < 3:
        return False
    with np.errstate(invalid="ignore"):
        jump = raw[:, lag:] - raw[:, :-lag]  # NaN is neither up nor down
        up, down = jump > SPIKE_MV, jump < -SPIKE_MV
    spikes = (up[:, :-lag] & down[:, lag:]) | (down[:, :-lag] & up[:, lag:])
    if not spikes.any():
        return False
    # A pop of one electrode is in one lead; a pacemaker's spike is in at least two where there are two.
    times = (np.flatnonzero(spikes.sum(axis=0) >= min(2, len(spikes))) + lag) / rate
    if not len(times):
        return False
    before = peaks_s[:, None] - times[None, :]
    led = ((before > SPIKE_LEAD_S[0]) & (before < SPIKE_LEAD_S[1])).any(axis=1)
    return bool(np.mean(led) > 0.6)
