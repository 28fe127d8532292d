"""A patient: everything about a heart that potassium does not decide, and how strongly potassium acts on it.

A body (anatomy, conduction, dispersion of repolarization, atria, habits) comes from a population that was fitted to
real ECGs (`population.py`); conditions, the answer to potassium and the day are drawn here, by level.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.simulate import population
from kalemia.simulate.atlas import REFERENCE_MEQ_L, load
from kalemia.simulate.levels import Level
from kalemia.simulate.population import Body

NO_BLOCK, RIGHT_BLOCK, LEFT_BLOCK = 0, 1, -1
NO_DRUG, QT_DRUG, DIGITALIS = 0, 1, 2
REGIONS = np.array(
    # Apex, right, across in the heart's own scaled frame: anterior, apical, inferior, lateral.
    [[0.4, 0.6, -0.7], [0.95, 0.2, 0.0], [0.2, 0.1, 0.95], [0.1, -0.95, 0.1]]
)
IONIZED_CALCIUM_MMOL_L = 1.2


@dataclass(frozen=True)
class Patient:
    """One heart in one chest; names say the unit. Sensitivities multiply the change of potassium from 4.3 mEq/L."""

    body: Body
    variant: int
    age_y: float
    female: int
    dialysis: int
    # Conditions.
    block: int  # 1 right, -1 left bundle-branch block
    fibrillation: int
    paced: int
    ectopic_share: float  # of beats
    ventricular_site: int  # where ventricular ectopic beats begin
    hypertrophy: float  # 0 none to 1
    region: int  # of ischemia or infarct
    infarct: float  # how far the region is silent, 0..1
    ischemia: float  # injury of the region, 0..1; negative: of its inner layer only
    late_region_ms: float  # how much later the region repolarizes: inverted T
    calcium_mmol_l: float  # ionized
    drug: int  # 1 prolongs QT, 2 digitalis
    # Answer to potassium.
    repolarization_low: float
    repolarization_high: float
    conduction_sensitivity: float
    t_sensitivity: float
    atrial_sensitivity: float
    sinus_sensitivity: float
    u_sensitivity: float

    def seen(self, potassium: float, low: float, high: float) -> float:
        """Return the potassium that tissue sees, mEq/L: the change from 4.3 times a sensitivity, inside the atlas."""
        change = potassium - REFERENCE_MEQ_L
        atlas = load()
        return min(max(REFERENCE_MEQ_L + change * (high if change > 0 else low), atlas.lowest), atlas.highest)

    def parameters(self) -> dict[str, float]:
        """Return every drawn number by name."""
        own = {f.name: float(getattr(self, f.name)) for f in fields(self) if f.name != "body"}
        return own | self.body.parameters()


@dataclass(frozen=True)
class Day:
    """What differs between two recordings of one patient: electrodes, posture, heart rate, contact."""

    electrode_seed: float
    electrode_cm: float
    posture_frontal: float  # rotations of the heart, radians
    posture_horizontal: float
    posture_long: float
    rate_factor: float  # of the RR interval
    voltage_factor: float
    repolarization_ms: float  # wandering of the action potential's length

    def electrode_shift(self) -> NDArray[np.float64]:
        """Return how far the chest electrodes sit from their places, (6, 3) cm."""
        rng = np.random.default_rng(int(self.electrode_seed))
        return np.asarray(rng.normal(0, self.electrode_cm, (6, 3)) * np.array([1.0, 1.0, 0.5]))

    def parameters(self) -> dict[str, float]:
        """Return every drawn number by name."""
        return {f.name: float(getattr(self, f.name)) for f in fields(self)}


def rotation(frontal: float, horizontal: float, long: float) -> NDArray[np.float64]:
    """Return the (3, 3) rotation of the heart in the chest, angles in radians."""
    (cf, sf), (ch, sh), (cl, sl) = ((np.cos(a), np.sin(a)) for a in (frontal, horizontal, long))
    in_front = np.array([[cf, -sf, 0], [sf, cf, 0], [0, 0, 1]])
    flat = np.array([[ch, 0, -sh], [0, 1, 0], [sh, 0, ch]])
    sagittal = np.array([[1, 0, 0], [0, cl, -sl], [0, sl, cl]])
    return np.asarray(in_front @ flat @ sagittal)


def draw(rng: np.random.Generator, level: Level) -> Patient:
    """Draw a patient of a level."""
    return conditioned(population.draw(rng, level.spread), rng, level)


def conditioned(body: Body, rng: np.random.Generator, level: Level) -> Patient:
    """Give a body its age, its conditions and its answer to potassium."""
    n = rng.standard_normal

    def happens(share: float) -> bool:
        return bool(rng.random() < share)

    female, dialysis = happens(0.45), happens(level.dialysis_share)
    age = min(max(level.age_y[0] + level.age_y[1] * n(), 18.0), 100.0)
    old = (age - 60) / 15
    block = int(rng.choice([0, 1, -1], p=[1 - level.block_share, 0.6 * level.block_share, 0.4 * level.block_share]))
    ill = happens(level.abnormal_share)
    kind = rng.random()
    fibrillation = happens(level.fibrillation_share * float(np.exp(0.5 * old)))
    responds = happens(level.penetrance)
    sensitivity = float(np.exp(level.sensitivity_spread * n())) * (1.0 if responds else 0.25)
    return Patient(
        body=_aged(body, old, female, rng, level.spread),
        variant=int(rng.integers(len(load().names))),
        age_y=round(age, 1),
        female=int(female),
        dialysis=int(dialysis),
        block=block,
        fibrillation=int(fibrillation),
        paced=int(happens(level.paced_share)),
        ectopic_share=min(0.08 * float(np.exp(0.6 * n())), 0.4) if happens(level.ectopic_share) else 0.0,
        ventricular_site=int(rng.integers(8)),
        hypertrophy=float(rng.uniform(0.2, 1.0)) if happens(level.hypertrophy_share * (1 + dialysis)) else 0.0,
        region=int(rng.integers(4)),
        infarct=float(rng.uniform(0.2, 0.9)) if ill and kind < 0.35 else 0.0,
        ischemia=float(rng.uniform(-0.7, 0.7)) if ill and 0.35 <= kind < 0.7 else 0.0,
        late_region_ms=float(rng.uniform(20, 70)) if ill and kind > 0.6 else 0.0,
        calcium_mmol_l=IONIZED_CALCIUM_MMOL_L - 0.06 * dialysis + (0.05 + 0.05 * dialysis) * level.spread * n(),
        drug=int(rng.choice([0, 1, 2], p=[1 - level.drug_share, 0.75 * level.drug_share, 0.25 * level.drug_share])),
        **_answer(rng, sensitivity, level.spread),
    )


def _answer(rng: np.random.Generator, sensitivity: float, spread: float) -> dict[str, float]:
    """Draw how strongly each part of a heart answers to potassium, by its name."""

    def part(median: float, sd: float) -> float:
        return sensitivity * median * float(np.exp(sd * spread * rng.standard_normal()))

    return {
        "repolarization_low": part(0.95, 0.25),
        "repolarization_high": part(1.2, 0.25),
        "conduction_sensitivity": part(0.95, 0.3),
        "t_sensitivity": part(1.0, 0.3),
        "atrial_sensitivity": part(0.7, 0.5),
        "sinus_sensitivity": part(1.0, 0.8) if rng.random() < 0.3 else 0.0,
        "u_sensitivity": part(0.8, 0.5),
    }


def _aged(body: Body, old: float, female: bool, rng: np.random.Generator, spread: float) -> Body:
    """Let age and sex move a body a little: rules, in standard deviations of 15 years round 60.

    The axis turns to the left and PR lengthens with age; women have smaller voltages and a longer QT.
    """
    n = rng.standard_normal
    return replace(
        body,
        turn_frontal=body.turn_frontal - 0.06 * old * spread,
        pr_ms=body.pr_ms * (1 + 0.03 * old * spread),
        gain_mv=body.gain_mv * float(np.exp((-0.06 if female else 0.05) * spread)),
        apd_scale=body.apd_scale * (1 + (0.008 if female else -0.006) * spread),
        rr_s=body.rr_s * float(np.exp(0.02 * old * spread + 0.02 * n() * spread)),
    )


def draw_day(rng: np.random.Generator, level: Level) -> Day:
    """Draw what a day's recording adds to the patient."""
    n = rng.standard_normal
    far = level.day_spread
    return Day(
        electrode_seed=float(rng.integers(2**31)),
        electrode_cm=0.9 * far,
        posture_frontal=0.06 * far * n(),
        posture_horizontal=0.08 * far * n(),
        posture_long=0.06 * far * n(),
        rate_factor=level.rr_factor * float(np.exp(0.09 * far * n())),
        voltage_factor=float(np.exp(0.06 * far * n())),
        repolarization_ms=4.0 * far * n(),
    )
