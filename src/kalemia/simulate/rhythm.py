"""Places beats in time and adds what is rule, not cells: the P wave, PR, the U wave, ST level, fibrillation.

The rules for P and PR follow population figures: below 4.1 mEq/L PR falls 4.6 ms, P 2.7 ms and 3.5 uV per mEq/L
(n = 163,547); in hyperkalemia PR rose 167 to 188 ms (dialysis, n = 32), then P flattens and is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.product import product
from kalemia.simulate.geometry import DOWER
from kalemia.simulate.heart import ONSET_MS, RATE, Signals, beat
from kalemia.simulate.patient import Patient

OWN_BUMPS = 6
LEAD_IN_MS = 320.0  # room for P and PR before the ventricles


@dataclass(frozen=True)
class Atrium:
    """The P wave that potassium leaves: height mV, width ms, PR ms."""

    p_mv: float
    p_ms: float
    pr_ms: float


def atrium(patient: Patient, potassium: float) -> Atrium:
    """Return P and PR at a potassium, by rule."""
    seen = patient.seen(potassium, patient.atrial_sensitivity, patient.atrial_sensitivity)
    low, high = min(seen, 4.1) - 4.1, max(seen - 5.0, 0.0)
    left = float(np.clip(1 - 0.18 * high - 0.12 * high**2, 0.0, 1.0))
    return Atrium(
        p_mv=max(patient.p_mv - 0.0035 * low, 0.02) * left,
        p_ms=patient.p_ms - 2.7 * low + 6 * high,
        pr_ms=float(np.clip(patient.pr_ms - 4.6 * low + 14 * high, 90, 300)),
    )


def _bump(now: NDArray[np.float64], center: float, width: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * ((now - center) / width) ** 2))


def complex_of(patient: Patient, potassium: float, rr_s: float) -> Signals:
    """Return P, QRS, T and U of one beat, (8, samples) at 500 Hz; the first activation stands at LEAD_IN_MS."""
    ventricles = beat(patient, potassium, qt_scale=rr_s**patient.qt_rate)
    lead_in = int((LEAD_IN_MS - ONSET_MS) * RATE / 1000)
    out = np.zeros((8, lead_in + ventricles.shape[1]), np.float32)
    out[:, lead_in:] = ventricles
    now = np.arange(out.shape[1]) * 1000.0 / RATE
    if not patient.fibrillation:
        _add_p(out, now, patient, atrium(patient, potassium))
    _add_late(out, now, patient, potassium, rr_s)
    _add_own(out, now, patient)
    return out


def _add_p(out: Signals, now: NDArray[np.float64], patient: Patient, p: Atrium) -> None:
    """Add right then left atrium, each a bump along its own direction."""
    onset = LEAD_IN_MS - p.pr_ms
    right = np.array([0.6, np.sin(patient.p_axis), -0.55])
    left = np.array([0.8 * np.cos(patient.p_axis) + 0.45, 0.5, 0.45])
    for direction, place in ((right, 0.38), (left, 0.62)):
        wave = 0.62 * p.p_mv * _bump(now, onset + place * p.p_ms, 0.17 * p.p_ms)
        out += np.outer(DOWER @ direction, wave).astype(np.float32)


def _add_late(out: Signals, now: NDArray[np.float64], patient: Patient, potassium: float, rr_s: float) -> None:
    """Add an ST level and a U wave after T; the U wave grows as potassium falls (rule)."""
    seen = patient.seen(potassium, patient.u_sensitivity, patient.u_sensitivity)
    low = max(3.8 - seen, 0.0)
    direction = np.array([0.55, 0.35, -0.6])
    height = patient.u_mv + 0.05 * low
    center = LEAD_IN_MS + 440 * rr_s**0.33 + 20 * low
    wave = height * _bump(now, center, 32 + 6 * low)
    st = (patient.st_mv - 0.025 * low) * _bump(now, LEAD_IN_MS + 200 * rr_s**0.33, 60)
    out += np.outer(DOWER @ direction, wave + st).astype(np.float32)


def _add_own(out: Signals, now: NDArray[np.float64], patient: Patient) -> None:
    """Add what makes a real beat unlike any model's: a few small smooth departures, each lead its own (rule).

    They do not depend on potassium, so that a network cannot live on details that only this simulator has.
    """
    rng = np.random.default_rng(int(patient.own_seed))
    center = LEAD_IN_MS + rng.uniform(-200, 450, (OWN_BUMPS, 1))
    width = rng.uniform(12, 60, (OWN_BUMPS, 1))
    height = rng.standard_normal((8, OWN_BUMPS)) * np.where(width < 25, 0.6, 1.0).T
    span = np.ptp(out, axis=1, keepdims=True) * patient.own_share
    bumps = np.exp(-0.5 * np.square((now - center) / width))
    out += product((span * height).astype(np.float32), bumps.astype(np.float32))


def place(patient: Patient, potassium: float, samples: int, rng: np.random.Generator) -> Signals:
    """Return (8, samples) of beats without noise; RR breathes, or wanders freely in atrial fibrillation."""
    unit = complex_of(patient, potassium, patient.rr_s)
    out = np.zeros((8, samples + 2 * unit.shape[1]), np.float32)
    breath, phase = 0.22 + 0.08 * rng.random(), rng.uniform(0, 2 * np.pi)
    at = -float(rng.uniform(0, patient.rr_s))
    while at * RATE < samples:
        swing = np.sin(2 * np.pi * breath * at + phase)
        start = round(at * RATE) + unit.shape[1]
        if start >= 0:
            stop = min(start + unit.shape[1], out.shape[1])
            out[:, start:stop] += unit[:, : stop - start] * np.float32(1 + 0.04 * swing)
        step = rng.standard_normal() * (1.0 if patient.fibrillation else 0.5) + (0 if patient.fibrillation else swing)
        at += patient.rr_s * float(np.clip(1 + patient.rr_spread * step, 0.55, 1.9))
    body = out[:, unit.shape[1] : unit.shape[1] + samples]
    if patient.fibrillation:
        body = body + _fibrillation(samples, rng)
    return np.ascontiguousarray(body)


def _fibrillation(samples: int, rng: np.random.Generator) -> Signals:
    """Return fibrillatory waves at 5 to 8 Hz, strongest in V1."""
    now = np.arange(samples) / RATE
    hertz = rng.uniform(5, 8)
    wave = np.sin(2 * np.pi * hertz * now + 2.0 * np.sin(2 * np.pi * 0.7 * now + rng.uniform(0, 6)))
    reach = np.array([0.2, 0.5, 1.0, 0.7, 0.4, 0.3, 0.2, 0.2]) * 0.05 * rng.lognormal(0, 0.5)
    return np.outer(reach, wave).astype(np.float32)
