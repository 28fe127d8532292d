"""NeuroKit2, where it is installed: its simulator, and its delineation against our measures."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.records import Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import measure
from kalemia.system.workers import mapped
from kalemia.validate.answers import median
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.table import Numbers, Table, row

ABSENT = "neurokit2 is not installed"
DIFFERENCES = (("T amplitude", "mV", 2), ("QRS duration", "ms", 0), ("QT", "ms", 0))
"""What is measured by both: its name, unit and decimals."""
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
    for measures in mapped(_row, list(zip(range(seed, seed + count), rates, strict=True)), workers):
        rows.append(measures)
        progress(1)
    return Table(np.array(rows))


def _row(patient: tuple[int, float]) -> Numbers:
    """Measure the patient of a seed and a heart rate."""
    seed, rate_bpm = patient
    return row(simulate(seed, round(rate_bpm)))


def simulate(seed: int, rate_bpm: int) -> Recording:
    """Return an ECG of NeuroKit2's simulator: 12 leads, 10 s at 500 Hz."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = _neurokit2().ecg_simulate(
            duration=10, sampling_rate=500, method="multileads", heart_rate=rate_bpm, random_state=seed
        )
    return Recording(made.to_numpy().T, 500.0, tuple(made.columns), source="neurokit2")


def second_opinion(recordings: Iterable[Recording]) -> list[Outcome]:
    """Return by how much our measures and NeuroKit2's differ, a row a measure; without NeuroKit2 they say so."""
    criteria = [
        Criterion(f"O{letter}", f"{name} in II, ours less NeuroKit2's", unit, "0", "ecg_delineate, dwt", digits=digits)
        for letter, (name, unit, digits) in zip("abc", DIFFERENCES, strict=True)
    ]
    if not installed():
        return [Outcome(criterion, Measurement(np.nan), ABSENT) for criterion in criteria]
    columns = differences(recordings).T
    return [
        criterion.check(Measurement(median(column), f"median of {np.isfinite(column).sum()}"))
        for criterion, column in zip(criteria, columns, strict=True)
    ]


def differences(recordings: Iterable[Recording]) -> Numbers:
    """Return ours less NeuroKit2's (dwt) in lead II, (n, 3) as in `DIFFERENCES`; NaN where either finds nothing."""
    return np.array([_difference(recording) for recording in recordings]).reshape(-1, len(DIFFERENCES))


def _difference(recording: Recording) -> Numbers:
    try:
        beat = cut(recording, (LEAD,))
    except BeatError:
        return np.full(len(DIFFERENCES), np.nan)
    own = measure(beat).get(LEAD)
    if own is None:
        return np.full(len(DIFFERENCES), np.nan)
    peaks = np.round(beat.r_peaks_s * recording.rate).astype(int)
    theirs = _delineated(recording.lead(LEAD).astype(float), peaks, recording.rate)
    return np.array([own.t_mv, own.qrs_ms, own.qt_ms]) - theirs


def _delineated(signal: Numbers, peaks: NDArray[np.int_], rate: float) -> Numbers:
    """Return what NeuroKit2 measures in a lead, medians over its beats, as in `DIFFERENCES`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, places = _neurokit2().ecg_delineate(signal, peaks, sampling_rate=round(rate), method="dwt")
        names = ("R_Onsets", "R_Offsets", "T_Peaks", "T_Offsets")
        onset, offset, t_peak, t_end = (np.asarray(places[f"ECG_{name}"], dtype=float) for name in names)
        ms = 1000 / rate
        height = np.nanmedian(_at(signal, t_peak) - _at(signal, onset))
        return np.array([height, np.nanmedian(offset - onset) * ms, np.nanmedian(t_end - onset) * ms])


def _at(signal: Numbers, places: Numbers) -> Numbers:
    """Return the samples at places, NaN where a place is NaN."""
    return np.where(np.isfinite(places), signal[np.nan_to_num(places).astype(int)], np.nan)
