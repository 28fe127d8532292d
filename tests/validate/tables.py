"""Tables and patients whose measures are known exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from kalemia.records import EIGHT
from kalemia.validate.patients import POTASSIUM, Patients
from kalemia.validate.table import COLUMNS, Table

HEALTHY = {
    "p_mv": 0.1, "p_peak_ms": -120.0, "p_ms": 100.0, "pr_ms": 160.0, "qrs_ms": 90.0, "q_mv": -0.05, "r_mv": 1.0,
    "s_mv": -0.3, "st_mv": 0.0, "t_mv": 0.3, "t_peak_ms": 280.0, "t_width_ms": 100.0, "t_end_ms": 360.0,
    "t_downslope_mv_s": 4.5, "qt_ms": 400.0, "qtc_ms": 410.0, "qrs_area_mv_ms": 20.0, "t_area_mv_ms": 30.0,
}  # fmt: skip

Changes = Mapping[tuple[str, str], float | NDArray[np.float64]]


def table(n: int, changes: Changes | None = None) -> Table:
    """Return n healthy ECGs at 70 beats a minute, with changes by (lead, measure)."""
    values = np.empty((n, len(COLUMNS)))
    for lead in EIGHT:
        for name, value in HEALTHY.items():
            values[:, COLUMNS[lead, name]] = value
    values[:, COLUMNS["", "rate_bpm"]] = 70.0
    values[:, COLUMNS["", "rr_change"]] = 0.02
    for key, change in (changes or {}).items():
        values[:, COLUMNS[key]] = change
    return Table(values)


def patients(n: int, answer: Callable[[float], Changes]) -> Patients:
    """Return patients who change with potassium as `answer` says, all alike or by an array (n,)."""
    own = np.linspace(3.5, 5.0, n)
    once = np.stack([table(n, answer(float(k))).values[i] for i, k in enumerate(own)])
    return Patients({k: table(n, answer(k)) for k in POTASSIUM}, Table(once), own)
