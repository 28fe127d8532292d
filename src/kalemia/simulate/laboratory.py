"""The laboratory: what a blood test would have said, kept apart from the potassium that the heart felt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ASSAY_CV = 0.008
"""Analytical coefficient of variation of serum potassium (physiology of the assay; see docs/simulator.md)."""
HEMOLYSIS_MEDIAN_MEQ_L = 0.35
"""Free hemoglobin of about 0.1 g/dL adds 0.4 to 0.5 mEq/L; most hemolyzed samples hold a little less."""
DRIFT_MEQ_L_H = 0.15
"""How far potassium wanders in an hour between the ECG and the draw, standard deviation."""


@dataclass(frozen=True)
class BloodTest:
    """Blood drawn near an ECG: measured potassium in mEq/L, minutes after the ECG, and whether it was hemolyzed."""

    measured_meq_l: float
    gap_min: float
    hemolyzed: bool


def draw_blood(potassium_meq_l: float, gap_min: float, hemolysis_share: float, rng: np.random.Generator) -> BloodTest:
    """Return what the laboratory says of a true potassium: assay error, drift over a gap of about `gap_min`, hemolysis.

    Parameters
    ----------
    potassium_meq_l
        At the time of the ECG.
    gap_min
        Standard deviation of the time between ECG and draw, minutes.
    hemolysis_share
        0..1; 0.075 of emergency orders.
    """
    gap = gap_min * float(rng.standard_normal())
    drift = DRIFT_MEQ_L_H * abs(gap) / 60 * float(rng.standard_normal())
    assay = 1 + ASSAY_CV * float(rng.standard_normal())
    hemolyzed = bool(rng.random() < hemolysis_share)
    released = HEMOLYSIS_MEDIAN_MEQ_L * float(np.exp(0.5 * rng.standard_normal())) if hemolyzed else 0.0
    # Laboratories report tenths.
    return BloodTest(round((potassium_meq_l + drift) * assay + released, 1), round(gap, 1), hemolyzed)
