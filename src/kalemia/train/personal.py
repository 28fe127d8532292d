"""How much of a model's error stays with a patient: measured on simulated dialysis patients, who have series."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.card import LEAST_SLOPE, LEAST_SPREAD_MEQ_L
from kalemia.train.labelled import Generator

LEVEL, EACH = "dialysis", 12
MOST_PATIENTS, RECORDS_A_PATIENT = 200, 30
SEED_STEP = 1_000_003
"""Between the seed of a configuration and that of these patients, who are in no part of the data."""
LEAST_SERIES = 3


def patients(calibration_records: int) -> range:
    """Return the patients whose series are asked: fewer where the rest of the training is small."""
    return range(int(np.clip(calibration_records // RECORDS_A_PATIENT, 8, MOST_PATIENTS)))


def maker(seed: int) -> Generator:
    """Return what makes their records, for the seed of a configuration."""
    return Generator(f"simulated {LEVEL}", LEVEL, seed + SEED_STEP, each=EACH)


def components(alone: NDArray[Any], true: NDArray[Any], names: NDArray[np.str_]) -> dict[str, float]:
    """Return the line along which what an ECG says alone follows potassium, and how far it is off.

    Parameters
    ----------
    alone
        What each ECG says alone (n,), mEq/L.
    true
        Its potassium (n,), mEq/L.
    names
        Of its patient (n,).

    Returns
    -------
    Intercept and slope, and the standard deviations, mEq/L, of the error's part that stays with a patient and of the
    one that doesn't. A slope that is none is the least that a card takes: draws tell nothing of such a network.
    """
    slope, intercept = np.polyfit(true.astype(np.float64), alone.astype(np.float64), 1)
    slope = max(float(slope), LEAST_SLOPE)
    line = {"intercept_meq_l": round(float(intercept), 4), "slope": round(slope, 4)}
    return line | spreads(alone - intercept - slope * true, names)


def spreads(error: NDArray[Any], names: NDArray[np.str_]) -> dict[str, float]:
    """Return how much of an error (n,), mEq/L, stays with its patient (n,), and how much comes with every ECG.

    What stays is about zero, not about its own mean.
    """
    series = [error[names == name].astype(np.float64) for name in np.unique(names)]
    series = [errors for errors in series if len(errors) >= LEAST_SERIES]
    within = float(np.mean([errors.var(ddof=1) for errors in series]))
    # A mean of some ECGs still holds a share of what comes with each.
    between = float(np.mean([errors.mean() ** 2 - errors.var(ddof=1) / len(errors) for errors in series]))
    return {
        "between_meq_l": round(float(np.sqrt(max(between, 0.0))), 4),
        "within_meq_l": round(max(float(np.sqrt(within)), LEAST_SPREAD_MEQ_L), 4),
        "patients": float(len(series)),
    }
