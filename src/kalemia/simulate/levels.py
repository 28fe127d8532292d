"""Levels of difficulty: presets of one schema."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kalemia.errors import SimulateError


@dataclass(frozen=True)
class Level:
    """What a data set is like. Shares are 0..1, noise is a median root mean square in mV."""

    name: str
    # Potassium, mEq/L: a share of ordinary patients (normal, clipped), the rest uniform, so that rare values are seen.
    normal_share: float = 0.45
    normal_meq_l: tuple[float, float] = (4.3, 0.45)
    range_meq_l: tuple[float, float] = (2.2, 9.0)
    # Patients.
    spread: float = 1.0  # of everything that potassium does not decide
    penetrance: float = 0.65  # share whose heart answers to potassium as the cells do; the rest at a quarter
    sensitivity_spread: float = 0.5  # log standard deviation
    abnormal_share: float = 0.25
    block_share: float = 0.08
    fibrillation_share: float = 0.06
    # Recording.
    muscle_mv: float = 0.010
    wander_mv: float = 0.05
    mains_mv: float = 0.004
    step_mv: float = 0.005
    # Laboratory.
    gap_min: float = 20.0  # standard deviation of the time between ECG and draw
    hemolysis_share: float = 0.03

    def potassium(self, rng: np.random.Generator) -> float:
        """Draw a potassium, mEq/L, rounded to 0.01."""
        low, high = self.range_meq_l
        ordinary = rng.normal(*self.normal_meq_l)
        anywhere = rng.uniform(low, high)
        value = ordinary if rng.random() < self.normal_share else anywhere
        return round(float(np.clip(value, low, high)), 2)


LEVELS = {
    level.name: level
    for level in (
        Level(
            "clean",
            penetrance=1.0,
            sensitivity_spread=0.1,
            spread=0.4,
            abnormal_share=0.0,
            block_share=0.0,
            fibrillation_share=0.0,
            muscle_mv=0.003,
            wander_mv=0.0,
            mains_mv=0.0,
            step_mv=0.001,
            gap_min=0.0,
            hemolysis_share=0.0,
        ),
        Level("clinic"),
    )
}


def level_named(name: str) -> Level:
    """Return a level; SimulateError names the known ones."""
    if name not in LEVELS:
        raise SimulateError(f"no level {name!r} in the simulator; the levels are {', '.join(LEVELS)}")
    return LEVELS[name]
