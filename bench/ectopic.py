"""Simulated patients whose ventricular ectopic beats come in a pattern, of a height that is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.records import LEADS, Recording
from kalemia.simulate.heart import RATE, Signals
from kalemia.simulate.levels import level_named
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import Day, Patient, draw, draw_day
from kalemia.simulate.records import generators, twelve
from kalemia.simulate.rhythm import LEAD_IN_MS, complex_of, rr_s, ventricles

PATTERNS = {"none": "S", "single": "SSSSSSE", "quadrigeminy": "SSSE", "trigeminy": "SSE", "bigeminy": "SE"} | {
    "couplets": "SSSEE", "couplets in bigeminy": "SEE"
}  # fmt: skip
"""The order in which sinus (S) and ectopic (E) beats come, again and again."""
HEIGHTS = (0.5, 1.0, 2.0, 4.0)
"""How tall an ectopic beat is, in sinus beats, over all leads."""


@dataclass(frozen=True, eq=False)
class Patterned:
    """A recording, and where its beats stand."""

    recording: Recording
    at_s: NDArray[np.float64]  # (beats,) where QRS is largest over all leads
    ectopic: NDArray[np.bool_]  # (beats,)
    rr_s: float  # of the sinus node


def patterned(seed: int, pattern: str, height: float, potassium_meq_l: float = 4.2, seconds: int = 10) -> Patterned:
    """Return the patient of a seed with a pattern of beats, each pause as long as the sinus node's clock makes it."""
    level = level_named("clinic")
    who, of_day, when, noise = generators(seed, "ectopic", (), 4)
    patient, day = replace(draw(who, level), fibrillation=0, paced=0, ectopic_share=0.0), draw_day(of_day, level)
    rr = max(rr_s(patient, day, potassium_meq_l), 0.5)
    units = _units(patient, day, potassium_meq_l, rr, height)
    width, samples = max(unit.shape[1] for unit in units), seconds * RATE
    quiet = np.zeros((8, samples + 3 * width), np.float32)
    at_s, ectopic = [], []
    for onset, early in _onsets(pattern, rr, seconds, when):
        unit, start = units[early], round(onset * RATE) + width
        if not 0 <= start < samples + width:
            continue
        quiet[:, start : start + unit.shape[1]] += unit
        top = (round(onset * RATE) + _top(unit)) / RATE
        if 0 <= top < seconds:
            at_s.append(top)
            ectopic.append(early)
    signal = twelve(add_noise(quiet[:, width : width + samples], RATE, level, noise), level.step_mv)
    return Patterned(Recording(signal, float(RATE), LEADS, "simulated"), np.array(at_s), np.array(ectopic, bool), rr)


def _units(patient: Patient, day: Day, potassium: float, rr: float, height: float) -> tuple[Signals, Signals]:
    """Return the sinus and the ectopic beat."""
    usual = complex_of(patient, day, potassium, rr)
    wide = ventricles(patient, day, potassium, rr, patient.ventricular_site)
    begins = round(LEAD_IN_MS * RATE / 1000)
    spans = [float(np.ptp(unit[:, begins : begins + 100], axis=1).max()) for unit in (usual, wide)]
    return usual, wide * np.float32(height * spans[0] / spans[1])


def _top(unit: Signals) -> int:
    """Return the sample in which the QRS complex of a beat is largest over all leads."""
    begins = round(LEAD_IN_MS * RATE / 1000)
    return begins + int(np.square(unit[:, begins : begins + 100]).sum(axis=0).argmax())


def _onsets(pattern: str, rr: float, seconds: int, rng: np.random.Generator) -> list[tuple[float, bool]]:
    """Return where the beats begin, s, and whether they are ectopic; those come early, again and again by as much."""
    early = float(rng.uniform(0.55, 0.8))
    first = int(rng.integers(len(pattern)))
    onsets: list[tuple[float, bool]] = []
    tick = -float(rng.uniform(0, rr)) - rr
    for place in range(first, first + int(seconds / rr) + 3):
        tick += rr * (1 + 0.02 * float(rng.standard_normal()))
        kind = pattern[place % len(pattern)]
        last = onsets[-1][0] if onsets else tick - rr
        onsets.append((tick if kind == "S" else max(last + early * rr, last + 0.3), kind == "E"))
    return onsets
