"""A patient: everything about a heart that potassium does not decide, and how strongly potassium acts on it.

Distributions were tuned by hand on half of a set of 200 real records without potassium (PTB-XL, those at odd places by
name), so that medians and spreads of the simulated leads come near them; docs/simulator.md has the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kalemia.simulate.atlas import REFERENCE_MEQ_L, load
from kalemia.simulate.levels import Level


@dataclass(frozen=True)
class Patient:
    """One heart in one chest; names say the unit. Sensitivities multiply the change of potassium from 4.3 mEq/L."""

    variant: int
    gain_mv: float  # mV a unit of source
    turn_frontal: float  # rotations of the heart, radians
    turn_horizontal: float
    turn_long: float
    nearness: float  # how much of the chest leads' nearness counts, 0..1
    electrode_seed: float
    electrode_cm: float
    conduction_scale: float  # of activation times
    anterior_late_ms: float
    posterior_late_ms: float
    septal_late_ms: float
    septum_ms: float  # from left to right septal entry
    right_late_ms: float
    block: int  # 1 right, -1 left bundle-branch block
    apd_scale: float
    apd_hold: float
    apd_apex_ms: float
    apd_right_ms: float
    apd_across_ms: float
    apd_coupling: float
    apd_epi_ms: float
    apd_rv_ms: float
    apd_patch_ms: float
    patch_phase: float
    phase3_ms: float
    repolarization_low: float
    repolarization_high: float
    conduction_sensitivity: float
    t_sensitivity: float
    atrial_sensitivity: float
    u_sensitivity: float
    rr_s: float
    rr_spread: float
    qt_rate: float  # exponent of the action potential's duration in RR
    fibrillation: int
    p_mv: float
    p_ms: float
    p_axis: float
    pr_ms: float
    own_seed: float
    own_share: float  # of a lead's span, how far its own shape departs from the model's
    u_mv: float
    st_mv: float

    def seen(self, potassium: float, low: float, high: float) -> float:
        """Return the potassium that tissue sees, mEq/L: the change from 4.3 times a sensitivity, inside the atlas."""
        change = potassium - REFERENCE_MEQ_L
        atlas = load()
        return float(np.clip(REFERENCE_MEQ_L + change * (high if change > 0 else low), atlas.lowest, atlas.highest))

    def rotation(self) -> NDArray[np.float64]:
        """Return the (3, 3) rotation of the heart in the chest."""
        (cf, sf), (ch, sh), (cl, sl) = (
            (np.cos(a), np.sin(a)) for a in (self.turn_frontal, self.turn_horizontal, self.turn_long)
        )
        frontal = np.array([[cf, -sf, 0], [sf, cf, 0], [0, 0, 1]])
        horizontal = np.array([[ch, 0, -sh], [0, 1, 0], [sh, 0, ch]])
        sagittal = np.array([[1, 0, 0], [0, cl, -sl], [0, sl, cl]])
        return np.asarray(frontal @ horizontal @ sagittal)

    def electrode_shift(self) -> NDArray[np.float64]:
        """Return how far the chest electrodes sit from their places, (6, 3) cm."""
        rng = np.random.default_rng(int(self.electrode_seed))
        return np.asarray(rng.normal(0, self.electrode_cm, (6, 3)) * np.array([1.0, 1.0, 0.5]))

    def parameters(self) -> dict[str, float]:
        """Return every drawn number by name."""
        return {name: float(getattr(self, name)) for name in NAMES}


NAMES = tuple(field.name for field in fields(Patient))


def draw(rng: np.random.Generator, level: Level) -> Patient:
    """Draw a patient of a level."""
    spread = level.spread
    n = rng.standard_normal

    def lognormal(median: float, sd: float) -> float:
        return median * float(np.exp(sd * spread * n()))

    sick = rng.random() < level.abnormal_share
    block = int(rng.choice([0, 1, -1], p=[1 - level.block_share, level.block_share * 0.6, level.block_share * 0.4]))
    fibrillation = int(rng.random() < level.fibrillation_share)
    responds = rng.random() < level.penetrance
    sensitivity = lognormal(1.0, level.sensitivity_spread) * (1.0 if responds else 0.25)

    def part(median: float, sd: float) -> float:
        return sensitivity * lognormal(median, sd)

    return Patient(
        variant=int(rng.integers(len(load().names))),
        gain_mv=lognormal(0.83e-3, 0.27),
        turn_frontal=0.42 + 0.32 * spread * n() - (0.4 if sick and rng.random() < 0.3 else 0),
        turn_horizontal=0.17 + 0.25 * spread * n(),
        turn_long=0.25 * spread * n(),
        nearness=float(np.clip(0.35 + 0.15 * spread * n(), 0, 1)),
        electrode_seed=float(rng.integers(2**31)),
        electrode_cm=0.8 * spread,
        conduction_scale=lognormal(1.2, 0.1) * (1.25 if sick and rng.random() < 0.25 else 1.0),
        anterior_late_ms=3 + abs(4 * spread * n()),
        posterior_late_ms=5 + abs(4 * spread * n()),
        septal_late_ms=abs(2 * spread * n()),
        septum_ms=5 + abs(3 * spread * n()),
        right_late_ms=19 + abs(5 * spread * n()),
        block=block,
        apd_scale=lognormal(0.9, 0.05),
        apd_hold=float(np.clip(0.85 + 0.2 * spread * n(), 0, 1)),
        apd_apex_ms=-12 + 9 * spread * n(),
        apd_right_ms=9 + 5 * spread * n(),
        apd_across_ms=6 + 5 * spread * n(),
        apd_coupling=float(np.clip(1.0 + 0.15 * spread * n(), -0.3, 1.2)),
        apd_epi_ms=18.0 + (float(rng.uniform(0, 30)) if sick else 0.0) + 8 * spread * n(),
        apd_rv_ms=1 + 5 * spread * n(),
        apd_patch_ms=7 * spread * n(),
        patch_phase=float(rng.uniform(0, 2 * np.pi)),
        phase3_ms=float(np.clip(36 + 7 * spread * n(), 8, 55)),
        repolarization_low=part(0.95, 0.25),
        repolarization_high=part(1.2, 0.25),
        conduction_sensitivity=part(0.8, 0.3),
        t_sensitivity=part(1.0, 0.3),
        # Real P and PR hardly order patients by potassium; a network would lean on a stronger rule.
        atrial_sensitivity=part(0.4, 0.5),
        u_sensitivity=part(0.8, 0.5),
        rr_s=60 / float(np.clip(lognormal(72, 0.2) + (18 if fibrillation else 0), 38, 150)),
        rr_spread=lognormal(0.02, 0.5) if not fibrillation else lognormal(0.18, 0.2),
        qt_rate=float(np.clip(0.33 + 0.06 * spread * n(), 0.1, 0.6)),
        fibrillation=fibrillation,
        p_mv=lognormal(0.115, 0.3),
        p_ms=lognormal(100.0, 0.12),
        p_axis=0.95 + 0.35 * spread * n(),
        pr_ms=lognormal(155.0, 0.12),
        own_seed=float(rng.integers(2**31)),
        own_share=0.025 * spread,
        u_mv=abs(0.02 * spread * n()),
        st_mv=0.02 * spread * n(),
    )
