"""`signal.condition` as a stream: samples become ticks, low-passed at once and without baseline 1.5 s later.

Both steps are exact. The three moving averages of one second are a cascade of sums over the low-passed signal, and what
is kept of it are its steps from tick to tick, 903 of them: their third difference at a lag of 301, added up four times,
is the weighted sum that the averages make, in integers without any error that could grow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.signal.condition import BASELINE_PASSES, BASELINE_SAMPLES
from kalemia.stream.tables import TAP_BITS, Integers, lowpass

LATE = BASELINE_PASSES * (BASELINE_SAMPLES // 2)
"""Ticks that the signal without baseline comes after the low-passed one."""
LONGEST_STEP = 32_767
"""Microvolts from one tick to the next, at most: a steeper signal is followed as fast as this."""
UNKNOWN = -32_768
"""In place of a conditioned sample: it was missing or clipped."""
_WEIGHT = BASELINE_SAMPLES**BASELINE_PASSES
_LAGS = ((0, 1), (BASELINE_SAMPLES, -3), (2 * BASELINE_SAMPLES, 3), (3 * BASELINE_SAMPLES, -1))

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ticks:
    """Some ticks of a segment, which counts them from zero.

    Attributes
    ----------
    first
        Which tick of the segment comes first.
    level
        (ticks,) the low-passed signal against its start, uV.
    known
        (ticks,) whether it was measured.
    conditioned
        (ticks,) what was low-passed 450 ticks before, without baseline, uV, or UNKNOWN; before that has begun, zero.
    """

    first: int
    level: Integers
    known: Mask
    conditioned: Integers


class Conditioner:
    """The filter of one segment: samples without a gap."""

    def __init__(self, rate: int) -> None:
        self._taps, self._up, self._down = lowpass(rate)
        self._half = len(self._taps) // 2
        self._reach = -(-len(self._taps) // self._up)
        padded = np.concatenate([self._taps, np.zeros(self._reach * self._up - len(self._taps), np.int64)])
        self._phases = padded.reshape(self._reach, self._up).T  # (up, reach), the newest sample first
        self._seen = self._tick = 0
        self._samples = np.zeros(0, np.int64)
        self._known = np.ones(self._reach, np.bool_)
        self._level = self._before = 0
        self._steps = np.zeros(3 * BASELINE_SAMPLES, np.int64)
        self._steps_known = np.ones(LATE, np.bool_)
        self._sums = [0, 0, 0, 0, 0]

    def push(self, samples: Integers, known: Mask) -> Ticks:
        """Take in samples (n,), uV, of which some are known; return the ticks that they complete."""
        if not self._seen and len(samples):
            self._samples = np.full(self._reach, samples[0], np.int64)
        first = self._tick
        low, known = self._lowpassed(np.append(self._samples, samples), np.append(self._known, known), len(samples))
        if not first and len(low):
            self._before = int(low[0])
        steps = self._followed(low)
        level = self._level + np.cumsum(steps)
        self._level += int(steps.sum())
        conditioned = self._without_baseline(steps, known)
        conditioned[: max(0, LATE - first)] = 0
        return Ticks(first, level, known, conditioned)

    def ahead(self) -> int:
        """Return how many ticks after the next one the next sample is taken."""
        return (self._seen * self._up - self._tick * self._down) // self._down

    def _lowpassed(self, samples: Integers, known: Mask, new: int) -> tuple[Integers, Mask]:
        start = self._seen - self._reach  # of the samples that are kept
        self._seen += new
        stop = max(self._tick, -((self._half - self._up * self._seen) // self._down))  # rounded up
        places = np.arange(self._tick, stop) * self._down
        newest, phase = np.divmod(places + self._half, self._up)
        seen = samples[(newest - start)[:, None] - np.arange(self._reach)]
        nearest = (2 * places + self._up) // (2 * self._up)
        self._tick, self._samples, self._known = stop, samples[-self._reach :], known[-self._reach :]
        low = ((seen * self._phases[phase]).sum(axis=1) + (1 << TAP_BITS - 1)) >> TAP_BITS
        return low, known[nearest - start]

    def _followed(self, low: Integers) -> Integers:
        """Return the steps from tick to tick, none too long."""
        if not len(low):
            return low
        steps = np.diff(low, prepend=self._before)
        if np.abs(steps).max() > LONGEST_STEP:
            at = self._before
            for place, value in enumerate(low.tolist()):
                steps[place] = step = min(max(value - at, -LONGEST_STEP), LONGEST_STEP)
                at += step
        self._before += int(steps.sum())
        return steps

    def _without_baseline(self, steps: Integers, known: Mask) -> Integers:
        kept, known = np.append(self._steps, steps), np.append(self._steps_known, known)
        self._steps, self._steps_known = kept[len(steps) :], known[len(steps) :]
        delayed = [kept[len(self._steps) - lag : len(kept) - lag] for lag, _ in _LAGS]
        sums = sum((weight * part for (_, weight), part in zip(_LAGS, delayed, strict=True)), np.zeros_like(steps))
        for place in range(4):
            sums = self._sums[place] + np.cumsum(sums)
            self._sums[place] = int(sums[-1]) if len(sums) else self._sums[place]
        middle = self._sums[4] + np.cumsum(kept[len(self._steps) - LATE : len(kept) - LATE])
        self._sums[4] = int(middle[-1]) if len(middle) else self._sums[4]
        without = (2 * (middle * _WEIGHT - sums) + _WEIGHT) // (2 * _WEIGHT)
        return np.where(known[: len(steps)], np.clip(without, -LONGEST_STEP, LONGEST_STEP), UNKNOWN)
