"""Leads held against each other: electrodes that were exchanged, leads of the wrong sign or gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.records import Recording
from kalemia.signal.peaks import FLAT_MV

NEIGHBOURS = {"V4": ("V3", "V5"), "V5": ("V4", "V6"), "V6": ("V5", "V4")}
"""Chest leads that lie so close together that their slopes go the same way in every heart."""
COMPARED = ("I", "V3", "V4", "V5", "V6")
OPPOSED = -0.4
"""Correlation of slopes with both neighbours from which a chest lead is upside down; 724 real: -0.32 or more."""
EXCHANGED = -0.6
"""Correlation of the slopes of leads I and V6 from which the arms may be exchanged; so in 6 of 724 real ECGs."""
UPSIDE_DOWN = -1.0
"""How far I, II, V5 and V6 point, summed, less aVR, below which an ECG looks upside down; so in 11 of 724 real ones."""
OVERSIZED = 4.0
"""How many times larger than its larger neighbour a chest lead may be; three real V5 of 724 exceed it."""
WINDOW_HZ = 200.0

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Electrodes:
    """What leads say of each other.

    Attributes
    ----------
    opposed
        By chest lead that runs against its neighbours: their names.
    warnings
        Sentences for the estimate.
    """

    opposed: Mapping[str, str]
    warnings: tuple[str, ...]


def examined(recording: Recording, leads: Sequence[str]) -> Electrodes:
    """Hold some leads of a recording against the others."""
    moves, spans_mv = slopes(recording), spans(recording)
    warnings = []
    if {"I", "V6"} <= moves.keys() and "I" in leads and correlation(moves["I"], moves["V6"]) < EXCHANGED:
        warnings.append("Lead I runs against V6: the arm electrodes may be exchanged.")
    if upside_down(recording):
        warnings.append("I, II, V5 and V6 point down and aVR up: the ECG may be stored upside down.")
    warnings += [
        f"{lead} is {times:.0f} times as large as the leads beside it: its gain may be wrong."
        for lead in leads
        if (times := oversized(spans_mv, lead))
    ]
    against = {lead: opposed(moves, lead) for lead in leads}
    return Electrodes({lead: names for lead, names in against.items() if names}, tuple(warnings))


def opposed(moves: Mapping[str, Float32], lead: str) -> str | None:
    """Name the neighbours of a chest lead that it runs against, by the slopes of leads, or None."""
    beside = [name for name in NEIGHBOURS.get(lead, ()) if name in moves]
    if not beside or any(correlation(moves[lead], moves[name]) > OPPOSED for name in beside):
        return None
    return " and ".join(beside)


def slopes(recording: Recording) -> dict[str, Float32]:
    """Return the slopes (over 12 ms) of the leads that are compared; zero where one was not recorded."""
    names, signal = _compared(recording)
    lag = max(1, round(0.012 * recording.rate))
    with np.errstate(invalid="ignore"):
        moves = signal[:, lag:] - signal[:, :-lag]
    known = np.isfinite(moves)
    return dict(zip(names, moves if known.all() else np.where(known, moves, np.float32(0)), strict=True))


def spans(recording: Recording) -> dict[str, float]:
    """Return how far each of the leads that are compared typically reaches, mV."""
    names, signal = _compared(recording)
    return dict(zip(names, body.spans(signal, recording.rate).tolist(), strict=True))


def _compared(recording: Recording) -> tuple[list[str], Float32]:
    names = [name for name in COMPARED if name in recording.leads]
    return names, recording.signal[[recording.leads.index(name) for name in names]]


def correlation(a: Float32, b: Float32) -> float:
    """Return the correlation of two leads' slopes (samples,); 0 where one of them does not move."""
    return float(a @ b / (np.sqrt((a @ a) * (b @ b)) + 1e-12))


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


def oversized(spans_mv: Mapping[str, float], lead: str) -> float | None:
    """Return how many times larger a chest lead is than both its neighbours, or None where that is ordinary."""
    beside = [spans_mv[name] for name in NEIGHBOURS.get(lead, ()) if name in spans_mv]
    largest = max(beside, default=0.0)
    return spans_mv[lead] / largest if largest > FLAT_MV and spans_mv[lead] > OVERSIZED * largest else None


def _windows(recording: Recording, leads: Sequence[str]) -> Float32:
    """Return windows that hold a beat, (leads, windows, samples); what was not recorded counts as zero."""
    step = max(1, int(recording.rate // WINDOW_HZ))  # enough to see how far a deflection reaches
    samples = recording.signal[[recording.leads.index(name) for name in leads], ::step]
    length = max(1, min(round(body.WINDOW_S * recording.rate / step), samples.shape[1]))
    whole = samples[:, : samples.shape[1] // length * length].reshape(len(leads), -1, length)
    missing = ~np.isfinite(whole)
    return np.where(missing, np.float32(0), whole) if missing.any() else whole
