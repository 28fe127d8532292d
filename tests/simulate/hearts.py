"""Hearts without chance, for tests of what is computed from them."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.simulate import LEVELS
from kalemia.simulate.heart import BY_BUNDLES, ONSET_MS, RATE, beat
from kalemia.simulate.patient import Patient, draw, draw_day

V5, II = 6, 1
"""Places in I, II, V1..V6."""
SHARES = {f.name: 0.0 for f in dataclasses.fields(LEVELS["clinic"]) if f.name.endswith("_share")}
STEADY: dict[str, Any] = SHARES | {"spread": 0.0, "day_spread": 0.0, "penetrance": 1.0, "sensitivity_spread": 0.0}
TYPICAL = dataclasses.replace(LEVELS["clinic"], **STEADY)
"""A level at which everybody is the middle of the population and answers as the cells do."""
DAY = draw_day(np.random.default_rng(0), TYPICAL)


@cache
def usual() -> Patient:
    """Return the typical heart."""
    return draw(np.random.default_rng(0), TYPICAL)


def with_body(patient: Patient, **changes: float) -> Patient:
    """Return a patient with another body."""
    return dataclasses.replace(patient, body=dataclasses.replace(patient.body, **changes))


def shown(patient: Patient, potassium: float, origin: int = BY_BUNDLES, rr_s: float = 0.85) -> NDArray[np.float32]:
    """Return one beat of the ventricles, (8, samples)."""
    return beat(patient, DAY, potassium, rr_s, origin)


def t_wave(signal: NDArray[np.float32]) -> tuple[float, float]:
    """Return the height of T, mV, and its width at half of it, ms."""
    late = signal[int((ONSET_MS + 150) * RATE / 1000) :]
    return float(late.max()), float(np.sum(late > late.max() / 2) * 1000 / RATE)


def t_peak_ms(signal: NDArray[np.float32]) -> float:
    """Return when T peaks, ms after the first activation."""
    first = int((ONSET_MS + 150) * RATE / 1000)
    return float((first + signal[first:].argmax()) * 1000 / RATE - ONSET_MS)


def qrs_ms(signals: NDArray[np.float32]) -> float:
    """Return how long any lead moves fast within 250 ms, ms."""
    steep = np.abs(np.diff(signals[:, : int(0.29 * RATE)], axis=1)).max(axis=0) > 0.02
    return float(np.ptp(np.flatnonzero(steep)) * 1000 / RATE)
