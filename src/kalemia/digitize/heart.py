"""The heart rate of the traced rows: a page without one is no ECG, or was read wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from kalemia.digitize.row import RATE, Lead

Reals = NDArray[np.float64]

RATES_BPM = 20.0, 300.0
TOGETHER_S, NEAR_S = 0.1, 0.2
"""A beat is seen in all rows within the first, and in a strip, beside which rows may be shifted, within the second."""
BORDER_S = 0.15
"""What is seen so near to a lead's end may be a separator, a label or the step to the next lead."""
SEEN_BY = 1 / 3
"""The share of rows, and two at least, that must show a beat: artefacts are mistaken row by row."""
STEEP_S, MIN_STEEP = 0.07, 0.4
"""A beat of a strip is at least so steep, beside the usual one, within so many seconds, or is seen in a row too."""
USUAL = 0.65, 1.6
"""Intervals outside this range of the median one hold a false beat, or miss one."""


def rate_bpm(leads: Mapping[str, Lead], strips: Mapping[str, Lead]) -> float | None:
    """Return mean beats a minute; None where none are seen.

    A rhythm strip is asked first, for columns do not always follow each other without a pause; then the rows, whose
    beats count where several show them at the same time.
    """
    rows: dict[int, list[Lead]] = {}
    for lead in leads.values():
        rows.setdefault(lead.row, []).append(lead)
    seen = [_beats(_joined(row), _borders(row)) for row in rows.values()]
    for strip in strips.values():
        rate = _rate(_of_strip(_joined([strip]), np.concatenate(seen)))
        if rate is not None:
            return rate
    return _rate(_shared(seen))


def _rate(beats: Reals) -> float | None:
    if len(beats) < 3:
        return None
    intervals = np.diff(beats)
    usual = intervals / np.median(intervals)
    rate = 60 / float(intervals[(usual > USUAL[0]) & (usual < USUAL[1])].mean())
    return rate if RATES_BPM[0] <= rate <= RATES_BPM[1] else None


def _joined(traced: Sequence[Lead]) -> Reals:
    """Return the leads of a row as one signal on the page's time, mV, zero where nothing is printed."""
    joined: Reals = np.nan_to_num(np.stack([lead.signal for lead in traced])).sum(axis=0)
    return joined


def _borders(traced: Sequence[Lead]) -> Reals:
    """Return when the leads of a row begin and end, seconds; its own beginning and end are no borders."""
    known = [np.isfinite(lead.signal).astype(np.int8) for lead in traced]
    ends = np.concatenate([np.flatnonzero(np.diff(seen, prepend=0, append=0)) for seen in known]) / RATE
    return ends[(ends > ends.min()) & (ends < ends.max())] if len(traced) > 1 and ends.size else np.zeros(0)


def _beats(signal: Reals, borders: Reals) -> Reals:
    """Return when beats are seen, seconds, away from borders."""
    from sleepecg.heartbeats import detect_heartbeats

    if np.count_nonzero(signal) < 2 * RATE:
        return np.zeros(0)
    beats: Reals = detect_heartbeats(signal, RATE).astype(np.float64) / RATE
    return beats[_apart(beats, borders) > BORDER_S]


def _of_strip(signal: Reals, rows: Reals) -> Reals:
    """Return when a strip shows beats, seconds, that are steep or that the rows show, too."""
    beats = _beats(signal, np.zeros(0))
    if not beats.size:
        return beats
    at = np.round(beats * RATE).astype(np.intp)
    slopes = maximum_filter1d(np.abs(np.gradient(signal)), round(2 * STEEP_S * RATE))[at]
    kept: Reals = beats[(slopes > MIN_STEEP * np.median(slopes)) | (_apart(beats, rows) < NEAR_S)]
    return kept


def _apart(times: Reals, others: Reals) -> Reals:
    """Return how far each time is from the nearest of the others; infinite where there is none."""
    apart: Reals = np.abs(times[:, None] - others).min(axis=1, initial=np.inf)
    return apart


def _shared(rows: Sequence[Reals]) -> Reals:
    """Return the times, seconds, at which enough rows show a beat."""
    times = np.concatenate(rows)
    row = np.repeat(np.arange(len(rows)), [len(beats) for beats in rows])
    order = np.argsort(times)
    times, row = times[order], row[order]
    need = min(len(rows), max(2, round(SEEN_BY * len(rows))))
    found, k = [], 0
    while k < len(times):
        end = int(np.searchsorted(times, times[k] + TOGETHER_S))
        if len(set(row[k:end].tolist())) >= need:
            found.append(float(np.median(times[k:end])))
            k = end
        else:
            k += 1
    return np.array(found)
