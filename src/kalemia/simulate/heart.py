"""One ventricular beat: when every face is activated, how long it stays so, and what eight leads see of it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kalemia.signal.product import product
from kalemia.simulate.atlas import REFERENCE_MEQ_L, Atlas, Cell, load
from kalemia.simulate.geometry import (
    ENTRIES,
    LV_ENDO,
    LV_EPI,
    RV_ENDO,
    RV_EPI,
    SEPTUM_RIGHT,
    SITES,
    Heart,
    heart,
    lead_field,
    right_walls,
)
from kalemia.simulate.patient import DIGITALIS, IONIZED_CALCIUM_MMOL_L, QT_DRUG, REGIONS, Day, Patient, rotation

Signals = NDArray[np.float32]
Floats = NDArray[np.float64]
RATE = 500
FINE = 4  # samples a ms of the potentials that faces are looked up in
ONSET_MS = 40.0
"""Time from the start of a beat's samples to the first activation."""
UPSTROKE_MS = 25.0  # the part of the action potential that durations don't stretch
T_GROWTH_LOW, T_GROWTH_HIGH = 0.125, 0.09
"""Relative growth of T per mEq/L below and above ordinary potassium, for a patient of sensitivity 1."""
T_GROWTH_ENDS_MEQ_L = 3.0
"""How far above ordinary potassium T still grows."""
HOLD_LOW, HOLD_HIGH = 1.15, 0.85
"""How much of the cable's change of duration is taken back."""
T_AFTER_FIT = 0.92
"""T of the fitted population is a little too often tall (rows Fc, Fd)."""
EPI_LAG_MS = 2.0  # a mEq/L below the reference
NEVER_MS = 1e4
QT_MS_MMOL_L = 90.0  # how much a mmol/L of ionized calcium shortens the action potential
SHORT = 8  # samples on either side of a short kernel
SETTLED_MS = 60.0
"""How long after its activation a face moves so slowly that every fourth sample says all."""
COARSE = 4
LONGEST = 1000
"""How many samples a beat has at most."""
GRAIN_MS = 3.0
"""Smoothing that hides that activation goes from face to face, at ordinary conduction; it grows with slowing."""
BY_BUNDLES = -1
"""The origin of an ordinary beat; others are numbers of `geometry.SITES`."""
PACED_SITE = 0


@lru_cache(maxsize=1)
def _depth() -> NDArray[np.int64]:
    """Return which depth of the wall every face takes its potential from."""
    depth = {LV_ENDO: 0, LV_EPI: 2, SEPTUM_RIGHT: 1, RV_ENDO: 1, RV_EPI: 2}
    return np.array([depth[int(layer)] for layer in heart().layer])


@lru_cache(maxsize=1)
def _regions() -> Floats:
    """Return how far every face belongs to each region, (regions, faces), 0..1."""
    gap = np.linalg.norm(heart().frame[None] - REGIONS[:, None], axis=2)
    return np.asarray(1 / (1 + np.exp((gap - 0.75) / 0.12)))


def activation(shape: Heart, patient: Patient, slowing: float, origin: int = BY_BUNDLES) -> Floats:
    """Return activation times (faces,), ms from the first; `slowing` is relative to ordinary potassium."""
    body = patient.body
    late = np.full(len(ENTRIES) + len(SITES), NEVER_MS)
    system = "normal"
    if origin >= 0:
        # Away from the bundles a beat spreads through muscle and enters the Purkinje net late and in parts.
        system, late[len(ENTRIES) + origin] = "muscle", 0.0
    else:
        late[:4] = body.septal_late_ms, body.anterior_late_ms, body.posterior_late_ms, body.right_late_ms
        late[4] = body.septal_late_ms + body.septum_ms
        if patient.block > 0:
            system, late[3:5] = "right", NEVER_MS
        elif patient.block < 0:
            system, late[:3] = "left", NEVER_MS
    scale = body.conduction_scale * (1 + 0.12 * patient.hypertrophy) * slowing
    reach = late[:, None] + shape.distance[system] * scale
    times = reach.min(axis=0) + body.base_late_ms * slowing * np.clip(0.3 - shape.frame[:, 0], 0, 0.8)
    return np.asarray(times - times.min())


