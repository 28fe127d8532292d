"""R peaks, and the one-cycle beat of the founding study: 270 samples at 300 Hz, R at sample 90, amplitude-normalized.

The peaks are detected once, on one signal combined from the leads that are there, because twelve detections disagree.
Each lead then snaps them to its own largest deflection, and takes the median over those of its beats that look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.records import Beat, Recording
from kalemia.signal import quality
from kalemia.signal.condition import RATE, condition

SAMPLES = 270
R_SAMPLE = 90
SNAP_REACH = 18
"""Samples (60 ms) to either side of a detected peak in which a lead may have its own."""
SAME_SHAPE = 0.9
"""Correlation from which two beats of a lead count as the same shape."""
STEEP_SHARE = 0.25
"""Share of a typical QRS complex's steepness that every beat has."""
PAIR_SAMPLES, PAIR_RATIO, PAIR_SPREAD, PAIR_SHARE = 126, 1.2, 7, 0.3
"""R and T lie 420 ms apart at most, always equally within 23 ms, the next R a fifth farther; 3 peaks in 10 do so."""
DETECTION_LEADS = ("I", "II", "V5", "V6", "V4", "aVF", "III", "V3", "aVL", "V2", "aVR", "V1")
"""Leads in the order in which they are taken, three where they last, to find the peaks in: upright R, quiet T."""
MOST_STRETCHES = 40
"""More changes of which leads were recorded are drop-outs, not columns of a page."""
MIN_RATE_HZ, MAX_RATE_HZ = 100.0, 20_000.0
MIN_S = 2.0
MAX_S = 60.0

Float32 = NDArray[np.float32]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Windows:
    """Where the beats of some conditioned leads lie."""

    signal: Float32  # (leads, samples) conditioned, mV
    peaks: Index  # (leads, beats) sample of R
    level: Float32  # (leads, beats) mV of the PR segment


def cut(recording: Recording, leads: Sequence[str] | None = None) -> Beat:
    """Cut the median one-cycle beat.

    Parameters
    ----------
    recording
        100 to 20,000 Hz, at least 2 s and two heartbeats; of a long one the first 60 s are used.
    leads
        The leads wanted, in this order; all of the recording's if None.

    Raises
    ------
    BeatError
        A wanted lead is missing, the rate is out of range, the recording too short, or no two heartbeats are found. A
        lead that is there but cannot be used (flat, clipped, noisy, too few beats) is returned with its problem
        in `Beat.problems`.
    """
    leads = (leads,) if isinstance(leads, str) else tuple(dict.fromkeys(leads or recording.leads))
    if absent := [name for name in leads if name not in recording.leads]:
        raise BeatError(f"lead {', '.join(absent)} is missing; this recording has {', '.join(recording.leads)}")
    if not MIN_RATE_HZ <= recording.rate <= MAX_RATE_HZ:
        raise BeatError(
            f"sampled at {recording.rate:g} Hz; {MIN_RATE_HZ:g} Hz at least are needed to see the QRS complex, "
            f"and {MAX_RATE_HZ:,.0f} Hz at most are taken"
        )
    if not leads:
        raise BeatError("the recording has no leads; at least one is needed")
    if recording.duration_s < MIN_S:
        raise BeatError(f"the recording lasts {recording.duration_s:.1f} s; at least {MIN_S:g} s are needed")
    raw = recording.signal[:, : round(MAX_S * recording.rate)]
    finders = _detection_leads(recording.leads, raw)
    needed = list(dict.fromkeys((*leads, *finders)))
    rows = [recording.leads.index(name) for name in needed]
    conditioned = condition(raw[rows], recording.rate)
    combined = combine(conditioned[[needed.index(name) for name in finders]])
    detected = detect(combined, stretches(conditioned[[needed.index(name) for name in finders]]))
    if len(detected) < 2:
        raise BeatError(f"{len(detected)} heartbeats found; at least two are needed")
    windows = snap(conditioned[: len(leads)], combined, detected)
    problems = quality.raw_problems(raw[rows[: len(leads)]], recording.rate)
    return _median_beat(windows, leads, detected, problems)


