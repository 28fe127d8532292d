"""Simulated patients against real ones, and what potassium does to them against the clinic's figures.

    KALEMIA_DATA=... python bench/simulator.py | python bench/fill.py simulator

Real records are PTB-XL's: the odd ones (by name, from 0) were fitted on, the even ones only compare. All is measured
by `kalemia.measure`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import data, headers, table
from kalemia.beat import cut
from kalemia.errors import BeatError
from kalemia.measure import Waves, measure
from kalemia.read import read
from kalemia.records import Recording
from kalemia.simulate import simulate_one

LEADS = ("I", "II", "V2", "V4", "V5")
FEATURES = {
    "heart rate, bpm": ("II", "rate"),
    "PR, ms": ("II", "pr_ms"),
    "QRS, ms": ("II", "qrs_ms"),
    "QTc (Fridericia), ms": ("II", "qtc_ms"),
    "P in II, mV": ("II", "p_mv"),
    "R in I, mV": ("I", "r_mv"),
    "T in I, mV": ("I", "t_mv"),
    "R in II, mV": ("II", "r_mv"),
    "T in II, mV": ("II", "t_mv"),
    "S in V2, mV": ("V2", "s_mv"),
    "T in V2, mV": ("V2", "t_mv"),
    "R in V5, mV": ("V5", "r_mv"),
    "S in V5, mV": ("V5", "s_mv"),
    "T in V5, mV": ("V5", "t_mv"),
    "T width in V5, ms": ("V5", "t_width_ms"),
    "T down-slope in V5, mV/s": ("V5", "t_downslope_mv_s"),
}
PATIENTS = range(200)
POTASSIUM = (2.5, 4.1, 4.3, 6.0, 6.5, 7.2, 8.0)
SEED = 3

Measured = dict[str, Waves]
Numbers = NDArray[np.float64]


def waves(recordings: Iterable[Recording]) -> list[tuple[Measured, float] | None]:
    """Measure recordings; None where no beat can be used."""
    found: list[tuple[Measured, float] | None] = []
    for recording in recordings:
        try:
            beat = cut(recording, LEADS)
        except BeatError:
            found.append(None)
            continue
        measured = measure(beat)
        found.append((measured, beat.heart_rate_bpm) if set(LEADS) <= set(measured) else None)
    return found


def values(found: list[tuple[Measured, float] | None], lead: str, name: str) -> Numbers:
    """Return one measure of all recordings (n,), NaN where there is none."""
    got = [np.nan if m is None else m[1] if name == "rate" else getattr(m[0][lead], name) for m in found]
    return np.array(got, dtype=float)


def spread(numbers: Numbers) -> str:
    """Return median and middle four fifths."""
    low, middle, high = np.nanquantile(numbers, [0.1, 0.5, 0.9])
    digits = 0 if abs(middle) > 20 else 2
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def against_real(simulated: list[tuple[Measured, float] | None]) -> str:
    """Compare with PTB-XL."""
    paths: list[Path] = headers(data() / "ptbxl")
    real = {name: waves(read(path) for path in paths[first::2]) for name, first in (("odd", 1), ("even", 0))}
    rows = [
        [name, *(spread(values(found, *where)) for found in (real["odd"], simulated, real["even"]))]
        for name, where in FEATURES.items()
    ]
    rows += [
        [
            f"T inverted in {lead}",
            *(f"{np.nanmean(values(f, lead, 't_mv') < 0):.0%}" for f in (real["odd"], simulated, real["even"])),
        ]
        for lead in ("I", "II", "V5")
    ]
    return table(["median (10th to 90th percentile)", "real, fitted on", "simulated", "real, not fitted on"], rows)


def answers(at: dict[float, list[tuple[Measured, float] | None]]) -> str:
    """Say what potassium does within the same patients."""

    def change(lead: str, name: str, low: float, high: float) -> float:
        return float(np.nanmean(values(at[high], lead, name) - values(at[low], lead, name)) / (high - low))

    def growth(lead: str) -> str:
        return f"{np.nanmean(values(at[6.5], lead, 't_mv')) / np.nanmean(values(at[4.3], lead, 't_mv')):.2f}"

    def ratio(level: float) -> Numbers:
        return values(at[level], "V5", "t_downslope_mv_s") / np.maximum(np.abs(values(at[level], "V5", "t_mv")), 0.03)

    def peaked(level: float) -> str:
        tall = [values(at[level], lead, "t_mv") > (1.0 if lead.startswith("V") else 0.5) for lead in LEADS]
        return f"{np.mean(np.any(tall, axis=0)):.0%}"

    def wide(level: float) -> str:
        return f"{np.nanmean(values(at[level], 'II', 'qrs_ms') > 120):.0%}"

    low = ", ".join(f"{lead} {1000 * change(lead, 't_mv', 2.5, 4.1):+.0f}" for lead in LEADS)
    rows = [
        ["T per +1 mEq/L, 2.5 to 4.1, uV", "+43", low],
        ["QTcF per +1 mEq/L, 2.5 to 4.1, ms", "-12.8", f"{change('II', 'qtc_ms', 2.5, 4.1):+.0f}"],
        ["T height, 6.5 against 4.3: V4; II", "1.35; 1.48", f"{growth('V4')}; {growth('II')}"],
        ["T slope / amplitude, 6 against 4.3, median", "1.05 to 1.5", f"{np.nanmedian(ratio(6.0) / ratio(4.3)):.2f}"],
        ["peaked T in these leads at 4.3; 6.5; 7.2", "5 %; 21 %; 18 %", "; ".join(map(peaked, (4.3, 6.5, 7.2)))],
        ["QRS above 120 ms at 4.3; 6.5; 7.2; 8", "8 %; 15 %; 32 %; -", "; ".join(map(wide, (4.3, 6.5, 7.2, 8.0)))],
        ["PR, 6.5 against 4.3, ms", "+21", f"{2.2 * change('II', 'pr_ms', 4.3, 6.5):+.0f}"],
    ]
    return table(["", "clinic", "simulated"], rows)


if __name__ == "__main__":
    measured = {k: waves(simulate_one(SEED, i, "clinic", k).recording for i in PATIENTS) for k in POTASSIUM}
    print(f"{len(PATIENTS)} patients of `clinic` at 4.3 mEq/L against PTB-XL:\n")
    print(against_real(measured[4.3]))
    print("\nThe same patients at several potassium levels:\n")
    print(answers(measured))