def durations(shape: Heart, patient: Patient, times: Floats) -> Floats:
    """Return what every face adds to the atlas's duration, ms: gradients over the heart, not through the wall."""
    body = patient.body
    gradient = np.array([body.apd_apex_ms, body.apd_right_ms, body.apd_across_ms])
    added = shape.frame @ gradient - body.apd_coupling * (times - times.mean())
    epi = (shape.layer == LV_EPI) | (shape.layer == RV_EPI)
    added += body.apd_epi_ms * epi + body.apd_rv_ms * (shape.layer == RV_EPI)
    added += body.patch_ms * np.sin(shape.frame @ np.array([2.1, 1.3, -1.7]) + body.patch_phase)
    added += body.ripple_ms * np.sin(shape.frame @ np.array([-1.2, 2.4, 2.0]) + body.ripple_phase)
    # Strain: the outside of a thick left ventricle repolarizes late.
    added += 35.0 * patient.hypertrophy * (shape.layer == LV_EPI)
    if patient.late_region_ms:
        added += patient.late_region_ms * _regions()[patient.region] * epi
    if patient.ischemia:
        added -= 25.0 * abs(patient.ischemia) * _regions()[patient.region]
    return np.asarray(added)


def beat(patient: Patient, day: Day, potassium: float, rr_s: float, origin: int = BY_BUNDLES) -> Signals:
    """Return one ventricular beat, float32 (8, samples) at 500 Hz in mV: I, II, V1..V6, first activation at 40 ms.

    Parameters
    ----------
    patient, day
        Who, and how recorded.
    potassium
        Serum potassium, mEq/L; the patient's own sensitivities decide what the cells see.
    rr_s
        The cycle that the action potentials have adapted to, seconds.
    origin
        Where the beat begins: the bundles, or a number of `geometry.SITES`.
    """
    atlas, shape, cycle_ms = load(), heart(), 1000 * rr_s
    usual = Cell(patient.variant, REFERENCE_MEQ_L, cycle_ms)
    cells = replace(usual, potassium=patient.seen(potassium, patient.repolarization_low, patient.repolarization_high))
    excited = patient.seen(potassium, patient.conduction_sensitivity, patient.conduction_sensitivity)
    slowing = atlas.delay(replace(usual, potassium=excited)) / atlas.delay(usual)
    times = activation(shape, patient, slowing, origin)
    scale = _scale(patient, day, times, cells, potassium, rr_s)
    # Real T waves are twice as wide as the cable's. The missing width is put into the fall of the action potential and
    # follows how the cable's own fall answers to potassium, damped where that lengthens (rule).
    fall = atlas.terminal(cells) / atlas.terminal(usual)
    potentials = _fine(atlas, cells, patient.body.phase3_ms * min(fall, fall**0.6))
    instants, quick = _instants(times, scale, len(potentials[0]) / FINE - atlas.before_ms)
    sources = _lookup(potentials, times, scale, atlas.before_ms, instants)
    if patient.ischemia or patient.infarct:
        _injure(sources, patient)
    leads = _every_sample(product(_field(patient, day), sources), quick)
    leads -= leads[:, :1]
    leads *= t_gain(leads.shape[1], patient, potassium, ONSET_MS + float(times.max()))
    return smooth(leads * np.float32(patient.body.gain_mv * day.voltage_factor), GRAIN_MS * max(slowing, 1.0))


def _scale(patient: Patient, day: Day, times: Floats, cells: Cell, potassium: float, rr_s: float) -> Floats:
    """Return how much longer than the atlas's every face's action potential lasts, (faces,), a factor."""
    atlas, shape = load(), heart()
    now, before = atlas.apd(cells), atlas.apd(replace(cells, potassium=REFERENCE_MEQ_L))
    stretch, fixed_ms = _lengths(patient, day, rr_s, now, before, potassium)
    # Dispersion narrows with the action potentials' own terminal phase.
    added = durations(shape, patient, times) * min(rr_s, 1.2) ** patient.body.qt_rate + fixed_ms
    # In the population T flattens at low potassium without the QT of the cable: the epicardium lags a little (rule).
    added += EPI_LAG_MS * max(REFERENCE_MEQ_L - cells.potassium, 0.0) * (_depth() == 2)
    return np.asarray(np.maximum(stretch + added / before, 0.4))


