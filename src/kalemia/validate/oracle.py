"""NeuroKit2, where it is installed: its simulator, and its delineation against our measures."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from kalemia.errors import BeatError
from kalemia.records import Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import measure
from kalemia.validate.spread import spread
from kalemia.validate.table import Numbers, Table, row

ABSENT = "neurokit2 is not installed"
DIFFERENCES = ("T amplitude, mV", "QRS duration, ms", "QT, ms")
LEAD = "II"


def installed() -> bool:
    """Tell whether NeuroKit2 can be imported."""
    return find_spec("neurokit2") is not None


def _neurokit2() -> Any:
    return import_module("neurokit2")


def tabulate(count: int, seed: int, workers: int = 1, progress: Callable[[int], None] = lambda _: None) -> Table:
    """Measure ECGs of NeuroKit2's simulator (McSharry's equations), at 50 to 100 a minute; progress after each."""
    rates = np.random.default_rng(seed).uniform(50, 100, count)
    rows = []
    for found in spread(_row, range(seed, seed + count), rates, workers=workers):
        rows.append(found)
        progress(1)
    return Table(np.array(rows))


def _row(seed: int, rate_bpm: float) -> Numbers:
    return row(simulate(seed, round(rate_bpm)))


def simulate(seed: int, rate_bpm: int) -> Recording:
    """Return an ECG of NeuroKit2's simulator: 12 leads, 10 s at 500 Hz."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = _neurokit2().ecg_simulate(
            duration=10, sampling_rate=500, method="multileads", heart_rate=rate_bpm, random_state=seed
        )
    return Recording(made.to_numpy().T, 500.0, tuple(made.columns), source="neurokit2")


def differences(recordings: Iterable[Recording]) -> Numbers:
    """Return ours less NeuroKit2's (dwt) in lead II, (n, 3) as in `DIFFERENCES`; NaN where either finds nothing."""
    return np.array([_difference(recording) for recording in recordings]).reshape(-1, len(DIFFERENCES))


def _difference(recording: Recording) -> list[float]:
    nothing = [np.nan] * len(DIFFERENCES)
    try:
        beat = cut(recording, (LEAD,))
    except BeatError:
        return nothing
    own = measure(beat).get(LEAD)
    if own is None:
        return nothing
    signal = recording.lead(LEAD).astype(float)
    peaks = np.round(beat.r_peaks_s * recording.rate).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, found = _neurokit2().ecg_delineate(signal, peaks, sampling_rate=round(recording.rate), method="dwt")
        onset, offset, t_peak, t_end = (
            np.asarray(found[f"ECG_{name}"], dtype=float) for name in ("R_Onsets", "R_Offsets", "T_Peaks", "T_Offsets")
        )
        ms = 1000 / recording.rate
        theirs = (
            np.nanmedian(_at(signal, t_peak) - _at(signal, onset)),
            np.nanmedian(offset - onset) * ms,
            np.nanmedian(t_end - onset) * ms,
        )
    return [own.t_mv - theirs[0], own.qrs_ms - theirs[1], own.qt_ms - theirs[2]]


def _at(signal: Numbers, places: Numbers) -> Numbers:
    """Return the samples at places, NaN where a place is NaN."""
    return np.where(np.isfinite(places), signal[np.nan_to_num(places).astype(int)], np.nan)
