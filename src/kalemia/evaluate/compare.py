"""Estimates beside each other: what each reaches, and how surely one is better, over resampled patients."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.evaluate import metrics

Reals = NDArray[np.float64]

ROUNDS, SEED = 2000, 0


def summary(true: Reals, estimates: Reals, patients: NDArray[np.str_]) -> dict[str, Any]:
    """Return what estimates reach, and the 95 % intervals of R2 and MAE over resampled patients.

    Parameters
    ----------
    true
        (n,) mEq/L.
    estimates
        (seeds, n) mEq/L; figures are the means of the seeds'.
    patients
        (n,) names.
    """
    own = [metrics.regression(true, one) for one in estimates]
    named = {name: _mean([one.get(name) for one in own]) for name in own[0]}
    r2, mae = _resampled(true, estimates, patients)
    return {**named, "r2_interval": _middle(r2), "mae_interval_meq_l": _middle(mae)}


def paired(true: Reals, base: Reals, other: Reals, patients: NDArray[np.str_]) -> dict[str, Any]:
    """Return by how much the R2 and the MAE of `other` exceed those of `base`, (seeds, n) each, with 95 % intervals.

    The same resampled patients are asked for both, so that what they have in common falls out.
    """
    both = [_resampled(true, one, patients) for one in (base, other)]
    r2, mae = (both[1][k] - both[0][k] for k in (0, 1))
    whole = [[np.mean([_r2(true, one) for one in some]), np.mean(np.abs(some - true))] for some in (base, other)]
    return {
        "r2": round(float(whole[1][0] - whole[0][0]), 4),
        "r2_interval": _middle(r2),
        "mae_meq_l": round(float(whole[1][1] - whole[0][1]), 4),
        "mae_interval_meq_l": _middle(mae),
        "ecgs": len(true),
    }


def _resampled(true: Reals, estimates: Reals, patients: NDArray[np.str_]) -> tuple[Reals, Reals]:
    """Return R2 and MAE (rounds,) of resampled patients, means of the seeds'; the same patients in every call."""
    names, which = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=ROUNDS).astype(np.float64)

    def summed(values: Reals) -> Reals:
        return counts @ np.bincount(which, values, len(names))

    n, first, second = summed(np.ones(len(true))), summed(true), summed(np.square(true))
    spread = second - np.square(first) / n
    squares = [summed(np.square(true - one)) for one in estimates]
    r2 = np.mean([1 - square / np.maximum(spread, 1e-9) for square in squares], axis=0)
    mae = np.mean([summed(np.abs(true - one)) / n for one in estimates], axis=0)
    return np.asarray(r2), np.asarray(mae)


def _r2(true: Reals, estimate: Reals) -> float:
    return float(1 - np.sum(np.square(true - estimate)) / np.sum(np.square(true - true.mean())))


def _middle(values: Reals) -> list[float]:
    return [round(float(value), 4) for value in np.quantile(values, [0.025, 0.975])]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None
