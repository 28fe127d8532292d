"""The median cycle of each lead: 270 samples at 300 Hz, R at sample 90, amplitude-normalized, as in the founding study.

A lead snaps the peaks to its own largest deflection, and takes the median over those of its beats that look alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import R_SAMPLE, SAMPLES
from kalemia.signal.peaks import SNAP_REACH, Detection

SAME_SHAPE = 0.9
"""Correlation from which two beats of a lead count as the same shape."""
MOST_MOVED = 5
"""Samples (17 ms) by which the peak of a lead may move between beats: farther off it is another deflection."""

OWN_BEFORE, OWN_AFTER, FAR = 24, 45, 1_000_000
"""Samples before and after R of an ectopic beat that are its own, whichever beat is cut there."""
SHORTEST_HEART = 60.0
"""Samples from R on in which beats are compared at least."""

Float32 = NDArray[np.float32]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Windows:
    """Where the beats of some conditioned leads lie."""

    signal: Float32  # (leads, samples) conditioned, mV
    peaks: Index  # (leads, beats) sample of R
    level: Float32  # (leads, beats) mV of the PR segment


@dataclass(frozen=True, eq=False)
class Cycle:
    """The median cycle of one lead, and what stands behind it.

    Attributes
    ----------
    waveform
        float32 (270,), divided by `gain_mv`; zero throughout where no beat was recorded whole.
    gain_mv
        The largest deflection, mV.
    alike
        How many beats look alike, which the median is of.
    whole
        How many beats were recorded whole.
    score
        0..1: the share of its power that the beats have in common with their median.
    """

    waveform: Float32
    gain_mv: np.float32
    alike: int
    whole: int
    score: float


def medians(detection: Detection) -> list[Cycle]:
    """Return the median cycle of every lead whose beats were found."""
    windows = snap(detection)
    index = windows.peaks[:, :, None] + np.arange(-R_SAMPLE, SAMPLES - R_SAMPLE)
    beats = np.take_along_axis(windows.signal[:, None, :], index, axis=2) - windows.level[:, :, None]
    # From the QRS complex to the end of T: P waves and the next beat may come when they like.
    end = min(135.0, 0.6 * detection.rr)
    if len(detection.ectopic):
        before, after = _ectopic_beside(windows.peaks, detection.ectopic)
        places = np.arange(-R_SAMPLE, SAMPLES - R_SAMPLE)
        beats[(places < before[:, :, None] + OWN_AFTER) | (places >= after[:, :, None] - OWN_BEFORE)] = np.nan
        end = min(end, max(float(np.median(after)) - OWN_BEFORE, SHORTEST_HEART))
    heart = slice(R_SAMPLE - 24, R_SAMPLE + int(end))
    return [_cycle(lead, heart) for lead in beats]


def _ectopic_beside(peaks: Index, ectopic: Index) -> tuple[Index, Index]:
    """Return how far the ectopic beats before and after each of the peaks (leads, beats) lie from it, samples."""
    padded = np.concatenate([[-FAR], ectopic, [FAR]])
    follows = np.searchsorted(padded, peaks)
    return padded[follows - 1] - peaks, padded[follows] - peaks


def snap(detection: Detection) -> Windows:
    """Move the detected peaks to each lead's own largest deflection, and read the level before the QRS complex."""
    signal, detected = detection.signal, detection.sinus
    whole = (detected >= R_SAMPLE + SNAP_REACH) & (detected < signal.shape[1] - (SAMPLES - R_SAMPLE) - SNAP_REACH)
    detected = detected[whole]
    around = detected[:, None] + np.arange(-R_SAMPLE, 60)
    onset = qrs_onset(np.median(detection.combined[around], axis=0), R_SAMPLE) if len(detected) else 0
    level = signal[:, detected[:, None] + np.arange(onset - 10, onset - 2) - R_SAMPLE].mean(axis=2)
    near = detected[:, None] + np.arange(-SNAP_REACH, SNAP_REACH + 1)
    # A beat that falls into a gap must not decide where the others have their R.
    deflection = signal[:, near] - level[:, :, None]  # (leads, beats, 37)
    whole = np.isfinite(deflection).all(axis=2, keepdims=True)
    typical = np.zeros((len(signal), near.shape[1]))
    for row, usable in enumerate(whole[:, :, 0]):
        if usable.any():
            typical[row] = np.median(deflection[row, usable], axis=0)
    deflection = np.where(whole, deflection, 0.0)
    top = np.abs(typical).argmax(axis=1)
    sign = np.sign(np.take_along_axis(typical, top[:, None], axis=1))
    far = np.abs(np.arange(near.shape[1]) - top[:, None]) > MOST_MOVED
    height = np.where(far[:, None, :], -np.inf, deflection * sign[:, :, None])
    return Windows(signal, detected + height.argmax(axis=2) - SNAP_REACH, level.astype(np.float32))


