"""R peaks, found once for all leads of a recording, because twelve detections disagree.

They are sought in one signal combined from the leads that are there; where that is a printed page, which shows a lead
for a few seconds only, stretch by stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from kalemia.records import R_SAMPLE
from kalemia.signal.condition import RATE, condition
from kalemia.signal.ectopy import ectopic
from kalemia.signal.overlooked import lasting, overlooked
from kalemia.signal.quick import each, gradient, median, near

DETECTION_LEADS = ("I", "II", "V5", "V6", "V4", "aVF", "III", "V3", "aVL", "V2", "aVR", "V1")
"""Leads in the order in which they are taken, three where they last, to find the peaks in: upright R, quiet T."""
FLAT_MV, LOUD_MV = 0.05, 20.0
"""A lead that spans less is flat, one that spans more is no heart's."""
COLUMN = 0.2
"""The least share of a recording that a lead of use lasts: on a page of four columns it has a quarter."""
MOST_STRETCHES = 40
"""More changes of which leads were recorded are drop-outs, not columns of a page."""
LEAST_S = 2.0
SNAP_REACH = 18
"""Samples (60 ms) to either side of a steepest point in which its peak lies."""
STEEP_SHARE = 0.25
"""Share of a typical QRS complex's steepness that every beat has."""
PAIR_SAMPLES, PAIR_RATIO, PAIR_SPREAD, PAIR_SHARE = 126, 1.2, 7, 0.3
"""R and T lie 420 ms apart at most, always equally within 23 ms, the next R a fifth farther; 3 peaks in 10 do so."""
NARROW, SOON_OVER, ABRUPT = 21, 30, 0.3
"""Samples in which a narrow complex is steep (70 ms), and an ectopic one, but no T wave (100 ms), and the share of the
narrow one's abruptness, which is steepness by these samples, that it has."""

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Detection:
    """Conditioned leads, and where the R peaks are in them."""

    signal: Float32  # (leads, samples) at 300 Hz, mV
    combined: Float64  # (samples,) what the peaks were found in, without unit
    peaks: Index  # (beats,) samples
    ectopic: Index = field(default_factory=lambda: np.empty(0, np.intp))  # those of the peaks that are ectopic

    @cached_property
    def sinus(self) -> Index:
        """The peaks that are not ectopic."""
        return self.peaks[~np.isin(self.peaks, self.ectopic)] if len(self.ectopic) else self.peaks

    @cached_property
    def rr(self) -> float:
        """The median RR interval, samples; with ectopic beats that of all beats from one sinus beat to the next.

        After an ectopic beat the sinus node comes at its own time: what lies between two sinus beats, shared by the
        beats in it, is the sinus node's interval, which a median of short and long ones is not.
        """
        if not len(self.ectopic) or len(self.sinus) < 2:
            return float(median(np.diff(self.peaks)))
        beats = np.diff(np.searchsorted(self.peaks, self.sinus))
        return float(median(np.repeat(np.diff(self.sinus) / beats, beats)))


def find(
    raw: Float32, rate: float, names: Sequence[str], leads: Sequence[str], beside: Sequence[str] = ()
) -> Detection:
    """Condition some leads of a recording, and find the R peaks in those of all its leads that show them best.

    Parameters
    ----------
    raw
        (names, samples) mV.
    rate
        Samples per second, Hz.
    names
        The lead of every row.
    leads
        The leads to be conditioned, in this order.
    beside
        Further ones, which follow them and do not change the last digit of anything.
    """
    finders = detection_leads(names, raw)
    first = dict.fromkeys((*leads, *finders))
    asked = list(dict.fromkeys((*first, *beside)))
    filtered = condition(raw[[names.index(name) for name in asked]], rate, len(first))
    conditioned = dict(zip(asked, filtered, strict=True))
    shown = np.stack([conditioned[name] for name in finders])
    combined = combine(shown)
    signal = np.stack([conditioned[name] for name in (*leads, *beside)])
    borders = stretches(shown)
    found = detect(combined, borders)
    steep = overlooked(shown, found, borders)
    if len(steep):
        more = _largest(np.abs(combined), steep, SNAP_REACH)
        found = _dropped(np.abs(gradient(combined)), np.unique(np.append(found, more)))
    return Detection(signal, combined, found, found[ectopic(shown, found)])


def detection_leads(names: Sequence[str], raw: Float32) -> list[str]:
    """Return the leads to find the peaks in, of those (names, samples) in mV that a recording has."""
    ranked = sorted(names, key=lambda name: DETECTION_LEADS.index(name) if name in DETECTION_LEADS else 99)
    looked = (name for name in ranked if plausible(raw[names.index(name)]))
    if np.isfinite(raw).all():
        return list(islice(looked, 3)) or ranked[:3]
    usable = sorted(looked, key=lambda name: bool(np.isnan(raw[names.index(name)]).mean() > 0.5))  # what lasts is first
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