def _instants(times: Floats, scale: Floats, length_ms: float) -> tuple[Signals, int]:
    """Return when faces are looked up, ms: every sample at first (their count is returned), then every fourth."""
    longest = float((times + ONSET_MS + UPSTROKE_MS + (length_ms - UPSTROKE_MS) * scale).max())
    count = min(int(longest * RATE / 1000), LONGEST)
    quick = min(int((ONSET_MS + float(times.max()) + SETTLED_MS) * RATE / 1000), count)
    at = np.concatenate([np.arange(quick), np.arange(quick, count, COARSE)])
    return (at * (1000 / RATE)).astype(np.float32), quick


def _every_sample(leads: Signals, quick: int) -> Signals:
    """Fill in the samples that were not looked up: cubic interpolation after the first `quick`, (8, samples)."""
    first, slow = leads[:, :quick], leads[:, quick:]
    if slow.shape[1] < 2:
        return leads
    before = np.concatenate([first[:, quick - COARSE : quick - COARSE + 1], slow, slow[:, -1:]], axis=1)
    a, b, c, d = before[:, :-3], before[:, 1:-2], before[:, 2:-1], before[:, 3:]
    filled = np.empty((*b.shape, COARSE), np.float32)
    for step in range(COARSE):
        # Catmull and Rom's weights.
        u = step / COARSE
        weights = np.array([-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, u**3 - u**2]) / 2
        wa, wb, wc, wd = weights.astype(np.float32)
        filled[..., step] = wa * a + wb * b + wc * c + wd * d
    return np.concatenate([first, filled.reshape(len(leads), -1), slow[:, -1:]], axis=1)


def _lengths(
    patient: Patient, day: Day, rr_s: float, now_ms: float, usual_ms: float, potassium: float
) -> tuple[float, float]:
    """Return the factor on the action potential's duration and what is added to it, ms."""
    hold = HOLD_LOW if potassium < REFERENCE_MEQ_L else HOLD_HIGH
    # The living QT moves less with potassium than the cable's: part of the change is taken back (rule).
    stretch = patient.body.apd_scale * rr_s**patient.body.qt_rate * (usual_ms / now_ms) ** hold
    stretch *= _reference_ms() / usual_ms  # the rule of the rate stands for the cable's own, which is flatter
    if patient.drug == QT_DRUG:
        stretch *= 1.07
    elif patient.drug == DIGITALIS:
        stretch *= 0.93
    return stretch, day.repolarization_ms - QT_MS_MMOL_L * (patient.calcium_mmol_l - IONIZED_CALCIUM_MMOL_L)


@lru_cache(maxsize=1)
def _reference_ms() -> float:
    """Return the median duration of the atlas's action potentials at ordinary potassium and its slowest cycle, ms."""
    atlas = load()
    return float(
        np.median([atlas.apd(Cell(v, REFERENCE_MEQ_L, float(atlas.cycles_ms[-1]))) for v in range(len(atlas.names))])
    )


def _field(patient: Patient, day: Day) -> Signals:
    """Return what the leads see of every face on that day, (8, faces)."""
    body = patient.body
    turn = rotation(
        body.turn_frontal + day.posture_frontal,
        body.turn_horizontal + day.posture_horizontal,
        body.turn_long + day.posture_long,
    )
    field = lead_field(turn, day.electrode_shift(), body.nearness, body.right_gain)
    field[2:] *= np.float32(body.chest_gain)
    if patient.hypertrophy:
        left = ~right_walls()
        field[:, left] *= np.float32(1 + 0.5 * patient.hypertrophy)
    return field


def _injure(sources: Signals, patient: Patient) -> None:
    """Silence an infarct and lower the plateau of injured muscle, of its inner layer only if negative, in place."""
    region = _regions()[patient.region]
    depth = np.abs(patient.ischemia) * region
    if patient.ischemia < 0:
        depth = depth * (_depth() == 0)
    depth = np.maximum(0.3 * depth, patient.infarct * region)[:, None].astype(np.float32)
    rest = sources[:, :1].copy()
    lift = np.float32(12.0) * np.minimum(depth, np.float32(0.3)) / np.float32(0.3) * np.float32(abs(patient.ischemia))
    sources -= rest
    sources *= 1 - depth
    # Rest is seen only as its difference: the leads are set to zero before the beat.
    np.subtract(sources, lift, out=sources, where=sources > 30)
    sources += rest


