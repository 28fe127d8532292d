"""The quality gate: says of each lead whether it may be used, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.records import Recording

MIN_BEATS = 2
MIN_SHARE = 0.4
MIN_SCORE = 0.7
FLAT_MV = 0.05
LOUD_MV = 20.0
CLIPPED_SHARE = 0.004
MIN_PLATEAUS = 3
SHORT = "short"
"""How the problem of a lead begins that is only too short, as a slow heart's are on a page of columns of 2.5 s."""
COLUMN = 0.2
"""The least share of a recording that a lead of use lasts: on a page of four columns it has a quarter."""
FAR_LIMIT = 0.25
"""How far from the median, in spans of the lead, a limit lies that is a recorder's and not the rest between beats."""
SPIKE_MV = 0.25
SPIKE_LEAD_S = (0.045, 0.25)
"""How long before R a pacemaker's spike comes; nearer to it, steep leads of the complex itself look alike."""
RATES_BPM = (35, 170)
MIN_QRS_SHARE = 0.45
"""Of the power of a beat's slope, how much lies within 60 ms of R at least."""
MOST_SLOPE_RATIO = 100.0
"""How much steeper than everything after it a QRS complex may be."""

Float32 = NDArray[np.float32]


def plausible(samples: Float32) -> bool:
    """Tell whether one lead (samples,) in mV moves at all, no more than a heart can, and lasts."""
    present = samples[np.isfinite(samples)]
    return len(present) > COLUMN * len(samples) and bool(FLAT_MV < np.ptp(present) < LOUD_MV)


NEIGHBOURS = {"V4": ("V3", "V5"), "V5": ("V4", "V6"), "V6": ("V5", "V4")}
"""Chest leads that lie so close together that their slopes go the same way in every heart."""
OPPOSED = -0.4
"""Correlation of slopes with both neighbours from which a chest lead is upside down; 724 real: -0.32 or more."""


def opposed(recording: Recording, lead: str) -> str | None:
    """Name the neighbours of a chest lead that it runs against, or None."""
    beside = [name for name in NEIGHBOURS.get(lead, ()) if name in recording.leads]
    if not beside or any(slope_correlation(recording, lead, name) > OPPOSED for name in beside):
        return None
    return " and ".join(beside)


def slope_correlation(recording: Recording, one: str, other: str) -> float:
    """Return the correlation of the slopes (over 12 ms) of two leads; 0 where one of them does not move."""
    lag = max(1, round(0.012 * recording.rate))
    with np.errstate(invalid="ignore"):
        slopes = [x[lag:] - x[:-lag] for x in (recording.lead(one), recording.lead(other))]
    a, b = (np.where(np.isfinite(x), x, np.float32(0)) for x in slopes)
    return float(a @ b / (np.sqrt((a @ a) * (b @ b)) + 1e-12))


UPSIDE_DOWN = -1.0
"""How far I, II, V5 and V6 point, summed, less aVR, below which an ECG looks upside down; so in 11 of 724 real ones."""
OVERSIZED = 4.0
"""How many times larger than its larger neighbour a chest lead may be; three real V5 of 724 exceed it."""
WINDOW_HZ = 200.0


def upside_down(recording: Recording) -> bool:
    """Tell whether I, II, V5 and V6 point down and aVR up: stored with the wrong sign, or a rare axis."""
    leads = ("I", "II", "V5", "V6", "aVR")
    if not set(leads) <= set(recording.leads):
        return False
    windows = _windows(recording, leads)
    top, foot = np.maximum.reduce(windows, axis=2), np.minimum.reduce(windows, axis=2)
    # -1 for a lead all of whose deflections point down, 1 for up, 0 where it does not move
    middle = np.add.reduce(windows, axis=2) / windows.shape[2]
    points = np.sum(top + foot - 2 * middle, axis=1) / (np.sum(top - foot, axis=1) + 1e-9)
    return bool(points[:4].sum() - points[4] < UPSIDE_DOWN)


def oversized(recording: Recording, lead: str) -> float | None:
    """Return how many times larger a chest lead is than both its neighbours, or None where that is ordinary."""
    beside = [name for name in NEIGHBOURS.get(lead, ()) if name in recording.leads]
    spans = body.spans(np.stack([recording.lead(name) for name in (lead, *beside)]), recording.rate)
    largest = float(spans[1:].max(initial=0.0))
    return float(spans[0] / largest) if largest > FLAT_MV and spans[0] > OVERSIZED * largest else None


