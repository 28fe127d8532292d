"""What potassium does to simulated patients, in the terms of the clinic's figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kalemia.validate.criterion import Measurement
from kalemia.validate.patients import Patients
from kalemia.validate.table import Flags, Numbers, Table, slope_ratio

Measure = Callable[[Table], Numbers]
Where = Callable[[Table], Flags]
Weights = Mapping[float, float]

LOW_RANGE = (2.0, 4.1)
CONTROL = 4.3
DIALYSIS: Weights = {6.0: 0.5, 6.5: 0.5}
"""Patients before dialysis that has 5.5 or more: few of them reach 7."""
NORMAL: Weights = {3.5: 0.10, 4.1: 0.35, 4.3: 0.35, 5.0: 0.20}
ABOVE_5_5: Weights = {5.5: 0.30, 6.0: 0.30, 6.5: 0.20, 7.2: 0.12, 8.0: 0.08}
ABOVE_6_5: Weights = {6.5: 0.40, 7.2: 0.30, 7.5: 0.15, 8.0: 0.15}
ABOVE_7: Weights = {7.2: 0.50, 7.5: 0.30, 8.0: 0.20}
"""Shares of the potassium levels that stand for a source's patients: the sources give ranges only, so these are ours,
falling as high values do in a hospital."""
RENAL = (4.1, 4.3, 5.0, 5.5, 6.0, 6.5)
"""Patient i of the correlations in renal failure is seen at level i modulo 6."""
GAUSSIAN = 4 / 2.3548
"""A Gaussian from tangent to tangent, in widths at half height."""


def of(lead: str, name: str, scale: float = 1.0) -> Measure:
    """Return the measure that reads one column of a table."""
    return lambda table: table.of(lead, name) * scale


def mean_t_uv(table: Table) -> Numbers:
    """T amplitude, mean over I, II, V2, V4 and V5, uV, (n,)."""
    return np.asarray(1000 * table.leads(("I", "II", "V2", "V4", "V5"), "t_mv").mean(axis=1))


def measured(table: Table) -> Flags:
    """Everyone who could be measured."""
    return table.measured


def p_present(table: Table) -> Flags:
    """Those with a P wave, without whom PR means nothing."""
    return table.p_present


def slope(patients: Patients, measure: Measure, where: Where = measured) -> Measurement:
    """Return the mean of the patients' own least-squares slopes a mEq/L, from 2.0 to 4.1."""
    levels = [k for k in patients.at if LOW_RANGE[0] <= k <= LOW_RANGE[1]]
    values = np.stack([np.where(where(patients.at[k]), measure(patients.at[k]), np.nan) for k in levels])
    x = np.array(levels) - np.mean(levels)
    own = x @ values / (x @ x)
    own = own[np.isfinite(own)]
    error = own.std() / np.sqrt(own.size) if own.size else np.nan
    return Measurement(mean(own), f"standard error {error:.1f}")


def growth(patients: Patients, measure: Measure, where: Where = measured, unit: str = "mm") -> Measurement:
    """Return the ratio of the mean before dialysis to the mean of the same patients at a normal potassium."""
    levels = (CONTROL, *DIALYSIS)
    values = np.stack([np.where(where(patients.at[k]), measure(patients.at[k]), np.nan) for k in levels])
    same = np.isfinite(values).all(axis=0)
    normal = mean(values[0, same])
    high = sum(weight * mean(row) for weight, row in zip(DIALYSIS.values(), values[1:, same], strict=True))
    digits = 1 if abs(normal) < 100 else 0
    return Measurement(high / normal if normal else np.nan, f"{normal:.{digits}f} to {high:.{digits}f} {unit}")


def share(patients: Patients, abnormal: Where, weights: Weights) -> Measurement:
    """Return the percentage of measured patients with an abnormality, averaged over potassium levels by weight."""
    tables = [patients.at[k] for k in weights]
    shares = [mean(abnormal(table)[table.measured]) for table in tables]
    return Measurement(100 * float(np.dot(list(weights.values()), shares)) / sum(weights.values()))


def steepening(patients: Patients, lead: str) -> Measurement:
    """Return the median over patients of T downslope/amplitude at 6.0 over that at 4.1."""
    ratio = slope_ratio(patients.at[6.0], lead) / slope_ratio(patients.at[4.1], lead)
    return Measurement(median(ratio))


def long_t(table: Table) -> Flags:
    """T above 200 ms in II from tangent to tangent, taken as 1.70 times the width at half height."""
    return np.asarray(table.of("II", "t_width_ms") * GAUSSIAN > 200)


def correlation(patients: Patients, measure: Measure) -> Measurement:
    """Return r between a measure and potassium, each patient once at an ordinary potassium."""
    return Measurement(_r(measure(patients.once), patients.own))


def explained(patients: Patients, measure: Measure, where: Where = measured) -> Measurement:
    """Return r squared between a measure and potassium as in renal failure, each patient once."""
    n = len(patients.own)
    levels = np.resize(RENAL, n)
    values = np.full(n, np.nan)
    for k in RENAL:
        table = patients.at[k]
        here = (levels == k) & where(table)
        values[here] = measure(table)[here]
    return Measurement(_r(values, levels) ** 2)


def medians(patients: Patients, measure: Measure, levels: Sequence[float], digits: int) -> Measurement:
    """Return the last of the medians at these levels, and all of them as a note."""
    middles = [median(measure(patients.at[k])) for k in levels]
    return Measurement(middles[-1], ", ".join(f"{value:.{digits}f}" for value in middles))


def fewest_measured(patients: Patients) -> Measurement:
    """Return the smallest percentage of patients that could be measured at a level, and that level."""
    shares = {k: 100 * mean(table.measured) for k, table in patients.at.items()}
    worst = min(shares, key=lambda k: shares[k])
    return Measurement(shares[worst], f"at {worst:g} mEq/L")


def _r(x: Numbers, y: Numbers) -> float:
    both = np.isfinite(x) & np.isfinite(y)
    if both.sum() < 3 or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return float("nan")
    return float(np.corrcoef(x[both], y[both])[0, 1])


def mean(values: Numbers | Flags) -> float:
    """Return the mean of the finite values, NaN where there are none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")


def median(values: Numbers) -> float:
    """Return the median of the finite values, NaN where there are none."""
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else float("nan")