def t_gain(samples: int, patient: Patient, potassium: float, last_ms: float) -> Signals:
    """Return factors (samples,) that let T grow with potassium as in patients: a rule.

    The cable's T narrows but grows too little. In patients it grew from normal to hyperkalemia 1.35 times in V4 and
    1.48 times in II (hemodialysis, n = 32), and by 43 uV per mEq/L from 2.0 to 4.1 (n = 163,547). `last_ms` is the last
    activation.
    """
    low, high = min(potassium - REFERENCE_MEQ_L, 0.0), max(potassium - REFERENCE_MEQ_L, 0.0)
    growth = np.exp(patient.t_sensitivity * (T_GROWTH_LOW * low + T_GROWTH_HIGH * min(high, T_GROWTH_ENDS_MEQ_L)))
    growth *= T_AFTER_FIT * patient.body.t_gain * (0.8 if patient.drug == QT_DRUG else 1.0)
    ramp = np.clip((np.arange(samples) * 1000 / RATE - last_ms - 30.0) / 60.0, 0, 1)
    return np.asarray(1 + (growth - 1) * ramp, dtype=np.float32)


def _fine(atlas: Atlas, cell: Cell, widen_ms: float) -> Signals:
    """Return potentials (depths, fine samples), mV, their repolarization softened by `widen_ms` (rule)."""
    traces = atlas.potentials(cell)
    # Where conduction is slow the foot of the upstroke began before the trace does: lead it there from rest.
    foot = np.linspace(1, 0, atlas.before_ms, dtype=np.float32)
    traces[:, : atlas.before_ms] += (traces[:, -1:] - traces[:, :1]) * foot
    start = atlas.before_ms + int(UPSTROKE_MS)
    if widen_ms > 0:
        soft = smooth(traces[:, start:], 0.75 * widen_ms, step_ms=1.0, ahead=1.5 * widen_ms)
        ramp = np.clip(np.arange(soft.shape[1], dtype=np.float32) / 60, 0, 1)
        traces = np.concatenate([traces[:, :start], traces[:, start:] * (1 - ramp) + soft * ramp], axis=1)
    share = np.arange(FINE, dtype=np.float32) / FINE
    between = traces[:, :-1, None] * (1 - share) + traces[:, 1:, None] * share
    return np.concatenate([between.reshape(len(traces), -1), traces[:, -1:]], axis=1)


def _lookup(potentials: Signals, times: Floats, scale: Floats, before_ms: int, now: Signals) -> Signals:
    """Return the voltage of every face at the times `now`, (faces, times): activated, stretched after the upstroke."""
    length = potentials.shape[1]
    since = now[None] - (times + ONSET_MS + UPSTROKE_MS)[:, None].astype(np.float32)
    since *= np.where(since > 0, (1 / scale)[:, None].astype(np.float32), np.float32(1))
    since += np.float32(UPSTROKE_MS + before_ms)
    since *= np.float32(FINE)
    np.clip(since, 0, length - 1, out=since)
    index = since.astype(np.intp)
    index += (_depth() * length)[:, None]
    return np.asarray(potentials.ravel().take(index, mode="clip"))  # in range already; "raise" would check again


def smooth(signals: Signals, sigma_ms: float, step_ms: float = 1000 / RATE, ahead: float | None = None) -> Signals:
    """Convolve rows with a Gaussian of `sigma_ms`, held at the ends; `ahead` is another width towards earlier, ms."""
    sigma, before = sigma_ms / step_ms, (ahead or sigma_ms) / step_ms
    half = max(1, int(3 * max(sigma, before) + 0.5))
    offset = np.arange(-half, half + 1)
    kernel = np.exp(-0.5 * (offset / np.where(offset < 0, before, sigma)) ** 2)
    kernel /= kernel.sum()
    padded = np.concatenate(
        [np.repeat(signals[:, :1], half, axis=1), signals, np.repeat(signals[:, -1:], half, axis=1)], axis=1
    )
    if half > SHORT:
        return np.stack([np.convolve(row, kernel, mode="valid") for row in padded]).astype(np.float32)
    # Shifted sums are several times as fast for a short kernel.
    out = padded[:, : signals.shape[1]] * np.float32(kernel[-1])
    for shift in range(1, 2 * half + 1):
        out += padded[:, shift : shift + signals.shape[1]] * np.float32(kernel[-1 - shift])
    return out
