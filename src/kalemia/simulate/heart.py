"""One ventricular beat: when every face is activated, how long it stays so, and what eight leads see of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kalemia.product import product
from kalemia.simulate.atlas import REFERENCE_MEQ_L, Atlas, load
from kalemia.simulate.geometry import (
    LV_ENDO,
    LV_EPI,
    RV_ENDO,
    RV_EPI,
    SEPTUM_RIGHT,
    Heart,
    heart,
    lead_field,
)
from kalemia.simulate.patient import Patient

Signals = NDArray[np.float32]
RATE = 500
FINE = 4  # samples a ms of the potentials that faces are looked up in
ONSET_MS = 40.0
"""Time from the start of a beat's samples to the first activation."""
UPSTROKE_MS = 25.0  # the part of the action potential that durations don't stretch
T_GROWTH_LOW, T_GROWTH_HIGH = 0.07, 0.12
"""Relative growth of T per mEq/L below and above ordinary potassium, for a patient of sensitivity 1."""
T_GROWTH_ENDS_MEQ_L = 3.0
"""How far above ordinary potassium T still grows."""
EPI_LAG_MS = 3.0  # a mEq/L below the reference
LAYERS = ("lv_endo", "lv_epi", "septum_right", "rv_endo", "rv_epi")


@lru_cache(maxsize=1)
def _depth() -> NDArray[np.int64]:
    """Return which depth of the wall every face takes its potential from."""
    depth = {LV_ENDO: 0, LV_EPI: 2, SEPTUM_RIGHT: 1, RV_ENDO: 1, RV_EPI: 2}
    return np.array([depth[int(layer)] for layer in heart().layer])


def activation(shape: Heart, patient: Patient, slowing: float) -> NDArray[np.float64]:
    """Return activation times (faces,), ms from the first; `slowing` is relative to ordinary potassium."""
    late = np.array(
        [patient.septal_late_ms, patient.anterior_late_ms, patient.posterior_late_ms, patient.right_late_ms, 0.0]
    )
    late[4] = patient.septal_late_ms + patient.septum_ms
    system = "normal"
    if patient.block > 0:
        system, late[3:] = "right", 1e3
    elif patient.block < 0:
        system, late[:3] = "left", 1e3
    reach = late[:, None] + shape.distance[system] * patient.conduction_scale * slowing
    times = reach.min(axis=0)
    return np.asarray(times - times.min())