def _windows(recording: Recording, leads: Sequence[str]) -> Float32:
    """Return windows that hold a beat, (leads, windows, samples); what was not recorded counts as zero."""
    step = max(1, int(recording.rate // WINDOW_HZ))  # enough to see how far a deflection reaches
    samples = recording.signal[[recording.leads.index(name) for name in leads], ::step]
    length = max(1, min(round(body.WINDOW_S * recording.rate / step), samples.shape[1]))
    whole = samples[:, : samples.shape[1] // length * length].reshape(len(leads), -1, length)
    missing = ~np.isfinite(whole)
    return np.where(missing, np.float32(0), whole) if missing.any() else whole


def raw_problems(raw: Float32, rate: float) -> list[str | None]:
    """Name what is wrong with each lead (leads, samples) in mV before any filter, or None."""
    return [_raw_problem(samples, rate) for samples in raw]


def _raw_problem(samples: Float32, rate: float) -> str | None:
    present = samples[np.isfinite(samples)]
    if len(present) < 0.5 * len(samples) and len(present) < 2 * rate:
        return f"not recorded for {1 - len(present) / max(1, len(samples)):.0%} of the time"
    span = float(np.ptp(present)) if len(present) else 0.0
    if span < FLAT_MV:
        return f"flat: it spans {1000 * span:.0f} uV"
    stuck = _stuck_share(present, span)
    if stuck > CLIPPED_SHARE:
        return f"clipped: it stays at its limits for {stuck:.1%} of the time"
    return None


def _stuck_share(present: Float32, span: float) -> float:
    """Return the share of time that a lead does not move from a limit that its recorder may have set.

    Beat after beat ends at such a limit; one plateau is an artefact, which the median beat ignores. The floor between
    the beats of a quiet lead, in steps of 5 or 10 uV, is a limit only if it lies far from the median, or if the lead is
    hardly anywhere else.
    """
    still = np.diff(present) == 0
    middle = float(np.median(present))
    stuck = 0.0
    for limit in (float(present.max()), float(present.min())):
        held = still & (np.abs(present[1:] - limit) <= 1e-3 * span)
        plateaus = np.count_nonzero(held[1:-1] & held[:-2] & ~held[2:])
        far = abs(middle - limit) >= FAR_LIMIT * span
        if held.mean() > 0.8 or (far and plateaus >= MIN_PLATEAUS):
            stuck += float(held.mean())
    return stuck


def score(beats: Float32, median: Float32) -> float:
    """Score a lead 0..1: the share of its power that its beats (beats, samples) have in common with their median."""
    scatter = float(np.median(np.abs(beats - median)) * 1.4826)
    signal = float(np.sqrt(np.mean(np.square(median)))) + 1e-6
    return float(np.clip(1.0 - (scatter / signal) ** 2, 0.0, 1.0))


def beat_problem(count: int, found: int, quality: float, gain_mv: float) -> str | None:
    """Say why the beats of a lead must not be used, or None; `found` of them were recorded whole."""
    if found < MIN_BEATS:
        return f"{SHORT}: {found} whole beat{'s' * (found != 1)} recorded, at least {MIN_BEATS} are needed"
    if count < MIN_BEATS:
        return f"too few beats: {count} of {found} look alike, at least {MIN_BEATS} are needed"
    if gain_mv > LOUD_MV:  # of the beat, not of the raw lead, where one artefact may be as large
        return f"loud: its beat is {gain_mv:.0f} mV high, more than {LOUD_MV:.0f} mV is no heart"
    if gain_mv < FLAT_MV:
        return f"flat: its beat is {1000 * gain_mv:.0f} uV high"
    if count < MIN_SHARE * found:
        return f"noisy: only {count} of {found} beats look alike"
    if quality < MIN_SCORE:
        return f"noisy: its beats have a quality of {quality:.2f}, at least {MIN_SCORE} is needed"
    return None


def unlike_a_beat(wave: Float32, rr_s: float) -> str | None:
    """Say why a normalized beat (270,) that passed the gate is still not one that a model can judge, or None.

    It is asked when predicting only: simulated patients are hearts by construction.
    """
    rate_bpm = 60.0 / rr_s
    slowest, fastest = RATES_BPM
    if not slowest <= rate_bpm <= fastest:
        return f"its rate of {rate_bpm:.0f} bpm is outside of the {slowest} to {fastest} bpm that models are trained on"
    slope = np.abs(np.diff(wave))
    heart, qrs = slope[40:225], slope[72:108]
    rest = np.concatenate([slope[40:66], slope[114:225]]).max()
    if np.square(qrs).sum() < MIN_QRS_SHARE * np.square(heart).sum() or qrs.max() < 1.05 * rest:
        return "no QRS complex stands out from its other waves, as in a sine wave or a calibration signal"
    if qrs.max() > MOST_SLOPE_RATIO * rest:
        return "nothing follows its QRS complex, as when only a pacemaker's spikes are recorded"
    return None


def pacing_spikes(raw: Float32, rate: float, peaks_s: NDArray[np.float64]) -> bool:
    """Tell whether most beats are preceded by a pacemaker's spike: a jump that is over within 4 ms."""
    lag = max(1, round(0.004 * rate))
    if rate < 250 or raw.shape[1] < 4 * lag or len(peaks_s) < 3:
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
