"""A layer that knows exactly what it says, and ECGs that it is right about."""

from __future__ import annotations

import numpy as np

from kalemia.adapt.layer import Ecgs, Layer
from kalemia.estimate.evidence import CENTRES_MEQ_L

NOISE, MIDDLE_MEQ_L, HALF_MEQ_L = 0.25, 5.75, 3.75
UNIT = (CENTRES_MEQ_L - MIDDLE_MEQ_L) / HALF_MEQ_L


def right() -> Layer:
    """Return the layer of the true likelihood: a normal error on top of potassium."""
    sure = 1 / NOISE**2
    return Layer(np.array([[sure, 0.0], [0.0, -sure / 2]]), np.array([UNIT, np.square(UNIT)]))


def ecgs(count: int, seed: int = 0, off_meq_l: float = 0.0) -> Ecgs:
    """Return ECGs, two a patient, that look like those of a potassium which is off by so much."""
    rng = np.random.default_rng(seed)
    potassium = rng.uniform(3, 8, count)
    seen = (potassium + off_meq_l - MIDDLE_MEQ_L) / HALF_MEQ_L + rng.normal(0, NOISE, count)
    patients = np.array([f"p{row // 2}" for row in range(count)])
    return Ecgs(np.column_stack([seen, np.ones(count)]), potassium, patients)
