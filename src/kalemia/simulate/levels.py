"""Levels of difficulty: presets of one schema."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kalemia.errors import SimulateError
from kalemia.records import LEADS


@dataclass(frozen=True)
class Level:
    """What a data set is like. Shares are 0..1, noise is a median root mean square in mV."""

    name: str
    # Potassium, mEq/L: a share of ordinary patients (normal, clipped), a share uniform, so that rare values are seen,
    # and of the rest half below and half above ordinary values, ever rarer (exponential).
    normal_share: float = 0.45
    normal_meq_l: tuple[float, float] = (4.3, 0.45)
    uniform_share: float = 0.55
    tail_meq_l: tuple[float, float] = (0.35, 0.6)  # below 3.5, above 5.2
    range_meq_l: tuple[float, float] = (2.2, 9.0)
    # A series: visits of a patient, days between them, minutes of the ECGs of a visit, how far potassium falls in one.
    visits: int = 1
    days_between: int = 2
    minutes: tuple[int, ...] = (0,)
    removed_share: float = 0.0  # of what is above the dialysate
    # Patients.
    age_y: tuple[float, float] = (62.0, 16.0)
    spread: float = 1.0  # of everything that potassium does not decide
    day_spread: float = 1.0
    rr_factor: float = 0.88  # of the RR interval: patients in a clinic are not at rest
    penetrance: float = 0.65  # share whose heart answers to potassium as the cells do; the rest at a quarter
    sensitivity_spread: float = 0.5  # log standard deviation
    dialysis_share: float = 0.3
    abnormal_share: float = 0.1  # ischemia, infarct, late regions
    block_share: float = 0.03
    fibrillation_share: float = 0.06
    ectopic_share: float = 0.08
    paced_share: float = 0.0
    hypertrophy_share: float = 0.05
    drug_share: float = 0.1
    # Recording.
    leads: tuple[str, ...] = LEADS
    seconds: int = 10
    muscle_mv: float = 0.010
    wander_mv: float = 0.05
    mains_mv: float = 0.004
    motion_share: float = 0.1  # of leads, with bursts of motion
    pop_share: float = 0.03  # of leads, with an electrode that steps
    filtered: bool = True  # recorders differ in their filters
    step_mv: float = 0.005
    # Laboratory.
    gap_min: float = 20.0  # standard deviation of the time between ECG and draw
    hemolysis_share: float = 0.03

    @property
    def records(self) -> int:
        """How many records a patient has."""
        return self.visits * len(self.minutes)

    def potassium(self, rng: np.random.Generator) -> float:
        """Draw a potassium, mEq/L, rounded to 0.01."""
        low, high = self.range_meq_l
        ordinary = rng.normal(*self.normal_meq_l)
        anywhere = rng.uniform(low, high)
        far = rng.exponential()
        tail = 3.5 - self.tail_meq_l[0] * far if rng.random() < 0.5 else 5.2 + self.tail_meq_l[1] * far
        which = rng.random()
        value = (
            ordinary
            if which < self.normal_share
            else anywhere
            if which < self.normal_share + self.uniform_share
            else tail
        )
        return round(float(min(max(value, low), high)), 2)


DIALYSATE_MEQ_L = 2.0

LEVELS = {
    level.name: level
    for level in (
        Level(
            "clean",
            penetrance=1.0,
            sensitivity_spread=0.1,
            spread=0.4,
            day_spread=0.3,
            rr_factor=1.0,
            dialysis_share=0.0,
            abnormal_share=0.0,
            block_share=0.0,
            fibrillation_share=0.0,
            ectopic_share=0.0,
            hypertrophy_share=0.0,
            drug_share=0.0,
            muscle_mv=0.003,
            wander_mv=0.0,
            mains_mv=0.0,
            motion_share=0.0,
            pop_share=0.0,
            filtered=False,
            step_mv=0.001,
            gap_min=0.0,
            hemolysis_share=0.0,
        ),
        Level("clinic"),
        # The founding study's patients: chronic kidney disease, potassium of about 3 to 9.
        Level(
            "kidney",
            normal_share=0.6,
            normal_meq_l=(4.9, 0.8),
            uniform_share=0.4,
            range_meq_l=(3.0, 9.0),
        ),
        # Before to after hemodialysis, three sessions: potassium falls towards the dialysate's.
        Level(
            "dialysis",
            normal_share=0.75,
            normal_meq_l=(5.2, 0.8),
            uniform_share=0.25,
            range_meq_l=(3.4, 8.0),
            visits=3,
            minutes=(0, 80, 160, 240),
            removed_share=0.6,
            dialysis_share=1.0,
            penetrance=0.8,
            hypertrophy_share=0.2,
            drug_share=0.15,
            gap_min=3.0,
            hemolysis_share=0.01,
        ),
        # Everyone whose potassium was measured: few are high, hearts are sick, the draw is not at the ECG's minute.
        Level(
            "hospital",
            normal_share=0.9,
            normal_meq_l=(4.15, 0.45),
            uniform_share=0.0,
            penetrance=0.6,
            sensitivity_spread=0.6,
            dialysis_share=0.08,
            abnormal_share=0.3,
            block_share=0.12,
            fibrillation_share=0.1,
            ectopic_share=0.15,
            paced_share=0.02,
            hypertrophy_share=0.15,
            drug_share=0.2,
            muscle_mv=0.014,
            wander_mv=0.08,
            motion_share=0.2,
            pop_share=0.05,
            gap_min=30.0,
            hemolysis_share=0.05,
        ),
        # Lead I of a watch: dry electrodes and a moving arm.
        Level(
            "wearable",
            leads=("I",),
            seconds=30,
            muscle_mv=0.015,
            wander_mv=0.12,
            mains_mv=0.003,
            motion_share=0.5,
            pop_share=0.1,
        ),
    )
}


def level_named(name: str | Level) -> Level:
    """Return a level, or what is one already; SimulateError names the known ones."""
    if isinstance(name, Level):
        return name
    if name not in LEVELS:
        raise SimulateError(f"no level {name!r} in the simulator; the levels are {', '.join(LEVELS)}")
    return LEVELS[name]