def _detection_leads(names: tuple[str, ...], raw: Float32) -> list[str]:
    ranked = sorted(names, key=lambda name: DETECTION_LEADS.index(name) if name in DETECTION_LEADS else 99)
    usable = [name for name in ranked if quality.plausible(raw[names.index(name)])]
    usable.sort(key=lambda name: bool(np.isnan(raw[names.index(name)]).mean() > 0.5))  # what lasts comes first
    chosen = usable[:3]
    seen = np.isfinite(raw[[names.index(name) for name in chosen]]).sum(axis=0)
    if (seen == len(chosen)).all():
        return chosen or ranked[:3]
    # A printed page shows most leads for a few seconds only. There all that stand in a column are asked: one or two
    # may have T waves larger than their R.
    for name in usable[3:]:
        there = np.isfinite(raw[names.index(name)])
        if (there & (seen < 4)).any():
            chosen.append(name)
            seen += there
    return chosen


def combine(conditioned: Float32) -> NDArray[np.float64]:
    """Combine conditioned leads (leads, samples) into the one signal (samples,) whose steepest parts are largest.

    Where the leads were not recorded together, as in the columns of a printed page, each stretch of time is combined
    by itself, so that its largest deflection is one and upright: what is known of one lead says nothing of another.
    """
    known = np.isfinite(conditioned)
    borders = stretches(conditioned)
    if len(borders) == 2:
        return _principal(np.where(known, conditioned, np.float32(0)))
    combined = np.zeros(conditioned.shape[1])
    for start, stop in pairwise(borders):
        if known[:, start].any() and stop - start > R_SAMPLE:
            part = _principal(conditioned[known[:, start], start:stop])
            combined[start:stop] = part / (part[np.abs(part).argmax()] or 1.0)
    return combined


def stretches(conditioned: Float32) -> list[int]:
    """Return the samples between which the same leads were recorded, from 0 to the end."""
    known = np.isfinite(conditioned)
    changes = np.flatnonzero((known[:, 1:] != known[:, :-1]).any(axis=0)) + 1
    return [0, *(changes if len(changes) <= MOST_STRETCHES else ()), known.shape[1]]


def _principal(leads: Float32) -> NDArray[np.float64]:
    """Return the first principal component of the slopes, as a signal (samples,).

    Each lead is measured against its own median slope so that a noisy one counts little. A sum would cancel leads of
    opposite sign; the signal's own component would follow a tall T wave.
    """
    signal = leads.astype(np.float64)
    slopes = signal[:, 6:] - signal[:, :-6]
    noise = np.median(np.abs(slopes[:, ::5]), axis=1, keepdims=True) + 0.01  # every fifth says as much, faster
    slopes /= noise
    _, vectors = np.linalg.eigh(slopes @ slopes.T)
    combined: NDArray[np.float64] = vectors[:, -1] @ (signal / noise)
    return combined


def detect(combined: NDArray[np.float64], borders: Sequence[int] = ()) -> Index:
    """Find the R peaks of a combined signal at 300 Hz, put together at `borders`; return their samples."""
    from sleepecg.heartbeats import detect_heartbeats

    moving = np.flatnonzero(np.diff(combined))
    # The detector begins where the signal does, and fails where hardly any is left; two beats take a second at least.
    if len(combined) < MIN_S * RATE or not len(moving) or len(combined) - moving[0] < RATE:
        return np.empty(0, dtype=np.intp)
    found = np.asarray(detect_heartbeats(combined, float(RATE)), dtype=np.intp)
    # The detector answers up to 150 ms early; the steepest part there is the complex, its largest deflection is R.
    slope = np.abs(np.gradient(combined))
    steep = _largest(slope, found, 45)
    peaks, first = np.unique(_largest(np.abs(combined), steep, SNAP_REACH), return_index=True)
    # In a slow heart it looks ever harder while it finds nothing, and takes P and T waves for beats.
    steepness = slope[steep[first]]
    if not len(peaks):
        return peaks
    typical = np.sort(steepness)[int(0.8 * len(steepness))]
    peaks = peaks[steepness >= STEEP_SHARE * typical]
    parts = np.split(peaks, np.searchsorted(peaks, borders[1:-1]))
    return _without_t_waves(np.concatenate([_without_t_waves(part) for part in parts]) if len(parts) > 1 else peaks)


