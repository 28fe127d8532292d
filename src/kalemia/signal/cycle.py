"""The median cycle of each lead: 270 samples at 300 Hz, R at sample 90, amplitude-normalized, as in the founding study.

A lead snaps the peaks to its own largest deflection, and takes the median over those of its beats that look alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.records import R_SAMPLE, SAMPLES
from kalemia.signal.condition import apart
from kalemia.signal.peaks import SNAP_REACH, Detection
from kalemia.signal.quick import each, gradient, median, median_of

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
Mask = NDArray[np.bool_]


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


def medians(detection: Detection, own: int | None = None) -> list[Cycle]:
    """Return the median cycle of every lead whose beats were found.

    As in the filter, the last digit of the `own` ones, which are first, does not depend on those that follow.
    """
    windows = snap(detection, own)
    first = windows.peaks - R_SAMPLE + windows.signal.shape[1] * np.arange(len(windows.signal))[:, None]
    beats = windows.signal.ravel()[first[:, :, None] + np.arange(SAMPLES)] - windows.level[:, :, None]
    # From the QRS complex to the end of T: P waves and the next beat may come when they like.
    end = min(135.0, 0.6 * detection.rr)
    if len(detection.ectopic):
        before, after = _ectopic_beside(windows.peaks, detection.ectopic)
        places = np.arange(-R_SAMPLE, SAMPLES - R_SAMPLE)
        beats[(places < before[:, :, None] + OWN_AFTER) | (places >= after[:, :, None] - OWN_BEFORE)] = np.nan
        end = min(end, max(float(np.median(after)) - OWN_BEFORE, SHORTEST_HEART))
    return _cycles(beats, slice(R_SAMPLE - 24, R_SAMPLE + int(end)))


def _ectopic_beside(peaks: Index, ectopic: Index) -> tuple[Index, Index]:
    """Return how far the ectopic beats before and after each of the peaks (leads, beats) lie from it, samples."""
    padded = np.concatenate([[-FAR], ectopic, [FAR]])
    follows = np.searchsorted(padded, peaks)
    return padded[follows - 1] - peaks, padded[follows] - peaks


def snap(detection: Detection, own: int | None = None) -> Windows:
    """Move the detected peaks to each lead's own largest deflection, and read the level before the QRS complex."""
    signal, detected = detection.signal, detection.sinus
    whole = (detected >= R_SAMPLE + SNAP_REACH) & (detected < signal.shape[1] - (SAMPLES - R_SAMPLE) - SNAP_REACH)
    detected = detected[whole]
    around = detected[:, None] + np.arange(-R_SAMPLE, 60)
    onset = qrs_onset(median(detection.combined[around], axis=0), R_SAMPLE) if len(detected) else 0
    flat = detected[:, None] + np.arange(onset - 10, onset - 2) - R_SAMPLE
    level = np.concatenate([part[:, flat].mean(axis=2) for part in apart(signal, own)])  # one is added up otherwise
    near = detected[:, None] + np.arange(-SNAP_REACH, SNAP_REACH + 1)
    # A beat that falls into a gap must not decide where the others have their R.
    deflection = signal[:, near] - level[:, :, None]  # (leads, beats, 37)
    whole = np.isfinite(deflection).all(axis=2, keepdims=True)
    typical = median_of(deflection, whole)
    deflection = np.where(whole, deflection, 0.0)
    top = np.abs(typical).argmax(axis=1)
    sign = np.sign(each(typical, top))[:, None]
    far = np.abs(np.arange(near.shape[1]) - top[:, None]) > MOST_MOVED
    height = np.where(far[:, None, :], -np.inf, deflection * sign[:, :, None])
    return Windows(signal, detected + height.argmax(axis=2) - SNAP_REACH, level.astype(np.float32))


def qrs_onset(beat: NDArray[np.floating], r_sample: int) -> int:
    """Return the sample where the QRS complex of a median beat at 300 Hz begins, at most 120 ms before R."""
    slope = np.abs(gradient(beat))
    start = max(0, r_sample - 36)
    steep = slope[start : r_sample + 12]
    quiet = steep < 0.08 * steep.max()
    # The last run of three quiet samples before the steepest one.
    runs = np.flatnonzero(quiet[:-2] & quiet[1:-1] & quiet[2:])
    before = runs[runs + 2 < steep.argmax()]
    return int(start + before[-1] + 3) if len(before) else r_sample - 24


def _cycles(beats: Float32, heart: slice) -> list[Cycle]:
    """Return the median of each lead's beats (leads, beats, 270) in mV, compared in the samples of the heart."""
    hearts = beats[:, :, heart]
    whole = np.asarray(np.isfinite(hearts).all(axis=2))
    alike = _alike(hearts, whole)
    typical = _median(beats, alike)
    gain = np.abs(typical[:, R_SAMPLE - 45 : R_SAMPLE + 60]).max(axis=1)
    waves = typical / np.maximum(gain, 1e-6)[:, None]
    counts = alike.sum(axis=1).tolist(), whole.sum(axis=1).tolist()
    return list(map(Cycle, waves, gain, *counts, scores(hearts, alike, typical[:, heart])))


def scores(beats: Float32, alike: Mask, median: Float32) -> list[float]:
    """Score each lead 0..1: the share of its power that its beats have in common with their median.

    Parameters
    ----------
    beats
        (leads, beats, samples) mV.
    alike
        (leads, beats) those that the median is of; a lead without any scores zero.
    median
        (leads, samples) mV.
    """
    known = np.repeat(alike, beats.shape[2], axis=1)[:, :, None]
    scatter = median_of(np.abs(beats - median[:, None]).reshape(known.shape), known)[:, 0] * np.float32(1.4826)
    power = np.sqrt(np.mean(np.square(median), axis=1))
    return [
        max(1.0 - (apart / (own + 1e-6)) ** 2, 0.0) if count else 0.0
        for apart, own, count in zip(scatter.tolist(), power.tolist(), alike.sum(axis=1).tolist(), strict=True)
    ]


def _median(beats: Float32, alike: Mask) -> Float32:
    """Return the median of those beats (leads, beats, samples) of each lead that are alike; zero where there is none.

    Where none of them was recorded, it is the nearest sample that was.
    """
    known = alike[:, :, None] & np.isfinite(beats)
    found = median_of(beats, known)
    places = np.arange(beats.shape[2])
    there = np.asarray(known.any(axis=1))
    for row, here in zip(found, there, strict=True) if not there.all() else ():
        if here.any():
            row[~here] = row[np.flatnonzero(here)[np.abs(places[~here, None] - places[here]).argmin(axis=1)]]
    return found


def _alike(beats: Float32, whole: Mask) -> Mask:
    """Mark the largest group of one shape among the whole beats (leads, beats) of each lead (leads, beats, samples).

    Those are the beats that correlate with the most typical one.
    """
    if not beats.shape[1]:
        return whole
    centred = beats - beats.mean(axis=2, keepdims=True)
    if not whole.all():
        centred[~whole] = 0
    unit = centred / np.maximum(np.linalg.norm(centred, axis=2, keepdims=True), 1e-6)
    same = (unit @ unit.transpose(0, 2, 1) > SAME_SHAPE) & whole[:, :, None] & whole[:, None, :]
    most = same.sum(axis=2).argmax(axis=1)
    return each(same, most)