def durations(shape: Heart, patient: Patient, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what every face adds to the atlas's duration, ms: gradients over the heart, not through the wall."""
    gradient = np.array([patient.apd_apex_ms, patient.apd_right_ms, patient.apd_across_ms])
    added = shape.frame @ gradient - patient.apd_coupling * (times - times.mean())
    epi = (shape.layer == LV_EPI) | (shape.layer == RV_EPI)
    right_epi = shape.layer == RV_EPI
    waves = np.sin(shape.frame @ np.array([2.1, 1.3, -1.7]) + patient.patch_phase)
    return np.asarray(added + patient.apd_epi_ms * epi + patient.apd_rv_ms * right_epi + patient.apd_patch_ms * waves)


def beat(patient: Patient, potassium: float, qt_scale: float = 1.0) -> Signals:
    """Return one ventricular beat, float32 (8, samples) at 500 Hz in mV: I, II, V1..V6, first activation at 40 ms.

    Parameters
    ----------
    patient
        Who.
    potassium
        Serum potassium, mEq/L; the patient's own sensitivities decide what the cells see.
    qt_scale
        Stretch of the action potentials for the heart rate.
    """
    atlas, shape = load(), heart()
    cells = patient.seen(potassium, patient.repolarization_low, patient.repolarization_high)
    excited = patient.seen(potassium, patient.conduction_sensitivity, patient.conduction_sensitivity)
    slowing = atlas.delay(patient.variant, excited) / atlas.delay(patient.variant, REFERENCE_MEQ_L)
    times = activation(shape, patient, slowing)
    apd, usual = atlas.apd(patient.variant, cells), atlas.apd(patient.variant, REFERENCE_MEQ_L)
    # The living QT moves less with potassium than the cable's: part of the change is taken back (rule).
    stretch = patient.apd_scale * qt_scale * (usual / apd) ** patient.apd_hold
    # Dispersion narrows with the action potentials' own terminal phase.
    added = durations(shape, patient, times) * qt_scale
    # In the population T flattens at low potassium without the QT of the cable: the epicardium lags a little (rule).
    added += EPI_LAG_MS * max(REFERENCE_MEQ_L - cells, 0.0) * (_depth() == 2)
    scale = np.maximum(stretch + added / usual, 0.4)
    # Real T waves are twice as wide as the cable's. The missing width is put into the fall of the action potential and
    # follows how the cable's own fall answers to potassium, damped where that lengthens (rule).
    fall = atlas.terminal(patient.variant, cells) / atlas.terminal(patient.variant, REFERENCE_MEQ_L)
    potentials = _fine(atlas, patient.variant, cells, patient.phase3_ms * min(fall, fall**0.6))
    sources = _lookup(potentials, times + ONSET_MS, scale, atlas.before_ms)
    turn = patient.rotation()
    leads = product(lead_field(turn, patient.electrode_shift(), patient.nearness), sources)
    leads -= leads[:, :1]
    leads *= t_gain(leads.shape[1], patient, potassium, ONSET_MS + float(times.max()))
    return smooth(leads * np.float32(patient.gain_mv), 3.0)


def t_gain(samples: int, patient: Patient, potassium: float, last_ms: float) -> Signals:
    """Return factors (samples,) that let T grow with potassium as in patients: a rule.

    The cable's T narrows but grows too little. In patients it grew from normal to hyperkalemia 1.35 times in V4 and
    1.48 times in II (hemodialysis, n = 32), and by 43 uV per mEq/L from 2.0 to 4.1 (n = 163,547). `last_ms` is the last
    activation.
    """
    low, high = min(potassium - REFERENCE_MEQ_L, 0.0), max(potassium - REFERENCE_MEQ_L, 0.0)
    growth = np.exp(patient.t_sensitivity * (T_GROWTH_LOW * low + T_GROWTH_HIGH * min(high, T_GROWTH_ENDS_MEQ_L)))
    ramp = np.clip((np.arange(samples) * 1000 / RATE - last_ms - 30.0) / 40.0, 0, 1)
    return np.asarray(1 + (growth - 1) * ramp, dtype=np.float32)


def _fine(atlas: Atlas, variant: int, potassium: float, widen_ms: float) -> Signals:
    """Return potentials (depths, fine samples), mV, their repolarization softened by `widen_ms` (rule)."""
    traces = atlas.potentials(variant, potassium)
    start = atlas.before_ms + int(UPSTROKE_MS)
    if widen_ms > 0:
        soft = smooth(traces[:, start:], 0.75 * widen_ms, step_ms=1.0, ahead=1.5 * widen_ms)
        ramp = np.clip(np.arange(soft.shape[1], dtype=np.float32) / 60, 0, 1)
        traces = np.concatenate([traces[:, :start], traces[:, start:] * (1 - ramp) + soft * ramp], axis=1)
    length = traces.shape[1]
    fine = np.arange(length * FINE - FINE + 1) / FINE
    return np.stack([np.interp(fine, np.arange(length), row) for row in traces]).astype(np.float32)


def _lookup(potentials: Signals, times: NDArray[np.float64], scale: NDArray[np.float64], before_ms: int) -> Signals:
    """Return the voltage of every face over a beat, (faces, samples): shifted by activation, stretched after it."""
    length = potentials.shape[1]
    longest = float((times + UPSTROKE_MS + (length / FINE - before_ms - UPSTROKE_MS) * scale).max())
    count = min(int(longest * RATE / 1000), 520)
    now = np.arange(count, dtype=np.float32) * np.float32(1000 / RATE)
    since = now[None] - times[:, None].astype(np.float32) - np.float32(UPSTROKE_MS)
    since *= np.where(since > 0, (1 / scale)[:, None].astype(np.float32), np.float32(1))
    since += np.float32(UPSTROKE_MS + before_ms)
    since *= np.float32(FINE)
    np.clip(since, 0, length - 1, out=since)
    index = since.astype(np.int32)
    index += (_depth() * length)[:, None].astype(np.int32)
    return np.asarray(potentials.ravel().take(index, mode="clip"))  # in range already; "raise" would check again


def smooth(signals: Signals, sigma_ms: float, step_ms: float = 1000 / RATE, ahead: float | None = None) -> Signals:
    """Convolve rows with a Gaussian of `sigma_ms`, held at the ends; `ahead` is another width towards earlier, ms."""
    sigma, before = sigma_ms / step_ms, (ahead or sigma_ms) / step_ms
    half = max(1, int(3 * max(sigma, before) + 0.5))
    offset = np.arange(-half, half + 1)
    kernel = np.exp(-0.5 * (offset / np.where(offset < 0, before, sigma)) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(signals, ((0, 0), (half, half)), mode="edge")
    return np.stack([np.convolve(row, kernel, mode="valid") for row in padded]).astype(np.float32)