def plausible(samples: Float32) -> bool:
    """Tell whether one lead (samples,) in mV moves at all, no more than a heart can, and lasts."""
    recorded = np.isfinite(samples)
    present = samples if recorded.all() else samples[recorded]
    return len(present) > COLUMN * len(samples) and bool(FLAT_MV < np.ptp(present) < LOUD_MV)


def combine(conditioned: Float32) -> Float64:
    """Combine conditioned leads (leads, samples) into the one signal (samples,) whose steepest parts are largest.

    Where the leads were not recorded together, as in the columns of a printed page, each stretch of time is combined
    by itself, so that its largest deflection is one and upright: what is known of one lead says nothing of another.
    """
    known = np.isfinite(conditioned)
    borders = stretches(conditioned)
    if len(borders) == 2:
        return _principal(conditioned if known.all() else np.where(known, conditioned, np.float32(0)))
    combined = np.zeros(conditioned.shape[1])
    for start, stop in pairwise(borders):
        if known[:, start].any() and stop - start > R_SAMPLE:
            part = _principal(conditioned[known[:, start], start:stop])
            combined[start:stop] = part / (part[np.abs(part).argmax()] or 1.0)
    return combined


def stretches(conditioned: Float32) -> list[int]:
    """Return the samples between which the same leads were recorded, from 0 to the end."""
    known = np.isfinite(conditioned)
    if known.all():
        return [0, known.shape[1]]
    changes = np.flatnonzero((known[:, 1:] != known[:, :-1]).any(axis=0)) + 1
    return [0, *(changes if len(changes) <= MOST_STRETCHES else ()), known.shape[1]]


def _principal(leads: Float32) -> Float64:
    """Return the first principal component of the slopes, as a signal (samples,).

    Each lead is measured against its own median slope so that a noisy one counts little. A sum would cancel leads of
    opposite sign; the signal's own component would follow a tall T wave.
    """
    signal = leads.astype(np.float64)
    slopes = signal[:, 6:] - signal[:, :-6]
    noise = median(np.abs(slopes[:, ::5]))[:, None] + 0.01  # every fifth says as much, faster
    slopes /= noise
    _, vectors = np.linalg.eigh(slopes @ slopes.T)
    combined: Float64 = vectors[:, -1] @ (signal / noise)
    return combined


def detect(combined: Float64, borders: Sequence[int] = ()) -> Index:
    """Find the R peaks of a combined signal at 300 Hz, put together at `borders`; return their samples."""
    from sleepecg.heartbeats import detect_heartbeats

    moving = np.flatnonzero(combined[1:] != combined[:-1])
    # The detector begins where the signal does, and fails where hardly any is left; two beats take a second at least.
    if len(combined) < LEAST_S * RATE or not len(moving) or len(combined) - moving[0] < RATE:
        return np.empty(0, dtype=np.intp)
    answered = np.asarray(detect_heartbeats(combined, float(RATE)), dtype=np.intp)
    # The detector answers up to 150 ms early; the steepest part there is the complex, its largest deflection is R.
    slope = np.abs(gradient(combined))
    steep = _largest(slope, answered, 45)
    peaks, first = np.unique(_largest(np.abs(combined), steep, SNAP_REACH), return_index=True)
    # In a slow heart it looks ever harder while it finds nothing, and takes P and T waves for beats.
    steepness = slope[steep[first]]
    if not len(peaks):
        return peaks
    typical = np.sort(steepness)[int(0.8 * len(steepness))]
    peaks = peaks[steepness >= STEEP_SHARE * typical]
    if len(borders) > 2:
        parts = np.split(peaks, np.searchsorted(peaks, borders[1:-1]))
        peaks = np.concatenate([_dropped(slope, part) for part in parts])
    return _dropped(slope, peaks)


def _dropped(slope: Float64, peaks: Index) -> Index:
    """Drop T waves, but no ectopic beats: beside a narrow complex what is steep and soon over is no T wave."""
    found = _without_t_waves(peaks)
    if len(found) == len(peaks):
        return peaks
    kept, lost = (_largest(slope, at, 20) for at in (found, np.setdiff1d(peaks, found)))
    of_kept, of_lost = lasting(slope, kept), lasting(slope, lost)
    abrupt = np.median(slope[lost] / of_lost) > ABRUPT * np.median(slope[kept] / of_kept)
    return peaks if abrupt and np.median(of_kept) <= NARROW and np.median(of_lost) <= SOON_OVER else found


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


def _largest(values: Float64, at: Index, reach: int) -> Index:
    """Return for each sample the one within `reach` of it where the values are largest."""
    around = near(at, reach, reach, len(values))
    return each(around, values[around].argmax(axis=1))