def qrs_onset(beat: NDArray[np.floating], r_sample: int) -> int:
    """Return the sample where the QRS complex of a median beat at 300 Hz begins, at most 120 ms before R."""
    slope = np.abs(np.gradient(beat))
    start = max(0, r_sample - 36)
    steep = slope[start : r_sample + 12]
    quiet = steep < 0.08 * steep.max()
    # The last run of three quiet samples before the steepest one.
    runs = np.flatnonzero(quiet[:-2] & quiet[1:-1] & quiet[2:])
    before = runs[runs + 2 < steep.argmax()]
    return int(start + before[-1] + 3) if len(before) else r_sample - 24


def _cycle(beats: Float32, heart: slice) -> Cycle:
    """Return the median of one lead's beats (beats, 270) in mV, which are compared in the samples of the heart."""
    alike = _alike(beats[:, heart])
    whole = int(np.isfinite(beats[:, heart]).all(axis=1).sum())
    if not alike.any():
        return Cycle(np.zeros(SAMPLES, np.float32), np.float32(0), 0, whole, 0.0)
    median = _median(beats[alike])
    gain = np.abs(median[R_SAMPLE - 45 : R_SAMPLE + 60]).max()
    common = score(beats[alike][:, heart], median[heart])
    return Cycle(median / max(float(gain), 1e-6), gain, int(alike.sum()), whole, common)


def score(beats: Float32, median: Float32) -> float:
    """Score a lead 0..1: the share of its power that its beats (beats, samples) have in common with their median."""
    scatter = float(np.median(np.abs(beats - median)) * 1.4826)
    signal = float(np.sqrt(np.mean(np.square(median)))) + 1e-6
    return float(np.clip(1.0 - (scatter / signal) ** 2, 0.0, 1.0))


def _median(beats: Float32) -> Float32:
    """Return the median of beats (beats, samples); where none of them was recorded, the nearest sample that was."""
    known = np.isfinite(beats)
    if known.all():
        return np.asarray(np.median(beats, axis=0))
    here = known.any(axis=0)
    median = np.zeros(beats.shape[1], np.float32)
    median[here] = np.nanmedian(beats[:, here], axis=0)
    places = np.arange(len(median))
    median[~here] = median[np.flatnonzero(here)[np.abs(places[~here, None] - places[here]).argmin(axis=1)]]
    return median


def _alike(beats: Float32) -> NDArray[np.bool_]:
    """Mark the largest group of beats (beats, samples) of one shape: those that correlate with the most typical one."""
    usable = np.asarray(np.isfinite(beats).all(axis=-1))
    if not usable.any():
        return usable
    centred = np.nan_to_num(beats - beats.mean(axis=1, keepdims=True))
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.maximum(norm, 1e-6)
    same = np.asarray((unit @ unit.T > SAME_SHAPE) & np.outer(usable, usable))
    return np.asarray(same[same.sum(axis=1).argmax()], dtype=np.bool_)