def _without_t_waves(peaks: Index) -> Index:
    """Drop the T waves where they were taken for beats: in hyperkalemia they can be as steep as the QRS complex.

    Then peaks come in pairs, R and T closer together than T and the next R, and always equally close; beats that come
    early are few, or early by different times.
    """
    if len(peaks) < 4:
        return peaks
    gaps = np.diff(peaks)
    paired = np.append((gaps[:-1] < PAIR_SAMPLES) & (gaps[1:] > PAIR_RATIO * gaps[:-1]), False)
    if not paired.any():
        return peaks
    paired &= np.abs(gaps - np.median(gaps[paired])) < PAIR_SPREAD
    return peaks if paired.sum() < PAIR_SHARE * len(peaks) else peaks[~np.append(False, paired)]


def _largest(values: NDArray[np.float64], at: Index, reach: int) -> Index:
    """Return for each sample the one within `reach` of it where the values are largest."""
    near = np.clip(at[:, None] + np.arange(-reach, reach + 1), 0, len(values) - 1)
    return np.asarray(np.take_along_axis(near, values[near].argmax(axis=1)[:, None], axis=1)[:, 0])


def snap(signal: Float32, combined: NDArray[np.float64], detected: Index) -> Windows:
    """Move the detected peaks to each lead's own largest deflection, and read the level before the QRS complex."""
    whole = (detected >= R_SAMPLE + SNAP_REACH) & (detected < signal.shape[1] - (SAMPLES - R_SAMPLE) - SNAP_REACH)
    detected = detected[whole]
    around = detected[:, None] + np.arange(-R_SAMPLE, 60)
    onset = qrs_onset(np.median(combined[around], axis=0), R_SAMPLE) if len(detected) else 0
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
    # Within a lead the peak may move by 17 ms between beats, no more: it is the same deflection.
    far = np.abs(np.arange(near.shape[1]) - top[:, None]) > 5
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


def _median_beat(windows: Windows, leads: tuple[str, ...], detected: Index, problems: list[str | None]) -> Beat:
    index = windows.peaks[:, :, None] + np.arange(-R_SAMPLE, SAMPLES - R_SAMPLE)
    beats = np.take_along_axis(windows.signal[:, None, :], index, axis=2) - windows.level[:, :, None]
    waveform = np.zeros((len(leads), SAMPLES), dtype=np.float32)
    gain = np.zeros(len(leads), dtype=np.float32)
    scores = np.zeros(len(leads), dtype=np.float32)
    counts = []
    rr = float(np.median(np.diff(detected)))
    # From the QRS complex to the end of T: P waves and the next beat may come when they like.
    heart = slice(R_SAMPLE - 24, R_SAMPLE + int(min(135.0, 0.6 * rr)))
    for row, lead_beats in enumerate(beats):
        alike = _alike(lead_beats[:, heart])
        counts.append(int(alike.sum()))
        if counts[-1]:
            median = _median(lead_beats[alike])
            gain[row] = np.abs(median[R_SAMPLE - 45 : R_SAMPLE + 60]).max()
            waveform[row] = median / max(float(gain[row]), 1e-6)
            scores[row] = quality.score(lead_beats[alike][:, heart], median[heart])
        recorded = int(np.isfinite(lead_beats[:, heart]).all(axis=1).sum())
        problems[row] = problems[row] or quality.beat_problem(counts[-1], recorded, float(scores[row]), gain[row])
    return Beat(
        waveform=waveform,
        gain_mv=gain,
        leads=leads,
        rr_s=rr / RATE,
        count=min((c for c, p in zip(counts, problems, strict=True) if p is None), default=0),
        quality=np.where([p is None for p in problems], scores, 0.0).astype(np.float32),
        problems=tuple(problems),
        r_peaks_s=detected / RATE,
    )


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
