"""The beats of a window become one: `signal.cycle` and `signal.quality` in whole numbers, for one lead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import R_SAMPLE, SAMPLES
from kalemia.signal.cycle import MOST_MOVED
from kalemia.signal.peaks import SNAP_REACH
from kalemia.stream.events import Reason
from kalemia.stream.tables import Integers

MOST_BEATS = 16
BEFORE, AFTER = R_SAMPLE + SNAP_REACH, SAMPLES - R_SAMPLE + SNAP_REACH
"""Ticks of a beat that are kept before R, and from R on."""
KEPT = BEFORE + AFTER
LOUD_UV, FLAT_UV = 20_000, 50
LEAST_BEATS, LEAST_QUALITY = 2, 700
ONSET_FROM, ONSET_TO = R_SAMPLE - 36, R_SAMPLE + 12
"""Between these samples of a beat QRS begins."""
SHAPE_BITS = 10
"""Beats are compared in as many bits, so that the square of a product fits into 64."""
ONE = 1 << 14
"""The largest deflection of a normalized beat."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cycle:
    """The median beat of a window.

    Attributes
    ----------
    wave
        (270,) 2**14ths of `gain_uv`.
    alike, quality
        As in `Statement`.
    """

    wave: Integers
    gain_uv: int
    alike: int
    quality: int


def cycle(beats: Integers, rr_twice: int) -> Cycle:
    """Return the median of those beats (2 to 16, 306) in uV that look alike, R near 108; `rr_twice` in ticks."""
    beats = _aligned(beats)
    heart = slice(R_SAMPLE - 24, R_SAMPLE + min(135, rr_twice * 3 // 10))
    alike = _alike(beats[:, heart])
    twice = _middle_twice(beats[alike]) if alike.any() else np.zeros(SAMPLES, np.int64)
    gain = int(np.abs(twice[R_SAMPLE - 45 : R_SAMPLE + 60]).max())
    wave = (2 * ONE * twice + gain) // (2 * gain) if gain else twice
    quality = _quality(beats[alike][:, heart], twice[heart]) if alike.any() else 0
    return Cycle(np.clip(wave, -32_768, 32_767), (gain + 1) >> 1, int(alike.sum()), quality)


def fault(cycle: Cycle, beats: int) -> Reason:
    """Say why a median of so many beats must not be used, or NONE."""
    if cycle.alike < LEAST_BEATS:
        return Reason.DIFFERENT
    if cycle.gain_uv > LOUD_UV:
        return Reason.LOUD
    if cycle.gain_uv < FLAT_UV:
        return Reason.FLAT
    if cycle.alike * 10 < beats * 4:
        return Reason.DIFFERENT
    return Reason.NOISY if cycle.quality < LEAST_QUALITY else Reason.NONE


def unlike(wave: Integers, rr_twice: int) -> Reason:
    """Say why no network can judge a sound beat, as `estimate.gate.unlike_beats` does, or NONE."""
    if not 35 * rr_twice <= 36_000 <= 170 * rr_twice:
        return Reason.RATE
    slope = np.abs(np.diff(wave))
    heart, qrs = slope[40:225], slope[72:108]
    rest, steepest = int(max(slope[40:66].max(), slope[114:225].max())), int(qrs.max())
    if int(np.square(qrs).sum()) * 20 < int(np.square(heart).sum()) * 9 or steepest * 20 < rest * 21:
        return Reason.HIDDEN_QRS
    return Reason.LONE_QRS if steepest > 100 * rest else Reason.NONE


def _middle_twice(values: Integers) -> Integers:
    """Return twice the median over the first axis."""
    ordered = np.sort(values, axis=0)
    return np.asarray(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2])


def _aligned(beats: Integers) -> Integers:
    """Subtract the level before QRS from every beat, and cut it at its own largest deflection: (beats, 270)."""
    onset = SNAP_REACH + _onset(_middle_twice(beats[:, SNAP_REACH : BEFORE + 60]))
    level = (beats[:, onset - 10 : onset - 2].sum(axis=1) + 4) >> 3
    beats = beats - level[:, None]
    near = beats[:, BEFORE - SNAP_REACH : BEFORE + SNAP_REACH + 1]
    typical = _middle_twice(near)
    top = int(np.abs(typical).argmax())
    first = max(0, top - MOST_MOVED)
    height = near[:, first : top + MOST_MOVED + 1] * (1 if typical[top] > 0 else -1)
    starts = first + height.argmax(axis=1)
    return np.asarray(beats[np.arange(len(beats))[:, None], starts[:, None] + np.arange(SAMPLES)])


def _onset(beat: Integers) -> int:
    """Return the sample of a beat (150,) where QRS begins, as `signal.cycle.qrs_onset`."""
    steep = np.abs(beat[ONSET_FROM + 1 : ONSET_TO + 1] - beat[ONSET_FROM - 1 : ONSET_TO - 1])
    steepest = int(steep.argmax())
    quiet = steep * 100 < 8 * steep[steepest]
    before = np.flatnonzero(quiet[:-2] & quiet[1:-1] & quiet[2:])
    before = before[before + 2 < steepest]
    return ONSET_FROM + int(before[-1]) + 3 if len(before) else R_SAMPLE - 24


def _alike(hearts: Integers) -> Mask:
    """Mark the largest group of one shape: the beats that correlate by more than 0.9 with the most typical one."""
    shapes = hearts - (hearts.sum(axis=1) // hearts.shape[1])[:, None]
    for shape in shapes:
        shape >>= max(0, int(np.abs(shape).max()).bit_length() - SHAPE_BITS)
    products = shapes @ shapes.T
    power = np.diagonal(products)
    same = (products > 0) & (products * products * 100 > 81 * power[:, None] * power)
    return np.asarray(same[same.sum(axis=1).argmax()])


def _quality(hearts: Integers, twice: Integers) -> int:
    """Return how much of their power beats (beats, samples) have in common with twice their median, 0..1000."""
    apart = np.sort(np.abs(2 * hearts - twice).ravel())
    scatter, power = int(apart[(len(apart) - 1) // 2]), int(np.square(twice).sum())
    return max(0, 1000 - 2198 * scatter * scatter * len(twice) // max(power, 1))  # 2.198 is the square of 1.4826
