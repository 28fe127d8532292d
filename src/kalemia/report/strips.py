"""Where each stretch of an ECG stands on millimetre paper; lengths in this file are mm on that paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.records import LEADS, Recording
from kalemia.report.curve import Values
from kalemia.signal.condition import BASELINE_PASSES

MM_PER_S = 25.0
ROW_S = 10.0
COLUMN_S = 2.5
COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
RHYTHM = "II"

MAX_ROWS = 24
WRAPPED_ROWS = 6
"""Long recordings of few leads are continued on this many rows altogether."""


@dataclass(frozen=True)
class Strip:
    """A stretch of one lead in its place: `left` from the first sample of the row."""

    lead: str
    start_s: float
    length_s: float
    left: float = 0.0
    label: str = ""


def layout(recording: Recording) -> list[list[Strip]]:
    """Return the rows of the paper, each a list of strips."""
    if set(LEADS) <= set(recording.leads):
        others = [lead for lead in recording.leads if lead not in LEADS]
        return (_twelve(recording) + [[_whole(recording, lead, 0.0)] for lead in others])[:MAX_ROWS]
    wraps = max(1, WRAPPED_ROWS // len(recording.leads))
    starts = [k * ROW_S for k in range(wraps) if k == 0 or k * ROW_S < recording.duration_s]
    return [[_whole(recording, lead, start)] for start in starts for lead in recording.leads][:MAX_ROWS]


def _twelve(recording: Recording) -> list[list[Strip]]:
    rows = [[_column(recording, lead, k) for k, lead in enumerate(leads)] for leads in zip(*COLUMNS, strict=True)]
    return [*rows, [_whole(recording, RHYTHM, 0.0)]]


def _whole(recording: Recording, lead: str, start_s: float) -> Strip:
    length = min(ROW_S, max(recording.duration_s - start_s, 0.0))
    wrapped = recording.duration_s > ROW_S and start_s > 0
    return Strip(lead, start_s, length, label=f"{lead}, from {start_s:g} s" if wrapped else lead)


def _column(recording: Recording, lead: str, column: int) -> Strip:
    """Return the strip of one of four columns: its own 2.5 s, or where a page was digitized, what there is."""
    start = min(column * COLUMN_S, max(recording.duration_s - COLUMN_S, 0.0))
    if not np.isfinite(samples(recording.lead(lead), recording.rate, start, COLUMN_S)).any():
        recorded = np.flatnonzero(np.isfinite(samples(recording.lead(lead), recording.rate, 0.0, ROW_S)))
        start = float(recorded[0] / recording.rate) if recorded.size else start
    length = min(COLUMN_S, recording.duration_s)
    return Strip(lead, start, length, left=column * COLUMN_S * MM_PER_S, label=lead)


def samples(values: NDArray[Any], rate: float, start_s: float, length_s: float) -> Values:
    """Return a stretch of a lead in mV, at least a sample; NaN where nothing was recorded."""
    first = round(start_s * rate)
    cut = values[first : first + max(1, round(length_s * rate))].astype(float)
    cut[~np.isfinite(cut)] = np.nan
    return cut


def straightened(values: Values, rate: float) -> Values:
    """Return a lead in mV without the drift of its baseline: three moving averages of a second in a row, as for beats.

    Ends are continued by their mirror image, gaps are bridged meanwhile.
    """
    from scipy.ndimage import uniform_filter1d

    known = np.isfinite(values)
    if not known.any():
        return values
    places = np.arange(values.size)
    drift = np.interp(places, places[known], values[known])
    for _ in range(BASELINE_PASSES):
        drift = uniform_filter1d(drift, max(1, round(rate)), mode="reflect")
    return values - drift
