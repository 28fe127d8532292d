"""The heart rate of the traced rows: a page without one is no ECG, or was read wrongly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.leads import RATE, Lead, Reading

Reals = NDArray[np.float64]

RATES_BPM = 20.0, 300.0


def rate_bpm(reading: Reading) -> float | None:
    """Return beats a minute from the R peaks of a rhythm strip, else of the first rows; None where none are seen."""
    rows: dict[int, list[Lead]] = {}
    for lead in reading.leads.values():
        rows.setdefault(lead.row, []).append(lead)
    for traced in ([*reading.strips.values()][:1], *rows.values()):
        found = _rate(traced) if traced else None
        if found is not None:
            return found
    return None


def _rate(traced: Iterable[Lead]) -> float | None:
    from sleepecg.heartbeats import detect_heartbeats

    stacked = np.stack([lead.signal for lead in traced])
    known = np.isfinite(stacked)
    joined = np.where(known, stacked, 0).sum(axis=0)[known.any(axis=0)]
    if len(joined) < 2 * RATE or float(np.ptp(joined)) <= 0:
        return None
    peaks = detect_heartbeats(joined.astype(np.float64), RATE)
    if len(peaks) < 3:
        return None
    rate = 60 * RATE / float(np.median(np.diff(peaks)))
    return rate if RATES_BPM[0] <= rate <= RATES_BPM[1] else None
