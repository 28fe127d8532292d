"""The ECGs of a cohort that a model would estimate, as its last layer sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.cohort.cohort import Cohort
from kalemia.errors import AdaptError
from kalemia.estimate.model import Model, inputs
from kalemia.estimate.predict import examine
from kalemia.judge.leakage import unseen
from kalemia.judge.reasons import kind
from kalemia.records import HIGH_MEQ_L, Beat
from kalemia.system.workers import mapped

CHUNK = 100
LEAST_LABELLED, LEAST_ECGS, LEAST_PATIENTS, LEAST_SIDE = 50, 30, 10, 5
"""ECGs with a label; of those that are used, how many, of how many patients, and on each side of 5.5 mEq/L."""
KEPT = "of patients that are kept apart for kalemia evaluate"

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gathered:
    """ECGs that a model would estimate, with what the laboratory measured.

    Attributes
    ----------
    waves, side
        (n, leads, 270) and (n, leads + 1), as `Model.run` takes them.
    potassium
        (n,) mEq/L.
    patients
        (n,) names.
    left_out
        Why how many others are not used.
    """

    waves: Float32
    side: Float32
    potassium: NDArray[np.float64]
    patients: NDArray[np.str_]
    left_out: Mapping[str, int]


def gather(
    model: str | Path,
    cohort: Cohort,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    *,
    outside: bool = False,
) -> Gathered:
    """Read the ECGs of a cohort that a model may be adapted to; AdaptError where they are too few or all alike.

    Patients of the test part, a tenth by a hash of their names, are not among them, so that `kalemia evaluate` has
    somebody to ask.
    """
    card = Model.load(model).card
    rows, left_out = _rows(model, cohort, outside=outside)
    _check_leads(cohort, card.leads, card.least_leads)
    _check_enough(cohort, rows, left_out)
    chunks = [rows[first : first + CHUNK] for first in range(0, len(rows), CHUNK)]
    found: list[Beat | str] = []
    for chunk in mapped(partial(_beats, cohort.folder, model), chunks, workers):
        found += chunk
        if progress:
            progress(len(found), len(rows))
    used = [row for row, one in zip(rows, found, strict=True) if isinstance(one, Beat)]
    left_out |= Counter(f"refused: {kind(one)}" for one in found if isinstance(one, str))
    _check_enough(cohort, used, left_out)
    waves, side = inputs([one for one in found if isinstance(one, Beat)], card.leads)
    table = cohort.table[used]
    potassium = np.round(table["potassium_meq_l"].to_numpy().astype(np.float64), 2)
    return Gathered(waves, side, potassium, table["patient"].to_numpy().astype(str), left_out)


def _rows(model: str | Path, cohort: Cohort, *, outside: bool) -> tuple[list[int], dict[str, int]]:
    """Return the rows of patients whom the model has not seen, without those who are to judge it, and who is left."""
    rows, left_out = unseen(Model.load(model).card, cohort, outside=outside)
    apart = set(cohort.parts()["test"])
    kept = [row for row in rows if row not in apart]
    return kept, left_out | ({KEPT: len(rows) - len(kept)} if len(kept) < len(rows) else {})


def _beats(folder: Path, model: str | Path, rows: list[int]) -> list[Beat | str]:
    """Return the beat of each ECG as predicting asks the model about it, or why it is refused."""
    cohort = Cohort.open(folder)
    results = [examine(cohort.recording(row), model) for row in rows]
    return [
        result.beat if result.beat is not None and result.evidence is not None else result.estimate.reason or "no beat"
        for result in results
    ]


def _check_leads(cohort: Cohort, leads: tuple[str, ...], least: int) -> None:
    """Raise where ECGs lack what a model reads, before they are read."""
    if sum(lead in cohort.leads for lead in leads) < least:
        raise AdaptError(
            f"{cohort.folder}: its ECGs have {', '.join(cohort.leads)}, of which the model needs at least {least} of "
            f"{', '.join(leads)}; give a model of these leads"
        )


def _check_enough(cohort: Cohort, rows: list[int], left_out: Mapping[str, int]) -> None:
    """Raise where nothing can be learned from ECGs, or not be told whether it was."""
    if len(cohort) < LEAST_LABELLED:
        raise AdaptError(f"{cohort.folder}: has {len(cohort):,} labelled ECGs; at least {LEAST_LABELLED} are needed")
    table = cohort.table[rows]
    high, patients = int((table["potassium_meq_l"] > HIGH_MEQ_L).sum()), table["patient"].n_unique()
    why = "; ".join(f"{count:,} {reason}" for reason, count in left_out.items())
    may = f"{cohort.folder}: {len(rows):,} ECGs of {patients:,} patients may be used{f' ({why})' if why else ''}"
    if len(rows) < LEAST_ECGS or patients < LEAST_PATIENTS:
        raise AdaptError(f"{may}; at least {LEAST_ECGS} of {LEAST_PATIENTS} patients are needed")
    if min(high, len(rows) - high) < LEAST_SIDE:
        raise AdaptError(
            f"{may}, {high:,} of them above {HIGH_MEQ_L:g} mEq/L; at least {LEAST_SIDE} above it and {LEAST_SIDE} "
            "below are needed"
        )
