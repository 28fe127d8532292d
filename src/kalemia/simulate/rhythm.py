"""Places beats in time and adds what is rule, not cells: the P wave, PR, the U wave, ST level, fibrillation, pacing.

The rules for P and PR follow population figures: below 4.1 mEq/L PR falls 4.6 ms, P 2.7 ms and 3.5 uV per mEq/L
(n = 163,547); in hyperkalemia PR rose 167 to 188 ms (dialysis, n = 32), then P flattens and is lost. What is imposed on
the atria is steeper, because few of them feel the whole change and a measured P is blurred by the U wave before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.signal.product import product
from kalemia.simulate.geometry import DOWER
from kalemia.simulate.heart import BY_BUNDLES, ONSET_MS, PACED_SITE, RATE, Signals, beat
from kalemia.simulate.patient import DIGITALIS, Day, Patient

Times = NDArray[np.float64]
OWN_BUMPS = 6
LEAD_IN_MS = 320.0  # room for P and PR before the ventricles
SINUS_SLOWS_MEQ_L = 5.5
# The atria lie further from the chest electrodes than the ventricles, for which the transform was made.
ATRIAL_REACH = np.array([1.1, 1.0, 1.0, 0.85, 0.65, 0.55, 0.5, 0.6])
SPIKE_MV = np.array([0.5, 1.2, -0.4, -0.3, 0.4, 0.8, 0.9, 0.7])  # a bipolar pacemaker's, as I, II, V1..V6 see it


@dataclass(frozen=True)
class Atrium:
    """The P wave that potassium leaves: height mV, width ms, PR ms."""

    p_mv: float
    p_ms: float
    pr_ms: float


def atrium(patient: Patient, potassium: float) -> Atrium:
    """Return P and PR at a potassium, by rule."""
    seen = patient.seen(potassium, patient.atrial_sensitivity, patient.atrial_sensitivity)
    low, high = min(seen, 4.1) - 4.1, max(seen - 4.8, 0.0)
    left = max(1 - 0.1 * high - 0.08 * high**2, 0.0)
    return Atrium(
        p_mv=max(patient.body.p_mv - 0.0055 * low, 0.02) * left,
        p_ms=patient.body.p_ms - 8.0 * low + 5 * high,
        pr_ms=min(max(patient.body.pr_ms - 13.0 * low + 45 * high, 90.0), 340.0),
    )


def rr_s(patient: Patient, day: Day, potassium: float) -> float:
    """Return the RR interval of a day, s; in some hearts the sinus node slows when potassium is high (rule)."""
    rr = (
        patient.body.rr_s
        * day.rate_factor
        * float(np.exp(0.11 * patient.sinus_sensitivity * max(potassium - SINUS_SLOWS_MEQ_L, 0.0)))
    )
    if patient.paced:
        return min(max(rr, 0.75), 1.0)
    return min(max(rr * (0.82 if patient.fibrillation else 1.0), 0.4), 1.7)


def complex_of(patient: Patient, day: Day, potassium: float, rr: float) -> Signals:
    """Return P, QRS, T and U of one beat, (8, samples) at 500 Hz; the first activation stands at LEAD_IN_MS."""
    out = ventricles(patient, day, potassium, rr, PACED_SITE if patient.paced else BY_BUNDLES)
    now = _now(out)
    if not (patient.fibrillation or patient.paced):
        _add_p(out, now, patient, atrium(patient, potassium))
    _add_late(out, now, patient, potassium, rr)
    _add_own(out, now, patient)
    if patient.paced:
        at = int((LEAD_IN_MS - 6) * RATE / 1000)
        out[:, at] += SPIKE_MV.astype(np.float32)
    return out


def ventricles(patient: Patient, day: Day, potassium: float, rr: float, origin: int) -> Signals:
    """Return QRS and T of one beat from an origin, (8, samples), the first activation at LEAD_IN_MS."""
    made = beat(patient, day, potassium, rr, origin)
    lead_in = int((LEAD_IN_MS - ONSET_MS) * RATE / 1000)
    out = np.zeros((8, lead_in + made.shape[1]), np.float32)
    out[:, lead_in:] = made
    return out


def _now(signals: Signals) -> Times:
    return np.asarray(np.arange(signals.shape[1]) * 1000.0 / RATE)


def _bump(now: Times, center: float, width: float) -> Times:
    return np.asarray(np.exp(-0.5 * ((now - center) / width) ** 2))


def _add_p(out: Signals, now: Times, patient: Patient, p: Atrium) -> None:
    """Add right then left atrium, each a bump along its own direction."""
    body = patient.body
    onset = LEAD_IN_MS - p.pr_ms
    right = np.array([0.6, np.sin(body.p_axis), -0.55])
    left = np.array([0.8 * np.cos(body.p_axis) + 0.45, 0.5, 0.36])
    for direction, place, share in ((right, 0.38, 1 - body.p_left), (left, 0.62, body.p_left)):
        wave = 1.24 * share * p.p_mv * _bump(now, onset + place * p.p_ms, 0.17 * p.p_ms)
        out += np.outer(ATRIAL_REACH * (DOWER @ direction), wave).astype(np.float32)


def _add_late(out: Signals, now: Times, patient: Patient, potassium: float, rr: float) -> None:
    """Add an ST level and a U wave after T; the U wave grows as potassium falls (rule)."""
    body = patient.body
    seen = patient.seen(potassium, patient.u_sensitivity, patient.u_sensitivity)
    low = max(3.8 - seen, 0.0)
    direction = np.array([0.55, 0.35, -0.6])
    height = body.u_mv + 0.035 * low
    center = LEAD_IN_MS + 470 * rr**0.33 + 15 * low
    wave = height * _bump(now, center, 32 + 6 * low)
    level = body.st_mv - 0.025 * low - (0.06 if patient.drug == DIGITALIS else 0.0)
    st = level * _bump(now, LEAD_IN_MS + 200 * rr**0.33, 60)
    out += np.outer(DOWER @ direction, wave + st).astype(np.float32)


def _add_own(out: Signals, now: Times, patient: Patient) -> None:
    """Add what makes a real beat unlike any model's: a few small smooth departures, each lead its own (rule).

    They do not depend on potassium, so that a network cannot live on details that only this simulator has.
    """
    rng = np.random.default_rng(int(patient.body.own_seed))
    center = LEAD_IN_MS + rng.uniform(-200, 450, (OWN_BUMPS, 1))
    width = rng.uniform(12, 60, (OWN_BUMPS, 1))
    height = rng.standard_normal((8, OWN_BUMPS)) * np.where(width < 25, 0.6, 1.0).T
    span = np.ptp(out, axis=1, keepdims=True) * patient.body.own_share
    reach = (now.astype(np.float32) - center.astype(np.float32)) / width.astype(np.float32)
    out += product((span * height).astype(np.float32), np.exp(np.float32(-0.5) * np.square(reach)))


def place(patient: Patient, day: Day, potassium: float, samples: int, rng: np.random.Generator) -> Signals:
    """Return (8, samples) of beats without noise.

    RR breathes, or wanders freely in atrial fibrillation. Ectopic beats come early; after a ventricular one the rhythm
    pauses. QT has adapted to the record's mean RR: in patients that takes a minute, longer than a record.
    """
    rr = rr_s(patient, day, potassium)
    usual = complex_of(patient, day, potassium, rr)
    ectopic: Signals | None = None
    width = usual.shape[1]
    out = np.zeros((8, samples + 3 * width), np.float32)
    breath, phase = 0.22 + 0.08 * rng.random(), rng.uniform(0, 2 * np.pi)
    atrial = rng.random() < 0.5  # this patient's ectopic beats come from the atria
    at, after_ectopic = -float(rng.uniform(0, rr)), False
    while at * RATE < samples:
        swing = np.sin(2 * np.pi * breath * at + phase)
        early = rng.random() < patient.ectopic_share and not (after_ectopic or patient.paced)
        unit, here = usual, at
        if early:
            here = at - (0.25 if atrial else 0.35) * rr
            if not atrial:
                if ectopic is None:
                    ectopic = ventricles(patient, day, potassium, rr, patient.ventricular_site)
                unit = ectopic
        start = round(here * RATE) + width
        if start >= 0:
            out[:, start : start + unit.shape[1]] += unit * np.float32(1 + 0.04 * swing)
        step = rng.standard_normal() * (1.0 if patient.fibrillation else 0.5) + (0 if patient.fibrillation else swing)
        spread = 0.18 if patient.fibrillation else 0.003 if patient.paced else patient.body.rr_spread
        pause = -0.2 if early and atrial else 0.0
        at += rr * min(max(1 + pause + spread * step, 0.55), 1.9)
        after_ectopic = early
    body = out[:, width : width + samples]
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
