"""A pacemaker's spikes in a stream, as `signal.pacing` finds them: jumps that are over within 4 ms."""

from __future__ import annotations

from collections import deque

import numpy as np

from kalemia.stream.tables import Integers, lowpass

SPIKE_UV = 250
LEAST_RATE_HZ = 250
"""A lower rate shows no spike."""
NEAREST, FARTHEST = 14, 74
"""Ticks that a spike comes before R."""
KEPT = 16


class Spikes:
    """Finds spikes in one segment."""

    def __init__(self, rate: int) -> None:
        taps, self._up, self._down = lowpass(rate)
        self._half = len(taps) // 2
        self._lag = round(0.004 * rate) if rate >= LEAST_RATE_HZ else 0
        self._samples = np.zeros(0, np.int64)
        self._seen = 0
        self._found: deque[tuple[int, int]] = deque()
        self._recent: deque[int] = deque(maxlen=KEPT)

    def push(self, samples: Integers) -> None:
        """Take in samples (n,), uV."""
        if not self._lag:
            return
        lag, self._samples = self._lag, np.append(self._samples, samples)
        first = self._seen + len(samples) - len(self._samples)
        self._seen += len(samples)
        jumps = self._samples[lag:] - self._samples[:-lag]
        before, after = jumps[:-lag], jumps[lag:]
        opposed = ((before > SPIKE_UV) & (after < -SPIKE_UV)) | ((before < -SPIKE_UV) & (after > SPIKE_UV))
        for place in (np.flatnonzero(opposed) + first).tolist():
            known = -((self._half - self._up * (place + 2 * lag)) // self._down)  # the next tick, rounded up
            self._found.append((max(known, 0), (place + lag) * self._up // self._down))
        self._samples = self._samples[-2 * lag :]

    def until(self, tick: int) -> None:
        """Keep the latest of the spikes that are known at a tick."""
        while self._found and self._found[0][0] <= tick:
            self._recent.append(self._found.popleft()[1])

    def lead(self, peak: int) -> bool:
        """Tell whether one of them comes as long before a peak as a pacemaker's."""
        return any(NEAREST <= peak - spike <= FARTHEST for spike in self._recent)
