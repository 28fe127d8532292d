"""Real ordinary ECGs: where they lie, what was measured in them, and the medians of simulated ones among theirs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kalemia.errors import ReadError, ValidateError
from kalemia.read import inputs, read
from kalemia.records import EIGHT
from kalemia.validate.answers import Measure, median, of
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.patients import Patients
from kalemia.validate.table import COLUMNS, Numbers, Table, row

FEWEST_REAL = 20
"""Fewer have no interquartile range to speak of."""


def real_folder(given: Path | None) -> Path | None:
    """Return the folder of real ECGs: the one given, else the ordinary ones of KALEMIA_DATA, else None."""
    named = given or (Path(os.environ["KALEMIA_DATA"]) if os.environ.get("KALEMIA_DATA") else None)
    if named is not None and (named / "ptbxl").is_dir():
        return named / "ptbxl"
    return given


def real_table(folder: Path) -> Table:
    """Measure the real ECGs at even places of a folder: those at odd ones may have been fitted on."""
    rows: list[Numbers] = []
    for path in sorted(inputs([folder]), key=Path)[::2] if folder.is_dir() else []:
        try:
            rows.append(row(read(path)))
        except ReadError:
            continue
    table = Table(np.array(rows).reshape(-1, len(COLUMNS)))
    if table.measured.sum() < FEWEST_REAL:
        raise ValidateError(
            f"{table.measured.sum()} 12-lead ECGs that can be measured at even places in {folder}; "
            f"expected a folder with {FEWEST_REAL} or more"
        )
    return table


@dataclass(frozen=True)
class Median:
    """A measure whose median must lie among those of real ordinary ECGs."""

    what: str
    unit: str
    measure: Measure
    digits: int = 2


MEDIANS = (
    Median("PR", "ms", lambda t: np.where(t.p_present, t.of("II", "pr_ms"), np.nan), 0),
    Median("QRS", "ms", of("II", "qrs_ms"), 0),
    Median("QTc", "ms", of("II", "qtc_ms"), 0),
    Median("QRS axis", "degrees", lambda t: t.axis_deg, 0),
    *(
        Median(f"{wave.upper()} in {lead}", "mV", of(lead, f"{wave}_mv"))
        for wave in "prst"
        for lead in EIGHT
    ),
)  # fmt: skip


def against_real(patients: Patients, real: Table) -> list[Outcome]:
    """Hold medians at an ordinary potassium against the interquartile ranges of real ECGs."""
    return [_against(k, each, patients.once, real) for k, each in enumerate(MEDIANS, start=1)]


def _against(number: int, compared: Median, simulated: Table, real: Table) -> Outcome:
    low, middle, high = np.nanquantile(compared.measure(real), [0.25, 0.5, 0.75])
    digits = compared.digits
    criterion = Criterion(
        id=f"R{number}",
        what=f"{compared.what}, median",
        unit=compared.unit,
        expected=f"{middle:.{digits}f}",
        source="real ordinary ECGs",
        low=float(low),
        high=float(high),
        tolerance=f"{low:.{digits}f} to {high:.{digits}f}",
        digits=digits,
    )
    return criterion.check(Measurement(median(compared.measure(simulated))))
